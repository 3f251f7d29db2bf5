#include "store/script/script.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "tests/lib/unit.h"

#include <stdio.h>

/* A store in memory with a clock of its own and a log that is a buffer. */
struct store {
    struct engine *e;
    struct session s;
    struct log_sink sink;
    struct buf log;
    int64_t now_us;
    uint64_t records;
    uint32_t yields;
};

static const struct session_io quiet = {0};

static int64_t now(void *data)
{
    struct store *t = data;
    return t->now_us += 10;
}

static uint64_t append(void *data, struct slice record)
{
    struct store *t = data;
    buf_add_slice(&t->log, record);
    t->records++;
    return t->log.len;
}

static uint64_t end(void *data)
{
    return ((struct store *)data)->log.len;
}

static void store_open(struct store *t)
{
    *t = (struct store){.now_us = 1763900000000000};
    t->e = engine_new();
    t->e->clock = (struct engine_clock){now, now, t};
    exec_attach(t->e);
    script_open(t->e);
    t->sink = (struct log_sink){.append = append, .end = end, .data = t};
    t->e->sink = &t->sink;
    session_init(&t->s, t->e, &quiet);
    t->s.authenticated = true;
}

static void store_close(struct store *t)
{
    session_fini(&t->s);
    script_close(t->e);
    exec_detach(t->e);
    engine_free(t->e);
    buf_fini(&t->log);
}

/* Runs the words (NULL ends them); the raw reply, good until the next call. */
static struct slice run(struct store *t, struct session *s, ...)
{
    struct slice argv[32];
    uint32_t argc = 0;
    va_list args;
    va_start(args, s);
    for (const char *word; (word = va_arg(args, const char *)) != NULL;)
        argv[argc++] = slice_of(word);
    va_end(args);
    buf_clear(&s->out);
    exec_command(t->e, s, argv, argc);
    return buf_slice(&s->out);
}

#define RUN(t, ...) run((t), &(t)->s, __VA_ARGS__, NULL)

static void expect(struct slice got, const char *want)
{
    ck_assert_msg(slice_is(got, want), "got %.*s, want %s", (int)got.len, got.p, want);
}

/* The length that a bulk string in *in says it has; *in goes on behind it. */
static size_t read_head(struct slice *in)
{
    struct slice line = {0};
    uint64_t n = 0;
    (void)slice_cut(in, '\n', &line);
    must(slice_u64((struct slice){line.p + 1, line.len - 2}, &n));
    return n;
}

static bool contains(struct slice all, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= all.len; i++)
        if (memcmp(all.p + i, text, n) == 0) return true;
    return false;
}

/* Gives a fresh store everything the log says. */
static void replay(struct store *to, struct slice log)
{
    struct slice *argv = NULL;
    struct slice why = {0};
    uint32_t cap = 0, argc = 0;
    while (log.len > 0) {
        must(effects_next(&log, &argv, &cap, &argc));
        bool ok = exec_apply(to->e, argv, argc, &why);
        ck_assert_msg(ok, "%.*s: %.*s", (int)argv[0].len, argv[0].p, (int)why.len, why.p);
    }
    mem_free(argv);
    exec_apply_end(to->e);
}

static void fill(struct store *t)
{
    char id[24];
    for (int i = 1; i <= 300; i++) {
        (void)snprintf(id, sizeof id, "%d-%d", i, i % 3);
        (void)RUN(t, "XADD", "s", id, "name", "v", "n", id);
    }
    (void)RUN(t, "XADD", "s", "MAXLEN", "~", "250", "*", "name", "last");
    (void)RUN(t, "XGROUP", "CREATE", "s", "g", "0");
    (void)RUN(t, "XGROUP", "CREATE", "s", "h", "$", "ENTRIESREAD", "7");
    (void)RUN(t, "XREADGROUP", "GROUP", "g", "ann", "COUNT", "70", "STREAMS", "s", ">");
    (void)RUN(t, "XREADGROUP", "GROUP", "g", "bob", "COUNT", "20", "STREAMS", "s", ">");
    (void)RUN(t, "XREADGROUP", "GROUP", "g", "cat", "COUNT", "9", "NOACK", "STREAMS", "s", ">");
    (void)RUN(t, "XREADGROUP", "GROUP", "g", "ann", "COUNT", "5", "STREAMS", "s", "0");
    (void)RUN(t, "XACK", "s", "g", "110-2", "111-0", "112-1");
    (void)RUN(t, "XDEL", "s", "120-0", "121-1", "299-2");
    (void)RUN(t, "XCLAIM", "s", "g", "dan", "0", "130-1", "131-2", "120-0", "IDLE", "5000");
    (void)RUN(t, "XAUTOCLAIM", "s", "g", "eve", "0", "118", "COUNT", "10");
    (void)RUN(t, "XGROUP", "CREATECONSUMER", "s", "h", "idle");
    (void)RUN(t, "XADD", "gone", "5-5", "a", "b");
    (void)RUN(t, "XDEL", "gone", "5-5");
    (void)RUN(t, "XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM");
    (void)RUN(t, "FUNCTION", "LOAD",
              "#!lua name=l\nredis.register_function('bump', function(k, a) "
              "redis.call('INCRBY', k[1], a[1]) return redis.call('TIME') end)");
    (void)RUN(t, "FCALL", "bump", "1", "n", "5");
    (void)RUN(t, "FCALL", "bump", "1", "n", "6");
}

