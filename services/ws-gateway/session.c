#include "session.h"

#include "base/clock.h"
#include "base/mem.h"
#include "services/kit/keys.h"
#include "services/ws-gateway/frame.h"
#include "services/ws-gateway/hints.h"
#include "services/ws-gateway/server.h"

enum { SESSION_KEEP_S = 86400, KILL_MS = 2000, RETRY_MS = 1000 };

static const struct slice none = {"", 0};

/* One rider or driver with his open sessions, oldest first. */
struct person {
    struct gateway *gateway;
    struct slice name; /* owned: "rider:<id>" */
    struct list sessions;
    int64_t count;
};

/* --- people --- */

static void person_leave(struct session *s)
{
    struct person *p = s->person;
    if (p == NULL) return;
    s->person = NULL;
    list_del(&s->of_person);
    if (--p->count > 0) return;
    (void)map_take(&p->gateway->people, p->name);
    mem_free((void *)(uintptr_t)p->name.p);
    mem_free(p);
}

/* Counts the session to its person, and closes those that are one too many, oldest first: a driver
 * may have one, a rider a few. */
static void person_join(struct session *s)
{
    struct gateway *g = s->gateway;
    struct buf name = {0};
    buf_addf(&name, "%s:%s:%s", auth_role_name(s->who.role), s->region, s->who.sub);
    struct person *p = map_find(&g->people, buf_slice(&name));
    if (p == NULL) {
        p = mem_new(struct person);
        p->gateway = g;
        list_init(&p->sessions);
        (void)map_put(&g->people, buf_slice(&name), p);
        size_t len = name.len;
        p->name = slice_make(buf_take(&name, NULL), len);
    }
    buf_fini(&name);

    int64_t max = s->who.role == ROLE_DRIVER ? 1 : g->options.rider_sessions;
    s->person = p;
    list_add(&p->sessions, &s->of_person);
    p->count++;
    if (s->who.role == ROLE_OPS) return;
    int64_t over = p->count - max;
    list_each(at, &p->sessions)
    {
        if (over-- <= 0) break;
        session_close(list_entry(at, struct session, of_person), WS_SUPERSEDED);
    }
}

/* --- life --- */

struct session *session_new(struct gateway *g, void *socket)
{
    struct session *s = mem_new(struct session);
    s->gateway = g;
    s->socket = socket;
    s->refs = 1;
    s->born_ms = clock_mono_ms();
    s->ping_ms = s->born_ms;
    s->pong_ms = s->born_ms;
    s->allowance = (double)g->options.message_rate;
    s->allowance_ms = s->born_ms;
    (void)id_hex(8, s->id);
    outbox_init(&s->outbox, (size_t)g->options.queue_bytes);
    list_init(&s->of_person);
    s->hints.owner = s;
    s->position.owner = s;
    list_init(&s->hints.link);
    list_init(&s->position.link);
    list_add(&g->sessions, &s->link);
    g->sessions_count++;
    g->sessions_alive++;
    return s;
}

void session_ref(struct session *s)
{
    s->refs++;
}

void session_unref(struct session *s)
{
    if (--s->refs > 0) return;
    struct gateway *g = s->gateway;
    buf_fini(&s->partial);
    mem_free(s);
    g->sessions_alive--;
    gateway_end_if_empty(g);
}

static struct metric_cell *connections_of(const struct session *s)
{
    return METRIC_AT(s->gateway->metric[M_CONNECTIONS], slice_of(auth_role_name(s->who.role)));
}

void session_gone(struct session *s)
{
    struct gateway *g = s->gateway;
    if (s->state == SESSION_OPEN) metric_add(connections_of(s), -1);
    s->state = SESSION_CLOSED;
    s->socket = NULL;
    g->queue_bytes -= s->outbox.bytes;
    outbox_fini(&s->outbox);
    hints_unwatch(&s->hints);
    hints_unwatch(&s->position);
    person_leave(s);
    list_del(&s->link);
    g->sessions_count--;
    session_unref(s);
}

void session_close(struct session *s, int code)
{
    if (s->close_code != 0 || s->state == SESSION_CLOSED) return;
    s->close_code = code;
    char text[12];
    size_t len = fmt_i64(text, code);
    metric_inc(METRIC_AT(s->gateway->metric[M_CLOSED], slice_make(text, len)));
    server_close_session(s, KILL_MS);
}

