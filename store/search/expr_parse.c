#include "store/search/expr_inside.h"

struct parser {
    struct slice text;
    size_t at;
    struct arena *arena;
    uint32_t depth, nodes;
    const char *error;
};

static struct expr *fail(struct parser *p, const char *what, size_t at)
{
    if (p->error != NULL) return NULL;
    size_t left = at < p->text.len ? p->text.len - at : 0;
    int shown = left < 20 ? (int)left : 20;
    const char *from = shown == 0 ? "" : p->text.p + at;
    p->error =
        arena_printf(p->arena, "Syntax error at offset %zu near '%.*s': %s", at, shown, from, what)
            .p;
    return NULL;
}

static struct expr *node(struct parser *p, enum expr_kind kind, struct expr *a, struct expr *b)
{
    if (++p->nodes > EXPR_NODES_MAX) return fail(p, "expression too long", p->at);
    struct expr *e = arena_new(p->arena, struct expr);
    e->kind = kind;
    e->count = b != NULL ? 2 : a != NULL;
    if (e->count == 0) return e;
    e->of = arena_array(p->arena, e->count, struct expr *);
    e->of[0] = a;
    if (b != NULL) e->of[1] = b;
    return e;
}

/* --- signs --- */

static void skip_space(struct parser *p)
{
    while (p->at < p->text.len && strchr(" \t\r\n", p->text.p[p->at]) != NULL &&
           p->text.p[p->at] != '\0')
        p->at++;
}

static char peek(struct parser *p)
{
    skip_space(p);
    return p->at < p->text.len ? p->text.p[p->at] : '\0';
}

static bool take(struct parser *p, const char *sign)
{
    skip_space(p);
    if (!slice_starts(slice_from(p->text, p->at), slice_of(sign))) return false;
    p->at += strlen(sign);
    return true;
}

static bool is_name_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c >= 0x80;
}

/* --- the smallest parts --- */

/* A name; a backslash takes the sign behind it for a letter. */
static struct slice read_name(struct parser *p)
{
    char *to = arena_alloc(p->arena, p->text.len - p->at + 1);
    size_t n = 0;
    while (p->at < p->text.len) {
        bool escaped = p->text.p[p->at] == '\\' && p->at + 1 < p->text.len;
        if (!escaped && !is_name_byte((unsigned char)p->text.p[p->at])) break;
        p->at += escaped;
        to[n++] = p->text.p[p->at++];
    }
    return slice_make(to, n);
}

static struct expr *read_string(struct parser *p)
{
    size_t begin = p->at;
    char quote = p->text.p[p->at++];
    char *to = arena_alloc(p->arena, p->text.len - p->at + 1);
    size_t n = 0;
    for (; p->at < p->text.len && p->text.p[p->at] != quote; p->at++) {
        if (p->text.p[p->at] == '\\' && p->at + 1 < p->text.len) p->at++;
        to[n++] = p->text.p[p->at];
    }
    if (p->at == p->text.len) return fail(p, "a string without its end", begin);
    p->at++;
    struct expr *e = node(p, EXPR_VALUE, NULL, NULL);
    if (e != NULL) e->value = search_text(slice_make(to, n));
    return e;
}

static struct expr *read_number(struct parser *p)
{
    size_t begin = p->at;
    bool exponent = false;
    while (p->at < p->text.len) {
        char c = p->text.p[p->at];
        bool sign = (c == '-' || c == '+') && exponent;
        exponent = c == 'e' || c == 'E';
        if (!(c >= '0' && c <= '9') && c != '.' && !exponent && !sign) break;
        p->at++;
    }
    double d = 0;
    if (!slice_double(slice_make(p->text.p + begin, p->at - begin), &d))
        return fail(p, "not a number", begin);
    struct expr *e = node(p, EXPR_VALUE, NULL, NULL);
    if (e != NULL) e->value = search_number(d);
    return e;
}

static struct expr *read_any(struct parser *p);

static struct expr *fail_count(struct parser *p, const struct expr_function *f, uint32_t count,
                               size_t at)
{
    struct slice wants = f->min == f->max ? arena_printf(p->arena, "%u", f->min)
                                          : arena_printf(p->arena, "%u to %u", f->min, f->max);
    return fail(
        p, arena_printf(p->arena, "`%s` takes %s arguments, not %u", f->name, wants.p, count).p,
        at);
}

/* What stands in a function's parentheses, the opening one read. */
static struct expr *read_call(struct parser *p, struct slice name, size_t at)
{
    static const struct expr_function choose = {.name = "case", .min = 3, .max = 3};
    struct expr *args[EXPR_ARGS_MAX];
    uint32_t n = 0;
    const struct expr_function *f = expr_function_find(name);
    bool is_case = slice_word(name, "case");
    if (f == NULL && !is_case)
        return fail(
            p, arena_printf(p->arena, "Unknown function name '%.*s'", (int)name.len, name.p).p, at);
    for (bool more = !take(p, ")"); more; more = !take(p, ")")) {
        if (n > 0 && !take(p, ",")) return fail(p, "expected ',' or ')'", p->at);
        if (n == EXPR_ARGS_MAX) return fail(p, "too many arguments", p->at);
        args[n] = read_any(p);
        if (args[n++] == NULL) return NULL;
    }
    const struct expr_function *wanted = is_case ? &choose : f;
    if (n < wanted->min || n > wanted->max) return fail_count(p, wanted, n, at);
    struct expr *e = node(p, EXPR_CALL, NULL, NULL);
    if (e == NULL) return NULL;
    e->f = f;
    e->count = n;
    e->of = arena_array(p->arena, n + 1, struct expr *);
    memcpy(e->of, args, n * sizeof *args);
    return e;
}

