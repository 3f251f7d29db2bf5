#include "fuzzy.h"

#include "base/must.h"

enum { NAME_MAX_LETTERS = FUZZY_WORD_MAX + FUZZY_EDITS_MAX + 1 };

/* The letter at s and its bytes. */
static uint32_t letter(struct slice s, size_t *size)
{
    uint8_t c = (uint8_t)s.p[0];
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    uint32_t out = c;
    for (size_t i = 1; i < n; i++)
        if (i >= s.len || ((uint8_t)s.p[i] & 0xC0) != 0x80) n = 1;
    for (size_t i = 1; i < n; i++)
        out = out << 8 | (uint8_t)s.p[i];
    *size = n;
    return out;
}

struct table {
    uint32_t word[FUZZY_WORD_MAX];
    uint32_t length, edits;
    /* rows[i][j]: edits from the first i letters of the name to the first j of the word. */
    uint8_t rows[NAME_MAX_LETTERS + 1][FUZZY_WORD_MAX + 1];
    size_t ends[NAME_MAX_LETTERS + 1]; /* bytes of the name's first i letters */
};

static bool read_word(struct table *t, struct slice word)
{
    for (size_t size = 0; word.len > 0; word = slice_from(word, size)) {
        if (t->length == FUZZY_WORD_MAX) return false;
        t->word[t->length++] = letter(word, &size);
    }
    return true;
}

/* Fills row i in for a letter; false when no word that begins so is near. */
static bool next_row(struct table *t, uint32_t i, uint32_t c)
{
    const uint8_t *above = t->rows[i - 1];
    uint8_t *row = t->rows[i], least = (uint8_t)i;
    row[0] = (uint8_t)i;
    for (uint32_t j = 1; j <= t->length; j++) {
        uint8_t best = (uint8_t)(above[j - 1] + (t->word[j - 1] != c));
        if (above[j] + 1 < best) best = (uint8_t)(above[j] + 1);
        if (row[j - 1] + 1 < best) best = (uint8_t)(row[j - 1] + 1);
        row[j] = best;
        if (best < least) least = best;
    }
    return least <= t->edits;
}

/* How many letters of name the table holds already, from the name before. */
static uint32_t shared(const struct table *t, uint32_t rows, struct slice before, struct slice name)
{
    size_t same = 0;
    while (same < before.len && same < name.len && before.p[same] == name.p[same])
        same++;
    while (rows > 0 && t->ends[rows] > same)
        rows--;
    return rows;
}

/* Makes the first text behind all that begin with the n bytes of it; false when there is none. */
static bool pass_over(char *text, size_t *n)
{
    while (*n > 0 && (uint8_t)text[*n - 1] == 0xFF)
        (*n)--;
    if (*n == 0) return false;
    text[*n - 1] = (char)((uint8_t)text[*n - 1] + 1);
    return true;
}

uint64_t fuzzy_each(const struct fuzzy_dictionary *d, struct slice word, uint32_t edits,
                    uint64_t looks_max, bool (*found)(void *to, struct slice name), void *to)
{
    enum { FROM_MAX = 4 * NAME_MAX_LETTERS + 8 };
    struct table t = {.edits = edits};
    char from[FROM_MAX], last[FROM_MAX];
    size_t from_len = 0, last_len = 0;
    uint32_t rows = 0;
    uint64_t looks = 0;
    struct slice name = {0};
    must(edits <= FUZZY_EDITS_MAX);
    if (!read_word(&t, word)) return 0;
    for (uint32_t j = 0; j <= t.length; j++)
        t.rows[0][j] = (uint8_t)j;
    while (looks < looks_max && d->seek(d->data, slice_make(from, from_len), &name)) {
        looks++;
        rows = shared(&t, rows, slice_make(last, last_len), name);
        size_t at = t.ends[rows], size = 0;
        bool near = true;
        while (near && at < name.len && rows < NAME_MAX_LETTERS) {
            uint32_t c = letter(slice_from(name, at), &size);
            near = next_row(&t, ++rows, c);
            t.ends[rows] = at += size;
        }
        memcpy(last, name.p, at);
        memcpy(from, name.p, at);
        last_len = from_len = at;
        if (!near || at < name.len) { /* at the most letters nothing is near either */
            rows -= !near;
            if (!pass_over(from, &from_len)) break;
            continue;
        }
        if (t.rows[rows][t.length] <= edits && !found(to, name)) break;
        from[from_len++] = '\0';
    }
    return looks;
}
