#include "base/clock.h"
#include "base/must.h"
#include "services/kit/http_impl.h"
#include "services/kit/ids.h"

#include <jansson.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 8, WHERE_MAX = 200 };

struct body {
    struct http_req *req;
    json_t *root; /* owned */
    bool malformed;
    struct slice detail;   /* why it is malformed; in the arena */
    json_t *at[DEPTH_MAX]; /* the object being read is at[depth] */
    size_t where_len[DEPTH_MAX];
    char where[WHERE_MAX]; /* its JSON pointer */
    uint32_t depth;
};

void http_add_error(struct http_req *req, const char *member, struct slice where,
                    const char *detail)
{
    if (req->errors_count == HTTP_ERRORS_MAX) return;
    req->errors[req->errors_count++] = (struct field_error){
        .member = member,
        .where = arena_copy(&req->arena, where),
        .detail = slice_of(detail),
    };
}

void body_fini(struct body *b)
{
    if (b != NULL) json_decref(b->root);
}

struct body *http_body(struct http_req *req)
{
    if (req->json != NULL) return req->json;
    struct body *b = arena_new(&req->arena, struct body);
    b->req = req;
    req->json = b;

    json_error_t e;
    b->root = json_loadb(req->body.p, req->body.len, JSON_REJECT_DUPLICATES, &e);
    b->at[0] = b->root;
    if (b->root == NULL) {
        b->malformed = true;
        b->detail = req->body.len == 0
                        ? SLICE("a JSON body is needed")
                        : arena_printf(&req->arena, "not JSON at byte %d: %s", e.position, e.text);
    } else if (!json_is_object(b->root)) {
        b->malformed = true;
        b->detail = SLICE("the body is not a JSON object");
    }
    return b;
}

/* The member, or NULL; null counts as missing. */
static json_t *find(const struct body *b, const char *name)
{
    if (b->malformed) return NULL;
    json_t *v = json_object_get(b->at[b->depth], name);
    return json_is_null(v) ? NULL : v;
}

/* Appends "/name" to the pointer of the object being read; gives the new length. */
static size_t extend(struct body *b, const char *name)
{
    size_t len = b->where_len[b->depth];
    int n = snprintf(b->where + len, sizeof b->where - len, "/%s", name);
    must(n > 0);
    size_t end = len + (size_t)n;
    return end < sizeof b->where ? end : sizeof b->where - 1;
}

void body_fail(struct body *b, const char *name, const char *detail)
{
    if (b->malformed) return;
    size_t len = extend(b, name);
    http_add_error(b->req, "pointer", slice_make(b->where, len), detail);
}

static json_t *need(struct body *b, const char *name)
{
    json_t *v = find(b, name);
    if (v == NULL) body_fail(b, name, "is missing");
    return v;
}

bool body_maybe(struct body *b, const char *name)
{
    return find(b, name) != NULL;
}

static bool string_fits(const json_t *v, size_t min, size_t max)
{
    size_t len = json_string_length(v);
    return len >= min && len <= max && memchr(json_string_value(v), '\0', len) == NULL;
}

void body_str(struct body *b, const char *name, size_t min, size_t max, struct slice *out)
{
    json_t *v = need(b, name);
    if (v == NULL) return;
    if (!json_is_string(v))
        body_fail(b, name, "is not a string");
    else if (!string_fits(v, min, max))
        body_fail(b, name, "is too short, too long or holds a zero byte");
    else
        *out = slice_make(json_string_value(v), json_string_length(v));
}

void body_id(struct body *b, const char *name, struct slice *out)
{
    struct slice s = {0};
    body_str(b, name, 1, ID_MAX, &s);
    if (s.len == 0) return;
    if (id_valid(s))
        *out = s;
    else
        body_fail(b, name, "has a character that no id has");
}

void body_word(struct body *b, const char *name, const char *const *words, int *out)
{
    struct slice s = {0};
    body_str(b, name, 1, 64, &s);
    if (s.len == 0) return;
    for (int i = 0; words[i] != NULL; i++) {
        if (!slice_is(s, words[i])) continue;
        *out = i;
        return;
    }
    body_fail(b, name, "is none of the words allowed");
}

void body_double(struct body *b, const char *name, double min, double max, double *out)
{
    json_t *v = need(b, name);
    if (v == NULL) return;
    double d = json_number_value(v);
    if (!json_is_number(v))
        body_fail(b, name, "is not a number");
    else if (!(d >= min && d <= max))
        body_fail(b, name, "is out of range");
    else
        *out = d;
}

