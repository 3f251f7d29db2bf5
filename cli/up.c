/* up: the whole backend as child processes of one supervisor.
 *
 *   store ready -> services start -> all ready: a table of addresses -> ... SIGTERM ->
 *   services drain -> the store ends -> exit 0
 *
 * Ports are chosen once, before anything starts, and kept for the supervisor's life: a service
 * that is restarted comes back where its clients look for it.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "cli/child.h"
#include "cli/command.h"
#include "cli/place.h"
#include "cli/state_file.h"

enum {
    CHILDREN_MAX = 32,
    SOCKET_PATH_MAX = 100, /* of a Unix socket; longer directories use TCP */
    DRAIN_MS = 15000,
    NEWS_MS = 5000,
    CONFIG_WRONG = 78,
};

struct up_options {
#define OPT OPTION_FIELD
#include "cli/up.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct up_options, field, __VA_ARGS__)
#include "cli/up.def"
#undef OPT
};

struct up {
    const struct up_options *opt;
    uv_loop_t loop;
    uv_signal_t on_int, on_term, on_chld;
    uv_timer_t patience; /* while stopping */
    uv_timer_t news;     /* while starting */
    struct buf dir, programs, regions, store_url, ops_url;
    struct child children[CHILDREN_MAX];
    size_t count;
    uint16_t ports[2 * CHILDREN_MAX];
    size_t ports_count;
    bool own_store; /* children[0] is the store */
    bool services_started;
    bool told; /* the table was printed */
    bool stopping;
    bool store_stopping;
    bool closed;
    int status;
};

static void on_change(void *data, struct child *c);

/* --- what is to run --- */

static const char *cstr(struct buf *b)
{
    buf_add_char(b, '\0');
    b->len--;
    return b->p;
}

static uint16_t take_port(struct up *u, int64_t wanted)
{
    uint16_t port = place_free_port((uint16_t)wanted, u->ports, u->ports_count);
    if (port == 0) {
        fprintf(stderr, "hansom up: no free port from %d on\n", (int)wanted);
        exit(EXIT_FAILURE);
    }
    u->ports[u->ports_count++] = port;
    return port;
}

static struct child *add_child(struct up *u, const char *program, int number)
{
    char name[CHILD_NAME_CAP];
    must(u->count < CHILDREN_MAX);
    struct child *c = &u->children[u->count++];
    if (number == 0)
        snprintf(name, sizeof name, "%s", program);
    else
        snprintf(name, sizeof name, "%s-%d", program, number + 1);
    child_init(c, &u->loop, cstr(&u->programs), program, name, on_change, u);
    snprintf(c->log_path, sizeof c->log_path, "%s/log/%s.log", cstr(&u->dir), name);
    return c;
}

static void add_store(struct up *u)
{
    const struct up_options *o = u->opt;
    struct child *c = add_child(u, "hansom-store", 0);
    u->own_store = true;
    c->port = take_port(u, o->store_port);
    c->admin_port = take_port(u, o->store_admin_port);
    child_argf(c, "--port", "%d", c->port);
    child_argf(c, "--admin-port", "%d", c->admin_port);
    child_argf(c, "--dir", "%s/store", cstr(&u->dir));
    child_argf(c, "--appendonly", "%s", "yes");
    child_argf(c, "--appendfsync", "%s", o->appendfsync);
    if (o->ephemeral[0] != '\0') child_argf(c, "--ephemeral-keys", "%s", o->ephemeral);
    if (u->dir.len + sizeof "/store.sock" <= SOCKET_PATH_MAX) {
        child_argf(c, "--unixsocket", "%s/store.sock", cstr(&u->dir));
        buf_addf(&u->store_url, "unix://%s/store.sock", cstr(&u->dir));
    } else {
        buf_addf(&u->store_url, "redis://127.0.0.1:%d", c->port);
    }
}

