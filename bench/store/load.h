/* load: what the parts of the load generator tell each other.
 *
 *     load.c       options, and the report
 *     workload.c   which commands each workload sends; workload_search.c: those of search;
 *                  workload_vectors.c: those of vectors
 *     families.c   those of JSON, time series and sketches
 *     client.c     connections, replies, the loop
 *     fanout.c     PUBLISH to many subscribers, which has a loop of its own
 */
#ifndef HANSOM_BENCH_STORE_LOAD_H
#define HANSOM_BENCH_STORE_LOAD_H

#include "base/buf.h"
#include "base/rng.h"

enum { SAMPLES_MAX = 1 << 20, KEPT_MAX = 128, SHA = 40 };

struct options {
    int port;
    const char *workload;
    const char *places; /* "city", "airport", "apron", or a file of "lon lat" lines */
    uint32_t conns, pipeline, keys;
    double seconds;
    double rate; /* commands a second at set times; 0: as fast as they are answered */
    const char *radius_km;
    const char *count; /* "0": no COUNT */
    bool fill;
};

/* A bulk string of a reply that a later command needs: an entry's id, a cursor, a digest. */
struct kept {
    uint8_t len;
    char text[63];
};

/* What a workload may know of the connection whose next command it writes. */
struct turn {
    struct buf *out;
    uint32_t conn;
    uint64_t step; /* commands or pairs sent on this connection before */
    const struct kept *kept;
    uint32_t kept_count; /* of the last replies */
};

struct micro {
    int32_t lon, lat; /* millionths of a degree */
};

/* Makes commands: the random numbers, and the places of the drivers. */
struct maker {
    const struct options *o;
    struct rng rng;
    struct micro *fixes; /* owned; of the file of places; else NULL */
    uint32_t fix_count;
    struct micro *at; /* owned; where each driver is, for short moves */
    char sha[SHA];    /* of the script */
};

/* Reads the file of places, if any. */
void maker_init(struct maker *m, const struct options *o);
void maker_fini(struct maker *m);

struct workload {
    const char *name;
    /* Writes what must be sent once before; returns how many commands. NULL: nothing. */
    uint32_t (*setup)(struct maker *m, struct buf *out);
    /* Writes the n-th command that loads the data. NULL: there is none. */
    void (*fill)(struct maker *m, struct buf *out, uint64_t n);
    /* Writes the next commands of a connection; returns how many. */
    uint32_t (*next)(struct maker *m, struct turn *t);
    /* Counted are the kept strings of the replies but the first, not the replies: entries. */
    bool entries;
};

/* Of workload_search.c. */
void search_fill(struct maker *m, struct buf *out, uint64_t n);
uint32_t search_next_range(struct maker *m, struct turn *t);
uint32_t search_next_place(struct maker *m, struct turn *t);
uint32_t search_next_text(struct maker *m, struct turn *t);
uint32_t search_next_update(struct maker *m, struct turn *t);
uint32_t search_next_rewrite(struct maker *m, struct turn *t);

/* Of workload_vectors.c. */
void vectors_fill(struct maker *m, struct buf *out, uint64_t n);
uint32_t vectors_next(struct maker *m, struct turn *t);

/* NULL if there is none of this name. */
const struct workload *workload_find(const char *name);
const struct workload *workload_find_family(const char *name);

static inline uint64_t any_key(struct maker *m)
{
    return rng_below(&m->rng, m->o->keys);
}

/* One connection to the store, blocking until it is there; ends the program when it fails. */
int load_connect(const struct options *o);

/* What came of a run. */
struct tally {
    uint64_t answered; /* commands, entries or deliveries */
    uint64_t errors;
    double seconds;
    uint32_t *samples; /* owned; latency of a batch, or of a command sent at its time, in us */
    uint32_t sample_count;
    char first_error[64];
};

static inline void tally_sample(struct tally *t, int64_t us)
{
    if (t->sample_count < SAMPLES_MAX) t->samples[t->sample_count++] = (uint32_t)us;
}

/* Runs a workload for o->seconds, or fills the store with its data. */
void load_run(const struct options *o, const struct workload *w, struct tally *t);

/* Publishes to o->keys subscribers, `pipeline` messages at a time, and counts deliveries. */
void load_fanout(const struct options *o, struct tally *t);

#endif
