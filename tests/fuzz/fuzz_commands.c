/* fuzz_commands: any sequence of commands of three clients.
 *
 * Goal: no command breaks a structure, writes a reply that is none, loses memory, or does
 * something that the log does not redo. Method: the bytes choose among the forms of tests/differ,
 * so that most commands make sense, and among all of commands.def with words drawn anywhere. Then
 * the records are redone in a second engine and the rewrite in a third, which must be the same. */
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/script/script.h"
#include "tests/fuzz/resp_text.h"
#include "tests/lib/same_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the grammar ---- */

struct choice {
    uint32_t count;
    const struct slice *words;
};

struct pool {
    struct slice name;
    uint32_t count;
    const struct choice *choices;
};

struct family {
    uint32_t form_count;
    const char *const *forms;
    uint32_t pool_count;
    const struct pool *pools;
};

#include "fuzz_grammar.inc"

enum { FAMILIES = sizeof families / sizeof families[0], WORDS_MAX = 128, COMMANDS_MAX = 200 };

/* ---- the input ---- */

struct input {
    const uint8_t *at, *end;
};

static uint32_t draw(struct input *in, uint32_t n)
{
    if (n < 2 || in->at == in->end) return 0;
    uint32_t byte = *in->at++;
    if (n > 256 && in->at < in->end) byte = byte << 8 | *in->at++;
    return byte % n;
}

struct line {
    struct slice words[WORDS_MAX];
    uint32_t count;
};

static void add(struct line *l, struct slice word)
{
    if (l->count < WORDS_MAX) l->words[l->count++] = word;
}

static void add_from_pool(struct line *l, struct input *in, const struct family *f,
                          struct slice name)
{
    for (uint32_t i = 0; i < f->pool_count; i++) {
        const struct pool *p = &f->pools[i];
        if (!slice_eq(p->name, name)) continue;
        const struct choice *c = &p->choices[draw(in, p->count)];
        for (uint32_t k = 0; k < c->count; k++)
            add(l, c->words[k]);
        return;
    }
    add(l, name);
}

/* One of the parts between bars. */
static struct slice one_of(struct input *in, struct slice word)
{
    uint32_t parts = 1;
    struct slice part = word;
    for (size_t i = 0; i < word.len; i++)
        parts += word.p[i] == '|';
    for (uint32_t n = draw(in, parts) + 1; n > 0; n--)
        (void)slice_cut(&word, '|', &part);
    return part;
}

static void add_count(struct line *l, struct input *in, const struct family *f, struct slice pool)
{
    static const char *const counts[] = {"0", "1", "2", "3", "4", "-1"};
    uint32_t n = 1 + draw(in, 3);
    uint32_t said = draw(in, 32) == 1 ? draw(in, 6) : n;
    add(l, slice_of(counts[said]));
    for (; n > 0; n--)
        add_from_pool(l, in, f, pool);
}

/* A word of a form; words.py says what they mean. */
static void add_word(struct line *l, struct input *in, const struct family *f, struct slice word)
{
    word = one_of(in, word);
    if (slice_starts(word, SLICE("?"))) {
        if (draw(in, 2) == 0) return;
        word = slice_from(word, 1);
    }
    if (slice_starts(word, SLICE("#"))) {
        add_count(l, in, f, slice_from(word, 1));
        return;
    }
    uint32_t times = 1;
    if (word.len > 1 && word.p[word.len - 1] == '*') {
        word.len--;
        times += draw(in, 3);
    }
    if (word.len > 1 && word.p[0] == '$') word = slice_from(word, 1);
    for (; times > 0; times--)
        add_from_pool(l, in, f, word);
}

/* The words up to the bracket that closes; *form is then behind it. */
static struct slice bracketed(struct slice *form, char open, char close)
{
    int depth = 1;
    struct slice word = {0}, inside = *form;
    while (depth > 0 && slice_cut(form, ' ', &word)) {
        depth += word.len == 1 && word.p[0] == open;
        depth -= word.len == 1 && word.p[0] == close;
    }
    inside.len = word.p > inside.p ? (size_t)(word.p - inside.p) - 1 : 0;
    return inside;
}

static void add_form(struct line *l, struct input *in, const struct family *f, struct slice form)
{
    struct slice word = {0};
    while (slice_cut(&form, ' ', &word)) {
        bool some = slice_is(word, "["), more = slice_is(word, "<");
        if (!some && !more) {
            add_word(l, in, f, word);
            continue;
        }
        struct slice inside = bracketed(&form, word.p[0], some ? ']' : '>');
        for (uint32_t times = some ? draw(in, 2) : 1 + draw(in, 3); times > 0; times--)
            add_form(l, in, f, inside);
    }
}

