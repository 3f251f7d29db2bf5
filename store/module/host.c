#include "base/mem.h"
#include "base/must.h"
#include "store/ds/globs.h"
#include "store/module/module.h"

/* What a host keeps of one command. */
struct running {
    struct rm_ctx *ctx;
    struct rm_string **argv;
    uint32_t argc;
    const char *name;
    bool changed, effects;
    bool redone; /* not a client's: nothing is logged */
};

static struct running *running_of(struct host *h)
{
    return h->self;
}

/* The server's string of a key: the argument itself, when it is one. The caller gives it back. */
static struct rm_string *name_of(struct host *h, struct slice key, bool *made)
{
    struct running *r = running_of(h);
    *made = false;
    for (uint32_t i = 0; i < r->argc; i++)
        if (rm_slice(r->argv[i]).p == key.p && rm_slice(r->argv[i]).len == key.len)
            return r->argv[i];
    *made = true;
    return rm_CreateString(r->ctx, key.p, key.len);
}

static void name_end(struct host *h, struct rm_string *name, bool made)
{
    if (made) rm_FreeString(running_of(h)->ctx, name);
}

enum found { FOUND_NOTHING, FOUND_OTHER, FOUND };

static enum found look(struct host *h, struct slice key, const struct family_type *t, int mode,
                       void **out)
{
    bool made = false;
    struct rm_string *name = name_of(h, key, &made);
    struct rm_key *k = rm_OpenKey(running_of(h)->ctx, name, mode);
    enum found found = FOUND_NOTHING;
    *out = NULL;
    if (k != NULL && rm_KeyType(k) != RM_KEY_EMPTY) {
        bool ours = rm_KeyType(k) == RM_KEY_MODULE && rm_ModuleTypeGetType(k) == types_of(t);
        found = ours ? FOUND : FOUND_OTHER;
        if (ours) *out = rm_ModuleTypeGetValue(k);
    }
    if (k != NULL) rm_CloseKey(k);
    name_end(h, name, made);
    return found;
}

static bool find(struct host *h, struct slice key, const struct family_type *t, int mode,
                 void **out)
{
    if (look(h, key, t, mode, out) != FOUND_OTHER) return true;
    reply_err(h->reply, ERR_WRONGTYPE);
    return false;
}

bool host_find(struct host *h, struct slice key, const struct family_type *t, void **out)
{
    return find(h, key, t, RM_READ, out);
}

bool host_find_write(struct host *h, struct slice key, const struct family_type *t, void **out)
{
    return find(h, key, t, RM_READ | RM_WRITE, out);
}

void *host_peek(struct host *h, struct slice key, const struct family_type *t)
{
    void *v = NULL;
    (void)look(h, key, t, RM_READ, &v);
    return v;
}

void host_put(struct host *h, struct slice key, const struct family_type *t, void *v)
{
    bool made = false;
    struct running *r = running_of(h);
    struct rm_string *name = name_of(h, key, &made);
    struct rm_key *k = rm_OpenKey(r->ctx, name, RM_READ | RM_WRITE);
    must(rm_ModuleTypeSetValue(k, types_of(t), v) == RM_OK);
    rm_CloseKey(k);
    if (t->placed != NULL) t->placed(v, types_labels(rm_GetSelectedDb(r->ctx)), key);
    name_end(h, name, made);
}

bool host_del(struct host *h, struct slice key)
{
    beside_rest();
    bool made = false;
    struct rm_string *name = name_of(h, key, &made);
    struct rm_key *k = rm_OpenKey(running_of(h)->ctx, name, RM_READ | RM_WRITE);
    bool there = rm_KeyType(k) != RM_KEY_EMPTY;
    if (there) must(rm_DeleteKey(k) == RM_OK);
    rm_CloseKey(k);
    name_end(h, name, made);
    return there;
}

void host_changed(struct host *h, struct slice key, const char *event)
{
    bool made = false;
    struct running *r = running_of(h);
    struct rm_string *name = name_of(h, key, &made);
    r->changed = true;
    (void)rm_SignalModifiedKey(r->ctx, name);
    if (event != NULL) (void)rm_NotifyKeyspaceEvent(r->ctx, RM_NOTIFY_MODULE, event, name);
    name_end(h, name, made);
}

void host_replicate(struct rm_ctx *ctx, struct slice name, uint32_t argc, const struct slice *argv)
{
    struct arena arena = {0};
    struct rm_string **words = arena_array(&arena, argc, struct rm_string *);
    for (uint32_t i = 1; i < argc; i++)
        words[i - 1] = rm_CreateString(ctx, argv[i].p, argv[i].len);
    (void)rm_Replicate(ctx, arena_copy(&arena, name).p, "v", words, (size_t)argc - 1);
    for (uint32_t i = 1; i < argc; i++)
        rm_FreeString(ctx, words[i - 1]);
    arena_fini(&arena);
}

/* The command's own name as the server knows it: argv[0] may be in any case of letters. */
void host_effect(struct host *h, uint32_t argc, const struct slice *argv)
{
    struct running *r = running_of(h);
    r->effects = true;
    host_replicate(r->ctx, slice_word(argv[0], r->name) ? slice_of(r->name) : argv[0], argc, argv);
}

void host_logged(struct host *h)
{
    struct running *r = running_of(h);
    beside_work();
    if (r->redone) return;
    r->effects = true;
    (void)rm_ReplicateVerbatim(r->ctx);
}

uint32_t host_db(const struct host *h)
{
    const struct running *r = h->self;
    return (uint32_t)rm_GetSelectedDb(r->ctx);
}

