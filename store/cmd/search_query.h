/* search_query: one query under way: its options, its tree, its results. */
#ifndef HANSOM_STORE_CMD_SEARCH_QUERY_H
#define HANSOM_STORE_CMD_SEARCH_QUERY_H

#include "store/cmd/search.h"
#include "store/search/run.h"

struct search_return {
    struct slice name, as;
};

struct search_marks; /* HIGHLIGHT and SUMMARIZE (search_highlight.c) */

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
    bool reasons;             /* EXPLAINSCORE */
    struct doc_iter *explain; /* of the query, to say why; with `reasons` */
    bool returns_said;
    struct search_return *returns;     /* the arena's */
    const struct vector_hits *vectors; /* distances of what was found */
    struct search_marks *marks;        /* the arena's; NULL: texts are shown as they are */
    uint32_t return_count;
};

/* Finds the index, and fills in what is usual. False after a reply. */
bool search_query_begin(struct host *h, struct slice index, struct search_query *q);

/* Reads the query and all options from h->args on. False after a reply. */
bool search_query_read(struct search_query *q);

/* Reads the one option that comes next. */
void search_read_option(struct search_query *q);

/* Reads HIGHLIGHT or SUMMARIZE, if that is the option that comes next. */
bool search_read_marks(struct search_query *q);

/* A field's value as it is to be shown: `name` is what queries call it, or a hash's field. */
struct slice search_marked(struct search_query *q, struct slice name, struct slice value);

/* DIALECT's number. */
void search_read_dialect(struct search_query *q);

/* Parses the query's text under the options read. False after a reply. */
bool search_query_parse(struct search_query *q, struct slice text);

/* Runs it. False after a reply. */
bool search_query_run(struct search_query *q, struct search_result *out);

/* The same until none of the page has gone meanwhile: looking at a key may find it expired. */
bool search_query_whole(struct search_query *q, struct search_result *out);

/* What came out of a stage of a query, and what it took. */
struct search_stage {
    const char *name;
    int64_t us;
    uint64_t count;
};

/* Begins the reply of FT.PROFILE: what the query replies comes next, then the profile, whose times are when
 * the command began, had read its query, had run it, and had replied. */
void search_reply_profile_begin(struct reply *r);
void search_reply_profile(struct search_query *q, const struct search_stage stages[static 2],
                          const int64_t at_us[static 4]);

/* FT.PROFILE of FT.AGGREGATE, from the query on. */
void search_profile_aggregate(struct host *h);

/* Replies the page that was found. */
void search_reply_found(struct search_query *q, const struct search_result *found);

#endif
