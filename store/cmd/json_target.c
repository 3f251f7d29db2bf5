/* json_target: documents, paths and changes, as all JSON commands open and make them. */
#include "base/mem.h"
#include "store/cmd/json.h"

#include <stdlib.h>

/* --- the value type: a struct buf --- */

static void doc_free(void *v)
{
    struct buf *doc = v;
    buf_fini(doc);
    mem_free(doc);
}

static void *doc_of(struct slice bytes)
{
    struct buf *doc = mem_new(struct buf);
    doc->p = mem_dup(bytes.p, bytes.len);
    doc->len = doc->cap = bytes.len;
    return doc;
}

static void *doc_copy(const void *v)
{
    return doc_of(buf_slice(v));
}

static size_t doc_memory(const void *v)
{
    const struct buf *doc = v;
    return mem_size(doc) + mem_size(doc->p);
}

static uint64_t doc_effort(const void *v)
{
    (void)v;
    return 2;
}

static void doc_save(const void *v, struct buf *out)
{
    buf_add_slice(out, buf_slice(v));
}

static void *doc_load(struct slice bytes, uint32_t version)
{
    struct arena arena = {0};
    bool ok = version == 1 && jdoc_valid(bytes, &arena);
    arena_fini(&arena);
    return ok ? doc_of(bytes) : NULL;
}

static const void *doc_inside(const void *v)
{
    return ((const struct buf *)v)->p;
}

struct family_type json_type = {.name = "ReJSON-RL",
                                .version = 1,
                                .free = doc_free,
                                .copy = doc_copy,
                                .memory = doc_memory,
                                .effort = doc_effort,
                                .save = doc_save,
                                .load = doc_load,
                                .inside = doc_inside};

/* --- arguments --- */

struct slice json_path_arg(const struct host *h, uint32_t i)
{
    return i < h->argc ? h->argv[i] : SLICE(".");
}

/* Where byte `at` of the text stands, as people count. */
static void place_of(struct slice text, size_t at, size_t *line, size_t *column)
{
    *line = *column = 1;
    for (size_t i = 0; i < at && i < text.len; i++) {
        ++*column;
        if (text.p[i] != '\n') continue;
        ++*line;
        *column = 1;
    }
}

static bool parse_into(struct host *h, struct slice text, struct buf *out)
{
    struct jdoc_error error = {0};
    size_t line = 0, column = 0;
    if (jdoc_parse(text, JDOC_DEPTH_MAX, h->arena, out, &error)) return true;
    place_of(text, error.at, &line, &column);
    reply_errorf(h->reply, "ERR %s at line %zu column %zu", error.what, line, column);
    return false;
}

bool json_parse_args(struct host *h, uint32_t from, uint32_t to, struct slice *values)
{
    struct buf bytes = {0};
    bool ok = true;
    for (uint32_t i = from; ok && i < to; i++)
        ok = parse_into(h, h->argv[i], &bytes);
    if (ok) *values = arena_copy(h->arena, buf_slice(&bytes));
    buf_fini(&bytes);
    return ok;
}

bool json_parse_arg(struct host *h, struct slice text, struct slice *value)
{
    struct buf bytes = {0};
    bool ok = parse_into(h, text, &bytes);
    if (ok) *value = arena_copy(h->arena, buf_slice(&bytes));
    buf_fini(&bytes);
    return ok;
}

/* --- targets --- */

bool json_open(struct host *h, struct slice path, bool write, struct json_target *t)
{
    const char *error = NULL;
    size_t at = 0;
    void *doc = NULL;
    *t = (struct json_target){.h = h, .key = h->argv[1]};
    if (!(write ? host_find_write(h, t->key, &json_type, &doc)
                : host_find(h, t->key, &json_type, &doc)))
        return false;
    t->doc = doc;
    if (!jpath_compile(path, h->arena, &t->path, &error, &at)) {
        reply_errorf(h->reply, "ERR invalid path at byte %zu: %s", at, error);
        return false;
    }
    if (doc == NULL || jpath_find(&t->path, 0, buf_slice(t->doc), h->arena, &t->found)) return true;
    reply_error(h->reply, "ERR the path finds too many values");
    json_close(t);
    return false;
}

bool json_open_existing(struct host *h, struct slice path, bool write, struct json_target *t)
{
    if (!json_open(h, path, write, t)) return false;
    if (t->doc != NULL) return true;
    reply_error(h->reply, "ERR could not perform this operation on a key that doesn't exist");
    json_close(t);
    return false;
}

void json_close(struct json_target *t)
{
    jpath_fini(&t->path);
}

void json_no_path(struct host *h)
{
    reply_error(h->reply, "ERR Path does not exist");
}

void json_no_path_or(struct host *h, const char *what)
{
    reply_errorf(h->reply, "ERR Path does not exist or %s", what);
}

