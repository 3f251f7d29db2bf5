/* drivers: the profile of a driver and what he is doing. */
#include "base/json.h"
#include "services/dispatcher/answer.h"
#include "services/dispatcher/dispatcher.h"
#include "services/kit/ids.h"
#include "services/kit/profile.h"

enum { NAME_MAX_BYTES = 80, WORD_MAX = 32 };

static struct slice driver_id(const struct http_req *req)
{
    return http_param(req, "id");
}

static struct lifecycle *life_of(struct http_req *req)
{
    return dispatcher_of(req)->life;
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

static void on_profile_written(void *data, const struct life_result *r)
{
    struct profile_write *w = data;
    if (r->code != LIFE_OK) {
        answer_problem(w->req, r);
        return;
    }
    profile_json(http_out(w->req), &w->p);
    http_reply_json(w->req, 200);
}

/* Without the rating what is stored of it stays, also when it moves meanwhile. */
static void profile_write_start(struct http_req *req, const struct profile *p, bool with_rating)
{
    struct profile_write *w = arena_new(http_arena(req), struct profile_write);
    w->req = req;
    w->p = *p;
    struct profile stored = w->p;
    if (!with_rating) stored.rating = 0;
    profile_put(life_of(req), &stored, on_profile_written, w);
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
    if (!answer_self_or_ops(req)) return;
    body_str(b, "name", 1, NAME_MAX_BYTES, &p.name);
    if (body_maybe(b, "rating")) body_double(b, "rating", 1, 5, &p.rating);
    body_vehicle(b, &p);
    if (body_maybe(b, "products")) answer_words(req, b, "products", &p.products);
    if (body_maybe(b, "languages")) answer_words(req, b, "languages", &p.languages);
    if (body_maybe(b, "accessible")) body_bool(b, "accessible", &p.accessible);
    if (!region_has(req, p.products)) body_fail(b, "products", "The region has no such product.");
    if (!body_end(b)) return;
    profile_write_start(req, &p, true);
}

static void on_profile(void *data, const struct life_result *r, const struct profile *p)
{
    struct http_req *req = data;
    if (r->code != LIFE_OK) {
        answer_problem(req, r);
    } else if (p == NULL) {
        http_problem(req, PROBLEM_NOT_FOUND, "This driver has no profile.");
    } else {
        profile_json(http_out(req), p);
        http_reply_json(req, 200);
    }
}

void drivers_get(struct http_req *req)
{
    if (!answer_self_or_ops(req)) return;
    profile_get(life_of(req), driver_id(req), on_profile, req);
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

static void on_profile_to_patch(void *data, const struct life_result *r, const struct profile *p)
{
    struct profile_patch *patch = data;
    struct http_req *req = patch->req;
    if (p == NULL) {
        on_profile(req, r, p);
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
    profile_write_start(req, &next, false);
}

void drivers_patch(struct http_req *req)
{
    struct profile_patch *patch = arena_new(http_arena(req), struct profile_patch);
    patch->req = req;
    struct body *b = http_body(req);
    if (!answer_self_or_ops(req)) return;
    if (body_maybe(b, "name")) body_str(b, "name", 1, NAME_MAX_BYTES, &patch->name);
    if (body_maybe(b, "languages")) answer_words(req, b, "languages", &patch->languages);
    if (!body_end(b)) return;
    profile_get(life_of(req), driver_id(req), on_profile_to_patch, patch);
}

/* --- state --- */

/* A driver going online: his profile is read first. Lives in the request's arena. */
struct go_online {
    struct http_req *req;
    struct geo_point at;
    struct slice products; /* empty: those of the profile */
};

static void on_profile_to_go_online(void *data, const struct life_result *r,
                                    const struct profile *p)
{
    struct go_online *go = data;
    struct http_req *req = go->req;
    if (p == NULL) {
        on_profile(req, r, p);
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
        life_of(req),
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
    if (!answer_self_or_ops(req)) return;
    body_lat_lon(b, &go->at);
    if (body_maybe(b, "products")) answer_words(req, b, "products", &go->products);
    if (!region_has(req, go->products)) body_fail(b, "products", "The region has no such product.");
    if (!body_end(b)) return;
    if (!region_contains(region_of(req), go->at)) {
        http_problem(req, PROBLEM_LOCATION_NOT_SERVICEABLE, "The driver is outside of the region.");
        return;
    }
    profile_get(life_of(req), driver_id(req), on_profile_to_go_online, go);
}

void drivers_offline(struct http_req *req)
{
    if (!answer_self_or_ops(req) || !answer_empty_body(req)) return;
    life_driver_offline(life_of(req), driver_id(req), answer_driver, req);
}

void drivers_break(struct http_req *req)
{
    if (!answer_self_or_ops(req) || !answer_empty_body(req)) return;
    life_driver_break(life_of(req), driver_id(req), answer_driver, req);
}

void drivers_state(struct http_req *req)
{
    if (!answer_self_or_ops(req)) return;
    life_snapshot_driver(life_of(req), driver_id(req), answer_driver, req);
}
