#include "list.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"

/* From so many elements on, those that go are given away rather than erased one by one. */
enum { CUT_MIN = 1024 };

struct deque_node {
    struct list link;
    struct pack pack;
};

struct deque {
    struct value head;
    struct list nodes; /* of struct deque_node */
    uint64_t count;
};

static struct deque_node *node_of(const struct list *l)
{
    return list_entry((struct list *)(uintptr_t)l, struct deque_node, link);
}

/* Whether s may still go into k. */
static bool has_room(const struct pack *k, struct slice s)
{
    static const uint32_t bytes[] = {4096, 8192, 16384, 32768, 65536};
    int64_t limit = value_limits.list_max_listpack_size;
    uint32_t count = pack_count(k), len = pack_len(k);
    if (count == 0) return true;
    if (s.len > 65536 || len > 65536) return false;
    if (limit > 0) return count < (uint64_t)limit && len + pack_size(s) <= 8192;
    int64_t level = limit < -5 ? 5 : limit == 0 ? 2 : -limit;
    return len + pack_size(s) <= bytes[level - 1];
}

struct deque *deque_new(void)
{
    struct deque *d = mem_new(struct deque);
    d->head.type = &list_type;
    list_init(&d->nodes);
    return d;
}

struct deque *deque_of(struct value *v)
{
    must(v->type == &list_type);
    return (struct deque *)(void *)v;
}

static const struct deque *deque_of_const(const struct value *v)
{
    must(v->type == &list_type);
    return (const struct deque *)(const void *)v;
}

struct value *deque_value(struct deque *d)
{
    return &d->head;
}

uint64_t deque_count(const struct deque *d)
{
    return d->count;
}

static struct deque_node *node_add(struct list *before)
{
    struct deque_node *n = mem_new(struct deque_node);
    list_add(before, &n->link);
    return n;
}

static void node_drop(struct deque_node *n)
{
    list_del(&n->link);
    pack_fini(&n->pack);
    mem_free(n);
}

void deque_push(struct deque *d, bool front, struct slice s)
{
    struct list *end = front ? d->nodes.next : d->nodes.prev;
    struct deque_node *n = end == &d->nodes ? NULL : node_of(end);
    if (n == NULL || !has_room(&n->pack, s)) {
        if (n != NULL) pack_fit(&n->pack); /* it is full now */
        n = node_add(front ? d->nodes.next : &d->nodes);
    }
    (void)pack_insert(&n->pack, front ? 0 : pack_len(&n->pack), s);
    d->count++;
}

struct slice deque_peek(const struct deque *d, bool front, char text[static LIST_TEXT])
{
    must(d->count > 0);
    const struct pack *k = &node_of(front ? d->nodes.next : d->nodes.prev)->pack;
    uint32_t at = front ? 0 : pack_before(k, pack_len(k));
    return pack_get(k, at, &at, text);
}

struct deque_at deque_seek(const struct deque *d, uint64_t i)
{
    must(i < d->count);
    if (i < d->count / 2) {
        const struct list *l = d->nodes.next;
        for (; i >= pack_count(&node_of(l)->pack); l = l->next)
            i -= pack_count(&node_of(l)->pack);
        return (struct deque_at){node_of(l), pack_seek(&node_of(l)->pack, (uint32_t)i)};
    }
    uint64_t left = d->count - i; /* 1 is the last */
    const struct list *l = d->nodes.prev;
    for (; left > pack_count(&node_of(l)->pack); l = l->prev)
        left -= pack_count(&node_of(l)->pack);
    const struct pack *k = &node_of(l)->pack;
    return (struct deque_at){node_of(l), pack_seek(k, pack_count(k) - (uint32_t)left)};
}

struct slice deque_get(struct deque_at at, char text[static LIST_TEXT])
{
    uint32_t next = 0;
    return pack_get(&at.node->pack, at.at, &next, text);
}

bool deque_is(struct deque_at at, struct slice s)
{
    return pack_is(&at.node->pack, at.at, s);
}

/* The first place of the node behind l, or the end. */
static struct deque_at first_of(const struct deque *d, const struct list *l)
{
    if (l == &d->nodes) return (struct deque_at){0};
    return (struct deque_at){node_of(l), 0};
}

struct deque_at deque_next(const struct deque *d, struct deque_at at)
{
    uint32_t next = pack_next(&at.node->pack, at.at);
    if (next < pack_len(&at.node->pack)) return (struct deque_at){at.node, next};
    return first_of(d, at.node->link.next);
}

struct deque_at deque_prev(const struct deque *d, struct deque_at at)
{
    if (at.at > 0) return (struct deque_at){at.node, pack_before(&at.node->pack, at.at)};
    if (at.node->link.prev == &d->nodes) return (struct deque_at){0};
    struct deque_node *n = node_of(at.node->link.prev);
    return (struct deque_at){n, pack_before(&n->pack, pack_len(&n->pack))};
}

void deque_replace(struct deque *d, struct deque_at at, struct slice s)
{
    (void)d;
    (void)pack_replace(&at.node->pack, at.at, s);
}

/* How many entries lie in front of a position. */
static uint32_t entries_before(const struct pack *k, uint32_t at)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < at; n++)
        i = pack_next(k, i);
    return n;
}

void deque_insert(struct deque *d, struct deque_at at, bool before, struct slice s)
{
    struct deque_node *n = at.node;
    uint32_t pos = at.at;
    if (!before) pos = pack_next(&n->pack, pos);
    if (!has_room(&n->pack, s)) {
        /* The full pack is cut at the place, and the element starts the second part. */
        struct deque_node *rest = node_add(n->link.next);
        uint32_t moved = pack_count(&n->pack) - entries_before(&n->pack, pos);
        if (moved > 0) pack_split(&n->pack, pos, moved, &rest->pack);
        if (pack_count(&n->pack) == 0) node_drop(n);
        n = rest;
        pos = 0;
        if (!has_room(&n->pack, s)) n = node_add(&n->link);
    }
    (void)pack_insert(&n->pack, pos, s);
    d->count++;
}

