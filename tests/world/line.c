#include "tests/world/line.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/ws-gateway/frame.h"
#include "services/ws-gateway/server.h"
#include "tests/world/wire.h"

/* What the kernels between the two hold before a gateway notices that nobody takes it. */
enum { WINDOW = 800 };

struct line {
    struct list link;                 /* in host.lines, while the host has a session for it */
    int refs;                         /* the app's, the session's, and one for each parcel */
    struct host *host;                /* where it leads to; NULL: to nobody */
    struct session *session;          /* in the host's memory; NULL: not yet, or no more */
    const struct line_events *events; /* NULL: the app has gone */
    void *data;
    struct buf token;
    int64_t up_us, down_us; /* when the last parcel each way arrives */
    int64_t tunnel_us;      /* nothing is taken until then */
    size_t in_flight;       /* bytes that the app has not taken */
};

enum parcel_kind { PARCEL_TEXT, PARCEL_PING, PARCEL_CLOSE };

/* Something on its way. */
struct parcel {
    struct line *line;
    enum parcel_kind kind;
    int code;
    struct buf text;
};

static void unref(struct line *l)
{
    if (--l->refs > 0) return;
    buf_fini(&l->token);
    mem_free(l);
}

static void parcel_free(void *data)
{
    struct parcel *p = data;
    unref(p->line);
    buf_fini(&p->text);
    mem_free(p);
}

static struct parcel *parcel_new(struct line *l, enum parcel_kind kind, struct slice text)
{
    struct parcel *p = mem_new(struct parcel);
    p->line = l;
    p->kind = kind;
    l->refs++;
    buf_add_slice(&p->text, text);
    return p;
}

/* The rest of what a host does with a parcel: as nature, so that nothing of it dies with the host. */
static void parcel_done(struct parcel *p)
{
    struct host *me = world_step_out();
    parcel_free(p);
    world_step_in(me);
}

static void to_host(struct parcel *p, void (*fn)(void *data))
{
    struct line *l = p->line;
    world_after(l->host, wire_arrival_us(l->host, &l->up_us), fn, p)->drop = parcel_free;
}

/* --- at the gateway --- */

static bool takes_more(const struct line *l)
{
    return l->in_flight < WINDOW;
}

static void on_taken(void *data)
{
    struct parcel *p = data;
    struct line *l = p->line;
    l->in_flight -= p->text.len;
    if (l->session != NULL && l->session->close_code == 0) server_flush(l->session);
    parcel_done(p);
}

static void on_pong(void *data)
{
    struct parcel *p = data;
    if (p->line->session != NULL) p->line->session->pong_ms = clock_mono_ms();
    parcel_done(p);
}

static void gone(struct line *l)
{
    struct session *s = l->session;
    if (s == NULL) return;
    l->session = NULL;
    list_del(&l->link);
    unref(l); /* not the last one: a parcel brought us here */
    session_gone(s);
}

static void on_gone(void *data)
{
    struct parcel *p = data;
    gone(p->line);
    parcel_done(p);
}

static void on_message(void *data)
{
    struct parcel *p = data;
    if (p->line->session != NULL) session_message(p->line->session, buf_slice(&p->text));
    parcel_done(p);
}

static void on_handshake(void *data)
{
    struct parcel *p = data;
    struct line *l = p->line;
    list_add(&l->host->lines, &l->link);
    l->refs++;
    l->session = session_new(l->host->service, l);
    session_auth(l->session, buf_slice(&l->token));
    parcel_done(p);
}

/* --- at the app --- */

static void app_closed(struct line *l, int code)
{
    const struct line_events *events = l->events;
    if (events == NULL) return;
    l->events = NULL;
    events->on_closed(l->data, code);
    unref(l);
}

static void on_arrival(void *data)
{
    struct parcel *p = data;
    struct line *l = p->line;
    if (l->events != NULL && l->tunnel_us > world.now_us) {
        world_after(NULL, l->tunnel_us - world.now_us, on_arrival, p)->drop = parcel_free;
        return;
    }
    if (l->events == NULL) {
        parcel_free(p);
        return;
    }
    switch (p->kind) {
    case PARCEL_TEXT:
        l->events->on_frame(l->data, buf_slice(&p->text));
        to_host(p, on_taken);
        break;
    case PARCEL_PING:
        to_host(p, on_pong);
        break;
    case PARCEL_CLOSE:
        app_closed(l, p->code);
        parcel_free(p);
        break;
    }
}

static void to_app(struct parcel *p)
{
    struct line *l = p->line;
    world_after(NULL, wire_arrival_us(l->host, &l->down_us), on_arrival, p)->drop = parcel_free;
}

