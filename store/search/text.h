/* text: from text to terms: words in lower case, without stop words, and their stems.
 *
 * A word is what stands between spaces and the signs ,.<>{}[]"':;!@#$%^&*()-+=~/|`?\ ; a backslash
 * takes a sign into the word. Stop words count for nothing, not even for distance. Upper case
 * becomes lower in ASCII, Latin, Greek and Cyrillic; other bytes stay as they are.
 *
 * A word whose stem differs is indexed under both: "drivers", and "+driver" for the stem. A
 * query for a word asks for the word, "+" and its stem, and the stem as a word.
 *
 * From: M. Porter, "Snowball: a language for stemming algorithms" (2001), by libstemmer.
 */
#ifndef HANSOM_STORE_SEARCH_TEXT_H
#define HANSOM_STORE_SEARCH_TEXT_H

#include "base/arena.h"
#include "store/search/schema.h"

enum { WORD_BYTES_MAX = 255, TEXT_LANGUAGES = 32 };

struct sb_stemmer;

/* What text work needs over and over: stemmers, made when first used. Zeroed is ready. */
struct text_tools {
    struct sb_stemmer *stemmers[TEXT_LANGUAGES]; /* owned */
};
void text_tools_fini(struct text_tools *t);

/* The number of a language by its name in any case; -1 when there is none of that name. */
int text_language(struct slice name);
const char *text_language_name(int language);

/* The stem of a lower case word, borrowed until the next call; the word itself in a language
 * without stems. */
struct slice text_stem(struct text_tools *t, int language, struct slice word);

/* Takes the next word off *rest, unescaped and in lower case, in the arena; at most
 * WORD_BYTES_MAX bytes, the rest of a longer one is dropped. *raw, unless NULL, is the word as
 * it stands in the text. False when there is none left. */
bool text_next_word(struct slice *rest, struct arena *arena, struct slice *word, struct slice *raw);

/* Whether a byte separates words. */
bool text_separates(unsigned char c);

/* s in lower case, in the arena. */
struct slice text_lower(struct slice s, struct arena *arena);

/* Whether the word counts for nothing under this schema. */
bool text_is_stopword(const struct schema *s, struct slice word);

#endif
