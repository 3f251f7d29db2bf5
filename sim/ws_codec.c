#include "ws_codec.h"

#include <openssl/evp.h>

#include "base/must.h"

enum ws_parse ws_frame_read(struct slice in, struct ws_frame *out, size_t *used)
{
    const unsigned char *p = (const unsigned char *)in.p;
    if (in.len < 2) return WS_PARTIAL;
    unsigned op = p[0] & 0x0fu;
    bool fin = (p[0] & 0x80u) != 0;
    bool known = op <= WS_BINARY || (op >= WS_CLOSE && op <= WS_PONG);
    if ((p[0] & 0x70u) != 0 || (p[1] & 0x80u) != 0 || !known) return WS_BROKEN;

    uint64_t len = p[1] & 0x7fu;
    size_t head = 2;
    if (op >= WS_CLOSE && (!fin || len > 125)) return WS_BROKEN;
    if (len >= 126) {
        size_t bytes = len == 126 ? 2 : 8;
        if (in.len < 2 + bytes) return WS_PARTIAL;
        len = 0;
        for (size_t i = 0; i < bytes; i++) {
            len = len << 8 | p[2 + i];
        }
        head += bytes;
    }
    if (len > WS_FRAME_MAX) return WS_BROKEN;
    if (in.len - head < len) return WS_PARTIAL;
    *out = (struct ws_frame){(enum ws_op)op, fin, slice_make(in.p + head, (size_t)len)};
    *used = head + (size_t)len;
    return WS_WHOLE;
}

void ws_frame_write(struct buf *out, enum ws_op op, struct slice payload, uint32_t mask)
{
    must(payload.len <= WS_FRAME_MAX);
    unsigned char head[14];
    size_t n = 0;
    head[n++] = (unsigned char)(0x80u | (unsigned)op);
    if (payload.len < 126) {
        head[n++] = (unsigned char)(0x80u | payload.len);
    } else {
        size_t bytes = payload.len < 65536 ? 2 : 8;
        head[n++] = bytes == 2 ? 0xfe : 0xff;
        for (size_t i = bytes; i-- > 0;) {
            head[n++] = (unsigned char)(payload.len >> (8 * i) & 0xff);
        }
    }
    unsigned char key[4] = {(unsigned char)(mask >> 24), (unsigned char)(mask >> 16 & 0xff),
                            (unsigned char)(mask >> 8 & 0xff), (unsigned char)(mask & 0xff)};
    memcpy(head + n, key, sizeof key);
    n += sizeof key;
    buf_add(out, head, n);
    char *to = buf_reserve(out, payload.len);
    for (size_t i = 0; i < payload.len; i++) {
        to[i] = (char)((unsigned char)payload.p[i] ^ key[i % 4]);
    }
    out->len += payload.len;
}

void ws_key(const unsigned char random[static 16], char out[static WS_KEY_LEN + 1])
{
    must(EVP_EncodeBlock((unsigned char *)out, random, 16) == WS_KEY_LEN);
}

void ws_accept(const char *key, char out[static WS_ACCEPT_LEN + 1])
{
    struct buf text = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    buf_add_cstr(&text, key);
    buf_add_cstr(&text, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    must(EVP_Digest(text.p, text.len, digest, &len, EVP_sha1(), NULL) == 1);
    must(EVP_EncodeBlock((unsigned char *)out, digest, (int)len) == WS_ACCEPT_LEN);
    buf_fini(&text);
}
