#include "sweep.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

/* Drivers darkened in one sweep; the rest waits a second. */
enum { SWEEP_MAX = 256 };

/* sweep
 *
 *   RESTING --timer--> LOOKING (stale_due) --drivers--> DARKENING (one call each) --last--> RESTING
 *                          +----------nobody------------------------------------------------^
 */
struct sweep {
    struct sweep_config config;
    char region[33]; /* a region id and a NUL */
    uv_timer_t timer;
    size_t calls; /* under way; 0 is RESTING */
    bool draining;
    bool closing;
    bool timer_closed;
    void (*drained)(void *data);
    void *drained_data;
    struct log_gate gate;
};

static void settle(struct sweep *s)
{
    if (s->calls > 0) return;
    if (s->drained != NULL) {
        void (*fn)(void *data) = s->drained;
        s->drained = NULL;
        fn(s->drained_data);
    }
    if (s->closing && s->timer_closed) mem_free(s);
}

static void on_dark(void *data, const struct life_result *r)
{
    struct sweep *s = data;
    s->calls--;
    if (r->code == LIFE_OK) metric_inc(s->config.darkened);
    uint64_t missed = 0;
    if (r->code == LIFE_BROKEN && log_gate_open(&s->gate, clock_mono_ms(), 10000, &missed))
        log_error("driver_dark_failed", LOG_CSTR("region", s->region), LOG_STR("error", r->error),
                  LOG_INT("missed", missed));
    settle(s);
}

static void on_due(void *data, const struct life_result *r)
{
    struct sweep *s = data;
    uint64_t missed = 0;
    s->calls--;
    if (r->code == LIFE_OK) {
        bool held = life_extra_i64(r, "held", 0) != 0;
        metric_set(s->config.held, held ? 1 : 0);
        if (held && log_gate_open(&s->gate, clock_mono_ms(), 10000, &missed))
            log_warn("stale_sweep_held", LOG_CSTR("region", s->region),
                     LOG_INT("silent", life_extra_i64(r, "due", 0)));
        struct slice driver = {0};
        for (size_t i = 0; !s->draining && life_list(r, "drivers", i, &driver); i++) {
            s->calls++;
            life_driver_dark(s->config.life, driver, on_dark, s);
        }
    } else if (r->code == LIFE_BROKEN && log_gate_open(&s->gate, clock_mono_ms(), 10000, &missed)) {
        log_error("stale_sweep_failed", LOG_CSTR("region", s->region), LOG_STR("error", r->error),
                  LOG_INT("missed", missed));
    }
    settle(s);
}

static void on_timer(uv_timer_t *timer)
{
    struct sweep *s = timer->data;
    if (s->calls > 0 || s->draining || !store_is_up(s->config.store)) return;
    s->calls++;
    life_stale_due(s->config.life, slice_of(s->region), SWEEP_MAX, on_due, s);
}

struct sweep *sweep_new(const struct sweep_config *config)
{
    struct sweep *s = mem_new(struct sweep);
    s->config = *config;
    (void)slice_cstr(config->region, s->region, sizeof s->region);
    must(uv_timer_init(config->loop, &s->timer) == 0);
    s->timer.data = s;
    uint64_t every = (uint64_t)config->interval_ms;
    must(uv_timer_start(&s->timer, on_timer, every, every) == 0);
    return s;
}

void sweep_drain(struct sweep *s, void (*cb)(void *data), void *data)
{
    s->draining = true;
    (void)uv_timer_stop(&s->timer);
    s->drained = cb;
    s->drained_data = data;
    settle(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct sweep *s = handle->data;
    s->timer_closed = true;
    settle(s);
}

void sweep_close(struct sweep *s)
{
    if (s == NULL) return;
    s->draining = true;
    s->closing = true;
    s->drained = NULL;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}
