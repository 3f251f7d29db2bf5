#include "jpath.h"

#include "base/mem.h"
#include "store/ds/jdoc_bytes.h"
#include "store/ds/jpath_inside.h"

enum { PATTERN_MAX = 1024, LIST_MAX = 1024 };

struct jpath_regex *jpath_regex_new(struct slice pattern)
{
    int error = 0;
    size_t at = 0;
    if (pattern.len > PATTERN_MAX) return NULL;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len,
                                     PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (code == NULL) return NULL;
    struct jpath_regex *r = mem_new(struct jpath_regex);
    r->code = code;
    r->match = pcre2_match_data_create_from_pattern(code, NULL);
    return r;
}

void jpath_regex_free(struct jpath_regex *r)
{
    if (r == NULL) return;
    pcre2_match_data_free(r->match);
    pcre2_code_free(r->code);
    mem_free(r);
}

struct reader {
    const char *begin, *at, *end;
    struct arena *arena;
    struct jpath *path;
    uint32_t nesting;
    const char *error;
};

static bool fail(struct reader *r, const char *what)
{
    if (r->error == NULL) r->error = what;
    return false;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && *r->at == ' ')
        r->at++;
}

static bool take(struct reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0) return false;
    r->at += n;
    return true;
}

static bool take_spaced(struct reader *r, const char *text)
{
    skip_space(r);
    bool took = take(r, text);
    if (took) skip_space(r);
    return took;
}

/* --- the alphabet --- */

/* What a name without quotes is made of: all but what begins another part. */
static bool in_name(char c)
{
    static const bool ends[256] = {
        ['.'] = true, ['['] = true, [']'] = true, ['('] = true, [')'] = true,
        ['*'] = true, ['?'] = true, ['@'] = true, [','] = true, ['\''] = true,
        ['"'] = true, ['='] = true, ['<'] = true, ['>'] = true, ['!'] = true,
        ['&'] = true, ['|'] = true, ['~'] = true, [0x7F] = true};
    return (uint8_t)c > ' ' && !ends[(uint8_t)c];
}

static bool read_name(struct reader *r, struct slice *out)
{
    const char *from = r->at;
    while (r->at < r->end && in_name(*r->at))
        r->at++;
    *out = slice_make(from, (size_t)(r->at - from));
    return out->len > 0 || fail(r, "expected a name");
}

/* A string in either quotes; a backslash stands before a quote or another one, else for itself. */
static bool read_string(struct reader *r, struct slice *out)
{
    char quote = *r->at++;
    char *text = arena_alloc(r->arena, (size_t)(r->end - r->at) + 1);
    size_t n = 0;
    for (; r->at < r->end && *r->at != quote; r->at++) {
        if (*r->at == '\\' && r->end - r->at > 1 && (r->at[1] == quote || r->at[1] == '\\'))
            r->at++;
        text[n++] = *r->at;
    }
    if (r->at == r->end) return fail(r, "a string without its end");
    r->at++;
    *out = slice_make(text, n);
    return true;
}

static bool read_i64(struct reader *r, int64_t *out)
{
    const char *from = r->at;
    if (r->at < r->end && *r->at == '-') r->at++;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return slice_i64(slice_make(from, (size_t)(r->at - from)), out) || fail(r, "expected a number");
}

static bool at_number(const struct reader *r)
{
    return r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'));
}

static bool at_quote(const struct reader *r)
{
    return r->at < r->end && (*r->at == '"' || *r->at == '\'');
}

/* --- steps --- */

static struct filter *read_filter(struct reader *r);

static bool read_names(struct reader *r, struct jpath_step *s)
{
    struct slice names[LIST_MAX];
    s->kind = STEP_NAMES;
    do {
        if (s->count == LIST_MAX) return fail(r, "a list too long");
        if (!at_quote(r)) return fail(r, "expected a string");
        if (!read_string(r, &names[s->count++])) return false;
    } while (take_spaced(r, ","));
    s->names = arena_array(r->arena, s->count, struct slice);
    memcpy(s->names, names, s->count * sizeof *names);
    return true;
}

/* The rest of a slice whose first part was read. */
static bool read_slice(struct reader *r, struct jpath_step *s)
{
    s->kind = STEP_SLICE;
    s->to = INT64_MIN;
    s->by = 1;
    skip_space(r);
    if (at_number(r) && !read_i64(r, &s->to)) return false;
    if (!take_spaced(r, ":") || !at_number(r)) return true;
    return read_i64(r, &s->by) && (s->by > 0 || fail(r, "a slice's step must be above 0"));
}

