#include "dump_stream.h"

#include "store/ds/rdb.h"

enum { FLAG_DELETED = 1, FLAG_SAME_FIELDS = 2, RAW_ID = 16 };
enum { NODE_ENTRIES = 100, NODE_BYTES = 4096 };

/* --- writing --- */

static void add_id(struct buf *out, struct stream_id id)
{
    rdb_add_length(out, id.ms);
    rdb_add_length(out, id.seq);
}

static void write_raw_id(struct buf *out, struct stream_id id)
{
    rdb_add_big(out, id.ms, 8);
    rdb_add_big(out, id.seq, 8);
}

/* A node while it is filled: the first entry's names are the node's. */
struct node {
    struct stream_id first;
    struct buf names, entries; /* elements of the listpack */
    uint32_t fields, count, elements;
};

static void node_add(struct node *n, struct stream_entry *e)
{
    struct buf names = {0}, values = {0}, pairs = {0};
    uint32_t fields = e->fields;
    while (e->fields > 0) {
        struct slice name, value;
        stream_entry_pair(e, &name, &value);
        rdb_pack_string(&names, name);
        rdb_pack_string(&values, value);
        rdb_pack_string(&pairs, name);
        rdb_pack_string(&pairs, value);
    }
    if (n->count == 0) {
        n->first = e->id;
        n->fields = fields;
        buf_add_slice(&n->names, buf_slice(&names));
    }
    bool same = slice_eq(buf_slice(&names), buf_slice(&n->names));
    uint32_t elements = same ? fields + 3 : 2 * fields + 4;
    rdb_pack_int(&n->entries, same ? FLAG_SAME_FIELDS : 0);
    rdb_pack_int(&n->entries, (int64_t)(e->id.ms - n->first.ms));
    rdb_pack_int(&n->entries, (int64_t)(e->id.seq - n->first.seq));
    if (!same) rdb_pack_int(&n->entries, fields);
    buf_add_slice(&n->entries, buf_slice(same ? &values : &pairs));
    rdb_pack_int(&n->entries, elements);
    n->count++;
    n->elements += elements + 1;
    buf_fini(&names);
    buf_fini(&values);
    buf_fini(&pairs);
}

/* Adds the node to out and begins the next one. */
static void node_end(struct node *n, struct buf *out)
{
    struct buf pack = {0};
    size_t head = rdb_pack_begin(&pack);
    rdb_pack_int(&pack, n->count);
    rdb_pack_int(&pack, 0);
    rdb_pack_int(&pack, n->fields);
    buf_add_slice(&pack, buf_slice(&n->names));
    rdb_pack_int(&pack, 0);
    buf_add_slice(&pack, buf_slice(&n->entries));
    rdb_pack_end(&pack, head, 4 + n->fields + n->elements);
    rdb_add_length(out, RAW_ID);
    write_raw_id(out, n->first);
    rdb_add_length(out, pack.len);
    buf_add_slice(out, buf_slice(&pack));
    buf_fini(&pack);
    buf_clear(&n->names);
    buf_clear(&n->entries);
    n->fields = n->count = n->elements = 0;
}