/* --- changes --- */

bool json_fits_deep(struct json_target *t, size_t bytes, uint32_t depth, uint32_t below)
{
    enum { NAME_ROOM = 64 }; /* heads of values and a name */
    uint32_t n = t->found.count;
    if (n == 0) return true;
    if (t->doc->len + n * ((uint64_t)bytes + t->path.text.len + NAME_ROOM) > JDOC_BYTES_MAX) {
        reply_error(t->h->reply, "ERR document too large");
        return false;
    }
    uint32_t level = n == 1 ? jdoc_level(t->doc, t->found.at[0]) : jval_depth(t->doc->p);
    if (level + below + depth > JDOC_DEPTH_MAX) {
        reply_error(t->h->reply, "ERR recursion limit exceeded");
        return false;
    }
    return true;
}

bool json_fits(struct json_target *t, struct slice value, uint32_t below)
{
    return json_fits_deep(t, value.len, jval_depth(value.p), below);
}

void json_changed(struct json_target *t, const char *event)
{
    struct buf *doc = t->doc;
    if (doc != NULL && doc->cap > doc->len + doc->len / 4 + 64) {
        doc->p = mem_realloc(doc->p, doc->len);
        doc->cap = doc->len;
    }
    host_changed(t->h, t->key, event);
}

/* Several values at once. */
struct several {
    struct json_job *job;
    json_op op;
    struct json_result *of; /* one for each different offset */
    bool changed;
};

static void change_one(void *data, uint32_t i, struct buf *value)
{
    struct several *s = data;
    if (s->job->error != NULL) return;
    s->job->unchanged = false;
    s->of[i] = s->op(s->job, value, 0);
    s->changed |= s->of[i].kind != JSON_NONE && !s->job->unchanged;
}

static int by_offset(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t index_of(const uint32_t *sorted, uint32_t n, uint32_t at)
{
    const uint32_t *found = bsearch(&at, sorted, n, sizeof *sorted, by_offset);
    return (uint32_t)(found - sorted);
}

/* All values change in a copy, so that an error in one of them changes nothing. */
static struct json_result *run_several(struct json_job *job, json_op op, bool *changed)
{
    struct json_target *t = job->t;
    uint32_t n = t->found.count, different = 0;
    uint32_t *sorted = arena_array(t->h->arena, n, uint32_t);
    memcpy(sorted, t->found.at, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_offset);
    for (uint32_t i = 0; i < n; i++)
        if (i == 0 || sorted[i] != sorted[i - 1]) sorted[different++] = sorted[i];
    struct several s = {
        .job = job, .op = op, .of = arena_array(t->h->arena, different, struct json_result)};
    struct buf copy = {0};
    buf_add_slice(&copy, buf_slice(t->doc));
    jdoc_change_all(&copy, sorted, different, change_one, &s);
    *changed = s.changed && job->error == NULL;
    if (*changed) {
        struct buf old = *t->doc;
        *t->doc = copy;
        copy = old;
    }
    buf_fini(&copy);
    struct json_result *results = arena_array(t->h->arena, n, struct json_result);
    for (uint32_t i = 0; i < n; i++)
        results[i] = s.of[index_of(sorted, different, t->found.at[i])];
    return results;
}

struct json_result *json_run(struct json_job *job, json_op op, bool *changed)
{
    struct json_target *t = job->t;
    *changed = false;
    if (t->found.count == 0) return NULL;
    if (t->found.count > 1) return run_several(job, op, changed);
    struct json_result *result = arena_new(t->h->arena, struct json_result);
    *result = op(job, t->doc, t->found.at[0]);
    *changed = result->kind != JSON_NONE && !job->unchanged && job->error == NULL;
    return result;
}

static void reply_result(struct reply *r, const struct json_result *result)
{
    if (result->kind == JSON_NONE)
        reply_null(r);
    else if (result->kind == JSON_INT)
        reply_int(r, result->n);
    else
        reply_bulk(r, result->text);
}

void json_apply(struct json_job *job, json_op op, const char *event, const char *what)
{
    struct json_target *t = job->t;
    struct reply *r = t->h->reply;
    bool changed = false;
    const struct json_result *results = json_run(job, op, &changed), *last = NULL;
    if (changed && event != NULL) json_changed(t, event);
    for (uint32_t i = 0; i < t->found.count; i++)
        if (results[i].kind != JSON_NONE) last = &results[i];
    if (job->error != NULL) {
        reply_error(r, job->error);
    } else if (!t->path.legacy) {
        reply_array(r, t->found.count);
        for (uint32_t i = 0; i < t->found.count; i++)
            reply_result(r, &results[i]);
    } else if (last != NULL) {
        reply_result(r, last);
    } else {
        json_no_path_or(t->h, what);
    }
    json_close(t);
}
