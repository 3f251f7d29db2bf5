#include "net.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/slice.h"

static void on_timer(uv_timer_t *timer)
{
    struct net *n = timer->data;
    alarms_run(&n->alarms, clock_mono_ms());
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct net *n = prepare->data;
    int64_t next = alarms_next(&n->alarms);
    if (next == INT64_MAX) {
        uv_timer_stop(&n->timer);
        return;
    }
    int64_t wait = next - clock_mono_ms();
    uv_update_time(n->loop);
    uv_timer_start(&n->timer, on_timer, wait > 0 ? (uint64_t)wait : 0, 0);
}

void net_init(struct net *n, uv_loop_t *loop)
{
    *n = (struct net){.loop = loop};
    uv_prepare_init(loop, &n->prepare);
    uv_timer_init(loop, &n->timer);
    n->prepare.data = n;
    n->timer.data = n;
    uv_prepare_start(&n->prepare, on_prepare);
    uv_unref((uv_handle_t *)&n->prepare);
}

void net_stop(struct net *n)
{
    uv_close((uv_handle_t *)&n->prepare, NULL);
    uv_close((uv_handle_t *)&n->timer, NULL);
}

void net_fini(struct net *n)
{
    alarms_fini(&n->alarms);
}

void net_after(struct net *n, struct alarm *a, int64_t ms, void (*fn)(void *data), void *data)
{
    /* Rounded up: an alarm a part of a millisecond early would send before the intended time. */
    int64_t now_ms = (clock_mono_us() + 999) / 1000;
    alarm_set(&n->alarms, a, ms > 0 ? now_ms + ms : clock_mono_ms(), fn, data);
    /* An active timer is what keeps the loop alive; on_prepare sets its right time. */
    if (!uv_is_active((uv_handle_t *)&n->timer)) uv_timer_start(&n->timer, on_timer, 0, 0);
}

bool net_address(const char *url, struct sockaddr_in *out)
{
    struct slice s = slice_of(url);
    struct slice host = {0};
    char text[64];
    uint64_t port = 0;
    if (slice_starts(s, SLICE("http://")))
        s = slice_from(s, 7);
    else if (slice_starts(s, SLICE("ws://")))
        s = slice_from(s, 5);
    if (s.len > 0 && s.p[s.len - 1] == '/') s.len--;
    if (!slice_cut(&s, ':', &host) || !slice_u64(s, &port) || port == 0 || port > 65535) {
        return false;
    }
    if (slice_is(host, "localhost")) host = SLICE("127.0.0.1");
    if (host.len >= sizeof text) return false;
    return uv_ip4_addr(slice_cstr(host, text, sizeof text), (int)port, out) == 0;
}
