#include "tdigest.h"

#include "base/mem.h"
#include "store/ds/rdb.h"

#include <math.h>
#include <stdlib.h>

struct node {
    double mean;
    double weight; /* a whole number */
};

struct tdigest {
    uint32_t compression, capacity;
    uint32_t merged, unmerged; /* nodes; the merged ones come first */
    uint64_t merged_weight, unmerged_weight;
    uint64_t compressions;
    double min, max;
    struct node *nodes;   /* owned */
    struct tdigest *view; /* owned; a copy without a buffer, to read; NULL when out of date */
};

struct tdigest *tdigest_new(uint32_t compression)
{
    must(compression > 0 && compression <= TDIGEST_COMPRESSION_MAX);
    struct tdigest *t = mem_new(struct tdigest);
    t->compression = compression;
    t->capacity = 6 * compression + 10;
    t->nodes = mem_array(t->capacity, struct node);
    return t;
}

void tdigest_free(struct tdigest *t)
{
    if (t == NULL) return;
    tdigest_free(t->view);
    mem_free(t->nodes);
    mem_free(t);
}

struct tdigest *tdigest_copy(const struct tdigest *t)
{
    struct tdigest *copy = mem_dup(t, sizeof *t);
    copy->nodes = mem_dup(t->nodes, t->capacity * sizeof *t->nodes);
    copy->view = NULL;
    return copy;
}

static void outdate(struct tdigest *t)
{
    tdigest_free(t->view);
    t->view = NULL;
}

void tdigest_reset(struct tdigest *t)
{
    outdate(t);
    t->merged = t->unmerged = 0;
    t->merged_weight = t->unmerged_weight = t->compressions = 0;
    t->min = t->max = 0;
}

/* --- adding --- */

static int by_mean(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    return (x->mean > y->mean) - (x->mean < y->mean);
}

/* The largest share that a cluster which begins at share q may end at. */
static double q_limit(const struct tdigest *t, double q)
{
    double per = (double)t->compression / (2 * M_PI);
    double k = per * asin(2 * q - 1) + 1;
    return k >= per * M_PI_2 ? 1 : (sin(k / per) + 1) / 2;
}

static void compress(struct tdigest *t)
{
    if (t->unmerged == 0) return;
    uint32_t n = t->merged + t->unmerged;
    qsort(t->nodes, n, sizeof *t->nodes, by_mean);
    double total = (double)(t->merged_weight + t->unmerged_weight);
    double before = 0, end = total * q_limit(t, 0);
    uint32_t at = 0; /* the cluster that is being filled */
    for (uint32_t i = 1; i < n; i++) {
        struct node *to = &t->nodes[at], *from = &t->nodes[i];
        if (before + to->weight + from->weight <= end) {
            to->weight += from->weight;
            double part = from->weight / to->weight;
            to->mean = fmin(to->mean * (1 - part) + from->mean * part, from->mean);
        } else {
            before += to->weight;
            end = total * q_limit(t, before / total);
            t->nodes[++at] = *from;
        }
    }
    t->merged = at + 1;
    t->merged_weight += t->unmerged_weight;
    t->unmerged = 0;
    t->unmerged_weight = 0;
    t->compressions++;
}

static void add_node(struct tdigest *t, struct node node)
{
    outdate(t);
    if (t->merged + t->unmerged == t->capacity) compress(t);
    must(t->merged + t->unmerged < t->capacity);
    t->nodes[t->merged + t->unmerged++] = node;
    t->unmerged_weight += (uint64_t)node.weight;
}

static void widen(struct tdigest *t, double min, double max)
{
    bool first = tdigest_count(t) == 0;
    if (first || min < t->min) t->min = min;
    if (first || max > t->max) t->max = max;
}

void tdigest_add(struct tdigest *t, double value)
{
    must(isfinite(value));
    widen(t, value, value);
    add_node(t, (struct node){.mean = value, .weight = 1});
}

void tdigest_merge(struct tdigest *t, const struct tdigest *from)
{
    if (tdigest_count(from) == 0) return;
    widen(t, from->min, from->max);
    for (uint32_t i = 0; i < from->merged + from->unmerged; i++)
        add_node(t, from->nodes[i]);
}

/* --- reading --- */

/* What t holds, merged. t itself keeps its buffer, so that what it becomes does not depend on
 * who read it when. */
static const struct tdigest *view(struct tdigest *t)
{
    if (t->unmerged == 0) return t;
    if (t->view == NULL) {
        t->view = tdigest_copy(t);
        compress(t->view);
    }
    return t->view;
}

