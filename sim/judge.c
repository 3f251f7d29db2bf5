#include "judge.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/must.h"

enum { NOTES_MAX = 50 };

/* One version of a ride, as all parties together were told it. */
struct look {
    uint64_t version;
    int64_t at_ms;
    uint32_t driver; /* 1 + index in judge.drivers; 0: not told */
    enum ride_status status;
    bool queued;
};

struct ride {
    char id[JUDGE_ID_CAP];
    struct look *looks; /* owned; strictly rising versions */
    size_t count;
    size_t cap;
    struct look back;        /* what reading back told; status RIDE_NONE: not read */
    uint64_t events_version; /* last version of its log that was read */
    bool acknowledged;
    bool offered;
    bool missing;     /* reading back did not find it */
    bool two_drivers; /* one version named two drivers */
    bool two_states;  /* one version named two states */
    bool wrong_final;
};

/* A time in which a driver certainly held a ride. */
struct span {
    uint32_t driver;
    uint32_t ride;
    int64_t from_ms;
    int64_t until_ms;
};

struct created {
    uint64_t order;
    uint32_t ride;
};

struct names {
    struct map by_id; /* to 1 + index, as a pointer */
    uint32_t count;
};

struct judge {
    struct names ride_names;
    struct names driver_names;
    struct ride *rides; /* owned */
    size_t rides_cap;
    char (*driver_ids)[JUDGE_ID_CAP]; /* owned */
    size_t drivers_cap;
    struct created *created; /* owned */
    size_t created_count;
    size_t created_cap;
    struct span *spans; /* owned; made by judge_finish */
    size_t span_count;
    size_t span_cap;
    uint64_t gaps;
    struct buf notes;
    int notes_count;
};

static void note(struct judge *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void note(struct judge *j, const char *format, ...)
{
    if (j->notes_count++ >= NOTES_MAX) return;
    va_list args;
    va_start(args, format);
    buf_addv(&j->notes, format, args);
    va_end(args);
    buf_add_char(&j->notes, '\n');
}

struct judge *judge_new(void)
{
    return mem_new(struct judge);
}

void judge_free(struct judge *j)
{
    if (j == NULL) return;
    for (uint32_t i = 0; i < j->ride_names.count; i++) {
        mem_free(j->rides[i].looks);
    }
    map_fini(&j->ride_names.by_id);
    map_fini(&j->driver_names.by_id);
    mem_free(j->rides);
    mem_free(j->driver_ids);
    mem_free(j->created);
    mem_free(j->spans);
    buf_fini(&j->notes);
    mem_free(j);
}

/* The number of that name, from 1; *fresh tells whether it is new. */
static uint32_t names_get(struct names *n, struct slice id, bool *fresh)
{
    void *seen = map_find(&n->by_id, id);
    *fresh = seen == NULL;
    if (seen != NULL) return (uint32_t)(uintptr_t)seen;
    n->count++;
    map_put(&n->by_id, id, (void *)(uintptr_t)n->count); // NOLINT(performance-no-int-to-ptr)
    return n->count;
}

static uint32_t ride_number(struct judge *j, struct slice id)
{
    bool fresh = false;
    uint32_t number = names_get(&j->ride_names, id, &fresh);
    if (!fresh) return number;
    if (number > j->rides_cap) {
        j->rides_cap = j->rides_cap == 0 ? 1024 : j->rides_cap * 2;
        j->rides = mem_realloc(j->rides, j->rides_cap * sizeof *j->rides);
    }
    struct ride *r = &j->rides[number - 1];
    *r = (struct ride){0};
    slice_cstr(id, r->id, sizeof r->id);
    return number;
}

static struct ride *ride_get(struct judge *j, struct slice id)
{
    uint32_t number = ride_number(j, id); /* may move the array */
    return &j->rides[number - 1];
}

static uint32_t driver_number(struct judge *j, struct slice id)
{
    if (id.len == 0) return 0;
    bool fresh = false;
    uint32_t number = names_get(&j->driver_names, id, &fresh);
    if (!fresh) return number;
    if (number > j->drivers_cap) {
        j->drivers_cap = j->drivers_cap == 0 ? 256 : j->drivers_cap * 2;
        j->driver_ids = mem_realloc(j->driver_ids, j->drivers_cap * sizeof *j->driver_ids);
    }
    slice_cstr(id, j->driver_ids[number - 1], JUDGE_ID_CAP);
    return number;
}

static const char *driver_name(const struct judge *j, uint32_t number)
{
    return number == 0 ? "nobody" : j->driver_ids[number - 1];
}

void judge_created(struct judge *j, uint64_t order, struct slice ride_id)
{
    must(ride_id.len > 0);
    uint32_t ride = ride_number(j, ride_id);
    j->rides[ride - 1].acknowledged = true;
    if (j->created_count == j->created_cap) {
        j->created_cap = j->created_cap == 0 ? 1024 : j->created_cap * 2;
        j->created = mem_realloc(j->created, j->created_cap * sizeof *j->created);
    }
    j->created[j->created_count++] = (struct created){order, ride};
}

/* Merges what another party was told about a version that is known already. */
static void look_merge(struct judge *j, struct ride *r, struct look *known, struct look told)
{
    if (known->status != told.status && !r->two_states) {
        r->two_states = true;
        note(j, "ride %s: version %llu was told as %s and as %s", r->id,
             (unsigned long long)told.version, status_name(known->status),
             status_name(told.status));
    }
    if (known->driver != 0 && told.driver != 0 && known->driver != told.driver && !r->two_drivers) {
        r->two_drivers = true;
        note(j, "ride %s: version %llu was told with driver %s and with %s", r->id,
             (unsigned long long)told.version, driver_name(j, known->driver),
             driver_name(j, told.driver));
    }
    if (known->driver == 0) known->driver = told.driver;
    if (known->at_ms == 0) known->at_ms = told.at_ms;
    known->queued |= told.queued;
}

static void ride_add_look(struct judge *j, struct ride *r, struct look told)
{
    size_t at = r->count;
    while (at > 0 && r->looks[at - 1].version > told.version)
        at--;
    if (at > 0 && r->looks[at - 1].version == told.version) {
        look_merge(j, r, &r->looks[at - 1], told);
        return;
    }
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 8 : r->cap * 2;
        r->looks = mem_realloc(r->looks, r->cap * sizeof *r->looks);
    }
    memmove(&r->looks[at + 1], &r->looks[at], (r->count - at) * sizeof *r->looks);
    r->looks[at] = told;
    r->count++;
}

