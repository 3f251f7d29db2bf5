#include "geosearch.h"

#include "base/must.h"

#include <math.h>
#include <stdlib.h>

#define EARTH_M  6372797.560856
#define DEG      (3.14159265358979323846 / 180.0)
#define GRID     67108864.0 /* 2^26 squares each way */
#define STEP_LAT (2 * GEOHASH_LAT_MAX / GRID * DEG)
#define STEP_LON (2 * GEOHASH_LON_MAX / GRID * DEG)

enum { BITS = 52, BLOCK = 64 };

/* One search under way. */
struct search {
    const struct geocells *g;
    const struct geo_shape *shape;
    double cos_lat; /* of the middle */
    int32_t x, y;   /* its square */
    double reach_m; /* farther is of no interest */
    double tuned_m; /* the reach that x_m and y_m were made for */
    float reach2;   /* reach_m squared, rounded up */
    float x_m, y_m; /* metres that a grid step is worth at least */
    uint64_t min, max;
    uint32_t k;
    struct geo_hits *hits; /* for nearest: a heap, farthest first */
};

bool geo_shape_has(const struct geo_shape *s, struct geo_point p, double *dist_m)
{
    double d = 0;
    if (s->box) {
        double north = EARTH_M * fabs(s->at.lat * DEG - p.lat * DEG);
        if (north > s->height_m / 2) return false;
        double east = geo_distance_m(p, (struct geo_point){s->at.lon, p.lat});
        if (east > s->width_m / 2) return false;
        d = geo_distance_m(s->at, p);
    } else {
        d = geo_distance_m(s->at, p);
        if (d > s->radius_m) return false;
    }
    *dist_m = d;
    return true;
}

void geo_hits_add(struct geo_hits *hits, struct geo_hit hit)
{
    if (hits->n == hits->cap) {
        must(hits->cap <= UINT32_MAX / 2);
        hits->cap = hits->cap == 0 ? 16 : hits->cap * 2;
        struct geo_hit *v = arena_alloc(hits->arena, hits->cap * sizeof *v);
        if (hits->n > 0) memcpy(v, hits->v, hits->n * sizeof *v);
        hits->v = v;
    }
    hits->v[hits->n++] = hit;
}

/* The least (sin(t/2) / (t/2))² over differences up to t. */
static double flatness(double t)
{
    double near = 1 - t * t / 12;
    return near > 0.4052 ? near : 0.4052; /* (2/pi)² at t = pi */
}

/* Makes the bound for what lies within reach_m. */
static void tune(struct search *s)
{
    double arc = s->reach_m / EARTH_M;
    double lat = fabs(s->shape->at.lat * DEG) + arc;
    if (lat > GEOHASH_LAT_MAX * DEG) lat = GEOHASH_LAT_MAX * DEG;
    double c = s->cos_lat * cos(lat);
    double half = arc < 3.1415 ? sin(arc / 2) / sqrt(c) : 1;
    double wide = half < 1 ? 2 * asin(half) : 3.1416;
    double f = sqrt(flatness(wide > arc ? wide : arc)) * (1 - 1e-5);
    s->x_m = (float)(EARTH_M * STEP_LON * sqrt(c) * f);
    s->y_m = (float)(EARTH_M * STEP_LAT * f);
    s->tuned_m = s->reach_m;
}

static void set_reach(struct search *s, double reach_m)
{
    s->reach_m = reach_m;
    double r2 = reach_m * reach_m * (1 + 1e-6);
    s->reach2 = r2 < 1e30 ? (float)r2 : 1e30F;
    if (reach_m < s->tuned_m / 2) tune(s);
}

static void search_init(struct search *s, const struct geocells *g, const struct geo_shape *shape,
                        struct geo_hits *hits)
{
    must(geohash_valid(shape->at));
    *s = (struct search){.g = g, .shape = shape, .hits = hits, .tuned_m = HUGE_VAL};
    s->cos_lat = cos(shape->at.lat * DEG);
    uint32_t x = 0;
    uint32_t y = 0;
    geohash_split(geohash_encode(shape->at), &x, &y);
    s->x = (int32_t)x;
    s->y = (int32_t)y;
    double reach = shape->box ? (shape->width_m + shape->height_m) / 2 : shape->radius_m;
    set_reach(s, reach < 4e7 ? reach : 4e7);
    tune(s);
}

/* Difference of columns by the shorter way round, less the grid step of tolerance. */
static inline float columns(int32_t x, int32_t from)
{
    int32_t d = (int32_t)((uint32_t)(x - from) << 6) >> 6;
    d = d < 0 ? -d : d;
    return (float)(d > 0 ? d - 1 : 0);
}

