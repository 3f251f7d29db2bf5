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
#include "services/matcher/match.h"
#include "services/matcher/matcher.h"

enum { CANDIDATES_MAX = 64 };

enum round_phase { ROUND_LOAD, ROUND_SEARCH, ROUND_PROFILE, ROUND_COMMIT };

/* A driver who is a candidate of some ride of the round. */
struct driver {
    struct slice id; /* in the arena */
    uint32_t number;
    bool taken; /* won by a ride of this round, or refused by the store */
    bool asked; /* the profile was asked for */
    bool has_profile;
    struct profile profile; /* text in the arena */
};

/* One entry and what the round knows of its ride. */
struct job {
    struct round *round;
    struct work_entry *entry; /* owned */
    bool open;                /* still to be matched: requested, at this attempt */
    struct ride ride;         /* text in the arena */
    struct constraints wants;
    bool picky;        /* wants anything */
    double radius_m;   /* of the next search */
    double searched_m; /* of the last one */
    uint32_t count;
    struct driver *candidates[CANDIDATES_MAX]; /* nearest first */
    double eta_s[CANDIDATES_MAX];
    struct driver *chosen; /* offered to, until the store has answered */
    bool automatic;        /* the product skips the offer */
};

struct round {
    struct work *work;
    struct matcher *matcher;
    enum round_phase phase;
    struct arena arena;
    struct map drivers; /* id -> struct driver */
    uint32_t driver_count;
    struct job *jobs; /* in the arena */
    uint32_t job_count;
    size_t waiting; /* answers of this phase still to come */
    bool sending;   /* the phase is still sending: an answer cannot end it yet */
    int64_t began_us;
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

static struct life_entry entry_of(const struct job *job)
{
    return (struct life_entry){.ride_id = slice_of(job->entry->ride_id),
                               .attempt = job->entry->attempt,
                               .entry_id = slice_of(job->entry->id)};
}

/* --- LOAD --- */

static void on_acked(void *data, const struct life_result *r)
{
    struct job *job = data;
    count_entry(job->round, r->code == LIFE_STALE_ENTRY ? "stale" : "unresolved");
    answered(job->round);
}

static void on_ride(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data;
    struct round *r = job->round;
    struct ride ride;
    if (status != STORE_OK) {
        count_entry(r, "unresolved");
        answered(r);
        return;
    }
    bool found = ride_parse(reply, &ride);
    if (!found || ride.status != RIDE_REQUESTED || ride.attempt != job->entry->attempt) {
        struct life_entry e = entry_of(job);
        life_work_ack(r->matcher->life, &e, on_acked, job);
        return;
    }
    job->open = true;
    job->ride = ride_copy(&r->arena, &ride);
    job->radius_m = r->matcher->options.radius_m;
    if (!constraints_parse(job->ride.constraints, &r->arena, &job->wants))
        log_warn("constraints_unreadable", LOG_STR("ride_id", job->ride.ride_id));
    job->picky = job->ride.constraints.len > 0;
    answered(r);
}

static void load(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct key_text key;
        struct slice ride_id = slice_of(r->jobs[i].entry->ride_id);
        r->waiting++;
        STORE_CALL(store_of(r), timeout_of(r), on_ride, &r->jobs[i], SLICE("HGETALL"),
                   key_make1(&key, KEY_RIDE, work_region(r->work), ride_id));
    }
}

/* --- SEARCH --- */

static struct driver *driver_named(struct round *r, struct slice id)
{
    struct driver *d = map_find(&r->drivers, id);
    if (d != NULL) return d;
    d = arena_new(&r->arena, struct driver);
    d->id = arena_copy(&r->arena, id);
    d->number = r->driver_count++;
    (void)map_put(&r->drivers, id, d);
    return d;
}

