/* json: JSON.*, documents as wholes and by path (store/ds/jdoc.h, jpath.h). */
#include "json.h"

#include "base/mem.h"

#include <stdlib.h>

/* --- JSON.GET and JSON.MGET --- */

enum expand { AS_TEXT, EXPAND, EXPAND_ONE };

struct get {
    struct jdoc_format format;
    enum expand expand;
    uint32_t first; /* of the paths in argv */
};

/* A value as the RESP3 it is; with EXPAND_ONE containers inside are text. */
static void reply_expanded(struct host *h, jval v, const struct get *g, bool outer)
{
    struct buf text = {0};
    struct slice name = {0};
    struct jval_iter it = {0};
    switch (jval_kind(v)) {
    case JDOC_NULL:
        reply_null(h->reply);
        return;
    case JDOC_BOOL:
        reply_bool(h->reply, jval_is_true(v));
        return;
    case JDOC_INTEGER:
        reply_int(h->reply, jval_i64(v));
        return;
    case JDOC_NUMBER:
        reply_double(h->reply, jval_double(v));
        return;
    case JDOC_STRING:
        if (g->expand == EXPAND) {
            reply_bulk(h->reply, jval_string(v));
            return;
        }
        break;
    case JDOC_ARRAY:
    case JDOC_OBJECT:
        if (g->expand == EXPAND_ONE && !outer) break;
        it = jval_each(v);
        if (it.object)
            reply_map(h->reply, it.left);
        else
            reply_array(h->reply, it.left);
        for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
            if (it.object) reply_bulk(h->reply, name);
            reply_expanded(h, child, g, false);
        }
        return;
    }
    jdoc_print(v, &g->format, &text);
    reply_bulk(h->reply, buf_slice(&text));
    buf_fini(&text);
}

/* Reads what stands before the paths. */
static bool get_args(struct host *h, struct get *g)
{
    struct args *a = h->args;
    struct slice word = {0};
    a->at = 2;
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "INDENT")) {
            args_slice(a, &g->format.indent);
        } else if (args_maybe(a, "NEWLINE")) {
            args_slice(a, &g->format.newline);
        } else if (args_maybe(a, "SPACE")) {
            args_slice(a, &g->format.space);
        } else if (args_maybe(a, "FORMAT")) {
            args_slice(a, &word);
            if (h->reply->resp < 3)
                args_fail(a, "ERR FORMAT argument is not supported on RESP2");
            else if (slice_is(word, "EXPAND"))
                g->expand = EXPAND;
            else if (slice_is(word, "EXPAND1"))
                g->expand = EXPAND_ONE;
            else if (!slice_is(word, "STRING"))
                args_fail(a, "ERR wrong reply format");
        } else if (!args_maybe(a, "NOESCAPE")) {
            break;
        }
    }
    g->first = a->at;
    return args_check(a, h->reply);
}

/* All that a path found as the text of an array; of a legacy path the first, by itself. */
static bool print_found(const struct json_target *t, bool single, const struct jdoc_format *format,
                        struct buf *out)
{
    if (single) {
        if (t->found.count == 0) return false;
        jdoc_print(json_value(t, 0), format, out);
        return true;
    }
    jdoc_print_all(t->doc->p, t->found.at, t->found.count, format, out);
    return true;
}

static void get_one(struct host *h, const struct get *g)
{
    struct json_target t;
    if (!json_open(h, json_path_arg(h, g->first), false, &t)) return;
    size_t place = reply_later(h->reply);
    if (t.doc == NULL) {
        reply_null(h->reply);
    } else if (g->expand != AS_TEXT) {
        reply_array(h->reply, t.found.count);
        for (uint32_t i = 0; i < t.found.count; i++)
            reply_expanded(h, json_value(&t, i), g, true);
    } else if (print_found(&t, t.path.legacy, &g->format, h->reply->out)) {
        reply_later_bulk(h->reply, place);
    } else {
        json_no_path(h);
    }
    json_close(&t);
}

