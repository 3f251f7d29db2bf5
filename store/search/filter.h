/* filter: a query's tree asked of an index: the documents that match, in ascending order of ids.
 *
 * Why: every condition, simple or not, is the same small thing that can be stepped, skipped and
 * asked about one document; so an AND walks its rarest part and asks the others, kNN asks which
 * neighbours count, and pipelines take rows one by one.
 *
 *     skip(from)   the first match >= from, or DOC_NONE. Only forwards.
 *     test(doc)    whether doc matches; any doc, does not move the iterator.
 *     estimate     at most so many match; exact when `exact` is set.
 *
 * Ids are good until the next write to the index. Memory is the arena's: nothing to free.
 */
#ifndef HANSOM_STORE_SEARCH_FILTER_H
#define HANSOM_STORE_SEARCH_FILTER_H

#include "base/arena.h"
#include "store/ds/near.h"
#include "store/search/docs.h"

struct doc_iter;
struct search_index;
struct query_node;

/* How good a text match is. */
enum search_scorer {
    SCORE_BM25STD,       /* BM25 as it is usually written, k1 = 1.2, b = 0.75; the usual one */
    SCORE_BM25,          /* RediSearch's older form */
    SCORE_TFIDF,         /* by the document's most frequent word */
    SCORE_TFIDF_DOCNORM, /* by the document's length */
    SCORE_DISMAX,        /* times, the best alternative only */
    SCORE_DOCSCORE       /* the document's own score */
};

/* The documents that a part of the query found by their vectors, with their distances. */
struct vector_hits {
    struct slice name; /* what the query calls the distance */
    const struct near *by_id;
    uint32_t n;
    const struct vector_hits *next; /* of another part */
};

/* The distance of a document by its name; false when it has none. */
bool vector_hits_find(const struct vector_hits *hits, struct slice name, uint32_t doc, double *out);

struct filter_options {
    enum search_scorer scorer;
    const struct vector_hits **vectors; /* what is found by vectors goes here; may be NULL */
    uint32_t expansions_max; /* terms that one prefix, pattern or fuzzy word may stand for */
};

struct doc_iter_kind {
    uint32_t (*skip)(struct doc_iter *it, uint32_t from);
    bool (*test)(struct doc_iter *it, uint32_t doc);
    /* Whether test is O(1): then an AND asks, and does not skip. */
    bool columnar;
    /* What doc, which matches, is worth by it; NULL: nothing. */
    double (*score)(struct doc_iter *it, uint32_t doc);
    /* The first match >= from that may be worth more than `floor`, or a later one; the matches
     * before it, which are not, are counted to *passed. Only forwards. NULL: not known. */
    uint32_t (*above)(struct doc_iter *it, uint32_t from, double floor, uint64_t *passed);
    /* All matches, each once, in the order that costs least; NULL: by skip. Gives how many ids
     * were written to *out, which is the arena's. */
    uint32_t (*gather)(struct doc_iter *it, struct arena *arena, uint32_t **out);
    /* Leaves of n ids those that match, in their order; gives how many. The waits for many of them
     * overlap. Ids ascend, but for columns. NULL: by test. */
    uint32_t (*keep)(struct doc_iter *it, struct arena *arena, uint32_t *ids, uint32_t n);
    /* Matches number `from` to `from + n` in an order that does not change, without those before;
     * with `exact` only. NULL: by skip. */
    uint32_t (*page)(struct doc_iter *it, uint32_t from, uint32_t n, uint32_t *out);
};

struct doc_iter {
    const struct doc_iter_kind *kind;
    uint32_t doc;      /* where it stands; DOC_NONE before the first and behind the last */
    uint32_t estimate; /* at most so many match */
    bool exact;        /* exactly so many do */
    bool scores;       /* text is in it: documents differ in score */
    double weight;     /* of its score */
};

/* Steps to the first match >= from, and gives it. */
static inline uint32_t doc_iter_skip(struct doc_iter *it, uint32_t from)
{
    return it->doc = it->kind->skip(it, from);
}

/* The next match, first the first; DOC_NONE behind the last, where it must not be called again. */
static inline uint32_t doc_iter_next(struct doc_iter *it)
{
    return doc_iter_skip(it, it->doc + 1); /* DOC_NONE + 1 is 0 */
}

static inline bool doc_iter_test(struct doc_iter *it, uint32_t doc)
{
    return it->kind->test(it, doc);
}

/* Leaves of n ids those that match, one test each; in their order; gives how many. */
static inline uint32_t doc_iter_sift(struct doc_iter *it, uint32_t *ids, uint32_t n)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < n; i++)
        if (doc_iter_test(it, ids[i])) ids[left++] = ids[i];
    return left;
}

/* The same in the way that costs least. */
static inline uint32_t doc_iter_keep(struct doc_iter *it, struct arena *arena, uint32_t *ids,
                                     uint32_t n)
{
    if (it->kind->keep == NULL) return doc_iter_sift(it, ids, n);
    return it->kind->keep(it, arena, ids, n);
}

/* The documents of x that the tree matches. NULL with *error, an error line, when it cannot be
 * asked. Index, tree and arena must stay as they are meanwhile. */
struct doc_iter *filter_new(const struct search_index *x, const struct query_node *root,
                            const struct filter_options *o, struct arena *arena,
                            const char **error);

/* The score of a document that matches: the document's own, times what its words are worth. */
double filter_score(const struct search_index *x, struct doc_iter *it, uint32_t doc);

/* Why a match has its score. */
struct score_reason {
    struct slice text;
    struct score_reason **child;
    uint32_t count;
};

/* The same as filter_score, in words; the arena's. */
struct score_reason *filter_explain(const struct search_index *x, struct doc_iter *it, uint32_t doc,
                                    struct arena *arena);

#endif
