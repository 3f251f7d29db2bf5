/* gather: runs what clients sent, the commands of many of them as one batch.
 *
 * Why: a command waits for memory several times in a row, and the waits of a batch overlap
 * (cmd/ahead.h). A client that pipelines sends a batch; with many that do not, the commands of
 * all who are readable in one turn of the loop make one. So sockets are read first, into one
 * buffer behind each other, and the commands run from there when it is the turn's end or there
 * are enough.
 *
 * Layout:  read_buf | piece of A | piece of B | ... |    cuts: A A | B | ...
 * Invariants:  a client has at most one piece; while a piece waits, its client's `in` is empty.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/ahead.h"
#include "store/cmd/exec.h"
#include "store/server/conn.h"

#include <stdio.h>

/* Whether so much has not left that commands wait: what a client does not read grows by its
 * requests then, not by their replies. */
static inline bool is_full(const struct conn *c)
{
    return conn_unread(c) > OUT_HELD_MAX;
}

bool conn_may_run(const struct conn *c)
{
    return !is_full(c) && !session_blocked(&c->session) && !c->held && !c->close_now &&
           (c->session.flags & SESSION_CLOSE_SOON) == 0 && !durable_behind(c->server);
}

static void protocol_error(struct conn *c, const char *why)
{
    log_debug("protocol_error", LOG_INT("id", c->session.id), LOG_CSTR("why", why));
    buf_addf(&c->session.out, "-%s\r\n", why);
    engine_count_error(c->server->engine, slice_of(why));
    c->session.flags |= SESSION_CLOSE_SOON;
}

/* Room for n more arguments behind those of this batch. */
static struct slice *batch_argv(struct gather *g, uint32_t n)
{
    if (g->argv_cap - g->args < n) {
        while (g->argv_cap - g->args < n)
            g->argv_cap = g->argv_cap == 0 ? 1024 : g->argv_cap * 2;
        g->argv = mem_realloc(g->argv, g->argv_cap * sizeof *g->argv);
    }
    return g->argv + g->args;
}

/* Cuts one command, or a reason to stop. */
static enum resp_step cut_one(struct conn *c, const struct resp_limits *limits, struct piece *piece)
{
    struct gather *g = &c->server->gather;
    char *p = piece->p + piece->end;
    size_t n = piece->n - piece->end;
    size_t used = 0;
    enum resp_step step = RESP_COMMAND;
    uint32_t argc = 0;
    if (limits->authenticated && c->resp.want == 0)
        argc = resp_whole(limits, p, n, batch_argv(g, ARGS_WHOLE), ARGS_WHOLE, &used);
    if (argc == 0) {
        step = resp_next(&c->resp, limits, p, n, &used, piece->why);
        if (step == RESP_MORE || step == RESP_ERROR) return step;
        argc = c->resp.argc;
        if (step == RESP_COMMAND) resp_args(&c->resp, p, batch_argv(g, argc));
        resp_reset(&c->resp);
    }
    piece->end += used;
    if (step != RESP_COMMAND) return step;
    g->cuts[g->count++] = (struct cut){g->args, argc, piece->end};
    g->args += argc;
    piece->cuts++;
    return step;
}

/* Cuts commands from a piece, until they end or the batch is full. */
static void piece_cut(struct piece *piece)
{
    struct conn *c = piece->conn;
    const struct config *config = &c->server->engine->config;
    struct resp_limits limits = {.args_max = (uint32_t)config->proto_max_args,
                                 .bulk_max = (uint64_t)config->proto_max_bulk_len,
                                 .authenticated = c->session.authenticated};
    /* Before AUTH each command may change what the next one may be. */
    uint32_t max = c->session.authenticated ? BATCH_CMDS : 1;
    piece->step = RESP_COMMAND;
    while (c->server->gather.count < max) {
        piece->step = cut_one(c, &limits, piece);
        if (piece->step == RESP_MORE || piece->step == RESP_ERROR) return;
    }
}

/* Starts fetching what the commands of the batch will look at, one step for all at a time. */
static void batch_fetch(const struct gather *g, struct ahead *ahead)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < g->piece_count; i++) {
        struct session *s = &g->pieces[i].conn->session;
        for (uint32_t n = g->pieces[i].cuts; n > 0; n--, at++)
            ahead_start(&ahead[at], at == 0 ? NULL : &ahead[at - 1], s, g->argv + g->cuts[at].first,
                        g->cuts[at].argc);
    }
    ahead_finish(ahead, g->count);
}

