#include "server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/ws-gateway/frame.h"
#include "services/ws-gateway/front.h"

#include <libwebsockets.h>
#include <unistd.h>

enum { HEADERS_MAX = 8192, TX_PACKET = 65536, WAITING_MAX = 4096 };

struct server {
    struct gateway *gateway;
    struct lws_context *context; /* owned */
    struct lws_vhost *vhost;     /* owned by the context */
    struct front *front;         /* owned */
    struct buf out;              /* LWS_PRE bytes and a frame */
};

/* What libwebsockets keeps for each connection. */
struct slot {
    struct session *session;
};

static struct server *server_of(struct lws *wsi)
{
    return lws_context_user(lws_get_context(wsi));
}

/* --- sending --- */

/* Ends a connection from outside of libwebsockets' own callbacks, now or after some seconds. */
static void kill_soon(struct lws *wsi, int64_t after_ms)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK,
                    after_ms <= 0 ? LWS_TO_KILL_ASYNC : (int)((after_ms + 999) / 1000));
}

/* Writes one frame. False when the connection is broken. */
static bool write_frame(struct session *s, struct slice kept)
{
    struct server *server = s->gateway->server;
    struct buf *out = &server->out;
    buf_clear(out);
    (void)buf_reserve(out, LWS_PRE);
    out->len = LWS_PRE;
    frame_number(out, ++s->seq, kept);
    size_t len = out->len - LWS_PRE;
    return lws_write(s->socket, (unsigned char *)out->p + LWS_PRE, len, LWS_WRITE_TEXT) >= (int)len;
}

static bool takes_more(struct lws *wsi)
{
    return !lws_partial_buffered(wsi) && !lws_send_pipe_choked(wsi);
}

/* False when the connection is broken. */
static bool flush(struct session *s)
{
    struct slice kept = {0};
    while (outbox_peek(&s->outbox, &kept)) {
        if (!takes_more(s->socket)) {
            (void)lws_callback_on_writable(s->socket);
            return true;
        }
        if (!write_frame(s, kept)) return false;
        s->gateway->queue_bytes -= kept.len;
        outbox_pop(&s->outbox, clock_mono_ms());
    }
    return true;
}

void server_flush(struct session *s)
{
    if (s->socket == NULL) return;
    if (!flush(s))
        kill_soon(s->socket, 0);
    else
        session_flushed(s);
}

/* With a byte in it: the library says nothing of a pong that is empty. */
static void write_ping(struct session *s)
{
    unsigned char ping[LWS_PRE + 1] = {0};
    (void)lws_write(s->socket, ping + LWS_PRE, 1, LWS_WRITE_PING);
}

void server_ping(struct session *s)
{
    /* A socket that takes nothing needs no ping to be found stalled. */
    if (s->socket != NULL && takes_more(s->socket)) write_ping(s);
}

void server_close_session(struct session *s, int64_t kill_ms)
{
    if (s->socket == NULL) return;
    (void)lws_callback_on_writable(s->socket);
    kill_soon(s->socket, kill_ms);
}

/* --- the handshake --- */

static bool is_our_path(struct lws *wsi)
{
    char path[64];
    int n = lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
    return n > 0 && strcmp(path, "/v1/ws") == 0;
}

/* The token of the Authorization header; the front has put a browser's there too. */
static struct slice handshake_token(struct lws *wsi, char *text, int size)
{
    if (lws_hdr_copy(wsi, text, size, WSI_TOKEN_HTTP_AUTHORIZATION) <= 0) return SLICE("");
    struct slice header = slice_of(text);
    struct slice scheme = {0};
    (void)slice_cut(&header, ' ', &scheme);
    return slice_word(scheme, "bearer") ? slice_trim(header) : SLICE("");
}

static void established(struct lws *wsi, struct slot *slot)
{
    struct server *server = server_of(wsi);
    slot->session = session_new(server->gateway, wsi);
    if (app_draining(server->gateway->app)) {
        session_close(slot->session, WS_DRAIN);
        return;
    }
    char text[HEADERS_MAX];
    struct slice token = handshake_token(wsi, text, sizeof text);
    if (token.len > 0) session_auth(slot->session, token);
}

/* --- messages --- */

static void received(struct lws *wsi, struct session *s, const void *bytes, size_t len)
{
    if (s->partial.len + len > (size_t)s->gateway->options.message_bytes) {
        session_close(s, WS_TOO_BIG);
        return;
    }
    if (lws_frame_is_binary(wsi)) {
        session_close(s, WS_POLICY);
        return;
    }
    bool whole = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;
    if (whole && s->partial.len == 0) {
        session_message(s, slice_make(bytes, len));
        return;
    }
    buf_add(&s->partial, bytes, len);
    if (!whole) return;
    session_message(s, buf_slice(&s->partial));
    buf_fini(&s->partial);
}

