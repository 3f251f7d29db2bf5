#include "base/log.h"
#include "store/server/inside.h"
#include "store/server/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FILES_BESIDE_CLIENTS = 64 }; /* logs, snapshots, listeners, the loop's own */

static const char full_line[] = "-ERR max number of clients reached\r\n";
static const char denied_line[] =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user. In this mode connections are only accepted from the loopback "
    "interface. To connect from other computers set a password with --requirepass, or turn "
    "protected mode off with --protected-mode no and make sure that the port is not reachable from "
    "the internet.\r\n";

static bool is_loopback(const struct sockaddr_storage *sa)
{
    if (sa->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;
        return (ntohl(in->sin_addr.s_addr) >> 24) == 127;
    }
    if (sa->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)sa;
        if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) return in->sin6_addr.s6_addr[12] == 127;
        return IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
    }
    return true;
}

/* The line that turns this client away, or NULL. */
static const char *why_not(const struct server *s, const struct sockaddr_storage *sa)
{
    const struct config *config = &s->engine->config;
    if (config->protected_mode != 0 && (s->engine->acl.def->flags & ACL_USER_NOPASS) != 0 &&
        !is_loopback(sa))
        return denied_line;
    if ((int64_t)s->conn_count >= config->maxclients) return full_line;
    return NULL;
}

static void set_tcp(const struct server *s, int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int keep_s = (int)s->engine->config.tcp_keepalive;
    if (keep_s <= 0) return;
    int interval_s = keep_s >= 3 ? keep_s / 3 : 1;
    int probes = 3;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &keep_s, sizeof keep_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

/* Turns a client away that there is no descriptor for: otherwise it would stay in the queue, and the
 * loop would be told of it without end. False when even that cannot be. */
static bool refuse_one(struct server *s, const struct listener *l)
{
    if (s->spare_fd < 0) return false;
    (void)close(s->spare_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (!l->tls) (void)send(fd, full_line, sizeof full_line - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)close(fd);
        s->engine->stats.rejected_connections++;
    }
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

static void on_accept(uv_poll_t *handle, int status, int events)
{
    struct listener *l = handle->data;
    struct server *s = l->server;
    (void)events;
    if (status < 0) return;
    for (int i = 0; i < 256; i++) {
        struct sockaddr_storage sa = {0};
        socklen_t len = sizeof sa;
        int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            if ((errno == EMFILE || errno == ENFILE) && refuse_one(s, l)) continue;
            if (errno != EAGAIN) log_warn("accept_failed", LOG_CSTR("why", strerror(errno)));
            return;
        }
        const char *no = why_not(s, &sa);
        if (no != NULL) {
            s->engine->stats.rejected_connections++;
            if (!l->tls) (void)send(fd, no, strlen(no), MSG_NOSIGNAL | MSG_DONTWAIT);
            (void)close(fd);
            continue;
        }
        if (!l->local) set_tcp(s, fd);
        conn_open(s, fd, l);
    }
}

static bool fail(char *why, const char *what, const char *reason)
{
    (void)snprintf(why, SERVER_ERROR, "cannot listen on %.300s: %s", what, reason);
    return false;
}

static bool add_listener(struct server *s, struct listener what)
{
    struct listener *l = &s->listeners[s->listener_count];
    *l = what;
    l->server = s;
    if (uv_poll_init(&s->loop, &l->poll, l->fd) != 0) return false;
    l->poll.data = l;
    s->listener_count++;
    return uv_poll_start(&l->poll, UV_READABLE, on_accept) == 0;
}

static int bound_port(int fd)
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0) return -1;
    if (sa.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)&sa)->sin_port);
    return ntohs(((const struct sockaddr_in6 *)(const void *)&sa)->sin6_port);
}

/* A listening socket on one address, or -errno. */
static int tcp_listen(const struct addrinfo *a, int backlog)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6) (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, backlog) == 0) return fd;
    int e = -errno;
    (void)close(fd);
    return e;
}

/* Listens on one word of `bind`; a '-' in front makes it optional, "*" is every address. */
static bool listen_tcp(struct server *s, struct slice word, bool tls, char *why)
{
    const struct config *config = &s->engine->config;
    int *bound = tls ? &s->tls_port : &s->port;
    bool optional = slice_starts(word, SLICE("-"));
    if (optional) word = slice_from(word, 1);
    char host[256];
    (void)slice_cstr(word, host, sizeof host);
    if (strcmp(host, "*") == 0) (void)snprintf(host, sizeof host, "0.0.0.0");
    if (strcmp(host, "::*") == 0) (void)snprintf(host, sizeof host, "::");

    char port[16];
    int want = *bound > 0 ? *bound : (int)(tls ? config->tls_port : config->port);
    (void)snprintf(port, sizeof port, "%d", want);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int e = getaddrinfo(host, port, &hints, &found);
    if (e != 0) return optional || fail(why, host, gai_strerror(e));
    int fd = tcp_listen(found, (int)config->tcp_backlog);
    freeaddrinfo(found);
    if (fd < 0) {
        char where[300];
        (void)snprintf(where, sizeof where, "%s port %s", host, port);
        return optional || fail(why, where, strerror(-fd));
    }
    if (*bound <= 0) *bound = bound_port(fd);
    return add_listener(s, (struct listener){.fd = fd, .tls = tls}) ||
           fail(why, host, "the loop refused it");
}

