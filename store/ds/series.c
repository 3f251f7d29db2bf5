#include "series.h"

#include "base/mem.h"
#include "store/ds/rdb.h"

#include <math.h>
#include <stdlib.h>

struct series *series_new(bool compressed, uint32_t chunk_bytes)
{
    struct series *s = mem_new(struct series);
    s->compressed = compressed;
    s->chunk_bytes = chunk_bytes;
    return s;
}

void series_free(struct series *s)
{
    if (s == NULL) return;
    for (uint32_t i = 0; i < s->chunk_count; i++)
        tschunk_fini(&s->chunks[i]);
    for (uint32_t i = 0; i < s->rule_count; i++)
        series_key_free(s->rules[i].dest);
    labelled_fini(&s->place);
    series_key_free(s->source);
    mem_free(s->rules);
    mem_free(s->chunks);
    mem_free(s);
}

struct series *series_copy(const struct series *s)
{
    struct series *copy = mem_dup(s, sizeof *s);
    copy->rules = NULL;
    copy->rule_count = 0;
    copy->source = (struct slice){0};
    copy->place = (struct labelled){0};
    copy->chunk_cap = s->chunk_count;
    copy->chunks = s->chunk_count == 0 ? NULL : mem_array(s->chunk_count, struct tschunk);
    for (uint32_t i = 0; i < s->chunk_count; i++)
        copy->chunks[i] = tschunk_copy(&s->chunks[i]);
    struct slice *pairs = mem_array(2 * s->place.count, struct slice);
    for (uint32_t i = 0; i < s->place.count; i++) {
        pairs[2 * i] = s->place.labels[i].name;
        pairs[2 * i + 1] = s->place.labels[i].value;
    }
    labelled_set(&copy->place, pairs, s->place.count);
    mem_free(pairs);
    return copy;
}

/* --- chunks --- */

/* Makes room for a chunk at place i, which the caller fills in. */
static struct tschunk *insert_chunk(struct series *s, uint32_t i)
{
    if (s->chunk_count == s->chunk_cap) {
        s->chunk_cap = s->chunk_cap == 0 ? 1 : s->chunk_cap + s->chunk_cap / 2 + 1;
        s->chunks = mem_realloc(s->chunks, s->chunk_cap * sizeof *s->chunks);
    }
    memmove(&s->chunks[i + 1], &s->chunks[i], (s->chunk_count - i) * sizeof *s->chunks);
    s->chunk_count++;
    tschunk_init(&s->chunks[i], s->compressed, s->chunk_bytes);
    return &s->chunks[i];
}

/* Removes n chunks from place i on, and their samples from the count. */
static void remove_chunks(struct series *s, uint32_t i, uint32_t n)
{
    for (uint32_t k = i; k < i + n; k++) {
        s->samples -= s->chunks[k].count;
        tschunk_fini(&s->chunks[k]);
    }
    s->chunk_count -= n;
    memmove(&s->chunks[i], &s->chunks[i + n], (s->chunk_count - i) * sizeof *s->chunks);
}

/* Inserts samples as one chunk at place i, or as several when they do not fit. Returns how many. */
static uint32_t insert_samples(struct series *s, uint32_t i, const struct tssample *samples,
                               uint32_t n)
{
    if (n == 0) return 0;
    struct tschunk *c = insert_chunk(s, i);
    uint32_t pushed = 0;
    while (pushed < n && tschunk_push(c, samples[pushed]))
        pushed++;
    if (pushed == n) {
        tschunk_shrink(c);
        s->samples += n;
        return 1;
    }
    must(n > 1);
    s->samples += pushed;
    remove_chunks(s, i, 1);
    uint32_t first = insert_samples(s, i, samples, n / 2);
    return first + insert_samples(s, i + first, samples + n / 2, n - n / 2);
}

/* The last chunk that begins at or before a time; the first when none does. */
static uint32_t chunk_of(const struct series *s, int64_t ms)
{
    uint32_t low = 0, high = s->chunk_count;
    while (high - low > 1) {
        uint32_t mid = low + (high - low) / 2;
        if (s->chunks[mid].first_ms <= ms)
            low = mid;
        else
            high = mid;
    }
    return low;
}

bool series_last(const struct series *s, struct tssample *out)
{
    if (s->chunk_count == 0) return false;
    *out = tschunk_last(&s->chunks[s->chunk_count - 1]);
    return true;
}

int64_t series_shown_from(const struct series *s)
{
    struct tssample last = {0};
    if (s->retention_ms == 0 || !series_last(s, &last)) return 0;
    return last.ms > s->retention_ms ? last.ms - s->retention_ms : 0;
}

