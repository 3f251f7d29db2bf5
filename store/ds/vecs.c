#include "vecs.h"

#include "base/mem.h"
#include "base/must.h"

#include <math.h>
#include <stdlib.h>

enum { LINE = 64, ROWS_FIRST = 64 };

struct vecs_code {
    float scale; /* of a step, times the root of 2 for L2 */
    float bias;  /* a distance by codes is bias + bias - scale * scale * dot */
    int32_t sum; /* of the bytes */
    uint32_t zero[13];
    int8_t bytes[];
};

_Static_assert(sizeof(struct vecs_code) == LINE, "the head of a code is a line");

/* --- rows --- */

static size_t code_size(const struct vecs *v)
{
    return sizeof(struct vecs_code) + v->width;
}

static struct vecs_chunk chunk_of(const struct vecs *v, size_t rows)
{
    size_t floats = rows * v->width * sizeof(float), codes = v->coded ? rows * code_size(v) : 0;
    struct vecs_chunk c = {.memory = mem_calloc(1, floats + codes + LINE)};
    char *p = c.memory;
    p += (LINE - (uintptr_t)p % LINE) % LINE;
    c.floats = (void *)p;
    if (v->coded) c.codes = p + floats;
    return c;
}

static float *floats_at(const struct vecs *v, uint32_t row)
{
    return v->chunks[row / VECS_CHUNK].floats + (size_t)(row % VECS_CHUNK) * v->width;
}

static struct vecs_code *code_at(const struct vecs *v, uint32_t row)
{
    return (void *)(v->chunks[row / VECS_CHUNK].codes + (row % VECS_CHUNK) * code_size(v));
}

void vecs_init(struct vecs *v, uint32_t dim, enum vecs_metric metric, bool coded)
{
    must(dim > 0 && dim <= VECS_DIM_MAX);
    *v = (struct vecs){.dim = dim, .metric = metric, .coded = coded, .dist = vecs_dist_best()};
    v->width = (dim + VECS_LANES - 1) / VECS_LANES * VECS_LANES;
    v->asked = chunk_of(v, 1);
}

void vecs_fini(struct vecs *v)
{
    for (uint32_t i = 0; i < v->chunk_count; i++)
        mem_free(v->chunks[i].memory);
    mem_free(v->asked.memory);
    mem_free(v->chunks);
    mem_free(v->ids);
    mem_free(v->row_of);
    mem_free(v->free);
    *v = (struct vecs){0};
}

/* --- putting a vector down --- */

static float length_of(const struct vecs *v, const float *floats)
{
    return sqrtf(v->dist->dot(floats, floats, v->width));
}

/* Copies the vector into a row's floats; COSINE brings it to length 1. One of length 0 has no
 * direction and stays, at distance 1 from all. */
static void put_floats(const struct vecs *v, float *to, const void *from)
{
    memcpy(to, from, v->dim * sizeof *to);
    if (v->metric != VECS_COSINE) return;
    float length = length_of(v, to);
    if (!isfinite(length)) { /* the squares were too large: the largest component goes first */
        float most = 0;
        for (uint32_t i = 0; i < v->dim; i++)
            most = fmaxf(most, fabsf(to[i]));
        for (uint32_t i = 0; i < v->dim; i++)
            to[i] /= most;
        length = length_of(v, to);
    }
    for (uint32_t i = 0; i < v->dim && length > 0; i++)
        to[i] /= length;
}

static void put_code(const struct vecs *v, struct vecs_code *c, const float *from)
{
    float most = 0;
    for (uint32_t i = 0; i < v->dim; i++)
        most = fmaxf(most, fabsf(from[i]));
    float step = most / 127, per = step > 0 ? 1 / step : 0;
    c->sum = 0;
    for (uint32_t i = 0; i < v->dim; i++) {
        c->bytes[i] = (int8_t)lrintf(from[i] * per);
        c->sum += c->bytes[i];
    }
    bool l2 = v->metric == VECS_L2;
    c->scale = l2 ? step * (float)M_SQRT2 : step;
    c->bias = l2 ? v->dist->dot(from, from, v->width) : 0.5F;
}

