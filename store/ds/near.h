/* near: the nearest few of what has been seen so far.
 *
 * Layout:  a binary heap in the caller's array, the farthest on top.
 * Cost:    one that is farther than all k costs a comparison, another O(log k).
 */
#ifndef HANSOM_STORE_DS_NEAR_H
#define HANSOM_STORE_DS_NEAR_H

#include <stdbool.h>
#include <stdint.h>

struct near {
    float dist;
    uint32_t id;
};

/* By distance, ties by id. */
static inline bool near_less(struct near a, struct near b)
{
    return a.dist < b.dist || (a.dist == b.dist && a.id < b.id);
}

/* Keeps n among the k nearest in heap[0..count); returns the new count, at most k. */
uint32_t near_keep(struct near *heap, uint32_t count, uint32_t k, struct near n);

/* Takes the farthest off; there is one. Returns the new count. */
uint32_t near_drop(struct near *heap, uint32_t count);

/* Sorts nearest first. */
void near_sort(struct near *list, uint32_t count);

#endif
