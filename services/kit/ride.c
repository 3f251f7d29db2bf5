#include "ride.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/json.h"
#include "services/kit/ids.h"
#include "services/kit/reply.h"

enum field_kind { FIELD_TEXT, FIELD_INT, FIELD_REAL };

static const struct field {
    const char *name;
    enum field_kind kind;
    size_t at; /* in struct ride */
    int64_t absent;
} fields[] = {
#define TEXT(name)            {#name, FIELD_TEXT, offsetof(struct ride, name), 0},
#define INT(name, absent)     {#name, FIELD_INT, offsetof(struct ride, name), absent},
#define REAL(name)            {#name, FIELD_REAL, offsetof(struct ride, name), 0},
#define AS_TEXT(member, name) {name, FIELD_TEXT, offsetof(struct ride, member), 0},
#include "services/kit/ride_fields.def"
#undef TEXT
#undef INT
#undef REAL
#undef AS_TEXT
};

enum { FIELDS_N = sizeof fields / sizeof fields[0] };

static void field_set(struct ride *r, const struct field *f, struct slice value)
{
    char *at = (char *)r + f->at;
    switch (f->kind) {
    case FIELD_TEXT:
        memcpy(at, &value, sizeof value);
        break;
    case FIELD_INT: {
        int64_t n = f->absent;
        (void)slice_i64(value, &n);
        memcpy(at, &n, sizeof n);
        break;
    }
    case FIELD_REAL: {
        double d = 0;
        (void)slice_double(value, &d);
        memcpy(at, &d, sizeof d);
        break;
    }
    }
}

bool ride_parse(const struct redisReply *flat, struct ride *out)
{
    struct ride r = {0};
    size_t n = reply_count(flat);
    size_t next = 0; /* fields mostly come in one order: look where the last one was found */

    for (size_t i = 0; i < FIELDS_N; i++)
        field_set(&r, &fields[i], (struct slice){0});
    for (size_t i = 0; i + 1 < n; i += 2) {
        struct slice name = reply_slice(reply_at(flat, i));
        struct slice value = reply_slice(reply_at(flat, i + 1));
        if (slice_is(name, "status")) r.status = ride_status_of(value);
        if (slice_is(name, "created_status")) r.created_status = ride_status_of(value);
        for (size_t tried = 0; tried < FIELDS_N; tried++) {
            size_t k = (next + tried) % FIELDS_N;
            if (!slice_is(name, fields[k].name)) continue;
            field_set(&r, &fields[k], value);
            next = k + 1;
            break;
        }
    }
    if (r.ride_id.len == 0 || r.status == RIDE_NONE || r.version < 1) return false;
    r.region = id_region(r.ride_id);
    *out = r;
    return true;
}

/* A member of a document as text that lives in the arena; parts that are JSON stay JSON. */
static struct slice member_text(struct arena *a, const json_t *value)
{
    if (json_is_string(value))
        return arena_copy(a, slice_make(json_string_value(value), json_string_length(value)));
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15);
    char *text = json_dumps(value, flags);
    if (text == NULL) return SLICE("");
    struct slice copy = arena_copy(a, slice_of(text));
    free(text);
    return copy;
}

bool ride_parse_document(struct slice json, struct arena *a, struct ride *out)
{
    struct ride r = {0};
    json_t *doc = json_loadb(json.p, json.len, 0, NULL);
    for (size_t i = 0; i < FIELDS_N; i++) {
        const json_t *value = json_object_get(doc, fields[i].name);
        field_set(&r, &fields[i], value == NULL ? (struct slice){0} : member_text(a, value));
    }
    r.status = ride_status_of(slice_of(json_string_value(json_object_get(doc, "status"))));
    r.created_status =
        ride_status_of(slice_of(json_string_value(json_object_get(doc, "created_status"))));
    json_decref(doc);
    if (r.ride_id.len == 0 || r.status == RIDE_NONE || r.version < 1) return false;
    r.region = id_region(r.ride_id);
    *out = r;
    return true;
}

