#include "base/must.h"
#include "services/kit/http_impl.h"

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
};

enum http_method method_parse(struct slice word)
{
    if (slice_is(word, "HEAD")) return HTTP_GET;
    for (int i = 0; i < HTTP_METHODS; i++)
        if (slice_is(word, method_names[i])) return (enum http_method)i;
    return HTTP_METHODS;
}

const char *method_name(enum http_method m)
{
    must(m < HTTP_METHODS);
    return method_names[m];
}

void methods_list(uint32_t methods, struct buf *out)
{
    for (int i = 0; i < HTTP_METHODS; i++) {
        if ((methods & (1u << i)) == 0) continue;
        if (i == HTTP_GET)
            buf_add_cstr(out, "GET, HEAD, ");
        else
            buf_addf(out, "%s, ", method_names[i]);
    }
    buf_add_cstr(out, "OPTIONS");
}

/* Matches one pattern; parameters go to m. A parameter takes one segment that is not empty; a
 * ':' inside a segment (/v1/locations:batch) is a plain character. */
static bool match_one(const char *pattern, struct slice path, struct route_match *m)
{
    const char *p = pattern;
    size_t at = 0;
    m->params_count = 0;
    while (*p != '\0') {
        bool param_here = p > pattern && p[-1] == '/' && (*p == ':' || (*p == '*' && p[1] == '\0'));
        if (!param_here) {
            if (at >= path.len || path.p[at] != *p) return false;
            p++;
            at++;
            continue;
        }
        must(m->params_count < HTTP_PARAMS_MAX);
        struct http_param *param = &m->params[m->params_count++];
        size_t from = at;
        if (*p == '*') {
            param->name = SLICE("*");
            param->value = slice_from(path, from);
            return true;
        }
        const char *name = ++p;
        while (*p != '\0' && *p != '/')
            p++;
        while (at < path.len && path.p[at] != '/')
            at++;
        if (at == from) return false;
        param->name = slice_make(name, (size_t)(p - name));
        param->value = slice_make(path.p + from, at - from);
    }
    return at == path.len;
}

void route_find(const struct http_route *routes, size_t count, enum http_method method,
                struct slice path, struct route_match *m)
{
    *m = (struct route_match){0};
    for (size_t i = 0; i < count; i++) {
        struct route_match one = {0};
        if (!match_one(routes[i].path, path, &one)) continue;
        m->methods |= 1u << routes[i].method;
        if (routes[i].method != method) continue;
        if (m->route != NULL && m->params_count <= one.params_count) continue;
        m->route = &routes[i];
        m->params_count = one.params_count;
        memcpy(m->params, one.params, sizeof one.params);
    }
}

bool origin_allowed(const char *list, struct slice origin)
{
    struct slice rest = slice_of(list);
    struct slice one = {0};
    if (origin.len == 0) return false;
    if (slice_is(rest, "*")) return true;
    while (slice_cut(&rest, ',', &one))
        if (slice_ieq(slice_trim(one), origin)) return true;
    return false;
}
