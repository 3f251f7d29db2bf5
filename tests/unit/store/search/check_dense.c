/* Goal: queries of frequent words give the very documents, scores, order and total that scoring
 * every document would, although most matches are never scored. Method: some windows of documents
 * with words as frequent as words are, changed all the time; two or three words, alternatives,
 * weights and a range of numbers, against a BM25 that looks at all documents. */
#include "store/search/run.h"

#include "base/mem.h"
#include "base/rng.h"
#include "tests/lib/unit.h"

#include <math.h>
#include <stdio.h>

enum { DOCS = 9000, TEXT = 24, VOCABULARY = 10, ROUNDS = 60, QUERIES = 20, FIELDS = 2 };

static const char *const vocabulary[VOCABULARY] = {"zab", "zeb", "zib", "zob", "zub",
                                                   "qua", "quo", "qui", "kle", "klo"};
static const char *const fields[FIELDS] = {"title", "body"};

struct oracle_doc {
    bool in;
    uint32_t times[FIELDS][VOCABULARY]; /* of each word */
    uint32_t length[FIELDS];
    double number;
};
static struct oracle_doc docs[DOCS];
static struct rng rng;

static uint32_t pick(uint32_t n)
{
    return (uint32_t)rng_below(&rng, n);
}

static const char *read_values(void *data, const struct search_field *field, struct arena *arena,
                               struct search_value **out, uint32_t *n)
{
    const struct oracle_doc *d = data;
    *out = arena_new(arena, struct search_value);
    *n = 1;
    if (field->kind == FIELD_NUMERIC) {
        **out = search_number(d->number);
        return NULL;
    }
    uint32_t f = slice_is(field->name, fields[1]);
    struct buf b = {0};
    for (uint32_t w = 0; w < VOCABULARY; w++)
        for (uint32_t i = 0; i < d->times[f][w]; i++)
            buf_addf(&b, "%s ", vocabulary[w]);
    **out = search_text(arena_copy(arena, buf_slice(&b)));
    buf_fini(&b);
    return NULL;
}

static struct slice key_of(uint32_t i, char text[static 16])
{
    return slice_make(text, (size_t)snprintf(text, 16, "d%u", i));
}

/* Most words are the first ones; few documents have a word many times. */
static void put(struct search_index *x, uint32_t i, struct arena *arena)
{
    struct oracle_doc *d = &docs[i];
    char name[16];
    *d = (struct oracle_doc){.in = true, .number = pick(100)};
    for (uint32_t f = 0; f < FIELDS; f++) {
        d->length[f] = f == 0 ? pick(3) : 1 + pick(TEXT);
        uint32_t repeat = pick(40) == 0 ? 300 : 1;
        for (uint32_t k = 0; k < d->length[f]; k++) {
            uint32_t word = pick(1 + pick(VOCABULARY));
            d->times[f][word] += k == 0 ? repeat : 1;
        }
        if (d->length[f] > 0) d->length[f] += repeat - 1;
    }
    const struct index_reader r = {read_values, NULL, d};
    ck_assert_uint_ne(index_put(x, key_of(i, name), &r, arena), DOC_NONE);
}

static struct search_index *make_index(void)
{
    struct schema s = {0};
    schema_init(&s, SLICE("idx"));
    for (int i = 0; i <= FIELDS; i++) {
        struct slice name = i < FIELDS ? slice_of(fields[i]) : SLICE("num");
        schema_add_field(&s, &(struct search_field){.kind = i < FIELDS ? FIELD_TEXT : FIELD_NUMERIC,
                                                    .name = name,
                                                    .path = name,
                                                    .nostem = true,
                                                    .weight = i == 0 ? 2 : 1});
    }
    return index_new(&s);
}

/* --- the oracle --- */

/* A condition: one of some words in one field, or in both. */
struct part {
    uint32_t word[3], words;
    int field; /* -1: both */
    double weight;
};

struct stats {
    double docs, with[FIELDS][VOCABULARY], average[FIELDS];
};

static struct stats count(void)
{
    struct stats s = {0};
    for (uint32_t f = 0; f < FIELDS; f++) {
        double has = 0, length = 0;
        for (uint32_t i = 0; i < DOCS; i++) {
            if (!docs[i].in) continue;
            has++; /* a text without words is a text */
            length += docs[i].length[f];
            for (uint32_t w = 0; w < VOCABULARY; w++)
                s.with[f][w] += docs[i].times[f][w] > 0;
        }
        s.docs = has;
        s.average[f] = length / has;
    }
    return s;
}

static bool score_part(const struct part *p, const struct stats *s, const struct oracle_doc *d,
                       double *sum)
{
    bool any = false;
    for (uint32_t k = 0; k < p->words; k++)
        for (int f = 0; f < FIELDS; f++) {
            double times = d->times[f][p->word[k]], with = s->with[f][p->word[k]];
            if (times == 0 || (p->field >= 0 && p->field != f)) continue;
            any = true;
            double idf = log(1 + (s->docs - with + 0.5) / (with + 0.5));
            *sum += p->weight * (f == 0 ? 2 : 1) * idf * times * 2.2 /
                    (times + 1.2 * (0.25 + 0.75 * d->length[f] / s->average[f]));
        }
    return any;
}

