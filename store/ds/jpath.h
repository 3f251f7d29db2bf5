/* jpath: JSONPath, compiled once and asked of documents.
 *
 * Why: `$.vehicle.seats`, `$..price`, `$.trips[-1:]`, `$.drivers[?(@.rating >= 4.8 && @.online)]`:
 * the language clients of RedisJSON speak, and its older form without `$` that names one value.
 *
 *    path    = "$" step* | [ "." ] name step* | "."
 *    step    = [ ".." ] ( "." name | ".*" | "[" inside "]" )      after ".." the "." is left out
 *    inside  = string { "," string } | number { "," number } | [n] ":" [n] [ ":" n ] | "*"
 *            | "?" filter
 *    filter  = test { ( "&&" | "||" ) test }                      && binds closer
 *    test    = "!" test | "(" filter ")" | term [ op term ]       a term alone: it exists
 *    op      = == != < <= > >= =~                                 =~ takes a regular expression
 *    term    = "@" step* | "$" step* | number | string | true | false | null
 *
 * Cost:    a step looks at the children of what it got; ".." at all below. What a path may find
 *          and how often it may be nested is limited, so that no stranger's path runs away.
 * Owner:   a path lives in an arena. Regular expressions are freed by jpath_fini.
 * From:    S. Goessner, "JSONPath" (2007); RFC 9535 where it agrees with RedisJSON.
 */
#ifndef HANSOM_STORE_DS_JPATH_H
#define HANSOM_STORE_DS_JPATH_H

#include "store/ds/jdoc.h"

enum {
    JPATH_TEXT_MAX = 16384,
    JPATH_STEPS_MAX = 256,
    JPATH_NESTING_MAX = 32,
    JPATH_FOUND_MAX = 1 << 20,
    JPATH_VISITS_MAX = 1 << 26 /* values looked at, filters included */
};

struct jpath_step;

struct jpath {
    struct slice text;        /* as it came */
    bool legacy;              /* the older form: names one value */
    struct jpath_step *steps; /* in the arena */
    uint32_t count;
    struct jpath_regex *regexes; /* owned; a list */
};

/* Reads a path; false when it makes no sense, with *error static and *at the byte. */
bool jpath_compile(struct slice text, struct arena *arena, struct jpath *out, const char **error,
                   size_t *at);
void jpath_fini(struct jpath *p);

/* The document itself. */
bool jpath_is_root(const struct jpath *p);

/* Whether it can name one value at most: names and single numbers only. */
bool jpath_is_static(const struct jpath *p);

/* Of a static path that is not the root: its last step, a name or else a number. */
bool jpath_last_name(const struct jpath *p, struct slice *name);

/* Values by their offset, in the order the path finds them; in the arena. */
struct jpath_found {
    uint32_t *at;
    uint32_t count;
};

/* All values of the document that the path names; with `steps_less` as if its last steps were not
 * there. False when there are more than JPATH_FOUND_MAX on the way, or when it takes more than
 * JPATH_VISITS_MAX. */
bool jpath_find(const struct jpath *p, uint32_t steps_less, struct slice doc, struct arena *arena,
                struct jpath_found *out);

#endif
