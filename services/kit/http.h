/* http: an HTTP/1.1 server for handlers that answer now or later, on libmicrohttpd in our loop.
 *
 * A service lists its endpoints in routes.def:
 *
 *     ROUTE(POST, "/v1/rides/:id/accept", rides_accept, ROLE_DRIVER, BODY_JSON(4096),
 *           "The offered driver takes the ride.")
 *
 * and makes from it prototypes and a table:
 *
 *     #define ROUTE HTTP_ROUTE_PROTOTYPE
 *     #include "services/x/routes.def"
 *     #undef ROUTE
 *     static const struct http_route routes[] = {
 *     #define ROUTE HTTP_ROUTE
 *     #include "services/x/routes.def"
 *     #undef ROUTE
 *     };
 *
 * From that line come routing, 404, 405 with Allow, HEAD, OPTIONS, body limits (413), content
 * types (415), auth (401, 403), CORS and metrics. A handler then runs with the whole body and
 * replies exactly once, before it returns or later:
 *
 *     void rides_accept(struct http_req *req)
 *     {
 *         struct slice offer_id = {0};
 *         struct body *b = http_body(req);
 *         body_id(b, "offer_id", &offer_id);
 *         if (!body_end(b)) return; // it has replied 400 or 422
 *         ...
 *     }
 *
 * Life of a request:
 *
 *     headers -> (early error? swallow a small body) -> body -> handler -> reply
 *                                                                 |          ^
 *                                                                 +--later---+  (suspended)
 *
 * What libmicrohttpd refuses before a route can be chosen (a broken request line, no Host, headers
 * over connection_bytes) it answers itself: 400, 414, 431 or 505 with a line of HTML, no problem
 * document and no metric; it has no hook for these. The connection is closed.
 *
 * A request lives until it is answered, even if its client hangs up meanwhile: an operation
 * never finds it gone. Its arena is reset after the reply.
 *
 * Owner: http_new to http_close's callback. Loop thread only.
 */
#ifndef HANSOM_KIT_HTTP_H
#define HANSOM_KIT_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/geohash.h"
#include "services/kit/auth.h"
#include "services/kit/problem.h"

#include <uv.h>

struct http;
struct http_req;
struct metrics;

typedef void (*http_handler)(struct http_req *req);

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_METHODS };

enum http_body_kind {
    HTTP_BODY_NONE,   /* a body is 413, unless empty */
    HTTP_BODY_JSON,   /* application/json or no type given */
    HTTP_BODY_NDJSON, /* application/x-ndjson, application/json or no type given */
    HTTP_BODY_RAW     /* any type */
};

struct http_route {
    enum http_method method;
    const char *path; /* "/:name" takes one segment; a last segment "*" takes the rest */
    http_handler handler;
    int roles; /* of enum auth_role */
    enum http_body_kind body;
    uint32_t body_max;
    const char *help;
};

#define BODY_NONE        HTTP_BODY_NONE, 0
#define BODY_JSON(max)   HTTP_BODY_JSON, (max)
#define BODY_NDJSON(max) HTTP_BODY_NDJSON, (max)
#define BODY_RAW(max)    HTTP_BODY_RAW, (max)

