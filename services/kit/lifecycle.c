#include "lifecycle.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"
#include "services/kit/ids.h"
#include "services/kit/lifecycle_call.h"

/* ---- riders ---- */

void life_ride_create(struct lifecycle *l, const struct life_create *a, life_cb cb, void *data)
{
    struct call *c = call_new(l, "ride_create_v1", id_region(a->ride_id), cb, data);

    call_arg(c, a->rider_id);
    call_arg(c, a->idem_key);
    call_arg(c, a->body_hash);
    call_arg(c, a->ride_id);
    call_arg(c, a->start_code);
    call_arg(c, a->product);
    call_i64_or(c, a->pickup_at_ms, 0);
    call_arg(c, a->traceparent);
    call_field(c, "pickup", a->pickup);
    call_field(c, "dropoff", a->dropoff);
    call_field(c, "stops", a->stops);
    call_field_i64(c, "stops_n", a->stops_n);
    call_field_degrees(c, "pickup_lat", a->pickup_lat);
    call_field_degrees(c, "pickup_lon", a->pickup_lon);
    call_field_degrees(c, "dropoff_lat", a->dropoff_lat);
    call_field_degrees(c, "dropoff_lon", a->dropoff_lon);
    call_field(c, "constraints", a->constraints);
    call_field(c, "note", a->note);
    call_field_i64(c, "distance_m", a->distance_m);
    call_field_i64(c, "duration_s", a->duration_s);
    call_field_i64(c, "trip_s", a->trip_s);
    call_field_i64(c, "pickup_eta_s", a->pickup_eta_s);
    call_field_i64(c, "quote_eta_s", a->pickup_eta_s);
    call_field(c, "fare", a->fare);
    call_field_i64(c, "fare_minor", a->fare_minor);
    call_field(c, "currency", a->currency);
    call_field(c, "quote", a->quote);
    call_field(c, "quote_id", a->quote_id);
    call_field_i64(c, "fee_cancel", a->fee_cancel_minor);
    call_field_i64(c, "fee_no_show", a->fee_no_show_minor);
    call_field_i64(c, "fee_free_s", a->fee_free_s);
    call_field_i64(c, "fee_late_s", a->fee_late_s);
    call_field(c, "forward", a->forward ? SLICE("1") : SLICE(""));
    char limit[48];
    int n = snprintf(limit, sizeof limit, "%" PRIi64 " %" PRIi64, a->rate_per_min, a->rate_burst);
    must(n > 0 && (size_t)n < sizeof limit);
    call_field(c, "limit", a->rate_per_min > 0 ? slice_make(limit, (size_t)n) : SLICE(""));
    call_send(c);
}

void life_ride_replay(struct lifecycle *l, struct slice region, struct slice rider_id,
                      struct slice idem_key, struct slice body_hash, life_cb cb, void *data)
{
    struct call *c = call_new(l, "ride_replay_v1", region, cb, data);
    call_arg(c, rider_id);
    call_arg(c, idem_key);
    call_arg(c, body_hash);
    call_send(c);
}

/* ---- the matcher ---- */

void life_ride_swap(struct lifecycle *l, struct slice region, const struct life_swap *swaps,
                    size_t n, life_cb cb, void *data)
{
    must(n >= 2 && n <= LIFE_SWAPS_MAX);
    struct call *c = call_new(l, "ride_swap_v1", region, cb, data);
    for (size_t i = 0; i < n; i++) {
        call_arg(c, swaps[i].ride_id);
        call_i64(c, swaps[i].version);
        call_arg(c, swaps[i].lease);
        call_arg(c, swaps[i].driver_id);
        call_i64(c, swaps[i].eta_s);
    }
    call_send(c);
}

