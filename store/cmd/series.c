/* series: time series (store/ds/series.h) as values, and the TS.* commands that change one. */
#include "series.h"

#include <math.h>

/* --- the value type --- */

static void type_free(void *v)
{
    series_free(v);
}

static void *type_copy(const void *v)
{
    return series_copy(v);
}

static size_t type_memory(const void *v)
{
    return series_memory(v);
}

static uint64_t type_effort(const void *v)
{
    return 1 + ((const struct series *)v)->chunk_count;
}

static void type_save(const void *v, struct buf *out)
{
    series_save(v, out);
}

static void *type_load(struct slice bytes, uint32_t version)
{
    return version == 1 ? series_load(bytes) : NULL;
}

/* What other series call s by when its name changes. */
static void rename_ties(struct series *s, struct slice old, struct slice key)
{
    struct labelled *place = NULL;
    if (s->source.p != NULL && (place = labels_key(s->place.in, s->source)) != NULL) {
        struct series_rule *r = series_find_rule(series_at(place), old);
        if (r != NULL) series_rename_dest(r, key);
    }
    for (uint32_t i = 0; i < s->rule_count; i++) {
        place = labels_key(s->place.in, s->rules[i].dest);
        if (place == NULL) continue;
        struct series *dest = series_at(place);
        if (dest->source.p != NULL && slice_eq(dest->source, old)) series_set_source(dest, key);
    }
}

/* A series keeps its rules under a new name, but not in another database; one that comes from a
 * DUMP keeps them only where it was dumped: anywhere else they are not its own. */
static void type_placed(void *v, struct labels **labels, struct slice key)
{
    struct series *s = v;
    bool moved = s->place.key.p != NULL && !slice_eq(s->place.key, key);
    if (s->place.in != NULL && s->place.in == *labels && !moved) return;
    if (s->place.in != NULL && s->place.in == *labels) {
        rename_ties(s, s->place.key, key);
    } else if (moved || s->place.in != NULL) {
        while (s->rule_count > 0)
            series_drop_rule(s, 0);
        series_set_source(s, (struct slice){0});
    }
    labelled_join(&s->place, labels, key);
}

struct family_type series_type = {.name = "TSDB-TYPE",
                                  .version = 1,
                                  .free = type_free,
                                  .copy = type_copy,
                                  .memory = type_memory,
                                  .effort = type_effort,
                                  .save = type_save,
                                  .load = type_load,
                                  .placed = type_placed};

/* --- arguments --- */

struct series *series_get(struct host *h, struct slice key, bool write)
{
    void *v = NULL;
    if (!(write ? host_find_write(h, key, &series_type, &v) : host_find(h, key, &series_type, &v)))
        return NULL;
    if (v == NULL) reply_error(h->reply, "ERR TSDB: the key does not exist");
    return v;
}

bool series_time(struct slice s, int64_t *ms)
{
    int64_t n = 0;
    if (!slice_i64(s, &n) || n < 0) return false;
    *ms = n;
    return true;
}

/* What TS.CREATE, ALTER, ADD and INCRBY say of a series; has_ fields: it was said. */
struct options {
    int64_t retention_ms, chunk_bytes;
    enum series_policy policy, on_duplicate;
    bool uncompressed, has_retention, has_chunk_bytes, has_encoding, has_labels;
    const struct slice *labels; /* borrowed from argv: names and values */
    uint32_t label_count;
    uint32_t time_at; /* of INCRBY and DECRBY: where argv has the time; 0: it was not said */
};

bool series_refuse(struct host *h, const char *line)
{
    reply_error(h->reply, line);
    return false;
}

bool series_unknown(struct host *h, struct slice word)
{
    enum { SHOWN = 64 };
    reply_errorf(h->reply, "ERR TSDB: unknown argument '%.*s'",
                 (int)(word.len < SHOWN ? word.len : SHOWN), word.p);
    return false;
}

static bool read_policy(struct host *h, uint32_t i, enum series_policy *out)
{
    static const char *const names[SERIES_POLICIES] = {
        [SERIES_BLOCK] = "block", [SERIES_FIRST] = "first", [SERIES_LAST] = "last",
        [SERIES_MIN] = "min",     [SERIES_MAX] = "max",     [SERIES_SUM] = "sum",
    };
    if (i == h->argc) return series_refuse(h, "ERR TSDB: Couldn't parse DUPLICATE_POLICY");
    for (uint32_t k = SERIES_BLOCK; k < SERIES_POLICIES; k++) {
        if (!slice_word(h->argv[i], names[k])) continue;
        *out = (enum series_policy)k;
        return true;
    }
    return series_refuse(h, "ERR TSDB: Unknown DUPLICATE_POLICY");
}

