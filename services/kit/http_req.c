#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/must.h"
#include "services/kit/http_impl.h"
#include "services/kit/ids.h"
#include "services/kit/store.h"

enum { COPY_MAX = 2048, IDEMPOTENCY_KEY_MAX = 255, TRACEPARENT = 55 };

void *http_svc(const struct http_req *req)
{
    return req->http->config.svc;
}

struct arena *http_arena(struct http_req *req)
{
    return &req->arena;
}

uv_loop_t *http_loop(const struct http_req *req)
{
    return req->http->loop;
}

const struct http_route *http_route(const struct http_req *req)
{
    return req->match.route;
}

int64_t http_now_ms(const struct http_req *req)
{
    return req->now_ms;
}

struct slice http_param(const struct http_req *req, const char *name)
{
    for (uint32_t i = 0; i < req->match.params_count; i++)
        if (slice_is(req->match.params[i].name, name)) return req->match.params[i].value;
    must_fail("the route's path has such a parameter", __FILE__, __LINE__);
}

static bool lookup(const struct http_req *req, enum MHD_ValueKind kind, const char *name,
                   struct slice *out)
{
    const char *value = NULL;
    size_t len = 0;
    if (req->mhd == NULL) return false;
    if (MHD_lookup_connection_value_n(req->mhd, kind, name, strlen(name), &value, &len) != MHD_YES)
        return false;
    *out = slice_make(value == NULL ? "" : value, value == NULL ? 0 : len);
    return true;
}

bool http_query(const struct http_req *req, const char *name, struct slice *out)
{
    return lookup(req, MHD_GET_ARGUMENT_KIND, name, out);
}

bool http_header(const struct http_req *req, const char *name, struct slice *out)
{
    return lookup(req, MHD_HEADER_KIND, name, out);
}

struct slice http_body_bytes(const struct http_req *req)
{
    return buf_slice(&req->body);
}

const struct auth_claims *http_claims(const struct http_req *req)
{
    return &req->claims;
}

struct slice http_request_id(struct http_req *req)
{
    if (req->request_id.len > 0) return req->request_id;
    struct slice given = {0};
    if (http_header(req, "X-Request-Id", &given) && id_valid(given)) {
        req->request_id = given;
        return given;
    }
    char *text = arena_alloc(&req->arena, ULID_LEN + 1);
    req->request_id = slice_make(id_ulid(req->now_ms, text), ULID_LEN);
    return req->request_id;
}

/* version-traceid-parentid-flags, as W3C Trace Context has them; only version 00 is read. */
static bool traceparent_valid(struct slice t)
{
    if (t.len != TRACEPARENT) return false;
    bool zero_trace = true;
    bool zero_parent = true;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.p[i];
        if (i == 2 || i == 35 || i == 52) {
            if (c != '-') return false;
            continue;
        }
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        if (i > 2 && i < 35 && c != '0') zero_trace = false;
        if (i > 35 && i < 52 && c != '0') zero_parent = false;
    }
    return t.p[0] == '0' && t.p[1] == '0' && !zero_trace && !zero_parent;
}

struct slice http_traceparent(struct http_req *req)
{
    if (req->traceparent.len > 0) return req->traceparent;
    struct slice given = {0};
    if (http_header(req, "traceparent", &given) && traceparent_valid(given)) {
        req->traceparent = given;
        return given;
    }
    char trace[33];
    char parent[17];
    id_hex(16, trace);
    id_hex(8, parent);
    req->traceparent = arena_printf(&req->arena, "00-%s-%s-00", trace, parent);
    return req->traceparent;
}

bool http_idempotency_key(const struct http_req *req, struct slice *out)
{
    struct slice key = {0};
    if (!http_header(req, "Idempotency-Key", &key)) return false;
    key = slice_trim(key);
    if (key.len >= 2 && key.p[0] == '"' && key.p[key.len - 1] == '"')
        key = slice_make(key.p + 1, key.len - 2);
    if (key.len == 0 || key.len > IDEMPOTENCY_KEY_MAX) return false;
    for (size_t i = 0; i < key.len; i++)
        if (key.p[i] <= ' ' || key.p[i] >= 0x7f || key.p[i] == '"') return false;
    *out = key;
    return true;
}

