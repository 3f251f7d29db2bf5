#include "text.h"

#include "base/must.h"

#include <libstemmer.h>
#include <stdlib.h>

/* --- languages and stems --- */

static const char *const languages[] = {
    "arabic",  "armenian", "basque",     "catalan", "danish",    "dutch",      "english",
    "finnish", "french",   "german",     "greek",   "hindi",     "hungarian",  "indonesian",
    "irish",   "italian",  "lithuanian", "nepali",  "norwegian", "portuguese", "romanian",
    "russian", "serbian",  "spanish",    "swedish", "tamil",     "turkish",    "yiddish"};

enum { LANGUAGES = sizeof languages / sizeof languages[0] };
_Static_assert((int)LANGUAGES <= (int)TEXT_LANGUAGES, "make room for the stemmers");

int text_language(struct slice name)
{
    for (int i = 0; i < LANGUAGES; i++)
        if (slice_word(name, languages[i])) return i;
    return -1;
}

const char *text_language_name(int language)
{
    must(language >= 0 && language < LANGUAGES);
    return languages[language];
}

struct slice text_stem(struct text_tools *t, int language, struct slice word)
{
    must(language >= 0 && language < LANGUAGES);
    struct sb_stemmer **s = &t->stemmers[language];
    if (*s == NULL) *s = sb_stemmer_new(languages[language], NULL);
    if (*s == NULL) return word; /* this libstemmer was built without it */
    const sb_symbol *stem = sb_stemmer_stem(*s, (const sb_symbol *)word.p, (int)word.len);
    if (stem == NULL) return word;
    return slice_make(stem, (size_t)sb_stemmer_length(*s));
}

void text_tools_fini(struct text_tools *t)
{
    for (int i = 0; i < TEXT_LANGUAGES; i++)
        if (t->stemmers[i] != NULL) sb_stemmer_delete(t->stemmers[i]);
    *t = (struct text_tools){0};
}

/* --- lower case --- */

/* The lower case of a letter of two bytes in UTF-8. Both forms are two bytes long. */
static uint32_t lower_pair(uint32_t c)
{
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9 && c != 0x3a2) ||
        (c >= 0x410 && c <= 0x42f))
        return c + 32;
    if (c >= 0x400 && c <= 0x40f) return c + 80;
    bool even_upper = (c >= 0x100 && c <= 0x12f) || (c >= 0x132 && c <= 0x137) ||
                      (c >= 0x14a && c <= 0x177) || (c >= 0x460 && c <= 0x481) ||
                      (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f);
    if (even_upper) return c | 1;
    bool odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
    if (odd_upper) return c + (c & 1);
    return c;
}

static void lower_in_place(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c >= 'A' && c <= 'Z') p[i] = (char)(c + 32);
        if (c < 0xc2 || c > 0xdf || i + 1 == n) continue;
        unsigned char d = (unsigned char)p[i + 1];
        if ((d & 0xc0) != 0x80) continue;
        uint32_t lower = lower_pair((c & 0x1fU) << 6 | (d & 0x3fU));
        p[i] = (char)(0xc0 | lower >> 6);
        p[++i] = (char)(0x80 | (lower & 0x3f));
    }
}

struct slice text_lower(struct slice s, struct arena *arena)
{
    char *p = arena_alloc(arena, s.len + 1);
    if (s.len > 0) memcpy(p, s.p, s.len);
    lower_in_place(p, s.len);
    return slice_make(p, s.len);
}

/* --- words --- */

bool text_separates(unsigned char c)
{
    static const char signs[] = ",.<>{}[]\"':;!@#$%^&*()-+=~/\\|`?";
    return c <= ' ' || c == 0x7f || memchr(signs, c, sizeof signs - 1) != NULL;
}

/* The length of the word in front of s. */
static size_t word_end(struct slice s)
{
    size_t i = 0;
    while (i < s.len) {
        if (s.p[i] == '\\' && i + 1 < s.len)
            i += 2;
        else if (text_separates((unsigned char)s.p[i]))
            break;
        else
            i++;
    }
    return i;
}

bool text_next_word(struct slice *rest, struct arena *arena, struct slice *word, struct slice *raw)
{
    struct slice s = *rest;
    while (s.len > 0 && (s.p[0] != '\\' || s.len == 1) && text_separates((unsigned char)s.p[0]))
        s = slice_from(s, 1);
    size_t n = word_end(s);
    *rest = slice_from(s, n);
    if (n == 0) return false;
    if (raw != NULL) *raw = slice_make(s.p, n);
    char *p = arena_alloc(arena, n);
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (s.p[i] == '\\' && i + 1 < n) i++;
        p[len++] = s.p[i];
    }
    if (len > WORD_BYTES_MAX) len = WORD_BYTES_MAX;
    lower_in_place(p, len);
    *word = slice_make(p, len);
    return true;
}

/* --- stop words --- */

static int compare_words(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, slice_of(*(const char *const *)b));
}

bool text_is_stopword(const struct schema *s, struct slice word)
{
    static const char *const usual[] = {
        "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
        "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
        "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"};
    if (!s->own_stopwords)
        return bsearch(&word, usual, sizeof usual / sizeof usual[0], sizeof usual[0],
                       compare_words) != NULL;
    for (uint32_t i = 0; i < s->stopword_count; i++)
        if (slice_eq(s->stopwords[i], word)) return true;
    return false;
}
