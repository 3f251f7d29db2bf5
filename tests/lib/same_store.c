#include "same_store.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/engine/effects.h"
#include "store/type/hash.h"
#include "store/type/list.h"
#include "store/type/set.h"
#include "store/type/stream.h"
#include "store/type/string.h"
#include "store/type/zset.h"

#include <stdio.h>

/* ---- values ---- */

static void same_string(struct value *a, struct value *b)
{
    char text_a[STRING_TEXT], text_b[STRING_TEXT];
    must(slice_eq(string_get(a, text_a), string_get(b, text_b)));
}

static void same_list(struct value *a, struct value *b)
{
    const struct deque *x = deque_of(a), *y = deque_of(b);
    must(deque_count(x) == deque_count(y));
    struct deque_at i = deque_seek(x, 0), k = deque_seek(y, 0);
    for (; i.node != NULL; i = deque_next(x, i), k = deque_next(y, k)) {
        char text[LIST_TEXT];
        must(deque_is(k, deque_get(i, text)));
    }
}

static bool set_holds(struct slice member, void *data)
{
    must(set_has(data, member));
    return true;
}

static void same_set(struct value *a, struct value *b)
{
    must(set_count(set_of(a)) == set_count(set_of(b)));
    set_each(set_of(a), set_holds, set_of(b));
}

static bool hash_holds(struct slice field, struct slice value, void *data)
{
    struct slice other = {0};
    char text[HASH_TEXT];
    must(hash_get(data, field, text, &other));
    must(slice_eq(value, other));
    return true;
}

static void same_hash(struct value *a, struct value *b)
{
    must(hash_count(hash_of(a)) == hash_count(hash_of(b)));
    hash_each(hash_of(a), hash_holds, hash_of(b));
}

static bool zset_holds(struct slice name, double score, void *data)
{
    const struct zset *other = data;
    struct zset_at at;
    must(zset_find(other, name, &at));
    must(zset_score(other, at) == score);
    return true;
}

static void same_zset(struct value *a, struct value *b)
{
    struct zset *x = zset_of(a), *y = zset_of(b);
    must(zset_count(x) == zset_count(y));
    zset_each(x, 0, zset_count(x), false, zset_holds, y);
}

static void same_entries(const struct streamlog *a, const struct streamlog *b)
{
    struct streamlog_iter i, k;
    struct stream_entry x, y;
    must(a->length == b->length);
    streamlog_walk(&i, a, STREAM_ID_MIN, STREAM_ID_MAX, false);
    streamlog_walk(&k, b, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (streamlog_next(&i, &x)) {
        must(streamlog_next(&k, &y));
        must(stream_id_cmp(x.id, y.id) == 0);
        must(x.fields == y.fields);
        while (x.fields > 0) {
            struct slice name_x = {0}, value_x = {0}, name_y = {0}, value_y = {0};
            stream_entry_pair(&x, &name_x, &value_x);
            stream_entry_pair(&y, &name_y, &value_y);
            must(slice_eq(name_x, name_y));
            must(slice_eq(value_x, value_y));
        }
    }
}

static void same_group(const struct group *g, const struct group *h)
{
    must(h != NULL);
    must(stream_id_cmp(g->last_id, h->last_id) == 0);
    must(g->entries_read == h->entries_read);
    must(g->consumer_count == h->consumer_count);
    must(g->pending.count == h->pending.count);
    struct idtable_at at = idtable_seek(&g->pending, STREAM_ID_MIN);
    for (const struct pending *p; (p = idtable_get(&g->pending, at)) != NULL;
         idtable_step(&g->pending, &at)) {
        const struct pending *q = group_pending_find(h, p->id);
        must(q != NULL);
        must(slice_eq(p->consumer->name, q->consumer->name));
        must(p->deliveries == q->deliveries);
        must(p->delivered_ms == q->delivered_ms);
    }
}

static void same_stream(struct value *a, struct value *b)
{
    const struct stream *x = stream_of(a), *y = stream_of(b);
    same_entries(&x->log, &y->log);
    must(stream_id_cmp(x->last_id, y->last_id) == 0);
    must(stream_id_cmp(x->deleted_max, y->deleted_max) == 0);
    must(x->entries_added == y->entries_added);
    must(x->group_count == y->group_count);
    for (uint32_t i = 0; i < x->group_count; i++)
        same_group(x->groups[i], stream_group_find(y, x->groups[i]->name));
}

static void same_value(struct value *a, struct value *b)
{
    static void (*const same[])(struct value *, struct value *) = {
        [VALUE_STRING] = same_string, [VALUE_LIST] = same_list, [VALUE_SET] = same_set,
        [VALUE_ZSET] = same_zset,     [VALUE_HASH] = same_hash, [VALUE_STREAM] = same_stream};
    must(a->type == b->type);
    if (a->type->kind == VALUE_MODULE)
        must(a->type->length(a) == b->type->length(b)); /* what is in it, its own tests compare */
    else
        same[a->type->kind](a, b);
}

/* ---- stores ---- */

void same_store(struct engine *a, struct engine *b)
{
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        must(db_count(&a->db[i]) == db_count(&b->db[i]));
        struct dict_iter at;
        dict_iter_init(&at, &a->db[i].keys);
        for (const struct entry *x = dict_iter_next(&at); x != NULL; x = dict_iter_next(&at)) {
            const struct entry *y = dict_find(&b->db[i].keys, entry_key(x));
            must(y != NULL);
            must(x->expire_ms == y->expire_ms);
            same_value(x->value, y->value);
        }
        dict_iter_fini(&at);
    }
}

void check_store(const struct engine *e)
{
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        struct db *db = (struct db *)(uintptr_t)&e->db[i];
        uint64_t expiring = 0;
        dict_check(&db->keys);
        dict_check(&db->expires);
        struct dict_iter at;
        dict_iter_init(&at, &db->keys);
        for (const struct entry *x = dict_iter_next(&at); x != NULL; x = dict_iter_next(&at)) {
            if (x->value->type->check != NULL) x->value->type->check(x->value);
            if (x->expire_ms == EXPIRE_NEVER) continue;
            expiring++;
            must(dict_find(&db->expires, entry_key(x)) == x);
        }
        dict_iter_fini(&at);
        must(expiring == dict_count(&db->expires));
    }
}

void replay_records(struct engine *to, struct slice rest)
{
    struct slice *argv = NULL;
    uint32_t cap = 0, argc = 0;
    while (rest.len > 0) {
        struct slice why = {0};
        must(effects_next(&rest, &argv, &cap, &argc));
        bool redone = exec_apply(to, argv, argc, &why);
        if (!redone)
            (void)fprintf(stderr, "%.*s: %.*s\n", (int)argv[0].len, argv[0].p, (int)why.len, why.p);
        must(redone);
    }
    mem_free(argv);
}
