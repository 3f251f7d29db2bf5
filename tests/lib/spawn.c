#include "spawn.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TCP_LIMIT_MS = 10000, START_LIMIT_MS = 20000, POLL_MS = 5 };

static _Noreturn void give_up(const char *what, const struct buf *seen)
{
    (void)fprintf(stderr, "spawn: %s\n%.*s\n", what, seen == NULL ? 0 : (int)seen->len,
                  seen == NULL ? "" : seen->p);
    abort();
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

uint16_t spawn_free_port(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    must(bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    must(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

char *spawn_temp_dir(void)
{
    const char *base = getenv("TMPDIR");
    struct buf name = {0};
    buf_addf(&name, "%s/hansom-test-XXXXXX", base == NULL ? "/tmp" : base);
    buf_add_char(&name, '\0');
    must(mkdtemp(name.p) != NULL);
    return buf_take(&name, NULL);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    (void)remove(path);
    return 0;
}

void spawn_remove_dir(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool spawn_wait(bool (*fn)(void *data), void *data, int limit_ms)
{
    int64_t end = clock_mono_ms() + limit_ms;
    while (!fn(data)) {
        if (clock_mono_ms() >= end) return false;
        (void)poll(NULL, 0, POLL_MS);
    }
    return true;
}

/* --- any program --- */

void program_start(struct program *p, const char *const *argv)
{
    int out[2];
    int err[2];
    must(pipe2(out, O_CLOEXEC) == 0);
    must(pipe2(err, O_CLOEXEC) == 0);
    pid_t parent = getpid();
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)dup2(err[1], STDERR_FILENO);
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        (void)fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    (void)close(out[1]);
    (void)close(err[1]);
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(err[0], F_SETFL, O_NONBLOCK);
    *p = (struct program){.pid = pid, .out_fd = out[0], .err_fd = err[0]};
}

/* Takes what is there; false at the end of the stream. */
static bool take_output(int fd, struct buf *to)
{
    for (;;) {
        ssize_t n = read(fd, buf_reserve(to, 4096), 4096);
        if (n == 0) return false;
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        to->len += (size_t)n;
    }
}

struct slice program_wait_line(struct program *p, const char *text, int limit_ms)
{
    int64_t end = clock_mono_ms() + limit_ms;
    for (;;) {
        bool open = take_output(p->out_fd, &p->out);
        (void)take_output(p->err_fd, &p->err);
        struct slice rest = buf_slice(&p->out);
        struct slice line = {0};
        while (slice_find(rest, '\n') < rest.len && slice_cut(&rest, '\n', &line))
            if (memmem(line.p, line.len, text, strlen(text)) != NULL) return line;
        if (!open || clock_mono_ms() >= end) {
            (void)fprintf(stderr, "no line with \"%s\"\n", text);
            give_up("the program did not print what was waited for", &p->err);
        }
        struct pollfd fds[2] = {{.fd = p->out_fd, .events = POLLIN},
                                {.fd = p->err_fd, .events = POLLIN}};
        (void)poll(fds, 2, 50);
    }
}

void program_signal(const struct program *p, int signal_number)
{
    must(p->pid > 0);
    (void)kill(p->pid, signal_number);
}

int program_wait(struct program *p, int limit_ms)
{
    int64_t end = clock_mono_ms() + limit_ms;
    int status = 0;
    must(p->pid > 0);
    for (;;) {
        (void)take_output(p->out_fd, &p->out);
        (void)take_output(p->err_fd, &p->err);
        pid_t done = waitpid(p->pid, &status, WNOHANG);
        if (done == p->pid) break;
        if (clock_mono_ms() >= end) give_up("the program did not end in time", &p->err);
        (void)poll(NULL, 0, POLL_MS);
    }
    (void)take_output(p->out_fd, &p->out);
    (void)take_output(p->err_fd, &p->err);
    p->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void program_fini(struct program *p)
{
    if (p->pid > 0) {
        (void)kill(p->pid, SIGKILL);
        (void)waitpid(p->pid, NULL, 0);
    }
    if (p->out_fd > 0) (void)close(p->out_fd);
    if (p->err_fd > 0) (void)close(p->err_fd);
    buf_fini(&p->out);
    buf_fini(&p->err);
    *p = (struct program){0};
}

/* --- a store --- */

static bool answers(void *data)
{
    struct test_store *s = data;
    struct sockaddr_in at = loopback(s->port);
    char reply[64] = {0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = false;
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
        struct timeval limit = {.tv_sec = 1};
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ok = send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(fd, reply, 63, 0) > 0 &&
             (strncmp(reply, "+PONG", 5) == 0 || strncmp(reply, "-NOAUTH", 7) == 0);
    }
    (void)close(fd);
    if (!ok && waitpid(s->program.pid, NULL, WNOHANG) == s->program.pid) {
        (void)take_output(s->program.out_fd, &s->program.out);
        give_up("the store ended at its start", &s->program.out);
    }
    return ok;
}

void test_store_again(struct test_store *s)
{
    const char *name = getenv("HANSOM_TEST_STORE");
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)s->port);
    const char *argv[24] = {name == NULL ? "redis-server" : name,
                            "--port",
                            port,
                            "--dir",
                            s->dir,
                            "--save",
                            "",
                            "--unixsocket",
                            s->socket,
                            "--bind",
                            "127.0.0.1",
                            "--appendonly",
                            s->durable ? "yes" : "no",
                            "--appendfsync",
                            s->durable ? "always" : "no",
                            "--enable-debug-command",
                            "yes"};
    size_t n = 17;
    if (s->password[0] != '\0') {
        argv[n++] = "--requirepass";
        argv[n++] = s->password;
    }
    argv[n] = NULL;
    program_start(&s->program, argv);
    if (!spawn_wait(answers, s, START_LIMIT_MS)) give_up("the store does not answer", NULL);
}

void test_store_start(struct test_store *s, bool durable, const char *password)
{
    *s = (struct test_store){.durable = durable, .port = spawn_free_port()};
    s->dir = spawn_temp_dir();
    (void)snprintf(s->socket, sizeof s->socket, "%.100s/store.sock", s->dir);
    (void)snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%u", (unsigned)s->port);
    if (password != NULL) (void)snprintf(s->password, sizeof s->password, "%s", password);
    test_store_again(s);
}

void test_store_kill(struct test_store *s)
{
    program_fini(&s->program);
}

void test_store_fini(struct test_store *s)
{
    program_fini(&s->program);
    if (s->dir != NULL) spawn_remove_dir(s->dir);
    mem_free(s->dir);
    s->dir = NULL;
}

struct slice test_store_ask(struct test_store *s, const char *inline_command)
{
    static struct buf reply;
    int fd = tcp_open(s->port);
    buf_clear(&reply);
    tcp_send(fd, slice_of(inline_command));
    tcp_send(fd, SLICE("\r\n"));
    if (!tcp_read_until(fd, "\r\n", &reply)) give_up("the store did not reply", &reply);
    (void)close(fd);
    return (struct slice){reply.p, slice_find(buf_slice(&reply), '\r')};
}

/* --- raw TCP --- */

int tcp_open(uint16_t port)
{
    struct sockaddr_in at = loopback(port);
    struct timeval limit = {.tv_sec = TCP_LIMIT_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0) give_up("cannot connect", NULL);
    return fd;
}

void tcp_send(int fd, struct slice bytes)
{
    size_t at = 0;
    while (at < bytes.len) {
        ssize_t n = send(fd, bytes.p + at, bytes.len - at, MSG_NOSIGNAL);
        if (n <= 0) return; /* the other side has closed: reading will tell */
        at += (size_t)n;
    }
}

bool tcp_read_until(int fd, const char *until, struct buf *out)
{
    for (;;) {
        if (until != NULL && out->len > 0 && memmem(out->p, out->len, until, strlen(until)) != NULL)
            return true;
        ssize_t n = recv(fd, buf_reserve(out, 65536), 65536, 0);
        if (n <= 0) return until == NULL && n == 0;
        out->len += (size_t)n;
    }
}

/* Reads byte by byte, so that a pipelined response behind this one stays in the socket. */
int tcp_read_response(int fd, struct buf *out)
{
    char c = 0;
    buf_clear(out);
    while (out->len < 4 || memcmp(out->p + out->len - 4, "\r\n\r\n", 4) != 0) {
        if (recv(fd, &c, 1, 0) != 1) return 0;
        buf_add_char(out, c);
    }
    buf_add_char(out, '\0');
    out->len--;
    const char *length = strcasestr(out->p, "\r\nContent-Length:");
    long left = length == NULL ? 0 : strtol(length + 17, NULL, 10);
    int status = atoi(out->p + 9);
    while (left-- > 0) {
        if (recv(fd, &c, 1, 0) != 1) return 0;
        buf_add_char(out, c);
    }
    buf_add_char(out, '\0');
    out->len--;
    return status;
}

int http_ask(uint16_t port, struct slice request, struct buf *out)
{
    int fd = tcp_open(port);
    tcp_send(fd, request);
    int status = tcp_read_response(fd, out);
    (void)close(fd);
    return status;
}
