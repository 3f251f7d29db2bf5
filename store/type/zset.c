#include "zset.h"

#include "base/geohash.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/ds/dict.h"
#include "store/engine/effects.h"

#include <math.h>

/* Up to so many members there is no dict: they are compared one by one. */
enum { FEW = 16, CHUNK = 64 };

/* From so many on, keeping the rest may be cheaper than taking them out one by one. */
enum { CUT_MIN = 1024 };

enum encoding { LISTPACK, SKIPLIST };

struct zset {
    struct value v;
    bool geo;
    bool hashed; /* dict is in use */
    struct dict dict;
    union {
        struct ranktree tree;
        struct geocells cells; /* when geo */
    } in;
};

static struct slice member_key(const void *item)
{
    return member_name(item);
}

static void member_drop(void *item)
{
    member_free(item);
}

static const struct dict_kind members_kind = {.key = member_key, .free = member_drop};

struct zset *zset_new(bool geo)
{
    struct zset *z = mem_new(struct zset);
    z->v.type = &zset_type;
    z->v.encoding = value_limits.zset_max_listpack_entries > 0 ? LISTPACK : SKIPLIST;
    z->geo = geo;
    if (geo) geocells_init(&z->in.cells);
    return z;
}

struct zset *zset_new_large(void)
{
    struct zset *z = zset_new(false);
    z->v.encoding = SKIPLIST;
    return z;
}

struct zset *zset_of(struct value *v)
{
    must(v->type == &zset_type);
    return (struct zset *)(void *)v;
}

static const struct zset *zset_of_const(const struct value *v)
{
    must(v->type == &zset_type);
    return (const struct zset *)(const void *)v;
}

struct value *zset_value(struct zset *z)
{
    return &z->v;
}

static bool free_one(struct member *m, double score, void *data)
{
    (void)score;
    (void)data;
    member_free(m);
    return true;
}

void zset_free(struct zset *z)
{
    if (z == NULL) return;
    if (z->hashed)
        dict_fini(&z->dict);
    else
        zset_each(z, 0, zset_count(z), false, free_one, NULL);
    if (z->geo)
        geocells_fini(&z->in.cells);
    else
        ranktree_fini(&z->in.tree);
    mem_free(z);
}

uint32_t zset_count(const struct zset *z)
{
    return z->geo ? z->in.cells.count : z->in.tree.count;
}

bool zset_is_small(const struct zset *z)
{
    return z->v.encoding == LISTPACK;
}

const struct geocells *zset_cells(const struct zset *z)
{
    return z->geo ? &z->in.cells : NULL;
}

bool zset_is_geohash(double score)
{
    return score >= 0 && score <= (double)GEO_SCORE_MAX && score == floor(score) && !signbit(score);
}

struct look {
    struct slice name;
    struct member *found;
};

static bool look_at(struct member *m, double score, void *data)
{
    (void)score;
    struct look *l = data;
    if (!slice_eq(member_name(m), l->name)) return true;
    l->found = m;
    return false;
}

static struct member *find_few(const struct zset *z, struct slice name)
{
    if (!z->geo) {
        struct look l = {name, NULL};
        ranktree_each(&z->in.tree, 0, FEW, false, look_at, &l);
        return l.found;
    }
    if (z->in.cells.count == 0) return NULL;
    must((z->in.cells.root & GEO_CELL) != 0); /* so few share one cell */
    const struct geo_cell *c = z->in.cells.cells[z->in.cells.root & ~GEO_CELL];
    for (uint32_t i = 0; i < c->n; i++)
        if (slice_eq(member_name(geo_members(c)[i]), name)) return geo_members(c)[i];
    return NULL;
}

struct member *zset_find(const struct zset *z, struct slice name)
{
    return z->hashed ? dict_find(&z->dict, name) : find_few(z, name);
}

struct member *zset_find_hash(const struct zset *z, struct slice name, uint64_t hash)
{
    return z->hashed ? dict_find_hash(&z->dict, name, hash) : find_few(z, name);
}

double zset_score(const struct zset *z, const struct member *m)
{
    return z->geo ? (double)geocells_score(&z->in.cells, m) : m->u.score;
}

struct gather {
    struct member **m;
    double *score;
    uint32_t n;
};