static bool read_chunk_bytes(struct host *h, uint32_t i, struct options *o)
{
    if (i == h->argc || !slice_i64(h->argv[i], &o->chunk_bytes))
        return series_refuse(h, "ERR TSDB: Couldn't parse CHUNK_SIZE");
    if (o->chunk_bytes < TSCHUNK_BYTES_MIN || o->chunk_bytes > TSCHUNK_BYTES_MAX ||
        o->chunk_bytes % 8 != 0)
        return series_refuse(
            h, "ERR TSDB: CHUNK_SIZE value must be a multiple of 8 in the range [48 .. 1048576]");
    o->has_chunk_bytes = true;
    return true;
}

static bool read_encoding(struct host *h, struct slice s, struct options *o)
{
    o->has_encoding = true;
    o->uncompressed = slice_word(s, "UNCOMPRESSED");
    return o->uncompressed || slice_word(s, "COMPRESSED") ||
           series_refuse(h, "ERR TSDB: unknown ENCODING parameter");
}

/* Labels reach to the end, or to a word that clients put behind them. */
static bool read_labels(struct host *h, uint32_t *at, struct options *o)
{
    static const char forbidden[] = "(),";
    uint32_t i = *at;
    o->has_labels = true;
    o->labels = h->argv + i;
    for (o->label_count = 0; i + 1 < h->argc; i += 2, o->label_count++) {
        struct slice name = h->argv[i], value = h->argv[i + 1];
        if (slice_word(name, "ON_DUPLICATE")) break;
        bool ok = name.len > 0 && value.len > 0 && o->label_count < SERIES_LABELS_MAX;
        for (const char *c = forbidden; ok && *c != '\0'; c++)
            ok = slice_find(value, *c) == value.len;
        if (!ok) return series_refuse(h, "ERR TSDB: Couldn't parse LABELS");
    }
    if (i + 1 == h->argc) return series_refuse(h, "ERR TSDB: Couldn't parse LABELS");
    *at = i;
    return true;
}

/* Reads argv from `at` on. False after a reply. */
static bool read_options(struct host *h, uint32_t at, struct options *o)
{
    *o = (struct options){.chunk_bytes = SERIES_CHUNK_BYTES};
    while (at < h->argc) {
        struct slice word = h->argv[at++];
        bool more = at < h->argc;
        if (slice_word(word, "LABELS")) {
            if (!read_labels(h, &at, o)) return false;
        } else if (slice_word(word, "RETENTION")) {
            if (!more || !series_time(h->argv[at++], &o->retention_ms))
                return series_refuse(h, "ERR TSDB: Couldn't parse RETENTION");
            o->has_retention = true;
        } else if (slice_word(word, "CHUNK_SIZE")) {
            if (!read_chunk_bytes(h, at++, o)) return false;
        } else if (slice_word(word, "ENCODING")) {
            if (!more) {
                host_wrong_arity(h);
                return false;
            }
            if (!read_encoding(h, h->argv[at++], o)) return false;
        } else if (slice_word(word, "UNCOMPRESSED") || slice_word(word, "COMPRESSED")) {
            if (!read_encoding(h, word, o)) return false;
        } else if (slice_word(word, "DUPLICATE_POLICY")) {
            if (!read_policy(h, at++, &o->policy)) return false;
        } else if (slice_word(word, "ON_DUPLICATE")) {
            if (!read_policy(h, at++, &o->on_duplicate)) return false;
        } else if (slice_word(word, "TIMESTAMP")) {
            if (!more) return series_refuse(h, "ERR TSDB: invalid timestamp");
            o->time_at = at++;
        } else {
            return series_unknown(h, word);
        }
    }
    return true;
}

static void apply_options(struct series *s, const struct options *o)
{
    if (o->has_retention) s->retention_ms = o->retention_ms;
    if (o->has_chunk_bytes) s->chunk_bytes = (uint32_t)o->chunk_bytes;
    if (o->policy != SERIES_POLICY_NONE) s->policy = o->policy;
    if (o->has_labels) labelled_set(&s->place, o->labels, o->label_count);
}

static struct series *create(struct host *h, struct slice key, const struct options *o)
{
    struct series *s = series_new(!o->uncompressed, SERIES_CHUNK_BYTES);
    apply_options(s, o);
    host_put(h, key, &series_type, s);
    return s;
}

/* TS.CREATE key [RETENTION ms] [ENCODING UNCOMPRESSED|COMPRESSED] [CHUNK_SIZE bytes]
 *     [DUPLICATE_POLICY policy] [LABELS name value …] */
