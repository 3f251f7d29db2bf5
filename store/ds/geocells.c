#include "geocells.h"

#include "base/geohash.h"
#include "base/mem.h"
#include "base/must.h"

#include <stdlib.h>

enum { BITS = 52, STEP = 8, SPLIT = 64, MERGE = 24, SPOT_MAX = 4096 };

/* Whether score lies in the area of the first `bits` bits of first. */
static bool covers(uint64_t first, uint8_t bits, uint64_t score)
{
    return (score ^ first) >> (BITS - bits) == 0;
}

/* Which quarter of the area score lies in. */
static uint32_t quarter(const struct geo_node *node, uint64_t score)
{
    return (uint32_t)(score >> (BITS - 2 - node->bits)) & 3;
}

static uint64_t score_at(const struct geo_cell *c, uint32_t slot)
{
    return geohash_join(c->xy[slot].x, c->xy[slot].y);
}

static size_t cell_size(uint32_t cap)
{
    return sizeof(struct geo_cell) + cap * (sizeof(struct geo_xy) + sizeof(struct member *));
}

/* Enters a cell in the table. */
static uint32_t cell_enter(struct geocells *g, struct geo_cell *c)
{
    uint32_t id = 0;
    if (g->spare_n > 0) {
        id = g->spare[--g->spare_n];
    } else {
        if (g->cells_used == g->cells_cap) {
            g->cells_cap = g->cells_cap == 0 ? 4 : g->cells_cap * 2;
            g->cells = mem_realloc(g->cells, g->cells_cap * sizeof(struct geo_cell *));
            g->spare = mem_realloc(g->spare, g->cells_cap * sizeof(uint32_t));
        }
        id = g->cells_used++;
    }
    g->cells[id] = c;
    return id;
}

static uint32_t cell_new(struct geocells *g, uint64_t first, uint8_t bits, uint32_t parent,
                         uint32_t room)
{
    uint32_t cap = (room + STEP - 1) / STEP * STEP;
    struct geo_cell *c = mem_alloc(cell_size(cap));
    *c = (struct geo_cell){.first = first & ~(GEO_SCORE_MAX >> bits),
                           .parent = parent,
                           .cap = (uint16_t)cap,
                           .bits = bits};
    return cell_enter(g, c);
}

/* Takes a cell out of the table; the caller's now. */
static struct geo_cell *cell_take(struct geocells *g, uint32_t id)
{
    struct geo_cell *c = g->cells[id];
    g->cells[id] = NULL;
    g->spare[g->spare_n++] = id;
    return c;
}

static void cell_free(struct geocells *g, uint32_t id)
{
    mem_free(cell_take(g, id));
}

static struct geo_cell *cell_resize(struct geocells *g, uint32_t id, uint32_t cap)
{
    struct geo_cell *c = g->cells[id];
    must(c->n <= cap);
    struct geo_cell *to = mem_alloc(cell_size(cap));
    *to = *c;
    to->cap = (uint16_t)cap;
    memcpy(to->xy, c->xy, c->n * sizeof(struct geo_xy));
    memcpy(geo_members(to), geo_members(c), c->n * sizeof(struct member *));
    mem_free(c);
    g->cells[id] = to;
    return to;
}

/* Appends; there is room. */
static void cell_add(struct geo_cell *c, uint32_t id, struct member *m, struct geo_xy xy)
{
    must(c->n < c->cap);
    c->xy[c->n] = xy;
    geo_members(c)[c->n] = m;
    m->u.at.cell = id;
    m->u.at.slot = c->n++;
}

static uint32_t node_new(struct geocells *g)
{
    if (g->nodes_free != GEO_NONE) {
        uint32_t id = g->nodes_free;
        g->nodes_free = g->nodes[id].parent;
        return id;
    }
    if (g->nodes_used == g->nodes_cap) {
        g->nodes_cap = g->nodes_cap == 0 ? 4 : g->nodes_cap * 2;
        g->nodes = mem_realloc(g->nodes, g->nodes_cap * sizeof(struct geo_node));
    }
    return g->nodes_used++;
}

