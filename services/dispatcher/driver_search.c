/* driver_search: GET /v1/drivers, the drivers that a query finds.
 *
 *   NEAR (if a place was given) -> FIND --found--> ROWS -> answer
 *                                   | ^
 *                   no such index --+-+ once: it is made
 *
 * The index says who; what is shown of them is read then, in one call: so an index that lags may miss
 * somebody for a moment, and never shows what is no more. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/profile.h"

enum { PAGE = 20, PAGE_MAX = 100, FOUND_MAX = 10000, QUERY_MAX = 512, NEAR_MAX = 500 };
enum { RADIUS_M = 2000, RADIUS_M_MAX = 50000 };

/* Lives in the request's arena. */
struct driver_search {
    struct http_req *req;
    struct slice region; /* copied */
    struct slice query;
    bool near;       /* only those around a place */
    bool made_index; /* once is enough */
    double lat, lon, radius_m;
    struct slice keys[NEAR_MAX]; /* of those around it; copied */
    size_t keys_count;
    int64_t from, limit, total;
    struct slice ids[PAGE_MAX]; /* of this page; copied */
    size_t ids_count;
};

static struct store *store_of(const struct driver_search *s)
{
    return app_store(dispatcher_of(s->req)->app);
}

static int64_t timeout_of(const struct driver_search *s)
{
    return app_options(dispatcher_of(s->req)->app)->store_timeout_ms;
}

static void find(struct driver_search *s);

/* --- ROWS --- */

static void row_json(struct json *j, const struct profile *p, struct slice state,
                     struct slice place)
{
    struct slice lat = {0};
    double degrees = 0;
    json_object_start(j);
    profile_members_json(j, p);
    json_put_str(j, "state", state);
    if (slice_cut(&place, ' ', &lat) && slice_double(lat, &degrees)) {
        json_put_fixed(j, "lat", degrees, 6);
        if (slice_double(place, &degrees)) json_put_fixed(j, "lon", degrees, 6);
    }
    json_object_end(j);
}

static void answer(struct driver_search *s, const struct life_result *r)
{
    int64_t next = s->from + s->limit;
    struct json j = json_start(http_out(s->req));
    json_object_start(&j);
    json_put_array(&j, "items");
    for (size_t i = 0; i < s->ids_count; i++) {
        struct profile p;
        struct slice state = SLICE("");
        struct slice place = SLICE("");
        const redisReply *fields = reply_at(reply_field(r->extras, "profiles"), i);
        if (!profile_parse(fields, s->ids[i], http_arena(s->req), &p)) continue; /* gone since */
        (void)life_list(r, "states", i, &state);
        (void)life_list(r, "places", i, &place);
        row_json(&j, &p, state, place);
    }
    json_array_end(&j);
    json_put_i64(&j, "total", s->total);
    if (next < s->total && next < FOUND_MAX)
        json_put_str(&j, "next_cursor", arena_printf(http_arena(s->req), "%lld", (long long)next));
    else
        json_put_null(&j, "next_cursor");
    json_object_end(&j);
    http_reply_json(s->req, 200);
}

static void on_rows(void *data, const struct life_result *r)
{
    struct driver_search *s = data;
    if (r->code == LIFE_OK)
        answer(s, r);
    else
        answer_problem(s->req, r);
}

/* --- FIND --- */

/* What the store says of a query that it cannot read, with the place where. */
static void refuse_query(struct driver_search *s, struct slice why)
{
    struct buf errors = {0};
    struct json j = json_start(&errors);
    json_array_start(&j);
    json_object_start(&j);
    json_put_cstr(&j, "parameter", "q");
    json_put_str(&j, "detail", why);
    json_object_end(&j);
    json_array_end(&j);
    http_problem_with(s->req, PROBLEM_INVALID_VALUE, NULL, "errors", buf_slice(&errors));
    buf_fini(&errors);
}

static void on_index_made(void *data, enum store_status status, const redisReply *reply)
{
    (void)status; /* whether it is there now, the search will tell */
    (void)reply;
    find(data);
}

/* The store's own errors begin with a word in capitals, those about a query do not. */
static bool about_the_query(struct slice error)
{
    size_t i = 0;
    while (i < error.len && error.p[i] >= 'A' && error.p[i] <= 'Z')
        i++;
    return i < 2 && error.len > 0;
}

static void on_error(struct driver_search *s, enum store_status status, struct slice error)
{
    struct key_text key;
    size_t alias_len = key_make0(&key, KEY_DRIVERS_INDEX, s->region).len;
    if (slice_starts(error, SLICE("ERR unknown command"))) {
        http_problem(s->req, PROBLEM_NOT_SUPPORTED, "The store has no search.");
    } else if (error.len > alias_len && slice_is(slice_from(error, alias_len), ": no such index")) {
        if (s->made_index) {
            http_problem(s->req, PROBLEM_STORE_UNAVAILABLE, "The index cannot be made.");
            return;
        }
        s->made_index = true;
        driver_index_make(store_of(s), s->region, timeout_of(s), on_index_made, s);
    } else if (about_the_query(error)) {
        refuse_query(s, error);
    } else {
        http_store_problem(s->req, (int)status);
    }
}

