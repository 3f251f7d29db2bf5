/* same_store: whether two engines hold the same, and whether one holds together.
 *
 * Why: a log, a rewrite and a snapshot are right when what they rebuild is the same store; so
 * tests and fuzzers ask this one question. Order within hashes and sets is no part of it.
 */
#ifndef HANSOM_TESTS_LIB_SAME_STORE_H
#define HANSOM_TESTS_LIB_SAME_STORE_H

#include "store/engine/engine.h"

/* Aborts unless each key of either is in the other, of the same type, value and expiry. */
void same_store(struct engine *a, struct engine *b);

/* Aborts when a table or a value breaks one of its invariants. */
void check_store(const struct engine *e);

/* Redoes records, or the pieces of a rewrite, in `to`; aborts at one that is refused. */
void replay_records(struct engine *to, struct slice bytes);

#endif