static void node_free(struct geocells *g, uint32_t id)
{
    g->nodes[id].parent = g->nodes_free;
    g->nodes[id].bits = 255;
    g->nodes_free = id;
}

/* The reference that leads to the area of `first` below parent. */
static uint32_t *link_to(struct geocells *g, uint32_t parent, uint64_t first)
{
    if (parent == GEO_NONE) return &g->root;
    struct geo_node *up = &g->nodes[parent];
    return &up->child[quarter(up, first)];
}

/* Adds delta to the counts on the way from node up to and with `top` (GEO_NONE: the root's). */
static void count_up(struct geocells *g, uint32_t node, uint32_t top, uint64_t score,
                     uint32_t delta)
{
    while (node != GEO_NONE) {
        struct geo_node *n = &g->nodes[node];
        n->count[quarter(n, score)] += delta;
        if (node == top) return;
        node = n->parent;
    }
}

/* Adds a node without members. */
static uint32_t node_add(struct geocells *g, uint64_t score, uint8_t bits, uint32_t parent)
{
    uint32_t id = node_new(g);
    g->nodes[id] = (struct geo_node){.first = score & ~(GEO_SCORE_MAX >> bits),
                                     .parent = parent,
                                     .bits = bits,
                                     .child = {GEO_NONE, GEO_NONE, GEO_NONE, GEO_NONE}};
    return id;
}

/* The longest prefix of whole levels that the members of a full cell and score share. */
static uint8_t shared_bits(const struct geo_cell *c, uint64_t score)
{
    uint8_t bits = BITS - 2;
    for (uint32_t i = 0; i < c->n; i++)
        while (!covers(score, bits, score_at(c, i)))
            bits = (uint8_t)(bits - 2);
    return bits;
}

/* Puts a node in the place of a full cell and its members into four smaller cells; the node at
 * the root begins where they part, and at score, which is to come. */
static uint32_t split(struct geocells *g, uint32_t cell, uint64_t score)
{
    struct geo_cell *c = g->cells[cell];
    uint8_t bits = c->parent == GEO_NONE ? shared_bits(c, score) : c->bits;
    uint32_t id = node_add(g, score, bits, c->parent);
    struct geo_node *node = &g->nodes[id];
    for (uint32_t i = 0; i < c->n; i++)
        node->count[quarter(node, score_at(c, i))]++;
    uint64_t width = (GEO_SCORE_MAX >> bits) / 4 + 1;
    for (uint32_t q = 0; q < 4; q++) {
        if (node->count[q] == 0) continue;
        uint32_t child =
            cell_new(g, node->first + q * width, (uint8_t)(bits + 2), id, node->count[q]);
        node->child[q] = GEO_CELL | child;
    }
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t to = node->child[quarter(node, score_at(c, i))] & ~GEO_CELL;
        cell_add(g->cells[to], to, geo_members(c)[i], c->xy[i]);
    }
    *link_to(g, c->parent, c->first) = id;
    cell_free(g, cell);
    return id;
}

/* A cell with room for score, somewhere below `top`, the area of which covers it, and counted
 * there already; or GEO_NONE, and nothing counted, when its spot is full. */
static uint32_t make_room(struct geocells *g, uint32_t top, uint64_t score)
{
    uint32_t ref = top;
    uint32_t parent = GEO_NONE;
    uint8_t bits = 0;
    while (true) {
        if (ref == GEO_NONE) {
            uint32_t id = cell_new(g, score, bits, parent, 1);
            *link_to(g, parent, score) = GEO_CELL | id;
            return id;
        }
        if ((ref & GEO_CELL) != 0) {
            uint32_t id = ref & ~GEO_CELL;
            const struct geo_cell *c = g->cells[id];
            if (c->n < c->cap) return id;
            if (c->cap < SPLIT) {
                (void)cell_resize(g, id, c->cap + (uint32_t)STEP);
                return id;
            }
            if (c->bits == BITS) {
                if (c->cap >= SPOT_MAX) {
                    count_up(g, parent, top, score, UINT32_MAX);
                    return GEO_NONE;
                }
                (void)cell_resize(g, id, c->cap * 2U);
                return id;
            }
            ref = split(g, id, score);
        }
        parent = ref;
        struct geo_node *node = &g->nodes[ref];
        uint32_t q = quarter(node, score);
        bits = (uint8_t)(node->bits + 2);
        node->count[q]++;
        ref = node->child[q];
    }
}