static struct child *add_service(struct up *u, const char *program, int number, int64_t port,
                                 int64_t admin_port)
{
    const struct up_options *o = u->opt;
    struct child *c = add_child(u, program, number);
    c->admin_port = take_port(u, admin_port);
    if (port != 0) {
        c->port = take_port(u, port);
        child_argf(c, "--port", "%d", c->port);
    }
    child_argf(c, "--admin-port", "%d", c->admin_port);
    child_argf(c, "--jwt-secret-file", "%s/jwt-secret", cstr(&u->dir));
    child_argf(c, "--regions-file", "%s", cstr(&u->regions));
    child_argf(c, "--log-level", "%s", o->log_level);
    if (o->regions[0] != '\0') child_argf(c, "--regions", "%s", o->regions);
    if (o->speed_scale > 1 || o->speed_scale < 1) {
        child_argf(c, "--speed-scale", "%g", o->speed_scale);
    }
    return c;
}

/* The gateways' ports are chosen before the dispatchers start: the page they serve may call
 * the others. */
static void add_services(struct up *u)
{
    const struct up_options *o = u->opt;
    size_t first = u->count;
    for (int i = 0; i < o->dispatchers; i++) {
        add_service(u, "hansom-dispatcher", i, o->port + 10 * i, o->admin_port + 10 * i);
    }
    add_service(u, "hansom-location-ingest", 0, o->port + 1, o->admin_port + 1);
    add_service(u, "hansom-pricing", 0, o->port + 2, o->admin_port + 2);
    struct buf origins = {0};
    for (int i = 0; i < o->gateways; i++) {
        struct child *c = add_service(u, "hansom-ws-gateway", i, o->port + 3 + 10 * i,
                                      o->admin_port + 3 + 10 * i);
        if (i > 0) buf_add_char(&origins, ',');
        buf_addf(&origins, "http://127.0.0.1:%d,http://localhost:%d", c->port, c->port);
    }
    for (size_t i = first; i < u->count; i++) {
        child_argf(&u->children[i], "--cors-origins", "%s", cstr(&origins));
    }
    buf_fini(&origins);
    for (int i = 0; i < o->matchers; i++) {
        add_service(u, "hansom-matcher", i, 0, o->admin_port + 4 + 10 * i);
    }
}

/* --- telling --- */

static void write_state(struct up *u)
{
    struct state_file s = {.dir = cstr(&u->dir),
                           .store_url = cstr(&u->store_url),
                           .ops_url = cstr(&u->ops_url),
                           .children = u->children,
                           .count = u->count};
    if (!state_file_write(&s)) fprintf(stderr, "hansom up: cannot write %s/state.json\n", s.dir);
}

static void print_table(struct up *u)
{
    printf("%-26s %-30s %s\n", "process", "address", "admin");
    for (size_t i = 0; i < u->count; i++) {
        const struct child *c = &u->children[i];
        char where[64] = "-";
        bool store = u->own_store && i == 0;
        if (c->port != 0) {
            snprintf(where, sizeof where, "%s://127.0.0.1:%d", store ? "redis" : "http", c->port);
        }
        printf("%-26s %-30s http://127.0.0.1:%d\n", c->name, where, c->admin_port);
    }
    printf("store %s\nlogs  %s/log\n", cstr(&u->store_url), cstr(&u->dir));
    if (u->ops_url.len > 0) printf("ops   %s\n", cstr(&u->ops_url));
    printf("hansom up ready dir=%s\n", cstr(&u->dir));
    fflush(stdout);
}

static void on_news(uv_timer_t *timer)
{
    struct up *u = timer->data;
    for (size_t i = 0; i < u->count; i++) {
        if (u->children[i].state == CHILD_READY) continue;
        fprintf(stderr, "hansom up: waiting for %s (see %s)\n", u->children[i].name,
                u->children[i].log_path);
    }
}

/* --- stopping --- */

static void close_all(struct up *u)
{
    if (u->closed) return;
    u->closed = true;
    for (size_t i = 0; i < u->count; i++) {
        child_close(&u->children[i]);
    }
    uv_close((uv_handle_t *)&u->on_int, NULL);
    uv_close((uv_handle_t *)&u->on_term, NULL);
    uv_close((uv_handle_t *)&u->on_chld, NULL);
    uv_close((uv_handle_t *)&u->patience, NULL);
    uv_close((uv_handle_t *)&u->news, NULL);
}

