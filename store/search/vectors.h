/* vectors: the index of a VECTOR field, FLAT or HNSW, by document id.
 *
 * Why: a document is put again whenever anything in it changes, and joining a graph costs a
 * millisecond; so a vector that stayed the same is known by its hash and left alone.
 *
 * Owner: the index owns everything in it.
 */
#ifndef HANSOM_STORE_SEARCH_VECTORS_H
#define HANSOM_STORE_SEARCH_VECTORS_H

#include "base/arena.h"
#include "store/ds/near.h"
#include "store/search/schema.h"

struct vectors;
struct doc_iter;

struct vectors *vectors_new(const struct vector_options *o);
void vectors_free(struct vectors *v);

/* Whether these bytes are a vector of the field: dim finite floats. */
bool vectors_fits(const struct vector_options *o, struct slice floats);

/* Makes the document have this vector, which fits; of no bytes: none. */
void vectors_put(struct vectors *v, uint32_t doc, struct slice floats);

/* The k nearest to `floats`, which fit, among the documents that match `among` (NULL: all), nearest
 * first; in the arena. ef of 0: the field's. HNSW may miss some. */
uint32_t vectors_nearest(struct vectors *v, struct slice floats, uint32_t k, uint32_t ef,
                         struct doc_iter *among, struct arena *arena, struct near **out);

/* Those within radius, in no order. A negative epsilon: the field's. */
uint32_t vectors_within(struct vectors *v, struct slice floats, float radius, double epsilon,
                        struct arena *arena, struct near **out);

uint32_t vectors_count(const struct vectors *v);
size_t vectors_memory(const struct vectors *v);
void vectors_check(struct vectors *v);

#endif
