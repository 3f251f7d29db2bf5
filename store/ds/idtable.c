#include "idtable.h"

#include "base/mem.h"
#include "base/must.h"

struct idtable_chunk {
    uint32_t start; /* records in front that are no longer used */
    uint32_t count;
    uint32_t cap;
    uint32_t unused;
    char records[];
};

/* A chunk this small looks for a neighbour to join. */
enum { CHUNK_LOW = IDTABLE_CHUNK / 4, CHUNK_FIRST = 4, CACHE_LINE = 64 };

static struct stream_id *record(const struct idtable *t, const struct idtable_chunk *c, uint32_t i)
{
    uintptr_t at = (uintptr_t)c->records + (size_t)(c->start + i) * t->size;
    return (struct stream_id *)at;
}

static struct idtable_entry *entry(const struct idtable *t, size_t i)
{
    return &t->dir[t->head + i];
}

void idtable_init(struct idtable *t, uint32_t size)
{
    must(size >= sizeof(struct stream_id));
    must(size % sizeof(uint64_t) == 0);
    *t = (struct idtable){.size = size};
}

void idtable_fini(struct idtable *t)
{
    if (t == NULL) return;
    for (size_t i = 0; i < t->chunks; i++)
        mem_free(entry(t, i)->chunk);
    mem_free(t->dir);
    *t = (struct idtable){.size = t->size};
}

bool idtable_drain(struct idtable *t, uint64_t n)
{
    for (; n > 0 && t->chunks > 0; n--)
        mem_free(entry(t, --t->chunks)->chunk);
    if (t->chunks > 0) return true;
    idtable_fini(t);
    return false;
}

