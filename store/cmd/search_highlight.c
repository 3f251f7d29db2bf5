/* search_highlight: HIGHLIGHT and SUMMARIZE of FT.SEARCH. */
#include "search_query.h"

#include "store/search/highlight.h"

/* The fields an option is about. */
struct mark_fields {
    bool said;                 /* the option is there */
    const struct slice *names; /* of the command; none: all that are TEXT */
    uint32_t n;
};

struct search_marks {
    struct mark_fields highlight, summarize;
    struct highlight_tags tags;
    struct summary summary;
};

/* --- options --- */

static void read_fields(struct search_query *q, struct mark_fields *f)
{
    struct args *a = q->h->args;
    uint32_t n = 0;
    f->said = true;
    if (!args_maybe(a, "FIELDS")) return;
    args_u32(a, 1, SCHEMA_FIELDS_MAX, &n);
    if (args_ok(a) && args_left(a) < n)
        args_fail(a, "Bad arguments for FIELDS: Expected an argument, but none provided");
    if (!args_ok(a)) return;
    f->names = a->argv + a->at;
    f->n = n;
    a->at += n;
}

static void read_highlight(struct search_query *q)
{
    struct args *a = q->h->args;
    read_fields(q, &q->marks->highlight);
    if (!args_ok(a) || !args_maybe(a, "TAGS")) return;
    args_slice(a, &q->marks->tags.open);
    args_slice(a, &q->marks->tags.close);
}

static void read_summarize(struct search_query *q)
{
    struct args *a = q->h->args;
    struct summary *s = &q->marks->summary;
    read_fields(q, &q->marks->summarize);
    while (args_ok(a)) {
        if (args_maybe(a, "FRAGS"))
            args_u32(a, 1, SUMMARY_PIECES_MAX, &s->pieces);
        else if (args_maybe(a, "LEN"))
            args_u32(a, 1, SUMMARY_WORDS_MAX, &s->words);
        else if (args_maybe(a, "SEPARATOR"))
            args_slice(a, &s->separator);
        else
            break;
    }
}

bool search_read_marks(struct search_query *q)
{
    bool highlight = args_maybe(q->h->args, "HIGHLIGHT");
    if (!highlight && !args_maybe(q->h->args, "SUMMARIZE")) return false;
    if (q->marks == NULL) {
        q->marks = arena_new(q->h->arena, struct search_marks);
        q->marks->tags = (struct highlight_tags){SLICE("<b>"), SLICE("</b>")};
        q->marks->summary = (struct summary){.pieces = 3, .words = 20, .separator = SLICE("... ")};
    }
    (highlight ? read_highlight : read_summarize)(q);
    return true;
}

/* --- values --- */

/* The number of the TEXT field of this name or, in a hash, path; -1 when it is none. */
static int text_field(const struct schema *s, struct slice name)
{
    int number = schema_find(s, name);
    for (uint32_t i = 0; i < s->field_count && number < 0; i++)
        if (slice_eq(s->fields[i].path, name)) number = (int)i;
    return number >= 0 && s->fields[number].kind == FIELD_TEXT ? number : -1;
}

static bool is_about(const struct mark_fields *f, const struct search_field *spec)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (slice_eq(f->names[i], spec->name) || slice_eq(f->names[i], spec->path)) return true;
    return f->said && f->n == 0;
}

struct slice search_marked(struct search_query *q, struct slice name, struct slice value)
{
    static const struct highlight_tags none;
    struct search_index *x = q->e->index;
    int number = q->marks == NULL ? -1 : text_field(&x->schema, name);
    if (number < 0) return value;
    const struct search_field *spec = &x->schema.fields[number];
    bool highlight = is_about(&q->marks->highlight, spec);
    bool summarize = is_about(&q->marks->summarize, spec);
    if (!highlight && !summarize) return value;
    const struct highlight_query what = {.root = q->run.root,
                                         .field = (uint32_t)number,
                                         .stems = !spec->nostem && !q->options.verbatim,
                                         .tools = &x->tools,
                                         .language = q->options.language};
    const struct highlight_tags *tags = highlight ? &q->marks->tags : &none;
    struct text_words words = highlight_find(&what, value, q->h->arena);
    struct buf out = {0};
    if (summarize)
        highlight_summary(value, &words, &q->marks->summary, tags, q->h->arena, &out);
    else
        highlight_whole(value, &words, tags, &out);
    struct slice shown = arena_copy(q->h->arena, buf_slice(&out));
    buf_fini(&out);
    return shown;
}
