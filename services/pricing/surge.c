#include "surge.h"

#include "base/mem.h"
#include "base/must.h"

#include <math.h>
#include <stdio.h>

struct surge_limits surge_limits_standard(void)
{
    return (struct surge_limits){
        .window_ms = 300000,
        .smoothing = 0.5,
        .blend = 0.3,
        .gain = 0.5,
        .multiplier_max = 3.0,
        .hysteresis = 0.1,
        .step_max = 0.3,
        .demand_min = 3,
        .cells_max = 20000,
    };
}

void surge_init(struct surge *s, const struct surge_limits *limits)
{
    must(limits->multiplier_max >= 1);
    must(limits->smoothing > 0 && limits->smoothing <= 1);
    must(limits->window_ms >= SURGE_SLICES);
    must(limits->step_max >= 0.1); /* a tenth is the least that is shown */
    *s = (struct surge){.limits = *limits};
}

void surge_fini(struct surge *s)
{
    mem_free(s->entries);
    s->entries = NULL;
    s->count = 0;
    s->cap = 0;
}

/* The first entry whose cell is not less. */
static size_t lower_bound(const struct surge *s, cell_id cell)
{
    size_t lo = 0;
    size_t hi = s->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->entries[mid].cell < cell)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct surge_entry *find(const struct surge *s, cell_id cell)
{
    size_t at = lower_bound(s, cell);
    if (at == s->count || s->entries[at].cell != cell) return NULL;
    return &s->entries[at];
}

/* The entry of a cell, made when new; NULL when there are too many. */
static struct surge_entry *entry_of(struct surge *s, cell_id cell)
{
    size_t at = lower_bound(s, cell);
    if (at < s->count && s->entries[at].cell == cell) return &s->entries[at];
    if (s->count >= s->limits.cells_max) return NULL;
    if (s->count == s->cap) {
        s->cap = s->cap == 0 ? 64 : s->cap * 2;
        s->entries = mem_realloc(s->entries, s->cap * sizeof *s->entries);
    }
    memmove(&s->entries[at + 1], &s->entries[at], (s->count - at) * sizeof *s->entries);
    s->count++;
    s->entries[at] = (struct surge_entry){.cell = cell, .target = 1, .shown = 1};
    for (int i = 0; i < SURGE_SLICES; i++)
        s->entries[at].slice[i] = -1;
    return &s->entries[at];
}

static int64_t slice_of_time(const struct surge *s, int64_t at_ms)
{
    return at_ms / (s->limits.window_ms / SURGE_SLICES);
}

void surge_count(struct surge *s, enum surge_event event, cell_id cell, int64_t at_ms,
                 int64_t now_ms)
{
    if (at_ms > now_ms) at_ms = now_ms;
    if (at_ms < 0) return;
    int64_t slice = slice_of_time(s, at_ms);
    if (slice <= slice_of_time(s, now_ms) - SURGE_SLICES) return;
    struct surge_entry *e = entry_of(s, cell);
    if (e == NULL) return;

    size_t i = (size_t)(slice % SURGE_SLICES);
    if (e->slice[i] != slice) {
        e->slice[i] = slice;
        e->requests[i] = 0;
        e->offers[i] = 0;
        e->accepts[i] = 0;
    }
    uint32_t *counter = event == SURGE_REQUEST ? &e->requests[i]
                        : event == SURGE_OFFER ? &e->offers[i]
                                               : &e->accepts[i];
    if (*counter < UINT32_MAX) (*counter)++;
}

static double clamp_shown(const struct surge *s, double shown)
{
    return fmin(fmax(shown, 1), s->limits.multiplier_max);
}

void surge_resume(struct surge *s, cell_id cell, double shown)
{
    struct surge_entry *e = entry_of(s, cell);
    if (e == NULL || !isfinite(shown)) return;
    e->shown = clamp_shown(s, shown);
    e->target = e->shown;
    e->smoothed = s->limits.gain > 0 ? 1 + (e->shown - 1) / s->limits.gain : 1;
}

