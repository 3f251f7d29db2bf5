#include "hints.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "services/kit/keys.h"
#include "services/ws-gateway/frame.h"

#include <jansson.h>

enum { COMPARE_MAX = 100, WATCHERS_MAX = 64 };

struct channel {
    struct gateway *gateway;
    struct list watchers;
    struct slice name; /* owned bytes */
};

/* A subscription that somebody waits for. */
struct confirm {
    struct session *session;
    void (*fn)(struct session *s);
};

static void on_confirmed(void *data, enum store_status status)
{
    (void)status; /* when the connection is down, on_resubscribed refreshes everybody */
    struct confirm *c = data;
    if (session_is_open(c->session)) c->fn(c->session);
    session_unref(c->session);
    mem_free(c);
}

void hints_watch(struct watch *w, struct slice name, void (*confirmed)(struct session *s))
{
    struct gateway *g = w->owner->gateway;
    hints_unwatch(w);
    struct channel *ch = map_find(&g->channels, name);
    if (ch == NULL) {
        ch = mem_new(struct channel);
        ch->gateway = g;
        ch->name = slice_make(mem_dup(name.p, name.len), name.len);
        list_init(&ch->watchers);
        (void)map_put(&g->channels, name, ch);
    }
    w->on = ch;
    list_add(&ch->watchers, &w->link);
    if (confirmed == NULL) {
        store_sub_add(g->hints, name, NULL, NULL);
        return;
    }
    struct confirm *c = mem_new(struct confirm);
    *c = (struct confirm){w->owner, confirmed};
    session_ref(w->owner);
    store_sub_add(g->hints, name, on_confirmed, c);
}

void hints_unwatch(struct watch *w)
{
    struct channel *ch = w->on;
    if (ch == NULL) return;
    w->on = NULL;
    list_del(&w->link);
    store_sub_del(ch->gateway->hints, ch->name);
    if (!list_empty(&ch->watchers)) return;
    (void)map_take(&ch->gateway->channels, ch->name);
    mem_free((void *)(uintptr_t)ch->name.p);
    mem_free(ch);
}

/* --- what a hint means --- */

static struct slice member(const json_t *hint, const char *name)
{
    const json_t *v = json_object_get(hint, name);
    if (!json_is_string(v)) return SLICE("");
    return slice_make(json_string_value(v), json_string_length(v));
}

static void put_member(struct json *j, const json_t *hint, const char *name)
{
    const json_t *v = json_object_get(hint, name);
    char *text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text != NULL) json_put_raw(j, name, slice_of(text));
    free(text);
}

/* What a hint tells by itself is newer than what a read under way will answer. */
static void send_unread(struct session *s)
{
    s->overtaken = s->reading;
    session_send(s, OUTBOX_STATE, SLICE(""), buf_slice(&s->gateway->scratch));
}

/* The hint of an offer holds all that its driver must see, so no read is needed. */
static void offer_created(struct session *s, const json_t *hint, int64_t now_ms)
{
    struct gateway *g = s->gateway;
    struct slice ride_id = member(hint, "ride_id");
    struct slice offer_id = member(hint, "offer_id");
    int64_t version = json_integer_value(json_object_get(hint, "version"));
    int64_t expires_ms = json_integer_value(json_object_get(hint, "expires_ms"));
    if (slice_is(offer_id, s->known.offer_id)) return; /* a snapshot brought it already */
    if (slice_is(ride_id, s->known.ride_id) && version <= s->known.version) return; /* late */
    bool beside = json_is_true(json_object_get(hint, "beside"));
    if (!beside && s->known.held) { /* how that ended is still being read: all of it in order */
        session_refresh(s, true);
        return;
    }
    gateway_pushed(g, json_integer_value(json_object_get(hint, "at_ms")));
    if (!beside && !slice_is(ride_id, s->known.ride_id)) session_forget(s);
    (void)slice_cstr(offer_id, s->known.offer_id, sizeof s->known.offer_id);
    if (!beside) {
        (void)slice_cstr(ride_id, s->known.ride_id, sizeof s->known.ride_id);
        s->known.version = version;
        s->known.live = true;
    }

    struct json j = frame_begin(&g->scratch, "offer.created", now_ms, ride_id, version);
    json_object_start(&j);
    json_put_str(&j, "offer_id", offer_id);
    json_put_str(&j, "ride_id", ride_id);
    put_member(&j, hint, "pickup");
    put_member(&j, hint, "dropoff");
    put_member(&j, hint, "fare");
    put_member(&j, hint, "pickup_eta_s");
    json_put_time(&j, "expires_at", expires_ms);
    int64_t left_ms = expires_ms - json_integer_value(json_object_get(hint, "at_ms"));
    json_put_i64(&j, "expires_in_ms", left_ms > 0 ? left_ms : 0);
    json_object_end(&j);
    frame_end(&j);
    send_unread(s);
}