/* It was broken: the app hears that at once, or when it has heard nothing for long. */
static void break_off(struct line *l)
{
    struct parcel *p = parcel_new(l, PARCEL_CLOSE, SLICE(""));
    int64_t us = chance(0.8) ? between(0, SECOND) : between(5, 40) * SECOND;
    if (world.now_us + us < l->down_us) us = l->down_us - world.now_us;
    world_after(NULL, us, on_arrival, p)->drop = parcel_free;
}

/* The gateway died before it was reached. */
static void nobody_there(void *data)
{
    struct parcel *p = data;
    if (p->line->events != NULL) break_off(p->line);
    parcel_free(p);
}

struct line *line_open(enum auth_role role, const char *sub, int64_t token_us,
                       const struct line_events *events, void *data)
{
    must(world.running == NULL);
    struct line *l = mem_new(struct line);
    int64_t now_ms = (WORLD_EPOCH_US + world.now_us) / 1000;
    struct auth_claims who = {.role = role,
                              .region = "la",
                              .iat_ms = now_ms - 100000,
                              .exp_ms = now_ms + token_us / 1000};
    (void)slice_cstr(slice_of(sub), who.sub, sizeof who.sub);
    auth_sign_hs256(slice_of(WORLD_SECRET), &who, &l->token);
    l->refs = 1;
    l->events = events;
    l->data = data;
    l->host = host_any(HOST_GATEWAY);
    list_init(&l->link);
    if (l->host == NULL || l->host->cut_until_us > world.now_us) {
        break_off(l);
        return l;
    }
    struct parcel *p = parcel_new(l, PARCEL_TEXT, SLICE(""));
    world_after(l->host, wire_arrival_us(l->host, &l->up_us), on_handshake, p)->drop = nobody_there;
    return l;
}

void line_send(struct line *l, struct slice text)
{
    if (l->host != NULL) to_host(parcel_new(l, PARCEL_TEXT, text), on_message);
}

void line_tunnel(struct line *l, int64_t us)
{
    if (l->tunnel_us > world.now_us)
        return; /* a longer one would let the later overtake the earlier */
    l->tunnel_us = world.now_us + us;
}

void line_close(struct line *l)
{
    must(l->events != NULL);
    l->events = NULL;
    if (l->host != NULL && chance(0.7)) to_host(parcel_new(l, PARCEL_CLOSE, SLICE("")), on_gone);
    unref(l);
}

void lines_drop(struct host *h)
{
    struct list *at = NULL;
    while ((at = list_take(&h->lines)) != NULL) {
        struct line *l = list_entry(at, struct line, link);
        l->session = NULL;
        break_off(l);
        unref(l);
    }
}

/* --- services/ws-gateway/server.h --- */

void server_flush(struct session *s)
{
    struct line *l = s->socket;
    struct slice kept = {0};
    while (l != NULL && takes_more(l) && outbox_peek(&s->outbox, &kept)) {
        struct host *me = world_step_out();
        struct parcel *p = parcel_new(l, PARCEL_TEXT, SLICE(""));
        frame_number(&p->text, ++s->seq, kept);
        l->in_flight += p->text.len;
        to_app(p);
        world_step_in(me);
        s->gateway->queue_bytes -= kept.len;
        outbox_pop(&s->outbox, clock_mono_ms());
    }
    if (l != NULL) session_flushed(s);
}

void server_ping(struct session *s)
{
    struct line *l = s->socket;
    if (l == NULL || !takes_more(l)) return;
    struct host *me = world_step_out();
    to_app(parcel_new(l, PARCEL_PING, SLICE("")));
    world_step_in(me);
}

void server_close_session(struct session *s, int64_t kill_ms)
{
    struct line *l = s->socket;
    if (l == NULL) return;
    struct host *me = world_step_out();
    struct parcel *p = parcel_new(l, PARCEL_CLOSE, SLICE(""));
    bool leaves = takes_more(l);
    p->code = leaves ? s->close_code : 0;
    to_app(p);
    world_after(l->host, leaves ? 50 : kill_ms * MS, on_gone,
                parcel_new(l, PARCEL_CLOSE, SLICE("")))
        ->drop = parcel_free;
    world_step_in(me);
}

/* Only a service's main.c asks for these. */
struct server *server_new(struct gateway *g, const char *bind, uint16_t port, struct buf *why)
{
    (void)g;
    (void)bind;
    (void)port;
    (void)why;
    must(false);
    return NULL;
}

uint16_t server_port(const struct server *server)
{
    (void)server;
    must(false);
    return 0;
}

void server_drain(struct server *server)
{
    (void)server;
    must(false);
}

void server_close(struct server *server)
{
    (void)server;
    must(false);
}
