/* Goal:   what a store acknowledged with appendfsync always survives kill -9 at any moment,
 *         also in the middle of a rewrite; nothing half of a transaction is ever seen.
 * Method: threads write without pause, each its own counter, stream and keys, and count what
 *         was acknowledged. The process is killed after a random time, started again, and
 *         asked; then the threads go on from what it holds. The seed is printed on failure.
 */
#include "base/clock.h"
#include "base/must.h"
#include "base/rng.h"
#include "tests/crash/peer.h"
#include "tests/lib/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { WRITERS = 4, ROUNDS = 8, DEPTH = 8 };

struct writer {
    const struct peer *peer;
    int number;
    long long sent, acked; /* transactions */
    pthread_t thread;
};

/* One transaction that leaves the same number in three places. */
static void send_one(redisContext *c, struct writer *w)
{
    w->sent++;
    (void)redisAppendCommand(c, "MULTI");
    (void)redisAppendCommand(c, "INCR counter:%d", w->number);
    (void)redisAppendCommand(c, "XADD stream:%d * n %lld", w->number, w->sent);
    (void)redisAppendCommand(c, "SET key:%d:%lld %lld", w->number, w->sent, w->sent);
    (void)redisAppendCommand(c, "EXEC");
}

static bool take_one(redisContext *c)
{
    for (int i = 0; i < 5; i++) {
        redisReply *r = NULL;
        if (redisGetReply(c, (void **)&r) != REDIS_OK || r == NULL) return false;
        bool ok = r->type != REDIS_REPLY_ERROR;
        freeReplyObject(r);
        if (!ok) return false;
    }
    return true;
}

/* Writes until the store is gone. */
static void *write_on(void *arg)
{
    struct writer *w = arg;
    redisContext *c = peer_connect(w->peer);
    for (bool up = true; up;) {
        for (int i = 0; i < DEPTH; i++)
            send_one(c, w);
        for (int i = 0; i < DEPTH && up; i++) {
            up = take_one(c);
            if (up) w->acked++;
        }
    }
    redisFree(c);
    return NULL;
}

/* What the store holds for this writer lies between what was acknowledged and what was sent,
 * and is the same number everywhere. */
static void check_writer(redisContext *c, struct writer *w, int round)
{
    char text[32];
    long long counter = atoll(peer_text(c, text, sizeof text, "GET counter:%d", w->number));
    ck_assert_msg(counter >= w->acked && counter <= w->sent,
                  "round %d: %lld held, %lld acknowledged, %lld sent", round, counter, w->acked,
                  w->sent);
    ck_assert_int_eq(peer_ask(c, "XLEN stream:%d", w->number), counter);
    for (long long n = counter > 50 ? counter - 50 : 1; n <= counter; n++)
        ck_assert_int_eq(atoll(peer_text(c, text, sizeof text, "GET key:%d:%lld", w->number, n)),
                         n);
    ck_assert_int_eq(peer_ask(c, "EXISTS key:%d:%lld", w->number, counter + 1), 0);
    w->sent = w->acked = counter;
}

/* Waits some milliseconds on nothing, asking for a rewrite on the way. */
static void let_run(struct peer *p, int64_t ms, bool rewrite)
{
    int64_t until = clock_mono_ms() + ms;
    redisContext *c = peer_connect(p);
    if (rewrite) (void)peer_ask(c, "BGREWRITEAOF");
    while (clock_mono_ms() < until)
        ck_assert_int_eq(peer_ask(c, "PING"), 4);
    redisFree(c);
}

