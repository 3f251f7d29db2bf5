/* expr: expressions over the fields of a document: APPLY, FILTER, and the FILTER of FT.CREATE.
 *
 *    any     = all { "||" all }
 *    all     = compare { "&&" compare }
 *    compare = sum [ ( == | != | < | <= | > | >= ) sum ]
 *    sum     = product { ( "+" | "-" ) product }
 *    product = power { ( "*" | "/" | "%" ) power }
 *    power   = one [ "^" power ]
 *    one     = ( "!" | "-" ) one | "(" any ")" | number | 'text' | "text" | "@" name | NULL
 *            | function "(" [ any { "," any } ] ")"
 *
 * What cannot be computed is null: arithmetic with a text that is no number, a field that is not
 * there, a time that is none. Null is not true; a comparison with it holds only between two nulls
 * (==) or of one (!=). Texts and numbers compare as numbers when the text is one, else as texts.
 *
 * Cost:    a walk over the tree a row. Text, depth, parts and the texts made are limited.
 * Owner:   a tree is the arena's it was parsed into and refers to no text outside it.
 */
#ifndef HANSOM_STORE_SEARCH_EXPR_H
#define HANSOM_STORE_SEARCH_EXPR_H

#include "store/search/value.h"

enum {
    EXPR_BYTES_MAX = 1 << 14,
    EXPR_DEPTH_MAX = 48,
    EXPR_NODES_MAX = 1024,
    EXPR_TEXT_MAX = 1 << 20, /* bytes of a text that a function makes */
    EXPR_LIST_MAX = 1 << 14  /* items that split makes */
};

struct expr;

/* What an expression may look at while it is evaluated. */
struct expr_row {
    /* The value of a name, as it stands behind "@". */
    struct search_value (*get)(void *data, struct slice name);
    void *data;
    struct arena *arena; /* for what is made */
};

/* Parses; NULL with *error, an error line of the arena that says where. */
struct expr *expr_parse(struct slice text, struct arena *arena, const char **error);

struct search_value expr_eval(const struct expr *e, const struct expr_row *row);

/* Whether a value counts as true: a number but 0, a text or list that is not empty. */
bool expr_is_true(struct search_value v);

/* Calls fn with each name it mentions, perhaps several times; false stops, and is returned. */
bool expr_names(const struct expr *e, bool (*fn)(void *data, struct slice name), void *data);

/* A value as text: a whole number in digits, another with 12 of them, a list as its items in
 * brackets; null is empty. Borrowed or of the arena. */
struct slice expr_text(struct search_value v, struct arena *arena);

#endif
