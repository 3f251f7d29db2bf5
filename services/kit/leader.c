#include "leader.h"

#include "base/clock.h"
#include "base/mem.h"
#include "services/kit/ids.h"
#include "services/kit/keys.h"

enum { ID_BYTES = 8 };

struct leader {
    struct store *store; /* borrowed: outlives us */
    uv_timer_t timer;
    struct key_text key;
    char id[2 * ID_BYTES + 1];
    int64_t ttl_ms;
    int64_t until_ms; /* monotonic: the lease surely holds so long */
    int64_t asked_ms; /* monotonic: when the call under way was sent */
    bool asking;
    bool closing;
    bool timer_closed;
};

/* Takes the key when it is free or ours, and says whether it is ours now. */
static const char claim[] = "local held = redis.call('GET', KEYS[1])\n"
                            "if held and held ~= ARGV[1] then return 0 end\n"
                            "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
                            "return 1";

static const char give_back[] = "if redis.call('GET', KEYS[1]) == ARGV[1] then\n"
                                "  return redis.call('DEL', KEYS[1])\n"
                                "end\n"
                                "return 0";

static struct slice key_of(const struct leader *l)
{
    return slice_make(l->key.bytes, l->key.len);
}

static void free_when_idle(struct leader *l)
{
    if (l->closing && !l->asking && l->timer_closed) mem_free(l);
}

static void on_claim(void *data, enum store_status status, const redisReply *reply)
{
    struct leader *l = data;
    l->asking = false;
    if (status == STORE_OK) l->until_ms = reply_i64(reply, 0) == 1 ? l->asked_ms + l->ttl_ms : 0;
    free_when_idle(l);
}

static void on_tick(uv_timer_t *timer)
{
    struct leader *l = timer->data;
    if (l->asking || !store_is_up(l->store)) return;
    l->asking = true;
    l->asked_ms = clock_mono_ms();
    struct store_cmd *c = store_cmd(l->store, "EVAL");
    store_arg_cstr(c, claim);
    store_arg_i64(c, 1);
    store_arg(c, key_of(l));
    store_arg_cstr(c, l->id);
    store_arg_i64(c, l->ttl_ms);
    store_send(l->store, c, l->ttl_ms, on_claim, l);
}

struct leader *leader_new(uv_loop_t *loop, struct store *store, struct slice region,
                          const char *chore, int64_t ttl_ms)
{
    struct leader *l = mem_new(struct leader);
    l->store = store;
    l->ttl_ms = ttl_ms;
    (void)id_hex(ID_BYTES, l->id);
    (void)key_make1(&l->key, KEY_LOCK_LEADER, region, slice_of(chore));
    (void)uv_timer_init(loop, &l->timer);
    l->timer.data = l;
    (void)uv_timer_start(&l->timer, on_tick, 0, (uint64_t)ttl_ms / 3);
    return l;
}

bool leader_is(const struct leader *l)
{
    return clock_mono_ms() < l->until_ms;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct leader *l = handle->data;
    l->timer_closed = true;
    free_when_idle(l);
}

void leader_close(struct leader *l)
{
    if (l == NULL) return;
    if (leader_is(l) && store_is_up(l->store))
        STORE_CALL(l->store, l->ttl_ms, NULL, NULL, SLICE("EVAL"), slice_of(give_back), SLICE("1"),
                   key_of(l), slice_of(l->id));
    l->closing = true;
    uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}
