/* terms: the dictionary of one field: its words or tags, by name and in order, and where each
 * stands.
 *
 * Why: a query names a term, or the beginning of some; a document remembers its terms as
 * numbers, so that it can be taken out again without reading the text it once had.
 *
 * Layout:      a term is one allocation: what it stands in, and its name as a struct member,
 *              which a hash table and an ordered tree share.
 * Invariants:  every term stands in at least one document; numbers are dense and used again.
 * Owner:       the terms own everything in them.
 */
#ifndef HANSOM_STORE_SEARCH_TERMS_H
#define HANSOM_STORE_SEARCH_TERMS_H

#include "store/ds/dict.h"
#include "store/ds/idset.h"
#include "store/ds/postings.h"
#include "store/ds/ranktree.h"

/* Longer words and tags are cut to this before they come here. */
enum { TERM_BYTES_MAX = 4096 };

struct term {
    union {
        struct postings postings; /* of a word */
        struct idset docs;        /* of a tag */
    };
    uint32_t number;
    struct member *name; /* in the same allocation */
};

struct terms {
    bool text; /* terms have postings, else id sets */
    struct dict by_name;
    struct ranktree sorted; /* by bytes */
    struct term **of;       /* owned; by number, NULL where free */
    uint32_t end, cap;
    uint32_t *spare; /* owned: free numbers below end, as a stack */
    uint32_t spare_n, spare_cap;
};

void terms_init(struct terms *t, bool text);
void terms_fini(struct terms *t);

static inline struct slice term_name(const struct term *t)
{
    return member_name(t->name);
}

static inline uint32_t terms_count(const struct terms *t)
{
    return t->sorted.count;
}

/* The term of this name, or NULL. */
struct term *terms_find(const struct terms *t, struct slice name);

/* The same; made when there is none. Whoever makes one puts it into a document at once. */
struct term *terms_get(struct terms *t, struct slice name);

/* Frees a term that stands in no document any more. */
void terms_drop(struct terms *t, struct term *gone);

/* How many documents a term stands in. */
uint32_t term_docs(const struct terms *t, const struct term *term);

/* Calls fn for the terms from the first name >= from on, ascending, until it gives false. */
void terms_each(const struct terms *t, struct slice from, bool (*fn)(struct term *t, void *data),
                void *data);

/* The least name >= from; false when there is none. O(log n). */
bool terms_seek(const struct terms *t, struct slice from, struct slice *name);

size_t terms_memory(const struct terms *t);
void terms_check(const struct terms *t);

#endif
