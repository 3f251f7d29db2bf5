#include "store/module/module.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/ds/rdb.h"

/* The server's callbacks are told the value alone, not its type: so each family type gets callbacks
 * of its own, made by the number of its place here. */
enum { TYPES_MAX = 16, DBS_MAX = 4096, METHODS_VERSION = RM_TYPE_METHODS };

static struct {
    struct family_type *family;
    struct rm_type *type;
} types[TYPES_MAX];
static uint32_t type_count;
static struct labels *labels[DBS_MAX];

void family_register(struct family_type *t)
{
    must(type_count < TYPES_MAX);
    types[type_count++].family = t;
}

struct rm_type *types_of(const struct family_type *t)
{
    for (uint32_t i = 0; i < type_count; i++)
        if (types[i].family == t) return types[i].type;
    must(false);
    return NULL;
}

struct labels **types_labels(int db)
{
    must(db >= 0 && db < DBS_MAX);
    return &labels[db];
}

/* --- values --- */

static void *load(const struct family_type *t, struct rm_io *io, int version)
{
    size_t len = 0;
    char *p = rm_LoadStringBuffer(io, &len);
    if (p == NULL || rm_IsIOError(io)) return NULL;
    void *v =
        version <= (int)t->version ? t->load((struct slice){p, len}, (uint32_t)version) : NULL;
    rm_Free(p);
    if (v == NULL) rm_LogIOError(io, "warning", "a value of type %s makes no sense", t->name);
    return v;
}

static void save(const struct family_type *t, struct rm_io *io, void *v)
{
    struct buf bytes = {0};
    t->save(v, &bytes);
    rm_SaveStringBuffer(io, bytes.len == 0 ? "" : bytes.p, bytes.len);
    buf_fini(&bytes);
}

static void rewrite(const struct family_type *t, struct rm_io *io, struct rm_string *key, void *v)
{
    struct buf payload = {0};
    family_payload(t, v, &payload);
    rm_EmitAOF(io, "RESTORE", "slbc", key, 0LL, payload.p, payload.len, "REPLACE");
    buf_fini(&payload);
}

static void digest(const struct family_type *t, struct rm_digest *d, void *v)
{
    struct buf bytes = {0};
    t->save(v, &bytes);
    rm_DigestAddStringBuffer(d, bytes.len == 0 ? "" : bytes.p, bytes.len);
    rm_DigestEndSequence(d);
    buf_fini(&bytes);
}

/* A value that an index knows is freed where the index is used: not by a thread. */
static size_t effort(const struct family_type *t, const void *v)
{
    return t->placed != NULL ? 1 : (size_t)t->effort(v);
}

#define METHODS(i)                                                                                 \
    static void *load_##i(struct rm_io *io, int version)                                           \
    {                                                                                              \
        return load(types[i].family, io, version);                                                 \
    }                                                                                              \
    static void save_##i(struct rm_io *io, void *v)                                                \
    {                                                                                              \
        save(types[i].family, io, v);                                                              \
    }                                                                                              \
    static void rewrite_##i(struct rm_io *io, struct rm_string *key, void *v)                      \
    {                                                                                              \
        rewrite(types[i].family, io, key, v);                                                      \
    }                                                                                              \
    static size_t memory_##i(const void *v)                                                        \
    {                                                                                              \
        return types[i].family->memory(v);                                                         \
    }                                                                                              \
    static void digest_##i(struct rm_digest *d, void *v)                                           \
    {                                                                                              \
        digest(types[i].family, d, v);                                                             \
    }                                                                                              \
    static void free_##i(void *v)                                                                  \
    {                                                                                              \
        types[i].family->free(v);                                                                  \
    }                                                                                              \
    static size_t effort_##i(struct rm_string *key, const void *v)                                 \
    {                                                                                              \
        (void)key;                                                                                 \
        return effort(types[i].family, v);                                                         \
    }                                                                                              \
    static void *copy_##i(struct rm_string *from, struct rm_string *to, const void *v)             \
    {                                                                                              \
        (void)from;                                                                                \
        (void)to;                                                                                  \
        return types[i].family->copy(v);                                                           \
    }

