#include "db.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/ds/labels.h"
#include "store/engine/block.h"
#include "store/engine/trash.h"
#include "store/engine/watch.h"

/* --- lookups --- */

/* Whether a look at this key must wait for the log, and its change go there. */
static inline bool is_durable(const struct engine *e, struct slice key)
{
    return e->ephemeral_count == 0 || !db_is_ephemeral(e, key);
}

/* Tells what stands beside the keyspace that a key changed. */
static inline void observe(struct db *db, struct slice key)
{
    struct engine *g = db->engine;
    if (g->observer != NULL && db->id == 0 && !g->loading)
        g->observer->changed(g->observer_data, key);
}

static void entry_drop(struct db *db, struct entry *e, uint64_t hash)
{
    struct slice key = entry_key(e);
    observe(db, key);
    if (e->expire_ms != EXPIRE_NEVER) (void)dict_take_hash(&db->expires, key, hash);
    (void)dict_take_hash(&db->keys, key, hash);
    trash_value(db->engine, e->value);
    mem_free(e);
}

/* Deletes an expired key, which the log learns as a DEL. Nobody waits for that record: without it the
 * key expires again at the next start. */
static void expire_now(struct db *db, struct entry *e, uint64_t hash)
{
    struct engine *g = db->engine;
    g->stats.expired_keys++;
    if (g->sink != NULL && is_durable(g, entry_key(e))) {
        struct slice argv[] = {SLICE("DEL"), entry_key(e)};
        effects_add(&g->effects, db->id, 2, argv);
    }
    g->dirty++;
    if (g->watch_count > 0) watch_signal(db, entry_key(e));
    if (g->blocked_count > 0) block_signal(db, entry_key(e));
    if (g->notify_flags != 0) {
        struct slice key = slice_make(mem_dup(e->key, e->key_len), e->key_len);
        entry_drop(db, e, hash);
        db_notify(db, key, NOTIFY_EXPIRED, "expired");
        mem_free((char *)(uintptr_t)key.p);
        return;
    }
    entry_drop(db, e, hash);
}

static inline bool is_expired(const struct db *db, const struct entry *e)
{
    return e->expire_ms < db->engine->now_ms && !db->engine->loading;
}

static inline uint64_t hash_key(const struct db *db, struct slice key)
{
    const struct known *k = db->engine->known;
    return known_is(key, k->key) ? k->key_hash : hash_slice(key);
}

static inline struct entry *lookup(struct db *db, struct slice key, uint64_t hash)
{
    struct engine *g = db->engine;
    if (g->depends.saw != DEPENDS_END && is_durable(g, key)) depends_see(&g->depends, hash);
    struct entry *e = dict_find_hash(&db->keys, key, hash);
    if (e == NULL || !is_expired(db, e)) return e;
    expire_now(db, e, hash);
    return NULL;
}

struct entry *db_entry(struct db *db, struct slice key)
{
    return lookup(db, key, hash_key(db, key));
}

struct value *db_any(struct db *db, struct slice key)
{
    struct entry *e = lookup(db, key, hash_key(db, key));
    if (e == NULL) return NULL;
    entry_touch(db->engine, e);
    return e->value;
}

static inline enum err checked(struct engine *g, struct entry *e, enum value_kind kind,
                               struct value **out)
{
    if (e == NULL) {
        *out = NULL;
        return ERR_OK;
    }
    entry_touch(g, e);
    if (e->value->type->kind != kind) return ERR_WRONGTYPE;
    *out = e->value;
    return ERR_OK;
}

enum err db_find(struct db *db, struct slice key, enum value_kind kind, struct value **out)
{
    struct engine *g = db->engine;
    struct entry *e = lookup(db, key, hash_key(db, key));
    if (e == NULL) {
        g->stats.misses++;
        if ((g->notify_flags & NOTIFY_KEYMISS) != 0) db_notify(db, key, NOTIFY_KEYMISS, "keymiss");
    } else {
        g->stats.hits++;
    }
    return checked(g, e, kind, out);
}

enum err db_find_write(struct db *db, struct slice key, enum value_kind kind, struct value **out)
{
    return checked(db->engine, lookup(db, key, hash_key(db, key)), kind, out);
}

/* --- changes --- */

static void expire_drop(struct db *db, struct entry *e, uint64_t hash)
{
    if (e->expire_ms == EXPIRE_NEVER) return;
    (void)dict_take_hash(&db->expires, entry_key(e), hash);
    e->expire_ms = EXPIRE_NEVER;
}

struct entry *db_put(struct db *db, struct slice key, struct value *value)
{
    must(key.len <= UINT32_MAX);
    uint64_t hash = hash_key(db, key);
    struct entry *e = dict_find_hash(&db->keys, key, hash);
    if (e != NULL) {
        expire_drop(db, e, hash);
        if (e->value != value) trash_value(db->engine, e->value);
        e->value = value;
        entry_touch(db->engine, e);
        if (value->type->placed != NULL) value->type->placed(value, &db->labels, key);
        return e;
    }
    e = mem_alloc(sizeof *e + key.len);
    *e = (struct entry){.value = value,
                        .expire_ms = EXPIRE_NEVER,
                        .touched_s = entry_fresh(db->engine),
                        .key_len = (uint32_t)key.len};
    if (key.len > 0) memcpy(e->key, key.p, key.len);
    dict_add_hash(&db->keys, e, hash);
    if (value->type->placed != NULL) value->type->placed(value, &db->labels, key);
    if ((db->engine->notify_flags & NOTIFY_NEW) != 0) db_notify(db, key, NOTIFY_NEW, "new");
    return e;
}

