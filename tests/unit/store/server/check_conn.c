/* Goal:   what a client sees of its connection: pieces, pipelines, wrong bytes, limits, ends.
 * Method: a server in a thread of this process on any free port, and blocking sockets.
 */
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/server/server.h"
#include "tests/lib/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_MS = 20000 };

struct world {
    struct engine *engine;
    struct server *server;
    pthread_t thread;
    char socket[64];
};

static void *serve(void *arg)
{
    ck_assert_int_eq(server_run(arg), 0);
    return NULL;
}

/* Starts a server; pairs of settings end with NULL. */
static void world_init(struct world *w, ...)
{
    (void)signal(SIGPIPE, SIG_IGN);
    *w = (struct world){.engine = engine_new()};
    exec_attach(w->engine);
    (void)snprintf(w->socket, sizeof w->socket, "/tmp/hansom-conn-%d.sock", (int)getpid());
    struct config *c = &w->engine->config;
    must(config_set(c, SLICE("port"), SLICE("0"), true) == NULL);
    must(config_set(c, SLICE("admin-port"), SLICE("0"), true) == NULL);
    must(config_set(c, SLICE("unixsocket"), slice_of(w->socket), true) == NULL);
    must(config_set(c, SLICE("unixsocketperm"), SLICE("700"), true) == NULL);
    va_list args;
    va_start(args, w);
    for (const char *name; (name = va_arg(args, const char *)) != NULL;) {
        const char *value = va_arg(args, const char *);
        const char *no = config_set(c, slice_of(name), slice_of(value), true);
        ck_assert_msg(no == NULL, "%s: %s", name, no);
    }
    va_end(args);
    w->server = server_new(w->engine, &io_real);
    char why[SERVER_ERROR];
    ck_assert_msg(server_open(w->server, why), "%s", why);
    must(pthread_create(&w->thread, NULL, serve, w->server) == 0);
}

static void world_fini(struct world *w)
{
    server_stop(w->server);
    must(pthread_join(w->thread, NULL) == 0);
    server_free(w->server);
    exec_detach(w->engine);
    engine_free(w->engine);
    ck_assert_int_ne(access(w->socket, F_OK), 0);
}

static int dial(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(fd, (const struct sockaddr *)&in, sizeof in) == 0);
    return fd;
}

static int client(const struct world *w)
{
    return dial(server_port(w->server));
}

static void say_bytes(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
        ck_assert_int_gt(put, 0);
        p += put;
        n -= (size_t)put;
    }
}

static void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

/* Reads exactly this text. */
static void hear(int fd, const char *want)
{
    size_t len = strlen(want);
    char *got = mem_calloc(len + 1, 1);
    for (size_t at = 0; at < len;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ck_assert_msg(poll(&p, 1, WAIT_MS) == 1, "silence after \"%s\" of \"%s\"", got, want);
        ssize_t n = recv(fd, got + at, len - at, 0);
        ck_assert_msg(n > 0, "closed after \"%s\" of \"%s\"", got, want);
        at += (size_t)n;
    }
    ck_assert_str_eq(got, want);
    mem_free(got);
}

static void hear_end(int fd)
{
    char byte;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&p, 1, WAIT_MS), 1);
    ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
}

START_TEST(pipeline_sent_byte_by_byte_is_answered_in_order)
{
    struct world w;
    world_init(&w, NULL);
    int fd = client(&w);
    const char *text = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\nGET k\r\n*1\r\n$4\r\nPING\r\n";
    for (const char *p = text; *p != '\0'; p++)
        say_bytes(fd, p, 1);
    hear(fd, "+OK\r\n$5\r\nhello\r\n+PONG\r\n");
    (void)close(fd);
    world_fini(&w);
}
END_TEST

START_TEST(deep_pipeline_is_answered_completely)
{
    struct world w;
    world_init(&w, NULL);
    int fd = client(&w);
    struct buf out = {0};
    struct buf want = {0};
    for (int i = 1; i <= 20000; i++) {
        buf_add_cstr(&out, "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n");
        buf_addf(&want, ":%d\r\n", i);
    }
    buf_add_char(&want, '\0');
    say_bytes(fd, out.p, out.len);
    hear(fd, want.p);
    buf_fini(&out);
    buf_fini(&want);
    (void)close(fd);
    world_fini(&w);
}
END_TEST

