#include "stream_stats.h"

#include "base/log.h"
#include "base/mem.h"
#include "services/dispatcher/dispatcher.h"
#include "services/dispatcher/figures.h"

struct stream_stats {
    struct stream_stats_config config;
    char region[33];
    bool asking;
    bool shown;
    bool closing;
    uint32_t alarms; /* raised at the last look, a bit each */
};

static struct metric_cell *cell_of(const struct stream_stats *s, int metric)
{
    return METRIC_AT(s->config.metric[metric], slice_of(s->region));
}

static void show_group(const struct stream_stats *s, const struct group_figures *g)
{
    const struct {
        int metric;
        double value;
    } shown[] = {
        {M_LAG, (double)g->lag},
        {M_PENDING, (double)g->pending},
        {M_OLDEST_PENDING, (double)g->oldest_pending_ms / 1000.0},
        {M_OLDEST_UNDELIVERED, (double)g->oldest_undelivered_ms / 1000.0},
        {M_DELIVERIES_MAX, (double)g->deliveries_max},
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        metric_set(
            METRIC_AT(s->config.metric[shown[i].metric], g->stream, g->name, slice_of(s->region)),
            shown[i].value);
}

/* Each alarm is said once, when it is raised; the metric says it as long as it lasts. */
static void show_alarms(struct stream_stats *s, const struct figures *f)
{
    for (int alarm = 0; alarm < ALARMS; alarm++) {
        const char *name = alarm_name((enum alarm)alarm);
        bool raised = figures_alarm(f, (enum alarm)alarm);
        bool was = (s->alarms >> alarm & 1) != 0;
        metric_set(METRIC_AT(s->config.metric[M_ALARM], slice_of(name), slice_of(s->region)),
                   raised ? 1 : 0);
        if (raised && !was)
            log_error("alarm", LOG_CSTR("alarm", name), LOG_CSTR("region", s->region));
        s->alarms = (s->alarms & ~(1u << alarm)) | (uint32_t)raised << alarm;
    }
}

static void show(struct stream_stats *s, const struct figures *f)
{
    struct metric *length = s->config.metric[M_LENGTH];
    struct slice region = slice_of(s->region);
    for (size_t i = 0; i < f->groups_count; i++)
        show_group(s, &f->groups[i]);
    metric_set(METRIC_AT(length, SLICE("rides-incoming"), region), (double)f->incoming_length);
    metric_set(METRIC_AT(length, SLICE("rides-events"), region), (double)f->events_length);
    metric_set(METRIC_AT(s->config.metric[M_DEAD_LETTERS], SLICE("rides-dead"), region),
               (double)f->dead_letters);
    metric_set(cell_of(s, M_TIMERS_LATE), (double)f->timers_late_ms / 1000.0);
    metric_set(cell_of(s, M_TIMERS_FAILING), (double)f->timers_failing);
    show_alarms(s, f);
}

static void on_look(void *data, const struct life_result *r)
{
    struct stream_stats *s = data;
    s->asking = false;
    if (s->closing) {
        mem_free(s);
        return;
    }
    if (r->code != LIFE_OK || !s->shown) return; /* or another process shows them now */
    struct figures f;
    figures_read(r, &f);
    show(s, &f);
}

struct stream_stats *stream_stats_new(const struct stream_stats_config *config)
{
    struct stream_stats *s = mem_new(struct stream_stats);
    s->config = *config;
    (void)slice_cstr(config->region, s->region, sizeof s->region);
    return s;
}

void stream_stats_read(struct stream_stats *s)
{
    if (s->asking) return;
    s->asking = true;
    s->shown = true;
    life_streams_look(s->config.life, slice_of(s->region), s->config.registered, on_look, s);
}

void stream_stats_clear(struct stream_stats *s)
{
    static const int all[] = {
        M_LAG,    M_PENDING,      M_OLDEST_PENDING, M_OLDEST_UNDELIVERED, M_DELIVERIES_MAX,
        M_LENGTH, M_DEAD_LETTERS, M_TIMERS_LATE,    M_TIMERS_FAILING,     M_ALARM};
    if (!s->shown) return;
    s->shown = false;
    s->alarms = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        metric_clear(s->config.metric[all[i]]);
}

void stream_stats_close(struct stream_stats *s)
{
    if (s == NULL) return;
    s->closing = true;
    if (!s->asking) mem_free(s);
}
