/* lifecycle: every change of ride and driver state, as one typed asynchronous call each.
 *
 * Why: ride truth has one writer, the Lua library hansom_v1 that lives in the store. Each call
 * here is one FCALL: it checks everything, then writes ride, driver, idempotency record, timers
 * and outbox event, acknowledges the stream entry it came from, and publishes the hints; or it
 * changes nothing. Time inside is the store's.
 *
 * A callback never fires before its call has returned, fires exactly once, and everything it is
 * given is borrowed until it returns. Arguments are copied before a call returns. The region of
 * a call is taken from its ride, driver or offer id; calls that have none take the region.
 *
 * When the library is missing (a fresh store, or one restarted without its log) the call loads it
 * and is repeated once. When an older one than ours has answered, ours is loaded for the next calls.
 */
#ifndef HANSOM_KIT_LIFECYCLE_H
#define HANSOM_KIT_LIFECYCLE_H

#include "base/arena.h"
#include "services/kit/ride.h"

struct store;
struct redisReply;
struct lifecycle;

/* What a function answers. The texts that contract the outside are the codes of problem.def.
 *
 *    CODE(name, "text") */
#define LIFE_CODES(CODE)                                                                           \
    CODE(OK, "ok")                                                                                 \
    CODE(NOT_FOUND, "not_found") /* also: not a party */                                           \
    CODE(INVALID, "invalid_value")                                                                 \
    CODE(ILLEGAL, "illegal_transition")                                                            \
    CODE(VERSION_CONFLICT, "version_conflict") /* if_version did not hold */                       \
    CODE(STALE_LEASE, "stale_lease")                                                               \
    CODE(OFFER_EXPIRED, "offer_expired")                                                           \
    CODE(OFFER_REVOKED, "offer_revoked")                                                           \
    CODE(RIDE_TAKEN, "ride_taken")                                                                 \
    CODE(DRIVER_ON_RIDE, "driver_on_ride")                                                         \
    CODE(DRIVER_NOT_ONLINE, "driver_not_online")                                                   \
    CODE(DRIVER_BLOCKED, "driver_blocked")                                                         \
    CODE(ACTIVE_RIDE, "active_ride_exists")                                                        \
    CODE(TOO_MANY, "too_many_scheduled")                                                           \
    CODE(IDEM_REUSED, "idempotency_key_reused")                                                    \
    CODE(WRONG_CODE, "incorrect_start_code")                                                       \
    CODE(RATE_LIMITED, "rate_limited") /* nothing changed; extra "wait_ms" */                      \
    CODE(LOCKED, "start_locked")                                                                   \
    CODE(STALE_ENTRY, "stale_entry")               /* nothing to do for it: acknowledged */        \
    CODE(DRIVER_UNAVAILABLE, "driver_unavailable") /* nothing changed; extra "reason" */           \
    CODE(NOT_DUE, "not_due")                       /* too early; extra "due_ms" */                 \
    CODE(HEARTBEAT_DUE, "heartbeat_due")           /* an outage must be accounted for first */     \
    CODE(UNAVAILABLE, "store_unavailable")         /* no answer: the outcome is unknown */         \
    CODE(BROKEN, "internal")                       /* the store's error text is in `error` */

enum life_code {
#define CODE(name, text) LIFE_##name,
    LIFE_CODES(CODE)
#undef CODE
        LIFE_CODES_N
};

/* The text of a code. */
const char *life_code_text(enum life_code code);

struct life_result {
    enum life_code code;
    bool has_ride;
    struct ride ride;   /* the ride as it now is; on conflicts the current one */
    int64_t now_ms;     /* the store's time; 0 when unknown */
    int64_t generation; /* of the store's contents; grows when another primary answers */
    struct slice error; /* LIFE_BROKEN only */
    const struct redisReply *extras; /* borrowed; flat names and values; read with life_extra */
};

