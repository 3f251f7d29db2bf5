#include "option.h"

#include "base/mem.h"
#include "base/must.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 1 << 20, NAME_MAX_LEN = 80 };

/* Where a value came from; decides the exit code and the words of an error. */
enum origin { FROM_DEFAULT, FROM_FILE, FROM_ENV, FROM_FLAG };

struct given {
    const struct option_group *group;
    const struct option_spec *spec;
    enum origin origin;
    bool is_file; /* the value is the path of a file that holds it */
    int line;     /* in the --config file */
    struct slice value;
};

struct given_list {
    struct given *all; /* owned */
    size_t count;
};

struct option_owned {
    struct given_list flags;
    struct given_list lines;
    struct buf file; /* the bytes behind lines */
    char **texts;    /* owned array of owned strings: the values */
    size_t texts_count;
};

static const char *const type_names[] = {
    [OPTION_STR] = "TEXT",      [OPTION_PATH] = "PATH",
    [OPTION_SECRET] = "SECRET", [OPTION_BOOL] = "",
    [OPTION_INT] = "N",         [OPTION_PORT] = "PORT",
    [OPTION_SIZE] = "SIZE",     [OPTION_DURATION] = "DURATION",
    [OPTION_REAL] = "NUMBER",
};

static bool is_text(enum option_type t)
{
    return t == OPTION_STR || t == OPTION_PATH || t == OPTION_SECRET;
}

/* --- reading one value --- */

static bool read_scaled(struct slice s, const char *const *units, const double *scales, double bare,
                        int64_t *out)
{
    size_t digits = s.len;
    while (digits > 0 && !isdigit((unsigned char)s.p[digits - 1]) && s.p[digits - 1] != '.')
        digits--;
    double n = 0;
    if (!slice_double((struct slice){s.p, digits}, &n) || !isfinite(n)) return false;

    struct slice unit = slice_from(s, digits);
    double scale = bare;
    if (unit.len > 0) {
        scale = 0;
        for (size_t i = 0; units[i] != NULL; i++)
            if (slice_word(unit, units[i])) scale = scales[i];
        if (scale == 0) return false;
    }
    double value = nearbyint(n * scale);
    if (fabs(value) > 9e15) return false;
    *out = (int64_t)value;
    return true;
}

bool option_read_duration(struct slice s, int64_t *ms)
{
    static const char *const units[] = {"ms", "s", "m", "h", "d", NULL};
    static const double scales[] = {1, 1000, 60e3, 3600e3, 86400e3};
    return read_scaled(s, units, scales, 1000, ms);
}

bool option_read_size(struct slice s, int64_t *bytes)
{
    static const char *const units[] = {"b",   "k", "kb", "kib", "m", "mb",
                                        "mib", "g", "gb", "gib", NULL};
    static const double scales[] = {1,      0x1p10, 0x1p10, 0x1p10, 0x1p20,
                                    0x1p20, 0x1p20, 0x1p30, 0x1p30, 0x1p30};
    return read_scaled(s, units, scales, 1, bytes);
}

bool option_read_bool(struct slice s, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (slice_word(s, yes[i])) {
            *out = true;
            return true;
        }
        if (slice_word(s, no[i])) {
            *out = false;
            return true;
        }
    }
    return false;
}

static const char *wanted(enum option_type t)
{
    switch (t) {
    case OPTION_BOOL:
        return "true or false";
    case OPTION_INT:
        return "a whole number";
    case OPTION_PORT:
        return "a port from 0 to 65535";
    case OPTION_SIZE:
        return "a size such as 512k, 64m or 1g";
    case OPTION_DURATION:
        return "a duration such as 250ms, 15s, 5m or 2h";
    case OPTION_REAL:
        return "a number";
    case OPTION_STR:
    case OPTION_PATH:
    case OPTION_SECRET:
        break;
    }
    return "a text";
}

/* Whether n lies within the bounds of the spec; 0, 0 are none. */
static bool in_bounds(const struct option_spec *s, double n)
{
    if (s->min == 0 && s->max == 0) return true;
    return n >= s->min && (n <= s->max || (s->max == 0 && is_text(s->type)));
}

static char *keep_text(struct option_set *set, struct slice s)
{
    must(s.p != NULL || s.len == 0);
    struct option_owned *o = set->owned;
    char *copy = mem_alloc(s.len + 1);
    if (s.len > 0) memcpy(copy, s.p, s.len);
    copy[s.len] = '\0';
    o->texts = mem_realloc(o->texts, (o->texts_count + 1) * sizeof *o->texts);
    o->texts[o->texts_count++] = copy;
    return copy;
}

