#include "ask.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/place.h"
#include "services/kit/auth.h"

enum { PATIENCE_S = 10, ANSWER_MAX = 16 * 1024 * 1024, TOKEN_MS = 60 * 1000 };

uint16_t ask_port_of(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1:", "http://localhost:"};
    struct slice s = slice_of(url);
    uint64_t port = 0;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct slice host = slice_of(hosts[i]);
        if (slice_starts(s, host) && slice_u64(slice_from(s, host.len), &port))
            return port > 65535 ? 0 : (uint16_t)port;
    }
    return 0;
}

const char *ask_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static uint16_t port_of_place(const char *dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/state.json", dir);
    json_t *state = json_load_file(path, 0, NULL);
    const json_t *list = json_object_get(json_object_get(state, "urls"), "dispatcher");
    const char *url = json_string_value(json_array_get(list, 0));
    uint16_t port = url == NULL ? 0 : ask_port_of(url);
    json_decref(state);
    return port;
}

/* A token for a minute, signed with the place's secret. */
static bool sign(const char *dir, struct buf *token)
{
    struct buf secret = {0};
    struct auth_claims claims = {.sub = "cli", .jti = "cli", .role = ROLE_OPS};
    bool found = place_read_secret(dir, &secret);
    if (found) {
        claims.iat_ms = clock_wall_ms();
        claims.exp_ms = claims.iat_ms + TOKEN_MS;
        auth_sign_hs256(buf_slice(&secret), &claims, token);
    }
    buf_fini(&secret);
    return found;
}

bool ask_init(struct ask *a, const char *program, const struct ask_options *options)
{
    *a = (struct ask){.program = program, .options = options};
    bool by_hand = options->url[0] != '\0';
    a->port = by_hand ? ask_port_of(options->url) : port_of_place(options->dir);
    if (a->port == 0 && by_hand)
        fprintf(stderr, "%s: --url takes http://127.0.0.1:PORT, not %s\n", program, options->url);
    else if (a->port == 0)
        fprintf(stderr, "%s: no dispatcher runs in %s (no state.json there)\n", program,
                options->dir);
    if (a->port == 0) return false;
    if (options->token[0] != '\0') {
        buf_add_cstr(&a->token, options->token);
    } else if (!sign(options->dir, &a->token)) {
        fprintf(stderr, "%s: --token is needed: there is no secret in %s\n", program, options->dir);
        return false;
    }
    return true;
}

void ask_fini(struct ask *a)
{
    buf_fini(&a->token);
}

static bool send_all(int fd, struct slice s)
{
    while (s.len > 0) {
        ssize_t n = send(fd, s.p, s.len, MSG_NOSIGNAL);
        if (n <= 0) return false;
        s = slice_from(s, (size_t)n);
    }
    return true;
}

/* Sends the request and reads until the other side closes. */
static bool exchange(uint16_t port, struct slice request, struct buf *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    bool fine = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                send_all(fd, request);
    char chunk[16384];
    ssize_t n = 1;
    while (fine && n > 0 && answer->len < ANSWER_MAX) {
        n = recv(fd, chunk, sizeof chunk, 0);
        if (n > 0) buf_add(answer, chunk, (size_t)n);
    }
    close(fd);
    return fine && n == 0;
}

int ask(const struct ask *a, const char *method, const char *path, json_t **body)
{
    struct buf request = {0};
    struct buf answer = {0};
    uint64_t status = 0;
    *body = NULL;
    buf_addf(&request,
             "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %.*s\r\n"
             "Content-Length: 0\r\nConnection: close\r\n\r\n",
             method, path, (int)a->token.len, a->token.p);
    bool came = exchange(a->port, buf_slice(&request), &answer);
    const char *end = came ? memmem(answer.p, answer.len, "\r\n\r\n", 4) : NULL;
    if (end == NULL || answer.len < 12 || !slice_u64(slice_make(answer.p + 9, 3), &status)) {
        fprintf(stderr, "%s: the dispatcher at port %d does not answer\n", a->program, a->port);
        status = 0;
    } else {
        size_t head = (size_t)(end - (const char *)answer.p) + 4;
        *body = json_loadb((const char *)answer.p + head, answer.len - head, 0, NULL);
    }
    buf_fini(&request);
    buf_fini(&answer);
    return (int)status;
}

void ask_complain(const struct ask *a, int status, const json_t *problem)
{
    const char *detail = ask_text(problem, "detail");
    if (status == 0) return; /* that was said */
    fprintf(stderr, "%s: %d %s: %s\n", a->program, status, ask_text(problem, "code"),
            detail[0] == '\0' ? ask_text(problem, "title") : detail);
}

struct each {
    const struct ask *ask;
    bool (*fn)(const struct ask *a, const char *region);
};

static bool on_region(void *data, const char *region)
{
    const struct each *e = data;
    return e->fn(e->ask, region);
}

bool ask_each_region(const struct ask *a, bool (*fn)(const struct ask *a, const char *region))
{
    struct each e = {a, fn};
    return place_each_region(a->program, a->options->region, a->options->regions_file, on_region,
                             &e);
}
