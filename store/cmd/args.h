/* args: sticky readers of a command's arguments.
 *
 * Why: after the first error the others do nothing, so a handler reads its arguments in a
 * straight line and asks once, at args_end, whether all went well.
 */
#ifndef HANSOM_STORE_CMD_ARGS_H
#define HANSOM_STORE_CMD_ARGS_H

#include "store/cmd/reply.h"

struct args {
    const struct slice *argv; /* borrowed for the command */
    uint32_t argc;
    uint32_t at;       /* next to read */
    const char *error; /* first error line, static or of the arena; NULL while all is well */
};

/* Said where a number may be anything but the least one, whose sign cannot be turned. */
#define ARGS_LONG_RANGE                                                                            \
    "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"

/* Arguments not read yet. */
static inline uint32_t args_left(const struct args *a)
{
    return a->argc - a->at;
}

/* The next argument without reading it; it must exist. */
static inline struct slice args_peek(const struct args *a)
{
    return a->argv[a->at];
}

/* Any bytes. A missing argument is a syntax error, here and below. */
void args_slice(struct args *a, struct slice *out);
void args_key(struct args *a, struct slice *out);

/* "ERR value is not an integer or out of range". */
void args_i64(struct args *a, int64_t *out);
/* The same outside [min, max], with its own error line unless that is NULL. */
void args_range(struct args *a, int64_t min, int64_t max, const char *error, int64_t *out);
/* A number that fits 32 bits, as those of databases. */
void args_int(struct args *a, int64_t *out);
void args_u32(struct args *a, uint32_t min, uint32_t max, uint32_t *out);
/* "ERR value is not a valid float"; NaN is refused, infinities are read. */
void args_double(struct args *a, double *out);
void args_double_or(struct args *a, const char *error, double *out);
/* Seconds with fractions, as blocking commands take them: 0 is for ever. *out in ms. */
void args_timeout(struct args *a, int64_t *out_ms);

/* A number as INCRBYFLOAT takes it: no spaces, no NaN; infinities are read. */
bool args_parse_decimal(struct slice s, long double *out);

/* Reads the word if it is next, in any case of letters. */
bool args_maybe(struct args *a, const char *word);
/* The word must be next. */
void args_word(struct args *a, const char *word);

/* Sets the first error. */
void args_fail(struct args *a, const char *line);
void args_syntax(struct args *a);
static inline bool args_ok(const struct args *a)
{
    return a->error == NULL;
}

/* True when all was well and nothing is left; else it has replied with the first error (a
 * rest is a syntax error). */
bool args_end(struct args *a, struct reply *r);

/* The same when a rest is fine (the handler reads it itself). */
bool args_check(struct args *a, struct reply *r);

#endif
