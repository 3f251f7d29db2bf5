/* ops: what operators see and mend. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/dispatcher/figures.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"

enum { REASON_MAX = 64, DEAD_LETTERS_MAX = 100 };

static int64_t timeout_of(struct http_req *req)
{
    return app_options(dispatcher_of(req)->app)->store_timeout_ms;
}

static struct store *store_of(struct http_req *req)
{
    return app_store(dispatcher_of(req)->app);
}

/* --- overview: one figure a key, asked for together --- */

static const struct {
    const char *name;
    const char *command;
    enum key key;
} figures[] = {
    {"drivers_active", "ZCARD", KEY_DRIVERS_ACTIVE},
    {"drivers_seen", "ZCARD", KEY_DRIVERS_SEEN},
    {"timers", "ZCARD", KEY_TIMERS},
    {"rides_incoming", "XLEN", KEY_RIDES_INCOMING},
    {"rides_events", "XLEN", KEY_RIDES_EVENTS},
    {"dead_letters", "XLEN", KEY_RIDES_DEAD},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

struct overview {
    struct http_req *req;
    size_t waiting;
    enum store_status status;              /* the last that is not STORE_OK */
    int64_t value[FIGURES + PRODUCTS_MAX]; /* then idle drivers by product */
    struct slice products[PRODUCTS_MAX];   /* copied: a reload may come between */
    uint32_t products_count;
    struct figures figures;
};

struct figure {
    struct overview *of;
    size_t at;
};

static void alarms_json(struct json *j, const struct figures *f)
{
    json_put_array(j, "alarms");
    for (int alarm = 0; alarm < ALARMS; alarm++)
        if (figures_alarm(f, (enum alarm)alarm))
            json_str(j, slice_of(alarm_name((enum alarm)alarm)));
    json_array_end(j);
}

static void overview_send(struct overview *o)
{
    struct slice id = {0};
    if (o->status != STORE_OK) {
        http_store_problem(o->req, (int)o->status);
        return;
    }
    (void)http_query(o->req, "region", &id);
    struct json j = json_start(http_out(o->req));
    json_object_start(&j);
    json_put_str(&j, "region", id);
    for (size_t i = 0; i < FIGURES; i++)
        json_put_i64(&j, figures[i].name, o->value[i]);
    json_put_object(&j, "drivers_idle");
    for (uint32_t i = 0; i < o->products_count; i++) {
        json_key_slice(&j, o->products[i]);
        json_i64(&j, o->value[FIGURES + i]);
    }
    json_object_end(&j);
    alarms_json(&j, &o->figures);
    json_object_end(&j);
    http_reply_json(o->req, 200);
}

static void on_overview_look(void *data, const struct life_result *r)
{
    struct overview *o = data;
    figures_read(r, &o->figures); /* its texts are not used: they do not outlive this call */
    if (r->code != LIFE_OK) o->status = STORE_DOWN;
    if (--o->waiting == 0) overview_send(o);
}

static void on_figure(void *data, enum store_status status, const redisReply *reply)
{
    struct figure *f = data;
    struct overview *o = f->of;
    o->value[f->at] = reply_i64(reply, 0);
    if (status != STORE_OK) o->status = status;
    if (--o->waiting == 0) overview_send(o);
}

static void ask_figure(struct overview *o, size_t at, const char *command, struct slice key)
{
    struct figure *f = arena_new(http_arena(o->req), struct figure);
    *f = (struct figure){o, at};
    STORE_CALL(store_of(o->req), timeout_of(o->req), on_figure, f, slice_of(command), key);
}

void ops_overview(struct http_req *req)
{
    struct slice id = {0};
    if (!answer_region_asked(req, &id)) return;
    const struct region *region = regions_find(app_regions(dispatcher_of(req)->app), id);
    struct overview *o = arena_new(http_arena(req), struct overview);
    o->req = req;
    o->status = STORE_OK;
    o->products_count = region->products_count;
    o->waiting = FIGURES + o->products_count + 1;
    struct key_text key;
    for (size_t i = 0; i < FIGURES; i++)
        ask_figure(o, i, figures[i].command, key_make0(&key, figures[i].key, id));
    for (uint32_t i = 0; i < o->products_count; i++) {
        o->products[i] = arena_copy(http_arena(req), region->products[i].id);
        ask_figure(o, FIGURES + i, "ZCARD", key_make1(&key, KEY_DRIVERS_IDLE, id, o->products[i]));
    }
    life_streams_look(dispatcher_of(req)->life, id, dispatcher_registered(dispatcher_of(req)),
                      on_overview_look, o);
}

/* --- streams --- */

static void group_json(struct json *j, const struct group_figures *g)
{
    json_object_start(j);
    json_put_str(j, "stream", g->stream);
    json_put_str(j, "name", g->name);
    json_put_bool(j, "registered", g->registered);
    json_put_bool(j, "exists", g->exists);
    json_put_i64(j, "consumers", g->consumers);
    json_put_i64(j, "lag", g->lag);
    json_put_i64(j, "pending", g->pending);
    json_put_i64(j, "oldest_undelivered_ms", g->oldest_undelivered_ms);
    json_put_i64(j, "oldest_pending_ms", g->oldest_pending_ms);
    json_put_i64(j, "deliveries_max", g->deliveries_max);
    json_put_str(j, "last_delivered_id", g->last_delivered_id);
    json_object_end(j);
}

static void on_streams(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    struct slice stream = {0};
    struct figures f;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    (void)http_query(req, "stream", &stream);
    figures_read(r, &f);
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < f.groups_count; i++)
        if (stream.len == 0 || slice_eq(stream, f.groups[i].stream)) group_json(&j, &f.groups[i]);
    json_array_end(&j);
    json_put_null(&j, "next_cursor");
    json_object_end(&j);
    http_reply_json(req, 200);
}

