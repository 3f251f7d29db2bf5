/* keys: the names of everything in the store.
 *
 * Why: one table (keys.def) names every key, stream and channel; the C services, the Lua
 * library and the documentation read that one table, so that a name cannot drift.
 *
 * Every name of a region holds the hash tag {region}: all of a region lives in one Cluster
 * slot. What an id may look like, and the region in front of it, is ids.h's business.
 */
#ifndef HANSOM_KIT_KEYS_H
#define HANSOM_KIT_KEYS_H

#include "base/buf.h"

enum key {
#define KEY(name, pattern, kind, life, what) KEY_##name,
#include "services/kit/keys.def"
#undef KEY
    KEYS_N
};

/* What keys.def says about a key; text for documentation and `--keys`. */
struct key_info {
    const char *name;
    const char *pattern;
    const char *kind;
    const char *life;
    const char *what;
};

const struct key_info *key_info(enum key k);

/* How many %s arguments the pattern takes: 0 to 2. */
int key_args(enum key k);

/* Appends the key to out. Arguments that the pattern lacks are ignored. Borrowed bytes in,
 * owned bytes out. */
void key_format(struct buf *out, enum key k, struct slice region, struct slice a, struct slice b);

/* The same into a fixed array, NUL-terminated; the slice is borrowed from it. A key that does
 * not fit is a bug of the caller's limits: ids are at most KEY_ID_MAX bytes. */
enum { KEY_ID_MAX = 300, KEY_TEXT = 1024 };

struct key_text {
    char bytes[KEY_TEXT];
    size_t len;
};

struct slice key_make(struct key_text *out, enum key k, struct slice region, struct slice a,
                      struct slice b);

/* The shorter forms: no argument, and one. */
static inline struct slice key_make0(struct key_text *out, enum key k, struct slice region)
{
    return key_make(out, k, region, (struct slice){0}, (struct slice){0});
}

static inline struct slice key_make1(struct key_text *out, enum key k, struct slice region,
                                     struct slice a)
{
    return key_make(out, k, region, a, (struct slice){0});
}

#endif
