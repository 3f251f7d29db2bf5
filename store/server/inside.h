/* inside: what the files of this folder share of struct server. Nobody else includes it. */
#ifndef HANSOM_STORE_SERVER_INSIDE_H
#define HANSOM_STORE_SERVER_INSIDE_H

#include "base/list.h"
#include "store/engine/session.h"
#include "store/persist/journal.h"
#include "store/server/resp.h"
#include "store/server/server.h"

#include <uv.h>

enum {
    READ_BYTES = 64 * 1024,         /* one read */
    IN_HELD_MAX = 1024 * 1024,      /* unread commands of a client that may not go on */
    BATCH_CMDS = 64,                /* commands cut before the first one runs */
    BACKLOG_MAX = 64 * 1024 * 1024, /* journal bytes not written yet: commands wait */
    LISTENERS_MAX = 16,
    OUT_KEEP = 64 * 1024, /* an empty output buffer above this is given back */
};

struct listener {
    uv_poll_t poll;
    struct server *server; /* borrowed */
    int fd;
    bool local; /* a Unix socket */
};

/* A command cut from the bytes of a read. */
struct cut {
    uint32_t first; /* in server->argv */
    uint32_t argc;
    size_t end; /* where the bytes behind it begin */
};

enum rewrite_state { REWRITE_NONE, REWRITE_RUNNING, REWRITE_ENDING };

/* A background rewrite: a forked child writes the base, the parent goes on (durable.c). */
struct rewrite {
    enum rewrite_state state;
    uint64_t id; /* of the base */
    pid_t child;
    int pipe; /* its end says that the child has ended */
    uv_poll_t poll;
    int64_t started_ms;
    int64_t took_ms;  /* the last one; -1: none yet */
    int64_t retry_ms; /* monotonic; not before */
    bool failed;      /* the last one */
    uint64_t done, base_bytes;
};

struct server {
    uv_loop_t loop;
    struct engine *engine; /* borrowed */
    const struct io *io;   /* borrowed */

    struct listener listeners[LISTENERS_MAX];
    uint32_t listener_count;
    int port;            /* -1: none */
    struct admin *admin; /* owned; may be NULL */

    uv_prepare_t turn;
    uv_timer_t tick;   /* the engine's housekeeping */
    uv_timer_t second; /* ours: timeouts, limits, rewrites */
    uv_async_t released;
    uv_async_t stop;
    uv_signal_t signals[3];
    int64_t tick_at_ms; /* loop time for which tick is armed; 0: not */

    struct list dirty; /* struct conn.dirty: have bytes to send or commands to go on with */
    struct list gated; /* struct conn.gated: their bytes wait for the journal */
    uint32_t conn_count;
    char *read_buf;     /* owned; READ_BYTES */
    struct slice *argv; /* owned; arguments of a batch */
    uint32_t argv_cap;
    struct cut cuts[BATCH_CMDS];

    struct journal *journal; /* owned; NULL without appendonly */
    struct log_sink sink;
    struct engine_hooks hooks;
    struct journal_found found;
    char replay_db[8]; /* the last SELECT of the journal */
    struct rewrite rewrite;
    enum journal_health health; /* as last seen */
    char refusal[JOURNAL_ERROR + 64];
    char dir[4096]; /* of the journal */

    struct session *busy; /* its script is over its time, and others have a turn (busy.c) */
    char *busy_buf;       /* owned; what they are read into meanwhile */

    bool running;
    bool stopping;
    bool shutdown_wanted; /* SHUTDOWN was called: after this turn */
    bool withhold;        /* the journal could not be ended: bytes that wait for it never leave */
    int exit_code;
};

/* ---- conn.c ---- */

/* Takes over an accepted socket. */
void conn_open(struct server *s, int fd, bool local);

/* Sends what may leave, goes on with commands that waited, closes what is to be closed. */
void conns_turn(struct server *s);

/* Looks at all clients once a second: idle for too long, output over its soft limit. */
void conns_second(struct server *s);

/* The journal moved on: clients whose bytes waited are looked at again this turn. */
void conns_released(struct server *s);

/* The same in the middle of a command of s->busy, which is left alone. */
void conns_turn_busy(struct server *s);

/* Closes all clients, after sending what may leave. */
void conns_close_all(struct server *s);

/* Closes the clients that wait for records which may be lost. */
void conns_close_gated(struct server *s);

/* ---- listen.c ---- */

bool listen_open(struct server *s, char *why);
void listen_close(struct server *s);

/* ---- durable.c ---- */

/* Replays the journal and connects it to the engine; nothing without appendonly. */
bool durable_open(struct server *s, char *why);

/* Passes the turn's records on. alone: there is a single client, and it waits for them. */
void durable_turn(struct server *s, bool alone);

/* Bytes depending on positions up to this one may leave. */
uint64_t durable_released(const struct server *s);

/* The journal is too far behind for more commands. */
bool durable_behind(const struct server *s);

/* On the journal's news, and once a second. */
void durable_news(struct server *s);

/* Starts a background rewrite; NULL or an error line. */
const char *durable_rewrite(struct server *s);

/* Ends a running rewrite and closes the journal; false when something was not written. */
bool durable_close(struct server *s);

/* ---- busy.c ---- */

/* A turn of the loop in the middle of a script; the hook of that name. */
void busy_yield(void *data);

/* ---- hooks.c ---- */

void hooks_attach(struct server *s);

/* ---- admin.c ---- */

bool admin_open(struct server *s, char *why);
void admin_close(struct server *s);
int admin_port(const struct admin *a);

#endif