/* --- opening --- */

static void on_newest(void *data, enum store_status status, const redisReply *reply)
{
    struct session *s = data;
    struct slice newest = reply_slice(reply);
    if (status == STORE_OK && newest.len > 0 && !slice_is(newest, s->id))
        session_close(s, WS_SUPERSEDED);
    session_unref(s);
}

static int64_t timeout_of(const struct session *s)
{
    return app_options(s->gateway->app)->store_timeout_ms;
}

void session_check_newest(struct session *s)
{
    struct key_text key;
    session_ref(s);
    STORE_CALL(app_store(s->gateway->app), timeout_of(s), on_newest, s, SLICE("HGET"),
               key_make1(&key, KEY_SESSION, slice_of(s->region), slice_of(s->who.sub)),
               SLICE("session_id"));
}

static void on_watching(struct session *s)
{
    session_refresh(s, true);
    if (s->who.role == ROLE_DRIVER) session_check_newest(s);
}

/* Tells this driver's sessions at other gateways that they are superseded. It is written down
 * before it is said: who subscribes too late to hear it reads it afterwards (on_watching). */
static void announce(struct session *s)
{
    struct gateway *g = s->gateway;
    struct key_text key;
    struct slice region = slice_of(s->region);
    struct slice sub = slice_of(s->who.sub);
    struct buf hint = {0};
    struct json j = json_start(&hint);
    json_object_start(&j);
    json_put_cstr(&j, "kind", "session");
    json_put_cstr(&j, "session_id", s->id);
    json_object_end(&j);
    struct slice name = key_make1(&key, KEY_SESSION, region, sub);
    STORE_CALL(app_store(g->app), timeout_of(s), NULL, NULL, SLICE("HSET"), name,
               SLICE("session_id"), slice_of(s->id));
    struct store_cmd *c = store_cmd(app_store(g->app), "EXPIRE");
    store_arg(c, name);
    store_arg_i64(c, SESSION_KEEP_S);
    store_send(app_store(g->app), c, timeout_of(s), NULL, NULL);
    STORE_CALL(app_store(g->app), timeout_of(s), NULL, NULL, SLICE("SPUBLISH"),
               key_make1(&key, KEY_UI_DRIVER, region, sub), buf_slice(&hint));
    buf_fini(&hint);
}

static void hello(struct session *s)
{
    struct gateway *g = s->gateway;
    struct json j = frame_begin(&g->scratch, "hello", clock_wall_ms(), none, 0);
    json_object_start(&j);
    json_put_cstr(&j, "session_id", s->id);
    json_put_i64(&j, "heartbeat_ms", g->options.heartbeat_ms);
    json_put_i64(&j, "generation", g->generation > 0 ? g->generation : 1);
    json_object_end(&j);
    frame_end(&j);
    session_send(s, OUTBOX_CONTROL, none, buf_slice(&g->scratch));
}

/* The region that the person belongs to; empty when it is not served here. */
static struct slice region_of(const struct gateway *g, const struct auth_claims *who)
{
    struct slice region =
        who->role == ROLE_DRIVER ? id_region(slice_of(who->sub)) : slice_of(who->region);
    return app_serves(g->app, region) ? region : none;
}

static void open_session(struct session *s, const struct auth_claims *who)
{
    struct gateway *g = s->gateway;
    struct slice region = region_of(g, who);
    if (region.len == 0 && who->role != ROLE_OPS) {
        session_close(s, WS_POLICY);
        return;
    }
    s->state = SESSION_OPEN;
    s->who = *who;
    (void)slice_cstr(region, s->region, sizeof s->region);
    metric_add(connections_of(s), 1);
    hello(s);
    person_join(s);
    if (who->role == ROLE_OPS || !session_is_open(s)) return;

    struct key_text key;
    enum key kind = who->role == ROLE_DRIVER ? KEY_UI_DRIVER : KEY_UI_RIDER;
    hints_watch(&s->hints, key_make1(&key, kind, region, slice_of(who->sub)), on_watching);
    if (who->role == ROLE_DRIVER) announce(s);
}

