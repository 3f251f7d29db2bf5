#include "round.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/core/eta.h"
#include "services/kit/keys.h"
#include "services/kit/profile.h"
#include "services/matcher/board.h"
#include "services/matcher/matcher.h"
#include "services/matcher/plan.h"
#include "services/matcher/radius.h"
#include "services/matcher/trace.h"

enum {
    CANDIDATES_MAX = 64,
    STEPS_A_MS = 20000, /* arcs the solver looks at in a millisecond, at the least */
    SOLVE_HERE = 512,   /* pairs that are solved sooner than a worker would have woken */
};

enum round_phase { ROUND_LOAD, ROUND_SEARCH, ROUND_PROFILE, ROUND_SOLVE, ROUND_COMMIT };

/* A driver who is a candidate of some ride of the round. */
struct driver {
    struct round *round;
    struct slice id; /* in the arena */
    uint32_t number;
    bool taken; /* won by a ride of a round under way, or refused by the store */
    bool soon;  /* finishes a trip: his way begins where that ends, when it ends */
    bool asked; /* the profile was asked for */
    bool asked_free;
    int64_t free_ms; /* when his trip ends; 0: not known */
    bool has_profile;
    struct profile profile; /* text in the arena */
};

/* A driver who was in the circle and cannot have the ride. */
struct dropped {
    struct slice id; /* in the arena */
    double eta_s;
    const char *gate;
};

/* One entry and what the round knows of its ride. */
struct job {
    struct round *round;
    struct work_entry *entry; /* owned */
    bool open;                /* still to be matched, for all we know */
    struct work_ride ride;    /* text in the arena or the entry */
    struct constraints wants;
    bool picky;        /* wants anything */
    double radius_m;   /* of the next search */
    double searched_m; /* of the last one */
    uint32_t count;
    struct driver *candidates[CANDIDATES_MAX]; /* nearest first */
    double eta_s[CANDIDATES_MAX];
    struct dropped dropped[CANDIDATES_MAX]; /* who was a candidate, and why no more */
    uint32_t dropped_count;
    const char *result;    /* what came of it; NULL: not known, it stays pending */
    struct driver *chosen; /* offered to, until the store has answered */
    struct life_candidate given[RIDE_BROADCAST_MAX]; /* the chosen one first; the next nearest */
    uint32_t given_count;
    bool automatic;  /* the product skips the offer */
    bool forward;    /* drivers who finish a trip soon are candidates too */
    uint32_t offers; /* drivers who are offered it at once */
};

struct round {
    struct list link; /* of work_rounds */
    struct work *work;
    struct matcher *matcher;
    enum round_phase phase;
    struct arena arena;
    struct map drivers; /* id -> struct driver */
    uint32_t driver_count;
    struct driver **by_number; /* in the arena; from SOLVE on */
    struct job *jobs;          /* in the arena */
    uint32_t job_count;
    size_t waiting; /* answers of this phase still to come */
    bool sending;   /* the phase is still sending: an answer cannot end it yet */
    int64_t began_us;
    uv_work_t solving;
    struct plan_window window; /* what is solved; all of it in the arena */
    struct plan_rules rules;
    struct plan_answer answer;
    int64_t solve_us;
};

static void next_phase(struct round *r);

static int64_t timeout_of(const struct round *r)
{
    return app_options(r->matcher->app)->store_timeout_ms;
}

static struct store *store_of(const struct round *r)
{
    return app_store(r->matcher->app);
}

static void count_entry(const struct round *r, const char *result)
{
    metric_inc(METRIC_AT(r->matcher->metric[M_ENTRIES], slice_of(result)));
}

/* One answer less to wait for. */
static void answered(struct round *r)
{
    must(r->waiting > 0);
    if (--r->waiting == 0 && !r->sending) next_phase(r);
}

static struct radius_at radius_at(const struct job *job)
{
    return (struct radius_at){job->ride.pickup,
                              board_product(work_board(job->round->work), job->ride.product)};
}

static struct life_entry entry_of(const struct job *job)
{
    return (struct life_entry){
        .ride_id = job->entry->ride_id, .attempt = job->entry->attempt, .entry_id = job->entry->id};
}