static void on_found(void *data, enum store_status status, const redisReply *reply)
{
    struct driver_search *s = data;
    struct key_text key;
    if (status != STORE_OK) {
        on_error(s, status, status == STORE_ERROR ? reply_slice(reply) : SLICE(""));
        return;
    }
    size_t prefix = key_make1(&key, KEY_DRIVER, s->region, SLICE("")).len;
    s->total = reply_i64(reply_at(reply, 0), 0);
    for (size_t i = 1; i < reply_count(reply) && s->ids_count < PAGE_MAX; i++) {
        struct slice found = reply_slice(reply_at(reply, i));
        if (found.len > prefix)
            s->ids[s->ids_count++] = arena_copy(http_arena(s->req), slice_from(found, prefix));
    }
    life_driver_rows(dispatcher_of(s->req)->life, s->region,
                     (struct life_names){s->ids, s->ids_count}, on_rows, s);
}

static void find(struct driver_search *s)
{
    struct key_text alias;
    struct store_cmd *c = store_cmd(store_of(s), "FT.SEARCH");
    store_arg(c, key_make0(&alias, KEY_DRIVERS_INDEX, s->region));
    store_arg(c, s->query);
    store_arg_cstr(c, "NOCONTENT");
    if (s->near) {
        store_arg_cstr(c, "INKEYS");
        store_arg_u64(c, s->keys_count);
        for (size_t i = 0; i < s->keys_count; i++)
            store_arg(c, s->keys[i]);
    }
    store_arg_cstr(c, "LIMIT");
    store_arg_i64(c, s->from);
    store_arg_i64(c, s->limit);
    store_arg_cstr(c, "DIALECT");
    store_arg_cstr(c, "2");
    store_send(store_of(s), c, timeout_of(s), on_found, s);
}

/* --- NEAR --- */

static void on_near(void *data, enum store_status status, const redisReply *reply)
{
    struct driver_search *s = data;
    struct key_text key;
    if (status != STORE_OK) {
        http_store_problem(s->req, (int)status);
        return;
    }
    for (size_t i = 0; i < reply_count(reply) && i < NEAR_MAX; i++)
        s->keys[s->keys_count++] =
            arena_copy(http_arena(s->req),
                       key_make1(&key, KEY_DRIVER, s->region, reply_slice(reply_at(reply, i))));
    if (s->keys_count == 0)
        s->keys[s->keys_count++] = SLICE("nobody"); /* the query is read anyway */
    find(s);
}

static void near(struct driver_search *s)
{
    struct key_text key;
    struct store_cmd *c = store_cmd(store_of(s), "GEOSEARCH");
    store_arg(c, key_make0(&key, KEY_DRIVERS_ACTIVE, s->region));
    store_arg_cstr(c, "FROMLONLAT");
    store_arg_double(c, s->lon);
    store_arg_double(c, s->lat);
    store_arg_cstr(c, "BYRADIUS");
    store_arg_double(c, s->radius_m);
    store_arg_cstr(c, "m");
    store_arg_cstr(c, "ASC");
    store_arg_cstr(c, "COUNT");
    store_arg_i64(c, NEAR_MAX);
    store_send(store_of(s), c, timeout_of(s), on_near, s);
}

void drivers_search(struct http_req *req)
{
    struct driver_search *s = arena_new(http_arena(req), struct driver_search);
    struct slice region = {0};
    s->req = req;
    s->query = SLICE("*");
    s->limit = PAGE;
    s->radius_m = RADIUS_M;
    if (!answer_region_asked(req, &region)) return;
    s->region = arena_copy(http_arena(req), region);
    s->near = query_maybe(req, "lat") || query_maybe(req, "lon") || query_maybe(req, "radius_m");
    if (s->near) {
        query_double(req, "lat", -85, 85, &s->lat);
        query_double(req, "lon", -180, 180, &s->lon);
        if (query_maybe(req, "radius_m"))
            query_double(req, "radius_m", 1, RADIUS_M_MAX, &s->radius_m);
    }
    if (query_maybe(req, "cursor")) query_i64(req, "cursor", 0, FOUND_MAX - 1, &s->from);
    if (query_maybe(req, "limit")) query_i64(req, "limit", 1, PAGE_MAX, &s->limit);
    if (!query_end(req)) return;
    if (query_maybe(req, "q")) (void)http_query(req, "q", &s->query);
    s->query = arena_copy(http_arena(req), s->query);
    if (s->query.len > QUERY_MAX)
        refuse_query(s, SLICE("is longer than 512 bytes"));
    else if (s->near)
        near(s);
    else
        find(s);
}
