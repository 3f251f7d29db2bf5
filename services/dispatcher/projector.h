/* projector: turns the outbox of a region into what people look up: finished rides, leaderboards,
 * who was active, where rides begin.
 *
 *   rides:events --group projector--> changes anything? --no--> XACK
 *                                           | yes
 *                                     life_project (acknowledges and applies in one)
 *
 * Every dispatcher reads in the group. An entry that cannot be applied stays pending and is claimed
 * again; at its fifth delivery it becomes a dead letter, in the same function.
 *
 * Owner: projector_new to projector_close. Loop thread only.
 */
#ifndef HANSOM_DISPATCHER_PROJECTOR_H
#define HANSOM_DISPATCHER_PROJECTOR_H

#include "base/slice.h"

struct dispatcher;
struct projector;

/* region is copied. */
struct projector *projector_new(struct dispatcher *d, struct slice region);

/* Reads no more; cb runs when all that was read is done with: now or later. */
void projector_drain(struct projector *p, void (*cb)(void *data), void *data);

void projector_close(struct projector *p);

#endif
