/* loop: libuv's timers, idle handles and work on virtual time, the clocks of base, and secrets that repeat. */
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/ids.h"
#include "tests/world/host.h"

#include <stdio.h>
#include <uv.h>

/* A handle's other half, to which its u.reserved[0] points. */
struct timer {
    struct list link; /* in host.timers */
    struct event event;
    uv_handle_t *uv;
    int64_t repeat_us; /* 0: once */
    uv_timer_cb fn;
    uv_idle_cb idle; /* instead of fn, of a uv_idle_t */
    uv_close_cb closed;
};

static struct host *host_of(const uv_loop_t *loop)
{
    return loop->data;
}

static struct timer *timer_of(const uv_handle_t *uv)
{
    must(uv->type == UV_TIMER || uv->type == UV_IDLE);
    return uv->u.reserved[0];
}

static uv_handle_t *handle_of(uv_timer_t *uv)
{
    return (uv_handle_t *)(void *)uv;
}

static void on_timer(void *data)
{
    struct timer *t = data;
    if (t->repeat_us > 0) world_post(&t->event, t->repeat_us);
    if (t->idle != NULL)
        t->idle((uv_idle_t *)(void *)t->uv);
    else
        t->fn((uv_timer_t *)(void *)t->uv);
}

static void handle_init(uv_loop_t *loop, uv_handle_t *uv, uv_handle_type type)
{
    struct host *me = world_step_out();
    struct timer *t = mem_new(struct timer);
    world_step_in(me);
    t->uv = uv;
    t->event = (struct event){.host = host_of(loop), .fn = on_timer, .data = t};
    list_init(&t->link);
    list_add(&t->event.host->timers, &t->link);
    uv->loop = loop;
    uv->type = type;
    uv->u.reserved[0] = t;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *uv)
{
    handle_init(loop, handle_of(uv), UV_TIMER);
    return 0;
}

int uv_timer_start(uv_timer_t *uv, uv_timer_cb fn, uint64_t after_ms, uint64_t repeat_ms)
{
    struct timer *t = timer_of(handle_of(uv));
    must(t != NULL);
    world_cancel(&t->event);
    t->fn = fn;
    t->repeat_us = (int64_t)repeat_ms * MS;
    world_post(&t->event, (int64_t)after_ms * MS);
    return 0;
}

int uv_timer_stop(uv_timer_t *uv)
{
    world_cancel(&timer_of(handle_of(uv))->event);
    return 0;
}

/* Runs again and again until it is stopped, a turn of the loop apart. */
enum { TURN_US = 20 };

int uv_idle_init(uv_loop_t *loop, uv_idle_t *uv)
{
    handle_init(loop, (uv_handle_t *)(void *)uv, UV_IDLE);
    return 0;
}

int uv_idle_start(uv_idle_t *uv, uv_idle_cb fn)
{
    struct timer *t = timer_of((uv_handle_t *)(void *)uv);
    if (t->event.at.at != 0) return 0;
    t->idle = fn;
    t->repeat_us = TURN_US;
    world_post(&t->event, 0);
    return 0;
}

int uv_idle_stop(uv_idle_t *uv)
{
    world_cancel(&timer_of((uv_handle_t *)(void *)uv)->event);
    return 0;
}

int uv_is_active(const uv_handle_t *handle)
{
    return timer_of(handle)->event.at.at != 0;
}

int uv_is_closing(const uv_handle_t *handle)
{
    return timer_of(handle)->closed != NULL;
}

static void timer_free(struct timer *t)
{
    world_cancel(&t->event);
    list_del(&t->link);
    mem_free(t);
}

static void on_closed(void *data)
{
    struct timer *t = data;
    uv_close_cb fn = t->closed;
    uv_handle_t *handle = t->uv;
    timer_free(t);
    fn(handle);
}

void uv_close(uv_handle_t *handle, uv_close_cb fn)
{
    struct timer *t = timer_of(handle);
    must(t->closed == NULL);
    must(fn != NULL);
    world_cancel(&t->event);
    t->closed = fn;
    t->event.fn = on_closed;
    world_post(&t->event, 0);
}

uint64_t uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return (uint64_t)(world.now_us / MS);
}

static void on_worked(void *data)
{
    uv_work_t *work = data;
    work->work_cb(work);
    work->after_work_cb(work, 0);
}

int uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb fn, uv_after_work_cb after)
{
    work->loop = loop;
    work->work_cb = fn;
    work->after_work_cb = after;
    (void)world_after(host_of(loop), between(0, 60 * MS), on_worked, work);
    return 0;
}

void timers_drop(struct host *h)
{
    while (!list_empty(&h->timers))
        timer_free(list_entry(h->timers.next, struct timer, link));
}

/* --- the seams that the linker wraps --- */

int64_t __wrap_clock_wall_us(void);
int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_mono_ms(void);
void __wrap_rng_secret(void *out, size_t n);
char *__wrap_id_hex(size_t bytes, char *out);

int64_t __wrap_clock_wall_us(void)
{
    int64_t skew_us = world.running == NULL ? 0 : world.running->skew_us;
    return WORLD_EPOCH_US + world.now_us + skew_us;
}

int64_t __wrap_clock_wall_ms(void)
{
    return __wrap_clock_wall_us() / 1000;
}

int64_t __wrap_clock_mono_us(void)
{
    return world.now_us + 1000 * SECOND;
}

int64_t __wrap_clock_mono_ms(void)
{
    return __wrap_clock_mono_us() / 1000;
}

void __wrap_rng_secret(void *out, size_t n)
{
    unsigned char *at = out;
    for (size_t i = 0; i < n; i++)
        at[i] = (unsigned char)rng_u64(&world.secrets);
}

/* ids.c keeps drawn bytes for later, beyond the end of a world. */
char *__wrap_id_hex(size_t bytes, char *out)
{
    for (size_t i = 0; i < bytes; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", (unsigned)rng_below(&world.secrets, 256));
    return out;
}
