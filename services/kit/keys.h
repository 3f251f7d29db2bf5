/* keys: the names of everything in the store.
 *
 * Why: one table (keys.def) names every key, stream and channel; the C services, the Lua
 * library and the documentation read that one table, so that a name cannot drift.
 *
 * Every name of a region holds the hash tag {region}: all of a region lives in one Cluster
 * slot. Ids that belong to a region begin with it: ride la-01J9..., driver la-839.
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

/* The region of a ride, driver or offer id: what stands before the first '-'. Empty when the
 * id has none, or when those bytes are not a region name. */
struct slice key_region_of(struct slice id);

/* A region name: 1 to 16 of a-z, 0-9 and '_'. Nothing else may stand between the braces. */
bool key_region_valid(struct slice region);

/* A ride, driver or offer id: region, '-', then 1 to 64 of A-Z a-z 0-9 _ . - in all. */
bool key_id_valid(struct slice id);

/* The ride of an offer id ("la-01J9....3" gives "la-01J9..."); empty when it is none. */
struct slice key_ride_of_offer(struct slice offer_id);

#endif
