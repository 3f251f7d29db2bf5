/* trash: what was deleted and is too large to be freed at once.
 *
 * Why: a key of a million members takes a quarter of a second to free, and everyone waits. So
 * deleting only takes the value out of the keyspace, and the loop frees it in slices between
 * commands. Nobody can see it any more; its bytes are counted as used until they are free, and
 * whoever needs room frees them before anything is evicted.
 *
 * Cost:   a slice takes about its budget; a value of few parts is freed on the spot.
 * Owner:  the engine; engine_free ends it. Loop thread only.
 */
#ifndef HANSOM_STORE_ENGINE_TRASH_H
#define HANSOM_STORE_ENGINE_TRASH_H

#include "store/engine/db.h"

enum { TRASH_SLICE_US = 500 }; /* what a turn of the loop spends on it */

/* Frees a value that is in no database any more: at once when it is small. NULL is fine. */
void trash_value(struct engine *e, struct value *v);

/* The same for a whole table of entries and for one that borrows them; d is empty afterwards. */
void trash_entries(struct engine *e, struct dict *d);
void trash_borrowed(struct engine *e, struct dict *d);

/* Goes on freeing for about so long; false when nothing is left. */
bool trash_work(struct engine *e, int64_t budget_us);

/* Frees everything. */
void trash_finish(struct engine *e);

#endif
