/* group_reader: reads a region's stream in a consumer group and hands its entries out one by one.
 *
 *   DOWN --connected--> group made --> READING --entries--> WORKING --all done--> READING ...
 *     ^------------connection lost--------+
 *
 * Besides, a timer claims what other processes left undone; those entries count as work too.
 *
 * Nothing is acknowledged before its effect: whoever takes an entry acknowledges it himself, in the
 * call that has the effect. A process that dies in between leaves the entry pending, and another
 * one claims it once it has been idle for claim_ms. Entries that are no work are acknowledged here.
 *
 * Owner: group_reader_new to group_reader_close's callback. Loop thread only.
 */
#ifndef HANSOM_KIT_GROUP_READER_H
#define HANSOM_KIT_GROUP_READER_H

#include "services/kit/app.h"
#include "services/kit/keys.h"

struct group_reader;

struct group_reader_config {
    struct app *app;      /* borrowed */
    enum key stream;      /* a key of the region that takes no more arguments */
    struct slice region;  /* copied */
    struct slice group;   /* borrowed for the reader's life */
    const char *consumer; /* borrowed for the reader's life */
    int64_t claim_ms;     /* entries left undone so long are taken over */
    /* Takes one entry; fields is nil when it was trimmed away. True: it is work, and
     * group_reader_done is called once when it is done, later. False: acknowledge it. */
    bool (*take)(void *data, struct slice entry_id, const redisReply *fields);
    void *data;
};

/* Reads on a connection of its own, because its reads block. */
struct group_reader *group_reader_new(const struct group_reader_config *config);

/* One entry that was taken is done with, whether or not it could be acknowledged. */
void group_reader_done(struct group_reader *r);

/* Reads no more; cb runs when all that was taken is done: now or later. */
void group_reader_drain(struct group_reader *r, void (*cb)(void *data), void *data);

/* cb (may be NULL) runs when r is freed: not before all that was taken is done. */
void group_reader_close(struct group_reader *r, void (*cb)(void *data), void *data);

#endif
