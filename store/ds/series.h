/* series: one time series: samples in chunks, its labels, and the rules that condense it.
 *
 * Why: samples nearly always come in order and are read in ranges, so they lie packed in chunks
 * (tschunk.h) that are sorted by time; one that comes late, or goes, rewrites its chunk alone.
 *
 * Layout:      chunks[0..chunk_count), each later than the one before; the last one is written to
 * Invariants:  no chunk is empty; times strictly increase from chunk to chunk; samples is the sum
 *              of their counts.
 * Cost:        put at the end O(1); elsewhere, and delete, a chunk (at most 16384 samples). A range
 *              is a binary search, then chunk by chunk.
 * Owner:       series_free frees all. What a rule writes to, and what a series is condensed from,
 *              are known by their keys.
 */
#ifndef HANSOM_STORE_DS_SERIES_H
#define HANSOM_STORE_DS_SERIES_H

#include "store/ds/labels.h"
#include "store/ds/tsfold.h"

enum {
    SERIES_CHUNK_BYTES = 4096,
    SERIES_RULES_MAX = 256,
    SERIES_LABELS_MAX = 1024,
};

/* What becomes of a sample whose time is taken already. */
enum series_policy {
    SERIES_POLICY_NONE, /* not said: as BLOCK */
    SERIES_BLOCK,
    SERIES_FIRST,
    SERIES_LAST,
    SERIES_MIN,
    SERIES_MAX,
    SERIES_SUM,
    SERIES_POLICIES
};

/* Condenses buckets of a series into samples of another. A bucket is written when a later one
 * begins; until then it is open. */
struct series_rule {
    struct slice dest; /* owned; a key */
    enum tsfold_kind kind;
    int64_t bucket_ms; /* at least 1 */
    int64_t align_ms;  /* a time at which a bucket begins */
    int64_t open_ms;   /* where the open bucket begins; -1: there is none */
    struct tsfold open;
};

struct series {
    struct tschunk *chunks; /* owned */
    uint32_t chunk_count, chunk_cap;
    uint64_t samples;
    int64_t retention_ms; /* before the last sample; 0: for ever */
    uint32_t chunk_bytes; /* of the chunks to come */
    bool compressed;
    enum series_policy policy;
    struct series_rule *rules; /* owned */
    uint32_t rule_count;
    struct slice
        source; /* owned; the key that this is condensed from; p is NULL when there is none */
    struct labelled place; /* labels, and where it lies */
};

struct series *series_new(bool compressed, uint32_t chunk_bytes);
void series_free(struct series *s);
/* A copy of samples, labels and settings, that lies nowhere and has no rules nor source. */
struct series *series_copy(const struct series *s);

enum series_put {
    SERIES_OK,
    SERIES_OLD,     /* before the retention */
    SERIES_BLOCKED, /* its time is taken */
};

/* Puts a sample in. When its time is taken, `policy` decides, or s->policy when it is NONE. */
enum series_put series_put(struct series *s, struct tssample sample, enum series_policy policy);

/* Deletes what lies within [from_ms, to_ms]; returns how many. */
uint64_t series_delete(struct series *s, int64_t from_ms, int64_t to_ms);

/* The last sample; false when it is empty. */
bool series_last(const struct series *s, struct tssample *out);

/* The first time that the retention still shows. */
int64_t series_shown_from(const struct series *s);

size_t series_memory(const struct series *s);

void series_save(const struct series *s, struct buf *out);
/* NULL when the bytes make no sense. */
struct series *series_load(struct slice bytes);

/* Aborts unless the invariants hold. For tests. */
void series_check(const struct series *s);

/* The series that a place is embedded in. */
static inline struct series *series_at(struct labelled *place)
{
    return (struct series *)(void *)((char *)place - offsetof(struct series, place));
}

/* --- reading: a place among the samples, of which one chunk is unpacked at a time --- */

struct series_cursor {
    const struct series *s;    /* borrowed; must not change while the cursor is used */
    struct tssample *unpacked; /* owned; of chunks[chunk] */
    uint32_t cap, count;       /* count 0: nothing is unpacked yet */
    uint32_t chunk, at;
};

void series_cursor_init(struct series_cursor *c, const struct series *s);
void series_cursor_fini(struct series_cursor *c);

/* Goes to the first sample at or after a time, or the last at or before it; false when there is
 * none, and the cursor is nowhere then. */
bool series_seek(struct series_cursor *c, int64_t ms, struct tssample *out);
bool series_seek_back(struct series_cursor *c, int64_t ms, struct tssample *out);

/* Goes one further; false at the end. */
bool series_next(struct series_cursor *c, struct tssample *out);
bool series_previous(struct series_cursor *c, struct tssample *out);

/* --- rules --- */

/* Where the bucket of a time begins, which may be before 0, and its last millisecond. */
int64_t series_bucket(int64_t ms, int64_t bucket_ms, int64_t align_ms);
int64_t series_bucket_end(int64_t begin_ms, int64_t bucket_ms);

/* Adds a rule without an open bucket. */
struct series_rule *series_add_rule(struct series *s, struct slice dest, enum tsfold_kind kind,
                                    int64_t bucket_ms, int64_t align_ms);
void series_drop_rule(struct series *s, uint32_t i);
struct series_rule *series_find_rule(const struct series *s, struct slice dest);
void series_set_source(struct series *s, struct slice key); /* p NULL: none */
void series_key_free(struct slice key);                     /* of a rule, or a source */
void series_rename_dest(struct series_rule *r, struct slice dest);

/* A rule takes in the sample that was put behind all others. True when this ended a bucket: *out is
 * what that came to. */
bool series_rule_append(struct series_rule *r, struct tssample sample, struct tssample *out);

/* What a bucket of s comes to, all of its samples read anew; false when it has none. */
bool series_rule_fold(const struct series *s, const struct series_rule *r, int64_t begin_ms,
                      struct tssample *out);

/* Reads the open bucket anew, after its samples changed otherwise; when those are gone, the bucket
 * of the last sample is open again. */
void series_rule_reopen(const struct series *s, struct series_rule *r);

/* What the open bucket comes to so far; false when there is none. */
bool series_rule_latest(const struct series_rule *r, struct tssample *out);

#endif