/* One named extra of a result, or an empty slice. */
struct slice life_extra(const struct life_result *r, const char *name);

/* The same as a number; fallback when it is absent or none. */
int64_t life_extra_i64(const struct life_result *r, const char *name, int64_t fallback);

typedef void (*life_cb)(void *data, const struct life_result *r);

/* A lifecycle over a store client; both are used from the loop thread. Freed with calls under way,
 * it goes with the last of them: closing the store ends them all. The store outlives it. */
struct lifecycle *lifecycle_new(struct store *store);
void lifecycle_free(struct lifecycle *l);

/* Loads the library where it is absent or older, never replacing a newer one. A service calls
 * it at start and after each reconnect, once for each region it serves. Result: LIFE_OK, or
 * UNAVAILABLE, or BROKEN with the store's words. Extra: none. */
void lifecycle_install(struct lifecycle *l, struct slice region, life_cb cb, void *data);

/* Several texts of one call; borrowed until it returns. */
struct life_names {
    const struct slice *at;
    size_t n;
};

/* ---- riders ---------------------------------------------------------------------------- */

struct life_create {
    struct slice ride_id; /* fresh, from a CSPRNG: <region>-<ULID> */
    struct slice rider_id;
    struct slice idem_key; /* empty: none */
    struct slice body_hash;
    struct slice start_code; /* four digits */
    struct slice product;
    struct slice traceparent;
    int64_t pickup_at_ms;                /* 0: now; more than 15 min off gives a scheduled ride */
    struct slice pickup, dropoff, stops; /* JSON; stops is an array, "[]" when there are none */
    int64_t stops_n;
    double pickup_lat, pickup_lon, dropoff_lat, dropoff_lon;
    struct slice constraints; /* JSON or empty */
    struct slice note;
    int64_t distance_m, duration_s, pickup_eta_s;
    int64_t trip_s;    /* how long the trip takes by the clock: less than duration_s in a replay */
    struct slice fare; /* JSON {amount_minor, currency} */
    int64_t fare_minor;
    struct slice currency;
    struct slice quote; /* JSON */
    struct slice quote_id;
    /* The fault matrix of the quote: a rider who cancels pays nothing before a driver is
     * assigned, within free_s after that, or once the driver is late_s behind his ETA;
     * fee_cancel otherwise, and fee_no_show when the wait is over. Driver, system: nothing. */
    int64_t fee_cancel_minor, fee_no_show_minor, fee_free_s, fee_late_s;
    bool forward; /* may be given to a driver who is about to finish another ride */
    /* A rider may ask so often in a minute, and so often at once; 0 limits nothing. */
    int64_t rate_per_min, rate_burst;
};

/* OK with the ride; extra "replayed" is 1 when this key had created it before (answer with
 * ride_as_created). IDEM_REUSED: same key, other body. ACTIVE_RIDE: with the rider's live ride.
 * RATE_LIMITED: he has asked too often. TOO_MANY: the rider has SCHEDULED_MAX rides to come. INVALID: pickup_at_ms is too far off. */
void life_ride_create(struct lifecycle *l, const struct life_create *a, life_cb cb, void *data);

/* Looks an Idempotency-Key up before any other verdict: OK with the ride and "replayed", or
 * IDEM_REUSED, or NOT_FOUND. Writes nothing. */
void life_ride_replay(struct lifecycle *l, struct slice region, struct slice rider_id,
                      struct slice idem_key, struct slice body_hash, life_cb cb, void *data);

/* ---- the matcher ------------------------------------------------------------------------ */

/* An entry of rides:incoming, as read. entry_id may be empty: nothing is then acknowledged. */
struct life_entry {
    struct slice ride_id;
    int64_t attempt;
    struct slice entry_id;
};

struct life_candidate {
    struct slice driver_id;
    int64_t eta_s; /* from now */
    bool after;    /* his way begins where the trip he is on ends; else where he is */
};

