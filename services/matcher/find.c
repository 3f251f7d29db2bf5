#include "round_impl.h"

#include "base/log.h"
#include "base/must.h"
#include "services/kit/core/eta.h"
#include "services/kit/keys.h"
#include "services/kit/store.h"
#include "services/matcher/board.h"
#include "services/matcher/matcher.h"
#include "services/matcher/radius.h"

static struct radius_at radius_at(const struct job *job)
{
    return (struct radius_at){job->ride.pickup,
                              board_product(work_board(job->round->work), job->ride.product)};
}

/* --- LOAD --- */

static void on_acked(void *data, const struct life_result *r)
{
    struct job *job = data;
    if (r->code == LIFE_STALE_ENTRY)
        round_count_entry(job->round, "stale");
    else
        round_unresolved(job, r->error);
    round_answered(job->round);
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
        round_unresolved(job, reply_slice(reply));
        round_answered(r);
        return;
    }
    bool found = ride_parse(reply, &ride);
    if (!found || ride.status != RIDE_REQUESTED || ride.attempt != job->entry->attempt) {
        struct life_entry e = round_entry(job);
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
    round_answered(r);
}

/* Most entries tell what must be known of the ride; older ones do not. Whether it still waits is for
 * the store to say, when it is matched. */
void find_load(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        if (job->entry->told) {
            job_open(job, job->entry->ride);
            continue;
        }
        struct key_text key;
        r->waiting++;
        STORE_CALL(round_store(r), round_timeout_ms(r), on_ride, job, SLICE("HGETALL"),
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

void find_take(const struct round *r, struct driver *d)
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

void find_note_dropped(struct job *job, struct slice id, double eta_s, const char *gate)
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
            find_note_dropped(job, arena_copy(&r->arena, id), eta_s, "excluded");
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
        round_count_entry(job->round, "unresolved");
    }
    round_answered(job->round);
}

/* Without an answer the ride has its idle drivers. */
static void on_soon_near(void *data, enum store_status status, const redisReply *reply)
{
    struct job *job = data;
    if (status == STORE_OK && job->open) take_hits(job, reply, true);
    round_answered(job->round);
}

static void search_index(struct job *job, enum key index, store_cb cb)
{
    struct round *r = job->round;
    struct key_text key;
    struct store_cmd *c = store_cmd(round_store(r), "GEOSEARCH");
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
    store_send(round_store(r), c, round_timeout_ms(r), cb, job);
}

static void search_one(struct job *job)
{
    job->searched_m = job->radius_m;
    search_index(job, KEY_DRIVERS_IDLE, on_idle_near);
    if (job->forward) search_index(job, KEY_DRIVERS_SOON, on_soon_near);
}

/* --- PROFILE --- */

/* Drivers who were asked for together. Lives in the round's arena. */
enum { PROFILES_MAX = 256 };

struct profiles {
    struct round *round;
    size_t count;
    struct driver *drivers[PROFILES_MAX];
};

static void on_profiles(void *data, const struct life_result *result)
{
    struct profiles *asked = data; /* without a profile no constraint is met */
    struct round *r = asked->round;
    const redisReply *all = reply_field(result->extras, "profiles");
    for (size_t i = 0; result->code == LIFE_OK && i < asked->count; i++) {
        struct driver *d = asked->drivers[i];
        d->has_profile = profile_parse(reply_at(all, i), d->id, &r->arena, &d->profile);
    }
    round_answered(r);
}

static void send_profiles(struct profiles *asked)
{
    struct slice ids[PROFILES_MAX];
    struct round *r = asked->round;
    for (size_t i = 0; i < asked->count; i++)
        ids[i] = asked->drivers[i]->id;
    r->waiting++;
    life_profiles(r->matcher->life, work_region(r->work), (struct life_names){ids, asked->count},
                  on_profiles, asked);
}

static void ask_profiles(struct round *r)
{
    struct profiles *asked = NULL;
    for (uint32_t i = 0; i < r->job_count; i++) {
        struct job *job = &r->jobs[i];
        for (uint32_t k = 0; job->open && job->picky && k < job->count; k++) {
            struct driver *d = job->candidates[k];
            if (d->asked) continue;
            d->asked = true;
            if (asked == NULL) {
                asked = arena_new(&r->arena, struct profiles);
                asked->round = r;
            }
            asked->drivers[asked->count++] = d;
            if (asked->count < PROFILES_MAX) continue;
            send_profiles(asked);
            asked = NULL;
        }
    }
    if (asked != NULL) send_profiles(asked);
}

static void on_free_at(void *data, enum store_status status, const redisReply *reply)
{
    struct driver *d = data;
    if (status == STORE_OK) d->free_ms = reply_i64(reply, 0);
    round_answered(d->round);
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
            STORE_CALL(round_store(r), round_timeout_ms(r), on_free_at, d, SLICE("HGET"),
                       key_make1(&key, KEY_DRIVER_STATE, work_region(r->work), d->id),
                       SLICE("free_at_ms"));
        }
    }
}

void find_place_soon(struct job *job, int64_t now_ms)
{
    uint32_t kept = 0;
    for (uint32_t k = 0; k < job->count; k++) {
        struct driver *d = job->candidates[k];
        double eta_s = job->eta_s[k];
        if (d->soon && d->free_ms == 0) {
            find_note_dropped(job, d->id, eta_s, "not_soon");
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
            find_note_dropped(job, d->id, job->eta_s[k], unmet);
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

/* Whether a wider circle may bring a ride the drivers it still lacks. Doubles its radius. */
static bool widen(const struct round *r, struct job *job, uint32_t need)
{
    if (!job->open || job->count >= need || job->radius_m >= r->matcher->options.radius_max_m)
        return false;
    job->radius_m *= 2;
    if (job->radius_m > r->matcher->options.radius_max_m)
        job->radius_m = r->matcher->options.radius_max_m;
    return true;
}

/* Whether to look once more in the same circle: another round has taken all who were found, and the
 * store will have carried out its offers by then. */
static bool look_again(struct job *job)
{
    if (!job->open || job->count == 0 || job->looked_again) return false;
    for (uint32_t k = 0; k < job->count; k++)
        if (!job->candidates[k]->taken) return false;
    job->looked_again = true;
    job->searched_m = 0;
    return true;
}

void find_search(struct round *r)
{
    for (uint32_t i = 0; i < r->job_count; i++)
        if (r->jobs[i].open && r->jobs[i].searched_m < r->jobs[i].radius_m) search_one(&r->jobs[i]);
}

void find_ask(struct round *r)
{
    ask_profiles(r);
    ask_free(r);
}

bool find_again(struct round *r)
{
    bool again = false;
    uint32_t need = needed(r);
    for (uint32_t i = 0; i < r->job_count; i++) {
        if (r->jobs[i].open && r->jobs[i].picky) filter(&r->jobs[i]);
        again |= widen(r, &r->jobs[i], need) || look_again(&r->jobs[i]);
    }
    return again;
}
