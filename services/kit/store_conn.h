/* store_conn: keeps one greeted connection to the store, for store.c and store_sub.c.
 *
 * It resolves, connects, greets (AUTH, CLIENT SETNAME, PING), collects what is to be sent and
 * writes it once a turn, parses replies, and starts again after any failure. It knows nothing of
 * calls or channels.
 *
 *     IDLE -> RESOLVE -> CONNECT -> HELLO -> UP
 *                ^          |         |      |
 *                +-- WAIT <-+---------+------+      CLOSED from anywhere
 *
 * RESOLVE is skipped for sockets and addresses. conn_move is the only writer of the state.
 *
 * Owner: embedded; its memory may go in the callback of store_conn_close.
 */
#ifndef HANSOM_KIT_STORE_CONN_H
#define HANSOM_KIT_STORE_CONN_H

#include "base/buf.h"
#include "base/rng.h"
#include "services/kit/store.h"

enum conn_state {
    CONN_IDLE,
    CONN_RESOLVE,
    CONN_CONNECT,
    CONN_HELLO,
    CONN_UP,
    CONN_WAIT,
    CONN_CLOSED,
    CONN_STATES
};

struct conn_events {
    void (*on_up)(void *data);
    /* Each reply while UP; freed when this returns. */
    void (*on_reply)(void *data, const redisReply *reply);
    /* The connection that was UP is gone; conn.written still tells how far sending got. */
    void (*on_lost)(void *data);
};

struct store_conn {
    uv_loop_t *loop;                   /* borrowed */
    const struct store_config *config; /* borrowed: its owner embeds both */
    const struct conn_events *events;
    void *data; /* of the events */

    enum conn_state state;
    int fd;
    uv_poll_t *poll; /* owned; freed when closed */
    bool polls_write;
    redisReader *reader; /* owned */
    bool parsing;
    struct buf out; /* what is not written yet, from out_at on */
    size_t out_at;
    uint64_t queued;  /* bytes of this connection, in all */
    uint64_t written; /* of them, given to the kernel */
    int hello_left;   /* replies of the greeting still to come */

    uv_timer_t timer; /* limit of CONNECT and HELLO; end of WAIT */
    uv_prepare_t flush;
    uv_getaddrinfo_t resolve;
    bool resolving;
    int handles; /* open ones, and a running resolve */

    struct rng rng;
    uint32_t failures; /* in a row */
    uint64_t generation;
    int64_t up_since_ms;
    int64_t received_ms; /* last byte, on the loop's clock */
    char error[160];

    void (*on_closed)(void *data);
    void *on_closed_data;
};

void store_conn_init(struct store_conn *c, uv_loop_t *loop, const struct store_config *config,
                     const struct conn_events *events, void *data);
void store_conn_open(struct store_conn *c);
void store_conn_close(struct store_conn *c, void (*cb)(void *data), void *data);

/* Gives the connection up and starts again after a wait. why is copied. */
void store_conn_reset(struct store_conn *c, const char *why);

/* Where to append what is to be sent while UP; then call store_conn_queued. */
struct buf *store_conn_out(struct store_conn *c);

/* Says that n bytes were appended. */
void store_conn_queued(struct store_conn *c, size_t n);

/* Writes what can be written now; a failure of the socket is dealt with in the next turn. */
void store_conn_flush(struct store_conn *c);

/* Bytes that wait for the kernel. */
size_t store_conn_unsent(const struct store_conn *c);

/* Appends one command to out as RESP. */
void resp_append(struct buf *out, const struct slice *argv, size_t argc);

#endif
