#include "hnsw.h"

#include "base/mem.h"
#include "base/must.h"

#include <math.h>

enum { LEVEL_MAX = 15, LIST_MAX = 2 * HNSW_M_MAX + 1 };

/* The edges of one vector on one level. */
struct edges {
    uint32_t *in; /* owned; rows that lead here */
    uint32_t in_count, in_cap;
    uint32_t count;
    uint32_t out[]; /* rows; as many as the level's limit */
};

/* Lies in front of its edges of level 0. */
struct node {
    char *upper; /* owned; the edges of levels 1 to `level` */
    uint32_t level;
};

struct hnsw {
    struct vecs vecs;
    uint32_t m, ef_construction;
    size_t node_size, upper_size; /* of a node with its edges, of the edges of an upper level */
    char **nodes;                 /* owned; chunks of VECS_CHUNK, as the rows of vecs */
    uint32_t chunk_count, chunk_cap;
    uint32_t entry; /* VECS_NONE when empty */
    uint32_t top;
    size_t edge_bytes; /* of all `in` and `upper` */

    /* For a walk. */
    uint8_t *seen; /* owned; by row: the walk that was here last */
    uint8_t walk;
    struct near *todo; /* owned; distances negative, so that the nearest is on top */
    uint32_t todo_count, todo_cap;
    struct near *best; /* owned; ids are rows */
    uint32_t best_cap;
};

/* --- places --- */

static size_t edges_size(uint32_t limit)
{
    size_t size = sizeof(struct edges) + limit * sizeof(uint32_t);
    return (size + 7) / 8 * 8;
}

static uint32_t limit_on(const struct hnsw *h, uint32_t level)
{
    return level == 0 ? 2 * h->m : h->m;
}

static struct node *node_at(const struct hnsw *h, uint32_t row)
{
    return (void *)(h->nodes[row / VECS_CHUNK] + (row % VECS_CHUNK) * h->node_size);
}

static struct edges *edges_at(const struct hnsw *h, uint32_t row, uint32_t level)
{
    struct node *n = node_at(h, row);
    if (level == 0) return (void *)(n + 1);
    must(level <= n->level);
    return (void *)(n->upper + (level - 1) * h->upper_size);
}

struct hnsw *hnsw_new(const struct hnsw_options *o)
{
    must(o->m >= HNSW_M_MIN && o->m <= HNSW_M_MAX);
    must(o->ef_construction >= 1 && o->ef_construction <= HNSW_EF_MAX);
    /* A short vector's codes would save little and tell neighbours apart badly. */
    enum { CODED_FROM = 64 };
    struct hnsw *h = mem_new(struct hnsw);
    vecs_init(&h->vecs, o->dim, o->metric, o->dim >= CODED_FROM);
    h->m = o->m;
    h->ef_construction = o->ef_construction;
    h->node_size = sizeof(struct node) + edges_size(limit_on(h, 0));
    h->upper_size = edges_size(limit_on(h, 1));
    h->entry = VECS_NONE;
    return h;
}

static void free_edges(struct hnsw *h, uint32_t row)
{
    struct node *n = node_at(h, row);
    for (uint32_t level = 0; level <= n->level; level++) {
        struct edges *e = edges_at(h, row, level);
        h->edge_bytes -= mem_size(e->in);
        mem_free(e->in);
    }
    h->edge_bytes -= mem_size(n->upper);
    mem_free(n->upper);
    memset(n, 0, h->node_size);
}

void hnsw_free(struct hnsw *h)
{
    if (h == NULL) return;
    for (uint32_t row = 0; row < h->vecs.rows; row++)
        if (vecs_id(&h->vecs, row) != VECS_NONE) free_edges(h, row);
    for (uint32_t i = 0; i < h->chunk_count; i++)
        mem_free(h->nodes[i]);
    vecs_fini(&h->vecs);
    mem_free(h->nodes);
    mem_free(h->seen);
    mem_free(h->todo);
    mem_free(h->best);
    mem_free(h);
}

/* --- edges --- */

static bool leads_to(const struct edges *e, uint32_t row)
{
    for (uint32_t i = 0; i < e->count; i++)
        if (e->out[i] == row) return true;
    return false;
}

