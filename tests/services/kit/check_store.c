#include "services/kit/store.h"

#include "base/mem.h"
#include "base/metric.h"
#include "base/must.h"
#include "tests/lib/spawn.h"
#include "tests/lib/unit.h"
#include "tests/services/kit/loop.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* One store process, one loop, one client. */
struct world {
    struct test_store server;
    uv_loop_t loop;
    struct store *s;
    int ups;
    int downs;
    bool closed;
};

/* What one call ended with. */
struct outcome {
    struct world *w;
    int fired;
    enum store_status status;
    int64_t number;
    char text[64];
    bool in_send; /* set around store_send: a callback must not fire meanwhile */
};

static void on_up(void *data)
{
    ((struct world *)data)->ups++;
}

static void on_down(void *data)
{
    ((struct world *)data)->downs++;
}

static bool is_up(void *data)
{
    return store_is_up(((struct world *)data)->s);
}

static bool is_down(void *data)
{
    return !store_is_up(((struct world *)data)->s);
}

static bool has_fired(void *data)
{
    return ((struct outcome *)data)->fired > 0;
}

static void on_reply(void *data, enum store_status status, const redisReply *reply)
{
    struct outcome *o = data;
    ck_assert(!o->in_send);
    o->fired++;
    o->status = status;
    o->number = reply_i64(reply, -1);
    slice_cstr(reply_slice(reply), o->text, sizeof o->text);
}

static void world_client(struct world *w, struct store_config config)
{
    config.name = "test";
    config.seed = 1;
    w->s = store_new(&w->loop, &config);
    store_on_up(w->s, on_up, w);
    store_on_down(w->s, on_down, w);
    store_open(w->s);
}

static struct store_config config_of(const struct world *w)
{
    struct store_config config = {0};
    struct buf why = {0};
    ck_assert(store_url_parse(slice_of(w->server.url), &config.url, &why));
    return config;
}

static void world_init(struct world *w)
{
    *w = (struct world){0};
    test_store_start(&w->server, false, NULL);
    ck_assert_int_eq(uv_loop_init(&w->loop), 0);
    world_client(w, config_of(w));
    ck_assert(loop_until(&w->loop, is_up, w, 5000));
}

static void on_closed(void *data)
{
    ((struct world *)data)->closed = true;
}

static bool is_closed(void *data)
{
    return ((struct world *)data)->closed;
}

static void world_fini(struct world *w)
{
    store_close(w->s, on_closed, w);
    ck_assert(loop_until(&w->loop, is_closed, w, 5000));
    ck_assert_int_eq(uv_loop_close(&w->loop), 0);
    test_store_fini(&w->server);
}

static struct outcome ask(struct world *w, int64_t timeout_ms, const char *a, const char *b,
                          const char *c)
{
    struct outcome o = {.w = w};
    struct store_cmd *cmd = store_cmd(w->s, a);
    if (b != NULL) store_arg_cstr(cmd, b);
    if (c != NULL) store_arg_cstr(cmd, c);
    o.in_send = true;
    store_send(w->s, cmd, timeout_ms, on_reply, &o);
    o.in_send = false;
    ck_assert(loop_until(&w->loop, has_fired, &o, 20000));
    ck_assert_int_eq(o.fired, 1);
    return o;
}

START_TEST(replies_come_back_and_errors_are_told_apart)
{
    struct world w;
    world_init(&w);
    struct outcome o = ask(&w, 1000, "SET", "k", "v");
    ck_assert_int_eq(o.status, STORE_OK);
    ck_assert_str_eq(o.text, "OK");
    o = ask(&w, 1000, "INCR", "k", NULL);
    ck_assert_int_eq(o.status, STORE_ERROR);
    o = ask(&w, 1000, "GET", "none", NULL);
    ck_assert_int_eq(o.status, STORE_OK);
    ck_assert_int_eq((int)store_generation(w.s), 1);
    world_fini(&w);
}
END_TEST

struct series {
    int next;
    int wrong;
    int total;
};

struct numbered {
    struct series *series;
    int i;
};

static void on_number(void *data, enum store_status status, const redisReply *reply)
{
    struct numbered *n = data;
    if (status != STORE_OK || n->i != n->series->next || reply_i64(reply, 0) != n->i + 1)
        n->series->wrong++;
    n->series->next++;
}

