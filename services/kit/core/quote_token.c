#include "quote_token.h"

#include "base/json.h"
#include "base/must.h"
#include "services/kit/auth.h"

#include <jansson.h>
#include <stdio.h>

enum { HMAC_BYTES = 32 };

bool quote_keys_add(struct quote_keys *k, struct slice secret)
{
    if (k->count == QUOTE_KEYS_MAX) return false;
    if (secret.len < QUOTE_SECRET_MIN || secret.len > QUOTE_SECRET_MAX) return false;
    struct quote_key *key = &k->keys[k->count++];
    memcpy(key->secret, secret.p, secret.len);
    key->secret_len = secret.len;
    uint8_t mac[HMAC_BYTES];
    auth_hmac_sha256(secret, SLICE("kid"), mac);
    (void)snprintf(key->kid, sizeof key->kid, "%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3]);
    return true;
}

static void put_point(struct json *j, struct geo_point p)
{
    json_object_start(j);
    json_put_double(j, "lat", p.lat);
    json_put_double(j, "lon", p.lon);
    json_object_end(j);
}

void quote_claims_json(struct buf *out, const struct quote *q)
{
    struct json j = json_start(out);
    json_object_start(&j);
    json_put_str(&j, "quote_id", q->quote_id);
    json_put_str(&j, "rider_id", q->rider_id);
    json_put_str(&j, "region", q->region);
    json_put_str(&j, "product", q->product);
    json_put_str(&j, "currency", q->currency);
    json_key(&j, "pickup");
    put_point(&j, q->pickup);
    json_key(&j, "dropoff");
    put_point(&j, q->dropoff);
    json_put_array(&j, "stops");
    for (uint32_t i = 0; i < q->stops_count; i++)
        put_point(&j, q->stops[i]);
    json_array_end(&j);
    json_put_i64(&j, "pickup_at_ms", q->pickup_at_ms);
    json_put_i64(&j, "fare_minor", q->fare_minor);
    json_put_i64(&j, "distance_m", q->distance_m);
    json_put_i64(&j, "duration_s", q->duration_s);
    json_put_i64(&j, "pickup_eta_s", q->pickup_eta_s);
    json_put_object(&j, "tariff");
    json_put_i64(&j, "base_minor", q->tariff.base_minor);
    json_put_double(&j, "per_km_minor", q->tariff.per_km_minor);
    json_put_double(&j, "per_min_minor", q->tariff.per_min_minor);
    json_put_i64(&j, "minimum_minor", q->tariff.minimum_minor);
    json_put_i64(&j, "booking_fee_minor", q->tariff.booking_fee_minor);
    json_object_end(&j);
    json_put_object(&j, "surge");
    json_put_double(&j, "multiplier", q->surge_multiplier);
    json_put_str(&j, "cell", q->surge_cell);
    json_put_str(&j, "snapshot_id", q->surge_snapshot_id);
    json_object_end(&j);
    json_put_object(&j, "fees");
    json_put_i64(&j, "cancel_minor", q->cancel_minor);
    json_put_i64(&j, "no_show_minor", q->no_show_minor);
    json_put_i64(&j, "free_s", q->cancel_free_s);
    json_put_i64(&j, "late_s", q->cancel_late_s);
    json_object_end(&j);
    json_put_i64(&j, "issued_ms", q->issued_ms);
    json_put_i64(&j, "expires_ms", q->expires_ms);
    json_object_end(&j);
}

/* Reads members of a claims object, sticky: after the first that is missing or of another type
 * ok is false. */
struct reader {
    struct arena *arena;
    bool ok;
};

static struct slice get_text(struct reader *r, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_string(v)) {
        r->ok = false;
        return (struct slice){0};
    }
    return arena_copy(r->arena, slice_make(json_string_value(v), json_string_length(v)));
}

static int64_t get_i64(struct reader *r, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_integer(v)) r->ok = false;
    return json_integer_value(v);
}

static double get_double(struct reader *r, const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    if (!json_is_number(v)) r->ok = false;
    return json_number_value(v);
}

static struct geo_point get_point(struct reader *r, const json_t *o)
{
    struct geo_point p = {get_double(r, o, "lon"), get_double(r, o, "lat")};
    if (!geohash_valid(p)) r->ok = false;
    return p;
}

