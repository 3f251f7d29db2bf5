#include "tests/services/kit/demo.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static bool holds(const struct buf *b, const char *text)
{
    return b->len > 0 && memmem(b->p, b->len, text, strlen(text)) != NULL;
}

/* Runs the program to its end and checks its exit code and what it says. */
static void ends_with(int code, const char *says, const char *const *argv)
{
    struct program p;
    program_start(&p, argv);
    int got = program_wait(&p, 20000);
    if (got != code) (void)fprintf(stderr, "%.*s\n", (int)p.err.len, p.err.p);
    ck_assert_int_eq(got, code);
    ck_assert_msg(holds(&p.err, says) || holds(&p.out, says), "%s is not in %.*s%.*s", says,
                  (int)p.err.len, p.err.p, (int)p.out.len, p.out.p);
    if (code == 64 || code == 78)
        ck_assert_uint_eq(slice_find(buf_slice(&p.err), '\n'), p.err.len - 1); /* one line */
    program_fini(&p);
}

#define ENDS(code, says, ...)                                                                      \
    ends_with((code), (says),                                                                      \
              (const char *const[]){KIT_DEMO, "--jwt-secret", DEMO_SECRET, __VA_ARGS__, NULL})

START_TEST(wrong_settings_end_with_one_line)
{
    ENDS(64, "--port is \"99999\"", "--port", "99999");
    ENDS(64, "there is no option --prot", "--prot", "1");
    ENDS(64, "\"stray\" is not expected", "stray");
    ENDS(78, "--log-level is \"loud\"", "--log-level", "loud");
    ENDS(78, "--store: a store URL begins with", "--store", "http://x");
    ENDS(78, "not supported", "--store", "redis+cluster://a:1,b:2");
    ENDS(78, "/no/such/file", "--regions-file", "/no/such/file");
    ENDS(78, "there is no region \"mars\"", "--regions", "sf,mars");
    ENDS(78, "needs --bind", "--speed-scale", "60", "--bind", "0.0.0.0");
    ENDS(78, "--jwks /no/such/jwks", "--jwks", "/no/such/jwks");
    ENDS(78, "/no/such/config", "--config", "/no/such/config");
    ends_with(78, "set --jwt-secret or --jwks", (const char *const[]){KIT_DEMO, NULL});
    ends_with(78, "--jwt-secret: a shared secret needs at least",
              (const char *const[]){KIT_DEMO, "--jwt-secret", "short", NULL});
    ENDS(1, "cannot listen on", "--admin-port", "1", "--admin-bind", "1.2.3.4");
    ENDS(0, "configuration is fine", "--check-config");
    ENDS(0, "--drain-work DURATION", "--help");
    ENDS(0, "kit-demo 0.1.0", "--version");
    ENDS(0, "jwt-secret (set)", "--options");
}
END_TEST

START_TEST(the_store_may_come_later)
{
    struct demo_run d = {0};
    struct buf out = {0};
    char url[64];
    uint16_t port = spawn_free_port();
    uint16_t admin = spawn_free_port();
    char admin_text[8];
    (void)snprintf(url, sizeof url, "redis://127.0.0.1:%u", (unsigned)port);
    (void)snprintf(admin_text, sizeof admin_text, "%u", (unsigned)admin);
    demo_launch(&d, url, (const char *const[]){"--admin-port", admin_text, NULL});
    int64_t end = clock_mono_ms() + 10000;
    int status = 0;
    while (status == 0 && clock_mono_ms() < end) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(admin)};
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
            status = demo_ask(admin, "GET /livez", NULL, NULL, &out);
        (void)close(fd);
    }
    ck_assert_int_eq(status, 200);
    ck_assert_int_eq(demo_ask(admin, "GET /readyz", NULL, NULL, &out), 503);
    ck_assert(holds(&out, "\"state\":\"starting\""));

    d.store.port = port;
    d.store.dir = spawn_temp_dir();
    (void)snprintf(d.store.socket, sizeof d.store.socket, "%.100s/s", d.store.dir);
    test_store_again(&d.store);
    demo_wait_ready(&d);
    ck_assert_int_eq(demo_ask(admin, "GET /readyz", NULL, NULL, &out), 200);
    ck_assert(holds(&out, "\"durable\":false"));
    ck_assert(holds(&out, "no append log"));
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

static bool is_unready(void *data)
{
    struct buf out = {0};
    int status = demo_ask(*(uint16_t *)data, "GET /readyz", NULL, NULL, &out);
    buf_fini(&out);
    return status == 503;
}

