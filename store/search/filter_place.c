/* Filters of places: who lies within a circle.
 *
 * The squares of `georanges` hold several times what the circle does. Where that is much they are
 * cut into smaller ones, and only those that the circle may touch are looked at.
 */
#include "filter_inside.h"

#include "base/must.h"
#include "store/ds/georanges.h"

#include <math.h>

#define EARTH_M 6372797.560856
#define DEG     (3.14159265358979323846 / 180.0)
#define GRID    (1 << GEOHASH_BITS / 2) /* columns, and rows, of places */

/* A square is cut into four so many times at most. */
enum { CUTS_MAX = 3, RUNS_MAX = GEO_RANGES << (2 * CUTS_MAX) };

struct run {
    uint32_t from, to; /* ranks */
};

struct place_iter {
    struct doc_iter it;
    const struct field_index *field;
    struct sorted_copy copy;
    struct geo_shape shape;
    struct run *runs; /* the arena's */
    uint32_t run_count;
    double x, y;             /* column and row of the middle */
    bool near;               /* small enough for bounds by plane geometry */
    double cos_min, cos_max; /* of latitudes within reach */
    double inside, outside;  /* radius in radians, squared: surely within, surely beyond */
};

/* The distance is computed only where bounds leave it open. Up to 100 km the arc is at most
 * 0.002 % longer than its chord, which the margins of `inside` and `outside` contain:
 *     R sqrt(dlat² + (cos_min dlon)²) <= distance <= R sqrt(dlat² + (cos_max dlon)²) */
static inline bool place_has(const struct place_iter *t, double score)
{
    double exact = 0;
    if (t->near) {
        uint32_t x = 0, y = 0;
        geohash_split((uint64_t)score, &x, &y);
        double lat = (y - t->y) * (2 * GEOHASH_LAT_MAX * DEG / GRID);
        double lon = (x - t->x) * (2 * GEOHASH_LON_MAX * DEG / GRID);
        double lat2 = lat * lat, lon2 = lon * lon;
        bool is_within = lat2 + lon2 * t->cos_max * t->cos_max <= t->inside;
        bool may_be = lat2 + lon2 * t->cos_min * t->cos_min <= t->outside;
        if (is_within == may_be) return is_within;
    }
    return geo_shape_has(&t->shape, geohash_decode((uint64_t)score), &exact);
}

static uint32_t place_skip(struct doc_iter *it, uint32_t from)
{
    return sorted_copy_skip(&((struct place_iter *)it)->copy, it, from);
}

static bool place_test(struct doc_iter *it, uint32_t doc)
{
    const struct place_iter *t = (const struct place_iter *)it;
    const struct field_index *f = t->field;
    if (doc >= f->cap || isnan(f->column[doc])) return false;
    if (place_has(t, f->column[doc])) return true;
    if (f->more == NULL || f->more[doc] == NULL) return false;
    for (uint32_t i = 0; i < f->more[doc]->n; i++)
        if (place_has(t, f->more[doc]->number[i])) return true;
    return false;
}

struct gathering {
    const struct place_iter *t;
    uint32_t *ids, n;
};

static bool gather_run(const double *scores, const uint32_t *ids, uint32_t n, void *data)
{
    struct gathering *g = data;
    for (uint32_t i = 0; i < n; i++) {
        g->ids[g->n] = ids[i];
        g->n += place_has(g->t, scores[i]);
    }
    return true;
}

static uint32_t place_gather(struct doc_iter *it, struct arena *arena, uint32_t **out)
{
    const struct place_iter *t = (const struct place_iter *)it;
    struct gathering g = {.t = t, .ids = arena_alloc(arena, (it->estimate + 1) * sizeof **out)};
    for (uint32_t i = 0; i < t->run_count; i++)
        numtree_each(&t->field->tree, t->runs[i].from, t->runs[i].to - t->runs[i].from, gather_run,
                     &g);
    *out = g.ids;
    return g.n;
}

/* --- where to look --- */

static double apart(double at, double min, double max)
{
    return at < min ? min - at : at > max ? at - max : 0;
}

/* Whether no point of the square can be within: its nearest latitude and its nearest longitude
 * together are too far, even where degrees of longitude are shortest. */