/* The names of the candidates, then their ways, each as one argument. */
static void arg_candidates(struct call *c, const struct life_match *m)
{
    struct buf text = {0};
    for (size_t i = 0; i < m->n; i++) {
        if (i > 0) buf_add_char(&text, ' ');
        buf_add_slice(&text, m->candidates[i].driver_id);
    }
    call_arg(c, buf_slice(&text));
    buf_clear(&text);
    for (size_t i = 0; i < m->n; i++) {
        char *at = buf_reserve(&text, 32);
        size_t len = 0;
        if (i > 0) at[len++] = ' ';
        len += fmt_i64(at + len, m->candidates[i].eta_s);
        if (m->candidates[i].after) at[len++] = '+';
        text.len += len;
    }
    call_arg(c, buf_slice(&text));
    buf_fini(&text);
}

void life_rides_match(struct lifecycle *l, struct slice region, const struct life_match *rides,
                      size_t n, life_cb cb)
{
    static const char *const ways[] = {
        [LIFE_OFFER] = "offer", [LIFE_ASSIGN] = "assign", [LIFE_DEFER] = "defer"};
    must(n >= 1 && n <= RIDE_MATCH_RIDES);
    struct call *c = call_new(l, "rides_match_v1", region, cb, NULL);
    for (size_t i = 0; i < n; i++) {
        const struct life_match *m = &rides[i];
        must(m->n <= RIDE_BROADCAST_MAX);
        must((m->n == 0) == (m->way == LIFE_DEFER));
        call_ride(c, m->data);
        call_arg(c, slice_of(ways[m->way]));
        call_arg(c, m->entry.ride_id);
        call_i64(c, m->entry.attempt);
        call_arg(c, m->entry.entry_id);
        arg_candidates(c, m);
    }
    call_send(c);
}

void life_work_ack(struct lifecycle *l, const struct life_entry *e, life_cb cb, void *data)
{
    struct call *c = call_new(l, "work_ack_v1", id_region(e->ride_id), cb, data);
    call_arg(c, e->ride_id);
    call_i64(c, e->attempt);
    call_arg(c, e->entry_id);
    call_send(c);
}

void life_work_failed(struct lifecycle *l, struct slice region, struct slice entry_id,
                      struct slice error, life_cb cb, void *data)
{
    struct call *c = call_new(l, "work_failed_v1", region, cb, data);
    call_arg(c, entry_id);
    call_arg(c, error);
    call_send(c);
}

void life_ride_dead_letter(struct lifecycle *l, struct slice region, const struct life_entry *e,
                           struct slice reason, int64_t deliveries, struct slice raw, life_cb cb,
                           void *data)
{
    struct call *c = call_new(l, "ride_dead_letter_v1", region, cb, data);
    call_arg(c, e->ride_id);
    call_i64(c, e->attempt);
    call_arg(c, e->entry_id);
    call_arg(c, reason);
    call_i64(c, deliveries);
    call_arg(c, raw);
    call_send(c);
}

/* ---- the parties ---- */

static struct call *act(struct lifecycle *l, const char *name, const struct life_act *a, life_cb cb,
                        void *data)
{
    struct call *c = call_new(l, name, id_region(a->ride_id), cb, data);
    call_arg(c, a->ride_id);
    call_arg(c, a->actor_id);
    call_arg(c, a->lease);
    call_i64_or(c, a->if_version, 0);
    return c;
}

void life_ride_accept(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_accept_v1", a, cb, data));
}

void life_ride_decline(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_decline_v1", a, cb, data));
}

void life_ride_arrive(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_arrive_v1", a, cb, data));
}

void life_ride_start(struct lifecycle *l, const struct life_act *a, struct slice start_code,
                     life_cb cb, void *data)
{
    struct call *c = act(l, "ride_start_v1", a, cb, data);
    call_arg(c, start_code);
    call_send(c);
}

void life_ride_reach_stop(struct lifecycle *l, const struct life_act *a, int64_t stop, life_cb cb,
                          void *data)
{
    struct call *c = act(l, "ride_reach_stop_v1", a, cb, data);
    call_i64(c, stop);
    call_send(c);
}