static void put(const struct vecs *v, struct vecs_point to, const void *floats)
{
    float *own = (float *)(uintptr_t)to.floats;
    put_floats(v, own, floats);
    if (v->coded) put_code(v, (struct vecs_code *)(uintptr_t)to.code, own);
}

static void grow_ids(struct vecs *v, uint32_t id)
{
    if (id < v->id_cap) return;
    uint64_t cap = v->id_cap == 0 ? ROWS_FIRST : v->id_cap;
    while (cap <= id)
        cap *= 2;
    must(cap <= (uint64_t)1 << 32);
    v->row_of = mem_realloc(v->row_of, cap * sizeof *v->row_of);
    memset(v->row_of + v->id_cap, 0xFF, (cap - v->id_cap) * sizeof *v->row_of);
    v->id_cap = cap > UINT32_MAX ? UINT32_MAX : (uint32_t)cap;
}

/* A chunk more, and room for its rows in the tables. */
static void grow_rows(struct vecs *v)
{
    if (v->chunk_count == v->chunk_cap) {
        v->chunk_cap = v->chunk_cap == 0 ? 1 : 2 * v->chunk_cap;
        size_t rows = (size_t)v->chunk_cap * VECS_CHUNK;
        v->chunks = mem_realloc(v->chunks, v->chunk_cap * sizeof *v->chunks);
        v->ids = mem_realloc(v->ids, rows * sizeof *v->ids);
        v->free = mem_realloc(v->free, rows * sizeof *v->free);
    }
    v->chunks[v->chunk_count++] = chunk_of(v, VECS_CHUNK);
}

uint32_t vecs_add(struct vecs *v, uint32_t id, const void *floats)
{
    must(id != VECS_NONE);
    must(vecs_row(v, id) == VECS_NONE);
    if (v->count == VECS_ROWS_MAX) return VECS_NONE;
    uint32_t row = v->rows;
    if (v->free_count > 0) {
        row = v->free[--v->free_count];
    } else {
        if (v->rows == v->chunk_count * VECS_CHUNK) grow_rows(v);
        v->rows++;
    }
    grow_ids(v, id);
    v->ids[row] = id;
    v->row_of[id] = row;
    v->count++;
    put(v, vecs_at(v, row), floats);
    return row;
}

void vecs_del(struct vecs *v, uint32_t row)
{
    must(row < v->rows && v->ids[row] != VECS_NONE);
    v->row_of[v->ids[row]] = VECS_NONE;
    v->ids[row] = VECS_NONE;
    v->free[v->free_count++] = row;
    v->count--;
}

uint32_t vecs_row(const struct vecs *v, uint32_t id)
{
    return id < v->id_cap ? v->row_of[id] : VECS_NONE;
}

struct vecs_point vecs_at(const struct vecs *v, uint32_t row)
{
    return (struct vecs_point){floats_at(v, row), v->coded ? code_at(v, row) : NULL};
}

struct vecs_point vecs_ask(struct vecs *v, const void *floats)
{
    struct vecs_point p = {v->asked.floats, (const void *)v->asked.codes};
    put(v, p, floats);
    return p;
}

/* --- distances --- */

float vecs_exact(const struct vecs *v, struct vecs_point from, uint32_t row)
{
    const float *to = floats_at(v, row);
    if (v->metric == VECS_L2) return v->dist->gap(from.floats, to, v->width);
    return 1 - v->dist->dot(from.floats, to, v->width);
}

float vecs_rough(const struct vecs *v, struct vecs_point from, uint32_t row)
{
    if (!v->coded) return vecs_exact(v, from, row);
    const struct vecs_code *a = from.code, *b = code_at(v, row);
    int32_t dot = v->dist->code_dot(a->bytes, a->sum, b->bytes, v->width);
    return a->bias + b->bias - a->scale * b->scale * (float)dot;
}

