/* Goal: an index that documents come to, change in and leave answers any query as looking at all
 * documents would. Method: random documents with words, numbers, tags and places; random trees of
 * conditions, written as query text for the one and evaluated naively by the other. */
#include "store/search/run.h"

#include "base/geohash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "store/ds/geosearch.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { STEPS = 100000, ASK_EVERY = 25, DOCS = 240, WORDS = 14, TEXT = 8, VOCABULARY = 9 };

static const char *const vocabulary[VOCABULARY] = {"zab", "zeb", "zib", "zob", "zub",
                                                   "qua", "quo", "qui", "kle"};

/* The oracle. */
struct oracle_doc {
    bool in;
    uint32_t title[TEXT], title_n; /* words by number */
    uint32_t body[TEXT], body_n;
    double number[2];
    uint32_t number_n;
    uint32_t tags; /* bits */
    bool placed;
    struct geo_point at;
};
static struct oracle_doc docs[DOCS];
static struct rng rng;
static bool several; /* some documents have two numbers */

static uint32_t pick(uint32_t n)
{
    return (uint32_t)rng_below(&rng, n);
}

/* --- documents --- */

static struct slice words_text(const uint32_t *word, uint32_t n, struct arena *arena)
{
    struct buf b = {0};
    for (uint32_t i = 0; i < n; i++)
        buf_addf(&b, "%s%s", i == 0 ? "" : pick(2) == 0 ? " " : ", ", vocabulary[word[i]]);
    struct slice s = arena_copy(arena, buf_slice(&b));
    buf_fini(&b);
    return s;
}

static const char *read_values(void *data, const struct search_field *field, struct arena *arena,
                               struct search_value **out, uint32_t *n)
{
    const struct oracle_doc *d = data;
    struct search_value *v = arena_array(arena, 8, struct search_value);
    *out = v;
    *n = 0;
    if (slice_is(field->name, "title") && d->title_n > 0)
        v[(*n)++] = search_text(words_text(d->title, d->title_n, arena));
    if (slice_is(field->name, "body") && d->body_n > 0)
        v[(*n)++] = search_text(words_text(d->body, d->body_n, arena));
    for (uint32_t i = 0; slice_is(field->name, "num") && i < d->number_n; i++)
        v[(*n)++] = search_number(d->number[i]);
    for (uint32_t i = 0; slice_is(field->name, "tag") && i < 5; i++)
        if ((d->tags >> i & 1) != 0) v[(*n)++] = search_text(arena_printf(arena, "T%u", i));
    if (slice_is(field->name, "geo") && d->placed)
        v[(*n)++] = search_text(arena_printf(arena, "%.17g,%.17g", d->at.lon, d->at.lat));
    return NULL;
}

static void make_doc(struct oracle_doc *d)
{
    *d = (struct oracle_doc){.in = true};
    d->title_n = pick(4);
    d->body_n = pick(TEXT);
    for (uint32_t i = 0; i < d->title_n; i++)
        d->title[i] = pick(VOCABULARY);
    for (uint32_t i = 0; i < d->body_n; i++)
        d->body[i] = pick(VOCABULARY);
    d->number_n = several && pick(8) == 0 ? 2 : pick(4) == 0 ? 0 : 1;
    d->number[0] = pick(20);
    d->number[1] = pick(20);
    d->tags = pick(32) & pick(32);
    d->placed = pick(5) > 0;
    d->at = (struct geo_point){13 + pick(1000) / 5000.0, 52 + pick(1000) / 5000.0};
}

static struct slice key_of(uint32_t i, char text[static 16])
{
    return slice_make(text, (size_t)snprintf(text, 16, "d%u", i));
}

static struct search_index *make_index(void)
{
    static const struct {
        const char *name;
        enum field_kind kind;
    } fields[] = {{"title", FIELD_TEXT},
                  {"body", FIELD_TEXT},
                  {"num", FIELD_NUMERIC},
                  {"tag", FIELD_TAG},
                  {"geo", FIELD_GEO}};
    struct schema s = {0};
    schema_init(&s, SLICE("idx"));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        schema_add_field(&s, &(struct search_field){.kind = fields[i].kind,
                                                    .name = slice_of(fields[i].name),
                                                    .path = slice_of(fields[i].name),
                                                    .nostem = true,
                                                    .weight = 1});
    return index_new(&s);
}