static struct geo_xy xy_of(uint64_t score)
{
    struct geo_xy xy = {0};
    geohash_split(score, &xy.x, &xy.y);
    return xy;
}

/* The node at the root, or NULL: none, or a cell is there, which covers everything. */
static struct geo_node *root_node(const struct geocells *g)
{
    return (g->root & GEO_CELL) != 0 ? NULL : &g->nodes[g->root];
}

/* Whether the trie holds score's place: it may begin below the world. */
static bool root_covers(const struct geocells *g, uint64_t score)
{
    const struct geo_node *root = root_node(g);
    return root == NULL || covers(root->first, root->bits, score);
}

/* Puts nodes above the root until its area covers score. */
static void root_raise(struct geocells *g, uint64_t score)
{
    while (!root_covers(g, score)) {
        const struct geo_node *root = &g->nodes[g->root];
        uint64_t first = root->first;
        uint32_t id = node_add(g, first, (uint8_t)(root->bits - 2), GEO_NONE);
        uint32_t q = quarter(&g->nodes[id], first);
        g->nodes[id].child[q] = g->root;
        g->nodes[id].count[q] = g->count;
        g->nodes[g->root].parent = id;
        g->root = id;
    }
}

/* Takes nodes at the root away that only lead to another one. */
static void root_lower(struct geocells *g)
{
    for (const struct geo_node *root; (root = root_node(g)) != NULL;) {
        uint32_t q = 0;
        while (q < 3 && root->count[q] == 0)
            q++;
        if (root->count[q] != g->count || (root->child[q] & GEO_CELL) != 0) return;
        uint32_t gone = g->root;
        g->root = root->child[q];
        g->nodes[g->root].parent = GEO_NONE;
        node_free(g, gone);
    }
}

/* Makes one cell of the four below node if they hold few enough. */
static bool merge_one(struct geocells *g, uint32_t id)
{
    struct geo_node node = g->nodes[id];
    uint32_t sum = node.count[0] + node.count[1] + node.count[2] + node.count[3];
    if (sum > MERGE) return false;

    uint32_t to = GEO_NONE;
    uint8_t bits = node.parent == GEO_NONE ? 0 : node.bits;
    if (sum > 0) to = cell_new(g, node.first, bits, node.parent, sum);
    for (uint32_t q = 0; q < 4; q++) {
        if (node.child[q] == GEO_NONE) continue;
        must((node.child[q] & GEO_CELL) != 0);
        uint32_t from = node.child[q] & ~GEO_CELL;
        const struct geo_cell *c = g->cells[from];
        for (uint32_t i = 0; i < c->n; i++)
            cell_add(g->cells[to], to, geo_members(c)[i], c->xy[i]);
        cell_free(g, from);
    }
    *link_to(g, node.parent, node.first) = to == GEO_NONE ? GEO_NONE : GEO_CELL | to;
    node_free(g, id);
    return true;
}

/* The same, and goes on upwards. */
static void merge(struct geocells *g, uint32_t id)
{
    while (id != GEO_NONE) {
        uint32_t parent = g->nodes[id].parent;
        if (!merge_one(g, id)) return;
        id = parent;
    }
}

/* Takes slot out of a cell; the last one takes its place. */
static void slot_close(struct geo_cell *c, uint32_t slot)
{
    uint32_t last = --c->n;
    if (slot == last) return;
    struct member *moved = geo_members(c)[last];
    c->xy[slot] = c->xy[last];
    geo_members(c)[slot] = moved;
    moved->u.at.slot = (uint16_t)slot;
}

