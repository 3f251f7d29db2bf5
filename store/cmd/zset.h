/* zset: what the families of sorted sets and geo share. */
#ifndef HANSOM_STORE_CMD_ZSET_H
#define HANSOM_STORE_CMD_ZSET_H

#include "store/cmd/cmd.h"
#include "store/type/zset.h"

/* Looks a sorted set up; *out is NULL when the key is missing. False when it has replied with
 * the type error. */
bool zset_open(struct cmd *c, struct slice key, struct zset **out);
bool zset_open_write(struct cmd *c, struct slice key, struct zset **out);

/* The sorted set at key, made and put in when it is missing. */
struct zset *zset_need(struct cmd *c, struct slice key, struct zset *z, bool geo);

/* A pair of ranks: from and how many, counted from the end with reverse. */
struct zset_span {
    uint32_t from;
    uint32_t n;
    bool reverse;
};

/* Replies with the members of the span. Scores follow their members in RESP2; in RESP3 each
 * member makes a pair with its score. */
void zset_reply_span(struct cmd *c, const struct zset *z, struct zset_span span, bool scores);

/* Puts z under dst (an empty z deletes dst), says `event`, replies with its length, and logs
 * what recovery needs: when one of the n sources is not in the log, the members themselves. */
void zset_store(struct cmd *c, struct slice dst, struct zset *z, const char *event,
                const struct slice *sources, uint32_t n);

#endif