struct labels *host_labels(struct host *h)
{
    return *types_labels(rm_GetSelectedDb(running_of(h)->ctx));
}

/* The user of the command, whom the caller frees; NULL when it is nobody's. */
static struct rm_user *user_of(const struct running *r)
{
    int flags = rm_GetContextFlags(r->ctx);
    bool of_client =
        (flags & (RM_FLAG_LUA | RM_FLAG_MULTI)) != 0 || (flags & RM_FLAG_DENY_BLOCKING) == 0;
    if (!of_client || r->redone || (flags & (RM_FLAG_REPLICATED | RM_FLAG_LOADING)) != 0)
        return NULL; /* another module, a primary or a file has no user that could be asked about */
    struct rm_string *name = rm_GetCurrentUserName(r->ctx);
    struct rm_user *user = rm_GetModuleUserFromUserName(name);
    rm_FreeString(r->ctx, name);
    return user;
}

bool host_may_read(struct host *h, struct slice key)
{
    struct running *r = running_of(h);
    struct rm_user *user = user_of(r);
    if (user == NULL) return true;
    bool made = false;
    struct rm_string *name = name_of(h, key, &made);
    bool may = rm_ACLCheckKeyPermissions(user, name, RM_KEY_ACCESS) == RM_OK;
    name_end(h, name, made);
    (void)rm_FreeModuleUser(user);
    return may;
}

/* Whether a word of a user's rules, "~pattern" or "%R~pattern", lets all keys of a prefix be read
 * (and changed). A selector's first word has a parenthesis in front. */
static bool rule_covers(struct slice rule, struct slice prefix, bool writes)
{
    if (rule.len > 0 && rule.p[0] == '(') rule = slice_from(rule, 1);
    size_t tilde = slice_find(rule, '~');
    if (tilde == rule.len || rule.p[0] != (tilde == 0 ? '~' : '%')) return false;
    struct slice kind = {rule.p, tilde};
    bool reads = tilde == 0 || slice_find(kind, 'R') < tilde;
    bool changes = tilde == 0 || slice_find(kind, 'W') < tilde;
    return reads && (changes || !writes) && glob_covers(slice_from(rule, tilde + 1), prefix);
}

/* The server tells about one key only: so the rules are read. */
bool host_may_prefix(struct host *h, struct slice prefix, bool writes)
{
    struct running *r = running_of(h);
    struct rm_user *user = user_of(r);
    if (user == NULL) return true;
    struct rm_string *rules = rm_GetModuleUserACLString(user);
    struct slice rest = rm_slice(rules), rule = {0};
    bool may = false;
    while (!may && slice_cut(&rest, ' ', &rule))
        may = rule_covers(rule, prefix, writes);
    rm_FreeString(r->ctx, rules);
    (void)rm_FreeModuleUser(user);
    return may;
}

void host_wrong_arity(struct host *h)
{
    reply_errorf(h->reply, "ERR wrong number of arguments for '%s' command", running_of(h)->name);
}

static void handle(struct running *r, const struct slice *argv, uint32_t argc, struct arena *arena,
                   struct reply *reply, family_handler handler)
{
    struct args args = {.argv = argv, .argc = argc, .at = 1};
    struct host h = {.argv = argv,
                     .argc = argc,
                     .args = &args,
                     .reply = reply,
                     .arena = arena,
                     .now_ms = rm_Milliseconds(),
                     .self = r};
    handler(&h);
    beside_rest();
}

static void run(struct rm_ctx *ctx, struct running *r, struct arena *arena, struct buf *out,
                family_handler handler)
{
    struct slice *words = arena_array(arena, r->argc, struct slice);
    for (uint32_t i = 0; i < r->argc; i++)
        words[i] = rm_slice(r->argv[i]);
    bool resp3 = (rm_GetContextFlags(ctx) & RM_FLAG_RESP3) != 0;
    struct reply reply = {.out = out, .resp = resp3 ? 3 : 2};
    handle(r, words, r->argc, arena, &reply, handler);
    if (r->changed && !r->effects) (void)rm_ReplicateVerbatim(ctx);
    reply_give(ctx, buf_slice(out));
}

bool host_redo(struct rm_ctx *ctx, const struct slice *argv, uint32_t argc)
{
    family_handler handler = module_find(argv[0]);
    if (handler == NULL) return false;
    struct running r = {.ctx = ctx, .name = "", .redone = true};
    struct arena arena = {0};
    struct buf out = {0};
    struct reply reply = {.out = &out, .resp = 2};
    handle(&r, argv, argc, &arena, &reply, handler);
    bool ok = out.len > 0 && out.p[0] != '-';
    arena_fini(&arena);
    buf_fini(&out);
    return ok;
}

int host_run(struct rm_ctx *ctx, struct rm_string **argv, int argc, const char *name,
             family_handler handler)
{
    enum { KEPT_MAX = 1 << 20 };
    static struct arena kept_arena; /* of the outermost command, kept from one to the next */
    static struct buf kept_out;
    static uint32_t depth; /* an event of a command may have another module call one more */
    struct running r = {.ctx = ctx, .argv = argv, .argc = (uint32_t)argc, .name = name};
    struct arena own_arena = {0};
    struct buf own_out = {0};
    bool outermost = depth++ == 0;
    run(ctx, &r, outermost ? &kept_arena : &own_arena, outermost ? &kept_out : &own_out, handler);
    depth--;
    arena_fini(&own_arena);
    buf_fini(&own_out);
    if (!outermost) return RM_OK;
    arena_reset(&kept_arena);
    buf_clear(&kept_out);
    if (kept_out.cap > KEPT_MAX) buf_fini(&kept_out);
    return RM_OK;
}
