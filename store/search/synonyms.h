/* synonyms: which words of an index mean the same.
 *
 * Why: "cab" is to find "taxi". Words that mean the same form a group with a name, and a word of
 * a document is also indexed as the name of each of its groups, behind a "~", which no word can
 * begin with. A query for one of them asks for the groups too: one list each, however many words
 * the group has.
 *
 * Owner:       the synonyms own their words and names. Zeroed memory has none.
 * Cost:        a look-up is O(1).
 */
#ifndef HANSOM_STORE_SEARCH_SYNONYMS_H
#define HANSOM_STORE_SEARCH_SYNONYMS_H

#include "base/arena.h"
#include "base/map.h"

enum {
    SYNONYMS_MAX = 65536,    /* words in groups, of an index */
    SYNONYM_GROUPS_MAX = 16, /* of one word */
    SYNONYM_NAME_MAX = 250   /* bytes of a group's name: with its sign it is a word */
};

struct synonyms {
    struct map words; /* of struct synonym_groups */
    uint32_t count;   /* words in groups */
    uint32_t version; /* changes with every change */
};

/* The groups of one word. */
struct synonym_groups {
    uint32_t n;
    struct slice name[SYNONYM_GROUPS_MAX]; /* owned */
};

void synonyms_fini(struct synonyms *s);

/* NULL when n words, in lower case, can be put into a group; else why not, an error line. */
const char *synonyms_refuse(const struct synonyms *s, const struct slice *words, uint32_t n,
                            struct slice group);

/* Puts a word that is not refused into a group; false when it was in already. */
bool synonyms_add(struct synonyms *s, struct slice word, struct slice group);

/* The groups of a word; NULL when it is in none. */
const struct synonym_groups *synonyms_find(const struct synonyms *s, struct slice word);

/* What a group is indexed as, in the arena. */
struct slice synonyms_term(struct slice group, struct arena *arena);

#endif
