/* jpath_find: asks a path of a document, step by step: each turns a list of values into the next. */
#include "base/mem.h"
#include "store/ds/jpath_inside.h"

enum { MATCH_STEPS_MAX = 100000, MATCH_DEPTH_MAX = 1000 };

struct list {
    jval *at;
    uint32_t count, room;
};

struct search {
    jval root;
    struct arena *arena;
    uint32_t visits_left;
    bool stopped; /* a limit was passed, perhaps within a filter */
};

/* False when too many values were looked at. */
static bool visit(struct search *s)
{
    s->stopped |= s->visits_left == 0;
    if (s->stopped) return false;
    s->visits_left--;
    return true;
}

/* False when there are too many. */
static bool add(struct search *s, struct list *l, jval v)
{
    s->stopped |= l->count == JPATH_FOUND_MAX;
    if (!visit(s)) return false;
    if (l->count == l->room) {
        uint32_t room = l->room == 0 ? 8 : l->room * 2;
        jval *at = arena_alloc(s->arena, room * sizeof *at);
        if (l->count > 0) memcpy(at, l->at, l->count * sizeof *at);
        l->at = at;
        l->room = room;
    }
    l->at[l->count++] = v;
    return true;
}

static bool passes(struct search *s, const struct filter *f, jval here);

/* --- one step at one value --- */

static bool add_element(struct search *s, struct list *out, jval v, int64_t i)
{
    if (jval_kind(v) != JDOC_ARRAY) return true;
    int64_t n = jval_count(v);
    if (i < 0) i += n;
    return i < 0 || i >= n || add(s, out, jval_element(v, (uint32_t)i));
}

static int64_t clamp(int64_t i, int64_t n)
{
    if (i < 0) i += n;
    return i < 0 ? 0 : i > n ? n : i;
}

static bool add_slice(struct search *s, struct list *out, jval v, const struct jpath_step *step)
{
    if (jval_kind(v) != JDOC_ARRAY) return true;
    int64_t n = jval_count(v);
    int64_t from = step->from == INT64_MIN ? 0 : clamp(step->from, n);
    int64_t to = step->to == INT64_MIN ? n : clamp(step->to, n);
    struct slice name = {0};
    struct jval_iter it = jval_each(v);
    for (int64_t i = 0; i < to; i++) {
        jval child = jval_next(&it, &name);
        if (!visit(s)) return false;
        if (i >= from && (i - from) % step->by == 0 && !add(s, out, child)) return false;
    }
    return true;
}

static bool add_children(struct search *s, struct list *out, jval v, const struct filter *f)
{
    if (jval_kind(v) != JDOC_ARRAY && jval_kind(v) != JDOC_OBJECT) return true;
    struct slice name = {0};
    struct jval_iter it = jval_each(v);
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name)) {
        if (!visit(s)) return false;
        if ((f == NULL || passes(s, f, child)) && !add(s, out, child)) return false;
    }
    return true;
}

static bool step_at(struct search *s, const struct jpath_step *step, jval v, struct list *out)
{
    bool ok = true;
    switch (step->kind) {
    case STEP_NAMES:
        for (uint32_t i = 0; ok && i < step->count; i++) {
            jval member = jval_member(v, step->names[i]);
            if (member != NULL) ok = add(s, out, member);
        }
        return ok;
    case STEP_NUMBERS:
        for (uint32_t i = 0; ok && i < step->count; i++)
            ok = add_element(s, out, v, step->numbers[i]);
        return ok;
    case STEP_SLICE:
        return add_slice(s, out, v, step);
    case STEP_ALL:
        return add_children(s, out, v, NULL);
    case STEP_FILTER:
        return add_children(s, out, v, step->filter);
    }
    return true;
}

/* The step at v and at all values below it, from the top. */
static bool step_below(struct search *s, const struct jpath_step *step, jval v, struct list *out)
{
    if (jval_kind(v) != JDOC_ARRAY && jval_kind(v) != JDOC_OBJECT) return true;
    if (!step_at(s, step, v, out)) return false;
    struct slice name = {0};
    struct jval_iter it = jval_each(v);
    for (jval child = jval_next(&it, &name); child != NULL; child = jval_next(&it, &name))
        if (!visit(s) || !step_below(s, step, child, out)) return false;
    return true;
}

