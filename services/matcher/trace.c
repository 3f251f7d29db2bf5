#include "trace.h"

#include "base/clock.h"
#include "base/json.h"
#include "services/kit/keys.h"

/* The lifecycle ends the trace a day after the ride; this is for one whose end came first. */
enum { KEEP_MS = 2 * 24 * 3600 * 1000 };

void trace_add(struct trace *t, struct slice driver_id, double eta_s, const char *gate)
{
    if (t->candidates.len > 0) buf_add_char(&t->candidates, ',');
    struct json j = json_start(&t->candidates);
    json_object_start(&j);
    json_put_str(&j, "driver_id", driver_id);
    json_put_i64(&j, "pickup_eta_s", (int64_t)(eta_s + 0.5));
    json_put_cstr(&j, "gate", gate);
    json_object_end(&j);
}

/* Whether one more may be written in this second. */
static bool allowed(struct matcher *m)
{
    int64_t second = clock_mono_ms() / 1000;
    if (second != m->trace_second) {
        m->trace_second = second;
        m->traces = 0;
    }
    return m->traces++ < TRACE_RATE;
}

static void append(const struct trace *t, struct matcher *m, const struct trace_window *w)
{
    struct key_text key;
    struct store *store = app_store(m->app);
    int64_t timeout_ms = app_options(m->app)->store_timeout_ms;
    struct slice name = key_make1(&key, KEY_MATCH_TRACE, w->region, w->ride_id);
    struct store_cmd *c = store_cmd(store, "XADD");
    store_arg(c, name);
    store_arg_cstr(c, "MAXLEN");
    store_arg_cstr(c, "~");
    store_arg_i64(c, TRACE_ENTRIES);
    store_arg_cstr(c, "*");
    store_arg_cstr(c, "attempt");
    store_arg_i64(c, w->attempt);
    store_arg_cstr(c, "window_rides");
    store_arg_i64(c, w->rides);
    store_arg_cstr(c, "radius_m");
    store_arg_i64(c, (int64_t)w->radius_m);
    store_arg_cstr(c, "result");
    store_arg_cstr(c, w->result);
    store_arg_cstr(c, "driver_id");
    store_arg(c, w->driver_id);
    store_arg_cstr(c, "candidates");
    store_arg_parts(c, (const struct slice[]){SLICE("["), buf_slice(&t->candidates), SLICE("]")},
                    3);
    store_send(store, c, timeout_ms, NULL, NULL);
    c = store_cmd(store, "PEXPIRE");
    store_arg(c, name);
    store_arg_i64(c, KEEP_MS);
    store_arg_cstr(c, "NX");
    store_send(store, c, timeout_ms, NULL, NULL);
}

void trace_write(struct trace *t, struct matcher *m, const struct trace_window *w)
{
    if (allowed(m)) append(t, m, w);
    buf_fini(&t->candidates);
    t->candidates = (struct buf){0};
}