/* The entry stays pending, for somebody to try again. `error` is the store's own words, if it
 * said any: a dead letter will tell them. */
static void note_error(const struct job *job, struct slice error)
{
    const struct round *r = job->round;
    if (error.len > 0)
        life_work_failed(r->matcher->life, work_region(r->work), job->entry->id, error, NULL, NULL);
}

static void unresolved(const struct job *job, struct slice error)
{
    note_error(job, error);
    count_entry(job->round, "unresolved");
}

/* --- LOAD --- */

static void on_acked(void *data, const struct life_result *r)
{
    struct job *job = data;
    if (r->code == LIFE_STALE_ENTRY)
        count_entry(job->round, "stale");
    else
        unresolved(job, r->error);
    answered(job->round);
}

static const struct product *product_of(const struct job *job)
{
    const struct round *r = job->round;
    const struct region *region = regions_find(app_regions(r->matcher->app), work_region(r->work));
    return region == NULL ? NULL : region_product(region, job->ride.product);
}

/* The ride is known: it can be matched. */
static void job_open(struct job *job, struct work_ride ride)
{
    struct round *r = job->round;
    job->open = true;
    job->ride = ride;
    job->radius_m = radius_first(work_radius(r->work), radius_at(job), r->matcher->options.radius_m,
                                 r->matcher->options.radius_max_m);
    const struct product *p = product_of(job);
    job->automatic = p != NULL && p->automatic;
    job->forward = p != NULL && p->forward;
    job->offers = p != NULL && !p->automatic ? (uint32_t)p->offers : 1;
    job->picky = ride.constraints.len > 0;
    if (!constraints_parse(job->ride.constraints, &r->arena, &job->wants))
        log_warn("constraints_unreadable", LOG_STR("ride_id", job->entry->ride_id));
}

static void on_ride(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data;
    struct round *r = job->round;
    struct ride ride;
    if (status != STORE_OK) {
        unresolved(job, reply_slice(reply));
        answered(r);
        return;
    }
    bool found = ride_parse(reply, &ride);
    if (!found || ride.status != RIDE_REQUESTED || ride.attempt != job->entry->attempt) {
        struct life_entry e = entry_of(job);
        life_work_ack(r->matcher->life, &e, on_acked, job);
        return;
    }
    job_open(job, (struct work_ride){
                      .product = arena_copy(&r->arena, ride.product),
                      .constraints = arena_copy(&r->arena, ride.constraints),
                      .excluded = arena_copy(&r->arena, ride.excluded),
                      .pickup = {.lon = ride.pickup_lon, .lat = ride.pickup_lat},
                      .created_ms = ride.created_ms,
                  });
    answered(r);
}

/* Most entries tell what must be known of the ride; older ones do not. Whether it still waits is for
 * the store to say, when it is matched. */
static void load(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        if (job->entry->told) {
            job_open(job, job->entry->ride);
            continue;
        }
        struct key_text key;
        r->waiting++;
        STORE_CALL(store_of(r), timeout_of(r), on_ride, job, SLICE("HGETALL"),
                   key_make1(&key, KEY_RIDE, work_region(r->work), job->entry->ride_id));
    }
}

/* --- SEARCH --- */

/* The driver as the other rounds under way know him, one after the other; NULL after the last. */
static struct driver *known_elsewhere(const struct round *r, struct slice id, struct list **at)
{
    struct list *rounds = work_rounds(r->work);
    for (*at = (*at)->next; *at != rounds; *at = (*at)->next) {
        struct round *other = list_entry(*at, struct round, link);
        struct driver *d = other == r ? NULL : map_find(&other->drivers, id);
        if (d != NULL) return d;
    }
    return NULL;
}

/* A round that began before another's offers were carried out may have found the same drivers. Its
 * search is answered before those offers are, so the other is still here to be asked. */
static bool is_taken_elsewhere(const struct round *r, struct slice id)
{
    struct list *at = work_rounds(r->work);
    struct driver *d = NULL;
    while ((d = known_elsewhere(r, id, &at)) != NULL)
        if (d->taken) return true;
    return false;
}