static bool series_done(void *data)
{
    struct series *s = data;
    return s->next == s->total;
}

START_TEST(many_calls_of_one_turn_are_answered_in_order)
{
    struct world w;
    world_init(&w);
    static struct numbered n[20000];
    struct series s = {.total = 20000};
    for (int i = 0; i < s.total; i++) {
        n[i] = (struct numbered){&s, i};
        STORE_CALL(w.s, 10000, on_number, &n[i], SLICE("INCR"), SLICE("n"));
    }
    ck_assert_uint_eq(store_in_flight(w.s), 20000);
    ck_assert(loop_until(&w.loop, series_done, &s, 20000));
    ck_assert_int_eq(s.wrong, 0);
    ck_assert_uint_eq(store_in_flight(w.s), 0);
    world_fini(&w);
}
END_TEST

START_TEST(arguments_are_binary_and_numbers_read_back)
{
    struct world w;
    world_init(&w);
    struct outcome o = {.w = &w};
    char bytes[300];
    for (int i = 0; i < 300; i++)
        bytes[i] = (char)i;
    struct store_cmd *c = store_cmd(w.s, "RPUSH");
    store_arg_cstr(c, "list");
    store_arg(c, slice_make(bytes, sizeof bytes));
    store_arg_double(c, 0.1);
    store_arg_double(c, -122.41941550000001);
    store_arg_i64(c, INT64_MIN);
    store_arg_u64(c, UINT64_MAX);
    store_arg_parts(c, (struct slice[]){SLICE("a"), SLICE(""), SLICE("bc")}, 3);
    store_arg(c, SLICE(""));
    store_send(w.s, c, 1000, on_reply, &o);
    ck_assert(loop_until(&w.loop, has_fired, &o, 5000));
    ck_assert_int_eq(o.number, 7);
    ck_assert_str_eq(ask(&w, 1000, "LINDEX", "list", "1").text, "0.1");
    ck_assert_str_eq(ask(&w, 1000, "LINDEX", "list", "2").text, "-122.41941550000001");
    ck_assert_str_eq(ask(&w, 1000, "LINDEX", "list", "3").text, "-9223372036854775808");
    ck_assert_str_eq(ask(&w, 1000, "LINDEX", "list", "4").text, "18446744073709551615");
    ck_assert_str_eq(ask(&w, 1000, "LINDEX", "list", "5").text, "abc");
    ck_assert_str_eq(ask(&w, 1000, "LINDEX", "list", "6").text, "");
    world_fini(&w);
}
END_TEST

START_TEST(a_late_reply_is_swallowed_after_its_time_out)
{
    struct world w;
    world_init(&w);
    struct outcome slow = {.w = &w};
    STORE_CALL(w.s, 50, on_reply, &slow, SLICE("DEBUG"), SLICE("SLEEP"), SLICE("0.3"));
    ck_assert(loop_until(&w.loop, has_fired, &slow, 5000));
    ck_assert_int_eq(slow.status, STORE_TIMEOUT);
    ck_assert_uint_eq(store_in_flight(w.s), 1);
    ck_assert_int_gt(store_behind_ms(w.s), 0);

    struct outcome o = ask(&w, 5000, "ECHO", "after", NULL);
    ck_assert_int_eq(o.status, STORE_OK);
    ck_assert_str_eq(o.text, "after");
    ck_assert_int_eq(slow.fired, 1);
    ck_assert_int_eq(store_behind_ms(w.s), 0);
    ck_assert_int_eq(w.downs, 0);
    world_fini(&w);
}
END_TEST

START_TEST(time_outs_fire_by_their_own_deadline_not_in_order)
{
    struct world w;
    world_init(&w);
    struct outcome block = {.w = &w};
    struct outcome late = {.w = &w};
    struct outcome soon = {.w = &w};
    STORE_CALL(w.s, 5000, on_reply, &block, SLICE("DEBUG"), SLICE("SLEEP"), SLICE("0.4"));
    STORE_CALL(w.s, 5000, on_reply, &late, SLICE("PING"));
    STORE_CALL(w.s, 30, on_reply, &soon, SLICE("PING"));
    ck_assert(loop_until(&w.loop, has_fired, &soon, 5000));
    ck_assert_int_eq(soon.status, STORE_TIMEOUT);
    ck_assert_int_eq(late.fired, 0);
    ck_assert(loop_until(&w.loop, has_fired, &late, 5000));
    ck_assert_int_eq(late.status, STORE_OK);
    world_fini(&w);
}
END_TEST