void life_ride_complete(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    struct call *c = act(l, "ride_complete_v1", a, cb, data);
    call_degrees(c, a->lat);
    call_degrees(c, a->lon);
    call_send(c);
}

void life_ride_no_show(struct lifecycle *l, const struct life_act *a, life_cb cb, void *data)
{
    call_send(act(l, "ride_no_show_v1", a, cb, data));
}

void life_ride_cancel(struct lifecycle *l, const struct life_act *a, enum ride_by by,
                      struct slice reason, int64_t fee_minor, life_cb cb, void *data)
{
    static const char *const names[] = {
        [RIDE_BY_RIDER] = "rider", [RIDE_BY_DRIVER] = "driver", [RIDE_BY_OPS] = "ops"};
    struct call *c = act(l, "ride_cancel_v1", a, cb, data);
    call_arg(c, slice_of(names[by]));
    call_arg(c, reason);
    call_i64_or(c, fee_minor, -1);
    call_send(c);
}

/* ---- money, ops ---- */

void life_ride_settle(struct lifecycle *l, struct slice ride_id, struct slice final_fare,
                      int64_t final_minor, struct slice group, struct slice entry_id, life_cb cb,
                      void *data)
{
    struct call *c = call_new(l, "ride_settle_v1", id_region(ride_id), cb, data);
    call_arg(c, ride_id);
    call_arg(c, final_fare);
    call_i64(c, final_minor);
    call_arg(c, group);
    call_arg(c, entry_id);
    call_send(c);
}

void life_ride_redrive(struct lifecycle *l, struct slice ride_id, struct slice dead_id, life_cb cb,
                       void *data)
{
    struct call *c = call_new(l, "ride_redrive_v1", id_region(ride_id), cb, data);
    call_arg(c, ride_id);
    call_arg(c, dead_id);
    call_send(c);
}

/* ---- calls with one or two plain arguments ---- */

static void plain(struct lifecycle *l, const char *name, struct slice region, struct slice a,
                  life_cb cb, void *data)
{
    struct call *c = call_new(l, name, region, cb, data);
    call_arg(c, a);
    call_send(c);
}

static void plain_i64(struct lifecycle *l, const char *name, struct slice region, int64_t a,
                      life_cb cb, void *data)
{
    struct call *c = call_new(l, name, region, cb, data);
    call_i64(c, a);
    call_send(c);
}

void life_dead_discard(struct lifecycle *l, struct slice region, struct slice dead_id, life_cb cb,
                       void *data)
{
    plain(l, "dead_discard_v1", region, dead_id, cb, data);
}

/* ---- drivers ---- */

void life_driver_online(struct lifecycle *l, const struct life_online *o, life_cb cb, void *data)
{
    struct call *c = call_new(l, "driver_online_v1", id_region(o->driver_id), cb, data);
    call_arg(c, o->driver_id);
    call_degrees(c, o->lat);
    call_degrees(c, o->lon);
    call_arg(c, o->products);
    call_arg(c, o->card);
    call_send(c);
}

void life_driver_offline(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_offline_v1", id_region(driver_id), driver_id, cb, data);
}

void life_driver_break(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_break_v1", id_region(driver_id), driver_id, cb, data);
}

void life_driver_block(struct lifecycle *l, struct slice driver_id, struct slice reason, life_cb cb,
                       void *data)
{
    struct call *c = call_new(l, "driver_block_v1", id_region(driver_id), cb, data);
    call_arg(c, driver_id);
    call_arg(c, reason);
    call_send(c);
}

void life_driver_unblock(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_unblock_v1", id_region(driver_id), driver_id, cb, data);
}

void life_driver_seen(struct lifecycle *l, struct slice driver_id, double lat, double lon,
                      life_cb cb, void *data)
{
    struct call *c = call_new(l, "driver_seen_v1", id_region(driver_id), cb, data);
    call_arg(c, driver_id);
    call_degrees(c, lat);
    call_degrees(c, lon);
    call_send(c);
}

