/* This store as a host of the module families. */
#include "host.h"

#include "store/cmd/cmd.h"

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

void host_wrong_arity(struct host *h)
{
    cmd_wrong_arity(cmd_of(h));
}
