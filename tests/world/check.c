#include "tests/world/check.h"

#include "base/mem.h"
#include "base/must.h"
#include "services/kit/reply.h"
#include "tests/world/past.h"
#include "tests/world/primary.h"
#include "tests/world/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct model m;
static struct map seen;    /* ride -> int64_t, owned: the highest version anybody was told */
static struct map created; /* "rider key" -> ride id, owned: what riders were told */
static bool recovering;

/* The command that is being carried out. */
static const struct slice *command;
static uint32_t command_argc;

void check_begin(void)
{
    model_begin(&m);
    seen = created = (struct map){0};
    recovering = false;
}

static bool free_value(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    mem_free(value);
    return true;
}

void check_end(void)
{
    model_end(&m);
    map_each(&seen, free_value, NULL);
    map_each(&created, free_value, NULL);
    map_fini(&seen);
    map_fini(&created);
}

/* --- one ride --- */

static enum ride_status status_of(const struct record *r)
{
    return ride_status_of(slice_of(field(r, F_status)));
}

static enum driver_status state_of(const struct record *d)
{
    return d == NULL || field(d, F_state)[0] == '\0'
               ? DRIVER_OFFLINE
               : driver_status_of(slice_of(field(d, F_state)));
}

static void timer_is(const struct record *r, const char *kind, int64_t due)
{
    int64_t set = model_timer(&m, kind, r->id);
    if (set == -1)
        world_fail("ride %s is %s and has no timer for its %s", r->id, field(r, F_status), kind);
    else if (due >= 0 && set != due)
        world_fail("ride %s: its %s is due at %" PRId64 ", its timer says %" PRId64, r->id, kind,
                   due, set);
}

static void no_timer(const struct record *r, const char *kind)
{
    if (model_timer(&m, kind, r->id) != -1)
        world_fail("ride %s is %s and still has a timer for its %s", r->id, field(r, F_status),
                   kind);
}

static void nobody_holds(const struct record *r)
{
    if (field(r, F_lease)[0] != '\0')
        world_fail("ride %s is %s and has the lease %s", r->id, field(r, F_status),
                   field(r, F_lease));
}

/* A requested ride waits for a retry, or for a matcher who has not acknowledged its entry, or its
 * deadline has passed. */
static void check_requested(struct record *r)
{
    int64_t deadline_ms = number(r, F_deadline_ms);
    timer_is(r, "deadline", deadline_ms);
    nobody_holds(r);
    bool retries = field(r, F_retry_ms)[0] != '\0';
    if (retries) timer_is(r, "retry", number(r, F_retry_ms));
    if (retries || model_has_work(&m, r->id, number(r, F_attempt))) return;
    if (deadline_ms <= primary_wall_ms()) r->gave_up_ms = deadline_ms; /* its timer is next */
    if (r->gave_up_ms != deadline_ms)
        world_fail("ride %s waits for a driver and nobody looks for one", r->id);
}

/* Everybody to whom the ride is offered knows of it, and holds no other offer. */
static void check_offered(const struct record *r)
{
    struct slice rest = slice_of(field(r, F_offer_driver));
    struct slice one = SLICE("");
    timer_is(r, "deadline", number(r, F_deadline_ms));
    timer_is(r, "offer", number(r, F_offer_expires_ms) + RIDE_OFFER_GRACE_MS);
    nobody_holds(r);
    if (rest.len == 0) world_fail("ride %s is offered to nobody", r->id);
    while (slice_cut(&rest, ' ', &one)) {
        char id[64];
        if (one.len == 0) continue;
        const struct record *d = model_find(&m.drivers, slice_cstr(one, id, sizeof id));
        enum driver_status state = state_of(d);
        if ((state != DRIVER_OFFERED && state != DRIVER_ON_TRIP) ||
            strcmp(field(d, F_offer), field(r, F_offer)) != 0)
            world_fail("ride %s is offered to %s, who is %s with offer '%s'", r->id, id,
                       driver_status_text(state), d == NULL ? "" : field(d, F_offer));
    }
}