static struct part make_part(void)
{
    struct part p = {.words = 1U + (pick(4) == 0) + (pick(4) == 0),
                     .field = (int)pick(3) - 1,
                     .weight = pick(4) == 0 ? 2.5 : 1};
    uint32_t first = pick(VOCABULARY); /* no word twice */
    for (uint32_t k = 0; k < p.words; k++)
        p.word[k] = (first + k) % VOCABULARY;
    return p;
}

static void write_part(const struct part *p, struct buf *out)
{
    if (p->weight != 1) buf_add_char(out, '(');
    if (p->field >= 0) buf_addf(out, "@%s:", fields[p->field]);
    for (uint32_t k = 0; k < p->words; k++)
        buf_addf(out, "%s%s", k == 0 ? "(" : "|", vocabulary[p->word[k]]);
    buf_add_cstr(out, ")");
    if (p->weight != 1) buf_addf(out, ")=>{$weight: %g}", p->weight);
    buf_add_char(out, ' ');
}

struct wanted {
    uint32_t id;
    double score;
};

static int by_score(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    if (fabs(x->score - y->score) > 1e-9) return x->score < y->score ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static void ask(struct search_index *x, const struct stats *s, struct arena *arena)
{
    struct part part[3];
    uint32_t parts = 1 + pick(3), least = pick(3) == 0 ? 50 : 0, n = 0;
    struct buf text = {0};
    for (uint32_t i = 0; i < parts; i++) {
        part[i] = make_part();
        write_part(&part[i], &text);
    }
    if (least > 0) buf_addf(&text, "@num:[%u +inf]", least);
    static struct wanted wanted[DOCS];
    for (uint32_t i = 0; i < DOCS; i++) {
        char name[16];
        double sum = 0;
        bool all = docs[i].in && docs[i].number >= least;
        for (uint32_t k = 0; k < parts && all; k++)
            all = score_part(&part[k], s, &docs[i], &sum);
        if (all) wanted[n++] = (struct wanted){docs_find(&x->docs, key_of(i, name)), sum};
    }
    qsort(wanted, n, sizeof wanted[0], by_score);

    const struct query_options o = {.schema = &x->schema,
                                    .tools = &x->tools,
                                    .language = text_language(SLICE("english")),
                                    .dialect = 2,
                                    .in = {.all = true}};
    const char *error = NULL;
    struct search_request r = {.filter.expansions_max = 100, .count = pick(3) * 10};
    r.offset = pick(4) == 0 ? 5 : 0;
    r.root = query_parse(buf_slice(&text), &o, arena, &error);
    ck_assert_msg(r.root != NULL, "%.*s: %s", (int)text.len, text.p, error);
    struct search_result found = {0};
    ck_assert_ptr_null(search_run(x, &r, arena, &found));
    ck_assert_msg(found.total == n, "%.*s: %u, and not %u", (int)text.len, text.p,
                  (unsigned)found.total, n);
    for (uint32_t i = 0; i < found.n; i++) {
        const struct wanted *w = &wanted[r.offset + i];
        ck_assert_msg(fabs(found.hits[i].score - w->score) < 1e-9 * (1 + w->score),
                      "%.*s: hit %u scores %.17g, and not %.17g", (int)text.len, text.p, i,
                      found.hits[i].score, w->score);
        /* What differs by less than rounding may stand either way. */
        bool tie = i > 0 && found.hits[i - 1].score == found.hits[i].score;
        if (tie) ck_assert_uint_lt(found.hits[i - 1].doc, found.hits[i].doc);
    }
    ck_assert_uint_eq(found.n, n <= r.offset ? 0 : n - r.offset < r.count ? n - r.offset : r.count);
    buf_fini(&text);
}

START_TEST(frequent_words_are_ranked_as_if_each_document_was_scored)
{
    rng_init(&rng, 5);
    struct search_index *x = make_index();
    struct arena arena = {0};
    for (uint32_t i = 0; i < DOCS; i++) {
        put(x, i, &arena);
        arena_reset(&arena);
    }
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct stats s = count();
        for (uint32_t i = 0; i < QUERIES; i++) {
            ask(x, &s, &arena);
            arena_reset(&arena);
        }
        for (uint32_t i = 0; i < 100; i++) {
            char name[16];
            uint32_t n = pick(DOCS);
            if (pick(3) == 0)
                docs[n].in = index_del(x, key_of(n, name)) && false;
            else
                put(x, n, &arena);
            arena_reset(&arena);
        }
    }
    index_check(x);
    index_free(x);
    arena_fini(&arena);
}
END_TEST

UNIT_SUITE("dense", frequent_words_are_ranked_as_if_each_document_was_scored)
