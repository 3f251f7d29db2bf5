/* ws_codec: the client's side of RFC 6455, as pure functions over bytes. */
#ifndef HANSOM_SIM_WS_CODEC_H
#define HANSOM_SIM_WS_CODEC_H

#include "base/buf.h"

enum ws_op {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

enum { WS_FRAME_MAX = 4 * 1024 * 1024, WS_KEY_LEN = 24, WS_ACCEPT_LEN = 28 };

struct ws_frame {
    enum ws_op op;
    bool fin;
    struct slice payload; /* borrowed from the input */
};

enum ws_parse { WS_PARTIAL, WS_WHOLE, WS_BROKEN };

/* Reads one frame of a server from the start of `in`. WS_BROKEN for what a server may not send:
 * a masked frame, reserved bits, an unknown opcode, a long or split control frame. */
enum ws_parse ws_frame_read(struct slice in, struct ws_frame *out, size_t *used);

/* Appends a whole frame, masked with `mask`. */
void ws_frame_write(struct buf *out, enum ws_op op, struct slice payload, uint32_t mask);

/* The handshake's key from 16 random bytes, and the answer the server must give to it. */
void ws_key(const unsigned char random[static 16], char out[static WS_KEY_LEN + 1]);
void ws_accept(const char *key, char out[static WS_ACCEPT_LEN + 1]);

#endif
