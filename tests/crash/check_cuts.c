/* Goal:   power may go at any operation on the disk and at any byte of a write: what was
 *         acknowledged is there at the next start, and of what was not, nothing by half.
 * Method: one store does some hundred commands of every family, indexes too, on a disk in memory,
 *         in two lives, with rewrites and snapshots under way. Before each operation of that disk,
 *         others are made as a machine would find them had the power gone just then: with
 *         nothing that was not synced, with all of it and any number of bytes of the write that
 *         begins, with any mixture. Each must open, and hold exactly what the store held after
 *         some record: not before the last one acknowledged. After each record the store's sum
 *         was noted; that is the model.
 *
 * HANSOM_CUTS=all cuts at every byte of each write; else at a few of them.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "store/persist/snapshot.h"
#include "tests/crash/small_store.h"
#include "tests/lib/disk.h"
#include "tests/lib/unit.h"

#include <stdio.h>
#include <string.h>

enum { STATES_MAX = 4000, SEEDS = 3, BYTES_FEW = 5, GO_ON_EVERY = 16 };

/* ---- the workload ---- */

/* %d: a small number. Client b's lines begin with "b ". */
static const char *const forms[] = {
    "SET k%d v%d",
    "SET k%d v%d EX %d",
    "INCRBY n%d %d",
    "APPEND k%d x%d",
    "SETRANGE k%d %d zz",
    "SETBIT bits%d %d 1",
    "BITFIELD bits%d OVERFLOW FAIL INCRBY u2 %d 1",
    "PFADD hll%d x%d y%d",
    "HSET h%d f%d v g%d w",
    "HINCRBY h%d c %d",
    "HDEL h%d f%d",
    "RPUSH l%d a%d b",
    "LMOVE l%d l%d LEFT RIGHT",
    "LTRIM l%d 0 5",
    "SADD s%d m%d q",
    "SPOP s%d",
    "SMOVE s%d s%d q",
    "ZADD z%d %d m %d o",
    "ZINCRBY z%d 1.5 m",
    "GEOADD g%d 13.4%d 52.5%d d1 13.5 52.51 d2",
    "GEOADD drivers:active 13.4%d 52.5%d d%d",
    "COPY drivers:active kept%d REPLACE",
    "XADD st%d * ride r%d state s%d",
    "XGROUP CREATE st%d grp%d 0 MKSTREAM",
    "XREADGROUP GROUP grp1 c%d COUNT %d STREAMS st1 >",
    "XREADGROUP GROUP grp2 c%d COUNT %d STREAMS st2 >",
    "XAUTOCLAIM st1 grp1 c%d 0 0 COUNT %d",
    "XADD st1 5%d-1 ride r",
    "XTRIM st%d MAXLEN %d",
    "EXPIRE h%d 1%d",
    "PERSIST h%d",
    "PEXPIRE l%d 40%d",
    "RENAME k%d k%d",
    "DEL l%d s%d",
    "SELECT %d",
    "SWAPDB 0 %d",
    "MOVE k%d %d",
    "SUNIONSTORE s%d s%d s1",
    "SORT s%d ALPHA STORE l%d",
    "MULTI",
    "EXEC",
    "EVAL 'redis.call(\"SET\", KEYS[1], ARGV[1]) redis.call(\"RPUSH\", KEYS[2], ARGV[1], "
    "ARGV[1])' 2 ev%d l%d v%d",
    "FUNCTION LOAD REPLACE '#!lua name=lib%d\n redis.register_function(\"f%d\", function(k, a) "
    "redis.call(\"INCR\", k[1]) return redis.call(\"HSET\", k[2], a[1], %d) end)'",
    "FCALL f%d 2 n%d h%d field",
    "FUNCTION DELETE lib%d",
    "SELECT 0", /* where indexes are */
    "JSON.SET doc $ {\"a\":%d,\"list\":[%d]}",
    "JSON.NUMINCRBY doc $.a %d",
    "JSON.ARRAPPEND doc $.list %d",
    "JSON.MERGE doc $ {\"b%d\":{\"c\":%d}}",
    "TS.CREATE ts CHUNK_SIZE 128 LABELS area a%d",
    "TS.CREATE sums",
    "TS.CREATERULE ts sums AGGREGATION sum 100",
    "TS.ADD ts * 1.%d",
    "TS.INCRBY plain%d %d",
    "TS.DEL ts 0 170000000%d000",
    "BF.RESERVE bf%d 0.1 4",
    "BF.ADD bf%d x%d",
    "CF.RESERVE cf%d 16",
    "CF.ADD cf1 x%d",
    "CF.DEL cf1 x%d",
    "CMS.INITBYDIM cms 10 2",
    "CMS.INCRBY cms x%d %d",
    "TOPK.RESERVE top 2 4 2 0.9",
    "TOPK.ADD top a%d b",
    "TDIGEST.CREATE td COMPRESSION 10",
    "TDIGEST.ADD td %d 7",
    "FT.CREATE idx ON HASH PREFIX 1 h SCHEMA f%d TEXT c NUMERIC SORTABLE",
    "FT.CREATE jdx ON JSON PREFIX 1 doc SCHEMA $.a AS a NUMERIC",
    "FT.ALTER idx SCHEMA ADD x%d TAG",
    "FT.ALIASADD alias%d idx",
    "FT.ALIASUPDATE alias%d jdx",
    "FT.ALIASDEL alias%d",
    "FT.SYNUPDATE idx group%d car cab%d",
    "FT.DICTADD dict%d word%d",
    "FT.DICTDEL dict%d word%d",
    "FT.DROPINDEX jdx",
    "b BLPOP todo%d 0",
    "RPUSH todo%d job%d",
    "FLUSHDB",
};
enum { FORMS = sizeof forms / sizeof forms[0] };