/* The library keeps the name of this write to itself. Its lws_close_reason is of no use here: on
 * an adopted connection 4.1.6 shuts the socket down without sending that frame. */
enum { WRITE_CLOSE = 4 };
_Static_assert(WRITE_CLOSE + 1 == LWS_WRITE_PING, "libwebsockets numbers its writes anew");

static void write_close(struct session *s)
{
    unsigned char frame[LWS_PRE + 2];
    frame[LWS_PRE] = (unsigned char)((unsigned)s->close_code >> 8);
    frame[LWS_PRE + 1] = (unsigned char)((unsigned)s->close_code & 255);
    (void)lws_write(s->socket, frame + LWS_PRE, 2, (enum lws_write_protocol)WRITE_CLOSE);
}

/* libwebsockets wants -1 to close the connection. */
static int writable(struct session *s)
{
    if (s->close_code != 0) {
        write_close(s);
        return -1;
    }
    if (!flush(s)) return -1;
    session_flushed(s);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct slot *slot = user;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum" /* the library has a hundred; we hear what we need */
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        (void)lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
        return -1;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return is_our_path(wsi) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        established(wsi, slot);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        received(wsi, slot->session, in, len);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        slot->session->pong_ms = clock_mono_ms();
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writable(slot->session);
    case LWS_CALLBACK_CLOSED:
        if (slot->session != NULL) session_gone(slot->session);
        slot->session = NULL;
        return 0;
    default:
        return 0;
    }
#pragma GCC diagnostic pop
}

/* A client that names no subprotocol gets the first. */
static const struct lws_protocols protocols[] = {
    {"hansom.v1", on_event, sizeof(struct slot), 4096, 0, NULL, TX_PACKET},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

/* We ping and time out ourselves: the library's timers are one sorted list. */
static const lws_retry_bo_t no_retry;

/* The library calls it an error that it services an adopted socket's first bytes: which is what we ask. */
static void on_library_log(int level, const char *line)
{
    (void)level;
    if (strstr(line, "calling service") != NULL) return;
    log_warn("websocket_library", LOG_STR("line", slice_trim(slice_of(line))));
}

/* The library closes the socket when it does not like the request. */
static void on_request(void *data, int fd, struct slice bytes)
{
    struct server *server = data;
    struct gateway *g = server->gateway;
    if (g->sessions_count >= (size_t)g->options.sessions_max) {
        (void)close(fd);
        return;
    }
    (void)lws_adopt_socket_vhost_readbuf(server->vhost, fd, bytes.p, bytes.len);
}

struct server *server_new(struct gateway *g, const char *bind, uint16_t port, struct buf *why)
{
    lws_set_log_level(LLL_ERR, on_library_log);
    struct server *server = mem_new(struct server);
    server->gateway = g;
    void *loops[] = {app_loop(g->app)};
    struct lws_context_creation_info info = {
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_HTTP_HEADERS_SECURITY_BEST_PRACTICES_ENFORCE,
        .foreign_loops = loops,
        .pt_serv_buf_size = TX_PACKET,
        .max_http_header_data2 = HEADERS_MAX,
        .user = server,
        .port = CONTEXT_PORT_NO_LISTEN,
    };
    server->context = lws_create_context(&info);
    if (server->context == NULL) {
        buf_add_cstr(why, "libwebsockets cannot start (is libwebsockets-evlib-uv installed?)");
        mem_free(server);
        return NULL;
    }
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = protocols;
    info.retry_and_idle_policy = &no_retry;
    info.vhost_name = "hansom";
    server->vhost = lws_create_vhost(server->context, &info);
    must(server->vhost != NULL);
    server->front = front_new(&(struct front_config){.loop = app_loop(g->app),
                                                     .bind = bind,
                                                     .port = port,
                                                     .head_max = HEADERS_MAX,
                                                     .head_ms = g->options.auth_ms,
                                                     .waiting_max = WAITING_MAX,
                                                     .on_request = on_request,
                                                     .data = server},
                              why);
    if (server->front == NULL) {
        server_close(server);
        return NULL;
    }
    return server;
}

uint16_t server_port(const struct server *server)
{
    return front_port(server->front);
}

void server_drain(struct server *server)
{
    front_drain(server->front);
}

void server_close(struct server *server)
{
    if (server == NULL) return;
    front_close(server->front);
    lws_context_destroy(server->context);
    buf_fini(&server->out);
    mem_free(server);
}
