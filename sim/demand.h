/* demand: who asks for a ride when and where, and where the drivers stand at first.
 *
 * Why: everything random about the demand is drawn here, from one seed, before the first
 * request is sent. So two runs of one seed ask for the same rides at the same times, however
 * slow the backend answers: the schedule is open-loop.
 */
#ifndef HANSOM_SIM_DEMAND_H
#define HANSOM_SIM_DEMAND_H

#include "sim/trip_file.h"

/* A region's rough place, enough to tell which one a file is from and to generate demand. */
struct sim_region {
    const char *id;
    struct geo_point centre;
    double spread_m; /* generated demand stays about this near the centre */
    struct geo_box box;
};

struct order {
    int64_t at_ms; /* wall time after the run's start */
    struct geo_point pickup;
    struct geo_point dropoff;
};

struct demand_spec {
    int64_t from_ms; /* start of the window, Unix time; < 0 chooses the busiest one */
    double seconds;  /* of wall time */
    double speedup;
    uint64_t seed;
    size_t drivers;
};

struct demand {
    struct order *orders; /* owned; sorted by at_ms */
    size_t count;
    struct geo_point *starts; /* owned; one a driver */
    size_t drivers;
    int64_t from_ms; /* the window's start; 0 when generated */
};

/* The known region of that id, or NULL. */
const struct sim_region *region_find(struct slice id);

/* The region most pickups of the file lie in, or NULL when fewer than half lie in any. */
const struct sim_region *region_of(const struct trip_file *f);

/* The trips of one window of the file. A missing dropoff is another trip's pickup place; times
 * known only to the minute are spread over it; the drivers stand near pickup places (of a
 * trace: where its cabs were). *out may hold no order when the window is empty. */
void demand_replay(const struct trip_file *f, const struct demand_spec *spec, struct demand *out);

/* Poisson demand around a dozen hot spots that keeps about half of the drivers busy. */
void demand_generate(const struct sim_region *r, const struct demand_spec *spec,
                     struct demand *out);

/* Where the window of this length with the most trips begins. The file has a trip. */
int64_t demand_busiest(const struct trip_file *f, int64_t length_ms);

void demand_fini(struct demand *d);

#endif
