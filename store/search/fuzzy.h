/* fuzzy: the words of a dictionary within some edits of a word.
 *
 * Why: a look at each word of a dictionary of a million costs half a second. Words in order share
 * their beginnings, so the table of distances is kept letter by letter, and when no word that
 * begins so can be near, all of them are passed over at once.
 *
 * Cost:  with 1 or 2 edits a few hundred words are looked at, with 3 some thousands.
 * From:  V. Levenshtein (1966); the walk over shared beginnings is that of a trie, by seeks.
 */
#ifndef HANSOM_STORE_SEARCH_FUZZY_H
#define HANSOM_STORE_SEARCH_FUZZY_H

#include "base/slice.h"

enum { FUZZY_WORD_MAX = 64, FUZZY_EDITS_MAX = 4 };

struct fuzzy_dictionary {
    /* The least name >= from; false when there is none. */
    bool (*seek)(void *data, struct slice from, struct slice *name);
    void *data;
};

/* Calls found with each name that is at most `edits` insertions, deletions or changes of a letter
 * (of UTF-8; other bytes count alone) from word, ascending, until it gives false or looks_max names
 * were looked at; returns how many were. A word longer than FUZZY_WORD_MAX letters is near none. */
uint64_t fuzzy_each(const struct fuzzy_dictionary *d, struct slice word, uint32_t edits,
                    uint64_t looks_max, bool (*found)(void *to, struct slice name), void *to);

#endif
