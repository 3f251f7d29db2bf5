#include "engine.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/ds/labels.h"
#include "store/engine/block.h"
#include "store/engine/db.h"
#include "store/engine/session.h"
#include "store/engine/trash.h"
#include "store/engine/watch.h"

const struct known known_nothing;

static struct slice key_of(const void *item)
{
    return entry_key(item);
}

static void entry_free(void *item)
{
    struct entry *e = item;
    value_free(e->value);
    mem_free(e);
}

static const struct dict_kind entries = {key_of, entry_free};
static const struct dict_kind borrowed_entries = {key_of, NULL};

static int64_t wall(void *data)
{
    (void)data;
    return clock_wall_us();
}

static int64_t mono(void *data)
{
    (void)data;
    return clock_mono_us();
}

const char *engine_settle(struct engine *e)
{
    int flags = notify_parse(slice_of(e->config.notify_keyspace_events));
    if (flags < 0) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    e->notify_flags = (uint32_t)flags;
    struct buf text = {0};
    notify_format(flags, &text);
    (void)config_set(&e->config, SLICE("notify-keyspace-events"), buf_slice(&text), true);
    buf_fini(&text);
    int64_t policy = e->config.maxmemory_policy;
    e->counts_uses = policy == POLICY_ALLKEYS_LFU || policy == POLICY_VOLATILE_LFU;
    return NULL;
}

void engine_clock_update(struct engine *e)
{
    e->now_us = e->clock.wall_us(e->clock.data);
    e->now_ms = e->now_us / 1000;
    e->now_s = (uint32_t)(e->now_ms / 1000);
}

static void make_run_id(char out[static 41])
{
    unsigned char bytes[20];
    rng_secret(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[40] = '\0';
}

struct engine *engine_new(void)
{
    struct engine *e = mem_new(struct engine);
    e->clock = (struct engine_clock){wall, mono, NULL};
    e->known = &known_nothing;
    engine_clock_update(e);
    e->started_ms = e->now_ms;
    config_init(&e->config);
    uint64_t seed = 0;
    rng_secret(&seed, sizeof seed);
    rng_init(&e->rng, seed);
    make_run_id(e->run_id);
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        struct db *db = &e->db[i];
        db->engine = e;
        db->id = i;
        dict_init(&db->keys, &entries);
        dict_init(&db->expires, &borrowed_entries);
        dict_init(&db->watched, &watch_kind);
        dict_init(&db->blocked, &block_kind_of_keys);
    }
    list_init(&e->sessions);
    list_init(&e->touched_sessions);
    list_init(&e->open_channels);
    list_init(&e->ready);
    list_init(&e->monitors);
    list_init(&e->trash);
    list_init(&e->slowlog);
    list_init(&e->acl_log);
    acl_init(&e->acl);
    effects_reset(&e->effects);
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL) return;
    must(list_empty(&e->sessions));
    trash_finish(e);
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        dict_fini(&e->db[i].expires);
        dict_fini(&e->db[i].keys);
        labels_unref(e->db[i].labels);
        dict_fini(&e->db[i].watched);
        dict_fini(&e->db[i].blocked);
    }
    engine_ephemeral_set(e, NULL, 0);
    effects_fini(&e->effects);
    buf_fini(&e->touched);
    depends_fini(&e->depends);
    arena_fini(&e->arena);
    heap_fini(&e->deadlines);
    map_fini(&e->channels);
    map_fini(&e->patterns);
    map_fini(&e->shard_channels);
    config_fini(&e->config);
    acl_fini(&e->acl);
    mem_free(e);
}

void engine_ephemeral_set(struct engine *e, const struct slice *patterns, uint32_t n)
{
    for (uint32_t i = 0; i < e->ephemeral_count; i++)
        mem_free((char *)(uintptr_t)e->ephemeral[i].p);
    mem_free(e->ephemeral);
    e->ephemeral = n == 0 ? NULL : mem_array(n, struct slice);
    e->ephemeral_count = n;
    for (uint32_t i = 0; i < n; i++)
        e->ephemeral[i] = slice_make(mem_dup(patterns[i].p, patterns[i].len), patterns[i].len);
}

/* A pattern whose only special character is a star at its end is a prefix: the common form. */
static bool matches(struct slice pattern, struct slice key)
{
    if (pattern.len > 0 && pattern.p[pattern.len - 1] == '*') {
        struct slice prefix = slice_make(pattern.p, pattern.len - 1);
        bool plain = true;
        for (size_t i = 0; i < prefix.len && plain; i++)
            plain = prefix.p[i] != '*' && prefix.p[i] != '?' && prefix.p[i] != '[' &&
                    prefix.p[i] != '\\';
        if (plain) return slice_starts(key, prefix);
    }
    return slice_glob(pattern, key, false);
}

bool db_is_ephemeral(const struct engine *e, struct slice key)
{
    for (uint32_t i = 0; i < e->ephemeral_count; i++)
        if (matches(e->ephemeral[i], key)) return true;
    return false;
}

static bool is_ephemeral_entry(void *item, void *data)
{
    return db_is_ephemeral(data, entry_key(item));
}

static bool take_ephemeral_entry(void *item, void *data)
{
    bool is = is_ephemeral_entry(item, data);
    if (is) entry_free(item);
    return is;
}

void engine_ephemeral_drop(struct engine *e)
{
    if (e->ephemeral_count == 0) return;
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        (void)dict_sweep(&e->db[i].expires, is_ephemeral_entry, e);
        (void)dict_sweep(&e->db[i].keys, take_ephemeral_entry, e);
    }
}

void engine_swap(struct engine *e, uint32_t a, uint32_t b)
{
    struct db *x = &e->db[a], *y = &e->db[b];
    if (a != b) {
        if (e->watch_count > 0) watch_signal_all(x);
        if (e->watch_count > 0) watch_signal_all(y);
        struct dict keys = x->keys, expires = x->expires;
        uint64_t cursor = x->expire_cursor;
        x->keys = y->keys;
        x->expires = y->expires;
        struct labels *labels = x->labels;
        x->expire_cursor = y->expire_cursor;
        x->labels = y->labels;
        y->keys = keys;
        y->expires = expires;
        y->expire_cursor = cursor;
        y->labels = labels;
        if (e->observer != NULL && (a == 0 || b == 0)) e->observer->flushed(e->observer_data, true);
        if (e->watch_count > 0) watch_signal_all(x);
        if (e->watch_count > 0) watch_signal_all(y);
        if (e->blocked_count > 0) block_signal_present(x);
        if (e->blocked_count > 0) block_signal_present(y);
    }
    e->dirty++;
    e->durable_writes++;
    depends_write_all(&e->depends);
}

void engine_observer_free(struct engine *e)
{
    if (e->observer == NULL) return;
    e->observer->free(e->observer_data);
    e->observer = NULL;
    e->observer_data = NULL;
}

void engine_count_error(struct engine *e, struct slice line)
{
    e->stats.errors++;
    size_t n = slice_find(line, ' ');
    if (n > sizeof e->errors[0].code - 1) n = sizeof e->errors[0].code - 1;
    struct slice code = slice_make(line.p, n);
    for (uint32_t i = 0; i < e->error_count; i++) {
        if (!slice_is(code, e->errors[i].code)) continue;
        e->errors[i].count++;
        return;
    }
    if (e->error_count == ERRSTATS_MAX) return;
    struct err_stat *s = &e->errors[e->error_count++];
    (void)slice_cstr(code, s->code, sizeof s->code);
    s->count = 1;
}
