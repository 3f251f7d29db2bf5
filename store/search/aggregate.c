#include "store/search/aggregate_inside.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>

struct group {
    struct slice key; /* owned; packed */
    struct reduce_state states[];
};

/* What a step holds while rows come. */
struct state {
    uint64_t seen;
    struct map by_key;     /* GROUP */
    struct group **groups; /* owned, and each; in the order they came */
    uint32_t group_count, group_cap;
    struct agg_row **rows; /* SORT: owned, and each */
    uint32_t row_count, row_cap;
};

struct run {
    struct agg_plan *plan;
    const struct agg_source *source;
    struct agg_result *out;
    struct state states[AGG_STEPS_MAX];
    struct search_value row[AGG_COLUMNS_MAX]; /* under way */
    struct arena arena;                       /* of the row under way */
    struct rng rng;
    bool draining; /* documents are through */
    size_t bytes, bytes_max;
    const char *error;
};

static void charge(struct run *r, size_t bytes)
{
    r->bytes += bytes;
    if (r->bytes > r->bytes_max && r->error == NULL)
        r->error = "Aggregation needs more memory than it may take";
}

/* --- rows that are kept --- */

static size_t extra_size(const struct search_value *v)
{
    size_t size = v->kind == SEARCH_TEXT ? v->text.len : 0;
    if (v->kind != SEARCH_LIST) return size;
    for (uint32_t i = 0; i < v->count; i++)
        size += sizeof *v + extra_size(&v->items[i]);
    return size;
}

/* Copies what v points to behind the items, then behind the texts: items first, for alignment. */
static void own(struct search_value *v, char **items, char **texts)
{
    if (v->kind == SEARCH_TEXT) {
        if (v->text.len > 0) memcpy(*texts, v->text.p, v->text.len);
        v->text.p = *texts;
        *texts += v->text.len;
    }
    if (v->kind != SEARCH_LIST || v->count == 0) return;
    struct search_value *copy = (void *)*items;
    *items += v->count * sizeof *copy;
    memcpy(copy, v->items, v->count * sizeof *copy);
    v->items = copy;
    for (uint32_t i = 0; i < v->count; i++)
        own(&copy[i], items, texts);
}

static size_t items_size(const struct search_value *v)
{
    size_t size = 0;
    for (uint32_t i = 0; v->kind == SEARCH_LIST && i < v->count; i++)
        size += sizeof *v + items_size(&v->items[i]);
    return size;
}

static struct agg_row *keep_row(struct run *r, uint64_t number)
{
    uint32_t n = r->plan->columns;
    size_t values = n * sizeof r->row[0], items = 0, all = 0;
    for (uint32_t i = 0; i < n; i++) {
        items += items_size(&r->row[i]);
        all += extra_size(&r->row[i]);
    }
    size_t size = sizeof(struct agg_row) + values + all;
    charge(r, size);
    if (r->error != NULL || size > UINT32_MAX) return NULL;
    struct agg_row *row = mem_alloc(size);
    *row = (struct agg_row){.count = n, .size = (uint32_t)size, .number = number};
    memcpy(row->values, r->row, values);
    char *at = (char *)(row->values + n), *texts = at + items;
    for (uint32_t i = 0; i < n; i++)
        own(&row->values[i], &at, &texts);
    return row;
}

static void drop_row(struct run *r, struct agg_row *row)
{
    r->bytes -= row->size;
    mem_free(row);
}

static void add_row(struct agg_row ***rows, uint32_t *count, uint32_t *cap, struct agg_row *row)
{
    if (*count == *cap) {
        *cap = *cap == 0 ? 16 : 2 * *cap;
        *rows = mem_realloc(*rows, *cap * sizeof **rows);
    }
    (*rows)[(*count)++] = row;
}

/* --- groups --- */

static void group_take(struct run *r, const struct step *s, struct state *st, struct slice key)
{
    struct group *g = map_find(&st->by_key, key);
    if (g == NULL) {
        size_t size = sizeof *g + s->reducer_count * sizeof g->states[0];
        charge(r, size + 2 * key.len + 96);
        g = mem_calloc(1, size);
        (void)map_put(&st->by_key, key, g);
        g->key = slice_make(mem_dup(key.p, key.len), key.len);
        if (st->group_count == st->group_cap) {
            st->group_cap = st->group_cap == 0 ? 16 : 2 * st->group_cap;
            st->groups = mem_realloc(st->groups, st->group_cap * sizeof(struct group *));
        }
        st->groups[st->group_count++] = g;
    }
    for (uint32_t i = 0; i < s->reducer_count; i++)
        charge(r, reduce_add(&s->reducers[i], &g->states[i], r->row, &r->rng, &r->arena));
}

/* Packs the keys from the i-th on and takes the row into that group; a list as a key puts it into the
 * group of each of its items. */
