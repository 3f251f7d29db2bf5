#include "hash.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"

enum encoding { PACKED, TABLE };

struct hash {
    struct value head; /* encoding: enum encoding */
    union {
        struct pack pack;   /* field, value, field, value … */
        struct dict *table; /* owned; of struct item */
    };
};

struct item {
    uint32_t name_len, value_len;
    char bytes[]; /* name, then value */
};

struct slice hash_item_name(const void *p)
{
    const struct item *i = p;
    return (struct slice){i->bytes, i->name_len};
}

struct slice hash_item_value(const void *p)
{
    const struct item *i = p;
    return (struct slice){i->bytes + i->name_len, i->value_len};
}

static const struct dict_kind items = {hash_item_name, mem_free};

static struct item *item_new(struct slice name, struct slice value)
{
    must(name.len <= UINT32_MAX);
    must(value.len <= UINT32_MAX);
    struct item *i = mem_alloc(sizeof *i + name.len + value.len);
    i->name_len = (uint32_t)name.len;
    i->value_len = (uint32_t)value.len;
    if (name.len > 0) memcpy(i->bytes, name.p, name.len);
    if (value.len > 0) memcpy(i->bytes + name.len, value.p, value.len);
    return i;
}

struct hash *hash_new(void)
{
    struct hash *h = mem_new(struct hash);
    h->head.type = &hash_type;
    return h;
}

struct hash *hash_of(struct value *v)
{
    must(v->type == &hash_type);
    return (struct hash *)(void *)v;
}

static const struct hash *hash_of_const(const struct value *v)
{
    must(v->type == &hash_type);
    return (const struct hash *)(const void *)v;
}

struct value *hash_value(struct hash *h)
{
    return &h->head;
}

const struct dict *hash_dict(const struct hash *h)
{
    return h->head.encoding == TABLE ? h->table : NULL;
}

uint64_t hash_count(const struct hash *h)
{
    return h->head.encoding == PACKED ? pack_count(&h->pack) / 2 : dict_count(h->table);
}

/* The position of a field in the pack; its end when it is not there. */
static uint32_t pack_field(const struct pack *k, struct slice field)
{
    return pack_find(k, 2, field);
}

bool hash_get(const struct hash *h, struct slice field, char text[static HASH_TEXT],
              struct slice *out)
{
    if (h->head.encoding == PACKED) {
        uint32_t at = pack_field(&h->pack, field);
        if (at == pack_len(&h->pack)) return false;
        *out = pack_get(&h->pack, pack_next(&h->pack, at), &at, text);
        return true;
    }
    const void *item = dict_find(h->table, field);
    if (item == NULL) return false;
    *out = hash_item_value(item);
    return true;
}

static void convert(struct hash *h)
{
    struct pack k = h->pack;
    h->head.encoding = TABLE;
    h->table = mem_new(struct dict);
    dict_init(h->table, &items);
    dict_reserve(h->table, pack_count(&k) / 2 + 1);
    for (uint32_t at = 0; at < pack_len(&k);) {
        char text[2][HASH_TEXT];
        struct slice name = pack_get(&k, at, &at, text[0]);
        struct slice value = pack_get(&k, at, &at, text[1]);
        (void)dict_put(h->table, item_new(name, value));
    }
    pack_fini(&k);
}

static bool table_put(struct hash *h, struct slice field, struct slice value)
{
    uint64_t hash = hash_slice(field);
    void **place = dict_place(h->table, field, hash);
    if (place == NULL) {
        dict_add_hash(h->table, item_new(field, value), hash);
        return true;
    }
    struct item *i = *place;
    size_t need = sizeof *i + field.len + value.len;
    size_t have = mem_size(i);
    if (need <= have && need >= have / 2) {
        if (value.len > 0) memmove(i->bytes + i->name_len, value.p, value.len);
        i->value_len = (uint32_t)value.len;
        return false;
    }
    *place = item_new(field, value);
    mem_free(i);
    return false;
}

bool hash_put(struct hash *h, struct slice field, struct slice value)
{
    if (h->head.encoding == PACKED && ((int64_t)field.len > value_limits.hash_max_listpack_value ||
                                       (int64_t)value.len > value_limits.hash_max_listpack_value))
        convert(h);
    if (h->head.encoding == TABLE) return table_put(h, field, value);

    uint32_t at = pack_field(&h->pack, field);
    if (at < pack_len(&h->pack)) {
        (void)pack_replace(&h->pack, pack_next(&h->pack, at), value);
        return false;
    }
    (void)pack_append(&h->pack, field);
    (void)pack_append(&h->pack, value);
    if ((int64_t)pack_count(&h->pack) / 2 > value_limits.hash_max_listpack_entries) convert(h);
    return true;
}

bool hash_del(struct hash *h, struct slice field)
{
    if (h->head.encoding == TABLE) return dict_del(h->table, field);
    uint32_t at = pack_field(&h->pack, field);
    if (at == pack_len(&h->pack)) return false;
    uint32_t value_at = pack_next(&h->pack, at);
    pack_erase(&h->pack, at, pack_next(&h->pack, value_at), 2);
    return true;
}