void life_stale_due(struct lifecycle *l, struct slice region, int64_t limit, life_cb cb, void *data)
{
    plain_i64(l, "stale_due_v1", region, limit, cb, data);
}

void life_driver_dark(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "driver_dark_v1", id_region(driver_id), driver_id, cb, data);
}

/* ---- time ---- */

void life_heartbeat(struct lifecycle *l, struct slice region, struct slice run_id, life_cb cb,
                    void *data)
{
    plain(l, "heartbeat_v1", region, run_id, cb, data);
}

void life_timers_due(struct lifecycle *l, struct slice region, int64_t limit, life_cb cb,
                     void *data)
{
    plain_i64(l, "timers_due_v1", region, limit, cb, data);
}

void life_timer_apply(struct lifecycle *l, struct slice region, struct slice timer, life_cb cb,
                      void *data)
{
    plain(l, "timer_apply_v1", region, timer, cb, data);
}

static void args(struct call *c, struct life_names names)
{
    for (size_t i = 0; i < names.n; i++)
        call_arg(c, names.at[i]);
}

void life_profile_put(struct lifecycle *l, struct slice driver_id, struct life_names pairs,
                      life_cb cb, void *data)
{
    struct call *c = call_new(l, "driver_profile_put_v1", id_region(driver_id), cb, data);
    call_arg(c, driver_id);
    args(c, pairs);
    call_send(c);
}

void life_profiles(struct lifecycle *l, struct slice region, struct life_names ids, life_cb cb,
                   void *data)
{
    struct call *c = call_new(l, "driver_profiles_v1", region, cb, data);
    args(c, ids);
    call_send(c);
}

void life_driver_rows(struct lifecycle *l, struct slice region, struct life_names ids, life_cb cb,
                      void *data)
{
    struct call *c = call_new(l, "driver_rows_v1", region, cb, data);
    args(c, ids);
    call_send(c);
}

void life_reconcile(struct lifecycle *l, struct slice region, struct slice cursor, int64_t count,
                    struct life_names products, life_cb cb, void *data)
{
    struct call *c = call_new(l, "reconcile_v1", region, cb, data);
    call_arg(c, cursor);
    call_i64(c, count);
    args(c, products);
    call_send(c);
}

/* ---- streams ---- */

void life_streams_trim(struct lifecycle *l, struct slice region, struct life_names registered,
                       life_cb cb, void *data)
{
    struct call *c = call_new(l, "streams_trim_v1", region, cb, data);
    args(c, registered);
    call_send(c);
}

void life_consumers_reap(struct lifecycle *l, struct slice region, int64_t idle_ms,
                         struct life_names registered, life_cb cb, void *data)
{
    struct call *c = call_new(l, "consumers_reap_v1", region, cb, data);
    call_i64(c, idle_ms);
    args(c, registered);
    call_send(c);
}

void life_streams_look(struct lifecycle *l, struct slice region, struct life_names registered,
                       life_cb cb, void *data)
{
    struct call *c = call_new(l, "streams_look_v1", region, cb, data);
    args(c, registered);
    call_send(c);
}

/* ---- history and figures ---- */

void life_project(struct lifecycle *l, struct slice region, const struct life_projection *p,
                  life_cb cb, void *data)
{
    struct call *c = call_new(l, "project_v1", region, cb, data);
    call_arg(c, p->group);
    call_arg(c, p->entry_id);
    call_arg(c, p->day);
    call_arg(c, p->week);
    call_arg(c, p->cell);
    call_send(c);
}

void life_project_again(struct lifecycle *l, struct slice region, struct slice dead_id, life_cb cb,
                        void *data)
{
    plain(l, "project_again_v1", region, dead_id, cb, data);
}

void life_history_get(struct lifecycle *l, struct slice ride_id, life_cb cb, void *data)
{
    plain(l, "history_get_v1", id_region(ride_id), ride_id, cb, data);
}