/* Drops the chunks that the retention shows nothing of. */
static void trim(struct series *s)
{
    int64_t from = series_shown_from(s);
    uint32_t n = 0;
    while (n < s->chunk_count && s->chunks[n].last_ms < from)
        n++;
    if (n > 0) remove_chunks(s, 0, n);
}

static void append(struct series *s, struct tssample sample)
{
    s->samples++;
    if (s->chunk_count > 0) {
        struct tschunk *last = &s->chunks[s->chunk_count - 1];
        if (tschunk_push(last, sample)) return;
        tschunk_shrink(last);
    }
    must(tschunk_push(insert_chunk(s, s->chunk_count), sample));
    trim(s);
}

/* What a sample comes to whose time holds `old` already; false when that stays. */
static bool merge(enum series_policy policy, double old, double *value)
{
    switch (policy) {
    case SERIES_LAST:
        return true;
    case SERIES_MIN:
        return *value < old;
    case SERIES_MAX:
        return *value > old;
    case SERIES_SUM:
        *value += old;
        return true;
    case SERIES_POLICY_NONE:
    case SERIES_BLOCK:
    case SERIES_FIRST:
    case SERIES_POLICIES:
        break;
    }
    return false;
}

static uint32_t place_in(const struct tssample *samples, uint32_t n, int64_t ms)
{
    uint32_t low = 0, high = n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (samples[mid].ms < ms)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static enum series_put insert(struct series *s, struct tssample sample, enum series_policy policy)
{
    uint32_t i = chunk_of(s, sample.ms), n = s->chunks[i].count;
    struct tssample *samples = mem_array(n + 1, struct tssample);
    tschunk_read(&s->chunks[i], samples);
    uint32_t at = place_in(samples, n, sample.ms);
    bool taken = at < n && samples[at].ms == sample.ms, changes = true;
    enum series_put done = SERIES_OK;
    if (taken && policy <= SERIES_BLOCK)
        done = SERIES_BLOCKED;
    else if (taken)
        changes = merge(policy, samples[at].value, &sample.value);
    if (done == SERIES_OK && changes) {
        if (!taken) memmove(&samples[at + 1], &samples[at], (n - at) * sizeof *samples);
        samples[at] = sample;
        remove_chunks(s, i, 1);
        (void)insert_samples(s, i, samples, taken ? n : n + 1);
    }
    mem_free(samples);
    return done;
}

enum series_put series_put(struct series *s, struct tssample sample, enum series_policy policy)
{
    struct tssample last = {0};
    if (!series_last(s, &last) || sample.ms > last.ms) {
        append(s, sample);
        return SERIES_OK;
    }
    if (s->retention_ms > 0 && last.ms - sample.ms > s->retention_ms) return SERIES_OLD;
    return insert(s, sample, policy == SERIES_POLICY_NONE ? s->policy : policy);
}

/* Deletes from one chunk; what is left of it may become several. Returns the place behind it. */
static uint32_t delete_within(struct series *s, uint32_t i, int64_t from_ms, int64_t to_ms)
{
    uint32_t n = s->chunks[i].count;
    struct tssample *samples = mem_array(n, struct tssample);
    tschunk_read(&s->chunks[i], samples);
    uint32_t first = place_in(samples, n, from_ms);
    uint32_t end = to_ms == INT64_MAX ? n : place_in(samples, n, to_ms + 1);
    memmove(&samples[first], &samples[end], (n - end) * sizeof *samples);
    remove_chunks(s, i, 1);
    uint32_t made = insert_samples(s, i, samples, n - (end - first));
    mem_free(samples);
    return i + made;
}

uint64_t series_delete(struct series *s, int64_t from_ms, int64_t to_ms)
{
    uint64_t before = s->samples;
    if (s->chunk_count == 0 || from_ms > to_ms) return 0;
    uint32_t i = chunk_of(s, from_ms);
    while (i < s->chunk_count && s->chunks[i].first_ms <= to_ms) {
        const struct tschunk *c = &s->chunks[i];
        uint32_t whole = 0; /* chunks that go as they are */
        while (i + whole < s->chunk_count && s->chunks[i + whole].first_ms >= from_ms &&
               s->chunks[i + whole].last_ms <= to_ms)
            whole++;
        if (whole > 0)
            remove_chunks(s, i, whole);
        else if (c->last_ms < from_ms)
            i++;
        else
            i = delete_within(s, i, from_ms, to_ms);
    }
    return before - s->samples;
}

size_t series_memory(const struct series *s)
{
    size_t n = mem_size(s) + mem_size(s->chunks) + mem_size(s->rules) + mem_size(s->source.p) +
               labelled_memory(&s->place);
    for (uint32_t i = 0; i < s->chunk_count; i++)
        n += tschunk_memory(&s->chunks[i]);
    for (uint32_t i = 0; i < s->rule_count; i++)
        n += mem_size(s->rules[i].dest.p);
    return n;
}

/* --- reading --- */

void series_cursor_init(struct series_cursor *c, const struct series *s)
{
    *c = (struct series_cursor){.s = s};
}

void series_cursor_fini(struct series_cursor *c)
{
    mem_free(c->unpacked);
    *c = (struct series_cursor){0};
}

static void unpack(struct series_cursor *c, uint32_t chunk)
{
    if (c->count > 0 && c->chunk == chunk) return;
    const struct tschunk *from = &c->s->chunks[chunk];
    if (from->count > c->cap) {
        c->cap = from->count;
        mem_free(c->unpacked);
        c->unpacked = mem_alloc(c->cap * sizeof *c->unpacked);
    }
    tschunk_read(from, c->unpacked);
    c->chunk = chunk;
    c->count = from->count;
}

bool series_next(struct series_cursor *c, struct tssample *out)
{
    if (c->at + 1 < c->count) {
        *out = c->unpacked[++c->at];
        return true;
    }
    if (c->chunk + 1 >= c->s->chunk_count) return false;
    unpack(c, c->chunk + 1);
    *out = c->unpacked[c->at = 0];
    return true;
}

bool series_previous(struct series_cursor *c, struct tssample *out)
{
    if (c->at > 0) {
        *out = c->unpacked[--c->at];
        return true;
    }
    if (c->chunk == 0) return false;
    unpack(c, c->chunk - 1);
    c->at = c->count - 1;
    *out = c->unpacked[c->at];
    return true;
}

/* Unpacks the chunk that a time would be in; false when there is none at all. */
static bool unpack_at(struct series_cursor *c, int64_t ms)
{
    if (c->s->chunk_count == 0) return false;
    bool here = c->count > 0 && c->unpacked[0].ms <= ms && ms <= c->unpacked[c->count - 1].ms;
    if (!here) unpack(c, chunk_of(c->s, ms));
    return true;
}

bool series_seek(struct series_cursor *c, int64_t ms, struct tssample *out)
{
    if (!unpack_at(c, ms)) return false;
    c->at = place_in(c->unpacked, c->count, ms);
    if (c->at < c->count) {
        *out = c->unpacked[c->at];
        return true;
    }
    c->at = c->count - 1;
    return series_next(c, out);
}

bool series_seek_back(struct series_cursor *c, int64_t ms, struct tssample *out)
{
    if (!unpack_at(c, ms)) return false;
    c->at = place_in(c->unpacked, c->count, ms);
    if (c->at == c->count || c->unpacked[c->at].ms > ms) {
        if (c->at == 0) return series_previous(c, out);
        c->at--;
    }
    *out = c->unpacked[c->at];
    return true;
}

/* --- bytes --- */

static void save_key(struct slice key, struct buf *out)
{
    rdb_add_length(out, key.p != NULL);
    if (key.p == NULL) return;
    rdb_add_length(out, key.len);
    buf_add_slice(out, key);
}

static bool load_text(struct slice *in, struct slice *out)
{
    uint64_t len = 0;
    if (!rdb_length(in, &len) || len > in->len) return false;
    *out = slice_make(in->p, (size_t)len);
    *in = slice_from(*in, (size_t)len);
    return true;
}

/* A key that may be missing: then out->p is NULL. */
static bool load_key(struct slice *in, struct slice *out)
{
    uint64_t there = 0;
    *out = (struct slice){0};
    if (!rdb_length(in, &there) || there > 1) return false;
    return there == 0 || load_text(in, out);
}

void series_save(const struct series *s, struct buf *out)
{
    bool tied = s->rule_count > 0 || s->source.p != NULL;
    rdb_add_length(out, s->compressed);
    rdb_add_length(out, s->chunk_bytes);
    rdb_add_length(out, (uint64_t)s->retention_ms);
    rdb_add_length(out, s->policy);
    rdb_add_length(out, s->place.count);
    for (uint32_t i = 0; i < s->place.count; i++) {
        rdb_add_length(out, s->place.labels[i].name.len);
        buf_add_slice(out, s->place.labels[i].name);
        rdb_add_length(out, s->place.labels[i].value.len);
        buf_add_slice(out, s->place.labels[i].value);
    }
    save_key(tied ? s->place.key : (struct slice){0}, out);
    save_key(s->source, out);
    rdb_add_length(out, s->rule_count);
    for (uint32_t i = 0; i < s->rule_count; i++) {
        const struct series_rule *r = &s->rules[i];
        save_key(r->dest, out);
        rdb_add_length(out, r->kind);
        rdb_add_length(out, (uint64_t)r->bucket_ms);
        rdb_add_length(out, (uint64_t)r->align_ms);
        rdb_add_length(out, (uint64_t)(r->open_ms + 1));
        tsfold_save(&r->open, out);
    }
    rdb_add_length(out, s->chunk_count);
    for (uint32_t i = 0; i < s->chunk_count; i++) {
        rdb_add_length(out, s->chunks[i].bytes_max);
        tschunk_save(&s->chunks[i], out);
    }
}

static bool chunk_bytes_ok(uint64_t n)
{
    return n >= TSCHUNK_BYTES_MIN && n <= TSCHUNK_BYTES_MAX && n % 8 == 0;
}

static bool load_head(struct series *s, struct slice *in)
{
    uint64_t compressed = 0, bytes = 0, retention = 0, policy = 0;
    if (!rdb_length(in, &compressed) || !rdb_length(in, &bytes) || !rdb_length(in, &retention) ||
        !rdb_length(in, &policy))
        return false;
    if (compressed > 1 || !chunk_bytes_ok(bytes) || retention > INT64_MAX) return false;
    if (policy >= SERIES_POLICIES) return false;
    s->compressed = compressed == 1;
    s->chunk_bytes = (uint32_t)bytes;
    s->retention_ms = (int64_t)retention;
    s->policy = (enum series_policy)policy;
    return true;
}

static bool load_labels(struct series *s, struct slice *in)
{
    uint64_t n = 0;
    if (!rdb_length(in, &n) || n > SERIES_LABELS_MAX) return false;
    struct slice pairs[2 * SERIES_LABELS_MAX] = {0};
    for (uint64_t i = 0; i < 2 * n; i++)
        if (!load_text(in, &pairs[i]) || pairs[i].len == 0) return false;
    labelled_set(&s->place, pairs, (uint32_t)n);
    return true;
}

static bool load_rule(struct series *s, struct slice *in)
{
    struct slice dest = {0};
    uint64_t kind = 0, bucket = 0, align = 0, open = 0;
    if (!load_key(in, &dest) || dest.p == NULL || !rdb_length(in, &kind) ||
        !rdb_length(in, &bucket) || !rdb_length(in, &align) || !rdb_length(in, &open))
        return false;
    if (kind >= TSFOLD_KINDS || bucket == 0 || bucket > INT64_MAX || align > INT64_MAX)
        return false;
    if (open > INT64_MAX || series_find_rule(s, dest) != NULL) return false;
    struct series_rule *r =
        series_add_rule(s, dest, (enum tsfold_kind)kind, (int64_t)bucket, (int64_t)align);
    r->open_ms = (int64_t)open - 1;
    if (!tsfold_load(in, r->kind, &r->open)) return false;
    int64_t begin = r->open_ms < 0 ? 0 : series_bucket(r->open_ms, r->bucket_ms, r->align_ms);
    return r->open_ms < 0 || r->open_ms == (begin < 0 ? 0 : begin);
}

static bool load_ties(struct series *s, struct slice *in)
{
    struct slice key = {0}, source = {0};
    uint64_t rules = 0;
    if (!load_key(in, &key) || !load_key(in, &source) || !rdb_length(in, &rules)) return false;
    if (rules > SERIES_RULES_MAX) return false;
    if (key.p != NULL) labelled_name(&s->place, key);
    if (source.p != NULL) series_set_source(s, source);
    for (uint64_t i = 0; i < rules; i++)
        if (!load_rule(s, in)) return false;
    return key.p != NULL || (rules == 0 && source.p == NULL);
}

static bool load_chunks(struct series *s, struct slice *in)
{
    uint64_t n = 0, bytes = 0;
    struct tssample last = {0};
    if (!rdb_length(in, &n) || n > in->len) return false;
    for (uint64_t i = 0; i < n; i++) {
        struct tschunk c;
        if (!rdb_length(in, &bytes) || !chunk_bytes_ok(bytes)) return false;
        if (!tschunk_load(in, s->compressed, (uint32_t)bytes, &c)) return false;
        bool later = !series_last(s, &last) || c.first_ms > last.ms;
        s->samples += c.count;
        *insert_chunk(s, s->chunk_count) = c;
        if (!later) return false;
    }
    return in->len == 0;
}

struct series *series_load(struct slice bytes)
{
    struct series *s = series_new(true, SERIES_CHUNK_BYTES);
    if (load_head(s, &bytes) && load_labels(s, &bytes) && load_ties(s, &bytes) &&
        load_chunks(s, &bytes))
        return s;
    series_free(s);
    return NULL;
}

void series_check(const struct series *s)
{
    uint64_t samples = 0;
    must(s->chunk_count <= s->chunk_cap);
    for (uint32_t i = 0; i < s->chunk_count; i++) {
        tschunk_check(&s->chunks[i]);
        must(s->chunks[i].compressed == s->compressed);
        must(i == 0 || s->chunks[i].first_ms > s->chunks[i - 1].last_ms);
        samples += s->chunks[i].count;
    }
    must(samples == s->samples);
}
