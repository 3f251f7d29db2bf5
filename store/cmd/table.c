#include "cmd.h"

#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/cmd/host.h"

#include <ctype.h>

#define CMD(name_, handler, arity_, flags_, keys_, group_, complexity_, since_, summary_)          \
    {.name = (name_),                                                                              \
     .run = (handler),                                                                             \
     .arity = (arity_),                                                                            \
     .flags = (flags_),                                                                            \
     .keys = keys_,                                                                                \
     .group = (group_),                                                                            \
     .complexity = (complexity_),                                                                  \
     .since = (since_),                                                                            \
     .summary = (summary_)},
#define SUB(parent_, name_, handler, arity_, flags_, keys_, group_, complexity_, since_, summary_) \
    {.name = parent_ "|" name_,                                                                    \
     .run = (handler),                                                                             \
     .arity = (arity_),                                                                            \
     .flags = (flags_),                                                                            \
     .keys = keys_,                                                                                \
     .group = (group_),                                                                            \
     .complexity = (complexity_),                                                                  \
     .since = (since_),                                                                            \
     .summary = (summary_),                                                                        \
     .parent = (parent_)},
#define CONTAINER(name_, arity_, flags_, group_, complexity_, since_, summary_)                    \
    {.name = (name_),                                                                              \
     .arity = (arity_),                                                                            \
     .flags = (flags_),                                                                            \
     .group = (group_),                                                                            \
     .complexity = (complexity_),                                                                  \
     .since = (since_),                                                                            \
     .summary = (summary_)},
#define FAMILY(name_, handler, arity_, flags_, keys_, group_, complexity_, since_, summary_)       \
    {.name = (name_),                                                                              \
     .run = cmd_family,                                                                            \
     .family = (handler),                                                                          \
     .arity = (arity_),                                                                            \
     .flags = (flags_),                                                                            \
     .keys = keys_,                                                                                \
     .group = (group_),                                                                            \
     .complexity = (complexity_),                                                                  \
     .since = (since_),                                                                            \
     .summary = (summary_)},
static struct cmd_spec specs[] = {
#include "store/cmd/commands.def"
#include "store/cmd/families.def"
};
#undef CMD
#undef SUB
#undef CONTAINER
#undef FAMILY

enum { SPECS = sizeof specs / sizeof specs[0], SLOTS = 2048, NAME_MAX_LEN = 40 };
_Static_assert(SPECS < SLOTS / 2, "make the table of names larger");

static char names[SPECS][NAME_MAX_LEN];
static bool has_subs[SPECS];
static uint16_t slots[SLOTS]; /* 1 + index into specs; 0 is free */
static bool ready;

/* Folds case without looking at it: command names are letters, digits and '.', '_', '-'. */
static inline uint32_t hash_name(const char *p, size_t len)
{
    uint32_t h = 2166136261U;
    for (size_t i = 0; i < len; i++)
        h = (h ^ ((unsigned char)p[i] | 0x20U)) * 16777619U;
    return h ^ h >> 15;
}

static void lower(const char *from, char out[static NAME_MAX_LEN])
{
    size_t n = strlen(from);
    must(n < NAME_MAX_LEN);
    for (size_t i = 0; i <= n; i++)
        out[i] = (char)tolower((unsigned char)from[i]);
}

static void build(void)
{
    for (uint32_t i = 0; i < SPECS; i++) {
        lower(specs[i].name, names[i]);
        specs[i].name = names[i];
        specs[i].index = i;
        if (specs[i].parent != NULL) continue;
        uint32_t at = hash_name(names[i], strlen(names[i])) % SLOTS;
        while (slots[at] != 0) {
            must(strcmp(specs[slots[at] - 1].name, names[i]) != 0); /* a name stands twice */
            at = (at + 1) % SLOTS;
        }
        slots[at] = (uint16_t)(i + 1);
    }
    ready = true;
    for (uint32_t i = 0; i < SPECS; i++) {
        if (specs[i].parent == NULL) continue;
        const struct cmd_spec *container = cmd_find(slice_of(specs[i].parent));
        must(container != NULL); /* a SUB without its CONTAINER */
        has_subs[container->index] = true;
    }
}

/* Names found of late, as they were written: clients repeat themselves. */
static struct found {
    char name[NAME_MAX_LEN];
    size_t len;
    const struct cmd_spec *spec;
} founds[32];

const struct cmd_spec *cmd_find(struct slice name)
{
    if (!ready) build();
    if (name.len == 0 || name.len >= NAME_MAX_LEN) return NULL;
    struct found *found = &founds[(name.len + (unsigned char)name.p[name.len - 1]) % 32];
    if (name.len == found->len && memcmp(name.p, found->name, found->len) == 0) return found->spec;
    for (uint32_t at = hash_name(name.p, name.len) % SLOTS; slots[at] != 0; at = (at + 1) % SLOTS) {
        const struct cmd_spec *spec = &specs[slots[at] - 1];
        if (!slice_word(name, spec->name)) continue;
        memcpy(found->name, name.p, name.len);
        found->len = name.len;
        found->spec = spec;
        return spec;
    }
    return NULL;
}