void life_history_list(struct lifecycle *l, struct slice region, const char *whose, struct slice id,
                       struct slice cursor, int64_t limit, life_cb cb, void *data)
{
    struct call *c = call_new(l, "history_list_v1", region, cb, data);
    call_arg(c, slice_of(whose));
    call_arg(c, id);
    call_arg(c, cursor);
    call_i64(c, limit);
    call_send(c);
}

static void leaderboard(struct lifecycle *l, const char *name, struct slice region,
                        const char *what, struct slice period, struct slice last, life_cb cb,
                        void *data)
{
    struct call *c = call_new(l, name, region, cb, data);
    call_arg(c, slice_of(what));
    call_arg(c, period);
    call_arg(c, last);
    call_send(c);
}

void life_leaderboard(struct lifecycle *l, struct slice region, const char *what,
                      struct slice period, int64_t n, life_cb cb, void *data)
{
    char text[24];
    struct slice rows = slice_make(text, fmt_i64(text, n));
    leaderboard(l, "leaderboard_v1", region, what, period, rows, cb, data);
}

void life_leaderboard_of(struct lifecycle *l, struct slice region, const char *what,
                         struct slice period, struct slice driver_id, life_cb cb, void *data)
{
    leaderboard(l, "leaderboard_of_v1", region, what, period, driver_id, cb, data);
}

void life_stats(struct lifecycle *l, struct slice region, struct life_names days, int64_t before,
                life_cb cb, void *data)
{
    struct call *c = call_new(l, "stats_v1", region, cb, data);
    call_arg(c, days.at[0]);
    call_i64(c, before);
    args(c, (struct life_names){days.at + 1, days.n - 1});
    call_send(c);
}

void life_hot_cells(struct lifecycle *l, struct slice region, life_cb cb, void *data)
{
    call_send(call_new(l, "hot_cells_v1", region, cb, data));
}

void life_ride_rate(struct lifecycle *l, struct slice ride_id, struct slice actor_id,
                    enum ride_by by, int64_t stars, struct slice tags, life_cb cb, void *data)
{
    struct call *c = call_new(l, "ride_rate_v1", id_region(ride_id), cb, data);
    call_arg(c, ride_id);
    call_arg(c, actor_id);
    call_arg(c, by == RIDE_BY_RIDER ? SLICE("rider") : SLICE("driver"));
    call_i64(c, stars);
    call_arg(c, tags);
    call_send(c);
}

void life_token_revoke(struct lifecycle *l, struct slice region, struct slice jti,
                       int64_t expires_ms, life_cb cb, void *data)
{
    struct call *c = call_new(l, "token_revoke_v1", region, cb, data);
    call_arg(c, jti);
    call_i64(c, expires_ms);
    call_send(c);
}

/* ---- readers ---- */

void life_snapshot_rider(struct lifecycle *l, struct slice region, struct slice rider_id,
                         life_cb cb, void *data)
{
    plain(l, "snapshot_rider_v1", region, rider_id, cb, data);
}

void life_snapshot_driver(struct lifecycle *l, struct slice driver_id, life_cb cb, void *data)
{
    plain(l, "snapshot_driver_v1", id_region(driver_id), driver_id, cb, data);
}

void life_scheduled_rides(struct lifecycle *l, struct slice region, struct slice rider_id,
                          life_cb cb, void *data)
{
    plain(l, "rider_scheduled_v1", region, rider_id, cb, data);
}

void life_ride_get(struct lifecycle *l, struct slice ride_id, life_cb cb, void *data)
{
    plain(l, "ride_get_v1", id_region(ride_id), ride_id, cb, data);
}

void life_versions(struct lifecycle *l, struct slice region, const struct slice *ride_ids, size_t n,
                   life_cb cb, void *data)
{
    struct call *c = call_new(l, "versions_v1", region, cb, data);
    for (size_t i = 0; i < n; i++)
        call_arg(c, ride_ids[i]);
    call_send(c);
}
