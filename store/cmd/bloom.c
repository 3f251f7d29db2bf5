/* bloom: BF.*, scalable Bloom filters (store/ds/bloom.h). */
#include "store/ds/bloom.h"

#include "store/cmd/sketch.h"

SKETCH_TYPE(bloom_type, bloom, "MBbloom--")

static const char MISSING[] = "ERR not found", EXISTS[] = "ERR item exists";

enum { CAPACITY_MAX = 1 << 30 };

/* What a new filter is like. */
struct shape {
    double error;
    int64_t capacity, expansion; /* expansion 0: does not scale */
};
static const struct shape DEFAULT = {.error = 0.01, .capacity = 100, .expansion = 2};

/* Puts a new filter under the key; NULL after a reply. */
static struct bloom *create(struct host *h, const struct shape *s)
{
    struct bloom *b = bloom_new(s->error, (uint64_t)s->capacity, (uint32_t)s->expansion);
    if (b == NULL)
        reply_error(h->reply, "ERR Insufficient memory to create filter");
    else
        host_put(h, h->argv[1], &bloom_type, b);
    return b;
}

static bool read_error(struct slice s, double *out)
{
    return slice_double(s, out) && *out > 0 && *out < 1;
}

/* BF.RESERVE key error_rate capacity [EXPANSION expansion] [NONSCALING] */
void bf_reserve(struct host *h)
{
    struct shape s = DEFAULT;
    struct args *a = h->args;
    bool fixed = false, expands = false;
    if (!slice_double(h->argv[2], &s.error))
        args_fail(a, "ERR bad error rate");
    else if (!read_error(h->argv[2], &s.error))
        args_fail(a, "ERR error rate must be in the range (0.000000, 1.000000)");
    else if (!slice_i64(h->argv[3], &s.capacity))
        args_fail(a, "ERR bad capacity");
    else if (s.capacity < 1 || s.capacity > CAPACITY_MAX)
        args_fail(a, "ERR capacity must be in the range [1, 1073741824]");
    a->at = 4;
    while (args_ok(a) && args_left(a) > 0) {
        struct slice n = {0};
        if (args_maybe(a, "NONSCALING")) {
            fixed = true;
        } else if (args_maybe(a, "EXPANSION")) {
            expands = true;
            if (args_left(a) == 0) args_fail(a, "ERR no expansion");
            args_slice(a, &n);
            if (!slice_i64(n, &s.expansion))
                args_fail(a, "ERR bad expansion");
            else if (s.expansion < 0 || s.expansion > BLOOM_EXPANSION_MAX)
                args_fail(a, "ERR expansion must be in the range [0, 32768]");
        } else {
            args_syntax(a);
        }
    }
    if (fixed && expands && s.expansion != 0) args_fail(a, "Nonscaling filters cannot expand");
    if (fixed) s.expansion = 0;
    if (!args_end(a, h->reply)) return;
    if (!sketch_is_new(h, &bloom_type, EXISTS) || create(h, &s) == NULL) return;
    host_changed(h, h->argv[1], "bf.reserve");
    reply_ok(h->reply);
}

/* A filter that is being added to. */
struct addition {
    struct bloom *b;
    bool changed;
};

/* The filter that is there, or a new one unless shape is NULL. False after a reply. */
static bool begin(struct host *h, const struct shape *shape, struct addition *to)
{
    void *b = NULL;
    if (!host_find_write(h, h->argv[1], &bloom_type, &b)) return false;
    to->changed = b == NULL;
    if (b == NULL && shape == NULL)
        reply_error(h->reply, MISSING);
    else if (b == NULL)
        b = create(h, shape);
    to->b = b;
    return b != NULL;
}

/* Adds one and replies whether it is new; false, after an error in its place, when it is full. */
static bool add(struct host *h, struct addition *to, struct slice item)
{
    enum bloom_added added = bloom_add(to->b, item);
    if (added == BLOOM_FULL)
        reply_error(h->reply, bloom_expansion(to->b) == 0 ? "ERR non scaling filter is full"
                                                          : "ERR problem inserting into filter");
    else
        reply_bool(h->reply, added == BLOOM_NEW);
    to->changed |= added == BLOOM_NEW;
    return added != BLOOM_FULL;
}