static void on_impatience(uv_timer_t *timer)
{
    struct up *u = timer->data;
    for (size_t i = 0; i < u->count; i++) {
        bool store = u->own_store && i == 0;
        if (u->children[i].pid == 0 || (store && !u->store_stopping)) continue;
        fprintf(stderr, "hansom up: %s does not end: killed\n", u->children[i].name);
        child_kill(&u->children[i]);
    }
}

/* Services first, so that what they still write is kept; then the store. */
static void stop_on(struct up *u)
{
    size_t alive = 0;
    for (size_t i = u->own_store ? 1 : 0; i < u->count; i++) {
        if (u->children[i].pid != 0) alive++;
    }
    if (alive > 0) return;
    if (u->own_store && !u->store_stopping) {
        u->store_stopping = true;
        child_stop(&u->children[0]);
        uv_timer_start(&u->patience, on_impatience, DRAIN_MS, 0);
    }
    if (!u->own_store || u->children[0].pid == 0) close_all(u);
}

static void stop(struct up *u)
{
    if (u->stopping) { /* a second signal: now */
        for (size_t i = 0; i < u->count; i++) {
            child_kill(&u->children[i]);
        }
        return;
    }
    u->stopping = true;
    uv_timer_stop(&u->news);
    for (size_t i = u->own_store ? 1 : 0; i < u->count; i++) {
        child_stop(&u->children[i]);
    }
    uv_timer_start(&u->patience, on_impatience, DRAIN_MS, 0);
    stop_on(u);
}

/* --- the children's news --- */

static void print_log_end(const struct child *c)
{
    struct buf log = {0};
    if (place_read_file(c->log_path, &log)) {
        size_t from = log.len;
        for (int lines = 0; from > 0 && lines < 4; from--) {
            if (log.p[from - 1] == '\n') lines++;
        }
        fprintf(stderr, "%.*s", (int)(log.len - from), log.p + from);
    }
    buf_fini(&log);
}

/* A child that refuses its settings will refuse them again. */
static bool hopeless(const struct child *c)
{
    if (c->pid != 0 || c->was_ready || !WIFEXITED(c->last_status)) return false;
    int code = WEXITSTATUS(c->last_status);
    return code == EXIT_USAGE_BAD || code == CONFIG_WRONG;
}

static void on_change(void *data, struct child *c)
{
    struct up *u = data;
    bool all_ready = true;
    if (c->state == CHILD_DOWN && !c->stopping) {
        if (hopeless(c)) {
            fprintf(stderr, "hansom up: %s refuses to start:\n", c->name);
            print_log_end(c);
            u->status = EXIT_FAILURE;
            if (!u->stopping) stop(u);
            return;
        }
        fprintf(stderr, "hansom up: %s ended (%s %d); starting it again\n", c->name,
                WIFSIGNALED(c->last_status) ? "signal" : "status",
                WIFSIGNALED(c->last_status) ? WTERMSIG(c->last_status)
                                            : WEXITSTATUS(c->last_status));
    }
    if (!u->stopping && !u->services_started && (!u->own_store || c->state == CHILD_READY)) {
        u->services_started = true;
        for (size_t i = u->own_store ? 1 : 0; i < u->count; i++) {
            if (u->children[i].pid == 0) child_start(&u->children[i]);
        }
    }
    for (size_t i = 0; i < u->count; i++) {
        if (u->children[i].state != CHILD_READY) all_ready = false;
    }
    write_state(u);
    if (all_ready && !u->told) {
        u->told = true;
        uv_timer_stop(&u->news);
        print_table(u);
    }
    if (u->stopping) stop_on(u);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

static void on_child_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct up *u = handle->data;
    for (size_t i = 0; i < u->count; i++) {
        child_reap(&u->children[i]);
    }
}