/* Takes slot out of a cell whose counts are already right. */
static void drop(struct geocells *g, uint32_t cell, uint32_t slot)
{
    struct geo_cell *c = g->cells[cell];
    slot_close(c, slot);
    uint32_t parent = c->parent;
    if (c->n == 0) {
        *link_to(g, parent, c->first) = GEO_NONE;
        cell_free(g, cell);
        merge(g, parent);
        root_lower(g); /* only a cell below it that is gone can leave the root one child */
        return;
    }
    if (c->cap > SPLIT ? c->n <= c->cap / 4 : c->n + 2 * STEP <= c->cap) {
        uint32_t cap = c->cap > SPLIT ? c->cap / 2U : c->cap - (uint32_t)STEP;
        (void)cell_resize(g, cell, cap);
    }
    merge(g, parent);
}

void geocells_init(struct geocells *g)
{
    *g = (struct geocells){.root = GEO_NONE, .nodes_free = GEO_NONE};
}

bool geocells_put(struct geocells *g, struct member *m, uint64_t score)
{
    must(score <= GEO_SCORE_MAX);
    must(g->count < GEO_CELL - 1);
    root_raise(g, score);
    uint32_t cell = make_room(g, g->root, score);
    if (cell == GEO_NONE) return false;
    cell_add(g->cells[cell], cell, m, xy_of(score));
    g->count++;
    return true;
}

enum geo_moved geocells_move(struct geocells *g, struct member *m, uint64_t score)
{
    must(score <= GEO_SCORE_MAX);
    uint32_t cell = m->u.at.cell;
    uint32_t slot = m->u.at.slot;
    struct geo_cell *c = g->cells[cell];
    struct geo_xy xy = xy_of(score);
    if (c->xy[slot].x == xy.x && c->xy[slot].y == xy.y) return GEO_SAME;
    uint64_t first = c->first;
    if (covers(first, c->bits, score)) {
        c->xy[slot] = xy;
        return GEO_MOVED;
    }
    /* Only the counts below the lowest node that covers both places change. */
    root_raise(g, score);
    uint32_t parent = c->parent;
    uint32_t top = parent;
    struct geo_node *node = &g->nodes[top];
    for (; !covers(node->first, node->bits, score); node = &g->nodes[top]) {
        node->count[quarter(node, first)]--;
        top = node->parent;
    }
    node->count[quarter(node, first)]--;
    uint32_t to = make_room(g, top, score);
    if (to == GEO_NONE) {
        count_up(g, parent, top, first, 1);
        return GEO_FULL;
    }
    cell_add(g->cells[to], to, m, xy);
    drop(g, cell, slot);
    return GEO_MOVED;
}

void geocells_del(struct geocells *g, struct member *m)
{
    must(g->count > 0);
    const struct geo_cell *c = g->cells[m->u.at.cell];
    must(geo_members(c)[m->u.at.slot] == m);
    count_up(g, c->parent, GEO_NONE, c->first, UINT32_MAX);
    g->count--;
    drop(g, m->u.at.cell, m->u.at.slot);
}

uint64_t geocells_score(const struct geocells *g, const struct member *m)
{
    return score_at(g->cells[m->u.at.cell], m->u.at.slot);
}

uint32_t geocells_rank(const struct geocells *g, const struct member *m)
{
    const struct geo_cell *c = g->cells[m->u.at.cell];
    uint64_t score = score_at(c, m->u.at.slot);
    uint32_t rank = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        uint64_t other = score_at(c, i);
        if (other < score) rank++;
        if (other == score && member_cmp(geo_members(c)[i], m) < 0) rank++;
    }
    for (uint32_t id = c->parent; id != GEO_NONE; id = g->nodes[id].parent) {
        const struct geo_node *node = &g->nodes[id];
        for (uint32_t q = 0; q < quarter(node, score); q++)
            rank += node->count[q];
    }
    return rank;
}

