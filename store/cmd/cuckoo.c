/* cuckoo: CF.*, filters that can also forget (store/ds/cuckoo.h). */
#include "store/ds/cuckoo.h"

#include "store/cmd/sketch.h"

#include <inttypes.h>

SKETCH_TYPE(cuckoo_type, cuckoo, "MBbloomCF")

static const char MISSING[] = "ERR not found", EXISTS[] = "ERR item exists";

enum { CAPACITY_MAX = 1 << 30 };

static const struct cuckoo_shape DEFAULT = {
    .capacity = 1024, .bucket_size = 2, .max_iterations = 20, .expansion = 1};

/* Puts a new filter under the key; NULL after a reply. */
static struct cuckoo *create(struct host *h, const struct cuckoo_shape *s)
{
    struct cuckoo *c = cuckoo_new(s);
    if (c == NULL)
        reply_error(h->reply, "ERR Insufficient memory to create filter");
    else
        host_put(h, h->argv[1], &cuckoo_type, c);
    return c;
}

/* Reads the number behind a word of CF.RESERVE. */
static void read_number(struct host *h, const char *word, int64_t min, int64_t max, uint32_t *out)
{
    struct slice s = {0};
    int64_t n = 0;
    args_slice(h->args, &s);
    if (!args_ok(h->args)) return;
    if (!slice_i64(s, &n))
        args_fail(h->args, arena_printf(h->arena, "Couldn't parse %s", word).p);
    else if (n < min || n > max)
        args_fail(h->args, arena_printf(h->arena,
                                        "%s: value must be in the range [%" PRId64 ", %" PRId64 "]",
                                        word, min, max)
                               .p);
    else
        *out = (uint32_t)n;
}

/* CF.RESERVE key capacity [BUCKETSIZE n] [MAXITERATIONS n] [EXPANSION n] */
void cf_reserve(struct host *h)
{
    struct cuckoo_shape s = DEFAULT;
    struct args *a = h->args;
    int64_t capacity = 0;
    if (!slice_i64(h->argv[2], &capacity)) args_fail(a, "Bad capacity");
    a->at = 3;
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "BUCKETSIZE"))
            read_number(h, "BUCKETSIZE", 1, 255, &s.bucket_size);
        else if (args_maybe(a, "MAXITERATIONS"))
            read_number(h, "MAXITERATIONS", 1, 65535, &s.max_iterations);
        else if (args_maybe(a, "EXPANSION"))
            read_number(h, "EXPANSION", 0, CUCKOO_EXPANSION_MAX, &s.expansion);
        else
            args_syntax(a);
    }
    if (capacity < 2 * (int64_t)s.bucket_size || capacity > CAPACITY_MAX)
        args_fail(a, "Capacity must be in the range [2 * BUCKETSIZE, 1073741824]");
    if (!args_end(a, h->reply)) return;
    s.capacity = (uint64_t)capacity;
    if (!sketch_is_new(h, &cuckoo_type, EXISTS) || create(h, &s) == NULL) return;
    host_changed(h, h->argv[1], "cf.reserve");
    reply_ok(h->reply);
}

/* --- adding --- */

struct addition {
    struct cuckoo *c;
    bool changed;
    bool unless_there; /* the NX forms */
};

/* The filter that is there, or a new one unless shape is NULL. False after a reply. */
static bool begin(struct host *h, const struct cuckoo_shape *shape, struct addition *to)
{
    void *c = NULL;
    if (!host_find_write(h, h->argv[1], &cuckoo_type, &c)) return false;
    to->changed = c == NULL;
    if (c == NULL && shape == NULL)
        reply_error(h->reply, MISSING);
    else if (c == NULL)
        c = create(h, shape);
    to->c = c;
    return c != NULL;
}

/* 1: added; 0: it is there already (NX); -1: full. */
static int add(struct addition *to, struct slice item)
{
    if (to->unless_there && cuckoo_has(to->c, item)) return 0;
    if (!cuckoo_add(to->c, item)) return -1;
    to->changed = true;
    return 1;
}

