#include "region.h"

#include "base/mem.h"
#include "base/must.h"
#include "services/kit/core/ride_state.h"
#include "services/kit/ids.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>

enum { FILE_MAX = 16 << 20, RINGS_MAX = 256, POINTS_MAX = 100000, FEE_MAX = 10000000 };

/* Where we are in the file, for messages. */
struct reading {
    struct buf *why;
    struct slice region;
};

static bool refuse(struct reading *r, const char *text)
{
    if (r->region.len > 0)
        buf_addf(r->why, "region %.*s: %s", (int)r->region.len, r->region.p, text);
    else
        buf_add_cstr(r->why, text);
    return false;
}

/* A required string member, copied into text (so that it outlives the tree). */
static bool text_of(struct reading *r, json_t *o, const char *name, struct arena *text,
                    struct slice *out)
{
    json_t *v = json_object_get(o, name);
    size_t len = json_string_length(v);
    char message[96];
    if (!json_is_string(v) || len == 0 || len > 64) {
        (void)snprintf(message, sizeof message, "%s is not a string of 1 to 64 bytes", name);
        return refuse(r, message);
    }
    *out = arena_copy(text, slice_make(json_string_value(v), len));
    return true;
}

static bool money_of(struct reading *r, json_t *o, const char *name, double *out)
{
    json_t *v = json_object_get(o, name);
    char message[96];
    double d = json_number_value(v);
    if (!json_is_number(v) || !(d >= 0 && d <= FEE_MAX)) {
        (void)snprintf(message, sizeof message, "tariff %s is not an amount of 0 or more", name);
        return refuse(r, message);
    }
    *out = d;
    return true;
}

static bool whole_money_of(struct reading *r, json_t *o, const char *name, int64_t *out)
{
    double d = 0;
    char message[96];
    if (!money_of(r, o, name, &d)) return false;
    if (d != nearbyint(d)) {
        (void)snprintf(message, sizeof message, "tariff %s is not a whole number", name);
        return refuse(r, message);
    }
    *out = (int64_t)d;
    return true;
}

static bool read_product(struct reading *r, json_t *o, struct region *reg, struct product *p)
{
    if (!text_of(r, o, "id", &reg->text, &p->id) || !text_of(r, o, "name", &reg->text, &p->name))
        return false;
    if (!region_id_valid(p->id)) return refuse(r, "a product's id has other than a-z 0-9 _");
    json_t *seats = json_object_get(o, "seats");
    if (!json_is_integer(seats) || json_integer_value(seats) < 1 || json_integer_value(seats) > 64)
        return refuse(r, "a product's seats are not 1 to 64");
    p->seats = (int32_t)json_integer_value(seats);
    p->automatic = json_is_true(json_object_get(o, "automatic"));
    p->swaps = json_is_true(json_object_get(o, "swaps"));
    p->forward = json_is_true(json_object_get(o, "forward"));
    json_t *offers = json_object_get(o, "offers");
    p->offers = offers == NULL ? 1 : (int32_t)json_integer_value(offers);
    if (p->offers < 1 || p->offers > RIDE_BROADCAST_MAX)
        return refuse(r, "a product's offers are not 1 to 3");

    json_t *t = json_object_get(o, "tariff");
    if (!json_is_object(t)) return refuse(r, "a product has no tariff");
    struct tariff *f = &p->tariff;
    return whole_money_of(r, t, "base_minor", &f->base_minor) &&
           money_of(r, t, "per_km_minor", &f->per_km_minor) &&
           money_of(r, t, "per_min_minor", &f->per_min_minor) &&
           whole_money_of(r, t, "minimum_minor", &f->minimum_minor) &&
           whole_money_of(r, t, "booking_fee_minor", &f->booking_fee_minor) &&
           whole_money_of(r, t, "cancel_fee_minor", &f->cancel_fee_minor) &&
           whole_money_of(r, t, "no_show_fee_minor", &f->no_show_fee_minor);
}

