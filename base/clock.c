#include "clock.h"

#include "base/slice.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / 1000;
}

int64_t clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

char *clock_format(int64_t unix_ms, char out[static CLOCK_TEXT])
{
    static const int64_t year_9999_end_ms = 253402300799999;
    if (unix_ms < 0) unix_ms = 0;
    if (unix_ms > year_9999_end_ms) unix_ms = year_9999_end_ms;
    time_t s = (time_t)(unix_ms / 1000);
    struct tm t;
    (void)gmtime_r(&s, &t);
    char day[20];
    (void)strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &t);
    (void)snprintf(out, CLOCK_TEXT, "%.19s.%03uZ", day, (unsigned)(unix_ms % 1000) % 1000U);
    return out;
}

/* Reads exactly n digits at s[*at] and moves on. */
static bool digits(struct slice s, size_t *at, size_t n, int *out)
{
    if (s.len - *at < n) return false;
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        char c = s.p[*at + i];
        if (c < '0' || c > '9') return false;
        v = v * 10 + (c - '0');
    }
    *at += n;
    *out = v;
    return true;
}

static bool byte(struct slice s, size_t *at, char want)
{
    if (*at >= s.len || s.p[*at] != want) return false;
    (*at)++;
    return true;
}

/* Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's days_from_civil). */
static int64_t days(int y, int m, int d)
{
    y -= m <= 2;
    int era = y / 400;
    int yoe = y - era * 400;
    int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (int64_t)era * 146097 + doe - 719468;
}

static bool fraction(struct slice s, size_t *at, int *ms)
{
    *ms = 0;
    if (!byte(s, at, '.')) return true;
    int scale = 100;
    size_t from = *at;
    while (*at < s.len && s.p[*at] >= '0' && s.p[*at] <= '9') {
        *ms += (s.p[*at] - '0') * scale;
        scale /= 10;
        (*at)++;
    }
    return *at > from && *at - from <= 9;
}

static bool offset(struct slice s, size_t *at, int *minutes)
{
    *minutes = 0;
    if (byte(s, at, 'Z') || byte(s, at, 'z')) return true;
    int sign = byte(s, at, '-') ? -1 : byte(s, at, '+') ? 1 : 0;
    int h = 0;
    int m = 0;
    if (sign == 0 || !digits(s, at, 2, &h) || !byte(s, at, ':') || !digits(s, at, 2, &m))
        return false;
    if (h > 23 || m > 59) return false;
    *minutes = sign * (h * 60 + m);
    return true;
}

static int month_days(int y, int m)
{
    static const int of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return of[m - 1] + (m == 2 && leap);
}

int clock_parse(struct slice text, int64_t *unix_ms)
{
    size_t at = 0;
    int y = 0, mo = 0, d = 0, h = 0, mi = 0, sec = 0, ms = 0, off = 0;
    if (!digits(text, &at, 4, &y) || !byte(text, &at, '-') || !digits(text, &at, 2, &mo) ||
        !byte(text, &at, '-') || !digits(text, &at, 2, &d))
        return -1;
    if (!byte(text, &at, 'T') && !byte(text, &at, 't') && !byte(text, &at, ' ')) return -1;
    if (!digits(text, &at, 2, &h) || !byte(text, &at, ':') || !digits(text, &at, 2, &mi) ||
        !byte(text, &at, ':') || !digits(text, &at, 2, &sec))
        return -1;
    if (!fraction(text, &at, &ms) || !offset(text, &at, &off) || at != text.len) return -1;
    if (y < 1970 || mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo)) return -1;
    if (h > 23 || mi > 59 || sec > 60) return -1;
    *unix_ms = ((days(y, mo, d) * 24 + h) * 60 + mi - off) * 60000 + sec * INT64_C(1000) + ms;
    return 0;
}