START_TEST(a_silent_store_is_left_and_reached_again)
{
    struct world w;
    world_init(&w);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    w.closed = false;
    struct store_config config = config_of(&w);
    config.stall_ms = 100;
    world_client(&w, config);
    ck_assert(loop_until(&w.loop, is_up, &w, 5000));

    program_signal(&w.server.program, SIGSTOP);
    ck_assert_int_eq(ask(&w, 200, "PING", NULL, NULL).status, STORE_TIMEOUT);
    ck_assert(!store_is_up(w.s));
    ck_assert_str_eq(store_last_error(w.s), "the store has fallen silent");
    program_signal(&w.server.program, SIGCONT);
    ck_assert(loop_until(&w.loop, is_up, &w, 10000));
    world_fini(&w);
}
END_TEST

START_TEST(a_killed_store_loses_what_was_sent_and_is_reached_again)
{
    struct world w;
    world_init(&w);
    struct outcome sent = {.w = &w};
    program_signal(&w.server.program, SIGSTOP);
    STORE_CALL(w.s, 60000, on_reply, &sent, SLICE("PING"));
    (void)uv_run(&w.loop, UV_RUN_NOWAIT); /* the bytes leave */
    (void)uv_run(&w.loop, UV_RUN_NOWAIT);
    test_store_kill(&w.server);
    ck_assert(loop_until(&w.loop, has_fired, &sent, 5000));
    ck_assert_int_eq(sent.status, STORE_LOST);
    ck_assert(!store_status_unsent(sent.status));
    ck_assert_int_eq(w.downs, 1);

    struct outcome unsent = ask(&w, 60000, "PING", NULL, NULL);
    ck_assert_int_eq(unsent.status, STORE_DOWN);
    ck_assert(store_status_unsent(unsent.status));

    test_store_again(&w.server);
    ck_assert(loop_until(&w.loop, is_up, &w, 10000));
    ck_assert_int_eq(w.ups, 2);
    ck_assert_int_eq((int)store_generation(w.s), 2);
    ck_assert_int_eq(ask(&w, 1000, "PING", NULL, NULL).status, STORE_OK);
    world_fini(&w);
}
END_TEST

START_TEST(a_lost_call_that_nobody_asked_about_has_no_deadline_left)
{
    struct world w;
    world_init(&w);
    program_signal(&w.server.program, SIGSTOP);
    STORE_CALL(w.s, 5000, NULL, NULL, SLICE("PING"));
    (void)uv_run(&w.loop, UV_RUN_NOWAIT); /* the bytes leave */
    test_store_kill(&w.server);
    ck_assert(loop_until(&w.loop, is_down, &w, 5000));
    test_store_again(&w.server);
    ck_assert(loop_until(&w.loop, is_up, &w, 10000));

    /* The first uses the lost call's memory; the second is waited for past all deadlines. */
    struct outcome soon = {.w = &w};
    STORE_CALL(w.s, 100, on_reply, &soon, SLICE("PING"));
    ck_assert_int_eq(ask(&w, 5000, "BLPOP", "nothing", "0.3").status, STORE_OK);
    ck_assert_int_eq(soon.status, STORE_OK);
    world_fini(&w);
}
END_TEST

static void send_from_hook(void *data)
{
    struct outcome *o = data;
    STORE_CALL(o->w->s, 1000, on_reply, o, SLICE("INCR"), SLICE("hook"));
}

START_TEST(the_up_hook_goes_before_all_others_on_every_connection)
{
    struct world w;
    world_init(&w);
    struct outcome hook = {.w = &w};
    store_on_up(w.s, send_from_hook, &hook);
    test_store_kill(&w.server);
    ck_assert(loop_until(&w.loop, is_down, &w, 5000));
    test_store_again(&w.server);
    ck_assert(loop_until(&w.loop, is_up, &w, 10000));
    ck_assert_int_eq(ask(&w, 1000, "INCR", "hook", NULL).number, 2);
    ck_assert_int_eq(hook.number, 1);
    world_fini(&w);
}
END_TEST

