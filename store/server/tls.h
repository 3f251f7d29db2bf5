/* tls: a client's bytes through OpenSSL, under a connection that does not care.
 *
 * Why: a TLS client is a client like any other: the same admission, limits and gate on its output.
 * So conn.c reads and sends as with a socket, and only the handshake is one more state.
 *
 *     accepted -> HANDSHAKE --ok--> OPEN -> closed
 *                     +--failed, or longer than tls-handshake-timeout--> closed
 *
 * Invariants:  nothing decrypted is left behind by a read: buffers are longer than a record, so a
 *              socket without bytes means that there are none.
 * Owner:       the context belongs to the server, a tls to its connection. Loop thread only.
 */
#ifndef HANSOM_STORE_SERVER_TLS_H
#define HANSOM_STORE_SERVER_TLS_H

#include "store/engine/config.h"

#include <sys/types.h>

struct tls;
struct tls_context;

enum { TLS_ERROR = 400 };

enum tls_step {
    TLS_OPEN,
    TLS_AGAIN, /* go on when the socket is ready: tls_wants_write says for what */
    TLS_FAILED /* *why says it */
};

/* Reads the files that config names. NULL with one line in why when a file or a setting is bad. */
struct tls_context *tls_context_new(const struct config *config, char why[static TLS_ERROR]);
void tls_context_free(struct tls_context *x);

/* Server's side of a connection over fd, which stays the caller's. NULL when OpenSSL has none. */
struct tls *tls_new(struct tls_context *x, int fd);

/* Says good-bye if the connection was open, without waiting, and frees t. NULL is fine. */
void tls_free(struct tls *t);

/* Whether the handshake is over. */
bool tls_is_open(const struct tls *t);

/* Goes on with the handshake. */
enum tls_step tls_handshake(struct tls *t, char why[static TLS_ERROR]);

/* As recv and send on a socket that does not block: -1 with EAGAIN when it must wait. n of a read
 * is at least a record, 16 KiB. A send that had to wait is repeated with the same bytes, more of
 * them allowed, wherever they lie by then. */
ssize_t tls_read(struct tls *t, char *to, size_t n);
ssize_t tls_send(struct tls *t, const char *from, size_t n);

/* What the last step, read or send waits for is room to write, not bytes to read. */
bool tls_wants_write(const struct tls *t);

#endif
