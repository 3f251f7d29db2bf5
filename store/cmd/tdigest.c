/* tdigest: TDIGEST.*, quantiles of values (store/ds/tdigest.h). */
#include "store/ds/tdigest.h"

#include "store/cmd/sketch.h"

#include <math.h>

SKETCH_TYPE(tdigest_type, tdigest, "TDIS-TYPE")

enum { COMPRESSION = 100 };

static struct tdigest *get(struct host *h, struct slice key, bool write)
{
    return sketch_get(h, key, &tdigest_type, "ERR T-Digest: key does not exist", write);
}

static bool read_compression(struct host *h, struct slice s, int64_t *out)
{
    if (!slice_i64(s, out))
        reply_error(h->reply, "ERR T-Digest: error parsing compression parameter");
    else if (*out <= 0)
        reply_error(h->reply, "ERR T-Digest: compression parameter needs to be a positive integer");
    else if (*out > TDIGEST_COMPRESSION_MAX)
        reply_error(h->reply, "ERR T-Digest: allocation failed");
    else
        return true;
    return false;
}

/* TDIGEST.CREATE key [COMPRESSION n] */
void tdigest_create(struct host *h)
{
    int64_t compression = COMPRESSION;
    if (h->argc != 2 && h->argc != 4) {
        host_wrong_arity(h);
        return;
    }
    if (!sketch_is_new(h, &tdigest_type, "ERR T-Digest: key already exists")) return;
    if (h->argc == 4 && !slice_word(h->argv[2], "COMPRESSION")) {
        reply_error(h->reply, "ERR T-Digest: wrong keyword");
        return;
    }
    if (h->argc == 4 && !read_compression(h, h->argv[3], &compression)) return;
    host_put(h, h->argv[1], &tdigest_type, tdigest_new((uint32_t)compression));
    host_changed(h, h->argv[1], "tdigest.create");
    reply_ok(h->reply);
}

/* TDIGEST.RESET key */
void tdigest_reset_key(struct host *h)
{
    struct tdigest *t = get(h, h->argv[1], true);
    if (t == NULL) return;
    tdigest_reset(t);
    host_changed(h, h->argv[1], "tdigest.reset");
    reply_ok(h->reply);
}

/* Reads argv from 2 on as numbers; NULL after the reply `wrong`. */
static double *numbers(struct host *h, const char *wrong)
{
    double *out = arena_array(h->arena, h->argc - 2, double);
    for (uint32_t i = 2; i < h->argc; i++) {
        if (slice_double(h->argv[i], &out[i - 2])) continue;
        reply_error(h->reply, wrong);
        return NULL;
    }
    return out;
}

