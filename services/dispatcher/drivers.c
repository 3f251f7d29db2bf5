/* drivers: the profile of a driver and what he is doing. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"
#include "services/kit/profile.h"

enum { NAME_MAX_BYTES = 80, WORD_MAX = 32, WORDS_MAX = 8 };

static struct slice driver_id(const struct http_req *req)
{
    return http_param(req, "id");
}

/* A driver may only speak for himself. False when it has replied. */
static bool self_or_ops(struct http_req *req)
{
    const struct auth_claims *who = http_claims(req);
    if (who->role != ROLE_OPS && !slice_is(driver_id(req), who->sub)) {
        http_problem(req, PROBLEM_FORBIDDEN, "A driver's token speaks for that driver only.");
        return false;
    }
    return answer_known_region(req, driver_id(req));
}

static int64_t timeout_of(struct http_req *req)
{
    return app_options(dispatcher_of(req)->app)->store_timeout_ms;
}

static struct store *store_of(struct http_req *req)
{
    return app_store(dispatcher_of(req)->app);
}

/* A body's array of short words, comma separated as the profile keeps it. */
static void body_words(struct http_req *req, struct body *b, const char *name, struct slice *out)
{
    struct buf list = {0};
    size_t n = body_array(b, name, 1, WORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct slice word = {0};
        body_item_str(b, name, i, 1, WORD_MAX, &word);
        if (slice_find(word, ',') != word.len) body_fail(b, name, "A word may hold no comma.");
        if (i > 0) buf_add_char(&list, ',');
        buf_add_slice(&list, word);
    }
    *out = arena_copy(http_arena(req), buf_slice(&list));
    buf_fini(&list);
}

static const struct region *region_of(struct http_req *req)
{
    return regions_find(app_regions(dispatcher_of(req)->app), id_region(driver_id(req)));
}

/* Whether the driver's region has all these products. */
static bool region_has(struct http_req *req, struct slice products)
{
    struct slice product = {0};
    while (slice_cut(&products, ',', &product))
        if (product.len == 0 || region_product(region_of(req), product) == NULL) return false;
    return true;
}

/* --- profile --- */

/* A profile on its way into the store and back to the client. Lives in the request's arena. */
struct profile_write {
    struct http_req *req;
    struct profile p;
};

static void on_profile_written(void *data, enum store_status status, const redisReply *reply)
{
    (void)reply;
    struct profile_write *w = data;
    if (status != STORE_OK) {
        http_store_problem(w->req, (int)status);
        return;
    }
    profile_json(http_out(w->req), &w->p);
    http_reply_json(w->req, 200);
}

static void profile_write_start(struct http_req *req, const struct profile *p)
{
    struct profile_write *w = arena_new(http_arena(req), struct profile_write);
    w->req = req;
    w->p = *p;
    profile_put(store_of(req), &w->p, timeout_of(req), on_profile_written, w);
}

static void body_vehicle(struct body *b, struct profile *p)
{
    if (!body_enter(b, "vehicle")) return;
    body_str(b, "make", 1, WORD_MAX, &p->make);
    body_str(b, "model", 1, WORD_MAX, &p->model);
    if (body_maybe(b, "plate")) body_str(b, "plate", 1, WORD_MAX, &p->plate);
    if (body_maybe(b, "color")) body_str(b, "color", 1, WORD_MAX, &p->color);
    body_leave(b);
}

void drivers_put(struct http_req *req)
{
    struct profile p = {.driver_id = driver_id(req),
                        .rating = 5.0,
                        .plate = SLICE(""),
                        .color = SLICE(""),
                        .products = SLICE("economy"),
                        .languages = SLICE("")};
    struct body *b = http_body(req);
    if (!self_or_ops(req)) return;
    body_str(b, "name", 1, NAME_MAX_BYTES, &p.name);
    if (body_maybe(b, "rating")) body_double(b, "rating", 1, 5, &p.rating);
    body_vehicle(b, &p);
    if (body_maybe(b, "products")) body_words(req, b, "products", &p.products);
    if (body_maybe(b, "languages")) body_words(req, b, "languages", &p.languages);
    if (body_maybe(b, "accessible")) body_bool(b, "accessible", &p.accessible);
    if (!region_has(req, p.products)) body_fail(b, "products", "The region has no such product.");
    if (!body_end(b)) return;
    profile_write_start(req, &p);
}

static void on_profile(void *data, enum store_status status, const struct profile *p)
{
    struct http_req *req = data;
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
    } else if (p == NULL) {
        http_problem(req, PROBLEM_NOT_FOUND, "This driver has no profile.");
    } else {
        profile_json(http_out(req), p);
        http_reply_json(req, 200);
    }
}

void drivers_get(struct http_req *req)
{
    if (!self_or_ops(req)) return;
    profile_get(store_of(req), driver_id(req), timeout_of(req), on_profile, req);
}

/* What a driver changes of his own profile; empty slices leave it as it is. */
struct profile_patch {
    struct http_req *req;
    struct slice name;
    struct slice languages;
};

static struct slice keep(struct arena *arena, struct slice changed, struct slice old)
{
    return changed.len > 0 ? changed : arena_copy(arena, old);
}

