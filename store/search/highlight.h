/* highlight: a text as a person wants to see it in results: what was found marked, and pieces
 * around it instead of all.
 *
 * A piece (RediSearch: fragment) is so many words around one that was found, or several when they
 * stand close; those with most of them are shown, in the order of the text, each with the separator
 * behind it. A text without any gives its first words.
 *
 * Cost:  a walk over the words of the text, each compared with the words of the query.
 */
#ifndef HANSOM_STORE_SEARCH_HIGHLIGHT_H
#define HANSOM_STORE_SEARCH_HIGHLIGHT_H

#include "base/buf.h"
#include "store/search/query.h"

enum { SUMMARY_PIECES_MAX = 100, SUMMARY_WORDS_MAX = 1000, HIGHLIGHT_WORDS_MAX = 1 << 16 };

/* A word of a text. */
struct text_word {
    uint32_t at, len; /* bytes */
    bool found;
};

struct text_words {
    struct text_word *of; /* the arena's */
    uint32_t n;           /* at most HIGHLIGHT_WORDS_MAX: what lies behind is left as it is */
};

struct highlight_tags {
    struct slice open, close; /* around what was found; may be empty */
};

struct summary {
    uint32_t pieces; /* at most so many: 1 to SUMMARY_PIECES_MAX */
    uint32_t words;  /* of a piece: 1 to SUMMARY_WORDS_MAX */
    struct slice separator;
};

/* What text is looked at for: the words that a query looks for in one field. */
struct highlight_query {
    const struct query_node *root;
    uint32_t field;
    bool stems; /* words with the same stem count */
    struct text_tools *tools;
    int language;
};

/* The words of a text, and which of them the query looked for. */
struct text_words highlight_find(const struct highlight_query *q, struct slice text,
                                 struct arena *arena);

/* Adds the whole text, what was found between tags. */
void highlight_whole(struct slice text, const struct text_words *words,
                     const struct highlight_tags *tags, struct buf *out);

/* Adds pieces of the text, what was found between tags. */
void highlight_summary(struct slice text, const struct text_words *words, const struct summary *s,
                       const struct highlight_tags *tags, struct arena *arena, struct buf *out);

#endif
