/* problem: the errors of the HTTP API, from the table problem.def. */
#ifndef HANSOM_KIT_PROBLEM_H
#define HANSOM_KIT_PROBLEM_H

#include "base/buf.h"

enum problem {
#define PROBLEM(id, code, status, retry, title) PROBLEM_##id,
#include "services/kit/problem.def"
#undef PROBLEM
    PROBLEM_COUNT
};

struct problem_info {
    const char *code; /* "stale_lease" */
    int status;       /* HTTP */
    bool retry;       /* whether the same request may succeed later */
    const char *title;
};

const struct problem_info *problem_info(enum problem p);

/* The problem with this code: how a code that a lifecycle function returned becomes an
 * answer. False when there is none. */
bool problem_of_code(struct slice code, enum problem *out);

#endif