static inline float rows(int32_t y, int32_t from)
{
    int32_t d = y - from;
    d = d < 0 ? -d : d;
    return (float)(d > 0 ? d - 1 : 0);
}

/* Square of a lower bound of the distance to anything in the area of `bits` bits. */
static float area_bound(const struct search *s, uint64_t first, uint8_t bits)
{
    uint32_t x0 = 0;
    uint32_t y0 = 0;
    geohash_split(first, &x0, &y0);
    uint32_t side = (1U << (26 - bits / 2)) - 1;
    float dx = 0;
    float dy = 0;
    uint32_t in = ((uint32_t)s->x - x0) & ((1U << 26) - 1);
    if (in > side) {
        float west = columns((int32_t)x0, s->x);
        float east = columns((int32_t)(x0 + side), s->x);
        dx = west < east ? west : east;
    }
    if (s->y < (int32_t)y0) dy = rows((int32_t)y0, s->y);
    if (s->y > (int32_t)(y0 + side)) dy = rows((int32_t)(y0 + side), s->y);
    dx *= s->x_m;
    dy *= s->y_m;
    return dx * dx + dy * dy;
}

/* For n members from xy on: the same for each. */
static void member_bounds(const struct search *s, const struct geo_xy *xy, uint32_t n, float *out)
{
    for (uint32_t i = 0; i < n; i++) {
        float dx = columns((int32_t)xy[i].x, s->x) * s->x_m;
        float dy = rows((int32_t)xy[i].y, s->y) * s->y_m;
        out[i] = dx * dx + dy * dy;
    }
}

/* Nearer first; of equal ones the least (score, name) first. */
static bool nearer(const struct geo_hit *a, const struct geo_hit *b)
{
    if (a->dist_m != b->dist_m) return a->dist_m < b->dist_m;
    if (a->score != b->score) return a->score < b->score;
    return member_cmp(a->member, b->member) < 0;
}

static void sink(struct geo_hit *heap, uint32_t n, uint32_t i, struct geo_hit hit)
{
    while (2 * i + 1 < n) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < n && nearer(&heap[child], &heap[child + 1])) child++;
        if (!nearer(&hit, &heap[child])) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = hit;
}

static void keep(struct search *s, struct geo_hit hit)
{
    struct geo_hits *h = s->hits;
    if (h->n < s->k) {
        geo_hits_add(h, hit);
        uint32_t i = h->n - 1;
        while (i > 0 && nearer(&h->v[(i - 1) / 2], &hit)) {
            h->v[i] = h->v[(i - 1) / 2];
            i = (i - 1) / 2;
        }
        h->v[i] = hit;
    } else if (nearer(&hit, &h->v[0])) {
        sink(h->v, h->n, 0, hit);
    } else {
        return;
    }
    if (h->n == s->k && h->v[0].dist_m < s->reach_m) set_reach(s, h->v[0].dist_m);
}

/* A member of a block that its bound does not rule out. */
struct candidate {
    float bound;
    uint32_t i;
};

/* Those of n members that may be within reach, by their bounds: taken in this order, the exact
 * distance of hardly more than the k nearest is ever computed. */
static uint32_t candidates(const struct search *s, const struct geo_xy *xy, uint32_t n,
                           struct candidate out[static BLOCK])
{
    float bound[BLOCK];
    member_bounds(s, xy, n, bound);
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (bound[i] > s->reach2) continue;
        uint32_t at = count++;
        for (; at > 0 && out[at - 1].bound > bound[i]; at--)
            out[at] = out[at - 1];
        out[at] = (struct candidate){bound[i], i};
    }
    return count;
}

static void nearest_in_cell(struct search *s, const struct geo_cell *c)
{
    struct candidate near[BLOCK];
    for (uint32_t from = 0; from < c->n; from += BLOCK) {
        uint32_t n = c->n - from < BLOCK ? c->n - from : BLOCK;
        uint32_t count = candidates(s, c->xy + from, n, near);
        for (uint32_t i = 0; i < count && near[i].bound <= s->reach2; i++) {
            uint32_t slot = from + near[i].i;
            struct geo_xy xy = c->xy[slot];
            struct geo_hit hit = {geo_members(c)[slot], geohash_join(xy.x, xy.y), 0};
            if (geo_shape_has(s->shape, geohash_decode(hit.score), &hit.dist_m) &&
                hit.dist_m <= s->reach_m)
                keep(s, hit);
        }
    }
}

