#include "options.h"

#include "base/mem.h"
#include "store/engine/words.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { INCLUDE_DEPTH = 8 };

static bool put(struct config *c, struct slice name, struct slice value, const char *where,
                char *why)
{
    struct buf both = {0};
    if (slice_word(name, "save") && slice_trim(value).len > 0) { /* each adds rules; "" ends them */
        (void)config_get(c, name, &both);
        buf_add_char(&both, ' ');
        buf_add_slice(&both, value);
        value = buf_slice(&both);
    }
    const char *no = config_known(name) ? config_set(c, name, value, true) : "unknown setting";
    buf_fini(&both);
    if (no == NULL) return true;
    (void)snprintf(why, OPTIONS_ERROR, "%s: %.*s: %s", where, (int)name.len, name.p, no);
    return false;
}

/* ---- files ---- */

/* All remaining words, joined by single spaces. */
static bool rest_words(struct slice rest, struct buf *value)
{
    struct buf word = {0};
    bool ok = true;
    bool first = true;
    buf_clear(value);
    for (rest = slice_trim(rest); ok && rest.len > 0; rest = slice_trim(rest)) {
        ok = words_next(&rest, &word);
        if (!first) buf_add_char(value, ' ');
        buf_add_slice(value, buf_slice(&word));
        first = false;
    }
    buf_fini(&word);
    return ok;
}

static bool read_file(struct config *c, const char *path, int depth, char *why);

static bool read_line(struct config *c, struct slice line, const char *where, int depth, char *why)
{
    line = slice_trim(line);
    if (line.len == 0 || line.p[0] == '#') return true;
    struct buf name = {0};
    struct buf value = {0};
    bool ok = words_next(&line, &name) && rest_words(line, &value);
    if (!ok) {
        (void)snprintf(why, OPTIONS_ERROR, "%s: unbalanced quotes", where);
    } else if (slice_word(buf_slice(&name), "include")) {
        buf_add_char(&value, '\0');
        ok = read_file(c, value.p, depth + 1, why);
    } else {
        ok = put(c, buf_slice(&name), buf_slice(&value), where, why);
    }
    buf_fini(&name);
    buf_fini(&value);
    return ok;
}

static bool read_all(const char *path, struct buf *out, char *why)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (f == NULL) {
        (void)snprintf(why, OPTIONS_ERROR, "%.300s: %s", path, strerror(errno));
        return false;
    }
    size_t got;
    do {
        got = fread(buf_reserve(out, 4096), 1, 4096, f);
        out->len += got;
    } while (got > 0 && out->len < (16U << 20));
    if (f != stdin) (void)fclose(f);
    return true;
}

static bool read_file(struct config *c, const char *path, int depth, char *why)
{
    if (depth > INCLUDE_DEPTH) {
        (void)snprintf(why, OPTIONS_ERROR, "%.300s: too many includes", path);
        return false;
    }
    struct buf text = {0};
    bool ok = read_all(path, &text, why);
    struct slice rest = buf_slice(&text);
    struct slice line = {0};
    for (int number = 1; ok && slice_cut(&rest, '\n', &line); number++) {
        char where[400];
        (void)snprintf(where, sizeof where, "%.300s:%d", path, number);
        ok = read_line(c, line, where, depth, why);
    }
    buf_fini(&text);
    return ok;
}

bool options_file(struct config *c, const char *path, char *why)
{
    return read_file(c, path, 0, why);
}

/* ---- environment ---- */

static const char env_prefix[] = "HANSOM_STORE_";

/* "HANSOM_STORE_APPENDONLY=yes" -> the setting. Names that are no setting are someone else's. */
static bool read_env(struct config *c, const char *entry, char *why)
{
    const char *equals = strchr(entry, '=');
    if (equals == NULL || strncmp(entry, env_prefix, sizeof env_prefix - 1) != 0) return true;
    char name[64] = "";
    size_t len = (size_t)(equals - entry) - (sizeof env_prefix - 1);
    if (len == 0 || len >= sizeof name) return true;
    for (size_t i = 0; i < len; i++) {
        char ch = entry[sizeof env_prefix - 1 + i];
        name[i] = ch == '_' ? '-' : (char)tolower((unsigned char)ch);
    }
    name[len] = '\0';
    if (config_known(slice_of(name)))
        return put(c, slice_of(name), slice_of(equals + 1), "environment", why);
    if (len <= 5 || strcmp(name + len - 5, "-file") != 0) return true;
    name[len - 5] = '\0';
    if (!config_known(slice_of(name))) return true;
    struct buf text = {0};
    bool ok = read_all(equals + 1, &text, why) &&
              put(c, slice_of(name), slice_trim(buf_slice(&text)), "environment", why);
    buf_fini(&text);
    return ok;
}

