#include "dump.h"

#include "store/ds/rdb.h"
#include "store/type/dump_stream.h"
#include "store/type/family.h"
#include "store/type/hash.h"
#include "store/type/list.h"
#include "store/type/set.h"
#include "store/type/string.h"
#include "store/type/zset.h"

#include <math.h>

/* The types of an RDB file. */
enum {
    RDB_STRING = 0,
    RDB_LIST = 1,
    RDB_SET = 2,
    RDB_ZSET = 3, /* scores as text */
    RDB_HASH = 4,
    RDB_ZSET_2 = 5,
    RDB_MODULE_2 = 7,
    RDB_LIST_ZIPLIST = 10,
    RDB_SET_INTSET = 11,
    RDB_ZSET_ZIPLIST = 12,
    RDB_HASH_ZIPLIST = 13,
    RDB_LIST_QUICKLIST = 14, /* of ziplists */
    RDB_HASH_LISTPACK = 16,
    RDB_ZSET_LISTPACK = 17,
    RDB_LIST_QUICKLIST_2 = 18, /* of listpacks and plain elements */
};

enum { NODE_PLAIN = 1, NODE_PACKED = 2 };

/* --- writing --- */

static void write_list(const struct deque *d, struct buf *out)
{
    buf_add_char(out, RDB_LIST);
    rdb_add_length(out, deque_count(d));
    char text[LIST_TEXT];
    struct deque_at at = deque_seek(d, 0);
    for (; at.node != NULL; at = deque_next(d, at))
        rdb_add_string(out, deque_get(at, text));
}

static bool write_member(struct slice member, void *data)
{
    rdb_add_string(data, member);
    return true;
}

static bool write_field(struct slice field, struct slice value, void *data)
{
    rdb_add_string(data, field);
    rdb_add_string(data, value);
    return true;
}

static bool write_scored(struct slice name, double score, void *data)
{
    rdb_add_string(data, name);
    rdb_add_double(data, score);
    return true;
}

/* Redis writes a sorted set from its end, which makes reading it back cheaper there. */
static void write_zset(const struct zset *z, struct buf *out)
{
    uint32_t n = zset_count(z);
    buf_add_char(out, RDB_ZSET_2);
    rdb_add_length(out, n);
    zset_each(z, n - 1, n, true, write_scored, out); /* never empty */
}

bool dump_write(const struct value *v, struct buf *out)
{
    char text[STRING_TEXT];
    struct value *any = (struct value *)(uintptr_t)v; /* the _of casts take what may change */
    switch (value_kind_of(v)) {
    case VALUE_STRING:
        buf_add_char(out, RDB_STRING);
        rdb_add_string(out, string_get(v, text));
        return true;
    case VALUE_LIST:
        write_list(deque_of(any), out);
        return true;
    case VALUE_SET:
        buf_add_char(out, RDB_SET);
        rdb_add_length(out, set_count(set_of(any)));
        set_each(set_of(any), write_member, out);
        return true;
    case VALUE_ZSET:
        write_zset(zset_of(any), out);
        return true;
    case VALUE_HASH:
        buf_add_char(out, RDB_HASH);
        rdb_add_length(out, hash_count(hash_of(any)));
        hash_each(hash_of(any), write_field, out);
        return true;
    case VALUE_STREAM:
        dump_stream_write(stream_of(any), out);
        return true;
    case VALUE_MODULE:
        buf_add_char(out, RDB_MODULE_2);
        family_dump(v, out);
        return true;
    case VALUE_KINDS:
        break;
    }
    return false;
}

/* --- reading: each adds what the feed gives; false when it makes no sense --- */

static bool read_list(struct deque *d, struct rdb_feed *f)
{
    char text[RDB_TEXT];
    struct slice s = {0};
    enum rdb_step step;
    while ((step = rdb_next(f, text, &s)) == RDB_ITEM)
        deque_push(d, false, s);
    return step == RDB_END;
}

static bool read_set(struct set *to, struct rdb_feed *f)
{
    char text[RDB_TEXT];
    struct slice s = {0};
    enum rdb_step step;
    while ((step = rdb_next(f, text, &s)) == RDB_ITEM)
        if (!set_add(to, s)) return false;
    return step == RDB_END;
}

static bool read_hash(struct hash *h, struct rdb_feed *f)
{
    char text[2][RDB_TEXT];
    struct slice field = {0}, value = {0};
    enum rdb_step step;
    while ((step = rdb_next(f, text[0], &field)) == RDB_ITEM) {
        if (rdb_next(f, text[1], &value) != RDB_ITEM) return false;
        if (!hash_put(h, field, value)) return false;
    }
    return step == RDB_END;
}

static bool add_scored(struct zset *z, struct slice name, double score)
{
    struct zset_at at;
    if (isnan(score) || zset_find(z, name, &at)) return false;
    zset_add(z, name, score);
    return true;
}

static bool read_zset(struct zset *z, struct rdb_feed *f)
{
    char text[2][RDB_TEXT];
    struct slice name = {0}, digits = {0};
    double score = 0;
    enum rdb_step step;
    while ((step = rdb_next(f, text[0], &name)) == RDB_ITEM) {
        if (rdb_next(f, text[1], &digits) != RDB_ITEM || !slice_double(digits, &score))
            return false;
        if (!add_scored(z, name, score)) return false;
    }
    return step == RDB_END;
}

