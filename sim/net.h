/* net: the loop and the clock that all actors of a run share.
 *
 * Alarms are run by one timer of the loop, moved to the next alarm before each wait.
 */
#ifndef HANSOM_SIM_NET_H
#define HANSOM_SIM_NET_H

#include <stdbool.h>
#include <uv.h>

#include "sim/alarm.h"

struct net {
    uv_loop_t *loop; /* borrowed */
    struct alarms alarms;
    uv_prepare_t prepare;
    uv_timer_t timer;
};

void net_init(struct net *n, uv_loop_t *loop);

/* Stops the alarms; run the loop once more afterwards so that the handles close. */
void net_stop(struct net *n);

/* After the loop has ended. */
void net_fini(struct net *n);

/* Sets an alarm that many milliseconds from now. */
void net_after(struct net *n, struct alarm *a, int64_t ms, void (*fn)(void *data), void *data);

static inline void net_clear(struct net *n, struct alarm *a)
{
    alarm_clear(&n->alarms, a);
}

/* Reads "http://host:port" or "ws://…" with a numeric host or localhost. False when it is none. */
bool net_address(const char *url, struct sockaddr_in *out);

#endif
