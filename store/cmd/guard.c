#include "guard.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/client.h"
#include "store/cmd/keyspec.h"
#include "store/engine/pubsub.h"

enum { SAME_MS = 60000, SAME_LOOK = 10 };

enum channels { CHANNELS_NONE, CHANNELS_ONE, CHANNELS_ALL, CHANNELS_PATTERNS };

/* --- the table --- */

static struct acl_command commands[ACL_COMMANDS_MAX];
/* enum channels: they are no keys, even where the table finds some */
static uint8_t channels_by[ACL_COMMANDS_MAX];
static struct acl_commands table;

static const struct {
    const char *name, *words;
} categories_of[] = {
#define ACL_CATEGORIES_OF(name, words) {name, words},
#define ACL_ABSENT(name, words)
#include "store/cmd/acl.def"
#undef ACL_CATEGORIES_OF
#undef ACL_ABSENT
};

static const struct {
    const char *name, *words;
} absent[] = {
#define ACL_CATEGORIES_OF(name, words)
#define ACL_ABSENT(name, words) {name, words},
#include "store/cmd/acl.def"
#undef ACL_CATEGORIES_OF
#undef ACL_ABSENT
};

static uint32_t category(const char *name)
{
    uint32_t bit = acl_category_find(slice_of(name));
    must(bit != 0);
    return bit;
}

static uint32_t categories_in(const char *words)
{
    uint32_t all = 0;
    struct slice rest = slice_of(words), word = {0};
    while (slice_cut(&rest, ' ', &word)) {
        uint32_t bit = acl_category_find(word);
        must(bit != 0);
        all |= bit;
    }
    return all;
}

/* The category that a group of commands is. */
static uint32_t group_category(const char *group)
{
    static const char *const pairs[][2] = {{"sorted-set", "sortedset"},
                                           {"transactions", "transaction"},
                                           {"generic", "keyspace"},
                                           {"server", NULL}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (strcmp(group, pairs[i][0]) == 0) return pairs[i][1] == NULL ? 0 : category(pairs[i][1]);
    return acl_category_find(slice_of(group));
}

static uint32_t find_categories(const struct cmd_spec *spec)
{
    if (spec->family != NULL) return 0; /* as the commands of modules in Redis 7.0 */
    for (size_t i = 0; i < sizeof categories_of / sizeof categories_of[0]; i++)
        if (strcmp(spec->name, categories_of[i].name) == 0)
            return categories_in(categories_of[i].words);
    uint32_t f = spec->flags, all = 0;
    if ((f & CMD_WRITE) != 0) all |= category("write");
    if ((f & CMD_READ) != 0 && strcmp(spec->group, "scripting") != 0) all |= category("read");
    if ((f & CMD_ADMIN) != 0) all |= category("admin");
    if ((f & (CMD_ADMIN | CMD_DANGEROUS)) != 0) all |= category("dangerous");
    if ((f & CMD_BLOCKING) != 0) all |= category("blocking");
    all |= category((f & CMD_FAST) != 0 ? "fast" : "slow");
    bool bare = spec->parent == NULL && cmd_is_container(spec);
    return bare ? all : all | group_category(spec->group);
}

static uint8_t channels_of(const struct cmd_spec *spec)
{
    if (spec->run == cmd_publish || spec->run == cmd_spublish) return CHANNELS_ONE;
    if (spec->run == cmd_subscribe || spec->run == cmd_ssubscribe) return CHANNELS_ALL;
    return spec->run == cmd_psubscribe ? CHANNELS_PATTERNS : CHANNELS_NONE;
}

static int32_t index_of(struct slice name)
{
    for (uint32_t i = 0; i < table.count; i++)
        if (slice_is(name, commands[i].name)) return (int32_t)i;
    return -1;
}

static void link_parent(uint32_t i)
{
    struct slice head = {0}, rest = slice_of(commands[i].name);
    commands[i].parent = -1;
    (void)slice_cut(&rest, '|', &head);
    if (rest.len == 0) return;
    int32_t parent = index_of(head);
    must(parent >= 0);
    commands[i].parent = parent;
    commands[parent].has_subs = true;
}

static void build(void)
{
    uint32_t count = 0;
    const struct cmd_spec *specs = cmd_specs(&count);
    must(count + sizeof absent / sizeof absent[0] < ACL_COMMANDS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        commands[i].name = specs[i].name;
        commands[i].categories = find_categories(&specs[i]);
        channels_by[i] = channels_of(&specs[i]);
    }
    table = (struct acl_commands){.all = commands, .count = count};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        if (index_of(slice_of(absent[i].name)) >= 0) continue;
        commands[table.count].name = absent[i].name;
        commands[table.count++].categories = categories_in(absent[i].words);
    }
    for (uint32_t i = 0; i < table.count; i++)
        link_parent(i);
}

const struct acl_commands *guard_commands(void)
{
    if (table.count == 0) build();
    return &table;
}

uint32_t guard_categories(const struct cmd_spec *spec)
{
    return guard_commands()->all[spec->index].categories;
}

