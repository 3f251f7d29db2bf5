/* aggregate: the pipeline of FT.AGGREGATE: rows come from documents, and go from step to step.
 *
 *     documents --> LOAD --> APPLY, FILTER, LIMIT --> GROUPBY + REDUCE --> ... --> SORTBY --> rows
 *
 * A plan is read clause by clause from the words of the command. Each name has a column; a step
 * before the first GROUPBY may name any field of the schema, which is then loaded, and what LOAD
 * named; a step behind one only its keys and what it reduced to.
 *
 * Rows are pushed one by one. A step that must see all before it gives the first (GROUPBY, SORTBY)
 * keeps what it needs in memory that is counted against a limit, so no query takes all there is. A
 * SORTBY keeps the first of its order only: MAX of them, or as many as the LIMIT behind it
 * reaches, or 10.
 *
 * Owner: a plan is the arena's. A result owns its rows.
 */
#ifndef HANSOM_STORE_SEARCH_AGGREGATE_H
#define HANSOM_STORE_SEARCH_AGGREGATE_H

#include "store/search/expr.h"
#include "store/search/reduce.h"
#include "store/search/schema.h"

enum { AGG_COLUMNS_MAX = 512, AGG_STEPS_MAX = 64, AGG_KEYS_MAX = 32, AGG_SORT_USUAL = 10 };

struct agg_plan;

/* schema and the words of the clauses are borrowed for as long as the plan is used. */
struct agg_plan *agg_plan_new(const struct schema *schema, struct arena *arena);

/* The i-th name that steps took from documents though no field is called so; empty behind the last.
 * Whoever has the source knows whether it is one: a distance, say. */
struct slice agg_plan_unknown(const struct agg_plan *p, uint32_t i);

/* Reads the clause that begins at argv[*at] (LOAD, GROUPBY, APPLY, FILTER, SORTBY, LIMIT) and moves
 * *at behind it. False when none begins there, and *error stays; or when it makes no sense, with
 * *error, an error line of the arena. */
bool agg_plan_read(struct agg_plan *p, const struct slice *argv, uint32_t argc, uint32_t *at,
                   const char **error);

/* Where rows come from. */
struct agg_source {
    /* Steps to the next document; false behind the last. */
    bool (*next)(void *data);
    /* A field of the document that it stands at, by name or path; memory of the arena. */
    struct search_value (*read)(void *data, struct slice name, struct arena *arena);
    /* Calls fn with all fields of the document (LOAD *). */
    void (*all)(void *data, struct arena *arena,
                void (*fn)(void *to, struct slice name, struct search_value v), void *to);
    bool (*is_over)(void *data); /* asked now and then: time is up; may be NULL */
    void *data;
};

/* A row that is kept: one block. */
struct agg_row {
    uint32_t count;               /* of values; columns above it are not there */
    uint32_t size;                /* bytes of the block */
    uint64_t number;              /* rows before it at its step */
    struct search_value values[]; /* by column; SEARCH_NULL with count 1 is a null to show */
};

struct agg_result {
    struct agg_row **rows; /* owned, and each */
    uint32_t n, cap;
    uint64_t total;            /* rows that came to the last LIMIT, or that there are */
    const struct slice *names; /* by column; the plan's */
    uint32_t columns;
    bool timed_out; /* the rows are those of what was seen in time */
};

/* Runs the plan. False with *error static: too many bytes or columns were needed. */
bool agg_run(struct agg_plan *p, const struct agg_source *source, size_t bytes_max,
             struct agg_result *out, const char **error);

void agg_result_fini(struct agg_result *r);

/* Whether a row has something to show in this column. */
static inline bool agg_row_has(const struct agg_row *r, uint32_t column)
{
    return column < r->count &&
           (r->values[column].kind != SEARCH_NULL || r->values[column].count == 1);
}

#endif