struct deque_at deque_erase(struct deque *d, struct deque_at at)
{
    struct deque_node *n = at.node;
    const struct list *behind = n->link.next;
    pack_erase(&n->pack, at.at, pack_next(&n->pack, at.at), 1);
    d->count--;
    if (pack_count(&n->pack) == 0) {
        node_drop(n);
        return first_of(d, behind);
    }
    if (at.at < pack_len(&n->pack)) return at;
    return first_of(d, behind);
}

void deque_trim(struct deque *d, bool front, uint64_t n)
{
    must(n <= d->count);
    d->count -= n;
    while (n > 0) {
        struct deque_node *node = node_of(front ? d->nodes.next : d->nodes.prev);
        if (pack_count(&node->pack) <= n) {
            n -= pack_count(&node->pack);
            node_drop(node);
            continue;
        }
        uint32_t count = (uint32_t)n;
        uint32_t at = pack_seek(&node->pack, front ? count : pack_count(&node->pack) - count);
        if (front)
            pack_erase(&node->pack, 0, at, count);
        else
            pack_erase(&node->pack, at, pack_len(&node->pack), count);
        return;
    }
}

/* The nodes in front of the place, or behind it, go to a list of their own; all, if it is no place. */
static struct deque *split_off(struct deque *d, bool front, struct deque_at keep)
{
    struct deque *gone = deque_new();
    struct list *first = d->nodes.next, *last = d->nodes.prev;
    if (keep.node != NULL && front) last = keep.node->link.prev;
    if (keep.node != NULL && !front) first = keep.node->link.next;
    list_splice(&gone->nodes, first, last);
    return gone;
}

struct value *deque_cut(struct deque *d, bool front, uint64_t n)
{
    must(n <= d->count);
    if (n < CUT_MIN) {
        deque_trim(d, front, n);
        return NULL;
    }
    struct deque_at keep = {0}; /* the first element that stays, from that end */
    uint64_t rest = 0;          /* of those that go, how many share its node */
    if (n < d->count) {
        keep = deque_seek(d, front ? n : d->count - n - 1);
        uint32_t before = entries_before(&keep.node->pack, keep.at);
        rest = front ? before : pack_count(&keep.node->pack) - 1 - before;
    }
    if (rest == n) {
        deque_trim(d, front, n);
        return NULL;
    }
    struct deque *gone = split_off(d, front, keep);
    gone->count = n - rest;
    d->count -= n - rest;
    deque_trim(d, front, rest);
    return &gone->head;
}

void deque_check(const struct deque *d)
{
    uint64_t n = 0;
    list_each(at, &d->nodes)
    {
        const struct pack *k = &node_of(at)->pack;
        must(pack_count(k) > 0);
        pack_check(k);
        n += pack_count(k);
    }
    must(n == d->count);
}

/* --- as a value --- */

static void type_free(struct value *v)
{
    struct deque *d = deque_of(v);
    list_each_safe(at, &d->nodes) node_drop(node_of(at));
    mem_free(d);
}

static bool type_drain(struct value *v, uint64_t n)
{
    struct deque *d = deque_of(v);
    for (; n > 0 && !list_empty(&d->nodes); n--)
        node_drop(node_of(d->nodes.prev));
    if (!list_empty(&d->nodes)) return true;
    mem_free(d);
    return false;
}

static size_t type_memory(const struct value *v, uint32_t samples)
{
    (void)samples;
    const struct deque *d = deque_of_const(v);
    size_t bytes = mem_size(d);
    list_each(at, &d->nodes) bytes += mem_size(node_of(at)) + pack_memory(&node_of(at)->pack);
    return bytes;
}

static struct value *type_copy(const struct value *v)
{
    const struct deque *d = deque_of_const(v);
    struct deque *copy = deque_new();
    list_each(at, &d->nodes)
    {
        struct deque_node *n = node_add(&copy->nodes);
        n->pack = pack_copy(&node_of(at)->pack);
    }
    copy->count = d->count;
    return &copy->head;
}

static const char *type_encoding(const struct value *v)
{
    (void)v;
    return "quicklist";
}

static uint64_t type_length(const struct value *v)
{
    return deque_count(deque_of_const(v));
}

static uint64_t type_effort(const struct value *v)
{
    enum { MANY = 1000 }; /* nobody asks how many more */
    uint64_t n = 0;
    const struct list *nodes = &deque_of_const(v)->nodes;
    for (const struct list *at = nodes->next; at != nodes && n < MANY; at = at->next)
        n++;
    return n;
}

static void type_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    const struct deque *d = deque_of_const(v);
    uint64_t left = d->count, room = 0;
    char text[LIST_TEXT];
    list_each(l, &d->nodes)
    {
        const struct pack *k = &node_of(l)->pack;
        for (uint32_t at = 0; at < pack_len(k); room--, left--) {
            if (room == 0) {
                room = left < 64 ? left : 64;
                effects_begin(out, (uint32_t)room + 2);
                effects_arg_cstr(out, "RPUSH");
                effects_arg(out, key);
            }
            effects_arg(out, pack_get(k, at, &at, text));
        }
    }
}

static void type_check(const struct value *v)
{
    must(deque_of_const(v)->count > 0);
    deque_check(deque_of_const(v));
}

const struct value_type list_type = {
    .kind = VALUE_LIST,
    .name = "list",
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
