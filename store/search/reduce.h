/* reduce: what GROUPBY makes of the rows of one group: COUNT, SUM, QUANTILE and their like.
 *
 * Why: each reducer is a small state that takes one value a row and gives one at the end; the
 * states of a group lie in a row.
 *
 * Cost:    a value is O(1), of TOLIST and COUNT_DISTINCT expected. QUANTILE keeps all numbers and is
 *          exact; COUNT_DISTINCT keeps 8 bytes a different value, TOLIST the values themselves.
 * Owner:   states own what they keep; reduce_fini frees it.
 */
#ifndef HANSOM_STORE_SEARCH_REDUCE_H
#define HANSOM_STORE_SEARCH_REDUCE_H

#include "base/buf.h"
#include "base/rng.h"
#include "store/search/value.h"

enum { REDUCE_SAMPLE_MAX = 1000 };

enum reduce_kind {
    REDUCE_COUNT,
    REDUCE_COUNT_DISTINCT,
    REDUCE_COUNT_DISTINCTISH,
    REDUCE_SUM,
    REDUCE_MIN,
    REDUCE_MAX,
    REDUCE_AVG,
    REDUCE_STDDEV,
    REDUCE_QUANTILE,
    REDUCE_TOLIST,
    REDUCE_FIRST_VALUE,
    REDUCE_RANDOM_SAMPLE
};

/* One REDUCE clause. Columns are numbers of the pipeline; -1: none. */
struct reducer {
    enum reduce_kind kind;
    int column;
    int by;           /* FIRST_VALUE: BY */
    bool descending;  /* of it */
    double quantile;  /* in [0, 1] */
    uint32_t samples; /* RANDOM_SAMPLE: 1 to REDUCE_SAMPLE_MAX */
    uint32_t to;      /* the column of the outcome */
};

/* A set of 64-bit hashes. */
struct hash_set {
    uint64_t *slots; /* owned; 0 is free */
    uint32_t count, cap;
};

struct reduce_state {
    uint64_t seen;        /* values that counted */
    double sum, mean, m2; /* m2: squares of what is off the mean (Welford) */
    double min, max;
    struct hash_set set;
    struct buf
        kept; /* QUANTILE: numbers; DISTINCTISH: registers; RANDOM_SAMPLE: slices, each owned;
                      * TOLIST, FIRST_VALUE: packed values */
    uint32_t kept_n;
};

/* Reads a reducer from its name and the n words behind their number. False with *error, an error
 * line of the arena, when it makes no sense. `column` finds the column of a name such as "@x"; it
 * gives -1 and writes the error when there is none. */
bool reduce_parse(struct slice name, const struct slice *argv, uint32_t n,
                  int (*column)(void *data, struct slice name, const char **error), void *data,
                  struct arena *arena, struct reducer *out, const char **error);

/* Takes a row in; returns the bytes that the state grew by. */
size_t reduce_add(const struct reducer *r, struct reduce_state *s, const struct search_value *row,
                  struct rng *rng, struct arena *arena);

/* The outcome; memory is the state's or the arena's. */
struct search_value reduce_value(const struct reducer *r, struct reduce_state *s,
                                 struct arena *arena);

void reduce_fini(const struct reducer *r, struct reduce_state *s);

/* Appends v as bytes that are equal exactly for equal values. */
void value_pack(struct search_value v, struct buf *out);

/* Reads one value back from the front of in; texts point into it, lists are the arena's. */
struct search_value value_unpack(struct slice *in, struct arena *arena);

#endif
