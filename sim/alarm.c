#include "alarm.h"

#include "base/must.h"

void alarm_set(struct alarms *all, struct alarm *a, int64_t at_ms, void (*fn)(void *data),
               void *data)
{
    must(fn != NULL);
    a->fn = fn;
    a->data = data;
    heap_put(&all->heap, &a->node, at_ms);
}

void alarm_clear(struct alarms *all, struct alarm *a)
{
    heap_del(&all->heap, &a->node);
}

void alarms_run(struct alarms *all, int64_t now_ms)
{
    struct heap_node *node = NULL;
    while ((node = heap_min(&all->heap)) != NULL && node->key <= now_ms) {
        struct alarm *a = heap_entry(node, struct alarm, node);
        heap_del(&all->heap, node);
        a->fn(a->data);
    }
}

int64_t alarms_next(const struct alarms *all)
{
    struct heap_node *node = heap_min(&all->heap);
    return node == NULL ? INT64_MAX : node->key;
}

void alarms_fini(struct alarms *all)
{
    heap_fini(&all->heap);
}