uint32_t geocells_below(const struct geocells *g, uint64_t score, bool or_equal)
{
    if (score > GEO_SCORE_MAX) return g->count;
    if (!root_covers(g, score)) return score < g->nodes[g->root].first ? 0 : g->count;
    uint32_t rank = 0;
    uint32_t ref = g->root;
    while (ref != GEO_NONE && (ref & GEO_CELL) == 0) {
        const struct geo_node *node = &g->nodes[ref];
        for (uint32_t q = 0; q < quarter(node, score); q++)
            rank += node->count[q];
        ref = node->child[quarter(node, score)];
    }
    if (ref == GEO_NONE) return rank;
    const struct geo_cell *c = g->cells[ref & ~GEO_CELL];
    for (uint32_t i = 0; i < c->n; i++) {
        uint64_t other = score_at(c, i);
        if (other < score || (or_equal && other == score)) rank++;
    }
    return rank;
}

struct ordered {
    uint64_t score;
    struct member *m;
};

static int ordered_cmp(const void *a, const void *b)
{
    const struct ordered *l = a;
    const struct ordered *r = b;
    if (l->score != r->score) return l->score < r->score ? -1 : 1;
    return member_cmp(l->m, r->m);
}

/* The members of a cell by rank; all has room for them. */
static void put_in_order(const struct geo_cell *c, struct ordered *all)
{
    for (uint32_t i = 0; i < c->n; i++)
        all[i] = (struct ordered){score_at(c, i), geo_members(c)[i]};
    qsort(all, c->n, sizeof *all, ordered_cmp);
}

static const struct geo_cell *cell_of_rank(const struct geocells *g, uint32_t rank, uint32_t *at)
{
    uint32_t ref = g->root;
    while ((ref & GEO_CELL) == 0) {
        const struct geo_node *node = &g->nodes[ref];
        uint32_t q = 0;
        while (rank >= node->count[q])
            rank -= node->count[q++];
        ref = node->child[q];
    }
    *at = rank;
    return g->cells[ref & ~GEO_CELL];
}

void geocells_each(const struct geocells *g, uint32_t from, uint32_t n, bool reverse, geo_fn fn,
                   void *data)
{
    if (from >= g->count) return;
    uint32_t most = reverse ? from + 1 : g->count - from;
    if (n > most) n = most;
    struct ordered few[SPLIT];
    while (n > 0) {
        uint32_t at = 0;
        const struct geo_cell *c = cell_of_rank(g, from, &at);
        struct ordered *all = c->n <= SPLIT ? few : mem_array(c->n, struct ordered);
        put_in_order(c, all);

        uint32_t run = reverse ? at + 1 : c->n - at;
        if (run > n) run = n;
        bool more = true;
        for (uint32_t i = 0; i < run && more; i++) {
            const struct ordered *o = &all[reverse ? at - i : at + i];
            more = fn(o->m, o->score, data);
        }
        if (all != few) mem_free(all);
        if (!more) return;
        n -= run;
        from = reverse ? from - run : from + run;
    }
}

/* ---- cutting ---- */

/* Moves all cells below ref, which its parent forgets. */
static void cut_whole(struct geocells *g, uint32_t ref, struct geocells *gone)
{
    if (ref == GEO_NONE) return;
    if ((ref & GEO_CELL) != 0) {
        (void)cell_enter(gone, cell_take(g, ref & ~GEO_CELL));
        return;
    }
    for (uint32_t q = 0; q < 4; q++)
        cut_whole(g, g->nodes[ref].child[q], gone);
    node_free(g, ref);
}