/* The form whose scores are no strings. */
static bool read_zset_plain(struct zset *z, struct slice in, struct arena *arena, bool as_text)
{
    uint64_t n = 0;
    if (!rdb_length(&in, &n)) return false;
    for (; n > 0; n--) {
        struct slice name = {0};
        double score = 0;
        if (!rdb_string(&in, arena, &name)) return false;
        if (!(as_text ? rdb_double_text(&in, &score) : rdb_double(&in, &score))) return false;
        if (!add_scored(z, name, score)) return false;
    }
    return true;
}

/* Lists of packed nodes. */
static bool read_quicklist(struct deque *d, struct slice in, struct arena *arena, bool ziplists)
{
    uint64_t nodes = 0, container = NODE_PACKED;
    if (!rdb_length(&in, &nodes)) return false;
    for (; nodes > 0; nodes--) {
        struct rdb_feed f = {.arena = arena};
        struct slice s = {0};
        if (!ziplists && !rdb_length(&in, &container)) return false;
        if (!rdb_string(&in, arena, &s)) return false;
        if (container == NODE_PLAIN) {
            deque_push(d, false, s);
            continue;
        }
        if (container != NODE_PACKED) return false;
        if (!(ziplists ? rdb_feed_ziplist(&f, s) : rdb_feed_listpack(&f, s))) return false;
        if (!read_list(d, &f)) return false;
    }
    return true;
}

/* A feed of `each` strings an element, counted in front. */
static bool feed_strings(struct rdb_feed *f, struct slice in, uint64_t each)
{
    f->kind = RDB_STRINGS;
    bool ok = rdb_length(&in, &f->left) && f->left <= UINT64_MAX / 2;
    f->left *= each;
    f->in = in;
    return ok;
}

/* A feed over a collection that is one string. */
static bool feed_packed(struct rdb_feed *f, struct slice in, uint8_t type)
{
    struct slice s = {0};
    if (!rdb_string(&in, f->arena, &s)) return false;
    if (type == RDB_SET_INTSET) return rdb_feed_intset(f, s);
    if (type == RDB_HASH_LISTPACK || type == RDB_ZSET_LISTPACK) return rdb_feed_listpack(f, s);
    return rdb_feed_ziplist(f, s);
}

static struct value *read_string(struct slice in, struct arena *arena)
{
    struct slice s = {0};
    return rdb_string(&in, arena, &s) ? string_new(s) : NULL;
}

/* The value when all was read and it is not empty; else it is freed. */
static struct value *whole(struct value *v, bool ok)
{
    if (ok && v->type->length(v) > 0) return v;
    value_free(v);
    return NULL;
}

struct value *dump_read(struct slice in, struct arena *arena)
{
    uint8_t type = 0;
    struct rdb_feed f = {.arena = arena};
    if (!rdb_byte(&in, &type)) return NULL;
    struct deque *d = NULL;
    struct set *s = NULL;
    struct zset *z = NULL;
    struct hash *h = NULL;
    struct stream *x = NULL;
    switch (type) {
    case RDB_STRING:
        return read_string(in, arena);
    case RDB_LIST:
        d = deque_new();
        return whole(deque_value(d), feed_strings(&f, in, 1) && read_list(d, &f));
    case RDB_LIST_ZIPLIST:
        d = deque_new();
        return whole(deque_value(d), feed_packed(&f, in, type) && read_list(d, &f));
    case RDB_LIST_QUICKLIST:
    case RDB_LIST_QUICKLIST_2:
        d = deque_new();
        return whole(deque_value(d), read_quicklist(d, in, arena, type == RDB_LIST_QUICKLIST));
    case RDB_SET:
        s = set_new();
        return whole(set_value(s), feed_strings(&f, in, 1) && read_set(s, &f));
    case RDB_SET_INTSET:
        s = set_new();
        return whole(set_value(s), feed_packed(&f, in, type) && read_set(s, &f));
    case RDB_ZSET:
    case RDB_ZSET_2:
        z = zset_new(false);
        return whole(zset_value(z), read_zset_plain(z, in, arena, type == RDB_ZSET));
    case RDB_ZSET_ZIPLIST:
    case RDB_ZSET_LISTPACK:
        z = zset_new(false);
        return whole(zset_value(z), feed_packed(&f, in, type) && read_zset(z, &f));
    case RDB_HASH:
        h = hash_new();
        return whole(hash_value(h), feed_strings(&f, in, 2) && read_hash(h, &f));
    case RDB_HASH_ZIPLIST:
    case RDB_HASH_LISTPACK:
        h = hash_new();
        return whole(hash_value(h), feed_packed(&f, in, type) && read_hash(h, &f));
    case RDB_MODULE_2:
        return family_restore(in, arena);
    case RDB_STREAM:
    case RDB_STREAM_2:
        x = dump_stream_read(in, arena, type == RDB_STREAM_2);
        return x == NULL ? NULL : &x->head;
    default:
        return NULL;
    }
}