/* From assigned to in progress: one driver, and he knows of it. */
static void check_held(const struct record *r)
{
    const struct record *d = model_find(&m.drivers, field(r, F_driver_id));
    bool next = d != NULL && is(d, F_next_ride, r->id);
    if (d == NULL || (!is(d, F_ride, r->id) && !next)) {
        world_fail("ride %s is held by '%s', whose ride is '%s'", r->id, field(r, F_driver_id),
                   d == NULL ? "" : field(d, F_ride));
        return;
    }
    const char *lease = field(d, next ? F_next_lease : F_lease);
    if (field(r, F_lease)[0] == '\0' || strcmp(lease, field(r, F_lease)) != 0)
        world_fail("ride %s has the lease '%s', its driver %s '%s'", r->id, field(r, F_lease),
                   d->id, lease);
    enum driver_status wanted = DRIVER_ASSIGNED;
    if (next || status_of(r) == RIDE_IN_PROGRESS) wanted = DRIVER_ON_TRIP;
    if (state_of(d) != wanted)
        world_fail("ride %s is %s, its driver %s is %s", r->id, field(r, F_status), d->id,
                   field(d, F_state));
    if (next && (status_of(r) != RIDE_ASSIGNED || field(r, F_queued)[0] == '\0'))
        world_fail("ride %s is %s and the next one of %s", r->id, field(r, F_status), d->id);
    if (next && field(r, F_forward)[0] != '1')
        world_fail("ride %s may not wait for another, and is the next one of %s", r->id, d->id);
}