static void offer_revoked(struct session *s, const json_t *hint, int64_t now_ms)
{
    struct gateway *g = s->gateway;
    struct slice offer_id = member(hint, "offer_id");
    if (!slice_is(offer_id, s->known.offer_id)) return; /* never shown, or answered */
    gateway_pushed(g, json_integer_value(json_object_get(hint, "at_ms")));
    if (slice_is(member(hint, "ride_id"), s->known.ride_id))
        session_forget(s);
    else
        s->known.offer_id[0] = '\0'; /* he stays on his ride */

    struct json j = frame_begin(&g->scratch, "offer.revoked", now_ms, member(hint, "ride_id"),
                                json_integer_value(json_object_get(hint, "version")));
    json_object_start(&j);
    json_put_str(&j, "offer_id", offer_id);
    json_put_str(&j, "reason", member(hint, "event"));
    json_object_end(&j);
    frame_end(&j);
    send_unread(s);
}

/* The ride went back to be matched without this driver: he is no party of it any more. */
static void released(struct session *s, const json_t *hint, int64_t now_ms)
{
    struct gateway *g = s->gateway;
    struct slice ride_id = member(hint, "ride_id");
    int64_t version = json_integer_value(json_object_get(hint, "version"));
    bool known = slice_is(ride_id, s->known.ride_id); /* else his next one, or not read yet */
    if (known && version <= s->known.version) return;
    gateway_pushed(g, json_integer_value(json_object_get(hint, "at_ms")));
    if (known) session_forget(s);
    session_told(s, ride_id, version);

    struct json j = frame_begin(&g->scratch, "ride.updated", now_ms, ride_id, version);
    json_object_start(&j);
    json_put_str(&j, "ride_id", ride_id);
    json_put_bool(&j, "released", true);
    json_put_str(&j, "reason", member(hint, "event"));
    json_object_end(&j);
    frame_end(&j);
    send_unread(s);
}

/* The driver does not come nearer to the pickup, or is not heard: he will lose the ride. Nothing has
 * changed yet, so the frame is no state: a client that misses it is warned by what comes. */
static void warning(struct session *s, const json_t *hint, int64_t now_ms)
{
    struct gateway *g = s->gateway;
    struct json j = frame_begin(&g->scratch, "warning", now_ms, member(hint, "ride_id"),
                                json_integer_value(json_object_get(hint, "version")));
    json_object_start(&j);
    json_put_str(&j, "reason", member(hint, "reason"));
    json_object_end(&j);
    frame_end(&j);
    session_send(s, OUTBOX_CONTROL, SLICE(""), buf_slice(&g->scratch));
}

static void changed(struct session *s, const json_t *hint)
{
    struct slice ride_id = member(hint, "ride_id");
    int64_t version = json_integer_value(json_object_get(hint, "version"));
    bool known = slice_is(ride_id, s->known.ride_id) && version <= s->known.version &&
                 json_integer_value(json_object_get(hint, "generation")) <= s->gateway->generation;
    if (known || !id_valid(ride_id)) return;
    session_read_ride(s, ride_id);
}

/* A session of the same driver was opened, maybe at another gateway; the hint may be older than
 * this one. */
static void maybe_superseded(struct session *s, const json_t *hint)
{
    if (!slice_is(member(hint, "session_id"), s->id)) session_check_newest(s);
}

static void hint_for(struct session *s, const json_t *hint, int64_t now_ms)
{
    struct slice kind = member(hint, "kind");
    if (slice_is(kind, "offer.created"))
        offer_created(s, hint, now_ms);
    else if (slice_is(kind, "offer.revoked"))
        offer_revoked(s, hint, now_ms);
    else if (slice_is(kind, "driver.updated"))
        session_refresh(s, true);
    else if (slice_is(kind, "warning"))
        warning(s, hint, now_ms);
    else if (slice_is(kind, "session"))
        maybe_superseded(s, hint);
    else if (json_is_true(json_object_get(hint, "released")))
        released(s, hint, now_ms);
    else if (slice_is(kind, "ride.updated"))
        changed(s, hint);
}

/* A position goes out as it came: location-ingest writes the data of driver.location. */
static void position_for(struct session *s, struct slice payload, int64_t now_ms)
{
    struct gateway *g = s->gateway;
    struct json j = frame_begin(&g->scratch, "driver.location", now_ms, slice_of(s->known.ride_id),
                                s->known.version);
    json_raw(&j, payload);
    frame_end(&j);
    session_send(s, OUTBOX_POSITION, slice_of(s->known.driver_id), buf_slice(&g->scratch));
}