struct state {
    uint64_t sum;
    uint64_t position; /* of the record after which the store was so, in its life */
};

struct world {
    struct disk *disk;
    struct small_store store;
    struct rng rng;
    struct state *states; /* owned; [0] is the empty store */
    uint32_t count;
    uint32_t life; /* the last state of the life before */
    bool open;     /* the journal of this life is there */
    bool whole;    /* every byte is a cut */

    struct base base; /* a rewrite under way */
    int64_t base_id;  /* 0: none is */
    struct base snapshot;
    bool saving;
    uint64_t saved[2]; /* sums of the snapshot that is there, and of the one to be */
    bool saved_once;

    uint64_t cuts, opens;
};

static void on_record(void *data, uint64_t position)
{
    struct world *w = data;
    ck_assert_uint_lt(w->count, STATES_MAX);
    w->states[w->count++] = (struct state){small_sum(&w->store), position};
}

/* The last state whose record was released: nothing before it may be found. */
static uint32_t acknowledged(const struct world *w)
{
    if (!w->open) return w->life;
    uint64_t released = journal_released(w->store.journal);
    uint32_t n = w->life;
    while (n + 1 < w->count && w->states[n + 1].position <= released)
        n++;
    return n;
}

/* ---- one cut ---- */

struct where {
    uint64_t op;
    enum disk_left left;
    size_t done;
    uint64_t seed;
};

static uint32_t find_state(const struct world *w, uint64_t sum, uint32_t from)
{
    for (uint32_t n = from; n < w->count; n++)
        if (w->states[n].sum == sum) return n;
    return UINT32_MAX;
}

static void check_log(struct world *w, struct disk *d, struct where at)
{
    struct small_store s;
    small_new(&s);
    ck_assert_msg(small_open(&s, disk_io(d)), "op %d left %d done %d seed %d: %s", (int)at.op,
                  (int)at.left, (int)at.done, (int)at.seed, s.found.error);
    uint64_t sum = small_sum(&s);
    uint32_t from = acknowledged(w);
    ck_assert_msg(find_state(w, sum, from) != UINT32_MAX,
                  "op %d left %d done %d seed %d: no state from %d to %d", (int)at.op, (int)at.left,
                  (int)at.done, (int)at.seed, (int)from, (int)w->count - 1);
    if (w->opens++ % GO_ON_EVERY == 0) { /* it goes on from there, and what it adds is kept */
        small_say(&s, &s.a, "INCR after");
        sum = small_sum(&s);
        ck_assert(small_free(&s));
        small_new(&s);
        ck_assert(small_open(&s, disk_io(d)));
        ck_assert_uint_eq(s.found.cut_bytes, 0);
        ck_assert_uint_eq(small_sum(&s), sum);
    }
    (void)small_free(&s);
}

static void check_snapshot(const struct world *w, struct disk *d, struct where at)
{
    struct small_store s;
    bool there = false;
    if (!w->saved_once && !w->saving) return;
    small_new(&s);
    ck_assert_msg(small_load(&s, disk_io(d), &there), "op %d left %d done %d seed %d: %s",
                  (int)at.op, (int)at.left, (int)at.done, (int)at.seed, s.found.error);
    ck_assert(there || !w->saved_once);
    if (there) {
        uint64_t sum = small_sum(&s);
        ck_assert_msg((w->saved_once && sum == w->saved[0]) || (w->saving && sum == w->saved[1]),
                      "op %d left %d done %d seed %d: neither the old snapshot nor the new",
                      (int)at.op, (int)at.left, (int)at.done, (int)at.seed);
    }
    (void)small_free(&s);
}

static void cut_here(struct world *w, enum disk_left left, size_t done, uint64_t seed)
{
    struct where at = {disk_ops(w->disk), left, done, seed};
    struct disk *d = disk_found(w->disk, left, done, seed);
    check_snapshot(w, d, at);
    check_log(w, d, at);
    disk_free(d);
    w->cuts++;
}

