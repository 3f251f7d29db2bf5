#include "tsquery.h"

#include <math.h>

struct run {
    const struct tsquery *q;
    struct series_cursor cursor;
    struct tssample latest;
    bool has_latest;
    int64_t from_ms; /* of q, as far as the retention shows it */
    bool (*fn)(void *data, struct tssample sample);
    void *data;
    uint64_t left, fills_left;
    bool too_many;
    bool stored; /* the sample found last is the one at the cursor, not the latest */
};

/* --- samples that the query wants --- */

static bool is_time(const struct tsquery *q, int64_t ms)
{
    uint32_t low = 0, high = q->time_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (q->times[mid] < ms)
            low = mid + 1;
        else
            high = mid;
    }
    return low < q->time_count && q->times[low] == ms;
}

static bool wanted(const struct tsquery *q, struct tssample s)
{
    if (q->by_value && !(s.value >= q->min && s.value <= q->max)) return false;
    return q->times == NULL || is_time(q, s.ms);
}

/* The sample behind the last one, when it is wanted and at or after `ms`. */
static bool take_latest(const struct run *r, int64_t ms, struct tssample *out)
{
    if (!r->has_latest || r->latest.ms < ms || r->latest.ms > r->q->to_ms) return false;
    if (!wanted(r->q, r->latest)) return false;
    *out = r->latest;
    return true;
}

/* The first wanted sample at or after a time, and the one behind that which was found last. */
static bool next_wanted(struct run *r, bool more, struct tssample *out)
{
    while (more && out->ms <= r->q->to_ms && !wanted(r->q, *out))
        more = series_next(&r->cursor, out);
    r->stored = more && out->ms <= r->q->to_ms;
    return r->stored || take_latest(r, r->from_ms, out);
}

static bool first_from(struct run *r, int64_t ms, struct tssample *out)
{
    if (ms < r->from_ms) ms = r->from_ms;
    if (ms > r->q->to_ms) return false;
    return next_wanted(r, series_seek(&r->cursor, ms, out), out) && out->ms >= ms;
}

static bool following(struct run *r, struct tssample *out)
{
    return r->stored && next_wanted(r, series_next(&r->cursor, out), out);
}

/* The last wanted sample at or before a time, and the one in front of that found last. */
static bool last_wanted(struct run *r, bool more, struct tssample *out)
{
    while (more && out->ms >= r->from_ms && !wanted(r->q, *out))
        more = series_previous(&r->cursor, out);
    r->stored = more && out->ms >= r->from_ms;
    return r->stored;
}

static bool last_until(struct run *r, int64_t ms, struct tssample *out)
{
    if (ms > r->q->to_ms) ms = r->q->to_ms;
    if (ms < r->from_ms) return false;
    if (r->has_latest && r->latest.ms <= ms && take_latest(r, r->from_ms, out)) {
        r->stored = false;
        return true;
    }
    return last_wanted(r, series_seek_back(&r->cursor, ms, out), out);
}

static bool preceding(struct run *r, struct tssample *out)
{
    if (r->stored) return last_wanted(r, series_previous(&r->cursor, out), out);
    return out->ms > 0 && last_until(r, out->ms - 1, out);
}

static bool give(struct run *r, int64_t ms, double value)
{
    if (r->left == 0) return false;
    r->left--;
    return r->fn(r->data, (struct tssample){ms, value}) && r->left > 0;
}

static void run_plain(struct run *r)
{
    struct tssample s = {0};
    bool reverse = r->q->reverse;
    bool more = reverse ? last_until(r, r->q->to_ms, &s) : first_from(r, r->from_ms, &s);
    while (more && give(r, s.ms, s.value))
        more = reverse ? preceding(r, &s) : following(r, &s);
}

/* --- buckets --- */

static int64_t bucket_of(const struct run *r, int64_t ms)
{
    return series_bucket(ms, r->q->bucket_ms, r->q->align_ms);
}

