#include "set.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"

enum encoding { INTS, TABLE };
enum { AHEAD = 8 }; /* items fetched before they are freed */

struct set {
    struct value head; /* encoding: enum encoding */
    union {
        struct intset ints;
        struct dict *table; /* owned; of struct item */
    };
};

struct item {
    uint32_t len;
    char name[];
};

struct slice set_item_name(const void *p)
{
    const struct item *i = p;
    return (struct slice){i->name, i->len};
}

static const struct dict_kind items = {set_item_name, mem_free};

static struct item *item_new(struct slice name)
{
    must(name.len <= UINT32_MAX);
    struct item *i = mem_alloc(sizeof *i + name.len);
    i->len = (uint32_t)name.len;
    if (name.len > 0) memcpy(i->name, name.p, name.len);
    return i;
}

struct set *set_new(void)
{
    struct set *s = mem_new(struct set);
    s->head.type = &set_type;
    return s;
}

struct set *set_of(struct value *v)
{
    must(v->type == &set_type);
    return (struct set *)(void *)v;
}

static const struct set *set_of_const(const struct value *v)
{
    must(v->type == &set_type);
    return (const struct set *)(const void *)v;
}

struct value *set_value(struct set *s)
{
    return &s->head;
}

static void table_free(struct dict *table)
{
    dict_fini(table);
    mem_free(table);
}

void set_free(struct set *s)
{
    if (s == NULL) return;
    if (s->head.encoding == INTS)
        intset_fini(&s->ints);
    else
        table_free(s->table);
    mem_free(s);
}

const struct intset *set_ints(const struct set *s)
{
    return s->head.encoding == INTS ? &s->ints : NULL;
}

struct dict *set_dict(const struct set *s)
{
    return s->head.encoding == TABLE ? s->table : NULL;
}

uint64_t set_count(const struct set *s)
{
    return s->head.encoding == INTS ? intset_count(&s->ints) : dict_count(s->table);
}

/* From integers to a table of names. */
static void convert(struct set *s, uint64_t expected)
{
    struct intset ints = s->ints;
    s->head.encoding = TABLE;
    s->table = mem_new(struct dict);
    dict_init(s->table, &items);
    dict_reserve(s->table, expected);
    for (uint32_t i = 0; i < intset_count(&ints); i++) {
        char text[SET_TEXT];
        (void)dict_put(s->table, item_new(slice_make(text, fmt_i64(text, intset_at(&ints, i)))));
    }
    intset_fini(&ints);
}

bool set_has(const struct set *s, struct slice member)
{
    int64_t n = 0;
    if (s->head.encoding == TABLE) return dict_find(s->table, member) != NULL;
    return slice_i64(member, &n) && intset_has(&s->ints, n);
}

bool set_add(struct set *s, struct slice member)
{
    if (s->head.encoding == INTS) {
        int64_t n = 0;
        if (slice_i64(member, &n)) {
            if (!intset_add(&s->ints, n)) return false;
            if ((int64_t)intset_count(&s->ints) > value_limits.set_max_intset_entries)
                convert(s, intset_count(&s->ints) + 1);
            return true;
        }
        convert(s, intset_count(&s->ints) + 1);
    }
    uint64_t hash = hash_slice(member);
    if (dict_find_hash(s->table, member, hash) != NULL) return false;
    dict_add_hash(s->table, item_new(member), hash);
    return true;
}

bool set_del(struct set *s, struct slice member)
{
    int64_t n = 0;
    if (s->head.encoding == TABLE) return dict_del(s->table, member);
    return slice_i64(member, &n) && intset_del(&s->ints, n);
}

struct slice set_random(struct set *s, struct rng *rng, char text[static SET_TEXT])
{
    must(set_count(s) > 0);
    if (s->head.encoding == TABLE) return set_item_name(dict_random(s->table, rng));
    int64_t n = intset_at(&s->ints, (uint32_t)rng_below(rng, intset_count(&s->ints)));
    return slice_make(text, fmt_i64(text, n));
}

void set_each(const struct set *s, bool (*fn)(struct slice member, void *data), void *data)
{
    if (s->head.encoding == INTS) {
        char text[SET_TEXT];
        bool more = true;
        for (uint32_t i = 0; i < intset_count(&s->ints) && more; i++)
            more = fn(slice_make(text, fmt_i64(text, intset_at(&s->ints, i))), data);
        return;
    }
    struct dict_iter i;
    dict_iter_init(&i, s->table);
    for (const void *item = dict_iter_next(&i); item != NULL; item = dict_iter_next(&i))
        if (!fn(set_item_name(item), data)) break;
    dict_iter_fini(&i);
}