/* What a round decided for one ride: to offer it to some drivers at once, of whom the first who
 * accepts has it; to assign it to one, for products that skip the offer; or to defer it, since there
 * is nobody for it in this window. */
enum life_way { LIFE_OFFER, LIFE_ASSIGN, LIFE_DEFER };

struct life_match {
    enum life_way way;
    struct life_entry entry;
    const struct life_candidate *candidates; /* borrowed for the call; all different */
    size_t n;                                /* 0 to defer, else 1 to RIDE_BROADCAST_MAX */
    void *data;                              /* of this ride's callback */
};

/* Applies the decisions for n (1 to RIDE_MATCH_RIDES) rides of the region in one call, which costs the
 * store less than one each. Each ride is decided by itself, and cb fires once for each, in their
 * order. OK: the entry is acknowledged; extras of an offer "offer_id", "expires_ms", "version" and the
 * array "drivers": who of the candidates was free to be offered it; of an assignment "lease",
 * "version"; of a deferral "retry_ms" (1 s, then 1.5 s). STALE_ENTRY: the ride is past this attempt;
 * acknowledged. DRIVER_UNAVAILABLE: none could have it, nothing changed; extra "reason" of the last
 * (not_idle, moved, dark, cooldown, excluded, product). A driver in drivers:soon may be offered a ride (if `forward`) while
 * he finishes another. "moved": he has begun or ended a trip since, so his way is another. */
void life_rides_match(struct lifecycle *l, struct slice region, const struct life_match *rides,
                      size_t n, life_cb cb);

/* One ride of an exchange: as the caller knows it, and the driver it shall get. */
struct life_swap {
    struct slice ride_id;
    int64_t version;
    struct slice lease;
    struct slice driver_id; /* of another ride of the exchange */
    int64_t eta_s;          /* what he needs to the pickup */
};

enum { LIFE_SWAPS_MAX = 8 };

/* Exchanges the drivers of n (2 to LIFE_SWAPS_MAX) assigned rides of the region among them: all of it
 * or nothing. Each ride gets a new lease; the old one is STALE_LEASE from then on. When a ride is
 * not as the caller knows it (ILLEGAL, STALE_LEASE, VERSION_CONFLICT, NOT_FOUND) or cannot have
 * that driver (DRIVER_UNAVAILABLE, extra "reason": swaps, constraints, excluded, product,
 * not_on_his_way), the extra "ride_id" names it. */
void life_ride_swap(struct lifecycle *l, struct slice region, const struct life_swap *swaps,
                    size_t n, life_cb cb, void *data);

/* Acknowledges an entry whose ride is past its attempt (STALE_ENTRY); OK and nothing done when
 * the entry is still work. */
void life_work_ack(struct lifecycle *l, const struct life_entry *e, life_cb cb, void *data);

/* Notes why an entry could not be resolved and stays pending; its dead letter tells the first and
 * the last error. cb may be NULL. */
void life_work_failed(struct lifecycle *l, struct slice region, struct slice entry_id,
                      struct slice error, life_cb cb, void *data);

/* Moves an entry that kills its readers to rides:dead and fails the ride, in one call with the
 * acknowledgement. An entry without a readable ride id needs the region; it is kept as raw text.
 * Extra "dead_id". */
void life_ride_dead_letter(struct lifecycle *l, struct slice region, const struct life_entry *e,
                           struct slice reason, int64_t deliveries, struct slice raw, life_cb cb,
                           void *data);

/* ---- the parties ------------------------------------------------------------------------ */

/* What a party does to a ride. */
struct life_act {
    struct slice ride_id;
    struct slice actor_id; /* the driver, or the rider for a cancel by him */
    struct slice lease;    /* offer_id for accept and decline; lease_id after that */
    int64_t if_version;    /* 0: no condition; else VERSION_CONFLICT unless it is the ride's */
    double lat, lon;       /* where, of complete; both (double)NAN: not said */
};

