/* search_sync: which indexes there are, and how they follow the keyspace. */
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/search_read.h"
#include "store/search/expr.h"

/* Keys read in one slice of background work, and looked at on the way. */
enum { SCAN_READ = 512, SCAN_LOOKED = 8192, SCAN_FIRST = 1024, SCAN_SLOW = 128 };

/* --- following --- */

/* Remembers when a document expires; HOST_NEVER: not at all. */
static void set_due(struct search_entry *e, uint32_t doc, int64_t at_ms)
{
    bool known = doc < e->due_cap && e->due[doc] != NULL;
    if (at_ms == HOST_NEVER) {
        if (!known) return;
        heap_del(&e->dues, &e->due[doc]->node);
        mem_free(e->due[doc]);
        e->due[doc] = NULL;
        return;
    }
    if (doc >= e->due_cap) {
        uint32_t cap = e->index->docs.cap;
        e->due = mem_realloc(e->due, cap * sizeof e->due[0]);
        memset(e->due + e->due_cap, 0, (cap - e->due_cap) * sizeof e->due[0]);
        e->due_cap = cap;
    }
    if (!known) {
        e->due[doc] = mem_new(struct search_due);
        e->due[doc]->doc = doc;
    }
    heap_put(&e->dues, &e->due[doc]->node, at_ms);
}

static void dues_fini(struct search_entry *e)
{
    for (uint32_t i = 0; i < e->due_cap; i++)
        mem_free(e->due[i]);
    mem_free(e->due);
    heap_fini(&e->dues);
    e->due = NULL;
    e->due_cap = 0;
}

static void follow(struct search *s, struct search_entry *e, struct slice key)
{
    struct search_reading r;
    uint32_t was = index_expect(e->index, key), doc = DOC_NONE;
    bool is = search_reading_begin(s, e, key, &r) && search_reading_passes(&r, &s->arena);
    const struct index_reader reader = search_reading_values(&r);
    if (is) doc = index_put(e->index, key, &reader, &s->arena);
    if (doc != DOC_NONE) {
        set_due(e, doc, r.view.expire_ms);
        return;
    }
    if (was != DOC_NONE) set_due(e, was, HOST_NEVER);
    (void)index_del(e->index, key);
}

struct covering {
    struct search *s;
    struct slice key;
    bool any;
};

static bool covers_one(struct slice name, void *value, void *data)
{
    (void)name;
    struct covering *c = data;
    const struct search_entry *e = value;
    c->any = schema_covers(&e->index->schema, c->key);
    return !c->any;
}

static bool follow_one(struct slice name, void *value, void *data)
{
    (void)name;
    struct covering *c = data;
    struct search_entry *e = value;
    if (!schema_covers(&e->index->schema, c->key)) return true;
    follow(c->s, e, c->key);
    arena_reset(&c->s->arena);
    return true;
}

static void on_changed(void *data, struct slice key)
{
    struct search *s = data;
    struct covering c = {s, key, false};
    map_each(&s->indexes, covers_one, &c);
    if (!c.any || key.len > UINT32_MAX) return;
    uint32_t len = (uint32_t)key.len;
    buf_add(&s->changed, &len, sizeof len);
    buf_add_slice(&s->changed, key);
}

/* Looking at a key may find it expired, which is one more change: the list grows meanwhile. */
static void on_settle(void *data)
{
    struct search *s = data;
    if (s->settled == s->changed.len || s->settling) return;
    s->settling = true;
    struct buf key = {0};
    while (s->settled < s->changed.len) {
        uint32_t len = 0;
        memcpy(&len, s->changed.p + s->settled, sizeof len);
        buf_clear(&key);
        buf_add(&key, s->changed.p + s->settled + sizeof len, len);
        s->settled += sizeof len + len;
        struct covering c = {s, buf_slice(&key), false};
        map_each(&s->indexes, follow_one, &c);
    }
    buf_fini(&key);
    s->settled = 0;
    if (s->changed.cap > 65536)
        buf_fini(&s->changed);
    else
        buf_clear(&s->changed);
    s->settling = false;
}

/* Looks at the keys whose time has come: they are found expired, which is a change, even where the
 * host only hides them yet (a replica). */
static bool expire_one(struct slice name, void *value, void *data)
{
    (void)name;
    struct search *s = data;
    struct search_entry *e = value;
    int64_t now_ms = host_now_ms(s->keys);
    struct heap_node *n = NULL;
    while ((n = heap_min(&e->dues)) != NULL && n->key < now_ms) {
        uint32_t doc = heap_entry(n, struct search_due, node)->doc;
        struct slice key = arena_copy(&s->arena, docs_key(&e->index->docs, doc));
        set_due(e, doc, HOST_NEVER);
        (void)host_look(s->keys, key);
        on_changed(s, key);
        arena_reset(&s->arena);
    }
    return true;
}

/* --- reading all keys --- */

struct scan {
    struct search *s;
    struct search_entry *e;
    uint32_t looked, read;
};