static void take(const struct round *r, struct driver *d)
{
    struct list *at = work_rounds(r->work);
    struct driver *same = NULL;
    d->taken = true;
    while ((same = known_elsewhere(r, d->id, &at)) != NULL)
        same->taken = true;
}

static struct driver *driver_named(struct round *r, struct slice id, bool soon)
{
    struct driver *d = map_find(&r->drivers, id);
    if (d != NULL) return d;
    d = arena_new(&r->arena, struct driver);
    d->round = r;
    d->soon = soon;
    d->id = arena_copy(&r->arena, id);
    d->number = r->driver_count++;
    d->taken = is_taken_elsewhere(r, id);
    (void)map_put(&r->drivers, id, d);
    return d;
}

static void note_dropped(struct job *job, struct slice id, double eta_s, const char *gate)
{
    if (job->dropped_count < CANDIDATES_MAX)
        job->dropped[job->dropped_count++] = (struct dropped){id, eta_s, gate};
}

/* How many drivers to ask for: those ruled out are found again, so they do not count. */
static int64_t search_count(const struct round *r, const struct job *job)
{
    int64_t n = job->picky ? CANDIDATES_MAX : r->matcher->options.candidates;
    struct slice rest = job->ride.excluded;
    struct slice one = {0};
    while (slice_cut(&rest, ' ', &one))
        if (one.len > 0) n++;
    return n;
}

static void learn_radius(const struct job *job, const redisReply *hits)
{
    struct round *r = job->round;
    size_t found = reply_count(hits);
    double far_m = found > 0 ? reply_double(reply_at(reply_at(hits, found - 1), 1), 0) : 0;
    radius_learn(work_radius(r->work), radius_at(job), job->searched_m,
                 (uint32_t)search_count(r, job), (uint32_t)found, far_m);
}

static bool has_candidate(const struct job *job, const struct driver *d)
{
    for (uint32_t k = 0; k < job->count; k++)
        if (job->candidates[k] == d) return true;
    return false;
}

/* Makes those found candidates of the ride. The way of one who finishes a trip is counted from its end
 * (place_soon). */
static void take_hits(struct job *job, const redisReply *hits, bool soon)
{
    struct round *r = job->round;
    double speed_scale = app_options(r->matcher->app)->speed_scale;
    for (size_t i = 0; i < reply_count(hits) && job->count < CANDIDATES_MAX; i++) {
        const redisReply *hit = reply_at(hits, i);
        struct slice id = reply_slice(reply_at(hit, 0));
        double road_m = reply_double(reply_at(hit, 1), 0) * ETA_DETOUR;
        double eta_s = (double)eta_road_s(road_m, speed_scale);
        if (ride_is_excluded(job->ride.excluded, id)) {
            note_dropped(job, arena_copy(&r->arena, id), eta_s, "excluded");
            continue;
        }
        struct driver *d = driver_named(r, id, soon);
        if (has_candidate(job, d)) continue; /* he became idle between the two searches */
        job->candidates[job->count] = d;
        job->eta_s[job->count++] = eta_s;
    }
}

static void on_idle_near(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data;
    job->count = 0;
    job->dropped_count = 0;
    if (status == STORE_OK) {
        take_hits(job, reply, false);
        learn_radius(job, reply);
    } else {
        job->open = false; /* stays pending */
        count_entry(job->round, "unresolved");
    }
    answered(job->round);
}

/* Without an answer the ride has its idle drivers. */
static void on_soon_near(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data;
    if (status == STORE_OK && job->open) take_hits(job, reply, true);
    answered(job->round);
}

