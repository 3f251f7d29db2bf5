/* store_url: where the store is, as --store says it.
 *
 *     unix:///run/hansom/store.sock
 *     redis://[[user]:password@]host[:port]      host may be a name, an address or [::1]
 *
 * redis+sentinel:// and redis+cluster:// are recognised and refused with a line that says so:
 * this version talks to one primary.
 */
#ifndef HANSOM_KIT_STORE_URL_H
#define HANSOM_KIT_STORE_URL_H

#include "base/buf.h"

enum { STORE_URL_TEXT = 256, STORE_PATH_MAX = 108, STORE_PORT = 7379 };

struct store_url {
    char path[STORE_PATH_MAX]; /* the socket; "" means TCP */
    char host[STORE_URL_TEXT];
    uint16_t port;
    char user[STORE_URL_TEXT];     /* "" when none */
    char password[STORE_URL_TEXT]; /* "" when none */
};

/* False and one line in *why (without the password) when the text is not such a URL. */
bool store_url_parse(struct slice text, struct store_url *out, struct buf *why);

/* Appends the URL without user and password, for logs. */
void store_url_show(const struct store_url *u, struct buf *out);

#endif
