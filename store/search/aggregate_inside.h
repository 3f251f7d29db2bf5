/* aggregate_inside: a plan, shared by what reads it and what runs it. */
#ifndef HANSOM_STORE_SEARCH_AGGREGATE_INSIDE_H
#define HANSOM_STORE_SEARCH_AGGREGATE_INSIDE_H

#include "store/search/aggregate.h"

enum step_kind { STEP_APPLY, STEP_FILTER, STEP_LIMIT, STEP_GROUP, STEP_SORT };

struct sort_key {
    uint32_t column;
    bool descending;
};

struct step {
    enum step_kind kind;
    struct expr *expr;      /* APPLY, FILTER */
    uint32_t column;        /* APPLY: where it goes */
    uint64_t offset, count; /* LIMIT */
    struct sort_key *keys;  /* GROUP, SORT */
    uint32_t key_count;
    struct reducer *reducers; /* GROUP */
    uint32_t reducer_count;
    uint64_t most; /* SORT: rows that are kept; 0 until it is known */
};

struct agg_load {
    uint32_t column;
    struct slice name; /* what the source is asked for */
};

struct agg_plan {
    const struct schema *schema;
    struct arena *arena;
    struct slice names[AGG_COLUMNS_MAX];
    bool live[AGG_COLUMNS_MAX]; /* a step may name it at this point */
    uint32_t columns;
    struct agg_load loads[AGG_COLUMNS_MAX];
    uint32_t load_count;
    bool load_all;
    bool grouped;                          /* a GROUPBY was read: documents are out of reach */
    struct slice unknown[AGG_COLUMNS_MAX]; /* loaded, and no field of the schema */
    uint32_t unknown_count;
    struct step steps[AGG_STEPS_MAX];
    uint32_t step_count;
};

/* The column of a name, made when there is none; AGG_COLUMNS_MAX when there is no room. */
uint32_t agg_column(struct agg_plan *p, struct slice name);

#endif