uint64_t tdigest_count(const struct tdigest *t)
{
    return t->merged_weight + t->unmerged_weight;
}

double tdigest_min(const struct tdigest *t)
{
    return tdigest_count(t) == 0 ? (double)NAN : t->min;
}

double tdigest_max(const struct tdigest *t)
{
    return tdigest_count(t) == 0 ? (double)NAN : t->max;
}

/* Between x and y, as far from x as `from_x` and from y as `from_y` say. */
static double between(double x, double from_x, double y, double from_y)
{
    if (x > y) return between(y, from_y, x, from_x);
    double mean = (x * from_y + y * from_x) / (from_x + from_y);
    return fmin(fmax(mean, x), y);
}

double tdigest_quantile(struct tdigest *of, double q)
{
    must(q >= 0 && q <= 1);
    const struct tdigest *t = view(of);
    if (t->merged == 0) return (double)NAN;
    const struct node *nodes = t->nodes, *last = &nodes[t->merged - 1];
    double total = (double)t->merged_weight, index = q * total;
    if (index < 1) return t->min;
    if (index > total - 1) return t->max;
    if (t->merged == 1) return between(t->min, index, t->max, total - index);
    /* The ends: one value is at min, the rest of the first cluster behind it. */
    if (nodes->weight > 1 && index < nodes->weight / 2)
        return t->min + (index - 1) / (nodes->weight / 2 - 1) * (nodes->mean - t->min);
    if (last->weight > 1 && total - index <= last->weight / 2)
        return t->max - (total - index - 1) / (last->weight / 2 - 1) * (t->max - last->mean);
    double before = nodes->weight / 2; /* up to the middle of cluster i */
    for (uint32_t i = 0; i + 1 < t->merged; i++) {
        double step = (nodes[i].weight + nodes[i + 1].weight) / 2;
        if (before + step <= index) {
            before += step;
            continue;
        }
        double left = 0, right = 0; /* of a single value, half a place each side is the value */
        if (nodes[i].weight <= 1) {
            if (index - before < 0.5) return nodes[i].mean;
            left = 0.5;
        }
        if (nodes[i + 1].weight <= 1) {
            if (before + step - index <= 0.5) return nodes[i + 1].mean;
            right = 0.5;
        }
        return between(nodes[i].mean, index - before - left, nodes[i + 1].mean,
                       before + step - index - right);
    }
    return t->max;
}

/* The number of values below x between clusters i and i + 1, whose means are on both sides. */
static double places_between(const struct node *nodes, uint32_t i, double x)
{
    const struct node *a = &nodes[i], *b = &nodes[i + 1];
    double step = (a->weight + b->weight) / 2, from_a = a->weight <= 1 ? 0.5 : 0,
           to_b = b->weight <= 1 ? 0.5 : 0;
    if (from_a + to_b >= step) return step / 2; /* two single values: nothing lies between */
    return from_a + (step - from_a - to_b) * ((x - a->mean) / (b->mean - a->mean));
}

double tdigest_cdf(struct tdigest *of, double x)
{
    const struct tdigest *t = view(of);
    if (t->merged == 0) return (double)NAN;
    if (x < t->min) return 0;
    if (x > t->max) return 1;
    const struct node *nodes = t->nodes, *last = &nodes[t->merged - 1];
    double total = (double)t->merged_weight;
    if (t->min >= t->max) return 0.5;
    if (t->merged == 1) return (x - t->min) / (t->max - t->min);
    if (x < nodes->mean) { /* within the lower half of the first cluster */
        double half = nodes->weight / 2;
        if (x <= t->min) return 0.5 / total;
        return (1 + (x - t->min) / (nodes->mean - t->min) * (half - 1)) / total;
    }
    if (x > last->mean) {
        double half = last->weight / 2;
        if (x >= t->max) return 1 - 0.5 / total;
        return 1 - (1 + (t->max - x) / (t->max - last->mean) * (half - 1)) / total;
    }
    double before = 0; /* all of the clusters in front of i */
    for (uint32_t i = 0; i < t->merged; i++) {
        if (nodes[i].mean == x) { /* and perhaps others: half of what equals x */
            double equal = 0;
            for (; i < t->merged && nodes[i].mean == x; i++)
                equal += nodes[i].weight;
            return (before + equal / 2) / total;
        }
        if (i + 1 < t->merged && x < nodes[i + 1].mean)
            return (before + nodes[i].weight / 2 + places_between(nodes, i, x)) / total;
        before += nodes[i].weight;
    }
    return 1;
}

