/* rider: asks for a ride until he knows what became of it, follows it, and asks again. */
#include "base/must.h"
#include "tests/world/bugs.h"
#include "tests/world/check.h"
#include "tests/world/people.h"
#include "tests/world/screen.h"

#include <stdio.h>
#include <string.h>

static struct rider {
    char id[24];
    struct request ask; /* the request for a ride that is being made */
    char used[24];      /* a key that made a ride */
    int keys;
    int tries;
    char ride[64]; /* "": none */
    char code[8];
    bool wants_out; /* will cancel */
    int64_t out_us;
    struct event next;
    bool asking; /* a call is under way */
} riders[RIDERS_MAX];

static void think_again(struct rider *r, int64_t delay_us)
{
    world_cancel(&r->next);
    world_post(&r->next, delay_us);
}

static void ride_is(struct rider *r, const struct answer *a)
{
    if (ride_is_over(a->status)) {
        r->ride[0] = '\0';
        think_again(r, (int64_t)rng_exp(&world.rng, (double)temper.think_us));
        return;
    }
    if (strcmp(r->ride, a->ride_id) != 0) {
        (void)snprintf(r->ride, sizeof r->ride, "%s", a->ride_id);
        r->wants_out = chance(temper.rider_cancels);
        r->out_us = world.now_us + between(0, 80 * SECOND);
    }
    (void)snprintf(r->code, sizeof r->code, "%s", a->start_code);
    think_again(r, between(2 * SECOND, 6 * SECOND));
}

static void on_created(void *data, const struct answer *a)
{
    struct rider *r = data;
    r->asking = false;
    if (!a->arrived || a->code == LIFE_UNAVAILABLE) {
        if (++r->tries < 8 && !(r->tries > 2 && chance(0.1))) {
            think_again(r, between(200 * MS, 3 * SECOND)); /* the same request, the same key */
            return;
        }
        r->ask.key[0] = '\0'; /* gives up, and will see whether there is a ride */
        think_again(r, between(SECOND, 20 * SECOND));
        return;
    }
    if (a->code == LIFE_OK) {
        check_created(r->id, r->ask.key, a->ride_id);
        (void)snprintf(r->used, sizeof r->used, "%s", r->ask.key);
        office_note_ride(a->ride_id);
        if (!people_are_calm && chance(temper.poison)) {
            world_tell(r->id, "ride %s is poison to matchers", a->ride_id);
            bugs_poison(slice_of(a->ride_id));
        }
    } else if (a->code != LIFE_ACTIVE_RIDE) {
        world_fail("%s asks for a ride and is told %s", r->id, life_code_text(a->code));
    }
    r->ask.key[0] = '\0';
    if (a->ride_id[0] != '\0')
        ride_is(r, a);
    else
        think_again(r, SECOND);
}

/* A key that was used, with another body: must be refused, whatever became of the ride. */
static void on_reused(void *data, const struct answer *a)
{
    struct rider *r = data;
    if (a->arrived && a->code != LIFE_IDEM_REUSED && a->code != LIFE_UNAVAILABLE)
        world_fail("%s uses a key for another request and is told %s", r->id,
                   life_code_text(a->code));
}

static void ask(struct rider *r)
{
    static const char *const products[] = {"economy", "auto", "several"};
    r->asking = true;
    if (r->ask.key[0] != '\0') {
        call(&r->ask, on_created, r);
        return;
    }
    r->ask = (struct request){.op = CALL_CREATE, .n = between(800, 4000)};
    r->tries = 0;
    (void)snprintf(r->ask.actor, sizeof r->ask.actor, "%s", r->id);
    (void)snprintf(r->ask.key, sizeof r->ask.key, "key-%d", ++r->keys);
    (void)snprintf(r->ask.hash, sizeof r->ask.hash, "hash-%d", r->keys);
    (void)snprintf(r->ask.product, sizeof r->ask.product, "%s",
                   products[chance(temper.automatic) ? 1
                            : chance(temper.several) ? 2
                                                     : 0]);
    r->ask.lat = 34.0 + rng_unit(&world.rng) * 0.05;
    r->ask.lon = -118.3 + rng_unit(&world.rng) * 0.05;
    r->ask.stops = chance(temper.stops) ? between(1, 2) : 0;
    if (chance(temper.scheduled))
        r->ask.pickup_at_ms =
            (WORLD_EPOCH_US + world.now_us) / 1000 + RIDE_LEAD_MS + between(-5, 60) * 1000;
    call(&r->ask, on_created, r);
    if (r->used[0] != '\0' && chance(0.05)) {
        struct request other = r->ask;
        (void)snprintf(other.hash, sizeof other.hash, "other");
        (void)snprintf(other.key, sizeof other.key, "%s", r->used);
        call(&other, on_reused, r);
    }
}

static void on_followed(void *data, const struct answer *a)
{
    struct rider *r = data;
    r->asking = false;
    if (a->arrived && a->ride_id[0] != '\0' && strcmp(a->ride_id, r->ride) == 0)
        ride_is(r, a);
    else if (a->arrived && a->code == LIFE_NOT_FOUND)
        world_fail("%s looks for ride %s, which is gone", r->id, r->ride);
    else
        think_again(r, between(SECOND, 4 * SECOND));
}

static void follow(struct rider *r)
{
    struct request q = {.op = CALL_RIDE};
    if (r->wants_out && !people_are_calm && world.now_us >= r->out_us) {
        q.op = CALL_RIDER_CANCELS;
        r->wants_out = chance(0.3); /* presses it again */
    }
    (void)snprintf(q.actor, sizeof q.actor, "%s", r->id);
    (void)snprintf(q.ride, sizeof q.ride, "%s", r->ride);
    r->asking = true;
    call(&q, on_followed, r);
}

static void on_looked(void *data, const struct answer *a)
{
    struct rider *r = data;
    r->asking = false;
    if (a->arrived && a->ride_id[0] != '\0')
        ride_is(r, a);
    else
        think_again(r, between(5 * SECOND, 30 * SECOND));
}

/* A request that was given up may have made a ride all the same. */
static void look(struct rider *r)
{
    struct request q = {.op = CALL_MINE};
    (void)snprintf(q.actor, sizeof q.actor, "%s", r->id);
    r->asking = true;
    call(&q, on_looked, r);
}

static void on_next(void *data)
{
    struct rider *r = data;
    if (r->asking) return;
    if (r->ride[0] != '\0')
        follow(r);
    else if (r->ask.key[0] != '\0' || !people_are_calm)
        ask(r);
    else
        look(r);
}

const char *rider_code_of(const char *rider_id)
{
    for (int i = 0; i < temper.riders; i++)
        if (strcmp(riders[i].id, rider_id) == 0) return riders[i].code;
    return "";
}

void riders_begin(void)
{
    memset(riders, 0, sizeof riders);
    for (int i = 0; i < temper.riders; i++) {
        struct rider *r = &riders[i];
        (void)snprintf(r->id, sizeof r->id, "rider-%d", i + 1);
        r->next = (struct event){.fn = on_next, .data = r};
        world_post(&r->next, between(2 * SECOND, 12 * SECOND));
        screen_add(ROLE_RIDER, r->id);
    }
}