struct ride ride_copy(struct arena *a, const struct ride *r)
{
    struct ride copy = *r;
    for (size_t i = 0; i < FIELDS_N; i++) {
        if (fields[i].kind != FIELD_TEXT) continue;
        struct slice s;
        char *at = (char *)&copy + fields[i].at;
        memcpy(&s, at, sizeof s);
        if (s.len == 0)
            s = (struct slice){0};
        else
            s = arena_copy(a, s);
        memcpy(at, &s, sizeof s);
    }
    copy.region = id_region(copy.ride_id);
    return copy;
}

struct ride ride_as_created(const struct ride *r)
{
    struct slice none = {0};
    struct ride was = *r;
    was.status = r->created_status;
    was.version = 1;
    was.attempt = 1;
    was.updated_ms = r->created_ms;
    was.deadline_ms = r->created_status == RIDE_SCHEDULED ? 0 : r->created_ms + RIDE_MATCH_MS;
    was.offer_id = none;
    was.offer_driver = none;
    was.offer_expires_ms = 0;
    was.pickup_eta_s = r->quote_eta_s;
    was.excluded = none;
    was.driver_id = none;
    was.lease = none;
    was.driver_card = none;
    was.queued = 0;
    was.assigned_ms = 0;
    was.arrived_ms = 0;
    was.started_ms = 0;
    was.ended_ms = 0;
    was.stops_done = 0;
    was.cancelled_by = none;
    was.reason = none;
    was.fee_minor = -1;
    was.final_fare = none;
    was.driver_stars = 0;
    was.rider_stars = 0;
    was.timeline.len = slice_find(r->timeline, ' ');
    return was;
}

bool ride_is_excluded(struct slice excluded, struct slice driver_id)
{
    struct slice rest = excluded;
    struct slice one = {0};
    while (slice_cut(&rest, ' ', &one)) {
        if (one.len > 0 && slice_eq(one, driver_id)) return true;
    }
    return false;
}

bool ride_party_rider(const struct ride *r, struct slice rider_id)
{
    return rider_id.len > 0 && slice_eq(r->rider_id, rider_id);
}

bool ride_party_driver(const struct ride *r, struct slice driver_id)
{
    return driver_id.len > 0 && slice_eq(r->driver_id, driver_id);
}

static void put_minor(struct json *j, const char *key, int64_t minor, struct slice currency)
{
    json_put_object(j, key);
    json_put_i64(j, "amount_minor", minor);
    json_put_str(j, "currency", currency);
    json_object_end(j);
}

static void put_some(struct json *j, const char *key, struct slice value)
{
    if (value.len > 0) json_put_str(j, key, value);
}

/* {"driver_id":..., then the members of the card, then the position}. The card is an object of
 * ours, so its braces are its ends. */
static void put_driver(struct json *j, const struct ride *r, const struct ride_extra *extra)
{
    struct slice card = slice_trim(r->driver_card);
    bool moving =
        r->status == RIDE_ASSIGNED || r->status == RIDE_ARRIVED || r->status == RIDE_IN_PROGRESS;

    json_put_object(j, "driver");
    json_put_str(j, "driver_id", r->driver_id);
    if (card.len > 2 && card.p[0] == '{' && card.p[card.len - 1] == '}') {
        buf_add_char(j->out, ',');
        buf_add(j->out, card.p + 1, card.len - 2);
    }
    if (moving && extra != NULL && extra->has_position) {
        json_put_fixed(j, "lat", extra->lat, 6);
        json_put_fixed(j, "lon", extra->lon, 6);
    }
    json_object_end(j);
}

/* "requested@ms offered@ms" to [{"status":...,"at":...}]. */
static void put_timeline(struct json *j, const struct ride *r)
{
    struct slice rest = r->timeline;
    struct slice one = {0};

    json_put_array(j, "timeline");
    while (slice_cut(&rest, ' ', &one)) {
        struct slice status = {0};
        int64_t at_ms = 0;
        if (!slice_cut(&one, '@', &status) || !slice_i64(one, &at_ms)) continue;
        json_object_start(j);
        json_put_str(j, "status", status);
        json_put_time(j, "at", at_ms);
        json_object_end(j);
    }
    json_array_end(j);
}

