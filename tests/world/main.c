/* hansom-world: one seed, one city, everything that can go wrong.
 *
 *     hansom-world [--seed N | --from N --count N] [--trace] [--bug NAME] [--finds]
 *
 * Runs seeds and stops at the first that breaks a promise; --seed N --trace shows how. With --bug
 * a mistake is made on purpose (bugs.c); --finds then wants it found.
 */
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "tests/world/bugs.h"
#include "tests/world/check.h"
#include "tests/world/faults.h"
#include "tests/world/past.h"
#include "tests/world/people.h"
#include "tests/world/primary.h"
#include "tests/world/screen.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET_MAX_S = 75 * 60 };

struct totals {
    uint64_t events, rides, seconds;
};

static bool is_quiet(void)
{
    return check_is_quiet() && screens_are_right();
}

/* One seed from the beginning of its world to the end; false when a promise was broken. */
static bool run_seed(uint64_t seed, const char *bug, bool trace, struct totals *t)
{
    world_begin(seed, bug, trace);
    check_begin();
    past_begin();
    bugs_begin();
    faults_begin();
    people_begin();
    world_run(between(30, 130) * SECOND, NULL);
    if (!world.failed) {
        faults_calm();
        people_calm();
        world_run(world.now_us + (int64_t)QUIET_MAX_S * SECOND, is_quiet);
        if (!world.failed) check_quiet();
        if (!world.failed) screens_check();
    }
    t->events += world.events_run;
    t->rides += (uint64_t)world.rides_drawn;
    t->seconds += (uint64_t)(world.now_us / SECOND);
    bool ok = !world.failed;
    screens_end();
    hosts_end();
    world_end();
    primary_end();
    bugs_end();
    check_end();
    past_end();
    return ok;
}

static void say_how_to_repeat(FILE *out)
{
    (void)fprintf(out,
                  "seed %" PRIu64
                  "%s%s; see it again with: build/dev/tests/hansom-world --seed %" PRIu64
                  " --trace%s%s\n",
                  world.seed, world.failed ? ": " : "", world.why, world.seed,
                  world.bug == NULL ? "" : " --bug ", world.bug == NULL ? "" : world.bug);
}

static void on_abort(int sig)
{
    say_how_to_repeat(stderr);
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: hansom-world [--seed N | --from N --count N] [--trace] "
                          "[--bug NAME] [--finds]\nbugs:\n");
    for (size_t i = 0; bugs_name(i) != NULL; i++)
        (void)fprintf(stderr, "  %-18s %s\n", bugs_name(i), bugs_about(bugs_name(i)));
    return 64;
}

/* A world is many small allocations that live briefly; in a sanitized build most of its time goes
 * into remembering where each came from and keeping it aside when freed. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8:malloc_context_size=3:max_malloc_fill_size=0";
}

int main(int argc, char **argv)
{
    uint64_t from = 1;
    uint64_t count = 1;
    const char *bug = NULL;
    bool trace = false;
    bool finds = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool number = slice_u64(slice_of(value), &(uint64_t){0});
        if (strcmp(argv[i], "--trace") == 0)
            trace = true;
        else if (strcmp(argv[i], "--finds") == 0)
            finds = true;
        else if (strcmp(argv[i], "--bug") == 0 && bugs_about(value) != NULL)
            bug = argv[++i];
        else if ((strcmp(argv[i], "--seed") == 0 || strcmp(argv[i], "--from") == 0) && number)
            (void)slice_u64(slice_of(argv[++i]), &from);
        else if (strcmp(argv[i], "--count") == 0 && number)
            (void)slice_u64(slice_of(argv[++i]), &count);
        else
            return usage();
    }
    log_set_level(LOG_OFF);
    (void)signal(SIGABRT, on_abort);
    rng_init(&world.secrets, 0);
    struct map first = {0}; /* base draws its hash secret once a process: now */
    (void)map_put(&first, SLICE("x"), &first);
    map_fini(&first);

    struct totals t = {0};
    for (uint64_t n = 0; n < count; n++) {
        if (run_seed(from + n, bug, trace, &t)) continue;
        say_how_to_repeat(stdout);
        if (finds) (void)printf("found %s after %" PRIu64 " seeds\n", bug, n + 1);
        return finds ? 0 : 1;
    }
    (void)printf("%" PRIu64 " seeds, %" PRIu64 " rides asked for, %" PRIu64 " events, %" PRIu64
                 " s of virtual time: %s\n",
                 count, t.rides, t.events, t.seconds,
                 finds ? "the bug was NOT found" : "nothing broken");
    return finds ? 1 : 0;
}