static bool listen_unix(struct server *s, char *why)
{
    const struct config *config = &s->engine->config;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (strlen(config->unixsocket) >= sizeof un.sun_path)
        return fail(why, config->unixsocket, "the path is too long");
    (void)snprintf(un.sun_path, sizeof un.sun_path, "%s", config->unixsocket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fail(why, un.sun_path, strerror(errno));
    (void)unlink(un.sun_path);
    if (bind(fd, (const struct sockaddr *)&un, sizeof un) != 0 ||
        listen(fd, (int)config->tcp_backlog) != 0) {
        int e = errno;
        (void)close(fd);
        return fail(why, un.sun_path, strerror(e));
    }
    long mode = strtol(config->unixsocketperm, NULL, 8);
    if (mode > 0) (void)chmod(un.sun_path, (mode_t)mode);
    return add_listener(s, (struct listener){.fd = fd, .local = true}) ||
           fail(why, un.sun_path, "the loop refused it");
}

void listen_reserve(struct server *s)
{
    struct config *config = &s->engine->config;
    struct rlimit have = {0};
    rlim_t want = (rlim_t)config->maxclients + FILES_BESIDE_CLIENTS;
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getrlimit(RLIMIT_NOFILE, &have) != 0 || have.rlim_cur >= want) return;
    struct rlimit more = {want, have.rlim_max > want ? have.rlim_max : want};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0) return;
    more = (struct rlimit){have.rlim_max < want ? have.rlim_max : want, have.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0) have.rlim_cur = more.rlim_cur;
    if (have.rlim_cur >= want) return;
    int64_t clients = (int64_t)have.rlim_cur - FILES_BESIDE_CLIENTS;
    config->maxclients = clients > 1 ? clients : 1;
    log_warn("maxclients_lowered", LOG_INT("to", config->maxclients),
             LOG_INT("open_files", have.rlim_cur));
}

const char *listen_reload_tls(struct server *s)
{
    static char why[TLS_ERROR];
    if (s->tls == NULL) return NULL;
    struct tls_context *now = tls_context_new(&s->engine->config, why);
    if (now == NULL) return why;
    tls_context_free(s->tls); /* connections hold what they need of it */
    s->tls = now;
    return NULL;
}

/* Listens on all words of `bind`. */
static bool listen_all(struct server *s, bool tls, char *why)
{
    const struct config *config = &s->engine->config;
    struct slice rest = slice_of(config->bind);
    struct slice word = {0};
    while (slice_cut(&rest, ' ', &word)) {
        if (word.len == 0) continue;
        if (s->listener_count + 1 >= LISTENERS_MAX) return fail(why, config->bind, "too many");
        if (!listen_tcp(s, word, tls, why)) return false;
    }
    return true;
}

static bool listen_tls(struct server *s, char *why)
{
    char text[TLS_ERROR] = "";
    s->tls = tls_context_new(&s->engine->config, text);
    if (s->tls != NULL) return listen_all(s, true, why);
    (void)snprintf(why, SERVER_ERROR, "%.*s", SERVER_ERROR - 1, text);
    return false;
}

bool listen_open(struct server *s, char *why)
{
    const struct config *config = &s->engine->config;
    bool plain =
        config->port > 0 || config->tls_port == 0; /* as in Redis, port 0 leaves TLS alone */
    s->port = -1;
    s->tls_port = -1;
    if (plain && !listen_all(s, false, why)) return false;
    if (config->tls_port > 0 && !listen_tls(s, why)) return false;
    if (config->unixsocket[0] != '\0' && !listen_unix(s, why)) return false;
    if (s->listener_count == 0) return fail(why, "anything", "no address could be bound");
    return true;
}

void listen_close(struct server *s)
{
    for (uint32_t i = 0; i < s->listener_count; i++) {
        struct listener *l = &s->listeners[i];
        if (l->fd < 0) continue;
        (void)uv_poll_stop(&l->poll);
        uv_close((uv_handle_t *)&l->poll, NULL);
        (void)close(l->fd);
        l->fd = -1;
        if (l->local) (void)unlink(s->engine->config.unixsocket);
    }
    if (s->spare_fd >= 0) (void)close(s->spare_fd);
    s->spare_fd = -1;
    tls_context_free(s->tls);
    s->tls = NULL;
}
