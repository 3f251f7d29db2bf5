/* transitions: what a party does to a ride that exists. Every handler is the same straight line:
 * who, which ride, the lease it holds, one call of the lifecycle, its answer. */
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"

#include <math.h>

enum { LEASE_MAX = 80, REASON_MAX = 64, STOPS_MAX = 8 };

/* Reads what all transitions have in common. False when it has replied. */
static bool act_begin(struct http_req *req, struct life_act *a)
{
    *a = (struct life_act){.ride_id = http_param(req, "id"),
                           .actor_id = slice_of(http_claims(req)->sub),
                           .lease = SLICE(""),
                           .if_version = answer_if_version(req),
                           .lat = (double)NAN,
                           .lon = (double)NAN};
    return answer_known_region(req, a->ride_id);
}

/* Reads the lease under its name in this body. */
static void act_lease(struct body *b, const char *name, struct life_act *a)
{
    body_str(b, name, 1, LEASE_MAX, &a->lease);
}

static struct lifecycle *life_of(struct http_req *req)
{
    return dispatcher_of(req)->life;
}

void ride_accept(struct http_req *req)
{
    struct life_act a;
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "offer_id", &a);
    if (!body_end(b)) return;
    life_ride_accept(life_of(req), &a, answer_transition, req);
}

/* A driver who has declined or cancelled is no party any more, so he gets no ride back. */
static void answer_parting(struct http_req *req, const struct life_result *r, const char *body)
{
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    if (life_extra_i64(r, "replayed", 0) == 0) answer_count(req, r);
    buf_add_cstr(http_out(req), body);
    http_reply_json(req, 200);
}

static void on_declined(void *data, const struct life_result *r)
{
    answer_parting(data, r, "{\"declined\":true}");
}

void ride_decline(struct http_req *req)
{
    struct life_act a;
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "offer_id", &a);
    if (!body_end(b)) return;
    life_ride_decline(life_of(req), &a, on_declined, req);
}

void ride_arrive(struct http_req *req)
{
    struct life_act a;
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "lease_id", &a);
    if (!body_end(b)) return;
    life_ride_arrive(life_of(req), &a, answer_transition, req);
}

void ride_start(struct http_req *req)
{
    struct life_act a;
    struct slice code = {0};
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "lease_id", &a);
    body_str(b, "start_code", 4, 4, &code);
    if (!body_end(b)) return;
    life_ride_start(life_of(req), &a, code, answer_transition, req);
}

/* A stop that is reached without its number: it is the next one. Lives in the request's arena. */
struct next_stop {
    struct http_req *req;
    struct life_act act;
};

static void on_ride_to_stop(void *data, const struct life_result *r)
{
    struct next_stop *n = data;
    if (r->code != LIFE_OK) {
        answer_problem(n->req, r);
        return;
    }
    life_ride_reach_stop(life_of(n->req), &n->act, r->ride.stops_done + 1, answer_transition,
                         n->req);
}

/* With its number, repeating it is harmless; without, it is only as long as nothing came between. */
void ride_reach_stop(struct http_req *req)
{
    struct life_act a;
    int64_t stop = 0;
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "lease_id", &a);
    if (body_maybe(b, "stop")) body_i64(b, "stop", 1, STOPS_MAX, &stop);
    if (!body_end(b)) return;
    if (stop > 0) {
        life_ride_reach_stop(life_of(req), &a, stop, answer_transition, req);
        return;
    }
    struct next_stop *n = arena_new(http_arena(req), struct next_stop);
    *n = (struct next_stop){req, a};
    life_ride_get(life_of(req), a.ride_id, on_ride_to_stop, n);
}

void ride_no_show(struct http_req *req)
{
    struct life_act a;
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "lease_id", &a);
    if (!body_end(b)) return;
    life_ride_no_show(life_of(req), &a, answer_transition, req);
}

void ride_complete(struct http_req *req)
{
    struct life_act a;
    struct geo_point at = {(double)NAN, (double)NAN};
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    act_lease(b, "lease_id", &a);
    if (body_maybe(b, "location")) body_point(b, "location", &at);
    if (!body_end(b)) return;
    a.lat = at.lat;
    a.lon = at.lon;
    life_ride_complete(life_of(req), &a, answer_transition, req);
}

static void on_driver_cancelled(void *data, const struct life_result *r)
{
    answer_parting(data, r, "{\"cancelled\":true}");
}

/* Reads why the ride is called off; a closed list for each party, so that it can be counted. */
static void body_reason(struct body *b, enum ride_by by, struct slice *out)
{
    *out = SLICE("other");
    if (!body_maybe(b, "reason")) return;
    body_str(b, "reason", 1, REASON_MAX, out);
    if (!ride_reason_known(by, *out)) body_fail(b, "reason", "is not a reason that this party has");
}

void ride_cancel(struct http_req *req)
{
    bool driver = http_claims(req)->role == ROLE_DRIVER;
    struct life_act a;
    enum ride_by by = driver ? RIDE_BY_DRIVER : RIDE_BY_RIDER;
    struct slice reason = {0};
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    if (driver) act_lease(b, "lease_id", &a);
    body_reason(b, by, &reason);
    if (!body_end(b)) return;
    life_ride_cancel(life_of(req), &a, by, reason, -1,
                     driver ? on_driver_cancelled : answer_transition, req);
}

/* A rating is no new state: it is answered like any transition, and counted as none. */
static void on_rated(void *data, const struct life_result *r)
{
    if (r->code != LIFE_OK)
        answer_problem(data, r);
    else
        answer_ride(data, 200, r);
}

void ride_rate(struct http_req *req)
{
    struct life_act a;
    int64_t stars = 0;
    struct slice tags = SLICE("");
    enum ride_by by = http_claims(req)->role == ROLE_DRIVER ? RIDE_BY_DRIVER : RIDE_BY_RIDER;
    struct body *b = http_body(req);
    if (!act_begin(req, &a)) return;
    body_i64(b, "stars", 1, 5, &stars);
    if (body_maybe(b, "tags")) answer_words(req, b, "tags", &tags);
    if (!body_end(b)) return;
    life_ride_rate(life_of(req), a.ride_id, a.actor_id, by, stars, tags, on_rated, req);
}