/* Goal:   commands of many clients that are read in one turn run as if each came alone.
 * Method: while the server sleeps, clients send whole commands, some that concern one key, more
 *         than fit a batch, a piece of one, wrong bytes. Each must hear just its own replies. */
START_TEST(commands_of_many_clients_read_at_once_are_answered_to_each)
{
    enum { CLIENTS = 90 };
    struct world w;
    int fds[CLIENTS];
    world_init(&w, "enable-debug-command", "yes", NULL);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = client(&w);
        say(fds[i], "PING\r\n");
        hear(fds[i], "+PONG\r\n");
    }
    int slow = client(&w);
    say(slow, "DEBUG SLEEP 0.1\r\n");
    for (int i = 0; i < CLIENTS; i++) {
        char text[256];
        (void)snprintf(text, sizeof text,
                       "*5\r\n$6\r\nGEOADD\r\n$1\r\ng\r\n$4\r\n13.4\r\n$4\r\n52.5\r\n$2\r\n%02d\r\n"
                       "*2\r\n$3\r\nDEL\r\n$2\r\nk%d\r\n"
                       "*4\r\n$4\r\nZADD\r\n$1\r\nz\r\n$1\r\n7\r\n$2\r\n%02d\r\n"
                       "*3\r\n$6\r\nZSCORE\r\n$1\r\nz\r\n$2\r\n%02d\r\n",
                       i, i % 10, i, i);
        say(fds[i], text);
        if (i % 3 == 0) say(fds[i], "*1\r\n$4\r\nPI");
        if (i % 3 == 1) say(fds[i], "*1\r\nwrong");
    }
    for (int i = 0; i < CLIENTS; i++) {
        hear(fds[i], ":1\r\n:0\r\n:1\r\n$1\r\n7\r\n");
        if (i % 3 == 1) hear(fds[i], "-ERR Protocol error: expected '$', got 'w'\r\n");
        if (i % 3 == 1) hear_end(fds[i]);
        if (i % 3 == 0) say(fds[i], "NG\r\n");
        if (i % 3 == 0) hear(fds[i], "+PONG\r\n");
        if (i % 3 != 1) (void)close(fds[i]);
    }
    hear(slow, "+OK\r\n");
    (void)close(slow);
    world_fini(&w);
}
END_TEST

START_TEST(a_key_that_is_deleted_in_its_own_batch_is_looked_for_anew)
{
    struct world w;
    world_init(&w, NULL);
    int fd = client(&w);
    say(fd, "*5\r\n$6\r\nGEOADD\r\n$1\r\ng\r\n$2\r\n13\r\n$2\r\n52\r\n$1\r\na\r\n");
    hear(fd, ":1\r\n");
    say(fd, "*5\r\n$6\r\nGEOADD\r\n$1\r\ng\r\n$2\r\n14\r\n$2\r\n52\r\n$1\r\na\r\n"
            "*2\r\n$3\r\nDEL\r\n$1\r\ng\r\n"
            "*5\r\n$6\r\nGEOADD\r\n$1\r\ng\r\n$2\r\n15\r\n$2\r\n52\r\n$1\r\na\r\n"
            "*3\r\n$3\r\nSET\r\n$1\r\ng\r\n$1\r\n1\r\n"
            "*5\r\n$6\r\nGEOADD\r\n$1\r\ng\r\n$2\r\n16\r\n$2\r\n52\r\n$1\r\na\r\n"
            "*2\r\n$3\r\nGET\r\n$1\r\ng\r\n");
    hear(fd,
         ":0\r\n:1\r\n:1\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of "
         "value\r\n$1\r\n1\r\n");
    (void)close(fd);
    world_fini(&w);
}
END_TEST

START_TEST(large_values_travel_both_ways)
{
    struct world w;
    world_init(&w, NULL);
    int fd = client(&w);
    size_t n = 10U << 20;
    struct buf out = {0};
    buf_addf(&out, "*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$%zu\r\n", n);
    memset(buf_reserve(&out, n), 'x', n);
    out.len += n;
    buf_add_cstr(&out, "\r\nSTRLEN big\r\nGET big\r\n");
    say_bytes(fd, out.p, out.len);
    buf_clear(&out);
    buf_addf(&out, "+OK\r\n:%zu\r\n$%zu\r\n", n, n);
    memset(buf_reserve(&out, n + 3), 'x', n);
    out.len += n;
    buf_add(&out, "\r\n", 3);
    hear(fd, out.p);
    buf_fini(&out);
    (void)close(fd);
    world_fini(&w);
}
END_TEST

