#include "docs.h"

#include "base/mem.h"
#include "base/must.h"

struct doc_key {
    uint32_t id, len;
    char bytes[];
};

static struct slice key_of(const void *item)
{
    const struct doc_key *k = item;
    return (struct slice){k->bytes, k->len};
}

static const struct dict_kind keys = {key_of, NULL};

void docs_init(struct docs *d)
{
    *d = (struct docs){0};
    dict_init(&d->by_key, &keys);
}

void docs_fini(struct docs *d)
{
    for (uint32_t i = 0; i < d->end; i++)
        mem_free(d->of[i].key);
    mem_free(d->of);
    mem_free(d->spare);
    dict_fini(&d->by_key);
    idset_fini(&d->live);
    *d = (struct docs){0};
}

uint32_t docs_find(const struct docs *d, struct slice key)
{
    const struct doc_key *k = dict_find(&d->by_key, key);
    return k == NULL ? DOC_NONE : k->id;
}

static uint32_t free_id(struct docs *d)
{
    if (d->spare_n > 0) return d->spare[--d->spare_n];
    must(d->end < DOC_NONE);
    if (d->end == d->cap) {
        d->cap = d->cap == 0 ? 16 : d->cap * 2;
        d->of = mem_realloc(d->of, d->cap * sizeof d->of[0]);
    }
    return d->end++;
}

uint32_t docs_put(struct docs *d, struct slice key, bool *fresh)
{
    must(key.len <= UINT32_MAX);
    uint64_t hash = hash_slice(key);
    const struct doc_key *old = dict_find_hash(&d->by_key, key, hash);
    *fresh = old == NULL;
    if (old != NULL) return old->id;
    struct doc_key *k = mem_alloc(sizeof *k + key.len);
    k->id = free_id(d);
    k->len = (uint32_t)key.len;
    if (key.len > 0) memcpy(k->bytes, key.p, key.len);
    dict_add_hash(&d->by_key, k, hash);
    d->of[k->id] = (struct doc){.key = k, .score = 1};
    (void)idset_add(&d->live, k->id);
    d->count++;
    return k->id;
}

void docs_del(struct docs *d, uint32_t id)
{
    must(docs_has(d, id));
    struct doc_key *k = d->of[id].key;
    must(dict_take(&d->by_key, key_of(k)) == k);
    mem_free(k);
    d->of[id] = (struct doc){0};
    (void)idset_del(&d->live, id);
    d->count--;
    if (d->spare_n == d->spare_cap) {
        d->spare_cap = d->spare_cap == 0 ? 16 : d->spare_cap * 2;
        d->spare = mem_realloc(d->spare, d->spare_cap * sizeof d->spare[0]);
    }
    d->spare[d->spare_n++] = id;
}

struct slice docs_key(const struct docs *d, uint32_t id)
{
    must(docs_has(d, id));
    return key_of(d->of[id].key);
}

size_t docs_memory(const struct docs *d)
{
    size_t bytes = mem_size(d->of) + mem_size(d->spare) + dict_memory(&d->by_key);
    bytes += idset_memory(&d->live);
    for (uint32_t i = 0; i < d->end; i++)
        bytes += mem_size(d->of[i].key);
    return bytes;
}

void docs_check(const struct docs *d)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < d->end; i++) {
        must(idset_has(&d->live, i) == docs_has(d, i));
        if (!docs_has(d, i)) continue;
        count++;
        must(d->of[i].key->id == i);
        must(docs_find(d, docs_key(d, i)) == i);
    }
    must(count == d->count);
    must(count + d->spare_n == d->end);
    must(dict_count(&d->by_key) == count);
    idset_check(&d->live);
    dict_check(&d->by_key);
}