void life_ride_accept(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data);
void life_ride_decline(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data);
void life_ride_arrive(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data);

/* WRONG_CODE (extra "tries_left"), LOCKED (extra "retry_after_s"). */
void life_ride_start(struct lifecycle *l, const struct life_act *a, struct slice start_code,
                     life_cb cb, void *data);

/* stop: the number of the stop, from 1; a stop that was reached before changes nothing. */
void life_ride_reach_stop(struct lifecycle *l, const struct life_act *a, int64_t stop, life_cb cb,
                          void *data);
void life_ride_complete(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data);

/* NOT_DUE before the wait is over (extra "due_ms"). */
void life_ride_no_show(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data);

/* A rider's or ops' cancel ends the ride; the ride's fee_minor says what it costs. A driver's
 * cancel sends the ride back to be matched without him (the fourth time it ends): extra
 * "released". fee_minor is for ops with a ride in progress (fare so far); -1 otherwise. The reason is
 * one that ride_reason_known. */
void life_ride_cancel(struct lifecycle *l, const struct life_act *a, enum ride_by by,
                      struct slice reason, int64_t fee_minor, life_cb cb, void *data);

/* ---- money, ops ------------------------------------------------------------------------- */

/* Writes the final fare once, acknowledging the outbox entry for the group in the same call
 * (entry_id may be empty). Extra "replayed" is 1 when it was settled before. */
void life_ride_settle(struct lifecycle *l, struct slice ride_id, struct slice final_fare,
                      int64_t final_minor, struct slice group, struct slice entry_id, life_cb cb,
                      void *data);

/* Takes a dead letter out: redrive sends its failed ride back to be matched (within 15 min, while
 * the rider has no other), discard only removes the entry. dead_id is the entry of rides:dead. */
void life_ride_redrive(struct lifecycle *l, struct slice ride_id, struct slice dead_id, life_cb cb,
                       void *data);
void life_dead_discard(struct lifecycle *l, struct slice region, struct slice dead_id, life_cb cb,
                       void *data);

/* ---- drivers ---------------------------------------------------------------------------- */

/* Every driver call gives the extras "state", "products", "offer", "ride", "lease", "next_ride",
 * "next_lease", "block_pending", "dark_ms", "cooldown_until_ms", "ignored"; and, but for seen and dark, the ride he is on or is offered. */
struct life_online {
    struct slice driver_id;
    double lat, lon;
    struct slice products; /* comma separated, at most 8 */
    struct slice card;     /* JSON of name, rating, vehicle, shown to riders */
};

void life_driver_online(struct lifecycle *l, const struct life_online *o, life_cb cb, void *data);
void life_driver_offline(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data);
void life_driver_break(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data);
void life_driver_block(struct lifecycle *l, struct slice driver_id, struct slice reason, life_cb cb,
                       void *data);
void life_driver_unblock(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data);

/* A fresh fix of a driver this process has not heard for a while: puts him back where his state
 * allows. An offline or blocked driver is left out (OK with that state). */
void life_driver_seen(struct lifecycle *l, struct slice driver_id, double lat, double lon,
                      life_cb cb, void *data);

/* Drivers without a fix for 15 s, at most limit: the array extra "drivers" (life_list). Extras
 * "due" and "held": 1 when more than 30 % of the region would darken at once. Writes nothing. */
void life_stale_due(struct lifecycle *l, struct slice region, int64_t limit, life_cb cb,
                    void *data);

/* Darkens one of them if he still is silent: out of the idle index, his offer revoked. */
void life_driver_dark(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data);

/* ---- time ------------------------------------------------------------------------------- */

/* The region's heartbeat, to be called every second by whoever leads; several callers are
 * harmless. run_id is the store's (INFO server): another one raises the generation. Extra
 * "gap_ms": by how much open deadlines were moved, 0 normally. */
