/* stream: what the files of the stream family share. */
#ifndef HANSOM_STORE_CMD_STREAM_H
#define HANSOM_STORE_CMD_STREAM_H

#include "store/cmd/cmd.h"
#include "store/type/stream.h"

/* Reads an id; "-" and "+" are the least and the greatest. False when it is none. */
bool stream_id_read(struct slice text, uint64_t seq_default, struct stream_id *id);

/* Reads an id as most commands want it: no "-" and "+". Replies and is false when wrong. */
bool stream_id_strict(struct cmd *c, struct slice text, uint64_t seq_default, struct stream_id *id);

/* Reads one end of an interval, which may begin with '('. Replies and is false when wrong. */
bool stream_id_from(struct cmd *c, struct slice text, struct stream_id *id);
bool stream_id_to(struct cmd *c, struct slice text, struct stream_id *id);

/* Reads a whole number; replies with line (NULL: the usual one) and is false when wrong. */
bool stream_number(struct cmd *c, struct slice text, const char *line, int64_t *n);

/* Looks up the stream of argv[at]; *s is NULL if it is missing. False when it has replied. */
bool stream_find(struct cmd *c, uint32_t at, bool write, struct stream **s);

/* Looks up stream and group; when one is missing replies NOGROUP and is false. */
bool stream_find_group(struct cmd *c, uint32_t key_at, uint32_t group_at, struct stream **s,
                       struct group **g);

/* Logs that the consumer exists and when it last asked. */
void stream_log_seen(struct cmd *c, struct slice key, struct slice group,
                     const struct consumer *consumer);

/* Whether the log is being replayed; otherwise it has refused the command. */
bool stream_log_only(struct cmd *c);

void stream_reply_id(struct reply *r, struct stream_id id);

/* Replies [id, [name, value, ...]] and consumes e. */
void stream_reply_entry(struct reply *r, struct stream_entry *e);

/* An id's text in the arena of c. */
struct slice stream_id_text(struct cmd *c, struct stream_id id);

/* A number's text in the arena of c. */
struct slice stream_number_text(struct cmd *c, int64_t n);

#endif
