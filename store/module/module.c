#include "store/module/module.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The columns of families.def as this file needs them; those of the store are in cmd.h. */
enum { CMD_WRITE = 1 << 0, CMD_READ = 1 << 1, CMD_DENYOOM = 1 << 2, CMD_FAST = 1 << 9 };

enum { NAME_MAX = 32 };

struct keys {
    int first, last, step;
    int count_at; /* of KEYS_DEST_NUM: argv[count_at] keys follow; else 0 */
};
#define KEYS(first_, last_, step_)                                                                 \
    {                                                                                              \
        .first = (first_), .last = (last_), .step = (step_)                                        \
    }
#define KEYS_NONE                                                                                  \
    {                                                                                              \
        0                                                                                          \
    }
#define KEYS_DEST_NUM(dest_, at_, first_)                                                          \
    {                                                                                              \
        .first = (dest_), .last = (dest_), .step = 1, .count_at = (at_)                            \
    }

struct command {
    const char *name;
    family_handler handler;
    rm_command run;
    int arity;
    uint32_t flags;
    struct keys keys;
    const char *complexity, *since, *summary;
};

/* Each command gets a function of its own, which knows its line: the server may call it by another
 * name (rename-command). */
#define NAMED_(prefix, line) prefix##line
#define NAMED(prefix, line)  NAMED_(prefix, line)
#define FAMILY(name, handler, arity, flags, keys, group, complexity, since, summary)               \
    static int NAMED(run_, __LINE__)(struct rm_ctx * ctx, struct rm_string * *argv, int argc);
#include "store/cmd/families.def"
#undef FAMILY

static const struct command commands[] = {
#define FAMILY(name_, handler_, arity_, flags_, keys_, group_, complexity_, since_, summary_)      \
    {.name = (name_),                                                                              \
     .handler = (handler_),                                                                        \
     .run = NAMED(run_, __LINE__),                                                                 \
     .arity = (arity_),                                                                            \
     .flags = (flags_),                                                                            \
     .keys = keys_,                                                                                \
     .complexity = (complexity_),                                                                  \
     .since = (since_),                                                                            \
     .summary = (summary_)},
#include "store/cmd/families.def"
#undef FAMILY
};

family_handler module_find(struct slice name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (slice_word(name, commands[i].name)) return commands[i].handler;
    return NULL;
}

/* A name as Redis spells those of its own commands in replies. */
static void lower(const char *name, char out[static NAME_MAX])
{
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < NAME_MAX; i++)
        out[i] = (char)tolower((unsigned char)name[i]);
    out[i] = '\0';
}

static int run(struct rm_ctx *ctx, struct rm_string **argv, int argc, const char *name,
               family_handler handler)
{
    char spelled[NAME_MAX];
    lower(name, spelled);
    return host_run(ctx, argv, argc, spelled, handler);
}

#define FAMILY(name, handler, arity, flags, keys, group, complexity, since, summary)               \
    static int NAMED(run_, __LINE__)(struct rm_ctx * ctx, struct rm_string * *argv, int argc)      \
    {                                                                                              \
        return run(ctx, argv, argc, name, handler);                                                \
    }
#include "store/cmd/families.def"
#undef FAMILY

static void key_specs(const struct command *c, struct rm_key_spec specs[static 3])
{
    bool writes = (c->flags & CMD_WRITE) != 0;
    uint64_t flags = writes ? RM_KEY_RW | RM_KEY_ACCESS | RM_KEY_UPDATE : RM_KEY_RO | RM_KEY_ACCESS;
    memset(specs, 0, 3 * sizeof specs[0]);
    if (c->keys.first == 0) return;
    specs[0] = (struct rm_key_spec){.flags = flags, .begin_kind = RM_BEGIN_INDEX};
    specs[0].begin.index.at = c->keys.first;
    specs[0].find_kind = RM_FIND_RANGE;
    /* The last one is counted from the first here, from the end when it is negative. */
    specs[0].find.range.last = c->keys.last < 0 ? c->keys.last : c->keys.last - c->keys.first;
    specs[0].find.range.step = c->keys.step;
    if (c->keys.count_at == 0) return;
    specs[1] =
        (struct rm_key_spec){.flags = RM_KEY_RO | RM_KEY_ACCESS, .begin_kind = RM_BEGIN_INDEX};
    specs[1].begin.index.at = c->keys.count_at;
    specs[1].find_kind = RM_FIND_COUNT;
    specs[1].find.count.first = 1;
    specs[1].find.count.step = 1;
}

static bool create(struct rm_ctx *ctx, const struct command *c)
{
    static const struct rm_info_version version = {1, 2 * sizeof(char *),
                                                   sizeof(struct rm_key_spec), 9 * sizeof(char *)};
    struct rm_key_spec specs[3];
    char flags[64], name[NAME_MAX];
    lower(c->name, name);
    (void)snprintf(flags, sizeof flags, "%s%s%s",
                   (c->flags & CMD_WRITE) != 0 ? "write" : "readonly",
                   (c->flags & CMD_DENYOOM) != 0 ? " deny-oom" : "",
                   (c->flags & CMD_FAST) != 0 ? " fast" : "");
    if (rm_CreateCommand(ctx, name, c->run, flags, c->keys.first, c->keys.last, c->keys.step) !=
        RM_OK) {
        rm_Log(ctx, "warning", "hansom: the command %s is there already", c->name);
        return false;
    }
    key_specs(c, specs);
    struct rm_command_info info = {.version = &version,
                                   .summary = c->summary,
                                   .complexity = c->complexity,
                                   .since = c->since,
                                   .arity = c->arity,
                                   .key_specs = specs};
    return rm_SetCommandInfo(rm_GetCommand(ctx, name), &info) == RM_OK;
}

/* The entry that the server looks for. */
__attribute__((visibility("default"))) int RedisModule_OnLoad(struct rm_ctx *ctx,
                                                              struct rm_string **argv, int argc);

int RedisModule_OnLoad(struct rm_ctx *ctx, struct rm_string **argv, int argc)
{
    enum { VERSION = 1 };
    (void)argv;
    const char *missing = rm_api_load(ctx);
    if (missing != NULL) {
        if (rm_Log != NULL)
            rm_Log(ctx, "warning", "hansom: this server is too old: it has no %s", missing);
        return RM_ERR;
    }
    if (rm_IsModuleNameBusy("hansom")) {
        rm_Log(ctx, "warning", "hansom: it is loaded already");
        return RM_ERR;
    }
    (void)rm_SetModuleAttribs(ctx, "hansom", VERSION, RM_API_VERSION);
    if (argc != 0) {
        rm_Log(ctx, "warning", "hansom: the module takes no arguments");
        return RM_ERR;
    }
    rm_SetModuleOptions(ctx, RM_OPTION_IO_ERRORS | RM_OPTION_SIGNALS);
    if (!types_register(ctx) || !types_watch(ctx) || !beside_start(ctx)) return RM_ERR;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (!create(ctx, &commands[i])) return RM_ERR;
    return RM_OK;
}