static void add_one(struct host *h, bool unless_there)
{
    struct addition to = {.unless_there = unless_there};
    if (!begin(h, &DEFAULT, &to)) return;
    int added = add(&to, h->argv[2]);
    if (added < 0)
        reply_error(h->reply, "Filter is full");
    else
        reply_bool(h->reply, added > 0);
    if (to.changed) host_changed(h, h->argv[1], "cf.add");
}

/* CF.ADD key item */
void cf_add(struct host *h)
{
    add_one(h, false);
}

/* CF.ADDNX key item */
void cf_addnx(struct host *h)
{
    add_one(h, true);
}

static void insert(struct host *h, bool unless_there)
{
    struct cuckoo_shape s = DEFAULT;
    struct addition to = {.unless_there = unless_there};
    struct args *a = h->args;
    bool creates = true, items = false;
    a->at = 2;
    while (args_ok(a) && args_left(a) > 0 && !items) {
        struct slice text = {0};
        int64_t n = 0;
        if (args_maybe(a, "ITEMS")) {
            items = true;
        } else if (args_maybe(a, "NOCREATE")) {
            creates = false;
        } else if (args_maybe(a, "CAPACITY")) {
            args_slice(a, &text);
            if (!slice_i64(text, &n))
                args_fail(a, "Bad capacity");
            else if (n < 2 * (int64_t)s.bucket_size || n > CAPACITY_MAX)
                args_fail(a, "Capacity must be in the range [cf-bucket-size * 2, 1073741824]");
            s.capacity = (uint64_t)n;
        } else {
            args_fail(a, "Unknown argument received");
        }
    }
    if (!args_check(a, h->reply)) return;
    if (!items || args_left(a) == 0) {
        host_wrong_arity(h);
        return;
    }
    if (!begin(h, creates ? &s : NULL, &to)) return;
    reply_array(h->reply, args_left(a));
    for (uint32_t i = a->at; i < h->argc; i++) {
        int added = add(&to, h->argv[i]);
        if (h->reply->resp == 3 && !unless_there)
            reply_bool(h->reply, added > 0);
        else
            reply_int(h->reply, added);
    }
    if (to.changed) host_changed(h, h->argv[1], "cf.add");
}

/* CF.INSERT key [CAPACITY n] [NOCREATE] ITEMS item [item …] */
void cf_insert(struct host *h)
{
    insert(h, false);
}

/* CF.INSERTNX key [CAPACITY n] [NOCREATE] ITEMS item [item …] */
void cf_insertnx(struct host *h)
{
    insert(h, true);
}

/* --- looking and taking out --- */

/* The filter, or NULL where there is none: it holds nothing. False after a reply. */
static bool find(struct host *h, const struct cuckoo **c)
{
    void *v = NULL;
    if (!host_find(h, h->argv[1], &cuckoo_type, &v)) return false;
    *c = v;
    return true;
}

/* CF.EXISTS key item */
void cf_exists(struct host *h)
{
    const struct cuckoo *c = NULL;
    if (!find(h, &c)) return;
    reply_bool(h->reply, c != NULL && cuckoo_has(c, h->argv[2]));
}

/* CF.MEXISTS key item [item …] */
void cf_mexists(struct host *h)
{
    const struct cuckoo *c = NULL;
    if (!find(h, &c)) return;
    reply_array(h->reply, h->argc - 2);
    for (uint32_t i = 2; i < h->argc; i++)
        reply_bool(h->reply, c != NULL && cuckoo_has(c, h->argv[i]));
}

/* CF.COUNT key item */
void cf_count(struct host *h)
{
    const struct cuckoo *c = NULL;
    if (!find(h, &c)) return;
    reply_int(h->reply, c == NULL ? 0 : (int64_t)cuckoo_count(c, h->argv[2]));
}

