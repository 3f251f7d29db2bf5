/* filter_inside: what the parts of filters tell each other.
 *
 *     filter.c        a tree becomes iterators; NOT, OPTIONAL
 *     filter_and.c    conditions that must all hold
 *     filter_or.c     alternatives
 *     filter_leaf.c   sets of documents, ranges of numbers
 *     filter_place.c  places
 *     filter_dense.c  frequent words, window by window
 *     filter_explain.c  why a match has its score
 *     filter_vector.c the nearest, and those within a radius
 *     filter_text.c   words, phrases, beginnings of words; their scores
 */
#ifndef HANSOM_STORE_SEARCH_FILTER_INSIDE_H
#define HANSOM_STORE_SEARCH_FILTER_INSIDE_H

#include "store/search/filter.h"
#include "store/search/index.h"
#include "store/search/query.h"

struct filter {
    const struct search_index *x;
    const struct filter_options *o;
    struct arena *arena;
    const char *error;
};

static inline struct doc_iter doc_iter_head(const struct doc_iter_kind *kind)
{
    return (struct doc_iter){.kind = kind, .doc = DOC_NONE, .weight = 1};
}

static inline double doc_iter_score(struct doc_iter *it, uint32_t doc)
{
    return it->kind->score == NULL ? 0 : it->kind->score(it, doc);
}

/* Iterators under way to become one. */
struct iter_list {
    struct doc_iter **v; /* the arena's */
    uint32_t n, cap;
};
void iter_list_add(struct filter *f, struct iter_list *l, struct doc_iter *it);

/* Ids in an array, ascending. */
struct id_array {
    uint32_t *ids; /* the arena's */
    uint32_t n, at;
};

/* The first id >= from; quick when it is a little further. */
uint32_t id_array_skip(struct id_array *a, uint32_t from);
bool id_array_has(const struct id_array *a, uint32_t id);

/* What ranges and places are walked by: their ids, gathered and sorted at the first step. */
struct sorted_copy {
    struct arena *arena;
    bool made;
    struct id_array ids;
};
uint32_t sorted_copy_skip(struct sorted_copy *c, struct doc_iter *it, uint32_t from);

/* Sorts ids, and leaves each once; gives how many remain. */
uint32_t ids_sort(uint32_t *ids, uint32_t n, struct arena *arena);

/* --- filter.c --- */

/* The iterator of a node. Words are looked for in field `only`, or in those of the node when it
 * is negative. */
struct doc_iter *filter_node(struct filter *f, const struct query_node *n, int only);

struct doc_iter *filter_none(struct filter *f);
struct doc_iter *filter_all(struct filter *f);

/* --- filter_or.c --- */

/* What any of them matches. A single one is itself. */
struct doc_iter *filter_or(struct filter *f, const struct iter_list *l, double weight);

/* Children of an OR, `cap` of them; NULL when it is none. */
const struct iter_list *filter_or_children(const struct doc_iter *it);

/* --- filter_and.c --- */

/* What all of them match. A single one is itself. Words at most slop others apart, unless it is
 * negative; in_order: as they stand in the list. */
struct doc_iter *filter_and(struct filter *f, const struct iter_list *l, double weight,
                            int64_t slop, bool in_order);

/* Children of an AND, the rarest first; NULL when it is none, or one of words with a distance. */
const struct iter_list *filter_and_children(const struct doc_iter *it);

/* --- filter_dense.c --- */

/* The same as `it`; quicker when words in it stand in many documents. */
struct doc_iter *filter_dense(struct filter *f, struct doc_iter *it);

/* What filter_dense was given, if that is what made `it`; else `it`. */
struct doc_iter *filter_sparse(struct doc_iter *it);

/* --- filter_leaf.c --- */

struct doc_iter *filter_set(struct filter *f, const struct idset *s);
struct doc_iter *filter_ids(struct filter *f, uint32_t *ids, uint32_t n); /* sorted */
struct doc_iter *filter_range(struct filter *f, const struct query_node *n);
struct doc_iter *filter_tags(struct filter *f, const struct query_node *n);

/* --- filter_place.c --- */

struct doc_iter *filter_place(struct filter *f, const struct query_node *n);

/* --- filter_vector.c --- */

/* KNN, VECTOR_RANGE. */
struct doc_iter *filter_vector(struct filter *f, const struct query_node *n);

/* --- filter_text.c --- */

/* TERM, PREFIX, SUFFIX, INFIX, GLOB, FUZZY in TEXT fields. */
struct doc_iter *filter_word(struct filter *f, const struct query_node *n, int only);

/* Whether the iterator is one of a single word, and what it stands in. */
const struct postings *filter_word_postings(const struct doc_iter *it);

/* Words of documents by id, in the field that the word is looked for in. */
const uint32_t *filter_word_lengths(const struct doc_iter *it);

/* What the word is worth by SCORE_BM25STD in a document of so many words that has it so often.
 * Never less for more times or fewer words, if its weight is not negative. */
double filter_word_bm25(const struct doc_iter *it, double times, double length);

/* What the word is worth in a document that has it, in words; the arena's. */
struct slice filter_word_explain(struct doc_iter *it, uint32_t doc, struct arena *arena);

/* The terms of a field that a PREFIX, SUFFIX, INFIX, GLOB or FUZZY stands for, at most as many as
 * the options say. */
struct term **filter_expand(struct filter *f, const struct terms *t, const struct query_node *n,
                            uint32_t *count);

/* Where a document has the words of one part, a word or alternatives; kept from one document to
 * the next for its memory. */
struct filter_places {
    uint32_t *at; /* ascending; the arena's */
    uint32_t n, cap, i;
};

/* Whether doc has the words of all of l, at most slop others between them; one of p for each. */
bool filter_is_near(struct arena *arena, const struct iter_list *l, struct filter_places *p,
                    uint32_t doc, int64_t slop, bool in_order);

#endif
