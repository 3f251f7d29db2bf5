/* What stands beside the keyspace of database 0, and follows it: search indexes (store/engine/observer.h).
 *
 * The server's keyspace events name the keys that changed; they are looked at before the server
 * waits for its clients again, or when the next FT command begins. While a file is loaded nothing
 * is looked at: when it is there, all keys are read in the background.
 *
 * Definitions are a part of RDB files. A log that is rewritten as commands has no place for them,
 * so they are logged anew once the rewrite has begun: what is logged from then on stands behind what
 * is rewritten. */
#include "base/mem.h"
#include "base/must.h"
#include "store/module/module.h"

enum { AUX_VERSION = 1, TIMER_MS = 1 };

struct host_keys {
    struct rm_ctx *ctx;              /* of no command, in database 0 */
    const struct observer *observer; /* NULL: nothing stands here */
    void *data;                      /* the observer's */
    bool loading, timer;
    bool rewriting;         /* a rewrite of the log has begun, and has no definitions yet */
    struct rm_key *open;    /* what was looked at last; closed before anything may change */
    struct buf name;        /* of the open key */
    struct rm_scan **scans; /* owned, and each; by cursor - 1; NULL: a free place */
    uint32_t scan_count;
};
static struct host_keys keys;

/* --- looking --- */

void beside_rest(void)
{
    if (keys.open != NULL) rm_CloseKey(keys.open);
    keys.open = NULL;
}

/* The open key of this name; NULL when there is none. */
static struct rm_key *open_key(struct slice name)
{
    if (keys.open != NULL && slice_eq(buf_slice(&keys.name), name)) return keys.open;
    beside_rest();
    struct rm_string *text = rm_CreateString(keys.ctx, name.p, name.len);
    keys.open = rm_OpenKey(keys.ctx, text, RM_READ | RM_NOTOUCH | RM_NONOTIFY | RM_NOSTATS);
    rm_FreeString(keys.ctx, text);
    buf_clear(&keys.name);
    buf_add_slice(&keys.name, name);
    return keys.open;
}

struct host_view host_look(struct host_keys *k, struct slice key)
{
    (void)k;
    struct host_view v = {.kind = HOST_NOTHING, .key = key, .expire_ms = HOST_NEVER};
    struct rm_key *open = open_key(key);
    int type = open == NULL ? RM_KEY_EMPTY : rm_KeyType(open);
    if (type == RM_KEY_EMPTY) return v;
    v.kind = type == RM_KEY_HASH ? HOST_HASH : type == RM_KEY_MODULE ? HOST_MODULE : HOST_OTHER;
    long long at_ms = rm_GetAbsExpire(open);
    if (at_ms != RM_NO_EXPIRE) v.expire_ms = at_ms;
    return v;
}

bool host_view_field(const struct host_view *v, struct slice field, struct arena *arena,
                     struct slice *out)
{
    must(v->kind == HOST_HASH);
    struct rm_string *name = rm_CreateString(keys.ctx, field.p, field.len), *value = NULL;
    must(rm_HashGet(open_key(v->key), 0, name, &value, NULL) == RM_OK);
    rm_FreeString(keys.ctx, name);
    if (value == NULL) return false;
    *out = arena_copy(arena, rm_slice(value));
    rm_FreeString(keys.ctx, value);
    return true;
}

uint64_t host_view_count(const struct host_view *v)
{
    must(v->kind == HOST_HASH);
    return rm_ValueLength(open_key(v->key));
}

struct each {
    bool (*fn)(struct slice field, struct slice value, void *data);
    void *data;
    bool ended;
};

static void each_field(struct rm_key *key, struct rm_string *field, struct rm_string *value,
                       void *data)
{
    (void)key;
    struct each *each = data;
    if (!each->ended) each->ended = !each->fn(rm_slice(field), rm_slice(value), each->data);
}

void host_view_each(const struct host_view *v,
                    bool (*fn)(struct slice field, struct slice value, void *data), void *data)
{
    must(v->kind == HOST_HASH);
    struct each each = {fn, data, false};
    struct rm_scan *at = rm_ScanCursorCreate();
    while (rm_ScanKey(open_key(v->key), at, each_field, &each) != 0 && !each.ended) {
    }
    rm_ScanCursorDestroy(at);
}