static void same(struct slice x, struct slice y)
{
    size_t at = 0;
    while (at < x.len && at < y.len && x.p[at] == y.p[at])
        at++;
    if (at == x.len && at == y.len) return;
    size_t from = at < 80 ? 0 : at - 80;
    (void)fprintf(stderr, "%.160s\n---\n%.160s\n", x.p + from, y.p + from);
    ck_abort_msg("they differ at byte %zu", at);
}

static void compare(struct store *a, struct store *b)
{
    static const char *const keys[] = {"s", "gone", "empty"};
    for (size_t i = 0; i < 3; i++) {
        struct slice x = RUN(a, "XINFO", "STREAM", keys[i], "FULL", "COUNT", "0");
        struct slice y = RUN(b, "XINFO", "STREAM", keys[i], "FULL", "COUNT", "0");
        /* The numbers of blocks may differ, and nothing in front of them. */
        ck_assert(contains(x, "last-generated-id") && contains(y, "last-generated-id"));
        while (!slice_starts(x, SLICE("last-generated-id")))
            x = slice_from(x, 1);
        while (!slice_starts(y, SLICE("last-generated-id")))
            y = slice_from(y, 1);
        same(x, y);
    }
    expect(RUN(b, "GET", "n"), "$2\r\n11\r\n");
    struct slice list = RUN(a, "FUNCTION", "LIST", "WITHCODE");
    ck_assert(slice_eq(list, RUN(b, "FUNCTION", "LIST", "WITHCODE")));
}

START_TEST(the_log_alone_gives_the_same_streams_and_functions)
{
    struct store a, b;
    store_open(&a);
    store_open(&b);
    fill(&a);
    replay(&b, buf_slice(&a.log));
    compare(&a, &b);
    store_close(&a);
    store_close(&b);
}
END_TEST

static void add_piece(struct slice piece, void *data)
{
    buf_add_slice(data, piece);
}

START_TEST(a_rewrite_gives_the_same_streams_and_functions)
{
    struct store a, b;
    struct buf base = {0};
    store_open(&a);
    store_open(&b);
    fill(&a);
    exec_rewrite(a.e, add_piece, &base);
    replay(&b, buf_slice(&base));
    compare(&a, &b);
    buf_fini(&base);
    store_close(&a);
    store_close(&b);
}
END_TEST

START_TEST(a_script_is_one_record_of_effects_without_its_text)
{
    struct store t;
    store_open(&t);
    expect(RUN(&t, "EVAL",
               "redis.call('SET', KEYS[1], 1) redis.call('PEXPIRE', KEYS[1], 1000) "
               "redis.call('INCR', 'b') return redis.call('GET', 'b')",
               "1", "a"),
           "$1\r\n1\r\n");
    ck_assert_uint_eq(t.records, 1);
    ck_assert(!contains(buf_slice(&t.log), "EVAL"));
    ck_assert(contains(buf_slice(&t.log), "PEXPIREAT"));
    (void)RUN(&t, "EVAL", "return redis.call('GET', 'a')", "0");
    ck_assert_uint_eq(t.records, 1);
    /* What was written before an error stays, and is logged. */
    (void)RUN(&t, "EVAL", "redis.call('SET', 'c', 1) error('x')", "0");
    ck_assert_uint_eq(t.records, 2);
    expect(RUN(&t, "GET", "c"), "$1\r\n1\r\n");
    store_close(&t);
}
END_TEST

START_TEST(time_stands_still_inside_a_script)
{
    struct store t;
    store_open(&t);
    expect(RUN(&t, "EVAL",
               "local a = redis.call('TIME') for i = 1, 1000 do redis.call('PING') end "
               "local b = redis.call('TIME') return a[1] == b[1] and a[2] == b[2]",
               "0"),
           ":1\r\n");
    store_close(&t);
}
END_TEST

START_TEST(select_and_resp_end_with_the_script)
{
    struct store t;
    store_open(&t);
    (void)RUN(&t, "EVAL", "redis.setresp(3) redis.call('SELECT', 3) redis.call('SET', 'k', 1)",
              "0");
    expect(RUN(&t, "EXISTS", "k"), ":0\r\n");
    expect(RUN(&t, "EVAL", "return redis.call('GET', 'k') == false", "0"), ":1\r\n");
    (void)RUN(&t, "SELECT", "3");
    expect(RUN(&t, "GET", "k"), "$1\r\n1\r\n");
    store_close(&t);
}
END_TEST

