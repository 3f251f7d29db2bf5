#include "http_client.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"

enum { READ_STEP = 16 * 1024 };

struct endpoint {
    struct net *net;
    struct sockaddr_in address;
    char host[32];
    struct list free; /* connections that wait for work */
    struct list busy;
    size_t open; /* connections not closed yet, dying ones included */
    bool closing;
};

/* conn: one connection.
 *
 *   connect --ok--> BUSY --whole reply--> FREE --next request--> BUSY
 *      +--------------+------failed, timeout, closed------> dying (uv_close) -> freed
 */
struct conn {
    struct endpoint *endpoint;
    struct list link;
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    struct alarm timeout;
    struct buf out; /* the request, kept until its reply is here */
    struct buf in;
    struct buf chunks;
    http_cb cb;
    void *data;
    int64_t timeout_ms;
    bool reused;
    bool writing; /* the loop still holds `out` */
    bool dying;
};

static void conn_send(struct conn *c);
static void conn_start(struct endpoint *e, struct buf request, int64_t timeout_ms, http_cb cb,
                       void *data, bool fresh);

struct endpoint *endpoint_new(struct net *net, const char *url)
{
    struct sockaddr_in address;
    if (!net_address(url, &address)) return NULL;
    struct endpoint *e = mem_new(struct endpoint);
    e->net = net;
    e->address = address;
    char ip[20];
    uv_ip4_name(&address, ip, sizeof ip);
    snprintf(e->host, sizeof e->host, "%s:%d", ip, ntohs(address.sin_port));
    list_init(&e->free);
    list_init(&e->busy);
    return e;
}

static void endpoint_end(struct endpoint *e)
{
    if (e->closing && e->open == 0) mem_free(e);
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct endpoint *e = c->endpoint;
    buf_fini(&c->out);
    buf_fini(&c->in);
    buf_fini(&c->chunks);
    mem_free(c);
    e->open--;
    endpoint_end(e);
}

static void conn_close(struct conn *c)
{
    if (c->dying) return;
    c->dying = true;
    net_clear(c->endpoint->net, &c->timeout);
    list_del(&c->link);
    uv_close((uv_handle_t *)&c->tcp, on_closed);
}

/* The connection is of no use any more; its request, if any, fails or moves to a fresh one. */
static void conn_fail(struct conn *c, bool may_repeat)
{
    if (c->dying) return;
    http_cb cb = c->cb;
    void *data = c->data;
    struct endpoint *e = c->endpoint;
    c->cb = NULL;
    if (cb != NULL && may_repeat && c->reused && c->in.len == 0 && !c->writing) {
        struct buf request = c->out;
        c->out = (struct buf){0};
        conn_start(e, request, c->timeout_ms, cb, data, true);
        conn_close(c);
        return;
    }
    conn_close(c);
    if (cb != NULL) cb(data, NULL);
}

static void on_timeout(void *data)
{
    conn_fail(data, false);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct conn *c = handle->data;
    *out = uv_buf_init(buf_reserve(&c->in, READ_STEP), READ_STEP);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *unused)
{
    (void)unused;
    struct conn *c = stream->data;
    if (n == 0 || c->dying) return;
    if (n < 0) {
        conn_fail(c, true);
        return;
    }
    c->in.len += (size_t)n;
    if (c->cb == NULL) { /* nobody asked */
        conn_close(c);
        return;
    }
    struct http_reply reply = {0};
    size_t used = 0;
    enum http_parse p = http_reply_read(buf_slice(&c->in), &c->chunks, &reply, &used);
    if (p == HTTP_PARTIAL) return;
    if (p == HTTP_BROKEN) {
        conn_fail(c, false);
        return;
    }
    http_cb cb = c->cb;
    void *data = c->data;
    c->cb = NULL;
    net_clear(c->endpoint->net, &c->timeout);
    bool reuse = reply.keep_alive && used == c->in.len && !c->writing && !c->endpoint->closing;
    list_del(&c->link); /* in no list while the callback runs: it may send */
    cb(data, &reply);
    if (c->dying) return;
    buf_clear(&c->in);
    buf_clear(&c->out);
    if (reuse && !c->endpoint->closing)
        list_add(c->endpoint->free.next, &c->link);
    else
        conn_close(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct conn *c = write->data;
    c->writing = false;
    if (status < 0) conn_fail(c, true);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct conn *c = connect->data;
    if (c->dying) return;
    if (status < 0) {
        conn_fail(c, false);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    conn_send(c);
}

static void conn_send(struct conn *c)
{
    uv_buf_t out = uv_buf_init(c->out.p, (unsigned)c->out.len);
    c->writing = true;
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &out, 1, on_written) < 0) {
        c->writing = false;
        net_after(c->endpoint->net, &c->timeout, 0, on_timeout, c);
    }
}

static void conn_start(struct endpoint *e, struct buf request, int64_t timeout_ms, http_cb cb,
                       void *data, bool fresh)
{
    struct list *link = fresh ? NULL : list_take(&e->free);
    struct conn *c = link == NULL ? NULL : list_entry(link, struct conn, link);
    if (c == NULL) {
        c = mem_new(struct conn);
        c->endpoint = e;
        e->open++;
        list_init(&c->link);
        must(uv_tcp_init(e->net->loop, &c->tcp) == 0);
        c->tcp.data = c;
        c->connect.data = c;
    } else {
        c->reused = true;
    }
    buf_fini(&c->out);
    c->out = request;
    c->cb = cb;
    c->data = data;
    c->timeout_ms = timeout_ms;
    list_add(&e->busy, &c->link);
    net_after(e->net, &c->timeout, timeout_ms, on_timeout, c);
    if (c->reused) {
        conn_send(c);
    } else if (uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *)&e->address,
                              on_connect) < 0) {
        net_after(e->net, &c->timeout, 0, on_timeout, c); /* fails from the loop, not from here */
    }
}

void endpoint_send(struct endpoint *e, struct http_request r, int64_t timeout_ms, http_cb cb,
                   void *data)
{
    struct buf request = {0};
    must(!e->closing);
    r.host = slice_of(e->host);
    http_request_write(&request, &r);
    conn_start(e, request, timeout_ms, cb, data, false);
}

void endpoint_close(struct endpoint *e)
{
    if (e == NULL) return;
    e->closing = true;
    list_each_safe(at, &e->free) conn_close(list_entry(at, struct conn, link));
    list_each_safe(at, &e->busy) conn_close(list_entry(at, struct conn, link));
    endpoint_end(e);
}
