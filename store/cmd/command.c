/* command: COMMAND and its subcommands: what the table says of itself. */
#include "store/cmd/exec.h"
#include "store/cmd/guard.h"
#include "store/cmd/keyspec.h"

#include <ctype.h>
#include <stdio.h>

enum { KEYS_MAX = 65536 };

static const struct {
    uint32_t bit;
    const char *name;
} flag_names[] = {
    {CMD_WRITE, "write"},
    {CMD_READ, "readonly"},
    {CMD_DENYOOM, "denyoom"},
    {CMD_ADMIN, "admin"},
    {CMD_PUBSUB, "pubsub"},
    {CMD_NOSCRIPT, "noscript"},
    {CMD_BLOCKING, "blocking"},
    {CMD_LOADING, "loading"},
    {CMD_STALE, "stale"},
    {CMD_NOMONITOR, "skip_monitor"},
    {CMD_NOSLOWLOG, "skip_slowlog"},
    {CMD_FAST, "fast"},
    {CMD_NOAUTH, "no_auth"},
    {CMD_MAYREPLICATE, "may_replicate"},
    {CMD_NOMANDATORY, "no_mandatory_keys"},
    {CMD_NOASYNC, "no_async_loading"},
    {CMD_NOMULTI, "no_multi"},
    {CMD_MOVABLE, "movablekeys"},
    {CMD_ALLOWBUSY, "allow_busy"},
    {CMD_ASKING, "asking"},
};

static void reply_flags(struct reply *r, const struct cmd_spec *spec)
{
    uint64_t n = 0;
    size_t head = reply_later(r);
    for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++) {
        if ((spec->flags & flag_names[i].bit) == 0) continue;
        reply_status(r, flag_names[i].name);
        n++;
    }
    reply_later_end(r, head, '~', n);
}

/* Calls fn with each ACL category of spec. */
static void each_category(const struct cmd_spec *spec, void (*fn)(const char *name, void *data),
                          void *data)
{
    uint32_t all = guard_categories(spec);
    for (uint32_t i = 0; i < ACL_CATEGORIES; i++)
        if ((all >> i & 1) != 0) fn(acl_category_name(i), data);
}

struct categories {
    struct reply *reply;
    uint64_t n;
};

static void add_category(const char *name, void *data)
{
    struct categories *c = data;
    char text[32];
    (void)snprintf(text, sizeof text, "@%s", name);
    reply_status(c->reply, text);
    c->n++;
}

static const struct {
    const char *command, *words;
} all_tips[] = {
#define TIPS(command, words) {command, words},
#include "store/cmd/tips.def"
#undef TIPS
};

static void reply_tips(struct reply *r, const struct cmd_spec *spec)
{
    uint64_t n = 0;
    size_t head = reply_later(r);
    for (size_t i = 0; i < sizeof all_tips / sizeof all_tips[0]; i++) {
        struct slice rest = slice_of(all_tips[i].words), word = {0};
        if (strcmp(spec->name, all_tips[i].command) != 0) continue;
        for (; slice_cut(&rest, ' ', &word); n++)
            reply_bulk(r, word);
    }
    reply_later_end(r, head, '~', n);
}

/* Calls fn with each subcommand of a container; returns their number. */
static uint32_t each_sub(const struct cmd_spec *container,
                         void (*fn)(struct cmd *c, const struct cmd_spec *sub), struct cmd *c)
{
    uint32_t n = 0, count = 0;
    const struct cmd_spec *specs = cmd_specs(&n);
    for (uint32_t i = 0; i < n; i++) {
        if (specs[i].parent == NULL || !slice_word(slice_of(container->name), specs[i].parent))
            continue;
        count++;
        if (fn != NULL) fn(c, &specs[i]);
    }
    return count;
}