static bool walk(struct search *s, const struct jpath_step *steps, uint32_t count, jval from,
                 struct list *out)
{
    struct list now = {0};
    if (!add(s, &now, from)) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct list next = {0};
        for (uint32_t k = 0; k < now.count; k++) {
            bool ok = steps[i].deep ? step_below(s, &steps[i], now.at[k], &next)
                                    : step_at(s, &steps[i], now.at[k], &next);
            if (!ok) return false;
        }
        now = next;
    }
    *out = now;
    return true;
}

/* --- filters --- */

/* What a term stands for: the first value that its path finds, or NULL. */
static jval term_value(struct search *s, const struct term *t, jval here)
{
    struct list found = {0};
    if (t->kind == TERM_VALUE) return t->value.p;
    if (!walk(s, t->steps, t->count, t->kind == TERM_HERE ? here : s->root, &found)) return NULL;
    return found.count > 0 ? found.at[0] : NULL;
}

static bool is_number(jval v)
{
    return jval_kind(v) == JDOC_INTEGER || jval_kind(v) == JDOC_NUMBER;
}

/* <0, 0 or >0; false when the two have no order. */
static bool compare(jval a, jval b, int *order)
{
    if (is_number(a) && is_number(b)) {
        if (jval_kind(a) == JDOC_INTEGER && jval_kind(b) == JDOC_INTEGER) {
            *order = (jval_i64(a) > jval_i64(b)) - (jval_i64(a) < jval_i64(b));
            return true;
        }
        double x = jval_double(a), y = jval_double(b);
        *order = (x > y) - (x < y);
        return true;
    }
    if (jval_kind(a) != JDOC_STRING || jval_kind(b) != JDOC_STRING) return false;
    *order = slice_cmp(jval_string(a), jval_string(b));
    return true;
}

static bool regex_finds(const struct jpath_regex *r, struct slice text)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    (void)pcre2_set_match_limit(limits, MATCH_STEPS_MAX);
    (void)pcre2_set_depth_limit(limits, MATCH_DEPTH_MAX);
    int found =
        pcre2_match(r->code, (PCRE2_SPTR)text.p, text.len, 0, PCRE2_NO_UTF_CHECK, r->match, limits);
    pcre2_match_context_free(limits);
    return found >= 0;
}

/* Finds the pattern of b in a; anything but two strings, or no pattern, matches nothing. */
static bool matches(const struct filter *f, jval a, jval b)
{
    if (jval_kind(a) != JDOC_STRING || jval_kind(b) != JDOC_STRING) return false;
    if (f->regex != NULL) return regex_finds(f->regex, jval_string(a));
    struct jpath_regex *r = jpath_regex_new(jval_string(b));
    bool found = r != NULL && regex_finds(r, jval_string(a));
    jpath_regex_free(r);
    return found;
}

static bool passes(struct search *s, const struct filter *f, jval here)
{
    int order = 0;
    if (f->kind == FILTER_AND) return passes(s, f->left, here) && passes(s, f->right, here);
    if (f->kind == FILTER_OR) return passes(s, f->left, here) || passes(s, f->right, here);
    if (f->kind == FILTER_NOT) return !passes(s, f->left, here);
    jval a = term_value(s, &f->a, here);
    if (a == NULL) return false;
    if (f->kind == FILTER_EXISTS) return true;
    jval b = term_value(s, &f->b, here);
    if (b == NULL) return false;
    if (f->kind == FILTER_EQ) return jval_equal(a, b);
    if (f->kind == FILTER_NE) return !jval_equal(a, b);
    if (f->kind == FILTER_MATCH) return matches(f, a, b);
    if (!compare(a, b, &order)) return false;
    switch (f->kind) {
    case FILTER_LT:
        return order < 0;
    case FILTER_LE:
        return order <= 0;
    case FILTER_GT:
        return order > 0;
    case FILTER_GE:
        return order >= 0;
    case FILTER_AND:
    case FILTER_OR:
    case FILTER_NOT:
    case FILTER_EXISTS:
    case FILTER_EQ:
    case FILTER_NE:
    case FILTER_MATCH:
        break;
    }
    return false;
}

bool jpath_find(const struct jpath *p, uint32_t steps_less, struct slice doc, struct arena *arena,
                struct jpath_found *out)
{
    struct search s = {.root = doc.p, .arena = arena, .visits_left = JPATH_VISITS_MAX};
    struct list found = {0};
    must(steps_less <= p->count);
    if (!walk(&s, p->steps, p->count - steps_less, doc.p, &found) || s.stopped) return false;
    out->count = found.count;
    out->at = arena_array(arena, found.count, uint32_t);
    for (uint32_t i = 0; i < found.count; i++)
        out->at[i] = (uint32_t)(found.at[i] - doc.p);
    return true;
}
