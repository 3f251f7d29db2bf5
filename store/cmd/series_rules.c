/* series_rules: TS.CREATERULE and TS.DELETERULE, and how the destinations of rules follow.
 *
 * A rule and its destination name each other by key. Keys are deleted, expire and are made anew
 * behind their backs, so a tie holds only when both ends say so; the end that is left alone is
 * dropped when it is next written to. All that a rule writes follows from the command and from
 * what is stored, so the log keeps the command alone. */
#include "series.h"

static bool is_source(const struct series *dest, struct slice source)
{
    return dest->source.p != NULL && slice_eq(dest->source, source);
}

struct series *series_dest(struct host *h, const struct series *s, const struct series_rule *r)
{
    struct series *dest = host_peek(h, r->dest, &series_type);
    return dest != NULL && is_source(dest, s->place.key) ? dest : NULL;
}

/* The rule that s is condensed by, in its source; NULL when there is none. */
static const struct series_rule *rule_for(struct host *h, const struct series *s)
{
    if (s->source.p == NULL) return NULL;
    const struct series *source = host_peek(h, s->source, &series_type);
    return source == NULL ? NULL : series_find_rule(source, s->place.key);
}

bool series_has_source(struct host *h, const struct series *s)
{
    return rule_for(h, s) != NULL;
}

bool series_latest(struct host *h, const struct series *s, struct tssample *out)
{
    struct tssample open = {0}, last = {0};
    const struct series_rule *r = rule_for(h, s);
    if (r == NULL || !series_rule_latest(r, &open)) return false;
    if (series_last(s, &last) && last.ms >= open.ms) return false;
    *out = open;
    return true;
}

static int64_t not_before_0(int64_t ms)
{
    return ms < 0 ? 0 : ms;
}

/* Writes what a bucket came to; false when the destination is gone. */
static bool write_bucket(struct host *h, const struct series *s, const struct series_rule *r,
                         struct tssample bucket)
{
    struct series *dest = series_dest(h, s, r);
    if (dest == NULL) return false;
    if (series_put(dest, bucket, SERIES_LAST) == SERIES_OK) host_changed(h, r->dest, "ts.add:dest");
    return true;
}

/* Follows with one rule; false when its destination is gone. */
static bool follow_put(struct host *h, struct series *s, struct series_rule *r,
                       struct tssample sample, bool appended)
{
    struct tssample bucket = {0}, last = {0};
    if (appended) return !series_rule_append(r, sample, &bucket) || write_bucket(h, s, r, bucket);
    (void)series_last(s, &last);
    int64_t begin = series_bucket(sample.ms, r->bucket_ms, r->align_ms);
    int64_t open = r->open_ms;
    if (open < 0) open = not_before_0(series_bucket(last.ms, r->bucket_ms, r->align_ms));
    if (not_before_0(begin) >= open) {
        series_rule_reopen(s, r);
        return true;
    }
    return !series_rule_fold(s, r, begin, &bucket) || write_bucket(h, s, r, bucket);
}

void series_follow_put(struct host *h, struct series *s, struct tssample sample, bool appended)
{
    for (uint32_t i = s->rule_count; i-- > 0;)
        if (!follow_put(h, s, &s->rules[i], sample, appended)) series_drop_rule(s, i);
}

/* Writes the bucket again that begins there; false when it has no samples any more. */
static bool write_again(struct series *dest, const struct series *s, const struct series_rule *r,
                        int64_t begin_ms)
{
    struct tssample bucket = {0};
    return series_rule_fold(s, r, begin_ms, &bucket) &&
           series_put(dest, bucket, SERIES_LAST) == SERIES_OK;
}

static bool follow_delete(struct host *h, struct series *s, struct series_rule *r, int64_t from_ms,
                          int64_t to_ms)
{
    struct series *dest = series_dest(h, s, r);
    if (dest == NULL) return false;
    if (r->open_ms < 0) return true; /* the rule has written nothing yet */
    int64_t open = r->open_ms, first = series_bucket(from_ms, r->bucket_ms, r->align_ms);
    int64_t last = to_ms < open ? series_bucket(to_ms, r->bucket_ms, r->align_ms)
                                : series_bucket(open, r->bucket_ms, r->align_ms);
    int64_t end = series_bucket_end(last, r->bucket_ms);
    if (end >= open) end = open - 1;
    if (not_before_0(first) <= end) {
        bool some = series_delete(dest, not_before_0(first), end) > 0;
        some |= write_again(dest, s, r, first);
        if (last != first && not_before_0(last) < open) some |= write_again(dest, s, r, last);
        if (some) host_changed(h, r->dest, "ts.del");
    }
    if (to_ms >= open) series_rule_reopen(s, r);
    return true;
}

