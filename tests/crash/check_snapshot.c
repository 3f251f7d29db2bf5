/* Goal:   snapshots survive what happens to the process: killed while one is written, no room for
 *         a new one, ended in order; and the log goes before the snapshot at the start.
 * Method: a real store whose keys all hold the same number, raised in one transaction, so that
 *         half a snapshot or a mixture of two would show.
 */
#include "base/clock.h"
#include "base/rng.h"
#include "tests/crash/peer.h"
#include "tests/lib/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { KEYS = 2000, ROUNDS = 12, VALUE = 200 };

/* All keys to this number at once. */
static void set_all(redisContext *c, long long n)
{
    char value[VALUE + 1];
    (void)snprintf(value, sizeof value, "%0*lld", VALUE, n);
    (void)redisAppendCommand(c, "MULTI");
    for (int k = 0; k < KEYS; k++)
        (void)redisAppendCommand(c, "SET key:%d %s", k, value);
    (void)redisAppendCommand(c, "EXEC");
    for (int i = 0; i < KEYS + 2; i++) {
        redisReply *r = NULL;
        ck_assert_int_eq(redisGetReply(c, (void **)&r), REDIS_OK);
        ck_assert_int_ne(r->type, REDIS_REPLY_ERROR);
        freeReplyObject(r);
    }
}

/* The number they all hold; -1: there are no keys. */
static long long get_all(redisContext *c)
{
    char text[VALUE + 1];
    long long keys = peer_ask(c, "DBSIZE");
    if (keys == 0) return -1;
    ck_assert_int_eq(keys, KEYS);
    long long n = atoll(peer_text(c, text, sizeof text, "GET key:0"));
    for (int k = 1; k < KEYS; k++)
        ck_assert_int_eq(atoll(peer_text(c, text, sizeof text, "GET key:%d", k)), n);
    return n;
}

static void bgsave(redisContext *c)
{
    char text[128];
    ck_assert_str_eq(peer_text(c, text, sizeof text, "BGSAVE"), "Background saving started");
    while (peer_info_has(c, "rdb_bgsave_in_progress:1"))
        continue;
}

START_TEST(kill_9_during_bgsave_leaves_a_whole_snapshot)
{
    static const char *const flags[] = {"--save", "", NULL};
    uint64_t seed = (uint64_t)clock_wall_us();
    struct rng rng;
    rng_init(&rng, seed);
    struct peer p;
    peer_init(&p);
    long long saved = -1, number = 0;
    for (int round = 0; round < ROUNDS; round++) {
        ck_assert_msg(peer_start(&p, flags, 0), "round %d: no start; log in %s", round, p.log);
        redisContext *c = peer_connect(&p);
        long long there = get_all(c);
        ck_assert_msg(there >= saved && there <= number,
                      "round %d: %lld there, %lld saved, %lld set", round, there, saved, number);
        set_all(c, ++number);
        bgsave(c);
        ck_assert(peer_info_has(c, "rdb_last_bgsave_status:ok"));
        ck_assert(peer_info_has(c, "rdb_changes_since_last_save:0"));
        saved = number;
        set_all(c, ++number);
        (void)peer_ask(c, "BGSAVE");
        set_all(c, ++number);
        int64_t until_us = clock_mono_us() + (int64_t)rng_below(&rng, 30000);
        while (clock_mono_us() < until_us)
            (void)peer_ask(c, "PING");
        redisFree(c);
        (void)peer_end(&p, SIGKILL);
    }
    peer_fini(&p);
}
END_TEST