static void search_index(struct job *job, enum key index, store_cb cb)
{
    struct round *r = job->round;
    struct key_text key;
    struct store_cmd *c = store_cmd(store_of(r), "GEOSEARCH");
    store_arg(c, key_make1(&key, index, work_region(r->work), job->ride.product));
    store_arg_cstr(c, "FROMLONLAT");
    store_arg_double(c, job->ride.pickup.lon);
    store_arg_double(c, job->ride.pickup.lat);
    store_arg_cstr(c, "BYRADIUS");
    store_arg_double(c, job->radius_m);
    store_arg_cstr(c, "m");
    store_arg_cstr(c, "ASC");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, search_count(r, job));
    store_arg_cstr(c, "WITHDIST");
    r->waiting++;
    store_send(store_of(r), c, timeout_of(r), cb, job);
}

static void search_one(struct job *job)
{
    job->searched_m = job->radius_m;
    search_index(job, KEY_DRIVERS_IDLE, on_idle_near);
    if (job->forward) search_index(job, KEY_DRIVERS_SOON, on_soon_near);
}

/* --- PROFILE --- */

static void on_profile(void *data, enum store_status status, const struct profile *p)
{
    (void)status; /* without a profile no constraint is met */
    struct job *job = data;
    struct round *r = job->round;
    if (p != NULL) {
        struct driver *d = map_find(&r->drivers, p->driver_id);
        must(d != NULL);
        d->profile = *p;
        d->profile.make = arena_copy(&r->arena, p->make);
        d->profile.model = arena_copy(&r->arena, p->model);
        d->profile.languages = arena_copy(&r->arena, p->languages);
        d->has_profile = true;
    }
    answered(r);
}

static void ask_profiles(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        for (uint32_t k = 0; job->open && job->picky && k < job->count; k++) {
            struct driver *d = job->candidates[k];
            if (d->asked) continue;
            d->asked = true;
            r->waiting++;
            profile_get(store_of(r), d->id, timeout_of(r), on_profile, job);
        }
    }
}

static void on_free_at(void *data, enum store_status status, const redisReply *reply)
{
    struct driver *d = data;
    if (status == STORE_OK) d->free_ms = reply_i64(reply, 0);
    answered(d->round);
}

/* Asks when the candidates who finish a trip will have. */
static void ask_free(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        for (uint32_t k = 0; job->open && k < job->count; k++) {
            struct driver *d = job->candidates[k];
            if (!d->soon || d->asked_free) continue;
            struct key_text key;
            d->asked_free = true;
            r->waiting++;
            STORE_CALL(store_of(r), timeout_of(r), on_free_at, d, SLICE("HGET"),
                       key_make1(&key, KEY_DRIVER_STATE, work_region(r->work), d->id),
                       SLICE("free_at_ms"));
        }
    }
}

/* Counts the rest of the trip to the way of those who finish one, and orders all by their ways. */
static void place_soon(struct job *job, int64_t now_ms)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < job->count; k++) {
        struct driver *d = job->candidates[k];
        double eta_s = job->eta_s[k];
        if (d->soon && d->free_ms == 0) {
            note_dropped(job, d->id, eta_s, "not_soon");
            continue;
        }
        if (d->soon && d->free_ms > now_ms) eta_s += (double)(d->free_ms - now_ms) / 1000;
        uint32_t at = kept++;
        for (; at > 0 && job->eta_s[at - 1] > eta_s; at--) {
            job->candidates[at] = job->candidates[at - 1];
            job->eta_s[at] = job->eta_s[at - 1];
        }
        job->candidates[at] = d;
        job->eta_s[at] = eta_s;
    }
    job->count = kept;
}

/* Strikes the candidates who do not meet the ride's constraints. */
static void filter(struct job *job)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < job->count; k++) {
        struct driver *d = job->candidates[k];
        const char *unmet =
            d->has_profile ? profile_unmet(&d->profile, &job->wants) : "unknown_profile";
        if (unmet != NULL) {
            note_dropped(job, d->id, job->eta_s[k], unmet);
            continue;
        }
        job->candidates[kept] = d;
        job->eta_s[kept] = job->eta_s[k];
        kept++;
    }
    job->count = kept;
}

/* The drivers a ride must know: with as many as there are rides, all others may be taken. */
static uint32_t needed(const struct round *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->job_count; i++)
        n += r->jobs[i].open;
    uint32_t most = (uint32_t)r->matcher->options.candidates;
    return n < most ? n : most;
}

