/* observer: what stands beside the keyspace of database 0 and follows it: search indexes.
 *
 * Why: an index must be in step with every change, deletion, expiry and eviction, in the same
 * command, and must cost nothing where there is none. The keyspace says which keys changed; at the
 * end of the command, when they are whole, the observer looks at them.
 */
#ifndef HANSOM_STORE_ENGINE_OBSERVER_H
#define HANSOM_STORE_ENGINE_OBSERVER_H

#include "base/slice.h"
#include "store/engine/effects.h"

struct observer {
    /* The key was changed, added or deleted, or has expired. Only to be noted: its value may be
     * half way. */
    void (*changed)(void *data, struct slice key);
    /* All keys went at once; with `swapped` others took their place. */
    void (*flushed)(void *data, bool swapped);
    /* A command, transaction or script ends, and its keys are whole: follow them. */
    void (*settle)(void *data);
    /* Adds the commands that make it anew, without what it knows of keys. */
    void (*rewrite)(void *data, struct effects *out);
    /* The log has been replayed, during which no other slot but flushed was called. */
    void (*loaded)(void *data);
    /* Does a little of what may be done between commands; false when nothing is left. */
    bool (*work)(void *data);
    void (*free)(void *data);
};

#endif