/* The index of the last chunk whose first id is <= id, or 0. Only with chunks > 0. */
static size_t chunk_of(const struct idtable *t, struct stream_id id)
{
    size_t last = t->chunks - 1;
    if (stream_id_cmp(entry(t, last)->first, id) <= 0) return last;
    size_t low = 0, high = last; /* dir[high].first > id */
    while (low + 1 < high) {
        size_t mid = low + (high - low) / 2;
        if (stream_id_cmp(entry(t, mid)->first, id) <= 0)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* The index of the first record of c whose id is >= id, or c->count. */
static uint32_t lower(const struct idtable *t, const struct idtable_chunk *c, struct stream_id id)
{
    if (stream_id_cmp(*record(t, c, 0), id) >= 0) return 0;
    if (stream_id_cmp(*record(t, c, c->count - 1), id) < 0) return c->count;
    uint32_t low = 0, high = c->count - 1; /* [low] < id <= [high] */
    while (low + 1 < high) {
        uint32_t mid = low + (high - low) / 2;
        if (stream_id_cmp(*record(t, c, mid), id) < 0)
            low = mid;
        else
            high = mid;
    }
    return high;
}

void *idtable_find(const struct idtable *t, struct stream_id id)
{
    if (t->chunks == 0) return NULL;
    const struct idtable_chunk *c = entry(t, chunk_of(t, id))->chunk;
    uint32_t i = lower(t, c, id);
    if (i == c->count) return NULL;
    struct stream_id *found = record(t, c, i);
    return stream_id_cmp(*found, id) == 0 ? found : NULL;
}

static void dir_insert(struct idtable *t, size_t i, struct stream_id first,
                       struct idtable_chunk *chunk)
{
    if (i == 0 && t->head > 0) {
        t->head--;
        t->chunks++;
        *entry(t, 0) = (struct idtable_entry){first, chunk};
        return;
    }
    if (t->head + t->chunks == t->cap) {
        if (t->head > t->chunks / 4) { /* else a queue would move its directory every time */
            memmove(t->dir, entry(t, 0), t->chunks * sizeof *t->dir);
            t->head = 0;
        } else {
            t->cap = t->cap == 0 ? 1 : t->cap * 2;
            t->dir = mem_realloc(t->dir, t->cap * sizeof *t->dir);
        }
    }
    memmove(entry(t, i + 1), entry(t, i), (t->chunks - i) * sizeof *t->dir);
    *entry(t, i) = (struct idtable_entry){first, chunk};
    t->chunks++;
}

/* Gives back what the directory no longer needs. */
static void dir_fit(struct idtable *t)
{
    if (t->chunks == 0) {
        mem_free(t->dir);
        t->dir = NULL;
        t->head = 0;
        t->cap = 0;
        return;
    }
    if (t->chunks * 4 < t->cap) {
        memmove(t->dir, entry(t, 0), t->chunks * sizeof *t->dir);
        t->head = 0;
        t->cap = t->chunks * 2;
        t->dir = mem_realloc(t->dir, t->cap * sizeof *t->dir);
    }
}

static void dir_remove(struct idtable *t, size_t i)
{
    mem_free(entry(t, i)->chunk);
    t->chunks--;
    if (i == 0) {
        t->head++;
    } else {
        memmove(entry(t, i), entry(t, i + 1), (t->chunks - i) * sizeof *t->dir);
    }
    dir_fit(t);
}

static struct idtable_chunk *chunk_new(const struct idtable *t, uint32_t cap)
{
    struct idtable_chunk *c = mem_alloc(sizeof *c + (size_t)cap * t->size);
    *c = (struct idtable_chunk){.cap = cap};
    return c;
}

/* Makes room for one more record behind the last of chunk i; the chunk is not full. */
static struct idtable_chunk *chunk_room(struct idtable *t, size_t i)
{
    struct idtable_chunk *c = entry(t, i)->chunk;
    if (c->start + c->count < c->cap) return c;
    if (c->start > 0) {
        memmove(c->records, record(t, c, 0), (size_t)c->count * t->size);
        c->start = 0;
        return c;
    }
    uint32_t cap = c->cap * 2 < IDTABLE_CHUNK ? c->cap * 2 : IDTABLE_CHUNK;
    must(cap > c->cap);
    c = mem_realloc(c, sizeof *c + (size_t)cap * t->size);
    c->cap = cap;
    entry(t, i)->chunk = c;
    return c;
}

/* Splits the full chunk i in two halves. */
static void chunk_split(struct idtable *t, size_t i)
{
    struct idtable_chunk *c = entry(t, i)->chunk;
    struct idtable_chunk *half = chunk_new(t, IDTABLE_CHUNK);
    uint32_t keep = c->count / 2;
    half->count = c->count - keep;
    memcpy(half->records, record(t, c, keep), (size_t)half->count * t->size);
    c->count = keep;
    dir_insert(t, i + 1, *record(t, half, 0), half);
}

static void *record_new(struct idtable *t, struct idtable_chunk *c, uint32_t at,
                        struct stream_id id)
{
    struct stream_id *r = record(t, c, at);
    memset((char *)r, 0, t->size);
    *r = id;
    t->count++;
    return r;
}

void *idtable_add(struct idtable *t, struct stream_id id, bool *fresh)
{
    if (fresh != NULL) *fresh = true;
    if (t->chunks == 0) {
        struct idtable_chunk *c = chunk_new(t, CHUNK_FIRST);
        c->count = 1;
        dir_insert(t, 0, id, c);
        return record_new(t, c, 0, id);
    }
    size_t i = chunk_of(t, id);
    struct idtable_chunk *c = entry(t, i)->chunk;
    uint32_t at = lower(t, c, id);
    if (at < c->count && stream_id_cmp(*record(t, c, at), id) == 0) {
        if (fresh != NULL) *fresh = false;
        return record(t, c, at);
    }
    if (c->count == IDTABLE_CHUNK) {
        if (i == t->chunks - 1 && at == c->count) { /* ascending ids fill their chunks */
            c = chunk_new(t, IDTABLE_CHUNK);
            c->count = 1;
            dir_insert(t, i + 1, id, c);
            return record_new(t, c, 0, id);
        }
        chunk_split(t, i);
        uint32_t keep = entry(t, i)->chunk->count;
        if (at > keep) {
            i++;
            at -= keep;
        }
    }
    c = chunk_room(t, i);
    memmove((char *)record(t, c, at + 1), (char *)record(t, c, at),
            (size_t)(c->count - at) * t->size);
    c->count++;
    if (at == 0) entry(t, i)->first = id;
    return record_new(t, c, at, id);
}

/* Copies the records of b, which come next, to the end of chunk i when both fit well into one. */
static bool chunk_take(struct idtable *t, size_t i, const struct idtable_chunk *b)
{
    struct idtable_chunk *a = entry(t, i)->chunk;
    if (a->count + b->count > IDTABLE_CHUNK / 2) return false;
    while (a->cap - a->count < b->count || a->start > 0) {
        if (a->start > 0) memmove(a->records, record(t, a, 0), (size_t)a->count * t->size);
        a->start = 0;
        if (a->cap - a->count >= b->count) break;
        a->cap = IDTABLE_CHUNK;
        a = mem_realloc(a, sizeof *a + (size_t)a->cap * t->size);
        entry(t, i)->chunk = a;
    }
    memcpy((char *)record(t, a, a->count), (char *)record(t, b, 0), (size_t)b->count * t->size);
    a->count += b->count;
    return true;
}

/* Joins chunk i + 1 to chunk i if it can. */
static bool chunk_join(struct idtable *t, size_t i)
{
    if (i + 1 >= t->chunks || !chunk_take(t, i, entry(t, i + 1)->chunk)) return false;
    dir_remove(t, i + 1);
    return true;
}

void idtable_del_at(struct idtable *t, struct idtable_at *at)
{
    size_t i = at->chunk;
    struct idtable_chunk *c = entry(t, i)->chunk;
    must(at->index < c->count);
    t->count--;
    c->count--;
    if (c->count == 0) {
        dir_remove(t, i);
        at->index = 0;
        return;
    }
    if (at->index == 0) {
        c->start++;
        entry(t, i)->first = *record(t, c, 0);
    } else {
        memmove((char *)record(t, c, at->index), (char *)record(t, c, at->index + 1),
                (size_t)(c->count - at->index) * t->size);
    }
    if (c->count < CHUNK_LOW) {
        uint32_t before = i > 0 ? entry(t, i - 1)->chunk->count : 0;
        if (i > 0 && chunk_join(t, i - 1)) {
            at->chunk--;
            at->index += before;
        } else {
            (void)chunk_join(t, i);
        }
    }
    c = entry(t, at->chunk)->chunk;
    if (at->index >= c->count) {
        at->chunk++;
        at->index = 0;
    }
}

bool idtable_del(struct idtable *t, struct stream_id id)
{
    struct idtable_at at = idtable_seek(t, id);
    const struct stream_id *found = idtable_get(t, at);
    if (found == NULL || stream_id_cmp(*found, id) != 0) return false;
    idtable_del_at(t, &at);
    return true;
}

void *idtable_first(const struct idtable *t)
{
    return t->chunks == 0 ? NULL : record(t, entry(t, 0)->chunk, 0);
}

void *idtable_last(const struct idtable *t)
{
    if (t->chunks == 0) return NULL;
    const struct idtable_chunk *c = entry(t, t->chunks - 1)->chunk;
    return record(t, c, c->count - 1);
}

struct idtable_at idtable_seek(const struct idtable *t, struct stream_id id)
{
    if (t->chunks == 0) return (struct idtable_at){0, 0};
    size_t i = chunk_of(t, id);
    const struct idtable_chunk *c = entry(t, i)->chunk;
    uint32_t at = lower(t, c, id);
    if (at == c->count) return (struct idtable_at){i + 1, 0};
    return (struct idtable_at){i, at};
}

bool idtable_seek_le(const struct idtable *t, struct stream_id id, struct idtable_at *at)
{
    struct idtable_at here = idtable_seek(t, id);
    const struct stream_id *found = idtable_get(t, here);
    if (found == NULL || stream_id_cmp(*found, id) != 0) {
        if (!idtable_step_back(t, &here)) return false;
    }
    *at = here;
    return true;
}

void *idtable_get(const struct idtable *t, struct idtable_at at)
{
    if (at.chunk >= t->chunks) return NULL;
    const struct idtable_chunk *c = entry(t, at.chunk)->chunk;
    must(at.index < c->count);
    return record(t, c, at.index);
}

void idtable_step(const struct idtable *t, struct idtable_at *at)
{
    if (at->chunk >= t->chunks) return;
    at->index++;
    if (at->index < entry(t, at->chunk)->chunk->count) return;
    at->chunk++;
    at->index = 0;
}

bool idtable_step_back(const struct idtable *t, struct idtable_at *at)
{
    if (at->index > 0) {
        at->index--;
        return true;
    }
    if (at->chunk == 0 || t->chunks == 0) return false;
    at->chunk--;
    at->index = entry(t, at->chunk)->chunk->count - 1;
    return true;
}

/* Asks for the memory of a chunk that is soon gone through. */
static void chunk_fetch(const struct idtable *t, const struct idtable_chunk *c)
{
    for (size_t at = 0; at < (size_t)IDTABLE_CHUNK * t->size; at += CACHE_LINE)
        __builtin_prefetch(c->records + at);
}

/* Moves together what stays of a chunk. */
static void chunk_sweep(const struct idtable *t, struct idtable_chunk *c,
                        bool (*fn)(const void *record, void *data), void *data)
{
    uint32_t stay = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if (fn(record(t, c, i), data)) continue;
        if (stay < i) memcpy(record(t, c, stay), record(t, c, i), t->size);
        stay++;
    }
    c->count = stay;
}

size_t idtable_sweep(struct idtable *t, bool (*fn)(const void *record, void *data), void *data)
{
    struct idtable old = *t; /* its directory is written anew behind where it is read */
    t->chunks = 0;
    t->count = 0;
    for (size_t i = 0; i < old.chunks; i++) {
        struct idtable_chunk *c = entry(&old, i)->chunk;
        if (i + 1 < old.chunks) chunk_fetch(t, entry(&old, i + 1)->chunk);
        chunk_sweep(t, c, fn, data);
        t->count += c->count;
        if (c->count == 0 || (t->chunks > 0 && chunk_take(t, t->chunks - 1, c)))
            mem_free(c);
        else
            *entry(t, t->chunks++) = (struct idtable_entry){*record(t, c, 0), c};
    }
    dir_fit(t);
    return old.count - t->count;
}

size_t idtable_memory(const struct idtable *t)
{
    size_t bytes = mem_size(t->dir);
    for (size_t i = 0; i < t->chunks; i++)
        bytes += mem_size(entry(t, i)->chunk);
    return bytes;
}

void idtable_check(const struct idtable *t)
{
    size_t count = 0;
    const struct stream_id *last = NULL;
    must(t->head + t->chunks <= t->cap || t->chunks == 0);
    for (size_t i = 0; i < t->chunks; i++) {
        const struct idtable_chunk *c = entry(t, i)->chunk;
        must(c->count > 0);
        must(c->start + c->count <= c->cap);
        must(c->cap <= IDTABLE_CHUNK);
        must(stream_id_cmp(entry(t, i)->first, *record(t, c, 0)) == 0);
        for (uint32_t k = 0; k < c->count; k++) {
            must(last == NULL || stream_id_cmp(*last, *record(t, c, k)) < 0);
            last = record(t, c, k);
        }
        count += c->count;
    }
    must(count == t->count);
}
