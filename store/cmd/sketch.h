/* sketch: what the commands of the sketches share. */
#ifndef HANSOM_STORE_CMD_SKETCH_H
#define HANSOM_STORE_CMD_SKETCH_H

#include "store/cmd/host.h"

extern struct family_type bloom_type, cuckoo_type, countmin_type, topk_type, tdigest_type;

/* Makes a family_type's slots from the functions of a structure that are named prefix_free,
 * prefix_copy, prefix_memory, prefix_save and prefix_load; its bytes have one version so far. */
#define SKETCH_TYPE(variable, prefix, type_name)                                                   \
    static void variable##_free(void *v)                                                           \
    {                                                                                              \
        prefix##_free(v);                                                                          \
    }                                                                                              \
    static void *variable##_copy(const void *v)                                                    \
    {                                                                                              \
        return prefix##_copy(v);                                                                   \
    }                                                                                              \
    static size_t variable##_memory(const void *v)                                                 \
    {                                                                                              \
        return prefix##_memory(v);                                                                 \
    }                                                                                              \
    static uint64_t variable##_effort(const void *v)                                               \
    {                                                                                              \
        (void)v;                                                                                   \
        return 2;                                                                                  \
    }                                                                                              \
    static void variable##_save(const void *v, struct buf *out)                                    \
    {                                                                                              \
        prefix##_save(v, out);                                                                     \
    }                                                                                              \
    static void *variable##_load(struct slice bytes, uint32_t version)                             \
    {                                                                                              \
        return version == 1 ? prefix##_load(bytes) : NULL;                                         \
    }                                                                                              \
    struct family_type variable = {.name = (type_name),                                            \
                                   .version = 1,                                                   \
                                   .free = variable##_free,                                        \
                                   .copy = variable##_copy,                                        \
                                   .memory = variable##_memory,                                    \
                                   .effort = variable##_effort,                                    \
                                   .save = variable##_save,                                        \
                                   .load = variable##_load};

/* The most bytes that one SCANDUMP hands out. */
enum { SKETCH_PIECE = 8 << 20 };

/* Reads the argument if it is a number within [min, max]. */
static inline bool sketch_i64(struct slice s, int64_t min, int64_t max, int64_t *out)
{
    int64_t n = 0;
    if (!slice_i64(s, &n) || n < min || n > max) return false;
    *out = n;
    return true;
}

/* True when nothing is under the key that a sketch is to be made under; else it has replied with
 * `exists`, or that the key holds another type. */
static inline bool sketch_is_new(struct host *h, const struct family_type *t, const char *exists)
{
    void *old = NULL;
    if (!host_find_write(h, h->argv[1], t, &old)) return false;
    if (old != NULL) reply_error(h->reply, exists);
    return old == NULL;
}

/* The sketch under the key, or NULL after a reply: `missing`, or that it is another type. */
static inline void *sketch_get(struct host *h, struct slice key, const struct family_type *t,
                               const char *missing, bool write)
{
    void *v = NULL;
    if (!(write ? host_find_write(h, key, t, &v) : host_find(h, key, t, &v))) return NULL;
    if (v == NULL) reply_error(h->reply, missing);
    return v;
}

#endif
