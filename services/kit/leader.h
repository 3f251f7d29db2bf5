/* leader: one process of several does a region's chores.
 *
 * Why: chores (timers, trimming, stream metrics) are harmless when done twice, because every
 * effect is guarded in the store; a leader only saves the wasted work and keeps a metric from
 * being exported twice. So a short lease on a key is enough, and no safety rests on it.
 *
 *   FOLLOWER --key was free, or is ours--> LEADER --key is another's, or no answer for a TTL--> FOLLOWER
 *
 * Owner: leader_new to leader_close. Loop thread only.
 */
#ifndef HANSOM_KIT_LEADER_H
#define HANSOM_KIT_LEADER_H

#include "services/kit/store.h"

struct leader;

/* Tries for lock:leader:{region}:<chore> now and every third of ttl_ms. region and chore are
 * copied. The store outlives it. */
struct leader *leader_new(uv_loop_t *loop, struct store *store, struct slice region,
                          const char *chore, int64_t ttl_ms);

/* Whether this process leads now; false once the lease may have run out. */
bool leader_is(const struct leader *l);

/* Gives the lease back and frees l once its calls have ended. */
void leader_close(struct leader *l);

#endif
