/* office: operators, who cancel, redrive what failed, block drivers and let them go again. */
#include "base/must.h"
#include "tests/world/people.h"
#include "tests/world/screen.h"

#include <stdio.h>
#include <string.h>

enum { NOTED_MAX = 64 };

struct temper temper;
bool people_are_calm;

static char noted[NOTED_MAX][64]; /* rides that exist */
static int noted_count;
static struct event next;
static bool blocked[DRIVERS_MAX];

static void on_done(void *data, const struct answer *a)
{
    bool *kept = data;
    if (kept != NULL && (!a->arrived || a->code == LIFE_UNAVAILABLE)) *kept = true; /* maybe */
}

static void ask(enum call_op op, const char *actor, const char *ride, bool *kept)
{
    struct request q = {.op = op};
    (void)snprintf(q.actor, sizeof q.actor, "%s", actor);
    (void)snprintf(q.ride, sizeof q.ride, "%s", ride);
    call(&q, on_done, kept);
}

static void on_next(void *data)
{
    (void)data;
    world_post(&next, between(5 * SECOND, 40 * SECOND));
    int d = (int)between(0, temper.drivers - 1);
    char driver[16];
    for (int i = 0; i < temper.drivers; i++) {
        (void)snprintf(driver, sizeof driver, "la-D%d", i + 1);
        if (!blocked[i] || (!people_are_calm && chance(0.5))) continue;
        blocked[i] = false;
        ask(CALL_UNBLOCK, driver, "", &blocked[i]);
    }
    if (people_are_calm) return;
    if (chance(0.1)) {
        (void)snprintf(driver, sizeof driver, "la-D%d", d + 1);
        blocked[d] = true;
        ask(CALL_BLOCK, driver, "", NULL);
    }
    if (noted_count == 0) return;
    const char *ride = noted[between(0, noted_count - 1)];
    if (chance(0.3)) ask(CALL_REDRIVE, "ops", ride, NULL);
    if (chance(0.05)) ask(CALL_OPS_CANCELS, "ops", ride, NULL);
}

void office_note_ride(const char *ride_id)
{
    (void)snprintf(noted[noted_count % NOTED_MAX], sizeof noted[0], "%s", ride_id);
    if (noted_count < NOTED_MAX - 1) noted_count++;
}

void office_begin(void)
{
    noted_count = 0;
    memset(blocked, 0, sizeof blocked);
    next = (struct event){.fn = on_next};
    world_post(&next, between(5 * SECOND, 40 * SECOND));
}

/* --- everybody --- */

/* A number that is often 0 and sometimes large. */
static double seldom(double most)
{
    return chance(0.4) ? 0 : most * rng_unit(&world.rng) * rng_unit(&world.rng);
}

/* What this seed dwells on. */
static void dwell(void)
{
    if (world.stress == STRESS_NONE) return;
    temper.riders = (int)between(4, 6);
    temper.drivers = (int)between(4, 6);
    temper.think_us = between(1, 3) * SECOND;
    temper.poison = temper.scheduled = temper.several = 0;
    switch (world.stress) {
    case STRESS_LATE_CALLS:
        temper.late = 0.6;
        temper.automatic = 0.7;
        temper.driver_cancels = 0.3;
        break;
    case STRESS_EXCHANGES:
        temper.riders = RIDERS_MAX;
        temper.drivers = DRIVERS_MAX;
        temper.automatic = chance(0.7) ? 1 : 0;
        temper.rider_cancels = 0.3;
        temper.driver_cancels = 0.05;
        temper.goes_dark = temper.leaves = 0;
        temper.way_s = 120;
        temper.roams = 0.0008;
        break;
    case STRESS_TUNNELS:
        temper.tunnels = 0.7;
        temper.hangs_up = temper.leaves = 0;
        temper.stops = 0.8;
        break;
    case STRESS_NONE:
    case STRESSES:
        must(false);
    }
}

void people_begin(void)
{
    people_are_calm = false;
    calls_are_calm = false;
    temper = (struct temper){
        .riders = (int)between(1, 5),
        .drivers = (int)between(1, 5),
        .think_us = between(1, 15) * SECOND,
        .rider_cancels = seldom(0.6),
        .driver_cancels = seldom(0.6),
        .declines = seldom(0.6),
        .ignores = seldom(0.6),
        .goes_dark = seldom(0.2),
        .leaves = seldom(0.2),
        .stalls = seldom(0.4),
        .no_shows = seldom(0.5),
        .automatic = chance(0.3) ? rng_unit(&world.rng) : 0,
        .several = chance(0.3) ? rng_unit(&world.rng) : 0,
        .scheduled = seldom(0.4),
        .poison = chance(0.15) ? 0.3 : 0,
        .hangs_up = seldom(0.4),
        .tunnels = seldom(0.4),
        .late = 0.1,
        .way_s = 15,
        .roams = 0.0003,
        .stops = 0.2,
        .lost_phones = chance(0.02) ? 0.5 : 0,
    };
    dwell();
    screens_begin();
    riders_begin();
    drivers_begin();
    office_begin();
}

void people_calm(void)
{
    people_are_calm = true;
    calls_are_calm = true;
}