static struct look look_of(struct judge *j, const struct judge_look *l)
{
    return (struct look){.version = l->version,
                         .at_ms = l->at_ms,
                         .driver = driver_number(j, l->driver_id),
                         .status = l->status,
                         .queued = l->queued};
}

static bool look_useful(const struct judge_look *l)
{
    return l->ride_id.len > 0 && l->version > 0 && l->status != RIDE_NONE;
}

void judge_saw(struct judge *j, const struct judge_look *l)
{
    if (!look_useful(l)) return;
    struct look told = look_of(j, l);
    ride_add_look(j, ride_get(j, l->ride_id), told);
}

void judge_frame(struct judge *j, struct judge_watch *w, enum judge_frame kind,
                 const struct judge_look *l)
{
    if (kind == FRAME_GAP) {
        w->gap = true;
        return;
    }
    if (kind == FRAME_SNAPSHOT && l->ride_id.len == 0) *w = (struct judge_watch){0};
    if (l->ride_id.len == 0 || l->version == 0) return;
    if (!slice_eq(l->ride_id, slice_of(w->ride_id))) {
        slice_cstr(l->ride_id, w->ride_id, sizeof w->ride_id);
        w->version = 0;
    }
    bool skips = w->version != 0 && l->version > w->version + 1;
    if (kind == FRAME_UPDATE && skips && !w->gap) {
        j->gaps++;
        note(j, "ride %s: a session went from version %llu to %llu in silence", w->ride_id,
             (unsigned long long)w->version, (unsigned long long)l->version);
    }
    if (kind == FRAME_SNAPSHOT) w->gap = false;
    if (l->version > w->version || kind == FRAME_SNAPSHOT) w->version = l->version;
    judge_saw(j, l);
}

void judge_offered(struct judge *j, struct slice ride_id)
{
    if (ride_id.len > 0) ride_get(j, ride_id)->offered = true;
}

void judge_read_ride(struct judge *j, struct slice ride_id, const struct judge_look *l)
{
    struct ride *r = ride_get(j, ride_id);
    if (l == NULL) {
        r->missing = true;
        return;
    }
    r->back = look_of(j, l);
}

void judge_read_event(struct judge *j, const struct judge_look *l)
{
    if (!look_useful(l)) return;
    struct look told = look_of(j, l);
    struct ride *r = ride_get(j, l->ride_id);
    if (l->version > r->events_version + 1) {
        j->gaps++;
        note(j, "ride %s: its log goes from version %llu to %llu", r->id,
             (unsigned long long)r->events_version, (unsigned long long)l->version);
    }
    if (l->version > r->events_version) r->events_version = l->version;
    ride_add_look(j, r, told);
}

