#include "lifecycle.h"

#include <math.h>
#include <stdio.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/kit/lifecycle_lua.h"
#include "services/kit/reply.h"
#include "services/kit/store.h"

enum { CALL_MS = 3000, LOAD_MS = 10000, LOADS_MAX = 3, REGION_TEXT = 33 };

struct lifecycle {
    struct store *store; /* borrowed: outlives us */
    size_t calls;        /* under way */
    bool freed;          /* by its owner; the last call takes the memory along */
    bool repairing;      /* our library is being loaded again, or the store refuses it */
};

/* One FCALL, kept whole until it is answered, because it may have to be sent again.
 *
 *    SENT --Function not found--> ASK --absent or older--> LOAD --> ASK ... --> SENT, once
 *
 * A bare install begins at ASK and ends where SENT would follow. */
enum call_at { CALL_SENT, CALL_ASK, CALL_LOAD };

struct call {
    struct lifecycle *l; /* borrowed: stays while calls are under way */
    life_cb cb;
    void *data;
    void **datas;     /* owned; of a call about several rides, each of which has its own answer */
    size_t rides;     /* how many */
    struct buf bytes; /* the arguments, one behind the other */
    size_t *lens;     /* owned */
    size_t n;
    size_t cap;
    char region[REGION_TEXT];
    enum call_at at;
    int loads;
    bool install_only;
};

static const char *const code_texts[LIFE_CODES_N] = {
#define CODE(name, text) [LIFE_##name] = text,
    LIFE_CODES(CODE)
#undef CODE
};

const char *life_code_text(enum life_code code)
{
    must((unsigned)code < LIFE_CODES_N);
    return code_texts[code];
}

static enum life_code code_of(struct slice text)
{
    for (unsigned i = 0; i < LIFE_CODES_N; i++) {
        if (slice_is(text, code_texts[i])) return (enum life_code)i;
    }
    return LIFE_BROKEN;
}

struct lifecycle *lifecycle_new(struct store *store)
{
    struct lifecycle *l = mem_new(struct lifecycle);
    l->store = store;
    return l;
}

static void free_when_idle(struct lifecycle *l)
{
    if (l->freed && l->calls == 0) mem_free(l);
}

void lifecycle_free(struct lifecycle *l)
{
    if (l == NULL) return;
    l->freed = true;
    free_when_idle(l);
}

/* ---- arguments ---- */

static void arg(struct call *c, struct slice s)
{
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 16 : c->cap * 2;
        c->lens = mem_realloc(c->lens, c->cap * sizeof *c->lens);
    }
    c->lens[c->n++] = s.len;
    buf_add_slice(&c->bytes, s);
}

static void arg_i64(struct call *c, int64_t n)
{
    char text[24];
    arg(c, slice_make(text, fmt_i64(text, n)));
}

/* Nothing when n is none. */
static void arg_i64_or(struct call *c, int64_t n, int64_t none)
{
    if (n == none)
        arg(c, (struct slice){0});
    else
        arg_i64(c, n);
}

/* Nothing when degrees is NaN. */
static void arg_degrees(struct call *c, double degrees)
{
    char text[40];
    if (isnan(degrees)) {
        arg(c, (struct slice){0});
        return;
    }
    int n = snprintf(text, sizeof text, "%.7f", degrees);
    arg(c, slice_make(text, n > 0 && (size_t)n < sizeof text ? (size_t)n : 0));
}

static void field(struct call *c, const char *name, struct slice value)
{
    arg(c, slice_of(name));
    arg(c, value);
}

static void field_i64(struct call *c, const char *name, int64_t value)
{
    arg(c, slice_of(name));
    arg_i64(c, value);
}

static void field_degrees(struct call *c, const char *name, double value)
{
    arg(c, slice_of(name));
    arg_degrees(c, value);
}

/* A call of function `name` (with its _v1) for a region; a region that is none of ours gets one
 * where nothing exists. */
