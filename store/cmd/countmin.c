/* countmin: CMS.*, counts of items that are never too low (store/ds/countmin.h). */
#include "store/ds/countmin.h"

#include "store/cmd/sketch.h"

SKETCH_TYPE(countmin_type, countmin, "CMSk-TYPE")

static const char MISSING[] = "CMS: key does not exist", EXISTS[] = "CMS: key already exists";

static struct countmin *get(struct host *h, struct slice key, bool write)
{
    return sketch_get(h, key, &countmin_type, MISSING, write);
}

static void create(struct host *h, uint64_t width, uint64_t depth)
{
    struct countmin *c = countmin_new(width, depth);
    if (c == NULL) {
        reply_error(h->reply, "CMS: Insufficient memory to create the key");
        return;
    }
    host_put(h, h->argv[1], &countmin_type, c);
    host_changed(h, h->argv[1], "cms.init");
    reply_ok(h->reply);
}

/* CMS.INITBYDIM key width depth */
void cms_initbydim(struct host *h)
{
    int64_t width = 0, depth = 0;
    if (!sketch_is_new(h, &countmin_type, EXISTS)) return;
    if (!sketch_i64(h->argv[2], 1, INT64_MAX, &width))
        reply_error(h->reply, "CMS: invalid width");
    else if (!sketch_i64(h->argv[3], 1, INT64_MAX, &depth))
        reply_error(h->reply, "CMS: invalid depth");
    else
        create(h, (uint64_t)width, (uint64_t)depth);
}

/* CMS.INITBYPROB key error probability */
void cms_initbyprob(struct host *h)
{
    double error = 0, probability = 0;
    uint64_t width = 0, depth = 0;
    if (!sketch_is_new(h, &countmin_type, EXISTS)) return;
    if (!slice_double(h->argv[2], &error) || error <= 0 || error >= 1) {
        reply_error(h->reply, "CMS: invalid overestimation value");
        return;
    }
    if (!slice_double(h->argv[3], &probability) || probability <= 0 || probability >= 1) {
        reply_error(h->reply, "CMS: invalid prob value");
        return;
    }
    countmin_size(error, probability, &width, &depth);
    create(h, width, depth);
}

/* CMS.INCRBY key item increment [item increment …] */
void cms_incrby(struct host *h)
{
    if (h->argc % 2 != 0) {
        host_wrong_arity(h);
        return;
    }
    struct countmin *c = get(h, h->argv[1], true);
    if (c == NULL) return;
    uint32_t pairs = (h->argc - 2) / 2;
    int64_t *by = arena_array(h->arena, pairs, int64_t);
    for (uint32_t i = 0; i < pairs; i++) {
        if (!slice_i64(h->argv[3 + 2 * i], &by[i])) {
            reply_error(h->reply, "CMS: Cannot parse number");
            return;
        }
        if (by[i] < 0) {
            reply_error(h->reply, "CMS: Number cannot be negative");
            return;
        }
    }
    reply_array(h->reply, pairs);
    for (uint32_t i = 0; i < pairs; i++) {
        uint32_t count = countmin_add(c, h->argv[2 + 2 * i], (uint64_t)by[i]);
        if (count == UINT32_MAX)
            reply_error(h->reply, "CMS: INCRBY overflow");
        else
            reply_int(h->reply, count);
    }
    host_changed(h, h->argv[1], "cms.incrby");
}

/* CMS.QUERY key item [item …] */
void cms_query(struct host *h)
{
    const struct countmin *c = get(h, h->argv[1], false);
    if (c == NULL) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 2; i < h->argc; i++)
        reply_int(h->reply, countmin_query(c, h->argv[i]));
}

/* The tables and weights of CMS.MERGE, n of each. False after a reply. */
static bool merge_args(struct host *h, const struct countmin *to, const struct countmin **from,
                       int64_t *weights, uint32_t n, bool weighted)
{
    for (uint32_t i = 0; i < n; i++) {
        weights[i] = 1;
        if (weighted && !slice_i64(h->argv[4 + n + i], &weights[i])) {
            reply_error(h->reply, "CMS: invalid weight value");
            return false;
        }
        from[i] = get(h, h->argv[3 + i], false);
        if (from[i] == NULL) return false;
        if (from[i]->width != to->width || from[i]->depth != to->depth) {
            reply_error(h->reply, "CMS: width/depth is not equal");
            return false;
        }
    }
    return true;
}

/* CMS.MERGE dest numkeys source [source …] [WEIGHTS weight [weight …]] */
void cms_merge(struct host *h)
{
    int64_t n = 0;
    struct countmin *to = get(h, h->argv[1], true);
    if (to == NULL) return;
    uint32_t left = h->argc - 3;
    if (!slice_i64(h->argv[2], &n)) {
        reply_error(h->reply, "CMS: invalid numkeys");
        return;
    }
    if (n <= 0) {
        reply_error(h->reply, "CMS: Number of keys must be positive");
        return;
    }
    bool weighted = n < left && slice_word(h->argv[3 + n], "WEIGHTS");
    if (!weighted && n != left) {
        reply_error(h->reply, "CMS: wrong number of keys");
        return;
    }
    if (weighted && left != 2 * n + 1) {
        reply_error(h->reply, "CMS: wrong number of keys/weights");
        return;
    }
    const struct countmin **from = arena_array(h->arena, (size_t)n, const struct countmin *);
    int64_t *weights = arena_array(h->arena, (size_t)n, int64_t);
    if (!merge_args(h, to, from, weights, (uint32_t)n, weighted)) return;
    if (!countmin_merge(to, from, weights, (uint32_t)n)) {
        reply_error(h->reply, "CMS: MERGE overflow");
        return;
    }
    host_changed(h, h->argv[1], "cms.merge");
    reply_ok(h->reply);
}

/* CMS.INFO key */
void cms_info(struct host *h)
{
    const struct countmin *c = get(h, h->argv[1], false);
    if (c == NULL) return;
    reply_map(h->reply, 3);
    reply_status(h->reply, "width");
    reply_int(h->reply, (int64_t)c->width);
    reply_status(h->reply, "depth");
    reply_int(h->reply, (int64_t)c->depth);
    reply_status(h->reply, "count");
    reply_int(h->reply, c->total);
}
