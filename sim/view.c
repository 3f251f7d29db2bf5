#include "view.h"

#include "base/clock.h"

enum { OFFER_MS = 15000 };

struct slice view_str(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    if (!json_is_string(v)) return (struct slice){0};
    return slice_make(json_string_value(v), json_string_length(v));
}

static bool view_point(const json_t *v, struct geo_point *out)
{
    const json_t *lat = json_object_get(v, "lat");
    const json_t *lon = json_object_get(v, "lon");
    if (!json_is_number(lat) || !json_is_number(lon)) return false;
    struct geo_point p = {.lon = json_number_value(lon), .lat = json_number_value(lat)};
    if (!geohash_valid(p)) return false;
    *out = p;
    return true;
}

/* When the ride came into its present state: the newest entry of that state. */
static int64_t timeline_at(const json_t *timeline, struct slice status)
{
    for (size_t i = json_array_size(timeline); i-- > 0;) {
        const json_t *entry = json_array_get(timeline, i);
        int64_t at_ms = 0;
        if (!slice_eq(view_str(entry, "status"), status)) continue;
        if (clock_parse(view_str(entry, "at"), &at_ms) == 0) return at_ms;
    }
    return 0;
}

bool view_ride(const json_t *object, struct ride_view *out)
{
    struct ride_view v = {0};
    struct slice status = view_str(object, "status");
    json_int_t version = json_integer_value(json_object_get(object, "version"));
    v.look.ride_id = view_str(object, "ride_id");
    v.look.status = status_parse(status);
    if (v.look.ride_id.len == 0 || v.look.ride_id.len >= JUDGE_ID_CAP) return false;
    if (v.look.status == RIDE_NONE || version <= 0) return false;
    v.look.version = (uint64_t)version;
    v.look.at_ms = timeline_at(json_object_get(object, "timeline"), status);
    v.look.driver_id = view_str(json_object_get(object, "driver"), "driver_id");
    v.look.queued = json_is_true(json_object_get(object, "queued"));
    v.rider_id = view_str(object, "rider_id");
    v.lease_id = view_str(object, "lease_id");
    v.start_code = view_str(object, "start_code");
    v.has_ends = view_point(json_object_get(object, "pickup"), &v.pickup) &&
                 view_point(json_object_get(object, "dropoff"), &v.dropoff);
    *out = v;
    return true;
}

bool view_reply_ride(const json_t *reply, struct ride_view *out)
{
    return view_ride(reply, out) || view_ride(json_object_get(reply, "ride"), out);
}

bool view_offer(const json_t *object, struct offer_view *out)
{
    struct offer_view v = {.expires_in_ms = OFFER_MS};
    v.offer_id = view_str(object, "offer_id");
    v.ride_id = view_str(object, "ride_id");
    if (v.offer_id.len == 0 || v.ride_id.len == 0) return false;
    if (v.offer_id.len >= JUDGE_ID_CAP || v.ride_id.len >= JUDGE_ID_CAP) return false;
    const json_t *left = json_object_get(object, "expires_in_ms");
    if (json_is_number(left)) v.expires_in_ms = (int64_t)json_number_value(left);
    *out = v;
    return true;
}

/* A whole number, or text that is one; 0 for anything else. */
static int64_t view_i64(const json_t *object, const char *name)
{
    int64_t n = json_integer_value(json_object_get(object, name));
    (void)slice_i64(view_str(object, name), &n);
    return n;
}

bool view_event(const json_t *object, struct slice ride_id, struct judge_look *out)
{
    struct slice to = view_str(object, "to");
    int64_t version = view_i64(object, "version");
    struct judge_look look = {.ride_id = ride_id, .at_ms = view_i64(object, "at_ms")};
    look.status = status_parse(to.len > 0 ? to : view_str(object, "status"));
    if (look.status == RIDE_NONE || version <= 0 || look.at_ms < 0) return false;
    look.version = (uint64_t)version;
    look.queued = view_i64(object, "queued") == 1;
    if (status_held(look.status) || look.status == RIDE_COMPLETED) {
        look.driver_id = view_str(object, "driver_id");
    }
    *out = look;
    return true;
}

static const json_t *object_or_null(const json_t *v)
{
    return json_is_object(v) ? v : NULL;
}

struct frame_view view_frame(const json_t *frame)
{
    struct frame_view f = {0};
    struct slice type = view_str(frame, "type");
    const json_t *data = json_object_get(frame, "data");
    f.ride_id = view_str(frame, "ride_id");
    f.version = json_integer_value(json_object_get(frame, "version"));
    if (slice_is(type, "hello")) {
        f.kind = VIEW_HELLO;
    } else if (slice_is(type, "snapshot")) {
        f.kind = VIEW_SNAPSHOT;
        f.ride = object_or_null(json_object_get(data, "ride"));
        f.offer = object_or_null(json_object_get(data, "offer"));
    } else if (slice_is(type, "ride.updated")) {
        bool released = json_is_true(json_object_get(data, "released"));
        f.kind = released ? VIEW_RELEASED : VIEW_RIDE_UPDATED;
        f.ride = object_or_null(json_object_get(data, "ride"));
        if (f.ride == NULL) f.ride = object_or_null(data);
    } else if (slice_is(type, "offer.created")) {
        f.kind = VIEW_OFFER_CREATED;
        f.offer = object_or_null(json_object_get(data, "offer"));
        if (f.offer == NULL) f.offer = object_or_null(data);
    } else if (slice_is(type, "offer.revoked")) {
        f.kind = VIEW_OFFER_REVOKED;
        f.offer_id = view_str(data, "offer_id");
    } else if (slice_is(type, "gap")) {
        f.kind = VIEW_GAP;
    }
    return f;
}
