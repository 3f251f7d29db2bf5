/* The functions of expressions. Each gives null for what it cannot compute. */
#include "base/geohash.h"
#include "store/search/expr_inside.h"

#include <math.h>
#include <time.h>

typedef const struct search_value *args_t;

static const struct search_value null;

static struct search_value text_or_null(struct slice s)
{
    return s.len > EXPR_TEXT_MAX ? null : search_text(s);
}

/* The argument as text; false for null. */
static bool as_text(struct search_value v, struct arena *arena, struct slice *out)
{
    *out = expr_text(v, arena);
    return v.kind != SEARCH_NULL;
}

/* --- numbers --- */

#define NUMERIC(name, value)                                                                       \
    static struct search_value run_##name(args_t args, uint32_t count, struct arena *arena)        \
    {                                                                                              \
        double x = 0;                                                                              \
        (void)count;                                                                               \
        (void)arena;                                                                               \
        return search_value_number(&args[0], &x) ? search_number(value) : null;                    \
    }

NUMERIC(log, log(x))
NUMERIC(log2, log2(x))
NUMERIC(exp, exp(x))
NUMERIC(ceil, ceil(x))
NUMERIC(floor, floor(x))
NUMERIC(abs, fabs(x))
NUMERIC(sqrt, sqrt(x))
NUMERIC(to_number, x)

/* --- texts --- */

static struct search_value changed(struct search_value v, struct arena *arena, char from, char to)
{
    struct slice s = {0};
    if (!as_text(v, arena, &s)) return null;
    char *out = arena_alloc(arena, s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        bool turns = s.p[i] >= from && s.p[i] <= from + 25;
        out[i] = turns ? (char)(s.p[i] - from + to) : s.p[i];
    }
    return search_text(slice_make(out, s.len));
}

static struct search_value run_lower(args_t args, uint32_t count, struct arena *arena)
{
    (void)count;
    return changed(args[0], arena, 'A', 'a');
}

static struct search_value run_upper(args_t args, uint32_t count, struct arena *arena)
{
    (void)count;
    return changed(args[0], arena, 'a', 'A');
}

static struct search_value run_startswith(args_t args, uint32_t count, struct arena *arena)
{
    struct slice s = {0}, prefix = {0};
    (void)count;
    if (!as_text(args[0], arena, &s) || !as_text(args[1], arena, &prefix)) return null;
    return search_number(slice_starts(s, prefix));
}

/* How often the second stands in the first, without overlap; an empty one everywhere. */
static struct search_value run_contains(args_t args, uint32_t count, struct arena *arena)
{
    struct slice s = {0}, part = {0};
    (void)count;
    if (!as_text(args[0], arena, &s) || !as_text(args[1], arena, &part)) return null;
    if (part.len == 0) return search_number((double)s.len + 1);
    uint32_t n = 0;
    for (const char *at; s.len > 0 && (at = memmem(s.p, s.len, part.p, part.len)) != NULL; n++)
        s = slice_from(s, (size_t)(at - s.p) + part.len);
    return search_number(n);
}

static struct search_value run_strlen(args_t args, uint32_t count, struct arena *arena)
{
    struct slice s = {0};
    (void)count;
    return as_text(args[0], arena, &s) ? search_number((double)s.len) : null;
}

/* substr(s, offset, count): an offset below 0 counts from the end, a count below 0 leaves so many
 * (less one) at the end: -1 takes all. */
static struct search_value run_substr(args_t args, uint32_t count, struct arena *arena)
{
    struct slice s = {0};
    double offset = 0, n = 0;
    (void)count;
    if (!as_text(args[0], arena, &s)) return null;
    if (!search_value_number(&args[1], &offset) || !search_value_number(&args[2], &n)) return null;
    double len = (double)s.len;
    if (offset < 0) offset = fmax(len + offset, 0);
    if (!(offset <= len)) offset = len;
    s = slice_from(s, (size_t)offset);
    len -= floor(offset);
    if (n < 0) n = fmax(len + 1 + n, 0);
    if (n < len) s.len = (size_t)n;
    return search_text(s);
}

/* Adds s to out, which has cap bytes; false when there is no room. */
static bool put(char *out, size_t cap, size_t *n, struct slice s)
{
    if (s.len > cap - *n) return false;
    if (s.len > 0) memcpy(out + *n, s.p, s.len);
    *n += s.len;
    return true;
}

