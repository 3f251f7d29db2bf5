/* expr_inside: the tree of an expression, shared by what parses and what evaluates it. */
#ifndef HANSOM_STORE_SEARCH_EXPR_INSIDE_H
#define HANSOM_STORE_SEARCH_EXPR_INSIDE_H

#include "store/search/expr.h"

enum expr_kind {
    EXPR_VALUE,
    EXPR_NAME,
    EXPR_NOT,
    EXPR_MINUS,
    EXPR_OR,
    EXPR_AND,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_MUL,
    EXPR_DIV,
    EXPR_MOD,
    EXPR_POW,
    EXPR_CALL
};

enum { EXPR_ARGS_MAX = 64 };

struct expr_function {
    const char *name;
    uint8_t min, max; /* arguments */
    /* Gives null when it cannot be computed. args has count values, evaluated. */
    struct search_value (*run)(const struct search_value *args, uint32_t count,
                               struct arena *arena);
};

/* The function of this name, in any case, or NULL. */
const struct expr_function *expr_function_find(struct slice name);

struct expr {
    enum expr_kind kind;
    uint32_t count;                /* operands */
    struct search_value value;     /* VALUE */
    struct slice name;             /* NAME */
    const struct expr_function *f; /* CALL; NULL for `case`, which leaves one branch alone */
    struct expr **of;              /* operands, in order */
};

#endif
