/* http_impl: what http.c (server), http_route.c (matching), http_req.c (request and reply) and
 * http_body.c (JSON) share. Nobody else includes it. */
#ifndef HANSOM_KIT_HTTP_IMPL_H
#define HANSOM_KIT_HTTP_IMPL_H

#include "base/list.h"
#include "base/metric.h"
#include "services/kit/http.h"

#include <microhttpd.h>

enum { HTTP_PARAMS_MAX = 6, HTTP_ERRORS_MAX = 8, HTTP_HEADERS_MAX = 8 };

struct http_param {
    struct slice name;  /* in the route's path */
    struct slice value; /* in the request's path */
};

/* --- http_route.c, pure --- */

struct route_match {
    const struct http_route *route; /* NULL: none for this method */
    uint32_t methods;               /* bit 1 << method of every route with this path */
    struct http_param params[HTTP_PARAMS_MAX];
    uint32_t params_count;
};

/* Finds the route for path. Of several, the one with the fewest parameters wins. method may be
 * HTTP_METHODS (an unknown one): then only m->methods is of use. */
void route_find(const struct http_route *routes, size_t count, enum http_method method,
                struct slice path, struct route_match *m);

/* Reads a method's name; HEAD is GET. HTTP_METHODS if it is none of ours. */
enum http_method method_parse(struct slice word);
const char *method_name(enum http_method m);

/* Appends "GET, HEAD, POST" for a set of bits. */
void methods_list(uint32_t methods, struct buf *out);

/* Whether origin is in a comma separated list, or the list is "*". */
bool origin_allowed(const char *list, struct slice origin);

/* --- http.c --- */

enum req_state {
    REQ_RECEIVE, /* the body is coming */
    REQ_WORK,    /* the handler has it */
    REQ_REPLIED, /* the response is built, and waits for or is with the library */
};

/* One error of a field, for errors[]. */
struct field_error {
    const char *member; /* "pointer" or "parameter" */
    struct slice where; /* in the arena */
    struct slice detail;
};

/* One connection; made by on_connection. */
struct http_conn {
    struct list link; /* in http.conns */
    int fd;
    int64_t deadline_ms; /* on the loop's clock; 0: none */
};

struct http_req {
    struct list link; /* in http.spare when not in use */
    struct http *http;
    struct MHD_Connection *mhd; /* NULL: the client is gone */
    struct http_conn *conn;
    enum req_state state;
    bool suspended;
    bool is_head;
    bool early; /* early_problem is the answer; the body is being swallowed */
    enum problem early_problem;
    const char *early_detail;
    size_t swallowed;
    int64_t now_ms;
    int64_t began_us;

    struct arena arena;
    struct slice path;
    struct route_match match;
    struct auth_claims claims;
    struct buf body;
    struct buf out;
    struct body *json; /* in the arena; its tree is released with the request */
    struct field_error errors[HTTP_ERRORS_MAX];
    uint32_t errors_count;
    struct slice request_id;
    struct slice traceparent;
    struct {
        const char *name;
        struct slice value;
    } headers[HTTP_HEADERS_MAX];
    uint32_t headers_count;

    struct MHD_Response *response; /* owned, while REPLIED and not queued */
    int status;
};

/* Where a route's requests with one status are counted: routes mostly answer alike, so the
 * labels need not be put together each time. */
struct route_cell {
    int status;
    struct metric_cell *cell;
};

struct http {
    struct http_config config;
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    uv_poll_t poll;
    uv_timer_t timer; /* what MHD_get_timeout asked for */
    uv_timer_t sweep; /* ends connections past their deadline */
    uv_idle_t again;  /* runs while the library has work at once */
    int handles;
    bool again_on;
    struct list conns;
    struct list spare;
    uint32_t spare_count;
    uint32_t live; /* requests between their headers and their end */
    uint32_t in_work;
    bool draining;
    void (*on_drained)(void *data);
    void *on_drained_data;
    void (*on_closed)(void *data);
    void *on_closed_data;
    struct metric *seconds;
    struct route_cell *cells; /* owned; the last cell of each route */
    struct metric_cell *connections;
};

/* Makes the library go on soon. */
void http_kick(struct http *h);

/* The response is built: hands it over. Afterwards req may be gone. */
void http_req_answered(struct http_req *req);

/* --- http_body.c --- */

/* Releases the JSON tree. */
void body_fini(struct body *b);

/* Adds an error if there is room. */
void http_add_error(struct http_req *req, const char *member, struct slice where,
                    const char *detail);

#endif