void session_auth(struct session *s, struct slice token)
{
    struct auth_claims who;
    if (auth_verify(app_auth(s->gateway->app), token, clock_wall_ms(), &who) != AUTH_OK) {
        session_close(s, WS_AUTH_FAILED);
        return;
    }
    if (s->state == SESSION_NEW) {
        open_session(s, &who);
        return;
    }
    if (who.role != s->who.role || strcmp(who.sub, s->who.sub) != 0) {
        session_close(s, WS_AUTH_FAILED); /* a session stays one person's */
        return;
    }
    s->who = who;
}

/* --- sending --- */

void session_send(struct session *s, enum outbox_class class, struct slice key, struct slice frame)
{
    struct gateway *g = s->gateway;
    if (!session_is_open(s)) return;
    g->queue_bytes -= s->outbox.bytes;
    enum outbox_result result = outbox_put(&s->outbox, class, key, frame, clock_mono_ms());
    g->queue_bytes += s->outbox.bytes;
    switch (result) {
    case OUTBOX_QUEUED:
        break;
    case OUTBOX_REPLACED:
    case OUTBOX_DROPPED:
    case OUTBOX_GAP:
        metric_inc(METRIC_AT(g->metric[M_DROPPED], slice_of(outbox_class_text(class))));
        break;
    case OUTBOX_OVER:
        session_close(s, WS_SLOW);
        return;
    }
    server_flush(s);
}

void session_flushed(struct session *s)
{
    struct gateway *g = s->gateway;
    if (!outbox_take_gap(&s->outbox) || !session_is_open(s)) return;
    struct json j = frame_begin(&g->scratch, "gap", clock_wall_ms(), none, 0);
    json_object_start(&j);
    json_object_end(&j);
    frame_end(&j);
    session_send(s, OUTBOX_CONTROL, none, buf_slice(&g->scratch));
    session_refresh(s, true);
}

static void audience_json(struct session *s, struct json *j, const struct life_result *r)
{
    enum ride_audience audience = s->who.role == ROLE_RIDER    ? RIDE_FOR_RIDER
                                  : s->who.role == ROLE_DRIVER ? RIDE_FOR_DRIVER
                                                               : RIDE_FOR_OPS;
    ride_json(j->out, &r->ride, audience, &(struct ride_extra){.generation = r->generation});
    j->comma = true;
}

static bool is_party(const struct session *s, const struct ride *r)
{
    struct slice sub = slice_of(s->who.sub);
    return s->who.role == ROLE_OPS || (s->who.role == ROLE_RIDER && ride_party_rider(r, sub)) ||
           (s->who.role == ROLE_DRIVER && ride_party_driver(r, sub));
}

/* Where the driver stands now, as driver.location: the next fix may be seconds away. */
static void on_position(void *data, enum store_status status, const redisReply *reply)
{
    struct session *s = data;
    struct gateway *g = s->gateway;
    const redisReply *at = reply_at(reply, 0);
    if (session_is_open(s) && s->known.driver_id[0] != '\0' && status == STORE_OK &&
        reply_count(at) == 2) {
        struct json j = frame_begin(&g->scratch, "driver.location", clock_wall_ms(),
                                    slice_of(s->known.ride_id), s->known.version);
        json_object_start(&j);
        json_put_cstr(&j, "driver_id", s->known.driver_id);
        json_put_fixed(&j, "lat", reply_double(reply_at(at, 1), 0), 6);
        json_put_fixed(&j, "lon", reply_double(reply_at(at, 0), 0), 6);
        json_object_end(&j);
        frame_end(&j);
        session_send(s, OUTBOX_POSITION, slice_of(s->known.driver_id), buf_slice(&g->scratch));
    }
    session_unref(s);
}

/* From now on no position is missed: begin with the one the store has. */
static void on_following(struct session *s)
{
    struct key_text key;
    session_ref(s);
    STORE_CALL(app_store(s->gateway->app), timeout_of(s), on_position, s, SLICE("GEOPOS"),
               key_make0(&key, KEY_DRIVERS_ACTIVE, slice_of(s->region)),
               slice_of(s->known.driver_id));
}