/* ---- flags ---- */

static bool is_flag(const char *word)
{
    return strncmp(word, "--", 2) == 0 && word[2] != '\0';
}

/* Reads "--name value..." from argv[i] on; returns where the next flag stands, 0 on error. */
static int read_flag(struct config *c, int argc, char *const *argv, int i, char *why)
{
    const char *name = argv[i] + 2;
    struct buf value = {0};
    const char *equals = strchr(name, '=');
    struct slice key = slice_of(name);
    if (equals != NULL && config_known(slice_make(name, (size_t)(equals - name)))) {
        key.len = (size_t)(equals - name);
        buf_add_cstr(&value, equals + 1);
        i++;
    } else {
        int first = ++i;
        for (; i < argc && (i == first || !is_flag(argv[i])); i++) {
            if (i > first) buf_add_char(&value, ' ');
            buf_add_cstr(&value, argv[i]);
        }
        if (i == first) {
            (void)snprintf(why, OPTIONS_ERROR, "--%.100s needs a value", name);
            return 0;
        }
    }
    bool ok = put(c, key, buf_slice(&value), "flag", why);
    buf_fini(&value);
    return ok ? i : 0;
}

static bool has_flag(int argc, char *const *argv, const char *flag)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], flag) == 0) return true;
    return false;
}

enum options_verdict options_read(struct config *c, int argc, char *const *argv, char *const *env,
                                  char *why)
{
    if (has_flag(argc, argv, "--help") || has_flag(argc, argv, "-h")) return OPTIONS_HELP;
    if (has_flag(argc, argv, "--version") || has_flag(argc, argv, "-v")) return OPTIONS_VERSION;

    int i = 1;
    if (argc > 1 && !is_flag(argv[1])) {
        if (!options_file(c, argv[1], why)) return OPTIONS_BAD_VALUE;
        mem_free(c->file);
        char path[PATH_MAX]; /* the store may be started from anywhere */
        c->file = strcmp(argv[1], "-") == 0 || realpath(argv[1], path) == NULL
                      ? NULL
                      : mem_dup(path, strlen(path) + 1);
        i = 2;
    }
    for (char *const *entry = env; entry != NULL && *entry != NULL; entry++)
        if (!read_env(c, *entry, why)) return OPTIONS_BAD_VALUE;

    bool check = false;
    while (i < argc) {
        if (strcmp(argv[i], "--check-config") == 0) {
            check = true;
            i++;
            continue;
        }
        if (!is_flag(argv[i])) {
            (void)snprintf(why, OPTIONS_ERROR, "%.200s: not a flag", argv[i]);
            return OPTIONS_BAD_FLAG;
        }
        i = read_flag(c, argc, argv, i, why);
        if (i == 0) return OPTIONS_BAD_FLAG;
    }
    return check ? OPTIONS_CHECK : OPTIONS_RUN;
}

static void help_line(const char *name, const char *help, uint32_t flags, void *data)
{
    struct buf *out = data;
    if ((flags & CONFIG_INERT) == 0) buf_addf(out, "  --%-32s %s\n", name, help);
}

void options_help(struct buf *out)
{
    buf_add_cstr(out,
                 "usage: hansom-store [file] [--name value...]...\n\n"
                 "A store that speaks the Redis protocol. Settings, by redis.conf's names:\n\n");
    config_each(help_line, out);
    buf_add_cstr(
        out,
        "\n  --check-config   read everything, say whether it is right, and end\n"
        "  --check DIR      say whether the files in DIR are whole, and end: 0 whole, 1 a torn\n"
        "                   tail, 2 damaged, 3 unreadable or in use\n"
        "  --fix DIR --yes  cut a torn or damaged log there; copies are kept\n"
        "  --version        print the version\n"
        "  --help           print this\n\n"
        "Each may also stand in the file or as HANSOM_STORE_<NAME> in the environment\n"
        "(HANSOM_STORE_<NAME>_FILE: read from that file).\n");
}
