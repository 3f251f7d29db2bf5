/* driver_index: the search index of a region's driver profiles, and how it is named.
 *
 *     idx:drivers:{la}  (alias)  -->  idx:drivers:{la}:v1  on JSON of driver:{la}:*
 *
 * Searches name the alias. A change of the fields raises DRIVER_INDEX_VERSION: `hansom index upgrade` makes
 * the new index beside the old one, waits until it is complete, and points the alias at it; until
 * then searches use the old one.
 *
 * Owner: nothing is kept.
 */
#ifndef HANSOM_KIT_DRIVER_INDEX_H
#define HANSOM_KIT_DRIVER_INDEX_H

#include "services/kit/keys.h"
#include "services/kit/store.h"

enum { DRIVER_INDEX_VERSION = 1, DRIVER_INDEX_ARGS_MAX = 64 };

/* The name of a version's index. */
struct slice driver_index_name(struct key_text *out, struct slice region, int version);

/* An FT.CREATE; the slices of argv point into it and to constants. */
struct driver_index_create {
    struct key_text name, prefix;
    struct slice argv[DRIVER_INDEX_ARGS_MAX];
    size_t argc;
};

void driver_index_create(struct driver_index_create *out, struct slice region);

/* Makes the index and its alias where they are missing; one that another version has stays. cb (may be
 * NULL) gets the answer to the second command, an error also where nothing was missing. */
void driver_index_make(struct store *s, struct slice region, int64_t timeout_ms, store_cb cb,
                       void *data);

#endif
