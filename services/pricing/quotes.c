/* quotes: POST /v1/quotes. */
#include "base/json.h"
#include "services/kit/core/eta.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/pricing/fare.h"
#include "services/pricing/pricing.h"

#include <math.h>

/* We pick up in our regions only, but drive out of them, as far as a car goes in a morning. */
#define DROPOFF_M_MAX 150000.0
enum { AHEAD_MS_MAX = 604800000, AHEAD_MS_MIN = -60000 };

/* One quote: three questions to the store in one pipeline, then the answer.
 *
 *   READING (surge, pin, nearest idle driver) --all three--> 201
 *      +--------------any failed-------------------------> 503
 *
 * Owner: lives in the arena of its request, which outlives it. */
struct asking {
    struct http_req *req;
    struct quote quote;
    char cell[CELL_HEX + 1];
    int waiting;
    enum store_status status;
    double multiplier; /* of the keeper; 1 when it has none for the cell */
    double pinned;     /* by ops; 0 when there is none */
    double nearest_m;  /* straight line; NAN: nobody is near */
};

static void put_money(struct json *j, const char *key, int64_t minor, struct slice currency)
{
    json_put_object(j, key);
    json_put_i64(j, "amount_minor", minor);
    json_put_str(j, "currency", currency);
    json_object_end(j);
}