/* CF.DEL key item */
void cf_del(struct host *h)
{
    struct cuckoo *c = sketch_get(h, h->argv[1], &cuckoo_type, "Not found", true);
    if (c == NULL) return;
    bool gone = cuckoo_del(c, h->argv[2]);
    if (gone) host_changed(h, h->argv[1], "cf.del");
    reply_bool(h->reply, gone);
}

/* CF.COMPACT key */
void cf_compact(struct host *h)
{
    struct cuckoo *c = sketch_get(h, h->argv[1], &cuckoo_type, "Cuckoo filter was not found", true);
    if (c == NULL) return;
    cuckoo_compact(c);
    host_changed(h, h->argv[1], "cf.compact");
    reply_ok(h->reply);
}

static void fact(struct reply *r, const char *name, uint64_t n)
{
    reply_status(r, name);
    reply_int(r, (int64_t)n);
}

/* CF.INFO key */
void cf_info(struct host *h)
{
    const struct cuckoo *c = sketch_get(h, h->argv[1], &cuckoo_type, MISSING, false);
    if (c == NULL) return;
    struct cuckoo_info info = cuckoo_info(c);
    reply_map(h->reply, 8);
    fact(h->reply, "Size", cuckoo_memory(c));
    fact(h->reply, "Number of buckets", info.buckets);
    fact(h->reply, "Number of filters", info.filters);
    fact(h->reply, "Number of items inserted", info.items);
    fact(h->reply, "Number of items deleted", info.deleted);
    fact(h->reply, "Bucket size", info.bucket_size);
    fact(h->reply, "Expansion rate", info.expansion);
    fact(h->reply, "Max iterations", info.max_iterations);
}

/* --- in pieces: 1 is the head; n + 1 says that n bytes of places are done --- */

/* CF.SCANDUMP key iterator */
void cf_scandump(struct host *h)
{
    int64_t at = 0;
    if (!sketch_i64(h->argv[2], 0, INT64_MAX, &at)) {
        reply_error(h->reply, "Invalid position");
        return;
    }
    const struct cuckoo *c = sketch_get(h, h->argv[1], &cuckoo_type, MISSING, false);
    if (c == NULL) return;
    reply_array(h->reply, 2);
    if (at == 0) {
        struct buf head = {0};
        cuckoo_save_head(c, &head);
        reply_int(h->reply, 1);
        reply_bulk(h->reply, buf_slice(&head));
        buf_fini(&head);
        return;
    }
    struct slice piece = cuckoo_piece(c, (uint64_t)at - 1, SKETCH_PIECE);
    reply_int(h->reply, piece.len == 0 ? 0 : at + (int64_t)piece.len);
    if (piece.len == 0)
        reply_null(h->reply);
    else
        reply_bulk(h->reply, piece);
}

/* CF.LOADCHUNK key iterator data */
void cf_loadchunk(struct host *h)
{
    int64_t at = 0;
    void *c = NULL;
    struct slice data = h->argv[3];
    if (!sketch_i64(h->argv[2], 1, INT64_MAX, &at)) {
        reply_error(h->reply, "Invalid position");
        return;
    }
    if (!host_find_write(h, h->argv[1], &cuckoo_type, &c)) return;
    uint64_t end = (uint64_t)at - 1;
    const char *wrong = NULL;
    if (at == 1 && c != NULL) {
        wrong = EXISTS;
    } else if (at == 1) {
        struct cuckoo *made = cuckoo_load_head(data);
        if (made == NULL)
            wrong = "Invalid header";
        else
            host_put(h, h->argv[1], &cuckoo_type, made);
    } else if (c == NULL) {
        wrong = MISSING;
    } else if (data.len > end || !cuckoo_put_piece(c, end - data.len, data)) {
        wrong = "Couldn't load chunk!";
    }
    if (wrong != NULL) {
        reply_error(h->reply, wrong);
        return;
    }
    host_changed(h, h->argv[1], "cf.loadchunk");
    reply_ok(h->reply);
}
