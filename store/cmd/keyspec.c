#include "keyspec.h"

#include "base/must.h"

#define INDEX(at)             NULL, (at)
#define KEYWORD(word, from)   (word), (from)
#define UNKNOWN               NULL, 0
#define RANGE(last, s, l)     false, (last), (s), (l)
#define KEYNUM(num, first, s) true, (num), (first), (s)
#define ANYWHERE              false, 0, 0, 0
#define KEYSPEC(...)          {__VA_ARGS__},
static const struct keyspec lines[] = {
#include "store/cmd/keyspecs.def"
};
#undef KEYSPEC

enum { LINES = sizeof lines / sizeof lines[0], COMMANDS_MAX = 1024 };

static struct {
    const struct keyspec *first; /* the lines of one command stand together */
    uint32_t count;
} places[COMMANDS_MAX]; /* by index of the command */
static struct keyspec made[COMMANDS_MAX];
static bool ready;

/* The line of a command that has none (those of families.def): the worst that it may do. */
static bool make(const struct cmd_spec *spec, struct keyspec *out)
{
    const struct cmd_keys *k = &spec->keys;
    bool writes = (spec->flags & CMD_WRITE) != 0;
    *out =
        (struct keyspec){.command = spec->name,
                         .flags = writes ? KEY_RW | KEY_ACCESS | KEY_UPDATE : KEY_RO | KEY_ACCESS,
                         .note = ""};
    if (k->kind == KEYS_KIND_RANGE) {
        out->begin = k->first;
        out->last = k->last < 0 ? k->last : k->last - k->first;
        out->step = k->step;
    } else if (k->kind == KEYS_KIND_NUM) {
        out->counted = true;
        out->begin = k->num;
        out->step = k->first - k->num;
        out->limit = 1;
    }
    return k->kind != KEYS_KIND_NONE;
}

static void build(void)
{
    uint32_t n = 0;
    const struct cmd_spec *specs = cmd_specs(&n);
    must(n <= COMMANDS_MAX);
    for (uint32_t i = 0; i < LINES; i++) {
        const struct cmd_spec *spec = cmd_find_full(slice_of(lines[i].command));
        must(spec != NULL); /* keyspecs.def names a command that is not there */
        if (places[spec->index].count++ == 0) places[spec->index].first = &lines[i];
    }
    for (uint32_t i = 0; i < n; i++) {
        if (places[i].count > 0 || !make(&specs[i], &made[i])) continue;
        places[i].first = &made[i];
        places[i].count = 1;
    }
    ready = true;
}

const struct keyspec *keyspec_of(const struct cmd_spec *spec, uint32_t *n)
{
    if (!ready) build();
    *n = places[spec->index].count;
    return places[spec->index].first;
}

/* --- what is done to one key --- */

/* SET only reads with GET; BITFIELD only writes with SET and INCRBY. */
static uint32_t by_options(const struct keyspec *line, const struct slice *argv, uint32_t argc)
{
    if (strcmp(line->command, "set") == 0) {
        for (uint32_t i = 3; i < argc; i++)
            if (slice_word(argv[i], "GET")) return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        return KEY_OW | KEY_UPDATE;
    }
    for (uint32_t i = 2; i < argc;) {
        if (slice_word(argv[i], "GET") && argc - i > 2)
            i += 3;
        else if (slice_word(argv[i], "OVERFLOW") && argc - i > 1)
            i += 2;
        else
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
    }
    return KEY_RO | KEY_ACCESS;
}

/* Whether argv[at] is a key of this line. */
static bool covers(const struct keyspec *k, const struct slice *argv, uint32_t argc, uint32_t at)
{
    if (k->keyword == NULL) {
        if (k->begin == 0) return false;
        if (k->counted) return (int)at >= k->begin + k->step;
        return (int)at >= k->begin && (k->last < 0 || (int)at <= k->begin + k->last);
    }
    uint32_t from = k->begin < 0 ? argc + (uint32_t)k->begin : (uint32_t)k->begin;
    for (uint32_t i = from; i < argc; i++)
        if (slice_word(argv[i], k->keyword)) return k->last < 0 ? at > i : at == i + 1;
    return false;
}

uint32_t keyspec_flags(const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
                       uint32_t at)
{
    uint32_t n = 0;
    const struct keyspec *k = keyspec_of(spec, &n);
    if (n == 0) return 0;
    uint32_t i = 0;
    while (i < n - 1 && !covers(&k[i], argv, argc, at))
        i++;
    return (k[i].flags & KEY_VARIABLE) != 0 ? by_options(&k[i], argv, argc) : k[i].flags;
}

/* --- replies --- */

void keyspec_reply_flags(struct reply *r, uint32_t flags)
{
    static const char *const words[] = {
        "RO",     "RW",     "OW",      "RM",         "access",        "update",
        "insert", "delete", "not_key", "incomplete", "variable_flags"};
    reply_set(r, (uint64_t)__builtin_popcount(flags));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((flags >> i & 1) != 0) reply_status(r, words[i]);
}

static void reply_begin(struct reply *r, const struct keyspec *k)
{
    bool unknown = k->keyword == NULL && k->begin == 0;
    reply_map(r, 2);
    reply_cstr(r, "type");
    reply_cstr(r, unknown ? "unknown" : k->keyword != NULL ? "keyword" : "index");
    reply_cstr(r, "spec");
    reply_map(r, unknown ? 0 : k->keyword != NULL ? 2 : 1);
    if (unknown) return;
    if (k->keyword != NULL) {
        reply_cstr(r, "keyword");
        reply_cstr(r, k->keyword);
    }
    reply_cstr(r, k->keyword != NULL ? "startfrom" : "index");
    reply_int(r, k->begin);
}

static void reply_find(struct reply *r, const struct keyspec *k)
{
    const char *const range[] = {"lastkey", "keystep", "limit"};
    const char *const keynum[] = {"keynumidx", "firstkey", "keystep"};
    const int values[] = {k->last, k->step, k->limit};
    bool unknown = k->keyword == NULL && k->begin == 0;
    reply_map(r, 2);
    reply_cstr(r, "type");
    reply_cstr(r, unknown ? "unknown" : k->counted ? "keynum" : "range");
    reply_cstr(r, "spec");
    reply_map(r, unknown ? 0 : 3);
    for (int i = 0; i < 3 && !unknown; i++) {
        reply_cstr(r, k->counted ? keynum[i] : range[i]);
        reply_int(r, values[i]);
    }
}

void keyspec_reply(struct reply *r, const struct cmd_spec *spec)
{
    uint32_t n = 0;
    const struct keyspec *k = keyspec_of(spec, &n);
    reply_set(r, n);
    for (uint32_t i = 0; i < n; i++) {
        bool noted = k[i].note[0] != '\0';
        reply_map(r, noted ? 4 : 3);
        if (noted) {
            reply_cstr(r, "notes");
            reply_cstr(r, k[i].note);
        }
        reply_cstr(r, "flags");
        keyspec_reply_flags(r, k[i].flags);
        reply_cstr(r, "begin_search");
        reply_begin(r, &k[i]);
        reply_cstr(r, "find_keys");
        reply_find(r, &k[i]);
    }
}