#define METHODS_OF(i)                                                                              \
    {                                                                                              \
        .version = METHODS_VERSION, .rdb_load = load_##i, .rdb_save = save_##i,                    \
        .aof_rewrite = rewrite_##i, .mem_usage = memory_##i, .digest = digest_##i,                 \
        .free = free_##i, .free_effort = effort_##i, .copy = copy_##i                              \
    }

METHODS(0)
METHODS(1)
METHODS(2)
METHODS(3)
METHODS(4)
METHODS(5)
METHODS(6)
METHODS(7)

bool types_register(struct rm_ctx *ctx)
{
    static const struct rm_type_methods methods[] = {
        METHODS_OF(0), METHODS_OF(1), METHODS_OF(2), METHODS_OF(3),
        METHODS_OF(4), METHODS_OF(5), METHODS_OF(6), METHODS_OF(7),
    };
    families_register();
    must(type_count <= sizeof methods / sizeof methods[0]);
    for (uint32_t i = 0; i < type_count; i++) {
        const struct family_type *t = types[i].family;
        types[i].type = rm_CreateDataType(ctx, t->name, (int)t->version, &methods[i]);
        if (types[i].type == NULL) {
            rm_Log(ctx, "warning", "hansom: the type %s is there already", t->name);
            return false;
        }
    }
    return true;
}

/* --- where values lie --- */

static int on_key(struct rm_ctx *ctx, int class, const char *event, struct rm_string *name)
{
    (void)class;
    (void)event;
    struct slice text = rm_slice(name);
    struct rm_string *copy = rm_CreateString(ctx, text.p, text.len); /* name may lie on a stack */
    struct rm_key *key = rm_OpenKey(ctx, copy, RM_READ | RM_NOTOUCH);
    rm_FreeString(ctx, copy);
    if (key == NULL) return RM_OK;
    struct rm_type *type = rm_KeyType(key) == RM_KEY_MODULE ? rm_ModuleTypeGetType(key) : NULL;
    for (uint32_t i = 0; type != NULL && i < type_count; i++) {
        const struct family_type *t = types[i].family;
        if (types[i].type == type && t->placed != NULL)
            t->placed(rm_ModuleTypeGetValue(key), types_labels(rm_GetSelectedDb(ctx)), text);
    }
    rm_CloseKey(key);
    return RM_OK;
}

static void forget(int32_t db)
{
    labels_unref(labels[db]); /* what is freed later shares it still */
    labels[db] = NULL;
}

static void on_flush(struct rm_ctx *ctx, struct rm_event event, uint64_t part, void *data)
{
    const struct rm_flush *flush = data;
    (void)ctx;
    (void)event;
    if (part != RM_FLUSH_BEGINS) return;
    if (flush->db <= 0) beside_flushed(false);
    if (flush->db >= 0) {
        forget(flush->db);
        return;
    }
    for (int32_t db = 0; db < DBS_MAX; db++)
        forget(db);
}

static void on_swap(struct rm_ctx *ctx, struct rm_event event, uint64_t part, void *data)
{
    const struct rm_swap *swap = data;
    (void)ctx;
    (void)event;
    (void)part;
    struct labels *first = labels[swap->first];
    labels[swap->first] = labels[swap->second];
    labels[swap->second] = first;
    if (swap->first == 0 || swap->second == 0) beside_flushed(true);
}

bool types_watch(struct rm_ctx *ctx)
{
    const struct rm_event flush = {RM_EVENT_FLUSHDB, 1}, swap = {RM_EVENT_SWAPDB, 1};
    return rm_SubscribeToKeyspaceEvents(ctx, RM_NOTIFY_GENERIC | RM_NOTIFY_LOADED, on_key) ==
               RM_OK &&
           rm_SubscribeToServerEvent(ctx, flush, on_flush) == RM_OK &&
           rm_SubscribeToServerEvent(ctx, swap, on_swap) == RM_OK;
}
