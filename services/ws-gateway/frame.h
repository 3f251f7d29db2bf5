/* frame: the JSON text of what the gateway sends.
 *
 * Layout:  {"seq":N,  +  "type":…,"ts_ms":…[,"ride_id":…,"version":…],"data":{…}}
 *          The second part is what the outbox keeps; the first is added when the frame leaves.
 * Pure.
 */
#ifndef HANSOM_WS_GATEWAY_FRAME_H
#define HANSOM_WS_GATEWAY_FRAME_H

#include "base/json.h"

/* Begins a frame of this type in out (which is cleared). ride_id may be empty: then neither it nor
 * the version is written. Ends with the key of data: write one JSON value, then frame_end. */
struct json frame_begin(struct buf *out, const char *type, int64_t ts_ms, struct slice ride_id,
                        int64_t version);

void frame_end(struct json *j);

/* The whole of a frame, ready to leave: `{"seq":N,` and what was kept. Appends to out. */
void frame_number(struct buf *out, uint64_t seq, struct slice kept);

#endif
