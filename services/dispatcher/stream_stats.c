#include "stream_stats.h"

#include "base/clock.h"
#include "base/mem.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"

enum { GROUPS_MAX = 16, GROUP_NAME_MAX = 64, PENDING_LOOK = 100 };

/* The streams we watch, and how the labels name them: without colons, which autoscalers' selectors
 * refuse. */
static const struct {
    enum key key;
    const char *label;
} watched[] = {
    {KEY_RIDES_INCOMING, "rides-incoming"},
    {KEY_RIDES_EVENTS, "rides-events"},
    {KEY_RIDES_DEAD, "rides-dead"},
};
enum { WATCHED = sizeof watched / sizeof watched[0] };

struct stream_stats {
    struct stream_stats_config config;
    char region[33];
    size_t calls; /* under way */
    bool shown;
    bool closing;
};

/* One question about one group, or about a stream when group is empty. */
struct question {
    struct stream_stats *stats;
    size_t stream;
    bool counts; /* the store knows no lag: what it lists is counted */
    char group[GROUP_NAME_MAX + 1];
};

static void finish(struct question *q)
{
    struct stream_stats *s = q->stats;
    mem_free(q);
    if (--s->calls == 0 && s->closing) mem_free(s);
}

static struct question *ask(struct stream_stats *s, size_t stream, struct slice group)
{
    struct question *q = mem_new(struct question);
    q->stats = s;
    q->stream = stream;
    (void)slice_cstr(group, q->group, sizeof q->group);
    s->calls++;
    return q;
}

static void show(const struct question *q, int metric, double value)
{
    struct metric *m = q->stats->config.metric[metric];
    struct slice stream = slice_of(watched[q->stream].label);
    struct slice region = slice_of(q->stats->region);
    if (q->stats->closing || !q->stats->shown) return; /* another process shows them now */
    if (q->group[0] == '\0')
        metric_set(METRIC_AT(m, stream, region), value);
    else
        metric_set(METRIC_AT(m, stream, slice_of(q->group), region), value);
}

/* Seconds since the time in a stream id, never negative; 0 for no id. */
static double age_s(struct slice id)
{
    int64_t ms = id_entry_ms(id);
    if (ms < 0) return 0;
    int64_t age_ms = clock_wall_ms() - ms;
    return age_ms > 0 ? (double)age_ms / 1000.0 : 0;
}

static void on_length(void *data, enum store_status status, const redisReply *reply)
{
    struct question *q = data;
    if (status == STORE_OK) {
        bool dead = watched[q->stream].key == KEY_RIDES_DEAD;
        show(q, dead ? M_DEAD_LETTERS : M_LENGTH, (double)reply_i64(reply, 0));
    }
    finish(q);
}

static void on_oldest_pending(void *data, enum store_status status, const redisReply *reply)
{
    struct question *q = data;
    if (status == STORE_OK) {
        int64_t deliveries = 0;
        for (size_t i = 0; i < reply_count(reply); i++) {
            int64_t n = reply_i64(reply_at(reply_at(reply, i), 3), 0);
            if (n > deliveries) deliveries = n;
        }
        show(q, M_DELIVERIES_MAX, (double)deliveries);
        show(q, M_OLDEST_PENDING, age_s(reply_slice(reply_at(reply_at(reply, 0), 0))));
    }
    finish(q);
}

static void on_oldest_undelivered(void *data, enum store_status status, const redisReply *reply)
{
    struct question *q = data;
    if (status == STORE_OK) {
        show(q, M_OLDEST_UNDELIVERED, age_s(reply_slice(reply_at(reply_at(reply, 0), 0))));
        if (q->counts) show(q, M_LAG, (double)reply_count(reply));
    }
    finish(q);
}

static void ask_group(struct stream_stats *s, size_t stream, const redisReply *info)
{
    struct slice group = reply_field_slice(info, "name");
    bool lag_known = !reply_is_nil(reply_field(info, "lag"));
    struct question *q = ask(s, stream, group);
    if (lag_known) show(q, M_LAG, (double)reply_i64(reply_field(info, "lag"), 0));
    show(q, M_PENDING, (double)reply_i64(reply_field(info, "pending"), 0));

    struct key_text key;
    struct slice name = key_make0(&key, watched[stream].key, slice_of(s->region));
    struct store_cmd *c = store_cmd(s->config.store, "XPENDING");
    store_arg(c, name);
    store_arg(c, group);
    store_arg_cstr(c, "-");
    store_arg_cstr(c, "+");
    store_arg_i64(c, PENDING_LOOK);
    store_send(s->config.store, c, s->config.timeout_ms, on_oldest_pending, q);

    char after[80];
    after[0] = '(';
    (void)slice_cstr(reply_field_slice(info, "last-delivered-id"), after + 1, sizeof after - 1);
    struct question *undelivered = ask(s, stream, group);
    undelivered->counts = !lag_known; /* after an XDEL, redis-server cannot say */
    STORE_CALL(s->config.store, s->config.timeout_ms, on_oldest_undelivered, undelivered,
               SLICE("XRANGE"), name, slice_of(after), SLICE("+"), SLICE("COUNT"),
               lag_known ? SLICE("1") : SLICE("1000"));
}

static void on_groups(void *data, enum store_status status, const redisReply *reply)
{
    struct question *q = data;
    struct stream_stats *s = q->stats;
    size_t n = status == STORE_OK && !s->closing ? reply_count(reply) : 0;
    for (size_t i = 0; i < n && i < GROUPS_MAX; i++)
        ask_group(s, q->stream, reply_at(reply, i));
    finish(q);
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
    if (s->calls > 0) return;
    s->shown = true;
    for (size_t i = 0; i < WATCHED; i++) {
        struct key_text key;
        struct slice name = key_make0(&key, watched[i].key, slice_of(s->region));
        STORE_CALL(s->config.store, s->config.timeout_ms, on_length, ask(s, i, SLICE("")),
                   SLICE("XLEN"), name);
        if (watched[i].key != KEY_RIDES_DEAD)
            STORE_CALL(s->config.store, s->config.timeout_ms, on_groups, ask(s, i, SLICE("")),
                       SLICE("XINFO"), SLICE("GROUPS"), name);
    }
}

void stream_stats_clear(struct stream_stats *s)
{
    static const int all[] = {
        M_LAG,    M_PENDING,     M_OLDEST_PENDING, M_OLDEST_UNDELIVERED, M_DELIVERIES_MAX,
        M_LENGTH, M_DEAD_LETTERS};
    if (!s->shown) return;
    s->shown = false;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        metric_clear(s->config.metric[all[i]]);
}

void stream_stats_close(struct stream_stats *s)
{
    if (s == NULL) return;
    s->closing = true;
    if (s->calls == 0) mem_free(s);
}