/* Goes down into the nearest part first, so that the reach shrinks early. */
static void nearest_below(struct search *s, uint32_t ref)
{
    if ((ref & GEO_CELL) != 0) {
        nearest_in_cell(s, s->g->cells[ref & ~GEO_CELL]);
        return;
    }
    const struct geo_node *node = &s->g->nodes[ref];
    uint64_t width = (GEO_SCORE_MAX >> node->bits) / 4 + 1;
    uint32_t order[4];
    float bound[4];
    uint32_t n = 0;
    for (uint32_t q = 0; q < 4; q++) {
        if (node->child[q] == GEO_NONE) continue;
        float b = area_bound(s, node->first + q * width, (uint8_t)(node->bits + 2));
        if (b > s->reach2) continue;
        uint32_t at = n++;
        for (; at > 0 && bound[at - 1] > b; at--) {
            bound[at] = bound[at - 1];
            order[at] = order[at - 1];
        }
        bound[at] = b;
        order[at] = node->child[q];
        if ((node->child[q] & GEO_CELL) != 0) {
            const struct geo_cell *c = s->g->cells[node->child[q] & ~GEO_CELL];
            __builtin_prefetch(c);
            __builtin_prefetch((const char *)c + 64);
        }
    }
    for (uint32_t i = 0; i < n; i++)
        if (bound[i] <= s->reach2) nearest_below(s, order[i]);
}

void geosearch_nearest(const struct geocells *g, const struct geo_shape *shape, uint32_t k,
                       struct geo_hits *hits)
{
    must(hits->n == 0);
    if (g->count == 0 || k == 0) return;
    struct search s;
    search_init(&s, g, shape, hits);
    s.k = k;
    nearest_below(&s, g->root);
    /* The heap gives up its farthest one at a time: that sorts it. */
    for (uint32_t n = hits->n; n > 1; n--) {
        struct geo_hit last = hits->v[n - 1];
        hits->v[n - 1] = hits->v[0];
        sink(hits->v, n - 1, 0, last);
    }
}

static int by_score(const void *a, const void *b)
{
    const struct geo_hit *l = a;
    const struct geo_hit *r = b;
    if (l->score != r->score) return l->score < r->score ? -1 : 1;
    return member_cmp(l->member, r->member);
}

static void walk_cell(struct search *s, const struct geo_cell *c)
{
    float bound[BLOCK];
    uint32_t start = s->hits->n;
    for (uint32_t from = 0; from < c->n; from += BLOCK) {
        uint32_t n = c->n - from < BLOCK ? c->n - from : BLOCK;
        member_bounds(s, c->xy + from, n, bound);
        for (uint32_t i = 0; i < n; i++) {
            if (bound[i] > s->reach2) continue;
            struct geo_xy xy = c->xy[from + i];
            struct geo_hit hit = {geo_members(c)[from + i], geohash_join(xy.x, xy.y), 0};
            if (hit.score < s->min || hit.score >= s->max) continue;
            if (!geo_shape_has(s->shape, geohash_decode(hit.score), &hit.dist_m)) continue;
            geo_hits_add(s->hits, hit);
        }
    }
    if (s->hits->n - start > 1)
        qsort(s->hits->v + start, s->hits->n - start, sizeof(struct geo_hit), by_score);
    if (s->hits->n > s->k) s->hits->n = s->k;
}

static void walk_below(struct search *s, uint32_t ref)
{
    if ((ref & GEO_CELL) != 0) {
        walk_cell(s, s->g->cells[ref & ~GEO_CELL]);
        return;
    }
    const struct geo_node *node = &s->g->nodes[ref];
    uint64_t width = (GEO_SCORE_MAX >> node->bits) / 4 + 1;
    for (uint32_t q = 0; q < 4 && s->hits->n < s->k; q++) {
        uint64_t first = node->first + q * width;
        if (node->child[q] == GEO_NONE || first >= s->max || first + width <= s->min) continue;
        if (area_bound(s, first, (uint8_t)(node->bits + 2)) > s->reach2) continue;
        walk_below(s, node->child[q]);
    }
}

void geosearch_walk(const struct geocells *g, const struct geo_shape *shape, uint64_t min,
                    uint64_t max, uint32_t limit, struct geo_hits *hits)
{
    if (g->count == 0 || hits->n >= limit) return;
    struct search s;
    search_init(&s, g, shape, hits);
    s.min = min;
    s.max = max;
    s.k = limit;
    walk_below(&s, g->root);
}
