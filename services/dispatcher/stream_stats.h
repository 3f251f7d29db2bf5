/* stream_stats: how far behind the groups of a region's streams are, and its alarms, as metrics.
 *
 * Why here: an autoscaler needs these figures most when no matcher runs, so a dispatcher reads
 * them from outside; only the leader shows them, so that they are never summed twice.
 *
 * Owner: stream_stats_new to stream_stats_close (which waits for calls under way). Loop thread only.
 */
#ifndef HANSOM_DISPATCHER_STREAM_STATS_H
#define HANSOM_DISPATCHER_STREAM_STATS_H

#include "base/metric.h"
#include "services/kit/lifecycle.h"

struct stream_stats;

struct stream_stats_config {
    struct lifecycle *life;
    struct slice region;          /* copied */
    struct life_names registered; /* groups; borrowed */
    struct metric **metric;       /* the dispatcher's table; borrowed */
};

struct stream_stats *stream_stats_new(const struct stream_stats_config *config);

/* Reads all figures anew, unless the last reading is still under way. */
void stream_stats_read(struct stream_stats *s);

/* Takes the region's figures away: this process does not lead any more. */
void stream_stats_clear(struct stream_stats *s);

void stream_stats_close(struct stream_stats *s);

#endif
