/* geo_search: GEOSEARCH and its older forms.
 *
 *     COUNT k, nearest first    rings of cells that stop at k (geosearch_nearest)
 *     all, or COUNT k ANY       the squares in Redis's order (georanges, geosearch_walk)
 *     a plain sorted set        the same squares as ranges of scores
 *
 * Hits live in the command's arena and die with the reply. */
#include "geo.h"
#include "store/ds/georanges.h"

enum form {
    FORM_SEARCH,       /* GEOSEARCH */
    FORM_SEARCH_STORE, /* GEOSEARCHSTORE */
    FORM_RADIUS,       /* GEORADIUS */
    FORM_RADIUS_RO,
    FORM_MEMBER, /* GEORADIUSBYMEMBER */
    FORM_MEMBER_RO,
};

enum sort { SORT_NONE, SORT_ASC, SORT_DESC };

struct query {
    enum form form;
    struct slice key;
    struct zset *z; /* NULL when the key is missing */
    struct geo_shape shape;
    double unit_m;
    bool from_member, from_lonlat, by_radius, by_box;
    bool with_dist, with_hash, with_coord;
    bool any, storing, store_dist;
    struct slice store;
    enum sort sort;
    int64_t count; /* 0: all */
};

static bool is_search(const struct query *q)
{
    return q->form == FORM_SEARCH || q->form == FORM_SEARCH_STORE;
}

/* The middle is a member's place. Without the key this only reads on: the reply is empty. */
static void read_member(struct cmd *c, struct query *q)
{
    struct slice name = {0};
    args_slice(c->args, &name);
    if (!args_ok(c->args) || q->z == NULL) return;
    struct zset_at at;
    if (zset_find(q->z, name, &at))
        q->shape.at = geo_place(zset_score(q->z, at));
    else
        args_fail(c->args, "ERR could not decode requested zset member");
}

static void read_radius(struct cmd *c, struct query *q)
{
    double radius = 0;
    args_double_or(c->args, "ERR need numeric radius", &radius);
    if (args_ok(c->args) && radius < 0) args_fail(c->args, "ERR radius cannot be negative");
    geo_args_unit(c, &q->unit_m);
    q->shape.box = false;
    q->shape.radius_m = radius * q->unit_m;
}

static void read_box(struct cmd *c, struct query *q)
{
    double width = 0;
    double height = 0;
    args_double_or(c->args, "ERR need numeric width", &width);
    args_double_or(c->args, "ERR need numeric height", &height);
    if (args_ok(c->args) && (width < 0 || height < 0))
        args_fail(c->args, "ERR height or width cannot be negative");
    geo_args_unit(c, &q->unit_m);
    q->shape.box = true;
    q->shape.width_m = width * q->unit_m;
    q->shape.height_m = height * q->unit_m;
}

static void read_store(struct cmd *c, struct query *q, bool dist)
{
    args_slice(c->args, &q->store);
    q->storing = true;
    q->store_dist = dist;
}

/* One option of GEOSEARCH and GEOSEARCHSTORE only. False when the next word is none. */
static bool search_option(struct cmd *c, struct query *q)
{
    struct args *a = c->args;
    uint32_t left = args_left(a);
    if (left >= 2 && !q->from_lonlat && args_maybe(a, "FROMMEMBER")) {
        read_member(c, q);
        q->from_member = true;
    } else if (left >= 3 && !q->from_member && args_maybe(a, "FROMLONLAT")) {
        geo_args_point(c, &q->shape.at);
        q->from_lonlat = true;
    } else if (left >= 3 && !q->by_box && args_maybe(a, "BYRADIUS")) {
        read_radius(c, q);
        q->by_radius = true;
    } else if (left >= 4 && !q->by_radius && args_maybe(a, "BYBOX")) {
        read_box(c, q);
        q->by_box = true;
    } else if (q->form == FORM_SEARCH_STORE && args_maybe(a, "STOREDIST")) {
        q->store_dist = true;
    } else {
        return false;
    }
    return true;
}

static void read_option(struct cmd *c, struct query *q)
{
    struct args *a = c->args;
    bool stores = q->form == FORM_RADIUS || q->form == FORM_MEMBER;
    bool value = args_left(a) >= 2;
    if (args_maybe(a, "WITHDIST")) {
        q->with_dist = true;
    } else if (args_maybe(a, "WITHHASH")) {
        q->with_hash = true;
    } else if (args_maybe(a, "WITHCOORD")) {
        q->with_coord = true;
    } else if (args_maybe(a, "ANY")) {
        q->any = true;
    } else if (args_maybe(a, "ASC")) {
        q->sort = SORT_ASC;
    } else if (args_maybe(a, "DESC")) {
        q->sort = SORT_DESC;
    } else if (value && args_maybe(a, "COUNT")) {
        args_i64(a, &q->count);
        if (args_ok(a) && q->count <= 0) args_fail(a, "ERR COUNT must be > 0");
    } else if (stores && value && args_maybe(a, "STORE")) {
        read_store(c, q, false);
    } else if (stores && value && args_maybe(a, "STOREDIST")) {
        read_store(c, q, true);
    } else if (!is_search(q) || !search_option(c, q)) {
        args_syntax(a);
    }
}

