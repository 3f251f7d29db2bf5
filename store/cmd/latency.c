/* latency: LATENCY: what took long and when, and how long each command takes. */
#include "store/engine/latency.h"

#include "store/cmd/exec.h"

#include <math.h>

static bool kind_of(struct slice name, enum latency_kind *out)
{
    for (uint32_t i = 0; i < LATENCY_COUNT; i++) {
        if (!slice_is(name, latency_name(i))) continue;
        *out = i;
        return true;
    }
    return false;
}

/* LATENCY LATEST */
void cmd_latency_latest(struct cmd *c)
{
    uint64_t n = 0;
    size_t head = reply_later(c->reply);
    for (uint32_t i = 0; i < LATENCY_COUNT; i++) {
        const struct latency_ring *r = &c->engine->latency.kinds[i];
        if (r->count == 0) continue;
        struct latency_sample newest = latency_at(r, latency_kept(r) - 1);
        reply_array(c->reply, 4);
        reply_cstr(c->reply, latency_name(i));
        reply_int(c->reply, newest.time_s);
        reply_int(c->reply, newest.ms);
        reply_int(c->reply, r->worst_ms);
        n++;
    }
    reply_later_end(c->reply, head, '*', n);
}

/* LATENCY HISTORY event */
void cmd_latency_history(struct cmd *c)
{
    enum latency_kind kind = LATENCY_COMMAND;
    if (!kind_of(c->argv[2], &kind)) {
        reply_array(c->reply, 0);
        return;
    }
    const struct latency_ring *r = &c->engine->latency.kinds[kind];
    reply_array(c->reply, latency_kept(r));
    for (uint32_t i = 0; i < latency_kept(r); i++) {
        reply_array(c->reply, 2);
        reply_int(c->reply, latency_at(r, i).time_s);
        reply_int(c->reply, latency_at(r, i).ms);
    }
}

/* LATENCY RESET [event …] */
void cmd_latency_reset(struct cmd *c)
{
    int64_t n = 0;
    for (uint32_t i = 0; c->argc == 2 && i < LATENCY_COUNT; i++)
        n += latency_reset(&c->engine->latency, i);
    for (uint32_t i = 2; i < c->argc; i++) {
        enum latency_kind kind = LATENCY_COMMAND;
        if (kind_of(c->argv[i], &kind)) n += latency_reset(&c->engine->latency, kind);
    }
    reply_int(c->reply, n);
}

/* --- for people --- */

struct spread {
    uint32_t low, high, mean;
    double deviation; /* mean distance from the mean */
};

static struct spread spread_of(const struct latency_ring *r)
{
    struct spread s = {.low = UINT32_MAX};
    uint32_t kept = latency_kept(r);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < kept; i++) {
        uint32_t ms = latency_at(r, i).ms;
        if (ms < s.low) s.low = ms;
        if (ms > s.high) s.high = ms;
        sum += ms;
    }
    s.mean = (uint32_t)(sum / kept);
    for (uint32_t i = 0; i < kept; i++)
        s.deviation += fabs((double)latency_at(r, i).ms - (double)s.mean) / kept;
    return s;
}

/* How long ago, in at most three characters. */
static void add_age(struct buf *out, uint32_t age_s)
{
    if (age_s < 60)
        buf_addf(out, "%us", age_s);
    else if (age_s < 3600)
        buf_addf(out, "%um", age_s / 60);
    else if (age_s < 86400)
        buf_addf(out, "%uh", age_s / 3600);
    else
        buf_addf(out, "%ud", age_s / 86400);
}

/* LATENCY GRAPH event: a bar for each sample, oldest above, with its age */
void cmd_latency_graph(struct cmd *c)
{
    enum { BAR = 60 };
    enum latency_kind kind = LATENCY_COMMAND;
    const struct latency *l = &c->engine->latency;
    if (!kind_of(c->argv[2], &kind) || l->kinds[kind].count == 0) {
        reply_errorf(c->reply, "ERR No samples available for event '%.*s'", (int)c->argv[2].len,
                     c->argv[2].p);
        return;
    }
    const struct latency_ring *r = &l->kinds[kind];
    struct spread s = spread_of(r);
    struct buf out = {0};
    buf_addf(&out, "%s - high %u ms, low %u ms (all time high %u ms)\n", latency_name(kind), s.high,
             s.low, r->worst_ms);
    for (uint32_t i = 0; i < latency_kept(r); i++) {
        struct latency_sample one = latency_at(r, i);
        uint32_t bar = s.high == 0 ? 0 : (uint32_t)((uint64_t)one.ms * BAR / s.high);
        uint32_t now_s = c->engine->now_s;
        add_age(&out, now_s > one.time_s ? now_s - one.time_s : 0);
        buf_add_cstr(&out, "\t");
        for (uint32_t k = 0; k < bar; k++)
            buf_add_cstr(&out, "#");
        buf_addf(&out, " %u\n", one.ms);
    }
    reply_verbatim(c->reply, buf_slice(&out), "txt");
    buf_fini(&out);
}

