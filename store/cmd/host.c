/* This store as a host of the module families. */
#include "host.h"

#include "base/must.h"
#include "store/cmd/cmd.h"
#include "store/cmd/exec.h"
#include "store/cmd/guard.h"
#include "store/type/hash.h"

static struct cmd *cmd_of(struct host *h)
{
    return h->self;
}

void cmd_family(struct cmd *c)
{
    struct host h = {.argv = c->argv,
                     .argc = c->argc,
                     .args = c->args,
                     .reply = c->reply,
                     .arena = c->arena,
                     .now_ms = c->engine->now_ms,
                     .self = c};
    c->spec->family(&h);
}

static bool found(struct host *h, enum err e, struct value *v, const struct family_type *t,
                  void **out)
{
    void *contents = e == ERR_OK && v != NULL ? family_of(v, t) : NULL;
    if (e == ERR_OK && v != NULL && contents == NULL) e = ERR_WRONGTYPE;
    if (cmd_failed(cmd_of(h), e)) return false;
    *out = contents;
    return true;
}

bool host_find(struct host *h, struct slice key, const struct family_type *t, void **out)
{
    struct value *v = NULL;
    enum err e = db_find(cmd_of(h)->db, key, VALUE_MODULE, &v);
    return found(h, e, v, t, out);
}

bool host_find_write(struct host *h, struct slice key, const struct family_type *t, void **out)
{
    struct value *v = NULL;
    enum err e = db_find_write(cmd_of(h)->db, key, VALUE_MODULE, &v);
    return found(h, e, v, t, out);
}

void *host_peek(struct host *h, struct slice key, const struct family_type *t)
{
    struct value *v = NULL;
    enum err e = db_find(cmd_of(h)->db, key, VALUE_MODULE, &v);
    return e == ERR_OK && v != NULL ? family_of(v, t) : NULL;
}

void host_put(struct host *h, struct slice key, const struct family_type *t, void *v)
{
    (void)db_put(cmd_of(h)->db, key, family_value(t, v));
}

bool host_del(struct host *h, struct slice key)
{
    return db_del(cmd_of(h)->db, key);
}

void host_changed(struct host *h, struct slice key, const char *event)
{
    db_changed(cmd_of(h)->db, key, NOTIFY_MODULE, event);
}

void host_effect(struct host *h, uint32_t argc, const struct slice *argv)
{
    cmd_effect(cmd_of(h), argc, argv);
}

void host_logged(struct host *h)
{
    struct engine *e = cmd_of(h)->engine;
    e->dirty++;
    e->durable_writes++;
    depends_write_all(&e->depends);
    cmd_of(h)->explicit_effects = true;
    if (e->sink != NULL) effects_add(&e->effects, 0, h->argc, h->argv);
}

/* --- beside the keyspace --- */

static struct engine *engine_of(struct host_keys *k)
{
    return (struct engine *)(void *)k;
}

struct host_keys *host_keys(struct host *h)
{
    return (struct host_keys *)(void *)cmd_of(h)->engine;
}

uint32_t host_db(const struct host *h)
{
    return ((const struct cmd *)h->self)->db->id;
}

bool host_is_loading(const struct host *h)
{
    return ((const struct cmd *)h->self)->engine->loading;
}

void *host_beside(struct host *h)
{
    exec_sees_all(cmd_of(h)->engine); /* what follows the keyspace tells of any key */
    return cmd_of(h)->engine->observer_data;
}

void host_put_beside(struct host *h, const struct observer *o, void *data)
{
    struct engine *e = cmd_of(h)->engine;
    must(e->observer == NULL);
    e->observer = o;
    e->observer_data = data;
}

struct host_view host_look(struct host_keys *k, struct slice key)
{
    const struct entry *e = db_entry(&engine_of(k)->db[0], key);
    if (e == NULL) return (struct host_view){.kind = HOST_NOTHING, .expire_ms = HOST_NEVER};
    enum value_kind kind = value_kind_of(e->value);
    return (struct host_view){.kind = kind == VALUE_HASH     ? HOST_HASH
                                      : kind == VALUE_MODULE ? HOST_MODULE
                                                             : HOST_OTHER,
                              .key = key,
                              .value = e->value,
                              .expire_ms = e->expire_ms};
}

bool host_view_field(const struct host_view *v, struct slice field, struct arena *arena,
                     struct slice *out)
{
    char text[HASH_TEXT];
    must(v->kind == HOST_HASH);
    if (!hash_get(hash_of(v->value), field, text, out)) return false;
    if (out->p == text) *out = arena_copy(arena, *out);
    return true;
}

uint64_t host_view_count(const struct host_view *v)
{
    must(v->kind == HOST_HASH);
    return hash_count(hash_of(v->value));
}

void host_view_each(const struct host_view *v,
                    bool (*fn)(struct slice field, struct slice value, void *data), void *data)
{
    must(v->kind == HOST_HASH);
    hash_each(hash_of(v->value), fn, data);
}

void *host_view_value(const struct host_view *v, const struct family_type *t)
{
    return v->kind == HOST_MODULE ? family_of(v->value, t) : NULL;
}

struct scanning {
    void (*fn)(struct slice key, void *data);
    void *data;
};

static void scan_one(void *item, void *data)
{
    const struct scanning *s = data;
    s->fn(entry_key(item), s->data);
}

uint64_t host_scan(struct host_keys *k, uint64_t cursor, void (*fn)(struct slice key, void *data),
                   void *data)
{
    struct scanning s = {fn, data};
    return dict_scan(&engine_of(k)->db[0].keys, cursor, scan_one, &s);
}

void host_scan_end(struct host_keys *k, uint64_t cursor)
{
    (void)k; /* a cursor here is a place, and holds nothing */
    (void)cursor;
}

uint64_t host_key_count(const struct host_keys *k)
{
    return db_count(&((const struct engine *)(const void *)k)->db[0]);
}

_Static_assert(HOST_NEVER == EXPIRE_NEVER, "one word for never");

int64_t host_now_ms(const struct host_keys *k)
{
    return ((const struct engine *)(const void *)k)->now_ms;
}

int64_t host_clock_us(const struct host_keys *k)
{
    const struct engine *e = (const struct engine *)(const void *)k;
    return e->clock.mono_us(e->clock.data);
}

struct labels *host_labels(struct host *h)
{
    exec_sees_all(cmd_of(h)->engine);
    return cmd_of(h)->db->labels;
}

/* As the user may get it by name. */
bool host_may_read(struct host *h, struct slice key)
{
    struct cmd *c = cmd_of(h);
    if (guard_is_free(c->session)) return true;
    const struct slice argv[] = {SLICE("TS.GET"), key};
    uint32_t at = 0;
    return guard_check(c->engine, c->session->user, cmd_find(argv[0]), argv, 2, &at) == ACL_ALLOWED;
}

bool host_may_prefix(struct host *h, struct slice prefix, bool writes)
{
    const struct cmd *c = cmd_of(h);
    return c->engine->loading || guard_admits_prefix(c, prefix, writes ? ACL_BOTH : ACL_READ);
}

void host_wrong_arity(struct host *h)
{
    cmd_wrong_arity(cmd_of(h));
}