static bool gather_geo(struct member *m, uint64_t score, void *data)
{
    struct gather *g = data;
    g->m[g->n] = m;
    g->score[g->n++] = (double)score;
    return true;
}

/* Makes a geo zset a plain one, in the same order. */
static void turn_plain(struct zset *z)
{
    uint32_t n = z->in.cells.count;
    struct gather g = {mem_array(n, struct member *), mem_array(n, double), 0};
    geocells_each(&z->in.cells, 0, n, false, gather_geo, &g);
    must(g.n == n);
    geocells_fini(&z->in.cells);
    z->geo = false;
    z->in.tree = (struct ranktree){0};
    for (uint32_t i = 0; i < n; i++) {
        g.m[i]->u.score = g.score[i];
        ranktree_put(&z->in.tree, g.m[i]);
    }
    mem_free(g.m);
    mem_free(g.score);
}

static bool hash_one(struct member *m, double score, void *data)
{
    (void)score;
    struct dict *d = data;
    dict_add_hash(d, m, hash_slice(member_name(m)));
    return true;
}

/* Enters a new member under its name, and makes the dict when there are too many for none. */
static void enter(struct zset *z, struct member *m, struct slice name)
{
    if (z->hashed) {
        dict_add_hash(&z->dict, m, hash_slice(name));
    } else if (zset_count(z) > FEW) {
        dict_init(&z->dict, &members_kind);
        z->hashed = true;
        zset_each(z, 0, zset_count(z), false, hash_one, &z->dict);
    }
    if ((int64_t)zset_count(z) > value_limits.zset_max_listpack_entries ||
        (int64_t)name.len > value_limits.zset_max_listpack_value)
        z->v.encoding = SKIPLIST;
}

/* A small one of Redis does not know -0: it keeps whole scores as integers. */
static double kept(const struct zset *z, double score)
{
    return zset_is_small(z) ? score + 0.0 : score;
}

struct member *zset_add(struct zset *z, struct slice name, double score)
{
    struct member *m = member_new(name);
    score = kept(z, score);
    if (z->geo && (!zset_is_geohash(score) || !geocells_put(&z->in.cells, m, (uint64_t)score)))
        turn_plain(z);
    if (!z->geo) {
        m->u.score = score;
        ranktree_put(&z->in.tree, m);
    }
    enter(z, m, name);
    return m;
}

void zset_set(struct zset *z, struct member *m, double score)
{
    score = kept(z, score);
    if (z->geo && (!zset_is_geohash(score) || !geocells_move(&z->in.cells, m, (uint64_t)score)))
        turn_plain(z);
    if (!z->geo) ranktree_move(&z->in.tree, m, score);
}

void zset_del(struct zset *z, struct member *m)
{
    if (z->hashed) must(dict_take(&z->dict, member_name(m)) == m);
    if (z->geo)
        geocells_del(&z->in.cells, m);
    else
        ranktree_del(&z->in.tree, m);
    member_free(m);
}

static bool gather_one(struct member *m, double score, void *data)
{
    (void)score;
    struct gather *g = data;
    g->m[g->n++] = m;
    return true;
}

void zset_del_range(struct zset *z, uint32_t from, uint32_t n)
{
    if (n == 0) return;
    struct gather g = {mem_array(n, struct member *), NULL, 0};
    zset_each(z, from, n, false, gather_one, &g);
    must(g.n == n);
    for (uint32_t i = 0; i < n; i++)
        zset_del(z, g.m[i]);
    mem_free(g.m);
}

static bool keep_one(struct member *m, double score, void *data)
{
    (void)zset_add(data, member_name(m), score);
    return true;
}

struct value *zset_cut(struct zset *z, uint32_t from, uint32_t n)
{
    uint32_t rest = zset_count(z) - n;
    if (n < CUT_MIN || rest > n / 2) {
        zset_del_range(z, from, n);
        return NULL;
    }
    struct zset *kept = zset_new(z->geo);
    zset_each(z, 0, from, false, keep_one, kept);
    zset_each(z, from + n, rest - from, false, keep_one, kept);
    kept->v.encoding = z->v.encoding;
    struct zset gone = *z;
    *z = *kept;
    *kept = gone;
    return &kept->v;
}

uint32_t zset_rank(const struct zset *z, const struct member *m)
{
    return z->geo ? geocells_rank(&z->in.cells, m) : ranktree_rank(&z->in.tree, m);
}

