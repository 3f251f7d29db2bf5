/* people: riders, drivers and those in the office, who do everything that people do: ask twice,
 * change their minds, lose their phones in tunnels, press the wrong button and press it again.
 */
#ifndef HANSOM_TESTS_WORLD_PEOPLE_H
#define HANSOM_TESTS_WORLD_PEOPLE_H

#include "tests/world/calls.h"

enum { RIDERS_MAX = 8, DRIVERS_MAX = 8 };

/* How this seed's people are. */
struct temper {
    int riders, drivers;
    int64_t think_us; /* a rider's mean pause between rides */
    double rider_cancels, driver_cancels, declines, ignores, goes_dark, leaves, stalls, no_shows;
    double automatic; /* products that skip the offer */
    double several;   /* products that are offered to several drivers at once */
    double scheduled;
    double poison;
    double hangs_up, tunnels; /* of an app's connection */
    double late;              /* requests that arrive once more, later */
    int64_t way_s;            /* how long drivers take to a pickup at most */
    double roams;             /* degrees that a driver moves from fix to fix at most */
    double stops;
    double lost_phones; /* of drivers at a pickup, who are never heard again */
};

extern struct temper temper;

void people_begin(void);

/* From now on everybody is patient and willing, and nobody asks for more. */
void people_calm(void);

/* rider.c, driver.c, office.c */
void riders_begin(void);
void drivers_begin(void);
void office_begin(void);
void office_note_ride(const char *ride_id);

extern bool people_are_calm;

/* What the rider says to the driver who stands before him: the code of his ride, or "". */
const char *rider_code_of(const char *rider_id);

#endif
