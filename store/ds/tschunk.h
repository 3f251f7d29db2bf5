/* tschunk: some hundreds or thousands of samples of a time series in few bytes.
 *
 * Why: a sample is 16 bytes, but most come at the same distance as the last one and with a value
 * that shares most of its bits. Two bits are enough when both are as before.
 *
 * Layout:      the first sample lies in the struct; the others are a stream of bits, least
 *              significant first, in words of 64:
 *
 *     time     0                    the distance to the last sample is that of the last two
 *              10 + 7 bits          else the difference between the two distances, signed
 *              110 + 10   1110 + 14   11110 + 32   11111 + 64
 *     value    0                    as the last one
 *              10 + bits            else the exclusive or, in the window that was used last
 *              11 + 5 + 6 + bits    or in a new one: zeros in front (at most 31), width - 1
 *
 *              An uncompressed chunk is two words a sample: time and value.
 * Invariants:  times strictly increase and are not negative; bits behind the last one are zero;
 *              the bits take no more than bytes_max.
 * Cost:        push O(1); reading is in order, some 5 ns a sample.
 * Owner:       embedded in a series, which calls fini.
 * From:        T. Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database",
 *              VLDB 2015, with wider classes of time, as samples come in milliseconds here; a
 *              window that has become too wide for its values is given up.
 */
#ifndef HANSOM_STORE_DS_TSCHUNK_H
#define HANSOM_STORE_DS_TSCHUNK_H

#include "base/buf.h"

enum {
    TSCHUNK_BYTES_MIN = 48,
    TSCHUNK_BYTES_MAX = 1 << 20,
    TSCHUNK_SAMPLES_MAX = 1 << 14, /* so that a chunk can be unpacked at any time */
};

struct tssample {
    int64_t ms; /* unix time, not negative */
    double value;
};

struct tschunk {
    uint64_t *words; /* owned */
    uint32_t word_cap;
    uint32_t bits;      /* used */
    uint32_t bytes_max; /* 48 to 1 MiB, a multiple of 8 */
    uint32_t count;
    int64_t first_ms, last_ms, delta_ms;
    uint64_t first_bits, last_bits; /* of the doubles */
    uint8_t lead, width;            /* the window: zeros in front, bits kept; width 0: none yet */
    bool compressed;
};

void tschunk_init(struct tschunk *c, bool compressed, uint32_t bytes_max);
void tschunk_fini(struct tschunk *c);
struct tschunk tschunk_copy(const struct tschunk *c);

/* Adds a sample later than all; false, and no change, when the chunk is full. */
bool tschunk_push(struct tschunk *c, struct tssample sample);

/* All samples, to out[count]. */
void tschunk_read(const struct tschunk *c, struct tssample *out);

/* The last sample; the chunk must not be empty. */
struct tssample tschunk_last(const struct tschunk *c);

/* Gives spare memory back; a chunk that gets no more samples. */
void tschunk_shrink(struct tschunk *c);
size_t tschunk_memory(const struct tschunk *c); /* without the struct */

void tschunk_save(const struct tschunk *c, struct buf *out);
/* Takes a chunk from the front of *in; false, and nothing to free, when the bytes make no sense. */
bool tschunk_load(struct slice *in, bool compressed, uint32_t bytes_max, struct tschunk *out);

/* Aborts unless the invariants hold. For tests. */
void tschunk_check(const struct tschunk *c);

#endif