static void on_candidates(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data;
    struct round *r = job->round;
    double speed_scale = app_options(r->matcher->app)->speed_scale;
    job->count = 0;
    for (size_t i = 0; i < reply_count(reply) && job->count < CANDIDATES_MAX; i++) {
        const redisReply *hit = reply_at(reply, i);
        struct slice id = reply_slice(reply_at(hit, 0));
        if (ride_excludes(&job->ride, id)) continue;
        job->candidates[job->count] = driver_named(r, id);
        job->eta_s[job->count] =
            (double)eta_road_s(reply_double(reply_at(hit, 1), 0) * ETA_DETOUR, speed_scale);
        job->count++;
    }
    if (status != STORE_OK) {
        job->open = false; /* stays pending */
        count_entry(r, "unresolved");
    }
    answered(r);
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

static void search_one(struct round *r, struct job *job)
{
    struct key_text key;
    struct store_cmd *c = store_cmd(store_of(r), "GEOSEARCH");
    store_arg(c, key_make1(&key, KEY_DRIVERS_IDLE, work_region(r->work), job->ride.product));
    store_arg_cstr(c, "FROMLONLAT");
    store_arg_double(c, job->ride.pickup_lon);
    store_arg_double(c, job->ride.pickup_lat);
    store_arg_cstr(c, "BYRADIUS");
    store_arg_double(c, job->radius_m);
    store_arg_cstr(c, "m");
    store_arg_cstr(c, "ASC");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, search_count(r, job));
    store_arg_cstr(c, "WITHDIST");
    job->searched_m = job->radius_m;
    r->waiting++;
    store_send(store_of(r), c, timeout_of(r), on_candidates, job);
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

/* Strikes the candidates who do not meet the ride's constraints. */
static void filter(struct job *job)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < job->count; k++) {
        struct driver *d = job->candidates[k];
        if (!d->has_profile || profile_unmet(&d->profile, &job->wants) != NULL) continue;
        job->candidates[kept] = d;
        job->eta_s[kept] = job->eta_s[k];
        kept++;
    }
    job->count = kept;
}

/* Whether a wider circle may still bring a driver to a ride that has none. Doubles its radius. */
static bool widen(const struct round *r, struct job *job)
{
    if (!job->open || job->count > 0 || job->radius_m >= r->matcher->options.radius_max_m)
        return false;
    job->radius_m *= 2;
    if (job->radius_m > r->matcher->options.radius_max_m)
        job->radius_m = r->matcher->options.radius_max_m;
    return true;
}

/* --- COMMIT --- */

static void commit(struct job *job);

static void on_deferred(void *data, const struct life_result *result)
{
    struct job *job = data;
    const char *what = result->code == LIFE_OK            ? "deferred"
                       : result->code == LIFE_STALE_ENTRY ? "stale"
                                                          : "unresolved";
    count_entry(job->round, what);
    answered(job->round);
}

static void on_offered(void *data, const struct life_result *result)
{
    struct job *job = data;
    struct round *r = job->round;
    if (result->code == LIFE_DRIVER_UNAVAILABLE) { /* somebody was faster: take the next one */
        job->chosen = NULL;
        commit(job);
        answered(r);
        return;
    }
    if (result->code == LIFE_OK) {
        int64_t took_ms = clock_wall_ms() - job->entry->at_ms;
        metric_observe(metric_only(r->matcher->metric[M_MATCH]),
                       took_ms > 0 ? (double)took_ms / 1000.0 : 0);
        count_entry(r, job->automatic ? "assigned" : "offered");
        metric_inc(
            METRIC_AT(r->matcher->metric[M_RIDES],
                      slice_of(ride_status_text(job->automatic ? RIDE_ASSIGNED : RIDE_OFFERED))));
    } else {
        if (result->code == LIFE_BROKEN)
            log_error("offer_failed", LOG_STR("ride_id", job->ride.ride_id),
                      LOG_STR("error", result->error));
        count_entry(r, result->code == LIFE_STALE_ENTRY ? "stale" : "unresolved");
    }
    answered(r);
}

