/* series_range: TS.RANGE and TS.REVRANGE, and the words that all ranges share. */
#include "series.h"

#include <stdlib.h>

enum { TIMES_MAX = 128 }; /* of FILTER_BY_TS */

bool series_read_span(struct host *h, uint32_t *at, struct series_words *w)
{
    struct tsquery *q = &w->query;
    *w = (struct series_words){.query = {.to_ms = INT64_MAX, .count = UINT64_MAX}};
    w->from_begin = slice_is(h->argv[*at], "-");
    if (!w->from_begin && !series_time(h->argv[*at], &q->from_ms))
        return series_refuse(h, "ERR TSDB: wrong fromTimestamp");
    ++*at;
    w->to_end = slice_is(h->argv[*at], "+");
    if (!w->to_end && !series_time(h->argv[*at], &q->to_ms))
        return series_refuse(h, "ERR TSDB: wrong toTimestamp");
    ++*at;
    return true;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool read_times(struct host *h, uint32_t *at, struct tsquery *q)
{
    int64_t *times = arena_array(h->arena, TIMES_MAX, int64_t);
    uint32_t n = 0;
    while (*at < h->argc && n < TIMES_MAX && series_time(h->argv[*at], &times[n])) {
        n++;
        ++*at;
    }
    if (n == 0) return series_refuse(h, "ERR TSDB: FILTER_BY_TS one or more arguments are missing");
    qsort(times, n, sizeof *times, by_time);
    q->times = times;
    q->time_count = n;
    return true;
}

static bool read_values(struct host *h, uint32_t *at, struct tsquery *q)
{
    if (h->argc - *at < 2)
        return series_refuse(h, "ERR TSDB: FILTER_BY_VALUE one or more arguments are missing");
    if (!slice_double(h->argv[*at], &q->min))
        return series_refuse(h, "ERR TSDB: Couldn't parse MIN");
    if (!slice_double(h->argv[*at + 1], &q->max))
        return series_refuse(h, "ERR TSDB: Couldn't parse MAX");
    q->by_value = true;
    *at += 2;
    return true;
}

static bool read_count(struct host *h, uint32_t *at, struct tsquery *q)
{
    int64_t n = 0;
    if (*at == h->argc) return series_refuse(h, "ERR TSDB: COUNT argument is missing");
    if (!slice_i64(h->argv[*at], &n)) return series_refuse(h, "ERR TSDB: Couldn't parse COUNT");
    if (n < 1) return series_refuse(h, "ERR TSDB: Invalid COUNT value");
    q->count = (uint64_t)n;
    ++*at;
    return true;
}

static bool read_align(struct host *h, uint32_t *at, struct series_words *w)
{
    if (*at == h->argc) {
        host_wrong_arity(h);
        return false;
    }
    struct slice word = h->argv[(*at)++];
    if (slice_word(word, "start") || slice_is(word, "-"))
        w->align = SERIES_ALIGN_BEGIN;
    else if (slice_word(word, "end") || slice_is(word, "+"))
        w->align = SERIES_ALIGN_END;
    else if (series_time(word, &w->query.align_ms))
        w->align = SERIES_ALIGN_AT;
    else
        return series_refuse(h, "ERR TSDB: unknown ALIGN parameter");
    return true;
}

static bool read_stamp(struct host *h, uint32_t *at, struct tsquery *q)
{
    if (*at == h->argc) {
        host_wrong_arity(h);
        return false;
    }
    struct slice word = h->argv[(*at)++];
    if (slice_word(word, "start") || slice_is(word, "-"))
        q->stamp = TSQUERY_BEGIN;
    else if (slice_word(word, "mid") || slice_is(word, "~"))
        q->stamp = TSQUERY_MIDDLE;
    else if (slice_word(word, "end") || slice_is(word, "+"))
        q->stamp = TSQUERY_END;
    else
        return series_refuse(h, "ERR TSDB: unknown BUCKETTIMESTAMP parameter");
    return true;
}

/* kind bucket [BUCKETTIMESTAMP stamp] [EMPTY], these two in either order */
static bool read_fold(struct host *h, uint32_t *at, struct tsquery *q)
{
    if (h->argc - *at < 2 || !slice_i64(h->argv[*at + 1], &q->bucket_ms))
        return series_refuse(h, "ERR TSDB: Couldn't parse AGGREGATION");
    if (!tsfold_find(h->argv[*at], &q->kind))
        return series_refuse(h, "ERR TSDB: Unknown aggregation type");
    if (q->bucket_ms <= 0)
        return series_refuse(h, "ERR TSDB: bucketDuration must be greater than zero");
    *at += 2;
    q->folded = true;
    while (*at < h->argc) {
        if (slice_word(h->argv[*at], "EMPTY")) {
            q->empty = true;
            ++*at;
        } else if (slice_word(h->argv[*at], "BUCKETTIMESTAMP")) {
            ++*at;
            if (!read_stamp(h, at, q)) return false;
        } else {
            break;
        }
    }
    return true;
}

bool series_read_word(struct host *h, uint32_t *at, struct series_words *w, bool *known)
{
    struct slice word = h->argv[*at];
    uint32_t next = *at + 1;
    bool ok = true;
    *known = true;
    if (slice_word(word, "LATEST"))
        w->latest = true;
    else if (slice_word(word, "FILTER_BY_TS"))
        ok = read_times(h, &next, &w->query);
    else if (slice_word(word, "FILTER_BY_VALUE"))
        ok = read_values(h, &next, &w->query);
    else if (slice_word(word, "COUNT"))
        ok = read_count(h, &next, &w->query);
    else if (slice_word(word, "ALIGN"))
        ok = read_align(h, &next, w);
    else if (slice_word(word, "AGGREGATION"))
        ok = read_fold(h, &next, &w->query);
    else if (slice_word(word, "EMPTY"))
        ok = series_refuse(
            h, "ERR TSDB: EMPTY flag should be the 3rd or 5th flag after AGGREGATION flag");
    else if (slice_word(word, "BUCKETTIMESTAMP"))
        ok = series_refuse(h, "ERR TSDB: BUCKETTIMESTAMP flag should be the 3rd or 4th flag after "
                              "AGGREGATION flag");
    else
        *known = false;
    if (*known) *at = next;
    return ok;
}

bool series_words_end(struct host *h, struct series_words *w)
{
    if (w->align == SERIES_ALIGN_NONE) return true;
    if (!w->query.folded)
        return series_refuse(h, "ERR TSDB: ALIGN parameter can only be used with AGGREGATION");
    if (w->align == SERIES_ALIGN_BEGIN && w->from_begin)
        return series_refuse(
            h, "ERR TSDB: start alignment can only be used with explicit start timestamp");
    if (w->align == SERIES_ALIGN_END && w->to_end)
        return series_refuse(
            h, "ERR TSDB: end alignment can only be used with explicit end timestamp");
    if (w->align == SERIES_ALIGN_BEGIN) w->query.align_ms = w->query.from_ms;
    if (w->align == SERIES_ALIGN_END) w->query.align_ms = w->query.to_ms;
    return true;
}

struct replying {
    struct reply *reply;
    uint64_t n;
};

static bool reply_one(void *data, struct tssample sample)
{
    struct replying *x = data;
    series_reply_sample(x->reply, sample);
    x->n++;
    return !reply_is_full(x->reply);
}

void series_reply_range(struct host *h, const struct series *s, const struct series_words *w)
{
    struct replying x = {.reply = h->reply};
    struct tssample open = {0};
    struct tsquery q = w->query;
    if (w->latest && series_latest(h, s, &open)) q.latest = &open;
    size_t start = h->reply->out->len, place = reply_later(h->reply);
    if (tsquery_run(s, &q, reply_one, &x)) {
        reply_later_end(h->reply, place, '*', x.n);
        return;
    }
    h->reply->out->len = start;
    reply_errorf(h->reply, "ERR TSDB: EMPTY would fill in more than %d buckets", TSQUERY_EMPTY_MAX);
}

static void range(struct host *h, bool reverse)
{
    struct series_words w;
    uint32_t at = 2;
    bool known = true;
    const struct series *s = series_get(h, h->argv[1], false);
    if (s == NULL || !series_read_span(h, &at, &w)) return;
    while (at < h->argc) {
        if (!series_read_word(h, &at, &w, &known)) return;
        if (known) continue;
        (void)series_unknown(h, h->argv[at]);
        return;
    }
    if (!series_words_end(h, &w)) return;
    w.query.reverse = reverse;
    series_reply_range(h, s, &w);
}

/* TS.RANGE key from to [LATEST] [FILTER_BY_TS time …] [FILTER_BY_VALUE min max] [COUNT n]
 *     [[ALIGN time] AGGREGATION kind bucket [BUCKETTIMESTAMP stamp] [EMPTY]] */
void ts_range(struct host *h)
{
    range(h, false);
}

/* TS.REVRANGE: the same, the last first */
void ts_revrange(struct host *h)
{
    range(h, true);
}
