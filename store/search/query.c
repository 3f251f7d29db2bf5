#include "query.h"

#include "base/must.h"
#include "store/search/terms.h"

#include <math.h>

struct parser {
    const struct query_options *o;
    struct arena *arena;
    struct slice text;
    size_t at;
    size_t token; /* where the part that is read began */
    const char *error;
    uint32_t depth, nodes;
    bool dropped; /* a stop word was left out */
    struct query_fields scope;
};

/* --- errors --- */

static void fail(struct parser *p, const char *error)
{
    if (p->error == NULL) p->error = error;
}

/* The piece of text at `at`: what an error names. */
static struct slice piece(const struct parser *p, size_t at)
{
    size_t end = at;
    while (end < p->text.len && !text_separates((unsigned char)p->text.p[end]))
        end++;
    if (end == at && end < p->text.len) end++;
    return slice_make(p->text.p + at, end - at);
}

/* Where the last word or sign of the text begins: what an error at its end names. */
static size_t last_piece(const struct parser *p)
{
    size_t end = p->text.len;
    while (end > 0 && (unsigned char)p->text.p[end - 1] <= ' ')
        end--;
    size_t at = end;
    while (at > 0 && !text_separates((unsigned char)p->text.p[at - 1]))
        at--;
    return at == end && at > 0 ? at - 1 : at;
}

static void fail_at(struct parser *p, const char *what, size_t at)
{
    if (p->error != NULL) return;
    if (at >= p->text.len) at = last_piece(p);
    struct slice near = piece(p, at);
    p->error = arena_printf(p->arena, "%s at offset %zu near %.*s", what, at, (int)near.len,
                            near.p == NULL ? "" : near.p)
                   .p;
}

static void syntax(struct parser *p)
{
    fail_at(p, "Syntax error", p->at);
}

/* --- signs --- */

static void space(struct parser *p)
{
    while (p->at < p->text.len && (unsigned char)p->text.p[p->at] <= ' ')
        p->at++;
}

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.p[p->at] : '\0';
}

static char peek_at(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->text.len ? p->text.p[p->at + ahead] : '\0';
}

/* Takes the sign, with spaces before it. */
static bool take(struct parser *p, char sign)
{
    space(p);
    if (p->at >= p->text.len || p->text.p[p->at] != sign) return false;
    p->token = p->at++;
    return true;
}

static void expect(struct parser *p, char sign)
{
    if (!take(p, sign)) syntax(p);
}

/* Passes over spaces, and over signs that mean nothing between parts: "rock'n'roll, please!" */
static void gap(struct parser *p)
{
    while (p->at < p->text.len && ((unsigned char)p->text.p[p->at] <= ' ' ||
                                   memchr("',.!?/#^&+`", p->text.p[p->at], 11) != NULL))
        p->at++;
}

/* --- words --- */

static bool is_word_at(const struct parser *p)
{
    if (p->at >= p->text.len) return false;
    char c = p->text.p[p->at];
    if (c == '\\') return p->at + 1 < p->text.len;
    return !text_separates((unsigned char)c);
}

/* A word, its backslashes taken away; empty, and an error, when there is none. */
static struct slice word(struct parser *p)
{
    p->token = p->at;
    if (!is_word_at(p)) {
        syntax(p);
        return (struct slice){0};
    }
    char *to = arena_alloc(p->arena, p->text.len - p->at);
    size_t n = 0;
    while (is_word_at(p)) {
        if (p->text.p[p->at] == '\\') p->at++;
        to[n++] = p->text.p[p->at++];
    }
    return slice_make(to, n);
}

/* The value of "$name", behind its sign. */
static struct slice param(struct parser *p, struct slice *name)
{
    size_t at = p->at;
    struct slice called = word(p);
    if (p->error != NULL) return called;
    if (name != NULL) *name = called;
    for (uint32_t i = 0; i < p->o->param_count; i++)
        if (slice_eq(p->o->params[i].name, called)) return p->o->params[i].value;
    p->at = at;
    fail(p, arena_printf(p->arena, "No such parameter `%.*s`", (int)called.len, called.p).p);
    return (struct slice){0};
}

/* A run of text up to a space or one of the stops, or a parameter's value. */
static struct slice bare(struct parser *p, const char *stops)
{
    space(p);
    p->token = p->at;
    if (peek(p) == '$') {
        p->at++;
        return param(p, NULL);
    }
    size_t from = p->at;
    while (p->at < p->text.len && (unsigned char)p->text.p[p->at] > ' ' &&
           strchr(stops, p->text.p[p->at]) == NULL)
        p->at++;
    if (p->at == from) syntax(p);
    return slice_make(p->text.p + from, p->at - from);
}

