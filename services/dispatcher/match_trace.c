/* GET /v1/rides/:id/match_trace: for ops, why the ride got the driver it got, window by window. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"

enum { ENTRIES_MAX = 100 }; /* more than a trace holds */

static void entry_json(struct json *j, const redisReply *entry)
{
    struct slice id = reply_slice(reply_at(entry, 0));
    const redisReply *fields = reply_at(entry, 1);
    json_object_start(j);
    json_put_str(j, "id", id);
    json_put_time(j, "at", id_entry_ms(id));
    json_put_i64(j, "attempt", reply_i64(reply_field(fields, "attempt"), 0));
    json_put_i64(j, "window_rides", reply_i64(reply_field(fields, "window_rides"), 0));
    json_put_i64(j, "radius_m", reply_i64(reply_field(fields, "radius_m"), 0));
    json_put_str(j, "result", reply_field_slice(fields, "result"));
    struct slice driver = reply_field_slice(fields, "driver_id");
    if (driver.len > 0) json_put_str(j, "driver_id", driver);
    json_put_raw(j, "candidates", reply_field_slice(fields, "candidates"));
    json_object_end(j);
}

static void on_trace(void *data, enum store_status status, const redisReply *reply)
{
    struct http_req *req = data;
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
        return;
    }
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < reply_count(reply); i++)
        entry_json(&j, reply_at(reply, i));
    json_array_end(&j);
    json_key(&j, "next_cursor");
    json_nil(&j);
    json_object_end(&j);
    http_reply_json(req, 200);
}

static void on_ride(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    struct key_text key;
    struct app *app = dispatcher_of(req)->app;
    struct store_cmd *c = store_cmd(app_store(app), "XRANGE");
    store_arg(c, key_make1(&key, KEY_MATCH_TRACE, r->ride.region, r->ride.ride_id));
    store_arg_cstr(c, "-");
    store_arg_cstr(c, "+");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, ENTRIES_MAX);
    store_send(app_store(app), c, app_options(app)->store_timeout_ms, on_trace, req);
}

void rides_match_trace(struct http_req *req)
{
    struct slice id = http_param(req, "id");
    if (!answer_known_region(req, id)) return;
    life_ride_get(dispatcher_of(req)->life, id, on_ride, req);
}