static int64_t end_of(const struct run *r, int64_t begin_ms)
{
    return series_bucket_end(begin_ms, r->q->bucket_ms);
}

/* Where TWA has a bucket begin and end: within the query. */
static int64_t inner_begin(const struct run *r, int64_t begin_ms)
{
    int64_t begin = begin_ms < 0 ? 0 : begin_ms;
    return begin < r->q->from_ms ? r->q->from_ms : begin;
}

static int64_t inner_end(const struct run *r, int64_t begin_ms)
{
    int64_t end = end_of(r, begin_ms);
    return end >= r->q->to_ms ? r->q->to_ms : end + 1;
}

static bool give_bucket(struct run *r, int64_t begin_ms, double value)
{
    int64_t ms = begin_ms < 0 ? 0 : begin_ms, end = end_of(r, ms);
    if (r->q->stamp == TSQUERY_MIDDLE) ms += (end - ms) / 2 + (end - ms) % 2;
    if (r->q->stamp == TSQUERY_END) ms = end == INT64_MAX ? end : end + 1;
    return give(r, ms, value);
}

/* The samples on both sides of a time, whether the query wants them or not. */
static bool before(struct run *r, int64_t ms, struct tssample *out)
{
    int64_t shown = series_shown_from(r->cursor.s);
    return ms > shown && series_seek_back(&r->cursor, ms - 1, out) && out->ms >= shown;
}

static bool after(struct run *r, int64_t ms, struct tssample *out)
{
    if (ms < INT64_MAX && series_seek(&r->cursor, ms + 1, out)) return true;
    *out = r->latest;
    return r->has_latest && r->latest.ms > ms;
}

/* What a bucket that has a wanted sample comes to. */
static double fold(struct run *r, int64_t begin_ms)
{
    struct tsfold f;
    struct tssample s = {0}, last = {0}, front = {0}, behind = {0};
    int64_t end = end_of(r, begin_ms);
    bool twa = r->q->kind == TSFOLD_TWA, more = first_from(r, begin_ms, &s);
    bool has_front = twa && before(r, s.ms, &front);
    if (twa) more = first_from(r, begin_ms, &s); /* looking for it moved the cursor */
    tsfold_init(&f, r->q->kind, inner_begin(r, begin_ms), has_front ? &front : NULL);
    for (; more && s.ms <= end; more = following(r, &s)) {
        tsfold_add(&f, s);
        last = s;
    }
    bool has_behind = twa && after(r, last.ms, &behind);
    return tsfold_result(&f, inner_end(r, begin_ms), has_behind ? &behind : NULL);
}

/* Gives n empty buckets, of which the first to be given begins at begin_ms. `value` is what "last"
 * fills in. False: no more are wanted. */
static bool fill(struct run *r, int64_t begin_ms, uint64_t n, double value)
{
    struct tssample front = {0}, behind = {0};
    enum tsfold_kind kind = r->q->kind;
    int64_t at = inner_begin(r, begin_ms);
    bool zero = kind == TSFOLD_SUM || kind == TSFOLD_COUNT, line = false;
    if (kind == TSFOLD_TWA) line = before(r, at, &front) && after(r, at, &behind);
    double with = zero ? 0 : kind == TSFOLD_LAST ? value : (double)NAN;
    if (n > r->fills_left && r->left > r->fills_left) {
        r->too_many = true;
        return false;
    }
    for (uint64_t i = 0; i < n; i++) {
        r->fills_left--;
        if (line) {
            double from = tsfold_between(front, behind, inner_begin(r, begin_ms));
            with = (from + tsfold_between(front, behind, inner_end(r, begin_ms))) / 2;
        }
        if (!give_bucket(r, begin_ms, with)) return false;
        if (i + 1 < n) begin_ms += r->q->reverse ? -r->q->bucket_ms : r->q->bucket_ms;
    }
    return true;
}