void judge_read_driver(struct judge *j, struct slice driver_id, struct slice ride_id)
{
    if (ride_id.len == 0) return;
    struct ride *r = ride_get(j, ride_id);
    uint32_t driver = driver_number(j, driver_id);
    if (r->back.status == RIDE_NONE) return;
    bool his = status_held(r->back.status) && (r->back.driver == 0 || r->back.driver == driver);
    if (his || r->wrong_final) return;
    r->wrong_final = true;
    note(j, "ride %s is %s with %s, but driver %s is still said to be on it", r->id,
         status_name(r->back.status), driver_name(j, r->back.driver), driver_name(j, driver));
}

/* --- the verdict --- */

static bool ride_illegal(struct judge *j, const struct ride *r)
{
    if (r->two_states) return true;
    for (size_t i = 0; i < r->count; i++) {
        const struct look *b = &r->looks[i];
        if (i == 0) {
            if (b->version != 1 || status_first(b->status)) continue;
            note(j, "ride %s begins as %s", r->id, status_name(b->status));
            return true;
        }
        const struct look *a = &r->looks[i - 1];
        if (status_reaches(a->status, b->status, b->version - a->version)) continue;
        note(j, "ride %s went from %s (version %llu) to %s (version %llu)", r->id,
             status_name(a->status), (unsigned long long)a->version, status_name(b->status),
             (unsigned long long)b->version);
        return true;
    }
    return false;
}

/* The driver changes between two neighbouring looks, though there is no room between them for
 * a version in which the ride was free. An exchange of drivers on their way does just that; whether
 * either of them then had two rides is count_double_drivers' to see. */
static bool ride_doubly_held(struct judge *j, const struct ride *r)
{
    if (r->two_drivers) return true;
    for (size_t i = 1; i < r->count; i++) {
        const struct look *a = &r->looks[i - 1];
        const struct look *b = &r->looks[i];
        if (!status_held(a->status) || !status_held(b->status)) continue;
        if (a->driver == 0 || b->driver == 0 || a->driver == b->driver) continue;
        if (b->version - a->version > 1) continue;
        if (a->status == RIDE_ASSIGNED && b->status == RIDE_ASSIGNED) continue;
        note(j, "ride %s: version %llu is with %s, the next with %s", r->id,
             (unsigned long long)a->version, driver_name(j, a->driver), driver_name(j, b->driver));
        return true;
    }
    return false;
}

static bool ride_wrong_final(struct judge *j, const struct ride *r)
{
    if (r->wrong_final) return true;
    if (r->back.status == RIDE_NONE || r->count == 0) return false;
    const struct look *last = &r->looks[r->count - 1];
    bool older = r->back.version < last->version;
    bool reached =
        !older && status_reaches(last->status, r->back.status, r->back.version - last->version);
    bool same_driver = last->driver == 0 || r->back.driver == 0 || last->driver == r->back.driver ||
                       last->status != RIDE_COMPLETED;
    if (reached && same_driver) return false;
    note(j, "ride %s was last told as %s (version %llu, %s) but reads as %s (version %llu, %s)",
         r->id, status_name(last->status), (unsigned long long)last->version,
         driver_name(j, last->driver), status_name(r->back.status),
         (unsigned long long)r->back.version, driver_name(j, r->back.driver));
    return true;
}

static void span_add(struct judge *j, struct span s)
{
    if (s.until_ms <= s.from_ms) return;
    if (j->span_count == j->span_cap) {
        j->span_cap = j->span_cap == 0 ? 1024 : j->span_cap * 2;
        j->spans = mem_realloc(j->spans, j->span_cap * sizeof *j->spans);
    }
    j->spans[j->span_count++] = s;
}

/* The spans that are certain: from the first look that says so, to the look that ends it when
 * no version is missing between, else only to the last look before. Looks without the server's
 * time are passed over. */
static void ride_spans(struct judge *j, uint32_t number)
{
    const struct ride *r = &j->rides[number - 1];
    struct span s = {.ride = number};
    const struct look *held = NULL; /* the newest look of the open span */
    /* A ride tells when it was assigned, not when its driver became free for it: a look of the time
     * of a queued one says nothing. */
    int64_t queued_ms = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct look *l = &r->looks[i];
        bool holds = status_held(l->status) && l->driver != 0 && !l->queued;
        if (held != NULL && (!holds || l->driver != s.driver)) {
            bool exact = l->version == held->version + 1 && l->at_ms != 0;
            s.until_ms = exact ? l->at_ms : held->at_ms;
            span_add(j, s);
            held = NULL;
        }
        if (l->queued) queued_ms = l->at_ms;
        if (!holds || l->at_ms == 0 || l->at_ms == queued_ms) continue;
        if (held == NULL) {
            s.driver = l->driver;
            s.from_ms = l->at_ms;
        }
        held = l;
    }
    if (held != NULL) { /* nobody saw the end; reading back may have shown that there was one */
        bool ended = r->back.status != RIDE_NONE && !status_held(r->back.status);
        s.until_ms = ended ? held->at_ms : INT64_MAX;
        span_add(j, s);
    }
}