void *host_view_value(const struct host_view *v, const struct family_type *t)
{
    if (v->kind != HOST_MODULE) return NULL;
    struct rm_key *open = open_key(v->key);
    return rm_ModuleTypeGetType(open) == types_of(t) ? rm_ModuleTypeGetValue(open) : NULL;
}

/* --- reading all keys --- */

static uint64_t scan_begin(void)
{
    uint32_t i = 0;
    while (i < keys.scan_count && keys.scans[i] != NULL)
        i++;
    if (i == keys.scan_count)
        keys.scans = mem_realloc(keys.scans, ++keys.scan_count * sizeof keys.scans[0]);
    keys.scans[i] = rm_ScanCursorCreate();
    return i + 1;
}

void host_scan_end(struct host_keys *k, uint64_t cursor)
{
    if (cursor == 0) return;
    must(cursor <= k->scan_count);
    rm_ScanCursorDestroy(k->scans[cursor - 1]);
    k->scans[cursor - 1] = NULL;
}

struct scanning {
    void (*fn)(struct slice key, void *data);
    void *data;
};

static void scan_one(struct rm_ctx *ctx, struct rm_string *name, struct rm_key *key, void *data)
{
    (void)ctx;
    (void)key;
    const struct scanning *s = data;
    s->fn(rm_slice(name), s->data);
}

uint64_t host_scan(struct host_keys *k, uint64_t cursor, void (*fn)(struct slice key, void *data),
                   void *data)
{
    struct scanning s = {fn, data};
    if (cursor == 0) cursor = scan_begin();
    if (rm_Scan(k->ctx, k->scans[cursor - 1], scan_one, &s) != 0) return cursor;
    host_scan_end(k, cursor);
    return 0;
}

uint64_t host_key_count(const struct host_keys *k)
{
    return rm_DbSize(k->ctx);
}

int64_t host_now_ms(const struct host_keys *k)
{
    (void)k;
    return rm_Milliseconds();
}

int64_t host_clock_us(const struct host_keys *k)
{
    (void)k;
    return (int64_t)rm_MonotonicMicroseconds();
}

/* --- what stands here --- */

struct host_keys *host_keys(struct host *h)
{
    (void)h;
    return &keys;
}

bool host_is_loading(const struct host *h)
{
    (void)h;
    return keys.loading;
}

void *host_beside(struct host *h)
{
    (void)h;
    return keys.data;
}

static int on_key(struct rm_ctx *ctx, int class, const char *event, struct rm_string *name)
{
    (void)class;
    (void)event;
    if (keys.observer == NULL || keys.loading || rm_GetSelectedDb(ctx) != 0) return RM_OK;
    keys.observer->changed(keys.data, rm_slice(name));
    return RM_OK;
}

/* Only now, so that a server without indexes has no part in its writes. */
void host_put_beside(struct host *h, const struct observer *o, void *data)
{
    (void)h;
    must(keys.observer == NULL);
    must(rm_SubscribeToKeyspaceEvents(keys.ctx, RM_NOTIFY_CHANGES, on_key) == RM_OK);
    keys.observer = o;
    keys.data = data;
}

/* --- between commands --- */

static void on_timer(struct rm_ctx *ctx, void *data)
{
    (void)ctx;
    (void)data;
    keys.timer = false;
    if (keys.observer != NULL && !keys.loading && keys.observer->work(keys.data)) beside_work();
    beside_rest();
}

void beside_work(void)
{
    if (keys.timer) return;
    keys.timer = true;
    (void)rm_CreateTimer(keys.ctx, TIMER_MS, on_timer, NULL);
}

void beside_flushed(bool swapped)
{
    if (keys.observer == NULL) return;
    beside_rest();
    keys.observer->flushed(keys.data, swapped);
    beside_work();
}

/* --- files --- */

static void on_loading(struct rm_ctx *ctx, struct rm_event event, uint64_t part, void *data)
{
    (void)ctx;
    (void)event;
    (void)data;
    keys.loading = part != RM_LOADING_ENDED && part != RM_LOADING_FAILED;
    if (!keys.loading) beside_flushed(true);
}

/* The commands that make anew what stands here; the caller ends it. */
static struct effects definitions(void)
{
    struct effects e = {.db = -1};
    if (keys.observer != NULL) keys.observer->rewrite(keys.data, &e);
    return e;
}

