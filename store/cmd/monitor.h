/* monitor: what MONITOR and SLOWLOG note about commands. */
#ifndef HANSOM_STORE_CMD_MONITOR_H
#define HANSOM_STORE_CMD_MONITOR_H

#include "store/cmd/cmd.h"

/* Sends a line about the running command to all clients in MONITOR; secrets stay out of it. */
void monitor_feed(const struct cmd *c);

/* Keeps the command if it took too long. */
void slowlog_note(const struct cmd *c, int64_t took_us);

/* Forgets all of it. */
void slowlog_reset(struct engine *e);

/* "ip:port" of a session, for lines about it. */
struct slice session_addr(const struct session *s, char buf[static 128], bool local);

#endif
