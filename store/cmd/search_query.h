/* search_query: one query under way: its options, its tree, its results. */
#ifndef HANSOM_STORE_CMD_SEARCH_QUERY_H
#define HANSOM_STORE_CMD_SEARCH_QUERY_H

#include "store/cmd/search.h"
#include "store/search/run.h"

struct search_return {
    struct slice name, as;
};

struct search_query {
    struct host *h;
    struct search *s;
    struct search_entry *e;
    struct query_options options;
    struct query_node *filter; /* of options beside the query: FILTER, GEOFILTER, INKEYS; or NULL */
    struct search_request run;
    struct doc_source source;
    int64_t timeout_ms;
    int64_t slop; /* SLOP; -1: not said */
    bool in_order;
    bool no_content, payloads, sort_keys;
    bool returns_said;
    struct search_return *returns; /* the arena's */
    uint32_t return_count;
};

/* Finds the index, and fills in what is usual. False after a reply. */
bool search_query_begin(struct host *h, struct slice index, struct search_query *q);

/* Reads the query and all options from h->args on. False after a reply. */
bool search_query_read(struct search_query *q);

/* DIALECT's number. */
void search_read_dialect(struct search_query *q);

/* Parses the query's text under the options read. False after a reply. */
bool search_query_parse(struct search_query *q, struct slice text);

/* Runs it. False after a reply. */
bool search_query_run(struct search_query *q, struct search_result *out);

#endif
