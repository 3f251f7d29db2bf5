#include "map.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"

/* The slot of key, or the free slot where it would go. The table is never full. */
static struct map_slot *seek(const struct map *m, struct slice key, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].key.p != NULL) {
        if (m->slots[i].hash == hash && slice_eq(m->slots[i].key, key)) break;
        i = (i + 1) & (m->cap - 1);
    }
    return &m->slots[i];
}

static void grow(struct map *m)
{
    struct map old = *m;
    m->cap = old.cap == 0 ? 16 : old.cap * 2;
    m->slots = mem_array(m->cap, struct map_slot);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].key.p != NULL)
            *seek(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
    mem_free(old.slots);
}

void *map_find(const struct map *m, struct slice key)
{
    if (m->count == 0) return NULL;
    const struct map_slot *s = seek(m, key, hash_slice(key));
    return s->key.p == NULL ? NULL : s->value;
}

void *map_put(struct map *m, struct slice key, void *value)
{
    must(value != NULL);
    if ((m->count + 1) * 4 > m->cap * 3) grow(m);

    uint64_t hash = hash_slice(key);
    struct map_slot *s = seek(m, key, hash);
    void *old = s->value;
    if (s->key.p == NULL) {
        char *copy = mem_alloc(key.len + 1);
        if (key.len > 0) memcpy(copy, key.p, key.len);
        copy[key.len] = '\0';
        *s = (struct map_slot){hash, {copy, key.len}, NULL};
        m->count++;
        old = NULL;
    }
    s->value = value;
    return old;
}

void *map_take(struct map *m, struct slice key)
{
    if (m->count == 0) return NULL;
    struct map_slot *s = seek(m, key, hash_slice(key));
    if (s->key.p == NULL) return NULL;
    void *value = s->value;
    mem_free((void *)(uintptr_t)s->key.p);
    m->count--;

    size_t hole = (size_t)(s - m->slots);
    for (size_t i = (hole + 1) & (m->cap - 1); m->slots[i].key.p != NULL;
         i = (i + 1) & (m->cap - 1)) {
        size_t home = m->slots[i].hash & (m->cap - 1);
        bool stays = ((i - home) & (m->cap - 1)) < ((i - hole) & (m->cap - 1));
        if (stays) continue;
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole] = (struct map_slot){0};
    return value;
}

void map_each(const struct map *m, bool (*fn)(struct slice key, void *value, void *data),
              void *data)
{
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key.p != NULL && !fn(m->slots[i].key, m->slots[i].value, data)) return;
}

void map_fini(struct map *m)
{
    if (m == NULL) return;
    for (size_t i = 0; i < m->cap; i++)
        mem_free((void *)(uintptr_t)m->slots[i].key.p);
    mem_free(m->slots);
    *m = (struct map){0};
}
