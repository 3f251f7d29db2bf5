/* inbound: what a client says. Each message is one JSON object {type, id?, …}; one with an id is answered
 * by exactly one ack or error. */
#include "base/clock.h"
#include "base/mem.h"
#include "services/kit/core/ping_scan.h"
#include "services/ws-gateway/session.h"

#include <jansson.h>
#include <math.h>

/* An id of a client is at most ID_BYTES long; as JSON each byte may take six. */
enum { ID_BYTES = 64, RE_MAX = 6 * ID_BYTES + 2 };

/* An answer that waits for the store. */
struct answer {
    struct session *session;
    const char *status;
    char re[RE_MAX + 1]; /* JSON, or "" */
};

static struct slice member(const json_t *message, const char *name)
{
    const json_t *v = json_object_get(message, name);
    if (!json_is_string(v)) return SLICE("");
    return slice_make(json_string_value(v), json_string_length(v));
}

/* Writes the message's id as JSON into re: a string or a whole number, else nothing. */
static struct slice re_of(const json_t *message, char re[static RE_MAX + 1])
{
    const json_t *id = json_object_get(message, "id");
    bool usable = json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= ID_BYTES);
    char *text = usable ? json_dumps(id, JSON_ENCODE_ANY) : NULL;
    (void)slice_cstr(slice_of(text), re, RE_MAX + 1);
    free(text);
    return slice_of(re);
}

static void count_ride(const struct session *s, const struct life_result *r)
{
    if (life_extra_i64(r, "replayed", 0) == 0)
        metric_inc(
            METRIC_AT(s->gateway->metric[M_RIDES], slice_of(ride_status_text(r->ride.status))));
}

static void on_answered(void *data, const struct life_result *r)
{
    struct answer *a = data;
    struct session *s = a->session;
    if (r->code == LIFE_OK) count_ride(s, r);
    if (session_is_open(s)) {
        /* Declined: what becomes of the ride is not his business any more. */
        if (r->code == LIFE_OK && !ride_party_driver(&r->ride, slice_of(s->who.sub)) &&
            slice_is(r->ride.ride_id, s->known.ride_id))
            session_forget(s);
        if (r->code == LIFE_OK)
            session_ack(s, slice_of(a->re), a->status, r);
        else if (r->code == LIFE_BROKEN)
            session_error(s, slice_of(a->re), "internal", r);
        else
            session_error(s, slice_of(a->re), life_code_text(r->code), r);
    }
    session_unref(s);
    mem_free(a);
}

typedef void (*offer_fn)(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data);

/* Accept and decline are the same but for the function. */
static void answer_offer(struct session *s, const json_t *message, struct slice re,
                         const char *status, offer_fn fn)
{
    struct slice offer_id = member(message, "offer_id");
    struct slice ride_id = id_offer_ride(offer_id);
    if (s->who.role != ROLE_DRIVER) {
        session_error(s, re, "forbidden", NULL);
        return;
    }
    if (!id_valid(ride_id) || !slice_is(id_region(ride_id), s->region)) {
        session_error(s, re, "not_found", NULL);
        return;
    }
    struct answer *a = mem_new(struct answer);
    a->session = s;
    a->status = status;
    (void)slice_cstr(re, a->re, sizeof a->re);
    session_ref(s);
    fn(s->gateway->life,
       &(struct life_act){.ride_id = ride_id,
                          .actor_id = slice_of(s->who.sub),
                          .lease = offer_id,
                          .lat = (double)NAN,
                          .lon = (double)NAN},
       on_answered, a);
}

/* --- location --- */

/* Fixes on their way into the store. */
struct location {
    struct session *session;
    struct ping_wait wait;
    char re[RE_MAX + 1];
};

static void on_stored(void *data, enum store_status status)
{
    struct location *l = data;
    struct session *s = l->session;
    if (session_is_open(s) && l->re[0] != '\0') {
        if (status == STORE_OK)
            session_ack(s, slice_of(l->re), "ok", NULL);
        else
            session_error(s, slice_of(l->re), "store_unavailable", NULL);
    }
    session_unref(s);
    mem_free(l);
}

/* The message is scanned as it came, as a post's body would be: its type is one more unknown member. */
static void take_location(struct session *s, struct slice text, struct slice re)
{
    struct ping points[PING_POINTS_MAX];
    uint32_t counts[PING_VERDICTS] = {0};
    uint32_t n = 0;
    struct ping_scan_error error;
    if (s->who.role != ROLE_DRIVER) {
        session_error(s, re, "forbidden", NULL);
        return;
    }
    if (ping_scan_points(text, points, &n, &error) != PING_SCAN_OK) {
        session_error(s, re, "invalid_value", NULL);
        return;
    }
    struct location *l = mem_new(struct location);
    l->session = s;
    l->wait.cb = on_stored;
    l->wait.data = l;
    (void)slice_cstr(re, l->re, sizeof l->re);
    session_ref(s);
    switch (ping_flow_put(s->gateway->pings, slice_of(s->who.sub), points, n, clock_wall_ms(),
                          counts, &l->wait)) {
    case PING_FLOW_WAITING:
        return;
    case PING_FLOW_NOTHING:
        on_stored(l, STORE_OK);
        return;
    case PING_FLOW_FULL:
        on_stored(l, STORE_FULL);
        return;
    }
}

/* A token bucket of a second's messages. */
static bool within_rate(struct session *s)
{
    double rate = (double)s->gateway->options.message_rate;
    int64_t now_ms = clock_mono_ms();
    s->allowance += (double)(now_ms - s->allowance_ms) / 1000.0 * rate;
    if (s->allowance > 2 * rate) s->allowance = 2 * rate;
    s->allowance_ms = now_ms;
    if (s->allowance < 1) return false;
    s->allowance -= 1;
    return true;
}

static void dispatch(struct session *s, const json_t *message, struct slice text)
{
    char text_of_id[RE_MAX + 1];
    struct slice type = member(message, "type");
    struct slice re = re_of(message, text_of_id);

    if (slice_is(type, "auth")) {
        session_auth(s, member(message, "token"));
        if (session_is_open(s) && re.len > 0) session_ack(s, re, "ok", NULL);
        return;
    }
    if (s->state != SESSION_OPEN) {
        session_close(s, WS_AUTH_FAILED);
        return;
    }
    if (slice_is(type, "accept")) {
        answer_offer(s, message, re, "accepted", life_ride_accept);
    } else if (slice_is(type, "decline")) {
        answer_offer(s, message, re, "declined", life_ride_decline);
    } else if (slice_is(type, "location")) {
        take_location(s, text, re);
    } else if (slice_is(type, "resync")) {
        session_refresh(s, true);
        if (re.len > 0) session_ack(s, re, "ok", NULL);
    } else if (slice_is(type, "ping")) {
        session_ack(s, re, "pong", NULL);
    } else {
        session_error(s, re, "invalid_value", NULL);
    }
}

void session_message(struct session *s, struct slice text)
{
    if (s->close_code != 0) return;
    if (!within_rate(s)) {
        session_close(s, WS_RATE);
        return;
    }
    json_t *message = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(message))
        dispatch(s, message, text);
    else if (s->state == SESSION_OPEN)
        session_error(s, SLICE(""), "malformed", NULL);
    else
        session_close(s, WS_AUTH_FAILED);
    json_decref(message);
}
