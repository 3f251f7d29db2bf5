/* ride_lists: the rides of a rider, of a driver, of a region: live, to come, and over. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"

enum { PAGE = 20, PAGE_MAX = 100 };

/* --- live and to come --- */

/* GET /v1/riders/:id/rides?status=scheduled */
static void on_scheduled(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < life_list_len(r, "rides"); i++) {
        struct ride ride;
        enum ride_audience audience = RIDE_FOR_RIDER;
        if (!life_list_ride(r, "rides", i, &ride)) continue;
        if (!answer_audience(http_claims(req), &ride, &audience)) continue;
        if (j.comma) buf_add_char(j.out, ',');
        ride_json(j.out, &ride, audience, &(struct ride_extra){.generation = r->generation});
        j.comma = true;
    }
    json_array_end(&j);
    json_key(&j, "next_cursor");
    json_nil(&j);
    json_object_end(&j);
    http_reply_json(req, 200);
}

/* The live ride of a party as a list of at most one. A ride that a driver is only offered is not
 * his. */
static void answer_live(struct http_req *req, const struct life_result *r, bool theirs)
{
    enum ride_audience audience = RIDE_FOR_RIDER;
    if (r->code != LIFE_OK && r->code != LIFE_NOT_FOUND) {
        answer_problem(req, r);
        return;
    }
    buf_add_cstr(http_out(req), "{\"items\":[");
    if (r->has_ride && theirs && answer_audience(http_claims(req), &r->ride, &audience))
        ride_json(http_out(req), &r->ride, audience,
                  &(struct ride_extra){.generation = r->generation});
    buf_add_cstr(http_out(req), "],\"next_cursor\":null}");
    http_reply_json(req, 200);
}

static void on_riders_ride(void *data, const struct life_result *r)
{
    answer_live(data, r, true);
}

static void on_drivers_ride(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    answer_live(req, r, r->has_ride && ride_party_driver(&r->ride, http_param(req, "id")));
}

/* --- over: pages of the history --- */

static void on_past(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    struct slice next = life_extra(r, "next");
    struct slice words = {0};
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; life_list(r, "documents", i, &words); i++) {
        struct ride ride;
        enum ride_audience audience = RIDE_FOR_RIDER;
        if (!ride_parse_document(words, http_arena(req), &ride)) continue;
        if (!answer_audience(http_claims(req), &ride, &audience)) continue;
        if (j.comma) buf_add_char(j.out, ',');
        ride_json(j.out, &ride, audience, &(struct ride_extra){.generation = r->generation});
        j.comma = true;
    }
    json_array_end(&j);
    json_key(&j, "next_cursor");
    if (next.len > 0)
        json_str(&j, next);
    else
        json_nil(&j);
    json_object_end(&j);
    http_reply_json(req, 200);
}

/* A page of the rides that whose ("rider", "driver", "all") id has behind him, as ?cursor= and ?limit=
 * say. */
static void past(struct http_req *req, struct slice region, const char *whose, struct slice id)
{
    struct slice cursor = SLICE("");
    int64_t limit = PAGE;
    if (query_maybe(req, "cursor")) query_id(req, "cursor", &cursor);
    if (query_maybe(req, "limit")) query_i64(req, "limit", 1, PAGE_MAX, &limit);
    if (!query_end(req)) return;
    life_history_list(dispatcher_of(req)->life, region, whose, id, cursor, limit, on_past, req);
}

/* --- which are asked for --- */

enum lists { LIST_LIVE, LIST_SCHEDULED, LIST_PAST, LISTS };

/* Reads ?status=; false when it has replied. */
static bool list_asked(struct http_req *req, enum lists *out)
{
    static const char *const names[LISTS] = {"live", "scheduled", "past"};
    struct slice status = SLICE("live");
    (void)http_query(req, "status", &status);
    for (int i = 0; i < LISTS; i++) {
        if (!slice_is(status, names[i])) continue;
        *out = (enum lists)i;
        return true;
    }
    http_problem(req, PROBLEM_INVALID_VALUE, "status must be live, scheduled or past.");
    return false;
}

void drivers_rides(struct http_req *req)
{
    enum lists list = LIST_LIVE;
    struct slice id = http_param(req, "id");
    if (!answer_self_or_ops(req) || !list_asked(req, &list)) return;
    if (list == LIST_SCHEDULED)
        http_problem(req, PROBLEM_INVALID_VALUE, "Rides are scheduled by riders.");
    else if (list == LIST_PAST)
        past(req, id_region(id), "driver", id);
    else
        life_snapshot_driver(dispatcher_of(req)->life, id, on_drivers_ride, req);
}

void riders_rides(struct http_req *req)
{
    const struct auth_claims *who = http_claims(req);
    struct slice rider = http_param(req, "id");
    struct slice region = slice_of(who->region);
    enum lists list = LIST_LIVE;
    if (who->role == ROLE_RIDER && !slice_is(rider, who->sub)) {
        http_problem(req, PROBLEM_FORBIDDEN, "A rider's token speaks for that rider only.");
        return;
    }
    if (!id_valid(rider)) {
        http_problem(req, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    if (query_maybe(req, "region")) query_id(req, "region", &region);
    if (!query_end(req) || !list_asked(req, &list)) return;
    if (region.len == 0 || !app_serves(dispatcher_of(req)->app, region)) {
        http_problem(req, PROBLEM_INVALID_VALUE, "Which region? It is not in the token.");
        return;
    }
    struct lifecycle *life = dispatcher_of(req)->life;
    if (list == LIST_SCHEDULED)
        life_scheduled_rides(life, region, rider, on_scheduled, req);
    else if (list == LIST_PAST)
        past(req, region, "rider", rider);
    else
        life_snapshot_rider(life, region, rider, on_riders_ride, req);
}

/* All finished rides of a region, for ops. */
void ops_rides(struct http_req *req)
{
    struct slice region = SLICE("");
    if (!answer_region_asked(req, &region)) return;
    past(req, region, "all", SLICE(""));
}