static void check_over(const struct record *r)
{
    static const char *const kinds[] = {"deadline", "offer", "retry",    "start",
                                        "pickup",   "trip",  "scheduled"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        no_timer(r, kinds[i]);
    const struct record *d = model_find(&m.drivers, field(r, F_driver_id));
    if (d != NULL && (is(d, F_ride, r->id) || is(d, F_next_ride, r->id)))
        world_fail("ride %s is %s and driver %s still holds it", r->id, field(r, F_status), d->id);
    const struct record *rider = model_find(&m.riders, field(r, F_rider_id));
    if (rider != NULL && is(rider, F_ride, r->id))
        world_fail("ride %s is %s and still its rider's live ride", r->id, field(r, F_status));
}

static void check_ride(struct record *r)
{
    enum ride_status status = status_of(r);
    switch ((int)status) {
    case RIDE_SCHEDULED:
        timer_is(r, "scheduled", number(r, F_pickup_at_ms) - RIDE_LEAD_MS);
        break;
    case RIDE_REQUESTED:
        check_requested(r);
        break;
    case RIDE_OFFERED:
        check_offered(r);
        break;
    case RIDE_ASSIGNED:
        check_held(r);
        timer_is(r, "pickup", -1);
        break;
    case RIDE_ARRIVED:
        check_held(r);
        timer_is(r, "start", number(r, F_start_by_ms));
        break;
    case RIDE_IN_PROGRESS:
        check_held(r);
        if (field(r, F_overdue_ms)[0] == '\0') timer_is(r, "trip", -1);
        break;
    case RIDE_NONE:
        world_fail("ride %s has the status '%s'", r->id, field(r, F_status));
        break;
    default:
        if (r->dirty) check_over(r);
    }
    const struct record *rider = model_find(&m.riders, field(r, F_rider_id));
    if (ride_is_live(status) && (rider == NULL || !is(rider, F_ride, r->id)))
        world_fail("ride %s is %s, but the live ride of its rider %s is '%s'", r->id,
                   field(r, F_status), field(r, F_rider_id),
                   rider == NULL ? "" : field(rider, F_ride));
}

/* --- one driver --- */

/* The ride that an offer or a lease is about. */
static const struct record *ride_of_offer(const char *offer)
{
    char id[64];
    const char *dot = strrchr(offer, '.');
    if (dot == NULL || (size_t)(dot - offer) >= sizeof id) return NULL;
    (void)slice_cstr(slice_make(offer, (size_t)(dot - offer)), id, sizeof id);
    return model_find(&m.rides, id);
}

/* The ride that the driver's record names is his. */
static void check_his(const struct record *d, const char *ride)
{
    const struct record *r = model_find(&m.rides, ride);
    if (r == NULL || !is(r, F_driver_id, d->id) || ride_is_over(status_of(r)))
        world_fail("driver %s is %s with ride '%s', which is %s with driver '%s'", d->id,
                   field(d, F_state), ride, r == NULL ? "none" : field(r, F_status),
                   r == NULL ? "" : field(r, F_driver_id));
}

static void check_driver(const struct record *d)
{
    enum driver_status state = state_of(d);
    const char *offer = field(d, F_offer);
    const char *ride = field(d, F_ride);
    const char *next = field(d, F_next_ride);
    bool drives = state == DRIVER_ASSIGNED || state == DRIVER_ON_TRIP;
    if (state == DRIVER_NONE) world_fail("driver %s has the state '%s'", d->id, field(d, F_state));
    if (drives != (ride[0] != '\0'))
        world_fail("driver %s is %s with ride '%s'", d->id, field(d, F_state), ride);
    if (drives) check_his(d, ride);
    if (next[0] != '\0') check_his(d, next);
    if (next[0] != '\0' && state != DRIVER_ON_TRIP)
        world_fail("driver %s is %s with a next ride %s", d->id, field(d, F_state), next);
    if (offer[0] == '\0') {
        if (state == DRIVER_OFFERED) world_fail("driver %s is offered nothing", d->id);
        return;
    }
    const struct record *r = ride_of_offer(offer);
    bool open = r != NULL && status_of(r) == RIDE_OFFERED && is(r, F_offer, offer) &&
                among(field(r, F_offer_driver), d->id);
    if (!open || (state != DRIVER_OFFERED && state != DRIVER_ON_TRIP) || next[0] != '\0')
        world_fail("driver %s is %s with offer %s%s", d->id, field(d, F_state), offer,
                   open ? "" : ", which is not open to him");
}

/* Whether one event of the table leads from one state to the other; the end of a ride may also
 * carry out a block that waited for it. */
static bool driver_may(const struct record *d)
{
    enum driver_status to = state_of(d);
    enum driver_status from = d->was_state == DRIVER_NONE ? DRIVER_OFFLINE : d->was_state;
    if (from == to || to == DRIVER_BLOCKED) return true;
    for (int e = DRIVER_EV_NONE + 1; e < DRIVER_EVENTS; e++)
        if (driver_next(from, (enum driver_event)e) == to) return true;
    return false;
}

/* --- what happened --- */

static enum ride_event event_of(const char *type)
{
    for (int e = RIDE_EV_NONE + 1; e < RIDE_EVENTS; e++)
        if (strcmp(ride_event_text((enum ride_event)e), type) == 0) return (enum ride_event)e;
    return RIDE_EV_NONE;
}

/* Until then the rider need not be there: some minutes after the driver came, and not before the
 * time he asked for. */
static int64_t wait_ends_ms(const struct record *r)
{
    int64_t from_ms = number(r, F_arrived_ms);
    if (number(r, F_pickup_at_ms) > from_ms) from_ms = number(r, F_pickup_at_ms);
    return from_ms + RIDE_NO_SHOW_MS;
}

/* The fault matrix once more, from the record as it was before the cancel: its times do not change. */
static int64_t rider_owes(const struct record *r, enum ride_status from)
{
    int64_t now_ms = number(r, F_ended_ms);
    int64_t since_ms = now_ms - number(r, F_assigned_ms);
    int64_t eta_s = field(r, F_pickup_eta_s)[0] == '\0' ? -1 : number(r, F_pickup_eta_s);
    if (from == RIDE_ARRIVED)
        return number(r, now_ms >= wait_ends_ms(r) ? F_fee_no_show : F_fee_cancel);
    if (from != RIDE_ASSIGNED || field(r, F_warned)[0] != '\0') return 0;
    if (since_ms <= 1000 * number(r, F_fee_free_s)) return 0;
    if (eta_s >= 0 && since_ms > 1000 * (eta_s + number(r, F_fee_late_s))) return 0;
    return number(r, F_fee_cancel);
}

static void check_money(struct record *r, const struct model_event *e)
{
    enum ride_status from = ride_status_of(slice_of(e->from));
    if (strcmp(e->type, "settle") == 0) {
        if (++r->settlements > 1) world_fail("ride %s is settled twice", r->id);
        if (number(r, F_final_minor) != number(r, F_fare_minor))
            world_fail("ride %s was driven as quoted for %s and costs %s", r->id,
                       field(r, F_fare_minor), field(r, F_final_minor));
    }
    if (strcmp(e->type, "rider_cancel") == 0 && number(r, F_fee_minor) != rider_owes(r, from))
        world_fail("ride %s cancelled by its rider when %s costs %s instead of %" PRId64, r->id,
                   e->from, field(r, F_fee_minor), rider_owes(r, from));
    if (strcmp(e->type, "no_show") == 0 && number(r, F_fee_minor) != number(r, F_fee_no_show))
        world_fail("ride %s: a no-show costs %s instead of %s", r->id, field(r, F_fee_minor),
                   field(r, F_fee_no_show));
    if (strcmp(e->type, "give_up") == 0 && number(r, F_fee_minor) != 0)
        world_fail("ride %s: its rider pays %s for what drivers did", r->id, field(r, F_fee_minor));
}

/* What a driver does to a ride he does on its lease. */
static void check_actor(const struct record *r, const struct model_event *e)
{
    static const char *const acts[] = {"accept",     "arrive",   "start",
                                       "reach_stop", "complete", "no_show"};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(e->type, acts[i]) != 0) continue;
        if (!is(r, F_driver_id, e->driver_id) || !is(r, F_lease, e->lease))
            world_fail("ride %s: %s by %s on lease %s, but it is %s's on %s", r->id, e->type,
                       e->driver_id, e->lease, field(r, F_driver_id), field(r, F_lease));
    }
}