static void on_message(void *data, struct slice name, struct slice payload)
{
    struct gateway *g = data;
    struct channel *ch = map_find(&g->channels, name);
    if (ch == NULL) return; /* unsubscribed meanwhile */
    int64_t now_ms = clock_wall_ms();
    json_t *hint = json_loadb(payload.p, payload.len, 0, NULL);
    if (!json_is_object(hint)) {
        log_warn("hint_unreadable", LOG_STR("channel", name));
        json_decref(hint);
        return;
    }
    /* Versions it tells are of its generation, and must not be taken for older ones. */
    gateway_note_generation(g, json_integer_value(json_object_get(hint, "generation")));
    /* A watcher may leave, and with the last the channel, while the hint is handed out. */
    struct session *watchers[WATCHERS_MAX];
    bool positions[WATCHERS_MAX];
    size_t n = 0;
    list_each(at, &ch->watchers)
    {
        struct watch *w = list_entry(at, struct watch, link);
        if (n == WATCHERS_MAX) {
            session_refresh(w->owner, true); /* more than one person may have open: all closing */
            continue;
        }
        positions[n] = w == &w->owner->position;
        watchers[n++] = w->owner;
        session_ref(w->owner);
    }
    for (size_t i = 0; i < n; i++) {
        if (session_is_open(watchers[i])) {
            if (positions[i])
                position_for(watchers[i], payload, now_ms);
            else
                hint_for(watchers[i], hint, now_ms);
        }
        session_unref(watchers[i]);
    }
    json_decref(hint);
}

static void on_resubscribed(void *data)
{
    struct gateway *g = data;
    list_each(at, &g->sessions)
    {
        struct session *s = list_entry(at, struct session, link);
        if (session_is_open(s)) session_refresh(s, true);
    }
}

static const struct store_sub_events events = {.on_message = on_message,
                                               .on_resubscribed = on_resubscribed};

void hints_open(struct gateway *g)
{
    struct store_config config = app_store_config(g->app);
    g->hints = store_sub_new(app_loop(g->app), &config, &events, g);
}

void hints_close(struct gateway *g)
{
    if (g->hints != NULL) store_sub_close(g->hints, NULL, NULL);
    g->hints = NULL;
}

/* --- comparing versions --- */

/* Sessions whose rides are being compared, in the order of the question. */
struct compare {
    size_t n;
    struct session *sessions[COMPARE_MAX];
    char rides[COMPARE_MAX][ID_MAX + 1]; /* what each was known to be on */
};

/* The client missed something. A rider is sent the ride, however it ended; a driver, who may have
 * lost it, and anybody whose ride is gone, is sent all of what now is. */
static void catch_up(struct session *s, int64_t version)
{
    metric_inc(metric_only(s->gateway->metric[M_COMPARED]));
    if (s->who.role == ROLE_DRIVER || version == 0) {
        session_refresh(s, true);
        return;
    }
    session_read_ride(s, slice_of(s->known.ride_id));
}

static void on_versions(void *data, const struct life_result *r)
{
    struct compare *c = data;
    for (size_t i = 0; i < c->n; i++) {
        struct session *s = c->sessions[i];
        struct slice text = SLICE("");
        int64_t version = 0;
        bool same = session_is_open(s) && strcmp(s->known.ride_id, c->rides[i]) == 0;
        bool read =
            r->code == LIFE_OK && life_list(r, "versions", i, &text) && slice_i64(text, &version);
        if (same && read && (version > s->known.version || version == 0)) catch_up(s, version);
        session_unref(s);
    }
    mem_free(c);
}

static void compare_send(struct gateway *g, struct compare *c)
{
    struct slice ids[COMPARE_MAX];
    for (size_t i = 0; i < c->n; i++) {
        (void)slice_cstr(slice_of(c->sessions[i]->known.ride_id), c->rides[i], sizeof c->rides[i]);
        ids[i] = slice_of(c->rides[i]);
    }
    life_versions(g->life, slice_of(c->sessions[0]->region), ids, c->n, on_versions, c);
}

void hints_compare(struct gateway *g, uint32_t slice, uint32_t slices)
{
    struct compare *c = NULL;
    uint32_t number = 0;
    if (!store_is_up(app_store(g->app))) return;
    list_each(at, &g->sessions)
    {
        struct session *s = list_entry(at, struct session, link);
        if (number++ % slices != slice || !session_is_open(s) || !s->known.live) continue;
        if (c != NULL && (c->n == COMPARE_MAX || strcmp(c->sessions[0]->region, s->region) != 0)) {
            compare_send(g, c);
            c = NULL;
        }
        if (c == NULL) c = mem_new(struct compare);
        session_ref(s);
        c->sessions[c->n++] = s;
    }
    if (c != NULL) compare_send(g, c);
}