/* format("%s and %s", ...): as many %s as arguments, %% for a sign. */
static struct search_value run_format(args_t args, uint32_t count, struct arena *arena)
{
    struct slice form = {0}, part[EXPR_ARGS_MAX];
    if (!as_text(args[0], arena, &form)) return null;
    size_t cap = form.len, n = 0;
    for (uint32_t i = 1; i < count; i++) {
        part[i] = args[i].kind == SEARCH_NULL ? SLICE("(null)") : expr_text(args[i], arena);
        cap += part[i].len;
    }
    if (cap > EXPR_TEXT_MAX) return null;
    char *out = arena_alloc(arena, cap + 1);
    uint32_t next = 1;
    for (size_t i = 0; i < form.len; i++) {
        bool ok = false;
        if (form.p[i] != '%') {
            ok = put(out, cap, &n, slice_make(form.p + i, 1));
        } else if (++i < form.len && form.p[i] == '%') {
            ok = put(out, cap, &n, SLICE("%"));
        } else if (i < form.len && form.p[i] == 's' && next < count) {
            ok = put(out, cap, &n, part[next++]);
        }
        if (!ok) return null;
    }
    return search_text(slice_make(out, n));
}

/* Without the bytes of `strip` on both sides. */
static struct slice stripped(struct slice s, struct slice strip)
{
    while (s.len > 0 && memchr(strip.p, s.p[0], strip.len) != NULL)
        s = slice_from(s, 1);
    while (s.len > 0 && memchr(strip.p, s.p[s.len - 1], strip.len) != NULL)
        s.len--;
    return s;
}

/* split(s, [separators], [strip]): the parts between any of the separators, ',' unless said,
 * without spaces or what strip says; empty ones are left out. */
static struct search_value run_split(args_t args, uint32_t count, struct arena *arena)
{
    struct slice s = {0}, seps = SLICE(","), strip = SLICE(" ");
    if (!as_text(args[0], arena, &s)) return null;
    if (count > 1 && !as_text(args[1], arena, &seps)) return null;
    if (count > 2 && !as_text(args[2], arena, &strip)) return null;
    uint32_t n = 1, kept = 0;
    for (size_t i = 0; i < s.len; i++)
        n += memchr(seps.p, s.p[i], seps.len) != NULL;
    if (n > EXPR_LIST_MAX) return null;
    struct search_value *items = arena_array(arena, n, struct search_value);
    for (uint32_t i = 0; i < n; i++) {
        size_t end = 0;
        while (end < s.len && memchr(seps.p, s.p[end], seps.len) == NULL)
            end++;
        struct slice part = stripped(slice_make(s.p, end), strip);
        if (part.len > 0) items[kept++] = search_text(part);
        s = slice_from(s, end + 1);
    }
    return (struct search_value){.kind = SEARCH_LIST, .count = kept, .items = items};
}

static struct search_value run_to_str(args_t args, uint32_t count, struct arena *arena)
{
    (void)count;
    return args[0].kind == SEARCH_NULL ? null : text_or_null(expr_text(args[0], arena));
}

static struct search_value run_exists(args_t args, uint32_t count, struct arena *arena)
{
    (void)count;
    (void)arena;
    return search_number(args[0].kind != SEARCH_NULL);
}

/* --- times: seconds since 1970, in UTC --- */

/* Seconds that gmtime can tell: years up to 9999. */
static bool as_time(struct search_value v, time_t *out)
{
    double x = 0;
    if (!search_value_number(&v, &x) || !(x >= 0 && x < 253402300800.0)) return false;
    *out = (time_t)x;
    return true;
}

static bool as_calendar(struct search_value v, struct tm *out)
{
    time_t at = 0;
    return as_time(v, &at) && gmtime_r(&at, out) != NULL;
}

enum { TIME_TEXT_MAX = 1024 };

