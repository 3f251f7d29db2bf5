/* trip_file: recorded demand, read from the text of a CSV file.
 *
 * Two forms, told apart by the header line, columns found by name, others skipped:
 *
 *     pickup_at,pickup_lat,pickup_lon[,dropoff_at,dropoff_lat,dropoff_lon][,...]
 *     ts,driver_id,lat,lon[,occupied]
 *
 * A row that cannot be read is counted and left out, as real feeds have some; a file without
 * a usable header or row is refused. Trips come out sorted by time; a cab's fixes too.
 */
#ifndef HANSOM_SIM_TRIP_FILE_H
#define HANSOM_SIM_TRIP_FILE_H

#include "base/geohash.h"
#include "base/slice.h"

enum { CAB_ID_CAP = 40 };

struct trip {
    int64_t at_ms; /* pickup, Unix time */
    struct geo_point pickup;
    struct geo_point dropoff; /* used only with has_dropoff */
    bool has_dropoff;
};

struct cab_fix {
    int64_t at_ms;
    struct geo_point at;
    bool occupied;
};

struct cab {
    char id[CAB_ID_CAP];
    struct cab_fix *fixes; /* owned by the trip_file */
    size_t count;
    size_t cap;
};

struct trip_file {
    struct trip *trips; /* owned */
    size_t count;
    size_t cap;
    struct cab *cabs; /* owned; none in a trip file */
    size_t cab_count;
    size_t cab_cap;
    size_t rows;    /* rows read */
    size_t skipped; /* rows left out */
    bool by_minute; /* every pickup is at second 0: the file's clock is that coarse */
};

/* Reads text; NULL when good, else a fixed text that says what is wrong with the file, and
 * then *out is empty. From a trace, trips are its occupied runs: 60 s to 3 h long, no silence
 * over 900 s, ends 100 m or more apart. */
const char *trip_file_read(struct slice text, struct trip_file *out);

/* Where the cab was at that time: between its fixes, or at the nearest end of its record. */
struct geo_point cab_at(const struct cab *c, int64_t at_ms);

void trip_file_fini(struct trip_file *f);

#endif
