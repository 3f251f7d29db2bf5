#include "local_day.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ZONE_TEXT = 64 };

static void zone_set(struct slice zone)
{
    static char known[ZONE_TEXT];
    if (slice_is(zone, known)) return;
    (void)slice_cstr(zone, known, sizeof known);
    (void)setenv("TZ", known, 1);
    tzset();
}

static struct local_day texts_of(const struct tm *tm)
{
    struct local_day d = {0};
    (void)strftime(d.day, sizeof d.day, "%Y%m%d", tm);
    (void)strftime(d.week, sizeof d.week, "%GW%V", tm);
    return d;
}

struct local_day local_day_at(struct slice zone, int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    struct tm tm = {0};
    zone_set(zone);
    (void)localtime_r(&s, &tm);
    return texts_of(&tm);
}

bool local_day_before(struct slice day, int days, struct local_day *out)
{
    struct tm tm = {0};
    int64_t n = 0;
    if (day.len != 8 || !slice_i64(day, &n) || n < 19700101) return false;
    tm.tm_year = (int)(n / 10000) - 1900;
    tm.tm_mon = (int)(n / 100 % 100) - 1;
    tm.tm_mday = (int)(n % 100);
    struct tm asked = tm;
    time_t s = timegm(&tm); /* also puts 31 June right, which is then no day */
    if (tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon) return false;
    s -= (time_t)days * 86400;
    struct tm before = {0};
    (void)gmtime_r(&s, &before);
    *out = texts_of(&before);
    return true;
}
