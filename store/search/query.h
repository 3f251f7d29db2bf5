/* query: the query language of FT.SEARCH and FT.AGGREGATE: text to a tree.
 *
 *    query   = any [ "=>" "[" "KNN" count "@" name "$" param { word value } "]" [ attributes ] ]
 *    any     = all { "|" all }                       in dialect 1 "|" binds closer than a space
 *    all     = part { part }
 *    part    = "-" part | "~" part | one [ "=>" "{" { "$" word ":" value ";" } "}" ]
 *    one     = "(" any ")" | "*" | '"' words '"' | word | word"*" | "*"word | "*"word"*"
 *            | "%"word"%" (up to "%%%") | "w'" pattern "'" | "$" param
 *            | "@" name { "|" name } ":" ( one | numbers | tags | place | vectors )
 *    numbers = "[" [ "(" ] number [ "(" ] number "]"
 *    tags    = "{" tag { "|" tag } "}"
 *    place   = "[" lon lat radius ( m | km | mi | ft ) "]"
 *    vectors = "[" "VECTOR_RANGE" radius "$" param "]"
 *
 * A number, tag, word or vector may be a "$" param. A backslash takes the sign behind it for a
 * letter. Strangers' text: length, depth and parts are limited.
 *
 * Owner: a tree is the arena's it was parsed into, as long as the schema does not change.
 */
#ifndef HANSOM_STORE_SEARCH_QUERY_H
#define HANSOM_STORE_SEARCH_QUERY_H

#include "base/buf.h"
#include "store/search/text.h"

enum { QUERY_BYTES_MAX = 1 << 16, QUERY_DEPTH_MAX = 48, QUERY_NODES_MAX = 4096 };

enum query_kind {
    QUERY_NONE, /* nothing matches */
    QUERY_ALL,
    QUERY_AND,
    QUERY_OR,
    QUERY_NOT,
    QUERY_OPTIONAL,
    QUERY_EXACT, /* children one behind the other */
    QUERY_TERM,
    QUERY_PREFIX,
    QUERY_SUFFIX,
    QUERY_INFIX,
    QUERY_FUZZY,
    QUERY_GLOB, /* w'...' */
    QUERY_NUMERIC,
    QUERY_TAG, /* children: TERM, PREFIX, SUFFIX, INFIX, GLOB */
    QUERY_GEO,
    QUERY_KNN, /* child: which documents count */
    QUERY_VECTOR_RANGE,
    QUERY_KEYS /* INKEYS */
};

/* Fields that a node is about, by their numbers. */
struct query_fields {
    const uint16_t *number; /* the arena's */
    uint32_t n;
    bool all; /* none was named: all that are TEXT */
};

struct query_node {
    enum query_kind kind;
    struct query_node **child;
    uint32_t child_count;
    struct query_fields fields; /* of words: TEXT fields; of the other leaves: one field */
    double weight;              /* 1 unless said */
    int64_t slop;               /* AND: words that may stand between; -1: does not matter */
    bool in_order;              /* AND */
    bool expanded;              /* TERM: not written by the user, but a stem */
    struct slice text;          /* words and parts of words */
    uint32_t distance;          /* FUZZY: 1 to 3 */
    double min, max;            /* NUMERIC */
    bool min_open, max_open;
    double lon, lat, radius;  /* GEO: radius in `unit`; VECTOR_RANGE: radius */
    double radius_m;          /* GEO */
    const char *unit;         /* GEO: as written */
    uint64_t k;               /* KNN */
    struct slice vector;      /* KNN, VECTOR_RANGE: the floats */
    struct slice param;       /* of the same: the parameter's name, for EXPLAIN */
    struct slice distance_as; /* of the same: what the distance is called in results, or empty */
    uint64_t ef_runtime;      /* KNN: 0 unless said */
    double epsilon;           /* VECTOR_RANGE: negative unless said */
    const struct slice *keys; /* KEYS */
    uint32_t key_count;
};

struct query_param {
    struct slice name, value;
};

struct query_options {
    const struct schema *schema;
    struct text_tools *tools;
    int language;   /* of the query's words */
    int dialect;    /* 1 to 4; above 1 they are the same */
    bool verbatim;  /* no stems */
    bool stopwords; /* NOSTOPWORDS: stop words count */
    const struct query_param *params;
    uint32_t param_count;
    struct query_fields in; /* INFIELDS: where words are looked for unless said; n 0 with all */
};

/* The tree of a query, or NULL with *error, an error line of the arena that says where. */
struct query_node *query_parse(struct slice text, const struct query_options *o,
                               struct arena *arena, const char **error);

/* Whether a vector part of the tree calls its distances by this name. */
bool query_yields(const struct query_node *root, struct slice name);

/* A node that matches where both do; for filters given beside the query. Either may be NULL. */
struct query_node *query_and(struct query_node *a, struct query_node *b, struct arena *arena);

/* Metres of a unit of distance (m, km, mi, ft, in any case); 0 when it is none. */
double query_unit_m(struct slice unit);

/* Adds the tree as FT.EXPLAIN shows it. */
void query_explain(const struct query_node *root, const struct schema *s, struct buf *out);

#endif
