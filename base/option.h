/* option: the settings of a program, from flags over environment over file over default.
 *
 * A program declares them in a table, options.def, one line each:
 *
 *     OPT(offer_ms, "offer-timeout", DURATION, "15s", 1000, 120000, "Time to answer an offer.")
 *
 * and makes from it a struct of values and a table of specs:
 *
 *     struct x_options {
 *     #define OPT OPTION_FIELD
 *     #include "services/x/options.def"
 *     #undef OPT
 *     };
 *     static const struct option_spec specs[] = {
 *     #define OPT(field, ...) OPTION_SPEC(struct x_options, field, __VA_ARGS__)
 *     #include "services/x/options.def"
 *     #undef OPT
 *     };
 *
 * --offer-timeout 20s (or =20s) is HANSOM_OFFER_TIMEOUT in the environment and
 * `offer-timeout 20s` in the file that --config names (# starts a comment). A SECRET or a
 * STR may also come as --x-file PATH, HANSOM_X_FILE or `x-file PATH`: the file's content
 * without the line end. A BOOL flag needs no value; --no-x turns it off.
 *
 * Types and their fields: STR, PATH, SECRET -> const char * (never NULL, "" when unset);
 * BOOL -> bool; INT, PORT, SIZE (bytes; k, m, g), DURATION (milliseconds; ms, s, m, h, d;
 * a bare number is seconds) -> int64_t; REAL -> double. min and max bound numbers (in the
 * field's unit) and the length of texts; 0, 0 leaves them free.
 *
 * Owner: the strings belong to the option_set until option_fini.
 */
#ifndef HANSOM_BASE_OPTION_H
#define HANSOM_BASE_OPTION_H

#include "base/buf.h"

enum option_type {
    OPTION_STR,
    OPTION_PATH,
    OPTION_SECRET,
    OPTION_BOOL,
    OPTION_INT,
    OPTION_PORT,
    OPTION_SIZE,
    OPTION_DURATION,
    OPTION_REAL
};

typedef const char *option_text;
#define OPTION_C_STR      option_text
#define OPTION_C_PATH     option_text
#define OPTION_C_SECRET   option_text
#define OPTION_C_BOOL     bool
#define OPTION_C_INT      int64_t
#define OPTION_C_PORT     int64_t
#define OPTION_C_SIZE     int64_t
#define OPTION_C_DURATION int64_t
#define OPTION_C_REAL     double

struct option_spec {
    const char *name;
    enum option_type type;
    const char *standard; /* the default, as one would type it */
    double min, max;
    const char *help;
    size_t offset; /* of the value in the struct of values */
};

#define OPTION_FIELD(field, name, type, ...) OPTION_C_##type field;
#define OPTION_SPEC(owner, field, name, type, standard, min, max, help)                            \
    {(name), OPTION_##type, (standard), (min), (max), (help), offsetof(owner, field)},

/* One table and where its values go. */
struct option_group {
    const char *title; /* a heading in --help */
    const struct option_spec *specs;
    size_t count;
    void *values; /* the struct that the specs' offsets point into */
};

struct option_set {
    const char *program;  /* "hansom-pricing" */
    const char *summary;  /* one line for --help */
    const char *operands; /* e.g. "COMMAND [ARG…]"; NULL: operands are an error */
    const struct option_group *groups;
    size_t groups_count;

    /* Set by option_parse. */
    const char **args; /* owned array of operands, borrowed from argv; NULL ends it */
    size_t args_count;
    struct option_owned *owned; /* owned texts */
};

enum option_result {
    OPTION_OK,
    OPTION_DONE,      /* --help, --version or --options was answered on stdout: exit 0 */
    OPTION_CHECK,     /* --check-config: the caller checks what it can, says so, exits 0 */
    OPTION_BAD_USAGE, /* a wrong flag: exit 64 */
    OPTION_BAD_CONFIG /* a wrong variable, file or secret file: exit 78 */
};

/* Fills in all values. On OPTION_BAD_* *why is one line without a line end, which names the
 * option, where the value came from and what would be right (never the value of a SECRET).
 * argv[0] is skipped; "--" ends the flags. Values are complete (defaults) in every case. */
enum option_result option_parse(struct option_set *set, int argc, char **argv, struct buf *why);

/* Reads the --config file and environment again, for SIGHUP: values of the named option only
 * are replaced. False and *why on a wrong value, which then changes nothing. */
bool option_reload(struct option_set *set, const char *name, struct buf *why);

/* Appends "name value" lines of all options in force, secrets as "(set)" or "(unset)". */
void option_dump(const struct option_set *set, struct buf *out);

void option_fini(struct option_set *set);

/* Readers of one value each, for other parsers: false on anything else. */
bool option_read_duration(struct slice s, int64_t *ms);
bool option_read_size(struct slice s, int64_t *bytes);
bool option_read_bool(struct slice s, bool *out);

#endif
