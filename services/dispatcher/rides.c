/* rides: asking for a ride, and looking at one. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"

enum { NOTE_MAX = 280, WORD_MAX = 64, EVENTS_MAX = 500, TIME_SLACK_MS = 60000 };

/* How far the ends of a request may lie from those of its quote. */
#define QUOTE_SLACK_M 50.0

/* --- POST /v1/rides --- */

/* A request for a ride. Lives in the HTTP request's arena.
 *
 *   verdict on the quote --fine--> life_ride_create --> 201, or its problem
 *            +------------not----> life_ride_replay --found--> the first reply again
 *                                                   +--none--> the problem of the quote
 *
 * The key is looked up before any verdict of ours counts: ride_create does so itself. */
struct ride_request {
    struct http_req *req;
    struct slice idem_key;
    struct slice token;
    struct quote quote;
    struct geo_point pickup, dropoff;
    struct geo_point stops[QUOTE_STOPS_MAX];
    uint32_t stops_count;
    int64_t pickup_at_ms;
    struct slice constraints; /* JSON or empty */
    struct slice note;
    char digest[BODY_DIGEST + 1];
    enum problem verdict; /* when the quote is not fine */
};

static void created(struct http_req *req, const struct ride *ride, int64_t generation)
{
    struct slice path =
        arena_printf(http_arena(req), "/v1/rides/%.*s", (int)ride->ride_id.len, ride->ride_id.p);
    http_set_header(req, "Location", path);
    http_set_etag(req, ride->version);
    ride_json(http_out(req), ride, RIDE_FOR_RIDER, &(struct ride_extra){.generation = generation});
    http_reply_json(req, 201);
}

static void on_created(void *data, const struct life_result *r)
{
    struct ride_request *q = data;
    struct http_req *req = q->req;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    if (life_extra_i64(r, "replayed", 0) == 1) {
        struct ride first = ride_as_created(&r->ride);
        http_set_header(req, "Idempotent-Replayed", SLICE("true"));
        created(req, &first, r->generation);
        return;
    }
    answer_count(req, r);
    created(req, &r->ride, r->generation);
}

static void on_replay(void *data, const struct life_result *r)
{
    struct ride_request *q = data;
    if (r->code == LIFE_NOT_FOUND)
        http_problem(q->req, q->verdict, NULL);
    else
        on_created(q, r);
}

/* {"lat":…,"lon":…} */
static void point_json(struct json *j, struct geo_point p)
{
    json_object_start(j);
    json_put_fixed(j, "lat", p.lat, 6);
    json_put_fixed(j, "lon", p.lon, 6);
    json_object_end(j);
}

