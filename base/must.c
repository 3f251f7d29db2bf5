#include "must.h"

#include <stdio.h>
#include <stdlib.h>

void must_fail(const char *cond, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: must(%s) does not hold\n", file, line, cond);
    abort();
}
