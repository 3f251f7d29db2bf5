#include "postings.h"

#include "base/mem.h"
#include "base/must.h"

#include <string.h>

enum { BLOCK_MAX = 128, BLOCK_LOW = 16, JOIN_MAX = 80, VARINT_MAX = 5 };

/* --- numbers of 7 bits a byte, the lowest first --- */

static uint32_t varint_put(uint8_t *to, uint32_t v)
{
    uint32_t n = 0;
    for (; v >= 0x80; v >>= 7)
        to[n++] = (uint8_t)(v | 0x80);
    to[n++] = (uint8_t)v;
    return n;
}

static inline const uint8_t *varint_get(const uint8_t *from, uint32_t *v)
{
    uint32_t got = *from++;
    if (got < 0x80) {
        *v = got;
        return from;
    }
    got &= 0x7f;
    for (uint32_t shift = 7;; shift += 7) {
        uint32_t b = *from++;
        got |= (b & 0x7f) << shift;
        if (b < 0x80) break;
    }
    *v = got;
    return from;
}

/* --- one entry --- */

struct entry {
    uint32_t delta, times, positions_len;
    const uint8_t *positions;
    const uint8_t *rest; /* behind the delta */
};

static inline const uint8_t *entry_get(const uint8_t *at, struct entry *e)
{
    e->rest = at = varint_get(at, &e->delta);
    at = varint_get(at, &e->times);
    at = varint_get(at, &e->positions_len);
    e->positions = at;
    return at + e->positions_len;
}

/* --- blocks --- */

/* The first block from `from` on that ends at or behind doc; block_count when there is none. Quick when
 * it is near. */