START_TEST(wrong_bytes_get_a_protocol_error_and_an_end)
{
    struct world w;
    world_init(&w, NULL);
    int fd = client(&w);
    say(fd, "PING\r\n*1\r\n+PING\r\nPING\r\n");
    hear(fd, "+PONG\r\n-ERR Protocol error: expected '$', got '+'\r\n");
    hear_end(fd);
    fd = client(&w);
    say(fd, "*1\r\n$1000000000000\r\n");
    hear(fd, "-ERR Protocol error: invalid bulk length\r\n");
    hear_end(fd);
    world_fini(&w);
}
END_TEST

START_TEST(commands_behind_a_blocking_one_wait_for_it)
{
    struct world w;
    world_init(&w, NULL);
    int a = client(&w);
    int b = client(&w);
    say(a, "BLPOP q 0\r\nPING\r\n");
    say(b, "RPUSH q x\r\n");
    hear(b, ":1\r\n");
    hear(a, "*2\r\n$1\r\nq\r\n$1\r\nx\r\n+PONG\r\n");
    say(a, "BLPOP q 0.05\r\nPING\r\n");
    hear(a, "*-1\r\n+PONG\r\n");
    (void)close(a);
    (void)close(b);
    world_fini(&w);
}
END_TEST

START_TEST(blocked_client_that_hangs_up_takes_nothing)
{
    struct world w;
    world_init(&w, NULL);
    int a = client(&w);
    int b = client(&w);
    say(a, "BLPOP q 0\r\n");
    for (bool blocked = false; !blocked;) {
        char text[4096] = "";
        say(b, "INFO clients\r\n");
        (void)recv(b, text, sizeof text - 1, 0);
        blocked = strstr(text, "blocked_clients:1") != NULL;
    }
    (void)close(a);
    for (bool gone = false; !gone;) {
        char text[4096] = "";
        say(b, "INFO clients\r\n");
        (void)recv(b, text, sizeof text - 1, 0);
        gone = strstr(text, "blocked_clients:0") != NULL;
    }
    say(b, "RPUSH q x\r\nLLEN q\r\n");
    hear(b, ":1\r\n:1\r\n");
    (void)close(b);
    world_fini(&w);
}
END_TEST

START_TEST(half_closed_client_still_gets_its_replies)
{
    struct world w;
    world_init(&w, NULL);
    int fd = client(&w);
    say(fd, "SET k v\r\nGET k\r\n");
    (void)shutdown(fd, SHUT_WR);
    hear(fd, "+OK\r\n$1\r\nv\r\n");
    hear_end(fd);
    world_fini(&w);
}
END_TEST