/* Moves n of a cell's members, not all, from the one of rank `from` in it on. */
static void cut_cell(struct geocells *g, uint32_t id, uint32_t from, uint32_t n,
                     struct geocells *gone)
{
    struct geo_cell *c = g->cells[id];
    uint32_t to = cell_new(gone, c->first, c->bits, GEO_NONE, n);
    struct ordered *all = mem_array(c->n, struct ordered);
    put_in_order(c, all);
    for (uint32_t i = from; i < from + n; i++) {
        struct member *m = all[i].m;
        uint32_t slot = m->u.at.slot;
        struct geo_xy xy = c->xy[slot];
        slot_close(c, slot);
        cell_add(gone->cells[to], to, m, xy);
    }
    mem_free(all);
    uint32_t cap = c->cap;
    while (cap > SPLIT && c->n <= cap / 4)
        cap /= 2;
    if (cap <= SPLIT) cap = (c->n + STEP - 1U) / STEP * STEP;
    if (cap != c->cap) (void)cell_resize(g, id, cap);
}

/* The same below ref. */
static void cut_below(struct geocells *g, uint32_t ref, uint32_t from, uint32_t n,
                      struct geocells *gone)
{
    if ((ref & GEO_CELL) != 0) {
        cut_cell(g, ref & ~GEO_CELL, from, n, gone);
        return;
    }
    for (uint32_t q = 0; q < 4; q++) {
        uint32_t have = g->nodes[ref].count[q];
        uint32_t skip = from < have ? from : have;
        uint32_t take = n < have - skip ? n : have - skip;
        from -= skip;
        n -= take;
        if (take == 0) continue;
        if (take < have) {
            cut_below(g, g->nodes[ref].child[q], skip, take, gone);
        } else {
            cut_whole(g, g->nodes[ref].child[q], gone);
            g->nodes[ref].child[q] = GEO_NONE;
        }
        g->nodes[ref].count[q] -= take;
    }
    (void)merge_one(g, ref);
}

void geocells_cut(struct geocells *g, uint32_t from, uint32_t n, struct geocells *gone)
{
    must(n > 0);
    must(from <= g->count && n <= g->count - from);
    if (n == g->count) {
        *gone = *g;
        geocells_init(g);
        return;
    }
    geocells_init(gone);
    cut_below(g, g->root, from, n, gone);
    g->count -= n;
    gone->count = n;
    root_lower(g);
}

bool geocells_has(const struct geocells *g, const struct member *m)
{
    if (m->u.at.cell >= g->cells_used) return false;
    const struct geo_cell *c = g->cells[m->u.at.cell];
    return c != NULL && m->u.at.slot < c->n && geo_members(c)[m->u.at.slot] == m;
}

/* The functions below fetch; gcc takes one without other effects for nothing done, and would
 * leave calls to it out. */
#define EFFECT __asm__ volatile("" ::: "memory")

void geocells_ahead_from(const struct geocells *g, const struct member *m)
{
    const struct geo_cell *c = g->cells[m->u.at.cell];
    __builtin_prefetch(c);
    __builtin_prefetch(&c->xy[m->u.at.slot]);
    EFFECT;
}

const struct geo_cell *geocells_ahead_put(const struct geocells *g, uint64_t score)
{
    if (!root_covers(g, score)) return NULL;
    uint32_t ref = g->root;
    while (ref != GEO_NONE && (ref & GEO_CELL) == 0) {
        const struct geo_node *node = &g->nodes[ref];
        ref = node->child[quarter(node, score)];
    }
    if (ref == GEO_NONE) return NULL;
    const struct geo_cell *to = g->cells[ref & ~GEO_CELL];
    __builtin_prefetch(to);
    EFFECT;
    return to;
}

void geocells_ahead_put_end(const struct geo_cell *to)
{
    __builtin_prefetch(to->xy + to->n);
    __builtin_prefetch(geo_members(to) + to->n);
    EFFECT;
}

const struct geo_cell *geocells_ahead_to(const struct geocells *g, const struct member *m,
                                         uint64_t score)
{
    const struct geo_cell *c = g->cells[m->u.at.cell];
    if (covers(c->first, c->bits, score)) return NULL;
    if (!root_covers(g, score)) return NULL;
    __builtin_prefetch(geo_members(c) + c->n - 1);
    __builtin_prefetch(c->xy + c->n - 1);
    return geocells_ahead_put(g, score);
}

