#include "peer.h"

#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FLAGS_MAX = 40, READY_MS = 60000 };

void peer_init(struct peer *p)
{
    *p = (struct peer){.out = -1};
    (void)snprintf(p->dir, sizeof p->dir, "/tmp/hansom-crash-XXXXXX");
    must(mkdtemp(p->dir) != NULL);
    (void)snprintf(p->log, sizeof p->log, "%s/log", p->dir);
}

_Noreturn static void become_store(const struct peer *p, const char *const *flags, int out,
                                   unsigned long file_max)
{
    const char *bin = getenv("HANSOM_STORE_BIN");
    must(bin != NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (file_max > 0) {
        struct rlimit limit = {.rlim_cur = file_max, .rlim_max = RLIM_INFINITY};
        must(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    }
    must(dup2(out, STDOUT_FILENO) >= 0);
    int log = open(p->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    must(dup2(log, STDERR_FILENO) >= 0);
    const char *argv[FLAGS_MAX] = {bin, "--port", "0", "--admin-port", "-1", "--dir", p->dir};
    int n = 7;
    for (; *flags != NULL; flags++) {
        must(n + 1 < FLAGS_MAX);
        argv[n++] = *flags;
    }
    argv[n] = NULL;
    char *copy[FLAGS_MAX];
    for (int i = 0; i <= n; i++)
        copy[i] = argv[i] == NULL ? NULL : strdup(argv[i]);
    (void)execv(bin, copy);
    _exit(127);
}

/* Waits for "... port=N ..."; 0 when the process ended without saying it. */
static int read_port(int out)
{
    char line[512];
    size_t len = 0;
    while (len < sizeof line - 1) {
        struct pollfd wait = {.fd = out, .events = POLLIN};
        if (poll(&wait, 1, READY_MS) <= 0) return 0;
        ssize_t got = read(out, line + len, 1);
        if (got <= 0) return 0;
        if (line[len++] == '\n') break;
    }
    line[len] = '\0';
    const char *port = strstr(line, "port=");
    return strstr(line, "ready") == NULL || port == NULL ? 0 : atoi(port + 5);
}

bool peer_start(struct peer *p, const char *const *flags, unsigned long file_max)
{
    int ends[2];
    must(pipe(ends) == 0);
    p->pid = fork();
    must(p->pid >= 0);
    if (p->pid == 0) {
        (void)close(ends[0]);
        become_store(p, flags, ends[1], file_max);
    }
    (void)close(ends[1]);
    p->out = ends[0];
    p->port = read_port(p->out);
    if (p->port != 0) return true;
    (void)peer_end(p, SIGKILL);
    return false;
}

int peer_end(struct peer *p, int signal)
{
    int status = 0;
    (void)kill(p->pid, signal);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    (void)close(p->out);
    p->out = -1;
    p->pid = 0;
    return status;
}

void peer_limit(const struct peer *p, unsigned long file_max)
{
    struct rlimit limit = {.rlim_cur = file_max > 0 ? file_max : RLIM_INFINITY,
                           .rlim_max = RLIM_INFINITY};
    must(prlimit(p->pid, RLIMIT_FSIZE, &limit, NULL) == 0);
}

void peer_fini(struct peer *p)
{
    char command[128];
    if (p->pid != 0) (void)peer_end(p, SIGKILL);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    must(system(command) == 0);
}

redisContext *peer_connect_port(int port)
{
    struct timeval ten = {.tv_sec = 10};
    redisContext *c = redisConnectWithTimeout("127.0.0.1", port, ten);
    must(c != NULL);
    must(c->err == 0);
    must(redisSetTimeout(c, ten) == REDIS_OK);
    return c;
}

redisContext *peer_connect(const struct peer *p)
{
    return peer_connect_port(p->port);
}

long long peer_ask(redisContext *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *r = redisvCommand(c, format, args);
    va_end(args);
    if (r == NULL) return -2;
    long long n = r->type == REDIS_REPLY_INTEGER ? r->integer
                  : r->type == REDIS_REPLY_ERROR ? -1
                  : r->type == REDIS_REPLY_NIL   ? -1
                  : r->type == REDIS_REPLY_ARRAY ? (long long)r->elements
                                                 : (long long)r->len;
    freeReplyObject(r);
    return n;
}

const char *peer_text(redisContext *c, char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    redisReply *r = redisvCommand(c, format, args);
    va_end(args);
    out[0] = '\0';
    if (r != NULL && r->str != NULL) (void)snprintf(out, size, "%.*s", (int)r->len, r->str);
    if (r != NULL) freeReplyObject(r);
    return out;
}

bool peer_info_has(redisContext *c, const char *line)
{
    redisReply *r = redisCommand(c, "INFO persistence");
    must(r != NULL);
    bool has = strstr(r->str, line) != NULL;
    freeReplyObject(r);
    return has;
}

bool peer_readable(const redisContext *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}