static uint32_t free_candidates(const struct job *job)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < job->count; k++)
        n += !job->candidates[k]->taken;
    return n;
}

/* Whether a wider circle may bring a ride the drivers it still lacks. Doubles its radius. */
static bool widen(const struct round *r, struct job *job, uint32_t need)
{
    if (!job->open || job->radius_m >= r->matcher->options.radius_max_m) return false;
    if (free_candidates(job) >= need) return false;
    job->radius_m *= 2;
    if (job->radius_m > r->matcher->options.radius_max_m)
        job->radius_m = r->matcher->options.radius_max_m;
    return true;
}

/* --- SOLVE --- */

static struct plan_ride plan_ride_of(struct round *r, const struct job *job, int64_t now_ms)
{
    struct assign_arc *ways = arena_array(&r->arena, job->count, struct assign_arc);
    uint32_t n = 0;
    for (uint32_t k = 0; job->open && k < job->count; k++) {
        if (job->candidates[k]->taken) continue;
        ways[n++] =
            (struct assign_arc){job->candidates[k]->number, (int64_t)(job->eta_s[k] * 1000)};
    }
    int64_t passed = job->entry->attempt > 1 ? job->entry->attempt - 1 : 0;
    return (struct plan_ride){ways, n, now_ms - job->ride.created_ms,
                              (uint32_t)(passed < 1000 ? passed : 1000)};
}

/* In a worker, or here: touches nothing but the window, the answer and the arena. */
static void on_solver(uv_work_t *req)
{
    struct round *r = req->data;
    int64_t from_us = clock_mono_us();
    plan_solve(&r->window, &r->rules, &r->arena, &r->answer);
    r->solve_us = clock_mono_us() - from_us;
}

static void on_solved(uv_work_t *req, int status)
{
    must(status == 0); /* nobody cancels it */
    answered(req->data);
}

/* The drivers of the round by number, and how long each has stood idle. */
static struct driver **drivers_by_number(struct round *r, int64_t now_ms, int64_t *idle_ms)
{
    struct driver **drivers = arena_array(&r->arena, r->driver_count, struct driver *);
    for (uint32_t i = 0; i < r->job_count; i++) {
        for (uint32_t k = 0; k < r->jobs[i].count; k++) {
            struct driver *d = r->jobs[i].candidates[k];
            if (drivers[d->number] != NULL) continue;
            drivers[d->number] = d;
            if (!d->soon) idle_ms[d->number] = board_idle_ms(work_board(r->work), d->id, now_ms);
        }
    }
    return drivers;
}

static void solve(struct round *r)
{
    const struct matcher_options *o = &r->matcher->options;
    double speed_scale = app_options(r->matcher->app)->speed_scale;
    int64_t now_ms = clock_wall_ms();
    int64_t *idle_ms = arena_array(&r->arena, r->driver_count, int64_t);
    struct plan_ride *rides = arena_array(&r->arena, r->job_count, struct plan_ride);
    uint64_t pairs = 0;
    for (uint32_t i = 0; i < r->job_count; i++)
        if (r->jobs[i].forward) place_soon(&r->jobs[i], now_ms);
    r->by_number = drivers_by_number(r, now_ms, idle_ms);
    for (uint32_t i = 0; i < r->job_count; i++) {
        rides[i] = plan_ride_of(r, &r->jobs[i], now_ms);
        pairs += rides[i].count;
    }
    r->window = (struct plan_window){rides, r->job_count, idle_ms, r->driver_count};
    r->rules = (struct plan_rules){
        .reach_ms = eta_road_s(o->radius_max_m * ETA_DETOUR, speed_scale) * 1000,
        .steps_max = (uint64_t)o->solver_ms * STEPS_A_MS,
    };
    r->solving.data = r;
    if (pairs <= SOLVE_HERE) {
        on_solver(&r->solving);
        return;
    }
    r->waiting++;
    int bad = uv_queue_work(app_loop(r->matcher->app), &r->solving, on_solver, on_solved);
    must(bad == 0);
}

