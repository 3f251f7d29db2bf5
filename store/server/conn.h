/* conn: one client's socket.
 *
 *     socket -> read_buf or in -> commands -> session.out and shared messages -> socket
 *
 * What leaves when, and in which order, is output.h's.
 *
 * Owner:       the loop: made by conn_open, freed when libuv has closed the handle.
 */
#ifndef HANSOM_STORE_SERVER_CONN_H
#define HANSOM_STORE_SERVER_CONN_H

#include "store/server/inside.h"
#include "store/server/output.h"

struct conn {
    struct session session; /* first: the engine knows a conn by it */
    struct server *server;  /* borrowed */
    uv_poll_t poll;
    int fd;
    int events; /* polled for */
    struct list dirty;
    struct list gated;
    struct buf in; /* bytes not executed yet: a command not complete, or one that waits */
    struct resp resp;
    struct output output;
    bool gathered;   /* its commands wait in server->gather */
    bool held;       /* CLIENT PAUSE and the like: commands wait */
    bool eof;        /* the client sends no more */
    bool close_now;  /* at the end of this turn */
    struct tls *tls; /* owned; NULL on a plain socket */
    bool closed;
    bool full;             /* stopped running commands: too much of its output has not left */
    size_t weighed;        /* of it in server->clients_bytes */
    int64_t soft_since_ms; /* over the soft output limit since; 0: not */
};

static inline struct conn *conn_of(struct session *s)
{
    return (struct conn *)(void *)s;
}

/* Bytes for c that have not left. */
static inline size_t conn_unread(const struct conn *c)
{
    return output_unread(&c->output, &c->session.out);
}

/* ---- limits.c ---- */

/* Whether c has left more unread than its class may, for as long as it may. */
bool limits_over_output(struct conn *c);

/* Enters what c holds now into the sum of all clients. */
void limits_weigh(struct conn *c);

/* Closes the clients that hold most, until all together hold no more than maxmemory-clients. */
void limits_evict(struct server *s, void (*close)(struct conn *c, const char *why));

/* ---- conn.c ---- */

/* At the end of this turn there is something to send, to go on with or to close. */
void conn_dirty(struct conn *c);

/* ---- gather.c ---- */

/* Whether the client's next command may run now. */
bool conn_may_run(const struct conn *c);

/* Runs the commands that wait in c->in, as far as they may run. */
void conn_run_waiting(struct conn *c);

/* Where to read READ_BYTES to. */
char *gather_room(struct server *s);

/* Takes the n bytes at p, which c sent and gather_room gave: their commands run together with
 * those of other clients at gather_run, or now when there are many; what is no whole command is
 * kept in c->in then. c->in must be empty. */
void gather_add(struct conn *c, char *p, size_t n);

#endif