static double number(struct parser *p)
{
    struct slice s = bare(p, "])};");
    double d = 0;
    if (p->error == NULL && !slice_double(s, &d)) fail_at(p, "Syntax error", p->token);
    return d;
}

/* --- nodes --- */

static struct query_node *node_new(struct parser *p, enum query_kind kind)
{
    if (++p->nodes > QUERY_NODES_MAX) fail(p, "Query has too many parts");
    struct query_node *n = arena_new(p->arena, struct query_node);
    n->kind = kind;
    n->weight = 1;
    n->slop = -1;
    n->epsilon = -1;
    n->fields = p->scope;
    return n;
}

/* Children of a node under way. */
struct list {
    struct query_node **v;
    uint32_t n, cap;
};

static void list_add(struct parser *p, struct list *l, struct query_node *n)
{
    if (n == NULL) return;
    if (l->n == l->cap) {
        l->cap = l->cap == 0 ? 4 : l->cap * 2;
        struct query_node **v = arena_alloc(p->arena, l->cap * sizeof(struct query_node *));
        if (l->n > 0) memcpy(v, l->v, l->n * sizeof(struct query_node *));
        l->v = v;
    }
    l->v[l->n++] = n;
}

/* One child is itself; none is nothing at all. */
static struct query_node *join(struct parser *p, enum query_kind kind, const struct list *l)
{
    if (l->n == 0) return NULL;
    if (l->n == 1) return l->v[0];
    struct query_node *n = node_new(p, kind);
    n->child = l->v;
    n->child_count = l->n;
    return n;
}

static struct query_node *parent(struct parser *p, enum query_kind kind, struct query_node *child)
{
    if (child == NULL) return NULL;
    struct list l = {0};
    list_add(p, &l, child);
    struct query_node *n = node_new(p, kind);
    n->child = l.v;
    n->child_count = 1;
    return n;
}

static struct query_node *text_node(struct parser *p, enum query_kind kind, struct slice text)
{
    struct query_node *n = node_new(p, kind);
    n->text = text;
    return n;
}

/* --- words that are looked for --- */

/* Whether the fields in scope have words with stems. */
static bool stems(const struct parser *p)
{
    if (p->o->verbatim) return false;
    const struct schema *s = p->o->schema;
    for (uint32_t i = 0; i < (p->scope.all ? s->field_count : p->scope.n); i++) {
        const struct search_field *f = &s->fields[p->scope.all ? i : p->scope.number[i]];
        if (f->kind == FIELD_TEXT && !f->nostem) return true;
    }
    return false;
}

/* A word, what has the same stem, and what means the same; NULL for a stop word. */
static struct query_node *word_node(struct parser *p, struct slice raw)
{
    if (raw.len > WORD_BYTES_MAX) raw.len = WORD_BYTES_MAX;
    struct slice w = text_lower(raw, p->arena);
    if (!p->o->stopwords && text_is_stopword(p->o->schema, w)) {
        p->dropped = true;
        return NULL;
    }
    struct list l = {0};
    list_add(p, &l, text_node(p, QUERY_TERM, w));
    if (stems(p)) {
        struct slice stem = text_stem(p->o->tools, p->o->language, w);
        stem = arena_printf(p->arena, "+%.*s", (int)stem.len, stem.p);
        list_add(p, &l, text_node(p, QUERY_TERM, stem));
        if (!slice_eq(slice_from(stem, 1), w))
            list_add(p, &l, text_node(p, QUERY_TERM, slice_from(stem, 1)));
    }
    const struct synonym_groups *same =
        p->o->verbatim ? NULL : synonyms_find(&p->o->schema->synonyms, w);
    for (uint32_t i = 0; same != NULL && i < same->n; i++)
        list_add(p, &l, text_node(p, QUERY_TERM, synonyms_term(same->name[i], p->arena)));
    for (uint32_t i = 1; i < l.n; i++)
        l.v[i]->expanded = true;
    return join(p, QUERY_OR, &l);
}