/* The form is the user's. It can only say what of a time is written, into a bounded place. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct search_value run_timefmt(args_t args, uint32_t count, struct arena *arena)
{
    struct slice form = SLICE("%FT%TZ");
    struct tm tm;
    if (count > 1 && !as_text(args[1], arena, &form)) return null;
    if (!as_calendar(args[0], &tm) || form.len == 0 || form.len > TIME_TEXT_MAX) return null;
    char *out = arena_alloc(arena, TIME_TEXT_MAX);
    size_t n = strftime(out, TIME_TEXT_MAX, arena_copy(arena, form).p, &tm);
    return n == 0 ? null : search_text(slice_make(out, n));
}

#pragma GCC diagnostic pop

static struct search_value run_parsetime(args_t args, uint32_t count, struct arena *arena)
{
    struct slice s = {0}, form = SLICE("%FT%TZ");
    struct tm tm = {0};
    if (!as_text(args[0], arena, &s) || s.len > TIME_TEXT_MAX) return null;
    if (count > 1 && !as_text(args[1], arena, &form)) return null;
    if (form.len > TIME_TEXT_MAX) return null;
    char *end = strptime(arena_copy(arena, s).p, arena_copy(arena, form).p, &tm);
    return end == NULL || *end != '\0' ? null : search_number((double)timegm(&tm));
}

static struct search_value rounded(struct search_value v, time_t to)
{
    time_t at = 0;
    return as_time(v, &at) ? search_number((double)(at - at % to)) : null;
}

#define ROUNDED(name, seconds)                                                                     \
    static struct search_value run_##name(args_t args, uint32_t count, struct arena *arena)        \
    {                                                                                              \
        (void)count;                                                                               \
        (void)arena;                                                                               \
        return rounded(args[0], seconds);                                                          \
    }

ROUNDED(minute, 60)
ROUNDED(hour, 3600)
ROUNDED(day, 86400)

#define CALENDAR(name, value)                                                                      \
    static struct search_value run_##name(args_t args, uint32_t count, struct arena *arena)        \
    {                                                                                              \
        struct tm tm;                                                                              \
        (void)count;                                                                               \
        (void)arena;                                                                               \
        return as_calendar(args[0], &tm) ? search_number(value) : null;                            \
    }

/* The first second of the month. */
static double month_begin(struct tm tm)
{
    struct tm first = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon, .tm_mday = 1};
    return (double)timegm(&first);
}

CALENDAR(dayofweek, tm.tm_wday)
CALENDAR(dayofmonth, tm.tm_mday)
CALENDAR(dayofyear, tm.tm_yday)
CALENDAR(monthofyear, tm.tm_mon)
CALENDAR(year, tm.tm_year + 1900)
CALENDAR(month, month_begin(tm))

/* --- places --- */

static bool is_place(double lon, double lat)
{
    return lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90;
}

/* One place from args[*at]: "lon,lat" as one text, or two numbers. */
static bool as_place(args_t args, uint32_t count, uint32_t *at, struct geo_point *out)
{
    struct slice lon = {0}, lat = {0};
    if (*at >= count) return false;
    if (args[*at].kind == SEARCH_TEXT && slice_find(args[*at].text, ',') < args[*at].text.len) {
        lat = args[(*at)++].text;
        (void)slice_cut(&lat, ',', &lon);
        return slice_double(slice_trim(lon), &out->lon) &&
               slice_double(slice_trim(lat), &out->lat) && is_place(out->lon, out->lat);
    }
    if (count - *at < 2 || !search_value_number(&args[*at], &out->lon) ||
        !search_value_number(&args[*at + 1], &out->lat))
        return false;
    *at += 2;
    return is_place(out->lon, out->lat);
}

/* Metres, to the centimetre. */
static struct search_value run_geodistance(args_t args, uint32_t count, struct arena *arena)
{
    struct geo_point a = {0}, b = {0};
    uint32_t at = 0;
    (void)arena;
    if (!as_place(args, count, &at, &a) || !as_place(args, count, &at, &b) || at != count)
        return null;
    return search_number(round(geo_distance_m(a, b) * 100) / 100);
}

static const struct expr_function functions[] = {
    {"log", 1, 1, run_log},
    {"log2", 1, 1, run_log2},
    {"exp", 1, 1, run_exp},
    {"ceil", 1, 1, run_ceil},
    {"floor", 1, 1, run_floor},
    {"abs", 1, 1, run_abs},
    {"sqrt", 1, 1, run_sqrt},
    {"to_number", 1, 1, run_to_number},
    {"to_str", 1, 1, run_to_str},
    {"lower", 1, 1, run_lower},
    {"upper", 1, 1, run_upper},
    {"startswith", 2, 2, run_startswith},
    {"contains", 2, 2, run_contains},
    {"strlen", 1, 1, run_strlen},
    {"substr", 3, 3, run_substr},
    {"format", 1, EXPR_ARGS_MAX, run_format},
    {"split", 1, 3, run_split},
    {"exists", 1, 1, run_exists},
    {"timefmt", 1, 2, run_timefmt},
    {"parsetime", 1, 2, run_parsetime},
    {"minute", 1, 1, run_minute},
    {"hour", 1, 1, run_hour},
    {"day", 1, 1, run_day},
    {"month", 1, 1, run_month},
    {"dayofweek", 1, 1, run_dayofweek},
    {"dayofmonth", 1, 1, run_dayofmonth},
    {"dayofyear", 1, 1, run_dayofyear},
    {"monthofyear", 1, 1, run_monthofyear},
    {"year", 1, 1, run_year},
    {"geodistance", 2, 4, run_geodistance},
};

const struct expr_function *expr_function_find(struct slice name)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (slice_word(name, functions[i].name)) return &functions[i];
    return NULL;
}