static void reply_spec(struct cmd *c, const struct cmd_spec *spec)
{
    struct reply *r = c->reply;
    bool ranged = spec->keys.kind == KEYS_KIND_RANGE;
    reply_array(r, 10);
    reply_cstr(r, spec->name);
    reply_int(r, spec->arity);
    reply_flags(r, spec);
    int32_t at = ranged ? spec->keys.first : spec->keys.dest; /* of the first key, 0 if it moves */
    reply_int(r, at);
    reply_int(r, ranged ? spec->keys.last : at);
    reply_int(r, ranged ? spec->keys.step : at > 0);
    struct categories cats = {.reply = r};
    size_t head = reply_later(r);
    each_category(spec, add_category, &cats);
    reply_later_end(r, head, '~', cats.n);
    reply_tips(r, spec);
    keyspec_reply(r, spec);
    if (spec->parent != NULL || !cmd_is_container(spec)) {
        reply_set(r, 0);
        return;
    }
    reply_array(r, each_sub(spec, NULL, NULL));
    (void)each_sub(spec, reply_spec, c);
}

static uint32_t count_top(void)
{
    uint32_t n = 0, top = 0;
    const struct cmd_spec *specs = cmd_specs(&n);
    for (uint32_t i = 0; i < n; i++)
        top += specs[i].parent == NULL;
    return top;
}

/* Calls fn with each command that is no subcommand. */
static void each_top(struct cmd *c, void (*fn)(struct cmd *c, const struct cmd_spec *spec))
{
    uint32_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&n);
    for (uint32_t i = 0; i < n; i++)
        if (specs[i].parent == NULL) fn(c, &specs[i]);
}

/* COMMAND */
void cmd_command(struct cmd *c)
{
    reply_array(c->reply, count_top());
    each_top(c, reply_spec);
}

/* COMMAND COUNT */
void cmd_command_count(struct cmd *c)
{
    reply_int(c->reply, count_top());
}

/* COMMAND INFO [name …] */
void cmd_command_info(struct cmd *c)
{
    if (c->argc == 2) {
        cmd_command(c);
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (uint32_t i = 2; i < c->argc; i++) {
        const struct cmd_spec *spec = cmd_find_full(c->argv[i]);
        if (spec == NULL)
            reply_null(c->reply);
        else
            reply_spec(c, spec);
    }
}

static void reply_doc(struct cmd *c, const struct cmd_spec *spec)
{
    struct reply *r = c->reply;
    bool container = spec->parent == NULL && cmd_is_container(spec);
    reply_cstr(r, spec->name);
    reply_map(r, (spec->complexity[0] != '\0' ? 4 : 3) + (container ? 1U : 0U));
    reply_cstr(r, "summary");
    reply_cstr(r, spec->summary);
    reply_cstr(r, "since");
    reply_cstr(r, spec->since);
    reply_cstr(r, "group");
    reply_cstr(r, spec->group);
    if (spec->complexity[0] != '\0') {
        reply_cstr(r, "complexity");
        reply_cstr(r, spec->complexity);
    }
    if (!container) return;
    reply_cstr(r, "subcommands");
    reply_map(r, each_sub(spec, NULL, NULL));
    (void)each_sub(spec, reply_doc, c);
}

/* COMMAND DOCS [name …] */
void cmd_command_docs(struct cmd *c)
{
    if (c->argc == 2) {
        reply_map(c->reply, count_top());
        each_top(c, reply_doc);
        return;
    }
    uint64_t n = 0;
    size_t head = reply_later(c->reply);
    for (uint32_t i = 2; i < c->argc; i++) {
        const struct cmd_spec *spec = cmd_find_full(c->argv[i]);
        if (spec == NULL) continue;
        reply_doc(c, spec);
        n++;
    }
    reply_later_end(c->reply, head, '%', n);
}

struct matching {
    struct slice category;
    bool found;
};

static void match_category(const char *name, void *data)
{
    struct matching *m = data;
    if (slice_word(m->category, name)) m->found = true;
}

/* COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern] */
void cmd_command_list(struct cmd *c)
{
    struct slice pattern = {0}, category = {0}, module = {0};
    if (args_left(c->args) > 0) {
        args_word(c->args, "FILTERBY");
        if (args_maybe(c->args, "PATTERN"))
            args_slice(c->args, &pattern);
        else if (args_maybe(c->args, "ACLCAT"))
            args_slice(c->args, &category);
        else if (args_maybe(c->args, "MODULE"))
            args_slice(c->args, &module);
        else
            args_syntax(c->args);
    }
    if (!args_end(c->args, c->reply)) return;
    uint32_t count = 0;
    uint64_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&count);
    size_t head = reply_later(c->reply);
    for (uint32_t i = 0; i < count; i++) {
        bool filtered = pattern.p != NULL || category.p != NULL;
        struct matching m = {.category = category};
        if (category.p != NULL) each_category(&specs[i], match_category, &m);
        if (module.p != NULL || (category.p != NULL && !m.found)) continue;
        if (!filtered && specs[i].parent != NULL) continue;
        if (pattern.p != NULL && !slice_glob(pattern, slice_of(specs[i].name), true)) continue;
        reply_cstr(c->reply, specs[i].name);
        n++;
    }
    reply_later_end(c->reply, head, '*', n);
}