static struct expr *read_word(struct parser *p)
{
    size_t at = p->at;
    struct slice name = read_name(p);
    if (name.len > 0 && take(p, "(")) return read_call(p, name, at);
    double d = 0;
    bool null = slice_word(name, "NULL");
    if (!null && !slice_double(name, &d)) return fail(p, "expected a value", at);
    struct expr *e = node(p, EXPR_VALUE, NULL, NULL);
    if (e != NULL && !null) e->value = search_number(d);
    return e;
}

static struct expr *read_property(struct parser *p)
{
    size_t at = p->at++;
    struct slice name = read_name(p);
    if (name.len == 0) return fail(p, "expected a name", at);
    struct expr *e = node(p, EXPR_NAME, NULL, NULL);
    if (e != NULL) e->name = name;
    return e;
}

static struct expr *read_one(struct parser *p);

static struct expr *read_inside(struct parser *p)
{
    struct expr *e = read_any(p);
    if (e == NULL || take(p, ")")) return e;
    return fail(p, "expected ')'", p->at);
}

static struct expr *read_simple(struct parser *p)
{
    if (take(p, "(")) return read_inside(p);
    bool not = peek(p) == '!' && !slice_starts(slice_from(p->text, p->at), SLICE("!="));
    if (not || peek(p) == '-') {
        p->at++;
        struct expr *e = read_one(p);
        return e == NULL ? NULL : node(p, not ? EXPR_NOT : EXPR_MINUS, e, NULL);
    }
    char c = peek(p);
    if (c == '@') return read_property(p);
    if (c == '"' || c == '\'') return read_string(p);
    if ((c >= '0' && c <= '9') || c == '.') return read_number(p);
    return read_word(p);
}

static struct expr *read_one(struct parser *p)
{
    if (p->depth == EXPR_DEPTH_MAX) return fail(p, "nested too deep", p->at);
    p->depth++;
    struct expr *e = read_simple(p);
    p->depth--;
    return e;
}

/* --- operators --- */

static struct expr *read_power(struct parser *p)
{
    struct expr *e = read_one(p);
    if (e == NULL || !take(p, "^")) return e;
    if (p->depth == EXPR_DEPTH_MAX) return fail(p, "nested too deep", p->at);
    p->depth++;
    struct expr *right = read_power(p);
    p->depth--;
    return right == NULL ? NULL : node(p, EXPR_POW, e, right);
}

/* Operators of one rank; the longer sign stands before what it begins with. */
struct rank {
    struct {
        const char *sign;
        enum expr_kind kind;
    } op[7];
};

static const struct rank ranks[] = {
    {{{"||", EXPR_OR}}},
    {{{"&&", EXPR_AND}}},
    {{{"==", EXPR_EQ},
      {"!=", EXPR_NE},
      {"<=", EXPR_LE},
      {">=", EXPR_GE},
      {"<", EXPR_LT},
      {">", EXPR_GT}}},
    {{{"+", EXPR_ADD}, {"-", EXPR_SUB}}},
    {{{"*", EXPR_MUL}, {"/", EXPR_DIV}, {"%", EXPR_MOD}}},
};

enum { RANKS = sizeof ranks / sizeof ranks[0] };

/* The operator of a rank that comes next. */
static bool take_op(struct parser *p, const struct rank *r, enum expr_kind *kind)
{
    for (uint32_t i = 0; r->op[i].sign != NULL; i++) {
        if (!take(p, r->op[i].sign)) continue;
        *kind = r->op[i].kind;
        return true;
    }
    return false;
}

/* Operands of a rank and those that bind closer, from the left. */
static struct expr *read_rank(struct parser *p, uint32_t rank)
{
    if (rank == RANKS) return read_power(p);
    struct expr *e = read_rank(p, rank + 1);
    enum expr_kind kind = EXPR_VALUE;
    while (e != NULL && take_op(p, &ranks[rank], &kind)) {
        struct expr *right = read_rank(p, rank + 1);
        e = right == NULL ? NULL : node(p, kind, e, right);
    }
    return e;
}

static struct expr *read_any(struct parser *p)
{
    return read_rank(p, 0);
}

struct expr *expr_parse(struct slice text, struct arena *arena, const char **error)
{
    struct parser p = {.text = text, .arena = arena};
    struct expr *e = NULL;
    if (text.len > EXPR_BYTES_MAX)
        (void)fail(&p, "expression too long", EXPR_BYTES_MAX);
    else
        e = read_any(&p);
    if (e != NULL && peek(&p) != '\0') e = fail(&p, "expected an operator", p.at);
    if (e != NULL && p.at < text.len) e = fail(&p, "expected an operator", p.at);
    *error = p.error;
    return e;
}