/* Several paths: an object of what each finds, by the path as it was written. */
static void get_several(struct host *h, const struct get *g)
{
    uint32_t n = h->argc - g->first;
    struct json_target *t = arena_array(h->arena, n, struct json_target);
    struct buf text = {0};
    uint32_t opened = 0;
    bool single = true, whole = true;
    for (; opened < n; opened++) {
        if (!json_open(h, h->argv[g->first + opened], false, &t[opened])) break;
        single &= t[opened].path.legacy;
    }
    bool replied = opened < n;
    if (!replied && t->doc == NULL) {
        reply_null(h->reply);
        replied = true;
    }
    if (!replied && g->expand != AS_TEXT) reply_array(h->reply, n);
    buf_add_char(&text, '{');
    struct jdoc_format inner = g->format;
    for (uint32_t i = 0; i < n && !replied && whole; i++) {
        if (g->expand != AS_TEXT) {
            reply_array(h->reply, t[i].found.count);
            for (uint32_t k = 0; k < t[i].found.count; k++)
                reply_expanded(h, json_value(&t[i], k), g, true);
            continue;
        }
        if (i > 0) buf_add_char(&text, ',');
        buf_add_slice(&text, g->format.newline);
        buf_add_slice(&text, g->format.indent);
        jdoc_print_string(t[i].path.text, &text);
        buf_add_char(&text, ':');
        buf_add_slice(&text, g->format.space);
        inner.level = 1;
        whole = print_found(&t[i], single, &inner, &text);
    }
    buf_add_slice(&text, g->format.newline);
    buf_add_char(&text, '}');
    if (!replied && !whole)
        json_no_path(h);
    else if (!replied && g->expand == AS_TEXT)
        reply_bulk(h->reply, buf_slice(&text));
    for (uint32_t i = 0; i < opened; i++)
        json_close(&t[i]);
    buf_fini(&text);
}

/* JSON.GET key [INDENT s] [NEWLINE s] [SPACE s] [FORMAT STRING | EXPAND | EXPAND1] [path …] */
void json_get(struct host *h)
{
    struct get g = {0};
    if (!get_args(h, &g)) return;
    if (h->argc - g.first > 1)
        get_several(h, &g);
    else
        get_one(h, &g);
}

/* JSON.MGET key [key …] path: null where there is no document or, of a legacy path, no value */
void json_mget(struct host *h)
{
    static const struct jdoc_format plain;
    const char *error = NULL;
    size_t at = 0;
    struct json_target t = {.h = h};
    if (!jpath_compile(h->argv[h->argc - 1], h->arena, &t.path, &error, &at)) {
        reply_errorf(h->reply, "ERR invalid path at byte %zu: %s", at, error);
        return;
    }
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 1; i + 1 < h->argc; i++) {
        struct buf text = {0};
        t.doc = host_peek(h, h->argv[i], &json_type);
        if (t.doc != NULL && jpath_find(&t.path, 0, buf_slice(t.doc), h->arena, &t.found) &&
            print_found(&t, t.path.legacy, &plain, &text))
            reply_bulk(h->reply, buf_slice(&text));
        else
            reply_null(h->reply);
        buf_fini(&text);
    }
    json_close(&t);
}

/* --- JSON.SET, JSON.MSET, JSON.MERGE --- */

enum condition { ALWAYS, IF_MISSING, IF_THERE };

/* Puts a new document under the target's key. */
static void put_document(struct json_target *t, struct slice value, const char *event)
{
    struct buf *doc = mem_new(struct buf);
    doc->p = mem_dup(value.p, value.len);
    doc->len = doc->cap = value.len;
    host_put(t->h, t->key, &json_type, doc);
    host_changed(t->h, t->key, event);
}

static struct json_result op_replace(struct json_job *job, struct buf *doc, uint32_t at)
{
    jdoc_replace(doc, at, job->value);
    return (struct json_result){.kind = JSON_INT};
}

static struct json_result op_add_member(struct json_job *job, struct buf *doc, uint32_t at)
{
    struct slice name = {0};
    if (jval_kind(doc->p + at) != JDOC_OBJECT) return (struct json_result){0};
    (void)jpath_last_name(&job->t->path, &name);
    jdoc_add_member(doc, at, name, job->value);
    return (struct json_result){.kind = JSON_INT};
}

/* What a path that found nothing adds: a member to each object that its front names. *found then
 * names those objects. False after a reply. */
static bool find_parents(struct json_target *t)
{
    struct slice name = {0};
    if (!jpath_is_static(&t->path)) {
        reply_error(t->h->reply, "ERR wrong static path");
        return false;
    }
    if (!jpath_last_name(&t->path, &name)) {
        reply_error(t->h->reply, "ERR array index out of range");
        return false;
    }
    if (!jdoc_is_utf8(name)) {
        reply_error(t->h->reply, "ERR a name must be UTF-8");
        return false;
    }
    return jpath_find(&t->path, 1, buf_slice(t->doc), t->h->arena, &t->found);
}

enum set { SET_FAILED /* replied */, SET_NOTHING, SET_DONE };

/* Sets value at the target's path, without a reply unless it failed. */
static enum set set_value(struct json_target *t, struct slice value, enum condition when,
                          const char *event)
{
    struct json_job job = {.t = t, .value = value};
    bool changed = false;
    if (t->doc == NULL) {
        if (when == IF_THERE) return SET_NOTHING;
        if (!jpath_is_root(&t->path)) {
            reply_error(t->h->reply, "ERR new objects must be created at the root");
            return SET_FAILED;
        }
        put_document(t, value, event);
        return SET_DONE;
    }
    bool there = t->found.count > 0;
    if (there ? when == IF_MISSING : when == IF_THERE) return SET_NOTHING;
    if (jpath_is_root(&t->path)) {
        put_document(t, value, event);
        return SET_DONE;
    }
    if (!there && !find_parents(t)) return SET_FAILED;
    if (!json_fits(t, value, there ? 0 : 1)) return SET_FAILED;
    (void)json_run(&job, there ? op_replace : op_add_member, &changed);
    if (changed) json_changed(t, event);
    return changed ? SET_DONE : SET_NOTHING;
}

