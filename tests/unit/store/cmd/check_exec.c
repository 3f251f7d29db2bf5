/* Goal: what the executor promises besides replies: records, dependence, waking, ephemeral
 * keys, and that a replay of the records gives the same store. Method: an engine with a clock of
 * the test, sessions without sockets, and a log that is an array of records. */
#include "store/cmd/exec.h"

#include "base/mem.h"
#include "base/must.h"
#include "base/rng.h"
#include "store/engine/trash.h"
#include "tests/lib/same_store.h"
#include "tests/lib/unit.h"

#include <stdarg.h>
#include <stdio.h>

static int64_t now_us = 1700000000000000;

static int64_t test_clock(void *data)
{
    (void)data;
    return now_us;
}

static struct buf records;    /* all of them */
static uint32_t record_count; /* so many */

static uint64_t log_append(void *data, struct slice record)
{
    (void)data;
    record_count++;
    buf_add_slice(&records, record);
    return records.len;
}

static uint64_t log_end(void *data)
{
    (void)data;
    return records.len;
}

static const char *refusal;

static const char *log_refuses(void *data)
{
    (void)data;
    return refusal;
}

static const struct log_sink sink = {log_append, log_end, log_refuses, NULL};

static uint32_t produced;

static void on_produced(struct session *s)
{
    (void)s;
    produced++;
}

static const struct session_io io = {.produced = on_produced};

static struct engine *engine;
static struct session a, b, c;

static struct engine *make_engine(void)
{
    struct engine *e = engine_new();
    e->clock = (struct engine_clock){test_clock, test_clock, NULL};
    engine_clock_update(e);
    exec_attach(e);
    return e;
}

static void setup(void)
{
    refusal = NULL;
    record_count = 0;
    buf_clear(&records);
    engine = make_engine();
    engine->sink = &sink;
    session_init(&a, engine, &io);
    session_init(&b, engine, &io);
    session_init(&c, engine, &io);
}

static void teardown(void)
{
    session_fini(&a);
    session_fini(&b);
    session_fini(&c);
    exec_detach(engine);
    engine_free(engine);
    buf_fini(&records);
}

/* Runs a command given as one text with spaces; the reply replaces s->out. */
static void run(struct session *s, const char *line)
{
    struct slice argv[32];
    uint32_t argc = 0;
    struct slice rest = slice_of(line), word = {0};
    while (slice_cut(&rest, ' ', &word))
        argv[argc++] = word;
    buf_clear(&s->out);
    exec_command(engine, s, argv, argc);
}

#define says(s, text)                                                                              \
    ck_assert_msg(slice_is(buf_slice(&(s)->out), text), "said %.*s", (int)(s)->out.len, (s)->out.p)

/* The records since the last call as one line: "SET a 1|SELECT 1|…". */
static const char *logged(void)
{
    static char text[1 << 20];
    size_t n = 0;
    struct slice rest = buf_slice(&records);
    static size_t seen;
    if (seen > rest.len) seen = 0;
    rest = slice_from(rest, seen);
    seen = records.len;
    text[0] = '\0';
    struct slice *argv = NULL;
    uint32_t cap = 0, argc = 0;
    while (rest.len > 0) {
        must(effects_next(&rest, &argv, &cap, &argc));
        if (n > 0) text[n++] = '|';
        for (uint32_t i = 0; i < argc; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", i > 0 ? " " : "",
                                  (int)argv[i].len, argv[i].p);
    }
    mem_free(argv);
    return text;
}

START_TEST(a_write_is_logged_and_a_read_is_not)
{
    setup();
    run(&a, "SET k v");
    ck_assert_str_eq(logged(), "SELECT 0|SET k v");
    run(&a, "GET k");
    run(&a, "DEL missing");
    run(&a, "SADD s x");
    run(&a, "SADD s x");
    ck_assert_str_eq(logged(), "SELECT 0|SADD s x");
    teardown();
}
END_TEST