/* Any command of the table, with words that have nothing to do with it. */
static void add_anything(struct line *l, struct input *in, const struct family *f)
{
    uint32_t count = 0;
    const struct cmd_spec *specs = cmd_specs(&count);
    const struct cmd_spec *spec = &specs[draw(in, count)];
    struct slice name = slice_of(spec->name), part = {0};
    while (slice_cut(&name, '|', &part))
        add(l, part);
    uint32_t arity = (uint32_t)(spec->arity < 0 ? -spec->arity : spec->arity);
    for (uint32_t n = arity - l->count + draw(in, 4); l->count < arity && n > 0; n--)
        add_from_pool(l, in, f, f->pools[draw(in, f->pool_count)].name);
}

/* Loses, adds or replaces a word now and then. */
static void mangle(struct line *l, struct input *in, const struct family *f)
{
    if (draw(in, 32) != 1 || l->count < 2) return;
    uint32_t at = draw(in, l->count);
    struct line other = {.count = 0};
    add_from_pool(&other, in, f, f->pools[draw(in, f->pool_count)].name);
    if (draw(in, 2) == 0)
        l->count--;
    else if (other.count > 0)
        l->words[at] = other.words[0];
}

/* ---- the store ---- */

static int64_t now_us;

static int64_t fuzz_clock(void *data)
{
    (void)data;
    return now_us;
}

static struct buf records;

static uint64_t log_append(void *data, struct slice record)
{
    (void)data;
    buf_add_slice(&records, record);
    return records.len;
}

static uint64_t log_end(void *data)
{
    (void)data;
    return records.len;
}

static const struct log_sink sink = {.append = log_append, .end = log_end};
static const struct session_io silent = {.produced = NULL};

static struct engine *engine_make(void)
{
    struct engine *e = engine_new();
    e->clock = (struct engine_clock){fuzz_clock, fuzz_clock, NULL};
    e->config.proto_max_bulk_len = 1 << 20;
    engine_clock_update(e);
    rng_init(&e->rng, 1);
    exec_attach(e);
    script_open(e);
    return e;
}

static void engine_drop(struct engine *e)
{
    exec_apply_end(e);
    script_close(e);
    exec_detach(e);
    engine_free(e);
}

/* A client that waits goes on by its timeout, or is sent away. */
static void unblock(struct engine *e, struct session *s)
{
    if (!session_blocked(s)) return;
    now_us += 3600 * INT64_C(1000000);
    e->pause_until_ms = 0;
    exec_tick(e);
    while (session_blocked(s))
        (void)exec_unblock(s, false);
}

static bool may_run(struct engine *e, const struct line *l)
{
    static const char *const never[] = {"shutdown", "debug"};
    (void)e;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (slice_word(l->words[0], never[i])) return false;
    return l->count > 0;
}

static void play(struct engine *e, struct session *clients, struct input *in)
{
    const struct family *f = &families[draw(in, FAMILIES)];
    for (int n = 0; n < COMMANDS_MAX && in->at < in->end; n++) {
        struct line l = {.count = 0};
        uint32_t what = draw(in, 64);
        struct session *s = &clients[what % 3];
        if (what == 63) f = &families[draw(in, FAMILIES)];
        if (what == 62) now_us += 1000 * (int64_t)draw(in, 65536);
        if (what == 61) exec_tick(e);
        if (what > 57 && what < 61)
            add_anything(&l, in, f);
        else
            add_form(&l, in, f, slice_of(f->forms[draw(in, f->form_count)]));
        mangle(&l, in, f);
        unblock(e, s);
        if (l.count == 0 || !may_run(e, &l)) continue;
        exec_command(e, s, l.words, l.count);
        for (int i = 0; i < 3; i++) {
            must(resp_is_whole(buf_slice(&clients[i].out)));
            buf_clear(&clients[i].out);
        }
    }
    for (int i = 0; i < 3; i++)
        unblock(e, &clients[i]);
}

static void collect(struct slice piece, void *data)
{
    buf_add_slice(data, piece);
}

static void compare(struct engine *e)
{
    struct buf rewritten = {0};
    struct engine *again = engine_make(), *third = engine_make();
    exec_rewrite(e, collect, &rewritten);
    replay_records(again, buf_slice(&records));
    exec_apply_end(again);
    same_store(e, again);
    replay_records(third, buf_slice(&rewritten));
    exec_apply_end(third);
    same_store(e, third);
    check_store(again);
    buf_fini(&rewritten);
    engine_drop(again);
    engine_drop(third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static size_t steady;
    struct input in = {data, data + size};
    struct session clients[3];
    now_us = 1700000000000000;
    struct engine *e = engine_make();
    e->sink = &sink;
    for (int i = 0; i < 3; i++)
        session_init(&clients[i], e, &silent);
    play(e, clients, &in);
    exec_tick(e);
    e->sink = NULL;
    check_store(e);
    for (int i = 0; i < 3; i++)
        session_fini(&clients[i]);
    compare(e);
    engine_drop(e);
    buf_fini(&records);
    if (steady != 0) must(mem_used() == steady); /* tables made once are there by then */
    steady = mem_used();
    return 0;
}