static void add_edge(struct hnsw *h, uint32_t from, uint32_t to, uint32_t level)
{
    struct edges *a = edges_at(h, from, level), *b = edges_at(h, to, level);
    must(from != to && a->count < limit_on(h, level));
    a->out[a->count++] = to;
    if (b->in_count == b->in_cap) {
        h->edge_bytes -= mem_size(b->in);
        b->in_cap += b->in_cap / 2 + 4;
        b->in = mem_realloc(b->in, b->in_cap * sizeof *b->in);
        h->edge_bytes += mem_size(b->in);
    }
    b->in[b->in_count++] = from;
}

static void del_from(uint32_t *list, uint32_t *count, uint32_t row)
{
    uint32_t i = 0;
    while (i < *count && list[i] != row)
        i++;
    must(i < *count);
    list[i] = list[--*count];
}

static void del_edge(struct hnsw *h, uint32_t from, uint32_t to, uint32_t level)
{
    struct edges *a = edges_at(h, from, level), *b = edges_at(h, to, level);
    del_from(a->out, &a->count, to);
    del_from(b->in, &b->in_count, from);
}

static float between(const struct hnsw *h, uint32_t a, uint32_t b)
{
    return vecs_rough(&h->vecs, vecs_at(&h->vecs, a), b);
}

/* --- walks --- */

static void begin_walk(struct hnsw *h)
{
    if (++h->walk == 0) { /* the marks of 255 walks ago would look like this one's */
        memset(h->seen, 0, (size_t)h->chunk_count * VECS_CHUNK);
        h->walk = 1;
    }
    h->todo_count = 0;
}

/* True at the first call for a row in this walk. */
static bool first_seen(struct hnsw *h, uint32_t row)
{
    bool fresh = h->seen[row] != h->walk;
    h->seen[row] = h->walk;
    return fresh;
}

static void push(struct hnsw *h, struct near n)
{
    if (h->todo_count == h->todo_cap) {
        h->todo_cap = h->todo_cap == 0 ? 256 : 2 * h->todo_cap;
        h->todo = mem_realloc(h->todo, h->todo_cap * sizeof *h->todo);
    }
    n.dist = -n.dist;
    h->todo_count = near_keep(h->todo, h->todo_count, UINT32_MAX, n);
}

static struct near pop(struct hnsw *h)
{
    struct near n = h->todo[0];
    n.dist = -n.dist;
    h->todo_count = near_drop(h->todo, h->todo_count);
    return n;
}

/* The rows that an edge leads to and that this walk has not seen, into out; their codes are on
 * their way into the cache. */
static uint32_t unseen(struct hnsw *h, uint32_t row, uint32_t level, uint32_t *out)
{
    const struct edges *e = edges_at(h, row, level);
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->count; i++)
        if (first_seen(h, e->out[i])) out[n++] = e->out[i];
    return n;
}

enum { AHEAD = 3 }; /* vectors that are fetched while one is measured */

static void fetch_first(const struct hnsw *h, const uint32_t *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n && i < AHEAD; i++)
        vecs_fetch(&h->vecs, rows[i]);
}

struct walk_filter {
    vecs_allows *allows; /* NULL: all */
    void *data;
};

static bool lets(const struct hnsw *h, const struct walk_filter *f, uint32_t row)
{
    return f->allows == NULL || f->allows(f->data, vecs_id(&h->vecs, row));
}

/* The ef nearest on this level that the filter lets through, as a heap in h->best. */
static uint32_t walk(struct hnsw *h, struct vecs_point from, struct near start, uint32_t level,
                     uint32_t ef, const struct walk_filter *f)
{
    uint32_t rows[LIST_MAX], found = 0;
    if (h->best_cap < ef) {
        h->best = mem_realloc(h->best, ef * sizeof *h->best);
        h->best_cap = ef;
    }
    begin_walk(h);
    (void)first_seen(h, start.id);
    push(h, start);
    if (lets(h, f, start.id)) found = near_keep(h->best, found, ef, start);
    while (h->todo_count > 0) {
        struct near here = pop(h);
        if (found == ef && here.dist > h->best[0].dist) break;
        uint32_t n = unseen(h, here.id, level, rows);
        fetch_first(h, rows, n);
        for (uint32_t i = 0; i < n; i++) {
            if (i + AHEAD < n) vecs_fetch(&h->vecs, rows[i + AHEAD]);
            struct near next = {vecs_rough(&h->vecs, from, rows[i]), rows[i]};
            if (found == ef && next.dist >= h->best[0].dist) continue;
            push(h, next);
            if (lets(h, f, next.id)) found = near_keep(h->best, found, ef, next);
        }
    }
    return found;
}

