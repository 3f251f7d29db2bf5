/* set: a value that holds each member once.
 *
 * Layout:      up to value_limits.set_max_intset_entries integers are an intset; anything
 *              else is a dict of members. It never turns back.
 * Cost:        has, add and del are O(1), or O(log n) and O(n) moves while small.
 */
#ifndef HANSOM_STORE_TYPE_SET_H
#define HANSOM_STORE_TYPE_SET_H

#include "store/ds/dict.h"
#include "store/ds/intset.h"
#include "store/engine/value.h"

struct set;

extern const struct value_type set_type;

struct set *set_new(void);
struct set *set_of(struct value *v);
struct value *set_value(struct set *s);
void set_free(struct set *s);

uint64_t set_count(const struct set *s);
bool set_has(const struct set *s, struct slice member);

/* False when it was there already, or was not. */
bool set_add(struct set *s, struct slice member);
bool set_del(struct set *s, struct slice member);

enum { SET_TEXT = 24 };

/* A random member; the set must not be empty. A number is printed into text; otherwise
 * borrowed until the next change. */
struct slice set_random(struct set *s, struct rng *rng, char text[static SET_TEXT]);

/* Calls fn for each member until it gives false; s must not change meanwhile. */
void set_each(const struct set *s, bool (*fn)(struct slice member, void *data), void *data);

/* The integers when it is an intset, else NULL; and the dict, to be read only, else NULL. */
const struct intset *set_ints(const struct set *s);
struct dict *set_dict(const struct set *s);

/* The name of an item of set_dict. */
struct slice set_item_name(const void *item);

/* Takes out of set_dict the n members for which fn is true: a value of its own, the caller's, which is
 * thrown away with them. They are *gone, borrowed from it. O(members), and looks at no name. */
struct value *set_cut(struct set *s, uint64_t n, bool (*fn)(const void *item, void *data),
                      void *data, void *const **gone);

#endif
