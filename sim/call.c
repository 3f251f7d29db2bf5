#include "call.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

enum { TRY_MS = 5000, BACKOFF_MS_MIN = 100, BACKOFF_MS_MAX = 2000, ANSWER_LOST_AT = 500 };

struct call {
    struct calls *all;
    struct list link;
    struct alarm again;
    struct call_spec spec; /* slices point into text */
    struct buf text;
    call_cb cb;
    void *data;
    int64_t until_ms;
    int64_t took_us; /* -1: no answer yet */
    uint32_t tries;
    bool lost;
};

void calls_init(struct calls *all, struct net *net, uint64_t seed, double lose_part)
{
    *all = (struct calls){.net = net, .lose_part = lose_part};
    rng_init(&all->rng, seed);
    list_init(&all->all);
}

static void call_free(struct call *c)
{
    net_clear(c->all->net, &c->again);
    list_del(&c->link);
    c->all->count--;
    buf_fini(&c->text);
    mem_free(c);
}

static void on_reply(void *data, const struct http_reply *reply);

static void call_try(void *data)
{
    struct call *c = data;
    struct http_request r = {.method = c->spec.method,
                             .path = c->spec.path,
                             .token = c->spec.token,
                             .idempotency_key = c->spec.key,
                             .body = c->spec.body};
    c->tries++;
    endpoint_send(c->spec.to, r, TRY_MS, on_reply, c);
}

static void call_end(struct call *c, int status, const json_t *body)
{
    struct call_reply r = {
        .status = status, .body = body, .took_us = c->took_us, .tag = c->spec.tag};
    c->cb(c->data, &r);
    call_free(c);
}

/* True when the request will be made once more. */
static bool call_again(struct call *c, int retry_after_s)
{
    int64_t now = clock_mono_ms();
    int64_t wait = BACKOFF_MS_MIN << (c->tries < 5 ? c->tries - 1 : 5);
    if (wait > BACKOFF_MS_MAX) wait = BACKOFF_MS_MAX;
    wait = wait / 2 + (int64_t)rng_below(&c->all->rng, (uint64_t)wait);
    if (retry_after_s > 0 && wait < 1000 * (int64_t)retry_after_s) wait = 1000 * retry_after_s;
    if (now + wait > c->until_ms) return false;
    c->all->retries++;
    net_after(c->all->net, &c->again, wait, call_try, c);
    return true;
}

static void on_reply(void *data, const struct http_reply *reply)
{
    struct call *c = data;
    bool troubled = reply == NULL || reply->status >= ANSWER_LOST_AT || reply->status == 429;
    if (troubled) {
        if (call_again(c, reply == NULL ? 0 : reply->retry_after_s)) return;
        call_end(c, 0, NULL);
        return;
    }
    if (c->took_us < 0) c->took_us = clock_mono_us() - c->spec.intended_us;
    if (c->spec.may_lose && !c->lost && reply->status < 300 &&
        rng_unit(&c->all->rng) < c->all->lose_part) {
        c->lost = true;
        c->all->lost++;
        net_after(c->all->net, &c->again, BACKOFF_MS_MIN, call_try, c);
        return;
    }
    json_t *body = json_loadb(reply->body.p == NULL ? "" : reply->body.p, reply->body.len, 0, NULL);
    call_end(c, reply->status, body);
    json_decref(body);
}

void call_start(struct calls *all, const struct call_spec *spec, call_cb cb, void *data)
{
    must(spec->to != NULL);
    must(cb != NULL);
    struct call *c = mem_new(struct call);
    c->all = all;
    c->spec = *spec;
    c->cb = cb;
    c->data = data;
    c->took_us = -1;
    if (spec->intended_us == 0) c->spec.intended_us = clock_mono_us();
    c->until_ms = clock_mono_ms() + spec->give_up_ms;
    buf_reserve(&c->text, spec->path.len + spec->key.len + spec->body.len);
    buf_add_slice(&c->text, spec->path);
    buf_add_slice(&c->text, spec->key);
    buf_add_slice(&c->text, spec->body);
    c->spec.path.p = c->text.p;
    c->spec.key.p = c->text.p + spec->path.len;
    c->spec.body.p = c->text.p + spec->path.len + spec->key.len;
    list_add(&all->all, &c->link);
    all->count++;
    call_try(c);
}

void calls_drop(struct calls *all)
{
    list_each_safe(at, &all->all) call_free(list_entry(at, struct call, link));
}