void db_swap(struct db *db, struct slice key, struct value *value)
{
    struct entry *e = dict_find(&db->keys, key);
    must(e != NULL);
    e->value = value;
}

struct value *db_take(struct db *db, struct slice key)
{
    uint64_t hash = hash_key(db, key);
    struct entry *e = dict_find_hash(&db->keys, key, hash);
    if (e == NULL) return NULL;
    struct value *v = e->value;
    e->value = NULL;
    entry_drop(db, e, hash);
    return v;
}

bool db_del(struct db *db, struct slice key)
{
    uint64_t hash = hash_key(db, key);
    struct entry *e = lookup(db, key, hash);
    if (e == NULL) return false;
    entry_drop(db, e, hash);
    return true;
}

void db_expire_set(struct db *db, struct slice key, int64_t at_ms)
{
    uint64_t hash = hash_key(db, key);
    struct entry *e = dict_find_hash(&db->keys, key, hash);
    must(e != NULL);
    if (at_ms == EXPIRE_NEVER) {
        expire_drop(db, e, hash);
        return;
    }
    if (e->expire_ms == EXPIRE_NEVER) dict_add_hash(&db->expires, e, hash);
    e->expire_ms = at_ms;
}

int64_t db_expire_get(struct db *db, struct slice key)
{
    const struct entry *e = dict_find(&db->keys, key);
    return e == NULL ? EXPIRE_NEVER : e->expire_ms;
}

bool db_expire_clear(struct db *db, struct slice key)
{
    uint64_t hash = hash_key(db, key);
    struct entry *e = dict_find_hash(&db->keys, key, hash);
    if (e == NULL || e->expire_ms == EXPIRE_NEVER) return false;
    expire_drop(db, e, hash);
    return true;
}

/* Remembers a changed key for the case that its effect cannot be said verbatim. */
static void remember(struct engine *e, struct db *db, struct slice key)
{
    uint32_t head[2] = {db->id, (uint32_t)key.len};
    buf_add(&e->touched, head, sizeof head);
    buf_add_slice(&e->touched, key);
}

void db_log(struct db *db, struct slice key)
{
    struct engine *e = db->engine;
    e->dirty++;
    if (!is_durable(e, key)) return;
    e->durable_writes++;
    if (e->sink == NULL) return;
    depends_write(&e->depends, e->depends.newest == NULL ? 0 : hash_key(db, key));
    if (e->ephemeral_count > 0) remember(e, db, key);
}

void db_changed(struct db *db, struct slice key, enum notify_class class, const char *event)
{
    struct engine *e = db->engine;
    db_log(db, key);
    observe(db, key);
    if (e->watch_count > 0) watch_signal(db, key);
    if (e->blocked_count > 0) block_signal(db, key);
    if (event != NULL && e->notify_flags != 0) db_notify(db, key, class, event);
}

bool db_drop_if_empty(struct db *db, struct slice key, const struct value *value)
{
    if (value->type->length(value) > 0) return false;
    (void)db_del(db, key);
    if (db->engine->notify_flags != 0) db_notify(db, key, NOTIFY_GENERIC, "del");
    return true;
}

void db_flush(struct db *db)
{
    if (db->engine->watch_count > 0) watch_signal_all(db);
    trash_borrowed(db->engine, &db->expires); /* first: it looks at no entry, but borrows them */
    trash_entries(db->engine, &db->keys);
    labels_unref(db->labels); /* what waits to be freed shares it still */
    db->labels = NULL;
    db->expire_cursor = 0;
    if (db->engine->observer != NULL && db->id == 0)
        db->engine->observer->flushed(db->engine->observer_data, false);
    if (db->engine->blocked_count > 0) block_signal_all(db);
}

uint64_t db_count(const struct db *db)
{
    return dict_count(&db->keys);
}

/* --- housekeeping --- */

struct expiring {
    const struct db *db;
    struct entry *found[128];
    uint32_t count;
};

static void collect_expired(void *item, void *data)
{
    struct expiring *x = data;
    struct entry *e = item;
    if (x->count < sizeof x->found / sizeof x->found[0] && is_expired(x->db, e))
        x->found[x->count++] = e;
}

/* One database: goes on while the buckets looked at hold enough that has expired. */
static uint32_t expire_db(struct db *db, uint32_t budget)
{
    uint32_t gone = 0;
    for (uint32_t looked = 0; gone < budget && dict_count(&db->expires) > 0; looked++) {
        struct expiring x = {.db = db};
        for (int i = 0; i < 4; i++) {
            db->expire_cursor = dict_scan(&db->expires, db->expire_cursor, collect_expired, &x);
            if (db->expire_cursor == 0) break;
        }
        for (uint32_t i = 0; i < x.count; i++)
            expire_now(db, x.found[i], hash_slice(entry_key(x.found[i])));
        gone += x.count;
        if (x.count < 3 && looked >= 8) break;
        if (db->expire_cursor == 0 && x.count == 0) break;
    }
    return gone;
}

uint32_t db_expire_cycle(struct engine *e, uint32_t budget)
{
    uint32_t gone = 0;
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        struct db *db = &e->db[i];
        if (dict_count(&db->expires) > 0 && !e->loading && !e->passive_expire)
            gone += expire_db(db, budget);
        (void)dict_step(&db->keys, 256);
        (void)dict_step(&db->expires, 256);
    }
    return gone;
}

void db_rewrite_entry(const struct entry *e, struct effects *out)
{
    struct slice key = entry_key(e);
    e->value->type->rewrite(e->value, key, out);
    if (e->expire_ms == EXPIRE_NEVER) return;
    effects_begin(out, 3);
    effects_arg_cstr(out, "PEXPIREAT");
    effects_arg(out, key);
    effects_arg_i64(out, e->expire_ms);
}