/* From `at` to the nearest that edges of this level lead to step by step. */
static struct near descend(struct hnsw *h, struct vecs_point from, struct near at, uint32_t level)
{
    for (bool nearer = true; nearer;) {
        const struct edges *e = edges_at(h, at.id, level);
        nearer = false;
        fetch_first(h, e->out, e->count);
        for (uint32_t i = 0; i < e->count; i++) {
            if (i + AHEAD < e->count) vecs_fetch(&h->vecs, e->out[i + AHEAD]);
            struct near next = {vecs_rough(&h->vecs, from, e->out[i]), e->out[i]};
            if (next.dist >= at.dist) continue;
            at = next;
            nearer = true;
        }
    }
    return at;
}

/* From the entry down to where a walk on this level begins. */
static struct near descend_to(struct hnsw *h, struct vecs_point from, uint32_t level)
{
    struct near at = {vecs_rough(&h->vecs, from, h->entry), h->entry};
    for (uint32_t l = h->top; l > level; l--)
        at = descend(h, from, at, l);
    return at;
}

/* --- the choice of neighbours --- */

/* Whether a vector at distance c.dist is nearer to whom it is chosen for than to all chosen. */
static bool is_apart(const struct hnsw *h, struct near c, const uint32_t *chosen, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (between(h, c.id, chosen[i]) <= c.dist) return false;
    return true;
}

/* At most `limit` of a sorted list: those that lie apart, then the nearest others until half the
 * limit, so that a crowd of equals stays joined. They go into out, nearest first each. */
static uint32_t choose(const struct hnsw *h, const struct near *list, uint32_t n, uint32_t limit,
                       uint32_t *out)
{
    uint32_t chosen = 0, passed = 0, pass[LIST_MAX];
    for (uint32_t i = 0; i < n && chosen < limit; i++) {
        if (is_apart(h, list[i], out, chosen))
            out[chosen++] = list[i].id;
        else if (passed < limit)
            pass[passed++] = list[i].id;
    }
    for (uint32_t i = 0; i < passed && chosen < limit / 2; i++)
        out[chosen++] = pass[i];
    return chosen;
}

/* Gives `to` an edge to `row`, which is at this distance; when it has all it may have, it chooses
 * anew, but keeps those that no one else leads to. */
static void offer(struct hnsw *h, uint32_t to, struct near row, uint32_t level)
{
    struct edges *e = edges_at(h, to, level);
    uint32_t limit = limit_on(h, level), n = 0, chosen[LIST_MAX];
    struct near list[LIST_MAX];
    if (leads_to(e, row.id)) return;
    if (e->count < limit) {
        add_edge(h, to, row.id, level);
        return;
    }
    for (uint32_t i = 0; i < e->count; i++)
        list[n++] = (struct near){between(h, to, e->out[i]), e->out[i]};
    list[n++] = row;
    near_sort(list, n);
    uint32_t kept = choose(h, list, n, limit, chosen);
    bool takes = false;
    for (uint32_t i = 0; i < kept; i++)
        takes |= chosen[i] == row.id;
    for (uint32_t i = n; i-- > 0;) {
        bool keep = list[i].id == row.id || edges_at(h, list[i].id, level)->in_count == 1;
        for (uint32_t j = 0; j < kept && !keep; j++)
            keep = chosen[j] == list[i].id;
        if (!keep) del_edge(h, to, list[i].id, level);
    }
    if (takes && e->count < limit) add_edge(h, to, row.id, level);
}

