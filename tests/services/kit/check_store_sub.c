#include "services/kit/store_sub.h"

#include "base/mem.h"
#include "tests/lib/spawn.h"
#include "tests/lib/unit.h"
#include "tests/services/kit/loop.h"

#include <stdio.h>

/* One store process, one loop, a subscriber, and a client that publishes. */
struct world {
    struct test_store server;
    uv_loop_t loop;
    struct store_sub *sub;
    struct store *s;
    int messages;
    int resubscribed;
    int lost;
    int closed;
    char last_channel[64];
    char last_payload[64];
    int want; /* messages */
};

struct confirm {
    int fired;
    enum store_status status;
};

static void on_message(void *data, struct slice channel, struct slice payload)
{
    struct world *w = data;
    w->messages++;
    slice_cstr(channel, w->last_channel, sizeof w->last_channel);
    slice_cstr(payload, w->last_payload, sizeof w->last_payload);
}

static void on_resubscribed(void *data)
{
    ((struct world *)data)->resubscribed++;
}

static void on_lost(void *data)
{
    ((struct world *)data)->lost++;
}

static const struct store_sub_events events = {on_message, on_resubscribed, on_lost};

static void on_confirm(void *data, enum store_status status)
{
    struct confirm *c = data;
    c->fired++;
    c->status = status;
}

static bool confirmed(void *data)
{
    return ((struct confirm *)data)->fired > 0;
}

static bool both_up(void *data)
{
    struct world *w = data;
    return store_sub_is_up(w->sub) && store_is_up(w->s);
}

static bool sub_down(void *data)
{
    return !store_sub_is_up(((struct world *)data)->sub);
}

static bool enough(void *data)
{
    struct world *w = data;
    return w->messages >= w->want;
}

static bool resubscribed_once(void *data)
{
    return ((struct world *)data)->resubscribed > 0;
}

static void world_init(struct world *w)
{
    struct buf why = {0};
    struct store_config config = {.name = "test", .seed = 1};
    *w = (struct world){0};
    test_store_start(&w->server, false, NULL);
    ck_assert_int_eq(uv_loop_init(&w->loop), 0);
    ck_assert(store_url_parse(slice_of(w->server.url), &config.url, &why));
    w->s = store_new(&w->loop, &config);
    store_open(w->s);
    w->sub = store_sub_new(&w->loop, &config, &events, w);
}

static void on_closed(void *data)
{
    ((struct world *)data)->closed++;
}

static bool all_closed(void *data)
{
    return ((struct world *)data)->closed == 2;
}

static void world_fini(struct world *w)
{
    store_sub_close(w->sub, on_closed, w);
    store_close(w->s, on_closed, w);
    ck_assert(loop_until(&w->loop, all_closed, w, 5000));
    ck_assert_int_eq(uv_loop_close(&w->loop), 0);
    test_store_fini(&w->server);
}

static void publish(struct world *w, struct slice channel, struct slice payload)
{
    STORE_CALL(w->s, 1000, NULL, NULL, SLICE("SPUBLISH"), channel, payload);
}

static void add_and_wait(struct world *w, struct slice channel)
{
    struct confirm c = {0};
    store_sub_add(w->sub, channel, on_confirm, &c);
    ck_assert_int_eq(c.fired, 0); /* never before the call returns */
    ck_assert(loop_until(&w->loop, confirmed, &c, 5000));
    ck_assert_int_eq(c.status, STORE_OK);
    ck_assert_int_eq(c.fired, 1);
}

START_TEST(messages_after_the_confirmation_arrive)
{
    struct world w;
    world_init(&w);
    ck_assert(loop_until(&w.loop, both_up, &w, 5000));
    add_and_wait(&w, SLICE("ui:{la}:rider:1"));
    publish(&w, SLICE("ui:{la}:rider:1"), SLICE("hello"));
    w.want = 1;
    ck_assert(loop_until(&w.loop, enough, &w, 5000));
    ck_assert_str_eq(w.last_channel, "ui:{la}:rider:1");
    ck_assert_str_eq(w.last_payload, "hello");
    world_fini(&w);
}
END_TEST

