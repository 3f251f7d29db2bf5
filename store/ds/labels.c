#include "labels.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/ds/dict.h"

#include <stdlib.h>

struct posting {
    struct labelled **all; /* owned array of borrowed members */
    uint32_t count, cap;
    uint32_t pair_len;
    char pair[]; /* length of the name: 4 bytes; name; value */
};

struct labels {
    uint64_t refs;
    struct dict pairs; /* of struct posting; owned */
    struct dict keys;  /* of struct labelled; borrowed */
};

static struct slice posting_pair(const void *item)
{
    const struct posting *p = item;
    return (struct slice){p->pair, p->pair_len};
}

static void posting_free(void *item)
{
    struct posting *p = item;
    mem_free(p->all);
    mem_free(p);
}

static struct slice member_key(const void *item)
{
    return ((const struct labelled *)item)->key;
}

static const struct dict_kind pairs_kind = {.key = posting_pair, .free = posting_free};
static const struct dict_kind keys_kind = {.key = member_key};

static struct labels *labels_new(void)
{
    struct labels *x = mem_new(struct labels);
    x->refs = 1;
    dict_init(&x->pairs, &pairs_kind);
    dict_init(&x->keys, &keys_kind);
    return x;
}

void labels_unref(struct labels *x)
{
    if (x == NULL) return;
    must(x->refs > 0);
    if (--x->refs > 0) return;
    must(dict_count(&x->keys) == 0);
    dict_fini(&x->pairs);
    dict_fini(&x->keys);
    mem_free(x);
}

/* --- lists --- */

/* The bytes of a pair, in out. */
static struct slice pair_of(struct slice name, struct slice value, struct buf *out)
{
    uint32_t len = (uint32_t)name.len;
    buf_clear(out);
    buf_add(out, &len, sizeof len);
    buf_add_slice(out, name);
    buf_add_slice(out, value);
    return buf_slice(out);
}

static void list_add(struct labels *x, struct labelled *l, struct label *label, struct buf *scratch)
{
    struct slice pair = pair_of(label->name, label->value, scratch);
    struct posting *p = dict_find(&x->pairs, pair);
    if (p == NULL) {
        p = mem_alloc(sizeof *p + pair.len);
        *p = (struct posting){.pair_len = (uint32_t)pair.len};
        memcpy(p->pair, pair.p, pair.len);
        must(dict_put(&x->pairs, p) == NULL);
    }
    if (p->count == p->cap) {
        p->cap = p->cap == 0 ? 1 : 2 * p->cap;
        p->all = mem_realloc(p->all, p->cap * sizeof(struct labelled *));
    }
    label->list = p;
    label->at = p->count;
    p->all[p->count++] = l;
}

/* The label of l that is listed at this place. */
static struct label *listed(struct labelled *l, const struct posting *p, uint32_t at)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (l->labels[i].list == p && l->labels[i].at == at) return &l->labels[i];
    must(false);
    return NULL;
}

static void list_del(struct labels *x, struct label *label)
{
    struct posting *p = label->list;
    uint32_t last = p->count - 1;
    if (label->at != last) {
        struct labelled *moved = p->all[last];
        p->all[label->at] = moved;
        listed(moved, p, last)->at = label->at;
    }
    label->list = NULL;
    p->count = last;
    if (last == 0) (void)dict_del(&x->pairs, posting_pair(p));
}

static void list_all(struct labelled *l)
{
    struct buf scratch = {0};
    for (uint32_t i = 0; i < l->count; i++)
        list_add(l->in, l, &l->labels[i], &scratch);
    buf_fini(&scratch);
}

static void unlist_all(struct labelled *l)
{
    for (uint32_t i = 0; i < l->count; i++)
        list_del(l->in, &l->labels[i]);
}

/* --- members --- */

void labelled_leave(struct labelled *l)
{
    struct labels *x = l->in;
    if (x == NULL) return;
    unlist_all(l);
    /* Another may lie under the key already, and l be about to be freed. */
    if (dict_find(&x->keys, l->key) == l) (void)dict_take(&x->keys, l->key);
    l->in = NULL;
    labels_unref(x);
}

void labelled_name(struct labelled *l, struct slice key)
{
    must(l->in == NULL);
    char *copy = mem_dup(key.len == 0 ? "" : key.p, key.len);
    mem_free((char *)(uintptr_t)l->key.p);
    l->key = slice_make(copy, key.len);
}

void labelled_join(struct labelled *l, struct labels **home, struct slice key)
{
    labelled_leave(l);
    labelled_name(l, key);
    if (*home == NULL) *home = labels_new();
    l->in = *home;
    l->in->refs++;
    (void)dict_put(&l->in->keys, l);
    list_all(l);
}

static void drop_labels(struct labelled *l)
{
    mem_free(l->text);
    mem_free(l->labels);
    l->text = NULL;
    l->labels = NULL;
    l->count = 0;
}

void labelled_fini(struct labelled *l)
{
    labelled_leave(l);
    drop_labels(l);
    mem_free((char *)(uintptr_t)l->key.p);
    l->key = (struct slice){0};
}

void labelled_set(struct labelled *l, const struct slice *pairs, uint32_t n)
{
    struct buf text = {0};
    struct label *labels = n == 0 ? NULL : mem_array(n, struct label);
    for (uint32_t i = 0; i < 2 * n; i++)
        buf_add_slice(&text, pairs[i]);
    char *p = buf_take(&text, NULL);
    size_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        labels[i].name = slice_make(p + at, pairs[2 * i].len);
        labels[i].value = slice_make(p + at + pairs[2 * i].len, pairs[2 * i + 1].len);
        at += pairs[2 * i].len + pairs[2 * i + 1].len;
    }
    if (l->in != NULL) unlist_all(l);
    drop_labels(l);
    l->text = p;
    l->labels = labels;
    l->count = n;
    if (l->in != NULL) list_all(l);
}