static int by_driver_and_time(const void *a, const void *b)
{
    const struct span *x = a;
    const struct span *y = b;
    if (x->driver != y->driver) return x->driver > y->driver ? 1 : -1;
    return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

static uint64_t count_double_drivers(struct judge *j)
{
    uint64_t found = 0;
    for (uint32_t i = 1; i <= j->ride_names.count; i++) {
        ride_spans(j, i);
    }
    if (j->span_count == 0) return 0;
    qsort(j->spans, j->span_count, sizeof *j->spans, by_driver_and_time);
    const struct span *longest = &j->spans[0]; /* of this driver: the one that ends last */
    for (size_t i = 1; i < j->span_count; i++) {
        const struct span *s = &j->spans[i];
        bool same = s->driver == longest->driver;
        if (same && s->ride != longest->ride && s->from_ms < longest->until_ms) {
            found++;
            note(j, "driver %s held %s and %s at once", driver_name(j, s->driver),
                 j->rides[longest->ride - 1].id, j->rides[s->ride - 1].id);
        }
        if (!same || s->until_ms > longest->until_ms) longest = s;
    }
    return found;
}

static int by_order_and_ride(const void *a, const void *b)
{
    const struct created *x = a;
    const struct created *y = b;
    if (x->order != y->order) return x->order > y->order ? 1 : -1;
    return (x->ride > y->ride) - (x->ride < y->ride);
}

static uint64_t count_duplicates(struct judge *j)
{
    uint64_t found = 0;
    if (j->created_count == 0) return 0;
    qsort(j->created, j->created_count, sizeof *j->created, by_order_and_ride);
    for (size_t i = 1; i < j->created_count; i++) {
        const struct created *a = &j->created[i - 1];
        const struct created *b = &j->created[i];
        if (a->order != b->order || a->ride == b->ride) continue;
        found++;
        note(j, "one order became %s and %s", j->rides[a->ride - 1].id, j->rides[b->ride - 1].id);
    }
    return found;
}

static enum ride_status ride_status_now(const struct ride *r)
{
    if (r->back.status != RIDE_NONE) return r->back.status;
    return r->count == 0 ? RIDE_NONE : r->looks[r->count - 1].status;
}

static void ride_total(const struct ride *r, struct judge_totals *t)
{
    bool offered = r->offered;
    bool assigned = status_held(r->back.status) || r->back.status == RIDE_COMPLETED;
    for (size_t i = 0; i < r->count; i++) {
        enum ride_status s = r->looks[i].status;
        if (s == RIDE_OFFERED) offered = true;
        if (status_held(s) || s == RIDE_COMPLETED) assigned = true;
    }
    t->rides++;
    if (offered || assigned) t->offered++;
    if (assigned) t->assigned++;
    t->by_status[ride_status_now(r)]++;
}

void judge_finish(struct judge *j, struct judge_counts *counts, struct judge_totals *totals)
{
    *counts = (struct judge_counts){.version_gap_unexplained = j->gaps};
    *totals = (struct judge_totals){0};
    for (uint32_t i = 0; i < j->ride_names.count; i++) {
        struct ride *r = &j->rides[i];
        if (ride_illegal(j, r)) counts->illegal_transition++;
        if (ride_doubly_held(j, r)) counts->double_assigned_ride++;
        if (ride_wrong_final(j, r)) counts->wrong_final_state++;
        if (r->acknowledged && r->missing) {
            counts->lost_ride++;
            note(j, "ride %s was acknowledged and cannot be found", r->id);
        }
        if (r->acknowledged) ride_total(r, totals);
    }
    counts->double_assigned_driver = count_double_drivers(j);
    counts->duplicate_ride = count_duplicates(j);
}

struct slice judge_notes(const struct judge *j)
{
    return buf_slice(&j->notes);
}

enum ride_status judge_status(const struct judge *j, struct slice ride_id)
{
    void *number = map_find(&j->ride_names.by_id, ride_id);
    if (number == NULL) return RIDE_NONE;
    return ride_status_now(&j->rides[(uintptr_t)number - 1]);
}

bool judge_clean(const struct judge_counts *c)
{
    return c->double_assigned_driver == 0 && c->double_assigned_ride == 0 && c->lost_ride == 0 &&
           c->illegal_transition == 0 && c->duplicate_ride == 0 &&
           c->version_gap_unexplained == 0 && c->wrong_final_state == 0;
}