/* Who won, and what it was worth. */
static void take_answer(struct round *r)
{
    const struct plan_answer *a = &r->answer;
    for (uint32_t i = 0; i < r->job_count; i++) {
        if (a->driver_of[i] == PLAN_NOBODY) continue;
        struct driver *d = r->by_number[a->driver_of[i]];
        if (d->taken) continue; /* by another round, while this was being solved */
        r->jobs[i].chosen = d;
        take(r, d);
    }
    struct metric **metric = r->matcher->metric;
    metric_observe(metric_only(metric[M_SOLVER]), (double)r->solve_us / 1e6);
    metric_observe(metric_only(metric[M_PAIRS]), (double)a->arcs);
    if (!a->exact) metric_inc(metric_only(metric[M_SPENT]));
    matcher_note_cost(r->matcher, (double)a->price_ms / 1000, (double)a->greedy_ms / 1000);
}

/* --- COMMIT --- */

static void commit_again(struct job *job);

/* The end of a job that was open. */
static void job_end(struct job *job, const char *result)
{
    job->result = result;
    count_entry(job->round, result);
    answered(job->round);
}

static const char *unmatched(const struct job *job, const struct life_result *result)
{
    if (result->code == LIFE_STALE_ENTRY) return "stale";
    note_error(job, result->error);
    return "unresolved";
}

/* What the store's reason to refuse a driver is called in a trace. */
static const char *gate_of(const struct life_result *refusal)
{
    struct slice reason = life_extra(refusal, "reason");
    if (slice_is(reason, "dark")) return "stale";
    if (slice_is(reason, "excluded")) return "excluded";
    if (slice_is(reason, "product")) return "product";
    if (slice_is(reason, "cooldown")) return "cooldown";
    bool offered = slice_is(life_extra(refusal, "state"), "offered");
    return offered ? "already_offered" : "not_idle";
}

static bool is_given(const struct job *job, const struct driver *d)
{
    for (uint32_t i = 0; i < job->given_count; i++)
        if (slice_eq(job->given[i].driver_id, d->id)) return true;
    return false;
}

/* Strikes those of the drivers it was given whom the store has refused. */
static void strike_given(struct job *job, const char *gate)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < job->count; k++) {
        struct driver *d = job->candidates[k];
        if (is_given(job, d)) {
            note_dropped(job, d->id, job->eta_s[k], gate);
            continue;
        }
        job->candidates[kept] = d;
        job->eta_s[kept++] = job->eta_s[k];
    }
    job->count = kept;
    job->given_count = 0;
    job->chosen = NULL;
}

/* Keeps of the given drivers those who have the offer now: of several, some may have been refused. */
static void keep_offered(struct job *job, const struct life_result *result)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; job->given_count > 1 && i < job->given_count; i++) {
        struct slice one = {0};
        for (size_t k = 0; life_list(result, "drivers", k, &one); k++) {
            if (!slice_eq(one, job->given[i].driver_id)) continue;
            job->given[kept++] = job->given[i];
            break;
        }
    }
    if (kept > 0) job->given_count = kept;
}

static void on_decided(void *data, const struct life_result *result)
{
    struct job *job = data;
    struct round *r = job->round;
    if (result->code == LIFE_DRIVER_UNAVAILABLE) { /* somebody was faster: take the next one */
        strike_given(job, gate_of(result));
        commit_again(job);
        answered(r);
        return;
    }
    if (result->code != LIFE_OK) {
        if (result->code == LIFE_BROKEN)
            log_error("match_failed", LOG_STR("ride_id", job->entry->ride_id),
                      LOG_STR("error", result->error));
        job_end(job, unmatched(job, result));
        return;
    }
    if (job->chosen == NULL) {
        job_end(job, "deferred");
        return;
    }
    keep_offered(job, result);
    int64_t took_ms = clock_wall_ms() - job->entry->at_ms;
    metric_observe(metric_only(r->matcher->metric[M_MATCH]),
                   took_ms > 0 ? (double)took_ms / 1000.0 : 0);
    const char *status = ride_status_text(job->automatic ? RIDE_ASSIGNED : RIDE_OFFERED);
    metric_inc(METRIC_AT(r->matcher->metric[M_RIDES], slice_of(status)));
    job_end(job, status);
}

