/* hiredis against the store: blocking with pipelines, and asynchronous on libuv. The program
 * that the environment variable HANSOM_TEST_STORE names is the server. */
#include "tests/lib/spawn.h"
#include "tests/lib/unit.h"

#include <hiredis/adapters/libuv.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <string.h>

enum { PIPELINE = 10000, ANSWER_MS = 30000 };

static redisContext *open_client(const struct test_store *s)
{
    redisContext *c = redisConnect("127.0.0.1", s->port);
    ck_assert_ptr_nonnull(c);
    ck_assert_msg(c->err == 0, "%s", c->errstr);
    return c;
}

static void expect_text(redisReply *r, int type, const char *text)
{
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->type, type);
    ck_assert_str_eq(r->str, text);
    freeReplyObject(r);
}

static void expect_int(redisReply *r, long long n)
{
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->type, REDIS_REPLY_INTEGER);
    ck_assert_int_eq(r->integer, n);
    freeReplyObject(r);
}

START_TEST(replies_come_in_their_types)
{
    struct test_store s;
    test_store_start(&s, false, NULL);
    redisContext *c = open_client(&s);

    expect_text(redisCommand(c, "SET %s %b", "key", "a\0b", (size_t)3), REDIS_REPLY_STATUS, "OK");
    redisReply *r = redisCommand(c, "GET key");
    ck_assert_int_eq(r->type, REDIS_REPLY_STRING);
    ck_assert_uint_eq(r->len, 3);
    ck_assert_mem_eq(r->str, "a\0b", 3);
    freeReplyObject(r);

    r = redisCommand(c, "GET none");
    ck_assert_int_eq(r->type, REDIS_REPLY_NIL);
    freeReplyObject(r);
    expect_int(redisCommand(c, "INCRBY n 42"), 42);
    expect_text(redisCommand(c, "LPUSH n x"), REDIS_REPLY_ERROR,
                "WRONGTYPE Operation against a key holding the wrong kind of value");

    const char *argv[] = {"RPUSH", "list", "", "two words", "\r\n"};
    const size_t lens[] = {5, 4, 0, 9, 2};
    expect_int(redisCommandArgv(c, 5, argv, lens), 3);
    r = redisCommand(c, "LRANGE list 0 -1");
    ck_assert_int_eq(r->type, REDIS_REPLY_ARRAY);
    ck_assert_uint_eq(r->elements, 3);
    ck_assert_uint_eq(r->element[0]->len, 0);
    ck_assert_str_eq(r->element[1]->str, "two words");
    ck_assert_mem_eq(r->element[2]->str, "\r\n", 2);
    freeReplyObject(r);

    redisFree(c);
    redisContext *u = redisConnectUnix(s.socket);
    ck_assert_msg(u->err == 0, "%s", u->errstr);
    expect_text(redisCommand(u, "GET n"), REDIS_REPLY_STRING, "42");
    redisFree(u);
    test_store_fini(&s);
}
END_TEST

START_TEST(a_long_pipeline_keeps_its_order)
{
    struct test_store s;
    test_store_start(&s, false, NULL);
    redisContext *c = open_client(&s);
    for (int i = 0; i < PIPELINE; i++) {
        ck_assert_int_eq(redisAppendCommand(c, "SET k%d v%d", i, i), REDIS_OK);
        ck_assert_int_eq(redisAppendCommand(c, "GET k%d", i), REDIS_OK);
    }
    for (int i = 0; i < PIPELINE; i++) {
        redisReply *r = NULL;
        ck_assert_int_eq(redisGetReply(c, (void **)&r), REDIS_OK);
        expect_text(r, REDIS_REPLY_STATUS, "OK");
        char want[32];
        (void)snprintf(want, sizeof want, "v%d", i);
        ck_assert_int_eq(redisGetReply(c, (void **)&r), REDIS_OK);
        expect_text(r, REDIS_REPLY_STRING, want);
    }
    redisFree(c);
    test_store_fini(&s);
}
END_TEST

START_TEST(transactions_scripts_and_streams)
{
    struct test_store s;
    test_store_start(&s, false, NULL);
    redisContext *c = open_client(&s);

    expect_text(redisCommand(c, "MULTI"), REDIS_REPLY_STATUS, "OK");
    expect_text(redisCommand(c, "INCR n"), REDIS_REPLY_STATUS, "QUEUED");
    expect_text(redisCommand(c, "GET n"), REDIS_REPLY_STATUS, "QUEUED");
    redisReply *r = redisCommand(c, "EXEC");
    ck_assert_uint_eq(r->elements, 2);
    ck_assert_int_eq(r->element[0]->integer, 1);
    ck_assert_str_eq(r->element[1]->str, "1");
    freeReplyObject(r);

    expect_text(
        redisCommand(c, "EVAL %s 1 n 5", "return 'n=' .. redis.call('INCRBY', KEYS[1], ARGV[1])"),
        REDIS_REPLY_STRING, "n=6");
    expect_text(redisCommand(c, "EVALSHA %s 0", "0000000000000000000000000000000000000000"),
                REDIS_REPLY_ERROR, "NOSCRIPT No matching script. Please use EVAL.");

    expect_text(redisCommand(c, "XADD rides 5-1 ride_id la-1"), REDIS_REPLY_STRING, "5-1");
    expect_text(redisCommand(c, "XGROUP CREATE rides matchers 0"), REDIS_REPLY_STATUS, "OK");
    r = redisCommand(c, "XREADGROUP GROUP matchers a COUNT 10 STREAMS rides >");
    ck_assert_uint_eq(r->elements, 1);
    const redisReply *entry = r->element[0]->element[1]->element[0];
    ck_assert_str_eq(entry->element[0]->str, "5-1");
    ck_assert_str_eq(entry->element[1]->element[1]->str, "la-1");
    freeReplyObject(r);
    expect_int(redisCommand(c, "XACK rides matchers 5-1"), 1);

    redisFree(c);
    test_store_fini(&s);
}
END_TEST