/* The keys of the command in c->argv from 2 on; NULL when it has replied with an error. */
static uint32_t *get_keys(struct cmd *c, const struct cmd_spec **out, int32_t *n)
{
    const struct slice *argv = c->argv + 2;
    uint32_t argc = c->argc - 2;
    const struct cmd_spec *spec = cmd_find(argv[0]);
    if (spec != NULL && argc > 1 && cmd_is_container(spec)) {
        const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
        if (sub != NULL || spec->run == NULL) spec = sub;
    }
    if (spec == NULL) {
        reply_error(c->reply, "ERR Invalid command specified");
        return NULL;
    }
    if (spec->keys.kind == KEYS_KIND_NONE) {
        reply_error(c->reply, "ERR The command has no key arguments");
        return NULL;
    }
    if (spec->arity >= 0 ? argc != (uint32_t)spec->arity : argc < (uint32_t)-spec->arity) {
        reply_error(c->reply, "ERR Invalid number of arguments specified for command");
        return NULL;
    }
    uint32_t *at = arena_alloc(c->arena, KEYS_MAX * sizeof *at);
    *n = cmd_find_keys(spec, argv, argc, at, KEYS_MAX);
    *out = spec;
    if (*n > 0) return at;
    if (*n == 0 && (spec->flags & CMD_NOMANDATORY) != 0) return at;
    reply_error(c->reply, "ERR Invalid arguments specified for command");
    return NULL;
}

/* COMMAND GETKEYS command [arg …] */
void cmd_command_getkeys(struct cmd *c)
{
    const struct cmd_spec *spec = NULL;
    int32_t n = 0;
    const uint32_t *at = get_keys(c, &spec, &n);
    if (at == NULL) return;
    reply_array(c->reply, (uint64_t)n);
    for (int32_t i = 0; i < n; i++)
        reply_bulk(c->reply, c->argv[2 + at[i]]);
}

/* COMMAND GETKEYSANDFLAGS command [arg …] */
void cmd_command_getkeysandflags(struct cmd *c)
{
    const struct cmd_spec *spec = NULL;
    int32_t n = 0;
    const uint32_t *at = get_keys(c, &spec, &n);
    if (at == NULL) return;
    reply_array(c->reply, (uint64_t)n);
    for (int32_t i = 0; i < n; i++) {
        reply_array(c->reply, 2);
        reply_bulk(c->reply, c->argv[2 + at[i]]);
        keyspec_reply_flags(c->reply, keyspec_flags(spec, c->argv + 2, c->argc - 2, at[i]));
    }
}

/* COMMAND HELP */
void cmd_command_help(struct cmd *c)
{
    static const char *const lines[] = {
        "(no subcommand)",
        "    Return details about all Redis commands.",
        "COUNT",
        "    Return the total number of commands in this Redis server.",
        "LIST",
        "    Return a list of all commands in this Redis server.",
        "INFO [<command-name> ...]",
        "    Return details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "DOCS [<command-name> ...]",
        "    Return documentation details about multiple Redis commands.",
        "    If no command names are given, documentation details for all",
        "    commands are returned.",
        "GETKEYS <full-command>",
        "    Return the keys from a full Redis command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys and the access flags from a full Redis command.",
        NULL};
    cmd_help(c, lines);
}
