/* output: what one client is to get, in order, and how much of it may leave.
 *
 * Why lent pieces: a message for a thousand subscribers is encoded once, into a block that their
 * connections share; each holds a reference and the place of its bytes, and they are sent from there.
 * Why marks: with appendfsync always, bytes may leave only once the journal is durable up to the
 * position they depend on. A mark says up to which byte that is the same position. Positions that
 * will be synced together share a mark, so there are few.
 *
 * Layout:      own bytes (session.out)   r r r r r|r r r r|r r r         pieces lie between them:
 *              pieces                             A       B               piece.at counts own bytes
 *              the stream                | sent | may leave | waits for marks[0] | for marks[1] | ...
 *                                               sent        may            marks[0].end
 * Invariants:  sent <= may < marks[0].end < ... <= the stream's end; positions rise. All of these
 *              count from the client's first byte, so nothing shifts when sent bytes are dropped.
 * Cost:        32 bytes a piece; messages that follow each other in a block are one piece.
 * Owner:       its connection. Whoever calls passes session.out, to which commands append.
 */
#ifndef HANSOM_STORE_SERVER_OUTPUT_H
#define HANSOM_STORE_SERVER_OUTPUT_H

#include "base/buf.h"
#include "store/engine/session.h"

#include <sys/uio.h>

enum {
    MARKS_MAX = 4,
    OUT_KEEP = 64 * 1024, /* an empty output buffer above this is given back */
};

struct mark {
    uint64_t end;
    uint64_t position;
};

struct piece_lent {
    uint64_t at;          /* own bytes before it */
    struct shared *block; /* one reference is ours */
    size_t from, len;
};

struct output {
    struct piece_lent *lent; /* owned; those from lent_first on have not left */
    uint32_t lent_first, lent_end, lent_cap;
    size_t lent_bytes; /* of pieces, that have not left */
    uint64_t own_base; /* own bytes before session.out */
    uint64_t own_sent;
    uint64_t sent;
    uint64_t may;
    struct mark marks[MARKS_MAX];
    uint32_t mark_count;
};

/* Gives back references and memory; o is then as new. */
void output_fini(struct output *o);

/* Forgets all that has not left; the caller empties own. */
void output_drop(struct output *o, const struct buf *own);

/* Bytes that have not left. */
static inline size_t output_unread(const struct output *o, const struct buf *own)
{
    return (size_t)(o->own_base + own->len - o->own_sent) + o->lent_bytes;
}

/* What lent pieces count for: their bytes, as if they were the client's own, and their places. */
static inline size_t output_lent(const struct output *o)
{
    return o->lent_cap * sizeof *o->lent + o->lent_bytes;
}

/* Puts len bytes of a block behind what is there, and takes a reference. */
void output_lend(struct output *o, const struct buf *own, struct shared *block, size_t from,
                 size_t len);

/* Enters that what was added since the last call depends on `position`. Bytes whose positions are
 * below `released` may leave; what is up to `taken` is being synced already. */
void output_gate(struct output *o, const struct buf *own, uint64_t position, uint64_t released,
                 uint64_t taken);

/* Bytes whose positions are below `released` may leave. */
void output_release(struct output *o, uint64_t released);

/* The next bytes that may leave, in up to `max` parts; how many parts. */
uint32_t output_next(const struct output *o, const struct buf *own, struct iovec *parts,
                     uint32_t max);

/* n of these have left. */
void output_sent(struct output *o, struct buf *own, size_t n);

#endif
