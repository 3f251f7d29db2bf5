/* heap: a binary min-heap of intrusive nodes, for deadlines.
 *
 * Invariants:  every node's key is >= its parent's; nodes[i]->at == i + 1.
 * Cost:        add, del and change are O(log n); min is O(1).
 * Owner:       the heap owns its array of pointers, never the nodes.
 */
#ifndef HANSOM_BASE_HEAP_H
#define HANSOM_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t key;
    size_t at; /* 1 + index in the heap; 0 when in none */
};

struct heap {
    struct heap_node **nodes; /* owned array of borrowed nodes */
    size_t count;
    size_t cap;
};

#define heap_entry(node, type, field) ((type *)(void *)((char *)(node)-offsetof(type, field)))

/* Puts node in with this key; if it is in already, moves it. */
void heap_put(struct heap *h, struct heap_node *node, int64_t key);

/* Takes node out; a node in no heap is left as it is. */
void heap_del(struct heap *h, struct heap_node *node);

/* The node with the least key, or NULL. Still in the heap. */
struct heap_node *heap_min(const struct heap *h);

void heap_fini(struct heap *h);

#endif