void ts_create(struct host *h)
{
    struct options o;
    void *old = NULL;
    if (!read_options(h, 2, &o)) return;
    if (!host_find_write(h, h->argv[1], &series_type, &old)) return;
    if (old != NULL) {
        reply_error(h->reply, "ERR TSDB: key already exists");
        return;
    }
    (void)create(h, h->argv[1], &o);
    host_changed(h, h->argv[1], "ts.create");
    reply_ok(h->reply);
}

/* TS.ALTER key [RETENTION ms] [CHUNK_SIZE bytes] [DUPLICATE_POLICY policy] [LABELS name value …] */
void ts_alter(struct host *h)
{
    struct options o;
    if (!read_options(h, 2, &o)) return;
    struct series *s = series_get(h, h->argv[1], true);
    if (s == NULL) return;
    apply_options(s, &o);
    host_changed(h, h->argv[1], "ts.alter");
    reply_ok(h->reply);
}

/* --- samples --- */

static bool read_value(struct slice s, double *out)
{
    return slice_double(s, out) && isfinite(*out);
}

/* Puts a sample in and follows it with the rules. An error line, or NULL. */
static const char *put(struct host *h, struct series *s, struct tssample sample,
                       enum series_policy policy)
{
    struct tssample last = {0};
    bool appended = !series_last(s, &last) || sample.ms > last.ms;
    switch (series_put(s, sample, policy)) {
    case SERIES_OLD:
        return "ERR TSDB: Timestamp is older than retention";
    case SERIES_BLOCKED:
        return "ERR TSDB: Error at upsert, update is not supported when DUPLICATE_POLICY is set to "
               "BLOCK mode";
    case SERIES_OK:
        break;
    }
    if (s->rule_count > 0) series_follow_put(h, s, sample, appended);
    return NULL;
}

static const char *read_sample(const struct host *h, const struct slice *time_and_value,
                               struct tssample *out)
{
    int64_t ms = h->now_ms;
    if (!read_value(time_and_value[1], &out->value)) return "ERR TSDB: invalid value";
    if (!slice_is(time_and_value[0], "*") && !slice_i64(time_and_value[0], &ms))
        return "ERR TSDB: invalid timestamp";
    if (ms < 0) return "ERR TSDB: invalid timestamp, must be a nonnegative integer";
    out->ms = ms;
    return NULL;
}

/* argv[i] as text in the arena: what the log keeps instead of "*". */
static struct slice time_text(struct host *h, int64_t ms)
{
    return arena_printf(h->arena, "%lld", (long long)ms);
}

/* Logs the command with argv[i] replaced by a time. */
static void log_with_time(struct host *h, uint32_t i, int64_t ms)
{
    struct slice *argv = arena_array(h->arena, h->argc, struct slice);
    memcpy(argv, h->argv, h->argc * sizeof *argv);
    argv[i] = time_text(h, ms);
    host_effect(h, h->argc, argv);
}

/* TS.ADD key time value [options of TS.CREATE] [ON_DUPLICATE policy] */
void ts_add(struct host *h)
{
    struct options o;
    struct tssample sample = {0};
    void *v = NULL;
    const char *wrong = read_sample(h, h->argv + 2, &sample);
    if (wrong != NULL) {
        reply_error(h->reply, wrong);
        return;
    }
    if (!read_options(h, 4, &o) || !host_find_write(h, h->argv[1], &series_type, &v)) return;
    struct series *s = v == NULL ? create(h, h->argv[1], &o) : v;
    wrong = put(h, s, sample, o.on_duplicate);
    if (wrong != NULL) {
        reply_error(h->reply, wrong);
        return;
    }
    if (h->argv[2].len == 1 && h->argv[2].p[0] == '*') log_with_time(h, 2, sample.ms);
    host_changed(h, h->argv[1], "ts.add");
    reply_int(h->reply, sample.ms);
}

/* One of TS.MADD's samples; an error line, or NULL. */
static const char *add_one(struct host *h, const struct slice *triple, struct tssample *sample)
{
    const char *wrong = read_sample(h, triple + 1, sample);
    if (wrong != NULL) return wrong;
    struct series *s = host_peek(h, triple[0], &series_type);
    if (s == NULL) return "ERR TSDB: the key is not a TSDB key";
    return put(h, s, *sample, SERIES_POLICY_NONE);
}

