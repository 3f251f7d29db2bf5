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
    PIECES_MAX = 64,                /* clients whose reads make a batch */
    IN_HELD_MAX = 1024 * 1024,      /* unread commands of a client that may not go on */
    INLINE_CLIENTS_MAX = 256,       /* with more, the log is always synced by its own thread */
    BATCH_CMDS = 64,                /* commands cut before the first one runs */
    ARGS_WHOLE = 64,                /* arguments of a command that is cut in one go */
    BACKLOG_MAX = 64 * 1024 * 1024, /* journal bytes not written yet: commands wait */
    LISTENERS_MAX = 16,
    OUT_HELD_MAX = 64 * 1024 * 1024, /* unsent bytes of a client whose next commands wait */
};

struct listener {
    uv_poll_t poll;
    struct server *server; /* borrowed */
    int fd;
    bool local; /* a Unix socket */
    bool tls;
};

struct server;
struct conn;

/* A command cut from the bytes of a read. */
struct cut {
    uint32_t first; /* in gather->argv */
    uint32_t argc;
    size_t end; /* where the bytes behind it begin in the piece */
};

/* What one client sent. */
struct piece {
    struct conn *conn; /* borrowed: a client is closed only when no piece waits */
    char *p;           /* borrowed: of read_buf, or the client's own */
    size_t n;
    size_t end;    /* bytes cut, with those that ask for nothing */
    size_t done;   /* bytes run */
    uint32_t cuts; /* commands */
    bool more;     /* the batch was full before all was cut */
    enum resp_step step;
    char why[64];
};

/* The next batch of commands (gather.c). */
struct gather {
    struct piece pieces[PIECES_MAX];
    struct cut cuts[BATCH_CMDS]; /* of all pieces, in their order */
    struct slice *argv;          /* owned */
    uint32_t piece_count, count, args, argv_cap;
    uint32_t at; /* the piece that runs */
    size_t used; /* bytes of read_buf */
};

typedef int (*child_work)(struct server *s); /* 0 or a negative errno */
typedef void (*child_ended)(struct server *s, int error);

enum child_state { CHILD_NONE, CHILD_RUNNING, CHILD_ENDING };

/* A forked process that writes the store as it was, while the parent goes on (child.c). */
struct child {
    enum child_state state;
    struct server *server; /* borrowed */
    child_ended ended;
    pid_t pid;
    int pipe; /* its end says that the child has ended */
    uv_poll_t poll;
    int64_t started_ms;
};

/* A background rewrite of the journal (durable.c). */
struct rewrite {
    struct child child;
    uint64_t id;      /* of the base */
    int64_t took_ms;  /* the last one; -1: none yet */
    int64_t retry_ms; /* monotonic; not before */
    bool failed;      /* the last one */
    bool scheduled;   /* as soon as nothing else is written */
    uint64_t done, base_bytes;
};

/* Snapshots (snapshot.c). */
struct snapshots {
    struct child child;
    char temp[40];        /* the name of the file being written */
    uint64_t id;          /* of it */
    uint64_t dirty;       /* engine->dirty when it was begun */
    uint64_t saved_dirty; /* engine->dirty of what the snapshot holds */
    int64_t saved_s;      /* unix time of the last one that went well, or of the start */
    int64_t tried_ms;     /* monotonic; when the last one in the background was begun */
    int64_t took_ms;      /* the last one in the background; -1: none yet */
    bool failed;          /* the last one */
    bool scheduled;       /* as soon as nothing else is written */
    bool ended;           /* the last one before the end went well */
    uint64_t done, loaded_keys;
};

/* When the log is handed what was appended (handover.c). Positions are the journal's. */
struct handover {
    uv_idle_t idle;
    uint64_t handed;           /* everything before it is handed over */
    uint64_t end;              /* as seen last */
    int64_t first_us, last_us; /* monotonic; when the first and the last record behind it came */
};

enum end_save { END_SAVE_BY_RULES, END_SAVE_YES, END_SAVE_NO };

struct server {
    uv_loop_t loop;
    struct engine *engine; /* borrowed */
    const struct io *io;   /* borrowed */

    struct listener listeners[LISTENERS_MAX];
    uint32_t listener_count;
    int port;                /* -1: none */
    int tls_port;            /* -1: none */
    struct tls_context *tls; /* owned; NULL without tls-port */
    int spare_fd;            /* given up to turn a client away when no other is left; -1: none */
    struct admin *admin;     /* owned; may be NULL */

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
    size_t clients_bytes; /* what they hold, as last weighed */
    char *read_buf;       /* owned; 2 * READ_BYTES */
    struct gather gather;

