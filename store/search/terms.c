#include "terms.h"

#include "base/mem.h"
#include "base/must.h"

static struct slice name_of(const void *item)
{
    return term_name(item);
}

static const struct dict_kind by_name = {name_of, NULL};

/* Where a name lies in the allocation of its term. */
static size_t name_at(void)
{
    return (sizeof(struct term) + _Alignof(struct member) - 1) / _Alignof(struct member) *
           _Alignof(struct member);
}

static struct term *term_of(struct member *m)
{
    return (struct term *)(void *)((char *)m - name_at());
}

void terms_init(struct terms *t, bool text)
{
    *t = (struct terms){.text = text};
    dict_init(&t->by_name, &by_name);
}

static void term_free(const struct terms *t, struct term *term)
{
    if (t->text)
        postings_fini(&term->postings);
    else
        idset_fini(&term->docs);
    mem_free(term);
}

void terms_fini(struct terms *t)
{
    ranktree_fini(&t->sorted);
    dict_fini(&t->by_name);
    for (uint32_t i = 0; i < t->end; i++)
        if (t->of[i] != NULL) term_free(t, t->of[i]);
    mem_free(t->of);
    mem_free(t->spare);
    *t = (struct terms){0};
}

struct term *terms_find(const struct terms *t, struct slice name)
{
    return dict_find(&t->by_name, name);
}

static uint32_t free_number(struct terms *t)
{
    if (t->spare_n > 0) return t->spare[--t->spare_n];
    must(t->end < UINT32_MAX);
    if (t->end == t->cap) {
        t->cap = t->cap == 0 ? 16 : t->cap * 2;
        t->of = mem_realloc(t->of, t->cap * sizeof t->of[0]);
    }
    return t->end++;
}

struct term *terms_get(struct terms *t, struct slice name)
{
    must(name.len <= TERM_BYTES_MAX);
    uint64_t hash = hash_slice(name);
    struct term *term = dict_find_hash(&t->by_name, name, hash);
    if (term != NULL) return term;
    term = mem_alloc(name_at() + member_bytes(name.len));
    *term = (struct term){.number = free_number(t)};
    term->name = (struct member *)(void *)((char *)term + name_at());
    member_init(term->name, name);
    t->of[term->number] = term;
    dict_add_hash(&t->by_name, term, hash);
    ranktree_put(&t->sorted, term->name);
    return term;
}

void terms_drop(struct terms *t, struct term *gone)
{
    must(term_docs(t, gone) == 0);
    must(dict_take(&t->by_name, term_name(gone)) == gone);
    ranktree_del(&t->sorted, gone->name);
    t->of[gone->number] = NULL;
    if (t->spare_n == t->spare_cap) {
        t->spare_cap = t->spare_cap == 0 ? 16 : t->spare_cap * 2;
        t->spare = mem_realloc(t->spare, t->spare_cap * sizeof t->spare[0]);
    }
    t->spare[t->spare_n++] = gone->number;
    term_free(t, gone);
}

uint32_t term_docs(const struct terms *t, const struct term *term)
{
    return t->text ? term->postings.docs : term->docs.count;
}

struct each {
    bool (*fn)(struct term *t, void *data);
    void *data;
};

static bool each_one(struct member *m, double score, void *data)
{
    (void)score;
    struct each *e = data;
    return e->fn(term_of(m), e->data);
}

void terms_each(const struct terms *t, struct slice from, bool (*fn)(struct term *t, void *data),
                void *data)
{
    if (t->sorted.count == 0) return;
    struct each e = {fn, data};
    uint32_t rank = ranktree_below_name(&t->sorted, from, false);
    ranktree_each(&t->sorted, rank, t->sorted.count - rank, false, each_one, &e);
}

bool terms_seek(const struct terms *t, struct slice from, struct slice *name)
{
    if (t->sorted.count == 0) return false;
    uint32_t rank = ranktree_below_name(&t->sorted, from, false);
    if (rank == t->sorted.count) return false;
    *name = member_name(ranktree_at(&t->sorted, rank));
    return true;
}

size_t terms_memory(const struct terms *t)
{
    size_t bytes = mem_size(t->of) + mem_size(t->spare) + dict_memory(&t->by_name);
    bytes += ranktree_memory(&t->sorted);
    for (uint32_t i = 0; i < t->end; i++) {
        const struct term *term = t->of[i];
        if (term == NULL) continue;
        bytes += mem_size(term);
        bytes += t->text ? postings_memory(&term->postings) : idset_memory(&term->docs);
    }
    return bytes;
}

void terms_check(const struct terms *t)
{
    dict_check(&t->by_name);
    ranktree_check(&t->sorted);
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->end; i++) {
        struct term *term = t->of[i];
        if (term == NULL) continue;
        count++;
        must(term->number == i);
        must(term_of(term->name) == term);
        must(terms_find(t, term_name(term)) == term);
        must(term_docs(t, term) > 0);
        if (t->text)
            postings_check(&term->postings);
        else
            idset_check(&term->docs);
    }
    must(count == t->sorted.count);
    must(count == dict_count(&t->by_name));
    must(count + t->spare_n == t->end);
}