START_TEST(slow_subscriber_is_closed_at_its_limit_and_delays_nobody)
{
    struct world w;
    world_init(&w, "client-output-buffer-limit", "pubsub 1048576 0 0", NULL);
    int slow = client(&w);
    int quick = client(&w);
    int publisher = client(&w);
    say(slow, "SUBSCRIBE c\r\n");
    hear(slow, "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    say(quick, "SUBSCRIBE d\r\n");
    hear(quick, "*3\r\n$9\r\nsubscribe\r\n$1\r\nd\r\n:1\r\n");
    struct buf message = {0};
    buf_add_cstr(&message, "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$65536\r\n");
    memset(buf_reserve(&message, 65536), 'm', 65536);
    message.len += 65536;
    buf_add_cstr(&message, "\r\n");
    /* The kernel takes some megabytes before the server has to keep anything. */
    for (bool there = true; there;) {
        say_bytes(publisher, message.p, message.len);
        char reply[4];
        must(recv(publisher, reply, sizeof reply, MSG_WAITALL) == 4);
        there = memcmp(reply, ":1", 2) == 0;
        say(publisher, "PUBLISH d x\r\n");
        hear(publisher, ":1\r\n");
        hear(quick, "*3\r\n$7\r\nmessage\r\n$1\r\nd\r\n$1\r\nx\r\n");
    }
    buf_fini(&message);
    (void)close(slow);
    (void)close(quick);
    (void)close(publisher);
    world_fini(&w);
}
END_TEST

/* What a subscriber reads of the messages m0 ... m29 on channel c; `head` is all before the last
 * word. */
static void hear_all(int fd, const char *head)
{
    for (int i = 0; i < 30; i++) {
        char want[128];
        (void)snprintf(want, sizeof want, "%s$%d\r\nm%d\r\n", head, i < 10 ? 2 : 3, i);
        hear(fd, want);
    }
}

START_TEST(a_batch_of_messages_reaches_every_protocol_and_pattern_in_order)
{
    struct world w;
    world_init(&w, NULL);
    int old[2], new[2], pattern[2];
    for (int i = 0; i < 2; i++) {
        old[i] = client(&w);
        new[i] = client(&w);
        pattern[i] = client(&w);
        say(old[i], "SUBSCRIBE c\r\n");
        hear(old[i], "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
        say(new[i], "CLIENT REPLY OFF\r\nHELLO 3\r\nCLIENT REPLY ON\r\nSUBSCRIBE c\r\n");
        hear(new[i], "+OK\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
        say(pattern[i], "PSUBSCRIBE c*\r\n");
        hear(pattern[i], "*3\r\n$10\r\npsubscribe\r\n$2\r\nc*\r\n:1\r\n");
    }
    int publisher = client(&w);
    struct buf commands = {0};
    for (int i = 0; i < 30; i++)
        buf_addf(&commands, "PUBLISH c m%d\r\n", i);
    say_bytes(publisher, commands.p, commands.len);
    buf_fini(&commands);
    for (int i = 0; i < 30; i++)
        hear(publisher, ":6\r\n");
    for (int i = 0; i < 2; i++) {
        hear_all(old[i], "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n");
        hear_all(new[i], ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n");
        hear_all(pattern[i], "*4\r\n$8\r\npmessage\r\n$2\r\nc*\r\n$1\r\nc\r\n");
        (void)close(old[i]);
        (void)close(new[i]);
        (void)close(pattern[i]);
    }
    (void)close(publisher);
    world_fini(&w);
}
END_TEST

/* In RESP3 a subscriber may run commands: their replies and its messages keep their order. */
START_TEST(messages_lie_between_the_replies_of_a_subscriber_as_they_came)
{
    struct world w;
    world_init(&w, NULL);
    int a = client(&w), b = client(&w);
    say(b, "SUBSCRIBE c\r\n");
    hear(b, "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    say(a, "CLIENT REPLY OFF\r\nHELLO 3\r\nCLIENT REPLY ON\r\nSUBSCRIBE c\r\n");
    hear(a, "+OK\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    say(a, "PING\r\nPUBLISH c x\r\nECHO y\r\nPUBLISH c z\r\n");
    hear(a, "+PONG\r\n"
            ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n:2\r\n"
            "$1\r\ny\r\n"
            ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nz\r\n:2\r\n");
    hear(b, "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"
            "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nz\r\n");
    (void)close(a);
    (void)close(b);
    world_fini(&w);
}
END_TEST

START_TEST(clients_beyond_maxclients_are_turned_away)
{
    struct world w;
    world_init(&w, "maxclients", "2", NULL);
    int a = client(&w);
    int b = client(&w);
    say(a, "PING\r\n");
    hear(a, "+PONG\r\n");
    say(b, "PING\r\n");
    hear(b, "+PONG\r\n");
    int c = client(&w);
    hear(c, "-ERR max number of clients reached\r\n");
    hear_end(c);
    (void)close(a);
    for (bool room = false; !room;) {
        c = client(&w);
        char first = 0;
        say(c, "PING\r\n");
        room = recv(c, &first, 1, 0) == 1 && first == '+';
        (void)close(c);
    }
    (void)close(b);
    world_fini(&w);
}
END_TEST

START_TEST(password_is_asked_for_and_large_commands_wait_for_it)
{
    struct world w;
    world_init(&w, "requirepass", "secret", NULL);
    int fd = client(&w);
    say(fd, "PING\r\nAUTH wrong\r\n");
    hear(fd, "-NOAUTH Authentication required.\r\n"
             "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    say(fd, "AUTH secret\r\n*12\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n");
    hear(fd, "+OK\r\n");
    for (int i = 0; i < 10; i++)
        say(fd, "$1\r\nx\r\n");
    hear(fd, ":10\r\n");
    (void)close(fd);
    fd = client(&w);
    say(fd, "*11\r\n$1\r\n");
    hear(fd, "-ERR Protocol error: unauthenticated multibulk length\r\n");
    hear_end(fd);
    world_fini(&w);
}
END_TEST

START_TEST(idle_client_is_closed_and_a_subscriber_is_not)
{
    struct world w;
    world_init(&w, "timeout", "1", NULL);
    int idle = client(&w);
    int subscriber = client(&w);
    say(subscriber, "SUBSCRIBE c\r\n");
    hear(subscriber, "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    hear_end(idle);
    int fd = client(&w);
    say(fd, "PUBLISH c x\r\n");
    hear(fd, ":1\r\n");
    (void)close(fd);
    (void)close(subscriber);
    world_fini(&w);
}
END_TEST

START_TEST(killed_client_is_closed_and_one_that_kills_itself_gets_its_reply)
{
    struct world w;
    world_init(&w, NULL);
    int a = client(&w);
    int b = client(&w);
    say(a, "CLIENT SETNAME a\r\nSUBSCRIBE c\r\n");
    hear(a, "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    say(b, "CLIENT KILL TYPE pubsub\r\n");
    hear(b, ":1\r\n");
    hear_end(a);
    say(b, "PUBLISH c x\r\nCLIENT KILL SKIPME no TYPE normal\r\n");
    hear(b, ":0\r\n:1\r\n");
    hear_end(b);
    world_fini(&w);
}
END_TEST

START_TEST(unix_socket_has_its_mode_and_serves)
{
    struct world w;
    world_init(&w, NULL);
    struct stat st;
    ck_assert_int_eq(stat(w.socket, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0700);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", w.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    must(connect(fd, (const struct sockaddr *)&un, sizeof un) == 0);
    say(fd, "PING\r\nQUIT\r\n");
    hear(fd, "+PONG\r\n+OK\r\n");
    hear_end(fd);
    world_fini(&w);
}
END_TEST

START_TEST(admin_port_tells_life_readiness_and_metrics)
{
    static const char *const asked[][2] = {{"/livez", "200 OK"},
                                           {"/readyz", "200 OK"},
                                           {"/metrics", "hansom_store_clients 0"},
                                           {"/secret", "404 Not Found"}};
    struct world w;
    world_init(&w, NULL);
    for (int i = 0; i < 4; i++) {
        int fd = dial(server_admin_port(w.server));
        char text[8192] = "";
        (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                       asked[i][0]);
        say(fd, text);
        size_t len = 0;
        for (ssize_t n; (n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0;)
            len += (size_t)n;
        text[len] = '\0';
        ck_assert_msg(strstr(text, asked[i][1]) != NULL, "%s: %s", asked[i][0], text);
        (void)close(fd);
    }
    world_fini(&w);
}
END_TEST

UNIT_SUITE("conn", pipeline_sent_byte_by_byte_is_answered_in_order,
           deep_pipeline_is_answered_completely,
           commands_of_many_clients_read_at_once_are_answered_to_each,
           a_key_that_is_deleted_in_its_own_batch_is_looked_for_anew, large_values_travel_both_ways,
           wrong_bytes_get_a_protocol_error_and_an_end, commands_behind_a_blocking_one_wait_for_it,
           blocked_client_that_hangs_up_takes_nothing, half_closed_client_still_gets_its_replies,
           slow_subscriber_is_closed_at_its_limit_and_delays_nobody,
           a_batch_of_messages_reaches_every_protocol_and_pattern_in_order,
           messages_lie_between_the_replies_of_a_subscriber_as_they_came,
           clients_beyond_maxclients_are_turned_away,
           password_is_asked_for_and_large_commands_wait_for_it,
           idle_client_is_closed_and_a_subscriber_is_not,
           killed_client_is_closed_and_one_that_kills_itself_gets_its_reply,
           unix_socket_has_its_mode_and_serves, admin_port_tells_life_readiness_and_metrics)
