/* peer: a real hansom-store process, and blocking clients of it, for tests. */
#ifndef HANSOM_TESTS_CRASH_PEER_H
#define HANSOM_TESTS_CRASH_PEER_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <sys/types.h>

struct peer {
    pid_t pid;
    int port;
    int out; /* its stdout */
    char dir[64];
    char log[96]; /* its stderr */
};

/* A new folder under /tmp for a store's files. */
void peer_init(struct peer *p);

/* Starts a store in the folder and waits for its ready line. The flags end with NULL. False
 * when it ended instead. file_max: RLIMIT_FSIZE in bytes, 0: none. */
bool peer_start(struct peer *p, const char *const *flags, unsigned long file_max);

/* Signals it and waits for its end; the wait status. */
int peer_end(struct peer *p, int signal);

/* Changes RLIMIT_FSIZE of the running process; 0: no limit. */
void peer_limit(const struct peer *p, unsigned long file_max);

/* Removes the folder. */
void peer_fini(struct peer *p);

/* A connection with a timeout of ten seconds; aborts when there is none. */
redisContext *peer_connect(const struct peer *p);
redisContext *peer_connect_port(int port);

/* Runs a command and gives its integer, or its text length for strings, -1 for errors and
 * null, -2 when the connection broke. */
long long peer_ask(redisContext *c, const char *format, ...);

/* The reply's text of a command (error lines too), into out; "" when none. */
const char *peer_text(redisContext *c, char *out, size_t size, const char *format, ...);

/* Whether INFO persistence has this line, or the beginning of one. */
bool peer_info_has(redisContext *c, const char *line);

/* Whether something can be read from the connection now. */
bool peer_readable(const redisContext *c);

#endif