START_TEST(too_much_in_flight_is_refused_and_later_accepted_again)
{
    struct world w;
    world_init(&w);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    w.closed = false;
    struct store_config config = config_of(&w);
    config.calls_max = 10;
    world_client(&w, config);
    ck_assert(loop_until(&w.loop, is_up, &w, 5000));

    struct outcome o[12] = {{0}};
    for (int i = 0; i < 12; i++)
        STORE_CALL(w.s, 5000, on_reply, &o[i], SLICE("PING"));
    for (int i = 0; i < 12; i++)
        ck_assert(loop_until(&w.loop, has_fired, &o[i], 5000));
    for (int i = 0; i < 12; i++)
        ck_assert_int_eq(o[i].status, i < 10 ? STORE_OK : STORE_FULL);
    ck_assert_int_eq(ask(&w, 1000, "PING", NULL, NULL).status, STORE_OK);
    world_fini(&w);
}
END_TEST

START_TEST(a_large_value_goes_and_comes_in_pieces)
{
    struct world w;
    world_init(&w);
    size_t n = (size_t)20 * 1024 * 1024;
    char *big = mem_alloc(n);
    memset(big, 'x', n);
    struct outcome o = {.w = &w};
    STORE_CALL(w.s, 20000, on_reply, &o, SLICE("SET"), SLICE("big"), slice_make(big, n));
    ck_assert(loop_until(&w.loop, has_fired, &o, 20000));
    ck_assert_int_eq(o.status, STORE_OK);
    ck_assert_int_eq(ask(&w, 5000, "STRLEN", "big", NULL).number, (int64_t)n);
    struct outcome back = ask(&w, 20000, "GET", "big", NULL);
    ck_assert_int_eq(back.status, STORE_OK);
    mem_free(big);
    world_fini(&w);
}
END_TEST

START_TEST(a_wrong_password_is_said_and_tried_again)
{
    struct world w = {0};
    test_store_start(&w.server, false, "right");
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    struct store_config config = config_of(&w);
    (void)slice_cstr(SLICE("wrong"), config.url.password, sizeof config.url.password);
    world_client(&w, config);
    struct outcome o = ask(&w, 1000, "PING", NULL, NULL);
    ck_assert_int_eq(o.status, STORE_DOWN);
    int64_t end = clock_mono_ms() + 5000;
    while (strncmp(store_last_error(w.s), "WRONGPASS", 9) != 0 && clock_mono_ms() < end)
        (void)uv_run(&w.loop, UV_RUN_ONCE);
    ck_assert_int_eq(strncmp(store_last_error(w.s), "WRONGPASS", 9), 0);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    w.closed = false;

    (void)slice_cstr(SLICE("right"), config.url.password, sizeof config.url.password);
    world_client(&w, config);
    ck_assert(loop_until(&w.loop, is_up, &w, 5000));
    world_fini(&w);
}
END_TEST

START_TEST(a_unix_socket_and_a_host_name_work)
{
    struct world w;
    world_init(&w);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    w.closed = false;
    struct store_config config = {0};
    struct buf url = {0};
    buf_addf(&url, "unix://%s", w.server.socket);
    ck_assert(store_url_parse(buf_slice(&url), &config.url, &url));
    world_client(&w, config);
    ck_assert(loop_until(&w.loop, is_up, &w, 5000));
    ck_assert_int_eq(ask(&w, 1000, "PING", NULL, NULL).status, STORE_OK);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    w.closed = false;

    config = config_of(&w);
    (void)slice_cstr(SLICE("localhost"), config.url.host, sizeof config.url.host);
    world_client(&w, config);
    ck_assert(loop_until(&w.loop, is_up, &w, 5000));
    buf_fini(&url);
    world_fini(&w);
}
END_TEST

