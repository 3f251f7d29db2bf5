/* front: accepts connections and reads the head of each request, before libwebsockets has them.
 *
 *   accepted --whole head--> on_request(fd, rewritten head)       the fd is then the callee's
 *      +--too long, too slow, gone--> closed
 *
 * Owner: front_new to front_close. Loop thread only.
 */
#ifndef HANSOM_WS_GATEWAY_FRONT_H
#define HANSOM_WS_GATEWAY_FRONT_H

#include "base/buf.h"

#include <uv.h>

struct front;

struct front_config {
    uv_loop_t *loop;
    const char *bind;   /* an IPv4 or IPv6 address */
    uint16_t port;      /* 0: any free one */
    size_t head_max;    /* bytes of a request's head */
    int64_t head_ms;    /* for the head to arrive */
    size_t waiting_max; /* connections whose head has not arrived */
    /* Takes the connection over; bytes are the head, rewritten, and what came behind it. */
    void (*on_request)(void *data, int fd, struct slice bytes);
    void *data;
};

/* Listens at once. NULL and one line in *why when it cannot. */
struct front *front_new(const struct front_config *config, struct buf *why);

uint16_t front_port(const struct front *f);

/* Stops listening and cuts the connections that wait. */
void front_drain(struct front *f);

/* Frees f once its handles have closed; front_drain first, if it was not called. */
void front_close(struct front *f);

#endif
