#include "slice.h"

#include "base/must.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool slice_ieq(struct slice a, struct slice b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower(b.p[i])) return false;
    return true;
}

size_t slice_find(struct slice s, char c)
{
    const char *at = s.len == 0 ? NULL : memchr(s.p, c, s.len);
    return at == NULL ? s.len : (size_t)(at - s.p);
}

bool slice_cut(struct slice *s, char sep, struct slice *head)
{
    if (s->len == 0) return false;
    size_t at = slice_find(*s, sep);
    *head = (struct slice){s->p, at};
    *s = slice_from(*s, at == s->len ? at : at + 1);
    return true;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && blank(s.p[0]))
        s = slice_from(s, 1);
    while (s.len > 0 && blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

bool slice_u64(struct slice s, uint64_t *out)
{
    if (s.len == 0 || s.len > 20) return false;
    must(s.p != NULL);
    if (s.p[0] == '0' && s.len > 1) return false;

    uint64_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (n > (UINT64_MAX - digit) / 10) return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool slice_i64(struct slice s, int64_t *out)
{
    bool minus = s.len > 0 && s.p[0] == '-';
    uint64_t n = 0;
    if (!slice_u64(minus ? slice_from(s, 1) : s, &n)) return false;
    if (minus && n == 0) return false; /* "-0" */
    if (n > (uint64_t)INT64_MAX + (minus ? 1 : 0)) return false;
    *out = minus ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

/* Adds the digits at p to *n; returns where they end. */
static inline const char *digits(const char *p, const char *end, uint64_t *n)
{
    uint64_t sum = *n;
    for (; p < end; p++) {
        uint64_t digit = (uint64_t)(unsigned char)*p - '0';
        if (digit > 9) break;
        sum = sum * 10 + digit;
    }
    *n = sum;
    return p;
}

/* The value of the last n digits of s, 1 to 8, which are all in its last 8 bytes: the pairs, then
 * the fours, then the eight are joined in one word. False when one is no digit. */
static inline bool last_digits(struct slice s, size_t n, uint64_t *out)
{
    const uint64_t zeros = 0x3030303030303030U;
    uint64_t v = 0;
    memcpy(&v, s.p + s.len - 8, 8);
    uint64_t keep = ~(uint64_t)0 << (64 - 8 * n);
    v = ((v & keep) | (zeros & ~keep)) ^ zeros;
    if (((v | (v + 0x0606060606060606U)) & 0xf0f0f0f0f0f0f0f0U) != 0) return false;
    v = v * 10 + (v >> 8);
    v = (((v & 0x000000ff000000ffU) * 0x000f424000000064U) +
         ((v >> 16 & 0x000000ff000000ffU) * 0x0000271000000001U)) >>
        32;
    *out = v;
    return true;
}

/* Plain decimals of up to 15 digits, which is nearly all there is: digits and power of ten are
 * exact doubles then, and so are their products and sums, so one division rounds as strtod does.
 * False: not of this form. */
static inline bool decimal(struct slice s, double *out)
{
    static const double power[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    if (s.len > 17) return false;
    const char *end = s.p + s.len;
    const char *from = s.p[0] == '-' || s.p[0] == '+' ? s.p + 1 : s.p;
    uint64_t n = 0;
    const char *p = digits(from, end, &n);
    size_t count = (size_t)(p - from);
    size_t behind = 0;
    uint64_t rest = 0;
    if (p < end && *p == '.') {
        from = p + 1;
        behind = (size_t)(end - from);
        if (behind >= 1 && behind <= 8 && s.len >= 8 && last_digits(s, behind, &rest)) {
            p = end;
        } else {
            p = digits(from, end, &rest);
            behind = (size_t)(p - from);
        }
        count += behind;
    }
    if (p != end || count == 0 || count > 15) return false;
    double d = ((double)(int64_t)n * power[behind] + (double)(int64_t)rest) / power[behind];
    *out = s.p[0] == '-' ? -d : d;
    return true;
}

/* Whatever else strtod reads. Apart, so that plain decimals need no room for its text. */
static __attribute__((noinline)) bool any_double(struct slice s, double *out)
{
    char text[64];
    char *heap = NULL;
    if (s.len > 4096 || blank(s.p[0]) || memchr(s.p, '\0', s.len) != NULL) return false;
    if (s.len >= sizeof text) heap = malloc(s.len + 1);
    char *z = heap != NULL ? heap : text;
    memcpy(z, s.p, s.len);
    z[s.len] = '\0';

    char *end = NULL;
    errno = 0;
    double d = strtod(z, &end);
    bool whole = end == z + s.len;
    bool range = errno == ERANGE && (d == HUGE_VAL || d == -HUGE_VAL || d == 0);
    free(heap);
    if (!whole || range || isnan(d)) return false;
    *out = d;
    return true;
}

bool slice_double(struct slice s, double *out)
{
    if (s.len == 0) return false;
    return decimal(s, out) || any_double(s, out);
}

/* Matches the class after '[' at p[*at] against c, and moves *at behind its ']'. */
static bool glob_class(struct slice p, size_t *at, char c, bool nocase)
{
    size_t i = *at + 1;
    bool negated = i < p.len && p.p[i] == '^';
    bool hit = false;
    if (negated) i++;
    if (nocase) c = lower(c);

    for (; i < p.len && p.p[i] != ']'; i++) {
        char lo = p.p[i];
        if (lo == '\\' && i + 1 < p.len) lo = p.p[++i];
        char hi = lo;
        if (i + 2 < p.len && p.p[i + 1] == '-') {
            hi = p.p[i + 2];
            i += 2;
        }
        if (lo > hi) {
            char swap = lo;
            lo = hi;
            hi = swap;
        }
        if (nocase) {
            lo = lower(lo);
            hi = lower(hi);
        }
        if (c >= lo && c <= hi) hit = true;
    }
    *at = i < p.len ? i + 1 : p.len;
    return hit != negated;
}

bool slice_glob(struct slice p, struct slice s, bool nocase)
{
    size_t i = 0;
    size_t j = 0;
    size_t star = SIZE_MAX; /* pattern index behind the last star */
    size_t star_j = 0;      /* where in s that star's match ends for now */

    while (true) {
        bool ok = false;
        size_t next = i;
        if (i < p.len && p.p[i] == '*') {
            star = ++i;
            star_j = j;
            continue;
        }
        if (j == s.len) {
            if (i == p.len) return true;
        } else if (i < p.len) {
            char c = p.p[i];
            if (c == '?') {
                ok = true;
                next = i + 1;
            } else if (c == '[') {
                ok = glob_class(p, &next, s.p[j], nocase);
            } else {
                if (c == '\\' && i + 1 < p.len) c = p.p[++next];
                ok = nocase ? lower(c) == lower(s.p[j]) : c == s.p[j];
                next++;
            }
        }
        if (ok) {
            i = next;
            j++;
            continue;
        }
        if (star == SIZE_MAX || star_j >= s.len) return false;
        i = star;
        j = ++star_j;
    }
}

char *slice_cstr(struct slice s, char *out, size_t size)
{
    must(size > 0);
    size_t n = s.len < size - 1 ? s.len : size - 1;
    if (n > 0) memcpy(out, s.p, n);
    out[n] = '\0';
    return out;
}

bool slice_eq_secret(struct slice a, struct slice b)
{
    if (a.len != b.len) return false;
    unsigned char diff = 0;
    for (size_t i = 0; i < a.len; i++)
        diff |= (unsigned char)(a.p[i] ^ b.p[i]);
    return diff == 0;
}
