#include "frame.h"

struct json frame_begin(struct buf *out, const char *type, int64_t ts_ms, struct slice ride_id,
                        int64_t version)
{
    buf_clear(out);
    struct json j = json_start(out);
    j.depth = 1; /* the object that frame_number opens */
    json_put_cstr(&j, "type", type);
    json_put_i64(&j, "ts_ms", ts_ms);
    if (ride_id.len > 0) {
        json_put_str(&j, "ride_id", ride_id);
        json_put_i64(&j, "version", version);
    }
    json_key(&j, "data");
    return j;
}

void frame_end(struct json *j)
{
    json_object_end(j);
}

void frame_number(struct buf *out, uint64_t seq, struct slice kept)
{
    buf_add_cstr(out, "{\"seq\":");
    buf_add_u64(out, seq);
    buf_add_char(out, ',');
    buf_add_slice(out, kept);
}
