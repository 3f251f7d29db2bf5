#include "server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/cmd/guard.h"
#include "store/server/inside.h"

#include <signal.h>
#include <stdio.h>

/* ---- the turn ---- */

/* Arms the housekeeping timer for when the engine wants it; 0 is the next turn. */
static void on_tick(uv_timer_t *timer);

static void arm_tick(struct server *s)
{
    int64_t at_ms = (int64_t)uv_now(&s->loop) + exec_next_ms(s->engine);
    if (s->tick_at_ms != 0 && s->tick_at_ms <= at_ms) return;
    s->tick_at_ms = at_ms;
    uint64_t wait_ms = (uint64_t)(at_ms - (int64_t)uv_now(&s->loop));
    must(uv_timer_start(&s->tick, on_tick, wait_ms, 0) == 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct server *s = timer->data;
    s->tick_at_ms = 0;
    exec_tick(s->engine);
}

static void on_second(uv_timer_t *timer)
{
    struct server *s = timer->data;
    conns_second(s);
    durable_news(s);
    snapshots_turn(s);
}

static void server_end(struct server *s);

static void on_turn(uv_prepare_t *prepare)
{
    struct server *s = prepare->data;
    if (s->busy != NULL) return; /* busy_yield does what there is to do */
    conns_turn(s);
    if (s->shutdown_wanted) {
        server_end(s);
        return;
    }
    arm_tick(s);
}

static void on_released(uv_async_t *async)
{
    durable_news(async->data);
}

/* ---- the end ---- */

/* In this order: a snapshot when one is wanted (which failing stops the end: a second signal
 * then ends the process at once), no new clients, everything logged made durable, replies that depend on it
 * sent, clients closed. */
static void server_end(struct server *s)
{
    if (s->stopping) return;
    if (s->busy != NULL) { /* its script may never end; nothing of it is logged or promised */
        s->shutdown_wanted = true;
        return;
    }
    if (!snapshots_end(s) && !s->end_forced && s->journal == NULL) {
        log_error("cannot_stop", LOG_CSTR("why", "the snapshot failed"));
        s->shutdown_wanted = false;
        return;
    }
    s->stopping = true;
    log_info("stopping", LOG_INT("clients", s->conn_count));
    listen_close(s);
    admin_close(s);
    conns_turn(s);
    (void)snapshots_end(s); /* again only if that changed something */
    snapshots_close(s);
    if (!durable_close(s)) {
        log_error("journal_not_whole", LOG_INT("clients", s->conn_count));
        s->withhold = true;
        s->exit_code = 1;
    }
    conns_close_all(s);

    (void)uv_prepare_stop(&s->turn);
    uv_close((uv_handle_t *)&s->turn, NULL);
    uv_close((uv_handle_t *)&s->tick, NULL);
    uv_close((uv_handle_t *)&s->second, NULL);
    uv_close((uv_handle_t *)&s->released, NULL);
    handover_close(s);
    uv_close((uv_handle_t *)&s->stop, NULL);
    for (size_t i = 0; i < sizeof s->signals / sizeof s->signals[0]; i++)
        uv_close((uv_handle_t *)&s->signals[i], NULL);
}

static void on_stop(uv_async_t *async)
{
    server_end(async->data);
}

static void on_signal(uv_signal_t *handle, int signum)
{
    struct server *s = handle->data;
    log_info("signal", LOG_INT("number", signum));
    server_end(s);
}

void server_stop(struct server *s)
{
    (void)uv_async_send(&s->stop);
}

/* ---- its life ---- */

static void start_handles(struct server *s)
{
    must(uv_prepare_init(&s->loop, &s->turn) == 0);
    must(uv_timer_init(&s->loop, &s->tick) == 0);
    must(uv_timer_init(&s->loop, &s->second) == 0);
    must(uv_async_init(&s->loop, &s->released, on_released) == 0);
    handover_init(s);
    must(uv_async_init(&s->loop, &s->stop, on_stop) == 0);
    s->turn.data = s;
    s->tick.data = s;
    s->second.data = s;
    s->released.data = s;
    s->stop.data = s;
    for (size_t i = 0; i < sizeof s->signals / sizeof s->signals[0]; i++) {
        must(uv_signal_init(&s->loop, &s->signals[i]) == 0);
        s->signals[i].data = s;
    }
}

struct server *server_new(struct engine *engine, const struct io *io)
{
    struct server *s = mem_new(struct server);
    s->engine = engine;
    s->io = io;
    s->port = -1;
    s->spare_fd = -1;
    s->tls_port = -1;
    s->folder = -1;
    s->read_buf = mem_alloc(2 * (size_t)READ_BYTES);
    list_init(&s->dirty);
    list_init(&s->gated);
    must(uv_loop_init(&s->loop) == 0);
    start_handles(s);
    hooks_attach(s);
    return s;
}

bool server_open(struct server *s, char *why)
{
    if (!guard_start(s->engine, why, SERVER_ERROR)) return false;
    listen_reserve(s);
    if (!durable_open(s, why)) return false;
    if (!listen_open(s, why)) return false;
    return admin_open(s, why);
}

int server_port(const struct server *s)
{
    return s->port;
}

int server_admin_port(const struct server *s)
{
    return s->admin == NULL ? -1 : admin_port(s->admin);
}

int server_run(struct server *s)
{
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        must(uv_signal_start_oneshot(&s->signals[i], on_signal, signals[i]) == 0);
    must(uv_prepare_start(&s->turn, on_turn) == 0);
    must(uv_timer_start(&s->second, on_second, 1000, 1000) == 0);
    s->running = true;
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    s->running = false;
    return s->exit_code;
}

void server_free(struct server *s)
{
    if (s == NULL) return;
    server_end(s);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&s->loop) == 0);
    mem_free(s->read_buf);
    mem_free(s->busy_buf);
    mem_free(s->gather.argv);
    mem_free(s);
}