/* When no one leads to row, the nearest of a sorted list who can spare an edge does. */
static void rescue(struct hnsw *h, uint32_t row, uint32_t level, const struct near *list,
                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct edges *e = edges_at(h, list[i].id, level);
        if (e->count < limit_on(h, level)) {
            add_edge(h, list[i].id, row, level);
            return;
        }
        for (uint32_t j = e->count; j-- > 0;) {
            if (edges_at(h, e->out[j], level)->in_count == 1) continue;
            del_edge(h, list[i].id, e->out[j], level);
            add_edge(h, list[i].id, row, level);
            return;
        }
    }
}

/* Joins row with its neighbours on this level, and returns where the level below may begin. */
static struct near join(struct hnsw *h, uint32_t row, struct near start, uint32_t level)
{
    static const struct walk_filter all = {0};
    uint32_t chosen[LIST_MAX];
    struct edges *e = edges_at(h, row, level);
    uint32_t found = walk(h, vecs_at(&h->vecs, row), start, level, h->ef_construction, &all);
    near_sort(h->best, found);
    for (uint32_t i = 0; i < found; i++) {
        if (h->best[i].id != row) continue;
        memmove(h->best + i, h->best + i + 1, (--found - i) * sizeof *h->best);
        break;
    }
    uint32_t n = choose(h, h->best, found, h->m, chosen);
    for (uint32_t i = 0; i < n; i++)
        if (e->count < limit_on(h, level) && !leads_to(e, chosen[i]))
            add_edge(h, row, chosen[i], level);
    for (uint32_t i = 0; i < n; i++)
        offer(h, chosen[i], (struct near){between(h, chosen[i], row), row}, level);
    if (e->in_count == 0) rescue(h, row, level, h->best, found);
    return found > 0 ? h->best[0] : start;
}

/* --- adding --- */

/* A number's level: l with chance (1 - 1/m) / m^l, from a hash of the number (splitmix64). */
static uint32_t level_of(const struct hnsw *h, uint32_t id)
{
    uint64_t x = ((uint64_t)id + 1) * 0x9E3779B97F4A7C15ULL;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    x ^= x >> 31;
    double unit = ((double)(x >> 11) + 1) * 0x1p-53; /* in (0, 1] */
    double level = -log(unit) / log(h->m);
    return level < LEVEL_MAX ? (uint32_t)level : LEVEL_MAX;
}

static void grow(struct hnsw *h)
{
    if (h->chunk_count == h->chunk_cap) {
        h->chunk_cap = h->chunk_cap == 0 ? 1 : 2 * h->chunk_cap;
        h->nodes = mem_realloc(h->nodes, h->chunk_cap * sizeof *h->nodes);
        h->seen = mem_realloc(h->seen, (size_t)h->chunk_cap * VECS_CHUNK);
    }
    memset(h->seen + (size_t)h->chunk_count * VECS_CHUNK, 0, VECS_CHUNK);
    h->nodes[h->chunk_count++] = mem_calloc(VECS_CHUNK, h->node_size);
}

static void add(struct hnsw *h, uint32_t row)
{
    struct node *n = node_at(h, row);
    n->level = level_of(h, vecs_id(&h->vecs, row));
    if (n->level > 0) n->upper = mem_calloc(n->level, h->upper_size);
    h->edge_bytes += mem_size(n->upper);
    if (h->entry != VECS_NONE) {
        uint32_t level = n->level < h->top ? n->level : h->top;
        struct near at = descend_to(h, vecs_at(&h->vecs, row), level);
        for (uint32_t l = level + 1; l-- > 0;)
            at = join(h, row, at, l);
    }
    if (h->entry == VECS_NONE || n->level > h->top) {
        h->entry = row;
        h->top = n->level;
    }
}

/* --- deleting --- */

/* Joins x, who led to one that goes, with the nearest of its neighbours that lies apart from those
 * x leads to. */
