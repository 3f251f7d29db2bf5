#include "tests/world/faults.h"

#include "tests/world/host.h"
#include "tests/world/primary.h"

static struct {
    /* Mean pauses; 0: never. */
    int64_t kill_us, pause_us, cut_us, crash_us, stall_us, step_us;
    bool calm;
    struct event kill, pause, cut, crash, stall, step;
} f;

static void again(struct event *e, int64_t mean_us)
{
    if (mean_us > 0 && !f.calm) world_post(e, (int64_t)rng_exp(&world.rng, (double)mean_us));
}

/* Where exchanges matter, matchers suffer most. */
static struct host *any_host(void)
{
    struct host *h =
        world.stress == STRESS_EXCHANGES && chance(0.6) ? host_any(HOST_MATCHER) : NULL;
    return h != NULL ? h : &hosts[between(0, hosts_count - 1)];
}

static void on_restart(void *data)
{
    struct host *h = data;
    if (!h->up) host_start(h);
}

static void on_kill(void *data)
{
    (void)data;
    struct host *h = any_host();
    host_kill(h);
    (void)world_after(NULL, between(100 * MS, 15 * SECOND), on_restart, h);
    again(&f.kill, f.kill_us);
}

/* A host may also have died by itself (of a poisoned ride): somebody starts it again. */
static struct event watch;
static void on_watch(void *data)
{
    (void)data;
    for (int i = 0; i < hosts_count; i++)
        if (!hosts[i].up && chance(0.5)) host_start(&hosts[i]);
    world_post(&watch, 3 * SECOND);
}

static void on_pause(void *data)
{
    (void)data;
    struct host *h = any_host();
    if (h->up) host_pause(h, chance(0.2) ? between(10, 40) * SECOND : between(MS, 8 * SECOND));
    again(&f.pause, f.pause_us);
}

static void on_cut(void *data)
{
    (void)data;
    struct host *h = any_host();
    int64_t us = chance(0.3) ? between(10, 40) * SECOND : between(100 * MS, 8 * SECOND);
    if (world.stress == STRESS_EXCHANGES) us = between(2, 9) * SECOND;
    world_tell(h->name, "is cut off for %.1f s", (double)us / SECOND);
    h->cut_until_us = world.now_us + us;
    again(&f.cut, f.cut_us);
}

static void on_power(void *data)
{
    (void)data;
    primary_start();
}

static void on_crash(void *data)
{
    (void)data;
    again(&f.crash, f.crash_us);
    if (!primary_is_up()) return;
    if (chance(0.5))
        primary_crash();
    else
        primary_doom();
}

/* The store may also have lost power in the middle of a write: see disk.h. */
static struct event power;
static void on_power_watch(void *data)
{
    (void)data;
    if (!primary_is_up())
        (void)world_after(NULL,
                          chance(0.25) ? between(10, 60) * SECOND : between(100 * MS, 5 * SECOND),
                          on_power, NULL);
    world_post(&power, 2 * SECOND);
}

static void on_stall(void *data)
{
    (void)data;
    primary_pause(chance(0.2) ? between(10, 40) * SECOND : between(10 * MS, 6 * SECOND));
    again(&f.stall, f.stall_us);
}

static void on_step(void *data)
{
    (void)data;
    int64_t us =
        chance(0.5) ? between(-3 * SECOND, 3 * SECOND) : between(-90 * SECOND, 90 * SECOND);
    struct host *h = any_host();
    if (chance(0.4)) {
        primary_step_clock(us);
    } else {
        world_tell(h->name, "its clock steps by %.1f s", (double)us / SECOND);
        h->skew_us += us;
    }
    again(&f.step, f.step_us);
}

/* A mean pause, or never. */
static int64_t pace(double how_often, int64_t least_s, int64_t most_s)
{
    return chance(how_often) ? between(least_s, most_s) * SECOND : 0;
}

void faults_begin(void)
{
    primary_begin();
    hosts_begin();
    for (int i = 1; i <= 2; i++) {
        (void)host_add(HOST_DISPATCHER, i);
        (void)host_add(HOST_MATCHER, i);
    }
    (void)host_add(HOST_INGEST, 1);
    (void)host_add(HOST_PRICING, 1);
    (void)host_add(HOST_GATEWAY, 1);
    if (chance(0.3)) (void)host_add(HOST_MATCHER, 3);
    if (chance(0.3)) (void)host_add(HOST_INGEST, 2);
    if (chance(0.3)) (void)host_add(HOST_PRICING, 2);
    if (chance(0.3)) (void)host_add(HOST_GATEWAY, 2);
    for (int i = 0; i < hosts_count; i++)
        host_start(&hosts[i]);

    f.calm = false;
    f.kill_us = pace(0.5, 5, 90);
    f.pause_us = pace(0.4, 5, 60);
    f.cut_us = pace(0.4, 5, 60);
    f.crash_us = pace(0.35, 10, 90);
    f.stall_us = pace(0.25, 10, 90);
    f.step_us = pace(0.2, 10, 90);
    if (world.stress == STRESS_EXCHANGES) f.cut_us = between(2, 6) * SECOND;
    f.kill = (struct event){.fn = on_kill};
    f.pause = (struct event){.fn = on_pause};
    f.cut = (struct event){.fn = on_cut};
    f.crash = (struct event){.fn = on_crash};
    f.stall = (struct event){.fn = on_stall};
    f.step = (struct event){.fn = on_step};
    again(&f.kill, f.kill_us);
    again(&f.pause, f.pause_us);
    again(&f.cut, f.cut_us);
    again(&f.crash, f.crash_us);
    again(&f.stall, f.stall_us);
    again(&f.step, f.step_us);
    watch = (struct event){.fn = on_watch};
    power = (struct event){.fn = on_power_watch};
    world_post(&watch, 3 * SECOND);
    world_post(&power, 2 * SECOND);
}

void faults_calm(void)
{
    f.calm = true;
    world_cancel(&f.kill);
    world_cancel(&f.pause);
    world_cancel(&f.cut);
    world_cancel(&f.crash);
    world_cancel(&f.stall);
    world_cancel(&f.step);
    primary_start();
    for (int i = 0; i < hosts_count; i++) {
        hosts[i].cut_until_us = 0;
        hosts[i].skew_us = 0;
        if (!hosts[i].up) host_start(&hosts[i]);
    }
    world_tell("world", "everything is well from here on");
}
