/* series_info: TS.GET and TS.INFO, and how samples and labels are replied. */
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The fewest digits that name d, as of a status. */
static void add_value(char out[static 32], double d)
{
    if (isnan(d)) {
        (void)snprintf(out, 32, "NaN");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(out, 32, "%.*g", digits, d);
        if (digits == 17 || strtod(out, NULL) == d) return;
    }
}

void series_reply_sample(struct reply *r, struct tssample sample)
{
    char text[32];
    reply_array(r, 2);
    reply_int(r, sample.ms);
    if (r->resp == 3) {
        reply_double(r, sample.value);
        return;
    }
    if (sample.value == floor(sample.value) && fabs(sample.value) < 1e15)
        text[fmt_i64(text, (int64_t)sample.value)] = '\0';
    else
        add_value(text, sample.value);
    reply_status(r, text);
}

void series_reply_map(struct reply *r, uint64_t pairs, bool flat)
{
    if (r->resp == 3 || flat)
        reply_map(r, pairs);
    else
        reply_array(r, pairs);
}

void series_reply_labels(struct reply *r, const struct labelled *l)
{
    series_reply_map(r, l->count, false);
    for (uint32_t i = 0; i < l->count; i++) {
        if (r->resp != 3) reply_array(r, 2);
        reply_bulk(r, l->labels[i].name);
        reply_bulk(r, l->labels[i].value);
    }
}

/* TS.GET key [LATEST] */
void ts_get(struct host *h)
{
    struct tssample sample = {0};
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    const struct series *s = series_get(h, h->argv[1], false);
    if (s == NULL) return;
    if (h->argc == 3 && !slice_word(h->argv[2], "LATEST")) {
        reply_error(h->reply, "ERR TSDB: wrong 3rd argument");
        return;
    }
    if ((h->argc == 3 && series_latest(h, s, &sample)) || series_last(s, &sample))
        series_reply_sample(h->reply, sample);
    else
        reply_array(h->reply, 0);
}

static void reply_name(struct reply *r, const char *name)
{
    reply_status(r, name);
}

static void reply_rules(struct host *h, const struct series *s)
{
    struct reply *r = h->reply;
    size_t place = reply_later(r);
    uint64_t n = 0;
    for (uint32_t i = 0; i < s->rule_count; i++) {
        const struct series_rule *rule = &s->rules[i];
        if (series_dest(h, s, rule) == NULL) continue;
        char name[16] = {0};
        for (size_t k = 0; tsfold_name(rule->kind)[k] != '\0'; k++) {
            char c = tsfold_name(rule->kind)[k];
            name[k] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        }
        if (r->resp != 3) reply_array(r, 4);
        reply_bulk(r, rule->dest);
        if (r->resp == 3) reply_array(r, 3);
        reply_int(r, rule->bucket_ms);
        reply_status(r, name);
        reply_int(r, rule->align_ms);
        n++;
    }
    reply_later_end(r, place, r->resp == 3 ? '%' : '*', n);
}

static void reply_chunks(struct reply *r, const struct series *s)
{
    reply_array(r, s->chunk_count);
    for (uint32_t i = 0; i < s->chunk_count; i++) {
        const struct tschunk *c = &s->chunks[i];
        reply_map(r, 5);
        reply_name(r, "startTimestamp");
        reply_int(r, c->first_ms);
        reply_name(r, "endTimestamp");
        reply_int(r, c->last_ms);
        reply_name(r, "samples");
        reply_int(r, c->count);
        reply_name(r, "size");
        reply_int(r, (int64_t)tschunk_memory(c));
        reply_name(r, "bytesPerSample");
        reply_double(r, (double)tschunk_memory(c) / c->count);
    }
}

/* The samples that the retention shows, and the first of them. */
static uint64_t shown(const struct series *s, int64_t *first_ms)
{
    struct series_cursor c;
    struct tssample first = {0};
    int64_t from = series_shown_from(s);
    uint64_t n = s->samples;
    series_cursor_init(&c, s);
    if (series_seek(&c, from, &first)) {
        for (uint32_t i = 0; i < c.chunk; i++)
            n -= s->chunks[i].count;
        n -= c.at;
    }
    series_cursor_fini(&c);
    *first_ms = first.ms;
    return n;
}

/* TS.INFO key [DEBUG] */
void ts_info(struct host *h)
{
    static const char *const policies[SERIES_POLICIES] = {NULL,  "block", "first", "last",
                                                          "min", "max",   "sum"};
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    const struct series *s = series_get(h, h->argv[1], false);
    if (s == NULL) return;
    bool debug = h->argc == 3 && slice_word(h->argv[2], "DEBUG");
    struct reply *r = h->reply;
    struct tssample last = {0};
    int64_t first_ms = 0;
    uint64_t samples = shown(s, &first_ms);
    (void)series_last(s, &last);
    reply_map(r, debug ? 14 : 12);
    reply_name(r, "totalSamples");
    reply_int(r, (int64_t)samples);
    reply_name(r, "memoryUsage");
    reply_int(r, (int64_t)series_memory(s));
    reply_name(r, "firstTimestamp");
    reply_int(r, first_ms);
    reply_name(r, "lastTimestamp");
    reply_int(r, last.ms);
    reply_name(r, "retentionTime");
    reply_int(r, s->retention_ms);
    reply_name(r, "chunkCount");
    reply_int(r, s->chunk_count == 0 ? 1 : s->chunk_count);
    reply_name(r, "chunkSize");
    reply_int(r, s->chunk_bytes);
    reply_name(r, "chunkType");
    reply_name(r, s->compressed ? "compressed" : "uncompressed");
    reply_name(r, "duplicatePolicy");
    if (s->policy == SERIES_POLICY_NONE)
        reply_null(r);
    else
        reply_name(r, policies[s->policy]);
    reply_name(r, "labels");
    series_reply_labels(r, &s->place);
    reply_name(r, "sourceKey");
    if (series_has_source(h, s))
        reply_bulk(r, s->source);
    else
        reply_null(r);
    reply_name(r, "rules");
    reply_rules(h, s);
    if (!debug) return;
    reply_name(r, "keySelfName");
    reply_bulk(r, h->argv[1]);
    reply_name(r, "Chunks");
    reply_chunks(r, s);
}