START_TEST(a_password_and_a_restart)
{
    struct test_store s;
    test_store_start(&s, true, "secret");
    redisContext *c = open_client(&s);
    expect_text(redisCommand(c, "GET a"), REDIS_REPLY_ERROR, "NOAUTH Authentication required.");
    expect_text(redisCommand(c, "AUTH guess"), REDIS_REPLY_ERROR,
                "WRONGPASS invalid username-password pair or user is disabled.");
    expect_text(redisCommand(c, "AUTH secret"), REDIS_REPLY_STATUS, "OK");
    expect_text(redisCommand(c, "SET kept 1"), REDIS_REPLY_STATUS, "OK");
    test_store_kill(&s);
    ck_assert_ptr_null(redisCommand(c, "GET kept"));
    ck_assert_int_ne(c->err, 0);
    test_store_again(&s);
    ck_assert_int_eq(redisReconnect(c), REDIS_OK);
    expect_text(redisCommand(c, "AUTH default secret"), REDIS_REPLY_STATUS, "OK");
    expect_text(redisCommand(c, "GET kept"), REDIS_REPLY_STRING, "1");
    redisFree(c);
    test_store_fini(&s);
}
END_TEST

/* --- asynchronous --- */

struct talk {
    uv_loop_t loop;
    uv_timer_t limit;
    redisAsyncContext *db;
    redisAsyncContext *listener;
    int answered;
    int messages;
    bool popped;
};

static void talk_end_when_done(struct talk *t)
{
    if (t->answered < PIPELINE || t->messages < 2 || !t->popped) return;
    redisAsyncDisconnect(t->db);
    redisAsyncDisconnect(t->listener);
    uv_close((uv_handle_t *)&t->limit, NULL);
}

static void on_incr(redisAsyncContext *c, void *reply, void *data)
{
    struct talk *t = c->data;
    const redisReply *r = reply;
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(r->integer, ++t->answered);
    ck_assert_ptr_eq(data, &t->answered);
    talk_end_when_done(t);
}

static void on_pop(redisAsyncContext *c, void *reply, void *data)
{
    (void)data;
    struct talk *t = c->data;
    const redisReply *r = reply;
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(r->elements, 2);
    ck_assert_str_eq(r->element[1]->str, "v");
    t->popped = true;
    talk_end_when_done(t);
}

/* Confirmations first; each publishes once the listener hears. */
static void on_message(redisAsyncContext *c, void *reply, void *data)
{
    (void)data;
    struct talk *t = c->data;
    const redisReply *r = reply;
    if (r == NULL) return; /* it disconnects */
    if (strcmp(r->element[0]->str, "subscribe") == 0)
        ck_assert_int_eq(redisAsyncCommand(t->db, NULL, NULL, "PUBLISH news a"), REDIS_OK);
    else if (strcmp(r->element[0]->str, "psubscribe") == 0)
        ck_assert_int_eq(redisAsyncCommand(t->db, NULL, NULL, "PUBLISH ride:1 b"), REDIS_OK);
    else if (strcmp(r->element[0]->str, "message") == 0) {
        ck_assert_str_eq(r->element[2]->str, "a");
        t->messages++;
    } else {
        ck_assert_str_eq(r->element[0]->str, "pmessage");
        ck_assert_str_eq(r->element[3]->str, "b");
        t->messages++;
    }
    talk_end_when_done(t);
}

static void on_limit(uv_timer_t *timer)
{
    const struct talk *t = timer->data;
    ck_abort_msg("waited in vain: %d answers, %d messages", t->answered, t->messages);
}

START_TEST(asynchronous_clients_pipeline_and_subscribe)
{
    struct test_store s;
    test_store_start(&s, false, NULL);
    struct talk t = {0};
    ck_assert_int_eq(uv_loop_init(&t.loop), 0);
    (void)uv_timer_init(&t.loop, &t.limit);
    t.limit.data = &t;
    (void)uv_timer_start(&t.limit, on_limit, ANSWER_MS, 0);
    t.db = redisAsyncConnect("127.0.0.1", s.port);
    t.listener = redisAsyncConnectUnix(s.socket);
    t.db->data = t.listener->data = &t;
    ck_assert_int_eq(redisLibuvAttach(t.db, &t.loop), REDIS_OK);
    ck_assert_int_eq(redisLibuvAttach(t.listener, &t.loop), REDIS_OK);

    (void)redisAsyncCommand(t.listener, on_message, NULL, "SUBSCRIBE news");
    (void)redisAsyncCommand(t.listener, on_message, NULL, "PSUBSCRIBE ride:*");
    for (int i = 0; i < PIPELINE; i++)
        (void)redisAsyncCommand(t.db, on_incr, &t.answered, "INCR n");
    (void)redisAsyncCommand(t.db, NULL, NULL, "RPUSH l v");
    (void)redisAsyncCommand(t.db, on_pop, NULL, "BLPOP l 10");
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&t.loop), 0);
    ck_assert_int_eq(t.answered, PIPELINE);
    ck_assert_int_eq(t.messages, 2);
    test_store_fini(&s);
}
END_TEST

UNIT_SUITE("hiredis", replies_come_in_their_types, a_long_pipeline_keeps_its_order,
           transactions_scripts_and_streams, a_password_and_a_restart,
           asynchronous_clients_pipeline_and_subscribe)
