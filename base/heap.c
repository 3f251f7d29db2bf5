#include "heap.h"

#include "base/mem.h"
#include "base/must.h"

static void place(struct heap *h, size_t i, struct heap_node *node)
{
    h->nodes[i] = node;
    node->at = i + 1;
}

static void sift_up(struct heap *h, size_t i, struct heap_node *node)
{
    while (i > 0 && h->nodes[(i - 1) / 2]->key > node->key) {
        place(h, i, h->nodes[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    place(h, i, node);
}

static void sift_down(struct heap *h, size_t i, struct heap_node *node)
{
    while (2 * i + 1 < h->count) {
        size_t child = 2 * i + 1;
        if (child + 1 < h->count && h->nodes[child + 1]->key < h->nodes[child]->key) child++;
        if (h->nodes[child]->key >= node->key) break;
        place(h, i, h->nodes[child]);
        i = child;
    }
    place(h, i, node);
}

static void settle(struct heap *h, size_t i, struct heap_node *node)
{
    if (i > 0 && h->nodes[(i - 1) / 2]->key > node->key)
        sift_up(h, i, node);
    else
        sift_down(h, i, node);
}

void heap_put(struct heap *h, struct heap_node *node, int64_t key)
{
    node->key = key;
    if (node->at > 0) {
        must(h->nodes[node->at - 1] == node);
        settle(h, node->at - 1, node);
        return;
    }
    if (h->count == h->cap) {
        h->cap = h->cap == 0 ? 16 : h->cap * 2;
        h->nodes = mem_realloc(h->nodes, h->cap * sizeof(struct heap_node *));
    }
    sift_up(h, h->count++, node);
}

void heap_del(struct heap *h, struct heap_node *node)
{
    if (node->at == 0) return;
    size_t i = node->at - 1;
    must(h->nodes[i] == node);
    node->at = 0;
    struct heap_node *last = h->nodes[--h->count];
    if (last != node) settle(h, i, last);
}

struct heap_node *heap_min(const struct heap *h)
{
    return h->count == 0 ? NULL : h->nodes[0];
}

void heap_fini(struct heap *h)
{
    if (h == NULL) return;
    mem_free(h->nodes);
    *h = (struct heap){0};
}