static void group_by(struct run *r, const struct step *s, struct state *st, uint32_t i,
                     struct buf *key)
{
    if (i == s->key_count) {
        group_take(r, s, st, key->len == 0 ? SLICE("-") : buf_slice(key));
        return;
    }
    struct search_value v = r->row[s->keys[i].column];
    size_t len = key->len;
    bool is_list = v.kind == SEARCH_LIST && v.count > 0;
    for (uint32_t j = 0; j < (is_list ? v.count : 1) && r->error == NULL; j++) {
        key->len = len;
        value_pack(is_list ? v.items[j] : v, key);
        group_by(r, s, st, i + 1, key);
    }
    key->len = len;
}

/* --- order --- */

static int compare_rows(const void *a, const void *b, void *data)
{
    const struct agg_row *x = *(struct agg_row *const *)a, *y = *(struct agg_row *const *)b;
    const struct step *s = data;
    static const struct search_value none;
    for (uint32_t i = 0; i < s->key_count; i++) {
        uint32_t c = s->keys[i].column;
        struct search_value v = c < x->count ? x->values[c] : none;
        struct search_value w = c < y->count ? y->values[c] : none;
        int d = search_value_cmp(&v, &w);
        bool nulls = v.kind == SEARCH_NULL || w.kind == SEARCH_NULL;
        if (d != 0) return s->keys[i].descending && !nulls ? -d : d;
    }
    return (x->number > y->number) - (x->number < y->number);
}

static void sort_rows(struct run *r, struct step *s, struct state *st)
{
    if (st->row_count > 1)
        qsort_r(st->rows, st->row_count, sizeof(struct agg_row *), compare_rows, s);
    while (st->row_count > s->most)
        drop_row(r, st->rows[--st->row_count]);
}

/* Keeps up to twice as many as are wanted, then the first half in order: so each costs the same. */
static void sort_take(struct run *r, struct step *s, struct state *st)
{
    enum { FEW = 64 };
    struct agg_row *row = keep_row(r, st->seen);
    if (row == NULL) return;
    add_row(&st->rows, &st->row_count, &st->row_cap, row);
    if (st->row_count >= FEW && st->row_count / 2 >= s->most) sort_rows(r, s, st);
}

/* --- from step to step --- */

/* A name's value in the row under way: plans only let names be used that are there. */
static struct search_value value_of(void *data, struct slice name)
{
    struct run *r = data;
    uint32_t column = agg_column(r->plan, name);
    return column < AGG_COLUMNS_MAX ? r->row[column] : (struct search_value){0};
}

/* Takes the row under way from a step on. False when no more are wanted there. */
static bool push(struct run *r, uint32_t from)
{
    struct expr_row at = {.get = value_of, .data = r, .arena = &r->arena};
    for (uint32_t i = from; i < r->plan->step_count; i++) {
        struct step *s = &r->plan->steps[i];
        struct state *st = &r->states[i];
        struct buf key = {0};
        st->seen++;
        switch (s->kind) {
        case STEP_APPLY:
            r->row[s->column] = expr_eval(s->expr, &at);
            break;
        case STEP_FILTER:
            if (!expr_is_true(expr_eval(s->expr, &at))) return true;
            break;
        case STEP_LIMIT:
            if (st->seen <= s->offset) return true;
            if (st->seen - s->offset <= s->count) break;
            if (r->draining) return true; /* they are counted */
            st->seen--;
            return false;
        case STEP_GROUP:
            group_by(r, s, st, 0, &key);
            buf_fini(&key);
            return true;
        case STEP_SORT:
            sort_take(r, s, st);
            return true;
        }
    }
    struct agg_row *row = keep_row(r, r->out->n);
    if (row != NULL) add_row(&r->out->rows, &r->out->n, &r->out->cap, row);
    return true;
}

static void clear_row(struct run *r)
{
    memset(r->row, 0, r->plan->columns * sizeof r->row[0]);
    arena_reset(&r->arena);
}

static struct search_value shown(struct search_value v)
{
    if (v.kind == SEARCH_NULL) v.count = 1; /* there, and null */
    return v;
}

static void push_group(struct run *r, uint32_t step, struct group *g)
{
    const struct step *s = &r->plan->steps[step];
    struct slice key = g->key;
    clear_row(r);
    for (uint32_t i = 0; i < s->key_count; i++)
        r->row[s->keys[i].column] = shown(value_unpack(&key, &r->arena));
    for (uint32_t i = 0; i < s->reducer_count; i++)
        r->row[s->reducers[i].to] = shown(reduce_value(&s->reducers[i], &g->states[i], &r->arena));
    (void)push(r, step + 1);
}