void ops_streams(struct http_req *req)
{
    struct slice region = {0};
    struct slice stream = {0};
    if (!answer_region_asked(req, &region)) return;
    if (http_query(req, "stream", &stream) && !slice_is(stream, "rides-incoming") &&
        !slice_is(stream, "rides-events")) {
        http_problem(req, PROBLEM_INVALID_VALUE, "stream must be rides-incoming or rides-events.");
        return;
    }
    struct dispatcher *d = dispatcher_of(req);
    life_streams_look(d->life, region, dispatcher_registered(d), on_streams, req);
}

/* --- dead letters: an id is the entry's stream id, its region comes as a parameter --- */

/* {"id":…, and each field of the entry} */
static void entry_json(struct json *j, const redisReply *entry)
{
    const redisReply *fields = reply_at(entry, 1);
    json_object_start(j);
    json_put_str(j, "id", reply_slice(reply_at(entry, 0)));
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2) {
        json_key_slice(j, reply_slice(reply_at(fields, i)));
        json_str(j, reply_slice(reply_at(fields, i + 1)));
    }
    json_object_end(j);
}

static void on_dead_letters(void *data, enum store_status status, const redisReply *reply)
{
    struct http_req *req = data;
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
        return;
    }
    size_t n = reply_count(reply);
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < n; i++)
        entry_json(&j, reply_at(reply, i));
    json_array_end(&j);
    json_key(&j, "next_cursor");
    if (n == DEAD_LETTERS_MAX)
        json_str(&j, reply_slice(reply_at(reply_at(reply, n - 1), 0)));
    else
        json_nil(&j);
    json_object_end(&j);
    http_reply_json(req, 200);
}

void ops_dead_letters(struct http_req *req)
{
    struct slice region = {0};
    struct slice cursor = SLICE("");
    if (!answer_region_asked(req, &region)) return;
    if (http_query(req, "cursor", &cursor) && id_entry_ms(cursor) < 0) {
        http_problem(req, PROBLEM_INVALID_VALUE, "cursor must be one that a list gave.");
        return;
    }
    struct slice from = cursor.len > 0
                            ? arena_printf(http_arena(req), "(%.*s", (int)cursor.len, cursor.p)
                            : SLICE("+");
    struct key_text key;
    struct store_cmd *c = store_cmd(store_of(req), "XREVRANGE");
    store_arg(c, key_make0(&key, KEY_RIDES_DEAD, region));
    store_arg(c, from);
    store_arg_cstr(c, "-");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, DEAD_LETTERS_MAX);
    store_send(store_of(req), c, timeout_of(req), on_dead_letters, req);
}

/* Reads the entry's id and region. False when it has replied. */
static bool dead_letter_named(struct http_req *req, struct slice *id, struct slice *region)
{
    *id = http_param(req, "id");
    if (id_entry_ms(*id) < 0) {
        http_problem(req, PROBLEM_NOT_FOUND, NULL);
        return false;
    }
    return answer_region_asked(req, region);
}