START_TEST(effects_are_absolute_and_repeatable)
{
    setup();
    (void)logged();
    run(&a, "SET k v EX 10");
    ck_assert_str_eq(logged(), "SELECT 0|SET k v PXAT 1700000010000");
    run(&a, "EXPIRE k 5");
    ck_assert_str_eq(logged(), "SELECT 0|PEXPIREAT k 1700000005000");
    run(&a, "EXPIRE k -1");
    ck_assert_str_eq(logged(), "SELECT 0|DEL k");
    run(&a, "SET f 1");
    (void)logged();
    run(&a, "INCRBYFLOAT f 0.5");
    ck_assert_str_eq(logged(), "SELECT 0|SET f 1.5 KEEPTTL");
    run(&a, "SADD s x");
    (void)logged();
    run(&a, "SPOP s");
    ck_assert_str_eq(logged(), "SELECT 0|SREM s x");
    run(&a, "GETEX f PX 7");
    ck_assert_str_eq(logged(), "SELECT 0|PEXPIREAT f 1700000000007");
    teardown();
}
END_TEST

/* Goal: SPOP of many logs by name just what it replied with, or that nothing stayed. */
START_TEST(many_popped_members_are_logged_by_name)
{
    setup();
    for (int i = 0; i < 200; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "SADD s m%d", i);
        run(&a, line);
    }
    (void)logged();
    run(&a, "SPOP s 120");
    struct slice reply = buf_slice(&a.out), names = slice_of(logged()), line = {0}, name = {0};
    ck_assert(slice_cut(&reply, '\n', &line));
    ck_assert(slice_is(line, "*120\r"));
    ck_assert(slice_starts(names, SLICE("SELECT 0|SREM s ")));
    names = slice_from(names, strlen("SELECT 0|SREM s "));
    uint32_t n = 0;
    for (; slice_cut(&names, ' ', &name); n++) {
        ck_assert(slice_cut(&reply, '\n', &line)); /* its length */
        ck_assert(slice_cut(&reply, '\n', &line));
        ck_assert(slice_eq(slice_make(line.p, line.len - 1), name));
    }
    ck_assert_uint_eq(n, 120);
    run(&a, "SCARD s");
    says(&a, ":80\r\n");
    run(&a, "SPOP s 80");
    ck_assert_str_eq(logged(), "SELECT 0|DEL s");
    run(&a, "EXISTS s");
    says(&a, ":0\r\n");
    teardown();
}
END_TEST

START_TEST(a_transaction_is_one_record)
{
    setup();
    run(&a, "MULTI");
    run(&a, "SET x 1");
    run(&a, "SELECT 3");
    run(&a, "SET y 2");
    run(&a, "GET x");
    uint32_t before = record_count;
    (void)logged();
    run(&a, "EXEC");
    ck_assert_uint_eq(record_count, before + 1);
    ck_assert_str_eq(logged(), "SELECT 0|SET x 1|SELECT 3|SET y 2");
    teardown();
}
END_TEST

START_TEST(an_expired_key_is_deleted_in_the_log)
{
    setup();
    run(&a, "SET k v PX 5");
    (void)logged();
    now_us += 6000;
    run(&a, "GET k");
    says(&a, "$-1\r\n");
    ck_assert_str_eq(logged(), "SELECT 0|DEL k");
    run(&a, "SET k v PX 5");
    (void)logged();
    now_us += 6000;
    exec_tick(engine);
    ck_assert_str_eq(logged(), "SELECT 0|DEL k");
    run(&a, "DBSIZE");
    says(&a, ":0\r\n");
    teardown();
}
END_TEST

START_TEST(replies_depend_on_the_log_when_they_saw_it)
{
    setup();
    run(&a, "SET k v");
    ck_assert_uint_eq(a.depends_on, records.len);
    run(&b, "PING");
    ck_assert_uint_eq(b.depends_on, 0);
    run(&b, "GET other");
    ck_assert_uint_eq(b.depends_on, records.len);
    run(&c, "SUBSCRIBE ch");
    ck_assert_uint_eq(c.depends_on, 0);
    run(&b, "PUBLISH ch m");
    ck_assert_uint_eq(c.depends_on, 0);
    run(&b, "MULTI");
    run(&b, "SET k w");
    run(&b, "PUBLISH ch m");
    run(&b, "EXEC");
    ck_assert_uint_eq(c.depends_on, records.len);
    teardown();
}
END_TEST

/* The position that a reader of these keys waits for, who waited for nothing before. */
static uint64_t waits(const char *line)
{
    b.depends_on = 0;
    run(&b, line);
    return b.depends_on;
}

