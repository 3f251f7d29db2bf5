/* resp: cuts a client's bytes into commands, without copying them.
 *
 *     *2\r\n $3\r\nGET\r\n $1\r\nk\r\n      an array of bulk strings
 *     GET k\r\n                             inline, with quotes as in a shell
 *
 * Why: the parser remembers how far it got, as offsets from the start of the command, so that
 * a command which comes in a thousand pieces is still read once, and the buffer may move
 * between two calls.
 *
 * Invariants:  argc <= want; every span lies in the bytes before `at`.
 * Cost:        O(bytes) over all calls; arguments are borrowed from the buffer.
 * Owner:       embedded in a connection. Zeroed memory is ready.
 */
#ifndef HANSOM_STORE_SERVER_RESP_H
#define HANSOM_STORE_SERVER_RESP_H

#include "base/slice.h"

enum { RESP_LINE_MAX = 64 * 1024, RESP_ARGS_NOAUTH = 10, RESP_BULK_NOAUTH = 16384 };

struct resp_limits {
    uint32_t args_max;
    uint64_t bulk_max;
    bool authenticated; /* else RESP_ARGS_NOAUTH and RESP_BULK_NOAUTH hold as well */
};

struct resp_span {
    uint32_t at, len;
};

struct resp {
    struct resp_span *spans; /* owned */
    uint32_t cap;
    uint32_t argc; /* arguments read */
    uint32_t want; /* arguments of the command; 0: its head was not read yet */
    bool in_bulk;  /* the head of the next argument was read */
    uint32_t bulk; /* its length */
    uint32_t at;   /* bytes of the command read */
};

enum resp_step {
    RESP_COMMAND, /* argc arguments, *used bytes */
    RESP_NOTHING, /* *used bytes that ask for nothing: an empty line, "*0" */
    RESP_MORE,    /* the command is not complete */
    RESP_ERROR,   /* *error is the line to send ("ERR Protocol error: …") before closing */
};

/* Reads the next command from the n bytes at p, where the last unfinished one still begins.
 * Inline commands are unquoted in place. *error may point into `why`. */
enum resp_step resp_next(struct resp *r, const struct resp_limits *limits, char *p, size_t n,
                         size_t *used, char why[static 64]);

/* Cuts a whole command of the usual form in one go: an array whose lengths have one to three
 * digits, all of it there. Writes at most `room` arguments and *used; 0 when the bytes are
 * anything else, and then resp_next says what they are. For clients that are authenticated. */
uint32_t resp_whole(const struct resp_limits *limits, const char *p, size_t n, struct slice *argv,
                    uint32_t room, size_t *used);

/* The arguments of the command just read, in bytes that still begin at p. */
void resp_args(const struct resp *r, const char *p, struct slice *argv);

/* How many bytes the command needs at least, for sizing a buffer. */
size_t resp_need(const struct resp *r);

/* Forgets the command that was read, or half read. */
void resp_reset(struct resp *r);

void resp_fini(struct resp *r);

#endif