uint32_t zset_below(const struct zset *z, double score, bool or_equal)
{
    if (!z->geo) return ranktree_below(&z->in.tree, score, or_equal);
    if (score < 0) return 0;
    if (score > (double)GEO_SCORE_MAX) return z->in.cells.count;
    uint64_t whole = (uint64_t)score;
    /* 7.5: whole scores below it are those up to 7 */
    return geocells_below(&z->in.cells, whole, or_equal || (double)whole < score);
}

struct by_name {
    struct slice name;
    bool or_equal;
    uint32_t n;
};

static bool count_name(struct member *m, double score, void *data)
{
    (void)score;
    struct by_name *b = data;
    int c = slice_cmp(member_name(m), b->name);
    if (c > 0 || (c == 0 && !b->or_equal)) return false;
    b->n++;
    return true;
}

uint32_t zset_below_name(const struct zset *z, struct slice name, bool or_equal)
{
    if (!z->geo) return ranktree_below_name(&z->in.tree, name, or_equal);
    struct by_name b = {name, or_equal, 0};
    zset_each(z, 0, zset_count(z), false, count_name, &b);
    return b.n;
}

struct relay {
    rank_fn fn;
    void *data;
};

static bool relay_geo(struct member *m, uint64_t score, void *data)
{
    const struct relay *r = data;
    return r->fn(m, (double)score, r->data);
}

void zset_each(const struct zset *z, uint32_t from, uint32_t n, bool reverse, rank_fn fn,
               void *data)
{
    if (!z->geo) {
        ranktree_each(&z->in.tree, from, n, reverse, fn, data);
        return;
    }
    struct relay r = {fn, data};
    geocells_each(&z->in.cells, from, n, reverse, relay_geo, &r);
}

struct scan {
    void (*fn)(struct member *m, void *data);
    void *data;
};

static void scan_item(void *item, void *data)
{
    const struct scan *s = data;
    s->fn(item, s->data);
}

static bool scan_ordered(struct member *m, double score, void *data)
{
    (void)score;
    const struct scan *s = data;
    s->fn(m, s->data);
    return true;
}

uint64_t zset_scan(const struct zset *z, uint64_t cursor, void (*fn)(struct member *m, void *data),
                   void *data)
{
    struct scan s = {fn, data};
    if (z->hashed && z->v.encoding == SKIPLIST) return dict_scan(&z->dict, cursor, scan_item, &s);
    zset_each(z, 0, zset_count(z), false, scan_ordered, &s);
    return 0;
}

void zset_ahead(struct zset_ahead *a, uint32_t step)
{
    const struct zset *z = a->z;
    if (!z->hashed) return;
    switch (step) {
    case 0:
        dict_prefetch(&z->dict, a->hash);
        break;
    case 1:
        a->m = dict_guess(&z->dict, a->hash);
        if (a->m != NULL) __builtin_prefetch(a->m);
        break;
    case 2:
        if (a->m != NULL && z->geo) geocells_ahead_from(&z->in.cells, a->m);
        break;
    case 3:
        if (a->m != NULL && z->geo && a->score <= GEO_SCORE_MAX)
            a->to = geocells_ahead_to(&z->in.cells, a->m, a->score);
        break;
    default:
        if (a->to != NULL) geocells_ahead_end(&z->in.cells, a->m, a->to);
        break;
    }
}

static void type_free(struct value *v)
{
    zset_free(zset_of(v));
}

static void drain_member(void *item, void *data)
{
    (void)data;
    member_free(item);
}

/* Members first, by the dict; then what held them in order. */
static bool type_drain(struct value *v, uint64_t n)
{
    struct zset *z = zset_of(v);
    if (!z->hashed) {
        zset_free(z);
        return false;
    }
    if (dict_drain(&z->dict, n, drain_member, NULL)) return true;
    if (z->geo ? geocells_drain(&z->in.cells, n) : ranktree_drain(&z->in.tree, n)) return true;
    mem_free(z);
    return false;
}

struct weigh {
    size_t bytes;
    uint32_t n;
};

static bool weigh_one(struct member *m, double score, void *data)
{
    (void)score;
    struct weigh *w = data;
    w->bytes += mem_size(m);
    w->n++;
    return true;
}

