#include "chores.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "services/dispatcher/dispatcher.h"
#include "services/dispatcher/reconciler.h"
#include "services/dispatcher/stream_stats.h"
#include "services/kit/leader.h"

enum { TIMERS_A_TURN = 128, HEARTBEAT_MS = 1000, STATS_MS = 1000, COMPLAIN_MS = 10000 };

/* What a turn does next; it ends in REST and the timer begins the next one.
 *
 *    INSTALL -> RUN_ID -> HEARTBEAT -> DUE -> APPLY -> DUE (while full batches come) -> REST
 *
 * Any failure rests. Closing leads from wherever it is to LAST: the store answers in order, so
 * when it has answered that, no call of ours is left. */
enum chore_step {
    CHORE_REST,
    CHORE_INSTALL,
    CHORE_RUN_ID,
    CHORE_HEARTBEAT,
    CHORE_DUE,
    CHORE_APPLY,
    CHORE_LAST,
    CHORE_GONE
};

struct chores {
    struct chores_config config;
    char region[33];
    uv_timer_t timer;
    struct leader *leader;      /* owned */
    struct stream_stats *stats; /* owned */
    struct reconciler *mender;  /* owned */
    enum chore_step at;
    uint64_t generation; /* of the store connection whose library and run id are known */
    char run_id[64];
    int64_t heartbeat_ms, stats_ms, trim_ms; /* monotonic: when last begun */
    size_t applying;                         /* calls under way in CHORE_APPLY */
    bool more;                               /* a full batch came: look again at once */
    struct log_gate fault_gate;              /* many timers may fail for one reason */
    bool heartbeat_due;
    size_t side; /* trimming and reaping calls under way */
    bool closing;
    bool timer_closed;
    void (*on_closed)(void *data);
    void *on_closed_data;
};

static void turn(struct chores *c, enum chore_step to);

static struct slice region_of(const struct chores *c)
{
    return slice_of(c->region);
}

static void free_when_gone(struct chores *c)
{
    if (!c->timer_closed || c->at != CHORE_GONE || c->side > 0) return;
    void (*fn)(void *data) = c->on_closed;
    void *data = c->on_closed_data;
    mem_free(c);
    fn(data);
}

static void on_last(void *data, enum store_status status, const redisReply *reply)
{
    (void)status;
    (void)reply;
    struct chores *c = data;
    c->at = CHORE_GONE;
    free_when_gone(c);
}

static void rest(struct chores *c)
{
    turn(c, CHORE_REST);
}

static void on_installed(void *data, const struct life_result *r)
{
    struct chores *c = data;
    if (r->code != LIFE_OK) {
        log_warn("lifecycle_install_failed", LOG_CSTR("region", c->region),
                 LOG_CSTR("code", life_code_text(r->code)), LOG_STR("error", r->error));
        rest(c);
        return;
    }
    turn(c, CHORE_RUN_ID);
}

/* Reads "run_id:…" from INFO server. */
static void on_info(void *data, enum store_status status, const redisReply *reply)
{
    struct chores *c = data;
    struct slice text = reply_slice(reply);
    struct slice line = {0};
    bool found = false;
    while (status == STORE_OK && slice_cut(&text, '\n', &line)) {
        if (!slice_starts(line, SLICE("run_id:"))) continue;
        (void)slice_cstr(slice_trim(slice_from(line, 7)), c->run_id, sizeof c->run_id);
        found = true;
    }
    if (!found) {
        rest(c);
        return;
    }
    c->generation = store_generation(c->config.store);
    turn(c, CHORE_HEARTBEAT);
}

static void on_heartbeat(void *data, const struct life_result *r)
{
    struct chores *c = data;
    if (r->code != LIFE_OK) {
        rest(c);
        return;
    }
    int64_t gap_ms = life_extra_i64(r, "gap_ms", 0);
    if (gap_ms > 0) {
        metric_inc(METRIC_AT(c->config.metric[M_GAPS], region_of(c)));
        log_warn("store_gap", LOG_CSTR("region", c->region), LOG_INT("gap_ms", gap_ms));
    }
    c->heartbeat_due = false;
    turn(c, CHORE_DUE);
}

/* Counts the state that a deadline has brought a ride to. */
static void count_ride(const struct chores *c, const struct life_result *r)
{
    struct slice did = life_extra(r, "did");
    static const char *const no_move[] = {"nothing", "rearmed", "retry", "overdue",
                                          "failed",  "warned",  "soon"};
    for (size_t i = 0; i < sizeof no_move / sizeof no_move[0]; i++)
        if (slice_is(did, no_move[i])) return;
    if (r->has_ride)
        metric_inc(
            METRIC_AT(c->config.metric[M_RIDES], slice_of(ride_status_text(r->ride.status))));
}

static void complain(struct chores *c, struct slice error)
{
    uint64_t missed = 0;
    if (log_gate_open(&c->fault_gate, clock_mono_ms(), COMPLAIN_MS, &missed))
        log_error("timer_failed", LOG_CSTR("region", c->region), LOG_STR("error", error),
                  LOG_INT("missed", missed));
}

static void on_applied(void *data, const struct life_result *r)
{
    struct chores *c = data;
    if (r->code == LIFE_OK) {
        metric_inc(METRIC_AT(c->config.metric[M_TIMERS], life_extra(r, "did")));
        count_ride(c, r);
        /* It was put off in that call: the next batch is another one. */
        if (slice_is(life_extra(r, "did"), "failed")) complain(c, life_extra(r, "error"));
    } else {
        if (r->code == LIFE_BROKEN) complain(c, r->error);
        c->more = false; /* the same ones come again: not at once */
    }
    if (--c->applying > 0) return;
    turn(c, c->more ? CHORE_DUE : CHORE_REST);
}