static void write_entries(const struct stream *s, struct buf *out)
{
    struct node n = {0};
    struct buf nodes = {0};
    uint64_t count = 0;
    struct streamlog_iter it;
    struct stream_entry e;
    streamlog_walk(&it, &s->log, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (streamlog_next(&it, &e)) {
        node_add(&n, &e);
        if (n.count < NODE_ENTRIES && n.entries.len < NODE_BYTES) continue;
        node_end(&n, &nodes);
        count++;
    }
    if (n.count > 0) {
        node_end(&n, &nodes);
        count++;
    }
    rdb_add_length(out, count);
    buf_add_slice(out, buf_slice(&nodes));
    buf_fini(&n.names);
    buf_fini(&n.entries);
    buf_fini(&nodes);
}

static void write_group(const struct group *g, struct buf *out)
{
    rdb_add_string(out, g->name);
    add_id(out, g->last_id);
    rdb_add_length(out, (uint64_t)g->entries_read);
    rdb_add_length(out, g->pending.count);
    struct idtable_at at = idtable_seek(&g->pending, STREAM_ID_MIN);
    for (const struct pending *p; (p = idtable_get(&g->pending, at)) != NULL;
         idtable_step(&g->pending, &at)) {
        write_raw_id(out, p->id);
        rdb_add_little(out, (uint64_t)p->delivered_ms, 8);
        rdb_add_length(out, p->deliveries);
    }
    rdb_add_length(out, g->consumer_count);
    for (uint32_t i = 0; i < g->consumer_count; i++) {
        const struct consumer *c = g->consumers[i];
        rdb_add_string(out, c->name);
        rdb_add_little(out, (uint64_t)c->seen_ms, 8);
        rdb_add_length(out, c->pending.count);
        struct idtable_at own = idtable_seek(&c->pending, STREAM_ID_MIN);
        for (const struct stream_id *id; (id = idtable_get(&c->pending, own)) != NULL;
             idtable_step(&c->pending, &own))
            write_raw_id(out, *id);
    }
}

void dump_stream_write(const struct stream *s, struct buf *out)
{
    struct stream_id first = STREAM_ID_MIN;
    (void)streamlog_first(&s->log, &first);
    buf_add_char(out, RDB_STREAM_2);
    write_entries(s, out);
    rdb_add_length(out, s->log.length);
    add_id(out, s->last_id);
    add_id(out, first);
    add_id(out, s->deleted_max);
    rdb_add_length(out, s->entries_added);
    rdb_add_length(out, s->group_count);
    for (uint32_t i = 0; i < s->group_count; i++)
        write_group(s->groups[i], out);
}

/* --- reading --- */

static bool read_id(struct slice *in, struct stream_id *id)
{
    return rdb_length(in, &id->ms) && rdb_length(in, &id->seq);
}

static bool read_raw_id(struct slice *in, struct stream_id *id)
{
    return rdb_big(in, 8, &id->ms) && rdb_big(in, 8, &id->seq);
}

/* The next element of a listpack; it stays until the arena is reset. */
static bool element(struct rdb_feed *f, struct slice *out)
{
    char text[RDB_TEXT];
    if (rdb_next(f, text, out) != RDB_ITEM) return false;
    if (out->p == text) *out = arena_copy(f->arena, *out);
    return true;
}

static bool number(struct rdb_feed *f, int64_t *out)
{
    char text[RDB_TEXT];
    struct slice s = {0};
    return rdb_next(f, text, &s) == RDB_ITEM && slice_i64(s, out);
}

/* A number of things of which each takes at least `bytes` of the rest. */
static bool counted(struct slice rest, int64_t n, size_t bytes)
{
    return n >= 0 && (uint64_t)n <= rest.len / bytes;
}

/* The names and values of one entry, in pairs; NULL when they are cut off. */
static struct slice *read_pairs(struct rdb_feed *f, const struct slice *names, int64_t n)
{
    struct slice *pairs = arena_array(f->arena, 2 * (size_t)n + 1, struct slice);
    for (int64_t i = 0; i < n; i++) {
        if (names != NULL)
            pairs[2 * i] = names[i];
        else if (!element(f, &pairs[2 * i]))
            return NULL;
        if (!element(f, &pairs[2 * i + 1])) return NULL;
    }
    return pairs;
}

static bool read_entry(struct stream *s, struct rdb_feed *f, struct stream_id first,
                       const struct slice *names, int64_t fields, int64_t flags)
{
    int64_t ms = 0, seq = 0, elements = 0;
    bool same = (flags & FLAG_SAME_FIELDS) != 0;
    if (!number(f, &ms) || !number(f, &seq)) return false;
    if (!same && (!number(f, &fields) || !counted(f->in, fields, 2))) return false;
    struct slice *pairs = read_pairs(f, same ? names : NULL, fields);
    if (pairs == NULL || !number(f, &elements)) return false;
    struct stream_id id = {first.ms + (uint64_t)ms, first.seq + (uint64_t)seq};
    if ((flags & FLAG_DELETED) != 0) return true;
    if (stream_id_cmp(id, s->last_id) <= 0 || fields == 0) return false;
    stream_add(s, id, pairs, (uint32_t)fields);
    return true;
}

static bool read_node(struct stream *s, struct stream_id first, struct rdb_feed *f)
{
    int64_t live = 0, deleted = 0, fields = 0, end = 0, flags = 0;
    uint64_t before = s->log.length;
    if (!number(f, &live) || !number(f, &deleted) || !number(f, &fields)) return false;
    if (!counted(f->in, fields, 2)) return false;
    struct slice *names = arena_array(f->arena, (size_t)fields + 1, struct slice);
    for (int64_t i = 0; i < fields; i++)
        if (!element(f, &names[i])) return false;
    if (!number(f, &end)) return false;
    int64_t count = 0;
    for (; number(f, &flags); count++)
        if (!read_entry(s, f, first, names, fields, flags)) return false;
    return f->in.len == 0 && live >= 0 && s->log.length - before == (uint64_t)live &&
           count - live == deleted;
}

static bool read_nodes(struct stream *s, struct slice *in, struct arena *arena)
{
    uint64_t n = 0;
    if (!rdb_length(in, &n)) return false;
    for (; n > 0; n--) {
        struct slice key = {0}, pack = {0};
        struct stream_id first;
        struct rdb_feed f = {.arena = arena};
        if (!rdb_string(in, arena, &key) || key.len != RAW_ID || !read_raw_id(&key, &first))
            return false;
        if (!rdb_string(in, arena, &pack) || !rdb_feed_listpack(&f, pack)) return false;
        if (!read_node(s, first, &f)) return false;
    }
    return true;
}

/* A pending entry until its consumer is known. */
struct waiting {
    struct stream_id id;
    int64_t delivered_ms;
    uint64_t deliveries;
    bool taken;
};

static struct waiting *find_waiting(struct waiting *all, uint64_t n, struct stream_id id)
{
    uint64_t from = 0;
    while (n > from) {
        uint64_t mid = from + (n - from) / 2;
        int side = stream_id_cmp(all[mid].id, id);
        if (side == 0) return &all[mid];
        if (side < 0)
            from = mid + 1;
        else
            n = mid;
    }
    return NULL;
}

static struct waiting *read_waiting(struct slice *in, struct arena *arena, uint64_t *n)
{
    enum { LEAST = RAW_ID + 8 + 1 };
    if (!rdb_length(in, n) || *n > in->len / LEAST) return NULL;
    struct waiting *all = arena_array(arena, *n + 1, struct waiting);
    for (uint64_t i = 0; i < *n; i++) {
        uint64_t ms = 0;
        if (!read_raw_id(in, &all[i].id) || !rdb_little(in, 8, &ms)) return NULL;
        if (!rdb_length(in, &all[i].deliveries)) return NULL;
        if (i > 0 && stream_id_cmp(all[i - 1].id, all[i].id) >= 0) return NULL;
        all[i].delivered_ms = (int64_t)ms;
        all[i].taken = false;
    }
    return all;
}

static bool read_consumer(struct group *g, struct slice *in, struct arena *arena,
                          struct waiting *all, uint64_t n, uint64_t *taken)
{
    struct slice name = {0};
    uint64_t seen_ms = 0, held = 0;
    if (!rdb_string(in, arena, &name) || !rdb_little(in, 8, &seen_ms)) return false;
    struct consumer *c = group_consumer_add(g, name, (int64_t)seen_ms);
    if (c == NULL || !rdb_length(in, &held)) return false;
    for (; held > 0; held--) {
        struct stream_id id;
        if (!read_raw_id(in, &id)) return false;
        struct waiting *w = find_waiting(all, n, id);
        if (w == NULL || w->taken) return false;
        struct pending *p = group_pending_put(g, id, c, w->delivered_ms);
        p->deliveries = w->deliveries;
        w->taken = true;
        ++*taken;
    }
    return true;
}

static bool read_group(struct stream *s, struct slice *in, struct arena *arena, bool second)
{
    struct slice name = {0};
    struct stream_id last;
    uint64_t read = 0, pending = 0, consumers = 0, taken = 0;
    if (!rdb_string(in, arena, &name) || !read_id(in, &last)) return false;
    if (second && !rdb_length(in, &read)) return false;
    int64_t entries_read = second ? (int64_t)read : stream_read_estimate(s, last);
    if (entries_read < 0) entries_read = STREAM_READ_UNKNOWN;
    struct group *g = stream_group_add(s, name, last, entries_read);
    if (g == NULL) return false;
    struct waiting *all = read_waiting(in, arena, &pending);
    if (all == NULL || !rdb_length(in, &consumers)) return false;
    for (; consumers > 0; consumers--)
        if (!read_consumer(g, in, arena, all, pending, &taken)) return false;
    return taken == pending;
}

static bool read_stream(struct stream *s, struct slice in, struct arena *arena, bool second)
{
    uint64_t length = 0, groups = 0;
    struct stream_id last, first = STREAM_ID_MIN;
    if (!read_nodes(s, &in, arena) || !rdb_length(&in, &length) || length != s->log.length)
        return false;
    if (!read_id(&in, &last) || stream_id_cmp(last, s->last_id) < 0) return false;
    s->last_id = last;
    if (second) {
        if (!read_id(&in, &first) || !read_id(&in, &s->deleted_max)) return false;
        if (!rdb_length(&in, &s->entries_added)) return false;
    } else {
        s->deleted_max = STREAM_ID_MIN;
        s->entries_added = length;
    }
    if (!rdb_length(&in, &groups)) return false;
    for (; groups > 0; groups--)
        if (!read_group(s, &in, arena, second)) return false;
    return true;
}

struct stream *dump_stream_read(struct slice in, struct arena *arena, bool second)
{
    struct stream *s = stream_new();
    if (read_stream(s, in, arena, second)) return s;
    value_free(&s->head);
    return NULL;
}
