#include "vectors.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/ds/hnsw.h"
#include "store/search/filter.h"

#include <math.h>

struct vectors {
    struct vector_options o;
    struct hnsw *graph; /* owned; NULL: FLAT */
    struct vecs flat;   /* FLAT */
    uint64_t *hash_of;  /* owned; by document: of its vector, 0 for none */
    uint32_t cap;
};

struct vectors *vectors_new(const struct vector_options *o)
{
    static const enum vecs_metric metrics[] = {
        [VECTOR_L2] = VECS_L2, [VECTOR_IP] = VECS_IP, [VECTOR_COSINE] = VECS_COSINE};
    struct vectors *v = mem_new(struct vectors);
    v->o = *o;
    if (o->algorithm == VECTOR_HNSW)
        v->graph = hnsw_new(&(struct hnsw_options){.dim = o->dim,
                                                   .metric = metrics[o->metric],
                                                   .m = o->m,
                                                   .ef_construction = o->ef_construction});
    else
        vecs_init(&v->flat, o->dim, metrics[o->metric], false);
    return v;
}

void vectors_free(struct vectors *v)
{
    if (v == NULL) return;
    hnsw_free(v->graph);
    vecs_fini(&v->flat);
    mem_free(v->hash_of);
    mem_free(v);
}

static struct vecs *vecs_of(struct vectors *v)
{
    return v->graph == NULL ? &v->flat : hnsw_vecs(v->graph);
}

bool vectors_fits(const struct vector_options *o, struct slice floats)
{
    if (floats.len != o->dim * sizeof(float)) return false;
    for (uint32_t i = 0; i < o->dim; i++) {
        float f = 0;
        memcpy(&f, floats.p + i * sizeof f, sizeof f);
        if (!isfinite(f)) return false;
    }
    return true;
}

/* --- keeping --- */

static void grow(struct vectors *v, uint32_t doc)
{
    if (doc < v->cap) return;
    uint32_t cap = doc < 64 ? 64 : doc + doc / 2 + 1;
    v->hash_of = mem_realloc(v->hash_of, cap * sizeof *v->hash_of);
    memset(v->hash_of + v->cap, 0, (cap - v->cap) * sizeof *v->hash_of);
    v->cap = cap;
}

static void del(struct vectors *v, uint32_t doc)
{
    if (doc >= v->cap || v->hash_of[doc] == 0) return;
    v->hash_of[doc] = 0;
    if (v->graph != NULL)
        must(hnsw_del(v->graph, doc));
    else
        vecs_del(&v->flat, vecs_row(&v->flat, doc));
}

void vectors_put(struct vectors *v, uint32_t doc, struct slice floats)
{
    if (floats.len == 0) {
        del(v, doc);
        return;
    }
    uint64_t hash = hash_slice(floats) | 1;
    grow(v, doc);
    if (v->hash_of[doc] == hash) return;
    del(v, doc);
    bool room = v->graph != NULL ? hnsw_put(v->graph, doc, floats.p)
                                 : vecs_add(&v->flat, doc, floats.p) != VECS_NONE;
    if (room) v->hash_of[doc] = hash;
}

/* --- finding --- */

static bool matches(void *data, uint32_t doc)
{
    return doc_iter_test(data, doc);
}

/* Whether to look at each that matches, in place of a walk or a look at all. */
static bool should_gather(const struct vectors *v, const struct doc_iter *among, uint32_t k,
                          uint32_t ef)
{
    if (v->graph == NULL) return !among->kind->columnar || among->estimate < v->flat.count / 2;
    return hnsw_should_scan(v->graph, among->estimate, k, ef);
}

static uint32_t nearest_of(struct vectors *v, struct slice floats, uint32_t k,
                           struct doc_iter *among, struct arena *arena, struct near *out)
{
    struct vecs *vecs = vecs_of(v);
    uint32_t *ids = arena_alloc(arena, ((size_t)among->estimate + 1) * sizeof *ids), n = 0;
    for (uint32_t doc = doc_iter_next(among); doc != DOC_NONE && n < among->estimate;
         doc = doc_iter_next(among))
        ids[n++] = doc;
    return vecs_nearest_of(vecs, vecs_ask(vecs, floats.p), ids, n, k, out);
}

uint32_t vectors_nearest(struct vectors *v, struct slice floats, uint32_t k, uint32_t ef,
                         struct doc_iter *among, struct arena *arena, struct near **out)
{
    struct vecs *vecs = vecs_of(v);
    if (k > vecs->count) k = vecs->count;
    *out = arena_array(arena, k + 1, struct near);
    if (k == 0) return 0;
    if (ef == 0) ef = v->o.ef_runtime;
    if (among != NULL && should_gather(v, among, k, ef))
        return nearest_of(v, floats, k, among, arena, *out);
    vecs_allows *allows = among == NULL ? NULL : matches;
    if (v->graph == NULL)
        return vecs_nearest(vecs, vecs_ask(vecs, floats.p), k, allows, among, *out);
    return hnsw_nearest(v->graph, floats.p, k, ef, allows, among, *out);
}

struct found {
    struct arena *arena;
    struct near *list;
    uint32_t n, cap;
};

static bool add_found(void *to, struct near one)
{
    struct found *f = to;
    if (f->n == f->cap) {
        struct near *more = arena_alloc(f->arena, 2 * (size_t)f->cap * sizeof *more);
        memcpy(more, f->list, f->n * sizeof *more);
        f->list = more;
        f->cap *= 2;
    }
    f->list[f->n++] = one;
    return true;
}

uint32_t vectors_within(struct vectors *v, struct slice floats, float radius, double epsilon,
                        struct arena *arena, struct near **out)
{
    enum { FEW = 64 };
    struct found f = {.arena = arena, .cap = FEW};
    f.list = arena_array(arena, FEW, struct near);
    if (epsilon < 0) epsilon = v->o.epsilon;
    if (v->graph != NULL)
        hnsw_within(v->graph, floats.p, radius, (float)epsilon, v->o.ef_runtime, NULL, NULL,
                    add_found, &f);
    else
        vecs_within(&v->flat, vecs_ask(&v->flat, floats.p), radius, NULL, NULL, add_found, &f);
    *out = f.list;
    return f.n;
}

/* --- the whole --- */

uint32_t vectors_count(const struct vectors *v)
{
    return v->graph != NULL ? hnsw_count(v->graph) : v->flat.count;
}

size_t vectors_memory(const struct vectors *v)
{
    size_t own = mem_size(v) + mem_size(v->hash_of);
    return own + (v->graph != NULL ? hnsw_memory(v->graph) : vecs_memory(&v->flat));
}

void vectors_check(struct vectors *v)
{
    uint32_t n = 0;
    for (uint32_t doc = 0; doc < v->cap; doc++) {
        bool has = vecs_row(vecs_of(v), doc) != VECS_NONE;
        must(has == (v->hash_of[doc] != 0));
        n += has;
    }
    must(n == vectors_count(v));
    if (v->graph != NULL)
        (void)hnsw_check(v->graph);
    else
        vecs_check(&v->flat);
}