static void on_due(void *data, const struct life_result *r)
{
    struct chores *c = data;
    c->heartbeat_due = r->code == LIFE_HEARTBEAT_DUE;
    size_t n = r->code == LIFE_OK ? life_list_len(r, "timers") : 0;
    if (n == 0 || c->closing) {
        rest(c);
        return;
    }
    turn(c, CHORE_APPLY);
    c->applying = n;
    c->more = n == TIMERS_A_TURN;
    for (size_t i = 0; i < n; i++) {
        struct slice timer = SLICE("");
        (void)life_list(r, "timers", i, &timer);
        life_timer_apply(c->config.life, region_of(c), timer, on_applied, c);
    }
}

/* Moves the turn on: each case starts exactly one thing whose callback comes back here. */
static void turn(struct chores *c, enum chore_step to)
{
    c->at = c->closing ? CHORE_LAST : to;
    switch (c->at) {
    case CHORE_INSTALL:
        lifecycle_install(c->config.life, region_of(c), on_installed, c);
        break;
    case CHORE_RUN_ID:
        STORE_CALL(c->config.store, c->config.timeout_ms, on_info, c, SLICE("INFO"),
                   SLICE("server"));
        break;
    case CHORE_HEARTBEAT:
        c->heartbeat_ms = clock_mono_ms();
        life_heartbeat(c->config.life, region_of(c), slice_of(c->run_id), on_heartbeat, c);
        break;
    case CHORE_DUE:
        life_timers_due(c->config.life, region_of(c), TIMERS_A_TURN, on_due, c);
        break;
    case CHORE_LAST:
        STORE_CALL(c->config.store, c->config.timeout_ms, on_last, c, SLICE("PING"));
        break;
    case CHORE_REST:
    case CHORE_APPLY: /* on_due sends */
    case CHORE_GONE:
        break;
    }
}

static void side_done(struct chores *c, const char *event, const struct life_result *r)
{
    if (r->code == LIFE_BROKEN)
        log_error(event, LOG_CSTR("region", c->region), LOG_STR("error", r->error));
    c->side--;
    free_when_gone(c);
}

static void on_trimmed(void *data, const struct life_result *r)
{
    side_done(data, "trim_failed", r);
}

static void on_reaped(void *data, const struct life_result *r)
{
    struct chores *c = data;
    struct slice consumer = {0};
    for (size_t i = 0; life_list(r, "reaped", i, &consumer); i++) {
        log_info("consumer_reaped", LOG_CSTR("region", c->region), LOG_STR("consumer", consumer));
        metric_inc(METRIC_AT(c->config.metric[M_REAPED], region_of(c)));
    }
    side_done(c, "reap_failed", r);
}

static void side_chores(struct chores *c, int64_t now_ms)
{
    if (now_ms - c->stats_ms >= STATS_MS) {
        c->stats_ms = now_ms;
        stream_stats_read(c->stats);
    }
    if (now_ms - c->trim_ms >= c->config.trim_ms) {
        c->trim_ms = now_ms;
        life_streams_trim(c->config.life, region_of(c), c->config.registered, on_trimmed, c);
        life_consumers_reap(c->config.life, region_of(c), c->config.reap_ms, c->config.registered,
                            on_reaped, c);
        c->side += 2;
    }
    reconciler_step(c->mender);
}

static void on_tick(uv_timer_t *timer)
{
    struct chores *c = timer->data;
    bool leads = leader_is(c->leader);
    if (!leads) stream_stats_clear(c->stats);
    if (!store_is_up(c->config.store)) return;

    int64_t now_ms = clock_mono_ms();
    if (leads) side_chores(c, now_ms);
    if (c->at != CHORE_REST) return;

    if (c->generation != store_generation(c->config.store))
        turn(c, CHORE_INSTALL);
    else if (!leads)
        return;
    else if (c->heartbeat_due || now_ms - c->heartbeat_ms >= HEARTBEAT_MS)
        turn(c, CHORE_HEARTBEAT);
    else
        turn(c, CHORE_DUE);
}

struct chores *chores_new(const struct chores_config *config)
{
    struct chores *c = mem_new(struct chores);
    c->config = *config;
    (void)slice_cstr(config->region->id, c->region, sizeof c->region);
    c->config.region = NULL; /* a reload may replace it */
    c->leader = leader_new(config->loop, config->store, region_of(c), "chores", config->leader_ms);
    c->stats = stream_stats_new(&(struct stream_stats_config){
        .life = config->life,
        .region = region_of(c),
        .registered = config->registered,
        .metric = config->metric,
    });
    c->mender = reconciler_new(&(struct reconciler_config){
        .life = config->life,
        .region = config->region,
        .count = config->reconcile_n,
        .metric = config->metric,
    });
    (void)uv_timer_init(config->loop, &c->timer);
    c->timer.data = c;
    (void)uv_timer_start(&c->timer, on_tick, 0, (uint64_t)config->interval_ms);
    return c;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct chores *c = handle->data;
    c->timer_closed = true;
    free_when_gone(c);
}

void chores_close(struct chores *c, void (*cb)(void *data), void *data)
{
    c->on_closed = cb;
    c->on_closed_data = data;
    c->closing = true;
    leader_close(c->leader);
    stream_stats_close(c->stats);
    reconciler_close(c->mender);
    uv_close((uv_handle_t *)&c->timer, on_timer_closed);
    if (c->at == CHORE_REST) rest(c);
}
