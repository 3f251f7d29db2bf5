/* demo: a small service on the kit, for its tests: one route for each thing to try. */
#include "base/json.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/app.h"

#include <stdlib.h>

struct demo_options {
    int64_t drain_work_ms;
    bool fail_start;
};

static const struct option_spec specs[] = {OPTION_SPEC(
    struct demo_options, drain_work_ms, "drain-work", DURATION, "0ms", 0, 0,
    "How long the drain hook works.") OPTION_SPEC(struct demo_options, fail_start, "fail-start",
                                                  BOOL, "false", 0, 0, "start() gives false.")};

struct demo {
    struct app *app;
    struct demo_options options;
    uv_timer_t drain;
};

/* Answers after ?ms= milliseconds. */
struct later {
    uv_timer_t timer;
    struct http_req *req;
};

static void on_later_closed(uv_handle_t *h)
{
    mem_free(h->data);
}

static void on_later(uv_timer_t *t)
{
    struct later *l = t->data;
    buf_add_cstr(http_out(l->req), "{\"late\":true}");
    http_reply_json(l->req, 200);
    uv_close((uv_handle_t *)t, on_later_closed);
}

static void get_later(struct http_req *req)
{
    int64_t ms = 0;
    query_i64(req, "ms", 0, 60000, &ms);
    if (!query_end(req)) return;
    struct later *l = mem_new(struct later);
    l->req = req;
    must(uv_timer_init(http_loop(req), &l->timer) == 0);
    l->timer.data = l;
    must(uv_timer_start(&l->timer, on_later, (uint64_t)ms, 0) == 0);
}

static void on_pong(void *data, enum store_status status, const redisReply *reply)
{
    struct http_req *req = data;
    if (status != STORE_OK) {
        http_store_problem(req, (int)status);
        return;
    }
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_str(&j, "store", reply_slice(reply));
    json_object_end(&j);
    http_reply_json(req, 200);
}

static void get_store(struct http_req *req)
{
    struct demo *d = http_svc(req);
    STORE_CALL(app_store(d->app), 1000, on_pong, req, SLICE("PING"));
}

static void get_me(struct http_req *req)
{
    const struct auth_claims *c = http_claims(req);
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_cstr(&j, "sub", c->sub);
    json_put_cstr(&j, "role", auth_role_name(c->role));
    json_put_str(&j, "request_id", http_request_id(req));
    json_put_str(&j, "traceparent", http_traceparent(req));
    json_object_end(&j);
    http_reply_json(req, 200);
}

static void get_ops(struct http_req *req)
{
    buf_add_cstr(http_out(req), "{}");
    http_reply_json(req, 200);
}

static void post_thing(struct http_req *req)
{
    static const char *const words[] = {"red", "green", NULL};
    struct slice name = {0};
    struct geo_point at = {0};
    double stars = 0;
    int color = -1;
    bool urgent = false;
    int64_t when_ms = 0;
    struct slice key = {0};
    char digest[BODY_DIGEST + 1];

    struct body *b = http_body(req);
    body_id(b, "name", &name);
    body_point(b, "pickup", &at);
    if (body_maybe(b, "stars")) body_double(b, "stars", 0, 5, &stars);
    if (body_maybe(b, "color")) body_word(b, "color", words, &color);
    if (body_maybe(b, "urgent")) body_bool(b, "urgent", &urgent);
    if (body_maybe(b, "when")) body_time(b, "when", &when_ms);
    size_t n = body_maybe(b, "stops") ? body_array(b, "stops", 0, 3) : 0;
    for (size_t i = 0; i < n; i++) {
        struct geo_point stop;
        if (!body_enter_item(b, "stops", i)) continue;
        body_lat_lon(b, &stop);
        body_leave(b);
    }
    if (!body_end(b)) return;

    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_str(&j, "id", http_param(req, "id"));
    json_put_str(&j, "name", name);
    json_put_fixed(&j, "lat", at.lat, 6);
    json_put_double(&j, "stars", stars);
    json_put_i64(&j, "color", color);
    json_put_u64(&j, "stops", n);
    if (http_idempotency_key(req, &key)) json_put_str(&j, "key", key);
    json_put_cstr(&j, "digest", body_digest(b, digest));
    json_object_end(&j);
    http_set_etag(req, 7);
    http_reply_json(req, 201);
}

static void put_thing(struct http_req *req)
{
    int64_t version = 0;
    switch (http_if_match(req, &version)) {
    case HTTP_MATCH_VERSION:
        if (version == 7) break;
        http_problem_with(req, PROBLEM_VERSION_CONFLICT, NULL, "thing", SLICE("{\"version\":7}"));
        return;
    case HTTP_MATCH_BAD:
        http_problem(req, PROBLEM_VERSION_CONFLICT, "If-Match is not a version");
        return;
    case HTTP_MATCH_ABSENT:
        break;
    }
    http_reply(req, 204, NULL);
}