static bool in_reach(const struct job *job, uint32_t k)
{
    return job->eta_s[k] * 1000 <= (double)job->round->rules.reach_ms;
}

/* The nearest candidate whom nobody has; NULL if there is none. */
static struct driver *next_free(const struct job *job)
{
    for (uint32_t k = 0; k < job->count; k++)
        if (!job->candidates[k]->taken && in_reach(job, k)) return job->candidates[k];
    return NULL;
}

static int64_t eta_of(const struct job *job, const struct driver *d)
{
    for (uint32_t k = 0; k < job->count; k++)
        if (job->candidates[k] == d) return (int64_t)(job->eta_s[k] + 0.5);
    return -1;
}

static void give(struct job *job, struct driver *d)
{
    take(job->round, d);
    job->given[job->given_count++] = (struct life_candidate){d->id, eta_of(job, d)};
}

/* Offers the ride to its chosen driver, or to the next free one, or defers it. A product may offer to
 * some at once: these are the nearest whom no ride of the round has won. */
static struct life_match decide(struct job *job)
{
    struct life_match m = {.way = LIFE_DEFER, .entry = entry_of(job), .data = job};
    job->round->waiting++;
    if (job->chosen == NULL) job->chosen = next_free(job);
    if (job->chosen == NULL) return m;
    struct driver *d = job->chosen;
    for (; d != NULL && job->given_count < job->offers; d = next_free(job))
        give(job, d);
    m.way = job->automatic ? LIFE_ASSIGN : LIFE_OFFER;
    m.candidates = job->given;
    m.n = job->given_count;
    return m;
}

static void commit_again(struct job *job)
{
    struct life_match m = decide(job);
    life_rides_match(job->round->matcher->life, work_region(job->round->work), &m, 1, on_decided);
}

static void on_idle(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data; /* the first of its product */
    struct round *r = job->round;
    struct board *board = work_board(r->work);
    int64_t idle = reply_i64(reply, 0);
    if (status == STORE_OK && idle >= 0 && idle <= UINT32_MAX)
        board_note_idle(board, board_product(board, job->ride.product), (uint32_t)idle);
    answered(r);
}

/* Counts the idle drivers of each product of the round: how scarce they are sets the next window. */
static void count_idle(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        bool first = job->open;
        for (uint32_t k = 0; first && k < i; k++)
            first = !r->jobs[k].open || !slice_eq(r->jobs[k].ride.product, job->ride.product);
        if (!first) continue;
        struct key_text key;
        r->waiting++;
        STORE_CALL(store_of(r), timeout_of(r), on_idle, job, SLICE("ZCARD"),
                   key_make1(&key, KEY_DRIVERS_IDLE, work_region(r->work), job->ride.product));
    }
}

static void commit_all(struct round *r)
{
    struct life_match some[RIDE_MATCH_RIDES];
    size_t n = 0;
    for (uint32_t i = 0; i < r->job_count; i++) {
        if (r->jobs[i].open) some[n++] = decide(&r->jobs[i]);
        if (n == RIDE_MATCH_RIDES || (n > 0 && i + 1 == r->job_count)) {
            life_rides_match(r->matcher->life, work_region(r->work), some, n, on_decided);
            n = 0;
        }
    }
    count_idle(r);
}

/* --- the round --- */

static const char *gate_left(const struct job *job, uint32_t k)
{
    if (is_given(job, job->candidates[k])) return job->result;
    if (!in_reach(job, k)) return "too_far";
    return job->candidates[k]->taken ? "lost" : "farther";
}

/* Whom it was given, between spaces as the ride names them. */
static struct slice given_text(struct buf *out, const struct job *job)
{
    for (uint32_t i = 0; i < job->given_count; i++) {
        if (i > 0) buf_add_char(out, ' ');
        buf_add_slice(out, job->given[i].driver_id);
    }
    return buf_slice(out);
}