/* Runs the commands of a piece, those from g->cuts[first] on, while its client may go on. */
static void piece_run(struct piece *piece, uint32_t first, const struct ahead *ahead)
{
    struct conn *c = piece->conn;
    struct engine *e = c->server->engine;
    const struct gather *g = &c->server->gather;
    for (uint32_t i = first; i < first + piece->cuts; i++) {
        if (!conn_may_run(c)) {
            resp_reset(&c->resp); /* the rest is cut again once the client may go on */
            return;
        }
        if (ahead != NULL) e->known = &ahead[i].known;
        exec_command(e, &c->session, g->argv + g->cuts[i].first, g->cuts[i].argc);
        piece->done = g->cuts[i].end;
    }
    piece->done = piece->end;
    piece->more = piece->step != RESP_MORE && piece->step != RESP_ERROR;
    if (piece->step != RESP_ERROR) return;
    resp_reset(&c->resp);
    if (!conn_may_run(c)) return; /* it is told so in its turn */
    protocol_error(c, piece->why);
    piece->done = piece->n;
}

/* Runs all that was cut. */
static void batch_run(struct server *s)
{
    struct gather *g = &s->gather;
    struct ahead all[BATCH_CMDS];
    struct ahead *ahead = g->count > 1 ? all : NULL;
    exec_batch_begin(s->engine);
    if (ahead != NULL) batch_fetch(g, ahead);
    uint32_t first = 0;
    for (g->at = 0; g->at < g->piece_count; g->at++) {
        struct piece *piece = &g->pieces[g->at];
        piece_run(piece, first, ahead);
        first += piece->cuts;
    }
    s->engine->known = &known_nothing;
    exec_batch_end(s->engine);
}

static void gather_clear(struct gather *g)
{
    g->piece_count = 0;
    g->count = 0;
    g->args = 0;
    g->used = 0;
}

/* Runs the commands in the n bytes at p, and returns how many bytes are done with. The gather
 * is empty before and after. */
static size_t conn_run(struct conn *c, char *p, size_t n)
{
    struct gather *g = &c->server->gather;
    size_t done = 0;
    bool more = true;
    while (more && done < n && conn_may_run(c)) {
        g->pieces[0] = (struct piece){.conn = c, .p = p + done, .n = n - done};
        g->piece_count = 1;
        piece_cut(&g->pieces[0]);
        batch_run(c->server);
        done += g->pieces[0].done;
        more = g->pieces[0].more;
        gather_clear(g);
    }
    return done;
}

void conn_run_waiting(struct conn *c)
{
    if (c->in.len == 0 || !conn_may_run(c)) return;
    must(c->server->gather.piece_count == 0);
    size_t done = conn_run(c, c->in.p, c->in.len);
    c->full = is_full(c) && done < c->in.len;
    buf_drop(&c->in, done);
    if (c->in.len == 0 && c->in.cap > READ_BYTES) buf_fini(&c->in);
}

char *gather_room(struct server *s)
{
    must(s->gather.used <= READ_BYTES);
    return s->read_buf + s->gather.used;
}

void gather_add(struct conn *c, char *p, size_t n)
{
    struct server *s = c->server;
    struct gather *g = &s->gather;
    must(!c->gathered);
    must(c->in.len == 0);
    if (!c->session.authenticated) gather_run(s);
    struct piece *piece = &g->pieces[g->piece_count++];
    *piece = (struct piece){.conn = c, .p = p, .n = n};
    c->gathered = true;
    g->used = (size_t)(p - s->read_buf) + n;
    piece_cut(piece);
    bool full = piece->step != RESP_MORE && piece->step != RESP_ERROR;
    if (full || g->count == BATCH_CMDS || g->piece_count == PIECES_MAX || g->used > READ_BYTES)
        gather_run(s);
}

/* Keeps what is left of a piece with its client. */
static void piece_end(const struct piece *piece)
{
    struct conn *c = piece->conn;
    c->gathered = false;
    c->full = is_full(c) && piece->done < piece->n;
    buf_add(&c->in, piece->p + piece->done, piece->n - piece->done);
}

void gather_run(struct server *s)
{
    struct gather *g = &s->gather;
    if (g->piece_count == 0) return;
    batch_run(s);
    for (uint32_t i = 0; i + 1 < g->piece_count; i++)
        if (g->pieces[i].conn != NULL) piece_end(&g->pieces[i]);
    /* Only of the last one there may be commands that the batch had no room for. */
    struct piece last = g->pieces[g->piece_count - 1];
    gather_clear(g);
    if (last.more) last.done += conn_run(last.conn, last.p + last.done, last.n - last.done);
    piece_end(&last);
}

void gather_give_back(struct server *s)
{
    struct gather *g = &s->gather;
    for (uint32_t i = 0; i < g->at; i++) {
        if (g->pieces[i].conn != NULL) piece_end(&g->pieces[i]);
        g->pieces[i].conn = NULL; /* it may be read, or close, before the batch goes on */
    }
    for (uint32_t i = g->at + 1; i < g->piece_count; i++) {
        const struct piece *piece = &g->pieces[i];
        resp_reset(&piece->conn->resp);
        buf_add(&piece->conn->in, piece->p, piece->n);
        piece->conn->gathered = false;
        conn_dirty(piece->conn);
    }
    if (g->piece_count > g->at + 1) g->piece_count = g->at + 1;
}