/* --- cutting --- */

/* What was cut out of a set. */
struct part {
    struct value head;
    uint64_t count;
    void *items[]; /* owned */
};

static bool part_drain(struct value *v, uint64_t n)
{
    struct part *p = (struct part *)(void *)v;
    for (; n > 0 && p->count > 0; n--) {
        if (p->count > AHEAD) __builtin_prefetch(p->items[p->count - 1 - AHEAD]);
        mem_free(p->items[--p->count]);
    }
    if (p->count > 0) return true;
    mem_free(p);
    return false;
}

static uint64_t part_effort(const struct value *v)
{
    return ((const struct part *)(const void *)v)->count;
}

/* Never in the keyspace: nobody asks it for more. */
static const struct value_type part_type = {
    .kind = VALUE_SET, .drain = part_drain, .effort = part_effort};

struct cutting {
    struct part *part;
    uint64_t n;
    bool (*fn)(const void *item, void *data);
    void *data;
};

static bool cut_one(void *item, void *data)
{
    struct cutting *c = data;
    if (!c->fn(item, c->data)) return false;
    must(c->part->count < c->n);
    c->part->items[c->part->count++] = item;
    return true;
}

struct value *set_cut(struct set *s, uint64_t n, bool (*fn)(const void *item, void *data),
                      void *data, void *const **gone)
{
    must(s->head.encoding == TABLE);
    must(n <= set_count(s));
    struct part *p = mem_alloc(sizeof *p + n * sizeof p->items[0]);
    p->head = (struct value){.type = &part_type};
    p->count = 0;
    struct cutting c = {p, n, fn, data};
    (void)dict_sweep(s->table, cut_one, &c);
    must(p->count == n);
    *gone = p->items;
    return &p->head;
}

/* --- as a value --- */

static void type_free(struct value *v)
{
    set_free(set_of(v));
}

static bool type_drain(struct value *v, uint64_t n)
{
    if (v->encoding == TABLE && dict_drain(set_of(v)->table, n, dict_free_item, NULL)) return true;
    type_free(v);
    return false;
}

static size_t type_memory(const struct value *v, uint32_t samples)
{
    const struct set *s = set_of_const(v);
    if (s->head.encoding == INTS) return mem_size(s) + intset_memory(&s->ints);
    return mem_size(s) + mem_size(s->table) + dict_memory(s->table) +
           dict_items_memory(s->table, samples);
}

static bool copy_one(struct slice member, void *data)
{
    (void)set_add(data, member);
    return true;
}

static struct value *type_copy(const struct value *v)
{
    const struct set *s = set_of_const(v);
    struct set *copy = set_new();
    if (s->head.encoding == TABLE) convert(copy, dict_count(s->table));
    set_each(s, copy_one, copy);
    return &copy->head;
}

static const char *type_encoding(const struct value *v)
{
    return v->encoding == INTS ? "intset" : "hashtable";
}

static uint64_t type_length(const struct value *v)
{
    return set_count(set_of_const(v));
}

static uint64_t type_effort(const struct value *v)
{
    return v->encoding == INTS ? 1 : type_length(v);
}

struct rewriting {
    struct effects *out;
    struct slice key;
    uint64_t left; /* members not written yet */
    uint64_t room; /* of the present SADD */
};

static bool rewrite_one(struct slice member, void *data)
{
    struct rewriting *r = data;
    if (r->room == 0) {
        r->room = r->left < 64 ? r->left : 64;
        effects_begin(r->out, (uint32_t)r->room + 2);
        effects_arg_cstr(r->out, "SADD");
        effects_arg(r->out, r->key);
    }
    effects_arg(r->out, member);
    r->room--;
    r->left--;
    return true;
}

static void type_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    struct rewriting r = {out, key, type_length(v), 0};
    set_each(set_of_const(v), rewrite_one, &r);
}

static void type_check(const struct value *v)
{
    const struct set *s = set_of_const(v);
    must(set_count(s) > 0);
    if (v->encoding == INTS)
        intset_check(&s->ints);
    else
        dict_check(s->table);
}

const struct value_type set_type = {
    .kind = VALUE_SET,
    .name = "set",
    .free = type_free,
    .drain = type_drain,
    .memory = type_memory,
    .copy = type_copy,
    .encoding = type_encoding,
    .length = type_length,
    .effort = type_effort,
    .rewrite = type_rewrite,
    .check = type_check,
};
