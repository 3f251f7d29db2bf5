/* field: the index of one field, and what it keeps of each document.
 *
 * Why: a condition is answered from two sides. "Which documents" is asked of a dictionary or a
 * tree, "does this document" of a column by document id; and a column says what to take out of
 * the dictionary when a document changes.
 *
 * Layout:      TEXT, TAG      terms, and by id the numbers of the document's terms
 *              NUMERIC, GEO   a counted tree of (number, id), and by id the number; a place is
 *                             its 52-bit geohash score; further numbers of a document stand in `more`
 *              SORTABLE       by id the text itself, of TEXT and TAG
 *              VECTOR         vectors.h
 * Invariants:  what the columns say of a document is what the dictionary and tree hold of it.
 * Cost:        a change touches what differs only; a field that stayed the same costs a hash of
 *              its text or a comparison.
 */
#ifndef HANSOM_STORE_SEARCH_FIELD_H
#define HANSOM_STORE_SEARCH_FIELD_H

#include "store/ds/numtree.h"
#include "store/search/docs.h"
#include "store/search/schema.h"
#include "store/search/terms.h"
#include "store/search/text.h"
#include "store/search/vectors.h"

/* A document's terms in one field. */
struct field_terms {
    uint64_t hash;     /* of the text they came from */
    uint32_t most;     /* times that its most frequent word occurs */
    uint32_t n;        /* terms */
    uint32_t number[]; /* n of them */
};

/* Numbers of a document besides the first. */
struct field_more {
    uint32_t n;
    double number[];
};

struct field_index {
    uint32_t cap; /* the columns have so many places */

    struct terms terms;            /* TEXT, TAG */
    struct field_terms **terms_of; /* owned, and each; by id */
    uint32_t *lengths;             /* owned; TEXT: words by id, stop words and stems not counted */
    uint64_t length;               /* TEXT: words of all documents */
    uint32_t docs;                 /* documents that have the field */

    struct numtree tree;      /* NUMERIC, GEO */
    double *column;           /* owned; by id, NaN: none */
    struct field_more **more; /* owned, and each; by id; NULL while no document has several */
    uint32_t more_docs;       /* documents that have several */

    struct slice *sorted;    /* owned, and each; by id; SORTABLE TEXT and TAG */
    struct vectors *vectors; /* owned; VECTOR */
};

/* What a document has in a field: parsed, in an arena. */
struct field_values {
    uint32_t n;
    struct slice *texts; /* TEXT, TAG; VECTOR: one, the floats */
    double *numbers;     /* NUMERIC; GEO: scores */
};

void field_init(struct field_index *f, const struct search_field *spec);
void field_fini(struct field_index *f, const struct search_field *spec);

/* The document will be put soon: its places in the columns come from memory meanwhile. */
void field_expect(const struct field_index *f, uint32_t id);

/* The same when it is known with what: what the columns point at, and where numbers stand and will. */
void field_expect_change(const struct field_index *f, const struct search_field *spec, uint32_t id,
                         const struct field_values *v);

/* Makes document id have these values, and no others; n of 0: it does not have the field. Ids
 * are below cap, which only grows. */
void field_put(struct field_index *f, const struct schema *s, const struct search_field *spec,
               struct text_tools *tools, int language, uint32_t id, uint32_t cap,
               const struct field_values *v, struct arena *arena);

size_t field_memory(const struct field_index *f, const struct search_field *spec);
void field_check(const struct field_index *f, const struct search_field *spec);

#endif