void body_i64(struct body *b, const char *name, int64_t min, int64_t max, int64_t *out)
{
    json_t *v = need(b, name);
    if (v == NULL) return;
    bool whole = json_is_integer(v) ||
                 (json_is_real(v) && json_real_value(v) == nearbyint(json_real_value(v)) &&
                  fabs(json_real_value(v)) < 9e15);
    int64_t n = json_is_integer(v) ? json_integer_value(v)
                : whole            ? (int64_t)json_real_value(v)
                                   : 0;
    if (!whole)
        body_fail(b, name, "is not a whole number");
    else if (n < min || n > max)
        body_fail(b, name, "is out of range");
    else
        *out = n;
}

void body_bool(struct body *b, const char *name, bool *out)
{
    json_t *v = need(b, name);
    if (v == NULL) return;
    if (json_is_boolean(v))
        *out = json_is_true(v);
    else
        body_fail(b, name, "is neither true nor false");
}

void body_time(struct body *b, const char *name, int64_t *unix_ms)
{
    json_t *v = need(b, name);
    if (v == NULL) return;
    struct slice text = slice_make(json_string_value(v), json_string_length(v));
    if (!json_is_string(v) || clock_parse(text, unix_ms) != 0)
        body_fail(b, name, "is not an RFC 3339 time");
}

void body_lat_lon(struct body *b, struct geo_point *out)
{
    struct geo_point p = {.lon = (double)NAN, .lat = (double)NAN};
    body_double(b, "lat", -GEOHASH_LAT_MAX, GEOHASH_LAT_MAX, &p.lat);
    body_double(b, "lon", -GEOHASH_LON_MAX, GEOHASH_LON_MAX, &p.lon);
    if (geohash_valid(p)) *out = p;
}

void body_point(struct body *b, const char *name, struct geo_point *out)
{
    if (!body_enter(b, name)) return;
    body_lat_lon(b, out);
    body_leave(b);
}

static bool enter(struct body *b, const char *name, json_t *v)
{
    if (!json_is_object(v)) {
        body_fail(b, name, "is not an object");
        return false;
    }
    must(b->depth + 1 < DEPTH_MAX);
    size_t len = extend(b, name);
    b->depth++;
    b->at[b->depth] = v;
    b->where_len[b->depth] = len;
    return true;
}

bool body_enter(struct body *b, const char *name)
{
    json_t *v = need(b, name);
    return v != NULL && enter(b, name, v);
}

void body_leave(struct body *b)
{
    must(b->depth > 0);
    b->depth--;
}

size_t body_array(struct body *b, const char *name, size_t min, size_t max)
{
    json_t *v = need(b, name);
    if (v == NULL) return 0;
    size_t n = json_array_size(v);
    if (!json_is_array(v)) {
        body_fail(b, name, "is not an array");
        return 0;
    }
    if (n < min || n > max) {
        body_fail(b, name, "has too few or too many elements");
        return 0;
    }
    return n;
}

bool body_enter_item(struct body *b, const char *name, size_t i)
{
    char place[80];
    json_t *v = json_array_get(find(b, name), i);
    if (b->malformed) return false;
    (void)snprintf(place, sizeof place, "%s/%zu", name, i);
    return enter(b, place, v);
}

void body_item_str(struct body *b, const char *name, size_t i, size_t min, size_t max,
                   struct slice *out)
{
    char place[80];
    json_t *v = json_array_get(find(b, name), i);
    (void)snprintf(place, sizeof place, "%s/%zu", name, i);
    if (!json_is_string(v))
        body_fail(b, place, "is not a string");
    else if (!string_fits(v, min, max))
        body_fail(b, place, "is too short, too long or holds a zero byte");
    else
        *out = slice_make(json_string_value(v), json_string_length(v));
}

bool body_end(struct body *b)
{
    if (b->malformed) {
        http_problem(b->req, PROBLEM_MALFORMED, b->detail.p);
        return false;
    }
    must(b->depth == 0);
    if (b->req->errors_count == 0) return true;
    http_problem(b->req, PROBLEM_INVALID_VALUE, NULL);
    return false;
}

char *body_digest(struct body *b, char out[static BODY_DIGEST + 1])
{
    must(!b->malformed);
    unsigned char digest[32];
    unsigned int n = 0;
    char *text = json_dumps(b->root, JSON_COMPACT | JSON_SORT_KEYS);
    must(text != NULL);
    must(EVP_Digest(text, strlen(text), digest, &n, EVP_sha256(), NULL) == 1);
    must(n == 32);
    free(text);
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out[BODY_DIGEST] = '\0';
    return out;
}
