/* surges: what the keeper computed for a region, and what ops set by hand. */
#include "base/json.h"
#include "services/kit/keys.h"
#include "services/pricing/pricing.h"

#define PIN_MAX 10.0
enum { PIN_LIFE_MS_MAX = 604800000 };

bool surge_pin_parse(struct slice text, double *multiplier, int64_t *until_ms)
{
    struct slice head = {0};
    double m = 0;
    int64_t until = 0;
    if (!slice_cut(&text, ' ', &head) || !slice_double(head, &m) || !slice_i64(text, &until))
        return false;
    if (!(m >= 1 && m <= PIN_MAX)) return false;
    *multiplier = m;
    *until_ms = until;
    return true;
}

/* --- GET /v1/surge --- */

/* Owner: lives in the arena of its request, which outlives it. */
struct showing {
    struct http_req *req;
    struct slice region;
    int64_t now_ms;
    int waiting;
    enum store_status status;
    /* Both hashes, copied: [cell, value, cell, value, ...] */
    struct slice *surge, *pins;
    size_t surge_n, pins_n;
};

static void put_corner(struct json *j, double lon, double lat)
{
    json_array_start(j);
    json_fixed(j, lon, 7);
    json_fixed(j, lat, 7);
    json_array_end(j);
}

static void put_cell(struct json *j, cell_id cell, double multiplier, bool pinned)
{
    char text[CELL_HEX + 1];
    struct geo_box b = cell_box(cell);
    json_object_start(j);
    json_put_cstr(j, "type", "Feature");
    json_put_cstr(j, "id", cell_text(cell, text));
    json_put_object(j, "properties");
    json_put_cstr(j, "cell", text);
    json_put_double(j, "multiplier", multiplier);
    json_put_bool(j, "pinned", pinned);
    json_object_end(j);
    json_put_object(j, "geometry");
    json_put_cstr(j, "type", "Polygon");
    json_put_array(j, "coordinates");
    json_array_start(j);
    put_corner(j, b.lon_min, b.lat_min);
    put_corner(j, b.lon_max, b.lat_min);
    put_corner(j, b.lon_max, b.lat_max);
    put_corner(j, b.lon_min, b.lat_max);
    put_corner(j, b.lon_min, b.lat_min);
    json_array_end(j);
    json_array_end(j);
    json_object_end(j);
    json_object_end(j);
}

static struct slice field_of(const struct slice *flat, size_t n, struct slice name)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        if (slice_eq(flat[i], name)) return flat[i + 1];
    return (struct slice){0};
}

static void showing_reply(struct showing *s)
{
    if (s->status != STORE_OK) {
        http_store_problem(s->req, (int)s->status);
        return;
    }
    cell_id cell = 0;
    double m = 0;
    int64_t until_ms = 0;
    struct slice id = field_of(s->surge, s->surge_n, SLICE("snapshot_id"));
    struct json j = json_start(http_out(s->req));
    json_object_start(&j);
    json_put_cstr(&j, "type", "FeatureCollection");
    json_put_str(&j, "region", s->region);
    json_put_str(&j, "snapshot_id", id.len > 0 ? id : SLICE("none"));
    json_put_array(&j, "features");
    for (size_t i = 0; i + 1 < s->pins_n; i += 2)
        if (cell_parse(s->pins[i], &cell) && surge_pin_parse(s->pins[i + 1], &m, &until_ms) &&
            until_ms > s->now_ms)
            put_cell(&j, cell, m, true);
    for (size_t i = 0; i + 1 < s->surge_n; i += 2) {
        if (!cell_parse(s->surge[i], &cell)) continue;
        struct slice pin = field_of(s->pins, s->pins_n, s->surge[i]);
        bool pinned = surge_pin_parse(pin, &m, &until_ms) && until_ms > s->now_ms;
        if (!pinned && slice_double(s->surge[i + 1], &m)) put_cell(&j, cell, m, false);
    }
    json_array_end(&j);
    json_object_end(&j);
    http_reply(s->req, 200, "application/geo+json");
}

static struct slice *copy_flat(struct showing *s, const redisReply *reply, size_t *n)
{
    struct arena *arena = http_arena(s->req);
    *n = reply_count(reply);
    struct slice *out = arena_array(arena, *n, struct slice);
    for (size_t i = 0; i < *n; i++)
        out[i] = arena_copy(arena, reply_slice(reply_at(reply, i)));
    return out;
}

static void answered(struct showing *s, enum store_status status)
{
    if (status != STORE_OK) s->status = status;
    if (--s->waiting == 0) showing_reply(s);
}

static void on_surge(void *data, enum store_status status, const redisReply *reply)
{
    struct showing *s = data;
    s->surge = copy_flat(s, reply, &s->surge_n);
    answered(s, status);
}

static void on_pins(void *data, enum store_status status, const redisReply *reply)
{
    struct showing *s = data;
    s->pins = copy_flat(s, reply, &s->pins_n);
    answered(s, status);
}

