/* reply: writes RESP2 or RESP3, as the client asked, straight into its output buffer.
 *
 * Aggregates say their count first; when it is not known, reply_array_later keeps the place
 * and reply_later_end fills it in. In RESP2 a map of n is an array of 2n, a set an array,
 * a double a bulk string, a null "$-1", a boolean an integer.
 */
#ifndef HANSOM_STORE_CMD_REPLY_H
#define HANSOM_STORE_CMD_REPLY_H

#include "base/buf.h"
#include "store/engine/err.h"

struct reply {
    struct buf *out; /* borrowed */
    uint8_t resp;    /* 2 or 3 */
    bool failed;     /* an error was written (reset by whoever runs a command) */
    size_t max;      /* out may grow to this; more is left out. 0: no limit */
};

/* Whether more was written than the client may leave unread. It will be closed, and nothing that
 * is added now reaches it: a loop that only writes may end. */
static inline bool reply_is_full(const struct reply *r)
{
    return r->max != 0 && r->out->len > r->max;
}

void reply_ok(struct reply *r);
void reply_status(struct reply *r, const char *text); /* +text; one line */
void reply_err(struct reply *r, enum err e);
void reply_error(struct reply *r, const char *line); /* "ERR text": without '-' */
void reply_errorf(struct reply *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An error line of any bytes: line ends become spaces. */
void reply_error_slice(struct reply *r, struct slice line);

void reply_int(struct reply *r, int64_t n);
void reply_bool(struct reply *r, bool b);
void reply_bulk(struct reply *r, struct slice s);
void reply_cstr(struct reply *r, const char *s); /* a bulk string */
void reply_bulk_i64(struct reply *r, int64_t n); /* the number as a bulk string */
void reply_bulkf(struct reply *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reply_null(struct reply *r);       /* $-1 or _ */
void reply_null_array(struct reply *r); /* *-1 or _ */

/* As Redis 7.0 prints scores and distances: %.17g, shortest for whole numbers, inf and -inf. */
void reply_double(struct reply *r, double d);
/* A "human friendly" double as INCRBYFLOAT and coordinates: up to 17 decimals, no trailing
 * zeros; always a bulk string. */
void reply_bulk_decimal(struct reply *r, long double d);
void reply_bignum(struct reply *r, struct slice digits);
void reply_verbatim(struct reply *r, struct slice text, const char ext[static 4]);

void reply_array(struct reply *r, uint64_t n);
void reply_map(struct reply *r, uint64_t pairs);
void reply_set(struct reply *r, uint64_t n);
void reply_push(struct reply *r, uint64_t n);
void reply_attr(struct reply *r, uint64_t pairs); /* RESP3 only */

/* Keeps the place of an aggregate's head; reply_later_end writes it with the count. kind is
 * '*', '%' (n is pairs), '~' or '>'. Heads may nest, inner ones ending first. */
size_t reply_later(struct reply *r);
void reply_later_end(struct reply *r, size_t place, char kind, uint64_t n);
/* Makes what was added to r->out behind the place a bulk string. */
void reply_later_bulk(struct reply *r, size_t place);

/* Writes d as reply_double's text to out (at least 40 bytes); returns its length. */
size_t fmt_double(char *out, double d);
/* The same for reply_bulk_decimal (at least 5200 bytes). */
enum { FMT_DECIMAL = 5200 };
size_t fmt_decimal(char *out, long double d);

#endif
