#include "exchange.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/core/eta.h"
#include "services/kit/keys.h"
#include "services/kit/leader.h"
#include "services/matcher/matcher.h"
#include "services/matcher/swap.h"

enum {
    LEAD_MS = 6000, /* a silent leader is replaced after so long */
    WAYS = 16,      /* drivers considered for a ride */
    RING_MAX = LIFE_SWAPS_MAX,
    STEPS_A_MS = 20000,
};

/* What a change must be worth, found on recorded demand (docs/benchmarks.md); in the pace of the
 * clock on the wall, so a replay divides it by its speed-scale. */
enum { NEAR_MS = 60 * 1000, SAVE_MS = 60 * 1000, CHANGE_MS = 30 * 1000, SWAPS_MAX = 2 };

/* A ride whose driver is coming, copied from the board. Its driver has its number. */
struct leg {
    struct board_ride ride;
    struct geo_point at; /* where the driver is */
    bool known;
};

struct exchange {
    struct matcher *matcher;
    struct board *board;         /* borrowed */
    const struct follow *follow; /* borrowed */
    char region[33];
    struct leader *leader; /* owned */
    uv_timer_t timer;
    bool timer_closed;
    bool draining;
    bool busy; /* a round is under way */
    size_t waiting;
    void (*closed)(void *data);
    void *closed_data;

    uv_work_t work;
    struct arena arena; /* of the round */
    struct leg *legs;
    uint32_t count;
    double speed_scale;
    struct swap_ride *rides;
    uint32_t *driver_of;
    uint32_t changed;
};

static void check_closed(struct exchange *x)
{
    if (x->closed == NULL || !x->timer_closed || x->busy) return;
    void (*fn)(void *data) = x->closed;
    void *data = x->closed_data;
    arena_fini(&x->arena);
    mem_free(x);
    fn(data);
}

static void round_end(struct exchange *x)
{
    x->busy = false;
    arena_reset(&x->arena);
    check_closed(x);
}

/* --- COMMIT --- */

/* A ring under way to the store. */
struct ring {
    struct exchange *x;
    uint32_t count;
    uint32_t legs[RING_MAX];
    int64_t save_ms;
};

static void count_swaps(const struct exchange *x, const char *result, uint32_t n)
{
    metric_add(METRIC_AT(x->matcher->metric[M_SWAPS], slice_of(result)), n);
}

static void on_swapped(void *data, const struct life_result *r)
{
    struct ring *ring = data;
    struct exchange *x = ring->x;
    if (r->code == LIFE_OK) {
        count_swaps(x, "done", ring->count);
        metric_add(metric_only(x->matcher->metric[M_SWAP_SAVED]), (double)ring->save_ms / 1000);
        for (uint32_t i = 0; i < ring->count; i++) /* the board will hear of it in a moment */
            board_hold(x->board, slice_of(x->legs[ring->legs[i]].ride.ride_id));
    } else {
        count_swaps(x, "refused", ring->count);
        board_hold(x->board, life_extra(r, "ride_id"));
        if (r->code == LIFE_BROKEN) log_error("swap_failed", LOG_STR("error", r->error));
    }
    if (--x->waiting == 0) round_end(x);
}

static int64_t cost_of(const struct swap_ride *r, uint32_t driver)
{
    for (uint32_t k = 0; k < r->count; k++)
        if (r->arcs[k].driver == driver) return r->arcs[k].cost_ms;
    must(false);
    return 0;
}

/* Sends the ring that begins with this ride; one that is too long for a call is left undone. */
static void send_ring(struct exchange *x, uint32_t first, bool *sent)
{
    struct ring *ring = arena_new(&x->arena, struct ring);
    struct life_swap swaps[RING_MAX];
    uint32_t n = 0;
    ring->x = x;
    for (uint32_t i = first; !sent[i]; i = x->driver_of[i]) {
        sent[i] = true;
        if (n == RING_MAX) {
            ring->count = RING_MAX + 1;
            continue;
        }
        const struct leg *leg = &x->legs[i];
        int64_t cost_ms = cost_of(&x->rides[i], x->driver_of[i]);
        ring->save_ms += x->rides[i].left_ms - cost_ms;
        ring->legs[n] = i;
        swaps[n++] = (struct life_swap){
            .ride_id = slice_of(leg->ride.ride_id),
            .version = leg->ride.version,
            .lease = slice_of(leg->ride.lease),
            .driver_id = slice_of(x->legs[x->driver_of[i]].ride.driver_id),
            .eta_s = (cost_ms + 999) / 1000,
        };
    }
    if (ring->count > RING_MAX) return;
    ring->count = n;
    x->waiting++;
    life_ride_swap(x->matcher->life, slice_of(x->region), swaps, n, on_swapped, ring);
}

/* --- PLAN --- */

/* The nearest drivers of other rides of the product, nearest first; how many. */
static uint32_t ways_to(const struct exchange *x, uint32_t to, struct assign_arc *out)
{
    const struct board_ride *ride = &x->legs[to].ride;
    const struct geo_point pickup = {.lon = ride->lon, .lat = ride->lat};
    uint32_t n = 0;
    for (uint32_t d = 0; d < x->count; d++) {
        if (d == to || x->legs[d].ride.product != ride->product) continue;
        double s = eta_road_m(x->legs[d].at, pickup) / (ETA_SPEED_MPS * x->speed_scale);
        int64_t ms = (int64_t)(s * 1000);
        if (n == WAYS && ms >= out[n - 1].cost_ms) continue;
        uint32_t at = n < WAYS ? n++ : WAYS - 1;
        for (; at > 0 && out[at - 1].cost_ms > ms; at--)
            out[at] = out[at - 1];
        out[at] = (struct assign_arc){d, ms};
    }
    return n;
}