static bool is_beyond(const struct place_iter *t, struct geo_box b)
{
    double lat = apart(t->shape.at.lat, b.lat_min, b.lat_max) * DEG;
    double lon = apart(t->shape.at.lon, b.lon_min, b.lon_max) * DEG * t->cos_min;
    return lat * lat + lon * lon > t->outside;
}

struct cover {
    const struct place_iter *t;
    struct geo_range *v; /* ascending within each square that was cut */
    uint32_t n;
};

static void cover_square(struct cover *c, struct geo_range square, int cuts)
{
    uint64_t size = square.max - square.min;
    int bits = GEOHASH_BITS - (63 - __builtin_clzll(size));
    if (bits > 1 && is_beyond(c->t, geohash_box(square.min, bits))) return;
    if (cuts > 0 && size > 4) {
        for (uint64_t i = 0, min = square.min; i < 4; i++, min += size / 4)
            cover_square(c, (struct geo_range){min, min + size / 4}, cuts - 1);
    } else if (c->n > 0 && c->v[c->n - 1].max == square.min) {
        c->v[c->n - 1].max = square.max;
    } else {
        must(c->n < RUNS_MAX);
        c->v[c->n++] = square;
    }
}

/* Finds the ranks of what lies in these ranges; gives how many that is. */
static uint32_t find_runs(struct place_iter *t, const struct geo_range *ranges, uint32_t n)
{
    uint32_t count = 0;
    t->run_count = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct run r = {numtree_below(&t->field->tree, (double)ranges[i].min, false),
                        numtree_below(&t->field->tree, (double)ranges[i].max, false)};
        if (r.from == r.to) continue;
        t->runs[t->run_count++] = r;
        count += r.to - r.from;
    }
    return count;
}

static void look_where(struct place_iter *t, struct arena *arena)
{
    enum { MANY = 256, VERY_MANY = 1 << 15 };
    struct geo_range squares[GEO_RANGES];
    uint32_t n = georanges(&t->shape, squares);
    t->runs = arena_alloc(arena, GEO_RANGES * sizeof t->runs[0]);
    t->it.estimate = find_runs(t, squares, n);
    if (!t->near || t->it.estimate < MANY) return;
    struct cover c = {.t = t, .v = arena_alloc(arena, RUNS_MAX * sizeof c.v[0])};
    for (uint32_t i = 0; i < n; i++)
        cover_square(&c, squares[i], t->it.estimate < VERY_MANY ? CUTS_MAX - 1 : CUTS_MAX);
    t->runs = arena_alloc(arena, (c.n + 1) * sizeof t->runs[0]);
    t->it.estimate = find_runs(t, c.v, c.n);
}

static const struct doc_iter_kind place_kind = {
    .skip = place_skip, .test = place_test, .columnar = true, .gather = place_gather};

struct doc_iter *filter_place(struct filter *f, const struct query_node *n)
{
    enum { NEAR_M = 100000, NEAR_LAT = 70 };
    struct place_iter *t = arena_alloc(f->arena, sizeof *t);
    *t = (struct place_iter){.it = {.kind = &place_kind, .doc = DOC_NONE, .weight = 1},
                             .field = &f->x->fields[n->fields.number[0]],
                             .copy.arena = f->arena,
                             .shape = {.at = {n->lon, n->lat}, .radius_m = n->radius_m}};
    double reach = n->radius_m / EARTH_M, lat = fabs(n->lat) * DEG;
    /* Over the date line differences of longitude are not what they seem. */
    t->near = n->radius_m <= NEAR_M && fabs(n->lat) <= NEAR_LAT && fabs(n->lon) <= 170;
    t->x = (n->lon + GEOHASH_LON_MAX) * (GRID / (2 * GEOHASH_LON_MAX)) - 0.5;
    t->y = (n->lat + GEOHASH_LAT_MAX) * (GRID / (2 * GEOHASH_LAT_MAX)) - 0.5;
    t->cos_max = cos(lat > reach ? lat - reach : 0);
    t->cos_min = cos(lat + reach);
    t->inside = reach * reach * 0.9998;
    t->outside = reach * reach * 1.0002;
    look_where(t, f->arena);
    return &t->it;
}