void geocells_ahead_end(const struct geocells *g, const struct member *m, const struct geo_cell *to)
{
    const struct geo_cell *c = g->cells[m->u.at.cell];
    __builtin_prefetch(geo_members(c)[c->n - 1]);
    __builtin_prefetch(geo_members(c) + m->u.at.slot);
    geocells_ahead_put_end(to);
}

size_t geocells_memory(const struct geocells *g)
{
    size_t sum = mem_size(g->cells) + mem_size(g->nodes) + mem_size(g->spare);
    for (uint32_t i = 0; i < g->cells_used; i++)
        sum += mem_size(g->cells[i]);
    return sum;
}

void geocells_fini(struct geocells *g)
{
    if (g == NULL) return;
    for (uint32_t i = 0; i < g->cells_used; i++)
        mem_free(g->cells[i]);
    mem_free(g->cells);
    mem_free(g->spare);
    mem_free(g->nodes);
    geocells_init(g);
}

bool geocells_drain(struct geocells *g, uint64_t n)
{
    for (; n > 0 && g->cells_used > 0; n--)
        mem_free(g->cells[--g->cells_used]);
    if (g->cells_used > 0) return true;
    geocells_fini(g);
    return false;
}

bool geocells_unload(struct geocells *g, uint64_t n, void (*fn)(struct member *m, void *data),
                     void *data)
{
    for (; g->cells_used > 0; g->cells_used--) {
        struct geo_cell *c = g->cells[g->cells_used - 1];
        for (; c != NULL && c->n > 0; n--) {
            if (n == 0) return true;
            c->n--;
            fn(geo_members(c)[c->n], data);
        }
        mem_free(c);
    }
    geocells_fini(g);
    return false;
}

static uint32_t check_below(const struct geocells *g, uint32_t ref, uint32_t parent, uint64_t first,
                            uint8_t bits, uint32_t *cells)
{
    if (ref == GEO_NONE) return 0;
    if ((ref & GEO_CELL) != 0) {
        uint32_t id = ref & ~GEO_CELL;
        const struct geo_cell *c = g->cells[id];
        must(c->first == first);
        must(c->bits == bits);
        must(c->parent == parent);
        must(c->n > 0);
        must(c->n <= c->cap);
        must(c->cap <= SPLIT || (bits == BITS && c->cap <= SPOT_MAX));
        for (uint32_t i = 0; i < c->n; i++) {
            must(covers(first, bits, score_at(c, i)));
            must(geo_members(c)[i]->u.at.cell == id);
            must(geo_members(c)[i]->u.at.slot == i);
        }
        ++*cells;
        return c->n;
    }
    const struct geo_node *node = &g->nodes[ref];
    must(node->first == first);
    must(node->bits == bits);
    must(node->parent == parent);
    must(bits < BITS);
    uint64_t width = (GEO_SCORE_MAX >> bits) / 4 + 1;
    uint32_t sum = 0;
    for (uint32_t q = 0; q < 4; q++) {
        uint32_t n =
            check_below(g, node->child[q], ref, first + q * width, (uint8_t)(bits + 2), cells);
        must(n == node->count[q]);
        sum += n;
    }
    must(sum > MERGE);
    return sum;
}

void geocells_check(const struct geocells *g)
{
    uint32_t cells = 0;
    const struct geo_node *root = root_node(g);
    uint64_t first = root == NULL ? 0 : root->first;
    uint8_t bits = root == NULL ? 0 : root->bits;
    must(check_below(g, g->root, GEO_NONE, first, bits, &cells) == g->count);
    for (uint32_t q = 0; root != NULL && q < 4; q++)
        must(root->count[q] < g->count || (root->child[q] & GEO_CELL) != 0);
    must(cells + g->spare_n == g->cells_used);
}