static struct call *call_new(struct lifecycle *l, const char *name, struct slice region, life_cb cb,
                             void *data)
{
    struct call *c = mem_new(struct call);
    struct key_text key;

    if (!region_id_valid(region)) region = SLICE("none");
    c->l = l;
    c->cb = cb;
    c->data = data;
    (void)slice_cstr(region, c->region, sizeof c->region);
    l->calls++;
    arg(c, slice_of(name));
    arg(c, SLICE("1"));
    arg(c, key_make0(&key, KEY_RIDES_EVENTS, region));
    return c;
}

/* ---- the answer ---- */

/* Tells the i-th ride of a call its own part of the answer, or what befell the call. */
static void one_ride(struct call *c, const struct life_result *all, size_t i)
{
    struct life_result r = *all;
    if (r.code == LIFE_OK) {
        const redisReply *part = reply_at(reply_field(all->extras, "results"), i);
        r.code = code_of(reply_slice(reply_at(part, 0)));
        r.extras = reply_at(part, 2);
        if (r.code == LIFE_BROKEN) r.error = life_extra(&r, "error");
    }
    c->cb(c->datas[i], &r);
}

static void call_end(struct call *c, const struct life_result *r)
{
    struct lifecycle *l = c->l;
    for (size_t i = 0; i < c->rides; i++)
        one_ride(c, r, i);
    if (c->rides == 0 && c->cb != NULL) c->cb(c->data, r);
    buf_fini(&c->bytes);
    mem_free(c->datas);
    mem_free(c->lens);
    mem_free(c);
    l->calls--;
    free_when_idle(l);
}

static void call_fail(struct call *c, enum life_code code, struct slice words)
{
    struct life_result r = {.code = code, .error = words};
    call_end(c, &r);
}

/* Errors of a store that cannot serve just now, as opposed to those of a call that is wrong. */
static bool error_passes(const redisReply *reply)
{
    static const char *const words[] = {"LOADING",    "BUSY",     "READONLY",    "MASTERDOWN",
                                        "OOM",        "MISCONF",  "CLUSTERDOWN", "TRYAGAIN",
                                        "NOREPLICAS", "UNBLOCKED"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (reply_is_error_code(reply, words[i])) return true;
    }
    return false;
}

static void on_repaired(void *data, const struct life_result *r)
{
    struct lifecycle *l = data;
    l->repairing = r->code == LIFE_BROKEN; /* refused: asking at each call would be in vain */
}

/* Asking for the revision and loading are two steps: of two builds that both found the library
 * old, the older may load last. Each reply says which revision gave it, so whoever has a newer
 * one sees that at the next call, and brings it back. */
static void repair_if_older(struct lifecycle *l, struct slice region, int64_t revision)
{
    if (revision >= lifecycle_revision || l->repairing || l->freed) return;
    l->repairing = true;
    lifecycle_install(l, region, on_repaired, l);
}

static void call_answer(struct call *c, const redisReply *reply)
{
    struct life_result r = {.code = code_of(reply_slice(reply_at(reply, 0)))};

    r.extras = reply_at(reply, 2);
    r.has_ride = ride_parse(reply_at(reply, 1), &r.ride);
    r.now_ms = life_extra_i64(&r, "now_ms", 0);
    r.generation = life_extra_i64(&r, "generation", 0);
    if (r.code == LIFE_BROKEN)
        r.error = SLICE("a reply of an unknown form");
    else
        repair_if_older(c->l, slice_of(c->region), life_extra_i64(&r, "revision", 0));
    call_end(c, &r);
}

static void call_send(struct call *c);
static void call_ask(struct call *c);
static void call_load(struct call *c);

static bool is_missing(const redisReply *reply)
{
    return reply_is_error(reply) &&
           slice_starts(reply_slice(reply), SLICE("ERR Function not found"));
}