static void post_raw(struct http_req *req)
{
    struct json j = json_start(http_out(req));
    json_object_start(&j);
    json_put_u64(&j, "bytes", http_body_bytes(req).len);
    json_object_end(&j);
    http_reply_json(req, 200);
}

static void get_big(struct http_req *req)
{
    int64_t n = 0;
    query_i64(req, "n", 0, 64 << 20, &n);
    if (!query_end(req)) return;
    memset(buf_reserve(http_out(req), (size_t)n), 'x', (size_t)n);
    http_out(req)->len += (size_t)n;
    http_reply(req, 200, "text/plain");
}

static void get_file(struct http_req *req)
{
    buf_add_slice(http_out(req), http_param(req, "*"));
    http_reply(req, 200, "text/plain");
}

static void get_special(struct http_req *req)
{
    buf_add_cstr(http_out(req), "special");
    http_reply(req, 200, "text/plain");
}

static void get_busy(struct http_req *req)
{
    http_problem(req, PROBLEM_RATE_LIMITED, NULL);
}

static const struct http_route routes[] = {
    HTTP_ROUTE(GET, "/v1/later", get_later, ROLE_PUBLIC, BODY_NONE, "Answers later.") HTTP_ROUTE(
        GET, "/v1/store", get_store, ROLE_PUBLIC, BODY_NONE,
        "Asks the store.") HTTP_ROUTE(GET, "/v1/me", get_me, ROLE_ANY, BODY_NONE, "Who am I.")
        HTTP_ROUTE(GET, "/v1/ops", get_ops, ROLE_OPS, BODY_NONE, "For ops.") HTTP_ROUTE(
            POST, "/v1/things/:id", post_thing, ROLE_PUBLIC, BODY_JSON(1024), "Reads a body.")
            HTTP_ROUTE(PUT, "/v1/things/:id", put_thing, ROLE_PUBLIC, BODY_JSON(1024),
                       "Has If-Match.") HTTP_ROUTE(GET, "/v1/things/special", get_special,
                                                   ROLE_PUBLIC, BODY_NONE, "Not an id.")
                HTTP_ROUTE(GET, "/v1/things/:id", get_file, ROLE_PUBLIC, BODY_NONE, "Never called.")
                    HTTP_ROUTE(POST, "/v1/raw", post_raw, ROLE_PUBLIC, BODY_RAW(100000),
                               "Counts bytes.") HTTP_ROUTE(POST, "/v1/lines", post_raw, ROLE_PUBLIC,
                                                           BODY_NDJSON(1000), "Counts bytes.")
                        HTTP_ROUTE(GET, "/v1/big", get_big, ROLE_PUBLIC, BODY_NONE,
                                   "Sends n bytes.") HTTP_ROUTE(GET, "/v1/busy", get_busy,
                                                                ROLE_PUBLIC, BODY_NONE, "Says 429.")
                            HTTP_ROUTE(GET, "/files/*", get_file, ROLE_PUBLIC, BODY_NONE,
                                       "Echoes the rest.")};

static bool demo_start(struct app *a, void *service)
{
    struct demo *d = service;
    d->app = a;
    must(uv_timer_init(app_loop(a), &d->drain) == 0);
    d->drain.data = a;
    return !d->options.fail_start;
}

static void on_drain_done(uv_timer_t *t)
{
    app_release(t->data);
}

static void demo_drain(struct app *a, void *service)
{
    struct demo *d = service;
    app_hold(a);
    must(uv_timer_start(&d->drain, on_drain_done, (uint64_t)d->options.drain_work_ms, 0) == 0);
}

static void demo_stop(struct app *a, void *service)
{
    struct demo *d = service;
    (void)a;
    uv_close((uv_handle_t *)&d->drain, NULL);
}

int main(int argc, char **argv)
{
    static struct demo d;
    return app_run(&(struct app_spec){.name = "kit-demo",
                                      .summary = "A service for the kit's tests.",
                                      .port = 0,
                                      .admin_port = 0,
                                      .options = specs,
                                      .options_count = sizeof specs / sizeof specs[0],
                                      .values = &d.options,
                                      .routes = routes,
                                      .routes_count = sizeof routes / sizeof routes[0],
                                      .service = &d,
                                      .start = demo_start,
                                      .drain = demo_drain,
                                      .stop = demo_stop},
                   argc, argv);
}
