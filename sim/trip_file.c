#include "trip_file.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"

enum {
    COL_MAX = 64, /* columns of a header that are looked at */
    RUN_MS_MIN = 60 * 1000,
    RUN_MS_MAX = 3 * 3600 * 1000,
    RUN_SILENCE_MS_MAX = 900 * 1000,
    RUN_DIST_M_MIN = 100,
};

enum col {
    COL_NONE,
    COL_PICKUP_AT,
    COL_PICKUP_LAT,
    COL_PICKUP_LON,
    COL_DROPOFF_LAT,
    COL_DROPOFF_LON,
    COL_TS,
    COL_DRIVER,
    COL_LAT,
    COL_LON,
    COL_OCCUPIED,
    COLS
};

static const char *const col_names[COLS] = {
    [COL_PICKUP_AT] = "pickup_at",
    [COL_PICKUP_LAT] = "pickup_lat",
    [COL_PICKUP_LON] = "pickup_lon",
    [COL_DROPOFF_LAT] = "dropoff_lat",
    [COL_DROPOFF_LON] = "dropoff_lon",
    [COL_TS] = "ts",
    [COL_DRIVER] = "driver_id",
    [COL_LAT] = "lat",
    [COL_LON] = "lon",
    [COL_OCCUPIED] = "occupied",
};

struct header {
    enum col cols[COL_MAX];
    size_t count;
    bool has[COLS];
};

/* The fields of one row, by meaning; absent ones are empty. */
struct row {
    struct slice field[COLS];
};

static void header_read(struct slice line, struct header *h)
{
    *h = (struct header){0};
    struct slice name = {0};
    while (h->count < COL_MAX && slice_cut(&line, ',', &name)) {
        enum col c = COL_NONE;
        name = slice_trim(name);
        for (int i = COL_NONE + 1; i < COLS; i++) {
            if (slice_is(name, col_names[i])) c = (enum col)i;
        }
        h->cols[h->count++] = c;
        h->has[c] = true;
    }
}

static void row_read(struct slice line, const struct header *h, struct row *r)
{
    *r = (struct row){0};
    struct slice field = {0};
    for (size_t i = 0; i < h->count && slice_cut(&line, ',', &field); i++) {
        r->field[h->cols[i]] = slice_trim(field);
    }
}

static bool point_read(struct slice lat, struct slice lon, struct geo_point *out)
{
    struct geo_point p = {0};
    if (!slice_double(lat, &p.lat) || !slice_double(lon, &p.lon)) return false;
    if (!geohash_valid(p)) return false;
    *out = p;
    return true;
}

static void trip_add(struct trip_file *f, struct trip t)
{
    if (f->count == f->cap) {
        f->cap = f->cap == 0 ? 1024 : f->cap * 2;
        f->trips = mem_realloc(f->trips, f->cap * sizeof *f->trips);
    }
    f->trips[f->count++] = t;
}

/* RFC 3339; a time without a zone is UTC, as city data portals write it. */
static bool time_read(struct slice text, int64_t *out)
{
    char with_zone[40];
    if (clock_parse(text, out) == 0) return true;
    if (text.len + 2 > sizeof with_zone) return false;
    slice_cstr(text, with_zone, sizeof with_zone - 1);
    with_zone[text.len] = 'Z';
    return clock_parse(slice_make(with_zone, text.len + 1), out) == 0;
}

static bool trip_read(struct trip_file *f, const struct row *r)
{
    struct trip t = {0};
    if (!time_read(r->field[COL_PICKUP_AT], &t.at_ms)) return false;
    if (!point_read(r->field[COL_PICKUP_LAT], r->field[COL_PICKUP_LON], &t.pickup)) return false;
    t.has_dropoff = point_read(r->field[COL_DROPOFF_LAT], r->field[COL_DROPOFF_LON], &t.dropoff);
    if (t.at_ms % 60000 != 0) f->by_minute = false;
    trip_add(f, t);
    return true;
}

/* by_id holds 1 + index of a cab as its pointer, for cabs move when their array grows. */
static struct cab *cab_get(struct trip_file *f, struct map *by_id, struct slice id)
{
    void *seen = map_find(by_id, id);
    if (seen != NULL) return &f->cabs[(uintptr_t)seen - 1];
    if (f->cab_count == f->cab_cap) {
        f->cab_cap = f->cab_cap == 0 ? 256 : f->cab_cap * 2;
        f->cabs = mem_realloc(f->cabs, f->cab_cap * sizeof *f->cabs);
    }
    struct cab *c = &f->cabs[f->cab_count++];
    *c = (struct cab){0};
    slice_cstr(id, c->id, sizeof c->id);
    map_put(by_id, id, (void *)(uintptr_t)f->cab_count); // NOLINT(performance-no-int-to-ptr)
    return c;
}