static void scan_key(struct slice key, void *data)
{
    struct scan *scan = data;
    scan->looked++;
    if (!schema_covers(&scan->e->index->schema, key)) return;
    scan->read++;
    /* Later, for looking at a key may expire it, and the keyspace must not change here. */
    uint32_t len = (uint32_t)key.len;
    buf_add(&scan->s->changed, &len, sizeof len);
    buf_add_slice(&scan->s->changed, key);
}

/* Whether a document costs about a millisecond: it joins a graph of vectors. */
static bool is_slow(const struct schema *s)
{
    for (uint32_t i = 0; i < s->field_count; i++) {
        const struct search_field *f = &s->fields[i];
        if (f->kind == FIELD_VECTOR && f->vector.algorithm == VECTOR_HNSW) return true;
    }
    return false;
}

/* Goes on reading until so many documents were read, fewer when each takes long. */
static void scan_some(struct search *s, struct search_entry *e, uint32_t most)
{
    if (is_slow(&e->index->schema)) most /= SCAN_SLOW;
    int64_t from_us = host_clock_us(s->keys);
    struct scan scan = {.s = s, .e = e};
    do
        e->cursor = host_scan(s->keys, e->cursor, scan_key, &scan);
    while (e->cursor != 0 && scan.read < most && scan.looked < SCAN_LOOKED);
    e->scanned += scan.looked;
    on_settle(s);
    e->indexing_us += host_clock_us(s->keys) - from_us;
    if (e->cursor != 0) return;
    e->scanning = false;
    s->scans--;
}

static void scan_anew(struct search *s, struct search_entry *e)
{
    if (!e->scanning) s->scans++;
    host_scan_end(s->keys, e->cursor);
    e->scanning = true;
    e->cursor = e->scanned = 0;
}

void search_scan(struct search *s, struct search_entry *e)
{
    scan_anew(s, e);
    scan_some(s, e, SCAN_FIRST);
}

static bool find_scan(struct slice name, void *value, void *data)
{
    (void)name;
    struct search_entry *e = value;
    if (e->scanning) *(struct search_entry **)data = e;
    return !e->scanning;
}

static bool on_work(void *data)
{
    struct search *s = data;
    struct search_entry *e = NULL;
    if (s->scans > 0) map_each(&s->indexes, find_scan, &e);
    if (e != NULL) scan_some(s, e, SCAN_READ);
    return s->scans > 0;
}

static bool load_one(struct slice name, void *value, void *data)
{
    (void)name;
    struct search *s = data;
    struct search_entry *e = value;
    if (e->index->schema.skip_initial_scan) return true;
    search_scan(s, e);
    while (e->scanning)
        scan_some(s, e, SCAN_READ);
    return true;
}

static void on_loaded(void *data)
{
    struct search *s = data;
    map_each(&s->indexes, load_one, s);
}

/* --- which there are --- */

static void entry_free(struct search_entry *e)
{
    for (uint32_t i = 0; i < e->path_count; i++)
        jpath_fini(&e->paths[i]);
    mem_free(e->paths);
    arena_fini(&e->paths_arena);
    for (uint32_t i = 0; i < e->create_argc; i++)
        mem_free((void *)(uintptr_t)e->create[i].p);
    mem_free(e->create);
    dues_fini(e);
    index_free(e->index);
    mem_free(e);
}

static bool collect_alias(struct slice name, void *value, void *data)
{
    struct buf *names = ((void **)data)[1];
    if (((void **)data)[0] != NULL && ((void **)data)[0] != value) return true;
    buf_add(names, &name, sizeof name);
    return true;
}

static void drop_aliases(struct search *s, struct search_entry *e)
{
    struct buf names = {0};
    void *data[] = {e, &names};
    map_each(&s->aliases, collect_alias, data);
    const struct slice *name = (const struct slice *)(const void *)names.p;
    for (size_t i = 0; i < names.len / sizeof *name; i++)
        (void)map_take(&s->aliases, name[i]);
    buf_fini(&names);
}

void search_drop(struct search *s, struct search_entry *e)
{
    if (e->scanning) s->scans--;
    host_scan_end(s->keys, e->cursor);
    drop_aliases(s, e);
    (void)map_take(&s->indexes, e->index->schema.name);
    entry_free(e);
}

static bool first_entry(struct slice name, void *value, void *data)
{
    (void)name;
    *(struct search_entry **)data = value;
    return false;
}

static bool clear_one(struct slice name, void *value, void *data)
{
    (void)name;
    struct search_entry *e = value;
    dues_fini(e);
    index_clear(e->index);
    scan_anew(data, e);
    return true;
}

/* As in RediSearch, a flushed database has no indexes and dictionaries either. */
static void on_flushed(void *data, bool swapped)
{
    struct search *s = data;
    buf_clear(&s->changed);
    s->settled = 0;
    if (swapped) {
        map_each(&s->indexes, clear_one, s);
        return;
    }
    search_drop_dictionaries(s);
    for (struct search_entry *e = NULL; s->indexes.count > 0; search_drop(s, e))
        map_each(&s->indexes, first_entry, &e);
}