/* The one place that moves a call on. */
static void on_reply(void *data, enum store_status status, const redisReply *reply)
{
    struct call *c = data;
    bool missing = status == STORE_ERROR && is_missing(reply);

    if (status != STORE_OK && status != STORE_ERROR) {
        call_fail(c, LIFE_UNAVAILABLE, slice_of(store_status_text(status)));
        return;
    }
    if (status == STORE_ERROR && !missing) {
        call_fail(c, error_passes(reply) ? LIFE_UNAVAILABLE : LIFE_BROKEN, reply_slice(reply));
        return;
    }
    switch (c->at) {
    case CALL_SENT:
        if (missing && c->loads == 0)
            call_ask(c);
        else if (missing)
            call_fail(c, LIFE_BROKEN, reply_slice(reply));
        else
            call_answer(c, reply);
        break;
    case CALL_ASK: {
        struct slice text = reply_field_slice(reply_at(reply, 2), "revision");
        int64_t revision = 0;
        if (!missing) (void)slice_i64(text, &revision);
        if (revision < lifecycle_revision && c->loads < LOADS_MAX) {
            call_load(c);
        } else if (revision < lifecycle_revision) {
            call_fail(c, LIFE_BROKEN, SLICE("the library does not stay loaded"));
        } else if (c->install_only) {
            call_answer(c, reply);
        } else {
            c->loads++;
            call_send(c);
        }
        break;
    }
    case CALL_LOAD:
        call_ask(c);
        break;
    }
}

static void call_send(struct call *c)
{
    struct store_cmd *cmd = store_cmd(c->l->store, "FCALL");
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        store_arg(cmd, slice_make(c->bytes.p + at, c->lens[i]));
        at += c->lens[i];
    }
    c->at = CALL_SENT;
    store_send(c->l->store, cmd, CALL_MS, on_reply, c);
}

static void call_ask(struct call *c)
{
    struct key_text key;
    struct slice events = key_make0(&key, KEY_RIDES_EVENTS, slice_of(c->region));
    c->at = CALL_ASK;
    STORE_CALL(c->l->store, CALL_MS, on_reply, c, SLICE("FCALL"), SLICE("revision_v1"), SLICE("1"),
               events);
}

/* A newer library that arrives between the question and this is brought back by its owner: see
 * repair_if_older. */
static void call_load(struct call *c)
{
    c->at = CALL_LOAD;
    c->loads++;
    STORE_CALL(c->l->store, LOAD_MS, on_reply, c, SLICE("FUNCTION"), SLICE("LOAD"),
               SLICE("REPLACE"), slice_make(lifecycle_lua, lifecycle_lua_len));
}

void lifecycle_install(struct lifecycle *l, struct slice region, life_cb cb, void *data)
{
    struct call *c = call_new(l, "revision_v1", region, cb, data);
    c->install_only = true;
    call_ask(c);
}

struct slice life_extra(const struct life_result *r, const char *name)
{
    return reply_field_slice(r->extras, name);
}

int64_t life_extra_i64(const struct life_result *r, const char *name, int64_t fallback)
{
    return reply_i64(reply_field(r->extras, name), fallback);
}

size_t life_list_len(const struct life_result *r, const char *name)
{
    return reply_count(reply_field(r->extras, name));
}

bool life_list(const struct life_result *r, const char *name, size_t i, struct slice *out)
{
    const redisReply *list = reply_field(r->extras, name);
    if (i >= reply_count(list)) return false;
    *out = reply_slice(reply_at(list, i));
    return true;
}

bool life_extra_ride(const struct life_result *r, const char *name, struct ride *out)
{
    return ride_parse(reply_field(r->extras, name), out);
}

bool life_list_ride(const struct life_result *r, const char *name, size_t i, struct ride *out)
{
    return ride_parse(reply_at(reply_field(r->extras, name), i), out);
}

/* ---- riders ---- */