/* A rider is sent the positions of the driver who is coming or driving him. */
static void follow_driver(struct session *s, const struct ride *r)
{
    if (s->who.role != ROLE_RIDER || !s->known.held || r->driver_id.len == 0) {
        hints_unwatch(&s->position);
        s->known.driver_id[0] = '\0';
        return;
    }
    if (s->position.on != NULL && slice_is(r->driver_id, s->known.driver_id)) return;
    (void)slice_cstr(r->driver_id, s->known.driver_id, sizeof s->known.driver_id);
    struct key_text key;
    hints_watch(&s->position, key_make1(&key, KEY_LOC, slice_of(s->region), r->driver_id),
                on_following);
}

/* Its place among those that were told; TOLD_MAX when the ride is not there. */
static size_t told_find(const struct session *s, struct slice ride_id)
{
    size_t i = 0;
    while (i < TOLD_MAX && !slice_is(ride_id, s->told[i].ride_id))
        i++;
    return i;
}

void session_told(struct session *s, struct slice ride_id, int64_t version)
{
    size_t at = told_find(s, ride_id);
    if (at == TOLD_MAX) at--; /* the oldest gives way */
    memmove(s->told + 1, s->told, at * sizeof *s->told);
    (void)slice_cstr(ride_id, s->told[0].ride_id, sizeof s->told[0].ride_id);
    s->told[0].version = version;
}

void session_forget(struct session *s)
{
    if (s->known.ride_id[0] != '\0') session_told(s, slice_of(s->known.ride_id), s->known.version);
    s->known = (struct known_ride){0};
}

/* Remembers what the client has now been told. */
static void learn(struct session *s, const struct ride *r)
{
    bool other = !slice_is(r->ride_id, s->known.ride_id);
    bool settled =
        ride_is_over(r->status) && (r->status != RIDE_COMPLETED || r->final_fare.len > 0);
    if (slice_eq(id_offer_ride(slice_of(s->known.offer_id)), r->ride_id))
        s->known.offer_id[0] = '\0';
    /* A late word of an old ride, or a driver's next one: what he is on stays what he is on. */
    if (other && s->known.live && (ride_is_over(r->status) || r->queued == 1)) {
        session_told(s, r->ride_id, r->version);
        return;
    }
    if (other) {
        char offer_id[ID_MAX + 1]; /* it stands beside whatever he is on */
        memcpy(offer_id, s->known.offer_id, sizeof offer_id);
        session_forget(s);
        memcpy(s->known.offer_id, offer_id, sizeof offer_id);
    }
    (void)slice_cstr(r->ride_id, s->known.ride_id, sizeof s->known.ride_id);
    s->known.version = r->version;
    s->known.live = !settled;
    s->known.held =
        r->status == RIDE_ASSIGNED || r->status == RIDE_ARRIVED || r->status == RIDE_IN_PROGRESS;
    follow_driver(s, r);
}

/* The version of the ride that the client was told of last; 0: of none. */
static int64_t version_told(const struct session *s, struct slice ride_id)
{
    if (slice_is(ride_id, s->known.ride_id)) return s->known.version;
    size_t at = told_find(s, ride_id);
    return at == TOLD_MAX ? 0 : s->told[at].version;
}

static bool is_news(const struct session *s, const struct life_result *r)
{
    return r->generation > s->gateway->generation ||
           r->ride.version > version_told(s, r->ride.ride_id);
}

/* A hint may overtake the answer to what the client asked: then the ride in it is history. */
static bool is_overtaken(const struct session *s, const struct life_result *r)
{
    return r->generation <= s->gateway->generation &&
           r->ride.version < version_told(s, r->ride.ride_id);
}

void gateway_note_generation(struct gateway *g, int64_t generation)
{
    if (generation <= g->generation) return;
    bool first = g->generation == 0;
    g->generation = generation;
    if (first) return;
    list_each(at, &g->sessions)
    {
        struct session *s = list_entry(at, struct session, link);
        if (session_is_open(s)) session_refresh(s, true);
    }
}

void gateway_pushed(struct gateway *g, int64_t changed_ms)
{
    int64_t took_ms = clock_wall_ms() - changed_ms;
    if (changed_ms > 0 && took_ms >= 0)
        metric_observe(metric_only(g->metric[M_PUSH]), (double)took_ms / 1000.0);
}

