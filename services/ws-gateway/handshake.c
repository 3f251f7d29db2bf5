#include "handshake.h"

size_t handshake_head_len(struct slice bytes)
{
    static const char end[] = "\r\n\r\n";
    const char *at = bytes.len == 0 ? NULL : memmem(bytes.p, bytes.len, end, sizeof end - 1);
    return at == NULL ? 0 : (size_t)(at - bytes.p) + sizeof end - 1;
}

/* Writes the subprotocols but for the tokens; the first token goes to *token. */
static void protocols(struct slice value, struct buf *out, struct slice *token)
{
    struct slice one = {0};
    bool first = true;
    while (slice_cut(&value, ',', &one)) {
        one = slice_trim(one);
        if (slice_starts(one, SLICE("bearer."))) {
            if (token->len == 0) *token = slice_from(one, 7);
            continue;
        }
        buf_add_cstr(out, first ? " " : ", ");
        buf_add_slice(out, one);
        first = false;
    }
}

void handshake_rewrite(struct slice head, struct buf *out)
{
    struct slice token = {0};
    bool authorized = false;
    while (head.len > 0) {
        size_t end = slice_find(head, '\n');
        struct slice line = slice_trim(slice_make(head.p, end));
        head = slice_from(head, end + 1);
        if (line.len == 0) break;

        struct slice value = line;
        struct slice name = {0};
        (void)slice_cut(&value, ':', &name);
        if (slice_word(name, "authorization")) authorized = true;
        if (!slice_word(name, "sec-websocket-protocol")) {
            buf_add_slice(out, line);
        } else {
            size_t from = out->len;
            buf_add_slice(out, name);
            buf_add_char(out, ':');
            size_t empty = out->len;
            protocols(value, out, &token);
            if (out->len == empty) out->len = from; /* nothing but a token: no header is left */
            if (out->len == from) continue;
        }
        buf_add_cstr(out, "\r\n");
    }
    if (token.len > 0 && !authorized) {
        buf_add_cstr(out, "Authorization: Bearer ");
        buf_add_slice(out, token);
        buf_add_cstr(out, "\r\n");
    }
    buf_add_cstr(out, "\r\n");
}