/* TDIGEST.ADD key value [value …]: all or nothing */
void tdigest_add_values(struct host *h)
{
    struct tdigest *t = get(h, h->argv[1], true);
    if (t == NULL) return;
    const double *values = numbers(h, "ERR T-Digest: error parsing val parameter");
    if (values == NULL) return;
    uint32_t n = h->argc - 2;
    for (uint32_t i = 0; i < n; i++) {
        if (isfinite(values[i])) continue;
        reply_error(h->reply, "ERR T-Digest: val parameter needs to be a finite number");
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        tdigest_add(t, values[i]);
    host_changed(h, h->argv[1], "tdigest.add");
    reply_ok(h->reply);
}

/* What follows the sources of TDIGEST.MERGE. */
struct merge_words {
    int64_t compression; /* 0: not said */
    bool override;
};

static bool merge_words(struct host *h, uint32_t from, struct merge_words *out)
{
    for (uint32_t i = from; i < h->argc; i++) {
        if (slice_word(h->argv[i], "OVERRIDE")) {
            out->override = true;
        } else if (!slice_word(h->argv[i], "COMPRESSION")) {
            reply_error(h->reply, "ERR T-Digest: wrong keyword");
            return false;
        } else if (++i == h->argc) {
            host_wrong_arity(h);
            return false;
        } else if (!read_compression(h, h->argv[i], &out->compression)) {
            return false;
        }
    }
    return true;
}

/* TDIGEST.MERGE dest numkeys source [source …] [COMPRESSION n] [OVERRIDE] */
void tdigest_merge_keys(struct host *h)
{
    int64_t n = 0;
    void *old = NULL;
    struct merge_words words = {0};
    if (!host_find_write(h, h->argv[1], &tdigest_type, &old)) return;
    if (!slice_i64(h->argv[2], &n)) {
        reply_error(h->reply, "ERR T-Digest: error parsing numkeys");
        return;
    }
    if (n <= 0) {
        reply_error(h->reply, "ERR T-Digest: numkeys needs to be a positive integer");
        return;
    }
    if (n > h->argc - 3) {
        host_wrong_arity(h);
        return;
    }
    if (!merge_words(h, 3 + (uint32_t)n, &words)) return;
    const struct tdigest **from = arena_array(h->arena, (size_t)n, const struct tdigest *);
    bool keeps = old != NULL && !words.override;
    int64_t largest = keeps ? tdigest_info(old).compression : 0;
    for (int64_t i = 0; i < n; i++) {
        from[i] = get(h, h->argv[3 + i], false);
        if (from[i] == NULL) return;
        int64_t its = tdigest_info(from[i]).compression;
        if (!keeps && its > largest) largest = its;
    }
    struct tdigest *to =
        tdigest_new((uint32_t)(words.compression > 0 ? words.compression : largest));
    if (keeps) tdigest_merge(to, old);
    for (int64_t i = 0; i < n; i++)
        tdigest_merge(to, from[i]);
    host_put(h, h->argv[1], &tdigest_type, to);
    host_changed(h, h->argv[1], "tdigest.merge");
    reply_ok(h->reply);
}

/* TDIGEST.MIN key */
void tdigest_min_of(struct host *h)
{
    const struct tdigest *t = get(h, h->argv[1], false);
    if (t != NULL) reply_double(h->reply, tdigest_min(t));
}

/* TDIGEST.MAX key */
void tdigest_max_of(struct host *h)
{
    const struct tdigest *t = get(h, h->argv[1], false);
    if (t != NULL) reply_double(h->reply, tdigest_max(t));
}

/* --- ranks: how many values lie before one, and which value has so many before it --- */

/* To the nearest whole number, halves down. */
static double half_down(double x)
{
    return ceil(x - 0.5);
}

static int64_t rank_of(struct tdigest *t, double value, bool reverse)
{
    double n = (double)tdigest_count(t);
    if (n == 0) return -2;
    if (value < tdigest_min(t)) return reverse ? (int64_t)n : -1;
    if (value > tdigest_max(t)) return reverse ? -1 : (int64_t)n;
    double before = tdigest_cdf(t, value) * n;
    return (int64_t)(reverse ? round(n - round(before)) : half_down(before));
}

static void reply_ranks(struct host *h, bool reverse)
{
    struct tdigest *t = get(h, h->argv[1], false);
    if (t == NULL) return;
    const double *values = numbers(h, "ERR T-Digest: error parsing value");
    if (values == NULL) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 0; i < h->argc - 2; i++)
        reply_int(h->reply, rank_of(t, values[i], reverse));
}

/* TDIGEST.RANK key value [value …] */
void tdigest_rank(struct host *h)
{
    reply_ranks(h, false);
}

/* TDIGEST.REVRANK key value [value …] */
void tdigest_revrank(struct host *h)
{
    reply_ranks(h, true);
}

static double by_rank(struct tdigest *t, int64_t rank, bool reverse)
{
    double n = (double)tdigest_count(t), r = (double)rank;
    if (n == 0) return (double)NAN;
    if (rank == 0) return reverse ? tdigest_max(t) : tdigest_min(t);
    if (r >= n) return reverse ? -(double)INFINITY : (double)INFINITY;
    return tdigest_quantile(t, (reverse ? n - r - 1 : r) / n);
}

