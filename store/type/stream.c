#include "stream.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"

#include <stddef.h>

enum {
    REWRITE_CHUNK = 64,
    PASS_EACH = 16,   /* who holds one of so many pending entries is forgotten by a pass */
    EFFORT_MAX = 1000 /* is counted no further */
};

static struct slice own(struct slice s)
{
    return (struct slice){mem_dup(s.p, s.len), s.len};
}

static void disown(struct slice s)
{
    mem_free((void *)(uintptr_t)s.p);
}

/* ---- arrays of pointers to things that begin with their name ---- */

static struct slice name_of(const void *thing)
{
    struct slice name;
    memcpy(&name, thing, sizeof name);
    return name;
}

_Static_assert(offsetof(struct group, name) == 0, "name_of reads it");
_Static_assert(offsetof(struct consumer, name) == 0, "name_of reads it");

/* The index of the first thing whose name is >= name. */
static uint32_t lower(void *const *things, uint32_t count, struct slice name)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (slice_cmp(name_of(things[mid]), name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void *find(void *const *things, uint32_t count, struct slice name)
{
    uint32_t i = lower(things, count, name);
    return i < count && slice_eq(name_of(things[i]), name) ? things[i] : NULL;
}

/* Puts thing at its place; *things has room for *cap. */
static void *insert(void *things, uint32_t *count, uint32_t *cap, void *thing)
{
    if (*count == *cap) {
        *cap = *cap == 0 ? 2 : *cap * 2;
        things = mem_realloc(things, *cap * sizeof(void *));
    }
    void **all = things;
    uint32_t i = lower(all, *count, name_of(thing));
    memmove(all + i + 1, all + i, (*count - i) * sizeof(void *));
    all[i] = thing;
    (*count)++;
    return things;
}

static void extract(void *things, uint32_t *count, struct slice name)
{
    void **all = things;
    uint32_t i = lower(all, *count, name);
    (*count)--;
    memmove(all + i, all + i + 1, (*count - i) * sizeof(void *));
}

/* ---- entries ---- */

struct stream *stream_new(void)
{
    struct stream *s = mem_new(struct stream);
    s->head.type = &stream_type;
    streamlog_init(&s->log);
    return s;
}

struct stream *stream_of(struct value *v)
{
    must(v == NULL || v->type == &stream_type);
    return (struct stream *)(void *)v;
}

static const struct stream *stream_of_const(const struct value *v)
{
    must(v->type == &stream_type);
    return (const struct stream *)(const void *)v;
}

static uint32_t limit(int64_t setting)
{
    return setting <= 0 ? 0 : setting > INT32_MAX ? INT32_MAX : (uint32_t)setting;
}

void stream_add(struct stream *s, struct stream_id id, const struct slice *pairs, uint32_t n)
{
    must(stream_id_cmp(id, s->last_id) > 0);
    struct streamlog_limits limits = {limit(value_limits.stream_node_max_entries),
                                      limit(value_limits.stream_node_max_bytes)};
    streamlog_append(&s->log, id, pairs, n, limits);
    s->last_id = id;
    s->entries_added++;
}

bool stream_del(struct stream *s, struct stream_id id)
{
    if (!streamlog_del(&s->log, id)) return false;
    if (stream_id_cmp(id, s->deleted_max) > 0) s->deleted_max = id;
    return true;
}

bool stream_holes_from(const struct stream *s, struct stream_id id)
{
    if (s->log.length == 0 || stream_id_zero(s->deleted_max)) return false;
    return stream_id_cmp(id, s->deleted_max) <= 0;
}

int64_t stream_read_estimate(const struct stream *s, struct stream_id id)
{
    struct stream_id first = STREAM_ID_MIN;
    if (s->entries_added == 0) return 0;
    int to_last = stream_id_cmp(id, s->last_id);
    if (s->log.length == 0 && to_last < 1) return (int64_t)s->entries_added;
    if (to_last == 0) return (int64_t)s->entries_added;
    if (to_last > 0) return STREAM_READ_UNKNOWN;
    (void)streamlog_first(&s->log, &first);
    if (!stream_id_zero(s->deleted_max) && stream_id_cmp(s->deleted_max, first) >= 0)
        return STREAM_READ_UNKNOWN;
    int to_first = stream_id_cmp(id, first);
    if (to_first < 0) return (int64_t)(s->entries_added - s->log.length);
    if (to_first == 0) return (int64_t)(s->entries_added - s->log.length + 1);
    return STREAM_READ_UNKNOWN;
}

uint64_t stream_lag(const struct stream *s, const struct group *g)
{
    return streamlog_count_after(&s->log, g->last_id);
}

/* ---- groups ---- */

struct group *stream_group_find(const struct stream *s, struct slice name)
{
    return find((void *const *)(uintptr_t)s->groups, s->group_count, name);
}

struct group *stream_group_add(struct stream *s, struct slice name, struct stream_id last_id,
                               int64_t entries_read)
{
    if (stream_group_find(s, name) != NULL) return NULL;
    struct group *g = mem_new(struct group);
    g->name = own(name);
    g->last_id = last_id;
    g->entries_read = entries_read;
    idtable_init(&g->pending, sizeof(struct pending));
    s->groups = insert(s->groups, &s->group_count, &s->group_cap, g);
    return g;
}

static void consumer_free(struct consumer *c)
{
    idtable_fini(&c->pending);
    disown(c->name);
    mem_free(c);
}

static void group_free(struct group *g)
{
    for (uint32_t i = 0; i < g->consumer_count; i++)
        consumer_free(g->consumers[i]);
    mem_free(g->consumers);
    idtable_fini(&g->pending);
    disown(g->name);
    mem_free(g);
}

struct value *stream_group_cut(struct stream *s, struct slice name)
{
    struct group *g = stream_group_find(s, name);
    if (g == NULL) return NULL;
    extract(s->groups, &s->group_count, name);
    struct stream *gone = stream_new();
    gone->groups = insert(NULL, &gone->group_count, &gone->group_cap, g);
    return &gone->head;
}

void stream_group_read(const struct stream *s, struct group *g, struct stream_id id)
{
    if (g->entries_read != STREAM_READ_UNKNOWN && !stream_holes_from(s, id)) {
        if (g->entries_read < INT64_MAX) g->entries_read++; /* ENTRIESREAD may say anything */
    } else if (s->entries_added > 0) {
        g->entries_read = stream_read_estimate(s, id);
    }
    g->last_id = id;
}

struct consumer *group_consumer_find(const struct group *g, struct slice name)
{
    return find((void *const *)(uintptr_t)g->consumers, g->consumer_count, name);
}

struct consumer *group_consumer_add(struct group *g, struct slice name, int64_t now_ms)
{
    if (group_consumer_find(g, name) != NULL) return NULL;
    struct consumer *c = mem_new(struct consumer);
    c->name = own(name);
    c->seen_ms = now_ms;
    idtable_init(&c->pending, sizeof(struct stream_id));
    g->consumers = insert(g->consumers, &g->consumer_count, &g->consumer_cap, c);
    return c;
}

static bool is_pending_at(const void *record, void *data)
{
    return ((const struct pending *)record)->consumer == data;
}

/* Forgets in the group what c holds of it: by a pass, or one by one when that is little. */
static void forget(struct group *g, struct consumer *c)
{
    if (c->pending.count >= g->pending.count / PASS_EACH) {
        (void)idtable_sweep(&g->pending, is_pending_at, c);
        return;
    }
    struct idtable_at at = idtable_seek(&c->pending, STREAM_ID_MIN);
    for (const struct stream_id *id; (id = idtable_get(&c->pending, at)) != NULL;
         idtable_step(&c->pending, &at)) {
        bool had = idtable_del(&g->pending, *id);
        must(had);
    }
}

struct value *group_consumer_cut(struct group *g, struct consumer *c)
{
    struct stream *gone = stream_new();
    struct group *h = stream_group_add(gone, (struct slice){0}, STREAM_ID_MIN, 0);
    size_t stay = g->pending.count - c->pending.count;
    if (stay == 0) {
        struct idtable none = h->pending;
        h->pending = g->pending;
        g->pending = none;
    } else {
        forget(g, c);
    }
    must(g->pending.count == stay);
    extract(g->consumers, &g->consumer_count, c->name);
    h->consumers = insert(NULL, &h->consumer_count, &h->consumer_cap, c);
    return &gone->head;
}

struct pending *group_pending_find(const struct group *g, struct stream_id id)
{
    return idtable_find(&g->pending, id);
}

struct pending *group_pending_put(struct group *g, struct stream_id id, struct consumer *c,
                                  int64_t now_ms)
{
    bool fresh = false;
    struct pending *p = idtable_add(&g->pending, id, &fresh);
    if (fresh) {
        p->consumer = c;
        (void)idtable_add(&c->pending, id, NULL);
    } else {
        group_pending_move(p, c);
    }
    p->delivered_ms = now_ms;
    p->deliveries = 1;
    return p;
}

void group_pending_move(struct pending *p, struct consumer *to)
{
    if (p->consumer == to) return;
    bool had = idtable_del(&p->consumer->pending, p->id);
    must(had);
    (void)idtable_add(&to->pending, p->id, NULL);
    p->consumer = to;
}

bool group_ack(struct group *g, struct stream_id id)
{
    struct idtable_at at = idtable_seek(&g->pending, id);
    const struct pending *p = idtable_get(&g->pending, at);
    if (p == NULL || stream_id_cmp(p->id, id) != 0) return false;
    bool had = idtable_del(&p->consumer->pending, id);
    must(had);
    idtable_del_at(&g->pending, &at);
    return true;
}

/* ---- struct value_type ---- */

static void type_free(struct value *v)
{
    struct stream *s = stream_of(v);
    for (uint32_t i = 0; i < s->group_count; i++)
        group_free(s->groups[i]);
    mem_free(s->groups);
    streamlog_fini(&s->log);
    mem_free(s);
}

/* The pending entries of a group and its consumers; false when only the group is left. */
static bool group_drain(struct group *g, uint64_t n)
{
    if (idtable_drain(&g->pending, n)) return true;
    for (; n > 0 && g->consumer_count > 0; n--) {
        struct consumer *c = g->consumers[g->consumer_count - 1];
        if (idtable_drain(&c->pending, n)) return true;
        consumer_free(c);
        g->consumer_count--;
    }
    return g->consumer_count > 0;
}

static bool type_drain(struct value *v, uint64_t n)
{
    struct stream *s = stream_of(v);
    if (streamlog_drain(&s->log, n)) return true;
    if (s->group_count > 0) {
        struct group *g = s->groups[s->group_count - 1];
        if (group_drain(g, n)) return true;
        group_free(g);
        s->group_count--;
        return true;
    }
    type_free(v);
    return false;
}

static size_t type_memory(const struct value *v, uint32_t samples)
{
    (void)samples;
    const struct stream *s = stream_of_const(v);
    size_t bytes = mem_size(s) + mem_size(s->groups) + streamlog_memory(&s->log);
    for (uint32_t i = 0; i < s->group_count; i++) {
        const struct group *g = s->groups[i];
        bytes += mem_size(g) + mem_size(g->name.p) + mem_size(g->consumers) +
                 idtable_memory(&g->pending);
        for (uint32_t k = 0; k < g->consumer_count; k++) {
            const struct consumer *c = g->consumers[k];
            bytes += mem_size(c) + mem_size(c->name.p) + idtable_memory(&c->pending);
        }
    }
    return bytes;
}

static struct value *type_copy(const struct value *v)
{
    const struct stream *from = stream_of_const(v);
    struct stream *to = mem_new(struct stream);
    to->head = from->head;
    to->last_id = from->last_id;
    to->deleted_max = from->deleted_max;
    to->entries_added = from->entries_added;
    streamlog_copy(&from->log, &to->log);
    for (uint32_t i = 0; i < from->group_count; i++) {
        const struct group *g = from->groups[i];
        struct group *h = stream_group_add(to, g->name, g->last_id, g->entries_read);
        for (uint32_t k = 0; k < g->consumer_count; k++)
            (void)group_consumer_add(h, g->consumers[k]->name, g->consumers[k]->seen_ms);
        struct idtable_at at = idtable_seek(&g->pending, STREAM_ID_MIN);
        for (const struct pending *p; (p = idtable_get(&g->pending, at)) != NULL;
             idtable_step(&g->pending, &at)) {
            struct consumer *c = group_consumer_find(h, p->consumer->name);
            struct pending *q = group_pending_put(h, p->id, c, p->delivered_ms);
            q->deliveries = p->deliveries;
        }
    }
    return &to->head;
}

static const char *type_encoding(const struct value *v)
{
    (void)v;
    return "stream";
}

static uint64_t type_length(const struct value *v)
{
    uint64_t n = stream_of_const(v)->log.length;
    return n > 0 ? n : 1; /* an empty stream stays, with its groups and last id */
}

static uint64_t type_effort(const struct value *v)
{
    const struct stream *s = stream_of_const(v);
    uint64_t n = 1 + streamlog_blocks(&s->log);
    for (uint32_t i = 0; i < s->group_count; i++) {
        const struct group *g = s->groups[i];
        n += 1 + g->pending.chunks;
        for (uint32_t k = 0; k < g->consumer_count && n < EFFORT_MAX; k++)
            n += 1 + g->consumers[k]->pending.chunks;
    }
    return n;
}

static void arg_id(struct effects *out, struct stream_id id)
{
    char text[STREAM_ID_TEXT];
    size_t n = stream_id_format(id, text);
    effects_arg(out, slice_make(text, n));
}

static void rewrite_entries(const struct stream *s, struct slice key, struct effects *out)
{
    struct streamlog_iter it;
    struct stream_entry e;
    streamlog_walk(&it, &s->log, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (streamlog_next(&it, &e)) {
        effects_begin(out, 3 + 2 * e.fields);
        effects_arg_cstr(out, "XADD");
        effects_arg(out, key);
        arg_id(out, e.id);
        while (e.fields > 0) {
            struct slice name, value;
            stream_entry_pair(&e, &name, &value);
            effects_arg(out, name);
            effects_arg(out, value);
        }
    }
    if (s->log.length == 0) { /* XSETID and XGROUP want the key to exist */
        effects_begin(out, 7);
        effects_arg_cstr(out, "XADD");
        effects_arg(out, key);
        effects_arg_cstr(out, "MAXLEN");
        effects_arg_cstr(out, "0");
        arg_id(out, stream_id_zero(s->last_id) ? (struct stream_id){0, 1} : s->last_id);
        effects_arg_cstr(out, "x");
        effects_arg_cstr(out, "y");
    }
    effects_begin(out, 7);
    effects_arg_cstr(out, "XSETID");
    effects_arg(out, key);
    arg_id(out, s->last_id);
    effects_arg_cstr(out, "ENTRIESADDED");
    effects_arg_i64(out, (int64_t)s->entries_added);
    effects_arg_cstr(out, "MAXDELETEDID");
    arg_id(out, s->deleted_max);
}

static void rewrite_group(const struct group *g, struct slice key, struct effects *out)
{
    effects_begin(out, 7);
    effects_arg_cstr(out, "XGROUP");
    effects_arg_cstr(out, "CREATE");
    effects_arg(out, key);
    effects_arg(out, g->name);
    arg_id(out, g->last_id);
    effects_arg_cstr(out, "ENTRIESREAD");
    effects_arg_i64(out, g->entries_read);
    for (uint32_t i = 0; i < g->consumer_count; i++) {
        const struct consumer *c = g->consumers[i];
        struct idtable_at at = idtable_seek(&c->pending, STREAM_ID_MIN);
        size_t left = c->pending.count;
        do { /* once with no entries, for the consumer itself */
            size_t n = left < REWRITE_CHUNK ? left : REWRITE_CHUNK;
            effects_begin(out, (uint32_t)(5 + 3 * n));
            effects_arg_cstr(out, "XPENDINGSET");
            effects_arg(out, key);
            effects_arg(out, g->name);
            effects_arg(out, c->name);
            effects_arg_i64(out, c->seen_ms);
            for (size_t k = 0; k < n; k++) {
                const struct stream_id *id = idtable_get(&c->pending, at);
                const struct pending *p = group_pending_find(g, *id);
                arg_id(out, p->id);
                effects_arg_i64(out, p->delivered_ms);
                effects_arg_i64(out, (int64_t)p->deliveries);
                idtable_step(&c->pending, &at);
            }
            left -= n;
        } while (left > 0);
    }
}

static void type_rewrite(const struct value *v, struct slice key, struct effects *out)
{
    const struct stream *s = stream_of_const(v);
    rewrite_entries(s, key, out);
    for (uint32_t i = 0; i < s->group_count; i++)
        rewrite_group(s->groups[i], key, out);
}

static void type_check(const struct value *v)
{
    stream_check((const struct stream *)(const void *)v);
}

const struct value_type stream_type = {
    .kind = VALUE_STREAM,
    .name = "stream",
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

void stream_check(const struct stream *s)
{
    streamlog_check(&s->log);
    for (uint32_t i = 0; i < s->group_count; i++) {
        const struct group *g = s->groups[i];
        size_t held = 0;
        must(i == 0 || slice_cmp(s->groups[i - 1]->name, g->name) < 0);
        idtable_check(&g->pending);
        for (uint32_t k = 0; k < g->consumer_count; k++) {
            const struct consumer *c = g->consumers[k];
            must(k == 0 || slice_cmp(g->consumers[k - 1]->name, c->name) < 0);
            idtable_check(&c->pending);
            held += c->pending.count;
            struct idtable_at at = idtable_seek(&c->pending, STREAM_ID_MIN);
            for (const struct stream_id *id; (id = idtable_get(&c->pending, at)) != NULL;
                 idtable_step(&c->pending, &at)) {
                const struct pending *p = group_pending_find(g, *id);
                must(p != NULL);
                must(p->consumer == c);
            }
        }
        must(held == g->pending.count);
    }
}