enum http_match http_if_match(const struct http_req *req, int64_t *version)
{
    struct slice tag = {0};
    if (!http_header(req, "If-Match", &tag)) return HTTP_MATCH_ABSENT;
    tag = slice_trim(tag);
    if (slice_is(tag, "*")) return HTTP_MATCH_ABSENT;
    if (tag.len < 4 || !slice_starts(tag, SLICE("\"v")) || tag.p[tag.len - 1] != '"')
        return HTTP_MATCH_BAD;
    int64_t n = 0;
    if (!slice_i64(slice_make(tag.p + 2, tag.len - 3), &n) || n < 0) return HTTP_MATCH_BAD;
    *version = n;
    return HTTP_MATCH_VERSION;
}

/* --- query parameters --- */

bool query_maybe(const struct http_req *req, const char *name)
{
    struct slice s = {0};
    return http_query(req, name, &s) && s.len > 0;
}

static bool query_text(struct http_req *req, const char *name, struct slice *out)
{
    if (http_query(req, name, out) && out->len > 0) return true;
    http_add_error(req, "parameter", slice_of(name), "is missing");
    return false;
}

void query_double(struct http_req *req, const char *name, double min, double max, double *out)
{
    struct slice s = {0};
    double d = 0;
    if (!query_text(req, name, &s)) return;
    if (!slice_double(s, &d))
        http_add_error(req, "parameter", slice_of(name), "is not a number");
    else if (!(d >= min && d <= max))
        http_add_error(req, "parameter", slice_of(name), "is out of range");
    else
        *out = d;
}

void query_time(struct http_req *req, const char *name, int64_t *unix_ms)
{
    struct slice s = {0};
    if (query_text(req, name, &s) && clock_parse(s, unix_ms) != 0)
        http_add_error(req, "parameter", slice_of(name), "is not a time, as 2026-11-27T08:00:00Z");
}

void query_i64(struct http_req *req, const char *name, int64_t min, int64_t max, int64_t *out)
{
    struct slice s = {0};
    int64_t n = 0;
    if (!query_text(req, name, &s)) return;
    if (!slice_i64(s, &n))
        http_add_error(req, "parameter", slice_of(name), "is not a whole number");
    else if (n < min || n > max)
        http_add_error(req, "parameter", slice_of(name), "is out of range");
    else
        *out = n;
}

void query_id(struct http_req *req, const char *name, struct slice *out)
{
    struct slice s = {0};
    if (!query_text(req, name, &s)) return;
    if (id_valid(s))
        *out = s;
    else
        http_add_error(req, "parameter", slice_of(name), "is not an id");
}

bool query_end(struct http_req *req)
{
    if (req->errors_count == 0) return true;
    http_problem(req, PROBLEM_INVALID_VALUE, NULL);
    return false;
}

/* --- the reply --- */

struct buf *http_out(struct http_req *req)
{
    return &req->out;
}

void http_set_header(struct http_req *req, const char *name, struct slice value)
{
    must(req->headers_count < HTTP_HEADERS_MAX);
    req->headers[req->headers_count].name = name;
    req->headers[req->headers_count].value = arena_copy(&req->arena, value);
    req->headers_count++;
}

void http_set_etag(struct http_req *req, int64_t version)
{
    struct slice tag = arena_printf(&req->arena, "\"v%lld\"", (long long)version);
    http_set_header(req, "ETag", tag);
}

static bool has_header(const struct http_req *req, const char *name)
{
    for (uint32_t i = 0; i < req->headers_count; i++)
        if (strcmp(req->headers[i].name, name) == 0) return true;
    return false;
}

void http_set_retry_after(struct http_req *req, int64_t seconds)
{
    struct slice s = arena_printf(&req->arena, "%lld", (long long)(seconds < 1 ? 1 : seconds));
    http_set_header(req, "Retry-After", s);
}