/* Adds all of argv from `from` on; the reply is an array that ends with the first error. */
static void add_all(struct host *h, struct addition *to, uint32_t from)
{
    uint64_t n = 0;
    size_t place = reply_later(h->reply);
    bool more = true;
    for (uint32_t i = from; i < h->argc && more; i++) {
        more = add(h, to, h->argv[i]);
        n++;
    }
    reply_later_end(h->reply, place, '*', n);
    if (to->changed) host_changed(h, h->argv[1], "bf.add");
}

/* BF.ADD key item */
void bf_add(struct host *h)
{
    struct addition to;
    if (!begin(h, &DEFAULT, &to)) return;
    (void)add(h, &to, h->argv[2]);
    if (to.changed) host_changed(h, h->argv[1], "bf.add");
}

/* BF.MADD key item [item …] */
void bf_madd(struct host *h)
{
    struct addition to;
    if (begin(h, &DEFAULT, &to)) add_all(h, &to, 2);
}

/* BF.INSERT key [CAPACITY n] [ERROR rate] [EXPANSION n] [NOCREATE] [NONSCALING] ITEMS item … */
void bf_insert(struct host *h)
{
    struct shape s = DEFAULT;
    struct args *a = h->args;
    bool creates = true, fixed = false, items = false;
    a->at = 2;
    while (args_ok(a) && args_left(a) > 0 && !items) {
        struct slice n = {0};
        items = args_maybe(a, "ITEMS");
        if (items) break;
        if (args_maybe(a, "NOCREATE")) {
            creates = false;
        } else if (args_maybe(a, "NONSCALING")) {
            fixed = true;
        } else if (args_maybe(a, "ERROR")) {
            args_slice(a, &n);
            if (!read_error(n, &s.error)) args_fail(a, "Bad error rate");
        } else if (args_maybe(a, "CAPACITY")) {
            args_slice(a, &n);
            if (!sketch_i64(n, 1, CAPACITY_MAX, &s.capacity)) args_fail(a, "Bad capacity");
        } else if (args_maybe(a, "EXPANSION")) {
            args_slice(a, &n);
            if (!sketch_i64(n, 0, BLOOM_EXPANSION_MAX, &s.expansion)) args_fail(a, "Bad expansion");
        } else {
            args_fail(a, "Unknown argument received");
        }
    }
    if (!args_check(a, h->reply)) return;
    if (!items || args_left(a) == 0) {
        host_wrong_arity(h);
        return;
    }
    if (fixed) s.expansion = 0;
    struct addition to;
    if (begin(h, creates ? &s : NULL, &to)) add_all(h, &to, a->at);
}

/* The filter, or NULL where there is none: it holds nothing. False after a reply. */
static bool find(struct host *h, const struct bloom **b)
{
    void *v = NULL;
    if (!host_find(h, h->argv[1], &bloom_type, &v)) return false;
    *b = v;
    return true;
}

/* BF.EXISTS key item */
void bf_exists(struct host *h)
{
    const struct bloom *b = NULL;
    if (!find(h, &b)) return;
    reply_bool(h->reply, b != NULL && bloom_has(b, h->argv[2]));
}

/* BF.MEXISTS key item [item …] */
void bf_mexists(struct host *h)
{
    const struct bloom *b = NULL;
    if (!find(h, &b)) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 2; i < h->argc; i++)
        reply_bool(h->reply, b != NULL && bloom_has(b, h->argv[i]));
}

/* BF.CARD key */
void bf_card(struct host *h)
{
    const struct bloom *b = NULL;
    if (!find(h, &b)) return;
    reply_int(h->reply, b == NULL ? 0 : (int64_t)bloom_items(b));
}

/* --- BF.INFO: one line a fact --- */

enum fact { CAPACITY, SIZE, FILTERS, ITEMS, EXPANSION, FACTS };

