/* list_pop: what the popping commands of lists share, blocking or not. */
#ifndef HANSOM_STORE_CMD_LIST_POP_H
#define HANSOM_STORE_CMD_LIST_POP_H

#include "store/cmd/cmd.h"
#include "store/type/list.h"

/* The list under key for a change; *out is NULL when it is missing. True when it has replied
 * with the type error. */
bool list_open_failed(struct cmd *c, struct slice key, struct deque **out);

/* Replies with an array of the n elements at one end, outermost first. */
void list_reply_end(struct cmd *c, const struct deque *d, bool front, uint64_t n);

/* Takes n elements from one end out and says so; d is gone when that was all. */
void list_popped(struct cmd *c, struct slice key, struct deque *d, bool front, uint64_t n);

#endif