void surge_get(struct http_req *req)
{
    struct pricing *p = http_svc(req);
    struct slice region = {0};
    struct key_text key;
    query_id(req, "region", &region);
    if (!query_end(req)) return;
    if (regions_find(app_regions(p->app), region) == NULL || !app_serves(p->app, region)) {
        http_problem(req, PROBLEM_NOT_FOUND, "There is no such region here.");
        return;
    }
    struct showing *s = arena_new(http_arena(req), struct showing);
    s->req = req;
    s->region = region;
    s->now_ms = http_now_ms(req);
    s->status = STORE_OK;
    s->waiting = 2;
    int64_t wait_ms = app_options(p->app)->store_timeout_ms;
    STORE_CALL(app_store(p->app), wait_ms, on_surge, s, SLICE("HGETALL"),
               key_make0(&key, KEY_SURGE, region));
    STORE_CALL(app_store(p->app), wait_ms, on_pins, s, SLICE("HGETALL"),
               key_make0(&key, KEY_SURGE_PIN, region));
}

/* --- PUT and DELETE /v1/ops/surge/{cell} --- */

/* Owner: lives in the arena of its request. */
struct pinning {
    struct http_req *req;
    struct slice region; /* copied */
    char cell[CELL_HEX + 1];
    double multiplier;
    int64_t until_ms;
};

/* The region of a served cell: that of its middle, or of a corner at a region's edge. NULL when it
 * has replied. */
static const struct region *cell_region(struct http_req *req, cell_id *cell)
{
    const struct pricing *p = http_svc(req);
    if (!cell_parse(http_param(req, "cell"), cell)) {
        http_problem(req, PROBLEM_NOT_FOUND, "A cell is named by 8 hex digits of 30 bits.");
        return NULL;
    }
    struct geo_box b = cell_box(*cell);
    struct geo_point at[5] = {{(b.lon_min + b.lon_max) / 2, (b.lat_min + b.lat_max) / 2},
                              {b.lon_min, b.lat_min},
                              {b.lon_max, b.lat_min},
                              {b.lon_max, b.lat_max},
                              {b.lon_min, b.lat_max}};
    for (int i = 0; i < 5; i++) {
        const struct region *r = regions_at(app_regions(p->app), at[i]);
        if (r != NULL && app_serves(p->app, r->id)) return r;
    }
    http_problem(req, PROBLEM_NOT_FOUND, "This cell lies in no region.");
    return NULL;
}

static struct pinning *pinning_new(struct http_req *req, const struct region *region, cell_id cell)
{
    struct pinning *p = arena_new(http_arena(req), struct pinning);
    p->req = req;
    p->region = arena_copy(http_arena(req), region->id);
    (void)cell_text(cell, p->cell);
    return p;
}

static void on_pinned(void *data, enum store_status status, const redisReply *reply)
{
    struct pinning *p = data;
    (void)reply;
    if (status != STORE_OK) {
        http_store_problem(p->req, (int)status);
        return;
    }
    struct json j = json_start(http_out(p->req));
    json_object_start(&j);
    json_put_cstr(&j, "cell", p->cell);
    json_put_str(&j, "region", p->region);
    json_put_double(&j, "multiplier", p->multiplier);
    json_put_time(&j, "until", p->until_ms);
    json_object_end(&j);
    http_reply_json(p->req, 200);
}

void surge_put(struct http_req *req)
{
    struct pricing *pricing = http_svc(req);
    struct body *b = http_body(req);
    cell_id cell = 0;
    double multiplier = 0;
    int64_t until_ms = 0;
    body_double(b, "multiplier", 1, PIN_MAX, &multiplier);
    body_time(b, "until", &until_ms);
    int64_t life_ms = until_ms - http_now_ms(req);
    if (until_ms != 0 && (life_ms <= 0 || life_ms > PIN_LIFE_MS_MAX))
        body_fail(b, "until", "must lie within the next seven days");
    if (!body_end(b)) return;
    const struct region *region = cell_region(req, &cell);
    if (region == NULL) return;

    struct pinning *p = pinning_new(req, region, cell);
    p->multiplier = multiplier;
    p->until_ms = until_ms;
    struct buf value = {0};
    struct json j = json_start(&value);
    json_double(&j, multiplier);
    buf_addf(&value, " %lld", (long long)until_ms);
    struct key_text key;
    STORE_CALL(app_store(pricing->app), app_options(pricing->app)->store_timeout_ms, on_pinned, p,
               SLICE("HSET"), key_make0(&key, KEY_SURGE_PIN, p->region), slice_of(p->cell),
               buf_slice(&value));
    buf_fini(&value);
}

static void on_unpinned(void *data, enum store_status status, const redisReply *reply)
{
    struct pinning *p = data;
    if (status != STORE_OK)
        http_store_problem(p->req, (int)status);
    else if (reply_i64(reply, 0) == 0)
        http_problem(p->req, PROBLEM_NOT_FOUND, "This cell was not set by hand.");
    else
        http_reply(p->req, 204, NULL);
}

void surge_delete(struct http_req *req)
{
    struct pricing *pricing = http_svc(req);
    cell_id cell = 0;
    struct key_text key;
    const struct region *region = cell_region(req, &cell);
    if (region == NULL) return;
    struct pinning *p = pinning_new(req, region, cell);
    STORE_CALL(app_store(pricing->app), app_options(pricing->app)->store_timeout_ms, on_unpinned, p,
               SLICE("HDEL"), key_make0(&key, KEY_SURGE_PIN, p->region), slice_of(p->cell));
}
