#include "http_codec.h"

void http_request_write(struct buf *out, const struct http_request *r)
{
    buf_addf(out, "%s ", r->method);
    buf_add_slice(out, r->path);
    buf_add_cstr(out, " HTTP/1.1\r\nHost: ");
    buf_add_slice(out, r->host);
    if (r->token.len > 0) {
        buf_add_cstr(out, "\r\nAuthorization: Bearer ");
        buf_add_slice(out, r->token);
    }
    if (r->idempotency_key.len > 0) {
        buf_add_cstr(out, "\r\nIdempotency-Key: ");
        buf_add_slice(out, r->idempotency_key);
    }
    if (r->body.len > 0) {
        buf_addf(out, "\r\nContent-Type: application/json\r\nContent-Length: %zu", r->body.len);
    } else if (strcmp(r->method, "GET") != 0) {
        buf_add_cstr(out, "\r\nContent-Length: 0");
    }
    buf_add_cstr(out, "\r\n\r\n");
    buf_add_slice(out, r->body);
}

struct head {
    int64_t length; /* -1: not said */
    bool chunked;
};

static bool header_read(struct slice line, struct head *h, struct http_reply *out)
{
    struct slice name = {0};
    if (!slice_cut(&line, ':', &name)) return false;
    struct slice value = slice_trim(line);
    if (slice_word(name, "content-length")) {
        uint64_t n = 0;
        if (!slice_u64(value, &n) || n > HTTP_BODY_MAX) return false;
        h->length = (int64_t)n;
    } else if (slice_word(name, "transfer-encoding")) {
        h->chunked = slice_word(value, "chunked");
    } else if (slice_word(name, "connection")) {
        if (slice_word(value, "close")) out->keep_alive = false;
    } else if (slice_word(name, "idempotent-replayed")) {
        out->replayed = slice_word(value, "true");
    } else if (slice_word(name, "sec-websocket-accept")) {
        out->accept = value;
    } else if (slice_word(name, "retry-after")) {
        int64_t s = 0;
        if (slice_i64(value, &s) && s >= 0 && s < 3600) out->retry_after_s = (int)s;
    }
    return true;
}

/* The next line without its CR LF; false when it is not all there. */
static bool line_cut(struct slice *in, struct slice *line)
{
    size_t end = slice_find(*in, '\n');
    if (end == in->len) return false;
    *line = slice_make(in->p, end);
    if (line->len > 0 && line->p[line->len - 1] == '\r') line->len--;
    *in = slice_from(*in, end + 1);
    return true;
}

static bool hex_read(struct slice s, size_t *out)
{
    size_t n = 0;
    s = slice_make(s.p, slice_find(s, ';')); /* extensions are ignored */
    s = slice_trim(s);
    if (s.len == 0 || s.len > 7) return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        unsigned digit = 0;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = (unsigned)(c - 'A' + 10);
        else
            return false;
        n = n * 16 + digit;
    }
    *out = n;
    return n <= HTTP_BODY_MAX;
}

static enum http_parse chunks_read(struct slice *in, struct buf *chunks)
{
    buf_clear(chunks);
    for (;;) {
        struct slice line = {0};
        size_t n = 0;
        if (!line_cut(in, &line)) return in->len > 64 ? HTTP_BROKEN : HTTP_PARTIAL;
        if (!hex_read(line, &n) || chunks->len + n > HTTP_BODY_MAX) return HTTP_BROKEN;
        if (n == 0) break;
        if (in->len < n + 2) return HTTP_PARTIAL;
        buf_add(chunks, in->p, n);
        *in = slice_from(*in, n);
        if (!line_cut(in, &line) || line.len != 0) return HTTP_BROKEN;
    }
    struct slice trailer = {0};
    do {
        if (!line_cut(in, &trailer)) return HTTP_PARTIAL;
    } while (trailer.len > 0);
    return HTTP_WHOLE;
}

enum http_parse http_reply_read(struct slice in, struct buf *chunks, struct http_reply *out,
                                size_t *used)
{
    struct slice rest = in;
    struct slice line = {0};
    struct head h = {.length = -1};
    struct http_reply r = {.keep_alive = true, .retry_after_s = -1};

    if (!line_cut(&rest, &line)) return in.len > HTTP_HEAD_MAX ? HTTP_BROKEN : HTTP_PARTIAL;
    uint64_t status = 0;
    if (line.len < 12 || !slice_starts(line, SLICE("HTTP/1."))) return HTTP_BROKEN;
    if (!slice_u64(slice_make(line.p + 9, 3), &status) || status < 100) return HTTP_BROKEN;
    r.status = (int)status;
    for (;;) {
        if (!line_cut(&rest, &line)) return in.len > HTTP_HEAD_MAX ? HTTP_BROKEN : HTTP_PARTIAL;
        if (line.len == 0) break;
        if (!header_read(line, &h, &r)) return HTTP_BROKEN;
    }

    bool bare = status == 101 || status == 204 || status == 304;
    if (!bare && h.chunked) {
        enum http_parse e = chunks_read(&rest, chunks);
        if (e != HTTP_WHOLE) return e;
        r.body = buf_slice(chunks);
    } else if (!bare) {
        if (h.length < 0) return HTTP_BROKEN;
        if (rest.len < (size_t)h.length) return HTTP_PARTIAL;
        r.body = slice_make(rest.p, (size_t)h.length);
        rest = slice_from(rest, (size_t)h.length);
    }
    *out = r;
    *used = in.len - rest.len;
    return HTTP_WHOLE;
}
