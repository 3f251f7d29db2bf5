/* boards: what the projector has counted: leaderboards, who is active, where rides begin. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/dispatcher/local_day.h"
#include "services/kit/core/cell.h"
#include "services/kit/ids.h"

enum { ROWS = 10, ROWS_MAX = 100 };

/* The region of ?region= or of the token, served here; NULL when it has replied. */
static const struct region *region_asked(struct http_req *req)
{
    struct app *app = dispatcher_of(req)->app;
    struct slice own = slice_of(http_claims(req)->region);
    struct slice id = own;
    if (query_maybe(req, "region") || own.len == 0) query_id(req, "region", &id);
    if (!query_end(req)) return NULL;
    bool foreign = own.len > 0 && !slice_eq(own, id);
    if (!foreign && app_serves(app, id)) return regions_find(app_regions(app), id);
    http_problem(req, PROBLEM_NOT_FOUND, "This region is not served here.");
    return NULL;
}

/* Reads ?day= ("20261127"), today where the region is without it. False when it has replied. */
static bool day_asked(struct http_req *req, const struct region *region, struct local_day *out)
{
    struct slice day = SLICE("");
    *out = local_day_at(region->time_zone, http_now_ms(req));
    if (!http_query(req, "day", &day)) return true;
    if (local_day_before(day, 0, out)) return true;
    http_problem(req, PROBLEM_INVALID_VALUE, "day must be one, as 20261127.");
    return false;
}

/* --- leaderboards --- */

static const char *const periods[] = {"day", "week", "all"};
static const char *const boards[] = {"trips", "earnings"};

/* A question about a board. Lives in the request's arena. */
struct board {
    struct http_req *req;
    const char *by;
    struct slice period; /* as keys have it */
    struct slice region, currency;
};

/* Reads one of n words; false when it has replied. The first is meant without it. */
static bool word_asked(struct http_req *req, const char *name, const char *const *words, size_t n,
                       const char **out)
{
    struct slice word = slice_of(words[0]);
    (void)http_query(req, name, &word);
    for (size_t i = 0; i < n; i++) {
        if (!slice_is(word, words[i])) continue;
        *out = words[i];
        return true;
    }
    struct slice why = arena_printf(http_arena(req), "There is no such %s.", name);
    http_problem(req, PROBLEM_INVALID_VALUE, why.p);
    return false;
}

static void row_json(struct json *j, const struct board *b, int64_t rank, struct slice driver_id,
                     int64_t value)
{
    json_object_start(j);
    json_put_i64(j, "rank", rank);
    json_put_str(j, "driver_id", driver_id);
    if (strcmp(b->by, "trips") == 0) {
        json_put_i64(j, "trips", value);
    } else {
        json_put_object(j, "earnings");
        json_put_i64(j, "amount_minor", value);
        json_put_str(j, "currency", b->currency);
        json_object_end(j);
    }
    json_object_end(j);
}

static struct json board_json_start(const struct board *b)
{
    struct json j = json_start(http_out(b->req));
    json_object_start(&j);
    json_put_str(&j, "region", b->region);
    json_put_str(&j, "period", b->period);
    json_put_cstr(&j, "by", b->by);
    json_put_array(&j, "items");
    return j;
}

static void board_json_end(const struct board *b, struct json *j)
{
    json_array_end(j);
    json_put_null(j, "next_cursor");
    json_object_end(j);
    http_reply_json(b->req, 200);
}

static void on_board(void *data, const struct life_result *r)
{
    const struct board *b = data;
    struct slice driver_id = {0};
    struct slice text = {0};
    if (r->code != LIFE_OK) {
        answer_problem(b->req, r);
        return;
    }
    struct json j = board_json_start(b);
    for (size_t i = 0; life_list(r, "board", i, &driver_id); i += 2) {
        int64_t value = 0;
        (void)(life_list(r, "board", i + 1, &text) && slice_i64(text, &value));
        row_json(&j, b, (int64_t)(i / 2 + 1), driver_id, value);
    }
    board_json_end(b, &j);
}

static void on_own_row(void *data, const struct life_result *r)
{
    const struct board *b = data;
    if (r->code != LIFE_OK) {
        answer_problem(b->req, r);
        return;
    }
    int64_t rank = life_extra_i64(r, "rank", 0);
    struct json j = board_json_start(b);
    if (rank > 0)
        row_json(&j, b, rank, slice_of(http_claims(b->req)->sub), life_extra_i64(r, "value", 0));
    board_json_end(b, &j);
}