/* The nearest candidate whom nobody has; NULL if there is none. */
static struct driver *next_free(const struct job *job)
{
    for (uint32_t k = 0; k < job->count; k++)
        if (!job->candidates[k]->taken) return job->candidates[k];
    return NULL;
}

static int64_t eta_of(const struct job *job, const struct driver *d)
{
    for (uint32_t k = 0; k < job->count; k++)
        if (job->candidates[k] == d) return (int64_t)(job->eta_s[k] + 0.5);
    return -1;
}

/* Offers the ride to its chosen driver, or to the next free one, or defers it. */
static void commit(struct job *job)
{
    struct round *r = job->round;
    struct life_entry e = entry_of(job);
    struct driver *d = job->chosen != NULL ? job->chosen : next_free(job);
    r->waiting++;
    if (d == NULL) {
        life_ride_defer(r->matcher->life, &e, on_deferred, job);
        return;
    }
    d->taken = true;
    const struct region *region = regions_find(app_regions(r->matcher->app), work_region(r->work));
    const struct product *product =
        region == NULL ? NULL : region_product(region, job->ride.product);
    job->automatic = product != NULL && product->automatic;
    if (job->automatic)
        life_ride_assign(r->matcher->life, &e, d->id, eta_of(job, d), on_offered, job);
    else
        life_ride_offer(r->matcher->life, &e, d->id, eta_of(job, d), on_offered, job);
}

/* Pairs the open rides with their candidates. */
static void choose(struct round *r)
{
    int64_t now_ms = clock_wall_ms();
    struct match_ride *rides = arena_array(&r->arena, r->job_count, struct match_ride);
    uint32_t *winner = arena_array(&r->arena, r->job_count, uint32_t);
    struct driver **by_number = arena_array(&r->arena, r->driver_count, struct driver *);
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        if (!job->open) continue;
        struct match_candidate *c = arena_array(&r->arena, job->count, struct match_candidate);
        for (uint32_t k = 0; k < job->count; k++) {
            c[k] = (struct match_candidate){job->candidates[k]->number, job->eta_s[k]};
            by_number[job->candidates[k]->number] = job->candidates[k];
        }
        rides[i] = (struct match_ride){c, job->count, now_ms - job->ride.created_ms};
    }
    (void)match_nearest_pairs(rides, r->job_count, r->driver_count, &r->arena, winner);
    for (uint32_t i = 0; i < r->job_count; i++) {
        if (winner[i] == MATCH_NOBODY) continue;
        r->jobs[i].chosen = by_number[winner[i]];
        r->jobs[i].chosen->taken = true;
    }
}

/* --- the round --- */

static void finish(struct round *r)
{
    struct work *w = r->work;
    metric_observe(metric_only(r->matcher->metric[M_ROUND]),
                   (double)(clock_mono_us() - r->began_us) / 1e6);
    metric_observe(metric_only(r->matcher->metric[M_ROUND_RIDES]), (double)r->job_count);
    for (uint32_t i = 0; i < r->job_count; i++)
        work_resolved(w, r->jobs[i].entry);
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
                search_one(r, &r->jobs[i]);
        break;
    case ROUND_PROFILE:
        ask_profiles(r);
        break;
    case ROUND_COMMIT:
        choose(r);
        for (uint32_t i = 0; i < r->job_count; i++)
            if (r->jobs[i].open) commit(&r->jobs[i]);
        break;
    }
    r->sending = false;
}

/* What comes after the phase whose last answer is in. */
static enum round_phase phase_after(struct round *r)
{
    bool again = false;
    switch (r->phase) {
    case ROUND_LOAD:
        return ROUND_SEARCH;
    case ROUND_SEARCH:
        return ROUND_PROFILE;
    case ROUND_PROFILE:
        for (uint32_t i = 0; i < r->job_count; i++) {
            if (r->jobs[i].open && r->jobs[i].picky) filter(&r->jobs[i]);
            again |= widen(r, &r->jobs[i]);
        }
        return again ? ROUND_SEARCH : ROUND_COMMIT;
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
}
