#include "answer.h"

#include "base/json.h"
#include "base/log.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"

enum { WORD_MAX = 32, WORDS_MAX = 8 };

bool answer_audience(const struct auth_claims *who, const struct ride *r, enum ride_audience *out)
{
    struct slice sub = slice_of(who->sub);
    if (who->role == ROLE_OPS)
        *out = RIDE_FOR_OPS;
    else if (who->role == ROLE_RIDER && ride_party_rider(r, sub))
        *out = RIDE_FOR_RIDER;
    else if (who->role == ROLE_DRIVER && ride_party_driver(r, sub))
        *out = RIDE_FOR_DRIVER;
    else
        return false;
    return true;
}

/* A reply that waits for the driver's position. Lives in the request's arena. */
struct ride_answer {
    struct http_req *req;
    struct ride ride;
    enum ride_audience audience;
    int status;
    struct ride_extra extra;
};

static void ride_answer_send(struct ride_answer *a)
{
    http_set_etag(a->req, a->ride.version);
    ride_json(http_out(a->req), &a->ride, a->audience, &a->extra);
    http_reply_json(a->req, a->status);
}

static void on_position(void *data, enum store_status status, const redisReply *reply)
{
    struct ride_answer *a = data;
    const redisReply *at = reply_at(reply, 0);
    if (status == STORE_OK && reply_count(at) == 2) {
        a->extra.has_position = true;
        a->extra.lon = reply_double(reply_at(at, 0), 0);
        a->extra.lat = reply_double(reply_at(at, 1), 0);
    }
    ride_answer_send(a); /* without a position when the store has none: the ride is what counts */
}

static bool shows_position(const struct ride *r)
{
    return r->driver_id.len > 0 && (r->status == RIDE_ASSIGNED || r->status == RIDE_ARRIVED ||
                                    r->status == RIDE_IN_PROGRESS);
}