/* Empty buckets from the one at a to the one in front of b, which begins later. */
static uint64_t buckets_between(const struct run *r, int64_t a, int64_t b)
{
    return b <= a ? 0 : ((uint64_t)b - (uint64_t)a) / (uint64_t)r->q->bucket_ms;
}

/* TWA fills in the ends of the range too, where a line leads through them. */
static bool fill_end(struct run *r, int64_t first_begin, int64_t last_begin)
{
    struct tssample front = {0}, behind = {0};
    if (!r->q->empty || r->q->kind != TSFOLD_TWA || last_begin < first_begin) return true;
    int64_t at = inner_begin(r, first_begin);
    if (!before(r, at, &front) || !after(r, at, &behind)) return true;
    uint64_t n = buckets_between(r, first_begin, last_begin) + 1;
    return fill(r, r->q->reverse ? last_begin : first_begin, n, (double)NAN);
}

static void run_forward(struct run *r)
{
    struct tssample s = {0};
    const struct tsquery *q = r->q;
    int64_t first = bucket_of(r, r->from_ms), last = bucket_of(r, q->to_ms), b = 0;
    if (!first_from(r, r->from_ms, &s)) {
        (void)fill_end(r, first, last);
        return;
    }
    b = bucket_of(r, s.ms);
    if (b > first && !fill_end(r, first, b - q->bucket_ms)) return;
    for (;;) {
        double value = fold(r, b);
        if (!give_bucket(r, b, value)) return;
        int64_t end = end_of(r, b);
        if (end >= q->to_ms) return;
        if (!first_from(r, end + 1, &s)) break;
        int64_t next = bucket_of(r, s.ms);
        uint64_t gap = buckets_between(r, end + 1, next);
        if (q->empty && gap > 0 && !fill(r, end + 1, gap, value)) return;
        b = next;
    }
    (void)fill_end(r, end_of(r, b) + 1, last);
}

static void run_backward(struct run *r)
{
    struct tssample s = {0};
    const struct tsquery *q = r->q;
    int64_t first = bucket_of(r, r->from_ms), last = bucket_of(r, q->to_ms);
    if (!last_until(r, q->to_ms, &s)) {
        (void)fill_end(r, first, last);
        return;
    }
    int64_t b = bucket_of(r, s.ms);
    if (b < last && !fill_end(r, end_of(r, b) + 1, last)) return;
    for (;;) {
        if (!give_bucket(r, b, fold(r, b))) return;
        if (b <= r->from_ms) return;
        if (!last_until(r, b - 1, &s)) break;
        int64_t next = bucket_of(r, s.ms), end = end_of(r, next);
        uint64_t gap = buckets_between(r, end + 1, b);
        if (q->empty && gap > 0) {
            double value = q->kind == TSFOLD_LAST ? fold(r, next) : (double)NAN;
            if (!fill(r, b - q->bucket_ms, gap, value)) return;
        }
        b = next;
    }
    if (b > first) (void)fill_end(r, first, b - q->bucket_ms);
}

bool tsquery_run(const struct series *s, const struct tsquery *q,
                 bool (*fn)(void *data, struct tssample sample), void *data)
{
    struct tssample last = {0};
    struct run r = {
        .q = q, .fn = fn, .data = data, .left = q->count, .fills_left = TSQUERY_EMPTY_MAX};
    int64_t shown = series_shown_from(s);
    r.from_ms = q->from_ms < shown ? shown : q->from_ms;
    r.has_latest = q->latest != NULL && (!series_last(s, &last) || q->latest->ms > last.ms);
    if (r.has_latest) r.latest = *q->latest;
    if (r.from_ms > q->to_ms) return true;
    series_cursor_init(&r.cursor, s);
    if (!q->folded)
        run_plain(&r);
    else if (q->reverse)
        run_backward(&r);
    else
        run_forward(&r);
    series_cursor_fini(&r.cursor);
    return !r.too_many;
}
