/* jpath_inside: what the parts of jpath tell each other: jpath.c reads paths, jpath_find.c asks
 * them of documents. */
#ifndef HANSOM_STORE_DS_JPATH_INSIDE_H
#define HANSOM_STORE_DS_JPATH_INSIDE_H

#include "store/ds/jpath.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum step_kind { STEP_NAMES, STEP_NUMBERS, STEP_SLICE, STEP_ALL, STEP_FILTER };

struct jpath_step {
    enum step_kind kind;
    bool deep; /* asked of each value below, too */
    uint32_t count;
    struct slice *names;   /* NAMES: count of them, in the arena */
    int64_t *numbers;      /* NUMBERS: count of them; below 0 from the end */
    int64_t from, to, by;  /* SLICE: INT64_MIN where not said */
    struct filter *filter; /* FILTER */
};

struct jpath_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    struct jpath_regex *next; /* of all of a path */
};

enum term_kind { TERM_HERE, TERM_ROOT, TERM_VALUE };

struct term {
    enum term_kind kind;
    struct jpath_step *steps; /* HERE, ROOT */
    uint32_t count;
    struct slice value; /* VALUE: a jdoc value */
};

enum filter_kind {
    FILTER_AND,
    FILTER_OR,
    FILTER_NOT,
    FILTER_EXISTS,
    FILTER_EQ,
    FILTER_NE,
    FILTER_LT,
    FILTER_LE,
    FILTER_GT,
    FILTER_GE,
    FILTER_MATCH
};

struct filter {
    enum filter_kind kind;
    struct filter *left, *right; /* AND, OR; NOT has left only */
    struct term a, b;            /* the others; EXISTS has a only */
    struct jpath_regex *regex;   /* MATCH with a literal; NULL when b is a path */
};

/* A compiled pattern, or NULL when it is none. The caller owns it. */
struct jpath_regex *jpath_regex_new(struct slice pattern);
void jpath_regex_free(struct jpath_regex *r);

#endif