START_TEST(a_script_cannot_take_all_memory)
{
    struct store t;
    store_open(&t);
    struct slice got = RUN(&t, "EVAL", "local s = 'xxxxxxxx' while true do s = s .. s end", "0");
    ck_assert_msg(contains(got, "not enough memory"), "%.*s", (int)got.len, got.p);
    expect(RUN(&t, "EVAL", "return 7", "0"), ":7\r\n");
    store_close(&t);
}
END_TEST

static struct session other;

/* Another client has its turn: it is told BUSY, and kills the script at its third turn. */
static void on_yield(void *data)
{
    struct store *t = data;
    struct slice got = run(t, &other, "GET", "k", NULL);
    ck_assert_msg(slice_starts(got, SLICE("-BUSY ")), "%.*s", (int)got.len, got.p);
    if (++t->yields < 3) return;
    expect(run(t, &other, "SCRIPT", "KILL", NULL), "+OK\r\n");
}

START_TEST(others_are_told_busy_and_may_kill)
{
    struct store t;
    store_open(&t);
    struct engine_hooks hooks = {.data = &t, .yield = on_yield};
    t.e->hooks = &hooks;
    t.e->config.busy_reply_threshold = 1;
    session_init(&other, t.e, &quiet);
    other.authenticated = true;
    struct slice got =
        RUN(&t, "EVAL", "while true do pcall(function() while true do end end) end", "0");
    ck_assert_msg(contains(got, "Script killed by user"), "%.*s", (int)got.len, got.p);
    ck_assert_uint_eq(t.yields, 3);
    expect(run(&t, &other, "GET", "k", NULL), "$-1\r\n");
    expect(RUN(&t, "SCRIPT", "KILL"), "-NOTBUSY No scripts in execution right now.\r\n");
    session_fini(&other);
    store_close(&t);
}
END_TEST

START_TEST(a_library_that_fails_leaves_the_old_one)
{
    struct store t;
    store_open(&t);
    (void)RUN(&t, "FUNCTION", "LOAD",
              "#!lua name=l\nredis.register_function('f', function() return 1 end)");
    (void)RUN(&t, "FUNCTION", "LOAD", "REPLACE",
              "#!lua name=l\nredis.register_function('f', function() return 2 end) x()");
    expect(RUN(&t, "FCALL", "f", "0"), ":1\r\n");
    (void)RUN(&t, "FUNCTION", "LOAD", "REPLACE",
              "#!lua name=l\nredis.register_function('f', function() return 3 end)");
    expect(RUN(&t, "FCALL", "f", "0"), ":3\r\n");
    ck_assert_uint_eq(script_stats(t.e).functions, 1);
    store_close(&t);
}
END_TEST

START_TEST(functions_survive_dump_and_restore)
{
    struct store t;
    struct buf dump = {0};
    store_open(&t);
    (void)RUN(&t, "FUNCTION", "LOAD",
              "#!lua name=l\nredis.register_function('f', function() return 1 end)");
    struct slice got = RUN(&t, "FUNCTION", "DUMP");
    size_t len = read_head(&got);
    buf_add(&dump, got.p, len);
    (void)RUN(&t, "FUNCTION", "FLUSH");
    struct slice argv[] = {SLICE("FUNCTION"), SLICE("RESTORE"), buf_slice(&dump)};
    buf_clear(&t.s.out);
    exec_command(t.e, &t.s, argv, 3);
    expect(buf_slice(&t.s.out), "+OK\r\n");
    expect(RUN(&t, "FCALL", "f", "0"), ":1\r\n");
    buf_clear(&t.s.out);
    exec_command(t.e, &t.s, argv, 3);
    expect(buf_slice(&t.s.out), "-ERR Library 'l' already exists\r\n");
    dump.p[3] ^= 1;
    buf_clear(&t.s.out);
    exec_command(t.e, &t.s, argv, 3);
    expect(buf_slice(&t.s.out), "-ERR DUMP payload version or checksum are wrong\r\n");
    buf_fini(&dump);
    store_close(&t);
}
END_TEST

UNIT_SUITE("script", the_log_alone_gives_the_same_streams_and_functions,
           a_rewrite_gives_the_same_streams_and_functions,
           a_script_is_one_record_of_effects_without_its_text, time_stands_still_inside_a_script,
           select_and_resp_end_with_the_script, a_script_cannot_take_all_memory,
           others_are_told_busy_and_may_kill, a_library_that_fails_leaves_the_old_one,
           functions_survive_dump_and_restore)
