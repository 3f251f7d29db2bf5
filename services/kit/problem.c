#include "problem.h"

#include "base/must.h"

static const struct problem_info infos[PROBLEM_COUNT] = {
#define PROBLEM(id, code, status, retry, title)                                                    \
    [PROBLEM_##id] = {(code), (status), (retry), (title)},
#include "services/kit/problem.def"
#undef PROBLEM
};

const struct problem_info *problem_info(enum problem p)
{
    must((size_t)p < PROBLEM_COUNT);
    return &infos[p];
}

bool problem_of_code(struct slice code, enum problem *out)
{
    for (int i = 0; i < PROBLEM_COUNT; i++) {
        if (!slice_is(code, infos[i].code)) continue;
        *out = (enum problem)i;
        return true;
    }
    return false;
}
