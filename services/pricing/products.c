/* products: GET /v1/products. */
#include "base/json.h"
#include "services/pricing/pricing.h"

static void put_product(struct json *j, const struct product *p)
{
    json_object_start(j);
    json_put_str(j, "product", p->id);
    json_put_str(j, "name", p->name);
    json_put_i64(j, "seats", p->seats);
    json_put_bool(j, "automatic", p->automatic);
    json_put_object(j, "tariff");
    json_put_i64(j, "base_minor", p->tariff.base_minor);
    json_put_double(j, "per_km_minor", p->tariff.per_km_minor);
    json_put_double(j, "per_min_minor", p->tariff.per_min_minor);
    json_put_i64(j, "minimum_minor", p->tariff.minimum_minor);
    json_put_i64(j, "booking_fee_minor", p->tariff.booking_fee_minor);
    json_put_i64(j, "cancel_fee_minor", p->tariff.cancel_fee_minor);
    json_put_i64(j, "no_show_fee_minor", p->tariff.no_show_fee_minor);
    json_object_end(j);
    json_object_end(j);
}

void products_get(struct http_req *req)
{
    const struct pricing *p = http_svc(req);
    struct geo_point at = {0};
    query_double(req, "lat", -90, 90, &at.lat);
    query_double(req, "lon", -180, 180, &at.lon);
    if (!query_end(req)) return;
    const struct region *region = geohash_valid(at) ? regions_at(app_regions(p->app), at) : NULL;
    if (region == NULL || !app_serves(p->app, region->id)) {
        http_problem(req, PROBLEM_LOCATION_NOT_SERVICEABLE, NULL);
        return;
    }
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_str(&j, "region", region->id);
    json_put_str(&j, "currency", region->currency);
    json_put_array(&j, "items");
    for (uint32_t i = 0; i < region->products_count; i++)
        put_product(&j, &region->products[i]);
    json_array_end(&j);
    json_put_null(&j, "next_cursor");
    json_object_end(&j);
    http_reply_json(req, 200);
}
