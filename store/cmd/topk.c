/* topk: TOPK.*, the items seen most often (store/ds/topk.h). */
#include "store/ds/topk.h"

#include "store/cmd/sketch.h"

SKETCH_TYPE(topk_type, topk, "TopK-TYPE")

enum { WIDTH = 8, DEPTH = 7, INCREMENT_MAX = 100000 };
static const double DECAY = 0.9;

static struct topk *get(struct host *h, bool write)
{
    return sketch_get(h, h->argv[1], &topk_type, "TopK: key does not exist", write);
}

/* TOPK.RESERVE key k [width depth decay] */
void topk_reserve(struct host *h)
{
    int64_t k = 0, width = WIDTH, depth = DEPTH;
    double decay = DECAY;
    if (h->argc != 3 && h->argc != 6) {
        host_wrong_arity(h);
        return;
    }
    if (!sketch_is_new(h, &topk_type, "TopK: key already exists")) return;
    const char *wrong = NULL;
    if (!sketch_i64(h->argv[2], 1, UINT32_MAX, &k))
        wrong = "TopK: invalid k";
    else if (h->argc == 6 && !sketch_i64(h->argv[3], 1, UINT32_MAX, &width))
        wrong = "TopK: invalid width";
    else if (h->argc == 6 && !sketch_i64(h->argv[4], 1, TOPK_DEPTH_MAX, &depth))
        wrong = "TopK: invalid depth";
    else if (h->argc == 6 && (!slice_double(h->argv[5], &decay) || decay <= 0 || decay > 1))
        wrong = "TopK: invalid decay value. must be '<= 1' & '> 0'";
    if (wrong != NULL) {
        reply_error(h->reply, wrong);
        return;
    }
    struct topk *t = topk_new((uint32_t)k, (uint32_t)width, (uint32_t)depth, decay);
    if (t == NULL) {
        reply_error(h->reply, "ERR Insufficient memory to create topk data structure");
        return;
    }
    host_put(h, h->argv[1], &topk_type, t);
    host_changed(h, h->argv[1], "topk.reserve");
    reply_ok(h->reply);
}

/* Sees n more of the item and replies with the name that had to go, or null. */
static void add(struct host *h, struct topk *t, struct slice item, uint32_t n)
{
    struct buf gone = {0};
    if (topk_add(t, item, n, &gone))
        reply_bulk(h->reply, buf_slice(&gone));
    else
        reply_null(h->reply);
    buf_fini(&gone);
}

/* False after a reply: an item is too long to keep its name. */
static bool names_fit(struct host *h, uint32_t step)
{
    for (uint32_t i = 2; i < h->argc; i += step) {
        if (h->argv[i].len <= TOPK_ITEM_MAX) continue;
        reply_errorf(h->reply, "TopK: an item may have at most %d bytes", TOPK_ITEM_MAX);
        return false;
    }
    return true;
}

/* TOPK.ADD key item [item …] */
void topk_add_items(struct host *h)
{
    struct topk *t = get(h, true);
    if (t == NULL || !names_fit(h, 1)) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 2; i < h->argc; i++)
        add(h, t, h->argv[i], 1);
    host_changed(h, h->argv[1], "topk.add");
}

/* TOPK.INCRBY key item increment [item increment …]: all or nothing */
void topk_incrby(struct host *h)
{
    if (h->argc % 2 != 0) {
        host_wrong_arity(h);
        return;
    }
    struct topk *t = get(h, true);
    if (t == NULL || !names_fit(h, 2)) return;
    uint32_t pairs = (h->argc - 2) / 2;
    int64_t *by = arena_array(h->arena, pairs, int64_t);
    for (uint32_t i = 0; i < pairs; i++) {
        if (sketch_i64(h->argv[3 + 2 * i], 0, INCREMENT_MAX, &by[i])) continue;
        reply_error(h->reply, "TopK: increment must be an integer greater or equal to 0 "
                              "and smaller or equal to 100,000");
        return;
    }
    reply_array(h->reply, pairs);
    for (uint32_t i = 0; i < pairs; i++)
        add(h, t, h->argv[2 + 2 * i], (uint32_t)by[i]);
    host_changed(h, h->argv[1], "topk.incrby");
}

/* TOPK.QUERY key item [item …] */
void topk_query(struct host *h)
{
    const struct topk *t = get(h, false);
    if (t == NULL) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 2; i < h->argc; i++)
        reply_bool(h->reply, topk_has(t, h->argv[i]));
}

/* TOPK.COUNT key item [item …] */
void topk_count_items(struct host *h)
{
    const struct topk *t = get(h, false);
    if (t == NULL) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 2; i < h->argc; i++)
        reply_int(h->reply, topk_count(t, h->argv[i]));
}

/* TOPK.LIST key [WITHCOUNT] */
void topk_list_items(struct host *h)
{
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    if (h->argc == 3 && !slice_word(h->argv[2], "WITHCOUNT")) {
        reply_error(h->reply, "WITHCOUNT keyword expected");
        return;
    }
    const struct topk *t = get(h, false);
    if (t == NULL) return;
    struct topk_item *items = arena_array(h->arena, topk_k(t), struct topk_item);
    uint32_t n = topk_list(t, items);
    reply_array(h->reply, h->argc == 3 ? 2 * n : n);
    for (uint32_t i = 0; i < n; i++) {
        reply_bulk(h->reply, items[i].name);
        if (h->argc == 3) reply_int(h->reply, items[i].count);
    }
}

/* TOPK.INFO key */
void topk_info(struct host *h)
{
    const struct topk *t = get(h, false);
    if (t == NULL) return;
    reply_map(h->reply, 4);
    reply_status(h->reply, "k");
    reply_int(h->reply, topk_k(t));
    reply_status(h->reply, "width");
    reply_int(h->reply, topk_width(t));
    reply_status(h->reply, "depth");
    reply_int(h->reply, topk_depth(t));
    reply_status(h->reply, "decay");
    reply_double(h->reply, topk_decay(t));
}
