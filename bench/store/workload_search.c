/* Workloads of search: profiles of drivers as hashes under an index, and queries for them. */
#include "load.h"

#include "base/must.h"

enum { VOCABULARY = 20000, BIO_WORDS = 24 };

static void command(struct buf *out, uint32_t argc)
{
    buf_addf(out, "*%u\r\n", argc);
}

static void word(struct buf *out, const char *s)
{
    buf_addf(out, "$%zu\r\n%s\r\n", strlen(s), s);
}

static void owned_word(struct buf *out, struct buf *text)
{
    buf_addf(out, "$%zu\r\n", text->len);
    buf_add_slice(out, buf_slice(text));
    buf_add(out, "\r\n", 2);
    buf_clear(text);
}

/* The n-th word of a made-up language: syllables, so that stems are as varied as words. */
static void made_up(struct buf *text, uint64_t n)
{
    static const char *const syllables[] = {"ba", "co", "di", "fu", "ge", "ka", "lo", "mi",
                                            "nu", "po", "ra", "so", "ti", "vu", "we", "za"};
    for (n += 16; n > 0; n /= 16)
        buf_add_cstr(text, syllables[n % 16]);
}

/* Words as frequent as words are: the n-th about 1/n as often as the first. */
static uint64_t zipf(struct maker *m)
{
    double u = (double)rng_below(&m->rng, 1 << 24) / (1 << 24);
    uint32_t octave = (uint32_t)(u * 14.29); /* log2 of VOCABULARY */
    uint64_t n = (UINT64_C(1) << octave) + rng_below(&m->rng, UINT64_C(1) << octave);
    return n < VOCABULARY ? n : VOCABULARY - 1;
}

static void place(struct maker *m, struct buf *text, char between)
{
    buf_addf(text, "%.5f%c%.5f", -122.6 + (double)rng_below(&m->rng, 46000) / 1e5, between,
             37.55 + (double)rng_below(&m->rng, 36000) / 1e5);
}

static void vehicle(struct maker *m, struct buf *text)
{
    static const char *const kinds[] = {"sedan", "suv", "van", "sedan,green", "black", "bike"};
    buf_add_cstr(text, kinds[rng_below(&m->rng, 6)]);
}

/* About 450 bytes: name, rating, vehicle, location, trips, and a text. */
static void profile(struct maker *m, struct buf *out, uint64_t n)
{
    struct buf text = {0};
    command(out, 14);
    word(out, "HSET");
    buf_addf(&text, "driver:%08llu", (unsigned long long)n);
    owned_word(out, &text);
    word(out, "name");
    made_up(&text, rng_below(&m->rng, VOCABULARY));
    buf_add_char(&text, ' ');
    made_up(&text, rng_below(&m->rng, VOCABULARY));
    owned_word(out, &text);
    word(out, "rating");
    buf_addf(&text, "%.2f", 3 + (double)rng_below(&m->rng, 201) / 100);
    owned_word(out, &text);
    word(out, "vehicle");
    vehicle(m, &text);
    owned_word(out, &text);
    word(out, "location");
    place(m, &text, ',');
    owned_word(out, &text);
    word(out, "trips");
    buf_addf(&text, "%u", (uint32_t)rng_below(&m->rng, 20000));
    owned_word(out, &text);
    word(out, "bio");
    for (int i = 0; i < BIO_WORDS; i++) {
        if (i > 0) buf_add_char(&text, ' ');
        made_up(&text, zipf(m));
    }
    owned_word(out, &text);
    buf_fini(&text);
}

static void search(struct turn *t, struct buf *query, const char *shown)
{
    command(t->out, shown == NULL ? 6 : 9);
    word(t->out, "FT.SEARCH");
    word(t->out, "idx:drivers");
    owned_word(t->out, query);
    word(t->out, "LIMIT");
    word(t->out, "0");
    word(t->out, "10");
    if (shown == NULL) return;
    word(t->out, "RETURN");
    word(t->out, "1");
    word(t->out, shown);
}

void search_fill(struct maker *m, struct buf *out, uint64_t n)
{
    profile(m, out, n);
}

/* The article's query: whoever is rated 4.8 or better, ten of them, and how many there are. */
uint32_t search_next_range(struct maker *m, struct turn *t)
{
    (void)m;
    struct buf query = {0};
    buf_add_cstr(&query, "@rating:[4.8 +inf]");
    search(t, &query, NULL);
    buf_fini(&query);
    return 1;
}

/* A place, a number and a tag: well rated sedans within 2 km. */
uint32_t search_next_place(struct maker *m, struct turn *t)
{
    struct buf query = {0};
    buf_add_cstr(&query, "@location:[");
    place(m, &query, ' ');
    buf_add_cstr(&query, " 2 km] @rating:[4.5 +inf] @vehicle:{sedan}");
    search(t, &query, NULL);
    buf_fini(&query);
    return 1;
}

/* Two words, each as frequent as words are, the best ten. */
uint32_t search_next_text(struct maker *m, struct turn *t)
{
    struct buf query = {0};
    made_up(&query, zipf(m));
    buf_add_char(&query, ' ');
    made_up(&query, zipf(m));
    search(t, &query, "name");
    buf_fini(&query);
    return 1;
}

/* A driver has moved and was rated: one HSET of an indexed document. */
uint32_t search_next_update(struct maker *m, struct turn *t)
{
    struct buf text = {0};
    command(t->out, 6);
    word(t->out, "HSET");
    buf_addf(&text, "driver:%08u", (uint32_t)rng_below(&m->rng, m->o->keys));
    owned_word(t->out, &text);
    word(t->out, "rating");
    buf_addf(&text, "%.2f", 3 + (double)rng_below(&m->rng, 201) / 100);
    owned_word(t->out, &text);
    word(t->out, "location");
    place(m, &text, ',');
    owned_word(t->out, &text);
    buf_fini(&text);
    return 1;
}

/* The whole profile anew, text and all. */
uint32_t search_next_rewrite(struct maker *m, struct turn *t)
{
    profile(m, t->out, rng_below(&m->rng, m->o->keys));
    return 1;
}
