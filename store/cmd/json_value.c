/* json_value: JSON commands of numbers, booleans and strings, and those that look at any value. */
#include "base/mem.h"
#include "store/cmd/json.h"

#include <math.h>

static struct json_result none(void)
{
    return (struct json_result){0};
}

static struct json_result number(int64_t n)
{
    return (struct json_result){.kind = JSON_INT, .n = n};
}

static struct json_result text_of(struct json_job *job, jval v)
{
    static const struct jdoc_format plain;
    struct buf text = {0};
    jdoc_print(v, &plain, &text);
    struct json_result r = {.kind = JSON_TEXT,
                            .text = arena_copy(job->t->h->arena, buf_slice(&text))};
    buf_fini(&text);
    return r;
}

/* --- JSON.NUMINCRBY, JSON.NUMMULTBY --- */

enum { BY_ADDING, BY_MULTIPLYING }; /* in job->a */

/* Adds what v and the operand make; false when it is no number any more. */
static bool add_computed(jval v, jval operand, bool multiply, struct buf *out)
{
    int64_t n = 0;
    bool whole = jval_kind(v) == JDOC_INTEGER && jval_kind(operand) == JDOC_INTEGER;
    if (whole && !(multiply ? __builtin_mul_overflow(jval_i64(v), jval_i64(operand), &n)
                            : __builtin_add_overflow(jval_i64(v), jval_i64(operand), &n))) {
        jdoc_add_i64(out, n);
        return true;
    }
    double x = jval_double(v), y = jval_double(operand);
    double d = multiply ? x * y : x + y;
    if (!isfinite(d)) return false;
    jdoc_add_double(out, d);
    return true;
}

static struct json_result op_compute(struct json_job *job, struct buf *doc, uint32_t at)
{
    jval v = doc->p + at;
    struct buf result = {0};
    struct json_result r = none();
    if (jval_kind(v) != JDOC_INTEGER && jval_kind(v) != JDOC_NUMBER) return r;
    if (add_computed(v, job->value.p, job->a == BY_MULTIPLYING, &result)) {
        r = text_of(job, result.p);
        jdoc_replace(doc, at, buf_slice(&result));
    } else {
        job->error = "ERR result is not a number";
    }
    buf_fini(&result);
    return r;
}

/* The numbers as one JSON array, or as an array of numbers in RESP3. */
static void reply_numbers(struct json_target *t, const struct json_result *results)
{
    struct reply *r = t->h->reply;
    struct buf text = {0};
    int64_t whole = 0;
    double d = 0;
    if (r->resp == 3) reply_array(r, t->found.count);
    for (uint32_t i = 0; i < t->found.count; i++) {
        buf_add_char(&text, i == 0 ? '[' : ',');
        buf_add_slice(&text, results[i].kind == JSON_NONE ? SLICE("null") : results[i].text);
        if (r->resp < 3) continue;
        if (results[i].kind == JSON_NONE)
            reply_null(r);
        else if (slice_i64(results[i].text, &whole))
            reply_int(r, whole);
        else if (slice_double(results[i].text, &d))
            reply_double(r, d);
    }
    if (t->found.count == 0) buf_add_char(&text, '[');
    buf_add_char(&text, ']');
    if (r->resp < 3) reply_bulk(r, buf_slice(&text));
    buf_fini(&text);
}

static void compute(struct host *h, int64_t how, const char *event)
{
    struct json_target t;
    struct slice operand = {0};
    bool changed = false;
    if (!json_parse_arg(h, h->argv[3], &operand)) return;
    enum jdoc_kind kind = jval_kind(operand.p);
    if (kind != JDOC_INTEGER && kind != JDOC_NUMBER) {
        reply_error(h->reply, "ERR expected a number");
        return;
    }
    if (!json_open_existing(h, h->argv[2], true, &t)) return;
    struct json_job job = {.t = &t, .value = operand, .a = how};
    if (t.path.legacy && h->reply->resp < 3) {
        json_apply(&job, op_compute, event, "does not contains a number");
        return;
    }
    const struct json_result *results = json_run(&job, op_compute, &changed);
    if (changed) json_changed(&t, event);
    if (job.error != NULL)
        reply_error(h->reply, job.error);
    else
        reply_numbers(&t, results);
    json_close(&t);
}

/* JSON.NUMINCRBY key path number */
void json_numincrby(struct host *h)
{
    compute(h, BY_ADDING, "json.numincrby");
}

/* JSON.NUMMULTBY key path number */
void json_nummultby(struct host *h)
{
    compute(h, BY_MULTIPLYING, "json.nummultby");
}

/* --- JSON.TOGGLE --- */

