/* series: what the commands of time series (TS.*) share. */
#ifndef HANSOM_STORE_CMD_SERIES_H
#define HANSOM_STORE_CMD_SERIES_H

#include "store/cmd/host.h"
#include "store/ds/tsquery.h"

extern struct family_type series_type;

/* The series under a key, or NULL after a reply: it does not exist, or is of another type. */
struct series *series_get(struct host *h, struct slice key, bool write);

/* A time, a whole number of milliseconds from 0 on; false when it is something else. */
bool series_time(struct slice s, int64_t *ms);

/* Reply with an error line, or that a word is not known; false. */
bool series_refuse(struct host *h, const char *line);
bool series_unknown(struct host *h, struct slice word);

/* --- replies (series_info.c) --- */

/* [time, value]; of RESP2 the value is a status of the fewest digits that name it. */
void series_reply_sample(struct reply *r, struct tssample sample);
void series_reply_labels(struct reply *r, const struct labelled *l);
/* In RESP3 a map, else an array of so many pairs in one (flat) or of so many arrays. */
void series_reply_map(struct reply *r, uint64_t pairs, bool flat);

/* --- rules (series_rules.c) --- */

/* What an open bucket comes to so far of which s is the destination; false when there is none. */
bool series_latest(struct host *h, const struct series *s, struct tssample *out);

/* The live destination of a rule of s, or NULL when it is gone, or has become another's. */
struct series *series_dest(struct host *h, const struct series *s, const struct series_rule *r);
/* Whether the source that s names has a rule for it still. */
bool series_has_source(struct host *h, const struct series *s);

/* Follows with the rules of s a sample that was put, behind all others (appended) or not. */
void series_follow_put(struct host *h, struct series *s, struct tssample sample, bool appended);
/* The same for a range that is about to be deleted (before), and was. */
void series_follow_delete(struct host *h, struct series *s, int64_t from_ms, int64_t to_ms);

/* --- ranges (series_range.c) --- */

/* Words that a range is asked for by, behind its two times. */
struct series_words {
    struct tsquery query;
    bool latest, from_begin, to_end;
    enum { SERIES_ALIGN_NONE, SERIES_ALIGN_BEGIN, SERIES_ALIGN_END, SERIES_ALIGN_AT } align;
};

/* Reads the two times at argv[*at], and moves on; false after a reply. */
bool series_read_span(struct host *h, uint32_t *at, struct series_words *w);
/* Reads one word and what belongs to it at argv[*at], if it is of a range. *known says whether it
 * was; false after a reply. */
bool series_read_word(struct host *h, uint32_t *at, struct series_words *w, bool *known);
/* Checks the words against each other when all are read; false after a reply. */
bool series_words_end(struct host *h, struct series_words *w);

/* Runs the query at s and replies with an array of samples. */
void series_reply_range(struct host *h, const struct series *s, const struct series_words *w);

#endif
