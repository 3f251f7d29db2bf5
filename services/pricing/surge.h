/* surge: how much dearer rides are where more people ask than drivers are free.
 *
 * Places are counted by cell (kit/core/cell.h): supply is one exact ZCOUNT of its scores.
 *
 * One step, every interval, for each cell that had demand or still has a multiplier:
 *
 *     pressure   = requests of the window per idle driver, raised where few offers are accepted
 *     smoothed   = part of the way from the last value to the pressure
 *     blended    = own value, with a share of the eight neighbours': no cliff at a street corner
 *     target     = 1 at pressure <= 1, then linear, capped
 *     shown      = moves to the target only if it is worth showing (hysteresis), at most
 *                  step_max at a time (rate cap), in tenths
 *
 * Invariants:  1 <= shown <= multiplier_max; shown changes by at most step_max a step; a cell
 *              without demand comes back to 1 and is then forgotten.
 * Cost:        O(cells) a step; at most cells_max cells.
 * Owner:       one struct a region, of the process that leads. Pure: time comes in.
 */
#ifndef HANSOM_PRICING_SURGE_H
#define HANSOM_PRICING_SURGE_H

#include "services/kit/core/cell.h"

#include <stddef.h>

enum { SURGE_SLICES = 10 };

struct surge_limits {
    int64_t window_ms;     /* demand is counted over this long */
    double smoothing;      /* 0 to 1: part of the way a step goes to a new value */
    double blend;          /* 0 to 1: share of the neighbours' mean */
    double gain;           /* multiplier above 1 for each unit of pressure above 1 */
    double multiplier_max; /* >= 1 */
    double hysteresis;     /* a smaller change than this is not shown */
    double step_max;       /* change of the shown value a step */
    double demand_min;     /* requests in a window below which a cell never surges */
    size_t cells_max;
};

/* 5 min window, half way, 0.3 neighbours, 0.5 a unit, at most 3.0, 0.1 and 0.3 a step. */
struct surge_limits surge_limits_standard(void);

struct surge_entry {
    cell_id cell;
    uint32_t requests[SURGE_SLICES]; /* the window, in slices; [slice % SURGE_SLICES] */
    uint32_t offers[SURGE_SLICES];
    uint32_t accepts[SURGE_SLICES];
    int64_t slice[SURGE_SLICES]; /* which slice of time a place holds */
    int64_t supply;              /* idle drivers, as last counted */
    double demand;               /* requests in the window, as of the last step */
    double smoothed;             /* pressure */
    double target;
    double shown;
};

struct surge {
    struct surge_limits limits;
    struct surge_entry *entries; /* owned; sorted by cell */
    size_t count, cap;
};

enum surge_event { SURGE_REQUEST, SURGE_OFFER, SURGE_ACCEPT };

void surge_init(struct surge *s, const struct surge_limits *limits);
void surge_fini(struct surge *s);

/* Counts an event at a place and time. Events older than the window, and those of new cells when
 * there are cells_max, are left out. */
void surge_count(struct surge *s, enum surge_event event, cell_id cell, int64_t at_ms,
                 int64_t now_ms);

/* Takes over what another process showed last, so that a change of leader shows no jump. */
void surge_resume(struct surge *s, cell_id cell, double shown);

/* Sets how many idle drivers stand in a cell that the region knows; others are ignored. */
void surge_supply(struct surge *s, cell_id cell, int64_t drivers);

/* The same, unless more are known already. */
void surge_supply_at_least(struct surge *s, cell_id cell, int64_t drivers);

/* One step for all cells; forgets those that are back at 1 without demand. Returns how many
 * multipliers changed. */
size_t surge_step(struct surge *s, int64_t now_ms);

/* What is shown for a cell: 1 for one that is not known. */
double surge_shown(const struct surge *s, cell_id cell);

/* Checks all invariants; for tests. */
bool surge_check(const struct surge *s);

#endif
