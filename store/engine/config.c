#include "config.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/value.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const policy_words[] = {"volatile-lru",   "volatile-lfu", "volatile-random",
                                           "volatile-ttl",   "allkeys-lru",  "allkeys-lfu",
                                           "allkeys-random", "noeviction",   NULL};
static const char *const debug_words[] = {"no", "yes", "local", NULL};
static const char *const tls_auth_words[] = {"no", "yes", "optional", NULL};
static const char *const fsync_words[] = {"always", "everysec", "no", NULL};

enum kind { INT, SIZE, BOOL, ENUM, TEXT };

struct setting {
    const char *name;
    enum kind kind;
    uint32_t flags;
    size_t offset;
    bool in_limits; /* the offset is into value_limits */
    int64_t number, min, max;
    const char *text;
    const char *const *words;
    const char *help;
};

#define AT(field) offsetof(struct config, field)
static const struct setting settings[] = {
#define CONFIG_INT(field, name_, def, min_, max_, flags_, help_)                                   \
    {.name = (name_),                                                                              \
     .kind = INT,                                                                                  \
     .flags = (flags_),                                                                            \
     .offset = AT(field),                                                                          \
     .number = (def),                                                                              \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .help = (help_)},
#define CONFIG_SIZE(field, name_, def, min_, max_, flags_, help_)                                  \
    {.name = (name_),                                                                              \
     .kind = SIZE,                                                                                 \
     .flags = (flags_),                                                                            \
     .offset = AT(field),                                                                          \
     .number = (def),                                                                              \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .help = (help_)},
#define CONFIG_BOOL(field, name_, def, flags_, help_)                                              \
    {.name = (name_),                                                                              \
     .kind = BOOL,                                                                                 \
     .flags = (flags_),                                                                            \
     .offset = AT(field),                                                                          \
     .number = (def),                                                                              \
     .max = 1,                                                                                     \
     .help = (help_)},
#define CONFIG_ENUM(field, name_, words_, def, flags_, help_)                                      \
    {.name = (name_),                                                                              \
     .kind = ENUM,                                                                                 \
     .flags = (flags_),                                                                            \
     .offset = AT(field),                                                                          \
     .number = (def),                                                                              \
     .words = (words_),                                                                            \
     .help = (help_)},
#define CONFIG_TEXT(field, name_, def, flags_, help_)                                              \
    {.name = (name_),                                                                              \
     .kind = TEXT,                                                                                 \
     .flags = (flags_),                                                                            \
     .offset = AT(field),                                                                          \
     .text = (def),                                                                                \
     .help = (help_)},
#define CONFIG_LIMIT(field, name_, kind_, def, min_, max_, help_)                                  \
    {.name = (name_),                                                                              \
     .kind = kind_,                                                                                \
     .in_limits = true,                                                                            \
     .number = (def),                                                                              \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .help = (help_),                                                                              \
     .offset = offsetof(struct value_limits, field)},
#include "store/engine/config.def"
#undef CONFIG_INT
#undef CONFIG_SIZE
#undef CONFIG_BOOL
#undef CONFIG_ENUM
#undef CONFIG_TEXT
#undef CONFIG_LIMIT
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };
_Static_assert(SETTINGS <= CONFIG_WORDS * 64, "a bit for each setting");

static int64_t *number_at(struct config *c, const struct setting *s)
{
    char *base = s->in_limits ? (char *)&value_limits : (char *)c;
    return (int64_t *)(void *)(base + s->offset);
}

static char **text_at(struct config *c, const struct setting *s)
{
    return (char **)(void *)((char *)c + s->offset);
}

static const struct setting *find(struct slice name)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (slice_word(name, settings[i].name)) return &settings[i];
    return NULL;
}