static bool claims_read(const json_t *o, struct arena *arena, struct quote *out)
{
    struct reader r = {arena, json_is_object(o)};
    const json_t *tariff = json_object_get(o, "tariff");
    const json_t *surge = json_object_get(o, "surge");
    const json_t *fees = json_object_get(o, "fees");
    const json_t *stops = json_object_get(o, "stops");
    if (json_array_size(stops) > QUOTE_STOPS_MAX) return false;

    *out = (struct quote){
        .quote_id = get_text(&r, o, "quote_id"),
        .rider_id = get_text(&r, o, "rider_id"),
        .region = get_text(&r, o, "region"),
        .product = get_text(&r, o, "product"),
        .currency = get_text(&r, o, "currency"),
        .pickup = get_point(&r, json_object_get(o, "pickup")),
        .dropoff = get_point(&r, json_object_get(o, "dropoff")),
        .stops_count = (uint32_t)json_array_size(stops),
        .pickup_at_ms = get_i64(&r, o, "pickup_at_ms"),
        .fare_minor = get_i64(&r, o, "fare_minor"),
        .distance_m = get_i64(&r, o, "distance_m"),
        .duration_s = get_i64(&r, o, "duration_s"),
        .pickup_eta_s = get_i64(&r, o, "pickup_eta_s"),
        .surge_multiplier = get_double(&r, surge, "multiplier"),
        .surge_cell = get_text(&r, surge, "cell"),
        .surge_snapshot_id = get_text(&r, surge, "snapshot_id"),
        .cancel_minor = get_i64(&r, fees, "cancel_minor"),
        .no_show_minor = get_i64(&r, fees, "no_show_minor"),
        .cancel_free_s = get_i64(&r, fees, "free_s"),
        .cancel_late_s = get_i64(&r, fees, "late_s"),
        .issued_ms = get_i64(&r, o, "issued_ms"),
        .expires_ms = get_i64(&r, o, "expires_ms"),
    };
    out->tariff = (struct tariff){
        .base_minor = get_i64(&r, tariff, "base_minor"),
        .per_km_minor = get_double(&r, tariff, "per_km_minor"),
        .per_min_minor = get_double(&r, tariff, "per_min_minor"),
        .minimum_minor = get_i64(&r, tariff, "minimum_minor"),
        .booking_fee_minor = get_i64(&r, tariff, "booking_fee_minor"),
        .cancel_fee_minor = out->cancel_minor,
        .no_show_fee_minor = out->no_show_minor,
    };
    for (uint32_t i = 0; i < out->stops_count; i++)
        out->stops[i] = get_point(&r, json_array_get(stops, i));
    return r.ok;
}

bool quote_claims_parse(struct slice json, struct arena *arena, struct quote *out)
{
    json_error_t error;
    json_t *o = json.len == 0 ? NULL : json_loadb(json.p, json.len, 0, &error);
    struct quote q = {0};
    bool ok = o != NULL && claims_read(o, arena, &q);
    json_decref(o);
    if (!ok) return false;
    q.json = arena_copy(arena, json);
    *out = q;
    return true;
}

void quote_token_sign(const struct quote_keys *k, const struct quote *q, struct buf *out)
{
    must(k->count > 0);
    must(q->stops_count <= QUOTE_STOPS_MAX);
    const struct quote_key *key = &k->keys[0];
    struct buf claims = {0};
    quote_claims_json(&claims, q);

    size_t from = out->len;
    buf_addf(out, "q1.%s.", key->kid);
    base64url_encode(buf_slice(&claims), out);
    buf_fini(&claims);

    uint8_t mac[HMAC_BYTES];
    auth_hmac_sha256(slice_make(key->secret, key->secret_len),
                     slice_make(out->p + from, out->len - from), mac);
    buf_add_char(out, '.');
    base64url_encode(slice_make(mac, sizeof mac), out);
}

static const struct quote_key *key_of(const struct quote_keys *k, struct slice kid)
{
    for (uint32_t i = 0; i < k->count; i++)
        if (slice_is(kid, k->keys[i].kid)) return &k->keys[i];
    return NULL;
}

/* Whether the last part of the token is the HMAC of what stands before it. */
static bool signed_by(const struct quote_key *key, struct slice text, struct slice signature)
{
    uint8_t mac[HMAC_BYTES];
    struct buf want = {0};
    auth_hmac_sha256(slice_make(key->secret, key->secret_len), text, mac);
    base64url_encode(slice_make(mac, sizeof mac), &want);
    bool same = slice_eq_secret(buf_slice(&want), signature);
    buf_fini(&want);
    return same;
}

enum quote_verdict quote_token_open(const struct quote_keys *k, struct slice token, int64_t now_ms,
                                    struct arena *arena, struct quote *out)
{
    struct slice rest = token;
    struct slice version = {0};
    struct slice kid = {0};
    struct slice claims = {0};
    if (token.len > QUOTE_TOKEN_MAX) return QUOTE_FORGED;
    if (!slice_cut(&rest, '.', &version) || !slice_is(version, "q1")) return QUOTE_FORGED;
    if (!slice_cut(&rest, '.', &kid)) return QUOTE_FORGED;
    const struct quote_key *key = key_of(k, kid);
    if (key == NULL) return QUOTE_FORGED;
    if (!slice_cut(&rest, '.', &claims) || claims.len == 0) return QUOTE_FORGED;
    struct slice text = {token.p, (size_t)(claims.p + claims.len - token.p)};
    if (!signed_by(key, text, rest)) return QUOTE_FORGED;

    struct buf json = {0};
    struct quote q = {0};
    bool ok = base64url_decode(claims, &json) && quote_claims_parse(buf_slice(&json), arena, &q);
    buf_fini(&json);
    if (!ok) return QUOTE_FORGED;
    if (now_ms >= q.expires_ms) return QUOTE_OVER;
    *out = q;
    return QUOTE_OK;
}

bool quote_covers(const struct quote *q, struct slice rider_id, struct geo_point pickup,
                  struct geo_point dropoff, const struct geo_point *stops, uint32_t stops_count,
                  double max_m)
{
    if (!slice_eq(q->rider_id, rider_id) || q->stops_count != stops_count) return false;
    for (uint32_t i = 0; i < stops_count; i++)
        if (geo_distance_m(q->stops[i], stops[i]) > max_m) return false;
    return geo_distance_m(q->pickup, pickup) <= max_m &&
           geo_distance_m(q->dropoff, dropoff) <= max_m;
}