static uint32_t block_at(const struct postings *p, uint32_t doc, uint32_t from)
{
    uint32_t lo = from, hi = from;
    for (uint32_t step = 1; hi < p->block_count && p->blocks[hi].last < doc; step *= 2) {
        lo = hi + 1;
        hi += step;
    }
    if (hi > p->block_count) hi = p->block_count;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (p->blocks[mid].last < doc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct postings_block *block_add(struct postings *p, uint32_t at)
{
    if (p->block_count == p->block_cap) {
        p->block_cap = p->block_cap == 0 ? 1 : p->block_cap * 2;
        p->blocks = mem_realloc(p->blocks, p->block_cap * sizeof p->blocks[0]);
    }
    memmove(&p->blocks[at + 1], &p->blocks[at], (p->block_count - at) * sizeof p->blocks[0]);
    p->block_count++;
    p->blocks[at] = (struct postings_block){0};
    return &p->blocks[at];
}

static void block_drop(struct postings *p, uint32_t at)
{
    mem_free(p->blocks[at].bytes);
    p->block_count--;
    memmove(&p->blocks[at], &p->blocks[at + 1], (p->block_count - at) * sizeof p->blocks[0]);
}

/* Puts `with` in the place of n bytes at `at`. */
static void splice(struct postings_block *b, uint32_t at, uint32_t n, const uint8_t *with,
                   uint32_t with_len)
{
    uint32_t len = b->len - n + with_len;
    if (len > b->cap) {
        b->cap = b->cap == 0 ? len : len + len / 4;
        b->bytes = mem_realloc(b->bytes, b->cap);
    }
    memmove(b->bytes + at + with_len, b->bytes + at + n, b->len - at - n);
    if (with_len > 0) memcpy(b->bytes + at, with, with_len);
    b->len = len;
}

/* A place in a block: the first entry whose document is >= doc, or the end. */
struct place {
    uint32_t at;     /* bytes in front */
    uint32_t index;  /* entries in front */
    uint32_t before; /* the document in front; b->first when there is none */
    uint32_t doc;    /* of the entry; POSTINGS_NONE at the end */
};

static struct place block_find(const struct postings_block *b, uint32_t doc)
{
    struct place p = {.before = b->first, .doc = POSTINGS_NONE};
    const uint8_t *at = b->bytes;
    for (; p.index < b->n; p.index++) {
        struct entry e;
        const uint8_t *next = entry_get(at, &e);
        uint32_t here = p.before + e.delta;
        if (here >= doc) {
            p.doc = here;
            break;
        }
        p.before = here;
        at = next;
    }
    p.at = (uint32_t)(at - b->bytes);
    return p;
}

/* Gives the entry at `at` another delta. */
static void set_delta(struct postings_block *b, uint32_t at, uint32_t delta)
{
    uint32_t old = 0;
    uint8_t with[VARINT_MAX];
    uint32_t n = (uint32_t)(varint_get(b->bytes + at, &old) - (b->bytes + at));
    splice(b, at, n, with, varint_put(with, delta));
}

static void block_split(struct postings *p, uint32_t at)
{
    struct postings_block *b = &p->blocks[at];
    /* Lists mostly grow at their end: then a full block stays nearly full. */
    uint32_t keep = at + 1 == p->block_count ? BLOCK_MAX - BLOCK_LOW : BLOCK_MAX / 2;
    uint32_t doc = b->first, last = 0;
    const uint8_t *from = b->bytes;
    struct entry e;
    for (uint32_t i = 0; i < keep; i++) {
        from = entry_get(from, &e);
        last = doc += e.delta;
    }
    (void)entry_get(from, &e);
    uint32_t cut = (uint32_t)(from - b->bytes);
    struct postings_block *right = block_add(p, at + 1);
    b = &p->blocks[at];
    *right = (struct postings_block){
        .first = doc + e.delta, .last = b->last, .n = b->n - keep, .cap = b->len - cut};
    right->len = right->cap;
    right->bytes = mem_dup(b->bytes + cut, right->len);
    set_delta(right, 0, 0);
    b->n = keep;
    b->last = last;
    b->len = b->cap = cut;
    b->bytes = mem_realloc(b->bytes, cut);
}

/* A block that has become small joins the one behind it, if that leaves room. */
static void block_join(struct postings *p, uint32_t at)
{
    if (at + 1 >= p->block_count) return;
    struct postings_block *a = &p->blocks[at], *b = &p->blocks[at + 1];
    if (a->n + b->n > JOIN_MAX) return;
    set_delta(b, 0, b->first - a->last);
    splice(a, a->len, 0, b->bytes, b->len);
    a->n += b->n;
    a->last = b->last;
    block_drop(p, at + 1);
}

/* --- changes --- */

static uint32_t encode_positions(uint8_t *to, const uint32_t *positions, uint32_t n)
{
    uint32_t len = 0, last = 0;
    for (uint32_t i = 0; i < n; i++) {
        len += varint_put(to + len, positions[i] - last);
        last = positions[i];
    }
    return len;
}

void postings_put(struct postings *p, uint32_t doc, uint32_t times, const uint32_t *positions)
{
    must(times > 0);
    must(doc != POSTINGS_NONE);
    uint32_t i = block_at(p, doc, 0);
    if (i == p->block_count) { /* behind all others */
        if (i > 0)
            i--;
        else
            block_add(p, 0)->first = doc;
    }
    struct postings_block *b = &p->blocks[i];
    struct place to = {.at = b->len, .index = b->n, .before = b->last, .doc = POSTINGS_NONE};
    if (b->n == 0)
        to.before = doc;
    else if (doc <= b->last)
        to = block_find(b, doc);
    must(to.doc != doc);
    if (to.index == 0) b->first = to.before = doc;

    uint8_t small[256];
    uint32_t most = (positions == NULL ? 3 : 3 + times) * VARINT_MAX;
    uint8_t *bytes = most <= sizeof small ? small : mem_alloc(2 * (size_t)most);
    uint8_t *encoded = most <= sizeof small ? NULL : bytes + most;
    uint8_t room[256];
    if (encoded == NULL) encoded = room;
    uint32_t encoded_len = positions == NULL ? 0 : encode_positions(encoded, positions, times);
    uint32_t n = varint_put(bytes, doc - to.before);
    n += varint_put(bytes + n, times);
    n += varint_put(bytes + n, encoded_len);
    if (encoded_len > 0) memcpy(bytes + n, encoded, encoded_len);
    n += encoded_len;
    if (to.doc != POSTINGS_NONE) set_delta(b, to.at, to.doc - doc);
    splice(b, to.at, 0, bytes, n);
    if (bytes != small) mem_free(bytes);

    if (to.doc == POSTINGS_NONE) b->last = doc;
    b->n++;
    p->docs++;
    if (b->n > BLOCK_MAX) block_split(p, i);
}

void postings_del(struct postings *p, uint32_t doc)
{
    uint32_t i = block_at(p, doc, 0);
    must(i < p->block_count);
    struct postings_block *b = &p->blocks[i];
    struct place from = block_find(b, doc);
    must(from.doc == doc);
    p->docs--;
    if (b->n == 1) {
        block_drop(p, i);
        return;
    }
    struct entry e;
    uint32_t size = (uint32_t)(entry_get(b->bytes + from.at, &e) - (b->bytes + from.at));
    splice(b, from.at, size, NULL, 0);
    b->n--;
    if (from.at == b->len) {
        b->last = from.before;
    } else {
        (void)entry_get(b->bytes + from.at, &e);
        uint32_t next = doc + e.delta;
        if (from.index == 0) b->first = from.before = next;
        set_delta(b, from.at, next - from.before);
    }
    if (b->n < BLOCK_LOW) block_join(p, i);
}

void postings_fini(struct postings *p)
{
    for (uint32_t i = 0; i < p->block_count; i++)
        mem_free(p->blocks[i].bytes);
    mem_free(p->blocks);
    *p = (struct postings){0};
}

/* --- reading --- */

struct postings_iter postings_begin(const struct postings *p)
{
    return (struct postings_iter){.of = p, .doc = POSTINGS_NONE};
}

static void enter(struct postings_iter *it, uint32_t block)
{
    it->block = block;
    if (block == it->of->block_count) {
        it->doc = POSTINGS_NONE;
        it->left = 0;
        return;
    }
    const struct postings_block *b = &it->of->blocks[block];
    it->left = b->n;
    it->at = b->bytes;
    it->doc = b->first;
}

/* Steps within the block, which has a document that is not before `from`, to the first such. */
static void scan(struct postings_iter *it, uint32_t from)
{
    struct entry e;
    do {
        must(it->left > 0);
        it->at = entry_get(it->at, &e);
        it->left--;
        it->doc += e.delta;
    } while (it->doc < from);
    it->times = e.times;
    it->positions = e.positions;
    it->positions_len = e.positions_len;
}

uint32_t postings_skip(struct postings_iter *it, uint32_t from)
{
    const struct postings *p = it->of;
    if (it->doc == POSTINGS_NONE || from < it->doc)
        enter(it, block_at(p, from, 0));
    else if (it->doc == from)
        return it->doc;
    else if (p->blocks[it->block].last < from)
        enter(it, block_at(p, from, it->block + 1));
    if (it->block == p->block_count) return POSTINGS_NONE;
    scan(it, from);
    return it->doc;
}

uint32_t postings_copy(const struct postings *p, uint32_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->block_count; i++) {
        const struct postings_block *b = &p->blocks[i];
        const uint8_t *at = b->bytes;
        uint32_t doc = b->first;
        if (i + 1 < p->block_count) __builtin_prefetch(b[1].bytes);
        for (uint32_t k = 0; k < b->n; k++) {
            struct entry e;
            at = entry_get(at, &e);
            out[n++] = doc += e.delta;
        }
    }
    return n;
}

uint32_t postings_keep(const struct postings *p, uint32_t *ids, uint32_t n)
{
    enum { AHEAD = 16 };
    uint32_t block_of[AHEAD], seen = 0, block = 0, left = 0;
    struct postings_iter it = postings_begin(p);
    for (uint32_t i = 0; i < n; i++) {
        for (; seen < n && seen < i + AHEAD; seen++) {
            block = block_at(p, ids[seen], block);
            block_of[seen % AHEAD] = block;
            if (block < p->block_count) __builtin_prefetch(p->blocks[block].bytes);
        }
        uint32_t id = ids[i], its = block_of[i % AHEAD];
        if (its == p->block_count) break;
        bool enters = it.doc == POSTINGS_NONE || it.block != its;
        if (enters) enter(&it, its);
        if (enters || it.doc < id) scan(&it, id);
        ids[left] = id;
        left += it.doc == id;
    }
    return left;
}

uint32_t postings_times(struct postings_iter *it, uint32_t from, uint32_t to, uint8_t *times)
{
    must(from < to);
    uint32_t count = 0;
    if (it->doc == POSTINGS_NONE || it->doc < from) (void)postings_skip(it, from);
    if (it->doc >= to) return 0;
    struct entry e = {.times = it->times};
    /* Bytes that are written might be anybody's: what the loop needs is its own. */
    const uint8_t *at = it->at;
    uint32_t doc = it->doc, left = it->left;
    for (; doc < to; count++) {
        times[doc - from] = (uint8_t)(e.times > UINT8_MAX ? UINT8_MAX : e.times);
        if (left == 0) {
            enter(it, it->block + 1);
            if (it->doc == POSTINGS_NONE) return count + 1;
            at = it->at;
            left = it->left;
            doc = it->doc;
            if (it->block + 1 < it->of->block_count)
                __builtin_prefetch(it->of->blocks[it->block + 1].bytes);
        }
        at = entry_get(at, &e);
        left--;
        doc += e.delta;
    }
    it->at = at;
    it->left = left;
    it->doc = doc;
    it->times = e.times;
    it->positions = e.positions;
    it->positions_len = e.positions_len;
    return count;
}

uint32_t postings_positions(const struct postings_iter *it, uint32_t *out, uint32_t n)
{
    const uint8_t *at = it->positions, *end = at + it->positions_len;
    uint32_t position = 0, count = 0;
    for (uint32_t delta = 0; at < end && count < n; count++) {
        at = varint_get(at, &delta);
        out[count] = position += delta;
    }
    return count;
}

size_t postings_memory(const struct postings *p)
{
    size_t bytes = mem_size(p->blocks);
    for (uint32_t i = 0; i < p->block_count; i++)
        bytes += mem_size(p->blocks[i].bytes);
    return bytes;
}

void postings_check(const struct postings *p)
{
    uint32_t docs = 0;
    for (uint32_t i = 0; i < p->block_count; i++) {
        const struct postings_block *b = &p->blocks[i];
        must(b->n > 0 && b->n <= BLOCK_MAX);
        must(b->len <= b->cap);
        must(i == 0 || p->blocks[i - 1].last < b->first);
        const uint8_t *at = b->bytes;
        uint32_t doc = b->first;
        for (uint32_t k = 0; k < b->n; k++) {
            struct entry e;
            at = entry_get(at, &e);
            must(k == 0 ? e.delta == 0 : e.delta > 0);
            must(e.times > 0);
            doc += e.delta;
        }
        must(at == b->bytes + b->len);
        must(doc == b->last);
        docs += b->n;
    }
    must(docs == p->docs);
}
