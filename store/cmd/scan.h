/* scan: what SCAN, HSCAN, SSCAN and ZSCAN share: their options and their reply.
 *
 *     [*2] next cursor, [*n] elements
 */
#ifndef HANSOM_STORE_CMD_SCAN_H
#define HANSOM_STORE_CMD_SCAN_H

#include "store/cmd/cmd.h"

struct scan {
    uint64_t cursor;
    int64_t count;        /* of elements to look at; 10 without COUNT */
    struct slice pattern; /* of MATCH; p is NULL without it, or when it is "*" */
    struct slice type;    /* of TYPE; p is NULL without it */
};

/* Reads a cursor; "ERR invalid cursor". */
void scan_args_cursor(struct args *a, struct scan *s);

/* Reads the options up to the end; TYPE only when it may be there. */
void scan_args_options(struct args *a, struct scan *s, bool with_type);

/* Whether an element's name is wanted. */
static inline bool scan_wants(const struct scan *s, struct slice name)
{
    return s->pattern.p == NULL || slice_glob(s->pattern, name, false);
}

/* The reply's frame: begin gives the place of the elements' head. */
size_t scan_reply_begin(struct reply *r);
/* Writes the cursor before the elements and their head: n elements were written. */
void scan_reply_end(struct reply *r, size_t place, uint64_t cursor, uint64_t n);

/* Goes through a dict for one call: `visit` until s->count items were seen, the round is over,
 * or ten times as many buckets came up empty. Returns the next cursor. */
uint64_t scan_dict(const struct dict *d, const struct scan *s,
                   void (*visit)(void *item, void *data), void *data);

#endif