static bool rewrite_one(struct slice name, void *value, void *data)
{
    (void)name;
    const struct search_entry *e = value;
    struct effects *out = data;
    effects_begin(out, e->create_argc);
    effects_arg_cstr(out, "FT._CREATEIFNX"); /* harmless where the index is there already */
    for (uint32_t i = 1; i < e->create_argc; i++)
        effects_arg(out, e->create[i]);
    search_rewrite_synonyms(e, out);
    return true;
}

static bool rewrite_alias(struct slice name, void *value, void *data)
{
    const struct search_entry *e = value;
    struct effects *out = data;
    effects_begin(out, 3);
    effects_arg_cstr(out, "FT.ALIASUPDATE");
    effects_arg(out, name);
    effects_arg(out, e->index->schema.name);
    return true;
}

static void on_rewrite(void *data, struct effects *out)
{
    const struct search *s = data;
    effects_select(out, 0);
    map_each(&s->indexes, rewrite_one, out);
    map_each(&s->aliases, rewrite_alias, out);
    search_rewrite_dictionaries(s, out);
}

static void on_free(void *data)
{
    struct search *s = data;
    on_flushed(s, false);
    map_fini(&s->indexes);
    map_fini(&s->aliases);
    buf_fini(&s->changed);
    arena_fini(&s->arena);
    search_cursors_free(s->cursors);
    mem_free(s);
}

static const struct observer follows = {on_changed, on_flushed, on_settle, on_rewrite,
                                        on_loaded,  on_work,    on_free};

struct search *search_find(struct host *h)
{
    struct search *s = host_beside(h);
    if (s == NULL || host_is_loading(h)) return s;
    on_settle(s);
    map_each(&s->indexes, expire_one, s);
    on_settle(s);
    return s;
}

struct search *search_of(struct host *h)
{
    struct search *s = search_find(h);
    if (s != NULL) return s;
    s = mem_new(struct search);
    s->keys = host_keys(h);
    s->settings = (struct search_settings){.dialect = 2,
                                           .timeout_ms = 500,
                                           .min_prefix = 2,
                                           .max_expansions = 200,
                                           .max_search_results = 1000000,
                                           .max_aggregate_mb = 256};
    host_put_beside(h, &follows, s);
    return s;
}

struct search_entry *search_entry(struct search *s, struct slice name)
{
    if (s == NULL) return NULL;
    struct search_entry *e = map_find(&s->indexes, name);
    if (e == NULL) e = map_find(&s->aliases, name);
    if (e != NULL) e->uses++;
    return e;
}

void search_remember(struct search_entry *e, const struct slice *argv, uint32_t argc)
{
    e->create = mem_realloc(e->create, (e->create_argc + argc) * sizeof e->create[0]);
    for (uint32_t i = 0; i < argc; i++)
        e->create[e->create_argc++] =
            (struct slice){mem_dup(argv[i].len == 0 ? "" : argv[i].p, argv[i].len), argv[i].len};
}

void search_compile(struct search_entry *e)
{
    const struct schema *s = &e->index->schema;
    const char *error = NULL;
    if (s->filter.len > 0 && e->filter == NULL) {
        e->filter = expr_parse(s->filter, &e->paths_arena, &error);
        must(e->filter != NULL);
    }
    if (!s->json) return;
    e->paths = mem_realloc(e->paths, (s->field_count + 1) * sizeof e->paths[0]);
    for (; e->path_count < s->field_count; e->path_count++) {
        size_t at = 0;
        must(jpath_compile(s->fields[e->path_count].path, &e->paths_arena, &e->paths[e->path_count],
                           &error, &at));
    }
}

struct search_entry *search_add(struct search *s, struct search_index *x, const struct slice *argv,
                                uint32_t argc, bool loading)
{
    struct search_entry *e = mem_new(struct search_entry);
    e->index = x;
    search_remember(e, argv, argc);
    search_compile(e);
    must(map_put(&s->indexes, x->schema.name, e) == NULL);
    if (!loading && !x->schema.skip_initial_scan) search_scan(s, e);
    return e;
}

bool search_may(struct host *h, const struct schema *s, bool writes)
{
    bool may = s->prefix_count > 0 || host_may_prefix(h, (struct slice){0}, writes);
    for (uint32_t i = 0; i < s->prefix_count; i++)
        may = may && host_may_prefix(h, s->prefixes[i], writes);
    if (!may)
        reply_error(h->reply, writes ? "NOPERM this user may not change all keys of the index"
                                     : "NOPERM this user may not read all keys of the index");
    return may;
}

void search_no_index(struct host *h, struct slice name)
{
    if (name.len > 200) name.len = 200;
    reply_errorf(h->reply, "%.*s: no such index", (int)name.len, name.p);
}