void life_ride_create(struct lifecycle *l, const struct life_create *a, life_cb cb, void *data)
{
    struct call *c = call_new(l, "ride_create_v1", id_region(a->ride_id), cb, data);

    arg(c, a->rider_id);
    arg(c, a->idem_key);
    arg(c, a->body_hash);
    arg(c, a->ride_id);
    arg(c, a->start_code);
    arg(c, a->product);
    arg_i64_or(c, a->pickup_at_ms, 0);
    arg(c, a->traceparent);
    field(c, "pickup", a->pickup);
    field(c, "dropoff", a->dropoff);
    field(c, "stops", a->stops);
    field_i64(c, "stops_n", a->stops_n);
    field_degrees(c, "pickup_lat", a->pickup_lat);
    field_degrees(c, "pickup_lon", a->pickup_lon);
    field_degrees(c, "dropoff_lat", a->dropoff_lat);
    field_degrees(c, "dropoff_lon", a->dropoff_lon);
    field(c, "constraints", a->constraints);
    field(c, "note", a->note);
    field_i64(c, "distance_m", a->distance_m);
    field_i64(c, "duration_s", a->duration_s);
    field_i64(c, "trip_s", a->trip_s);
    field_i64(c, "pickup_eta_s", a->pickup_eta_s);
    field_i64(c, "quote_eta_s", a->pickup_eta_s);
    field(c, "fare", a->fare);
    field_i64(c, "fare_minor", a->fare_minor);
    field(c, "currency", a->currency);
    field(c, "quote", a->quote);
    field(c, "quote_id", a->quote_id);
    field_i64(c, "fee_cancel", a->fee_cancel_minor);
    field_i64(c, "fee_no_show", a->fee_no_show_minor);
    field_i64(c, "fee_free_s", a->fee_free_s);
    field_i64(c, "fee_late_s", a->fee_late_s);
    call_send(c);
}

void life_ride_replay(struct lifecycle *l, struct slice region, struct slice rider_id,
                      struct slice idem_key, struct slice body_hash, life_cb cb, void *data)
{
    struct call *c = call_new(l, "ride_replay_v1", region, cb, data);
    arg(c, rider_id);
    arg(c, idem_key);
    arg(c, body_hash);
    call_send(c);
}

/* ---- the matcher ---- */

static void match(struct lifecycle *l, const char *name, const struct life_entry *e,
                  struct slice driver_id, int64_t eta_s, life_cb cb, void *data)
{
    struct call *c = call_new(l, name, id_region(e->ride_id), cb, data);
    arg(c, e->ride_id);
    arg_i64(c, e->attempt);
    arg(c, driver_id);
    arg(c, e->entry_id);
    arg_i64(c, eta_s);
    call_send(c);
}

void life_ride_offer(struct lifecycle *l, const struct life_entry *e, struct slice driver_id,
                     int64_t eta_s, life_cb cb, void *data)
{
    match(l, "ride_offer_v1", e, driver_id, eta_s, cb, data);
}

void life_ride_broadcast(struct lifecycle *l, const struct life_entry *e,
                         const struct life_candidate *candidates, size_t n, life_cb cb, void *data)
{
    must(n >= 1 && n <= RIDE_BROADCAST_MAX);
    struct call *c = call_new(l, "ride_broadcast_v1", id_region(e->ride_id), cb, data);
    arg(c, e->ride_id);
    arg_i64(c, e->attempt);
    arg(c, e->entry_id);
    for (size_t i = 0; i < n; i++) {
        arg(c, candidates[i].driver_id);
        arg_i64(c, candidates[i].eta_s);
    }
    call_send(c);
}

void life_ride_assign(struct lifecycle *l, const struct life_entry *e, struct slice driver_id,
                      int64_t eta_s, life_cb cb, void *data)
{
    match(l, "ride_assign_v1", e, driver_id, eta_s, cb, data);
}