static void add_header(struct MHD_Response *r, const char *name, const char *value)
{
    /* Refused only for control characters in the value, which a stranger may have put into
     * what is echoed: such a header is left out. */
    (void)MHD_add_response_header(r, name, value);
}

static void add_cors(struct http_req *req, struct MHD_Response *r)
{
    struct slice origin = {0};
    const char *allowed = req->http->config.cors_origins;
    if (allowed[0] == '\0') return;
    add_header(r, "Vary", "Origin");
    if (!http_header(req, "Origin", &origin) || !origin_allowed(allowed, origin)) return;
    struct slice copy = arena_copy(&req->arena, origin);
    add_header(r, "Access-Control-Allow-Origin", copy.p);
    add_header(r, "Access-Control-Expose-Headers",
               "ETag, Retry-After, X-Request-Id, Idempotent-Replayed, traceparent");
}

void http_reply(struct http_req *req, int status, const char *content_type)
{
    must(req->state == REQ_WORK);
    struct buf *out = &req->out;
    struct MHD_Response *r = NULL;
    if (out->len <= COPY_MAX) {
        r = MHD_create_response_from_buffer(out->len, out->p, MHD_RESPMEM_MUST_COPY);
    } else {
        size_t len = 0;
        char *bytes = buf_take(out, &len);
        r = MHD_create_response_from_buffer_with_free_callback(len, bytes, mem_free);
    }
    must(r != NULL);
    if (content_type != NULL) add_header(r, "Content-Type", content_type);
    for (uint32_t i = 0; i < req->headers_count; i++)
        add_header(r, req->headers[i].name, req->headers[i].value.p);
    if (req->request_id.len > 0)
        add_header(r, "X-Request-Id", arena_copy(&req->arena, req->request_id).p);
    add_cors(req, r);
    if (req->http->draining) add_header(r, "Connection", "close");
    req->response = r;
    req->status = status;
    http_req_answered(req);
}

void http_reply_json(struct http_req *req, int status)
{
    http_reply(req, status, "application/json");
}

static void write_errors(struct http_req *req, struct json *j)
{
    if (req->errors_count == 0) return;
    json_put_array(j, "errors");
    for (uint32_t i = 0; i < req->errors_count; i++) {
        json_object_start(j);
        json_put_str(j, req->errors[i].member, req->errors[i].where);
        json_put_str(j, "detail", req->errors[i].detail);
        json_object_end(j);
    }
    json_array_end(j);
}

void http_problem_with(struct http_req *req, enum problem p, const char *detail, const char *member,
                       struct slice raw)
{
    const struct problem_info *info = problem_info(p);
    buf_clear(&req->out);
    struct json j = json_start(&req->out);
    json_object_start(&j);
    json_key(&j, "type");
    json_str(&j, arena_printf(&req->arena, "urn:hansom:problem:%s", info->code));
    json_put_cstr(&j, "title", info->title);
    json_put_i64(&j, "status", info->status);
    json_put_cstr(&j, "code", info->code);
    if (detail != NULL) json_put_cstr(&j, "detail", detail);
    json_put_bool(&j, "retry", info->retry);
    json_put_str(&j, "request_id", http_request_id(req));
    write_errors(req, &j);
    if (member != NULL) json_put_raw(&j, member, raw);
    json_object_end(&j);

    if (info->retry && !has_header(req, "Retry-After")) http_set_retry_after(req, 1);
    if (info->status == 401)
        http_set_header(req, "WWW-Authenticate", SLICE("Bearer error=\"invalid_token\""));
    http_reply(req, info->status, "application/problem+json");
}

void http_problem(struct http_req *req, enum problem p, const char *detail)
{
    http_problem_with(req, p, detail, NULL, SLICE(""));
}

void http_store_problem(struct http_req *req, int store_status)
{
    must(store_status != STORE_OK);
    if (store_status == STORE_ERROR)
        http_problem(req, PROBLEM_INTERNAL, "the store refused the command");
    else
        http_problem(req, PROBLEM_STORE_UNAVAILABLE,
                     store_status_unsent((enum store_status)store_status)
                         ? "nothing was changed"
                         : "the change may have happened");
}
