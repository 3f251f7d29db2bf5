/* nearby: GET /v1/drivers/nearby, the cars on the map before a ride. */
#include "base/json.h"
#include "services/kit/keys.h"
#include "services/location-ingest/ingest.h"

#include <math.h>

enum { RIDER_LIMIT = 10, OPS_LIMIT = 500 };
#define RADIUS_M       2000.0
#define RIDER_RADIUS_M 5000.0
#define OPS_RADIUS_M   50000.0

/* One look. Owner: lives in the arena of its request, which outlives it. */
struct look {
    struct http_req *req;
    struct geo_point at;
    bool ops;
};

/* One driver of the reply: [name, metres, [lon, lat]]. False when it is of another shape. */
static bool driver_of(const redisReply *r, struct slice *id, struct geo_point *p)
{
    const redisReply *at = reply_at(r, 2);
    *id = reply_slice(reply_at(r, 0));
    p->lon = reply_double(reply_at(at, 0), (double)NAN);
    p->lat = reply_double(reply_at(at, 1), (double)NAN);
    return id->len > 0 && geohash_valid(*p);
}

static void put_driver(struct json *j, const struct look *look, struct slice id, struct geo_point p)
{
    const struct ingest *in = http_svc(look->req);
    char name[MARKER_TEXT + 1];
    double bearing_deg = ping_flow_bearing(in->flow, id);
    json_object_start(j);
    if (look->ops) {
        json_put_str(j, "marker_id", id);
    } else {
        struct slice rider = slice_of(http_claims(look->req)->sub);
        (void)marker_name(&in->marker_key, id, rider, http_now_ms(look->req), name);
        json_put_cstr(j, "marker_id", name);
        p = marker_snap(p);
        bearing_deg = fmod(round(bearing_deg / 15) * 15, 360); /* an icon needs no more */
    }
    json_put_fixed(j, "lat", p.lat, 6);
    json_put_fixed(j, "lon", p.lon, 6);
    json_put_i64(j, "distance_m", llround(geo_distance_m(look->at, p)));
    json_put_fixed(j, "bearing_deg", bearing_deg, 1); /* null: not known */
    json_object_end(j);
}

static void on_found(void *data, enum store_status status, const redisReply *reply)
{
    struct look *look = data;
    if (status != STORE_OK) {
        http_store_problem(look->req, (int)status);
        return;
    }
    struct json j = json_start(http_out(look->req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < reply_count(reply); i++) {
        struct slice id = {0};
        struct geo_point p = {0};
        if (driver_of(reply_at(reply, i), &id, &p)) put_driver(&j, look, id, p);
    }
    json_array_end(&j);
    json_object_end(&j);
    http_reply_json(look->req, 200);
}

static bool within_rate(struct ingest *in, struct http_req *req)
{
    int64_t wait_ms = 0;
    if (http_claims(req)->role == ROLE_OPS) return true;
    if (rate_take(&in->nearby_rate, slice_of(http_claims(req)->sub), http_now_ms(req), &wait_ms))
        return true;
    http_set_retry_after(req, (wait_ms + 999) / 1000);
    http_problem(req, PROBLEM_RATE_LIMITED, NULL);
    return false;
}

void nearby_get(struct http_req *req)
{
    struct ingest *in = http_svc(req);
    bool ops = http_claims(req)->role == ROLE_OPS;
    struct geo_point at = {0};
    double radius_m = RADIUS_M;
    int64_t limit = RIDER_LIMIT;
    struct slice product = {0};

    query_double(req, "lat", -GEOHASH_LAT_MAX, GEOHASH_LAT_MAX, &at.lat);
    query_double(req, "lon", -GEOHASH_LON_MAX, GEOHASH_LON_MAX, &at.lon);
    if (query_maybe(req, "radius_m"))
        query_double(req, "radius_m", 1, ops ? OPS_RADIUS_M : RIDER_RADIUS_M, &radius_m);
    if (query_maybe(req, "limit"))
        query_i64(req, "limit", 1, ops ? OPS_LIMIT : RIDER_LIMIT, &limit);
    if (query_maybe(req, "product")) query_id(req, "product", &product);
    if (!query_end(req)) return;
    if (!within_rate(in, req)) return;

    const struct region *region = regions_at(app_regions(in->app), at);
    if (region == NULL || !app_serves(in->app, region->id)) {
        http_problem(req, PROBLEM_LOCATION_NOT_SERVICEABLE, NULL);
        return;
    }
    const struct product *p = region_product(region, product);
    if (p == NULL) {
        http_problem(req, PROBLEM_INVALID_VALUE, "This region has no such product.");
        return;
    }

    /* Riders see who could drive them; ops see everybody who is online. */
    struct key_text key;
    struct look *look = arena_new(http_arena(req), struct look);
    *look = (struct look){.req = req, .at = at, .ops = ops};
    bool all = ops && product.len == 0;
    struct slice index = all ? key_make0(&key, KEY_DRIVERS_ACTIVE, region->id)
                             : key_make1(&key, KEY_DRIVERS_IDLE, region->id, p->id);
    struct store_cmd *c = store_cmd(app_store(in->app), "GEOSEARCH");
    store_arg(c, index);
    store_arg_cstr(c, "FROMLONLAT");
    store_arg_double(c, at.lon);
    store_arg_double(c, at.lat);
    store_arg_cstr(c, "BYRADIUS");
    store_arg_double(c, radius_m);
    store_arg_cstr(c, "m");
    store_arg_cstr(c, "ASC");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, limit);
    store_arg_cstr(c, "WITHCOORD");
    store_arg_cstr(c, "WITHDIST");
    store_send(app_store(in->app), c, app_options(in->app)->store_timeout_ms, on_found, look);
}
