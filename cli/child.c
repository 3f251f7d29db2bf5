#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

enum {
    BACKOFF_MS_MIN = 100,
    BACKOFF_MS_MAX = 5000,
    STEADY_MS = 10000, /* who lived so long is started again soon */
    LINE_MAX_BYTES = 4096,
};

void child_init(struct child *c, uv_loop_t *loop, const char *programs, const char *program,
                const char *name, void (*on_change)(void *data, struct child *c), void *data)
{
    *c = (struct child){.loop = loop, .on_change = on_change, .data = data};
    snprintf(c->name, sizeof c->name, "%s", name);
    snprintf(c->program, sizeof c->program, "%s", program);
    c->backoff_ms = BACKOFF_MS_MIN;
    must(uv_timer_init(loop, &c->again) == 0);
    c->again.data = c;
    struct buf path = {0};
    buf_addf(&path, "%s/%s", programs, program);
    buf_add_char(&path, '\0');
    child_arg(c, path.p);
    buf_fini(&path);
}

void child_fini(struct child *c)
{
    for (size_t i = 0; i < c->args_count; i++) {
        mem_free(c->args[i]);
    }
    buf_fini(&c->line);
}

void child_arg(struct child *c, const char *arg)
{
    must(c->args_count < CHILD_ARGS_MAX);
    c->args[c->args_count++] = mem_dup(arg, strlen(arg) + 1);
}

void child_argf(struct child *c, const char *name, const char *format, ...)
{
    struct buf value = {0};
    va_list args;
    va_start(args, format);
    buf_addv(&value, format, args);
    va_end(args);
    buf_add_char(&value, '\0');
    child_arg(c, name);
    child_arg(c, value.p);
    buf_fini(&value);
}

/* Runs in the new process, between fork and exec. */
_Noreturn static void become(const struct child *c, int out, pid_t parent)
{
    int log = open(c->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t all;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1); /* it died before prctl */
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (log < 0 || none < 0 || dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(log, 2) < 0) {
        _exit(1);
    }
    execv(c->args[0], c->args);
    dprintf(2, "cannot run %s: %s\n", c->args[0], strerror(errno));
    _exit(78);
}

static void on_out_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    c->out_open = false;
}

static void out_close(struct child *c)
{
    if (c->out_open && !uv_is_closing((uv_handle_t *)&c->out)) {
        uv_close((uv_handle_t *)&c->out, on_out_closed);
    }
}

static void line_end(struct child *c)
{
    char ready[CHILD_NAME_CAP + 8];
    snprintf(ready, sizeof ready, "%s ready", c->program);
    if (c->state == CHILD_STARTING && slice_starts(buf_slice(&c->line), slice_of(ready))) {
        c->state = CHILD_READY;
        c->was_ready = true;
        c->on_change(c->data, c);
    }
    buf_clear(&c->line);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct child *c = handle->data;
    *out = uv_buf_init(c->in, sizeof c->in);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *in)
{
    struct child *c = stream->data;
    if (n < 0) {
        out_close(c);
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (in->base[i] == '\n')
            line_end(c);
        else if (c->line.len < LINE_MAX_BYTES)
            buf_add_char(&c->line, in->base[i]);
    }
}

static void on_again(uv_timer_t *timer)
{
    child_start(timer->data);
}

static void start_later(struct child *c)
{
    if (c->stopping) return;
    uv_timer_start(&c->again, on_again, (uint64_t)c->backoff_ms, 0);
    c->backoff_ms = c->backoff_ms * 2 < BACKOFF_MS_MAX ? c->backoff_ms * 2 : BACKOFF_MS_MAX;
}

void child_start(struct child *c)
{
    int fds[2];
    must(c->pid == 0);
    if (c->stopping) return;
    if (c->out_open) { /* the old pipe is still closing: the loop comes back to it */
        uv_timer_start(&c->again, on_again, 1, 0);
        return;
    }
    if (pipe2(fds, O_CLOEXEC) != 0) {
        start_later(c);
        return;
    }
    c->args[c->args_count] = NULL;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) become(c, fds[1], parent);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        start_later(c);
        return;
    }
    c->pid = pid;
    c->state = CHILD_STARTING;
    c->started_ms = clock_mono_ms();
    must(uv_pipe_init(c->loop, &c->out, 0) == 0);
    must(uv_pipe_open(&c->out, fds[0]) == 0);
    c->out.data = c;
    c->out_open = true;
    buf_clear(&c->line);
    uv_read_start((uv_stream_t *)&c->out, on_alloc, on_read);
    c->on_change(c->data, c);
}

void child_reap(struct child *c)
{
    int status = 0;
    if (c->pid == 0 || waitpid(c->pid, &status, WNOHANG) != c->pid) return;
    c->pid = 0;
    c->state = CHILD_DOWN;
    c->last_status = status;
    out_close(c);
    if (clock_mono_ms() - c->started_ms >= STEADY_MS) c->backoff_ms = BACKOFF_MS_MIN;
    if (!c->stopping) {
        c->restarts++;
        start_later(c);
    }
    c->on_change(c->data, c);
}

void child_stop(struct child *c)
{
    c->stopping = true;
    uv_timer_stop(&c->again);
    if (c->pid != 0) kill(c->pid, SIGTERM);
}

void child_kill(struct child *c)
{
    c->stopping = true;
    uv_timer_stop(&c->again);
    if (c->pid != 0) kill(c->pid, SIGKILL);
}

void child_close(struct child *c)
{
    out_close(c);
    uv_close((uv_handle_t *)&c->again, NULL);
}
