/* resp_text: whether bytes are whole replies, for fuzzers. */
#ifndef HANSOM_TESTS_FUZZ_RESP_TEXT_H
#define HANSOM_TESTS_FUZZ_RESP_TEXT_H

#include "base/slice.h"

/* One value at *rest, which is moved behind it; false when it is not one. */
static inline bool resp_text_value(struct slice *rest, int depth)
{
    struct slice line = {0};
    int64_t n = 0;
    if (depth > 10000 || rest->len < 3 || !slice_cut(rest, '\n', &line) || line.len < 2 ||
        line.p[line.len - 1] != '\r')
        return false;
    char kind = line.p[0];
    line = slice_make(line.p + 1, line.len - 2);
    switch (kind) {
    case '+':
    case '-':
    case '_':
    case '#':
    case ',':
    case '(':
        return true;
    case ':':
        return slice_i64(line, &n);
    case '$':
    case '=':
        if (!slice_i64(line, &n) || n < -1) return false;
        if (n < 0) return true;
        if (rest->len < (size_t)n + 2 || rest->p[n] != '\r' || rest->p[n + 1] != '\n') return false;
        *rest = slice_from(*rest, (size_t)n + 2);
        return true;
    case '*':
    case '~':
    case '>':
    case '%':
        if (!slice_i64(line, &n) || n < -1) return false;
        for (int64_t i = kind == '%' ? 2 * n : n; i > 0; i--)
            if (!resp_text_value(rest, depth + 1)) return false;
        return true;
    default:
        return false;
    }
}

static inline bool resp_is_whole(struct slice text)
{
    while (text.len > 0)
        if (!resp_text_value(&text, 0)) return false;
    return true;
}

#endif