/* --- conditions --- */

enum kind { WORD, PHRASE, RANGE, TAG, PLACE, NOT, AND, OR, KINDS };

struct condition {
    uint32_t kind; /* enum kind */
    uint32_t in;   /* WORD, PHRASE: 1 title, 2 body, 3 both */
    uint32_t word[2];
    double min, max;
    bool min_open, max_open;
    uint32_t tag;
    struct geo_shape shape;
    struct condition *child[2];
};

static struct condition *make_condition(struct arena *arena, uint32_t depth)
{
    struct condition *c = arena_new(arena, struct condition);
    uint32_t kind = pick(depth == 0 ? NOT : KINDS);
    c->kind = kind;
    c->in = 1 + pick(3);
    c->word[0] = pick(VOCABULARY);
    c->word[1] = pick(VOCABULARY);
    c->min = pick(20);
    c->max = c->min + pick(8);
    c->min_open = pick(3) == 0;
    c->max_open = pick(3) == 0;
    c->tag = pick(6);
    c->shape = (struct geo_shape){.at = {13 + pick(100) / 500.0, 52 + pick(100) / 500.0},
                                  .radius_m = 200 + pick(12000)};
    for (uint32_t i = 0; i < (kind == NOT ? 1U : kind > NOT ? 2U : 0U); i++)
        c->child[i] = make_condition(arena, depth - 1);
    return c;
}

static const char *fields_text(uint32_t in)
{
    return in == 1 ? "@title:" : in == 2 ? "@body:" : "";
}

static void write_condition(const struct condition *c, struct buf *out)
{
    switch (c->kind) {
    case WORD:
        buf_addf(out, "%s%s", fields_text(c->in), vocabulary[c->word[0]]);
        break;
    case PHRASE:
        buf_addf(out, "%s\"%s %s\"", fields_text(c->in), vocabulary[c->word[0]],
                 vocabulary[c->word[1]]);
        break;
    case RANGE:
        buf_addf(out, "@num:[%s%g %s%g]", c->min_open ? "(" : "", c->min, c->max_open ? "(" : "",
                 c->max);
        break;
    case TAG:
        buf_addf(out, "@tag:{t%u | nothing}", c->tag);
        break;
    case PLACE:
        buf_addf(out, "@geo:[%.17g %.17g %.17g m]", c->shape.at.lon, c->shape.at.lat,
                 c->shape.radius_m);
        break;
    case NOT:
        buf_add_cstr(out, "-(");
        write_condition(c->child[0], out);
        buf_add_char(out, ')');
        break;
    default:
        buf_add_char(out, '(');
        write_condition(c->child[0], out);
        buf_add_cstr(out, c->kind == AND ? " " : " | ");
        write_condition(c->child[1], out);
        buf_add_char(out, ')');
    }
}

static bool has_words(const uint32_t *words, uint32_t n, const uint32_t *wanted, uint32_t count)
{
    for (uint32_t i = 0; i + count <= n; i++)
        if (words[i] == wanted[0] && (count == 1 || words[i + 1] == wanted[1])) return true;
    return false;
}

static bool holds(const struct condition *c, const struct oracle_doc *d)
{
    double dist = 0;
    switch (c->kind) {
    case WORD:
    case PHRASE:
        return ((c->in & 1) != 0 && has_words(d->title, d->title_n, c->word, 1U + c->kind)) ||
               ((c->in & 2) != 0 && has_words(d->body, d->body_n, c->word, 1U + c->kind));
    case RANGE:
        for (uint32_t i = 0; i < d->number_n; i++)
            if ((c->min_open ? d->number[i] > c->min : d->number[i] >= c->min) &&
                (c->max_open ? d->number[i] < c->max : d->number[i] <= c->max))
                return true;
        return false;
    case TAG:
        return (d->tags >> c->tag & 1) != 0;
    case PLACE:
        return d->placed && geo_shape_has(&c->shape, geohash_decode(geohash_encode(d->at)), &dist);
    case NOT:
        return !holds(c->child[0], d);
    case AND:
        return holds(c->child[0], d) && holds(c->child[1], d);
    default:
        return holds(c->child[0], d) || holds(c->child[1], d);
    }
}