START_TEST(acknowledged_transactions_survive_kill_9)
{
    static const char *const flags[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    (void)signal(SIGPIPE, SIG_IGN);
    uint64_t seed = (uint64_t)clock_wall_us();
    struct rng rng;
    rng_init(&rng, seed);
    struct peer p;
    peer_init(&p);
    struct writer writers[WRITERS] = {0};
    for (int round = 0; round <= ROUNDS; round++) {
        ck_assert_msg(peer_start(&p, flags, 0), "round %d: no start; log in %s", round, p.log);
        redisContext *c = peer_connect(&p);
        for (int i = 0; i < WRITERS; i++) {
            writers[i].peer = &p;
            writers[i].number = i;
            check_writer(c, &writers[i], round);
        }
        redisFree(c);
        if (round == ROUNDS) break;
        for (int i = 0; i < WRITERS; i++)
            must(pthread_create(&writers[i].thread, NULL, write_on, &writers[i]) == 0);
        let_run(&p, 100 + (int64_t)rng_below(&rng, 700), round % 2 == 1);
        (void)peer_end(&p, SIGKILL);
        for (int i = 0; i < WRITERS; i++)
            must(pthread_join(writers[i].thread, NULL) == 0);
    }
    ck_assert_int_gt(writers[0].acked, 100);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    peer_fini(&p);
}
END_TEST

START_TEST(clean_end_keeps_everything_in_every_mode)
{
    static const char *const modes[] = {"always", "everysec", "no"};
    for (int i = 0; i < 3; i++) {
        const char *const flags[] = {"--appendonly", "yes", "--appendfsync", modes[i], NULL};
        struct peer p;
        peer_init(&p);
        ck_assert(peer_start(&p, flags, 0));
        redisContext *c = peer_connect(&p);
        for (int n = 0; n < 500; n++)
            ck_assert_int_eq(peer_ask(c, "RPUSH list %d", n), n + 1);
        ck_assert_int_eq(peer_ask(c, "SELECT 3"), 2);
        ck_assert_int_eq(peer_ask(c, "SET other 1 EX 1000"), 2);
        redisFree(c);
        ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
        ck_assert(peer_start(&p, flags, 0));
        c = peer_connect(&p);
        ck_assert_int_eq(peer_ask(c, "LLEN list"), 500);
        ck_assert_int_eq(peer_ask(c, "SELECT 3"), 2);
        ck_assert_int_gt(peer_ask(c, "TTL other"), 900);
        redisFree(c);
        ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
        peer_fini(&p);
    }
}
END_TEST

START_TEST(log_that_grew_is_rewritten_by_itself_and_keeps_everything)
{
    static const char *const flags[] = {
        "--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-min-size", "100kb", NULL};
    struct peer p;
    peer_init(&p);
    ck_assert(peer_start(&p, flags, 0));
    redisContext *c = peer_connect(&p);
    long long n = 0;
    for (bool rewritten = false; !rewritten;) {
        for (int i = 0; i < 500; i++)
            ck_assert_int_ge(peer_ask(c, "HSET h f%lld %lld", n % 50, n + i), 0);
        n++;
        ck_assert_int_eq(peer_ask(c, "INCR n"), n);
        rewritten = !peer_info_has(c, "aof_rewrites:0");
    }
    redisFree(c);
    (void)peer_end(&p, SIGTERM);
    ck_assert(peer_start(&p, flags, 0));
    c = peer_connect(&p);
    char text[32];
    ck_assert_int_eq(atoll(peer_text(c, text, sizeof text, "GET n")), n);
    ck_assert_int_eq(peer_ask(c, "HLEN h"), n < 50 ? n : 50);
    redisFree(c);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    peer_fini(&p);
}
END_TEST

START_TEST(second_process_in_the_same_folder_is_refused)
{
    static const char *const flags[] = {"--appendonly", "yes", NULL};
    struct peer p;
    peer_init(&p);
    ck_assert(peer_start(&p, flags, 0));
    struct peer second = p;
    ck_assert(!peer_start(&second, flags, 0));
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    peer_fini(&p);
}
END_TEST

UNIT_SUITE("kill", acknowledged_transactions_survive_kill_9,
           clean_end_keeps_everything_in_every_mode,
           log_that_grew_is_rewritten_by_itself_and_keeps_everything,
           second_process_in_the_same_folder_is_refused)
