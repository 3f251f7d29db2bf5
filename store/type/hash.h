/* hash: a value that maps fields to strings.
 *
 * Layout:      up to value_limits.hash_max_listpack_entries short fields are one pack of
 *              field, value, field, value; more, or a long one, are a dict of fields that
 *              hold their value behind their name. It never turns back.
 * Cost:        get, set and del are O(1), or O(n) over one block while small.
 */
#ifndef HANSOM_STORE_TYPE_HASH_H
#define HANSOM_STORE_TYPE_HASH_H

#include "store/ds/dict.h"
#include "store/ds/pack.h"
#include "store/engine/value.h"

struct hash;

extern const struct value_type hash_type;

struct hash *hash_new(void);
struct hash *hash_of(struct value *v);
struct value *hash_value(struct hash *h);

uint64_t hash_count(const struct hash *h);

enum { HASH_TEXT = PACK_TEXT };

/* False when there is no such field. A number may be printed into text; otherwise *out is borrowed
 * until the next change. */
bool hash_get(const struct hash *h, struct slice field, char text[static HASH_TEXT],
              struct slice *out);

/* True when the field is new. */
bool hash_put(struct hash *h, struct slice field, struct slice value);

bool hash_del(struct hash *h, struct slice field);

/* Calls fn for each field until it gives false; h must not change meanwhile. What fn is given holds
 * for this call. */
void hash_each(const struct hash *h, bool (*fn)(struct slice field, struct slice value, void *data),
               void *data);

/* A random field and its value; h must not be empty. Numbers may be printed into text; otherwise
 * borrowed until the next change. */
void hash_random(const struct hash *h, struct rng *rng, char text[static 2][HASH_TEXT],
                 struct slice *field, struct slice *value);

/* The dict when it is one, else NULL, and what its items hold. */
const struct dict *hash_dict(const struct hash *h);
struct slice hash_item_name(const void *item);
struct slice hash_item_value(const void *item);

#endif
