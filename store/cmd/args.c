#include "args.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

void args_fail(struct args *a, const char *line)
{
    if (a->error == NULL) a->error = line;
}

void args_syntax(struct args *a)
{
    args_fail(a, err_text(ERR_SYNTAX));
}

void args_slice(struct args *a, struct slice *out)
{
    if (a->error != NULL) return;
    if (a->at >= a->argc) {
        args_syntax(a);
        return;
    }
    *out = a->argv[a->at++];
}

void args_key(struct args *a, struct slice *out)
{
    args_slice(a, out);
}

void args_range(struct args *a, int64_t min, int64_t max, const char *error, int64_t *out)
{
    struct slice s = {0};
    int64_t n = 0;
    args_slice(a, &s);
    if (a->error != NULL) return;
    if (!slice_i64(s, &n))
        args_fail(a, err_text(ERR_NOT_INT));
    else if (n < min || n > max)
        args_fail(a, error != NULL ? error : err_text(ERR_NOT_INT));
    else
        *out = n;
}

void args_int(struct args *a, int64_t *out)
{
    args_range(a, INT32_MIN, INT32_MAX,
               "ERR value is out of range, value must between -2147483648 and 2147483647", out);
}

void args_i64(struct args *a, int64_t *out)
{
    args_range(a, INT64_MIN, INT64_MAX, NULL, out);
}

void args_u32(struct args *a, uint32_t min, uint32_t max, uint32_t *out)
{
    int64_t n = 0;
    args_range(a, min, max, NULL, &n);
    if (a->error == NULL) *out = (uint32_t)n;
}

void args_double_or(struct args *a, const char *error, double *out)
{
    struct slice s = {0};
    double d = 0;
    args_slice(a, &s);
    if (a->error != NULL) return;
    if (!slice_double(s, &d))
        args_fail(a, error);
    else
        *out = d;
}

void args_double(struct args *a, double *out)
{
    args_double_or(a, err_text(ERR_NOT_FLOAT), out);
}

void args_timeout(struct args *a, int64_t *out_ms)
{
    double seconds = 0;
    args_double_or(a, "ERR timeout is not a float or out of range", &seconds);
    if (a->error != NULL) return;
    double ms = ceil(seconds * 1000);
    if (seconds < 0 || !(ms < 9.2e18)) /* Redis 7.0 has no other word for one too long */
        args_fail(a, "ERR timeout is negative");
    else
        *out_ms = (int64_t)ms;
}

bool args_parse_decimal(struct slice s, long double *out)
{
    char text[5 * 1024]; /* the longest number as Redis has it */
    if (s.len == 0 || s.len >= sizeof text || isspace((unsigned char)s.p[0])) return false;
    (void)slice_cstr(s, text, sizeof text);
    char *end = NULL;
    errno = 0;
    long double d = strtold(text, &end);
    if (end != text + s.len || isnan(d)) return false;
    if (errno == ERANGE && (isinf(d) || fpclassify(d) == FP_ZERO)) return false;
    *out = d;
    return true;
}

bool args_maybe(struct args *a, const char *word)
{
    if (a->error != NULL || a->at >= a->argc) return false;
    if (!slice_word(a->argv[a->at], word)) return false;
    a->at++;
    return true;
}

void args_word(struct args *a, const char *word)
{
    if (a->error == NULL && !args_maybe(a, word)) args_syntax(a);
}

bool args_check(struct args *a, struct reply *r)
{
    if (a->error == NULL) return true;
    reply_error(r, a->error);
    return false;
}

bool args_end(struct args *a, struct reply *r)
{
    if (a->at < a->argc) args_syntax(a);
    return args_check(a, r);
}
