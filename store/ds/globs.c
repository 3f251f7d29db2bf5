#include "globs.h"

/* Whether the last star stands for anything, and is not a letter of a [class] or behind a backslash. */
static bool ends_with_star(struct slice p)
{
    bool brackets = false, backslashes = false, open = false;
    for (size_t i = 0; i + 1 < p.len; i++) {
        if (p.p[i] == '[') brackets = open = true;
        if (p.p[i] == ']') open = false;
        if (p.p[i] == '\\') backslashes = true;
    }
    if (p.len == 0 || p.p[p.len - 1] != '*' || open || (brackets && backslashes)) return false;
    size_t before = 0;
    while (before + 1 < p.len && p.p[p.len - 2 - before] == '\\')
        before++;
    return before % 2 == 0;
}

bool glob_covers(struct slice pattern, struct slice prefix)
{
    return ends_with_star(pattern) && slice_glob(pattern, prefix, false);
}