void life_heartbeat(struct lifecycle *l, struct slice region, struct slice run_id, life_cb cb,
                    void *data);

/* Timers that are due, at most limit: the array extra "timers". Writes nothing. HEARTBEAT_DUE
 * when an outage must be accounted for first. */
void life_timers_due(struct lifecycle *l, struct slice region, int64_t limit, life_cb cb,
                     void *data);

/* Applies one timer and removes it, if it still is due and its guard holds; harmless otherwise.
 * Extra "did": what was done ("nothing" included). A timer whose record is damaged is put off, 1 s
 * at first and up to 5 min: did is "failed", and the extra "error" says why. */
void life_timer_apply(struct lifecycle *l, struct slice region, struct slice timer, life_cb cb,
                      void *data);

/* Looks at about `count` keys of the region and mends what disagrees. cursor is empty to begin a
 * round, else the extra "cursor" of the call before; that one is empty when the round is over.
 * names: the region's products. Extras: the array "repairs" (kind, id, kind, id, …), "unreadable"
 * records and, of the first of them, "why". */
void life_reconcile(struct lifecycle *l, struct slice region, struct slice cursor, int64_t count,
                    struct life_names products, life_cb cb, void *data);

/* Fields of a profile and their values, which are written; the others stay. kit/profile.h knows them. */
void life_profile_put(struct lifecycle *l, struct slice driver_id, struct life_names pairs,
                      life_cb cb, void *data);

/* Drivers of a region. Extra "profiles": an array each of fields and values, empty when unknown. */
void life_profiles(struct lifecycle *l, struct slice region, struct life_names ids, life_cb cb,
                   void *data);

/* The same, and the array extras "states" and "places" ("lat lon", empty when not on the road). */
void life_driver_rows(struct lifecycle *l, struct slice region, struct life_names ids, life_cb cb,
                      void *data);

/* ---- streams ---------------------------------------------------------------------------- */

/* Registered groups are named "rides-events:pricing": at most LIFE_GROUPS_MAX a stream. */
enum { LIFE_GROUPS_MAX = 16 };

/* Trims rides:incoming behind its slowest registered group and rides:events behind that and 7
 * days; a registered group that does not exist yet needs everything. Extras "incoming" and
 * "events": entries removed. */
void life_streams_trim(struct lifecycle *l, struct slice region, struct life_names registered,
                       life_cb cb, void *data);

/* Forgets consumers of the registered groups that have been silent for idle_ms and hold nothing.
 * Extras: the array "reaped", and "holding": silent ones that still hold entries. */
void life_consumers_reap(struct lifecycle *l, struct slice region, int64_t idle_ms,
                         struct life_names registered, life_cb cb, void *data);

/* How far groups, dead letters and deadlines are: figures.h reads the extras. Writes nothing. */
void life_streams_look(struct lifecycle *l, struct slice region, struct life_names registered,
                       life_cb cb, void *data);

/* ---- history and figures ---------------------------------------------------------------- */

/* An entry of the outbox, to be acknowledged and applied to what is kept for people. */
struct life_projection {
    struct slice group;
    struct slice entry_id;
    struct slice day, week; /* of the event where it happened: "20261127", "2026W48" */
    struct slice cell;      /* of the pickup; empty: unknown */
};

/* Applies it, if the acknowledgement counts: extra "did" is recorded, counted or dead_letter (at the
 * fifth delivery of one that cannot be applied). STALE_ENTRY: done before, or trimmed away. BROKEN:
 * nothing changed and the entry stays pending. */
void life_project(struct lifecycle *l, struct slice region, const struct life_projection *p,
                  life_cb cb, void *data);

/* Applies the entry of a dead letter of reason "projection" and removes it. NOT_FOUND: it is none. */
void life_project_again(struct lifecycle *l, struct slice region, struct slice dead_id, life_cb cb,
                        void *data);