double tdigest_trimmed_mean(struct tdigest *of, double low, double high)
{
    must(low >= 0 && low < high && high <= 1);
    const struct tdigest *t = view(of);
    double total = (double)t->merged_weight;
    double from = floor(total * low), to = ceil(total * high), before = 0, sum = 0, weight = 0;
    for (uint32_t i = 0; i < t->merged; i++) {
        const struct node *n = &t->nodes[i];
        double first = fmax(before, from), end = fmin(before + n->weight, to);
        if (end > first) {
            sum += n->mean * (end - first);
            weight += end - first;
        }
        before += n->weight;
    }
    return weight > 0 ? sum / weight : (double)NAN;
}

struct tdigest_info tdigest_info(const struct tdigest *t)
{
    return (struct tdigest_info){.compression = t->compression,
                                 .capacity = t->capacity,
                                 .merged_nodes = t->merged,
                                 .unmerged_nodes = t->unmerged,
                                 .merged_weight = t->merged_weight,
                                 .unmerged_weight = t->unmerged_weight,
                                 .compressions = t->compressions};
}

size_t tdigest_memory(const struct tdigest *t)
{
    size_t viewed = t->view == NULL ? 0 : tdigest_memory(t->view);
    return mem_size(t) + mem_size(t->nodes) + viewed;
}

/* --- bytes --- */

void tdigest_save(const struct tdigest *t, struct buf *out)
{
    rdb_add_length(out, t->compression);
    rdb_add_length(out, t->merged);
    rdb_add_length(out, t->unmerged);
    rdb_add_length(out, t->compressions);
    rdb_add_double(out, t->min);
    rdb_add_double(out, t->max);
    for (uint32_t i = 0; i < t->merged + t->unmerged; i++) {
        rdb_add_double(out, t->nodes[i].mean);
        rdb_add_length(out, (uint64_t)t->nodes[i].weight);
    }
}

/* Reads nodes and their weights; false when one makes no sense. */
static bool load_nodes(struct tdigest *t, struct slice *in)
{
    enum { WEIGHT_BITS = 52 }; /* what a double counts exactly */
    for (uint32_t i = 0; i < t->merged + t->unmerged; i++) {
        uint64_t weight = 0;
        double mean = 0;
        if (!rdb_double(in, &mean) || !(mean >= t->min && mean <= t->max)) return false;
        if (!rdb_length(in, &weight) || weight == 0 || weight >> WEIGHT_BITS != 0) return false;
        if (i > 0 && i < t->merged && mean < t->nodes[i - 1].mean) return false;
        t->nodes[i] = (struct node){.mean = mean, .weight = (double)weight};
        *(i < t->merged ? &t->merged_weight : &t->unmerged_weight) += weight;
        if (tdigest_count(t) >> WEIGHT_BITS != 0) return false;
    }
    return in->len == 0;
}

struct tdigest *tdigest_load(struct slice bytes)
{
    uint64_t compression = 0, merged = 0, unmerged = 0, compressions = 0;
    double min = 0, max = 0;
    if (!rdb_length(&bytes, &compression) || !rdb_length(&bytes, &merged) ||
        !rdb_length(&bytes, &unmerged) || !rdb_length(&bytes, &compressions) ||
        !rdb_double(&bytes, &min) || !rdb_double(&bytes, &max))
        return NULL;
    if (compression == 0 || compression > TDIGEST_COMPRESSION_MAX) return NULL;
    if (!isfinite(min) || !isfinite(max) || min > max) return NULL;
    struct tdigest *t = tdigest_new((uint32_t)compression);
    t->compressions = compressions;
    t->min = min;
    t->max = max;
    if (merged <= t->capacity && unmerged <= t->capacity - merged) {
        t->merged = (uint32_t)merged;
        t->unmerged = (uint32_t)unmerged;
        if (load_nodes(t, &bytes)) return t;
    }
    tdigest_free(t);
    return NULL;
}

void tdigest_check(const struct tdigest *t)
{
    double merged = 0, unmerged = 0;
    must(t->merged + t->unmerged <= t->capacity);
    for (uint32_t i = 0; i < t->merged + t->unmerged; i++) {
        const struct node *n = &t->nodes[i];
        must(n->weight >= 1 && n->weight == floor(n->weight));
        must(n->mean >= t->min && n->mean <= t->max);
        must(i == 0 || i >= t->merged || n->mean >= t->nodes[i - 1].mean);
        *(i < t->merged ? &merged : &unmerged) += n->weight;
    }
    must(merged == (double)t->merged_weight);
    must(unmerged == (double)t->unmerged_weight);
}
