/* tsquery: a range of a series, as it is or folded into buckets, in either direction.
 *
 * Why: buckets are asked for by their ends, with gaps filled or not, newest first or last, and by
 * each of the ways to fold; here a bucket is found, folded and given out without regard to the
 * direction, so all of them agree.
 *
 * Cost:        a seek a bucket, and the samples in it; what COUNT leaves out is not read.
 * Owner:       a plain value; what it points to is the caller's.
 */
#ifndef HANSOM_STORE_DS_TSQUERY_H
#define HANSOM_STORE_DS_TSQUERY_H

#include "store/ds/series.h"

/* Empty buckets that one query may fill in. */
enum { TSQUERY_EMPTY_MAX = 1 << 21 };

/* The time a bucket is given. */
enum tsquery_stamp { TSQUERY_BEGIN, TSQUERY_MIDDLE, TSQUERY_END };

struct tsquery {
    int64_t from_ms, to_ms; /* both included */
    bool reverse;           /* the last first */
    uint64_t count;         /* at most so many; UINT64_MAX: all */

    bool by_value; /* only values within [min, max] */
    double min, max;
    const int64_t *times; /* only these times, in order; NULL: all */
    uint32_t time_count;

    bool folded;
    enum tsfold_kind kind;
    int64_t bucket_ms, align_ms;
    enum tsquery_stamp stamp;
    bool empty; /* buckets without samples too, between those that have some */

    const struct tssample *latest; /* one more behind the last, or NULL */
};

/* Gives what the query finds to fn, in order, until fn is false. False when it would fill in more
 * than TSQUERY_EMPTY_MAX buckets: then what was given so far is not all. */
bool tsquery_run(const struct series *s, const struct tsquery *q,
                 bool (*fn)(void *data, struct tssample sample), void *data);

#endif
