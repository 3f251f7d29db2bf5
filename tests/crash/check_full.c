/* Goal:   a disk without room refuses writes, loses nothing that was acknowledged, and is
 *         forgiven as soon as there is room again.
 * Method: a real process whose files may not grow beyond a limit, which is then lifted.
 */
#include "tests/crash/peer.h"
#include "tests/lib/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT = 200000, VALUE = 1024 };

static void say_set(redisContext *c, long long n)
{
    char value[VALUE];
    memset(value, 'v', sizeof value);
    ck_assert_int_eq(redisAppendCommand(c, "SET key:%lld %b", n, value, sizeof value), REDIS_OK);
    int done = 0;
    while (done == 0)
        ck_assert_int_eq(redisBufferWrite(c, &done), REDIS_OK);
}

static void hear_ok(redisContext *c)
{
    redisReply *r = NULL;
    ck_assert_int_eq(redisGetReply(c, (void **)&r), REDIS_OK);
    ck_assert_str_eq(r->str, "OK");
    freeReplyObject(r);
}

START_TEST(full_disk_refuses_writes_until_there_is_room)
{
    static const char *const flags[] = {"--appendonly", "yes", "--appendfsync", "always", NULL};
    struct peer p;
    peer_init(&p);
    ck_assert(peer_start(&p, flags, LIMIT));
    redisContext *watcher = peer_connect(&p);
    redisContext *writer = peer_connect(&p);
    long long acked = 0;
    for (;;) {
        say_set(writer, acked);
        while (!peer_readable(writer) && !peer_info_has(watcher, "aof_last_write_status:err"))
            continue;
        if (!peer_readable(writer)) break;
        hear_ok(writer);
        acked++;
        ck_assert_int_lt(acked, 300);
    }
    ck_assert_int_gt(acked, 50);

    /* New writes are refused; the one that did not fit still waits for its outcome. */
    char text[256];
    ck_assert_ptr_nonnull(strstr(peer_text(watcher, text, sizeof text, "SET probe 1"),
                                 "MISCONF Errors writing to the AOF file: write failed"));
    ck_assert_int_eq(peer_ask(watcher, "PING"), 4);
    ck_assert(!peer_readable(writer));

    peer_limit(&p, 0);
    hear_ok(writer);
    acked++;
    while (peer_info_has(watcher, "aof_last_write_status:err"))
        continue;
    ck_assert_int_eq(peer_ask(watcher, "SET probe 2"), 2);
    redisFree(watcher);
    redisFree(writer);

    (void)peer_end(&p, SIGKILL);
    ck_assert(peer_start(&p, flags, 0));
    watcher = peer_connect(&p);
    for (long long n = 0; n < acked; n++)
        ck_assert_int_eq(peer_ask(watcher, "STRLEN key:%lld", n), VALUE);
    ck_assert_int_eq(atoll(peer_text(watcher, text, sizeof text, "GET probe")), 2);
    redisFree(watcher);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    peer_fini(&p);
}
END_TEST

UNIT_SUITE("full", full_disk_refuses_writes_until_there_is_room)
