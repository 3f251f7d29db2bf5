/* list: a value that holds strings in an order.
 *
 * Layout:      a chain of packs, each up to value_limits.list_max_listpack_size; the first
 *              and last are where pushes go.
 * Invariants:  no pack is empty; count is the sum of theirs.
 * Cost:        push and pop at both ends are O(1) within a pack; the i-th element is found
 *              over packs from the nearer end.
 */
#ifndef HANSOM_STORE_TYPE_LIST_H
#define HANSOM_STORE_TYPE_LIST_H

#include "base/list.h"
#include "store/ds/pack.h"
#include "store/engine/value.h"

struct deque;

/* A place in a list: an element, or behind the last one (node is NULL). Good until the next
 * change. */
struct deque_at {
    struct deque_node *node;
    uint32_t at; /* position in the node's pack */
};

extern const struct value_type list_type;

struct deque *deque_new(void);
struct deque *deque_of(struct value *v);
struct value *deque_value(struct deque *d);

uint64_t deque_count(const struct deque *d);

void deque_push(struct deque *d, bool front, struct slice s);

enum { LIST_TEXT = PACK_TEXT };

/* The first or the last element; the list must not be empty. A number may be printed into text;
 * otherwise borrowed until the next change. */
struct slice deque_peek(const struct deque *d, bool front, char text[static LIST_TEXT]);

/* The place of the i-th element, i < count. */
struct deque_at deque_seek(const struct deque *d, uint64_t i);

/* The element at a place that is one, as deque_peek gives it. */
struct slice deque_get(struct deque_at at, char text[static LIST_TEXT]);

/* Whether the element at a place that is one is s. */
bool deque_is(struct deque_at at, struct slice s);

/* The next place towards the end, or towards the front; node is NULL behind the last one. */
struct deque_at deque_next(const struct deque *d, struct deque_at at);
struct deque_at deque_prev(const struct deque *d, struct deque_at at);

void deque_replace(struct deque *d, struct deque_at at, struct slice s);
void deque_insert(struct deque *d, struct deque_at at, bool before, struct slice s);

/* Erases one element; gives the place of the one behind it. */
struct deque_at deque_erase(struct deque *d, struct deque_at at);

/* Erases n elements from the front or the end. */
void deque_trim(struct deque *d, bool front, uint64_t n);

/* The same. When they are many, they move out instead and are given back: the caller's, to be thrown
 * away. Else NULL. */
struct value *deque_cut(struct deque *d, bool front, uint64_t n);

void deque_check(const struct deque *d);

#endif