static void push_row(struct run *r, uint32_t step, const struct agg_row *row)
{
    clear_row(r);
    memcpy(r->row, row->values, row->count * sizeof r->row[0]);
    (void)push(r, step + 1);
}

/* All that a step held back goes on. */
static void finish(struct run *r, uint32_t step)
{
    struct step *s = &r->plan->steps[step];
    struct state *st = &r->states[step];
    for (uint32_t i = 0; i < st->group_count && r->error == NULL; i++)
        push_group(r, step, st->groups[i]);
    if (s->kind != STEP_SORT) return;
    sort_rows(r, s, st);
    for (uint32_t i = 0; i < st->row_count && r->error == NULL; i++)
        push_row(r, step, st->rows[i]);
}

/* --- documents --- */

static void add_loaded(void *to, struct slice name, struct search_value v)
{
    struct run *r = to;
    bool known = false;
    for (uint32_t i = 0; i < r->plan->columns && !known; i++)
        known = slice_eq(r->plan->names[i], name);
    if (!known) name = arena_copy(r->plan->arena, name);
    uint32_t column = agg_column(r->plan, name);
    if (column == AGG_COLUMNS_MAX) {
        r->error = "Too many different fields to load";
        return;
    }
    if (!known) r->row[column] = (struct search_value){0};
    r->row[column] = v;
}

static void read_document(struct run *r)
{
    const struct agg_source *s = r->source;
    clear_row(r);
    if (r->plan->load_all) s->all(s->data, &r->arena, add_loaded, r);
    for (uint32_t i = 0; i < r->plan->load_count; i++) {
        struct agg_load l = r->plan->loads[i];
        if (r->row[l.column].kind == SEARCH_NULL)
            r->row[l.column] = s->read(s->data, l.name, &r->arena);
    }
}

static void read_documents(struct run *r)
{
    enum { LOOK_EVERY = 256 };
    const struct agg_source *s = r->source;
    for (uint32_t n = 1; r->error == NULL && s->next(s->data); n++) {
        if (n % LOOK_EVERY == 0 && s->is_over != NULL && s->is_over(s->data)) {
            r->out->timed_out = true;
            return;
        }
        read_document(r);
        if (!push(r, 0)) return;
    }
}

/* How many a SORTBY must keep when it does not say: what the LIMIT behind it reaches. */
static void settle_sorts(struct agg_plan *p)
{
    for (uint32_t i = 0; i < p->step_count; i++) {
        struct step *s = &p->steps[i];
        if (s->kind != STEP_SORT || s->most > 0) continue;
        bool limited = i + 1 < p->step_count && s[1].kind == STEP_LIMIT;
        s->most = limited ? (uint64_t)s[1].offset + s[1].count : AGG_SORT_USUAL;
    }
}

static uint64_t total(const struct run *r)
{
    uint32_t i = r->plan->step_count;
    const struct step *steps = r->plan->steps;
    if (i == 0 || (steps[i - 1].kind != STEP_LIMIT && steps[i - 1].kind != STEP_SORT))
        return r->out->n;
    if (i > 1 && steps[i - 1].kind == STEP_LIMIT && steps[i - 2].kind == STEP_SORT) i--;
    return r->states[i - 1].seen;
}

static void free_state(const struct step *s, struct state *st)
{
    for (uint32_t i = 0; i < st->group_count; i++) {
        for (uint32_t j = 0; j < s->reducer_count; j++)
            reduce_fini(&s->reducers[j], &st->groups[i]->states[j]);
        mem_free((void *)(uintptr_t)st->groups[i]->key.p);
        mem_free(st->groups[i]);
    }
    for (uint32_t i = 0; i < st->row_count; i++)
        mem_free(st->rows[i]);
    mem_free(st->groups);
    mem_free(st->rows);
    map_fini(&st->by_key);
}

bool agg_run(struct agg_plan *p, const struct agg_source *source, size_t bytes_max,
             struct agg_result *out, const char **error)
{
    struct run *r = mem_new(struct run);
    *out = (struct agg_result){0};
    *r = (struct run){.plan = p, .source = source, .out = out, .bytes_max = bytes_max};
    rng_init(&r->rng, hash_slice(SLICE("sample")));
    settle_sorts(p);
    read_documents(r);
    r->draining = true;
    for (uint32_t i = 0; i < p->step_count && r->error == NULL; i++)
        finish(r, i);
    out->total = total(r);
    out->names = p->names;
    out->columns = p->columns;
    for (uint32_t i = 0; i < p->step_count; i++)
        free_state(&p->steps[i], &r->states[i]);
    *error = r->error;
    arena_fini(&r->arena);
    mem_free(r);
    if (*error == NULL) return true;
    agg_result_fini(out);
    return false;
}

void agg_result_fini(struct agg_result *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        mem_free(r->rows[i]);
    mem_free(r->rows);
    *r = (struct agg_result){0};
}