static struct json_result op_toggle(struct json_job *job, struct buf *doc, uint32_t at)
{
    struct buf other = {0};
    struct jdoc_error error = {0};
    if (jval_kind(doc->p + at) != JDOC_BOOL) return none();
    bool now = !jval_is_true(doc->p + at);
    (void)jdoc_parse(now ? SLICE("true") : SLICE("false"), 1, job->t->h->arena, &other, &error);
    jdoc_replace(doc, at, buf_slice(&other));
    buf_fini(&other);
    if (!job->t->path.legacy) return number(now);
    return (struct json_result){.kind = JSON_TEXT, .text = now ? SLICE("true") : SLICE("false")};
}

/* JSON.TOGGLE key path */
void json_toggle(struct host *h)
{
    struct json_target t;
    if (!json_open_existing(h, h->argv[2], true, &t)) return;
    struct json_job job = {.t = &t};
    json_apply(&job, op_toggle, "json.toggle", "not a bool");
}

/* --- strings --- */

static struct json_result op_append(struct json_job *job, struct buf *doc, uint32_t at)
{
    if (jval_kind(doc->p + at) != JDOC_STRING) return none();
    struct buf text = {0}, value = {0};
    buf_add_slice(&text, jval_string(doc->p + at));
    buf_add_slice(&text, jval_string(job->value.p));
    jdoc_add_string(&value, buf_slice(&text));
    struct json_result r = number((int64_t)text.len);
    jdoc_replace(doc, at, buf_slice(&value));
    buf_fini(&text);
    buf_fini(&value);
    return r;
}

/* JSON.STRAPPEND key [path] value */
void json_strappend(struct host *h)
{
    struct json_target t;
    struct slice value = {0};
    if (h->argc > 4) {
        host_wrong_arity(h);
        return;
    }
    if (!json_parse_arg(h, h->argv[h->argc - 1], &value)) return;
    if (jval_kind(value.p) != JDOC_STRING) {
        reply_error(h->reply, "WRONGTYPE wrong type of path value - expected string");
        return;
    }
    if (!json_open_existing(h, h->argc == 4 ? h->argv[2] : SLICE("."), true, &t)) return;
    if (!json_fits(&t, value, 0)) {
        json_close(&t);
        return;
    }
    struct json_job job = {.t = &t, .value = value};
    json_apply(&job, op_append, "json.strappend", "not a string");
}

static struct json_result op_strlen(struct json_job *job, struct buf *doc, uint32_t at)
{
    job->unchanged = true;
    jval v = doc->p + at;
    return jval_kind(v) == JDOC_STRING ? number((int64_t)jval_string(v).len) : none();
}

/* Lengths of what argv[2] names: of a missing key null, or an error for a path with `$`. */
static void look(struct host *h, json_op op, const char *what)
{
    struct json_target t;
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (!json_open(h, json_path_arg(h, 2), false, &t)) return;
    if (t.doc == NULL) {
        if (t.path.legacy)
            reply_null(h->reply);
        else
            reply_error(h->reply,
                        "ERR could not perform this operation on a key that doesn't exist");
        json_close(&t);
        return;
    }
    struct json_job job = {.t = &t};
    json_apply(&job, op, NULL, what);
}

/* JSON.STRLEN key [path] */
void json_strlen(struct host *h)
{
    look(h, op_strlen, "not a string");
}

static struct json_result op_arrlen(struct json_job *job, struct buf *doc, uint32_t at)
{
    job->unchanged = true;
    jval v = doc->p + at;
    return jval_kind(v) == JDOC_ARRAY ? number(jval_count(v)) : none();
}

/* JSON.ARRLEN key [path] */
void json_arrlen(struct host *h)
{
    look(h, op_arrlen, "not an array");
}

static struct json_result op_objlen(struct json_job *job, struct buf *doc, uint32_t at)
{
    job->unchanged = true;
    jval v = doc->p + at;
    return jval_kind(v) == JDOC_OBJECT ? number(jval_count(v)) : none();
}

/* JSON.OBJLEN key [path] */
void json_objlen(struct host *h)
{
    look(h, op_objlen, "not an object");
}

static void reply_names(struct host *h, jval v)
{
    struct slice name = {0};
    struct jval_iter it = jval_each(v);
    reply_array(h->reply, it.left);
    while (jval_next(&it, &name) != NULL)
        reply_bulk(h->reply, name);
}