static bool read_numbers(struct reader *r, struct jpath_step *s)
{
    int64_t numbers[LIST_MAX];
    s->kind = STEP_NUMBERS;
    do {
        if (s->count == LIST_MAX) return fail(r, "a list too long");
        if (!read_i64(r, &numbers[s->count++])) return false;
        if (s->count == 1 && take_spaced(r, ":")) {
            s->from = numbers[0];
            return read_slice(r, s);
        }
    } while (take_spaced(r, ","));
    s->numbers = arena_array(r->arena, s->count, int64_t);
    memcpy(s->numbers, numbers, s->count * sizeof *numbers);
    return true;
}

/* What stands in brackets, and the closing one. */
static bool read_inside(struct reader *r, struct jpath_step *s)
{
    bool ok = true;
    skip_space(r);
    if (at_quote(r)) {
        ok = read_names(r, s);
    } else if (take(r, "*")) {
        s->kind = STEP_ALL;
    } else if (take(r, ":")) {
        s->from = INT64_MIN;
        ok = read_slice(r, s);
    } else if (take(r, "?")) {
        s->kind = STEP_FILTER;
        s->filter = read_filter(r);
        ok = s->filter != NULL;
    } else {
        ok = read_numbers(r, s);
    }
    skip_space(r);
    return ok && (take(r, "]") || fail(r, "expected `]`"));
}

static bool read_step(struct reader *r, struct jpath_step *s)
{
    *s = (struct jpath_step){.deep = take(r, "..")};
    bool dot = !s->deep && take(r, ".");
    if (take(r, "[")) return read_inside(r, s);
    if (!s->deep && !dot) return fail(r, "expected a step");
    if (take(r, "*")) {
        s->kind = STEP_ALL;
        return true;
    }
    s->kind = STEP_NAMES;
    s->count = 1;
    s->names = arena_new(r->arena, struct slice);
    return read_name(r, s->names);
}

/* Steps for as long as there are any. */
static bool read_steps(struct reader *r, struct jpath_step *first, struct jpath_step **out,
                       uint32_t *count)
{
    struct jpath_step steps[JPATH_STEPS_MAX];
    uint32_t n = 0;
    if (first != NULL) steps[n++] = *first;
    while (r->at < r->end && (*r->at == '.' || *r->at == '[')) {
        if (n == JPATH_STEPS_MAX) return fail(r, "too many steps");
        if (!read_step(r, &steps[n++])) return false;
    }
    *out = arena_array(r->arena, n, struct jpath_step);
    if (n > 0) memcpy(*out, steps, n * sizeof *steps);
    *count = n;
    return true;
}

/* --- filters --- */

/* A value as JSON writes it. */
static bool read_literal(struct reader *r, struct term *t)
{
    struct buf bytes = {0};
    struct slice s = {0};
    bool whole = false, ok = true;
    t->kind = TERM_VALUE;
    if (at_quote(r)) {
        ok = read_string(r, &s) && (jdoc_is_utf8(s) || fail(r, "invalid UTF-8 in a string"));
        if (ok) jdoc_add_string(&bytes, s);
    } else {
        const char *from = r->at;
        while (r->at < r->end && (in_name(*r->at) || *r->at == '.'))
            r->at++;
        s = slice_make(from, (size_t)(r->at - from));
        bool known = slice_is(s, "true") || slice_is(s, "false") || slice_is(s, "null") ||
                     jdoc_is_number(s, &whole);
        struct jdoc_error error = {0};
        ok = known && jdoc_parse(s, 1, r->arena, &bytes, &error);
        if (!ok) (void)fail(r, "expected a path, a number, a string, true, false or null");
    }
    t->value = arena_copy(r->arena, buf_slice(&bytes));
    buf_fini(&bytes);
    return ok;
}

static bool read_term(struct reader *r, struct term *t)
{
    *t = (struct term){0};
    skip_space(r);
    if (take(r, "@"))
        t->kind = TERM_HERE;
    else if (take(r, "$"))
        t->kind = TERM_ROOT;
    else
        return read_literal(r, t);
    return read_steps(r, NULL, &t->steps, &t->count);
}

