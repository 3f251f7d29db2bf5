#include "zset.h"

#include "base/geohash.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/ds/dict.h"
#include "store/engine/effects.h"

#include <math.h>

/* CUT_MIN: so many removed at once are cut out and freed later. */
enum { CUT_MIN = 256, CHUNK = 64 };

/* What OBJECT ENCODING says, by Redis's thresholds: head.encoding. */
enum encoding { LISTPACK, SKIPLIST };

/* How it is kept: head.flags. */
enum form { PACKED, TREE, CELLS };

union order {
    struct ranktree tree;
    struct geocells cells;
};

/* More members than a scorepack is for. Parts that were cut out hold it too. */
struct large {
    struct dict dict; /* owns the members; of those in parts, the ones that no newer one replaced */
    union order order;
    uint32_t parts;
    bool left;      /* the zset is gone: the last part frees this */
    enum form form; /* then: of order */
};

struct zset {
    struct value v; /* spare: whether it is a geo zset */
    union {
        struct pack pack;
        struct large *large; /* owned */
    };
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
    z->v.flags = PACKED;
    z->v.spare = geo;
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

static void drain_member(void *item, void *data)
{
    (void)data;
    member_free(item);
}

/* Members first, by the dict; then what held them in order. */
static bool large_drain(struct large *l, enum form form, uint64_t n)
{
    if (dict_drain(&l->dict, n, drain_member, NULL)) return true;
    if (form == CELLS ? geocells_drain(&l->order.cells, n) : ranktree_drain(&l->order.tree, n))
        return true;
    mem_free(l);
    return false;
}

/* Whether parts are still to be freed, of which the last frees l. */
static bool large_leave(struct large *l, enum form form)
{
    l->left = true;
    l->form = form;
    return l->parts > 0;
}

void zset_free(struct zset *z)
{
    if (z == NULL) return;
    if (z->v.flags == PACKED)
        pack_fini(&z->pack);
    else if (!large_leave(z->large, z->v.flags))
        (void)large_drain(z->large, z->v.flags, UINT64_MAX);
    mem_free(z);
}

uint32_t zset_count(const struct zset *z)
{
    if (z->v.flags == PACKED) return scorepack_count(&z->pack);
    return z->v.flags == CELLS ? z->large->order.cells.count : z->large->order.tree.count;
}

bool zset_is_small(const struct zset *z)
{
    return z->v.encoding == LISTPACK;
}

const struct geocells *zset_cells(const struct zset *z)
{
    return z->v.flags == CELLS ? &z->large->order.cells : NULL;
}

bool zset_is_geo(const struct zset *z)
{
    return z->v.spare != 0;
}

bool zset_is_geohash(double score)
{
    return score >= 0 && score <= (double)GEO_SCORE_MAX && score == (double)(int64_t)score &&
           !signbit(score);
}

/* Whether what the dict holds was not cut out. */
static bool is_in(const struct zset *z, const struct member *m)
{
    const struct large *l = z->large;
    if (l->parts == 0) return true;
    return z->v.flags == CELLS ? geocells_has(&l->order.cells, m) : ranktree_has(&l->order.tree, m);
}

bool zset_find_hash(const struct zset *z, struct slice name, uint64_t hash, struct zset_at *at)
{
    if (z->v.flags == PACKED) {
        at->member = NULL;
        return scorepack_find(&z->pack, name, &at->at);
    }
    at->member = dict_find_hash(&z->large->dict, name, hash);
    return at->member != NULL && is_in(z, at->member);
}

bool zset_find(const struct zset *z, struct slice name, struct zset_at *at)
{
    return zset_find_hash(z, name, z->v.flags == PACKED ? 0 : hash_slice(name), at);
}

double zset_score(const struct zset *z, struct zset_at at)
{
    if (at.member == NULL) return scorepack_score(&z->pack, at.at);
    return z->v.flags == CELLS ? (double)geocells_score(&z->large->order.cells, at.member)
                               : at.member->u.score;
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

/* Makes cells a tree, in the same order. */
static void turn_plain(struct zset *z)
{
    struct large *l = z->large;
    uint32_t n = l->order.cells.count;
    struct gather g = {mem_array(n, struct member *), mem_array(n, double), 0};
    geocells_each(&l->order.cells, 0, n, false, gather_geo, &g);
    must(g.n == n);
    geocells_fini(&l->order.cells);
    z->v.flags = TREE;
    z->v.spare = false;
    l->order.tree = (struct ranktree){0};
    for (uint32_t i = 0; i < n; i++) {
        g.m[i]->u.score = g.score[i];
        ranktree_put(&l->order.tree, g.m[i]);
    }
    mem_free(g.m);
    mem_free(g.score);
}

static void large_add(struct zset *z, struct slice name, uint64_t hash, double score)
{
    struct large *l = z->large;
    struct member *m = member_new(name);
    if (z->v.flags == CELLS &&
        (!zset_is_geohash(score) || !geocells_put(&l->order.cells, m, (uint64_t)score)))
        turn_plain(z);
    if (z->v.flags == TREE) {
        m->u.score = score;
        ranktree_put(&l->order.tree, m);
    }
    void **old = l->parts == 0 ? NULL : dict_place(&l->dict, name, hash);
    if (old == NULL)
        dict_add_hash(&l->dict, m, hash);
    else
        *old = m; /* of the same name, and cut out: its part frees it */
}

static bool add_one(struct slice name, double score, void *data)
{
    large_add(data, name, hash_slice(name), score);
    return true;
}

/* Ends the scorepack; n members are expected. */
static void grow(struct zset *z, uint64_t n)
{
    struct pack k = z->pack;
    z->large = mem_new(struct large);
    z->v.flags = z->v.spare ? CELLS : TREE;
    dict_init(&z->large->dict, &members_kind);
    dict_reserve(&z->large->dict, n);
    if (z->v.flags == CELLS) geocells_init(&z->large->order.cells);
    scorepack_each(&k, 0, scorepack_count(&k), false, add_one, z);
    pack_fini(&k);
}

/* A small one of Redis does not know -0: it keeps whole scores as integers. */
static double kept(const struct zset *z, double score)
{
    return zset_is_small(z) ? score + 0.0 : score;
}

void zset_add(struct zset *z, struct slice name, double score)
{
    zset_add_hash(z, name, hash_slice(name), score);
}

void zset_add_hash(struct zset *z, struct slice name, uint64_t hash, double score)
{
    score = kept(z, score);
    bool fits = name.len <= SCOREPACK_NAME_MAX && zset_count(z) < SCOREPACK_MAX;
    if (z->v.flags == PACKED && !fits) grow(z, zset_count(z) + 1);
    if (z->v.flags == PACKED) {
        if (!zset_is_geohash(score)) z->v.spare = false;
        scorepack_add(&z->pack, name, score);
    } else {
        large_add(z, name, hash, score);
    }
    if ((int64_t)zset_count(z) > value_limits.zset_max_listpack_entries ||
        (int64_t)name.len > value_limits.zset_max_listpack_value)
        z->v.encoding = SKIPLIST;
}

bool zset_set(struct zset *z, struct zset_at at, double score)
{
    score = kept(z, score);
    if (z->v.flags == CELLS) {
        enum geo_moved moved = GEO_FULL;
        if (zset_is_geohash(score))
            moved = geocells_move(&z->large->order.cells, at.member, (uint64_t)(int64_t)score);
        if (moved != GEO_FULL) return moved == GEO_MOVED;
        turn_plain(z);
    }
    if (zset_score(z, at) == score) return false;
    if (z->v.flags == TREE) {
        ranktree_move(&z->large->order.tree, at.member, score);
    } else {
        if (!zset_is_geohash(score)) z->v.spare = false;
        scorepack_set(&z->pack, at.at, score);
    }
    return true;
}

static void large_del(struct zset *z, struct member *m)
{
    struct large *l = z->large;
    must(dict_take(&l->dict, member_name(m)) == m);
    if (z->v.flags == CELLS)
        geocells_del(&l->order.cells, m);
    else
        ranktree_del(&l->order.tree, m);
    member_free(m);
}

void zset_del(struct zset *z, struct zset_at at)
{
    if (z->v.flags == PACKED)
        scorepack_del(&z->pack, at.at);
    else
        large_del(z, at.member);
}

static bool gather_plain(struct member *m, double score, void *data)
{
    struct gather *g = data;
    g->m[g->n] = m;
    g->score[g->n++] = score;
    return true;
}

void zset_del_range(struct zset *z, uint32_t from, uint32_t n)
{
    if (n == 0) return;
    if (z->v.flags == PACKED) {
        scorepack_del_range(&z->pack, from, n);
        return;
    }
    struct gather g = {mem_array(n, struct member *), mem_array(n, double), 0};
    if (z->v.flags == CELLS)
        geocells_each(&z->large->order.cells, from, n, false, gather_geo, &g);
    else
        ranktree_each(&z->large->order.tree, from, n, false, gather_plain, &g);
    must(g.n == n);
    for (uint32_t i = 0; i < n; i++)
        large_del(z, g.m[i]);
    mem_free(g.m);
    mem_free(g.score);
}

static bool copy_one(struct slice name, double score, void *data)
{
    zset_add(data, name, score);
    return true;
}

/* ---- cutting ---- */

/* What was cut out of a zset: to be forgotten by the dict, and freed. */
struct part {
    struct value v; /* flags: of order */
    struct large *from;
    union order order;
    bool forgotten; /* it frees `from` now */
};

static void forget(struct member *m, void *data)
{
    struct dict *d = data;
    struct slice name = member_name(m);
    uint64_t hash = hash_slice(name);
    if (dict_find_hash(d, name, hash) == m) (void)dict_take_hash(d, name, hash);
    member_free(m);
}

static bool part_drain(struct value *v, uint64_t n)
{
    struct part *p = (struct part *)(void *)v;
    struct large *l = p->from;
    if (!p->forgotten) {
        if (v->flags == CELLS ? geocells_unload(&p->order.cells, n, forget, &l->dict)
                              : ranktree_unload(&p->order.tree, n, forget, &l->dict))
            return true;
        l->parts--;
        p->forgotten = true;
    }
    if (l->left && l->parts == 0 && large_drain(l, l->form, n)) return true;
    mem_free(p);
    return false;
}

static uint64_t part_effort(const struct value *v)
{
    (void)v;
    return CUT_MIN;
}

/* Never in the keyspace: nobody asks it for more. */
static const struct value_type part_type = {
    .kind = VALUE_ZSET, .drain = part_drain, .effort = part_effort};

static struct value *cut_large(struct zset *z, uint32_t from, uint32_t n)
{
    struct part *p = mem_new(struct part);
    p->v.type = &part_type;
    p->v.flags = z->v.flags;
    p->from = z->large;
    z->large->parts++;
    if (z->v.flags == CELLS)
        geocells_cut(&z->large->order.cells, from, n, &p->order.cells);
    else
        ranktree_cut(&z->large->order.tree, from, n, &p->order.tree);
    return &p->v;
}

struct value *zset_cut(struct zset *z, uint32_t from, uint32_t n)
{
    uint32_t rest = zset_count(z) - n;
    if (n < CUT_MIN) {
        zset_del_range(z, from, n);
        return NULL;
    }
    if (z->v.flags != PACKED && rest > SCOREPACK_MAX) return cut_large(z, from, n);
    /* The few that stay move out instead, and become small. */
    struct zset *kept = zset_new(z->v.spare);
    zset_each(z, 0, from, false, copy_one, kept);
    zset_each(z, from + n, rest - from, false, copy_one, kept);
    kept->v.encoding = z->v.encoding;
    struct zset gone = *z;
    *z = *kept;
    *kept = gone;
    return &kept->v;
}

uint32_t zset_rank(const struct zset *z, struct zset_at at)
{
    if (z->v.flags == PACKED) return scorepack_rank(&z->pack, at.at);
    return z->v.flags == CELLS ? geocells_rank(&z->large->order.cells, at.member)
                               : ranktree_rank(&z->large->order.tree, at.member);
}

uint32_t zset_below(const struct zset *z, double score, bool or_equal)
{
    if (z->v.flags == PACKED) return scorepack_below(&z->pack, score, or_equal);
    if (z->v.flags == TREE) return ranktree_below(&z->large->order.tree, score, or_equal);
    if (score < 0) return 0;
    if (score > (double)GEO_SCORE_MAX) return z->large->order.cells.count;
    uint64_t whole = (uint64_t)score;
    /* 7.5: whole scores below it are those up to 7 */
    return geocells_below(&z->large->order.cells, whole, or_equal || (double)whole < score);
}

struct by_name {
    struct slice name;
    bool or_equal;
    uint32_t n;
};

static bool count_name(struct slice name, double score, void *data)
{
    (void)score;
    struct by_name *b = data;
    int c = slice_cmp(name, b->name);
    if (c > 0 || (c == 0 && !b->or_equal)) return false;
    b->n++;
    return true;
}

uint32_t zset_below_name(const struct zset *z, struct slice name, bool or_equal)
{
    if (z->v.flags == PACKED) return scorepack_below_name(&z->pack, name, or_equal);
    if (z->v.flags == TREE) return ranktree_below_name(&z->large->order.tree, name, or_equal);
    struct by_name b = {name, or_equal, 0};
    zset_each(z, 0, zset_count(z), false, count_name, &b);
    return b.n;
}

struct relay {
    scored_fn fn;
    void *data;
};

static bool relay_plain(struct member *m, double score, void *data)
{
    const struct relay *r = data;
    return r->fn(member_name(m), score, r->data);
}

static bool relay_geo(struct member *m, uint64_t score, void *data)
{
    return relay_plain(m, (double)score, data);
}

void zset_each(const struct zset *z, uint32_t from, uint32_t n, bool reverse, scored_fn fn,
               void *data)
{
    struct relay r = {fn, data};
    if (z->v.flags == PACKED)
        scorepack_each(&z->pack, from, n, reverse, fn, data);
    else if (z->v.flags == CELLS)
        geocells_each(&z->large->order.cells, from, n, reverse, relay_geo, &r);
    else
        ranktree_each(&z->large->order.tree, from, n, reverse, relay_plain, &r);
}

struct scan {
    const struct zset *z;
    struct relay relay;
};

static void scan_item(void *item, void *data)
{
    struct scan *s = data;
    struct zset_at at = {item, 0};
    if (!is_in(s->z, item)) return;
    (void)relay_plain(item, zset_score(s->z, at), &s->relay);
}

static bool scan_ordered(struct slice name, double score, void *data)
{
    const struct relay *r = data;
    (void)r->fn(name, score, r->data);
    return true;
}

uint64_t zset_scan(const struct zset *z, uint64_t cursor, scored_fn fn, void *data)
{
    struct scan s = {z, {fn, data}};
    if (z->v.flags != PACKED && z->v.encoding == SKIPLIST)
        return dict_scan(&z->large->dict, cursor, scan_item, &s);
    zset_each(z, 0, zset_count(z), false, scan_ordered, &s.relay);
    return 0;
}

static void ahead_cells(struct zset_ahead *a, const struct geocells *cells, uint32_t step)
{
    if (a->m == NULL) { /* it will be put in */
        if (step == 3 && a->score <= GEO_SCORE_MAX) a->to = geocells_ahead_put(cells, a->score);
        if (step == 4 && a->to != NULL) geocells_ahead_put_end(a->to);
        return;
    }
    if (step == 2) geocells_ahead_from(cells, a->m);
    if (step == 3 && a->score <= GEO_SCORE_MAX) a->to = geocells_ahead_to(cells, a->m, a->score);
    if (step == 4 && a->to != NULL) geocells_ahead_end(cells, a->m, a->to);
}

static void ahead_tree(struct zset_ahead *a, const struct ranktree *tree, uint32_t step)
{
    double old = a->m->u.score;
    double new = old + a->by;
    if (step == 2) {
        a->old_leaf = ranktree_ahead(tree, old);
        if (!isnan(new)) a->new_leaf = ranktree_ahead(tree, new);
    } else if (step == 3) {
        if (a->old_leaf != NULL) (void)ranktree_ahead_place(a->old_leaf, old);
        if (a->new_leaf != NULL) a->equal = ranktree_ahead_place(a->new_leaf, new);
    } else if (a->equal != NULL) {
        __builtin_prefetch(*a->equal);
    }
}

void zset_ahead(struct zset_ahead *a, uint32_t step)
{
    if (a->z->v.flags == PACKED) return;
    const struct large *l = a->z->large;
    if (l->parts > 0) return; /* what the dict finds may stand nowhere */
    if (step == 0) {
        dict_prefetch(&l->dict, a->hash);
    } else if (step == 1) {
        a->m = dict_guess(&l->dict, a->hash);
        if (a->m != NULL) __builtin_prefetch(a->m);
    } else if (a->z->v.flags == CELLS) {
        ahead_cells(a, &l->order.cells, step);
    } else if (a->m != NULL) {
        ahead_tree(a, &l->order.tree, step);
    }
}

static void type_free(struct value *v)
{
    zset_free(zset_of(v));
}

static bool type_drain(struct value *v, uint64_t n)
{
    struct zset *z = zset_of(v);
    if (z->v.flags == PACKED) {
        zset_free(z);
        return false;
    }
    if (!large_leave(z->large, z->v.flags) && large_drain(z->large, z->v.flags, n)) return true;
    mem_free(z);
    return false;
}

static size_t type_memory(const struct value *v, uint32_t samples)
{
    const struct zset *z = zset_of_const(v);
    if (z->v.flags == PACKED) return mem_size(z) + pack_memory(&z->pack);
    const struct large *l = z->large;
    return mem_size(z) + mem_size(l) + dict_memory(&l->dict) +
           dict_items_memory(&z->large->dict, samples) +
           (z->v.flags == CELLS ? geocells_memory(&l->order.cells)
                                : ranktree_memory(&l->order.tree));
}

static struct value *type_copy(const struct value *v)
{
    const struct zset *z = zset_of_const(v);
    struct zset *to = zset_new(z->v.spare);
    if (z->v.flags == PACKED)
        to->pack = pack_copy(&z->pack);
    else
        zset_each(z, 0, zset_count(z), false, copy_one, to);
    to->v.encoding = z->v.encoding;
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

static uint64_t type_effort(const struct value *v)
{
    return v->flags == PACKED ? 1 : type_length(v);
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

static bool rewrite_one(struct slice name, double score, void *data)
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
        effects_arg(r->out, name);
        r->left--;
        return true;
    }
    if (r->room == 0) {
        if (!r->hinted && r->left < r->all) {
            effects_reserve(r->out, r->key, r->all);
            r->hinted = true;
        }
        r->room = r->left < CHUNK ? r->left : CHUNK;
        effects_begin(r->out, 2 + 2 * r->room);
        effects_arg_cstr(r->out, "ZADD");
        effects_arg(r->out, r->key);
    }
    effects_arg_double(r->out, score);
    effects_arg(r->out, name);
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
                        .as_place = z->v.spare};
    zset_each(z, 0, r.left, false, rewrite_one, &r);
    must(r.left == 0);
    must(r.room == 0);
}

static void type_reserve(struct value *v, uint64_t n)
{
    struct zset *z = zset_of(v);
    if (z->v.flags != PACKED)
        dict_reserve(&z->large->dict, n);
    else if (n > SCOREPACK_MAX)
        grow(z, n);
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
    .effort = type_effort,
    .rewrite = type_rewrite,
    .reserve = type_reserve,
    .check = type_check,
};

void zset_check(const struct zset *z)
{
    if (z->v.flags == PACKED) {
        scorepack_check(&z->pack);
        must(zset_count(z) <= SCOREPACK_MAX);
        return;
    }
    const struct large *l = z->large;
    if (z->v.flags == CELLS)
        geocells_check(&l->order.cells);
    else
        ranktree_check(&l->order.tree);
    must(z->v.flags == TREE || z->v.spare);
    dict_check(&l->dict);
    must(l->parts > 0 || dict_count(&l->dict) == zset_count(z));
    uint32_t in = 0;
    struct dict_iter i;
    dict_iter_init(&i, &z->large->dict);
    for (const void *m = dict_iter_next(&i); m != NULL; m = dict_iter_next(&i))
        in += is_in(z, m);
    dict_iter_fini(&i);
    must(in == zset_count(z));
}