/* --- asking --- */

static uint32_t count_holding(const struct condition *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < DOCS; i++)
        n += docs[i].in && holds(c, &docs[i]);
    return n;
}

static void ask(struct search_index *x, struct arena *arena)
{
    struct condition *c = make_condition(arena, pick(4));
    struct buf text = {0};
    write_condition(c, &text);
    const struct query_options o = {.schema = &x->schema,
                                    .tools = &x->tools,
                                    .language = text_language(SLICE("english")),
                                    .dialect = 2,
                                    .in = {.all = true}};
    const char *error = NULL;
    struct search_request r = {.filter.expansions_max = 100};
    r.root = query_parse(buf_slice(&text), &o, arena, &error);
    ck_assert_msg(r.root != NULL, "%.*s: %s", (int)text.len, text.p, error);
    r.offset = pick(10);
    r.count = 1 + pick(DOCS);
    if (pick(2) == 0)
        r.order = (struct search_order){
            .by_value = true, .field = SLICE("num"), .descending = pick(2) == 0};
    struct search_result found = {0};
    ck_assert_ptr_null(search_run(x, &r, arena, &found));
    uint32_t wanted = count_holding(c);
    ck_assert_msg(found.total == wanted, "%.*s: %u, and not %u", (int)text.len, text.p,
                  (unsigned)found.total, wanted);
    uint32_t left = wanted > r.offset ? wanted - r.offset : 0;
    ck_assert_uint_eq(found.n, left < r.count ? left : r.count);
    static bool seen[DOCS];
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < found.n; i++) {
        struct slice key = docs_key(&x->docs, found.hits[i].doc);
        int64_t number = 0;
        ck_assert(slice_i64(slice_from(key, 1), &number));
        ck_assert(!seen[number]);
        seen[number] = true;
        ck_assert_msg(holds(c, &docs[number]), "%.*s", (int)text.len, text.p);
        if (i == 0) continue;
        const struct search_hit *a = &found.hits[i - 1], *b = &found.hits[i];
        if (!r.order.by_value)
            ck_assert(a->score >= b->score);
        else if (b->key.kind == SEARCH_NUMBER && r.order.descending)
            ck_assert(a->key.number >= b->key.number);
        else if (b->key.kind == SEARCH_NUMBER)
            ck_assert(a->key.number <= b->key.number);
    }
    /* Asked about single documents, the same tree says the same. */
    struct doc_iter *it = filter_new(x, r.root, &r.filter, arena, &error);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t n = pick(DOCS);
        char name[16];
        uint32_t id = docs_find(&x->docs, key_of(n, name));
        if (id != DOC_NONE) ck_assert_int_eq(doc_iter_test(it, id), holds(c, &docs[n]));
    }
    buf_fini(&text);
}

static void play(uint32_t steps)
{
    rng_init(&rng, 11);
    memset(docs, 0, sizeof docs);
    struct search_index *x = make_index();
    struct arena arena = {0};
    for (uint32_t step = 0; step < steps; step++) {
        char name[16];
        uint32_t n = pick(DOCS);
        if (pick(step / 10000 % 2 == 0 ? 6 : 2) == 0) {
            ck_assert_int_eq(index_del(x, key_of(n, name)), docs[n].in);
            docs[n].in = false;
        } else {
            make_doc(&docs[n]);
            const struct index_reader r = {read_values, NULL, &docs[n]};
            ck_assert_uint_ne(index_put(x, key_of(n, name), &r, &arena), DOC_NONE);
        }
        if (step % ASK_EVERY == 0) ask(x, &arena);
        if (step % 5000 == 0) index_check(x);
        arena_reset(&arena);
    }
    index_free(x);
    arena_fini(&arena);
}

START_TEST(random_queries_agree_with_looking_at_all_documents)
{
    several = true;
    play(STEPS);
}
END_TEST

/* A range is asked of many documents at once then. */
START_TEST(they_do_where_no_document_has_several_numbers)
{
    several = false;
    play(STEPS / 2);
}
END_TEST

UNIT_SUITE("filter", random_queries_agree_with_looking_at_all_documents,
           they_do_where_no_document_has_several_numbers)