START_TEST(end_in_order_saves_by_the_rules_and_by_shutdowns_word)
{
    static const char *const none[] = {"--save", "", NULL};
    static const char *const rules[] = {"--save", "3600", "1", NULL};
    struct peer p;
    peer_init(&p);
    ck_assert(peer_start(&p, none, 0));
    redisContext *c = peer_connect(&p);
    set_all(c, 1);
    (void)peer_ask(c, "SHUTDOWN SAVE");
    redisFree(c);
    ck_assert_int_eq(peer_end(&p, 0), 0);

    ck_assert(peer_start(&p, none, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 1);
    set_all(c, 2);
    redisFree(c);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);

    ck_assert(peer_start(&p, rules, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 1);
    set_all(c, 3);
    redisFree(c);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);

    ck_assert(peer_start(&p, rules, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 3);
    set_all(c, 4);
    (void)peer_ask(c, "SHUTDOWN NOSAVE");
    redisFree(c);
    ck_assert_int_eq(peer_end(&p, 0), 0);

    ck_assert(peer_start(&p, rules, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 3);
    redisFree(c);
    peer_fini(&p);
}
END_TEST

START_TEST(a_rule_saves_by_itself)
{
    static const char *const flags[] = {"--save", "1", "100", NULL};
    struct peer p;
    peer_init(&p);
    ck_assert(peer_start(&p, flags, 0));
    redisContext *c = peer_connect(&p);
    set_all(c, 7);
    while (!peer_info_has(c, "rdb_saves:1"))
        continue;
    redisFree(c);
    (void)peer_end(&p, SIGKILL);
    ck_assert(peer_start(&p, flags, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 7);
    redisFree(c);
    peer_fini(&p);
}
END_TEST

START_TEST(no_room_keeps_the_old_one_and_refuses_writes_until_one_succeeds)
{
    static const char *const flags[] = {"--save", "3600", "1", NULL};
    struct peer p;
    char text[512];
    peer_init(&p);
    ck_assert(peer_start(&p, flags, 0));
    redisContext *c = peer_connect(&p);
    set_all(c, 1);
    bgsave(c);
    set_all(c, 2);
    peer_limit(&p, 100000);
    bgsave(c);
    ck_assert(peer_info_has(c, "rdb_last_bgsave_status:err"));
    ck_assert_ptr_nonnull(strstr(peer_text(c, text, sizeof text, "SET key:0 x"),
                                 "MISCONF Redis is configured to save RDB snapshots"));
    ck_assert_ptr_nonnull(strstr(peer_text(c, text, sizeof text, "PING"), "MISCONF"));
    ck_assert_int_eq(get_all(c), 2);
    ck_assert_str_eq(peer_text(c, text, sizeof text, "SAVE"), "ERR");
    ck_assert_ptr_nonnull(strstr(peer_text(c, text, sizeof text, "SHUTDOWN"),
                                 "ERR Errors trying to SHUTDOWN. Check logs."));
    ck_assert_int_eq(peer_ask(c, "CONFIG SET stop-writes-on-bgsave-error no"), 2);
    ck_assert_int_eq(peer_ask(c, "SET other 1"), 2);
    ck_assert_int_eq(peer_ask(c, "DEL other"), 1);
    redisFree(c);
    (void)peer_end(&p, SIGKILL);

    ck_assert(peer_start(&p, flags, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 1);
    peer_limit(&p, 100000);
    set_all(c, 3);
    bgsave(c);
    ck_assert_ptr_nonnull(strstr(peer_text(c, text, sizeof text, "SET key:0 x"), "MISCONF"));
    peer_limit(&p, 0);
    bgsave(c);
    set_all(c, 4);
    redisFree(c);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    peer_fini(&p);
}
END_TEST

START_TEST(the_log_wins_and_an_empty_one_begins_with_the_snapshot)
{
    static const char *const without[] = {"--save", "", NULL};
    static const char *const with[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    struct peer p;
    peer_init(&p);
    ck_assert(peer_start(&p, without, 0));
    redisContext *c = peer_connect(&p);
    set_all(c, 1);
    ck_assert_int_eq(peer_ask(c, "SAVE"), 2);
    redisFree(c);
    (void)peer_end(&p, SIGKILL);

    ck_assert(peer_start(&p, with, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 1);
    redisFree(c);
    (void)peer_end(&p, SIGKILL);

    ck_assert(peer_start(&p, with, 0)); /* from the log alone */
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 1);
    set_all(c, 2);
    redisFree(c);
    (void)peer_end(&p, SIGKILL);

    ck_assert(peer_start(&p, with, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), 2);
    ck_assert_int_eq(peer_ask(c, "FLUSHALL"), 2);
    redisFree(c);
    (void)peer_end(&p, SIGKILL);

    ck_assert(peer_start(&p, with, 0));
    c = peer_connect(&p);
    ck_assert_int_eq(get_all(c), -1);
    redisFree(c);
    peer_fini(&p);
}
END_TEST

UNIT_SUITE("snapshot", kill_9_during_bgsave_leaves_a_whole_snapshot,
           end_in_order_saves_by_the_rules_and_by_shutdowns_word, a_rule_saves_by_itself,
           no_room_keeps_the_old_one_and_refuses_writes_until_one_succeeds,
           the_log_wins_and_an_empty_one_begins_with_the_snapshot)