static void on_profile_to_patch(void *data, enum store_status status, const struct profile *p)
{
    struct profile_patch *patch = data;
    struct http_req *req = patch->req;
    if (status != STORE_OK || p == NULL) {
        on_profile(req, status, p);
        return;
    }
    struct arena *arena = http_arena(req);
    struct profile next = *p;
    next.driver_id = driver_id(req);
    next.name = keep(arena, patch->name, p->name);
    next.languages = keep(arena, patch->languages, p->languages);
    next.make = arena_copy(arena, p->make);
    next.model = arena_copy(arena, p->model);
    next.plate = arena_copy(arena, p->plate);
    next.color = arena_copy(arena, p->color);
    next.products = arena_copy(arena, p->products);
    profile_write_start(req, &next);
}

void drivers_patch(struct http_req *req)
{
    struct profile_patch *patch = arena_new(http_arena(req), struct profile_patch);
    patch->req = req;
    struct body *b = http_body(req);
    if (!self_or_ops(req)) return;
    if (body_maybe(b, "name")) body_str(b, "name", 1, NAME_MAX_BYTES, &patch->name);
    if (body_maybe(b, "languages")) body_words(req, b, "languages", &patch->languages);
    if (!body_end(b)) return;
    profile_get(store_of(req), driver_id(req), timeout_of(req), on_profile_to_patch, patch);
}

/* --- state --- */

/* A driver going online: his profile is read first. Lives in the request's arena. */
struct go_online {
    struct http_req *req;
    struct geo_point at;
    struct slice products; /* empty: those of the profile */
};

static void on_profile_to_go_online(void *data, enum store_status status, const struct profile *p)
{
    struct go_online *go = data;
    struct http_req *req = go->req;
    if (status != STORE_OK || p == NULL) {
        on_profile(req, status, p);
        return;
    }
    struct slice word = {0};
    struct slice asked = go->products;
    while (slice_cut(&asked, ',', &word)) {
        if (profile_lists(p->products, word)) continue;
        http_problem(req, PROBLEM_FORBIDDEN, "The driver's profile does not have that product.");
        return;
    }
    struct buf card = {0};
    profile_card_json(&card, p);
    life_driver_online(
        dispatcher_of(req)->life,
        &(struct life_online){.driver_id = driver_id(req),
                              .lat = go->at.lat,
                              .lon = go->at.lon,
                              .products = go->products.len > 0 ? go->products : p->products,
                              .card = buf_slice(&card)},
        answer_driver, req);
    buf_fini(&card);
}

void drivers_online(struct http_req *req)
{
    struct go_online *go = arena_new(http_arena(req), struct go_online);
    go->req = req;
    struct body *b = http_body(req);
    if (!self_or_ops(req)) return;
    body_lat_lon(b, &go->at);
    if (body_maybe(b, "products")) body_words(req, b, "products", &go->products);
    if (!region_has(req, go->products)) body_fail(b, "products", "The region has no such product.");
    if (!body_end(b)) return;
    if (!region_contains(region_of(req), go->at)) {
        http_problem(req, PROBLEM_LOCATION_NOT_SERVICEABLE, "The driver is outside of the region.");
        return;
    }
    profile_get(store_of(req), driver_id(req), timeout_of(req), on_profile_to_go_online, go);
}

void drivers_offline(struct http_req *req)
{
    if (!self_or_ops(req) || !answer_empty_body(req)) return;
    life_driver_offline(dispatcher_of(req)->life, driver_id(req), answer_driver, req);
}

void drivers_break(struct http_req *req)
{
    if (!self_or_ops(req) || !answer_empty_body(req)) return;
    life_driver_break(dispatcher_of(req)->life, driver_id(req), answer_driver, req);
}

void drivers_state(struct http_req *req)
{
    if (!self_or_ops(req)) return;
    life_snapshot_driver(dispatcher_of(req)->life, driver_id(req), answer_driver, req);
}

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
    answer_live(req, r, r->has_ride && ride_party_driver(&r->ride, driver_id(req)));
}

/* Which rides are asked for: false when it has replied. Those that are over are not kept here. */
static bool asks_status(struct http_req *req, bool *scheduled)
{
    struct slice status = SLICE("live");
    (void)http_query(req, "status", &status);
    if (scheduled != NULL) *scheduled = slice_is(status, "scheduled");
    if (slice_is(status, "live") || (scheduled != NULL && *scheduled)) return true;
    http_problem(req, PROBLEM_INVALID_VALUE,
                 scheduled == NULL ? "status must be live." : "status must be live or scheduled.");
    return false;
}

void drivers_rides(struct http_req *req)
{
    if (!self_or_ops(req) || !asks_status(req, NULL)) return;
    life_snapshot_driver(dispatcher_of(req)->life, driver_id(req), on_drivers_ride, req);
}

void riders_rides(struct http_req *req)
{
    const struct auth_claims *who = http_claims(req);
    struct slice rider = http_param(req, "id");
    struct slice region = slice_of(who->region);
    if (who->role == ROLE_RIDER && !slice_is(rider, who->sub)) {
        http_problem(req, PROBLEM_FORBIDDEN, "A rider's token speaks for that rider only.");
        return;
    }
    if (!id_valid(rider)) {
        http_problem(req, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    if (query_maybe(req, "region")) query_id(req, "region", &region);
    bool scheduled = false;
    if (!query_end(req) || !asks_status(req, &scheduled)) return;
    if (region.len == 0 || !app_serves(dispatcher_of(req)->app, region)) {
        http_problem(req, PROBLEM_INVALID_VALUE, "Which region? It is not in the token.");
        return;
    }
    struct lifecycle *life = dispatcher_of(req)->life;
    if (scheduled)
        life_scheduled_rides(life, region, rider, on_scheduled, req);
    else
        life_snapshot_rider(life, region, rider, on_riders_ride, req);
}
