/* outbox: what one WebSocket client still has to be sent, within a bound.
 *
 * Why: a phone in a tunnel must neither cost memory nor delay anyone, and must never silently miss
 * a change of its ride. So when the queue is full, positions give way first (only the newest of
 * each key is ever kept), then all queued state gives way to one gap: once the rest has drained,
 * the owner sends `gap` and a fresh snapshot, which replaces everything the client holds.
 *
 * Layout:      a list of frames in order of sending; a frame is the JSON object without its first
 *              members, which are numbered when the frame really leaves, so that frames that gave
 *              way leave no hole in `seq`.
 * Invariants:  bytes is the sum of the frames' lengths and never exceeds limit; at most one
 *              position frame a key; while a gap is pending no state frame is queued.
 * Cost:        put is O(1) for state, O(positions queued) for a position; a few keys a client.
 * Owner:       embedded in a session. Loop thread only.
 * Pure:        no I/O; time is an argument.
 */
#ifndef HANSOM_WS_GATEWAY_OUTBOX_H
#define HANSOM_WS_GATEWAY_OUTBOX_H

#include "base/list.h"
#include "base/slice.h"

enum outbox_class {
    OUTBOX_CONTROL,  /* hello, ack, error, gap: never dropped, so bounded by the hard limit */
    OUTBOX_STATE,    /* snapshot, ride.updated, offer.*: gives way to one gap */
    OUTBOX_POSITION, /* driver.location, eta, surge: the newest of a key wins */
    OUTBOX_CLASSES
};

/* "control", "state" or "position". */
const char *outbox_class_text(enum outbox_class class);

enum outbox_result {
    OUTBOX_QUEUED,
    OUTBOX_REPLACED, /* an older position of this key was overwritten */
    OUTBOX_DROPPED,  /* a position that found no room, or state while a gap is pending */
    OUTBOX_GAP,      /* queued state gave way; a snapshot is due after draining */
    OUTBOX_OVER,     /* even control frames do not fit: close this client */
};

struct outbox {
    struct list frames;
    size_t bytes;
    size_t limit;
    bool gap;
    int64_t progress_ms; /* when a frame last left, or when the queue was last empty */
};

void outbox_init(struct outbox *o, size_t limit_bytes);

/* Frees what is queued. */
void outbox_fini(struct outbox *o);

/* Queues a copy of frame. key (at most 64 bytes count) tells positions apart and is not used for
 * the other classes. */
enum outbox_result outbox_put(struct outbox *o, enum outbox_class class, struct slice key,
                              struct slice frame, int64_t now_ms);

/* The next frame to send, borrowed until outbox_pop; false when there is none. */
bool outbox_peek(const struct outbox *o, struct slice *frame);

/* The peeked frame has left. */
void outbox_pop(struct outbox *o, int64_t now_ms);

/* True once everything before a gap has drained; the caller now sends `gap` and a snapshot. */
bool outbox_take_gap(struct outbox *o);

/* Milliseconds since this client last took a frame while frames wait for it; 0 when none wait. */
int64_t outbox_stalled_ms(const struct outbox *o, int64_t now_ms);

#endif