static void check_query(struct cmd *c, const struct query *q)
{
    struct args *a = c->args;
    if (!args_ok(a)) return;
    const char *name = arena_copy(c->arena, c->argv[0]).p;
    const char *what = NULL;
    if (q->storing && (q->with_dist || q->with_hash || q->with_coord))
        what = is_search(q) ? "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and "
                              "WITHCOORD options"
                            : "ERR STORE option in GEORADIUS is not compatible with WITHDIST, "
                              "WITHHASH and WITHCOORD options";
    else if (is_search(q) && !q->from_member && !q->from_lonlat)
        what = arena_printf(c->arena,
                            "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %s",
                            name)
                   .p;
    else if (is_search(q) && !q->by_radius && !q->by_box)
        what = arena_printf(c->arena,
                            "ERR exactly one of BYRADIUS and BYBOX can be specified for %s", name)
                   .p;
    else if (q->any && q->count == 0)
        what = "ERR the ANY argument requires COUNT argument";
    if (what != NULL) args_fail(a, what);
}

/* Reads the whole command. False when it has replied. */
static bool read_query(struct cmd *c, struct query *q)
{
    struct args *a = c->args;
    if (q->form == FORM_SEARCH_STORE) {
        args_slice(a, &q->store);
        q->storing = true;
    }
    args_key(a, &q->key);
    if (!zset_open(c, q->key, &q->z)) return false;
    if (q->form == FORM_RADIUS || q->form == FORM_RADIUS_RO) {
        geo_args_point(c, &q->shape.at);
        read_radius(c, q);
    } else if (!is_search(q)) {
        read_member(c, q);
        if (q->z != NULL) {
            read_radius(c, q);
        } else { /* as Redis: the radius of a search in nothing is not looked at */
            struct slice skipped = {0};
            args_slice(a, &skipped);
            args_slice(a, &skipped);
        }
    }
    while (args_ok(a) && args_left(a) > 0)
        read_option(c, q);
    check_query(c, q);
    return args_end(a, c->reply);
}

/* A search under way in a plain sorted set. */
struct plain {
    const struct geo_shape *shape;
    double max;
    uint32_t limit;
    struct geo_hits *hits;
};

static bool plain_member(struct slice name, double score, void *data)
{
    struct plain *p = data;
    if (score >= p->max) return false;
    struct geo_hit hit = {NULL, (uint64_t)score, 0};
    if (!geo_shape_has(p->shape, geohash_decode(hit.score), &hit.dist_m)) return true;
    hit.member = arena_alloc(p->hits->arena, member_bytes(name.len));
    member_init(hit.member, name);
    hit.member->u.score = score;
    geo_hits_add(p->hits, hit);
    return p->hits->n < p->limit;
}

/* All hits in the order of Redis's walk, up to limit. */
static void walk(const struct query *q, uint32_t limit, struct geo_hits *hits)
{
    struct geo_range ranges[GEO_RANGES];
    uint32_t n = georanges(&q->shape, ranges);
    const struct geocells *cells = zset_cells(q->z);
    for (uint32_t i = 0; i < n && hits->n < limit; i++) {
        if (cells != NULL) {
            geosearch_walk(cells, &q->shape, ranges[i].min, ranges[i].max, limit, hits);
            continue;
        }
        struct plain p = {&q->shape, (double)ranges[i].max, limit, hits};
        uint32_t from = zset_below(q->z, (double)ranges[i].min, false);
        zset_each(q->z, from, UINT32_MAX, false, plain_member, &p);
    }
}

static bool in_order(const struct geo_hit *a, const struct geo_hit *b, bool descending)
{
    return descending ? a->dist_m >= b->dist_m : a->dist_m <= b->dist_m;
}

