/* vecs_dist: sums over two vectors, in the widest instructions that the processor has.
 *
 * Why: a search among vectors spends nearly all of its time here. The sums are written once for
 * any width of register; the products of codes need instructions that C has no words for, and
 * have a plain form beside them.
 *
 * Cost:  512 floats take 57, 28 or 15 ns in registers of 16, 32 or 64 bytes; 512 codes take 16 ns
 *        in those of 32 bytes and 6 in those of 64 (one core of an EPYC, in cache).
 * Owner: the width is a multiple of VECS_LANES: what lies behind the last number is zero. Vectors
 *        that start at a multiple of 64 bytes are read fastest. The last bits of a sum differ from
 *        one processor to another.
 */
#ifndef HANSOM_STORE_DS_VECS_DIST_H
#define HANSOM_STORE_DS_VECS_DIST_H

#include <stdint.h>

enum { VECS_LANES = 64 };

struct vecs_dist {
    const char *name;                                             /* of the instructions */
    float (*dot)(const float *a, const float *b, uint32_t width); /* sum of a * b */
    float (*gap)(const float *a, const float *b, uint32_t width); /* sum of (a - b)^2 */
    /* Sum of a * b of codes from -127 to 127; sum_a is the sum of a. */
    int32_t (*code_dot)(const int8_t *a, int32_t sum_a, const int8_t *b, uint32_t width);
};

enum { VECS_DIST_FORMS_MAX = 3 };

/* The i-th form that this processor can run, the plain one first; NULL behind the best. */
const struct vecs_dist *vecs_dist_form(uint32_t i);

/* The best one. */
const struct vecs_dist *vecs_dist_best(void);

#endif