/* To a party what it gave the other; to ops both. */
static void put_stars(struct json *j, const struct ride *r, enum ride_audience audience)
{
    bool ops = audience == RIDE_FOR_OPS;
    if (r->driver_stars > 0 && audience != RIDE_FOR_DRIVER)
        json_put_i64(j, ops ? "driver_stars" : "stars", r->driver_stars);
    if (r->rider_stars > 0 && audience != RIDE_FOR_RIDER)
        json_put_i64(j, ops ? "rider_stars" : "stars", r->rider_stars);
}

void ride_json(struct buf *out, const struct ride *r, enum ride_audience audience,
               const struct ride_extra *extra)
{
    struct json j = json_start(out);

    json_object_start(&j);
    json_put_str(&j, "ride_id", r->ride_id);
    json_put_cstr(&j, "status", ride_status_text(r->status));
    json_put_i64(&j, "version", r->version);
    json_put_i64(&j, "generation", extra != NULL && extra->generation > 0 ? extra->generation : 1);
    json_put_str(&j, "region", r->region);
    json_put_str(&j, "product", r->product);
    json_put_str(&j, "rider_id", r->rider_id);
    if (r->driver_id.len > 0) put_driver(&j, r, extra);
    if (r->queued == 1) json_put_bool(&j, "queued", true);
    if (audience == RIDE_FOR_DRIVER) put_some(&j, "lease_id", r->lease);
    if (audience == RIDE_FOR_RIDER) put_some(&j, "start_code", r->start_code);
    json_put_raw(&j, "pickup", r->pickup);
    json_put_raw(&j, "dropoff", r->dropoff);
    json_put_raw(&j, "stops", r->stops.len > 0 ? r->stops : SLICE("[]"));
    if (r->stops_n > 0) json_put_i64(&j, "stops_done", r->stops_done);
    json_put_raw(&j, "fare", r->fare);
    if (r->final_fare.len > 0) json_put_raw(&j, "final_fare", r->final_fare);
    if (r->fee_minor >= 0) put_minor(&j, "fee", r->fee_minor, r->currency);
    put_stars(&j, r, audience);
    if (r->pickup_eta_s >= 0) json_put_i64(&j, "pickup_eta_s", r->pickup_eta_s);
    if (r->pickup_at_ms > 0) json_put_time(&j, "pickup_at", r->pickup_at_ms);
    put_some(&j, "note", r->note);
    json_put_i64(&j, "attempt", r->attempt);
    json_put_i64(&j, "distance_m", r->distance_m);
    json_put_i64(&j, "duration_s", r->duration_s);
    put_timeline(&j, r);
    json_put_time(&j, "created_at", r->created_ms);
    put_some(&j, "cancelled_by", r->cancelled_by);
    put_some(&j, "reason", r->reason);
    json_object_end(&j);
}

void ride_offer_json(struct buf *out, const struct ride *r, int64_t now_ms)
{
    struct json j = json_start(out);
    int64_t left_ms = r->offer_expires_ms - now_ms;

    json_object_start(&j);
    json_put_str(&j, "offer_id", r->offer_id);
    json_put_str(&j, "ride_id", r->ride_id);
    json_put_str(&j, "product", r->product);
    json_put_raw(&j, "pickup", r->pickup);
    json_put_raw(&j, "dropoff", r->dropoff);
    json_put_raw(&j, "fare", r->fare);
    if (r->pickup_eta_s >= 0) json_put_i64(&j, "pickup_eta_s", r->pickup_eta_s);
    json_put_time(&j, "expires_at", r->offer_expires_ms);
    json_put_i64(&j, "expires_in_ms", left_ms > 0 ? left_ms : 0);
    json_object_end(&j);
}