void series_follow_delete(struct host *h, struct series *s, int64_t from_ms, int64_t to_ms)
{
    for (uint32_t i = s->rule_count; i-- > 0;)
        if (!follow_delete(h, s, &s->rules[i], from_ms, to_ms)) series_drop_rule(s, i);
}

/* Reads "AGGREGATION kind bucket [align]" at argv[3]; false after a reply. */
static bool read_rule(struct host *h, enum tsfold_kind *kind, int64_t *bucket_ms, int64_t *align_ms)
{
    const char *wrong = NULL;
    if (!slice_word(h->argv[3], "AGGREGATION")) {
        host_wrong_arity(h);
        return false;
    }
    if (!slice_i64(h->argv[5], bucket_ms))
        wrong = "ERR TSDB: Couldn't parse AGGREGATION";
    else if (!tsfold_find(h->argv[4], kind))
        wrong = "ERR TSDB: Unknown aggregation type";
    else if (*bucket_ms <= 0)
        wrong = "ERR TSDB: bucketDuration must be greater than zero";
    else if (h->argc == 7 && !series_time(h->argv[6], align_ms))
        wrong = "ERR TSDB: Couldn't parse alignTimestamp";
    if (wrong != NULL) reply_error(h->reply, wrong);
    return wrong == NULL;
}

static uint32_t live_rules(struct host *h, const struct series *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->rule_count; i++)
        n += series_dest(h, s, &s->rules[i]) != NULL;
    return n;
}

/* Drops what s had to do with series that are gone. */
static void drop_dead(struct host *h, struct series *s)
{
    for (uint32_t i = s->rule_count; i-- > 0;)
        if (series_dest(h, s, &s->rules[i]) == NULL) series_drop_rule(s, i);
    if (!series_has_source(h, s)) series_set_source(s, (struct slice){0});
}

/* TS.CREATERULE source dest AGGREGATION kind bucket [align] */
void ts_createrule(struct host *h)
{
    enum tsfold_kind kind = TSFOLD_AVG;
    int64_t bucket_ms = 0, align_ms = 0;
    const char *wrong = NULL;
    if (h->argc > 7) {
        host_wrong_arity(h);
        return;
    }
    if (!read_rule(h, &kind, &bucket_ms, &align_ms)) return;
    if (slice_eq(h->argv[1], h->argv[2])) {
        reply_error(h->reply, "ERR TSDB: the source key and destination key should be different");
        return;
    }
    struct series *source = series_get(h, h->argv[1], true);
    if (source == NULL) return;
    struct series *dest = series_get(h, h->argv[2], true);
    if (dest == NULL) return;
    if (series_has_source(h, source))
        wrong = "ERR TSDB: the source key already has a source rule";
    else if (live_rules(h, dest) > 0)
        wrong = "ERR TSDB: the destination key already has a dst rule";
    else if (series_has_source(h, dest))
        wrong = "ERR TSDB: the destination key already has a src rule";
    else if (live_rules(h, source) == SERIES_RULES_MAX)
        wrong = "ERR TSDB: the source key has too many rules";
    if (wrong != NULL) {
        reply_error(h->reply, wrong);
        return;
    }
    drop_dead(h, source);
    drop_dead(h, dest);
    series_set_source(dest, h->argv[1]);
    (void)series_add_rule(source, h->argv[2], kind, bucket_ms, align_ms);
    host_changed(h, h->argv[1], "ts.createrule:src");
    host_changed(h, h->argv[2], "ts.createrule:dest");
    reply_ok(h->reply);
}

/* TS.DELETERULE source dest */
void ts_deleterule(struct host *h)
{
    struct series *source = series_get(h, h->argv[1], true);
    if (source == NULL) return;
    const struct series_rule *r = series_find_rule(source, h->argv[2]);
    struct series *dest = r == NULL ? NULL : series_dest(h, source, r);
    if (dest == NULL) {
        reply_error(h->reply, "ERR TSDB: compaction rule does not exist");
        return;
    }
    series_drop_rule(source, (uint32_t)(r - source->rules));
    series_set_source(dest, (struct slice){0});
    host_changed(h, h->argv[1], "ts.deleterule:src");
    host_changed(h, h->argv[2], "ts.deleterule:dest");
    reply_ok(h->reply);
}
