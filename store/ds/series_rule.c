/* series_rule: how a rule condenses buckets, sample by sample or anew. */
#include "base/mem.h"
#include "store/ds/series.h"

void series_key_free(struct slice key)
{
    mem_free((char *)(uintptr_t)key.p);
}

static struct slice key_copy(struct slice key)
{
    return slice_make(mem_dup(key.len == 0 ? "" : key.p, key.len), key.len);
}

int64_t series_bucket(int64_t ms, int64_t bucket_ms, int64_t align_ms)
{
    int64_t into = (ms - align_ms) % bucket_ms;
    return ms - (into < 0 ? into + bucket_ms : into);
}

int64_t series_bucket_end(int64_t begin_ms, int64_t bucket_ms)
{
    return begin_ms > INT64_MAX - (bucket_ms - 1) ? INT64_MAX : begin_ms + (bucket_ms - 1);
}

struct series_rule *series_add_rule(struct series *s, struct slice dest, enum tsfold_kind kind,
                                    int64_t bucket_ms, int64_t align_ms)
{
    must(s->rule_count < SERIES_RULES_MAX && bucket_ms > 0 && align_ms >= 0);
    s->rules = mem_realloc(s->rules, (s->rule_count + 1) * sizeof *s->rules);
    struct series_rule *r = &s->rules[s->rule_count++];
    *r = (struct series_rule){.dest = key_copy(dest),
                              .kind = kind,
                              .bucket_ms = bucket_ms,
                              .align_ms = align_ms,
                              .open_ms = -1};
    tsfold_init(&r->open, kind, 0, NULL);
    return r;
}

void series_drop_rule(struct series *s, uint32_t i)
{
    must(i < s->rule_count);
    series_key_free(s->rules[i].dest);
    s->rule_count--;
    memmove(&s->rules[i], &s->rules[i + 1], (s->rule_count - i) * sizeof *s->rules);
    if (s->rule_count > 0) return;
    mem_free(s->rules);
    s->rules = NULL;
}

struct series_rule *series_find_rule(const struct series *s, struct slice dest)
{
    for (uint32_t i = 0; i < s->rule_count; i++)
        if (slice_eq(s->rules[i].dest, dest)) return &s->rules[i];
    return NULL;
}

void series_set_source(struct series *s, struct slice key)
{
    struct slice copy = key.p == NULL ? key : key_copy(key);
    series_key_free(s->source);
    s->source = copy;
}

void series_rename_dest(struct series_rule *r, struct slice dest)
{
    struct slice copy = key_copy(dest);
    series_key_free(r->dest);
    r->dest = copy;
}

static int64_t not_before_0(int64_t ms)
{
    return ms < 0 ? 0 : ms;
}

/* Where a rule's bucket ends, as TWA wants it: the first millisecond behind it. */
static int64_t behind(const struct series_rule *r, int64_t begin_ms)
{
    int64_t end = series_bucket_end(begin_ms, r->bucket_ms);
    return end == INT64_MAX ? end : end + 1;
}

bool series_rule_append(struct series_rule *r, struct tssample sample, struct tssample *out)
{
    int64_t begin = not_before_0(series_bucket(sample.ms, r->bucket_ms, r->align_ms));
    struct tssample before = r->open.last;
    bool was_open = r->open_ms >= 0 && r->open.count > 0, closed = was_open && begin > r->open_ms;
    if (closed) {
        int64_t end = behind(r, series_bucket(r->open_ms, r->bucket_ms, r->align_ms));
        *out = (struct tssample){r->open_ms, tsfold_result(&r->open, end, &sample)};
    }
    if (closed || !was_open) {
        r->open_ms = begin;
        tsfold_init(&r->open, r->kind, begin, was_open ? &before : NULL);
    }
    tsfold_add(&r->open, sample);
    return closed;
}

/* Folds the samples of a bucket; how many there are. *after is the one behind, if *has_after. */
static uint64_t fold_bucket(const struct series *s, const struct series_rule *r, int64_t begin_ms,
                            struct tsfold *f, struct tssample *after, bool *has_after)
{
    struct series_cursor c;
    struct tssample sample = {0}, before = {0};
    int64_t from = not_before_0(begin_ms), end = series_bucket_end(begin_ms, r->bucket_ms);
    series_cursor_init(&c, s);
    bool has_before = r->kind == TSFOLD_TWA && from > 0 && series_seek_back(&c, from - 1, &before);
    tsfold_init(f, r->kind, from, has_before ? &before : NULL);
    bool more = series_seek(&c, from, &sample);
    for (; more && sample.ms <= end; more = series_next(&c, &sample))
        tsfold_add(f, sample);
    series_cursor_fini(&c);
    *after = sample;
    *has_after = more;
    return f->count;
}

bool series_rule_fold(const struct series *s, const struct series_rule *r, int64_t begin_ms,
                      struct tssample *out)
{
    struct tsfold f;
    struct tssample after = {0};
    bool has_after = false;
    if (fold_bucket(s, r, begin_ms, &f, &after, &has_after) == 0) return false;
    out->ms = not_before_0(begin_ms);
    out->value = tsfold_result(&f, behind(r, begin_ms), has_after ? &after : NULL);
    return true;
}

void series_rule_reopen(const struct series *s, struct series_rule *r)
{
    struct tssample last = {0}, after = {0};
    bool has_after = false;
    if (r->open_ms < 0) return;
    if (!series_last(s, &last)) {
        r->open_ms = -1;
        tsfold_init(&r->open, r->kind, 0, NULL);
        return;
    }
    int64_t begin = series_bucket(last.ms, r->bucket_ms, r->align_ms);
    r->open_ms = not_before_0(begin);
    (void)fold_bucket(s, r, begin, &r->open, &after, &has_after);
}

bool series_rule_latest(const struct series_rule *r, struct tssample *out)
{
    if (r->open_ms < 0 || r->open.count == 0) return false;
    int64_t begin = series_bucket(r->open_ms, r->bucket_ms, r->align_ms);
    *out = (struct tssample){r->open_ms, tsfold_result(&r->open, behind(r, begin), NULL)};
    return true;
}
