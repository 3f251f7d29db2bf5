/* The tree of a query as FT.EXPLAIN shows it: in RediSearch's words. */
#include "query.h"

struct explain {
    const struct schema *s;
    struct buf *out;
};

static void indent(const struct explain *x, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        buf_add(x->out, "  ", 2);
}

static struct slice field_name(const struct explain *x, const struct query_node *n)
{
    return x->s->fields[n->fields.number[0]].name;
}

static bool is_about_words(const struct query_node *n)
{
    return n->kind >= QUERY_AND && n->kind <= QUERY_GLOB;
}

/* "@a|b:" in front of words of named fields. */
static void scope(const struct explain *x, const struct query_node *n)
{
    if (n->fields.all || !is_about_words(n)) return;
    for (uint32_t i = 0; i < n->fields.n; i++) {
        buf_add_char(x->out, i == 0 ? '@' : '|');
        buf_add_slice(x->out, x->s->fields[n->fields.number[i]].name);
    }
    buf_add_char(x->out, ':');
}

static void node(const struct explain *x, const struct query_node *n, uint32_t depth);

static void children(const struct explain *x, const char *name, const struct query_node *n,
                     uint32_t depth)
{
    buf_add_cstr(x->out, name);
    if (n->kind == QUERY_TAG) buf_add_slice(x->out, field_name(x, n));
    buf_add_cstr(x->out, " {\n");
    for (uint32_t i = 0; i < n->child_count; i++)
        node(x, n->child[i], depth + 1);
    indent(x, depth);
    buf_add_char(x->out, '}');
}

static void words(const struct explain *x, const char *name, const char *front,
                  const struct query_node *n, const char *back)
{
    buf_addf(x->out, "%s{%s%.*s%s}", name, front, (int)n->text.len, n->text.p, back);
}

static void numeric(const struct explain *x, const struct query_node *n)
{
    struct slice name = field_name(x, n);
    buf_addf(x->out, "NUMERIC {%f %s @%.*s %s %f}", n->min, n->min_open ? "<" : "<=", (int)name.len,
             name.p, n->max_open ? "<" : "<=", n->max);
}

static void vector(const struct explain *x, const struct query_node *n, uint32_t depth)
{
    struct slice name = field_name(x, n);
    buf_add_cstr(x->out, "VECTOR {");
    if (n->kind == QUERY_KNN && n->child[0]->kind != QUERY_ALL) {
        buf_add_char(x->out, '\n');
        node(x, n->child[0], depth + 1);
        indent(x, depth);
        buf_add_cstr(x->out, "} => {");
    }
    if (n->kind == QUERY_KNN)
        buf_addf(x->out, "K=%llu nearest vectors to ", (unsigned long long)n->k);
    else
        buf_addf(x->out, "Vectors that are within %g distance from ", n->radius);
    buf_addf(x->out, "`$%.*s` in vector index associated with field @%.*s", (int)n->param.len,
             n->param.p, (int)name.len, name.p);
    if (n->distance_as.len > 0)
        buf_addf(x->out, ", yields distance as `%.*s`", (int)n->distance_as.len, n->distance_as.p);
    buf_add_char(x->out, '}');
}

static void node(const struct explain *x, const struct query_node *n, uint32_t depth)
{
    struct slice name = {0};
    indent(x, depth);
    scope(x, n);
    switch (n->kind) {
    case QUERY_NONE:
        buf_add_cstr(x->out, "<empty>");
        break;
    case QUERY_ALL:
        buf_add_cstr(x->out, "<WILDCARD>");
        break;
    case QUERY_AND:
        children(x, "INTERSECT", n, depth);
        break;
    case QUERY_OR:
        children(x, "UNION", n, depth);
        break;
    case QUERY_NOT:
        children(x, "NOT", n, depth);
        break;
    case QUERY_OPTIONAL:
        children(x, "OPTIONAL", n, depth);
        break;
    case QUERY_EXACT:
        children(x, "EXACT", n, depth);
        break;
    case QUERY_TERM:
        buf_add_slice(x->out, n->text);
        if (n->expanded) buf_add_cstr(x->out, "(expanded)");
        break;
    case QUERY_PREFIX:
        words(x, "PREFIX", "", n, "*");
        break;
    case QUERY_SUFFIX:
        words(x, "SUFFIX", "*", n, "");
        break;
    case QUERY_INFIX:
        words(x, "INFIX", "*", n, "*");
        break;
    case QUERY_FUZZY:
        words(x, "FUZZY", "", n, "");
        break;
    case QUERY_GLOB:
        words(x, "WILDCARD", "", n, "");
        break;
    case QUERY_NUMERIC:
        numeric(x, n);
        break;
    case QUERY_TAG:
        children(x, "TAG:@", n, depth);
        break;
    case QUERY_GEO:
        name = field_name(x, n);
        buf_addf(x->out, "GEO %.*s:{%f,%f --> %f %s}", (int)name.len, name.p, n->lon, n->lat,
                 n->radius, n->unit);
        break;
    case QUERY_KNN:
    case QUERY_VECTOR_RANGE:
        vector(x, n, depth);
        break;
    case QUERY_KEYS:
        buf_addf(x->out, "IDS {%u keys}", n->key_count);
        break;
    }
    if (n->weight != 1) buf_addf(x->out, " => {$weight: %g;}", n->weight);
    if (n->kind == QUERY_AND && n->slop >= 0)
        buf_addf(x->out, " => {$slop: %lld; $inorder: %s;}", (long long)n->slop,
                 n->in_order ? "true" : "false");
    buf_add_char(x->out, '\n');
}

void query_explain(const struct query_node *root, const struct schema *s, struct buf *out)
{
    const struct explain x = {s, out};
    node(&x, root, 0);
}