/* "words in quotes": one behind the other, as they are. */
static struct query_node *quoted(struct parser *p)
{
    size_t from = p->at, end = from;
    while (end < p->text.len && p->text.p[end] != '"')
        end += p->text.p[end] == '\\' ? 2 : 1;
    if (end >= p->text.len) {
        p->at = p->text.len;
        syntax(p);
        return NULL;
    }
    struct slice rest = slice_make(p->text.p + from, end - from), w = {0};
    struct list l = {0};
    while (p->error == NULL && text_next_word(&rest, p->arena, &w, NULL)) {
        if (!p->o->stopwords && text_is_stopword(p->o->schema, w))
            p->dropped = true;
        else
            list_add(p, &l, text_node(p, QUERY_TERM, w));
    }
    p->at = end + 1;
    return join(p, QUERY_EXACT, &l);
}

/* %word%: as many signs behind as in front. */
static struct query_node *fuzzy(struct parser *p)
{
    uint32_t distance = 1;
    for (; peek(p) == '%' && distance < 3; distance++)
        p->at++;
    struct slice w = word(p);
    for (uint32_t i = 0; i < distance; i++) {
        if (peek(p) != '%') syntax(p);
        p->at++;
    }
    struct query_node *n = text_node(p, QUERY_FUZZY, text_lower(w, p->arena));
    n->distance = distance;
    return n;
}

/* w'pattern': ? is one byte, * any number. */
static struct query_node *glob(struct parser *p, bool lower)
{
    size_t from = p->at;
    while (p->at < p->text.len && p->text.p[p->at] != '\'')
        p->at += p->text.p[p->at] == '\\' ? 2 : 1;
    if (p->at >= p->text.len) {
        syntax(p);
        return NULL;
    }
    struct slice pattern = slice_make(p->text.p + from, p->at - from);
    p->at++;
    return text_node(p, QUERY_GLOB, lower ? text_lower(pattern, p->arena) : pattern);
}

/* Behind a "*" that a word follows. */
static struct query_node *ending(struct parser *p)
{
    struct slice w = text_lower(word(p), p->arena);
    if (peek(p) != '*') return text_node(p, QUERY_SUFFIX, w);
    p->at++;
    return text_node(p, QUERY_INFIX, w);
}

static struct query_node *plain(struct parser *p)
{
    bool is_glob = p->o->dialect > 1 && peek(p) == 'w' && peek_at(p, 1) == '\'';
    if (is_glob) {
        p->token = p->at;
        p->at += 2;
        return glob(p, true);
    }
    struct slice w = word(p);
    if (p->error != NULL) return NULL;
    if (peek(p) != '*') return word_node(p, w);
    p->at++;
    return text_node(p, QUERY_PREFIX, text_lower(w, p->arena));
}

/* --- fields --- */

static struct query_node *field_node(struct parser *p, enum query_kind kind, uint16_t field)
{
    struct query_node *n = node_new(p, kind);
    uint16_t *number_of = arena_alloc(p->arena, sizeof *number_of);
    *number_of = field;
    n->fields = (struct query_fields){number_of, 1, false};
    return n;
}

static double bound(struct parser *p, bool *open)
{
    *open = take(p, '(');
    return number(p);
}

static struct query_node *numbers(struct parser *p, uint16_t field)
{
    struct query_node *n = field_node(p, QUERY_NUMERIC, field);
    n->min = bound(p, &n->min_open);
    (void)take(p, ',');
    n->max = bound(p, &n->max_open);
    expect(p, ']');
    if (p->error == NULL && (isnan(n->min) || isnan(n->max))) syntax(p);
    return n;
}

double query_unit_m(struct slice unit)
{
    return slice_word(unit, "m")    ? 1
           : slice_word(unit, "km") ? 1000
           : slice_word(unit, "mi") ? 1609.34
           : slice_word(unit, "ft") ? 0.3048
                                    : 0;
}

static struct query_node *place(struct parser *p, uint16_t field)
{
    struct query_node *n = field_node(p, QUERY_GEO, field);
    n->lon = number(p);
    (void)take(p, ',');
    n->lat = number(p);
    (void)take(p, ',');
    n->radius = number(p);
    (void)take(p, ',');
    struct slice unit = bare(p, "]");
    if (p->error == NULL && query_unit_m(unit) == 0)
        fail(p, arena_printf(p->arena, "Invalid GeoFilter unit %.*s", (int)unit.len, unit.p).p);
    if (p->error == NULL && (fabs(n->lon) > 180 || fabs(n->lat) > 90))
        fail(p, "Invalid GeoFilter lat/lon");
    if (p->error == NULL && !(n->radius > 0)) fail(p, "Invalid GeoFilter radius");
    n->unit = arena_copy(p->arena, unit).p;
    n->radius_m = n->radius * query_unit_m(unit);
    expect(p, ']');
    return n;
}

