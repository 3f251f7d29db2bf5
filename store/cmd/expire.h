/* expire: reading the times that EXPIRE, SET, GETEX and RESTORE take. */
#ifndef HANSOM_STORE_CMD_EXPIRE_H
#define HANSOM_STORE_CMD_EXPIRE_H

#include "store/cmd/cmd.h"

/* Reads the next argument as a time: seconds or milliseconds, from now or absolute; *at_ms
 * is absolute. Zero and negative times are an error unless `past` is fine. The error names
 * the command: "ERR invalid expire time in 'set' command". */
void expire_args_time(struct cmd *c, bool seconds, bool absolute, bool past, int64_t *at_ms);

/* Gives key (which exists) the expiry, or deletes it when that is past; either with its effect.
 * True when the key is still there. */
bool expire_apply(struct cmd *c, struct slice key, int64_t at_ms);

#endif