const struct cmd_spec *cmd_find_sub(const struct cmd_spec *container, struct slice name)
{
    size_t head = strlen(container->name) + 1;
    for (uint32_t i = 0; i < SPECS; i++) {
        if (specs[i].parent == NULL || !slice_word(name, specs[i].name + head)) continue;
        if (slice_word(slice_of(container->name), specs[i].parent)) return &specs[i];
    }
    return NULL;
}

const struct cmd_spec *cmd_find_full(struct slice name)
{
    struct slice head = {0};
    if (!slice_cut(&name, '|', &head)) return NULL;
    const struct cmd_spec *spec = cmd_find(head);
    return spec == NULL || name.len == 0 ? spec : cmd_find_sub(spec, name);
}

bool cmd_is_container(const struct cmd_spec *spec)
{
    return has_subs[spec->index];
}

const struct cmd_spec *cmd_specs(uint32_t *count)
{
    if (!ready) build();
    *count = SPECS;
    return specs;
}

/* --- keys --- */

static int32_t keys_range(const struct cmd_keys *k, uint32_t argc, uint32_t *at, uint32_t cap)
{
    int64_t last = k->last < 0 ? (int64_t)argc + k->last : k->last;
    uint32_t n = 0;
    for (int64_t i = k->first; i <= last && i < (int64_t)argc && n < cap; i += k->step)
        at[n++] = (uint32_t)i;
    return (int32_t)n;
}

static int32_t keys_num(const struct cmd_keys *k, const struct slice *argv, uint32_t argc,
                        uint32_t *at, uint32_t cap)
{
    int64_t count = 0;
    if (k->num >= (int)argc || !slice_i64(argv[k->num], &count)) return -1;
    if (count < 0 || count > (int64_t)argc - k->first) return -1;
    uint32_t n = 0;
    if (k->dest > 0 && n < cap) at[n++] = (uint32_t)k->dest;
    for (int64_t i = 0; i < count && n < cap; i++)
        at[n++] = (uint32_t)(k->first + i);
    return (int32_t)n;
}

int32_t cmd_find_keys(const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
                      uint32_t *at, uint32_t cap)
{
    switch (spec->keys.kind) {
    case KEYS_KIND_NONE:
        return 0;
    case KEYS_KIND_RANGE:
        return keys_range(&spec->keys, argc, at, cap);
    case KEYS_KIND_NUM:
        return keys_num(&spec->keys, argv, argc, at, cap);
    case KEYS_KIND_FN:
        return spec->keys.fn(argv, argc, at, cap);
    }
    return 0;
}

int32_t cmd_keys_streams(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap)
{
    for (uint32_t i = 1; i < argc; i++) {
        if (slice_word(argv[i], "GROUP")) {
            i += 2;
        } else if (slice_word(argv[i], "STREAMS")) {
            uint32_t rest = argc - i - 1;
            if (rest == 0 || rest % 2 != 0) return -1;
            uint32_t n = 0;
            for (uint32_t k = 0; k < rest / 2 && n < cap; k++)
                at[n++] = i + 1 + k;
            return (int32_t)n;
        } else if (!slice_word(argv[i], "NOACK")) {
            i++; /* COUNT n, BLOCK ms */
        }
    }
    return -1;
}

/* SORT key … STORE dest: the last STORE counts. */
int32_t cmd_keys_sort(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap)
{
    uint32_t n = 0, dest = 0;
    if (n < cap) at[n++] = 1;
    for (uint32_t i = 2; i < argc; i++) {
        if (slice_word(argv[i], "LIMIT"))
            i += 2;
        else if (slice_word(argv[i], "GET") || slice_word(argv[i], "BY"))
            i++;
        else if (slice_word(argv[i], "STORE") && i + 1 < argc)
            dest = ++i;
    }
    if (dest > 0 && n < cap) at[n++] = dest;
    return (int32_t)n;
}

/* GEORADIUS key … STORE|STOREDIST dest */
int32_t cmd_keys_georadius(const struct slice *argv, uint32_t argc, uint32_t *at, uint32_t cap)
{
    uint32_t n = 0, dest = 0;
    if (n < cap) at[n++] = 1;
    for (uint32_t i = 5; i + 1 < argc; i++)
        if (slice_word(argv[i], "STORE") || slice_word(argv[i], "STOREDIST")) dest = i + 1;
    if (dest > 0 && n < cap) at[n++] = dest;
    return (int32_t)n;
}

/* --- small replies that many handlers share --- */

void cmd_wrong_arity(struct cmd *c)
{
    reply_errorf(c->reply, "ERR wrong number of arguments for '%s' command", c->spec->name);
}

void cmd_help(struct cmd *c, const char *const *lines)
{
    char name[NAME_MAX_LEN] = "";
    size_t n = 0;
    for (; c->spec->name[n] != '\0' && c->spec->name[n] != '|'; n++)
        name[n] = (char)toupper((unsigned char)c->spec->name[n]);
    uint32_t count = 0;
    while (lines[count] != NULL)
        count++;
    struct slice first =
        arena_printf(c->arena, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    reply_array(c->reply, count + 3);
    reply_status(c->reply, first.p);
    for (uint32_t i = 0; i < count; i++)
        reply_status(c->reply, lines[i]);
    reply_status(c->reply, "HELP");
    reply_status(c->reply, "    Prints this help.");
}