static void add_place(const struct given *g, struct buf *why)
{
    const char *suffix = g->is_file ? "-file" : "";
    switch (g->origin) {
    case FROM_FLAG:
        buf_addf(why, "--%s%s", g->spec->name, suffix);
        break;
    case FROM_ENV:
        buf_add_cstr(why, "HANSOM_");
        for (const char *p = g->spec->name; *p != '\0'; p++)
            buf_add_char(why, *p == '-' ? '_' : (char)toupper((unsigned char)*p));
        if (g->is_file) buf_add_cstr(why, "_FILE");
        break;
    case FROM_FILE:
        buf_addf(why, "line %d of the config file: %s%s", g->line, g->spec->name, suffix);
        break;
    case FROM_DEFAULT:
        buf_addf(why, "the default of %s", g->spec->name);
        break;
    }
}

static void add_shown_value(const struct given *g, struct slice value, struct buf *why)
{
    if (g->spec->type == OPTION_SECRET || g->is_file) return;
    buf_addf(why, " is \"%.*s\"", (int)(value.len > 200 ? 200 : value.len), value.p);
}

static bool refuse_bounds(const struct given *g, struct slice value, struct buf *why)
{
    const struct option_spec *s = g->spec;
    add_place(g, why);
    add_shown_value(g, value, why);
    const char *unit = s->type == OPTION_DURATION ? " ms"
                       : s->type == OPTION_SIZE   ? " bytes"
                       : is_text(s->type)         ? " characters"
                                                  : "";
    if (s->max == 0 && is_text(s->type))
        buf_addf(why, ": at least %.12g%s are needed", s->min, unit);
    else
        buf_addf(why, ": from %.12g to %.12g%s are allowed", s->min, s->max, unit);
    return false;
}

/* Reads the value of g into its field. */
static bool put_value(struct option_set *set, const struct given *g, struct slice value,
                      struct buf *why)
{
    const struct option_spec *s = g->spec;
    char *field = (char *)g->group->values + s->offset;
    int64_t n = 0;
    double real = 0;
    bool truth = false;
    bool read = false;

    switch (s->type) {
    case OPTION_STR:
    case OPTION_PATH:
    case OPTION_SECRET:
        if (memchr(value.p == NULL ? "" : value.p, '\0', value.len) != NULL) break;
        if (!in_bounds(s, (double)value.len)) return refuse_bounds(g, value, why);
        *(const char **)(void *)field = keep_text(set, value);
        return true;
    case OPTION_BOOL:
        if (!option_read_bool(value, &truth)) break;
        *(bool *)field = truth;
        return true;
    case OPTION_REAL:
        if (!slice_double(value, &real) || !isfinite(real)) break;
        if (!in_bounds(s, real)) return refuse_bounds(g, value, why);
        *(double *)(void *)field = real;
        return true;
    case OPTION_PORT:
        read = slice_i64(value, &n) && n >= 0 && n <= 65535;
        break;
    case OPTION_INT:
        read = slice_i64(value, &n);
        break;
    case OPTION_SIZE:
        read = option_read_size(value, &n);
        break;
    case OPTION_DURATION:
        read = option_read_duration(value, &n);
        break;
    }
    if (!read) {
        add_place(g, why);
        add_shown_value(g, value, why);
        buf_addf(why, ": %s is needed", wanted(s->type));
        return false;
    }
    if (!in_bounds(s, (double)n)) return refuse_bounds(g, value, why);
    *(int64_t *)(void *)field = n;
    return true;
}

/* --- where values come from --- */

static bool read_file(const char *path, struct buf *out, struct buf *why)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        buf_addf(why, "%s cannot be read: %s", path, strerror(errno));
        return false;
    }
    bool ok = true;
    for (;;) {
        size_t n = fread(buf_reserve(out, 4096), 1, 4096, f);
        out->len += n;
        if (n == 0 || out->len > FILE_MAX) break;
    }
    if (ferror(f) != 0 || out->len > FILE_MAX) {
        buf_addf(why, "%s cannot be read: %s", path,
                 ferror(f) != 0 ? strerror(errno) : "too large");
        ok = false;
    }
    (void)fclose(f);
    return ok;
}

