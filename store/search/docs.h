/* docs: the documents of one index, as dense numbers.
 *
 * Why: postings, sets and columns need small numbers for keys, and a document that is written a
 * thousand times must not leave a thousand numbers behind.
 *
 * Layout:      an array of struct doc by id; a hash table from key to id; free ids as a stack.
 * Invariants:  ids are below docs->end; a free one has no key; `live` has exactly the others.
 * Cost:        find, add and del O(1); about 30 bytes a document and its key, which is stored once.
 * Owner:       the docs own the keys. A key is good until its document goes.
 */
#ifndef HANSOM_STORE_SEARCH_DOCS_H
#define HANSOM_STORE_SEARCH_DOCS_H

#include "base/slice.h"
#include "store/ds/dict.h"
#include "store/ds/idset.h"

#define DOC_NONE UINT32_MAX

struct doc_key; /* an id and its key: what the table is made of */

struct doc {
    struct doc_key *key; /* owned; NULL of a free id */
    double score;        /* of the document itself: 0 to 1 */
};

struct docs {
    struct doc *of;    /* owned; by id */
    uint32_t end, cap; /* ids in use are below end */
    uint32_t count;    /* documents */
    uint32_t *spare;   /* owned: free ids below end, as a stack */
    uint32_t spare_n, spare_cap;
    struct dict by_key; /* of struct doc_key; borrowed */
    struct idset live;  /* all ids in use */
};

void docs_init(struct docs *d);
void docs_fini(struct docs *d);

/* The id of a key's document, or DOC_NONE. */
uint32_t docs_find(const struct docs *d, struct slice key);

/* The id of a key's document, which is made when there is none. */
uint32_t docs_put(struct docs *d, struct slice key, bool *fresh);

/* Frees the id. */
void docs_del(struct docs *d, uint32_t id);

/* The key of an id in use; borrowed until the document goes. */
struct slice docs_key(const struct docs *d, uint32_t id);

static inline bool docs_has(const struct docs *d, uint32_t id)
{
    return id < d->end && d->of[id].key != NULL;
}

size_t docs_memory(const struct docs *d);
void docs_check(const struct docs *d);

#endif
