#include "report.h"

#include "base/clock.h"

enum { BEHAVIOUR_RIDES = 1000 }; /* above it each kind of behaviour must have been seen */

static unsigned long long ull(uint64_t n)
{
    return n;
}

static uint64_t ended(const struct report *r)
{
    const uint64_t *by = r->totals.by_status;
    return by[RIDE_COMPLETED] + by[RIDE_CANCELLED] + by[RIDE_UNFULFILLED] + by[RIDE_FAILED];
}

uint64_t report_open(const struct report *r)
{
    return r->totals.rides - ended(r) + r->unanswered;
}

bool report_ok(const struct report *r)
{
    const struct report_behaviour *b = &r->behaviour;
    bool every = b->declined > 0 && b->ignored > 0 && b->rider_cancelled > 0 &&
                 b->driver_cancelled > 0 && b->duplicate_creates > 0 && b->lost_replies > 0;
    return judge_clean(&r->violations) && report_open(r) == 0 && r->unread == 0 &&
           (r->requested <= BEHAVIOUR_RIDES || every);
}

static void text_json(struct buf *out, const char *text)
{
    if (text == NULL) {
        buf_add_cstr(out, "null");
        return;
    }
    buf_add_char(out, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c < 0x20)
            buf_addf(out, "\\u%04x", c);
        else
            buf_add_char(out, *text);
    }
    buf_add_char(out, '"');
}

static void input_json(const struct report *r, struct buf *out)
{
    char from[CLOCK_TEXT];
    buf_add_cstr(out, "{\n  \"input\": {\"trips_file\": ");
    text_json(out, r->trips_file);
    buf_add_cstr(out, ", \"from\": ");
    text_json(out, r->from_ms == 0 ? NULL : clock_format(r->from_ms, from));
    buf_addf(out, ", \"rows\": %llu, \"region\": ", ull(r->rows));
    text_json(out, r->region);
    buf_addf(out,
             ", \"drivers\": %llu, \"speedup\": %g, \"seed\": %llu, \"run_id\": ", ull(r->drivers),
             r->speedup, ull(r->seed));
    text_json(out, r->run_id);
    buf_add_cstr(out, "},\n");
}

static void quantiles_json(struct buf *out, const char *name, struct sample *s, const char *end)
{
    buf_addf(out, "    \"%s\": {\"p50\": %.2f, \"p99\": %.2f, \"max\": %.2f, \"count\": %zu}%s\n",
             name, sample_quantile(s, 0.5), sample_quantile(s, 0.99), sample_max(s), s->count, end);
}

static double pings_per_s(const struct report *r)
{
    return r->pings_s > 0 ? (double)r->pings_sent / r->pings_s : 0;
}

void report_json(struct report *r, struct buf *out)
{
    const uint64_t *by = r->totals.by_status;
    const struct report_behaviour *b = &r->behaviour;
    const struct judge_counts *v = &r->violations;
    input_json(r, out);
    buf_addf(out, "  \"seconds\": %g, \"drain_s\": %.1f,\n", r->seconds, r->drain_s);
    buf_addf(out,
             "  \"rides\": {\"requested\": %llu, \"offered\": %llu, \"assigned\": %llu, "
             "\"completed\": %llu, \"cancelled\": %llu, \"unfulfilled\": %llu, \"failed\": %llu, "
             "\"open\": %llu, \"refused\": %llu, \"unanswered\": %llu, \"gave_up\": %llu, "
             "\"cut_short\": %llu},\n",
             ull(r->requested), ull(r->totals.offered), ull(r->totals.assigned),
             ull(by[RIDE_COMPLETED]), ull(by[RIDE_CANCELLED]), ull(by[RIDE_UNFULFILLED]),
             ull(by[RIDE_FAILED]), ull(report_open(r)), ull(r->refused), ull(r->unanswered),
             ull(r->gave_up), ull(r->cut_short));
    buf_addf(out,
             "  \"behaviour\": {\"declined\": %llu, \"ignored\": %llu, \"rider_cancelled\": %llu, "
             "\"driver_cancelled\": %llu, \"duplicate_creates\": %llu, \"lost_replies\": %llu},\n",
             ull(b->declined), ull(b->ignored), ull(b->rider_cancelled), ull(b->driver_cancelled),
             ull(b->duplicate_creates), ull(b->lost_replies));
    buf_addf(out, "  \"pings\": {\"sent\": %llu, \"accepted\": %llu, \"per_s\": %.1f},\n",
             ull(r->pings_sent), ull(r->pings_accepted), pings_per_s(r));
    buf_add_cstr(out, "  \"latency_ms\": {\n");
    quantiles_json(out, "request_to_offer", &r->request_to_offer_ms, ",");
    quantiles_json(out, "create_http", &r->create_http_ms, ",");
    quantiles_json(out, "ping_http", &r->ping_http_ms, ",");
    quantiles_json(out, "push", &r->push_ms, "");
    buf_addf(out,
             "  },\n  \"pickup\": {\"eta_s_mean\": %.1f, \"eta_s_p50\": %.1f, \"eta_s_p95\": %.1f, "
             "\"distance_m_mean\": %.0f},\n",
             sample_mean(&r->pickup_eta_s), sample_quantile(&r->pickup_eta_s, 0.5),
             sample_quantile(&r->pickup_eta_s, 0.95), sample_mean(&r->pickup_distance_m));
    buf_addf(out,
             "  \"violations\": {\"double_assigned_driver\": %llu, \"double_assigned_ride\": %llu, "
             "\"lost_ride\": %llu, \"illegal_transition\": %llu, \"duplicate_ride\": %llu, "
             "\"version_gap_unexplained\": %llu, \"wrong_final_state\": %llu},\n",
             ull(v->double_assigned_driver), ull(v->double_assigned_ride), ull(v->lost_ride),
             ull(v->illegal_transition), ull(v->duplicate_ride), ull(v->version_gap_unexplained),
             ull(v->wrong_final_state));
    buf_addf(out, "  \"unread\": %llu, \"retries\": %llu, \"ok\": %s\n}\n", ull(r->unread),
             ull(r->retries), report_ok(r) ? "true" : "false");
}