void life_ride_swap(struct lifecycle *l, struct slice region, const struct life_swap *swaps,
                    size_t n, life_cb cb, void *data)
{
    must(n >= 2 && n <= LIFE_SWAPS_MAX);
    struct call *c = call_new(l, "ride_swap_v1", region, cb, data);
    for (size_t i = 0; i < n; i++) {
        arg(c, swaps[i].ride_id);
        arg_i64(c, swaps[i].version);
        arg(c, swaps[i].lease);
        arg(c, swaps[i].driver_id);
        arg_i64(c, swaps[i].eta_s);
    }
    call_send(c);
}

static void entry(struct lifecycle *l, const char *name, const struct life_entry *e, life_cb cb,
                  void *data)
{
    struct call *c = call_new(l, name, id_region(e->ride_id), cb, data);
    arg(c, e->ride_id);
    arg_i64(c, e->attempt);
    arg(c, e->entry_id);
    call_send(c);
}

/* The names of the candidates, then their ways, each as one argument. */
static void arg_candidates(struct call *c, const struct life_match *m)
{
    struct buf text = {0};
    for (size_t i = 0; i < m->n; i++) {
        if (i > 0) buf_add_char(&text, ' ');
        buf_add_slice(&text, m->candidates[i].driver_id);
    }
    arg(c, buf_slice(&text));
    buf_clear(&text);
    for (size_t i = 0; i < m->n; i++) {
        char *at = buf_reserve(&text, 32);
        size_t len = 0;
        if (i > 0) at[len++] = ' ';
        text.len += len + fmt_i64(at + len, m->candidates[i].eta_s);
    }
    arg(c, buf_slice(&text));
    buf_fini(&text);
}

void life_rides_match(struct lifecycle *l, struct slice region, const struct life_match *rides,
                      size_t n, life_cb cb)
{
    static const char *const ways[] = {
        [LIFE_OFFER] = "offer", [LIFE_ASSIGN] = "assign", [LIFE_DEFER] = "defer"};
    must(n >= 1 && n <= RIDE_MATCH_RIDES);
    struct call *c = call_new(l, "rides_match_v1", region, cb, NULL);
    c->datas = mem_array(n, void *);
    c->rides = n;
    for (size_t i = 0; i < n; i++) {
        const struct life_match *m = &rides[i];
        must(m->n <= RIDE_BROADCAST_MAX);
        must((m->n == 0) == (m->way == LIFE_DEFER));
        c->datas[i] = m->data;
        arg(c, slice_of(ways[m->way]));
        arg(c, m->entry.ride_id);
        arg_i64(c, m->entry.attempt);
        arg(c, m->entry.entry_id);
        arg_candidates(c, m);
    }
    call_send(c);
}

void life_ride_defer(struct lifecycle *l, const struct life_entry *e, life_cb cb, void *data)
{
    entry(l, "ride_defer_v1", e, cb, data);
}

void life_work_ack(struct lifecycle *l, const struct life_entry *e, life_cb cb, void *data)
{
    entry(l, "work_ack_v1", e, cb, data);
}

void life_work_failed(struct lifecycle *l, struct slice region, struct slice entry_id,
                      struct slice error, life_cb cb, void *data)
{
    struct call *c = call_new(l, "work_failed_v1", region, cb, data);
    arg(c, entry_id);
    arg(c, error);
    call_send(c);
}

void life_ride_dead_letter(struct lifecycle *l, struct slice region, const struct life_entry *e,
                           struct slice reason, int64_t deliveries, struct slice raw, life_cb cb,
                           void *data)
{
    struct call *c = call_new(l, "ride_dead_letter_v1", region, cb, data);
    arg(c, e->ride_id);
    arg_i64(c, e->attempt);
    arg(c, e->entry_id);
    arg(c, reason);
    arg_i64(c, deliveries);
    arg(c, raw);
    call_send(c);
}

/* ---- the parties ---- */