/* A finished ride: the extra "document" (history.h reads it). NOT_FOUND, with the extra "filtered"
 * 1 when a filter alone could tell. */
void life_history_get(struct lifecycle *l, struct slice ride_id, life_cb cb, void *data);

/* Finished rides, newest first, at most limit: whose is "rider", "driver" or "all" (id is then not
 * looked at). Extras: the array "documents", and "next", the cursor of the next page or empty. */
void life_history_list(struct lifecycle *l, struct slice region, const char *whose, struct slice id,
                       struct slice cursor, int64_t limit, life_cb cb, void *data);

/* The first n of a leaderboard: what is "trips" or "earnings", period "day:20261127", "week:2026W48" or
 * "all". Array extra "board": driver, value, driver, value, … */
void life_leaderboard(struct lifecycle *l, struct slice region, const char *what,
                      struct slice period, int64_t n, life_cb cb, void *data);

/* One driver's row: extras "rank" from 1 (0: he has none) and "value". */
void life_leaderboard_of(struct lifecycle *l, struct slice region, const char *what,
                         struct slice period, struct slice driver_id, life_cb cb, void *data);

/* Who was active on a day ("20261127") and who of them on earlier days too. days: the day, then
 * `before` earlier ones, then further days whose riders are counted with it. Array extras "active"
 * (riders, drivers) and "retained" (for each earlier day: riders then, and of them on the day; the
 * same of drivers); "unique_day", "unique_all": estimates of riders who asked for rides. */
void life_stats(struct lifecycle *l, struct slice region, struct life_names days, int64_t before,
                life_cb cb, void *data);

/* Where most rides began in the last hour or two: the array extra "cells" (cell, rides, …), and
 * "supported": 0 where the store cannot count them. */
void life_hot_cells(struct lifecycle *l, struct slice region, life_cb cb, void *data);

/* One party's stars (1 to 5) for the other, and tags between commas; once. Extra "replayed". */
void life_ride_rate(struct lifecycle *l, struct slice ride_id, struct slice actor_id,
                    enum ride_by by, int64_t stars, struct slice tags, life_cb cb, void *data);

/* Revokes a token until it would expire. Extra "replayed": 1 when that was known. */
void life_token_revoke(struct lifecycle *l, struct slice region, struct slice jti,
                       int64_t expires_ms, life_cb cb, void *data);

/* ---- readers ---------------------------------------------------------------------------- */

/* What a party should see now, read in one call: the rider's live ride; or the driver's state
 * (extras as for drivers) and the ride he is on or is offered; who is offered one while he is on
 * another finds it in the extra "offer_ride" (life_extra_ride). NOT_FOUND: a driver never seen;
 * OK without a ride: none is live. */
void life_snapshot_rider(struct lifecycle *l, struct slice region, struct slice rider_id,
                         life_cb cb, void *data);
void life_snapshot_driver(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data);

/* The rider's scheduled rides, oldest first: read with life_list_ride(r, "rides", i, ...). */
void life_scheduled_rides(struct lifecycle *l, struct slice region, struct slice rider_id,
                          life_cb cb, void *data);

/* One ride by id; NOT_FOUND when there is none. */
void life_ride_get(struct lifecycle *l, struct slice ride_id, life_cb cb, void *data);

/* The versions of n rides of one region, in order (array extra "versions", 0: no such ride). */
void life_versions(struct lifecycle *l, struct slice region, const struct slice *ride_ids, size_t n,
                   life_cb cb, void *data);

/* Item i of an array extra; false past its end. */
bool life_list(const struct life_result *r, const char *name, size_t i, struct slice *out);
size_t life_list_len(const struct life_result *r, const char *name);

/* An extra, or item i of an array extra, that is a ride; false when there is none. Borrowed. */
bool life_extra_ride(const struct life_result *r, const char *name, struct ride *out);
bool life_list_ride(const struct life_result *r, const char *name, size_t i, struct ride *out);

#endif
