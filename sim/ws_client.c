#include "ws_client.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rng.h"
#include "sim/http_codec.h"
#include "sim/ws_codec.h"

enum { READ_STEP = 16 * 1024, SILENCE_MS_MAX = 60 * 1000, CLOSE_MS = 1000 };

struct ws {
    struct net *net;
    uv_tcp_t tcp;
    uv_connect_t connect;
    struct alarm silence;
    struct buf in;
    struct buf message;             /* the parts of a split message so far */
    struct buf request;             /* the handshake */
    const struct ws_events *events; /* NULL once nobody listens */
    void *data;
    char accept[WS_ACCEPT_LEN + 1];
    bool open;
    bool dying;
};

struct ws_write {
    uv_write_t write;
    struct buf bytes;
};

static void on_closed(uv_handle_t *handle)
{
    struct ws *w = handle->data;
    buf_fini(&w->in);
    buf_fini(&w->message);
    buf_fini(&w->request);
    mem_free(w);
}

static void ws_die(struct ws *w, int code)
{
    if (w->dying) return;
    w->dying = true;
    net_clear(w->net, &w->silence);
    uv_close((uv_handle_t *)&w->tcp, on_closed);
    const struct ws_events *events = w->events;
    w->events = NULL;
    if (events != NULL) events->on_close(w->data, code);
}

static void on_silence(void *data)
{
    ws_die(data, 0);
}

static void on_written(uv_write_t *write, int status)
{
    struct ws_write *ww = write->data;
    struct ws *w = write->handle->data;
    buf_fini(&ww->bytes);
    mem_free(ww);
    if (status < 0) ws_die(w, 0);
}

static void ws_write(struct ws *w, struct buf bytes)
{
    struct ws_write *ww = mem_new(struct ws_write);
    ww->bytes = bytes;
    ww->write.data = ww;
    uv_buf_t out = uv_buf_init(bytes.p, (unsigned)bytes.len);
    if (uv_write(&ww->write, (uv_stream_t *)&w->tcp, &out, 1, on_written) < 0) {
        buf_fini(&ww->bytes);
        mem_free(ww);
    }
}

static void ws_frame(struct ws *w, enum ws_op op, struct slice payload)
{
    uint32_t mask = 0;
    struct buf bytes = {0};
    rng_secret(&mask, sizeof mask);
    ws_frame_write(&bytes, op, payload, mask);
    ws_write(w, bytes);
}

/* Reads the 101; false when there is no session to go on with. */
static bool handshake_read(struct ws *w)
{
    struct http_reply reply = {0};
    struct buf chunks = {0};
    size_t used = 0;
    enum http_parse p = http_reply_read(buf_slice(&w->in), &chunks, &reply, &used);
    buf_fini(&chunks);
    if (p == HTTP_PARTIAL) return true;
    bool good = p == HTTP_WHOLE && reply.status == 101 && slice_is(reply.accept, w->accept);
    if (!good) {
        ws_die(w, p == HTTP_WHOLE ? reply.status : 0);
        return false;
    }
    buf_drop(&w->in, used);
    w->open = true;
    return true;
}

static void message_end(struct ws *w, struct slice payload)
{
    if (w->events != NULL) w->events->on_text(w->data, payload);
}

/* False when the connection has ended. */
static bool frame_take(struct ws *w, const struct ws_frame *f)
{
    switch (f->op) {
    case WS_PING:
        ws_frame(w, WS_PONG, f->payload);
        return true;
    case WS_PONG:
        return true;
    case WS_CLOSE: {
        const unsigned char *p = (const unsigned char *)f->payload.p;
        int code = f->payload.len >= 2 ? p[0] << 8 | p[1] : 1005;
        ws_frame(w, WS_CLOSE, slice_make(f->payload.p, f->payload.len >= 2 ? 2 : 0));
        ws_die(w, code);
        return false;
    }
    case WS_TEXT:
    case WS_BINARY:
    case WS_CONTINUATION:
        if (f->fin && w->message.len == 0) {
            message_end(w, f->payload);
            return !w->dying;
        }
        buf_add_slice(&w->message, f->payload);
        if (!f->fin) return true;
        message_end(w, buf_slice(&w->message));
        if (!w->dying) buf_clear(&w->message);
        return !w->dying;
    }
    return true;
}

static void frames_read(struct ws *w)
{
    size_t at = 0;
    for (;;) {
        struct ws_frame f;
        size_t used = 0;
        enum ws_parse p = ws_frame_read(slice_from(buf_slice(&w->in), at), &f, &used);
        if (p == WS_PARTIAL) break;
        if (p == WS_BROKEN) {
            ws_die(w, 0);
            return;
        }
        at += used;
        if (!frame_take(w, &f)) return;
    }
    buf_drop(&w->in, at);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct ws *w = handle->data;
    *out = uv_buf_init(buf_reserve(&w->in, READ_STEP), READ_STEP);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *unused)
{
    (void)unused;
    struct ws *w = stream->data;
    if (n == 0 || w->dying) return;
    if (n < 0) {
        ws_die(w, 0);
        return;
    }
    w->in.len += (size_t)n;
    if (w->events != NULL) net_after(w->net, &w->silence, SILENCE_MS_MAX, on_silence, w);
    if (!w->open && !handshake_read(w)) return;
    if (w->open) frames_read(w);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct ws *w = connect->data;
    if (w->dying) return;
    if (status < 0) {
        ws_die(w, 0);
        return;
    }
    uv_tcp_nodelay(&w->tcp, 1);
    uv_read_start((uv_stream_t *)&w->tcp, on_alloc, on_read);
    ws_write(w, w->request);
    w->request = (struct buf){0};
}

struct ws *ws_open(struct net *net, const struct sockaddr_in *address, struct slice token,
                   const struct ws_events *events, void *data)
{
    struct ws *w = mem_new(struct ws);
    w->net = net;
    w->events = events;
    w->data = data;
    unsigned char random[16];
    char key[WS_KEY_LEN + 1];
    rng_secret(random, sizeof random);
    ws_key(random, key);
    ws_accept(key, w->accept);
    buf_addf(&w->request,
             "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n"
             "Sec-WebSocket-Protocol: hansom.v1\r\nAuthorization: Bearer ",
             ntohs(address->sin_port), key);
    buf_add_slice(&w->request, token);
    buf_add_cstr(&w->request, "\r\n\r\n");

    must(uv_tcp_init(net->loop, &w->tcp) == 0);
    w->tcp.data = w;
    w->connect.data = w;
    net_after(net, &w->silence, SILENCE_MS_MAX, on_silence, w);
    if (uv_tcp_connect(&w->connect, &w->tcp, (const struct sockaddr *)address, on_connect) < 0) {
        net_after(net, &w->silence, 0, on_silence, w);
    }
    return w;
}

void ws_send(struct ws *w, struct slice text)
{
    if (w->open && !w->dying) ws_frame(w, WS_TEXT, text);
}

static void on_bye(void *data)
{
    ws_die(data, 0);
}

void ws_close(struct ws *w)
{
    if (w == NULL) return;
    w->events = NULL;
    if (w->dying) return;
    if (!w->open) {
        ws_die(w, 0);
        return;
    }
    ws_frame(w, WS_CLOSE, SLICE("\x03\xe8"));
    net_after(w->net, &w->silence, CLOSE_MS, on_bye, w); /* if the server does not hang up */
}