static struct slice points_text(struct arena *arena, const struct geo_point *points, uint32_t n,
                                bool list)
{
    struct buf text = {0};
    struct json j = json_start(&text);
    if (list) json_array_start(&j);
    for (uint32_t i = 0; i < n; i++)
        point_json(&j, points[i]);
    if (list) json_array_end(&j);
    struct slice copy = arena_copy(arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

static struct slice fare_text(struct arena *arena, const struct quote *quote)
{
    struct buf text = {0};
    struct json j = json_start(&text);
    json_object_start(&j);
    json_put_i64(&j, "amount_minor", quote->fare_minor);
    json_put_str(&j, "currency", quote->currency);
    json_object_end(&j);
    struct slice copy = arena_copy(arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

static void create(struct ride_request *q)
{
    struct http_req *req = q->req;
    struct dispatcher *d = dispatcher_of(req);
    struct arena *arena = http_arena(req);
    const struct quote *quote = &q->quote;
    const struct region *region = regions_find(app_regions(d->app), quote->region);
    const struct product *product = region_product(region, quote->product);
    char *ride_id = arena_alloc(arena, ID_MAX + 1);
    char *code = arena_alloc(arena, START_CODE_LEN + 1);
    (void)id_ride(quote->region, http_now_ms(req), ride_id);
    struct life_create c = {
        .ride_id = slice_of(ride_id),
        .rider_id = slice_of(http_claims(req)->sub),
        .idem_key = q->idem_key,
        .body_hash = slice_of(q->digest),
        .start_code = slice_of(id_start_code(code)),
        .product = quote->product,
        .traceparent = http_traceparent(req),
        .pickup_at_ms = q->pickup_at_ms,
        .pickup = points_text(arena, &q->pickup, 1, false),
        .dropoff = points_text(arena, &q->dropoff, 1, false),
        .stops = points_text(arena, q->stops, q->stops_count, true),
        .stops_n = q->stops_count,
        .pickup_lat = q->pickup.lat,
        .pickup_lon = q->pickup.lon,
        .dropoff_lat = q->dropoff.lat,
        .dropoff_lon = q->dropoff.lon,
        .constraints = q->constraints,
        .note = q->note,
        .distance_m = quote->distance_m,
        .duration_s = quote->duration_s,
        .trip_s = (int64_t)((double)quote->duration_s / app_options(d->app)->speed_scale),
        .pickup_eta_s = quote->pickup_eta_s,
        .fare = fare_text(arena, quote),
        .fare_minor = quote->fare_minor,
        .currency = quote->currency,
        .quote = quote->json,
        .quote_id = quote->quote_id,
        .fee_cancel_minor = quote->cancel_minor,
        .fee_no_show_minor = quote->no_show_minor,
        .fee_free_s = quote->cancel_free_s,
        .fee_late_s = quote->cancel_late_s,
        .forward = product != NULL && product->forward,
        .rate_per_min = d->options.create_rate,
        .rate_burst = d->options.create_burst,
    };
    life_ride_create(d->life, &c, on_created, q);
}

/* The constraints as the JSON that the ride keeps; only what we know, so that nothing else is stored. */
static struct slice read_constraints(struct http_req *req, struct body *b)
{
    double min_rating = 0;
    struct slice vehicle = SLICE("");
    struct slice language = SLICE("");
    bool accessible = false;
    if (!body_maybe(b, "constraints") || !body_enter(b, "constraints")) return SLICE("");
    if (body_maybe(b, "min_rating")) body_double(b, "min_rating", 1, 5, &min_rating);
    if (body_maybe(b, "vehicle")) body_str(b, "vehicle", 1, WORD_MAX, &vehicle);
    if (body_maybe(b, "language")) body_str(b, "language", 1, WORD_MAX, &language);
    if (body_maybe(b, "accessible")) body_bool(b, "accessible", &accessible);
    body_leave(b);

    struct buf text = {0};
    struct json j = json_start(&text);
    json_object_start(&j);
    if (min_rating > 0) json_put_fixed(&j, "min_rating", min_rating, 2);
    if (vehicle.len > 0) json_put_str(&j, "vehicle", vehicle);
    if (language.len > 0) json_put_str(&j, "language", language);
    if (accessible) json_put_bool(&j, "accessible", true);
    json_object_end(&j);
    struct slice copy = text.len > 2 ? arena_copy(http_arena(req), buf_slice(&text)) : SLICE("");
    buf_fini(&text);
    return copy;
}

static void read_stops(struct body *b, struct ride_request *q)
{
    if (!body_maybe(b, "stops")) return;
    q->stops_count = (uint32_t)body_array(b, "stops", 0, QUOTE_STOPS_MAX);
    for (uint32_t i = 0; i < q->stops_count; i++) {
        if (!body_enter_item(b, "stops", i)) continue;
        body_lat_lon(b, &q->stops[i]);
        body_leave(b);
    }
}

/* Whether the time asked for is the time quoted; without one it is that of the quote. */
static bool same_time(struct ride_request *q)
{
    int64_t quoted_ms = q->quote.pickup_at_ms;
    if (q->pickup_at_ms == 0) q->pickup_at_ms = quoted_ms;
    if (quoted_ms == 0) quoted_ms = http_now_ms(q->req);
    int64_t off_ms = q->pickup_at_ms == 0 ? 0 : q->pickup_at_ms - quoted_ms;
    int64_t slack_ms = q->quote.pickup_at_ms == 0 ? RIDE_LEAD_MS : TIME_SLACK_MS;
    return off_ms >= -slack_ms && off_ms <= slack_ms;
}

/* Whether the token is ours, still good, and for this rider and trip. A forged token is read no
 * further: *known stays false. */
static bool quote_fine(struct ride_request *q, bool *known)
{
    struct http_req *req = q->req;
    struct dispatcher *d = dispatcher_of(req);
    struct slice rider = slice_of(http_claims(req)->sub);
    q->verdict = PROBLEM_QUOTE_MISMATCH;
    /* Opened as of 1970, because an expired quote still tells which region's keys to look at. */
    *known = quote_token_open(&d->quote_keys, q->token, 0, http_arena(req), &q->quote) == QUOTE_OK;
    if (!*known) return false;
    if (q->quote.expires_ms <= http_now_ms(req)) {
        q->verdict = PROBLEM_QUOTE_EXPIRED;
        return false;
    }
    struct slice bound_to = slice_of(http_claims(req)->region);
    if (!app_serves(d->app, q->quote.region) ||
        (bound_to.len > 0 && !slice_eq(bound_to, q->quote.region))) {
        q->verdict = PROBLEM_LOCATION_NOT_SERVICEABLE;
        return false;
    }
    return same_time(q) && quote_covers(&q->quote, rider, q->pickup, q->dropoff, q->stops,
                                        q->stops_count, QUOTE_SLACK_M);
}

void rides_create(struct http_req *req)
{
    struct ride_request *q = arena_new(http_arena(req), struct ride_request);
    q->req = req;
    if (!http_idempotency_key(req, &q->idem_key)) {
        http_problem(req, PROBLEM_IDEMPOTENCY_KEY_MISSING, NULL);
        return;
    }
    struct body *b = http_body(req);
    body_str(b, "quote_token", 1, QUOTE_TOKEN_MAX, &q->token);
    body_point(b, "pickup", &q->pickup);
    body_point(b, "dropoff", &q->dropoff);
    read_stops(b, q);
    if (body_maybe(b, "pickup_at")) body_time(b, "pickup_at", &q->pickup_at_ms);
    q->constraints = read_constraints(req, b);
    if (body_maybe(b, "note")) body_str(b, "note", 1, NOTE_MAX, &q->note);
    if (!body_end(b)) return;
    (void)body_digest(b, q->digest);

    bool known = false;
    if (quote_fine(q, &known)) {
        create(q);
        return;
    }
    struct slice region = known ? q->quote.region : slice_of(http_claims(req)->region);
    if (!app_serves(dispatcher_of(req)->app, region)) {
        http_problem(req, q->verdict, NULL);
        return;
    }
    life_ride_replay(dispatcher_of(req)->life, region, slice_of(http_claims(req)->sub), q->idem_key,
                     slice_of(q->digest), on_replay, q);
}

/* --- GET /v1/rides/:id --- */

/* A ride that is no longer live, from the history. */
static void on_document(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    struct life_result found = *r;
    found.has_ride = ride_parse_document(life_extra(r, "document"), http_arena(req), &found.ride);
    const char *result = life_extra_i64(r, "filtered", 0) == 1 ? "filtered"
                         : found.has_ride                      ? "found"
                                                               : "absent";
    metric_inc(METRIC_AT(dispatcher_of(req)->metric[M_HISTORY], slice_of(result)));
    if (r->code != LIFE_OK)
        answer_problem(req, r);
    else
        answer_ride(req, 200, &found);
}

static void on_ride(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code == LIFE_NOT_FOUND)
        life_history_get(dispatcher_of(req)->life, http_param(req, "id"), on_document, req);
    else if (r->code != LIFE_OK)
        answer_problem(req, r);
    else
        answer_ride(req, 200, r);
}

void rides_get(struct http_req *req)
{
    struct slice id = http_param(req, "id");
    if (!answer_known_region(req, id)) return;
    life_ride_get(dispatcher_of(req)->life, id, on_ride, req);
}

/* --- GET /v1/rides/:id/events?after= --- */

/* Who reads a ride's events. Lives in the request's arena. */
struct events_reader {
    struct http_req *req;
    enum ride_audience audience;
    struct slice self; /* his id */
};

/* An offer may have been several drivers'. */
static bool word_among(struct slice words, struct slice wanted)
{
    struct slice one = {0};
    while (slice_cut(&words, ' ', &one))
        if (slice_eq(one, wanted)) return true;
    return false;
}

/* The value of an event's field for this reader: of several drivers only himself. */
static struct slice event_value(const struct events_reader *e, const redisReply *fields,
                                const char *field)
{
    bool several = e->audience == RIDE_FOR_DRIVER && strcmp(field, "driver_id") == 0;
    return several ? e->self : reply_field_slice(fields, field);
}

/* Whether he may see a field of an event. Whom the ride was offered to in vain is nobody's
 * business but that driver's; a lease is its holder's. */
static bool event_shows(const struct events_reader *e, const redisReply *fields, const char *field)
{
    bool driver = strcmp(field, "driver_id") == 0;
    bool lease = strcmp(field, "lease") == 0;
    if (e->audience == RIDE_FOR_OPS || (!driver && !lease)) return true;
    bool own = word_among(reply_field_slice(fields, "driver_id"), e->self);
    if (e->audience == RIDE_FOR_DRIVER) return own;
    enum ride_status to = ride_status_of(reply_field_slice(fields, "to"));
    return driver && to != RIDE_OFFERED && to != RIDE_REQUESTED;
}

static void event_field(struct json *j, const char *name, struct slice value)
{
    static const char *const numbers[] = {"version", "attempt", "at_ms", "fee_minor", "queued"};
    if (value.len == 0) return;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int64_t n = 0;
        if (strcmp(name, numbers[i]) != 0) continue;
        (void)slice_i64(value, &n);
        json_put_i64(j, name, n);
        return;
    }
    json_put_str(j, name, value);
}

static void event_json(struct json *j, const struct events_reader *e, const redisReply *event)
{
    static const char *const shown[] = {"type",    "from",      "to",        "version",
                                        "attempt", "driver_id", "rider_id",  "at_ms",
                                        "lease",   "reason",    "fee_minor", "queued"};
    const redisReply *fields = reply_at(event, 1);
    json_object_start(j);
    json_put_str(j, "id", reply_slice(reply_at(event, 0)));
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (event_shows(e, fields, shown[i]))
            event_field(j, shown[i], event_value(e, fields, shown[i]));
    json_object_end(j);
}

static void on_events(void *data, enum store_status status, const redisReply *reply)
{
    struct events_reader *e = data;
    struct http_req *req = e->req;
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
        return;
    }
    size_t n = reply_count(reply);
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < n; i++)
        event_json(&j, e, reply_at(reply, i));
    json_array_end(&j);
    json_key(&j, "next_cursor");
    if (n == EVENTS_MAX)
        json_str(&j, reply_slice(reply_at(reply_at(reply, n - 1), 0)));
    else
        json_nil(&j);
    json_object_end(&j);
    http_reply_json(req, 200);
}

