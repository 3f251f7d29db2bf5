/* run: a query with its order and page: how many match, and which are shown.
 *
 * Why: what is asked for decides what has to be looked at. A page without order of a single set
 * or range is taken from the structure itself, its total is a count that is there already; an
 * order by a number of that same field, too. Everything else walks the matches once and keeps
 * the best.
 */
#ifndef HANSOM_STORE_SEARCH_RUN_H
#define HANSOM_STORE_SEARCH_RUN_H

#include "store/search/filter.h"
#include "store/search/index.h"
#include "store/search/query.h"

struct search_order {
    bool by_value;      /* else by score, best first */
    struct slice field; /* what queries call it */
    bool descending;
};

struct search_request {
    const struct query_node *root;
    struct filter_options filter;
    struct search_order order;
    uint32_t offset, count;          /* of the page */
    bool scores;                     /* scores are shown */
    const struct doc_source *source; /* to sort by what is in no column */
    bool (*is_over)(void *data);     /* asked now and then: time is up */
    void *data;
};

struct search_hit {
    uint32_t doc;
    double score;
    struct search_value key; /* what was sorted by */
};

struct search_result {
    uint64_t total;          /* matches; with `timed_out` those seen */
    struct search_hit *hits; /* the page; the arena's */
    uint32_t n;
    const struct vector_hits *vectors; /* distances that the query names; the arena's */
    bool timed_out;
};

/* Runs r against x. NULL, or an error line. */
const char *search_run(const struct search_index *x, const struct search_request *r,
                       struct arena *arena, struct search_result *out);

#endif