static void mend(struct hnsw *h, uint32_t x, const uint32_t *rows, uint32_t n, uint32_t level)
{
    struct edges *e = edges_at(h, x, level);
    struct near list[LIST_MAX];
    uint32_t count = 0;
    if (e->count == limit_on(h, level)) return; /* others were joined with it meanwhile */
    for (uint32_t i = 0; i < n; i++)
        if (rows[i] != x && !leads_to(e, rows[i]))
            list[count++] = (struct near){between(h, x, rows[i]), rows[i]};
    near_sort(list, count);
    for (uint32_t i = 0; i < count; i++) {
        if (!is_apart(h, list[i], e->out, e->count) && e->count >= limit_on(h, level) / 2) continue;
        add_edge(h, x, list[i].id, level);
        offer(h, list[i].id, (struct near){list[i].dist, x}, level);
        return;
    }
}

/* Takes row out of a level; those that led to it, and those that only it led to, are joined anew. */
static void leave(struct hnsw *h, uint32_t row, uint32_t level)
{
    struct edges *e = edges_at(h, row, level);
    uint32_t in_count = e->in_count, count = e->count, out[LIST_MAX];
    uint32_t *in = mem_dup(e->in, in_count * sizeof *in);
    memcpy(out, e->out, count * sizeof *out);
    for (uint32_t i = 0; i < in_count; i++)
        del_edge(h, in[i], row, level);
    for (uint32_t i = 0; i < count; i++)
        del_edge(h, row, out[i], level);
    for (uint32_t i = 0; i < in_count; i++)
        mend(h, in[i], out, count, level);
    for (uint32_t i = 0; i < count; i++) {
        bool alone = edges_at(h, out[i], level)->in_count == 0;
        if (!alone || out[i] == h->entry || level > h->top) continue;
        (void)join(h, out[i], descend_to(h, vecs_at(&h->vecs, out[i]), level), level);
    }
    mem_free(in);
}

/* One on the highest level there is, other than row. */
static void find_entry(struct hnsw *h, uint32_t row)
{
    for (uint32_t level = h->top + 1; level-- > 0;) {
        const struct edges *e = edges_at(h, row, level);
        if (e->count + e->in_count == 0) continue;
        h->entry = e->count > 0 ? e->out[0] : e->in[0];
        h->top = node_at(h, h->entry)->level;
        return;
    }
    h->entry = VECS_NONE;
    h->top = 0;
    for (uint32_t i = 0; i < h->vecs.rows; i++) {
        if (i == row || vecs_id(&h->vecs, i) == VECS_NONE) continue;
        if (h->entry != VECS_NONE && node_at(h, i)->level <= h->top) continue;
        h->entry = i;
        h->top = node_at(h, i)->level;
    }
}

static void del(struct hnsw *h, uint32_t row)
{
    if (row == h->entry) find_entry(h, row);
    for (uint32_t level = node_at(h, row)->level + 1; level-- > 0;)
        leave(h, row, level);
    free_edges(h, row);
    vecs_del(&h->vecs, row);
}

bool hnsw_put(struct hnsw *h, uint32_t id, const void *floats)
{
    (void)hnsw_del(h, id);
    uint32_t row = vecs_add(&h->vecs, id, floats);
    if (row == VECS_NONE) return false;
    if (row >= h->chunk_count * VECS_CHUNK) grow(h);
    add(h, row);
    return true;
}

bool hnsw_del(struct hnsw *h, uint32_t id)
{
    uint32_t row = vecs_row(&h->vecs, id);
    if (row == VECS_NONE) return false;
    del(h, row);
    return true;
}

/* --- searching --- */

uint32_t hnsw_nearest(struct hnsw *h, const void *floats, uint32_t k, uint32_t ef,
                      vecs_allows *allows, void *data, struct near *out)
{
    must(ef >= 1 && ef <= HNSW_EF_MAX);
    if (k > h->vecs.count) k = h->vecs.count;
    if (k == 0) return 0;
    struct vecs_point from = vecs_ask(&h->vecs, floats);
    struct walk_filter f = {allows, data};
    uint32_t found = walk(h, from, descend_to(h, from, 0), 0, ef > k ? ef : k, &f);
    near_sort(h->best, found);
    uint32_t wide = vecs_wide(&h->vecs, k), count = 0;
    if (wide > found) wide = found;
    for (uint32_t i = 0; i < wide; i++) {
        uint32_t row = h->best[i].id;
        struct near n = {vecs_exact(&h->vecs, from, row), vecs_id(&h->vecs, row)};
        count = near_keep(out, count, k, n);
    }
    near_sort(out, count);
    return count;
}

