#include "trash.h"

#include "base/mem.h"

enum {
    EFFORT_MAX = 64, /* a value of so many parts is freed at once, as in Redis */
    SLICE = 64       /* parts freed between two looks at the clock */
};

/* Either a value or a table. */
struct waiting {
    struct list link; /* in engine->trash */
    struct value *value;
    struct dict dict;
    void (*drop)(void *item, void *data);
};

static struct waiting *add(struct engine *e)
{
    struct waiting *w = mem_new(struct waiting);
    list_add(&e->trash, &w->link);
    e->trash_count++;
    return w;
}

void trash_value(struct engine *e, struct value *v)
{
    if (v == NULL) return;
    bool small = v->type->drain == NULL || v->type->effort(v) <= EFFORT_MAX;
    if (small || e->loading)
        value_free(v);
    else
        add(e)->value = v;
}

static void drop_entry(void *item, void *data)
{
    struct entry *x = item;
    trash_value(data, x->value);
    mem_free(x);
}

static void drop_nothing(void *item, void *data)
{
    (void)item;
    (void)data;
}

static void add_dict(struct engine *e, struct dict *d, void (*drop)(void *item, void *data))
{
    struct waiting *w = add(e);
    w->dict = *d;
    w->drop = drop;
    dict_init(d, d->kind);
}

void trash_entries(struct engine *e, struct dict *d)
{
    add_dict(e, d, drop_entry);
}

void trash_borrowed(struct engine *e, struct dict *d)
{
    add_dict(e, d, drop_nothing);
}

/* Frees some of w; false when nothing of it is left. */
static bool drain(struct engine *e, struct waiting *w)
{
    if (w->value != NULL) return w->value->type->drain(w->value, SLICE);
    return dict_drain(&w->dict, SLICE, w->drop, e);
}

bool trash_work(struct engine *e, int64_t budget_us)
{
    if (list_empty(&e->trash)) return false;
    int64_t from_us = e->clock.mono_us(e->clock.data);
    while (!list_empty(&e->trash)) {
        struct waiting *w = list_entry(e->trash.next, struct waiting, link);
        if (!drain(e, w)) {
            list_del(&w->link);
            mem_free(w);
            e->trash_count--;
        }
        if (e->clock.mono_us(e->clock.data) - from_us >= budget_us) break;
    }
    return !list_empty(&e->trash);
}

void trash_finish(struct engine *e)
{
    while (trash_work(e, INT64_MAX))
        continue;
}