static bool is_ready(void *data)
{
    return !is_unready(data);
}

START_TEST(a_lost_store_makes_it_unready_and_requests_503)
{
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, NULL);
    test_store_kill(&d.store);
    ck_assert(spawn_wait(is_unready, &d.admin, 10000));
    ck_assert_int_eq(demo_ask(d.port, "GET /v1/store", NULL, NULL, &out), 503);
    ck_assert(holds(&out, "\"code\":\"store_unavailable\""));
    ck_assert(holds(&out, "Retry-After: 1"));
    test_store_again(&d.store);
    ck_assert(spawn_wait(is_ready, &d.admin, 10000));
    ck_assert_int_eq(demo_ask(d.port, "GET /v1/store", NULL, NULL, &out), 200);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

struct caller {
    const struct demo_run *d;
    const char *bearer;
    struct buf *out;
    int status;
};

static bool is_answered(void *data)
{
    struct caller *c = data;
    return demo_ask(c->d->port, "GET /v1/me", c->bearer, NULL, c->out) == c->status;
}

START_TEST(a_store_that_is_behind_makes_it_refuse_all_but_ops)
{
    static const char *const extra[] = {"--overload-after", "20ms", NULL};
    struct demo_run d;
    struct buf out = {0}, rider = {0}, ops = {0};
    demo_start_with(&d, extra);
    int64_t soon = clock_wall_ms() + 60000;
    (void)demo_bearer(&rider, ROLE_RIDER, soon);
    (void)demo_bearer(&ops, ROLE_OPS, soon);
    struct caller c = {&d, rider.p, &out, 503};

    program_signal(&d.store.program, SIGSTOP);
    int fd = tcp_open(d.port);
    tcp_send(fd, SLICE("GET /v1/store HTTP/1.1\r\nHost: x\r\n\r\n"));
    ck_assert(spawn_wait(is_answered, &c, 10000));
    ck_assert(holds(&out, "\"code\":\"overloaded\""));
    ck_assert(holds(&out, "Retry-After: 1"));
    ck_assert_int_eq(demo_ask(d.port, "GET /v1/me", ops.p, NULL, &out), 200);

    program_signal(&d.store.program, SIGCONT);
    c.status = 200;
    ck_assert(spawn_wait(is_answered, &c, 10000));
    (void)close(fd);
    buf_fini(&ops);
    buf_fini(&rider);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(require_durable_serves_only_a_durable_store)
{
    struct test_store store;
    static const char *const extra[] = {"--require-durable", NULL};
    test_store_start(&store, false, NULL);
    ends_with(78, "--require-durable: the store has no append log",
              (const char *const[]){KIT_DEMO, "--jwt-secret", DEMO_SECRET, "--require-durable",
                                    "--store", store.url, "--port", "0", "--admin-port", "0",
                                    "--log-level", "off", NULL});
    test_store_fini(&store);

    struct demo_run d = {0};
    struct buf out = {0};
    test_store_start(&d.store, true, NULL);
    demo_launch(&d, d.store.url, extra);
    demo_wait_ready(&d);
    ck_assert_int_eq(demo_ask(d.admin, "GET /readyz", NULL, NULL, &out), 200);
    ck_assert(holds(&out, "\"durable\":true"));
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

START_TEST(a_drain_finishes_requests_and_refuses_new_connections)
{
    static const char *const extra[] = {"--drain-work", "50ms", NULL};
    struct demo_run d;
    struct buf out = {0};
    demo_start_with(&d, extra);
    int fd = tcp_open(d.port);
    tcp_send(fd, SLICE("GET /v1/later?ms=700 HTTP/1.1\r\nHost: x\r\n\r\n"));
    ck_assert_int_eq(demo_ask(d.port, "GET /v1/store", NULL, NULL, &out), 200);
    program_signal(&d.program, SIGTERM);
    ck_assert(spawn_wait(is_unready, &d.admin, 5000));

    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(d.port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int late = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ne(connect(late, (struct sockaddr *)&at, sizeof at), 0);
    (void)close(late);

    ck_assert_int_eq(tcp_read_response(fd, &out), 200);
    ck_assert(holds(&out, "Connection: close"));
    (void)close(fd);
    ck_assert_int_eq(program_wait(&d.program, 10000), 0);
    program_fini(&d.program);
    test_store_fini(&d.store);
    buf_fini(&out);
}
END_TEST

START_TEST(a_second_signal_ends_at_once)
{
    static const char *const extra[] = {"--drain-work", "60s", NULL};
    struct demo_run d;
    demo_start_with(&d, extra);
    program_signal(&d.program, SIGTERM);
    ck_assert(spawn_wait(is_unready, &d.admin, 5000));
    program_signal(&d.program, SIGTERM);
    ck_assert_int_eq(program_wait(&d.program, 5000), 1);
    program_fini(&d.program);
    test_store_fini(&d.store);
}
END_TEST

START_TEST(a_drain_that_takes_too_long_is_cut)
{
    static const char *const extra[] = {"--drain-work", "60s", "--drain-timeout", "200ms", NULL};
    struct demo_run d;
    demo_start_with(&d, extra);
    int fd = tcp_open(d.port);
    tcp_send(fd, SLICE("GET /v1/later?ms=50000 HTTP/1.1\r\nHost: x\r\n\r\n"));
    program_signal(&d.program, SIGTERM);
    ck_assert_int_eq(program_wait(&d.program, 5000), 1);
    ck_assert(holds(&d.program.err, "drain_timed_out"));
    (void)close(fd);
    program_fini(&d.program);
    test_store_fini(&d.store);
}
END_TEST

START_TEST(a_failed_start_ends_the_service)
{
    struct test_store store;
    test_store_start(&store, false, NULL);
    ends_with(1, "draining",
              (const char *const[]){KIT_DEMO, "--jwt-secret", DEMO_SECRET, "--fail-start",
                                    "--store", store.url, "--port", "0", "--admin-port", "0",
                                    NULL});
    test_store_fini(&store);
}
END_TEST

struct keys {
    uint16_t port;
    const char *headers;
    int want;
};

static bool answers_with(void *data)
{
    struct keys *k = data;
    struct buf out = {0};
    int status = demo_ask(k->port, "GET /v1/me", k->headers, NULL, &out);
    buf_fini(&out);
    return status == k->want;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

START_TEST(sighup_reads_keys_again_and_keeps_them_when_broken)
{
    struct demo_run d = {0};
    struct buf bearer = {0};
    char path[160];
    test_store_start(&d.store, false, NULL);
    (void)snprintf(path, sizeof path, "%.100s/secret", d.store.dir);
    write_file(path, DEMO_SECRET "\n");
    const char *const argv[] = {KIT_DEMO,       "--store", d.store.url,         "--port", "0",
                                "--admin-port", "0",       "--jwt-secret-file", path,     NULL};
    program_start(&d.program, argv);
    demo_wait_ready(&d);
    struct keys k = {d.port, demo_bearer(&bearer, ROLE_OPS, clock_wall_ms() + 60000), 200};
    ck_assert(answers_with(&k));

    write_file(path, "short\n");
    program_signal(&d.program, SIGHUP);
    (void)spawn_wait(is_unready, &d.admin, 100);
    ck_assert(answers_with(&k));

    write_file(path, "another secret of tests\n");
    program_signal(&d.program, SIGHUP);
    k.want = 401;
    ck_assert(spawn_wait(answers_with, &k, 5000));
    buf_fini(&bearer);
    demo_end(&d);
}
END_TEST

START_TEST(metrics_please_promtool_where_it_is_installed)
{
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        (void)fprintf(stderr, "promtool is not installed: its check is left out\n");
        return;
    }
    struct demo_run d;
    struct buf out = {0};
    char command[256];
    char path[160];
    demo_start_with(&d, NULL);
    ck_assert_int_eq(demo_ask(d.port, "GET /v1/store", NULL, NULL, &out), 200);
    ck_assert_int_eq(demo_ask(d.admin, "GET /metrics", NULL, NULL, &out), 200);
    (void)snprintf(path, sizeof path, "%.100s/metrics", d.store.dir);
    write_file(path, strstr(out.p, "\r\n\r\n") + 4);
    (void)snprintf(command, sizeof command, "promtool check metrics < %s", path);
    ck_assert_int_eq(system(command), 0);
    buf_fini(&out);
    demo_end(&d);
}
END_TEST

UNIT_SUITE("app", wrong_settings_end_with_one_line, the_store_may_come_later,
           a_lost_store_makes_it_unready_and_requests_503,
           a_store_that_is_behind_makes_it_refuse_all_but_ops,
           require_durable_serves_only_a_durable_store,
           a_drain_finishes_requests_and_refuses_new_connections, a_second_signal_ends_at_once,
           a_drain_that_takes_too_long_is_cut, a_failed_start_ends_the_service,
           sighup_reads_keys_again_and_keeps_them_when_broken,
           metrics_please_promtool_where_it_is_installed)
