/* fuzz_series: strangers' bytes as a series, and as the chunk in one. What loads must be whole, go on
 * taking samples, answer ranges, and save to bytes that load again. */
#include "base/must.h"
#include "store/ds/tsquery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count(void *data, struct tssample sample)
{
    (void)sample;
    return ++*(uint64_t *)data < 100000;
}

static void use(struct series *s)
{
    struct tssample last = {0}, bucket = {0};
    uint64_t n = 0;
    series_check(s);
    for (int folded = 0; folded < 2; folded++) {
        for (int reverse = 0; reverse < 2; reverse++) {
            struct tsquery q = {.to_ms = INT64_MAX,
                                .count = 1000,
                                .reverse = reverse == 1,
                                .folded = folded == 1,
                                .kind = (enum tsfold_kind)(s->samples % TSFOLD_KINDS),
                                .bucket_ms = 1000,
                                .empty = true};
            (void)tsquery_run(s, &q, count, &n);
        }
    }
    bool some = series_last(s, &last);
    for (uint32_t i = 0; i < s->rule_count; i++) {
        (void)series_rule_latest(&s->rules[i], &bucket);
        if (!some || last.ms < INT64_MAX) {
            struct tssample next = {some ? last.ms + 1 : 0, 1};
            (void)series_rule_append(&s->rules[i], next, &bucket);
        }
        series_rule_reopen(s, &s->rules[i]);
    }
    (void)series_put(s, (struct tssample){last.ms / 2, 2}, SERIES_LAST);
    (void)series_delete(s, last.ms / 3, last.ms / 2);
    series_check(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_make(data, size), in = all;
    struct tschunk c;
    struct buf bytes = {0};
    for (int compressed = 0; compressed < 2; compressed++) {
        in = all;
        if (!tschunk_load(&in, compressed == 1, 4096, &c)) continue;
        tschunk_check(&c);
        if (c.last_ms < INT64_MAX) (void)tschunk_push(&c, (struct tssample){c.last_ms + 1, 0.5});
        tschunk_check(&c);
        tschunk_fini(&c);
    }
    struct series *s = series_load(all);
    if (s == NULL) return 0;
    series_save(s, &bytes);
    struct series *again = series_load(buf_slice(&bytes));
    must(again != NULL && again->samples == s->samples);
    series_free(again);
    buf_fini(&bytes);
    use(s);
    series_free(s);
    return 0;
}