/* JSON.OBJKEYS key [path] */
void json_objkeys(struct host *h)
{
    struct json_target t;
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (!json_open(h, json_path_arg(h, 2), false, &t)) return;
    if (t.doc == NULL) {
        reply_null_array(h->reply);
    } else if (!t.path.legacy) {
        reply_array(h->reply, t.found.count);
        for (uint32_t i = 0; i < t.found.count; i++) {
            if (jval_kind(json_value(&t, i)) == JDOC_OBJECT)
                reply_names(h, json_value(&t, i));
            else
                reply_null(h->reply);
        }
    } else if (t.found.count == 0) {
        reply_null_array(h->reply);
    } else if (jval_kind(json_value(&t, 0)) != JDOC_OBJECT) {
        json_no_path_or(h, "not an object");
    } else {
        reply_names(h, json_value(&t, 0));
    }
    json_close(&t);
}

/* --- any value --- */

static const char *kind_name(jval v)
{
    static const char *const names[] = {
        [JDOC_NULL] = "null",     [JDOC_BOOL] = "boolean",  [JDOC_INTEGER] = "integer",
        [JDOC_NUMBER] = "number", [JDOC_STRING] = "string", [JDOC_ARRAY] = "array",
        [JDOC_OBJECT] = "object"};
    return names[jval_kind(v)];
}

/* JSON.TYPE key [path] */
void json_type_of(struct host *h)
{
    struct json_target t;
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (!json_open(h, json_path_arg(h, 2), false, &t)) return;
    if (h->reply->resp == 3) reply_array(h->reply, 1);
    if (t.doc == NULL || (t.path.legacy && t.found.count == 0)) {
        reply_null(h->reply);
    } else if (t.path.legacy) {
        reply_cstr(h->reply, kind_name(json_value(&t, 0)));
    } else {
        reply_array(h->reply, t.found.count);
        for (uint32_t i = 0; i < t.found.count; i++)
            reply_cstr(h->reply, kind_name(json_value(&t, i)));
    }
    json_close(&t);
}

/* A value in the types of RESP2: containers as arrays that begin with their bracket. */
static void reply_resp(struct host *h, jval v)
{
    struct slice name = {0};
    struct jval_iter it = {0};
    switch (jval_kind(v)) {
    case JDOC_NULL:
        reply_null(h->reply);
        break;
    case JDOC_BOOL:
        reply_status(h->reply, jval_is_true(v) ? "true" : "false");
        break;
    case JDOC_INTEGER:
        reply_int(h->reply, jval_i64(v));
        break;
    case JDOC_NUMBER:
        reply_double(h->reply, jval_double(v));
        break;
    case JDOC_STRING:
        reply_bulk(h->reply, jval_string(v));
        break;
    case JDOC_ARRAY:
    case JDOC_OBJECT:
        it = jval_each(v);
        reply_array(h->reply, 1 + (it.object ? 2 : 1) * (uint64_t)it.left);
        reply_status(h->reply, it.object ? "{" : "[");
        for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
            if (it.object) reply_bulk(h->reply, name);
            reply_resp(h, child);
        }
        break;
    }
}

/* JSON.RESP key [path] */
void json_resp(struct host *h)
{
    struct json_target t;
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (!json_open(h, json_path_arg(h, 2), false, &t)) return;
    if (t.doc == NULL) {
        reply_null(h->reply);
    } else if (!t.path.legacy) {
        reply_array(h->reply, t.found.count);
        for (uint32_t i = 0; i < t.found.count; i++)
            reply_resp(h, json_value(&t, i));
    } else if (t.found.count == 0) {
        json_no_path(h);
    } else {
        reply_resp(h, json_value(&t, 0));
    }
    json_close(&t);
}

/* JSON.DEBUG MEMORY key [path] | HELP: bytes; of the whole document with all that holds it */
void json_debug(struct host *h)
{
    struct json_target t;
    if (slice_word(h->argv[1], "HELP")) {
        reply_array(h->reply, 2);
        reply_cstr(h->reply, "MEMORY <key> [path] - reports memory usage");
        reply_cstr(h->reply, "HELP                - this message");
        return;
    }
    if (!slice_word(h->argv[1], "MEMORY")) {
        reply_error(h->reply, "ERR unknown subcommand - try `JSON.DEBUG HELP`");
        return;
    }
    if (h->argc < 3 || h->argc > 4) {
        host_wrong_arity(h);
        return;
    }
    struct host sub = *h;
    sub.argv++;
    sub.argc--;
    if (!json_open(&sub, json_path_arg(&sub, 2), false, &t)) return;
    if (!t.path.legacy) reply_array(h->reply, t.found.count);
    for (uint32_t i = 0; i < (t.path.legacy && t.found.count > 1 ? 1 : t.found.count); i++)
        reply_int(h->reply, (int64_t)(jpath_is_root(&t.path) ? json_type.memory(t.doc)
                                                             : jval_size(json_value(&t, i))));
    if (t.path.legacy && t.found.count == 0) {
        if (t.doc == NULL)
            reply_int(h->reply, 0);
        else
            json_no_path(h);
    }
    json_close(&t);
}
