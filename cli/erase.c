/* erase: forgets a rider. What is left of his rides is what drivers and books need, as nobody's. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/copy.h"
#include "cli/place.h"
#include "cli/reach.h"
#include "services/kit/ids.h"
#include "services/kit/reply.h"

struct erase_options {
#define OPT OPTION_FIELD
#include "cli/erase.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct erase_options, field, __VA_ARGS__)
#include "cli/erase.def"
#undef OPT
};

enum { RIDES_A_CALL = 100 };

static const char me[] = "erase";

struct erase {
    const char *rider;
    redisContext *store;
};

/* Sums of what the calls have erased. */
struct erased {
    int64_t rides, live, keys, left;
};

static bool erase_some(const struct erase *e, const char *region, struct erased *sum)
{
    char limit[24];
    const struct slice args[] = {slice_of(e->rider),
                                 slice_make(limit, fmt_i64(limit, RIDES_A_CALL))};
    redisReply *r = reach_call(me, e->store, "erase_rider", region, args, 2);
    if (r == NULL) return false;
    bool good = slice_is(reach_code(r), "ok");
    if (slice_is(reach_code(r), "active_ride_exists"))
        copy_fails(me, "%s: %s has a ride that is not over: cancel it first", region, e->rider);
    else if (!good)
        copy_fails(me, "%s: %s is no rider that can be erased", region, e->rider);
    sum->rides += reply_i64(reach_extra(r, "rides"), 0);
    sum->live += reply_i64(reach_extra(r, "live"), 0);
    sum->keys += reply_i64(reach_extra(r, "keys"), 0);
    sum->left = good ? reply_i64(reach_extra(r, "left"), 0) : 0;
    freeReplyObject(r);
    return good;
}

static bool erase_region(void *data, const char *region)
{
    struct erased sum = {0};
    do {
        if (!erase_some(data, region, &sum)) return false;
    } while (sum.left > 0);
    printf("%s: %" PRId64 " rides in the history made nobody's, %" PRId64
           " rides of the last days deleted, %" PRId64 " records of the rider deleted\n",
           region, sum.rides, sum.live, sum.keys);
    return true;
}

static bool erase(const struct erase_options *o)
{
    struct erase e = {.rider = o->rider};
    e.store = reach_store(me, o->dir, o->store, o->store_password);
    if (e.store == NULL) return false;
    bool good = place_each_region("hansom erase", o->region, o->regions_file, erase_region, &e);
    redisFree(e.store);
    if (good)
        puts("still there: events of the last 7 days in the outbox, idempotency keys for a day, "
             "and archives and backups made before");
    return good;
}

int command_erase(int argc, char **argv)
{
    struct erase_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom erase",
                             .summary = "Forgets a rider: his name, words and places, in the "
                                        "history and everywhere else. Again is harmless.",
                             .groups = &group,
                             .groups_count = 1};
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON && !id_valid(slice_of(o.rider))) {
        fputs("hansom erase: --rider is needed, an id\n", stderr);
        status = EXIT_USAGE_BAD;
    }
    if (status == COMMAND_GOES_ON) status = erase(&o) ? 0 : 1;
    option_fini(&set);
    return status;
}