/* JSON.SET key path value [NX | XX] */
void json_set(struct host *h)
{
    struct json_target t;
    struct slice value = {0};
    enum condition when = ALWAYS;
    h->args->at = 4;
    if (args_maybe(h->args, "NX"))
        when = IF_MISSING;
    else if (args_maybe(h->args, "XX"))
        when = IF_THERE;
    if (!args_end(h->args, h->reply) || !json_parse_arg(h, h->argv[3], &value)) return;
    if (!json_open(h, h->argv[2], true, &t)) return;
    enum set done = set_value(&t, value, when, "json.set");
    if (done == SET_DONE)
        reply_ok(h->reply);
    else if (done == SET_NOTHING)
        reply_null(h->reply);
    json_close(&t);
}

/* JSON.MSET key path value [key path value …]: nothing when any of them makes no sense */
void json_mset(struct host *h)
{
    if ((h->argc - 1) % 3 != 0) {
        host_wrong_arity(h);
        return;
    }
    uint32_t n = (h->argc - 1) / 3;
    struct slice *values = arena_array(h->arena, n, struct slice);
    struct json_target t;
    struct slice name = {0};
    for (uint32_t i = 0; i < n; i++) {
        const struct slice *triplet = h->argv + 1 + 3 * i;
        struct host one = *h;
        const struct slice argv[] = {h->argv[0], triplet[0]};
        one.argv = argv;
        if (!json_parse_arg(h, triplet[2], &values[i]) || !json_open(&one, triplet[1], true, &t))
            return;
        const char *wrong = NULL;
        if (t.doc == NULL && !jpath_is_root(&t.path))
            wrong = "ERR new objects must be created at the root";
        else if (t.doc != NULL && t.found.count == 0 && !jpath_is_static(&t.path))
            wrong = "ERR wrong static path";
        else if (t.doc != NULL && t.found.count == 0 && !jpath_last_name(&t.path, &name))
            wrong = "ERR array index out of range";
        if (wrong != NULL) reply_error(h->reply, wrong);
        bool fits = wrong == NULL && (t.doc == NULL || json_fits(&t, values[i], 1));
        json_close(&t);
        if (!fits) return;
    }
    bool all = true;
    for (uint32_t i = 0; i < n; i++) {
        const struct slice *triplet = h->argv + 1 + 3 * i;
        struct host one = *h;
        const struct slice argv[] = {h->argv[0], triplet[0]};
        one.argv = argv;
        if (!json_open(&one, triplet[1], true, &t)) return;
        all &= set_value(&t, values[i], ALWAYS, "json.mset") == SET_DONE;
        json_close(&t);
    }
    if (all)
        reply_ok(h->reply);
    else
        reply_null(h->reply);
}

/* Adds what merging patch into v gives: RFC 7396. v may be NULL: nothing was there. */
static void add_merged(jval v, jval patch, struct buf *out)
{
    struct slice name = {0};
    if (jval_kind(patch) != JDOC_OBJECT) {
        buf_add(out, patch, jval_size(patch));
        return;
    }
    struct buf merged = {0};
    jdoc_add_empty(&merged, true);
    bool object = v != NULL && jval_kind(v) == JDOC_OBJECT;
    struct jval_iter it = object ? jval_each(v) : (struct jval_iter){0};
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
        jval change = jval_member(patch, name);
        struct buf one = {0};
        if (change == NULL)
            buf_add(&one, child, jval_size(child));
        else if (jval_kind(change) != JDOC_NULL)
            add_merged(child, change, &one);
        if (one.len > 0) jdoc_add_member(&merged, 0, name, buf_slice(&one));
        buf_fini(&one);
    }
    it = jval_each(patch);
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
        if (jval_kind(child) == JDOC_NULL || (object && jval_member(v, name) != NULL)) continue;
        struct buf one = {0};
        add_merged(NULL, child, &one);
        jdoc_add_member(&merged, 0, name, buf_slice(&one));
        buf_fini(&one);
    }
    buf_add_slice(out, buf_slice(&merged));
    buf_fini(&merged);
}

static struct json_result op_merge(struct json_job *job, struct buf *doc, uint32_t at)
{
    struct buf merged = {0};
    add_merged(doc->p + at, job->value.p, &merged);
    jdoc_replace(doc, at, buf_slice(&merged));
    buf_fini(&merged);
    return (struct json_result){.kind = JSON_INT};
}