static void reply_by_ranks(struct host *h, bool reverse)
{
    struct tdigest *t = get(h, h->argv[1], false);
    if (t == NULL) return;
    uint32_t n = h->argc - 2;
    int64_t *ranks = arena_array(h->arena, n, int64_t);
    for (uint32_t i = 0; i < n; i++) {
        const char *wrong = !slice_i64(h->argv[2 + i], &ranks[i])
                                ? "ERR T-Digest: error parsing rank"
                            : ranks[i] < 0 ? "ERR T-Digest: rank needs to be non negative"
                                           : NULL;
        if (wrong == NULL) continue;
        reply_error(h->reply, wrong);
        return;
    }
    reply_array(h->reply, n);
    for (uint32_t i = 0; i < n; i++)
        reply_double(h->reply, by_rank(t, ranks[i], reverse));
}

/* TDIGEST.BYRANK key rank [rank …] */
void tdigest_byrank(struct host *h)
{
    reply_by_ranks(h, false);
}

/* TDIGEST.BYREVRANK key rank [rank …] */
void tdigest_byrevrank(struct host *h)
{
    reply_by_ranks(h, true);
}

/* TDIGEST.QUANTILE key share [share …] */
void tdigest_quantiles(struct host *h)
{
    struct tdigest *t = get(h, h->argv[1], false);
    if (t == NULL) return;
    const double *shares = numbers(h, "ERR T-Digest: error parsing quantile");
    if (shares == NULL) return;
    uint32_t n = h->argc - 2;
    for (uint32_t i = 0; i < n; i++) {
        if (shares[i] >= 0 && shares[i] <= 1) continue;
        reply_error(h->reply, "ERR T-Digest: quantile should be in [0,1]");
        return;
    }
    reply_array(h->reply, n);
    for (uint32_t i = 0; i < n; i++)
        reply_double(h->reply, tdigest_quantile(t, shares[i]));
}

/* TDIGEST.CDF key value [value …] */
void tdigest_cdfs(struct host *h)
{
    struct tdigest *t = get(h, h->argv[1], false);
    if (t == NULL) return;
    const double *values = numbers(h, "ERR T-Digest: error parsing cdf");
    if (values == NULL) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 0; i < h->argc - 2; i++)
        reply_double(h->reply, tdigest_cdf(t, values[i]));
}

/* TDIGEST.TRIMMED_MEAN key low high */
void tdigest_trimmed(struct host *h)
{
    double low = 0, high = 0;
    struct tdigest *t = get(h, h->argv[1], false);
    if (t == NULL) return;
    const char *wrong = NULL;
    if (!slice_double(h->argv[2], &low))
        wrong = "ERR T-Digest: error parsing low_cut_percentile";
    else if (!slice_double(h->argv[3], &high))
        wrong = "ERR T-Digest: error parsing high_cut_percentile";
    else if (low < 0 || low > 1 || high < 0 || high > 1)
        wrong = "ERR T-Digest: low_cut_percentile and high_cut_percentile should be in [0,1]";
    else if (low >= high)
        wrong = "ERR T-Digest: low_cut_percentile should be lower than high_cut_percentile";
    if (wrong != NULL)
        reply_error(h->reply, wrong);
    else
        reply_double(h->reply, tdigest_trimmed_mean(t, low, high));
}

static void fact(struct reply *r, const char *name, uint64_t n)
{
    reply_status(r, name);
    reply_int(r, (int64_t)n);
}

/* TDIGEST.INFO key */
void tdigest_info_of(struct host *h)
{
    const struct tdigest *t = get(h, h->argv[1], false);
    if (t == NULL) return;
    struct tdigest_info info = tdigest_info(t);
    reply_map(h->reply, 9);
    fact(h->reply, "Compression", info.compression);
    fact(h->reply, "Capacity", info.capacity);
    fact(h->reply, "Merged nodes", info.merged_nodes);
    fact(h->reply, "Unmerged nodes", info.unmerged_nodes);
    fact(h->reply, "Merged weight", info.merged_weight);
    fact(h->reply, "Unmerged weight", info.unmerged_weight);
    fact(h->reply, "Observations", tdigest_count(t));
    fact(h->reply, "Total compressions", info.compressions);
    fact(h->reply, "Memory usage", tdigest_memory(t));
}