static void on_operation(void *data, size_t bytes)
{
    struct world *w = data;
    cut_here(w, DISK_LEFT_SYNCED, 0, 1);
    cut_here(w, DISK_LEFT_ALL, 0, 1);
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        cut_here(w, DISK_LEFT_SOME, bytes == 0 ? 0 : bytes * seed / (SEEDS + 1),
                 disk_ops(w->disk) * SEEDS + seed);
    size_t step = w->whole || bytes <= BYTES_FEW ? 1 : bytes / BYTES_FEW;
    for (size_t done = step; done < bytes; done += step)
        cut_here(w, DISK_LEFT_ALL, done, 1);
}

/* ---- the store's lives ---- */

static void rewrite_begin(struct world *w)
{
    w->base_id = journal_rotate(w->store.journal);
    ck_assert_int_gt(w->base_id, 0);
    base_begin(&w->base, disk_io(w->disk), "dir/log", (uint64_t)w->base_id);
    small_write(&w->store, &w->base);
}

static void rewrite_end(struct world *w)
{
    ck_assert_int_eq(base_end(&w->base), 0);
    ck_assert_int_eq(journal_rebase(w->store.journal, (uint64_t)w->base_id), 0);
    w->base_id = 0;
}

static void save_begin(struct world *w)
{
    w->saved[1] = small_sum(&w->store);
    w->saving = true;
    snapshot_begin(&w->snapshot, disk_io(w->disk), "dir", "temp-1.snapshot",
                   (uint64_t)small_now_us);
    small_write(&w->store, &w->snapshot);
}

static void save_end(struct world *w)
{
    ck_assert_int_eq(base_end(&w->snapshot), 0);
    ck_assert_int_eq(snapshot_commit(disk_io(w->disk), "dir", "temp-1.snapshot", "dump.snapshot"),
                     0);
    w->saved[0] = w->saved[1];
    w->saved_once = true;
    w->saving = false;
}

static void say_form(struct world *w, const char *form)
{
    char line[300];
    int x = (int)rng_below(&w->rng, 4), y = (int)rng_below(&w->rng, 4);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(line, sizeof line, form, x, y, 1 + x + y);
#pragma GCC diagnostic pop
    struct small_store *s = &w->store;
    struct session *who = strncmp(line, "b ", 2) == 0 ? &s->b : &s->a;
    small_now_us += 50000;
    if (!session_blocked(who)) small_say(s, who, who == &s->b ? line + 2 : line);
}

/* Where in a life what begins and ends. */
enum { COMMANDS = 300, REWRITE = 90, SAVE = 110, REWRITTEN = 140, SAVED = 145, AGAIN = 230 };

static void life(struct world *w)
{
    small_new(&w->store);
    w->store.on_record = on_record;
    w->store.data = w;
    ck_assert_msg(small_open(&w->store, disk_io(w->disk)), "%s", w->store.found.error);
    ck_assert_uint_eq(small_sum(&w->store), w->states[w->life].sum);
    w->open = true;
    for (int i = 0; i < COMMANDS; i++) {
        say_form(w, forms[i < FORMS ? (uint64_t)i : rng_below(&w->rng, FORMS)]);
        if (rng_below(&w->rng, 3) > 0) journal_turn(w->store.journal, true);
        if (i % 10 == 9) exec_tick(w->store.engine);
        if (i == REWRITE || i == AGAIN) rewrite_begin(w);
        if (i == SAVE) save_begin(w);
        if (i == REWRITTEN || i == AGAIN + 10) rewrite_end(w);
        if (i == SAVED) save_end(w);
    }
    journal_turn(w->store.journal, true);
    ck_assert_uint_eq(acknowledged(w), w->count - 1);
    w->life = w->count - 1;
    w->open = false;
    ck_assert(small_free(&w->store));
}

START_TEST(power_loss_anywhere_keeps_what_was_acknowledged_and_nothing_by_half)
{
    struct world w = {.disk = disk_new(1), .count = 1};
    const char *how = getenv("HANSOM_CUTS");
    w.whole = how != NULL && strcmp(how, "all") == 0;
    w.states = mem_array(STATES_MAX, struct state);
    rng_init(&w.rng, 3);
    disk_watch(w.disk, on_operation, &w);
    life(&w);
    life(&w);
    printf("%llu cuts, %u records, %llu operations\n", (unsigned long long)w.cuts, w.count - 1,
           (unsigned long long)disk_ops(w.disk));
    ck_assert_uint_gt(w.cuts, 2000);
    mem_free(w.states);
    disk_free(w.disk);
}
END_TEST

UNIT_SUITE("cuts", power_loss_anywhere_keeps_what_was_acknowledged_and_nothing_by_half)
