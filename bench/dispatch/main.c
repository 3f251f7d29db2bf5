/* bench-dispatch: ways of matching compared on recorded demand, as one Markdown table.
 *
 *     bench-dispatch TRIPS.csv[.gz] [hours [seed [fleet,fleet,...]]]
 *
 * The busiest hours (2) of the file are replayed for each fleet; see city.h for the rules. */
#include <stdio.h>
#include <zlib.h>

#include "base/buf.h"
#include "bench/dispatch/bound.h"
#include "bench/dispatch/city.h"

static const struct city_policy policies[] = {
    {.name = "first come, nearest driver", .way = CITY_FIRST_COME},
    {.name = "nearest pair first, 2 s", .way = CITY_NEAREST_PAIR, .window_ms = 2000},
    {.name = "least cost, 2 s", .way = CITY_LEAST_COST, .window_ms = 2000},
    {.name = "least cost, 10 s", .way = CITY_LEAST_COST, .window_ms = 10000},
    {.name = "least cost, 30 s", .way = CITY_LEAST_COST, .window_ms = 30000},
    {"least cost, 5 s, swaps ≤ 2", CITY_LEAST_COST, 5000, true, 2, 0, false, 0, 0},
    {"least cost, 5 s, swaps unlimited", CITY_LEAST_COST, 5000, true, UINT32_MAX, 0, false, 0, 0},
    {"matcher without swaps", CITY_MATCHER, 2000, false, 0, 0, false, 0, 0},
    {"matcher that never gathers", CITY_MATCHER, 0, true, 2, 30000, false, 0, 0},
    {"matcher, forward dispatch", CITY_MATCHER, 2000, true, 2, 30000, false, 300000, 0},
    {"**matcher**", CITY_MATCHER, 2000, true, 2, 30000, false, 0, 0},
};
enum { POLICIES = sizeof policies / sizeof policies[0], STEP = 1 << 20, FLEET_MAX = 100000 };

#define FLEETS "250,300,350,500,1000,2000,6000"

static bool read_whole(const char *path, struct buf *out)
{
    gzFile file = gzopen(path, "rb");
    if (file == NULL) return false;
    int got = 0;
    do {
        got = gzread(file, buf_reserve(out, STEP), STEP);
        if (got > 0) out->len += (size_t)got;
    } while (got > 0);
    gzclose(file);
    return got == 0;
}

static void print_fleet(const struct trip_file *file, double hours, uint64_t seed, size_t fleet)
{
    const struct demand_spec spec = {-1, hours * 3600, 1, seed, fleet};
    struct demand demand;
    demand_replay(file, &spec, &demand);
    for (size_t i = 0; i < POLICIES; i++) {
        struct city_outcome o;
        city_run(&demand, &policies[i], seed, &o);
        printf(
            "| %zu | %s | %.3f | %.1f | %.0f / %.0f | %.1f | %.0f / %.0f | %.2f | %.2f | %.2f |\n",
            fleet, policies[i].name, (double)o.served / (double)o.asked, o.wait_s, o.wait_p50_s,
            o.wait_p95_s, o.pickup_s, o.pickup_p50_s, o.pickup_p95_s, o.swaps, o.idle_gini,
            o.solve_p99_ms);
        fflush(stdout);
        if (i == POLICIES - 1)
            printf("| %zu | least wait in hindsight, as many served, no swaps | %.3f | ≥ %.1f | | "
                   "| | | | |\n",
                   fleet, (double)o.served / (double)o.asked,
                   bound_wait_s(&demand, seed, o.served));
    }
    demand_fini(&demand);
}

static int run(const struct trip_file *file, double hours, uint64_t seed, struct slice fleets)
{
    puts("| fleet | dispatch | served | wait, s | p50 / p95 | pickup, s | p50 / p95 |"
         " swaps a ride | idle Gini | solver p99, ms |\n|---|---|---|---|---|---|---|---|---|---|");
    struct slice one = {0};
    while (slice_cut(&fleets, ',', &one)) {
        uint64_t fleet = 0;
        if (!slice_u64(one, &fleet) || fleet == 0 || fleet > FLEET_MAX) {
            fprintf(stderr, "bench-dispatch: a fleet is a number from 1 to %d\n", FLEET_MAX);
            return 64;
        }
        print_fleet(file, hours, seed, fleet);
    }
    return 0;
}

int main(int argc, char **argv)
{
    double hours = 2;
    uint64_t seed = 1;
    bool good = argc >= 2 && argc <= 5;
    if (good && argc > 2) good = slice_double(slice_of(argv[2]), &hours) && hours > 0;
    if (good && argc > 3) good = slice_u64(slice_of(argv[3]), &seed);
    if (!good) {
        fputs("usage: bench-dispatch TRIPS.csv[.gz] [hours [seed [fleet,fleet,...]]]\n", stderr);
        return 64;
    }
    struct buf text = {0};
    struct trip_file file = {0};
    const char *wrong = "cannot be read";
    if (read_whole(argv[1], &text)) wrong = trip_file_read(buf_slice(&text), &file);
    buf_fini(&text);
    if (wrong != NULL) {
        fprintf(stderr, "bench-dispatch: %s: %s\n", argv[1], wrong);
        return 66;
    }
    int status = run(&file, hours, seed, slice_of(argc > 4 ? argv[4] : FLEETS));
    trip_file_fini(&file);
    return status;
}