void hash_each(const struct hash *h, bool (*fn)(struct slice field, struct slice value, void *data),
               void *data)
{
    if (h->head.encoding == PACKED) {
        for (uint32_t at = 0; at < pack_len(&h->pack);) {
            char text[2][HASH_TEXT];
            struct slice name = pack_get(&h->pack, at, &at, text[0]);
            struct slice value = pack_get(&h->pack, at, &at, text[1]);
            if (!fn(name, value, data)) return;
        }
        return;
    }
    struct dict_iter i;
    dict_iter_init(&i, h->table);
    for (const void *item = dict_iter_next(&i); item != NULL; item = dict_iter_next(&i))
        if (!fn(hash_item_name(item), hash_item_value(item), data)) break;
    dict_iter_fini(&i);
}

void hash_random(const struct hash *h, struct rng *rng, char text[static 2][HASH_TEXT],
                 struct slice *field, struct slice *value)
{
    must(hash_count(h) > 0);
    if (h->head.encoding == PACKED) {
        uint32_t i = (uint32_t)rng_below(rng, pack_count(&h->pack) / 2) * 2;
        uint32_t at = pack_seek(&h->pack, i);
        *field = pack_get(&h->pack, at, &at, text[0]);
        *value = pack_get(&h->pack, at, &at, text[1]);
        return;
    }
    const void *item = dict_random(h->table, rng);
    *field = hash_item_name(item);
    *value = hash_item_value(item);
}

/* --- as a value --- */

static void type_free(struct value *v)
{
    struct hash *h = hash_of(v);
    if (h->head.encoding == PACKED) {
        pack_fini(&h->pack);
    } else {
        dict_fini(h->table);
        mem_free(h->table);
    }
    mem_free(h);
}

static bool type_drain(struct value *v, uint64_t n)
{
    if (v->encoding == TABLE && dict_drain(hash_of(v)->table, n, dict_free_item, NULL)) return true;
    type_free(v);
    return false;
}

static size_t type_memory(const struct value *v, uint32_t samples)
{
    const struct hash *h = hash_of_const(v);
    if (h->head.encoding == PACKED) return mem_size(h) + pack_memory(&h->pack);
    return mem_size(h) + mem_size(h->table) + dict_memory(h->table) +
           dict_items_memory(h->table, samples);
}

static bool copy_one(struct slice field, struct slice value, void *data)
{
    (void)hash_put(data, field, value);
    return true;
}

static struct value *type_copy(const struct value *v)
{
    const struct hash *h = hash_of_const(v);
    struct hash *copy = hash_new();
    if (v->encoding == PACKED) {
        copy->pack = pack_copy(&h->pack);
    } else {
        convert(copy);
        hash_each(h, copy_one, copy);
    }
    return &copy->head;
}

static const char *type_encoding(const struct value *v)
{
    return v->encoding == PACKED ? "listpack" : "hashtable";
}

static uint64_t type_length(const struct value *v)
{
    return hash_count(hash_of_const(v));
}

static uint64_t type_effort(const struct value *v)
{
    return v->encoding == PACKED ? 1 : type_length(v);
}

struct rewriting {
    struct effects *out;
    struct slice key;
    uint64_t left; /* fields not written yet */
    uint64_t room; /* of the present HSET */
};

static bool rewrite_one(struct slice field, struct slice value, void *data)
{
    struct rewriting *r = data;
    if (r->room == 0) {
        r->room = r->left < 64 ? r->left : 64;
        effects_begin(r->out, (uint32_t)r->room * 2 + 2);
        effects_arg_cstr(r->out, "HSET");
        effects_arg(r->out, r->key);
    }
    effects_arg(r->out, field);
    effects_arg(r->out, value);
    r->room--;
    r->left--;
    return true;
}

static void type_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    struct rewriting r = {out, key, type_length(v), 0};
    hash_each(hash_of_const(v), rewrite_one, &r);
}

static void type_check(const struct value *v)
{
    const struct hash *h = hash_of_const(v);
    must(hash_count(h) > 0);
    if (v->encoding == TABLE) {
        dict_check(h->table);
        return;
    }
    pack_check(&h->pack);
    must(pack_count(&h->pack) % 2 == 0);
    for (uint32_t at = 0, next = 0; at < pack_len(&h->pack);) {
        char text[HASH_TEXT];
        must(pack_field(&h->pack, pack_get(&h->pack, at, &next, text)) == at); /* each once */
        at = pack_next(&h->pack, next);
    }
}

static const void *type_inside(const struct value *v, uint32_t step)
{
    const struct hash *h = (const struct hash *)v;
    if (step > 0) return NULL;
    return v->encoding == PACKED ? (const void *)h->pack.block : (const void *)h->table;
}

const struct value_type hash_type = {
    .kind = VALUE_HASH,
    .name = "hash",
    .free = type_free,
    .drain = type_drain,
    .memory = type_memory,
    .copy = type_copy,
    .encoding = type_encoding,
    .length = type_length,
    .effort = type_effort,
    .rewrite = type_rewrite,
    .inside = type_inside,
    .check = type_check,
};