static size_t type_memory(const struct value *v, uint32_t samples)
{
    const struct zset *z = zset_of_const(v);
    uint32_t n = zset_count(z);
    struct weigh w = {0, 0};
    zset_each(z, 0, samples == 0 ? n : samples, false, weigh_one, &w);
    size_t sum = mem_size(z);
    if (w.n > 0) sum += (size_t)((double)w.bytes / w.n * n);
    if (z->hashed) sum += dict_memory(&z->dict);
    return sum + (z->geo ? geocells_memory(&z->in.cells) : ranktree_memory(&z->in.tree));
}

static bool copy_one(struct member *m, double score, void *data)
{
    (void)zset_add(data, member_name(m), score);
    return true;
}

static struct value *type_copy(const struct value *v)
{
    const struct zset *z = zset_of_const(v);
    struct zset *to = zset_new(z->geo);
    to->v.encoding = z->v.encoding;
    zset_each(z, 0, zset_count(z), false, copy_one, to);
    return &to->v;
}

static const char *type_encoding(const struct value *v)
{
    return v->encoding == LISTPACK ? "listpack" : "skiplist";
}

static uint64_t type_length(const struct value *v)
{
    return zset_count(zset_of_const(v));
}

struct rewrite {
    struct effects *out;
    struct slice key;
    uint32_t all;
    uint32_t left; /* members still to come */
    uint32_t room; /* members still missing in the command begun */
    bool hinted;   /* RESERVE has gone out, or is not worth it */
    bool as_place; /* this member goes as a place: GEOADD makes the key a geo index */
};

static bool rewrite_one(struct member *m, double score, void *data)
{
    struct rewrite *r = data;
    bool as_place = r->as_place;
    r->as_place = false;
    struct geo_point p = as_place ? geohash_decode((uint64_t)score) : (struct geo_point){0};
    if (as_place && geohash_encode(p) == (uint64_t)score) {
        effects_begin(r->out, 5);
        effects_arg_cstr(r->out, "GEOADD");
        effects_arg(r->out, r->key);
        effects_arg_double(r->out, p.lon);
        effects_arg_double(r->out, p.lat);
        effects_arg(r->out, member_name(m));
        r->left--;
        return true;
    }
    if (r->room == 0) {
        if (!r->hinted && r->all - r->left > FEW) {
            effects_reserve(r->out, r->key, r->all);
            r->hinted = true;
        }
        r->room = r->left < CHUNK ? r->left : CHUNK;
        effects_begin(r->out, 2 + 2 * r->room);
        effects_arg_cstr(r->out, "ZADD");
        effects_arg(r->out, r->key);
    }
    effects_arg_double(r->out, score);
    effects_arg(r->out, member_name(m));
    r->room--;
    r->left--;
    return true;
}

/* The first member of a geo index goes out as a place, the rest as scores: shorter, and exact. */
static void type_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    const struct zset *z = zset_of_const(v);
    uint32_t n = zset_count(z);
    struct rewrite r = {.out = out,
                        .key = key,
                        .all = n,
                        .left = n,
                        .hinted = n <= EFFECTS_RESERVE_FROM,
                        .as_place = z->geo};
    zset_each(z, 0, r.left, false, rewrite_one, &r);
    must(r.left == 0);
    must(r.room == 0);
}

static void type_reserve(struct value *v, uint64_t n)
{
    struct zset *z = zset_of(v);
    if (z->hashed) dict_reserve(&z->dict, n);
}

static void type_check(const struct value *v)
{
    must(zset_count(zset_of_const(v)) > 0);
    zset_check(zset_of_const(v));
}

const struct value_type zset_type = {
    .kind = VALUE_ZSET,
    .name = "zset",
    .free = type_free,
    .drain = type_drain,
    .memory = type_memory,
    .copy = type_copy,
    .encoding = type_encoding,
    .length = type_length,
    .effort = type_length,
    .rewrite = type_rewrite,
    .reserve = type_reserve,
    .check = type_check,
};

void zset_check(const struct zset *z)
{
    if (z->geo)
        geocells_check(&z->in.cells);
    else
        ranktree_check(&z->in.tree);
    must(z->hashed || zset_count(z) <= FEW);
    if (!z->hashed) return;
    dict_check(&z->dict);
    must(dict_count(&z->dict) == zset_count(z));
}
