/* index: one search index: its schema, its documents, and an index of each field.
 *
 * Why: a document is put as a whole, whatever changed in it, and each field finds out for itself
 * what differs. A value that does not fit its field (a word where a number is due) keeps the
 * whole document out, as RediSearch does, and is counted.
 *
 * Owner: the index owns everything in it.
 */
#ifndef HANSOM_STORE_SEARCH_INDEX_H
#define HANSOM_STORE_SEARCH_INDEX_H

#include "store/search/field.h"
#include "store/search/value.h"

enum { INDEX_VALUES_MAX = 65536 }; /* of one field of a document */

struct search_index {
    struct schema schema;
    struct docs docs;
    struct field_index *fields; /* owned; as many as the schema has, or fewer while it grows */
    uint32_t field_count;
    struct text_tools tools;
    uint64_t failures;           /* documents that were kept out */
    struct slice last_error;     /* owned: words, or empty */
    struct slice last_error_key; /* owned */
};

/* The document's own score; where no field says it, without a look at the document. */
static inline double index_score(const struct search_index *x, uint32_t doc)
{
    return x->schema.score_field.len == 0 ? x->schema.score : x->docs.of[doc].score;
}

/* How the values of one document come to the index. */
struct index_reader {
    /* Writes what the document has in a field, in the arena: of a hash one text, of JSON numbers
     * and texts. Nothing (n is 0) when it has not the field. NULL when all is well, else words
     * that say why the value cannot be indexed. */
    const char *(*values)(void *data, const struct search_field *field, struct arena *arena,
                          struct search_value **out, uint32_t *n);
    /* A field as text by its path; empty when there is none. Asked of the fields that say a document's
     * language and score: NULL where the schema names none. */
    struct slice (*text)(void *data, struct slice path, struct arena *arena);
    void *data;
};

/* A new index, which owns the schema now. */
struct search_index *index_new(struct schema *schema);
void index_free(struct search_index *x);

/* Makes what FT.ALTER added to the schema known. Documents get the new fields when they are put
 * again. */
void index_grow(struct search_index *x);

/* The document, if there is one, will be put or taken out soon: what is kept of it comes from memory
 * meanwhile. Gives its id, or DOC_NONE. */
uint32_t index_expect(const struct search_index *x, struct slice key);

/* Puts the document, new or changed, and gives its id. DOC_NONE, and it is not in the index any more,
 * when a value does not fit its field. Scratch memory is the arena's. */
uint32_t index_put(struct search_index *x, struct slice key, const struct index_reader *r,
                   struct arena *arena);

/* Takes the document out; false when it was not in. */
bool index_del(struct search_index *x, struct slice key);

/* Takes all documents out. */
void index_clear(struct search_index *x);

/* A place as text, "lon,lat" or "lon lat", as its score; false when it is none. */
bool index_parse_place(struct slice text, double *score);

size_t index_memory(const struct search_index *x);

/* Aborts when an invariant does not hold. O(n); for tests. */
void index_check(const struct search_index *x);

#endif