void session_ride(struct session *s, const struct life_result *r)
{
    struct gateway *g = s->gateway;
    if (!r->has_ride || !is_party(s, &r->ride) || !is_news(s, r)) return;
    gateway_note_generation(g, r->generation);
    gateway_pushed(g, r->ride.updated_ms);
    /* Hints may come faster than they are read. What skips a version is a snapshot: a client must
     * be able to tell from the frames alone that it has missed nothing. */
    bool skips = slice_is(r->ride.ride_id, s->known.ride_id) && s->known.version > 0 &&
                 r->ride.version > s->known.version + 1;
    learn(s, &r->ride);
    struct json j = frame_begin(&g->scratch, skips ? "snapshot" : "ride.updated", clock_wall_ms(),
                                r->ride.ride_id, r->ride.version);
    if (skips) {
        json_object_start(&j);
        json_put_i64(&j, "generation", r->generation);
        json_key(&j, "ride");
    }
    audience_json(s, &j, r);
    if (skips) {
        json_key(&j, "offer");
        json_nil(&j);
        json_object_end(&j);
    }
    frame_end(&j);
    session_send(s, OUTBOX_STATE, none, buf_slice(&g->scratch));
}

void session_ack(struct session *s, struct slice re, const char *status,
                 const struct life_result *r)
{
    struct gateway *g = s->gateway;
    bool ride = r != NULL && r->has_ride && is_party(s, &r->ride) && !is_overtaken(s, r);
    struct json j = frame_begin(&g->scratch, "ack", clock_wall_ms(), ride ? r->ride.ride_id : none,
                                ride ? r->ride.version : 0);
    json_object_start(&j);
    if (re.len > 0) json_put_raw(&j, "re", re);
    json_put_cstr(&j, "status", status);
    if (ride) {
        json_key(&j, "ride");
        audience_json(s, &j, r);
        if (is_news(s, r)) learn(s, &r->ride);
    }
    json_object_end(&j);
    frame_end(&j);
    session_send(s, OUTBOX_CONTROL, none, buf_slice(&g->scratch));
}

void session_error(struct session *s, struct slice re, const char *code,
                   const struct life_result *r)
{
    struct gateway *g = s->gateway;
    struct json j = frame_begin(&g->scratch, "error", clock_wall_ms(), none, 0);
    json_object_start(&j);
    if (re.len > 0) json_put_raw(&j, "re", re);
    json_put_cstr(&j, "code", code);
    if (r != NULL && r->has_ride && is_party(s, &r->ride) && !is_overtaken(s, r)) {
        json_key(&j, "ride");
        audience_json(s, &j, r);
    }
    json_object_end(&j);
    frame_end(&j);
    session_send(s, OUTBOX_CONTROL, none, buf_slice(&g->scratch));
}

/* --- reading the truth --- */

/* The offered ride is all that the client has on its screen. */
static void learn_offered(struct session *s, const struct ride *r)
{
    (void)slice_cstr(r->ride_id, s->known.ride_id, sizeof s->known.ride_id);
    s->known.version = r->version;
    s->known.live = true;
    s->known.held = false;
}

static void put_driver_state(struct json *j, const struct life_result *r)
{
    struct slice next_ride = life_extra(r, "next_ride");
    int64_t until_ms = life_extra_i64(r, "cooldown_until_ms", 0);
    json_put_str(j, "state", life_extra(r, "state"));
    if (next_ride.len > 0) json_put_str(j, "next_ride", next_ride);
    if (until_ms > r->now_ms) json_put_time(j, "cooldown_until", until_ms);
}

static void send_snapshot(struct session *s, const struct life_result *r)
{
    struct gateway *g = s->gateway;
    struct slice offer = s->who.role == ROLE_DRIVER ? life_extra(r, "offer") : none;
    bool party = r->has_ride && is_party(s, &r->ride);
    session_forget(s);
    if (party)
        learn(s, &r->ride);
    else
        hints_unwatch(&s->position);

    struct json j = frame_begin(&g->scratch, "snapshot", clock_wall_ms(),
                                party ? r->ride.ride_id : none, party ? r->ride.version : 0);
    json_object_start(&j);
    json_put_i64(&j, "generation", r->generation);
    json_key(&j, "ride");
    if (party)
        audience_json(s, &j, r);
    else
        json_nil(&j);
    struct ride offered = r->ride;
    bool beside = life_extra_ride(r, "offer_ride", &offered); /* the one he is on */
    json_key(&j, "offer");
    if (offer.len > 0 && r->has_ride) {
        ride_offer_json(j.out, &offered, r->now_ms);
        j.comma = true;
        (void)slice_cstr(offer, s->known.offer_id, sizeof s->known.offer_id);
        if (!beside) learn_offered(s, &offered);
    } else {
        json_nil(&j);
    }
    if (s->who.role == ROLE_DRIVER) put_driver_state(&j, r);
    json_object_end(&j);
    frame_end(&j);
    session_send(s, OUTBOX_STATE, none, buf_slice(&g->scratch));
}