/* In a worker: touches nothing but the round. */
static void on_plan(uv_work_t *req)
{
    struct exchange *x = req->data;
    const struct swap_rules rules = {
        .near_ms = (int64_t)(NEAR_MS / x->speed_scale),
        .save_ms = (int64_t)(SAVE_MS / x->speed_scale),
        .change_ms = (int64_t)(CHANGE_MS / x->speed_scale),
        .swaps_max = SWAPS_MAX,
    };
    x->rides = arena_array(&x->arena, x->count, struct swap_ride);
    x->driver_of = arena_array(&x->arena, x->count, uint32_t);
    for (uint32_t i = 0; i < x->count; i++) {
        const struct board_ride *ride = &x->legs[i].ride;
        struct assign_arc *ways = arena_array(&x->arena, WAYS, struct assign_arc);
        double s =
            eta_road_m(x->legs[i].at, (struct geo_point){.lon = ride->lon, .lat = ride->lat});
        x->rides[i] = (struct swap_ride){
            .arcs = ways,
            .count = ways_to(x, i, ways),
            .driver = i,
            .left_ms = (int64_t)(s / (ETA_SPEED_MPS * x->speed_scale) * 1000),
            .swaps = ride->swaps,
        };
    }
    x->changed =
        swap_plan(x->rides, x->count, x->count, &rules,
                  (uint64_t)x->matcher->options.solver_ms * STEPS_A_MS, &x->arena, x->driver_of);
}

static void on_planned(uv_work_t *req, int status)
{
    must(status == 0); /* nobody cancels it */
    struct exchange *x = req->data;
    x->waiting = 1; /* ourselves, until all are sent */
    bool *sent = arena_array(&x->arena, x->count, bool);
    for (uint32_t i = 0; x->changed > 0 && !x->draining && i < x->count; i++)
        if (x->driver_of[i] != i && !sent[i]) send_ring(x, i, sent);
    if (--x->waiting == 0) round_end(x);
}

/* --- POSITIONS --- */

/* Leaves out the rides whose drivers are nowhere, or that stand as near as makes no difference. */
static void keep_known(struct exchange *x)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < x->count; i++)
        if (x->legs[i].known) x->legs[n++] = x->legs[i];
    x->count = n;
}

static void on_positions(void *data, enum store_status status, const redisReply *reply)
{
    struct exchange *x = data;
    for (uint32_t i = 0; i < x->count && status == STORE_OK; i++) {
        const redisReply *at = reply_at(reply, i);
        x->legs[i].known = reply_count(at) == 2;
        x->legs[i].at = (struct geo_point){.lon = reply_double(reply_at(at, 0), 0),
                                           .lat = reply_double(reply_at(at, 1), 0)};
    }
    keep_known(x);
    if (x->count < 2 || x->draining) {
        round_end(x);
        return;
    }
    x->work.data = x;
    int bad = uv_queue_work(app_loop(x->matcher->app), &x->work, on_plan, on_planned);
    must(bad == 0);
}

static bool may_swap(const struct exchange *x, const struct region *region,
                     const struct board_ride *r)
{
    struct slice id = board_product_id(x->board, r->product);
    const struct product *p = region == NULL ? NULL : region_product(region, id);
    return p != NULL && p->swaps && !r->held;
}

static void take_legs(struct exchange *x)
{
    const struct region *region = regions_find(app_regions(x->matcher->app), slice_of(x->region));
    x->legs = arena_array(&x->arena, EXCHANGE_RIDES_MAX, struct leg);
    x->count = 0;
    list_each(at, board_coming(x->board))
    {
        const struct board_ride *r = list_entry(at, struct board_ride, link);
        if (x->count == EXCHANGE_RIDES_MAX) break;
        if (may_swap(x, region, r)) x->legs[x->count++].ride = *r;
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct exchange *x = timer->data;
    struct store *store = app_store(x->matcher->app);
    if (x->busy || x->draining || !store_is_up(store) || !leader_is(x->leader) ||
        !follow_is_current(x->follow))
        return;
    take_legs(x);
    if (x->count < 2) {
        arena_reset(&x->arena);
        return;
    }
    x->busy = true;
    struct key_text key;
    struct store_cmd *c = store_cmd(store, "GEOPOS");
    store_arg(c, key_make0(&key, KEY_DRIVERS_ACTIVE, slice_of(x->region)));
    for (uint32_t i = 0; i < x->count; i++)
        store_arg_cstr(c, x->legs[i].ride.driver_id);
    store_send(store, c, app_options(x->matcher->app)->store_timeout_ms, on_positions, x);
}

/* --- life --- */

struct exchange *exchange_new(struct matcher *m, struct slice region, struct board *board,
                              const struct follow *follow)
{
    struct exchange *x = mem_new(struct exchange);
    x->matcher = m;
    x->board = board;
    x->follow = follow;
    x->speed_scale = app_options(m->app)->speed_scale;
    (void)slice_cstr(region, x->region, sizeof x->region);
    x->leader = leader_new(app_loop(m->app), app_store(m->app), region, "swaps", LEAD_MS);
    (void)uv_timer_init(app_loop(m->app), &x->timer);
    x->timer.data = x;
    uint64_t every_ms = (uint64_t)m->options.swap_ms;
    if (every_ms > 0) (void)uv_timer_start(&x->timer, on_tick, every_ms, every_ms);
    return x;
}

void exchange_drain(struct exchange *x)
{
    x->draining = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct exchange *x = handle->data;
    x->timer_closed = true;
    check_closed(x);
}

void exchange_close(struct exchange *x, void (*fn)(void *data), void *data)
{
    x->draining = true;
    x->closed = fn;
    x->closed_data = data;
    leader_close(x->leader);
    uv_close((uv_handle_t *)&x->timer, on_timer_closed);
}