#define HTTP_ROUTE(method, path, handler, roles, body, help)                                       \
    {HTTP_##method, (path), handler, (roles), body, (help)},
#define HTTP_ROUTE_PROTOTYPE(method, path, handler, ...) void handler(struct http_req *req);

struct http_config {
    const char *service;             /* label of the metrics; borrowed */
    const char *bind;                /* an IPv4 or IPv6 address */
    uint16_t port;                   /* 0: any free one */
    const struct http_route *routes; /* borrowed */
    size_t routes_count;
    void *svc;         /* what http_svc gives to handlers */
    struct auth *auth; /* borrowed; NULL when every route is ROLE_PUBLIC */
    bool (*overloaded)(
        void *data); /* NULL: never; else requests with a token, but those of ops, are
                                     * refused before anything is done while it is true */
    void *overloaded_data;
    struct metrics *metrics;   /* borrowed; NULL: none */
    const char *cors_origins;  /* comma separated, or "*"; "" or NULL: none; borrowed */
    uint32_t connections_max;  /* 0 = 10,000 */
    uint32_t connection_bytes; /* memory for a connection's headers; 0 = 8 KiB */
    int64_t idle_ms;           /* a kept-alive connection may wait; 0 = 60 s */
    int64_t receive_ms;        /* for a whole request to arrive; 0 = 10 s */
    bool reuse_port;           /* SO_REUSEPORT: several processes share the port */
};

/* Listens at once. NULL and one line in *why when it cannot. */
struct http *http_new(uv_loop_t *loop, const struct http_config *config, struct buf *why);

/* The port it listens on. */
uint16_t http_port(const struct http *h);

/* Stops listening; requests that arrive over open connections are still served, and each reply
 * closes its connection. cb runs once, when no request is left. May be called again, to hear of
 * requests that came after. */
void http_drain(struct http *h, void (*cb)(void *data), void *data);

/* Closes all connections and frees h, then calls cb (may be NULL). No request may be
 * unanswered (http_in_work is 0). */
void http_close(struct http *h, void (*cb)(void *data), void *data);

/* Requests handed to a handler and not yet answered. */
uint32_t http_in_work(const struct http *h);

/* --- the request: everything here is borrowed until the reply --- */

void *http_svc(const struct http_req *req);
struct arena *http_arena(struct http_req *req);
uv_loop_t *http_loop(const struct http_req *req);
const struct http_route *http_route(const struct http_req *req);

/* Wall clock, read when the request arrived. */
int64_t http_now_ms(const struct http_req *req);

/* The segment that ":name" matched ("*" for the rest); it must be in the route's path. */
struct slice http_param(const struct http_req *req, const char *name);

/* The decoded value of a query parameter; false if absent. */
bool http_query(const struct http_req *req, const char *name, struct slice *out);

/* A header by name, without case; false if absent. */
bool http_header(const struct http_req *req, const char *name, struct slice *out);

/* The body's bytes, followed by a NUL. */
struct slice http_body_bytes(const struct http_req *req);

/* Who asks; sub is "" and role ROLE_PUBLIC on a public route without a token. */
const struct auth_claims *http_claims(const struct http_req *req);

/* The X-Request-Id that came, if it is a valid id, or one made here. */
struct slice http_request_id(struct http_req *req);

/* A traceparent for what this request causes: the trace that came in, or a new one. */
struct slice http_traceparent(struct http_req *req);

/* The Idempotency-Key, bare or quoted, 1 to 255 visible characters; false if absent or not such. */
bool http_idempotency_key(const struct http_req *req, struct slice *out);

/* If-Match: "v7". ABSENT also for "*". BAD for anything else, which matches no version. */
enum http_match { HTTP_MATCH_ABSENT, HTTP_MATCH_VERSION, HTTP_MATCH_BAD };
enum http_match http_if_match(const struct http_req *req, int64_t *version);

/* --- query parameters, sticky: the first error of a request is kept for query_end --- */

void query_double(struct http_req *req, const char *name, double min, double max, double *out);
void query_i64(struct http_req *req, const char *name, int64_t min, int64_t max, int64_t *out);
/* RFC 3339. */
void query_time(struct http_req *req, const char *name, int64_t *unix_ms);
/* A valid region or other id. */
void query_id(struct http_req *req, const char *name, struct slice *out);
/* Whether it was given (not empty): for optional ones. */
bool query_maybe(const struct http_req *req, const char *name);
/* True if all was well; otherwise it has replied 422. */
bool query_end(struct http_req *req);

/* --- the JSON body, read with sticky readers --- */

/* body: reads the members of a JSON object. Errors are collected, each with the JSON pointer of
 * its place; after text that is no JSON object all readers do nothing. A reader writes its out
 * only on success. Strings are borrowed until the reply. Members nobody reads are ignored. */
struct body;

/* The body, parsed at the first call. Never NULL. */
struct body *http_body(struct http_req *req);

/* True when there is such a member and it is not null: then read it. */
bool body_maybe(struct body *b, const char *name);

void body_str(struct body *b, const char *name, size_t min, size_t max, struct slice *out);
/* A string that is a valid id (ids.h). */
void body_id(struct body *b, const char *name, struct slice *out);
/* One of the words (NULL ends them); *out is its index. */
void body_word(struct body *b, const char *name, const char *const *words, int *out);
void body_double(struct body *b, const char *name, double min, double max, double *out);
void body_i64(struct body *b, const char *name, int64_t min, int64_t max, int64_t *out);
void body_bool(struct body *b, const char *name, bool *out);
/* RFC 3339. */
void body_time(struct body *b, const char *name, int64_t *unix_ms);
/* {"lat": …, "lon": …}, in range. */
void body_point(struct body *b, const char *name, struct geo_point *out);
/* "lat" and "lon" in the object being read. */
void body_lat_lon(struct body *b, struct geo_point *out);

/* Goes into a member that must be an object: the readers then read its members, until
 * body_leave. False (and an error, and nothing to leave) if it is none. */
bool body_enter(struct body *b, const char *name);
/* The length of a member that must be an array of min to max elements; 0 after an error. */
size_t body_array(struct body *b, const char *name, size_t min, size_t max);
/* Goes into element i of array `name`, which must be an object; as body_enter. */
bool body_enter_item(struct body *b, const char *name, size_t i);
/* Element i of array `name`, which must be a string. */
void body_item_str(struct body *b, const char *name, size_t i, size_t min, size_t max,
                   struct slice *out);
void body_leave(struct body *b);

/* Adds an error of the caller's own about member name. */
void body_fail(struct body *b, const char *name, const char *detail);

/* True if all was well. Otherwise it has replied: 400 malformed or 422 invalid_value. */
bool body_end(struct body *b);

/* SHA-256 in hex of the body in canonical form (sorted members, no spaces), and a NUL: equal
 * for bodies that mean the same. Call after body_end. */
enum { BODY_DIGEST = 64 };
char *body_digest(struct body *b, char out[static BODY_DIGEST + 1]);

/* --- the reply: exactly once --- */

/* Where the reply's body is written; empty at first, and given up by replying. */
struct buf *http_out(struct http_req *req);

/* Adds a header to the reply that will come. The value is copied. */
void http_set_header(struct http_req *req, const char *name, struct slice value);
void http_set_etag(struct http_req *req, int64_t version); /* "v7" */
void http_set_retry_after(struct http_req *req, int64_t seconds);

/* Sends what is in http_out, as application/json. */
void http_reply_json(struct http_req *req, int status);

/* Sends what is in http_out with another content type; NULL for none. */
void http_reply(struct http_req *req, int status, const char *content_type);

/* Sends an RFC 9457 problem. detail may be NULL. What is in http_out is dropped. A problem
 * that can be retried gets Retry-After: 1 unless one was set. */
void http_problem(struct http_req *req, enum problem p, const char *detail);

/* The same with one more member, e.g. "ride" and the ride as it is now (finished JSON). */
void http_problem_with(struct http_req *req, enum problem p, const char *detail, const char *member,
                       struct slice raw);

/* Answers what a store call that did not work deserves: 503 store_unavailable; 500 for an
 * error reply. */
void http_store_problem(struct http_req *req, int store_status);

#endif