static struct call *act(struct lifecycle *l, const char *name, const struct life_act *a, life_cb cb,
                        void *data)
{
    struct call *c = call_new(l, name, id_region(a->ride_id), cb, data);
    arg(c, a->ride_id);
    arg(c, a->actor_id);
    arg(c, a->lease);
    arg_i64_or(c, a->if_version, 0);
    return c;
}

void life_ride_accept(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_accept_v1", a, cb, data));
}

void life_ride_decline(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_decline_v1", a, cb, data));
}

void life_ride_arrive(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_arrive_v1", a, cb, data));
}

void life_ride_start(struct lifecycle *l, const struct life_act *a, struct slice start_code,
                     life_cb cb, void *data)
{
    struct call *c = act(l, "ride_start_v1", a, cb, data);
    arg(c, start_code);
    call_send(c);
}

void life_ride_reach_stop(struct lifecycle *l, const struct life_act *a, int64_t stop, life_cb cb,
                          void *data)
{
    struct call *c = act(l, "ride_reach_stop_v1", a, cb, data);
    arg_i64(c, stop);
    call_send(c);
}

void life_ride_complete(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    struct call *c = act(l, "ride_complete_v1", a, cb, data);
    arg_degrees(c, a->lat);
    arg_degrees(c, a->lon);
    call_send(c);
}

void life_ride_no_show(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_no_show_v1", a, cb, data));
}

void life_ride_cancel(struct lifecycle *l, const struct life_act *a, enum ride_by by,
                      struct slice reason, int64_t fee_minor, life_cb cb, void *data)
{
    static const char *const names[] = {
        [RIDE_BY_RIDER] = "rider", [RIDE_BY_DRIVER] = "driver", [RIDE_BY_OPS] = "ops"};
    struct call *c = act(l, "ride_cancel_v1", a, cb, data);
    arg(c, slice_of(names[by]));
    arg(c, reason);
    arg_i64_or(c, fee_minor, -1);
    call_send(c);
}

/* ---- money, ops ---- */

void life_ride_settle(struct lifecycle *l, struct slice ride_id, struct slice final_fare,
                      int64_t final_minor, struct slice group, struct slice entry_id, life_cb cb,
                      void *data)
{
    struct call *c = call_new(l, "ride_settle_v1", id_region(ride_id), cb, data);
    arg(c, ride_id);
    arg(c, final_fare);
    arg_i64(c, final_minor);
    arg(c, group);
    arg(c, entry_id);
    call_send(c);
}

void life_ride_redrive(struct lifecycle *l, struct slice ride_id, struct slice dead_id, life_cb cb,
                       void *data)
{
    struct call *c = call_new(l, "ride_redrive_v1", id_region(ride_id), cb, data);
    arg(c, ride_id);
    arg(c, dead_id);
    call_send(c);
}

/* ---- calls with one or two plain arguments ---- */

static void plain(struct lifecycle *l, const char *name, struct slice region, struct slice a,
                  life_cb cb, void *data)
{
    struct call *c = call_new(l, name, region, cb, data);
    arg(c, a);
    call_send(c);
}

static void plain_i64(struct lifecycle *l, const char *name, struct slice region, int64_t a,
                      life_cb cb, void *data)
{
    struct call *c = call_new(l, name, region, cb, data);
    arg_i64(c, a);
    call_send(c);
}

void life_dead_discard(struct lifecycle *l, struct slice region, struct slice dead_id, life_cb cb,
                       void *data)
{
    plain(l, "dead_discard_v1", region, dead_id, cb, data);
}

/* ---- drivers ---- */

void life_driver_online(struct lifecycle *l, const struct life_online *o, life_cb cb, void *data)
{
    struct call *c = call_new(l, "driver_online_v1", id_region(o->driver_id), cb, data);
    arg(c, o->driver_id);
    arg_degrees(c, o->lat);
    arg_degrees(c, o->lon);
    arg(c, o->products);
    arg(c, o->card);
    call_send(c);
}