/* LATENCY DOCTOR: what was slow, and what can be done about it */
void cmd_latency_doctor(struct cmd *c)
{
    const struct engine *e = c->engine;
    struct buf out = {0};
    uint32_t found = 0;
    for (uint32_t i = 0; i < LATENCY_COUNT; i++) {
        const struct latency_ring *r = &e->latency.kinds[i];
        if (r->count == 0) continue;
        struct spread s = spread_of(r);
        buf_addf(&out,
                 "%u. %s: %u spikes, mean %u ms, deviation %.1f ms, worst ever %u ms.\n   %s\n",
                 ++found, latency_name(i), latency_kept(r), s.mean, s.deviation, r->worst_ms,
                 latency_advice(i));
    }
    if (found == 0)
        buf_add_cstr(&out, e->config.latency_monitor_threshold == 0
                               ? "Nothing is watched: CONFIG SET latency-monitor-threshold "
                                 "<milliseconds> starts it.\n"
                               : "Nothing took longer than the threshold.\n");
    reply_verbatim(c->reply, buf_slice(&out), "txt");
    buf_fini(&out);
}

/* LATENCY HELP */
void cmd_latency_help(struct cmd *c)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Return a human readable latency analysis report.",
        "GRAPH <event>",
        "    Return an ASCII latency graph for the <event> class.",
        "HISTORY <event>",
        "    Return time-latency samples for the <event> class.",
        "LATEST",
        "    Return the latest latency samples for all events.",
        "RESET [<event> ...]",
        "    Reset latency data of one or more <event> classes.",
        "    (default: reset all data for all event classes)",
        "HISTOGRAM [COMMAND ...]",
        "    Return a cumulative distribution of latencies in the format of a histogram for the "
        "specified command names.",
        "    If no commands are specified then all histograms are replied.",
        NULL};
    cmd_help(c, lines);
}

/* --- histograms --- */

static bool reply_histogram(struct cmd *c, const struct cmd_spec *spec)
{
    const struct cmd_stats *stats = &c->engine->cmd_stats[spec->index];
    if (stats->calls == 0) return false;
    reply_cstr(c->reply, spec->name);
    reply_map(c->reply, 2);
    reply_cstr(c->reply, "calls");
    reply_int(c->reply, (int64_t)stats->calls);
    reply_cstr(c->reply, "histogram_usec");
    uint64_t seen = 0, steps = 0;
    size_t head = reply_later(c->reply);
    for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
        if (stats->took[i] == 0) continue;
        seen += stats->took[i];
        steps++;
        reply_int(c->reply, (int64_t)latency_bucket_end(i));
        reply_int(c->reply, (int64_t)seen);
    }
    reply_later_end(c->reply, head, '%', steps);
    return true;
}

/* LATENCY HISTOGRAM [command …]: of a container, those of its subcommands */
void cmd_latency_histogram(struct cmd *c)
{
    uint32_t count = 0;
    uint64_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&count);
    size_t head = reply_later(c->reply);
    for (uint32_t i = 0; c->argc == 2 && i < count; i++)
        n += reply_histogram(c, &specs[i]);
    for (uint32_t a = 2; a < c->argc; a++) {
        const struct cmd_spec *spec = cmd_find_full(c->argv[a]);
        if (spec == NULL) continue;
        n += reply_histogram(c, spec);
        for (uint32_t i = 0; spec->parent == NULL && cmd_is_container(spec) && i < count; i++)
            if (specs[i].parent != NULL && slice_word(slice_of(spec->name), specs[i].parent))
                n += reply_histogram(c, &specs[i]);
    }
    reply_later_end(c->reply, head, '%', n);
}