static uint32_t delete_found(struct json_target *t);

/* JSON.MERGE key path value */
void json_merge(struct host *h)
{
    struct json_target t;
    struct slice value = {0};
    if (!json_parse_arg(h, h->argv[3], &value) || !json_open(h, h->argv[2], true, &t)) return;
    struct json_job job = {.t = &t, .value = value};
    bool changed = false;
    enum set done = SET_DONE;
    if (t.doc == NULL || t.found.count == 0) { /* merging with nothing drops nulls */
        struct buf merged = {0};
        add_merged(NULL, value.p, &merged);
        if (t.doc != NULL && jval_kind(value.p) == JDOC_NULL)
            done = SET_NOTHING;
        else
            done = set_value(&t, buf_slice(&merged), ALWAYS, "json.merge");
        buf_fini(&merged);
    } else if (jval_kind(value.p) == JDOC_NULL && !jpath_is_root(&t.path)) {
        done = delete_found(&t) > 0 ? SET_DONE : SET_NOTHING;
        if (done == SET_DONE) json_changed(&t, "json.merge");
    } else if (json_fits(&t, value, 0)) {
        (void)json_run(&job, op_merge, &changed);
        json_changed(&t, "json.merge");
    } else {
        done = SET_FAILED;
    }
    if (done == SET_DONE)
        reply_ok(h->reply);
    else if (done == SET_NOTHING)
        reply_null(h->reply);
    json_close(&t);
}

/* --- JSON.DEL, JSON.CLEAR --- */

static int by_offset(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void make_empty(void *data, uint32_t i, struct buf *value)
{
    (void)data;
    (void)i;
    buf_clear(value);
}

/* Removes all that was found, none of it the document itself, from their containers; what lies
 * within another that goes is not counted. */
static uint32_t delete_found(struct json_target *t)
{
    uint32_t n = 0, end = 0, container = 0, place = 0, *at = t->found.at;
    qsort(at, t->found.count, sizeof *at, by_offset);
    for (uint32_t i = 0; i < t->found.count; i++) {
        if (at[i] < end) continue;
        end = at[i] + (uint32_t)jval_size(t->doc->p + at[i]);
        at[n++] = at[i];
    }
    if (n > 1)
        jdoc_change_all(t->doc, at, n, make_empty, NULL);
    else if (n == 1 && jdoc_parent(t->doc, at[0], &container, &place))
        jdoc_remove(t->doc, container, place, 1);
    return n;
}

/* JSON.DEL key [path] */
void json_del(struct host *h)
{
    struct json_target t;
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (!json_open(h, json_path_arg(h, 2), true, &t)) return;
    uint32_t n = 0;
    if (t.doc != NULL && jpath_is_root(&t.path)) {
        n = 1;
    } else if (t.doc != NULL) {
        n = delete_found(&t);
    }
    bool container =
        t.doc != NULL && (jval_kind(t.doc->p) == JDOC_OBJECT || jval_kind(t.doc->p) == JDOC_ARRAY);
    bool empty = container && jval_count(t.doc->p) == 0;
    if (n > 0 && (empty || jpath_is_root(&t.path))) {
        (void)host_del(h, t.key);
        t.doc = NULL;
    }
    if (n > 0) json_changed(&t, "json.del");
    reply_int(h->reply, n);
    json_close(&t);
}

static struct json_result op_clear(struct json_job *job, struct buf *doc, uint32_t at)
{
    (void)job;
    jval v = doc->p + at;
    struct buf empty = {0};
    enum jdoc_kind kind = jval_kind(v);
    if (kind == JDOC_ARRAY || kind == JDOC_OBJECT) {
        if (jval_count(v) > 0) jdoc_add_empty(&empty, kind == JDOC_OBJECT);
    } else if ((kind == JDOC_INTEGER && jval_i64(v) != 0) ||
               (kind == JDOC_NUMBER && jval_double(v) != 0)) {
        jdoc_add_i64(&empty, 0);
    }
    struct json_result r = {.kind = empty.len > 0 ? JSON_INT : JSON_NONE};
    if (empty.len > 0) jdoc_replace(doc, at, buf_slice(&empty));
    buf_fini(&empty);
    return r;
}

/* JSON.CLEAR key [path] */
void json_clear(struct host *h)
{
    struct json_target t;
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (!json_open_existing(h, json_path_arg(h, 2), true, &t)) return;
    struct json_job job = {.t = &t};
    bool changed = false;
    const struct json_result *results = json_run(&job, op_clear, &changed);
    int64_t n = 0;
    for (uint32_t i = 0; i < t.found.count; i++)
        n += results[i].kind != JSON_NONE;
    if (changed) json_changed(&t, "json.clear");
    reply_int(h->reply, n);
    json_close(&t);
}