void life_driver_offline(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_offline_v1", id_region(driver_id), driver_id, cb, data);
}

void life_driver_break(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_break_v1", id_region(driver_id), driver_id, cb, data);
}

void life_driver_block(struct lifecycle *l, struct slice driver_id, struct slice reason, life_cb cb,
                       void *data)
{
    struct call *c = call_new(l, "driver_block_v1", id_region(driver_id), cb, data);
    arg(c, driver_id);
    arg(c, reason);
    call_send(c);
}

void life_driver_unblock(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_unblock_v1", id_region(driver_id), driver_id, cb, data);
}

void life_driver_seen(struct lifecycle *l, struct slice driver_id, double lat, double lon,
                      life_cb cb, void *data)
{
    struct call *c = call_new(l, "driver_seen_v1", id_region(driver_id), cb, data);
    arg(c, driver_id);
    arg_degrees(c, lat);
    arg_degrees(c, lon);
    call_send(c);
}

void life_stale_due(struct lifecycle *l, struct slice region, int64_t limit, life_cb cb, void *data)
{
    plain_i64(l, "stale_due_v1", region, limit, cb, data);
}

void life_driver_dark(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_dark_v1", id_region(driver_id), driver_id, cb, data);
}

/* ---- time ---- */

void life_heartbeat(struct lifecycle *l, struct slice region, struct slice run_id, life_cb cb,
                    void *data)
{
    plain(l, "heartbeat_v1", region, run_id, cb, data);
}

void life_timers_due(struct lifecycle *l, struct slice region, int64_t limit, life_cb cb,
                     void *data)
{
    plain_i64(l, "timers_due_v1", region, limit, cb, data);
}

void life_timer_apply(struct lifecycle *l, struct slice region, struct slice timer, life_cb cb,
                      void *data)
{
    plain(l, "timer_apply_v1", region, timer, cb, data);
}

static void args(struct call *c, struct life_names names)
{
    for (size_t i = 0; i < names.n; i++)
        arg(c, names.at[i]);
}

void life_reconcile(struct lifecycle *l, struct slice region, struct slice cursor, int64_t count,
                    struct life_names products, life_cb cb, void *data)
{
    struct call *c = call_new(l, "reconcile_v1", region, cb, data);
    arg(c, cursor);
    arg_i64(c, count);
    args(c, products);
    call_send(c);
}

/* ---- streams ---- */

void life_streams_trim(struct lifecycle *l, struct slice region, struct life_names registered,
                       life_cb cb, void *data)
{
    struct call *c = call_new(l, "streams_trim_v1", region, cb, data);
    args(c, registered);
    call_send(c);
}

void life_consumers_reap(struct lifecycle *l, struct slice region, int64_t idle_ms,
                         struct life_names registered, life_cb cb, void *data)
{
    struct call *c = call_new(l, "consumers_reap_v1", region, cb, data);
    arg_i64(c, idle_ms);
    args(c, registered);
    call_send(c);
}

void life_streams_look(struct lifecycle *l, struct slice region, struct life_names registered,
                       life_cb cb, void *data)
{
    struct call *c = call_new(l, "streams_look_v1", region, cb, data);
    args(c, registered);
    call_send(c);
}

/* ---- history and figures ---- */

void life_project(struct lifecycle *l, struct slice region, const struct life_projection *p,
                  life_cb cb, void *data)
{
    struct call *c = call_new(l, "project_v1", region, cb, data);
    arg(c, p->group);
    arg(c, p->entry_id);
    arg(c, p->day);
    arg(c, p->week);
    arg(c, p->cell);
    call_send(c);
}

void life_project_again(struct lifecycle *l, struct slice region, struct slice dead_id, life_cb cb,
                        void *data)
{
    plain(l, "project_again_v1", region, dead_id, cb, data);
}