void vecs_fetch(const struct vecs *v, uint32_t row)
{
    const char *p = v->coded ? (const char *)code_at(v, row) : (const char *)floats_at(v, row);
    size_t size = v->coded ? code_size(v) : v->width * sizeof(float);
    for (size_t i = 0; i < size; i += LINE)
        __builtin_prefetch(p + i);
}

/* --- the nearest --- */

static bool may_find(const struct vecs *v, uint32_t row, vecs_allows *allows, void *data)
{
    return v->ids[row] != VECS_NONE && (allows == NULL || allows(data, v->ids[row]));
}

uint32_t vecs_nearest(const struct vecs *v, struct vecs_point from, uint32_t k, vecs_allows *allows,
                      void *data, struct near *out)
{
    uint32_t count = 0;
    for (uint32_t row = 0; row < v->rows; row++)
        if (may_find(v, row, allows, data))
            count = near_keep(out, count, k, (struct near){vecs_exact(v, from, row), v->ids[row]});
    near_sort(out, count);
    return count;
}

/* The k roughly nearest among n numbers, as a heap. */
static uint32_t roughly_nearest_of(const struct vecs *v, struct vecs_point from,
                                   const uint32_t *ids, uint32_t n, uint32_t k, struct near *out)
{
    enum { AHEAD = 4 };
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = vecs_row(v, ids[i]);
        uint32_t later = i + AHEAD < n ? vecs_row(v, ids[i + AHEAD]) : VECS_NONE;
        if (later != VECS_NONE) vecs_fetch(v, later);
        if (row == VECS_NONE) continue;
        count = near_keep(out, count, k, (struct near){vecs_rough(v, from, row), ids[i]});
    }
    return count;
}

uint32_t vecs_nearest_of(const struct vecs *v, struct vecs_point from, const uint32_t *ids,
                         uint32_t n, uint32_t k, struct near *out)
{
    uint32_t count = 0, wide = vecs_wide(v, k) < n ? vecs_wide(v, k) : n;
    struct near *rough = mem_array(wide, struct near);
    uint32_t found = roughly_nearest_of(v, from, ids, n, wide, rough);
    for (uint32_t i = 0; i < found; i++) {
        rough[i].dist = vecs_exact(v, from, vecs_row(v, rough[i].id));
        count = near_keep(out, count, k, rough[i]);
    }
    mem_free(rough);
    near_sort(out, count);
    return count;
}

void vecs_within(const struct vecs *v, struct vecs_point from, float radius, vecs_allows *allows,
                 void *data, bool (*found)(void *to, struct near n), void *to)
{
    for (uint32_t row = 0; row < v->rows; row++) {
        if (!may_find(v, row, allows, data)) continue;
        struct near n = {vecs_exact(v, from, row), v->ids[row]};
        if (n.dist <= radius && !found(to, n)) return;
    }
}

/* --- the whole --- */

size_t vecs_memory(const struct vecs *v)
{
    size_t sum = mem_size(v->chunks) + mem_size(v->ids) + mem_size(v->row_of) + mem_size(v->free) +
                 mem_size(v->asked.memory);
    for (uint32_t i = 0; i < v->chunk_count; i++)
        sum += mem_size(v->chunks[i].memory);
    return sum;
}

void vecs_check(const struct vecs *v)
{
    uint32_t live = 0;
    must(v->count + v->free_count == v->rows);
    must(v->rows <= v->chunk_count * VECS_CHUNK);
    for (uint32_t row = 0; row < v->rows; row++) {
        if (v->ids[row] == VECS_NONE) continue;
        live++;
        must(vecs_row(v, v->ids[row]) == row);
        for (uint32_t i = v->dim; i < v->width; i++)
            must(floats_at(v, row)[i] == 0);
    }
    must(live == v->count);
    for (uint32_t i = 0; i < v->free_count; i++)
        must(v->ids[v->free[i]] == VECS_NONE);
    for (uint32_t id = 0; id < v->id_cap; id++)
        live -= v->row_of[id] != VECS_NONE;
    must(live == 0);
}