/* The same for what takes no body. */
static bool dead_letter_asked(struct http_req *req, struct slice *id, struct slice *region)
{
    return answer_empty_body(req) && dead_letter_named(req, id, region);
}

static void on_shown(void *data, enum store_status status, const redisReply *reply)
{
    struct http_req *req = data;
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
    } else if (reply_count(reply) == 0) {
        http_problem(req, PROBLEM_NOT_FOUND, NULL);
    } else {
        struct json j = json_start(http_out(req));
        entry_json(&j, reply_at(reply, 0));
        http_reply_json(req, 200);
    }
}

void ops_dead_letter(struct http_req *req)
{
    struct slice id = {0};
    struct slice region = {0};
    struct key_text key;
    if (!dead_letter_named(req, &id, &region)) return;
    STORE_CALL(store_of(req), timeout_of(req), on_shown, req, SLICE("XRANGE"),
               key_make0(&key, KEY_RIDES_DEAD, region), id, id);
}

static void on_projected_again(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK)
        answer_problem(req, r);
    else
        http_reply(req, 204, NULL);
}

static void on_dead_letter(void *data, enum store_status status, const redisReply *reply)
{
    struct http_req *req = data;
    struct slice region = {0};
    const redisReply *fields = reply_at(reply_at(reply, 0), 1);
    struct slice ride_id = reply_field_slice(fields, "ride_id");
    (void)http_query(req, "region", &region);
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
    } else if (slice_is(reply_field_slice(fields, "reason"), "projection")) {
        life_project_again(dispatcher_of(req)->life, region, http_param(req, "id"),
                           on_projected_again, req);
    } else if (!id_valid(ride_id) || !slice_eq(id_region(ride_id), region)) {
        http_problem(req, PROBLEM_NOT_FOUND, "There is no such dead letter, or it names no ride.");
    } else {
        life_ride_redrive(dispatcher_of(req)->life, ride_id, http_param(req, "id"),
                          answer_transition, req);
    }
}

void ops_redrive(struct http_req *req)
{
    struct slice id = {0};
    struct slice region = {0};
    if (!dead_letter_asked(req, &id, &region)) return;
    struct key_text key;
    STORE_CALL(store_of(req), timeout_of(req), on_dead_letter, req, SLICE("XRANGE"),
               key_make0(&key, KEY_RIDES_DEAD, region), id, id);
}

static void on_discarded(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK)
        answer_problem(req, r);
    else
        http_reply(req, 204, NULL);
}

void ops_discard(struct http_req *req)
{
    struct slice id = {0};
    struct slice region = {0};
    if (!dead_letter_asked(req, &id, &region)) return;
    life_dead_discard(dispatcher_of(req)->life, region, id, on_discarded, req);
}

/* --- rides and drivers --- */

void ops_cancel(struct http_req *req)
{
    struct life_act a = {.ride_id = http_param(req, "id"),
                         .actor_id = slice_of(http_claims(req)->sub),
                         .if_version = answer_if_version(req),
                         .lease = SLICE("")};
    struct slice reason = SLICE("other");
    int64_t fee_minor = -1;
    struct body *b = http_body(req);
    if (!answer_known_region(req, a.ride_id)) return;
    if (body_maybe(b, "reason")) body_str(b, "reason", 1, REASON_MAX, &reason);
    if (!ride_reason_known(RIDE_BY_OPS, reason)) body_fail(b, "reason", "is not a reason of ops");
    if (body_maybe(b, "fee_minor")) body_i64(b, "fee_minor", 0, 100000000, &fee_minor);
    if (!body_end(b)) return;
    life_ride_cancel(dispatcher_of(req)->life, &a, RIDE_BY_OPS, reason, fee_minor,
                     answer_transition, req);
}

void ops_block(struct http_req *req)
{
    struct slice reason = SLICE("ops");
    struct body *b = http_body(req);
    if (!answer_known_region(req, http_param(req, "id"))) return;
    if (body_maybe(b, "reason")) body_str(b, "reason", 1, REASON_MAX, &reason);
    if (!body_end(b)) return;
    life_driver_block(dispatcher_of(req)->life, http_param(req, "id"), reason, answer_driver, req);
}

void ops_unblock(struct http_req *req)
{
    if (!answer_known_region(req, http_param(req, "id")) || !answer_empty_body(req)) return;
    life_driver_unblock(dispatcher_of(req)->life, http_param(req, "id"), answer_driver, req);
}