size_t labelled_memory(const struct labelled *l)
{
    return mem_size(l->text) + mem_size(l->labels) + mem_size(l->key.p);
}

const struct slice *labelled_get(const struct labelled *l, struct slice name)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (slice_eq(l->labels[i].name, name)) return &l->labels[i].value;
    return NULL;
}

struct labelled *labels_key(const struct labels *x, struct slice key)
{
    return x == NULL ? NULL : dict_find(&x->keys, key);
}

/* --- queries --- */

bool label_filter_parse(struct slice text, struct arena *arena, struct label_filter *out)
{
    size_t equals = slice_find(text, '=');
    if (equals == text.len) return false;
    struct slice value = slice_from(text, equals + 1), one = {0};
    struct label_filter f = {.name = {text.p, equals}};
    if (equals > 0 && text.p[equals - 1] == '!') {
        f.differs = true;
        f.name.len--;
    }
    if (f.name.len == 0) return false;
    bool many = value.len > 0 && value.p[0] == '(';
    if (many && value.p[value.len - 1] != ')') return false;
    if (many) value = slice_make(value.p + 1, value.len - 2);
    if (many && value.len == 0) return false;
    uint32_t n = value.len == 0 ? 0 : 1;
    for (size_t i = 0; many && i < value.len; i++)
        n += value.p[i] == ',';
    struct slice *values = arena_array(arena, n, struct slice);
    if (!many && n == 1) values[0] = value;
    for (uint32_t i = 0; many && i < n; i++) {
        if (!slice_cut(&value, ',', &one) || one.len == 0) return false;
        values[i] = one;
    }
    f.values = values;
    f.count = n;
    *out = f;
    return true;
}

bool label_filter_seeks(const struct label_filter *f)
{
    return f->count > 0 && !f->differs;
}

static bool holds(const struct label_filter *f, const struct labelled *l)
{
    bool is = f->count == 0; /* without values: that the label is not there */
    for (uint32_t i = 0; i < l->count; i++) {
        if (!slice_eq(l->labels[i].name, f->name)) continue;
        if (f->count == 0) is = false;
        for (uint32_t v = 0; v < f->count; v++)
            is |= slice_eq(l->labels[i].value, f->values[v]);
    }
    return is != f->differs;
}

/* Members in the lists of a filter, at most. */
static uint64_t listed_by(const struct labels *x, const struct label_filter *f, struct buf *scratch)
{
    uint64_t n = 0;
    for (uint32_t v = 0; v < f->count; v++) {
        const struct posting *p = dict_find(&x->pairs, pair_of(f->name, f->values[v], scratch));
        n += p == NULL ? 0 : p->count;
    }
    return n;
}

static int by_key(const void *a, const void *b)
{
    const struct labelled *const *x = a, *const *y = b;
    return slice_cmp((*x)->key, (*y)->key);
}

static bool all_hold(const struct label_filter *filters, uint32_t n, const struct labelled *l)
{
    for (uint32_t i = 0; i < n; i++)
        if (!holds(&filters[i], l)) return false;
    return true;
}

const struct labelled **labels_find(const struct labels *x, const struct label_filter *filters,
                                    uint32_t n, struct arena *arena, uint32_t *count)
{
    struct buf scratch = {0};
    const struct label_filter *best = NULL;
    uint64_t fewest = UINT64_MAX;
    *count = 0;
    if (x == NULL) return NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (!label_filter_seeks(&filters[i])) continue;
        uint64_t these = listed_by(x, &filters[i], &scratch);
        if (these >= fewest) continue;
        fewest = these;
        best = &filters[i];
    }
    must(best != NULL);
    const struct labelled **found = arena_array(arena, (size_t)fewest, const struct labelled *);
    uint32_t kept = 0, different = 0;
    for (uint32_t v = 0; v < best->count; v++) {
        const struct posting *p =
            dict_find(&x->pairs, pair_of(best->name, best->values[v], &scratch));
        for (uint32_t i = 0; p != NULL && i < p->count; i++)
            if (all_hold(filters, n, p->all[i])) found[kept++] = p->all[i];
    }
    buf_fini(&scratch);
    if (kept > 1) qsort(found, kept, sizeof(found[0]), by_key);
    for (uint32_t i = 0; i < kept; i++) /* one may be in two lists */
        if (i == 0 || found[i] != found[i - 1]) found[different++] = found[i];
    *count = different;
    return found;
}

void labels_check(const struct labels *x)
{
    struct dict_iter i;
    uint64_t listings = 0, wanted = 0, members = 0;
    struct labels *all = (struct labels *)(uintptr_t)x; /* an iterator pauses its dict */
    dict_iter_init(&i, &all->pairs);
    for (struct posting *p = dict_iter_next(&i); p != NULL; p = dict_iter_next(&i)) {
        must(p->count > 0);
        for (uint32_t at = 0; at < p->count; at++)
            (void)listed(p->all[at], p, at);
        listings += p->count;
    }
    dict_iter_fini(&i);
    dict_iter_init(&i, &all->keys);
    for (struct labelled *l = dict_iter_next(&i); l != NULL; l = dict_iter_next(&i)) {
        must(l->in == x);
        wanted += l->count;
        members++;
    }
    dict_iter_fini(&i);
    must(listings == wanted);
    must(x->refs >= members);
}
