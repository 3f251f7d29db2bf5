/* recorder: figures of a region over time, kept as series (TS.*) of the store.
 *
 *     s->demand = recorder_series(r, region, RECORDED_DEMAND, product);
 *     recorder_add(s->demand, now_ms, 1);            as it happens: an addition in memory
 *     every series-interval, for each region:        one TS.MADD
 *
 * Levels: each figure is three series, which the store condenses itself (TS.CREATERULE):
 *
 *     raw   a sample in 10 s    6 hours
 *     1m    a minute            7 days
 *     1h    an hour             400 days
 *
 * about 22,000 samples, some 50 to 200 kB, for each figure of recorded.def, region and product.
 *
 * Why so little is promised: these are pictures for people. What a process had not written when it was
 * killed is missing from a sum; what was sent and not answered is not sent again, since it may have
 * been counted. A store without TS.* is noticed once in the log, and nothing is kept.
 *
 * Owner: recorder_new to recorder_close. Loop thread only.
 */
#ifndef HANSOM_KIT_RECORDER_H
#define HANSOM_KIT_RECORDER_H

#include "services/kit/keys.h"

struct app;
struct recorder;
struct recorder_series;

enum recorded {
#define RECORDED(id, ...) RECORDED_##id,
#include "services/kit/recorded.def"
#undef RECORDED
    RECORDED_COUNT
};

struct recorded_info {
    const char *name;
    const char *policy; /* TS.CREATE's DUPLICATE_POLICY */
    const char *fold;   /* TS.CREATERULE's aggregator */
    bool each_product;
};

const struct recorded_info *recorded_info(enum recorded what);

enum recorded_level { RECORDED_RAW, RECORDED_MINUTES, RECORDED_HOURS, RECORDED_LEVELS };

struct recorded_level_info {
    const char *name; /* "1m": the end of the key */
    int64_t bucket_ms;
    int64_t keep_ms;
};

const struct recorded_level_info *recorded_level_info(enum recorded_level level);

/* The key of a series; the product is empty for figures of the whole region. */
struct slice recorded_key(struct key_text *out, enum recorded what, struct slice region,
                          struct slice product, enum recorded_level level);

/* Writes to the app's store, as often as its options say. */
struct recorder *recorder_new(struct app *a);

/* Writes what there is and nothing more; cb runs once that has ended: now or later. */
void recorder_drain(struct recorder *r, void (*cb)(void *data), void *data);

/* Frees r once its calls have ended. NULL is fine. */
void recorder_close(struct recorder *r);

/* A figure of a region, made at the first call; lives as long as r. Names are copied; the product is
 * empty for figures of the whole region. With r NULL it is NULL, which records nothing: for whoever
 * wires a service without a recorder. */
struct recorder_series *recorder_series(struct recorder *r, struct slice region, enum recorded what,
                                        struct slice product);

/* Folds a value into the bucket of that wall time. s may be NULL. */
void recorder_add(struct recorder_series *s, int64_t at_ms, double value);

#endif
