/* json_array: JSON commands that change arrays. */
#include "store/cmd/json.h"

static struct json_result number(int64_t n)
{
    return (struct json_result){.kind = JSON_INT, .n = n};
}

static bool is_array(const struct buf *doc, uint32_t at)
{
    return jval_kind(doc->p + at) == JDOC_ARRAY;
}

/* An index counted from the end when it is negative, brought into [0, most]. */
static int64_t within(int64_t i, int64_t n, int64_t most)
{
    if (i < 0) i += n;
    return i < 0 ? 0 : i > most ? most : i;
}

/* Reads values from argv and opens the array's path; false after a reply. */
static bool open_to_put(struct host *h, uint32_t from, struct json_target *t, struct json_job *job)
{
    struct slice values = {0};
    if (!json_parse_args(h, from, h->argc, &values)) return false;
    if (!json_open_existing(h, h->argv[2], true, t)) return false;
    *job = (struct json_job){.t = t, .value = values, .count = h->argc - from};
    uint32_t deepest = 0;
    jval v = values.p;
    for (uint32_t i = from; i < h->argc; i++, v += jval_size(v)) {
        uint32_t depth = jval_depth(v);
        if (depth > deepest) deepest = depth;
    }
    if (json_fits_deep(t, values.len, deepest, 1)) return true;
    json_close(t);
    return false;
}

static struct json_result op_append(struct json_job *job, struct buf *doc, uint32_t at)
{
    if (!is_array(doc, at)) return (struct json_result){0};
    jdoc_insert(doc, at, jval_count(doc->p + at), job->value, job->count);
    return number(jval_count(doc->p + at));
}

/* JSON.ARRAPPEND key path value [value …] */
void json_arrappend(struct host *h)
{
    struct json_target t;
    struct json_job job;
    if (open_to_put(h, 3, &t, &job)) json_apply(&job, op_append, "json.arrappend", "not an array");
}

static struct json_result op_insert(struct json_job *job, struct buf *doc, uint32_t at)
{
    if (!is_array(doc, at)) return (struct json_result){0};
    int64_t n = jval_count(doc->p + at), i = job->a < 0 ? job->a + n : job->a;
    if (i < 0 || i > n) {
        job->error = "ERR index out of bounds";
        return (struct json_result){0};
    }
    jdoc_insert(doc, at, (uint32_t)i, job->value, job->count);
    return number(jval_count(doc->p + at));
}

/* JSON.ARRINSERT key path index value [value …] */
void json_arrinsert(struct host *h)
{
    struct json_target t;
    struct json_job job;
    int64_t i = 0;
    h->args->at = 3;
    args_i64(h->args, &i);
    if (!args_check(h->args, h->reply) || !open_to_put(h, 4, &t, &job)) return;
    job.a = i;
    json_apply(&job, op_insert, "json.arrinsert", "not an array");
}

static struct json_result op_pop(struct json_job *job, struct buf *doc, uint32_t at)
{
    static const struct jdoc_format plain;
    if (!is_array(doc, at)) return (struct json_result){0};
    int64_t n = jval_count(doc->p + at);
    job->unchanged = n == 0;
    if (n == 0) return (struct json_result){0};
    uint32_t i = (uint32_t)within(job->a, n, n - 1);
    struct buf text = {0};
    jdoc_print(jval_element(doc->p + at, i), &plain, &text);
    struct json_result r = {.kind = JSON_TEXT,
                            .text = arena_copy(job->t->h->arena, buf_slice(&text))};
    buf_fini(&text);
    jdoc_remove(doc, at, i, 1);
    return r;
}

/* JSON.ARRPOP key [path [index]]: an empty array gives null */
void json_arrpop(struct host *h)
{
    struct json_target t;
    int64_t i = -1;
    if (h->argc > 4) {
        host_wrong_arity(h);
        return;
    }
    h->args->at = 3;
    if (h->argc == 4) args_i64(h->args, &i);
    if (!args_check(h->args, h->reply)) return;
    if (!json_open_existing(h, json_path_arg(h, 2), true, &t)) return;
    struct json_job job = {.t = &t, .a = i};
    bool empty = t.path.legacy && t.found.count > 0 && jval_kind(json_value(&t, 0)) == JDOC_ARRAY &&
                 jval_count(json_value(&t, 0)) == 0;
    if (!empty) {
        json_apply(&job, op_pop, "json.arrpop", "not an array");
        return;
    }
    reply_null(h->reply);
    json_close(&t);
}

static struct json_result op_trim(struct json_job *job, struct buf *doc, uint32_t at)
{
    if (!is_array(doc, at)) return (struct json_result){0};
    int64_t n = jval_count(doc->p + at);
    int64_t first = within(job->a, n, n), last = within(job->b, n, n - 1);
    if (n == 0 || first > last || job->b < -n) {
        jdoc_remove(doc, at, 0, (uint32_t)n);
        return number(0);
    }
    jdoc_remove(doc, at, (uint32_t)last + 1, (uint32_t)(n - last - 1));
    jdoc_remove(doc, at, 0, (uint32_t)first);
    return number(last - first + 1);
}

/* JSON.ARRTRIM key path start stop */
void json_arrtrim(struct host *h)
{
    struct json_target t;
    struct json_job job = {.t = &t};
    h->args->at = 3;
    args_i64(h->args, &job.a);
    args_i64(h->args, &job.b);
    if (!args_end(h->args, h->reply)) return;
    if (json_open_existing(h, h->argv[2], true, &t))
        json_apply(&job, op_trim, "json.arrtrim", "not an array");
}

/* The index of the first equal element in [a, b), -1 without one. 0 as b is the end. */
static struct json_result op_index(struct json_job *job, struct buf *doc, uint32_t at)
{
    job->unchanged = true;
    if (!is_array(doc, at)) return (struct json_result){0};
    int64_t n = jval_count(doc->p + at);
    int64_t from = within(job->a, n, n), to = job->b == 0 ? n : within(job->b, n, n);
    struct slice name = {0};
    struct jval_iter it = jval_each(doc->p + at);
    for (int64_t i = 0; i < to; i++) {
        jval v = jval_next(&it, &name);
        if (i >= from && jval_equal(v, job->value.p)) return number(i);
    }
    return number(-1);
}

/* JSON.ARRINDEX key path value [start [stop]] */
void json_arrindex(struct host *h)
{
    struct json_target t;
    struct json_job job = {.t = &t};
    h->args->at = 4;
    if (args_left(h->args) > 0) args_i64(h->args, &job.a);
    if (args_left(h->args) > 0) args_i64(h->args, &job.b);
    if (!args_end(h->args, h->reply) || !json_parse_arg(h, h->argv[3], &job.value)) return;
    if (json_open_existing(h, h->argv[2], false, &t))
        json_apply(&job, op_index, NULL, "not an array");
}