static void quantiles_text(struct buf *out, const char *name, struct sample *s)
{
    buf_addf(out, "  %-18s p50 %8.1f ms   p99 %8.1f ms   max %8.1f ms\n", name,
             sample_quantile(s, 0.5), sample_quantile(s, 0.99), sample_max(s));
}

static void verdict_text(const struct report *r, struct buf *out)
{
    const struct judge_counts *v = &r->violations;
    buf_addf(out,
             "violations  driver doubly assigned %llu, ride doubly assigned %llu, lost %llu,\n"
             "            illegal transition %llu, duplicate %llu, version gap %llu, "
             "wrong final state %llu\n",
             ull(v->double_assigned_driver), ull(v->double_assigned_ride), ull(v->lost_ride),
             ull(v->illegal_transition), ull(v->duplicate_ride), ull(v->version_gap_unexplained),
             ull(v->wrong_final_state));
    if (r->unread > 0) buf_addf(out, "            %llu rides could not be read\n", ull(r->unread));
    buf_add_cstr(out, report_ok(r) ? "The books balance.\n" : "The books do NOT balance.\n");
}

void report_text(struct report *r, struct buf *out)
{
    const uint64_t *by = r->totals.by_status;
    const struct report_behaviour *b = &r->behaviour;
    double part = r->requested == 0 ? 0 : 100 * (double)by[RIDE_COMPLETED] / (double)r->requested;
    buf_addf(out, "rides       %llu requested, %llu offered, %llu assigned\n", ull(r->requested),
             ull(r->totals.offered), ull(r->totals.assigned));
    buf_addf(out,
             "            %llu completed (%.1f %%), %llu cancelled, %llu unfulfilled, %llu failed, "
             "%llu open, %llu refused\n",
             ull(by[RIDE_COMPLETED]), part, ull(by[RIDE_CANCELLED]), ull(by[RIDE_UNFULFILLED]),
             ull(by[RIDE_FAILED]), ull(report_open(r)), ull(r->refused));
    buf_addf(out,
             "behaviour   %llu offers declined, %llu ignored; %llu rides cancelled by riders, %llu "
             "by drivers;\n            %llu creates sent twice, %llu replies lost\n",
             ull(b->declined), ull(b->ignored), ull(b->rider_cancelled), ull(b->driver_cancelled),
             ull(b->duplicate_creates), ull(b->lost_replies));
    buf_addf(out, "pings       %llu sent, %llu accepted, %.0f a second; %llu calls retried\n",
             ull(r->pings_sent), ull(r->pings_accepted), pings_per_s(r), ull(r->retries));
    buf_add_cstr(out, "latency\n");
    quantiles_text(out, "request to offer", &r->request_to_offer_ms);
    quantiles_text(out, "create a ride", &r->create_http_ms);
    quantiles_text(out, "ping", &r->ping_http_ms);
    quantiles_text(out, "push", &r->push_ms);
    buf_addf(out, "pickup      %.0f s away on average (p95 %.0f s), %.0f m\n",
             sample_mean(&r->pickup_eta_s), sample_quantile(&r->pickup_eta_s, 0.95),
             sample_mean(&r->pickup_distance_m));
    verdict_text(r, out);
}

void report_fini(struct report *r)
{
    if (r == NULL) return;
    sample_fini(&r->request_to_offer_ms);
    sample_fini(&r->create_http_ms);
    sample_fini(&r->ping_http_ms);
    sample_fini(&r->push_ms);
    sample_fini(&r->pickup_eta_s);
    sample_fini(&r->pickup_distance_m);
}
