/* json: what the commands of JSON documents share.
 *
 * A command opens a target: the document under a key, and what its path finds there. Reading, it
 * replies value by value. Changing, it gives json_apply a function for one value; one value is
 * changed in place, several in one pass over the document.
 */
#ifndef HANSOM_STORE_CMD_JSON_H
#define HANSOM_STORE_CMD_JSON_H

#include "store/cmd/host.h"
#include "store/ds/jpath.h"

extern struct family_type json_type;

struct json_target {
    struct host *h;
    struct slice key;
    struct buf *doc; /* borrowed from the key; NULL when it is missing */
    struct jpath path;
    struct jpath_found found;
};

/* Opens h's key argv[1] and a path. False after a reply; then nothing is to be closed. The
 * document may be missing: t->doc is NULL and nothing is found. */
bool json_open(struct host *h, struct slice path, bool write, struct json_target *t);
/* The same; a missing key is replied to as the error Redis clients know. */
bool json_open_existing(struct host *h, struct slice path, bool write, struct json_target *t);
void json_close(struct json_target *t);

/* argv[i] as a path; the root in its older form when there are not so many. */
struct slice json_path_arg(const struct host *h, uint32_t i);

/* The value that the text is, in the arena; false after a reply. */
bool json_parse_arg(struct host *h, struct slice text, struct slice *value);
/* The same for several, one behind the other. */
bool json_parse_args(struct host *h, uint32_t from, uint32_t to, struct slice *values);

static inline jval json_value(const struct json_target *t, uint32_t i)
{
    return t->doc->p + t->found.at[i];
}

/* Replies "Path does not exist", or with what else it could be. */
void json_no_path(struct host *h);
void json_no_path_or(struct host *h, const char *what);

/* Whether value may be put `below` levels under all that was found, without passing a limit; false
 * after a reply. */
bool json_fits(struct json_target *t, struct slice value, uint32_t below);
/* The same for so many bytes of values, of which the deepest is so deep. */
bool json_fits_deep(struct json_target *t, size_t bytes, uint32_t depth, uint32_t below);

struct json_result {
    enum { JSON_NONE, JSON_INT, JSON_TEXT } kind; /* NONE: the value is of another kind */
    int64_t n;
    struct slice text; /* in the arena */
};

struct json_job {
    struct json_target *t;
    struct slice value; /* what is put, compared or multiplied with: a command's own */
    uint32_t count;     /* of values in it */
    int64_t a, b;       /* numbers of a command's own */
    bool unchanged;     /* set by one that changes nothing after all */
    const char *error;  /* set when it cannot be done: the command changes nothing */
};

/* Changes or looks at the value at offset `at` of doc, which is the target's document or, where
 * several values change, one of them alone. */
typedef struct json_result (*json_op)(struct json_job *job, struct buf *doc, uint32_t at);

/* Runs op on all that was found. The results, in the order found, are in the arena; *changed says
 * whether any value was one that op is for. An op that leaves a value empty has it removed. */
struct json_result *json_run(struct json_job *job, json_op op, bool *changed);

/* The same, then says the change as `event` (NULL: op only looks) and replies: with an array, or
 * of a legacy path with the last result, or else that the path does not exist or `what`. Closes
 * the target. */
void json_apply(struct json_job *job, json_op op, const char *event, const char *what);

/* Says the change and gives spare memory back. */
void json_changed(struct json_target *t, const char *event);

#endif