bool hnsw_should_scan(const struct hnsw *h, uint32_t allowed, uint32_t k, uint32_t ef)
{
    /* The walk must see about count / allowed vectors for each of the ef it looks for, and on its
     * way measures some four for each of those. */
    uint64_t want = ef > k ? ef : k;
    return (uint64_t)allowed * allowed <= 4 * want * h->vecs.count;
}

void hnsw_within(struct hnsw *h, const void *floats, float radius, float epsilon, uint32_t ef,
                 vecs_allows *allows, void *data, bool (*found)(void *to, struct near n), void *to)
{
    static const struct walk_filter all = {0};
    must(ef >= 1 && ef <= HNSW_EF_MAX);
    if (h->vecs.count == 0) return;
    struct vecs_point from = vecs_ask(&h->vecs, floats);
    struct walk_filter f = {allows, data};
    float edge = radius + fabsf(radius) * epsilon;
    uint32_t rows[LIST_MAX], n = walk(h, from, descend_to(h, from, 0), 0, ef, &all);
    begin_walk(h);
    for (uint32_t i = 0; i < n; i++)
        if (h->best[i].dist <= edge && first_seen(h, h->best[i].id)) push(h, h->best[i]);
    while (h->todo_count > 0) {
        struct near here = pop(h);
        if (lets(h, &f, here.id)) {
            struct near hit = {vecs_exact(&h->vecs, from, here.id), vecs_id(&h->vecs, here.id)};
            if (hit.dist <= radius && !found(to, hit)) return;
        }
        n = unseen(h, here.id, 0, rows);
        fetch_first(h, rows, n);
        for (uint32_t i = 0; i < n; i++) {
            if (i + AHEAD < n) vecs_fetch(&h->vecs, rows[i + AHEAD]);
            struct near next = {vecs_rough(&h->vecs, from, rows[i]), rows[i]};
            if (next.dist <= edge) push(h, next);
        }
    }
}

/* --- the whole --- */

struct vecs *hnsw_vecs(struct hnsw *h)
{
    return &h->vecs;
}

uint32_t hnsw_count(const struct hnsw *h)
{
    return h->vecs.count;
}

uint32_t hnsw_top(const struct hnsw *h)
{
    return h->top;
}

size_t hnsw_memory(const struct hnsw *h)
{
    size_t chunks = h->chunk_count * (VECS_CHUNK * h->node_size) + mem_size(h->nodes);
    size_t scratch = mem_size(h->seen) + mem_size(h->todo) + mem_size(h->best);
    return mem_size(h) + vecs_memory(&h->vecs) + chunks + h->edge_bytes + scratch;
}

static void check_edges(const struct hnsw *h, uint32_t row, uint32_t level)
{
    const struct edges *e = edges_at(h, row, level);
    must(e->count <= limit_on(h, level) && e->in_count <= e->in_cap);
    for (uint32_t i = 0; i < e->count; i++) {
        must(e->out[i] != row && vecs_id(&h->vecs, e->out[i]) != VECS_NONE);
        const struct edges *other = edges_at(h, e->out[i], level);
        uint32_t back = 0;
        for (uint32_t j = 0; j < other->in_count; j++)
            back += other->in[j] == row;
        must(back == 1);
    }
    for (uint32_t i = 0; i < e->in_count; i++)
        must(leads_to(edges_at(h, e->in[i], level), row));
}

uint32_t hnsw_check(struct hnsw *h)
{
    static const struct walk_filter all = {0};
    vecs_check(&h->vecs);
    must((h->entry == VECS_NONE) == (h->vecs.count == 0));
    for (uint32_t row = 0; row < h->vecs.rows; row++) {
        if (vecs_id(&h->vecs, row) == VECS_NONE) continue;
        for (uint32_t level = 0; level <= node_at(h, row)->level; level++)
            check_edges(h, row, level);
    }
    if (h->vecs.count == 0) return 0;
    must(node_at(h, h->entry)->level == h->top);
    struct near start = {0, h->entry};
    return h->vecs.count - walk(h, vecs_at(&h->vecs, h->entry), start, 0, h->vecs.count, &all);
}