START_TEST(reads_wait_for_the_newest_write_of_their_keys)
{
    setup();
    depends_set(&engine->depends, true);
    run(&a, "SET k v");
    uint64_t first = records.len;
    run(&a, "SET m v");
    uint64_t dying = records.len;
    run(&a, "SET dying v PX 10");
    uint64_t second = records.len;
    ck_assert_uint_eq(waits("GET other"), 0);
    ck_assert_uint_eq(waits("GET k"), 1);
    ck_assert_uint_eq(waits("MGET other m k"), first + 1);
    ck_assert_uint_eq(waits("DBSIZE"), second);
    run(&a, "DEL k");
    ck_assert_uint_eq(waits("GET k"), second + 1);
    ck_assert_uint_eq(waits("GET m"), first + 1);
    now_us += 20000;
    uint64_t before = records.len;
    exec_tick(engine);
    ck_assert_uint_gt(records.len, before);
    ck_assert_uint_eq(waits("GET dying"), dying + 1); /* it would expire again */

    before = records.len;
    run(&a, "SWAPDB 0 1");
    ck_assert_uint_eq(waits("GET other"), before + 1);
    b.depends_on = 0;
    run(&b, "WATCH k");
    run(&a, "SET k v");
    run(&b, "MULTI");
    b.depends_on = 0;
    run(&b, "EXEC");
    says(&b, "*-1\r\n");
    ck_assert_uint_eq(b.depends_on, records.len);

    depends_set(&engine->depends, false);
    ck_assert_uint_eq(waits("GET other"), records.len);
    depends_set(&engine->depends, true);
    ck_assert_uint_eq(waits("GET never"), records.len); /* it was not noted meanwhile */
    teardown();
}
END_TEST