/* The spec named `name`, or for SECRET and STR `name`-file. */
static bool find_spec(const struct option_set *set, struct slice name, struct given *out)
{
    for (size_t g = 0; g < set->groups_count; g++) {
        const struct option_group *group = &set->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            const struct option_spec *s = &group->specs[i];
            struct slice own = slice_of(s->name);
            bool is_file = (s->type == OPTION_SECRET || s->type == OPTION_STR) &&
                           name.len == own.len + 5 && slice_starts(name, own) &&
                           slice_is(slice_from(name, own.len), "-file");
            if (!is_file && !slice_eq(name, own)) continue;
            out->group = group;
            out->spec = s;
            out->is_file = is_file;
            return true;
        }
    }
    return false;
}

static void given_add(struct given_list *l, struct given g)
{
    l->all = mem_realloc(l->all, (l->count + 1) * sizeof *l->all);
    l->all[l->count++] = g;
}

static bool parse_lines(struct option_set *set, struct buf *why)
{
    struct slice rest = buf_slice(&set->owned->file);
    struct slice line = {0};
    set->owned->lines.count = 0;
    for (int n = 1; slice_cut(&rest, '\n', &line); n++) {
        line = slice_trim(line);
        if (line.len == 0 || line.p[0] == '#') continue;
        size_t end = 0;
        while (end < line.len && line.p[end] != ' ' && line.p[end] != '\t' && line.p[end] != '=')
            end++;
        struct given g = {.origin = FROM_FILE, .line = n};
        struct slice name = {line.p, end};
        struct slice value = slice_trim(slice_from(line, end));
        if (value.len > 0 && value.p[0] == '=') value = slice_trim(slice_from(value, 1));
        if (!find_spec(set, name, &g)) {
            buf_addf(why, "line %d of the config file: there is no option %.*s", n, (int)name.len,
                     name.p);
            return false;
        }
        if (g.spec->type == OPTION_BOOL && value.len == 0) value = SLICE("true");
        g.value = value;
        given_add(&set->owned->lines, g);
    }
    return true;
}