/* Who exchanges drivers says of each ride what he knows of it: then nothing has changed since. */
static void check_swap(const struct record *r, const struct model_event *e)
{
    enum { FIRST = 4, EACH = 5 }; /* FCALL ride_swap 1 key, then ride version lease driver eta … */
    if (strcmp(e->type, "swap") != 0) return;
    for (uint32_t i = FIRST; i + EACH <= command_argc; i += EACH) {
        int64_t version = 0;
        if (!slice_is(command[i], r->id)) continue;
        (void)slice_i64(command[i + 1], &version);
        if (version != e->version - 1 || !slice_is(command[i + 2], r->was_lease))
            world_fail("ride %s is exchanged as known at version %" PRId64
                       " on lease %.*s, but it was "
                       "at %" PRId64 " on %s",
                       r->id, version, (int)command[i + 2].len, command[i + 2].p, e->version - 1,
                       r->was_lease);
        return;
    }
    world_fail("ride %s is exchanged and nobody asked for it", r->id);
}

static void check_event(const struct model_event *e)
{
    struct record *r = model_find(&m.rides, e->ride_id);
    enum ride_event event = event_of(e->type);
    world_tell("outbox", "%s: %s, %s -> %s, version %" PRId64, e->ride_id, e->type, e->from, e->to,
               e->version);
    if (r == NULL) {
        world_fail("an event tells of ride '%s', which does not exist", e->ride_id);
        return;
    }
    if (e->version != r->was_version + 1)
        world_fail("ride %s: version %" PRId64 " follows %" PRId64, r->id, e->version,
                   r->was_version);
    const char *was = r->was_status == RIDE_NONE ? "none" : ride_status_text(r->was_status);
    if (strcmp(e->from, was) != 0)
        world_fail("ride %s: %s says it came from %s, but it was %s", r->id, e->type, e->from, was);
    enum ride_status to = ride_status_of(slice_of(e->to));
    if (event != RIDE_EV_CREATE && ride_next(r->was_status, event) != to)
        world_fail("ride %s: the table does not know %s from %s to %s", r->id, e->type, e->from,
                   e->to);
    if (event == RIDE_EV_CREATE && (r->was_status != RIDE_NONE || e->version != 1))
        world_fail("ride %s is created twice", r->id);
    r->was_version = e->version;
    r->was_status = to;
    check_money(r, e);
    check_actor(r, e);
    check_swap(r, e);
    struct past now = {.status = to};
    (void)snprintf(now.holder, sizeof now.holder, "%s", field(r, F_driver_id));
    (void)snprintf(now.asked, sizeof now.asked, "%s", field(r, F_offer_driver));
    past_note(r->id, e->version, &now);
}

