#include "services/kit/leader.h"

#include "tests/lib/spawn.h"
#include "tests/lib/unit.h"
#include "tests/services/kit/loop.h"

enum { TTL_MS = 300 };

/* One store, and two candidates, each over a connection of its own. */
struct world {
    struct test_store server;
    uv_loop_t loop;
    struct store *store[2];
    struct leader *leader[2];
    int closed;
};

static bool both_up(void *data)
{
    struct world *w = data;
    return store_is_up(w->store[0]) && store_is_up(w->store[1]);
}

static bool first_leads(void *data)
{
    return leader_is(((struct world *)data)->leader[0]);
}

static bool second_leads(void *data)
{
    return leader_is(((struct world *)data)->leader[1]);
}

static bool first_follows(void *data)
{
    return !first_leads(data);
}

static void candidate(struct world *w, int i)
{
    w->leader[i] = leader_new(&w->loop, w->store[i], SLICE("la"), "chores", TTL_MS);
}

static void world_init(struct world *w)
{
    *w = (struct world){0};
    struct buf why = {0};
    struct store_config config = {.name = "test", .seed = 1};
    test_store_start(&w->server, false, NULL);
    ck_assert(store_url_parse(slice_of(w->server.url), &config.url, &why));
    ck_assert_int_eq(uv_loop_init(&w->loop), 0);
    for (int i = 0; i < 2; i++) {
        w->store[i] = store_new(&w->loop, &config);
        store_open(w->store[i]);
    }
    ck_assert(loop_until(&w->loop, both_up, w, 5000));
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
    for (int i = 0; i < 2; i++) {
        leader_close(w->leader[i]);
        store_close(w->store[i], on_closed, w);
    }
    ck_assert(loop_until(&w->loop, all_closed, w, 5000));
    while (uv_loop_alive(&w->loop) != 0)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    ck_assert_int_eq(uv_loop_close(&w->loop), 0);
    test_store_fini(&w->server);
}

/* True once ttl_ms have passed; both must not have led at any moment. */
struct watch {
    struct world *w;
    int64_t end_ms;
};

static bool watched(void *data)
{
    const struct watch *watch = data;
    ck_assert(!leader_is(watch->w->leader[0]) || !leader_is(watch->w->leader[1]));
    return clock_mono_ms() >= watch->end_ms;
}

START_TEST(one_of_two_leads_and_keeps_leading)
{
    struct world w;
    world_init(&w);
    candidate(&w, 0);
    ck_assert(loop_until(&w.loop, first_leads, &w, 5000));
    candidate(&w, 1);
    struct watch watch = {&w, clock_mono_ms() + 2 * TTL_MS};
    ck_assert(loop_until(&w.loop, watched, &watch, 5000));
    ck_assert(leader_is(w.leader[0]));
    world_fini(&w);
}
END_TEST

START_TEST(closing_gives_the_lease_back_at_once)
{
    struct world w;
    world_init(&w);
    candidate(&w, 0);
    ck_assert(loop_until(&w.loop, first_leads, &w, 5000));
    candidate(&w, 1);
    leader_close(w.leader[0]);
    w.leader[0] = NULL;
    ck_assert(loop_until(&w.loop, second_leads, &w, 5000));
    world_fini(&w);
}
END_TEST

START_TEST(a_leader_without_a_store_stops_leading_by_itself)
{
    struct world w;
    world_init(&w);
    candidate(&w, 0);
    ck_assert(loop_until(&w.loop, first_leads, &w, 5000));
    test_store_kill(&w.server);
    ck_assert(loop_until(&w.loop, first_follows, &w, 5000));
    test_store_again(&w.server);
    ck_assert(loop_until(&w.loop, first_leads, &w, 10000));
    world_fini(&w);
}
END_TEST

START_TEST(closing_with_a_call_under_way_frees_it_later)
{
    struct world w;
    world_init(&w);
    candidate(&w, 0);
    (void)uv_run(&w.loop, UV_RUN_NOWAIT); /* it asks */
    leader_close(w.leader[0]);
    w.leader[0] = NULL;
    world_fini(&w);
}
END_TEST

UNIT_SUITE("leader", one_of_two_leads_and_keeps_leading, closing_gives_the_lease_back_at_once,
           a_leader_without_a_store_stops_leading_by_itself,
           closing_with_a_call_under_way_frees_it_later)