static void on_fork(struct rm_ctx *ctx, struct rm_event event, uint64_t part, void *data)
{
    (void)event;
    (void)data;
    if (part != RM_FORK_BORN) return;
    int error = 0;
    struct rm_info *info = rm_GetServerInfo(ctx, "persistence");
    keys.rewriting |= rm_ServerInfoGetFieldSigned(info, "aof_rewrite_in_progress", &error) != 0;
    rm_FreeServerInfo(ctx, info);
}

/* Not at the fork: that may be inside a BGREWRITEAOF, which would become a change, and be logged. */
static void log_definitions(struct rm_ctx *ctx)
{
    struct effects all = definitions();
    struct slice rest = buf_slice(&all.bytes), *argv = NULL;
    uint32_t cap = 0, argc = 0;
    while (effects_next(&rest, &argv, &cap, &argc))
        if (!slice_is(argv[0], "SELECT")) host_replicate(ctx, argv[0], argc, argv);
    mem_free(argv);
    effects_fini(&all);
    keys.rewriting = false;
}

static void on_loop(struct rm_ctx *ctx, struct rm_event event, uint64_t part, void *data)
{
    (void)event;
    (void)data;
    if (part != RM_LOOP_BEFORE_SLEEP || keys.observer == NULL || keys.loading) return;
    keys.observer->settle(keys.data);
    beside_rest();
    if (keys.rewriting) log_definitions(ctx);
}

static void save_aux(struct rm_io *io, int when)
{
    (void)when;
    struct effects all = definitions();
    rm_SaveStringBuffer(io, all.bytes.len == 0 ? "" : all.bytes.p, all.bytes.len);
    effects_fini(&all);
}

static void save_aux_if_any(struct rm_io *io, int when)
{
    struct effects all = definitions();
    if (all.count > 0) save_aux(io, when);
    effects_fini(&all);
}

/* Runs the commands of a file; false at the first that is none, or is refused. */
static bool redo(struct slice rest)
{
    struct slice *argv = NULL;
    uint32_t cap = 0, argc = 0;
    bool ok = true;
    while (ok && rest.len > 0) {
        ok = effects_next(&rest, &argv, &cap, &argc);
        if (ok && !slice_is(argv[0], "SELECT")) ok = host_redo(keys.ctx, argv, argc);
    }
    mem_free(argv);
    beside_rest();
    return ok;
}

static int load_aux(struct rm_io *io, int version, int when)
{
    (void)when;
    size_t len = 0;
    char *p = rm_LoadStringBuffer(io, &len);
    if (p == NULL || rm_IsIOError(io)) return RM_ERR;
    bool ok = version <= AUX_VERSION && redo((struct slice){p, len});
    rm_Free(p);
    if (!ok) rm_LogIOError(io, "warning", "the definitions of search indexes make no sense");
    return ok ? RM_OK : RM_ERR;
}

/* No key has a value of the type that definitions are saved under. */
static void *load_none(struct rm_io *io, int version)
{
    (void)io;
    (void)version;
    return NULL;
}

static void save_none(struct rm_io *io, void *v)
{
    (void)io;
    (void)v;
}

static void free_none(void *v)
{
    (void)v;
}

bool beside_start(struct rm_ctx *ctx)
{
    static const struct rm_type_methods methods = {.version = RM_TYPE_METHODS,
                                                   .rdb_load = load_none,
                                                   .rdb_save = save_none,
                                                   .free = free_none,
                                                   .aux_load = load_aux,
                                                   .aux_save = save_aux,
                                                   .aux_save2 = save_aux_if_any,
                                                   .aux_save_triggers = RM_AUX_BEFORE};
    const struct rm_event loading = {RM_EVENT_LOADING, 1}, fork = {RM_EVENT_FORK, 1},
                          loop = {RM_EVENT_LOOP, 1};
    keys.ctx = rm_GetDetachedThreadSafeContext(ctx);
    return rm_SelectDb(keys.ctx, 0) == RM_OK &&
           rm_CreateDataType(ctx, "hsm-index", AUX_VERSION, &methods) != NULL &&
           rm_SubscribeToServerEvent(ctx, loading, on_loading) == RM_OK &&
           rm_SubscribeToServerEvent(ctx, fork, on_fork) == RM_OK &&
           rm_SubscribeToServerEvent(ctx, loop, on_loop) == RM_OK;
}