/* --- a record --- */

/* XADD … kind KIND id ID at_ms MS. What a clock that stepped back or indexes lost with the store's
 * memory make of a record is the reconciler's to mend; anything else is a mistake of ours. */
static void check_repair(struct slice kind, struct slice id)
{
    world_tell("reconciler", "mends the %.*s of %.*s", (int)kind.len, kind.p, (int)id.len, id.p);
    if (!recovering && !slice_is(kind, "time") && !slice_is(kind, "silence"))
        world_fail("the reconciler had to mend the %.*s of %.*s", (int)kind.len, kind.p,
                   (int)id.len, id.p);
}

void check_effect(const struct slice *argv, uint32_t argc)
{
    const char *why = NULL;
    if (argc > 7 && slice_word(argv[0], "XADD") && slice_is(argv[1], "repairs:{la}"))
        check_repair(argv[argc - 5], argv[argc - 3]);
    if (!model_effect(&m, argv, argc, &why))
        world_fail("%s: %.*s %.*s", why, (int)argv[0].len, argv[0].p, (int)argv[1].len, argv[1].p);
    if (recovering) m.events_count = 0;
}

static void look_at_all(void)
{
    for (uint32_t i = 0; i < m.rides.count && !world.failed; i++)
        check_ride(m.rides.all[i]);
    for (uint32_t i = 0; i < m.drivers.count && !world.failed; i++)
        check_driver(m.drivers.all[i]);
}

void check_record(void)
{
    if (!m.touched) return;
    m.touched = false;
    for (uint32_t i = 0; i < m.events_count; i++)
        check_event(&m.events[i]);
    m.events_count = 0;
    look_at_all();
    for (uint32_t i = 0; i < m.rides.count; i++) {
        struct record *r = m.rides.all[i];
        if (r->dirty && (status_of(r) != r->was_status || number(r, F_version) != r->was_version))
            world_fail("ride %s is %s at version %s, its last event said %s at %" PRId64, r->id,
                       field(r, F_status), field(r, F_version), ride_status_text(r->was_status),
                       r->was_version);
        r->dirty = false;
        (void)snprintf(r->was_lease, sizeof r->was_lease, "%s", field(r, F_lease));
    }
    for (uint32_t i = 0; i < m.drivers.count; i++) {
        struct record *d = m.drivers.all[i];
        if (d->dirty && !driver_may(d))
            world_fail("driver %s went from %s to %s, which no event does", d->id,
                       driver_status_text(d->was_state), field(d, F_state));
        d->was_state = state_of(d);
        d->dirty = false;
    }
}

/* --- crashes --- */

void check_recovery_begins(void)
{
    model_end(&m);
    model_begin(&m);
    recovering = true;
}

static bool still_there(struct slice key, void *value, void *data)
{
    (void)data;
    char id[64];
    const int64_t *version = value;
    const struct record *r = model_find(&m.rides, slice_cstr(key, id, sizeof id));
    if (r == NULL)
        world_fail("ride %s was seen at version %" PRId64 " and is lost", id, *version);
    else if (number(r, F_version) < *version)
        world_fail("ride %s was seen at version %" PRId64 " and is at %s after the crash", id,
                   *version, field(r, F_version));
    return true;
}