    struct journal *journal; /* owned; NULL without appendonly */
    struct handover handover;
    struct log_sink sink;
    struct engine_hooks hooks;
    struct journal_found found;
    struct rewrite rewrite;
    struct snapshots snapshots;
    int64_t fork_us;            /* what the last fork took */
    enum journal_health health; /* as last seen */
    char refusal[JOURNAL_ERROR + 64];
    char dir[4096]; /* of the journal */
    int folder;     /* --dir, taken; negative: it could not be */

    struct session *busy; /* its script is over its time, and others have a turn (busy.c) */
    char *busy_buf;       /* owned; what they are read into meanwhile */

    bool running;
    bool stopping;
    bool shutdown_wanted; /* SHUTDOWN was called: after this turn */
    bool end_forced;      /* ends although the last snapshot fails */
    enum end_save end_save;
    bool withhold; /* the journal could not be ended: bytes that wait for it never leave */
    int exit_code;
};

/* ---- conn.c ---- */

/* Takes over an accepted socket. */
void conn_open(struct server *s, int fd, const struct listener *l);

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

/* ---- gather.c ---- */

/* Runs the commands that were gathered from this turn's reads. */
void gather_run(struct server *s);

/* In the middle of a command: gives clients back what waits behind it, to be cut anew. */
void gather_give_back(struct server *s);

/* ---- listen.c ---- */

/* Raises the process's limit of open files to what maxclients needs, and lowers maxclients to what
 * it got. */
void listen_reserve(struct server *s);

bool listen_open(struct server *s, char *why);

/* Reads the TLS files again: connections from now on use them. NULL, or why they stay as they
 * were; good until the next call. */
const char *listen_reload_tls(struct server *s);
void listen_close(struct server *s);

/* ---- durable.c ---- */

/* Replays the journal and connects it to the engine; nothing without appendonly. */
bool durable_open(struct server *s, char *why);

/* Passes records on, when no more are to be expected this moment. all_wait: all clients wait for
 * them, so they are written here and now. */
void durable_turn(struct server *s, bool all_wait);

/* Passes them on now. */
void durable_hand_over(struct server *s);

/* Bytes depending on positions up to this one may leave. */
uint64_t durable_released(const struct server *s);

/* The journal is too far behind for more commands. */
bool durable_behind(const struct server *s);

/* On the journal's news, and once a second. */
void durable_news(struct server *s);

/* Starts a background rewrite, or schedules it; NULL with what was *done, or an error line. */
const char *durable_rewrite(struct server *s, const char **done);

/* Redoes one command at the start; a journal_apply_fn whose data is the server. */
bool durable_redo(void *data, const struct slice *argv, uint32_t argc, char *why);

/* Ends a running rewrite and closes the journal; false when something was not written. */
bool durable_close(struct server *s);

/* ---- handover.c ---- */

void handover_init(struct server *s);
void handover_close(struct server *s);

/* Whether records are there that should wait for others; the loop turns at once then. */
bool handover_more(struct server *s);

/* All that there is has been handed over. */
void handover_end(struct server *s);

/* ---- child.c ---- */

/* Forks, and calls ended from the loop when the child has done its work: 0 or an errno. */
int child_start(struct server *s, struct child *c, child_work work, child_ended ended);

/* Ends a running one; `ended` is not called. */
void child_kill(struct child *c);

/* ---- snapshot.c ---- */

void snapshots_init(struct server *s);

/* Redoes the snapshot at the start; *loaded says whether there was one. */
bool snapshots_load(struct server *s, bool *loaded, char *why);

/* SAVE, BGSAVE: NULL with what was *done, or an error line. */
const char *snapshots_save(struct server *s);
const char *snapshots_begin(struct server *s, bool schedule, const char **done);

/* Once a second, and when a child ended: what is due by the rules or was scheduled. */
void snapshots_turn(struct server *s);

/* Whether writes are refused changes with the settings. */
void snapshots_settle(struct server *s);

/* The last one, before the end, when the settings or s->end_save want it. False when it failed. */
bool snapshots_end(struct server *s);

void snapshots_close(struct server *s);

void snapshots_info(const struct server *s, struct buf *out);

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