START_TEST(a_channel_lives_as_long_as_its_last_watcher)
{
    struct world w;
    world_init(&w);
    ck_assert(loop_until(&w.loop, both_up, &w, 5000));
    add_and_wait(&w, SLICE("c"));
    add_and_wait(&w, SLICE("c"));
    add_and_wait(&w, SLICE("end"));
    ck_assert_uint_eq(store_sub_count(w.sub), 2);

    store_sub_del(w.sub, SLICE("c"));
    publish(&w, SLICE("c"), SLICE("1"));
    w.want = 1;
    ck_assert(loop_until(&w.loop, enough, &w, 5000));

    store_sub_del(w.sub, SLICE("c"));
    ck_assert_uint_eq(store_sub_count(w.sub), 1);
    add_and_wait(&w, SLICE("fence")); /* the unsubscription went before this */
    publish(&w, SLICE("c"), SLICE("2"));
    publish(&w, SLICE("end"), SLICE("3"));
    w.want = 2;
    ck_assert(loop_until(&w.loop, enough, &w, 5000));
    ck_assert_str_eq(w.last_payload, "3");
    ck_assert_int_eq(w.messages, 2);
    world_fini(&w);
}
END_TEST

START_TEST(add_del_add_in_one_turn_ends_subscribed)
{
    struct world w;
    world_init(&w);
    ck_assert(loop_until(&w.loop, both_up, &w, 5000));
    struct confirm first = {0};
    store_sub_add(w.sub, SLICE("c"), on_confirm, &first);
    store_sub_del(w.sub, SLICE("c"));
    add_and_wait(&w, SLICE("c"));
    ck_assert_int_eq(first.fired, 1);
    publish(&w, SLICE("c"), SLICE("x"));
    w.want = 1;
    ck_assert(loop_until(&w.loop, enough, &w, 5000));
    world_fini(&w);
}
END_TEST

START_TEST(all_channels_are_back_before_the_resubscribed_event)
{
    struct world w;
    world_init(&w);
    ck_assert(loop_until(&w.loop, both_up, &w, 5000));
    char name[32];
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof name, "c%d", i);
        store_sub_add(w.sub, slice_of(name), NULL, NULL);
    }
    add_and_wait(&w, SLICE("last"));
    ck_assert_int_eq(w.resubscribed, 0);

    test_store_kill(&w.server);
    ck_assert(loop_until(&w.loop, sub_down, &w, 5000));
    ck_assert_int_eq(w.lost, 1);
    struct confirm c = {0};
    store_sub_add(w.sub, SLICE("while-down"), on_confirm, &c);
    ck_assert(loop_until(&w.loop, confirmed, &c, 5000));
    ck_assert_int_eq(c.status, STORE_DOWN);
    store_sub_del(w.sub, SLICE("c7"));

    test_store_again(&w.server);
    ck_assert(loop_until(&w.loop, resubscribed_once, &w, 10000));
    ck_assert(loop_until(&w.loop, both_up, &w, 10000));
    publish(&w, SLICE("c0"), SLICE("1"));
    publish(&w, SLICE("c7"), SLICE("no"));
    publish(&w, SLICE("c499"), SLICE("2"));
    publish(&w, SLICE("while-down"), SLICE("3"));
    w.want = 3;
    ck_assert(loop_until(&w.loop, enough, &w, 5000));
    ck_assert_str_eq(w.last_payload, "3");
    ck_assert_int_eq(w.messages, 3);
    ck_assert_int_eq(w.resubscribed, 1);
    world_fini(&w);
}
END_TEST

START_TEST(closing_tells_those_who_wait)
{
    struct world w;
    world_init(&w);
    ck_assert(loop_until(&w.loop, both_up, &w, 5000));
    struct confirm c = {0};
    store_sub_add(w.sub, SLICE("c"), on_confirm, &c);
    world_fini(&w);
    ck_assert_int_eq(c.fired, 1);
    ck_assert_int_eq(c.status, STORE_DOWN);
}
END_TEST

UNIT_SUITE("store_sub", messages_after_the_confirmation_arrive,
           a_channel_lives_as_long_as_its_last_watcher, add_del_add_in_one_turn_ends_subscribed,
           all_channels_are_back_before_the_resubscribed_event, closing_tells_those_who_wait)
