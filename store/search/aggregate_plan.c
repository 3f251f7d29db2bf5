/* From the words of FT.AGGREGATE to a plan. */
#include "store/search/aggregate_inside.h"

struct agg_plan *agg_plan_new(const struct schema *schema, struct arena *arena)
{
    struct agg_plan *p = arena_new(arena, struct agg_plan);
    p->schema = schema;
    p->arena = arena;
    return p;
}

struct slice agg_plan_unknown(const struct agg_plan *p, uint32_t i)
{
    return i < p->unknown_count ? p->unknown[i] : SLICE("");
}

/* --- errors, which come back as false --- */

struct words {
    struct agg_plan *plan;
    const struct slice *argv;
    uint32_t argc, at;
    const char **error;
};

static bool fail(struct agg_plan *p, const char **error, const char *what, struct slice word)
{
    int shown = word.len < 200 ? (int)word.len : 200;
    *error = arena_printf(p->arena, "%s: %.*s", what, shown, word.p == NULL ? "" : word.p).p;
    return false;
}

static bool take(struct words *w, struct slice *out)
{
    if (w->at == w->argc) {
        *w->error = "Syntax error: more arguments expected at the end";
        return false;
    }
    *out = w->argv[w->at++];
    return true;
}

static bool take_count(struct words *w, uint64_t max, uint64_t *out)
{
    struct slice s = {0};
    if (!take(w, &s)) return false;
    if (slice_u64(s, out) && *out <= max) return true;
    return fail(w->plan, w->error, "Bad arguments: expected a number in range", s);
}

static bool take_word(struct words *w, const char *word)
{
    if (w->at == w->argc || !slice_word(w->argv[w->at], word)) return false;
    w->at++;
    return true;
}

/* The next n words, which are there. */
static bool take_list(struct words *w, uint64_t n, struct words *out)
{
    if (n > w->argc - w->at)
        return fail(w->plan, w->error, "Bad arguments: more arguments expected behind",
                    w->argv[w->at - 1]);
    *out = *w;
    out->argc = w->at + (uint32_t)n;
    w->at += (uint32_t)n;
    return true;
}

/* --- columns --- */

uint32_t agg_column(struct agg_plan *p, struct slice name)
{
    for (uint32_t i = 0; i < p->columns; i++)
        if (slice_eq(p->names[i], name)) return i;
    if (p->columns == AGG_COLUMNS_MAX) return AGG_COLUMNS_MAX;
    p->names[p->columns] = name;
    return p->columns++;
}

static bool new_column(struct agg_plan *p, struct slice name, const char **error, uint32_t *out)
{
    *out = agg_column(p, name);
    if (*out == AGG_COLUMNS_MAX) return fail(p, error, "Too many properties", name);
    p->live[*out] = true;
    return true;
}

static bool add_load(struct agg_plan *p, struct slice name, struct slice as, const char **error)
{
    uint32_t column = 0;
    if (!new_column(p, as, error, &column)) return false;
    for (uint32_t i = 0; i < p->load_count; i++)
        if (p->loads[i].column == column) return true;
    p->loads[p->load_count++] = (struct agg_load){column, name};
    return true;
}

static struct slice without_at(struct slice name)
{
    return name.len > 0 && name.p[0] == '@' ? slice_from(name, 1) : name;
}

/* The column that a step names, which is loaded when documents are still at hand; -1 and the error
 * when there is none. */
static int column_of(void *data, struct slice name, const char **error)
{
    struct agg_plan *p = data;
    name = without_at(name);
    for (uint32_t i = 0; i < p->columns; i++)
        if (p->live[i] && slice_eq(p->names[i], name)) return (int)i;
    if (p->grouped || name.len == 0) {
        int shown = name.len < 200 ? (int)name.len : 200;
        *error = arena_printf(p->arena, "Property `%.*s` not loaded nor in pipeline", shown,
                              name.p == NULL ? "" : name.p)
                     .p;
        return -1;
    }
    if (!add_load(p, name, name, error)) return -1;
    if (!p->load_all && schema_find(p->schema, name) < 0) p->unknown[p->unknown_count++] = name;
    return (int)agg_column(p, name);
}

/* --- clauses --- */

static struct step *add_step(struct agg_plan *p, enum step_kind kind, const char **error)
{
    if (p->step_count == AGG_STEPS_MAX) {
        *error = "Too many steps in the pipeline";
        return NULL;
    }
    struct step *s = &p->steps[p->step_count++];
    *s = (struct step){.kind = kind};
    return s;
}

static bool read_load(struct words *w)
{
    uint64_t n = 0;
    struct words list;
    if (w->plan->grouped) {
        *w->error = "LOAD must come before GROUPBY";
        return false;
    }
    if (take_word(w, "*")) {
        w->plan->load_all = true;
        return true;
    }
    if (!take_count(w, AGG_COLUMNS_MAX, &n) || !take_list(w, n, &list)) return false;
    while (list.at < list.argc) {
        struct slice name = without_at(list.argv[list.at++]), as = name;
        if (take_word(&list, "AS") && !take(&list, &as)) return false;
        if (!add_load(w->plan, name, as, w->error)) return false;
    }
    return true;
}

struct name_check {
    struct agg_plan *plan;
    const char **error;
};

static bool check_name(void *data, struct slice name)
{
    struct name_check *c = data;
    return column_of(c->plan, name, c->error) >= 0;
}

static struct expr *read_expr(struct words *w)
{
    struct slice text = {0};
    if (!take(w, &text)) return NULL;
    struct expr *e = expr_parse(text, w->plan->arena, w->error);
    struct name_check c = {w->plan, w->error};
    return e == NULL || !expr_names(e, check_name, &c) ? NULL : e;
}