static const char *env_get(const char *name, bool is_file)
{
    char var[NAME_MAX_LEN + 16] = "HANSOM_";
    size_t n = strlen(var);
    for (const char *p = name; *p != '\0' && n < NAME_MAX_LEN; p++)
        var[n++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    memcpy(var + n, is_file ? "_FILE" : "", is_file ? 6 : 1);
    const char *value = getenv(var);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* The source that wins for this option. */
static struct given winner(const struct option_set *set, const struct option_group *group,
                           const struct option_spec *spec)
{
    const struct option_owned *o = set->owned;
    for (size_t i = o->flags.count; i > 0; i--)
        if (o->flags.all[i - 1].spec == spec) return o->flags.all[i - 1];

    struct given g = {.group = group, .spec = spec, .origin = FROM_ENV};
    const char *value = env_get(spec->name, false);
    if (value == NULL && (spec->type == OPTION_SECRET || spec->type == OPTION_STR)) {
        value = env_get(spec->name, true);
        g.is_file = value != NULL;
    }
    if (value != NULL) {
        g.value = slice_of(value);
        return g;
    }
    for (size_t i = o->lines.count; i > 0; i--)
        if (o->lines.all[i - 1].spec == spec) return o->lines.all[i - 1];

    g.origin = FROM_DEFAULT;
    g.value = slice_of(spec->standard);
    return g;
}

static bool apply(struct option_set *set, const struct given *g, struct buf *why)
{
    if (!g->is_file) return put_value(set, g, g->value, why);

    char path[4096];
    struct buf content = {0};
    struct buf cause = {0};
    bool ok = read_file(slice_cstr(g->value, path, sizeof path), &content, &cause);
    if (ok) {
        struct slice value = buf_slice(&content);
        while (value.len > 0 && (value.p[value.len - 1] == '\n' || value.p[value.len - 1] == '\r'))
            value.len--;
        ok = put_value(set, g, value, why);
    } else {
        add_place(g, why);
        buf_addf(why, ": %.*s", (int)cause.len, cause.p);
    }
    buf_fini(&content);
    buf_fini(&cause);
    return ok;
}

/* --- the whole --- */

static void print_help(const struct option_set *set)
{
    printf("%s: %s\n\nUsage: %s [OPTION…]%s%s\n", set->program, set->summary, set->program,
           set->operands == NULL ? "" : " ", set->operands == NULL ? "" : set->operands);
    for (size_t g = 0; g < set->groups_count; g++) {
        printf("\n%s\n", set->groups[g].title);
        for (size_t i = 0; i < set->groups[g].count; i++) {
            const struct option_spec *s = &set->groups[g].specs[i];
            int width = printf("  --%s %s", s->name, type_names[s->type]);
            printf("%*s %s", width < 34 ? 34 - width : 0, "", s->help);
            if (s->standard[0] != '\0' && s->type != OPTION_SECRET)
                printf(" [%s]", s->standard);
            else if (s->type == OPTION_SECRET)
                printf(" (or --%s-file PATH)", s->name);
            printf("\n");
        }
    }
    printf("\n  --help, --version, --options (the settings in force), --check-config\n\n"
           "Each option is also HANSOM_NAME in the environment and a line `name value` in the\n"
           "file that --config names. Flags win over environment, environment over file.\n");
}

enum special { NOT_SPECIAL, SAY_HELP, SAY_VERSION, SAY_OPTIONS, CHECK_CONFIG };

static enum special special_flag(struct slice name)
{
    if (slice_is(name, "help")) return SAY_HELP;
    if (slice_is(name, "version")) return SAY_VERSION;
    if (slice_is(name, "options")) return SAY_OPTIONS;
    if (slice_is(name, "check-config")) return CHECK_CONFIG;
    return NOT_SPECIAL;
}

/* Reads argv[*i] (and the value behind it) as a flag. */
static bool parse_flag(struct option_set *set, int argc, char **argv, int *i, struct buf *why)
{
    struct slice name = slice_from(slice_of(argv[*i]), 2);
    struct given g = {.origin = FROM_FLAG};
    size_t equals = slice_find(name, '=');
    bool has_value = equals < name.len;
    struct slice value = has_value ? slice_from(name, equals + 1) : SLICE("");
    name.len = equals;

    if (!find_spec(set, name, &g)) {
        struct slice positive = slice_from(name, 3);
        bool negated = !has_value && slice_starts(name, SLICE("no-")) &&
                       find_spec(set, positive, &g) && g.spec->type == OPTION_BOOL;
        if (!negated) {
            buf_addf(why, "there is no option --%.*s (see --help)", (int)name.len, name.p);
            return false;
        }
        value = SLICE("false");
    } else if (g.spec->type == OPTION_BOOL) {
        if (!has_value) value = SLICE("true");
    } else if (!has_value) {
        if (*i + 1 >= argc) {
            buf_addf(why, "--%.*s needs a value", (int)name.len, name.p);
            return false;
        }
        value = slice_of(argv[++*i]);
    }
    g.value = value;
    given_add(&set->owned->flags, g);
    return true;
}

static bool parse_argv(struct option_set *set, int argc, char **argv, enum special *special,
                       struct buf *why)
{
    bool flags_ended = false;
    for (int i = 1; i < argc; i++) {
        struct slice arg = slice_of(argv[i]);
        bool is_flag = !flags_ended && arg.len > 1 && arg.p[0] == '-';
        if (!is_flag) {
            if (set->operands == NULL) {
                buf_addf(why, "\"%s\" is not expected (see --help)", argv[i]);
                return false;
            }
            set->args[set->args_count++] = argv[i];
            continue;
        }
        if (slice_is(arg, "--")) {
            flags_ended = true;
            continue;
        }
        enum special s = slice_is(arg, "-h") ? SAY_HELP : special_flag(slice_from(arg, 2));
        if (s != NOT_SPECIAL && (arg.p[1] == '-' || s == SAY_HELP)) {
            if (*special == NOT_SPECIAL || s == SAY_HELP) *special = s;
            continue;
        }
        if (arg.p[1] != '-') {
            buf_addf(why, "there is no option %s (see --help)", argv[i]);
            return false;
        }
        if (!parse_flag(set, argc, argv, &i, why)) return false;
    }
    return true;
}

/* Reads the file that --config (or HANSOM_CONFIG) names, if one is named. */
static bool load_config(struct option_set *set, struct buf *why)
{
    struct given g = {0};
    if (!find_spec(set, SLICE("config"), &g)) return true;
    struct slice path = winner(set, g.group, g.spec).value;
    if (path.len == 0) return true;

    char name[4096];
    struct buf fresh = {0};
    struct buf cause = {0};
    bool ok = read_file(slice_cstr(path, name, sizeof name), &fresh, &cause);
    if (!ok) buf_addf(why, "--config: %.*s", (int)cause.len, cause.p);
    buf_fini(&cause);
    if (!ok) {
        buf_fini(&fresh);
        return false;
    }
    buf_fini(&set->owned->file);
    set->owned->file = fresh;
    return parse_lines(set, why);
}

static void apply_defaults(struct option_set *set)
{
    for (size_t g = 0; g < set->groups_count; g++) {
        const struct option_group *group = &set->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            struct given d = {.group = group,
                              .spec = &group->specs[i],
                              .origin = FROM_DEFAULT,
                              .value = slice_of(group->specs[i].standard)};
            struct option_spec free_bounds = *d.spec;
            free_bounds.min = free_bounds.max = 0; /* "" may be a default that no user may set */
            d.spec = &free_bounds;
            struct buf why = {0};
            bool fine = put_value(set, &d, d.value, &why);
            must(fine); /* a default in a table is wrong */
            buf_fini(&why);
        }
    }
}

enum option_result option_parse(struct option_set *set, int argc, char **argv, struct buf *why)
{
    set->owned = mem_new(struct option_owned);
    set->args = mem_array((size_t)(argc > 0 ? argc : 0) + 1, const char *);
    set->args_count = 0;
    apply_defaults(set);

    enum special special = NOT_SPECIAL;
    if (!parse_argv(set, argc, argv, &special, why)) return OPTION_BAD_USAGE;
    if (special == SAY_HELP) {
        print_help(set);
        return OPTION_DONE;
    }
    if (special == SAY_VERSION) {
        printf("%s %s\n", set->program, HANSOM_VERSION);
        return OPTION_DONE;
    }
    if (!load_config(set, why)) return OPTION_BAD_CONFIG;

    for (size_t g = 0; g < set->groups_count; g++) {
        const struct option_group *group = &set->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            struct given from = winner(set, group, &group->specs[i]);
            if (from.origin == FROM_DEFAULT) continue;
            if (apply(set, &from, why)) continue;
            return from.origin == FROM_FLAG && !from.is_file ? OPTION_BAD_USAGE : OPTION_BAD_CONFIG;
        }
    }
    if (special == SAY_OPTIONS) {
        struct buf text = {0};
        option_dump(set, &text);
        (void)fwrite(text.p, 1, text.len, stdout);
        buf_fini(&text);
        return OPTION_DONE;
    }
    return special == CHECK_CONFIG ? OPTION_CHECK : OPTION_OK;
}