static bool read_products(struct reading *r, json_t *list, struct region *reg)
{
    size_t n = json_array_size(list);
    if (n == 0 || n > PRODUCTS_MAX) return refuse(r, "products are not an array of 1 to 8");
    for (size_t i = 0; i < n; i++) {
        struct product *p = &reg->products[i];
        if (!read_product(r, json_array_get(list, i), reg, p)) return false;
        for (size_t k = 0; k < i; k++)
            if (slice_eq(reg->products[k].id, p->id)) return refuse(r, "two products have one id");
        reg->products_count++;
    }
    return true;
}

static bool read_ring(struct reading *r, json_t *ring, struct region *reg)
{
    size_t n = json_array_size(ring);
    if (n < 4 || n > POINTS_MAX)
        return refuse(r, "a ring has fewer than 4 points, or far too many");
    if (reg->rings_count == RINGS_MAX) return refuse(r, "too many rings");
    struct geo_point *points = mem_array(n, struct geo_point);
    reg->rings = mem_realloc(reg->rings, (reg->rings_count + 1) * sizeof *reg->rings);
    reg->ring_sizes = mem_realloc(reg->ring_sizes, (reg->rings_count + 1) * sizeof(uint32_t));
    reg->rings[reg->rings_count] = points;
    reg->ring_sizes[reg->rings_count] = (uint32_t)n;
    reg->rings_count++;
    for (size_t i = 0; i < n; i++) {
        json_t *at = json_array_get(ring, i);
        struct geo_point p = {.lon = json_number_value(json_array_get(at, 0)),
                              .lat = json_number_value(json_array_get(at, 1))};
        if (!json_is_number(json_array_get(at, 0)) || !json_is_number(json_array_get(at, 1)) ||
            !geohash_valid(p))
            return refuse(r, "a point is not [longitude, latitude]");
        points[i] = p;
        reg->box.lon_min = fmin(reg->box.lon_min, p.lon);
        reg->box.lon_max = fmax(reg->box.lon_max, p.lon);
        reg->box.lat_min = fmin(reg->box.lat_min, p.lat);
        reg->box.lat_max = fmax(reg->box.lat_max, p.lat);
    }
    if (points[0].lon != points[n - 1].lon || points[0].lat != points[n - 1].lat)
        return refuse(r, "a ring does not end where it began");
    return true;
}

static bool read_polygon(struct reading *r, json_t *polygon, struct region *reg)
{
    if (json_array_size(polygon) == 0) return refuse(r, "a polygon has no ring");
    for (size_t i = 0; i < json_array_size(polygon); i++)
        if (!read_ring(r, json_array_get(polygon, i), reg)) return false;
    return true;
}

static bool read_geometry(struct reading *r, json_t *g, struct region *reg)
{
    const char *type = json_string_value(json_object_get(g, "type"));
    json_t *at = json_object_get(g, "coordinates");
    reg->box = (struct geo_box){.lon_min = 180, .lon_max = -180, .lat_min = 90, .lat_max = -90};
    if (type != NULL && strcmp(type, "Polygon") == 0) return read_polygon(r, at, reg);
    if (type == NULL || strcmp(type, "MultiPolygon") != 0 || json_array_size(at) == 0)
        return refuse(r, "the geometry is neither a Polygon nor a MultiPolygon");
    for (size_t i = 0; i < json_array_size(at); i++)
        if (!read_polygon(r, json_array_get(at, i), reg)) return false;
    return true;
}

static bool read_region(struct reading *r, json_t *feature, struct region *reg)
{
    json_t *p = json_object_get(feature, "properties");
    r->region = SLICE("");
    if (!text_of(r, p, "id", &reg->text, &reg->id)) return false;
    r->region = reg->id;
    if (!region_id_valid(reg->id)) return refuse(r, "the id is not 1 to 32 of a-z 0-9 _");
    return text_of(r, p, "name", &reg->text, &reg->name) &&
           text_of(r, p, "currency", &reg->text, &reg->currency) &&
           text_of(r, p, "time_zone", &reg->text, &reg->time_zone) &&
           read_products(r, json_object_get(p, "products"), reg) &&
           read_geometry(r, json_object_get(feature, "geometry"), reg);
}