/* --- asking --- */

static uint8_t access_of(uint32_t key_flags)
{
    bool writes = (key_flags & (KEY_UPDATE | KEY_INSERT | KEY_DELETE)) != 0;
    return (uint8_t)((key_flags & KEY_ACCESS) != 0 ? writes ? ACL_BOTH : ACL_READ
                     : writes                      ? ACL_WRITE
                                                   : ACL_ANY);
}

static void find_keys(struct engine *e, const struct cmd_spec *spec, struct acl_request *q)
{
    if (spec->keys.kind == KEYS_KIND_NONE || channels_by[spec->index] != CHANNELS_NONE) return;
    if (spec->run == cmd_sunsubscribe) return;
    uint32_t *at = arena_array(&e->arena, q->argc, uint32_t);
    int32_t n = cmd_find_keys(spec, q->argv, q->argc, at, q->argc);
    if (n <= 0) return; /* the command will say what is wrong with its arguments */
    struct acl_key *keys = arena_array(&e->arena, (uint32_t)n, struct acl_key);
    for (int32_t i = 0; i < n; i++)
        keys[i] =
            (struct acl_key){.key = q->argv[at[i]],
                             .at = at[i],
                             .access = access_of(keyspec_flags(spec, q->argv, q->argc, at[i]))};
    q->keys = keys;
    q->key_count = (uint32_t)n;
}

static struct acl_request request(struct engine *e, const struct cmd_spec *spec,
                                  const struct slice *argv, uint32_t argc)
{
    (void)guard_commands();
    struct acl_request q = {.command = spec->index,
                            .free = (spec->flags & CMD_NOAUTH) != 0,
                            .argv = argv,
                            .argc = argc,
                            .first_arg = spec->parent != NULL ? 2 : 1};
    find_keys(e, spec, &q);
    uint8_t channels = channels_by[spec->index];
    q.channels_at = 1;
    if (channels != CHANNELS_NONE) q.channel_count = channels == CHANNELS_ONE ? 1 : argc - 1;
    q.channel_patterns = channels == CHANNELS_PATTERNS;
    return q;
}

enum acl_verdict guard_check(struct engine *e, const struct acl_user *u,
                             const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
                             uint32_t *at)
{
    if (u->all) return ACL_ALLOWED;
    struct acl_request q = request(e, spec, argv, argc);
    return acl_check(u, &q, at);
}

bool guard_admits_prefix(const struct cmd *c, struct slice prefix, uint8_t access)
{
    if (guard_is_free(c->session)) return true;
    struct acl_request q = request(c->engine, c->spec, c->argv, c->argc);
    return acl_check_prefix(c->session->user, &q, prefix, access);
}

/* --- the log --- */

static struct slice keep(struct slice s)
{
    return slice_make(mem_dup(s.p == NULL ? "" : s.p, s.len), s.len);
}

static void drop(struct slice s)
{
    mem_free((char *)(uintptr_t)s.p);
}

static void entry_free(struct engine *e, struct guard_entry *one)
{
    list_del(&one->link);
    drop(one->object);
    drop(one->user);
    drop(one->client);
    mem_free(one);
    e->acl_log_count--;
}

void guard_log_reset(struct engine *e)
{
    list_each_safe(at, &e->acl_log) entry_free(e, list_entry(at, struct guard_entry, link));
}

/* One of the newest entries that tells the same and is not old, or NULL. */
static struct guard_entry *same(struct engine *e, enum acl_verdict verdict, enum guard_where where,
                                struct slice object, struct slice user)
{
    int look = SAME_LOOK;
    list_each(at, &e->acl_log)
    {
        if (look-- == 0) return NULL;
        struct guard_entry *one = list_entry(at, struct guard_entry, link);
        if (one->verdict == verdict && one->where == where && e->now_ms - one->at_ms <= SAME_MS &&
            slice_eq(one->object, object) && slice_eq(one->user, user))
            return one;
    }
    return NULL;
}

static void note(struct session *s, enum acl_verdict verdict, enum guard_where where,
                 struct slice object, struct slice user)
{
    struct engine *e = s->engine;
    struct guard_entry *one = same(e, verdict, where, object, user);
    if (one == NULL) {
        one = mem_new(struct guard_entry);
        *one = (struct guard_entry){
            .verdict = verdict, .where = where, .object = keep(object), .user = keep(user)};
        e->acl_log_count++;
    } else {
        list_del(&one->link);
        drop(one->client);
    }
    list_add(e->acl_log.next, &one->link);
    struct buf line = {0};
    client_describe(&line, s);
    one->client = keep(buf_slice(&line));
    buf_fini(&line);
    one->at_ms = e->now_ms;
    one->count++;
    while (e->acl_log_count > (uint64_t)e->config.acllog_max_len)
        entry_free(e, list_entry(e->acl_log.prev, struct guard_entry, link));
}

void guard_log_login(struct session *s, struct slice user, struct slice command)
{
    bool multi = (s->flags & SESSION_MULTI) != 0;
    note(s, ACL_ALLOWED, multi ? GUARD_MULTI : GUARD_TOPLEVEL, command, user);
}