/* The events that were read back are not checked one by one again: those records were. */
void check_recovery_ends(void)
{
    recovering = false;
    m.events_count = 0;
    m.touched = false;
    for (uint32_t i = 0; i < m.rides.count; i++) {
        struct record *r = m.rides.all[i];
        r->was_status = status_of(r);
        r->was_version = number(r, F_version);
        r->settlements = field(r, F_settled_ms)[0] != '\0';
        (void)snprintf(r->was_lease, sizeof r->was_lease, "%s", field(r, F_lease));
        r->dirty = true;
    }
    for (uint32_t i = 0; i < m.drivers.count; i++)
        m.drivers.all[i]->was_state = state_of(m.drivers.all[i]);
    look_at_all();
    map_each(&seen, still_there, NULL);
}

/* --- what others know --- */

void check_seen(const redisReply *reply)
{
    const redisReply *ride = reply_at(reply, 1);
    struct slice id = reply_field_slice(ride, "ride_id");
    if (reply_is_error_code(reply, "ERR") &&
        !slice_is(reply_slice(reply), "ERR Function not found"))
        world_fail("a process is told: %.*s", (int)reply_slice(reply).len, reply_slice(reply).p);
    int64_t version = reply_i64(reply_field(ride, "version"), 0);
    if (id.len == 0 || version == 0) return;
    int64_t *known = map_find(&seen, id);
    if (known == NULL) {
        known = mem_new(int64_t);
        (void)map_put(&seen, id, known);
    }
    if (version > *known) *known = version;
}

void check_created(const char *rider, const char *key, const char *ride_id)
{
    char name[128];
    int n = snprintf(name, sizeof name, "%s %s", rider, key);
    struct slice at = slice_make(name, (size_t)n);
    const char *before = map_find(&created, at);
    if (before == NULL)
        (void)map_put(&created, at, mem_dup(ride_id, strlen(ride_id) + 1));
    else if (strcmp(before, ride_id) != 0)
        world_fail("rider %s asked once (%s) and has two rides: %s and %s", rider, key, before,
                   ride_id);
}

void check_command(const struct slice *argv, uint32_t argc)
{
    command = argv;
    command_argc = argc;
}

int64_t check_version(const char *ride_id)
{
    const struct record *r = model_find(&m.rides, ride_id);
    return r == NULL ? 0 : number(r, F_version);
}

/* --- the end --- */

bool check_is_quiet(void)
{
    for (uint32_t i = 0; i < m.rides.count; i++) {
        const struct record *r = m.rides.all[i];
        enum ride_status status = status_of(r);
        if (!ride_is_over(status)) return false;
        if (status == RIDE_COMPLETED && field(r, F_settled_ms)[0] == '\0') return false;
    }
    for (uint32_t i = 0; i < m.drivers.count; i++) {
        enum driver_status state = state_of(m.drivers.all[i]);
        if (state == DRIVER_OFFERED || state == DRIVER_ASSIGNED || state == DRIVER_ON_TRIP)
            return false;
    }
    return m.work.count == 0;
}

static bool entry_left(struct slice key, void *value, void *data)
{
    (void)value;
    (void)data;
    world_fail("entry %.*s of rides:incoming is never acknowledged", (int)key.len, key.p);
    return false;
}

void check_quiet(void)
{
    for (uint32_t i = 0; i < m.rides.count; i++) {
        const struct record *r = m.rides.all[i];
        enum ride_status status = status_of(r);
        if (!ride_is_over(status))
            world_fail("ride %s is stuck: %s (attempt %s)", r->id, field(r, F_status),
                       field(r, F_attempt));
        if (status == RIDE_COMPLETED && field(r, F_settled_ms)[0] == '\0')
            world_fail("ride %s is completed and never settled", r->id);
    }
    for (uint32_t i = 0; i < m.drivers.count; i++) {
        const struct record *d = m.drivers.all[i];
        enum driver_status state = state_of(d);
        if (state == DRIVER_OFFERED || state == DRIVER_ASSIGNED || state == DRIVER_ON_TRIP)
            world_fail("driver %s is stuck: %s", d->id, field(d, F_state));
    }
    map_each(&m.work, entry_left, NULL);
}
