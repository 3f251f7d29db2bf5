/* Reads any bytes as a trip file: no crash, and what comes out keeps its promises. */
#include "base/must.h"
#include "sim/demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trip_file f = {0};
    if (trip_file_read(slice_make(data, size), &f) != NULL) {
        must(f.trips == NULL && f.count == 0);
        return 0;
    }
    must(f.count > 0);
    for (size_t i = 0; i < f.count; i++) {
        must(geohash_valid(f.trips[i].pickup));
        must(!f.trips[i].has_dropoff || geohash_valid(f.trips[i].dropoff));
        must(i == 0 || f.trips[i].at_ms >= f.trips[i - 1].at_ms);
    }
    struct demand_spec spec = {.from_ms = -1, .seconds = 3, .speedup = 60, .seed = 1, .drivers = 3};
    struct demand d;
    demand_replay(&f, &spec, &d);
    must(d.count > 0);
    for (size_t i = 1; i < d.count; i++) {
        must(d.orders[i].at_ms >= d.orders[i - 1].at_ms);
    }
    demand_fini(&d);
    trip_file_fini(&f);
    return 0;
}
