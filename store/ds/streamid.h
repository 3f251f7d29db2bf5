/* streamid: the id of a stream entry, <ms>-<seq>, ordered first by ms.
 *
 * Owner: a plain value.
 */
#ifndef HANSOM_STORE_DS_STREAMID_H
#define HANSOM_STORE_DS_STREAMID_H

#include "base/slice.h"

struct stream_id {
    uint64_t ms;
    uint64_t seq;
};

#define STREAM_ID_MIN ((struct stream_id){0, 0})
#define STREAM_ID_MAX ((struct stream_id){UINT64_MAX, UINT64_MAX})

enum { STREAM_ID_TEXT = 42 }; /* two u64, '-' and a NUL */

/* <0, 0 or >0, as memcmp. */
static inline int stream_id_cmp(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms) return a.ms < b.ms ? -1 : 1;
    if (a.seq != b.seq) return a.seq < b.seq ? -1 : 1;
    return 0;
}

static inline bool stream_id_zero(struct stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

/* Moves *id to the next or previous id; false (and no change) at the end of the range. */
bool stream_id_next(struct stream_id *id);
bool stream_id_prev(struct stream_id *id);

/* Reads "<ms>-<seq>" or "<ms>", which then gets seq_default. *had_seq (may be NULL) tells
 * which it was. False, and nothing written, on anything else. */
bool stream_id_parse(struct slice text, uint64_t seq_default, struct stream_id *id, bool *had_seq);

/* Writes "<ms>-<seq>" and a NUL; returns the length without the NUL. */
size_t stream_id_format(struct stream_id id, char out[static STREAM_ID_TEXT]);

#endif