/* The operator that comes next, or EXISTS. */
static enum filter_kind read_op(struct reader *r)
{
    static const struct {
        const char *text;
        enum filter_kind kind;
    } ops[] = {{"==", FILTER_EQ}, {"!=", FILTER_NE}, {"<=", FILTER_LE},   {">=", FILTER_GE},
               {"<", FILTER_LT},  {">", FILTER_GT},  {"=~", FILTER_MATCH}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (take_spaced(r, ops[i].text)) return ops[i].kind;
    return FILTER_EXISTS;
}

/* The pattern of =~, compiled now when it is a literal. */
static bool read_pattern(struct reader *r, struct filter *f)
{
    if (f->b.kind != TERM_VALUE) return true;
    jval v = f->b.value.p;
    if (jval_kind(v) != JDOC_STRING) return fail(r, "expected a regular expression");
    f->regex = jpath_regex_new(jval_string(v));
    if (f->regex == NULL) return fail(r, "invalid regular expression");
    f->regex->next = r->path->regexes;
    r->path->regexes = f->regex;
    return true;
}

static struct filter *filter_of(struct reader *r, enum filter_kind kind, struct filter *left,
                                struct filter *right)
{
    struct filter *f = arena_new(r->arena, struct filter);
    f->kind = kind;
    f->left = left;
    f->right = right;
    return f;
}

static struct filter *read_test(struct reader *r)
{
    if (r->nesting == JPATH_NESTING_MAX) {
        (void)fail(r, "a filter nested too deep");
        return NULL;
    }
    r->nesting++;
    struct filter *f = NULL;
    if (take_spaced(r, "!")) {
        f = read_test(r);
        if (f != NULL) f = filter_of(r, FILTER_NOT, f, NULL);
    } else if (take_spaced(r, "(")) {
        f = read_filter(r);
        if (f != NULL && !take_spaced(r, ")")) {
            (void)fail(r, "expected `)`");
            f = NULL;
        }
    } else {
        f = arena_new(r->arena, struct filter);
        bool ok = read_term(r, &f->a);
        if (ok) f->kind = read_op(r);
        if (ok && f->kind != FILTER_EXISTS) ok = read_term(r, &f->b);
        if (ok && f->kind == FILTER_MATCH) ok = read_pattern(r, f);
        if (!ok) f = NULL;
    }
    r->nesting--;
    return f;
}

static struct filter *read_all_of(struct reader *r)
{
    struct filter *f = read_test(r);
    while (f != NULL && take_spaced(r, "&&")) {
        struct filter *next = read_test(r);
        f = next == NULL ? NULL : filter_of(r, FILTER_AND, f, next);
    }
    return f;
}

static struct filter *read_filter(struct reader *r)
{
    struct filter *f = read_all_of(r);
    while (f != NULL && take_spaced(r, "||")) {
        struct filter *next = read_all_of(r);
        f = next == NULL ? NULL : filter_of(r, FILTER_OR, f, next);
    }
    return f;
}

/* --- paths --- */

/* `$` begins a path when it stands alone or before a step; else it belongs to a legacy name. */
static bool is_legacy(struct slice text)
{
    if (text.len == 0 || text.p[0] != '$') return true;
    return text.len > 1 && text.p[1] != '.' && text.p[1] != '[';
}

static bool read_path(struct reader *r, struct jpath *p)
{
    struct jpath_step first = {.kind = STEP_NAMES, .count = 1};
    bool named = false;
    if (p->legacy && p->text.len == 0) return fail(r, "expected a path");
    if (!p->legacy) {
        r->at++;
    } else if (slice_is(p->text, ".")) {
        r->at++;
    } else if (*r->at != '.' && *r->at != '[') {
        named = true;
        first.names = arena_new(r->arena, struct slice);
        if (take(r, "*"))
            first = (struct jpath_step){.kind = STEP_ALL};
        else if (!read_name(r, first.names))
            return false;
    }
    if (!read_steps(r, named ? &first : NULL, &p->steps, &p->count)) return false;
    return r->at == r->end || fail(r, "trailing characters");
}

bool jpath_compile(struct slice text, struct arena *arena, struct jpath *out, const char **error,
                   size_t *at)
{
    *out = (struct jpath){.text = text, .legacy = is_legacy(text)};
    struct reader r = {
        .begin = text.p, .at = text.p, .end = text.p + text.len, .arena = arena, .path = out};
    bool ok = text.len <= JPATH_TEXT_MAX ? read_path(&r, out) : fail(&r, "a path too long");
    if (ok) return true;
    *error = r.error;
    *at = (size_t)(r.at - r.begin);
    jpath_fini(out);
    return false;
}

void jpath_fini(struct jpath *p)
{
    while (p->regexes != NULL) {
        struct jpath_regex *next = p->regexes->next;
        jpath_regex_free(p->regexes);
        p->regexes = next;
    }
}

bool jpath_is_root(const struct jpath *p)
{
    return p->count == 0;
}

bool jpath_is_static(const struct jpath *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct jpath_step *s = &p->steps[i];
        if (s->deep || s->count != 1 || (s->kind != STEP_NAMES && s->kind != STEP_NUMBERS))
            return false;
    }
    return true;
}

bool jpath_last_name(const struct jpath *p, struct slice *name)
{
    const struct jpath_step *s = &p->steps[p->count - 1];
    if (s->kind != STEP_NAMES) return false;
    *name = s->names[0];
    return true;
}