static void put_breakdown(struct json *j, const struct fare *fare, struct slice currency)
{
    json_put_array(j, "fare_breakdown");
    for (int line = 0; line < FARE_LINES; line++) {
        if (fare->line_minor[line] == 0) continue;
        json_object_start(j);
        json_put_cstr(j, "line", fare_line_text((enum fare_line)line));
        json_put_i64(j, "amount_minor", fare->line_minor[line]);
        json_put_str(j, "currency", currency);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_quote(struct json *j, const struct quote *q, const struct fare *fare,
                      struct slice token)
{
    json_object_start(j);
    json_put_str(j, "quote_id", q->quote_id);
    json_put_str(j, "region", q->region);
    json_put_str(j, "product", q->product);
    put_money(j, "fare", q->fare_minor, q->currency);
    put_breakdown(j, fare, q->currency);
    json_put_object(j, "surge");
    json_put_double(j, "multiplier", q->surge_multiplier);
    json_put_str(j, "cell", q->surge_cell);
    json_put_str(j, "snapshot_id", q->surge_snapshot_id);
    json_object_end(j);
    json_put_object(j, "fees");
    put_money(j, "cancel", q->cancel_minor, q->currency);
    put_money(j, "no_show", q->no_show_minor, q->currency);
    json_put_i64(j, "cancel_free_s", q->cancel_free_s);
    json_put_i64(j, "cancel_late_s", q->cancel_late_s);
    json_object_end(j);
    json_key(j, "pickup_eta_s");
    if (q->pickup_eta_s < 0)
        json_nil(j);
    else
        json_i64(j, q->pickup_eta_s);
    json_put_i64(j, "distance_m", q->distance_m);
    json_put_i64(j, "duration_s", q->duration_s);
    json_put_time(j, "expires_at", q->expires_ms);
    json_put_str(j, "quote_token", token);
    json_object_end(j);
}

static void asking_reply(struct asking *a)
{
    struct pricing *p = http_svc(a->req);
    struct quote *q = &a->quote;
    if (a->status != STORE_OK) {
        http_store_problem(a->req, (int)a->status);
        return;
    }
    q->surge_multiplier = a->pinned > 0 ? a->pinned : a->multiplier;
    double scale = app_options(p->app)->speed_scale;
    q->pickup_eta_s = isnan(a->nearest_m) ? -1 : eta_road_s(a->nearest_m * ETA_DETOUR, scale);
    struct fare fare =
        fare_compute(&q->tariff, (double)q->distance_m, (double)q->duration_s, q->surge_multiplier);
    q->fare_minor = fare.total_minor;

    struct buf token = {0};
    quote_token_sign(&p->keys, q, &token);
    struct json j = json_start(http_out(a->req));
    put_quote(&j, q, &fare, buf_slice(&token));
    buf_fini(&token);
    metric_inc(METRIC_AT(p->metric[M_QUOTES], q->region, q->product));
    http_reply_json(a->req, 201);
}

static void answered(struct asking *a, enum store_status status)
{
    if (status != STORE_OK) a->status = status;
    if (--a->waiting == 0) asking_reply(a);
}

static void on_surge(void *data, enum store_status status, const redisReply *reply)
{
    struct asking *a = data;
    if (status == STORE_OK) {
        struct slice id = reply_slice(reply_at(reply, 0));
        double m = reply_double(reply_at(reply, 1), 1);
        if (m >= 1 && m <= 10) a->multiplier = m;
        if (id.len > 0) a->quote.surge_snapshot_id = arena_copy(http_arena(a->req), id);
    }
    answered(a, status);
}

static void on_pin(void *data, enum store_status status, const redisReply *reply)
{
    struct asking *a = data;
    double m = 0;
    int64_t until_ms = 0;
    if (status == STORE_OK && surge_pin_parse(reply_slice(reply), &m, &until_ms) &&
        until_ms > http_now_ms(a->req))
        a->pinned = m;
    answered(a, status);
}

static void on_nearest(void *data, enum store_status status, const redisReply *reply)
{
    struct asking *a = data;
    if (status == STORE_OK && reply_count(reply) > 0)
        a->nearest_m = reply_double(reply_at(reply_at(reply, 0), 1), (double)NAN);
    answered(a, status);
}

/* Sends the three questions. */
static void asking_start(struct asking *a)
{
    struct pricing *p = http_svc(a->req);
    struct store *s = app_store(p->app);
    int64_t wait_ms = app_options(p->app)->store_timeout_ms;
    struct slice region = a->quote.region;
    struct key_text key;
    a->waiting = 3;
    STORE_CALL(s, wait_ms, on_surge, a, SLICE("HMGET"), key_make0(&key, KEY_SURGE, region),
               SLICE("snapshot_id"), slice_of(a->cell));
    STORE_CALL(s, wait_ms, on_pin, a, SLICE("HGET"), key_make0(&key, KEY_SURGE_PIN, region),
               slice_of(a->cell));

    struct store_cmd *c = store_cmd(s, "GEOSEARCH");
    store_arg(c, key_make1(&key, KEY_DRIVERS_IDLE, region, a->quote.product));
    store_arg_cstr(c, "FROMLONLAT");
    store_arg_double(c, a->quote.pickup.lon);
    store_arg_double(c, a->quote.pickup.lat);
    store_arg_cstr(c, "BYRADIUS");
    store_arg_double(c, p->options.eta_radius_m);
    store_arg_cstr(c, "m");
    store_arg_cstr(c, "ASC");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, 1);
    store_arg_cstr(c, "WITHDIST");
    store_send(s, c, wait_ms, on_nearest, a);
}

/* Road metres over all stops. */
static double trip_m(const struct quote *q)
{
    double m = 0;
    struct geo_point from = q->pickup;
    for (uint32_t i = 0; i < q->stops_count; i++) {
        m += eta_road_m(from, q->stops[i]);
        from = q->stops[i];
    }
    return m + eta_road_m(from, q->dropoff);
}

/* Reads the trip that is asked for. False when it has replied. */
static bool read_trip(struct http_req *req, struct quote *q, struct slice *product)
{
    struct body *b = http_body(req);
    body_point(b, "pickup", &q->pickup);
    body_point(b, "dropoff", &q->dropoff);
    if (body_maybe(b, "stops")) {
        q->stops_count = (uint32_t)body_array(b, "stops", 0, QUOTE_STOPS_MAX);
        for (uint32_t i = 0; i < q->stops_count; i++) {
            if (!body_enter_item(b, "stops", i)) continue;
            body_lat_lon(b, &q->stops[i]);
            body_leave(b);
        }
    }
    if (body_maybe(b, "product")) body_id(b, "product", product);
    if (body_maybe(b, "pickup_at")) {
        body_time(b, "pickup_at", &q->pickup_at_ms);
        int64_t ahead_ms = q->pickup_at_ms - http_now_ms(req);
        if (q->pickup_at_ms != 0 && (ahead_ms < AHEAD_MS_MIN || ahead_ms > AHEAD_MS_MAX))
            body_fail(b, "pickup_at", "must lie within the next seven days");
    }
    return body_end(b);
}

static bool too_far(const struct quote *q)
{
    if (geo_distance_m(q->pickup, q->dropoff) > DROPOFF_M_MAX) return true;
    for (uint32_t i = 0; i < q->stops_count; i++)
        if (geo_distance_m(q->pickup, q->stops[i]) > DROPOFF_M_MAX) return true;
    return false;
}

/* Fills in what region and product decide. All text is copied: a reload may free the regions
 * while the store is asked. */
static void fill(struct asking *a, const struct region *region, const struct product *product)
{
    const struct pricing *p = http_svc(a->req);
    struct arena *arena = http_arena(a->req);
    struct quote *q = &a->quote;
    char ulid[ULID_LEN + 1];
    int64_t now_ms = http_now_ms(a->req);
    q->quote_id = arena_printf(arena, "q-%s", id_ulid(now_ms, ulid));
    q->rider_id = slice_of(http_claims(a->req)->sub);
    q->region = arena_copy(arena, region->id);
    q->product = arena_copy(arena, product->id);
    q->currency = arena_copy(arena, region->currency);
    q->tariff = product->tariff;
    double m = trip_m(q);
    q->distance_m = (int64_t)ceil(m);
    q->duration_s = eta_road_s(m, 1); /* what is billed is not compressed in a replay */
    q->surge_cell = slice_of(cell_text(cell_at(q->pickup), a->cell));
    q->surge_snapshot_id = SLICE("none");
    q->cancel_minor = product->tariff.cancel_fee_minor;
    q->no_show_minor = product->tariff.no_show_fee_minor;
    q->cancel_free_s = p->options.free_ms / 1000;
    q->cancel_late_s = p->options.late_ms / 1000;
    q->issued_ms = now_ms;
    q->expires_ms = now_ms + p->options.quote_ttl_ms;
}

void quotes_post(struct http_req *req)
{
    struct pricing *p = http_svc(req);
    struct slice wanted = {0};
    struct asking *a = arena_new(http_arena(req), struct asking);
    a->req = req;
    a->status = STORE_OK;
    a->multiplier = 1;
    a->nearest_m = (double)NAN;
    if (!read_trip(req, &a->quote, &wanted)) return;

    const struct region *region =
        geohash_valid(a->quote.pickup) ? regions_at(app_regions(p->app), a->quote.pickup) : NULL;
    if (region == NULL || !app_serves(p->app, region->id) || too_far(&a->quote)) {
        http_problem(req, PROBLEM_LOCATION_NOT_SERVICEABLE, NULL);
        return;
    }
    const struct product *product = region_product(region, wanted);
    if (product == NULL) {
        body_fail(http_body(req), "product", "is not offered in this region");
        (void)body_end(http_body(req));
        return;
    }
    fill(a, region, product);
    asking_start(a);
}