static const struct {
    const char *word, *name;
} facts[FACTS] = {[CAPACITY] = {"CAPACITY", "Capacity"},
                  [SIZE] = {"SIZE", "Size"},
                  [FILTERS] = {"FILTERS", "Number of filters"},
                  [ITEMS] = {"ITEMS", "Number of items inserted"},
                  [EXPANSION] = {"EXPANSION", "Expansion rate"}};

static void reply_fact(struct reply *r, const struct bloom *b, enum fact fact)
{
    switch (fact) {
    case CAPACITY:
        reply_int(r, (int64_t)bloom_capacity(b));
        break;
    case SIZE:
        reply_int(r, (int64_t)bloom_memory(b));
        break;
    case FILTERS:
        reply_int(r, bloom_filters(b));
        break;
    case ITEMS:
        reply_int(r, (int64_t)bloom_items(b));
        break;
    case EXPANSION:
        if (bloom_expansion(b) == 0)
            reply_null(r);
        else
            reply_int(r, bloom_expansion(b));
        break;
    case FACTS:
        break;
    }
}

/* BF.INFO key [CAPACITY | SIZE | FILTERS | ITEMS | EXPANSION] */
void bf_info(struct host *h)
{
    if (h->argc > 3) {
        host_wrong_arity(h);
        return;
    }
    const struct bloom *b = sketch_get(h, h->argv[1], &bloom_type, MISSING, false);
    if (b == NULL) return;
    if (h->argc == 2) {
        reply_map(h->reply, FACTS);
        for (uint32_t i = 0; i < FACTS; i++) {
            reply_status(h->reply, facts[i].name);
            reply_fact(h->reply, b, (enum fact)i);
        }
        return;
    }
    for (uint32_t i = 0; i < FACTS; i++) {
        if (!slice_word(h->argv[2], facts[i].word)) continue;
        if (h->reply->resp == 3) {
            reply_map(h->reply, 1);
            reply_status(h->reply, facts[i].name);
        } else {
            reply_array(h->reply, 1);
        }
        reply_fact(h->reply, b, (enum fact)i);
        return;
    }
    reply_error(h->reply, "Invalid information value");
}

/* --- in pieces: 1 is the head; n + 1 says that n bytes of bits are done --- */

/* BF.SCANDUMP key iterator */
void bf_scandump(struct host *h)
{
    int64_t at = 0;
    const struct bloom *b = sketch_get(h, h->argv[1], &bloom_type, MISSING, false);
    if (b == NULL) return;
    if (!sketch_i64(h->argv[2], 0, INT64_MAX, &at)) {
        reply_error(h->reply, "Second argument must be numeric");
        return;
    }
    reply_array(h->reply, 2);
    if (at == 0) {
        struct buf head = {0};
        bloom_save_head(b, &head);
        reply_int(h->reply, 1);
        reply_bulk(h->reply, buf_slice(&head));
        buf_fini(&head);
        return;
    }
    struct slice piece = bloom_piece(b, (uint64_t)at - 1, SKETCH_PIECE);
    reply_int(h->reply, piece.len == 0 ? 0 : at + (int64_t)piece.len);
    reply_bulk(h->reply, piece);
}

/* BF.LOADCHUNK key iterator data */
void bf_loadchunk(struct host *h)
{
    int64_t at = 0;
    void *b = NULL;
    struct slice data = h->argv[3];
    if (!sketch_i64(h->argv[2], 1, INT64_MAX, &at)) {
        reply_error(h->reply, "Second argument must be numeric");
        return;
    }
    if (!host_find_write(h, h->argv[1], &bloom_type, &b)) return;
    uint64_t end = (uint64_t)at - 1;
    const char *wrong = NULL;
    if (at == 1) {
        struct bloom *made = b == NULL ? bloom_load_head(data) : NULL;
        if (made == NULL)
            wrong = "received bad data";
        else
            host_put(h, h->argv[1], &bloom_type, made);
    } else if (b == NULL) {
        wrong = MISSING;
    } else if (data.len > end || !bloom_put_piece(b, end - data.len, data)) {
        wrong = "received bad data";
    }
    if (wrong != NULL) {
        reply_error(h->reply, wrong);
        return;
    }
    host_changed(h, h->argv[1], "bf.loadchunk");
    reply_ok(h->reply);
}