/* Writes down how this window went for the ride. */
static void trace_job(const struct round *r, const struct job *job)
{
    struct trace t = {0};
    struct buf given = {0};
    for (uint32_t k = 0; k < job->count; k++)
        trace_add(&t, job->candidates[k]->id, job->eta_s[k], gate_left(job, k));
    for (uint32_t k = 0; k < job->dropped_count; k++)
        trace_add(&t, job->dropped[k].id, job->dropped[k].eta_s, job->dropped[k].gate);
    trace_write(&t, r->matcher,
                &(struct trace_window){
                    .region = work_region(r->work),
                    .ride_id = job->entry->ride_id,
                    .attempt = job->entry->attempt,
                    .rides = r->job_count,
                    .radius_m = job->searched_m,
                    .result = job->result,
                    .driver_id = given_text(&given, job),
                });
    buf_fini(&given);
}

static void finish(struct round *r)
{
    struct work *w = r->work;
    metric_observe(metric_only(r->matcher->metric[M_ROUND]),
                   (double)(clock_mono_us() - r->began_us) / 1e6);
    metric_observe(metric_only(r->matcher->metric[M_ROUND_RIDES]), (double)r->job_count);
    for (uint32_t i = 0; i < r->job_count; i++) {
        if (r->jobs[i].result != NULL) trace_job(r, &r->jobs[i]);
        work_resolved(w, r->jobs[i].entry);
    }
    list_del(&r->link);
    map_fini(&r->drivers);
    arena_fini(&r->arena);
    mem_free(r);
    work_round_done(w);
}

/* Sends a phase's calls. */
static void run_phase(struct round *r)
{
    r->sending = true;
    switch (r->phase) {
    case ROUND_LOAD:
        load(r);
        break;
    case ROUND_SEARCH:
        for (uint32_t i = 0; i < r->job_count; i++)
            if (r->jobs[i].open && r->jobs[i].searched_m < r->jobs[i].radius_m)
                search_one(&r->jobs[i]);
        break;
    case ROUND_PROFILE:
        ask_profiles(r);
        ask_free(r);
        break;
    case ROUND_SOLVE:
        solve(r);
        break;
    case ROUND_COMMIT:
        take_answer(r);
        commit_all(r);
        break;
    }
    store_flush(store_of(r));
    r->sending = false;
}

/* What comes after the phase whose last answer is in. */
static enum round_phase phase_after(struct round *r)
{
    bool again = false;
    uint32_t need = 0;
    switch (r->phase) {
    case ROUND_LOAD:
        return ROUND_SEARCH;
    case ROUND_SEARCH:
        return ROUND_PROFILE;
    case ROUND_PROFILE:
        need = needed(r);
        for (uint32_t i = 0; i < r->job_count; i++) {
            if (r->jobs[i].open && r->jobs[i].picky) filter(&r->jobs[i]);
            again |= widen(r, &r->jobs[i], need);
        }
        return again ? ROUND_SEARCH : ROUND_SOLVE;
    case ROUND_SOLVE:
        return ROUND_COMMIT;
    case ROUND_COMMIT:
        break;
    }
    must(false);
    return ROUND_COMMIT;
}

/* Runs phases until one has answers to wait for. */
static void next_phase(struct round *r)
{
    while (r->waiting == 0) {
        if (r->phase == ROUND_COMMIT) {
            finish(r);
            return;
        }
        r->phase = phase_after(r);
        run_phase(r);
    }
}

void round_start(struct work *w, struct list *entries)
{
    struct round *r = mem_new(struct round);
    r->work = w;
    r->matcher = work_matcher(w);
    r->began_us = clock_mono_us();
    list_init(&r->link);
    list_add(work_rounds(w), &r->link);
    uint32_t n = 0;
    list_each(at, entries) n++;
    r->jobs = arena_array(&r->arena, n, struct job);
    while (!list_empty(entries)) {
        struct job *job = &r->jobs[r->job_count++];
        job->round = r;
        job->entry = list_entry(list_take(entries), struct work_entry, link);
    }
    must(r->job_count > 0);
    r->phase = ROUND_LOAD;
    run_phase(r);
    next_phase(r); /* when no ride has to be read */
}