/* The asker is known to be a party: read the events. */
static void on_ride_for_events(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    enum ride_audience audience = RIDE_FOR_RIDER;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    if (!r->has_ride || !answer_audience(http_claims(req), &r->ride, &audience)) {
        http_problem(req, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    struct events_reader *e = arena_new(http_arena(req), struct events_reader);
    *e = (struct events_reader){req, audience, slice_of(http_claims(req)->sub)};
    struct slice after = SLICE("-");
    if (http_query(req, "after", &after))
        after = arena_printf(http_arena(req), "(%.*s", (int)after.len, after.p);
    struct key_text key;
    struct app *app = dispatcher_of(req)->app;
    struct store_cmd *c = store_cmd(app_store(app), "XRANGE");
    store_arg(c, key_make1(&key, KEY_RIDE_EVENTS, r->ride.region, r->ride.ride_id));
    store_arg(c, after);
    store_arg_cstr(c, "+");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, EVENTS_MAX);
    store_send(app_store(app), c, app_options(app)->store_timeout_ms, on_events, e);
}

void rides_events(struct http_req *req)
{
    struct slice id = http_param(req, "id");
    struct slice after = SLICE("0-0");
    if (!answer_known_region(req, id)) return;
    if (http_query(req, "after", &after) && id_entry_ms(after) < 0) {
        http_problem(req, PROBLEM_INVALID_VALUE, "after must be an event's id.");
        return;
    }
    life_ride_get(dispatcher_of(req)->life, id, on_ride_for_events, req);
}