/* "normal 0 0 0 slave … pubsub …": any of the classes, in any order. */
static const char *set_output_limits(struct config *c, struct slice text)
{
    static const char *const classes[] = {"normal", "slave", "pubsub"};
    struct slice rest = slice_trim(text);
    struct slice word = {0};
    while (slice_cut(&rest, ' ', &word)) {
        int class = -1;
        for (int i = 0; i < 3; i++)
            if (slice_word(word, classes[i]) || (i == 1 && slice_word(word, "replica"))) class = i;
        int64_t hard = 0, soft = 0, seconds = 0;
        struct slice a = {0}, b = {0}, s = {0};
        if (class < 0) return "Invalid client class specified in buffer limit configuration.";
        if (!slice_cut(&rest, ' ', &a) || !slice_cut(&rest, ' ', &b) || !slice_cut(&rest, ' ', &s))
            return "Wrong number of arguments in buffer limit configuration.";
        if (!config_bytes(a, &hard) || !config_bytes(b, &soft) || !slice_i64(s, &seconds) ||
            seconds < 0)
            return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
        c->obuf_hard[class] = hard;
        c->obuf_soft[class] = soft;
        c->obuf_soft_s[class] = seconds;
    }
    char now[400];
    int n = snprintf(
        now, sizeof now, "normal %lld %lld %lld slave %lld %lld %lld pubsub %lld %lld %lld",
        (long long)c->obuf_hard[0], (long long)c->obuf_soft[0], (long long)c->obuf_soft_s[0],
        (long long)c->obuf_hard[1], (long long)c->obuf_soft[1], (long long)c->obuf_soft_s[1],
        (long long)c->obuf_hard[2], (long long)c->obuf_soft[2], (long long)c->obuf_soft_s[2]);
    must(n > 0);
    mem_free(c->output_buffer_limit);
    c->output_buffer_limit = mem_dup(now, (size_t)n + 1);
    return NULL;
}

/* "900 1 300 10": pairs of seconds and changes. */
static const char *set_save(struct config *c, struct slice text)
{
    static const char wrong[] = "Invalid save parameters";
    int64_t s[SAVE_RULES_MAX] = {0};
    int64_t changes[SAVE_RULES_MAX] = {0};
    uint32_t n = 0;
    struct slice rest = slice_trim(text);
    struct slice word = {0};
    struct buf now = {0};
    const char *why = NULL;
    while (why == NULL && slice_cut(&rest, ' ', &word)) {
        if (word.len == 0) continue;
        struct slice second = {0};
        rest = slice_trim(rest);
        if (n == SAVE_RULES_MAX || !slice_cut(&rest, ' ', &second) || !slice_i64(word, &s[n]) ||
            !slice_i64(second, &changes[n]) || s[n] < 1 || changes[n] < 0) {
            why = wrong;
            break;
        }
        buf_addf(&now, "%s%lld %lld", n > 0 ? " " : "", (long long)s[n], (long long)changes[n]);
        n++;
    }
    if (why == NULL) {
        memcpy(c->save_s, s, sizeof s);
        memcpy(c->save_changes, changes, sizeof changes);
        c->save_rules = n;
        mem_free(c->save);
        buf_add_char(&now, '\0');
        c->save = mem_dup(now.p, now.len);
    }
    buf_fini(&now);
    return why;
}

void config_init(struct config *c)
{
    *c = (struct config){0};
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        if (s->kind == TEXT)
            *text_at(c, s) = mem_dup(s->text, strlen(s->text) + 1);
        else
            *number_at(c, s) = s->number;
    }
    (void)set_output_limits(c, slice_of(c->output_buffer_limit));
}

void config_fini(struct config *c)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].kind == TEXT) mem_free(*text_at(c, &settings[i]));
    mem_free(c->file);
    *c = (struct config){0};
}

bool config_bytes(struct slice text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t by;
    } units[] = {{"b", 1},        {"k", 1000},       {"kb", 1024},      {"m", 1000000},
                 {"mb", 1048576}, {"g", 1000000000}, {"gb", 1073741824}};
    size_t digits = 0;
    while (digits < text.len && ((text.p[digits] >= '0' && text.p[digits] <= '9') ||
                                 (digits == 0 && text.p[digits] == '-')))
        digits++;
    int64_t n = 0, by = 0;
    if (!slice_i64(slice_make(text.p, digits), &n)) return false;
    struct slice unit = slice_from(text, digits);
    if (unit.len == 0) by = 1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (slice_word(unit, units[i].unit)) by = units[i].by;
    if (by == 0 || __builtin_mul_overflow(n, by, &n)) return false;
    *out = n;
    return true;
}

static const char *set_number(struct config *c, const struct setting *s, struct slice value)
{
    static _Thread_local char why[160];
    int64_t n = 0;
    bool percent = s->kind == SIZE && s->min < 0 && value.len > 0 && value.p[value.len - 1] == '%';
    if (percent && (!slice_i64(slice_make(value.p, value.len - 1), &n) || n < 0 || n > -s->min))
        return "argument must be a memory or percent value";
    if (s->kind == SIZE && !percent && (!config_bytes(value, &n) || n < 0))
        return s->min < 0 ? "argument must be a memory or percent value"
                          : "argument must be a memory value";
    if (percent) n = -n;
    if (s->kind == INT && !slice_i64(value, &n))
        return "argument couldn't be parsed into an integer";
    if (n < s->min || n > s->max) {
        (void)snprintf(why, sizeof why, "argument must be between %lld and %lld inclusive",
                       (long long)s->min, (long long)s->max);
        return why;
    }
    *number_at(c, s) = n;
    return NULL;
}