void life_history_get(struct lifecycle *l, struct slice ride_id, life_cb cb, void *data)
{
    plain(l, "history_get_v1", id_region(ride_id), ride_id, cb, data);
}

void life_history_list(struct lifecycle *l, struct slice region, const char *whose, struct slice id,
                       struct slice cursor, int64_t limit, life_cb cb, void *data)
{
    struct call *c = call_new(l, "history_list_v1", region, cb, data);
    arg(c, slice_of(whose));
    arg(c, id);
    arg(c, cursor);
    arg_i64(c, limit);
    call_send(c);
}

static void leaderboard(struct lifecycle *l, const char *name, struct slice region,
                        const char *what, struct slice period, struct slice last, life_cb cb,
                        void *data)
{
    struct call *c = call_new(l, name, region, cb, data);
    arg(c, slice_of(what));
    arg(c, period);
    arg(c, last);
    call_send(c);
}

void life_leaderboard(struct lifecycle *l, struct slice region, const char *what,
                      struct slice period, int64_t n, life_cb cb, void *data)
{
    char text[24];
    struct slice rows = slice_make(text, fmt_i64(text, n));
    leaderboard(l, "leaderboard_v1", region, what, period, rows, cb, data);
}

void life_leaderboard_of(struct lifecycle *l, struct slice region, const char *what,
                         struct slice period, struct slice driver_id, life_cb cb, void *data)
{
    leaderboard(l, "leaderboard_of_v1", region, what, period, driver_id, cb, data);
}

void life_stats(struct lifecycle *l, struct slice region, struct life_names days, int64_t before,
                life_cb cb, void *data)
{
    struct call *c = call_new(l, "stats_v1", region, cb, data);
    arg(c, days.at[0]);
    arg_i64(c, before);
    args(c, (struct life_names){days.at + 1, days.n - 1});
    call_send(c);
}

void life_hot_cells(struct lifecycle *l, struct slice region, life_cb cb, void *data)
{
    call_send(call_new(l, "hot_cells_v1", region, cb, data));
}

void life_ride_rate(struct lifecycle *l, struct slice ride_id, struct slice actor_id,
                    enum ride_by by, int64_t stars, struct slice tags, life_cb cb, void *data)
{
    struct call *c = call_new(l, "ride_rate_v1", id_region(ride_id), cb, data);
    arg(c, ride_id);
    arg(c, actor_id);
    arg(c, by == RIDE_BY_RIDER ? SLICE("rider") : SLICE("driver"));
    arg_i64(c, stars);
    arg(c, tags);
    call_send(c);
}

void life_token_revoke(struct lifecycle *l, struct slice region, struct slice jti,
                       int64_t expires_ms, life_cb cb, void *data)
{
    struct call *c = call_new(l, "token_revoke_v1", region, cb, data);
    arg(c, jti);
    arg_i64(c, expires_ms);
    call_send(c);
}

/* ---- readers ---- */

void life_snapshot_rider(struct lifecycle *l, struct slice region, struct slice rider_id,
                         life_cb cb, void *data)
{
    plain(l, "snapshot_rider_v1", region, rider_id, cb, data);
}

void life_snapshot_driver(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "snapshot_driver_v1", id_region(driver_id), driver_id, cb, data);
}

void life_scheduled_rides(struct lifecycle *l, struct slice region, struct slice rider_id,
                          life_cb cb, void *data)
{
    plain(l, "rider_scheduled_v1", region, rider_id, cb, data);
}

void life_ride_get(struct lifecycle *l, struct slice ride_id, life_cb cb, void *data)
{
    plain(l, "ride_get_v1", id_region(ride_id), ride_id, cb, data);
}

void life_versions(struct lifecycle *l, struct slice region, const struct slice *ride_ids, size_t n,
                   life_cb cb, void *data)
{
    struct call *c = call_new(l, "versions_v1", region, cb, data);
    for (size_t i = 0; i < n; i++)
        arg(c, ride_ids[i]);
    call_send(c);
}
