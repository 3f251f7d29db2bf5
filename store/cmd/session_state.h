/* session_state: what several commands change in a session. */
#ifndef HANSOM_STORE_CMD_SESSION_STATE_H
#define HANSOM_STORE_CMD_SESSION_STATE_H

#include "store/cmd/cmd.h"

/* The release whose commands, replies and error texts this store speaks. */
#define REDIS_VERSION_TEXT "7.0.15"

#define CLIENT_NAME_ERROR  "ERR Client names cannot contain spaces, newlines or special characters."

/* Whether user and password are right; then s is that user's. A failure is kept for ACL LOG, as
 * one of `command`. */
bool session_login(struct session *s, struct slice user, struct slice password,
                   struct slice command);

/* False when the name has characters it must not have. Empty takes the name away. */
bool session_set_name(struct session *s, struct slice name);

#endif