static struct slice vector_param(struct parser *p, struct slice *name)
{
    if (!take(p, '$')) {
        syntax(p);
        return (struct slice){0};
    }
    return param(p, name);
}

static struct query_node *vectors(struct parser *p, uint16_t field)
{
    struct query_node *n = field_node(p, QUERY_VECTOR_RANGE, field);
    if (!slice_word(bare(p, "]"), "VECTOR_RANGE")) syntax(p);
    n->radius = number(p);
    n->vector = vector_param(p, &n->param);
    expect(p, ']');
    return n;
}

/* One tag, up to "|" or "}": words with spaces between them as they are. */
static struct query_node *tag(struct parser *p, bool lower)
{
    space(p);
    p->token = p->at;
    if (peek(p) == 'w' && peek_at(p, 1) == '\'' && p->o->dialect > 1) {
        p->at += 2;
        return glob(p, lower);
    }
    bool front = false, back = false;
    struct slice text = {0};
    if (peek(p) == '$') {
        p->at++;
        text = param(p, NULL);
        space(p);
    } else {
        char *to = arena_alloc(p->arena, p->text.len - p->at + 1);
        size_t n = 0, end = 0; /* end: behind the last byte that is no space */
        if (peek(p) == '"') {
            for (p->at++; p->at < p->text.len && p->text.p[p->at] != '"'; p->at++) {
                if (p->text.p[p->at] == '\\' && p->at + 1 < p->text.len) p->at++;
                to[n++] = p->text.p[p->at];
            }
            end = n;
            expect(p, '"');
            space(p);
        } else {
            front = take(p, '*');
            while (p->at < p->text.len && strchr("|}*", p->text.p[p->at]) == NULL) {
                bool escaped = p->text.p[p->at] == '\\' && p->at + 1 < p->text.len;
                if (escaped) p->at++;
                char c = p->text.p[p->at++];
                to[n++] = c;
                if (escaped || (unsigned char)c > ' ') end = n;
            }
            back = take(p, '*');
            space(p);
        }
        text = slice_make(to, end);
    }
    if (text.len > TERM_BYTES_MAX) text.len = TERM_BYTES_MAX;
    if (p->error == NULL && text.len == 0 && peek(p) != '}' && peek(p) != '|') syntax(p);
    if (p->error == NULL && text.len == 0) syntax(p);
    enum query_kind kind = front && back ? QUERY_INFIX
                           : front       ? QUERY_SUFFIX
                           : back        ? QUERY_PREFIX
                                         : QUERY_TERM;
    return text_node(p, kind, lower ? text_lower(text, p->arena) : text);
}

static struct query_node *tags(struct parser *p, uint16_t field)
{
    struct query_node *n = field_node(p, QUERY_TAG, field);
    bool lower = !p->o->schema->fields[field].case_sensitive;
    struct list l = {0};
    do
        list_add(p, &l, tag(p, lower));
    while (p->error == NULL && take(p, '|'));
    expect(p, '}');
    n->child = l.v;
    n->child_count = l.n;
    return n;
}

static struct query_node *one(struct parser *p);

/* What stands behind "@name:". */
static struct query_node *field_value(struct parser *p, const uint16_t *field, uint32_t n)
{
    space(p);
    char c = peek(p);
    if (c != '[' && c != '{') {
        struct query_fields outer = p->scope;
        p->scope = (struct query_fields){field, n, false};
        struct query_node *node = n == 0 ? (void)one(p), node_new(p, QUERY_NONE) : one(p);
        p->scope = outer;
        return node;
    }
    p->token = p->at++;
    if (n == 0) { /* dialect 1 and a field that is not known: read, and matches nothing */
        while (p->at < p->text.len && peek(p) != (c == '[' ? ']' : '}'))
            p->at++;
        expect(p, c == '[' ? ']' : '}');
        return node_new(p, QUERY_NONE);
    }
    enum field_kind kind = p->o->schema->fields[field[0]].kind;
    bool fits = c == '{' ? kind == FIELD_TAG
                         : kind == FIELD_NUMERIC || kind == FIELD_GEO || kind == FIELD_VECTOR;
    if (!fits || n > 1) {
        fail_at(p, kind == FIELD_TEXT ? "Syntax error" : "Expected another kind of field",
                p->token);
        return NULL;
    }
    if (c == '{') return tags(p, field[0]);
    return kind == FIELD_NUMERIC ? numbers(p, field[0])
           : kind == FIELD_GEO   ? place(p, field[0])
                                 : vectors(p, field[0]);
}

