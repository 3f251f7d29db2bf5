#include "round.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/core/eta.h"
#include "services/kit/keys.h"
#include "services/matcher/board.h"
#include "services/matcher/matcher.h"
#include "services/matcher/round_impl.h"
#include "services/matcher/trace.h"

enum {
    STEPS_A_MS = 20000, /* arcs the solver looks at in a millisecond, at the least */
    SOLVE_HERE = 512,   /* pairs that are solved sooner than a worker would have woken */
};

static void next_phase(struct round *r);

int64_t round_timeout_ms(const struct round *r)
{
    return app_options(r->matcher->app)->store_timeout_ms;
}

struct store *round_store(const struct round *r)
{
    return app_store(r->matcher->app);
}

void round_count_entry(const struct round *r, const char *result)
{
    metric_inc(METRIC_AT(r->matcher->metric[M_ENTRIES], slice_of(result)));
}

void round_answered(struct round *r)
{
    must(r->waiting > 0);
    if (--r->waiting == 0 && !r->sending) next_phase(r);
}

struct life_entry round_entry(const struct job *job)
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

void round_unresolved(const struct job *job, struct slice error)
{
    note_error(job, error);
    round_count_entry(job->round, "unresolved");
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
    round_answered(req->data);
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
        if (r->jobs[i].forward) find_place_soon(&r->jobs[i], now_ms);
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
        find_take(r, d);
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
    round_count_entry(job->round, result);
    round_answered(job->round);
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
    if (slice_is(reason, "moved")) return "moved";
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
            find_note_dropped(job, d->id, job->eta_s[k], gate);
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
        round_answered(r);
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
    int64_t now_ms = clock_wall_ms();
    int64_t took_ms = now_ms > job->entry->at_ms ? now_ms - job->entry->at_ms : 0;
    metric_observe(metric_only(r->matcher->metric[M_MATCH]), (double)took_ms / 1000.0);
    work_matched(r->work, now_ms, took_ms);
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
    find_take(job->round, d);
    job->given[job->given_count++] = (struct life_candidate){d->id, eta_of(job, d), d->soon};
}

/* Offers the ride to its chosen driver, or to the next free one, or defers it. A product may offer to
 * some at once: these are the nearest whom no ride of the round has won. */
static struct life_match decide(struct job *job)
{
    struct life_match m = {.way = LIFE_DEFER, .entry = round_entry(job), .data = job};
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
    round_answered(r);
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
        STORE_CALL(round_store(r), round_timeout_ms(r), on_idle, job, SLICE("ZCARD"),
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
        find_load(r);
        break;
    case ROUND_SEARCH:
        find_search(r);
        break;
    case ROUND_PROFILE:
        find_ask(r);
        break;
    case ROUND_SOLVE:
        solve(r);
        break;
    case ROUND_COMMIT:
        take_answer(r);
        commit_all(r);
        break;
    }
    store_flush(round_store(r));
    r->sending = false;
}

/* What comes after the phase whose last answer is in. */
static enum round_phase phase_after(struct round *r)
{
    switch (r->phase) {
    case ROUND_LOAD:
        return ROUND_SEARCH;
    case ROUND_SEARCH:
        return ROUND_PROFILE;
    case ROUND_PROFILE:
        return find_again(r) ? ROUND_SEARCH : ROUND_SOLVE;
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
