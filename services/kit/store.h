/* store: one asynchronous connection to the store.
 *
 *     struct store_cmd *c = store_cmd(s, "GEOADD");
 *     store_arg(c, key);
 *     store_arg_double(c, lon);
 *     store_arg_double(c, lat);
 *     store_arg(c, member);
 *     store_send(s, c, 1000, on_geoadd, op);
 *
 * Why not hiredis's own asynchronous client: it has no timeouts, and its adapters cost several
 * epoll_ctl a message. Here hiredis only parses; the socket is one uv_poll, read 64 KB at a
 * time, and everything sent during one turn of the loop leaves in one write just before the
 * loop sleeps.
 *
 * Life of a connection:
 *
 *     IDLE --open--> RESOLVE -> CONNECT -> HELLO (AUTH, CLIENT SETNAME, PING) -> UP
 *                       ^                                                        |
 *                       +----- WAIT (50 ms to 2 s, doubling, half of it random) <-+ any failure
 *
 * Invariants:  replies come in the order of the calls. Each callback fires exactly once, never
 *              before store_send has returned. While the connection is not UP, calls fail at
 *              once (with STORE_DOWN) instead of piling up.
 * Cost:        one allocation a call plus the reply's; no copy of the reply.
 * Owner:       store_new to store_close's callback. Loop thread only. Do not send from a
 *              uv_prepare callback: what it sends may wait for the next event.
 *
 * A command that blocks (XREADGROUP BLOCK) belongs on a store of its own.
 */
#ifndef HANSOM_KIT_STORE_H
#define HANSOM_KIT_STORE_H

#include "base/slice.h"
#include "services/kit/reply.h"
#include "services/kit/store_url.h"

#include <uv.h>

struct store;
struct metrics;

enum store_status {
    STORE_OK,      /* reply is anything but an error */
    STORE_ERROR,   /* reply is an error */
    STORE_TIMEOUT, /* no reply in time: it may have happened, or happen yet */
    STORE_LOST,    /* the connection broke after sending: it may have happened */
    STORE_DOWN,    /* never sent: it has not happened */
    STORE_FULL     /* never sent, too much is in flight: it has not happened */
};

/* "ok", "timeout", ...: for logs. */
const char *store_status_text(enum store_status s);

/* Whether the call certainly had no effect, so that repeating it is safe. */
bool store_status_unsent(enum store_status s);

/* reply is NULL unless status is STORE_OK or STORE_ERROR; borrowed until the callback returns. */
typedef void (*store_cb)(void *data, enum store_status status, const redisReply *reply);

struct store_config {
    struct store_url url;
    const char *name;   /* CLIENT SETNAME; borrowed for the store's life */
    int64_t connect_ms; /* for each attempt; 0 = 2 s */
    int64_t stall_ms; /* nothing received for so long when a call times out: reconnect; 0 = 10 s */
    size_t bytes_max; /* unsent bytes; beyond: STORE_FULL; 0 = 64 MiB */
    size_t calls_max; /* calls in flight; beyond: STORE_FULL; 0 = 65,536 */
    struct metrics *metrics; /* borrowed; NULL: none. hansom_store_command_seconds{command} … */
    uint64_t seed;           /* of the jitter; 0 = from the kernel */
};

struct store *store_new(uv_loop_t *loop, const struct store_config *config);

/* Starts connecting, and keeps doing so until store_close. */
void store_open(struct store *s);

/* Fails what is in flight (STORE_LOST or STORE_DOWN), closes, then frees s and calls cb (which
 * may be NULL). */
void store_close(struct store *s, void (*cb)(void *data), void *data);

/* Whether calls are accepted now. */
bool store_is_up(const struct store *s);

/* How many times the connection came up; a change means that the other side may have restarted. */
uint64_t store_generation(const struct store *s);

/* Calls waiting for a reply. */
size_t store_in_flight(const struct store *s);

/* How long the oldest of them has waited, in ms; 0 when there is none. One whose time is out counts
 * until its reply comes: this is how far the store is behind. */
int64_t store_behind_ms(const struct store *s);

/* Why the last attempt or connection failed, "" if none did: for readyz and logs. */
const char *store_last_error(const struct store *s);

/* fn runs each time the connection is UP, before anybody else can call: what it sends goes
 * first (loading functions, making groups). Up to 4 hooks, in the order given. */
void store_on_up(struct store *s, void (*fn)(void *data), void *data);

/* fn runs each time an UP connection is lost. Up to 4 hooks. */
void store_on_down(struct store *s, void (*fn)(void *data), void *data);

/* --- commands --- */

struct store_cmd;

/* Begins a command with its name (a word; for two, add the second with store_arg_cstr). The
 * command is s's one scratch command: build and send it before beginning another. */
struct store_cmd *store_cmd(struct store *s, const char *name);

void store_arg(struct store_cmd *c, struct slice arg);
void store_arg_cstr(struct store_cmd *c, const char *arg);
void store_arg_i64(struct store_cmd *c, int64_t arg);
void store_arg_u64(struct store_cmd *c, uint64_t arg);

/* The shortest decimal that reads back as arg. */
void store_arg_double(struct store_cmd *c, double arg);

/* One argument of several parts, e.g. a member with a suffix. */
void store_arg_parts(struct store_cmd *c, const struct slice *parts, size_t count);

/* Sends what was built. cb may be NULL when the outcome does not matter. The time-out
 * (> 0) counts from now. */
void store_send(struct store *s, struct store_cmd *c, int64_t timeout_ms, store_cb cb, void *data);

/* The same in one call, from an array of arguments. */
void store_call(struct store *s, const struct slice *argv, size_t argc, int64_t timeout_ms,
                store_cb cb, void *data);

/* STORE_CALL(s, 1000, on_reply, op, SLICE("GET"), key) */
#define STORE_CALL(s, timeout_ms, cb, data, ...)                                                   \
    store_call((s), (const struct slice[]){__VA_ARGS__},                                           \
               sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice), (timeout_ms),   \
               (cb), (data))

/* Writes now what was sent, instead of just before the loop sleeps: the other side works on it while
 * we go on. Changes nothing while the connection is not UP. */
void store_flush(struct store *s);

#endif
