/* depends: up to where the log must be durable before a command's reply may leave.
 *
 * Why: a reply must not tell of a write that a crash may undo. Were each look at a key to wait for
 * all that was logged, reads of keys at rest would wait for other clients' syncs, and with a full
 * disk, where writes stay in memory until there is room, they would not be answered at all. So each
 * slot of keys remembers the newest write of one of its keys, and a look waits for that one.
 *
 * Layout:      newest[hash of key % DEPENDS_SLOTS]; other keys in a slot make a look wait longer than
 *              it must, never less. NULL: every look waits for the end of the log.
 * Invariants:  a position in newest, or `all`, is one byte past the end of the log when its write ran:
 *              within the record that keeps the write, and records become durable as a whole.
 * Cost:        one load a look, one store a write; 128 KB while replies wait for the log at all.
 * Owner:       the engine. Loop thread only.
 */
#ifndef HANSOM_STORE_ENGINE_DEPENDS_H
#define HANSOM_STORE_ENGINE_DEPENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEPENDS_SLOTS = 16384 };

#define DEPENDS_END UINT64_MAX /* on the end of the log, wherever the command's record moves it */

struct depends {
    uint64_t saw;     /* of the command so far: a position or DEPENDS_END */
    uint64_t end;     /* of the log */
    uint64_t all;     /* the newest write of all keys at once */
    uint64_t *newest; /* owned */
};

/* Looks keep to their keys from here on (exact), or wait for all of the log again. */
void depends_set(struct depends *d, bool exact);

void depends_fini(struct depends *d);

static inline void depends_see_all(struct depends *d)
{
    d->saw = DEPENDS_END;
}

/* The command looks at a key with this hash. */
static inline void depends_see(struct depends *d, uint64_t hash)
{
    if (d->newest == NULL) {
        d->saw = DEPENDS_END;
        return;
    }
    uint64_t at = d->newest[hash % DEPENDS_SLOTS];
    if (at < d->all) at = d->all;
    if (d->saw < at) d->saw = at;
}

/* It changes one. */
static inline void depends_write(struct depends *d, uint64_t hash)
{
    d->saw = DEPENDS_END;
    if (d->newest != NULL) d->newest[hash % DEPENDS_SLOTS] = d->end + 1;
}

/* It changes any number of them. */
static inline void depends_write_all(struct depends *d)
{
    d->saw = DEPENDS_END;
    d->all = d->end + 1;
}

#endif