static bool fix_read(struct trip_file *f, struct map *by_id, const struct row *r)
{
    struct cab_fix fix = {0};
    int64_t ts_s = 0;
    struct slice id = r->field[COL_DRIVER];
    if (!slice_i64(r->field[COL_TS], &ts_s) || ts_s < 0 || ts_s > 32503680000) return false;
    if (id.len == 0 || id.len >= CAB_ID_CAP) return false;
    if (!point_read(r->field[COL_LAT], r->field[COL_LON], &fix.at)) return false;
    fix.at_ms = ts_s * 1000;
    fix.occupied = slice_is(r->field[COL_OCCUPIED], "1");

    struct cab *c = cab_get(f, by_id, id);
    if (c->count == c->cap) {
        c->cap = c->cap == 0 ? 64 : c->cap * 2;
        c->fixes = mem_realloc(c->fixes, c->cap * sizeof *c->fixes);
    }
    c->fixes[c->count++] = fix;
    return true;
}

static int by_fix_time(const void *a, const void *b)
{
    const struct cab_fix *x = a;
    const struct cab_fix *y = b;
    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static int by_trip_time(const void *a, const void *b)
{
    const struct trip *x = a;
    const struct trip *y = b;
    if (x->at_ms != y->at_ms) return x->at_ms > y->at_ms ? 1 : -1;
    if (x->pickup.lat != y->pickup.lat) return x->pickup.lat > y->pickup.lat ? 1 : -1;
    return (x->pickup.lon > y->pickup.lon) - (x->pickup.lon < y->pickup.lon);
}

static void run_add(struct trip_file *f, const struct cab_fix *from, const struct cab_fix *to)
{
    int64_t took_ms = to->at_ms - from->at_ms;
    if (took_ms < RUN_MS_MIN || took_ms > RUN_MS_MAX) return;
    if (geo_distance_m(from->at, to->at) < RUN_DIST_M_MIN) return;
    trip_add(f,
             (struct trip){
                 .at_ms = from->at_ms, .pickup = from->at, .dropoff = to->at, .has_dropoff = true});
}

static void cab_runs(struct trip_file *f, const struct cab *c)
{
    const struct cab_fix *first = NULL;
    for (size_t i = 0; i < c->count; i++) {
        const struct cab_fix *fix = &c->fixes[i];
        if (first != NULL && fix->at_ms - c->fixes[i - 1].at_ms > RUN_SILENCE_MS_MAX) {
            first = NULL;
        }
        if (fix->occupied && first == NULL && (i == 0 || !c->fixes[i - 1].occupied)) first = fix;
        if (!fix->occupied && first != NULL) {
            run_add(f, first, fix);
            first = NULL;
        }
    }
}

const char *trip_file_read(struct slice text, struct trip_file *out)
{
    struct trip_file f = {.by_minute = true};
    struct map by_id = {0};
    struct header h;
    struct slice line = {0};

    if (slice_starts(text, SLICE("\xef\xbb\xbf"))) text = slice_from(text, 3);
    if (!slice_cut(&text, '\n', &line)) return "the file is empty";
    header_read(line, &h);
    bool trips = h.has[COL_PICKUP_AT] && h.has[COL_PICKUP_LAT] && h.has[COL_PICKUP_LON];
    bool trace = h.has[COL_TS] && h.has[COL_DRIVER] && h.has[COL_LAT] && h.has[COL_LON];
    if (!trips && !trace) {
        return "the header has neither pickup_at,pickup_lat,pickup_lon nor ts,driver_id,lat,lon";
    }

    while (slice_cut(&text, '\n', &line)) {
        struct row r;
        if (slice_trim(line).len == 0) continue;
        row_read(line, &h, &r);
        bool good = trips ? trip_read(&f, &r) : fix_read(&f, &by_id, &r);
        if (good)
            f.rows++;
        else
            f.skipped++;
    }
    map_fini(&by_id);
    for (size_t i = 0; i < f.cab_count; i++) {
        qsort(f.cabs[i].fixes, f.cabs[i].count, sizeof *f.cabs[i].fixes, by_fix_time);
        cab_runs(&f, &f.cabs[i]);
    }
    if (trace && !trips) f.by_minute = false;
    if (f.count == 0) {
        trip_file_fini(&f);
        return "the file has no trip that could be read";
    }
    qsort(f.trips, f.count, sizeof *f.trips, by_trip_time);
    *out = f;
    return NULL;
}

struct geo_point cab_at(const struct cab *c, int64_t at_ms)
{
    must(c->count > 0);
    size_t low = 0;
    size_t high = c->count; /* the first fix after at_ms is in [low, high] */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->fixes[mid].at_ms <= at_ms)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0) return c->fixes[0].at;
    if (low == c->count) return c->fixes[c->count - 1].at;
    const struct cab_fix *a = &c->fixes[low - 1];
    const struct cab_fix *b = &c->fixes[low];
    double part = (double)(at_ms - a->at_ms) / (double)(b->at_ms - a->at_ms);
    return (struct geo_point){.lon = a->at.lon + (b->at.lon - a->at.lon) * part,
                              .lat = a->at.lat + (b->at.lat - a->at.lat) * part};
}

void trip_file_fini(struct trip_file *f)
{
    if (f == NULL) return;
    for (size_t i = 0; i < f->cab_count; i++) {
        mem_free(f->cabs[i].fixes);
    }
    mem_free(f->cabs);
    mem_free(f->trips);
    *f = (struct trip_file){0};
}