START_TEST(closing_fails_what_is_in_flight_once)
{
    struct world w;
    world_init(&w);
    struct outcome blocked = {.w = &w};
    struct outcome fresh = {.w = &w};
    STORE_CALL(w.s, 60000, on_reply, &blocked, SLICE("BLPOP"), SLICE("empty"), SLICE("0"));
    (void)uv_run(&w.loop, UV_RUN_NOWAIT);
    (void)uv_run(&w.loop, UV_RUN_NOWAIT);
    STORE_CALL(w.s, 60000, on_reply, &fresh, SLICE("PING"));
    world_fini(&w);
    ck_assert_int_eq(blocked.fired, 1);
    ck_assert_int_eq(blocked.status, STORE_LOST);
    ck_assert_int_eq(fresh.fired, 1);
    ck_assert_int_eq(fresh.status, STORE_DOWN);
}
END_TEST

START_TEST(commands_are_measured_by_name_and_function)
{
    struct world w;
    world_init(&w);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    w.closed = false;
    struct store_config config = config_of(&w);
    config.metrics = metrics_new();
    world_client(&w, config);
    ck_assert(loop_until(&w.loop, is_up, &w, 5000));
    (void)ask(&w, 1000, "GET", "k", NULL);
    (void)ask(&w, 1000, "FCALL", "no_such_v1", "0");
    struct buf text = {0};
    metrics_render(config.metrics, &text);
    buf_add_char(&text, '\0');
    ck_assert_ptr_nonnull(strstr(text.p, "hansom_store_command_seconds_count{command=\"get\"} 1"));
    ck_assert_ptr_nonnull(strstr(text.p, "{command=\"no_such_v1\"} 1"));
    ck_assert_ptr_nonnull(strstr(text.p, "hansom_store_up{connection=\"test\"} 1"));
    buf_fini(&text);
    world_fini(&w);
    metrics_free(config.metrics);
}
END_TEST

/* Goal: nothing a server sends can break the client, which must reconnect instead.
 * Method: a fake server greets properly and then sends garbage, or a reply nobody asked for. */
static void serve_garbage(int listen_fd, const char *garbage)
{
    for (;;) {
        char in[512];
        int fd = accept(listen_fd, NULL, NULL);
        if (fd < 0) _exit(0);
        (void)recv(fd, in, sizeof in, 0);
        (void)send(fd, "+OK\r\n+PONG\r\n", 12, MSG_NOSIGNAL);
        (void)send(fd, garbage, strlen(garbage), MSG_NOSIGNAL);
        while (recv(fd, in, sizeof in, 0) > 0)
            continue;
        (void)close(fd);
    }
}

static void try_garbage(const char *garbage)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    pid_t pid = fork();
    if (pid == 0) serve_garbage(fd, garbage);
    (void)close(fd);

    struct world w = {0};
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    struct store_config config = {.url = {.host = "127.0.0.1", .port = ntohs(at.sin_port)}};
    world_client(&w, config);
    int64_t end = clock_mono_ms() + 10000;
    while (w.downs < 3 && clock_mono_ms() < end)
        (void)uv_run(&w.loop, UV_RUN_ONCE);
    ck_assert_int_ge(w.downs, 3);
    store_close(w.s, on_closed, &w);
    ck_assert(loop_until(&w.loop, is_closed, &w, 5000));
    ck_assert_int_eq(uv_loop_close(&w.loop), 0);
    (void)kill(pid, SIGKILL);
}

START_TEST(garbage_and_unasked_replies_only_cost_the_connection)
{
    try_garbage("hello\r\n");
    try_garbage("+unasked\r\n");
    try_garbage("*-5\r\n");
    try_garbage("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n");
    try_garbage(":\r\n");
}
END_TEST

UNIT_SUITE("store", replies_come_back_and_errors_are_told_apart,
           many_calls_of_one_turn_are_answered_in_order, arguments_are_binary_and_numbers_read_back,
           a_late_reply_is_swallowed_after_its_time_out,
           time_outs_fire_by_their_own_deadline_not_in_order,
           a_silent_store_is_left_and_reached_again,
           a_killed_store_loses_what_was_sent_and_is_reached_again,
           a_lost_call_that_nobody_asked_about_has_no_deadline_left,
           the_up_hook_goes_before_all_others_on_every_connection,
           too_much_in_flight_is_refused_and_later_accepted_again,
           a_large_value_goes_and_comes_in_pieces, a_wrong_password_is_said_and_tried_again,
           a_unix_socket_and_a_host_name_work, closing_fails_what_is_in_flight_once,
           commands_are_measured_by_name_and_function,
           garbage_and_unasked_replies_only_cost_the_connection)
