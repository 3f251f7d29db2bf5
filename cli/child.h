/* child: one process that is kept running.
 *
 *   DOWN --start--> STARTING --ready line--> READY
 *    ^                  |                      |
 *    +---- wait a bit --+------- it died ------+        stop: TERM, later KILL -> DOWN for good
 *
 * A child gets its own process group, so that Ctrl-C reaches only the supervisor, which ends its
 * children in order; and it gets SIGTERM from the kernel should the supervisor itself be killed.
 * Its stderr goes to a log file, its stdout is read for the ready line.
 *
 * Owner: child_init to child_fini, after the loop has ended. The strings are copied.
 */
#ifndef HANSOM_CLI_CHILD_H
#define HANSOM_CLI_CHILD_H

#include <sys/types.h>
#include <uv.h>

#include "base/buf.h"

enum child_state { CHILD_DOWN, CHILD_STARTING, CHILD_READY };

enum { CHILD_ARGS_MAX = 64, CHILD_NAME_CAP = 40 };

struct child {
    char name[CHILD_NAME_CAP]; /* "hansom-dispatcher-2" */
    char program[CHILD_NAME_CAP];
    char *args[CHILD_ARGS_MAX + 1]; /* owned; args[0] is the program's path; NULL ends them */
    size_t args_count;
    char log_path[512];
    uint16_t port;       /* public one; 0: none */
    uint16_t admin_port; /* 0: none */
    pid_t pid;           /* 0: does not run */
    enum child_state state;
    uint32_t restarts;
    bool stopping;
    bool was_ready;  /* since this supervisor started */
    int last_status; /* of waitpid */
    int64_t started_ms;
    int64_t backoff_ms;
    uv_loop_t *loop;
    uv_pipe_t out;
    bool out_open;
    struct buf line; /* of stdout, so far */
    char in[512];    /* where stdout is read to */
    uv_timer_t again;
    void (*on_change)(void *data, struct child *c); /* state or pid has changed */
    void *data;
};

void child_init(struct child *c, uv_loop_t *loop, const char *programs, const char *program,
                const char *name, void (*on_change)(void *data, struct child *c), void *data);
void child_fini(struct child *c);

void child_arg(struct child *c, const char *arg);
void child_argf(struct child *c, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void child_start(struct child *c);

/* Asks it to end (SIGTERM) and does not start it again. */
void child_stop(struct child *c);
void child_kill(struct child *c);

/* To be called after SIGCHLD. */
void child_reap(struct child *c);

/* Closes its handles; the loop must run once more. */
void child_close(struct child *c);

#endif
