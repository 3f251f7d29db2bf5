/* ping_oracle: what ping_scan must say about an input, told by jansson's tree instead.
 *
 * Slow and obvious on purpose: the scanner is right when both agree on every input. Two differences
 * are allowed, both of them the scanner's greater strictness: it bounds nesting more tightly, and
 * jansson 2.14 steps over a NUL byte behind a number.
 */
#ifndef HANSOM_TESTS_PING_ORACLE_H
#define HANSOM_TESTS_PING_ORACLE_H

#include "services/kit/core/ping_scan.h"

#include <jansson.h>
#include <math.h>

static inline bool ping_oracle_number(const json_t *o, const char *name, bool needed, double min,
                                      double max, double *out)
{
    const json_t *v = json_object_get(o, name);
    *out = (double)NAN;
    if (v == NULL || json_is_null(v)) return !needed;
    if (!json_is_number(v)) return false;
    *out = json_number_value(v);
    return *out >= min && *out <= max;
}

static inline bool ping_oracle_point(const json_t *o, struct ping *out)
{
    double lat = 0;
    double lon = 0;
    double ts = 0;
    bool ok = json_is_object(o);
    ok = ping_oracle_number(o, "lat", true, -GEOHASH_LAT_MAX, GEOHASH_LAT_MAX, &lat) && ok;
    ok = ping_oracle_number(o, "lon", true, -GEOHASH_LON_MAX, GEOHASH_LON_MAX, &lon) && ok;
    ok = ping_oracle_number(o, "ts_ms", true, 1, 253402300799999.0, &ts) && ok;
    ok = ping_oracle_number(o, "acc_m", false, 0, 1e7, &out->acc_m) && ok;
    ok = ping_oracle_number(o, "speed_mps", false, -1e4, 1e4, &out->speed_mps) && ok;
    ok = ping_oracle_number(o, "bearing_deg", false, -360, 360, &out->bearing_deg) && ok;
    ok = ok && json_is_integer(json_object_get(o, "ts_ms"));
    out->at = (struct geo_point){lon, lat};
    out->time_ms = json_integer_value(json_object_get(o, "ts_ms"));
    if (out->speed_mps < 0) out->speed_mps = (double)NAN;
    if (out->bearing_deg < 0) out->bearing_deg = (double)NAN;
    if (out->bearing_deg == 360) out->bearing_deg = 0;
    return ok;
}

/* Whether the scanner may refuse the text although jansson takes it. Brackets are counted without
 * regard to strings: a repeated member may hide a deep value from jansson's tree. */
static inline bool ping_oracle_strict(struct slice text)
{
    if (slice_find(text, '\0') < text.len) return true;
    int depth = 0;
    int deepest = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '[' || text.p[i] == '{') depth++;
        if (depth > deepest) deepest = depth;
        if ((text.p[i] == ']' || text.p[i] == '}') && depth > 0) depth--;
    }
    return deepest > PING_NESTING;
}

static inline enum ping_scan ping_oracle_points(struct slice text, struct ping *out,
                                                uint32_t *count)
{
    json_t *o = text.len == 0 ? NULL : json_loadb(text.p, text.len, 0, NULL);
    if (o == NULL) return PING_SCAN_MALFORMED;
    const json_t *points = json_object_get(o, "points");
    size_t n = json_array_size(points);
    bool ok = n >= 1 && n <= PING_POINTS_MAX;
    for (size_t i = 0; ok && i < n; i++)
        ok = ping_oracle_point(json_array_get(points, i), &out[i]);
    *count = (uint32_t)n;
    json_decref(o);
    return ok ? PING_SCAN_OK : PING_SCAN_INVALID;
}

static inline enum ping_scan ping_oracle_line(struct slice text, struct ping *out, char *id)
{
    json_t *o = text.len == 0 ? NULL : json_loadb(text.p, text.len, 0, NULL);
    if (o == NULL) return PING_SCAN_MALFORMED;
    const json_t *name = json_object_get(o, "driver_id");
    bool ok = ping_oracle_point(o, out);
    size_t len = json_string_length(name);
    ok = ok && json_is_string(name) && len >= 1 && len <= PING_ID_MAX;
    for (size_t i = 0; ok && i < len; i++)
        ok = (unsigned char)json_string_value(name)[i] < 0x80;
    if (ok) memcpy(id, json_string_value(name), len + 1);
    json_decref(o);
    return ok ? PING_SCAN_OK : PING_SCAN_INVALID;
}

static inline bool ping_oracle_same_number(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

static inline bool ping_oracle_same(const struct ping *a, const struct ping *b)
{
    return a->at.lat == b->at.lat && a->at.lon == b->at.lon && a->time_ms == b->time_ms &&
           ping_oracle_same_number(a->acc_m, b->acc_m) &&
           ping_oracle_same_number(a->speed_mps, b->speed_mps) &&
           ping_oracle_same_number(a->bearing_deg, b->bearing_deg);
}

/* Whether scanner and oracle agree on the text, read both as a body and as a line. */
static inline bool ping_oracle_agrees(struct slice text)
{
    static struct ping got[PING_POINTS_MAX];
    static struct ping want[PING_POINTS_MAX];
    struct ping_scan_error error;
    char got_id[PING_ID_MAX + 1];
    char want_id[PING_ID_MAX + 1];
    uint32_t n = 0;
    uint32_t m = 0;
    bool strict = ping_oracle_strict(text);

    enum ping_scan a = ping_scan_points(text, got, &n, &error);
    if (a != ping_oracle_points(text, want, &m)) return strict && a == PING_SCAN_MALFORMED;
    if (a == PING_SCAN_OK) {
        if (n != m) return false;
        for (uint32_t i = 0; i < n; i++)
            if (!ping_oracle_same(&got[i], &want[i])) return false;
    }
    a = ping_scan_line(text, &got[0], got_id, &error);
    if (a != ping_oracle_line(text, &want[0], want_id)) return strict && a == PING_SCAN_MALFORMED;
    return a != PING_SCAN_OK ||
           (ping_oracle_same(&got[0], &want[0]) && strcmp(got_id, want_id) == 0);
}

#endif
