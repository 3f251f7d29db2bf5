/* value: what a field of a document is worth, to sort by, to return, to compute with.
 *
 * A value comes from the column of a SORTABLE field when there is one, and else from the hash or
 * JSON document itself, which is the store's: who runs a query lends a way to read it.
 */
#ifndef HANSOM_STORE_SEARCH_VALUE_H
#define HANSOM_STORE_SEARCH_VALUE_H

#include "base/arena.h"

struct search_index;
struct search_field;

struct search_value {
    enum { SEARCH_NULL, SEARCH_NUMBER, SEARCH_TEXT, SEARCH_LIST } kind;
    uint32_t count; /* of items */
    double number;
    struct slice text; /* borrowed: of the arena, the document or a column; until the next write */
    const struct search_value *items; /* borrowed likewise: of a list, which pipelines make */
};

static inline struct search_value search_number(double n)
{
    return (struct search_value){.kind = SEARCH_NUMBER, .number = n};
}

static inline struct search_value search_text(struct slice s)
{
    return (struct search_value){.kind = SEARCH_TEXT, .text = s};
}

/* Reads documents. A hash's `path` is a field, that of JSON a path or the name of a member at the
 * top; a single JSON string is given without quotes, other single values as their text, several
 * or a container as JSON. */
struct doc_source {
    /* Writes the value, with memory of the arena where need be; SEARCH_NULL when there is none. */
    void (*read)(void *data, struct slice key, struct slice path, struct arena *arena,
                 struct search_value *out);
    void *data;
};

/* The value of a document's field by what queries call it: of the schema, or else a field or path
 * of the document itself. Numeric fields give numbers. A name may begin with '@'. */
struct search_value search_read(const struct search_index *x, uint32_t doc, struct slice name,
                                const struct doc_source *source, struct arena *arena);

/* The number that a value is: itself, or its text where that is a number; false else. */
bool search_value_number(const struct search_value *v, double *out);

/* Nulls last, numbers before text, numbers by size, text by bytes: <0, 0, >0. */
int search_value_cmp(const struct search_value *a, const struct search_value *b);

#endif
