/* http_codec: the HTTP/1.1 client's side of the wire, as pure functions over bytes.
 *
 * Replies of the API are small: the whole reply is parsed once it is there, from its start, each
 * time more bytes came.
 */
#ifndef HANSOM_SIM_HTTP_CODEC_H
#define HANSOM_SIM_HTTP_CODEC_H

#include "base/buf.h"

enum { HTTP_HEAD_MAX = 32 * 1024, HTTP_BODY_MAX = 16 * 1024 * 1024 };

struct http_request {
    const char *method;
    struct slice host;
    struct slice path; /* with its query */
    struct slice token;
    struct slice idempotency_key; /* empty: none */
    struct slice body;            /* empty: none */
};

struct http_reply {
    int status;
    bool keep_alive;
    bool replayed;       /* Idempotent-Replayed: true */
    int retry_after_s;   /* -1: not said */
    struct slice accept; /* Sec-WebSocket-Accept; borrowed from the input */
    struct slice body;   /* borrowed: from the input, or from `chunks` */
};

enum http_parse { HTTP_PARTIAL, HTTP_WHOLE, HTTP_BROKEN };

void http_request_write(struct buf *out, const struct http_request *r);

/* Reads one reply from the start of `in`. HTTP_WHOLE fills *out and *used. A 101 has no body:
 * what follows it is the new protocol's. chunks receives the body of a chunked reply. */
enum http_parse http_reply_read(struct slice in, struct buf *chunks, struct http_reply *out,
                                size_t *used);

#endif
