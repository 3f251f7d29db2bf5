#include "streamid.h"

#include "base/buf.h"

bool stream_id_next(struct stream_id *id)
{
    if (id->seq < UINT64_MAX) {
        id->seq++;
        return true;
    }
    if (id->ms == UINT64_MAX) return false;
    id->ms++;
    id->seq = 0;
    return true;
}

bool stream_id_prev(struct stream_id *id)
{
    if (id->seq > 0) {
        id->seq--;
        return true;
    }
    if (id->ms == 0) return false;
    id->ms--;
    id->seq = UINT64_MAX;
    return true;
}

/* Digits only; a plus and leading zeros are accepted, as Redis does here and nowhere else. */
static bool parse_half(struct slice text, uint64_t *out)
{
    if (text.len > 1 && text.p[0] == '+') text = slice_from(text, 1);
    while (text.len > 1 && text.p[0] == '0')
        text = slice_from(text, 1);
    return slice_u64(text, out);
}

bool stream_id_parse(struct slice text, uint64_t seq_default, struct stream_id *id, bool *had_seq)
{
    size_t dash = slice_find(text, '-');
    struct stream_id got = {0, seq_default};
    if (!parse_half((struct slice){text.p, dash}, &got.ms)) return false;
    if (dash < text.len && !parse_half(slice_from(text, dash + 1), &got.seq)) return false;
    *id = got;
    if (had_seq != NULL) *had_seq = dash < text.len;
    return true;
}

size_t stream_id_format(struct stream_id id, char out[static STREAM_ID_TEXT])
{
    size_t n = fmt_u64(out, id.ms);
    out[n++] = '-';
    n += fmt_u64(out + n, id.seq);
    out[n] = '\0';
    return n;
}