bool option_reload(struct option_set *set, const char *name, struct buf *why)
{
    struct given g = {0};
    bool known = find_spec(set, slice_of(name), &g);
    must(known);
    if (!load_config(set, why)) return false;
    struct given from = winner(set, g.group, g.spec);
    return apply(set, &from, why);
}

void option_dump(const struct option_set *set, struct buf *out)
{
    for (size_t g = 0; g < set->groups_count; g++) {
        const struct option_group *group = &set->groups[g];
        for (size_t i = 0; i < group->count; i++) {
            const struct option_spec *s = &group->specs[i];
            const char *field = (const char *)group->values + s->offset;
            buf_addf(out, "%s ", s->name);
            switch (s->type) {
            case OPTION_SECRET:
                buf_add_cstr(out, (*(char *const *)(const void *)field)[0] ? "(set)" : "(unset)");
                break;
            case OPTION_STR:
            case OPTION_PATH:
                buf_add_cstr(out, *(char *const *)(const void *)field);
                break;
            case OPTION_BOOL:
                buf_add_cstr(out, *(const bool *)field ? "true" : "false");
                break;
            case OPTION_REAL:
                buf_addf(out, "%.12g", *(const double *)(const void *)field);
                break;
            case OPTION_DURATION:
                buf_addf(out, "%lldms", (long long)*(const int64_t *)(const void *)field);
                break;
            case OPTION_INT:
            case OPTION_PORT:
            case OPTION_SIZE:
                buf_add_i64(out, *(const int64_t *)(const void *)field);
                break;
            }
            buf_add_char(out, '\n');
        }
    }
}

void option_fini(struct option_set *set)
{
    if (set == NULL || set->owned == NULL) return;
    struct option_owned *o = set->owned;
    for (size_t i = 0; i < o->texts_count; i++)
        mem_free(o->texts[i]);
    mem_free(o->texts);
    mem_free(o->flags.all);
    mem_free(o->lines.all);
    buf_fini(&o->file);
    mem_free(o);
    mem_free(set->args);
    set->owned = NULL;
    set->args = NULL;
}
