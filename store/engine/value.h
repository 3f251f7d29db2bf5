/* value: what every kind of value has in common.
 *
 * Why: the keyspace stores, frees, copies and logs values without knowing what they are. A
 * type embeds struct value as its first member and fills one static struct value_type.
 *
 * Owner: the keyspace owns each value that was put into it, and frees it by type->free.
 */
#ifndef HANSOM_STORE_ENGINE_VALUE_H
#define HANSOM_STORE_ENGINE_VALUE_H

#include "base/slice.h"

struct effects;
struct labels;
struct value;

enum value_kind {
    VALUE_STRING,
    VALUE_LIST,
    VALUE_SET,
    VALUE_ZSET, /* geo too: its TYPE is zset */
    VALUE_HASH,
    VALUE_STREAM,
    VALUE_MODULE,
    VALUE_KINDS
};

struct value_type {
    enum value_kind kind;
    const char *name; /* what TYPE says */

    /* Frees the value and all it owns. NULL: drain does, called until it is done. */
    void (*free)(struct value *v);

    /* Bytes held; types with many parts may look at `samples` of them only (0: all). */
    size_t (*memory)(const struct value *v, uint32_t samples);

    /* Frees up to about n parts of a value that nobody will look at again. False when that was
     * the rest, the value itself too. NULL: it has few parts. */
    bool (*drain)(struct value *v, uint64_t n);

    /* A deep copy. */
    struct value *(*copy)(const struct value *v);

    /* What OBJECT ENCODING says: Redis's name, by Redis's thresholds. Static. */
    const char *(*encoding)(const struct value *v);

    /* Elements; 1 for a string, which is never empty in this sense. A collection of length 0
     * does not stay in the keyspace (streams may: they return at least 1). */
    uint64_t (*length)(const struct value *v);

    /* About how many allocations free gives back; beyond 1000 it need not count on. */
    uint64_t (*effort)(const struct value *v);

    /* Adds the commands that rebuild v under key, in chunks of at most some 64 elements.
     * The caller has said the database and adds the expiry. */
    void (*rewrite)(const struct value *v, struct slice key, struct effects *out);

    /* n elements are about to be there: a rewrite said so by effects_reserve. May be NULL. */
    void (*reserve)(struct value *v, uint64_t n);

    /* v now lies under this key of a database, whose index of labelled values is *labels (NULL:
     * there is none yet). May be NULL. */
    void (*placed)(struct value *v, struct labels **labels, struct slice key);

    /* What most commands on v read after v itself, to be fetched for many values together: at step 0
     * what v points at, at step 1 what that points at. NULL: nothing. May be NULL. */
    const void *(*inside)(const struct value *v, uint32_t step);

    /* Aborts when an invariant does not hold; for tests. O(n). May be NULL. */
    void (*check)(const struct value *v);
};

struct value {
    const struct value_type *type;
    uint8_t encoding; /* the type's own */
    uint8_t flags;    /* the type's own */
    uint16_t spare;   /* the type's own */
    uint32_t aux;     /* the type's own */
};

static inline const void *value_inside(const struct value *v, uint32_t step)
{
    return v->type->inside == NULL ? NULL : v->type->inside(v, step);
}

static inline enum value_kind value_kind_of(const struct value *v)
{
    return v->type->kind;
}

/* Frees v by its type; NULL is fine. */
void value_free(struct value *v);

/* Sizes at which small encodings end; CONFIG SET moves them. One store a process, so one of
 * these a process: value types are pure and are not handed a configuration. */
struct value_limits {
    int64_t hash_max_listpack_entries; /* 512 */
    int64_t hash_max_listpack_value;   /* 64 */
    int64_t list_max_listpack_size;    /* -2: 8 KiB a node */
    int64_t list_compress_depth;       /* 0; accepted, not used */
    int64_t set_max_intset_entries;    /* 512 */
    int64_t zset_max_listpack_entries; /* 128 */
    int64_t zset_max_listpack_value;   /* 64 */
    int64_t stream_node_max_bytes;     /* 4096 */
    int64_t stream_node_max_entries;   /* 100 */
    int64_t hll_sparse_max_bytes;      /* 3000 */
};
extern struct value_limits value_limits;

#endif
