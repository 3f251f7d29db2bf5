#include "near.h"

#include "base/must.h"

#include <stdlib.h>

static void sift_down(struct near *heap, uint32_t count, struct near moved)
{
    uint32_t at = 0;
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && near_less(heap[child], heap[child + 1])) child++;
        if (!near_less(moved, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

uint32_t near_keep(struct near *heap, uint32_t count, uint32_t k, struct near n)
{
    if (k == 0) return 0;
    if (count == k) {
        if (near_less(n, heap[0])) sift_down(heap, count, n);
        return count;
    }
    uint32_t at = count;
    for (; at > 0 && near_less(heap[(at - 1) / 2], n); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = n;
    return count + 1;
}

uint32_t near_drop(struct near *heap, uint32_t count)
{
    must(count > 0);
    if (count > 1) sift_down(heap, count - 1, heap[count - 1]);
    return count - 1;
}

static int by_distance(const void *a, const void *b)
{
    const struct near *x = a, *y = b;
    return near_less(*y, *x) - near_less(*x, *y);
}

void near_sort(struct near *list, uint32_t count)
{
    if (count > 1) qsort(list, count, sizeof *list, by_distance);
}
