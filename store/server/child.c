/* child: a forked process that writes the store as it is at the fork, while this one goes on.
 *
 *     NONE --start--> RUNNING --its end of the pipe closes--> ENDING --handle closed--> NONE
 *
 * It says by its exit how that went, and dies with its parent.
 */
#include "base/clock.h"
#include "base/must.h"
#include "store/server/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NICENESS = 10 };

/* Sockets are closed so that a client which the parent closes sees it; signals must not reach
 * the loop that is not here. */
_Noreturn static void child_run(struct server *s, int pipe, pid_t parent, child_work work)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EINTR);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], SIG_DFL);
    (void)dup2(pipe, 3);
    (void)close_range(4, ~0U, 0);
    (void)setpriority(PRIO_PROCESS, 0, NICENESS); /* clients go first */
    int e = work(s);
    _exit(e == 0 ? 0 : -e > 255 ? 255 : -e);
}

/* Only now may the handle be used again. */
static void on_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    c->state = CHILD_NONE;
}

static int child_wait(struct child *c)
{
    int how = 0;
    pid_t got;
    do
        got = waitpid(c->pid, &how, 0);
    while (got < 0 && errno == EINTR);
    (void)uv_poll_stop(&c->poll);
    uv_close((uv_handle_t *)&c->poll, on_closed);
    (void)close(c->pipe);
    c->state = CHILD_ENDING;
    return got != c->pid ? ECHILD : WIFEXITED(how) ? WEXITSTATUS(how) : EINTR;
}

static void on_pipe(uv_poll_t *handle, int status, int events)
{
    struct child *c = handle->data;
    (void)status;
    (void)events;
    c->ended(c->server, child_wait(c));
}

int child_start(struct server *s, struct child *c, child_work work, child_ended ended)
{
    must(c->state == CHILD_NONE);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pid_t parent = getpid();
    int64_t from_us = clock_mono_us();
    c->pid = fork();
    int error = errno;
    if (c->pid == 0) child_run(s, ends[1], parent, work);
    s->fork_us = clock_mono_us() - from_us;
    engine_took(s->engine, LATENCY_FORK, s->fork_us);
    (void)close(ends[1]);
    if (c->pid < 0) {
        (void)close(ends[0]);
        return error;
    }
    c->server = s;
    c->ended = ended;
    c->pipe = ends[0];
    c->started_ms = clock_mono_ms();
    must(uv_poll_init(&s->loop, &c->poll, c->pipe) == 0);
    c->poll.data = c;
    must(uv_poll_start(&c->poll, UV_READABLE | UV_DISCONNECT, on_pipe) == 0);
    c->state = CHILD_RUNNING;
    return 0;
}

void child_kill(struct child *c)
{
    if (c->state != CHILD_RUNNING) return;
    (void)kill(c->pid, SIGKILL);
    (void)child_wait(c);
}