static const char *set_enum(struct config *c, const struct setting *s, struct slice value)
{
    static _Thread_local char why[300];
    size_t n = (size_t)snprintf(why, sizeof why, "argument(s) must be one of the following: ");
    for (int64_t i = 0; s->words[i] != NULL; i++) {
        if (slice_word(value, s->words[i])) {
            *number_at(c, s) = i;
            return NULL;
        }
        n += (size_t)snprintf(why + n, sizeof why - n, "%s%s", i > 0 ? ", " : "", s->words[i]);
    }
    return why;
}

static const char *set(struct config *c, const struct setting *s, struct slice value)
{
    switch (s->kind) {
    case INT:
    case SIZE:
        return set_number(c, s, value);
    case ENUM:
        return set_enum(c, s, value);
    case BOOL:
        if (!slice_word(value, "yes") && !slice_word(value, "no"))
            return "argument must be 'yes' or 'no'";
        *number_at(c, s) = slice_word(value, "yes");
        return NULL;
    case TEXT:
        break;
    }
    if (s->offset == AT(output_buffer_limit)) return set_output_limits(c, value);
    if (s->offset == AT(save)) return set_save(c, value);
    char *text = mem_alloc(value.len + 1);
    (void)slice_cstr(value, text, value.len + 1);
    mem_free(*text_at(c, s));
    *text_at(c, s) = text;
    return NULL;
}

const char *config_set(struct config *c, struct slice name, struct slice value, bool at_start)
{
    const struct setting *s = find(name);
    if (s == NULL) return "Unknown option or number of arguments for CONFIG SET";
    if ((s->flags & CONFIG_FIXED) != 0 && !at_start) return "can't set immutable config";
    const char *why = set(c, s, value);
    size_t bit = (size_t)(s - settings);
    if (why == NULL) c->given[bit / 64] |= UINT64_C(1) << (bit % 64);
    return why;
}

bool config_is_default(const struct config *c, struct slice name)
{
    struct config *w = (struct config *)(uintptr_t)c;
    const struct setting *s = find(name);
    if (s == NULL) return false;
    return s->kind == TEXT ? strcmp(*text_at(w, s), s->text) == 0 : *number_at(w, s) == s->number;
}

bool config_given(const struct config *c, struct slice name)
{
    const struct setting *s = find(name);
    size_t bit = s == NULL ? 0 : (size_t)(s - settings);
    return s != NULL && ((c->given[bit / 64] >> (bit % 64)) & 1) != 0;
}

bool config_known(struct slice name)
{
    return find(name) != NULL;
}

bool config_get(const struct config *c, struct slice name, struct buf *out)
{
    struct config *w = (struct config *)(uintptr_t)c;
    const struct setting *s = find(name);
    if (s == NULL) return false;
    switch (s->kind) {
    case TEXT:
        buf_add_cstr(out, *text_at(w, s));
        break;
    case BOOL:
        buf_add_cstr(out, *number_at(w, s) != 0 ? "yes" : "no");
        break;
    case ENUM:
        buf_add_cstr(out, s->words[*number_at(w, s)]);
        break;
    case SIZE:
        if (*number_at(w, s) < 0) { /* a share of something */
            buf_addf(out, "%lld%%", (long long)-*number_at(w, s));
            break;
        }
        buf_add_i64(out, *number_at(w, s));
        break;
    case INT:
        buf_add_i64(out, *number_at(w, s));
        break;
    }
    return true;
}

bool config_same(const struct config *c, struct slice name, struct slice value)
{
    const struct setting *s = find(name);
    if (s == NULL) return false;
    int64_t bytes = 0;
    struct buf now = {0};
    bool same =
        config_get(c, name, &now) && (slice_eq(buf_slice(&now), value) ||
                                      (s->kind != TEXT && slice_ieq(buf_slice(&now), value)) ||
                                      (s->kind == SIZE && config_bytes(value, &bytes) &&
                                       bytes == *number_at((struct config *)(uintptr_t)c, s)));
    buf_fini(&now);
    return same;
}

void config_each(void (*fn)(const char *name, const char *help, uint32_t flags, void *data),
                 void *data)
{
    for (size_t i = 0; i < SETTINGS; i++)
        fn(settings[i].name, settings[i].help, settings[i].flags, data);
}