/* Behind "@". */
static struct query_node *field(struct parser *p)
{
    enum { NAMES_MAX = 64 };
    uint16_t *found = arena_array(p->arena, NAMES_MAX, uint16_t);
    uint32_t n = 0, names = 0;
    do {
        space(p);
        size_t at = p->at;
        struct slice name = word(p);
        if (p->error != NULL) return NULL;
        int number_of = schema_find(p->o->schema, name);
        if (number_of < 0 && p->o->dialect > 1) {
            fail_at(p, "Unknown field", at);
            return NULL;
        }
        if (number_of >= 0 && p->o->schema->fields[number_of].noindex) {
            fail_at(p, "Field is not indexed (NOINDEX)", at);
            return NULL;
        }
        if (number_of >= 0) found[n++] = (uint16_t)number_of;
    } while (++names < NAMES_MAX && take(p, '|'));
    expect(p, ':');
    if (p->error != NULL) return NULL;
    return field_value(p, found, n);
}

/* --- attributes --- */

static bool slice_true(struct slice s)
{
    return slice_word(s, "true") || slice_is(s, "1");
}

static void attribute(struct parser *p, struct query_node *n)
{
    size_t at = p->at;
    struct slice name = word(p);
    expect(p, ':');
    if (p->error != NULL) return;
    if (slice_word(name, "weight")) {
        n->weight = number(p);
    } else if (slice_word(name, "slop")) {
        n->slop = (int64_t)number(p);
    } else if (slice_word(name, "inorder")) {
        n->in_order = slice_true(bare(p, ";}"));
    } else if (slice_word(name, "yield_distance_as")) {
        n->distance_as = bare(p, ";}");
    } else if (slice_word(name, "ef_runtime")) {
        n->ef_runtime = (uint64_t)fmax(0, fmin(number(p), 4096));
    } else if (slice_word(name, "epsilon")) {
        n->epsilon = number(p);
    } else if (slice_word(name, "phonetic")) {
        (void)bare(p, ";}");
    } else {
        p->at = at;
        fail_at(p, "Invalid attribute", at);
    }
}

/* Behind "=>", at "{". */
static void attributes(struct parser *p, struct query_node *n)
{
    expect(p, '{');
    while (p->error == NULL && take(p, '$')) {
        attribute(p, n);
        if (!take(p, ';')) break;
    }
    expect(p, '}');
}

/* Whether "=>" and this sign come next. */
static bool arrow(struct parser *p, char sign)
{
    size_t at = p->at;
    if (take(p, '=') && peek(p) == '>') {
        p->at++;
        space(p);
        if (peek(p) == sign) return true;
    }
    p->at = at;
    return false;
}

/* --- the language --- */

static struct query_node *any(struct parser *p);

static struct query_node *one(struct parser *p)
{
    struct query_node *n = NULL;
    gap(p);
    p->token = p->at;
    char c = peek(p);
    if (p->at >= p->text.len || ++p->depth > QUERY_DEPTH_MAX) {
        if (p->at < p->text.len)
            fail(p, "Query is nested too deeply");
        else
            syntax(p);
        return NULL;
    }
    if (is_word_at(p)) {
        n = plain(p);
        p->depth--;
        return n;
    }
    p->at++;
    switch (c) {
    case '(':
        n = any(p);
        expect(p, ')');
        break;
    case '"':
        n = quoted(p);
        break;
    case '%':
        n = fuzzy(p);
        break;
    case '$':
        n = word_node(p, param(p, NULL));
        break;
    case '@':
        n = field(p);
        break;
    case '-': /* @field:-word */
        n = parent(p, QUERY_NOT, one(p));
        break;
    case '~':
        n = parent(p, QUERY_OPTIONAL, one(p));
        break;
    case '*':
        n = is_word_at(p) ? ending(p) : node_new(p, QUERY_ALL);
        break;
    default:
        p->at--;
        syntax(p);
    }
    p->depth--;
    return n;
}

static struct query_node *part(struct parser *p)
{
    struct query_node *n = one(p);
    if (p->error != NULL || !arrow(p, '{')) return n;
    /* A lone stop word has nothing to say it of. */
    struct query_node scratch = {0};
    attributes(p, n == NULL ? &scratch : n);
    return n;
}

/* Whether another part follows. */
static bool more(struct parser *p)
{
    gap(p);
    if (p->error != NULL || p->at >= p->text.len) return false;
    char c = peek(p);
    return c != '|' && c != ')' && c != ']' && c != '}' && !(c == '=' && peek_at(p, 1) == '>');
}