enum acl_verdict guard_ask(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                           uint32_t argc, enum guard_where where)
{
    if (guard_is_free(s)) return ACL_ALLOWED;
    uint32_t at = 0;
    enum acl_verdict v = guard_check(s->engine, s->user, spec, argv, argc, &at);
    if (v == ACL_ALLOWED) return v;
    s->last_cmd = spec;
    note(s, v, where, v == ACL_DENIED_COMMAND ? slice_of(spec->name) : argv[at], s->user->name);
    return v;
}

bool guard_admits(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                  uint32_t argc, struct reply *r)
{
    bool multi = (s->flags & SESSION_MULTI) != 0;
    switch (guard_ask(s, spec, argv, argc, multi ? GUARD_MULTI : GUARD_TOPLEVEL)) {
    case ACL_ALLOWED:
        return true;
    case ACL_DENIED_COMMAND:
        reply_errorf(r, "NOPERM this user has no permissions to run the '%s' command", spec->name);
        break;
    case ACL_DENIED_KEY:
        reply_error(r, "NOPERM this user has no permissions to access one of the keys used as "
                       "arguments");
        break;
    case ACL_DENIED_CHANNEL:
        reply_error(r, "NOPERM this user has no permissions to access one of the channels used "
                       "as arguments");
        break;
    }
    return false;
}

bool guard_admits_script(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                         uint32_t argc, struct reply *r)
{
    static const char *const words[] = {
        [ACL_DENIED_COMMAND] = "can't run this command or subcommand",
        [ACL_DENIED_KEY] = "can't access at least one of the keys mentioned in the command "
                           "arguments",
        [ACL_DENIED_CHANNEL] = "can't publish to the channel mentioned in the command"};
    enum acl_verdict v = guard_ask(s, spec, argv, argc, GUARD_SCRIPT);
    if (v != ACL_ALLOWED) reply_errorf(r, "ERR The user executing the script %s", words[v]);
    return v == ACL_ALLOWED;
}

bool guard_admits_queued(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                         uint32_t argc, struct reply *r)
{
    static const char *const words[] = {
        [ACL_DENIED_COMMAND] = "no permission to execute the command or subcommand",
        [ACL_DENIED_KEY] = "no permission to touch the specified keys",
        [ACL_DENIED_CHANNEL] = "no permission to access one of the channels used as arguments"};
    enum acl_verdict v = guard_ask(s, spec, argv, argc, GUARD_MULTI);
    if (v != ACL_ALLOWED)
        reply_errorf(r,
                     "NOPERM ACLs rules changed between the moment the transaction was accumulated "
                     "and the EXEC call. This command is no longer allowed for the following "
                     "reason: %s",
                     words[v]);
    return v == ACL_ALLOWED;
}

/* --- secrets --- */

struct slice guard_shown(const struct cmd_spec *spec, const struct slice *argv, uint32_t i)
{
    bool secret = false;
    if (spec->run == cmd_auth)
        secret = i >= 1;
    else if (spec->run == cmd_acl_setuser)
        secret = i >= 2;
    else if (spec->run == cmd_config_set)
        secret = i >= 3 && slice_word(argv[i - 1], "requirepass");
    else if (spec->run == cmd_hello)
        secret = (i >= 3 && slice_word(argv[i - 1], "AUTH")) ||
                 (i >= 4 && slice_word(argv[i - 2], "AUTH"));
    return secret ? SLICE("(redacted)") : argv[i];
}

/* --- clients --- */

void guard_become(struct session *s, struct acl_user *u)
{
    s->user = u;
    s->authenticated = true;
}

static void end(struct session *s)
{
    s->user = s->engine->acl.def;
    s->authenticated = false;
    session_close(s, "its user is gone");
}

void guard_evict(struct engine *e, const struct acl_user *u)
{
    list_each_safe(at, &e->sessions)
    {
        struct session *s = list_entry(at, struct session, all);
        if (s->user == u) end(s);
    }
}

struct allowed {
    const struct acl_user *user;
    bool patterns, all;
};

static bool channel_allowed(struct slice name, void *channel, void *data)
{
    (void)channel;
    struct allowed *a = data;
    a->all = acl_channel_ok(a->user, name, a->patterns);
    return a->all;
}

void guard_evict_subscribers(struct engine *e, const struct acl_user *u,
                             const struct acl_user *next)
{
    list_each_safe(at, &e->sessions)
    {
        struct session *s = list_entry(at, struct session, all);
        if (s->user != u || s->subs == NULL || session_sub_count(s) == 0) continue;
        struct allowed a = {.user = next, .all = true};
        map_each(&s->subs->channels, channel_allowed, &a);
        if (a.all) map_each(&s->subs->shard_channels, channel_allowed, &a);
        a.patterns = true;
        if (a.all) map_each(&s->subs->patterns, channel_allowed, &a);
        if (!a.all) session_close(s, "its user may no longer listen");
    }
}