struct regions *regions_parse(struct slice json, struct buf *why)
{
    json_error_t e;
    json_t *root = json_loadb(json.p, json.len, JSON_REJECT_DUPLICATES, &e);
    json_t *features = json_object_get(root, "features");
    struct reading r = {.why = why};
    struct regions *rs = mem_new(struct regions);
    size_t n = json_array_size(features);
    bool ok = false;

    if (root == NULL) {
        buf_addf(why, "not JSON at line %d: %s", e.line, e.text);
        goto out;
    }
    if (n == 0 || n > REGIONS_MAX) {
        (void)refuse(&r, "features is not an array of 1 to 64 regions");
        goto out;
    }
    rs->all = mem_array(n, struct region);
    for (size_t i = 0; i < n; i++) {
        rs->count++;
        if (!read_region(&r, json_array_get(features, i), &rs->all[i])) goto out;
        for (size_t k = 0; k < i; k++) {
            if (!slice_eq(rs->all[k].id, rs->all[i].id)) continue;
            (void)refuse(&r, "the id is used twice");
            goto out;
        }
    }
    ok = true;
out:
    json_decref(root);
    if (ok) return rs;
    regions_free(rs);
    return NULL;
}

struct regions *regions_load(const char *path, struct buf *why)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        buf_addf(why, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct buf text = {0};
    size_t n = 0;
    do {
        n = fread(buf_reserve(&text, 65536), 1, 65536, f);
        text.len += n;
    } while (n > 0 && text.len <= FILE_MAX);
    bool read = ferror(f) == 0 && text.len <= FILE_MAX;
    (void)fclose(f);

    struct regions *rs = NULL;
    struct buf cause = {0};
    if (read)
        rs = regions_parse(buf_slice(&text), &cause);
    else
        buf_add_cstr(&cause, "cannot be read, or is too large");
    if (rs == NULL) buf_addf(why, "%s: %.*s", path, (int)cause.len, cause.p);
    buf_fini(&cause);
    buf_fini(&text);
    return rs;
}

void regions_free(struct regions *rs)
{
    if (rs == NULL) return;
    for (uint32_t i = 0; i < rs->count; i++) {
        struct region *reg = &rs->all[i];
        for (uint32_t k = 0; k < reg->rings_count; k++)
            mem_free(reg->rings[k]);
        mem_free(reg->rings);
        mem_free(reg->ring_sizes);
        arena_fini(&reg->text);
    }
    mem_free(rs->all);
    mem_free(rs);
}

const struct region *regions_find(const struct regions *rs, struct slice id)
{
    for (uint32_t i = 0; i < rs->count; i++)
        if (slice_eq(rs->all[i].id, id)) return &rs->all[i];
    return NULL;
}

/* Even-odd over all rings: a hole's crossing undoes that of the ring around it. */
bool region_contains(const struct region *reg, struct geo_point p)
{
    if (p.lon < reg->box.lon_min || p.lon > reg->box.lon_max || p.lat < reg->box.lat_min ||
        p.lat > reg->box.lat_max)
        return false;
    bool inside = false;
    for (uint32_t k = 0; k < reg->rings_count; k++) {
        const struct geo_point *ring = reg->rings[k];
        for (uint32_t i = 0; i + 1 < reg->ring_sizes[k]; i++) {
            struct geo_point a = ring[i];
            struct geo_point b = ring[i + 1];
            if ((a.lat > p.lat) == (b.lat > p.lat)) continue;
            double cross = a.lon + (p.lat - a.lat) / (b.lat - a.lat) * (b.lon - a.lon);
            if (p.lon < cross) inside = !inside;
        }
    }
    return inside;
}

const struct region *regions_at(const struct regions *rs, struct geo_point p)
{
    for (uint32_t i = 0; i < rs->count; i++)
        if (region_contains(&rs->all[i], p)) return &rs->all[i];
    return NULL;
}

const struct product *region_product(const struct region *reg, struct slice id)
{
    if (id.len == 0) return &reg->products[0];
    for (uint32_t i = 0; i < reg->products_count; i++)
        if (slice_eq(reg->products[i].id, id)) return &reg->products[i];
    return NULL;
}