/* --- the command --- */

static void find_ops_page(struct up *u)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/../../../web/dist/index.html", cstr(&u->programs));
    if (access(path, R_OK) != 0) return;
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->children[i].name, "hansom-ws-gateway") != 0) continue;
        buf_addf(&u->ops_url, "http://127.0.0.1:%d/ops/", u->children[i].port);
    }
}

static void write_pidfile(const char *path)
{
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "we");
    if (file == NULL) {
        if (path[0] != '\0') fprintf(stderr, "hansom up: cannot write %s\n", path);
        return;
    }
    fprintf(file, "%ld\n", (long)getpid());
    fclose(file);
}

static void listen_signals(struct up *u)
{
    uv_signal_init(&u->loop, &u->on_int);
    uv_signal_init(&u->loop, &u->on_term);
    uv_signal_init(&u->loop, &u->on_chld);
    uv_timer_init(&u->loop, &u->patience);
    uv_timer_init(&u->loop, &u->news);
    u->on_int.data = u->on_term.data = u->on_chld.data = u;
    u->patience.data = u->news.data = u;
    uv_signal_start(&u->on_int, on_stop_signal, SIGINT);
    uv_signal_start(&u->on_term, on_stop_signal, SIGTERM);
    uv_signal_start(&u->on_chld, on_child_signal, SIGCHLD);
    uv_timer_start(&u->news, on_news, NEWS_MS, NEWS_MS);
}

/* What is shown and written from now on is the URL without its user and password. */
static void hide_password(struct up *u)
{
    struct slice url = buf_slice(&u->store_url);
    size_t at = url.len;
    while (at > 0 && url.p[at - 1] != '@')
        at--;
    size_t scheme = slice_find(url, '/') + 2;
    if (at <= scheme || url.p[scheme - 1] != '/') return;
    memmove(u->store_url.p + scheme, u->store_url.p + at, url.len - at);
    u->store_url.len = scheme + url.len - at;
}

static int run(struct up *u)
{
    const struct up_options *o = u->opt;
    if (!place_make(o->dir, &u->dir) || !place_of_programs(&u->programs) ||
        !place_find_regions(o->regions_file, cstr(&u->programs), &u->regions)) {
        return EXIT_FAILURE;
    }
    must(uv_loop_init(&u->loop) == 0);
    listen_signals(u);
    if (o->store[0] != '\0')
        buf_add_cstr(&u->store_url, o->store);
    else if (o->services_only)
        buf_add_cstr(&u->store_url, "redis://127.0.0.1:7379");
    else
        add_store(u);
    /* Through the environment: a password in it would show in the list of processes. */
    must(setenv("HANSOM_STORE", cstr(&u->store_url), 1) == 0);
    hide_password(u);
    add_services(u);
    find_ops_page(u);
    write_pidfile(o->pidfile);
    write_state(u);
    if (u->own_store) {
        child_start(&u->children[0]);
    } else {
        u->services_started = true;
        for (size_t i = 0; i < u->count; i++) {
            child_start(&u->children[i]);
        }
    }
    uv_run(&u->loop, UV_RUN_DEFAULT);
    uv_loop_close(&u->loop);
    state_file_remove(cstr(&u->dir));
    if (o->pidfile[0] != '\0') unlink(o->pidfile);
    for (size_t i = 0; i < u->count; i++) {
        child_fini(&u->children[i]);
    }
    return u->status;
}

int command_up(int argc, char **argv)
{
    struct up_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom up",
                             .summary =
                                 "Runs the store and the services here, and restarts what dies.",
                             .groups = &group,
                             .groups_count = 1};
    int status = command_options(&set, argc, argv);
    static struct up u; /* large */
    u.opt = &o;
    if (status == COMMAND_GOES_ON) status = run(&u);
    buf_fini(&u.dir);
    buf_fini(&u.programs);
    buf_fini(&u.regions);
    buf_fini(&u.store_url);
    buf_fini(&u.ops_url);
    option_fini(&set);
    return status;
}