/* TS.MADD key time value [key time value …]: each for itself; the log takes those that went in */
void ts_madd(struct host *h)
{
    if ((h->argc - 1) % 3 != 0) {
        host_wrong_arity(h);
        return;
    }
    struct slice *log = arena_array(h->arena, h->argc, struct slice);
    uint32_t logged = 1;
    log[0] = h->argv[0];
    reply_array(h->reply, (h->argc - 1) / 3);
    for (uint32_t i = 1; i < h->argc; i += 3) {
        struct tssample sample = {0};
        const char *wrong = add_one(h, h->argv + i, &sample);
        if (wrong != NULL) {
            reply_error(h->reply, wrong);
            continue;
        }
        reply_int(h->reply, sample.ms);
        log[logged++] = h->argv[i];
        log[logged++] = time_text(h, sample.ms);
        log[logged++] = h->argv[i + 2];
        host_changed(h, h->argv[i], "ts.add");
    }
    if (logged > 1) host_effect(h, logged, log);
}

/* Logs the command with the time that argv[at] is, or that is put in when at is 0. */
static void log_time_word(struct host *h, uint32_t at, int64_t ms)
{
    enum { BEFORE = 3 }; /* name, key and number */
    if (at > 0) {
        log_with_time(h, at, ms);
        return;
    }
    struct slice *argv = arena_array(h->arena, h->argc + 2, struct slice);
    memcpy(argv, h->argv, BEFORE * sizeof *argv);
    argv[BEFORE] = SLICE("TIMESTAMP");
    argv[BEFORE + 1] = time_text(h, ms);
    memcpy(argv + BEFORE + 2, h->argv + BEFORE, (h->argc - BEFORE) * sizeof *argv);
    host_effect(h, h->argc + 2, argv);
}

static void add_to_last(struct host *h, double sign, const char *event)
{
    struct options o;
    void *v = NULL;
    double by = 0;
    int64_t ms = h->now_ms;
    struct tssample last = {0};
    if (!read_value(h->argv[2], &by)) {
        reply_error(h->reply, "ERR TSDB: invalid increase/decrease value");
        return;
    }
    if (!read_options(h, 3, &o)) return;
    bool said = o.time_at > 0 && !slice_is(h->argv[o.time_at], "*");
    if (said && !series_time(h->argv[o.time_at], &ms)) {
        reply_error(h->reply, "ERR TSDB: invalid timestamp");
        return;
    }
    if (!host_find_write(h, h->argv[1], &series_type, &v)) return;
    if (v != NULL && series_last(v, &last) && ms < last.ms) {
        reply_error(h->reply, "TSDB: timestamp must be equal to or higher than the maximum "
                              "existing timestamp");
        return;
    }
    if (!isfinite(last.value + sign * by)) {
        reply_error(h->reply, "ERR TSDB: invalid increase/decrease value");
        return;
    }
    struct series *s = v == NULL ? create(h, h->argv[1], &o) : v;
    must(put(h, s, (struct tssample){ms, last.value + sign * by}, SERIES_LAST) == NULL);
    if (!said) log_time_word(h, o.time_at, ms);
    host_changed(h, h->argv[1], event);
    reply_int(h->reply, ms);
}

/* TS.INCRBY key number [TIMESTAMP time] [options of TS.CREATE] */
void ts_incrby(struct host *h)
{
    add_to_last(h, 1, "ts.incrby");
}

/* TS.DECRBY key number [TIMESTAMP time] [options of TS.CREATE] */
void ts_decrby(struct host *h)
{
    add_to_last(h, -1, "ts.decrby");
}

/* Whether a rule of s can be kept in step with a deletion from from_ms on: its bucket there must
 * still be whole. */
static bool can_follow(const struct series *s, int64_t from_ms)
{
    int64_t shown = series_shown_from(s);
    bool ok = s->rule_count == 0 || from_ms >= shown;
    for (uint32_t i = 0; ok && i < s->rule_count; i++) {
        int64_t begin = series_bucket(from_ms, s->rules[i].bucket_ms, s->rules[i].align_ms);
        ok = (begin < 0 ? 0 : begin) >= shown;
    }
    return ok;
}

/* TS.DEL key from to */
void ts_del(struct host *h)
{
    struct series_words w = {0};
    uint32_t at = 2;
    if (!series_read_span(h, &at, &w)) return;
    struct series *s = series_get(h, h->argv[1], true);
    if (s == NULL) return;
    if (!can_follow(s, w.query.from_ms)) {
        reply_error(h->reply,
                    "ERR TSDB: When a series has compactions, deleting samples or compaction "
                    "buckets beyond the series retention period is not possible");
        return;
    }
    uint64_t deleted = series_delete(s, w.query.from_ms, w.query.to_ms);
    if (deleted > 0) {
        series_follow_delete(h, s, w.query.from_ms, w.query.to_ms);
        host_changed(h, h->argv[1], "ts.del");
    }
    reply_int(h->reply, (int64_t)deleted);
}