/* What drivers earn is shown to ops, and to each driver his own. */
void leaderboards_drivers(struct http_req *req)
{
    const struct auth_claims *who = http_claims(req);
    const struct region *region = region_asked(req);
    struct local_day day;
    const char *period = NULL;
    int64_t rows = ROWS;
    struct board *b = arena_new(http_arena(req), struct board);
    if (region == NULL || !day_asked(req, region, &day)) return;
    if (!word_asked(req, "period", periods, 3, &period)) return;
    if (!word_asked(req, "by", boards, 2, &b->by)) return;
    if (query_maybe(req, "limit")) query_i64(req, "limit", 1, ROWS_MAX, &rows);
    if (!query_end(req)) return;
    b->req = req;
    b->region = arena_copy(http_arena(req), region->id);
    b->currency = arena_copy(http_arena(req), region->currency);
    b->period = strcmp(period, "all") == 0
                    ? SLICE("all")
                    : arena_printf(http_arena(req), "%s:%s", period,
                                   strcmp(period, "day") == 0 ? day.day : day.week);
    struct lifecycle *life = dispatcher_of(req)->life;
    bool trips = strcmp(b->by, "trips") == 0;
    if (trips || who->role == ROLE_OPS)
        life_leaderboard(life, b->region, b->by, b->period, rows, on_board, b);
    else if (who->role == ROLE_DRIVER)
        life_leaderboard_of(life, b->region, b->by, b->period, slice_of(who->sub), on_own_row, b);
    else
        http_problem(req, PROBLEM_FORBIDDEN, "Riders are not shown what drivers earn.");
}

/* --- who is active --- */

static const int retention_days[] = {1, 7, 28};
enum { RETENTIONS = 3, UNIQUE_DAYS = 7 };

struct stats {
    struct http_req *req;
    struct slice region;
    struct local_day day;
};

static int64_t number_at(const struct life_result *r, const char *name, size_t i)
{
    struct slice text = {0};
    int64_t n = 0;
    (void)(life_list(r, name, i, &text) && slice_i64(text, &n));
    return n;
}

static void retained_json(struct json *j, const char *name, const struct life_result *r, size_t at)
{
    json_put_object(j, name);
    json_put_i64(j, "active_then", number_at(r, "retained", at));
    json_put_i64(j, "of_them_now", number_at(r, "retained", at + 1));
    json_object_end(j);
}

static void on_stats(void *data, const struct life_result *r)
{
    const struct stats *s = data;
    if (r->code != LIFE_OK) {
        answer_problem(s->req, r);
        return;
    }
    struct json j = json_start(http_out(s->req));
    json_object_start(&j);
    json_put_str(&j, "region", s->region);
    json_put_cstr(&j, "day", s->day.day);
    json_put_i64(&j, "active_riders", number_at(r, "active", 0));
    json_put_i64(&j, "active_drivers", number_at(r, "active", 1));
    json_put_i64(&j, "unique_riders", life_extra_i64(r, "unique_day", 0));
    json_put_i64(&j, "unique_riders_7_days", life_extra_i64(r, "unique_all", 0));
    json_put_array(&j, "retention");
    for (size_t i = 0; i < RETENTIONS; i++) {
        json_object_start(&j);
        json_put_i64(&j, "days", retention_days[i]);
        retained_json(&j, "riders", r, 4 * i);
        retained_json(&j, "drivers", r, 4 * i + 2);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    http_reply_json(s->req, 200);
}

void ops_stats(struct http_req *req)
{
    struct local_day before[RETENTIONS + UNIQUE_DAYS];
    struct slice days[1 + RETENTIONS + UNIQUE_DAYS - 1];
    struct stats *s = arena_new(http_arena(req), struct stats);
    const struct region *region = region_asked(req);
    if (region == NULL || !day_asked(req, region, &s->day)) return;
    s->req = req;
    s->region = arena_copy(http_arena(req), region->id);
    size_t n = 0;
    days[n++] = slice_of(s->day.day);
    for (size_t i = 0; i < RETENTIONS + UNIQUE_DAYS - 1; i++) {
        int back = i < RETENTIONS ? retention_days[i] : (int)(i - RETENTIONS) + 1;
        (void)local_day_before(slice_of(s->day.day), back, &before[i]);
        days[n++] = slice_of(before[i].day);
    }
    life_stats(dispatcher_of(req)->life, s->region, (struct life_names){days, n}, RETENTIONS,
               on_stats, s);
}

/* --- where rides begin --- */

static void on_hot_cells(void *data, const struct life_result *r)
{
    struct http_req *req = data;
    struct slice name = {0};
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
        return;
    }
    if (life_extra_i64(r, "supported", 0) == 0) {
        http_problem(req, PROBLEM_NOT_SUPPORTED, "The store has no Top-K sketches.");
        return;
    }
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; life_list(r, "cells", i, &name); i += 2) {
        cell_id cell = 0;
        if (!cell_parse(name, &cell)) continue;
        struct geo_box box = cell_box(cell);
        json_object_start(&j);
        json_put_str(&j, "cell", name);
        json_put_fixed(&j, "lat", (box.lat_min + box.lat_max) / 2, 6);
        json_put_fixed(&j, "lon", (box.lon_min + box.lon_max) / 2, 6);
        json_put_i64(&j, "rides", number_at(r, "cells", i + 1));
        json_object_end(&j);
    }
    json_array_end(&j);
    json_put_null(&j, "next_cursor");
    json_object_end(&j);
    http_reply_json(req, 200);
}

void ops_trending(struct http_req *req)
{
    const struct region *region = region_asked(req);
    if (region != NULL) life_hot_cells(dispatcher_of(req)->life, region->id, on_hot_cells, req);
}