static bool read_apply(struct words *w)
{
    struct step *s = add_step(w->plan, STEP_APPLY, w->error);
    struct slice name = w->at < w->argc ? w->argv[w->at] : SLICE("");
    if (s == NULL || (s->expr = read_expr(w)) == NULL) return false;
    if (take_word(w, "AS") && !take(w, &name)) return false;
    return new_column(w->plan, without_at(name), w->error, &s->column);
}

static bool read_filter(struct words *w)
{
    struct step *s = add_step(w->plan, STEP_FILTER, w->error);
    return s != NULL && (s->expr = read_expr(w)) != NULL;
}

static bool read_limit(struct words *w)
{
    struct step *s = add_step(w->plan, STEP_LIMIT, w->error);
    if (s == NULL) return false;
    if (!take_count(w, INT64_MAX, &s->offset) || !take_count(w, INT64_MAX, &s->count)) return false;
    return true;
}

static bool read_sort(struct words *w)
{
    struct step *s = add_step(w->plan, STEP_SORT, w->error);
    uint64_t n = 0;
    struct words list;
    if (s == NULL || !take_count(w, 2 * AGG_KEYS_MAX, &n) || !take_list(w, n, &list)) return false;
    s->keys = arena_array(w->plan->arena, n + 1, struct sort_key);
    while (list.at < list.argc) {
        int column = column_of(w->plan, list.argv[list.at++], w->error);
        if (column < 0) return false;
        bool descending = take_word(&list, "DESC");
        if (!descending) (void)take_word(&list, "ASC");
        s->keys[s->key_count++] = (struct sort_key){(uint32_t)column, descending};
    }
    if (take_word(w, "MAX")) return take_count(w, INT64_MAX, &s->most);
    return true;
}

/* What an outcome is called when AS does not say. */
static struct slice usual_name(struct agg_plan *p, struct slice reducer, const struct words *args)
{
    struct slice name =
        arena_printf(p->arena, "__generated_alias%.*s", (int)reducer.len, reducer.p);
    char *own = arena_alloc(p->arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++) {
        bool upper = name.p[i] >= 'A' && name.p[i] <= 'Z';
        own[i] = upper ? (char)(name.p[i] - 'A' + 'a') : name.p[i];
    }
    name = slice_make(own, name.len);
    for (uint32_t i = args->at; i < args->argc; i++) {
        struct slice arg = without_at(args->argv[i]);
        name = arena_printf(p->arena, "%.*s%s%.*s", (int)name.len, name.p, i > args->at ? "," : "",
                            (int)arg.len, arg.p);
    }
    return name;
}

static bool read_reducer(struct words *w, struct reducer *out, struct slice *as)
{
    struct slice name = {0};
    uint64_t n = 0;
    struct words args;
    if (!take(w, &name) || !take_count(w, 16, &n) || !take_list(w, n, &args)) return false;
    if (name.len > 64) return fail(w->plan, w->error, "No such reducer", name);
    if (!reduce_parse(name, args.argv + args.at, (uint32_t)n, column_of, w->plan, w->plan->arena,
                      out, w->error))
        return false;
    *as = usual_name(w->plan, name, &args);
    return !take_word(w, "AS") || take(w, as);
}

static bool read_group(struct words *w)
{
    enum { REDUCERS_MAX = 64 };
    struct agg_plan *p = w->plan;
    struct step *s = add_step(p, STEP_GROUP, w->error);
    uint64_t n = 0;
    struct words list;
    struct slice as[REDUCERS_MAX];
    if (s == NULL || !take_count(w, AGG_KEYS_MAX, &n) || !take_list(w, n, &list)) return false;
    s->keys = arena_array(p->arena, n + 1, struct sort_key);
    for (; list.at < list.argc; list.at++) {
        int column = column_of(p, list.argv[list.at], w->error);
        if (column < 0) return false;
        s->keys[s->key_count++].column = (uint32_t)column;
    }
    s->reducers = arena_array(p->arena, REDUCERS_MAX, struct reducer);
    while (take_word(w, "REDUCE")) {
        if (s->reducer_count == REDUCERS_MAX) return fail(p, w->error, "Too many", SLICE("REDUCE"));
        if (!read_reducer(w, &s->reducers[s->reducer_count], &as[s->reducer_count])) return false;
        s->reducer_count++;
    }
    p->grouped = true;
    memset(p->live, 0, sizeof p->live);
    for (uint32_t i = 0; i < s->key_count; i++)
        p->live[s->keys[i].column] = true;
    for (uint32_t i = 0; i < s->reducer_count; i++)
        if (!new_column(p, without_at(as[i]), w->error, &s->reducers[i].to)) return false;
    return true;
}

bool agg_plan_read(struct agg_plan *p, const struct slice *argv, uint32_t argc, uint32_t *at,
                   const char **error)
{
    static const struct {
        const char *word;
        bool (*read)(struct words *w);
    } clauses[] = {{"LOAD", read_load},     {"GROUPBY", read_group}, {"APPLY", read_apply},
                   {"FILTER", read_filter}, {"SORTBY", read_sort},   {"LIMIT", read_limit}};
    struct words w = {.plan = p, .argv = argv, .argc = argc, .at = *at, .error = error};
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
        if (!take_word(&w, clauses[i].word)) continue;
        if (!clauses[i].read(&w)) return false;
        *at = w.at;
        return true;
    }
    return false;
}