/* Method: an oracle that knows where the record of each key's newest write begins. */
START_TEST(no_read_waits_for_less_than_the_newest_write_of_its_key)
{
    enum { KEYS = 40, STEPS = 100000, SETS = 2 };
    static const char *const forms[] = {
        "SET k%d v",       "SET k%d v PX 50", "INCR k%d",           "DEL k%d",    "SADD k%d m",
        "SPOP k%d",        "PEXPIRE k%d 20",  "XADD k%d * f v",     "GET k%d",    "EXISTS k%d",
        "TYPE k%d",        "TTL k%d",         "DUMP k%d",           "STRLEN k%d", "SMEMBERS k%d",
        "SUNION none k%d", "XLEN k%d",        "OBJECT ENCODING k%d"};
    uint64_t newest[KEYS] = {0};
    uint32_t early = 0;
    struct rng rng;
    setup();
    rng_init(&rng, 5);
    depends_set(&engine->depends, true);
    for (int step = 0; step < STEPS; step++) {
        char line[64];
        int key = (int)rng_below(&rng, KEYS);
        uint32_t form = (uint32_t)rng_below(&rng, sizeof forms / sizeof forms[0]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(line, sizeof line, forms[form], key);
#pragma GCC diagnostic pop
        now_us += 1000;
        uint64_t before = records.len;
        uint64_t waited = waits(line);
        if (waited == records.len && waited > before) {
            newest[key] = before + 1;
            continue;
        }
        ck_assert_msg(form >= SETS && waited >= newest[key], "%s waits for %d, not for %d", line,
                      (int)waited, (int)newest[key]);
        early += waited < records.len;
    }
    ck_assert_uint_gt(early, STEPS / 4);
    teardown();
}
END_TEST

START_TEST(ephemeral_keys_are_neither_logged_nor_waited_for)
{
    setup();
    struct slice patterns[] = {SLICE("drivers:*"), SLICE("tmp?")};
    engine_ephemeral_set(engine, patterns, 2);
    (void)logged();
    run(&b, "SET durable 1");
    (void)logged();
    run(&a, "SET drivers:1 x");
    run(&a, "SADD tmp1 x");
    run(&a, "GET drivers:1");
    run(&a, "SET drivers:1 x EX 10");
    run(&a, "DEL tmp1");
    ck_assert_str_eq(logged(), "");
    ck_assert_uint_eq(a.depends_on, 0);
    run(&a, "GET drivers:1");
    ck_assert_uint_eq(a.depends_on, 0);
    run(&a, "MGET drivers:1 durable");
    ck_assert_uint_eq(a.depends_on, records.len);
    teardown();
}
END_TEST

START_TEST(a_durable_key_made_of_an_ephemeral_one_is_logged_whole)
{
    setup();
    struct slice patterns[] = {SLICE("e:*")};
    engine_ephemeral_set(engine, patterns, 1);
    run(&a, "SADD e:s m");
    run(&a, "HSET e:h f v");
    (void)logged();
    run(&a, "SUNIONSTORE d e:s");
    ck_assert_str_eq(logged(), "SELECT 0|DEL d|SADD d m");
    run(&a, "RENAME e:h h");
    ck_assert_str_eq(logged(), "SELECT 0|DEL h|HSET h f v");
    run(&a, "RENAME h e:h");
    ck_assert_str_eq(logged(), "SELECT 0|DEL h");
    run(&a, "SUNIONSTORE e:d d");
    ck_assert_str_eq(logged(), "");
    run(&a, "MULTI");
    run(&a, "SET e:x 1");
    run(&a, "SET x 1");
    run(&a, "EXEC");
    ck_assert_str_eq(logged(), "SELECT 0|SET x 1");
    engine_ephemeral_drop(engine);
    run(&a, "EXISTS e:x e:h e:s d");
    says(&a, ":1\r\n");
    teardown();
}
END_TEST

START_TEST(a_woken_client_gets_its_reply_and_its_effect)
{
    setup();
    run(&a, "BLPOP q 0");
    ck_assert(session_blocked(&a));
    run(&b, "BLPOP q 0");
    (void)logged();
    produced = 0;
    run(&c, "RPUSH q x");
    ck_assert(!session_blocked(&a));
    ck_assert(session_blocked(&b));
    says(&a, "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
    ck_assert_uint_eq(produced, 1);
    ck_assert_str_eq(logged(), "SELECT 0|RPUSH q x|SELECT 0|LPOP q 1");
    ck_assert_uint_eq(a.depends_on, records.len);
    buf_clear(&a.out);
    run(&c, "RPUSH q y");
    says(&b, "*2\r\n$1\r\nq\r\n$1\r\ny\r\n");
    teardown();
}
END_TEST

START_TEST(a_wait_times_out_by_the_clock)
{
    setup();
    run(&a, "BLPOP q 0.05");
    ck_assert(session_blocked(&a));
    now_us += 49000;
    exec_tick(engine);
    ck_assert(session_blocked(&a));
    ck_assert_int_eq(exec_next_ms(engine), 1);
    now_us += 1000;
    exec_tick(engine);
    ck_assert(!session_blocked(&a));
    says(&a, "*-1\r\n");
    teardown();
}
END_TEST

START_TEST(a_client_that_leaves_while_waiting_is_forgotten)
{
    setup();
    run(&a, "BLPOP q r 0");
    run(&b, "WATCH q");
    run(&b, "SUBSCRIBE ch");
    session_fini(&a);
    session_fini(&b);
    ck_assert_uint_eq(engine->blocked_count, 0);
    ck_assert_uint_eq(engine->watch_count, 0);
    run(&c, "RPUSH q x");
    says(&c, ":1\r\n");
    run(&c, "PUBLISH ch x");
    says(&c, ":0\r\n");
    teardown();
}
END_TEST

START_TEST(refused_writes_change_nothing)
{
    setup();
    refusal = "MISCONF the log is broken";
    run(&a, "SET k v");
    says(&a, "-MISCONF the log is broken\r\n");
    run(&a, "GET k");
    says(&a, "$-1\r\n");
    run(&a, "MULTI");
    run(&a, "GET k");
    run(&a, "SET k v");
    says(&a, "-MISCONF the log is broken\r\n");
    run(&a, "EXEC");
    says(&a, "-EXECABORT Transaction discarded because of previous errors.\r\n");
    ck_assert_uint_eq(record_count, 0);
    teardown();
}
END_TEST

START_TEST(paused_clients_go_on_when_the_pause_ends)
{
    setup();
    run(&a, "CLIENT PAUSE 100 WRITE");
    run(&b, "SET k v");
    ck_assert(session_blocked(&b));
    run(&c, "GET k");
    says(&c, "$-1\r\n");
    now_us += 101000;
    exec_tick(engine);
    says(&b, "+OK\r\n");
    run(&a, "CLIENT PAUSE 100 ALL");
    run(&b, "GET k");
    ck_assert(session_blocked(&b));
    run(&a, "CLIENT UNPAUSE");
    says(&b, "$1\r\nv\r\n");
    teardown();
}
END_TEST

/* --- replay --- */

static void collect(struct slice piece, void *data)
{
    buf_add_slice(data, piece);
}

/* Goal: the records, and a rewrite, rebuild the very store. Method: random commands of all
 * families on few keys, so that types, expiries and deletions meet. */
START_TEST(replaying_the_log_gives_the_same_store)
{
    static const char *const forms[] = {"SET k%d v%d",
                                        "SET k%d v%d EX %d",
                                        "INCRBY n%d %d",
                                        "APPEND k%d x%d",
                                        "LPUSH l%d a%d b",
                                        "RPOP l%d",
                                        "LMOVE l%d l%d LEFT RIGHT",
                                        "SADD s%d m%d q",
                                        "SPOP s%d",
                                        "SMOVE s%d s%d q",
                                        "HSET h%d f%d v",
                                        "HDEL h%d f%d",
                                        "HINCRBY h%d c %d",
                                        "DEL l%d s%d",
                                        "EXPIRE h%d %d",
                                        "PERSIST h%d",
                                        "RENAME k%d k%d",
                                        "COPY h%d h%d REPLACE",
                                        "SELECT %d",
                                        "MOVE k%d %d",
                                        "SUNIONSTORE s%d s%d s1",
                                        "SETRANGE k%d %d zz",
                                        "LREM l%d 1 b",
                                        "GETDEL k%d",
                                        "INCRBYFLOAT n%d 1.5",
                                        "HINCRBYFLOAT h%d fl 0.1",
                                        "LTRIM l%d 0 5",
                                        "ZADD z%d %d m",
                                        "SETBIT b%d %d 1",
                                        "BITFIELD b%d OVERFLOW FAIL INCRBY u2 %d 1",
                                        "BITOP XOR b%d b%d b1",
                                        "CONFIG SET hll-sparse-max-bytes %d%d",
                                        "PFADD p%d x%d y%d",
                                        "PFMERGE p%d p%d",
                                        "PFCOUNT p%d",
                                        "DEL p%d b%d",
                                        "SORT s%d ALPHA STORE l%d"};
    setup();
    struct rng rng;
    rng_init(&rng, 77);
    for (int i = 0; i < 100000; i++) {
        char line[200];
        const char *form = forms[rng_below(&rng, sizeof forms / sizeof forms[0])];
        int x = (int)rng_below(&rng, 8), y = (int)rng_below(&rng, 8);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(line, sizeof line, form, x, y, 1 + x + y);
#pragma GCC diagnostic pop
        run(&a, line);
        now_us += (int64_t)rng_below(&rng, 200000);
        if (i % 500 == 0) exec_tick(engine);
        if (i % 20000 == 10000) run(&a, "FLUSHALL");
    }
    exec_tick(engine);
    struct engine *again = make_engine();
    replay_records(again, buf_slice(&records));
    same_store(engine, again);

    struct buf snapshot = {0};
    exec_rewrite(engine, collect, &snapshot);
    struct engine *fresh = make_engine();
    replay_records(fresh, buf_slice(&snapshot));
    same_store(engine, fresh);
    buf_fini(&snapshot);
    exec_detach(again);
    engine_free(again);
    exec_detach(fresh);
    engine_free(fresh);
    teardown();
}
END_TEST

START_TEST(eviction_makes_room_or_refuses)
{
    setup();
    run(&a, "CONFIG SET maxmemory 1");
    run(&a, "SET k v");
    says(&a, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    run(&a, "CONFIG SET maxmemory 0");
    for (int i = 0; i < 2000; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "SET k%d vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", i);
        run(&a, line);
    }
    char limit[64];
    (void)snprintf(limit, sizeof limit, "CONFIG SET maxmemory %zu", mem_used() - 5000);
    run(&a, "CONFIG SET maxmemory-policy allkeys-lru");
    run(&a, limit);
    (void)logged();
    run(&a, "SET more v");
    says(&a, "+OK\r\n");
    ck_assert_uint_gt(engine->stats.evicted_keys, 0);
    ck_assert(strstr(logged(), "|DEL k") != NULL);
    teardown();
}
END_TEST

/* Goal: each policy gives up the keys that it names. Method: 600 keys of one size, the even ones
 * with a time to live that grows with their number; those below 50 are used often and last. Then
 * a third of the memory is taken away. Nothing is logged: the records would take memory too. */
enum { EVICT_KEYS = 600, EVICT_HOT = 50 };

static void fill_for(const char *policy)
{
    char line[96];
    engine->sink = NULL;
    run(&a, "CONFIG SET maxmemory 0");
    run(&a, "FLUSHALL");
    while (trash_work(engine, 1000000)) /* what was deleted must not count below */
        continue;
    run(&a, "CONFIG SET maxmemory-samples 16");
    (void)snprintf(line, sizeof line, "CONFIG SET maxmemory-policy %s", policy);
    run(&a, line);
    size_t empty = mem_used();
    for (int i = 0; i < EVICT_KEYS; i++) {
        (void)snprintf(line, sizeof line, "SET k%03d %s", i,
                       "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv");
        run(&a, line);
        (void)snprintf(line, sizeof line, "EXPIRE k%03d %d", i, 100000 + i * 100);
        if (i % 2 == 0) run(&a, line);
    }
    now_us += 600 * 1000000LL;
    for (int use = 0; use < 40; use++)
        for (int i = 0; i < EVICT_HOT; i++) {
            (void)snprintf(line, sizeof line, "GET k%03d", i);
            run(&a, line);
        }
    (void)snprintf(line, sizeof line, "CONFIG SET maxmemory %zu",
                   mem_used() - (mem_used() - empty) / 3);
    run(&a, line);
    run(&a, "SET more v");
}

/* Keys left with numbers in [from, to) that are even, odd, or (step 1) any. */
static int left(int from, int to, int step)
{
    int n = 0;
    for (int i = from; i < to; i += step) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%03d", i);
        n += dict_find(&engine->db[0].keys, slice_of(key)) != NULL;
    }
    return n;
}

START_TEST(each_policy_gives_up_what_it_names)
{
    setup();
    static const char *const any[] = {"allkeys-lru", "allkeys-lfu", "allkeys-random"};
    static const char *const some[] = {"volatile-lru", "volatile-lfu", "volatile-random",
                                       "volatile-ttl"};
    for (int i = 0; i < 3; i++) {
        fill_for(any[i]);
        ck_assert_int_lt(left(0, EVICT_KEYS, 1), EVICT_KEYS * 2 / 3);
        ck_assert_int_lt(left(1, EVICT_KEYS, 2), EVICT_KEYS / 2); /* whether they expire or not */
        if (i < 2) ck_assert_int_ge(left(0, EVICT_HOT, 1), EVICT_HOT - 2);
    }
    for (int i = 0; i < 4; i++) {
        fill_for(some[i]);
        ck_assert_int_eq(left(1, EVICT_KEYS, 2), EVICT_KEYS / 2); /* those without a time stay */
        ck_assert_int_lt(left(0, EVICT_KEYS, 2), EVICT_KEYS / 3);
        if (i == 3)
            ck_assert_int_lt(left(0, EVICT_KEYS / 2, 2), left(EVICT_KEYS / 2, EVICT_KEYS, 2) + 1);
    }
    fill_for("noeviction");
    says(&a, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    ck_assert_int_eq(left(0, EVICT_KEYS, 1), EVICT_KEYS);
    teardown();
}
END_TEST

UNIT_SUITE("exec", a_write_is_logged_and_a_read_is_not, many_popped_members_are_logged_by_name,
           effects_are_absolute_and_repeatable, a_transaction_is_one_record,
           an_expired_key_is_deleted_in_the_log, replies_depend_on_the_log_when_they_saw_it,
           reads_wait_for_the_newest_write_of_their_keys,
           no_read_waits_for_less_than_the_newest_write_of_its_key,
           ephemeral_keys_are_neither_logged_nor_waited_for,
           a_durable_key_made_of_an_ephemeral_one_is_logged_whole,
           a_woken_client_gets_its_reply_and_its_effect, a_wait_times_out_by_the_clock,
           a_client_that_leaves_while_waiting_is_forgotten, refused_writes_change_nothing,
           paused_clients_go_on_when_the_pause_ends, replaying_the_log_gives_the_same_store,
           eviction_makes_room_or_refuses, each_policy_gives_up_what_it_names)