/* Sorts by distance; equal ones stay in the order of the walk, as they do in Redis. */
static void sort_hits(struct geo_hits *hits, bool descending)
{
    struct geo_hit *from = hits->v;
    struct geo_hit *to = arena_alloc(hits->arena, hits->n * sizeof *to);
    for (uint64_t width = 1; width < hits->n; width *= 2) {
        for (uint64_t start = 0; start < hits->n; start += 2 * width) {
            uint64_t mid = start + width < hits->n ? start + width : hits->n;
            uint64_t end = start + 2 * width < hits->n ? start + 2 * width : hits->n;
            uint64_t l = start;
            uint64_t r = mid;
            for (uint64_t at = start; at < end; at++) {
                bool left = r == end || (l < mid && in_order(&from[l], &from[r], descending));
                to[at] = left ? from[l++] : from[r++];
            }
        }
        struct geo_hit *swap = from;
        from = to;
        to = swap;
    }
    hits->v = from;
    hits->cap = hits->n; /* the smaller of the two arrays it may be in */
}

static void search(const struct query *q, struct geo_hits *hits)
{
    uint32_t limit = q->count == 0 || q->count > UINT32_MAX ? UINT32_MAX : (uint32_t)q->count;
    enum sort sort = q->sort;
    if (q->count != 0 && sort == SORT_NONE && !q->any) sort = SORT_ASC;

    if (q->count != 0 && !q->any && sort == SORT_ASC && zset_cells(q->z) != NULL) {
        geosearch_nearest(zset_cells(q->z), &q->shape, limit, hits);
        return;
    }
    walk(q, q->any ? limit : UINT32_MAX, hits);
    if (sort != SORT_NONE && hits->n > 1) sort_hits(hits, sort == SORT_DESC);
    if (hits->n > limit) hits->n = limit;
}

static void reply_hits(struct cmd *c, const struct query *q, const struct geo_hits *hits)
{
    uint64_t extras = (q->with_dist ? 1U : 0) + (q->with_hash ? 1U : 0) + (q->with_coord ? 1U : 0);
    reply_array(c->reply, hits->n);
    for (uint32_t i = 0; i < hits->n; i++) {
        const struct geo_hit *hit = &hits->v[i];
        if (extras > 0) reply_array(c->reply, extras + 1);
        reply_bulk(c->reply, member_name(hit->member));
        if (q->with_dist) geo_reply_distance(c, hit->dist_m / q->unit_m);
        if (q->with_hash) reply_int(c->reply, (int64_t)hit->score);
        if (q->with_coord) geo_reply_point(c, geohash_decode(hit->score));
    }
}

static void store_hits(struct cmd *c, const struct query *q, const struct geo_hits *hits)
{
    struct zset *to = zset_new(!q->store_dist);
    for (uint32_t i = 0; i < hits->n; i++) {
        const struct geo_hit *hit = &hits->v[i];
        double score = zset_cells(q->z) != NULL ? (double)hit->score : hit->member->u.score;
        if (q->store_dist) score = hit->dist_m / q->unit_m;
        zset_add(to, member_name(hit->member), score);
    }
    zset_store(c, q->store, to, is_search(q) ? "geosearchstore" : "georadiusstore", &q->key, 1);
}

static void geo_search(struct cmd *c, enum form form)
{
    struct query q = {.form = form, .unit_m = 1};
    if (!read_query(c, &q)) return;
    struct geo_hits hits = {.arena = c->arena};
    if (q.z != NULL) search(&q, &hits);
    if (q.storing)
        store_hits(c, &q, &hits);
    else
        reply_hits(c, &q, &hits);
}

/* GEOSEARCH key FROMMEMBER member | FROMLONLAT lon lat  BYRADIUS r unit | BYBOX w h unit
 *           [ASC|DESC] [COUNT k [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH] */
void cmd_geosearch(struct cmd *c)
{
    geo_search(c, FORM_SEARCH);
}

/* GEOSEARCHSTORE destination source … [STOREDIST] */
void cmd_geosearchstore(struct cmd *c)
{
    geo_search(c, FORM_SEARCH_STORE);
}

/* GEORADIUS key lon lat radius unit [options] [STORE key | STOREDIST key] */
void cmd_georadius(struct cmd *c)
{
    geo_search(c, FORM_RADIUS);
}

/* GEORADIUS_RO key lon lat radius unit [options] */
void cmd_georadius_ro(struct cmd *c)
{
    geo_search(c, FORM_RADIUS_RO);
}

/* GEORADIUSBYMEMBER key member radius unit [options] [STORE key | STOREDIST key] */
void cmd_georadiusbymember(struct cmd *c)
{
    geo_search(c, FORM_MEMBER);
}

/* GEORADIUSBYMEMBER_RO key member radius unit [options] */
void cmd_georadiusbymember_ro(struct cmd *c)
{
    geo_search(c, FORM_MEMBER_RO);
}