/* Whether the driver's offer is another than the one he has been shown. */
static bool offer_differs(const struct session *s, const struct life_result *r)
{
    return s->who.role == ROLE_DRIVER && !slice_is(life_extra(r, "offer"), s->known.offer_id);
}

static void on_state(void *data, const struct life_result *r)
{
    struct session *s = data;
    bool overtaken = s->overtaken;
    bool answered = r->code == LIFE_OK || r->code == LIFE_NOT_FOUND;
    s->reading = s->overtaken = false;
    if (session_is_open(s) && answered && overtaken) {
        session_refresh(s, s->want_snapshot);
    } else if (session_is_open(s) && answered) {
        gateway_note_generation(s->gateway, r->generation);
        if (s->want_snapshot || offer_differs(s, r)) {
            s->want_snapshot = false;
            send_snapshot(s, r);
        } else {
            session_ride(s, r);
        }
        if (s->read_again) session_refresh(s, s->want_snapshot);
    } else if (session_is_open(s)) {
        s->read_again = true; /* session_tick tries again */
        s->retry_ms = clock_mono_ms() + RETRY_MS;
    }
    session_unref(s);
}

static void on_ride(void *data, const struct life_result *r)
{
    struct session *s = data;
    if (session_is_open(s) && r->code == LIFE_OK) session_ride(s, r);
    session_unref(s);
}

void session_read_ride(struct session *s, struct slice ride_id)
{
    session_ref(s);
    life_ride_get(s->gateway->life, ride_id, on_ride, s);
}

static void on_known(void *data, const struct life_result *r)
{
    struct session *s = data;
    bool over = r->code == LIFE_OK && ride_is_over(r->ride.status);
    if (session_is_open(s) && over) session_ride(s, r);
    session_unref(s);
}

/* A snapshot shows a ride that lives. How the one ended that the client is on, should it have ended
 * unheard, is said before: this read is answered before that of the state. */
static void read_known(struct session *s)
{
    session_ref(s);
    life_ride_get(s->gateway->life, slice_of(s->known.ride_id), on_known, s);
}

void session_refresh(struct session *s, bool snapshot)
{
    s->want_snapshot |= snapshot;
    s->read_again = s->reading;
    if (s->reading || s->who.role == ROLE_OPS) return;
    s->reading = true;
    if (s->want_snapshot && s->known.live) read_known(s);
    session_ref(s);
    if (s->who.role == ROLE_RIDER)
        life_snapshot_rider(s->gateway->life, slice_of(s->region), slice_of(s->who.sub), on_state,
                            s);
    else
        life_snapshot_driver(s->gateway->life, slice_of(s->who.sub), on_state, s);
}

/* --- time --- */

void session_tick(struct session *s, int64_t mono_ms, int64_t wall_ms)
{
    const struct gateway_options *o = &s->gateway->options;
    if (s->close_code != 0) return;
    if (s->state == SESSION_NEW) {
        if (mono_ms - s->born_ms >= o->auth_ms) session_close(s, WS_AUTH_FAILED);
        return;
    }
    if (wall_ms >= s->who.exp_ms) {
        session_close(s, WS_TOKEN_EXPIRED);
    } else if (outbox_stalled_ms(&s->outbox, mono_ms) >= o->stall_ms) {
        session_close(s, WS_SLOW);
    } else if (s->ping_ms > s->pong_ms && mono_ms - s->ping_ms >= o->dead_ms) {
        session_close(s, WS_SLOW);
    } else if (mono_ms - s->ping_ms >= o->heartbeat_ms) {
        s->ping_ms = mono_ms;
        server_ping(s);
    }
    bool again = s->read_again && !s->reading && mono_ms >= s->retry_ms;
    if (again && session_is_open(s) && store_is_up(app_store(s->gateway->app)))
        session_refresh(s, s->want_snapshot);
}
