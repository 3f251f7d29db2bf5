/* search_read: documents as their indexes see them: the fields of a hash, what paths find in JSON.
 *
 * Owner: a reading borrows from the keyspace, and is good until the next change of it.
 */
#ifndef HANSOM_STORE_CMD_SEARCH_READ_H
#define HANSOM_STORE_CMD_SEARCH_READ_H

#include "store/cmd/search.h"

struct search_reading {
    const struct search_entry *e;
    struct host_view view;
    struct slice json; /* of a JSON index: the document */
};

/* The document under a key; false if it is none for this index. */
bool search_reading_begin(struct search *s, const struct search_entry *e, struct slice key,
                          struct search_reading *r);

/* Whether FILTER takes it, or there is none. */
bool search_reading_passes(const struct search_reading *r, struct arena *arena);

/* Its fields, for index_put. */
struct index_reader search_reading_values(struct search_reading *r);

#endif