static struct query_node *alternatives(struct parser *p,
                                       struct query_node *(*next)(struct parser *p))
{
    struct list l = {0};
    do
        list_add(p, &l, next(p));
    while (p->error == NULL && take(p, '|'));
    return join(p, QUERY_OR, &l);
}

static struct query_node *all(struct parser *p)
{
    struct list l = {0};
    do
        list_add(p, &l, p->o->dialect == 1 ? alternatives(p, part) : part(p));
    while (more(p));
    return join(p, QUERY_AND, &l);
}

static struct query_node *any(struct parser *p)
{
    return p->o->dialect == 1 ? all(p) : alternatives(p, all);
}

/* "=>[KNN k @field $blob ...]", behind the arrow. */
static struct query_node *nearest(struct parser *p, struct query_node *filter)
{
    expect(p, '[');
    if (p->error == NULL && !slice_word(bare(p, "]"), "KNN")) fail_at(p, "Syntax error", p->token);
    double k = number(p);
    if (p->error == NULL && !(k >= 1 && k <= 1000000 && k == floor(k)))
        fail_at(p, "Invalid value for K", p->token);
    expect(p, '@');
    size_t at = p->at;
    struct slice name = word(p);
    if (p->error != NULL) return NULL;
    int number_of = schema_find(p->o->schema, name);
    if (number_of < 0 || p->o->schema->fields[number_of].kind != FIELD_VECTOR) {
        fail_at(p, "Expected a VECTOR field", at);
        return NULL;
    }
    struct query_node *n = field_node(p, QUERY_KNN, (uint16_t)number_of);
    n->k = (uint64_t)k;
    n->vector = vector_param(p, &n->param);
    n->distance_as = arena_printf(p->arena, "__%.*s_score", (int)name.len, name.p);
    while (p->error == NULL && !take(p, ']')) {
        struct slice option = bare(p, "]");
        if (slice_word(option, "AS"))
            n->distance_as = bare(p, "]");
        else if (slice_word(option, "EF_RUNTIME"))
            n->ef_runtime = (uint64_t)fmax(0, fmin(number(p), 4096));
        else if (slice_word(option, "HYBRID_POLICY") || slice_word(option, "BATCH_SIZE"))
            (void)bare(p, "]"); /* how is decided here */
        else
            fail_at(p, "Syntax error", p->token);
    }
    if (p->error == NULL && arrow(p, '{')) attributes(p, n);
    n->child = arena_alloc(p->arena, sizeof(struct query_node *));
    n->child[0] = filter;
    n->child_count = 1;
    return n;
}

struct query_node *query_parse(struct slice text, const struct query_options *o,
                               struct arena *arena, const char **error)
{
    struct parser p = {.o = o, .arena = arena, .text = text, .scope = o->in};
    if (text.len > QUERY_BYTES_MAX) {
        *error = "Query is too long";
        return NULL;
    }
    space(&p);
    struct query_node *n = p.at >= text.len ? node_new(&p, QUERY_NONE) : any(&p);
    if (p.error == NULL && n == NULL) n = node_new(&p, QUERY_NONE); /* stop words only */
    if (p.error == NULL && arrow(&p, '[')) n = nearest(&p, n);
    space(&p);
    if (p.error == NULL && p.at < text.len) syntax(&p);
    *error = p.error;
    return p.error == NULL ? n : NULL;
}

bool query_yields(const struct query_node *root, struct slice name)
{
    bool vector = root->kind == QUERY_KNN || root->kind == QUERY_VECTOR_RANGE;
    if (vector && root->distance_as.len > 0 && slice_eq(root->distance_as, name)) return true;
    for (uint32_t i = 0; i < root->child_count; i++)
        if (query_yields(root->child[i], name)) return true;
    return false;
}

struct query_node *query_and(struct query_node *a, struct query_node *b, struct arena *arena)
{
    if (a == NULL) return b;
    if (b == NULL) return a;
    if (a->kind == QUERY_KNN) { /* neighbours among what both match */
        a->child[0] = query_and(a->child[0], b, arena);
        return a;
    }
    struct query_node *n = arena_new(arena, struct query_node);
    n->kind = QUERY_AND;
    n->weight = 1;
    n->slop = -1;
    n->child = arena_alloc(arena, 2 * sizeof(struct query_node *));
    n->child[0] = a;
    n->child[1] = b;
    n->child_count = 2;
    return n;
}