void surge_supply(struct surge *s, cell_id cell, int64_t drivers)
{
    struct surge_entry *e = find(s, cell);
    if (e != NULL) e->supply = drivers < 0 ? 0 : drivers;
}

void surge_supply_at_least(struct surge *s, cell_id cell, int64_t drivers)
{
    struct surge_entry *e = find(s, cell);
    if (e != NULL && drivers > e->supply) e->supply = drivers;
}

/* Requests per idle driver over the window. Where drivers decline, the free ones count for less:
 * with 10 offers and 5 accepts each is worth half. Few offers say nothing. */
static double pressure(const struct surge *s, struct surge_entry *e, int64_t now_ms)
{
    enum { OFFERS_MIN = 5 };
    double requests = 0;
    double offers = 0;
    double accepts = 0;
    int64_t oldest = slice_of_time(s, now_ms) - SURGE_SLICES;
    for (int i = 0; i < SURGE_SLICES; i++) {
        if (e->slice[i] <= oldest) continue;
        requests += e->requests[i];
        offers += e->offers[i];
        accepts += e->accepts[i];
    }
    e->demand = requests;
    if (requests < s->limits.demand_min) return 0;
    double acceptance = offers < OFFERS_MIN ? 1 : fmax(0.2, fmin(1, accepts / offers));
    return requests / (fmax(1, (double)e->supply) * acceptance);
}

static double blended(const struct surge *s, const struct surge_entry *e)
{
    cell_id around[8];
    size_t n = cell_neighbours(e->cell, around);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const struct surge_entry *other = find(s, around[i]);
        if (other != NULL) sum += other->smoothed;
    }
    if (n == 0) return e->smoothed;
    return (1 - s->limits.blend) * e->smoothed + s->limits.blend * (sum / (double)n);
}

/* Moves what is shown towards the target, if that is worth showing. */
static bool show(const struct surge *s, struct surge_entry *e)
{
    double was = e->shown;
    double delta = e->target - was;
    /* The way back to 1 always ends: otherwise the last tenth would stay for ever. */
    bool ends = e->target < 1 + s->limits.hysteresis && was > 1;
    if (fabs(delta) < s->limits.hysteresis - 1e-9 && !ends) return false;
    if (ends) delta = 1 - was;
    delta = fmax(-s->limits.step_max, fmin(s->limits.step_max, delta));
    /* Tenths, cut towards where it was, so that the cap holds after rounding too. */
    double next =
        delta > 0 ? floor((was + delta) * 10 + 1e-6) / 10 : ceil((was + delta) * 10 - 1e-6) / 10;
    e->shown = clamp_shown(s, next);
    return e->shown != was;
}

size_t surge_step(struct surge *s, int64_t now_ms)
{
    size_t changed = 0;
    for (size_t i = 0; i < s->count; i++) {
        struct surge_entry *e = &s->entries[i];
        double p = pressure(s, e, now_ms);
        e->smoothed += s->limits.smoothing * (p - e->smoothed);
        if (p == 0 && e->smoothed < 0.01) e->smoothed = 0;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct surge_entry *e = &s->entries[i];
        double over = fmax(0, blended(s, e) - 1);
        e->target = clamp_shown(s, 1 + s->limits.gain * over);
        if (show(s, e)) changed++;
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct surge_entry *e = &s->entries[i];
        if (e->demand == 0 && e->smoothed == 0 && e->shown == 1 && e->target == 1) continue;
        s->entries[kept++] = *e;
    }
    s->count = kept;
    return changed;
}

double surge_shown(const struct surge *s, cell_id cell)
{
    const struct surge_entry *e = find(s, cell);
    return e == NULL ? 1 : e->shown;
}

bool surge_check(const struct surge *s)
{
    if (s->count > s->cap || s->count > s->limits.cells_max) return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct surge_entry *e = &s->entries[i];
        if (i > 0 && s->entries[i - 1].cell >= e->cell) return false;
        if (!(e->shown >= 1 && e->shown <= s->limits.multiplier_max)) return false;
        if (!(e->target >= 1 && e->target <= s->limits.multiplier_max)) return false;
        if (!(e->smoothed >= 0)) return false;
    }
    return true;
}
