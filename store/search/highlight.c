#include "highlight.h"

#include "store/search/fuzzy.h"

#include <stdlib.h>

/* --- words that a query looks for --- */

static bool seek_one(void *data, struct slice from, struct slice *name)
{
    *name = *(const struct slice *)data;
    return slice_cmp(*name, from) >= 0;
}

static bool say_found(void *to, struct slice name)
{
    (void)name;
    *(bool *)to = true;
    return false;
}

static bool is_close(struct slice word, struct slice to, uint32_t edits)
{
    bool close = false;
    const struct fuzzy_dictionary d = {seek_one, &word};
    (void)fuzzy_each(&d, to, edits, 8, say_found, &close);
    return close;
}

static bool ends_with(struct slice s, struct slice end)
{
    return s.len >= end.len && slice_starts(slice_from(s, s.len - end.len), end);
}

static bool node_fits(const struct query_node *n, struct slice word, struct slice stem)
{
    struct slice t = n->text;
    switch (n->kind) {
    case QUERY_TERM:
        if (slice_eq(t, word)) return true;
        return t.len > 1 && t.p[0] == '+' && slice_eq(slice_from(t, 1), stem);
    case QUERY_PREFIX:
        return slice_starts(word, t);
    case QUERY_SUFFIX:
        return ends_with(word, t);
    case QUERY_INFIX:
        return t.len > 0 && memmem(word.p, word.len, t.p, t.len) != NULL;
    case QUERY_GLOB:
        return slice_glob(t, word, false);
    case QUERY_FUZZY:
        return is_close(word, t, n->distance);
    case QUERY_NONE:
    case QUERY_ALL:
    case QUERY_AND:
    case QUERY_OR:
    case QUERY_NOT:
    case QUERY_OPTIONAL:
    case QUERY_EXACT:
    case QUERY_NUMERIC:
    case QUERY_TAG:
    case QUERY_GEO:
    case QUERY_KNN:
    case QUERY_VECTOR_RANGE:
    case QUERY_KEYS:
        break;
    }
    return false;
}

static bool is_about(const struct query_node *n, uint32_t field)
{
    for (uint32_t i = 0; i < n->fields.n && !n->fields.all; i++)
        if (n->fields.number[i] == field) return true;
    return n->fields.all;
}

/* Whether a part of the tree looks for the word; what must not match is not looked for. */
static bool is_sought(const struct highlight_query *q, const struct query_node *n,
                      struct slice word, struct slice stem)
{
    if (n->kind == QUERY_NOT || n->kind == QUERY_TAG) return false;
    if (n->child_count == 0) return is_about(n, q->field) && node_fits(n, word, stem);
    for (uint32_t i = 0; i < n->child_count; i++)
        if (is_sought(q, n->child[i], word, stem)) return true;
    return false;
}

struct text_words highlight_find(const struct highlight_query *q, struct slice text,
                                 struct arena *arena)
{
    struct text_words w = {0};
    struct slice rest = text, word = {0}, raw = {0};
    uint32_t cap = 0;
    while (w.n < HIGHLIGHT_WORDS_MAX && text_next_word(&rest, arena, &word, &raw)) {
        if (w.n == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            struct text_word *more = arena_alloc(arena, cap * sizeof *more);
            if (w.n > 0) memcpy(more, w.of, w.n * sizeof *more);
            w.of = more;
        }
        struct slice stem = q->stems ? text_stem(q->tools, q->language, word) : (struct slice){0};
        w.of[w.n++] = (struct text_word){.at = (uint32_t)(raw.p - text.p),
                                         .len = (uint32_t)raw.len,
                                         .found = is_sought(q, q->root, word, stem)};
    }
    return w;
}

/* --- marking --- */

/* Adds the text from a word to before another (n: to the end of the last), found ones tagged. */
static void add_words(struct slice text, const struct text_words *w, uint32_t first, uint32_t end,
                      const struct highlight_tags *tags, struct buf *out)
{
    for (uint32_t i = first; i < end; i++) {
        struct text_word t = w->of[i];
        if (t.found) buf_add_slice(out, tags->open);
        buf_add(out, text.p + t.at, t.len);
        if (t.found) buf_add_slice(out, tags->close);
        size_t from = t.at + t.len;
        if (i + 1 < end) buf_add(out, text.p + from, w->of[i + 1].at - from);
    }
}

void highlight_whole(struct slice text, const struct text_words *words,
                     const struct highlight_tags *tags, struct buf *out)
{
    size_t begin = words->n == 0 ? text.len : words->of[0].at;
    buf_add(out, text.p, begin);
    if (words->n == 0) return;
    add_words(text, words, 0, words->n, tags, out);
    struct text_word last = words->of[words->n - 1];
    buf_add_slice(out, slice_from(text, (size_t)last.at + last.len));
}

/* --- pieces --- */

struct piece {
    uint32_t first, end; /* words */
    uint32_t found;
};

/* More of what was found first, then the earlier. */
static int by_worth(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->found != y->found) return x->found > y->found ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

static int by_place(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Widens a piece on both sides to so many words, as far as the text goes. */
static void widen(struct piece *p, uint32_t words, uint32_t n)
{
    uint32_t left = words - (p->end - p->first), before = left / 2;
    if (before > p->first) before = p->first;
    uint32_t behind = left - before;
    if (behind > n - p->end) {
        behind = n - p->end;
        before = left - behind < p->first ? left - behind : p->first;
    }
    p->first -= before;
    p->end += behind;
}

/* Pieces of at most so many words that begin and end with one that was found; they are as far apart as
 * the text makes them. */
static uint32_t pieces_of(const struct text_words *w, uint32_t words, struct piece *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        if (!w->of[i].found) continue;
        if (n == 0 || i + 1 - out[n - 1].first > words) out[n++] = (struct piece){.first = i};
        out[n - 1].end = i + 1;
        out[n - 1].found++;
    }
    return n;
}

void highlight_summary(struct slice text, const struct text_words *w, const struct summary *s,
                       const struct highlight_tags *tags, struct arena *arena, struct buf *out)
{
    if (w->n == 0) return;
    struct piece *pieces = arena_alloc(arena, (w->n + 1) * sizeof *pieces);
    uint32_t n = pieces_of(w, s->words, pieces);
    if (n == 0) pieces[n++] = (struct piece){.end = s->words < w->n ? s->words : w->n};
    qsort(pieces, n, sizeof *pieces, by_worth);
    if (n > s->pieces) n = s->pieces;
    qsort(pieces, n, sizeof *pieces, by_place);
    for (uint32_t i = 0; i < n; i++)
        widen(&pieces[i], s->words, w->n);
    for (uint32_t i = 0, end = 0; i < n; i++) {
        uint32_t first = pieces[i].first > end ? pieces[i].first : end;
        if (first >= pieces[i].end) continue;
        add_words(text, w, first, pieces[i].end, tags, out);
        end = pieces[i].end;
        bool joins = i + 1 < n && pieces[i + 1].first <= end;
        if (!joins)
            buf_add_slice(out, s->separator);
        else if (end < w->n && pieces[i + 1].end > end)
            buf_add(out, text.p + w->of[end - 1].at + w->of[end - 1].len,
                    w->of[end].at - (w->of[end - 1].at + w->of[end - 1].len));
    }
}