void answer_ride(struct http_req *req, int status, const struct life_result *r)
{
    enum ride_audience audience = RIDE_FOR_RIDER;
    if (!r->has_ride || !answer_audience(http_claims(req), &r->ride, &audience)) {
        http_problem(req, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    struct ride_answer *a = arena_new(http_arena(req), struct ride_answer);
    *a = (struct ride_answer){.req = req,
                              .ride = ride_copy(http_arena(req), &r->ride),
                              .audience = audience,
                              .status = status,
                              .extra = {.generation = r->generation}};
    if (!shows_position(&a->ride)) {
        ride_answer_send(a);
        return;
    }
    struct app *app = dispatcher_of(req)->app;
    struct key_text key;
    STORE_CALL(app_store(app), app_options(app)->store_timeout_ms, on_position, a, SLICE("GEOPOS"),
               key_make0(&key, KEY_DRIVERS_ACTIVE, a->ride.region), a->ride.driver_id);
}

/* The problem of a code. Codes that only services see among themselves count as a conflict. */
static enum problem problem_of(const struct life_result *r)
{
    enum problem p = PROBLEM_ILLEGAL_TRANSITION;
    if (r->code == LIFE_BROKEN) return PROBLEM_INTERNAL;
    (void)problem_of_code(slice_of(life_code_text(r->code)), &p);
    return p;
}

void answer_problem(struct http_req *req, const struct life_result *r)
{
    if (r->code == LIFE_BROKEN)
        log_error("lifecycle_error", LOG_STR("request_id", http_request_id(req)),
                  LOG_STR("error", r->error));
    const char *detail = NULL;
    if (r->code == LIFE_NOT_DUE) {
        detail = "It is too early for that.";
        int64_t wait_ms = life_extra_i64(r, "due_ms", r->now_ms) - r->now_ms;
        http_set_retry_after(req, wait_ms > 0 ? (wait_ms + 999) / 1000 : 1);
    }
    if (r->code == LIFE_RATE_LIMITED)
        http_set_retry_after(req, (life_extra_i64(r, "wait_ms", 1000) + 999) / 1000);
    if (r->code == LIFE_LOCKED) http_set_retry_after(req, life_extra_i64(r, "retry_after_s", 60));

    enum ride_audience audience = RIDE_FOR_RIDER;
    if (!r->has_ride || !answer_audience(http_claims(req), &r->ride, &audience)) {
        http_problem(req, problem_of(r), detail);
        return;
    }
    struct buf ride = {0};
    ride_json(&ride, &r->ride, audience, &(struct ride_extra){.generation = r->generation});
    http_problem_with(req, problem_of(r), detail, "ride", buf_slice(&ride));
    buf_fini(&ride);
}

void answer_transition(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    if (life_extra_i64(r, "replayed", 0) == 0) answer_count(req, r);
    answer_ride(req, 200, r);
}

void answer_count(struct http_req *req, const struct life_result *r)
{
    metric_inc(
        METRIC_AT(dispatcher_of(req)->metric[M_RIDES], slice_of(ride_status_text(r->ride.status))));
}

int64_t answer_if_version(const struct http_req *req)
{
    int64_t version = 0;
    if (http_if_match(req, &version) == HTTP_MATCH_ABSENT) return 0;
    return version > 0 ? version : -1;
}

bool answer_empty_body(struct http_req *req)
{
    return http_body_bytes(req).len == 0 || body_end(http_body(req));
}

void answer_driver(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    struct slice offer = life_extra(r, "offer");
    struct slice next_ride = life_extra(r, "next_ride");
    struct slice lease = life_extra(r, "lease");
    struct slice ride = life_extra(r, "ride");
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_str(&j, "driver_id", http_param(req, "id"));
    json_put_str(&j, "state", life_extra(r, "state"));
    struct slice products = life_extra(r, "products");
    struct slice product = {0};
    json_put_array(&j, "products");
    while (slice_cut(&products, ',', &product))
        json_str(&j, product);
    json_array_end(&j);

    struct ride offered = r->ride;
    bool is_offered = offer.len > 0 && r->has_ride;
    (void)life_extra_ride(r, "offer_ride", &offered); /* on a trip: not the one he is on */
    json_put_array(&j, "offers");
    if (is_offered) ride_offer_json(j.out, &offered, r->now_ms);
    j.comma = is_offered;
    json_array_end(&j);

    json_key(&j, "ride");
    if (ride.len > 0 && r->has_ride && ride_party_driver(&r->ride, http_param(req, "id"))) {
        ride_json(j.out, &r->ride, RIDE_FOR_DRIVER,
                  &(struct ride_extra){.generation = r->generation});
        j.comma = true;
    } else {
        json_nil(&j);
    }
    json_key(&j, "lease_id");
    if (lease.len > 0)
        json_str(&j, lease);
    else
        json_nil(&j);
    json_key(&j, "next_ride");
    if (next_ride.len > 0)
        json_str(&j, next_ride);
    else
        json_nil(&j);
    int64_t until_ms = life_extra_i64(r, "cooldown_until_ms", 0);
    if (until_ms > r->now_ms) json_put_time(&j, "cooldown_until", until_ms);
    json_object_end(&j);
    http_reply_json(req, 200);
}

bool answer_known_region(struct http_req *req, struct slice id)
{
    const struct auth_claims *who = http_claims(req);
    struct slice region = id_region(id);
    bool known = id_valid(id) && region.len > 0 && app_serves(dispatcher_of(req)->app, region);
    if (known && who->role != ROLE_OPS && who->region[0] != '\0')
        known = slice_is(region, who->region);
    if (!known) http_problem(req, PROBLEM_NOT_FOUND, NULL);
    return known;
}

bool answer_region_asked(struct http_req *req, struct slice *region)
{
    query_id(req, "region", region);
    if (!query_end(req)) return false;
    if (app_serves(dispatcher_of(req)->app, *region)) return true;
    http_problem(req, PROBLEM_NOT_FOUND, "This region is not served here.");
    return false;
}

bool answer_self_or_ops(struct http_req *req)
{
    const struct auth_claims *who = http_claims(req);
    if (who->role != ROLE_OPS && !slice_is(http_param(req, "id"), who->sub)) {
        http_problem(req, PROBLEM_FORBIDDEN, "A driver's token speaks for that driver only.");
        return false;
    }
    return answer_known_region(req, http_param(req, "id"));
}

void answer_words(struct http_req *req, struct body *b, const char *name, struct slice *out)
{
    struct buf list = {0};
    size_t n = body_array(b, name, 1, WORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct slice word = {0};
        body_item_str(b, name, i, 1, WORD_MAX, &word);
        if (slice_find(word, ',') != word.len) body_fail(b, name, "A word may hold no comma.");
        if (i > 0) buf_add_char(&list, ',');
        buf_add_slice(&list, word);
    }
    *out = arena_copy(http_arena(req), buf_slice(&list));
    buf_fini(&list);
}
