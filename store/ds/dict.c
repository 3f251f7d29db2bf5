#include "dict.h"

#include "base/mem.h"
#include "base/must.h"

#define ALL 0x7fU
enum { SLOTS = 7, LAST = SLOTS - 1 };
enum { MOVES_A_CHANGE = 2, BITS_MAX = 48, AHEAD = 4 };

struct dict_bucket {
    uint8_t used : 7; /* one bit a slot that holds an item */
    uint8_t chained : 1;
    uint8_t tag[SLOTS];
    void *item[SLOTS];
};
_Static_assert(sizeof(struct dict_bucket) == 64, "a bucket is one cache line");

typedef struct dict_bucket bucket;

static inline uint8_t tag_of(uint64_t hash)
{
    return (uint8_t)(hash >> 56);
}

static inline uint64_t mask_of(const struct dict *d, int table)
{
    return ((uint64_t)1 << d->bits[table]) - 1;
}

/* Slots of b whose tag is `tag`, as bits: all seven are compared in one word. */
static inline uint32_t tag_matches(const bucket *b, uint8_t tag)
{
    const uint64_t ones = 0x0101010101010101U, low = 0x7f7f7f7f7f7f7f7fU;
    uint64_t head = 0;
    memcpy(&head, b, sizeof head);
    head ^= tag * ones;
    uint64_t same = ~(((head & low) + low) | head | low); /* the top bit of each byte that is 0 */
    /* The top bits side by side, in the order of the bytes; the first byte is no tag. */
    return (uint32_t)(same * 0x0002040810204081U >> 57) & b->used;
}

static inline bucket *child_of(const bucket *b)
{
    return b->chained ? b->item[LAST] : NULL;
}

static bucket *table_new(uint8_t bits, uint8_t *skew)
{
    must(bits <= BITS_MAX);
    /* calloc of a large table is a fresh mapping: its pages are zeroed when first touched. */
    char *p = mem_calloc(((size_t)1 << bits) * sizeof(bucket) + sizeof(bucket) - 16, 1);
    size_t by = (sizeof(bucket) - ((uintptr_t)p & (sizeof(bucket) - 1))) & (sizeof(bucket) - 1);
    *skew = (uint8_t)by;
    return (bucket *)(void *)(p + by);
}

static void table_free(bucket *t, uint8_t skew)
{
    if (t != NULL) mem_free((char *)t - skew);
}

void dict_init(struct dict *d, const struct dict_kind *kind)
{
    *d = (struct dict){.kind = kind};
}

static void chain_free(bucket *b)
{
    bucket *at = child_of(b);
    while (at != NULL) {
        bucket *next = child_of(at);
        mem_free(at);
        at = next;
    }
}

static void bucket_free_items(const struct dict *d, const bucket *head)
{
    for (const bucket *b = head; b != NULL; b = child_of(b))
        for (uint32_t left = b->used; left != 0; left &= left - 1)
            d->kind->free(b->item[__builtin_ctz(left)]);
}

void dict_fini(struct dict *d)
{
    if (d == NULL) return;
    for (int t = 0; t < 2; t++) {
        if (d->table[t] == NULL) continue;
        for (uint64_t i = 0; i <= mask_of(d, t); i++) {
            bucket *b = &d->table[t][i];
            if (b->used == 0 && !b->chained) continue;
            if (d->kind->free != NULL) bucket_free_items(d, b);
            chain_free(b);
        }
        table_free(d->table[t], d->skew[t]);
    }
    *d = (struct dict){.kind = d->kind};
}

/* The head of the one chain that may hold this hash. */
static inline bucket *home(const struct dict *d, uint64_t hash)
{
    uint64_t i = hash & mask_of(d, 0);
    if (d->table[1] != NULL && i < d->moved) return &d->table[1][hash & mask_of(d, 1)];
    return &d->table[0][i];
}

/* The bucket and slot of a key; the bucket is NULL if there is none. */
static inline bucket *locate(const struct dict *d, struct slice key, uint64_t hash, uint32_t *slot)
{
    if (d->count == 0) return NULL;
    uint8_t tag = tag_of(hash);
    for (bucket *b = home(d, hash); b != NULL; b = child_of(b)) {
        for (uint32_t m = tag_matches(b, tag); m != 0; m &= m - 1) {
            uint32_t i = (uint32_t)__builtin_ctz(m);
            if (!slice_eq(d->kind->key(b->item[i]), key)) continue;
            *slot = i;
            return b;
        }
    }
    return NULL;
}

void **dict_place(const struct dict *d, struct slice key, uint64_t hash)
{
    uint32_t slot = 0;
    bucket *b = locate(d, key, hash, &slot);
    return b == NULL ? NULL : &b->item[slot];
}

void *dict_find_hash(const struct dict *d, struct slice key, uint64_t hash)
{
    uint32_t slot = 0;
    bucket *b = locate(d, key, hash, &slot);
    return b == NULL ? NULL : b->item[slot];
}

void *dict_find(const struct dict *d, struct slice key)
{
    return d->count == 0 ? NULL : dict_find_hash(d, key, hash_slice(key));
}

void dict_prefetch(const struct dict *d, uint64_t hash)
{
    if (d->count > 0) __builtin_prefetch(home(d, hash));
}

const void *dict_guess(const struct dict *d, uint64_t hash)
{
    if (d->count == 0) return NULL;
    const bucket *b = home(d, hash);
    uint32_t m = tag_matches(b, tag_of(hash));
    return m == 0 ? NULL : b->item[__builtin_ctz(m)];
}

static void chain_add(bucket *b, void *item, uint8_t tag)
{
    while (b->chained)
        b = b->item[LAST];
    if (b->used == ALL) {
        bucket *more = mem_calloc(1, sizeof *more);
        more->item[0] = b->item[LAST];
        more->tag[0] = b->tag[LAST];
        more->used = 1;
        b->item[LAST] = more;
        b->used = ALL & ~(1U << LAST);
        b->chained = 1;
        b = more;
    }
    uint32_t i = (uint32_t)__builtin_ctz(~(uint32_t)b->used);
    b->item[i] = item;
    b->tag[i] = tag;
    b->used = (b->used | 1U << i) & ALL;
}

/* --- resizing --- */

static void resize_end(struct dict *d)
{
    table_free(d->table[0], d->skew[0]);
    d->table[0] = d->table[1];
    d->bits[0] = d->bits[1];
    d->skew[0] = d->skew[1];
    d->table[1] = NULL;
    d->moved = 0;
}

/* Going through all items, waiting for each of them to come is most of the cost: those of a later
 * bucket of the old table are fetched meanwhile. (Inline: gcc takes the fetching for nothing done,
 * and leaves a call of it out.) */
static inline __attribute__((always_inline)) void fetch_ahead(const struct dict *d,
                                                              const bucket *head)
{
    const bucket *later = head + AHEAD;
    if (d->moved + AHEAD > mask_of(d, 0)) return;
    __builtin_prefetch(later + AHEAD);
    for (uint32_t left = later->used; left != 0; left &= left - 1)
        __builtin_prefetch(later->item[__builtin_ctz(left)]);
}

static void move_bucket(struct dict *d)
{
    bucket *head = &d->table[0][d->moved];
    uint64_t mask = mask_of(d, 1);
    fetch_ahead(d, head); /* their keys must be hashed again */
    for (bucket *b = head; b != NULL; b = child_of(b)) {
        for (uint32_t left = b->used; left != 0; left &= left - 1) {
            uint32_t i = (uint32_t)__builtin_ctz(left);
            uint64_t hash = hash_slice(d->kind->key(b->item[i]));
            chain_add(&d->table[1][hash & mask], b->item[i], b->tag[i]);
        }
    }
    chain_free(head);
    head->used = 0;
    head->chained = 0;
    d->moved++;
    if (d->moved > mask_of(d, 0)) resize_end(d);
}

static void shrink_begin(struct dict *d);

bool dict_step(struct dict *d, uint32_t n)
{
    if (d->paused > 0) return false;
    if (d->table[1] == NULL) shrink_begin(d);
    for (uint32_t i = 0; i < n && d->table[1] != NULL; i++)
        move_bucket(d);
    return d->table[1] != NULL;
}

/* The number of table bits for n items, so that chains are rare. */
static uint8_t bits_for(uint64_t n)
{
    uint8_t bits = 0;
    while (((uint64_t)SLOTS << bits) < n + n / 8)
        bits++;
    return bits;
}

static void resize_begin(struct dict *d, uint8_t bits)
{
    if (d->table[0] == NULL) {
        d->bits[0] = bits;
        d->table[0] = table_new(bits, &d->skew[0]);
        return;
    }
    if (d->table[1] != NULL || bits == d->bits[0]) return;
    must(d->paused == 0);
    d->bits[1] = bits;
    d->table[1] = table_new(bits, &d->skew[1]);
    d->moved = 0;
    for (uint64_t left = d->bits[0] < 4 ? mask_of(d, 0) + 1 : 0; left > 0; left--)
        move_bucket(d);
}

/* Fewer than one item a bucket: half the table or less will do. */
static void shrink_begin(struct dict *d)
{
    if (d->bits[0] > 0 && d->count < (uint64_t)1 << d->bits[0])
        resize_begin(d, bits_for(d->count * 2));
}

static void before_add(struct dict *d)
{
    if (d->table[0] == NULL) resize_begin(d, 0);
    if (d->table[1] != NULL) {
        (void)dict_step(d, MOVES_A_CHANGE);
    } else if (d->paused == 0) {
        uint64_t room = (uint64_t)SLOTS << d->bits[0];
        if (d->count + 1 > room - room / 8) resize_begin(d, (uint8_t)(d->bits[0] + 1));
    }
}

static void after_take(struct dict *d)
{
    if (d->table[1] != NULL) {
        (void)dict_step(d, MOVES_A_CHANGE);
    } else if (d->paused == 0) {
        shrink_begin(d);
    }
}

void dict_reserve(struct dict *d, uint64_t n)
{
    if (n <= d->count || d->table[1] != NULL || d->paused > 0) return;
    uint8_t bits = bits_for(n);
    if (d->table[0] != NULL && bits <= d->bits[0]) return;
    resize_begin(d, bits);
    while (d->table[1] != NULL)
        move_bucket(d);
}

/* --- changes --- */

void dict_add_hash(struct dict *d, void *item, uint64_t hash)
{
    before_add(d);
    chain_add(home(d, hash), item, tag_of(hash));
    d->count++;
}

void *dict_put(struct dict *d, void *item)
{
    struct slice key = d->kind->key(item);
    uint64_t hash = hash_slice(key);
    uint32_t slot = 0;
    bucket *b = locate(d, key, hash, &slot);
    if (b == NULL) {
        dict_add_hash(d, item, hash);
        return NULL;
    }
    void *old = b->item[slot];
    b->item[slot] = item;
    return old;
}

/* Empties a slot of the chain at head. The hole is filled from the chain's end, so that only
 * the last bucket has free places; a last bucket left with one item goes back into its
 * parent. */
static void chain_remove(bucket *head, bucket *b, uint32_t slot)
{
    bucket *parent = NULL;
    bucket *end = head;
    while (end->chained) {
        parent = end;
        end = end->item[LAST];
    }
    if (b != end) {
        uint32_t i = (uint32_t)__builtin_ctz(end->used);
        b->item[slot] = end->item[i];
        b->tag[slot] = end->tag[i];
        b = end;
        slot = i;
    }
    b->used = (b->used & ~(1U << slot)) & ALL;
    if (parent == NULL || (end->used & (end->used - 1)) != 0) return;

    must(end->used != 0);
    uint32_t i = (uint32_t)__builtin_ctz(end->used);
    parent->item[LAST] = end->item[i];
    parent->tag[LAST] = end->tag[i];
    parent->used = ALL;
    parent->chained = 0;
    mem_free(end);
}

void *dict_take_hash(struct dict *d, struct slice key, uint64_t hash)
{
    uint32_t slot = 0;
    bucket *b = locate(d, key, hash, &slot);
    if (b == NULL) return NULL;
    void *item = b->item[slot];
    chain_remove(home(d, hash), b, slot);
    d->count--;
    after_take(d);
    return item;
}

void *dict_take(struct dict *d, struct slice key)
{
    return d->count == 0 ? NULL : dict_take_hash(d, key, hash_slice(key));
}

bool dict_del(struct dict *d, struct slice key)
{
    void *item = dict_take(d, key);
    if (item == NULL) return false;
    if (d->kind->free != NULL) d->kind->free(item);
    return true;
}

/* Puts what stays of a chain together anew. */
static uint64_t chain_sweep(bucket *head, bool (*fn)(void *item, void *data), void *data)
{
    uint64_t gone = 0;
    bucket was = *head;
    head->used = 0;
    head->chained = 0;
    for (const bucket *b = &was; b != NULL; b = child_of(b)) {
        for (uint32_t left = b->used; left != 0; left &= left - 1) {
            uint32_t i = (uint32_t)__builtin_ctz(left);
            if (fn(b->item[i], data))
                gone++;
            else
                chain_add(head, b->item[i], b->tag[i]);
        }
    }
    chain_free(&was);
    return gone;
}

uint64_t dict_sweep(struct dict *d, bool (*fn)(void *item, void *data), void *data)
{
    uint64_t gone = 0;
    for (int t = 0; t < 2; t++) {
        if (d->table[t] == NULL) continue;
        for (uint64_t i = 0; i <= mask_of(d, t); i++)
            gone += chain_sweep(&d->table[t][i], fn, data);
    }
    d->count -= gone;
    if (gone == 0) return 0;
    after_take(d);
    /* Later changes may be few; and to move next to nothing takes less than the pass did. */
    if (d->table[1] != NULL && d->count < mask_of(d, 0) / SLOTS)
        while (dict_step(d, UINT32_MAX))
            continue;
    return gone;
}

/* --- going through it --- */

static void emit(const bucket *head, void (*fn)(void *item, void *data), void *data)
{
    for (const bucket *b = head; b != NULL; b = child_of(b))
        for (uint32_t left = b->used; left != 0; left &= left - 1)
            fn(b->item[__builtin_ctz(left)], data);
}

static uint64_t reverse(uint64_t v)
{
    v = __builtin_bswap64(v);
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0fU) | (v & 0x0f0f0f0f0f0f0f0fU) << 4;
    v = (v >> 2 & 0x3333333333333333U) | (v & 0x3333333333333333U) << 2;
    v = (v >> 1 & 0x5555555555555555U) | (v & 0x5555555555555555U) << 1;
    return v;
}

/* Adds one to the cursor's bits under mask, counting from the highest of them: buckets of a
 * table half or twice as large then follow each other in the same order. */
static uint64_t next_cursor(uint64_t v, uint64_t mask)
{
    v |= ~mask;
    v = reverse(v);
    v++;
    return reverse(v);
}

uint64_t dict_scan(const struct dict *d, uint64_t cursor, void (*fn)(void *item, void *data),
                   void *data)
{
    if (d->count == 0) return 0;
    if (d->table[1] == NULL) {
        uint64_t mask = mask_of(d, 0);
        emit(&d->table[0][cursor & mask], fn, data);
        return next_cursor(cursor, mask);
    }
    int small = d->bits[0] <= d->bits[1] ? 0 : 1;
    int large = 1 - small;
    uint64_t small_mask = mask_of(d, small);
    uint64_t large_mask = mask_of(d, large);
    emit(&d->table[small][cursor & small_mask], fn, data);
    do {
        emit(&d->table[large][cursor & large_mask], fn, data);
        cursor = next_cursor(cursor, large_mask);
    } while ((cursor & (small_mask ^ large_mask)) != 0);
    return cursor;
}

static uint32_t chain_count(const bucket *head)
{
    uint32_t n = 0;
    for (const bucket *b = head; b != NULL; b = child_of(b))
        n += (uint32_t)__builtin_popcount(b->used);
    return n;
}

static void *chain_at(const bucket *head, uint32_t n)
{
    for (const bucket *b = head; b != NULL; b = child_of(b)) {
        uint32_t here = (uint32_t)__builtin_popcount(b->used);
        if (n >= here) {
            n -= here;
            continue;
        }
        uint32_t left = b->used;
        for (; n > 0; n--)
            left &= left - 1;
        return b->item[__builtin_ctz(left)];
    }
    return NULL;
}

/* A bucket and a place in it are drawn together and thrown away when nothing is there: so each
 * item is as likely as any other, up to chains of 14. A nearly empty table would take long
 * that way; there, after a while, the next bucket with items does. */
void *dict_random(const struct dict *d, struct rng *rng)
{
    if (d->count == 0) return NULL;
    uint64_t old = mask_of(d, 0) + 1;
    uint64_t buckets = old + (d->table[1] == NULL ? 0 : mask_of(d, 1) + 1);
    uint64_t at = 0;
    for (int tries = 0; tries < 256; tries++) {
        at = rng_below(rng, buckets);
        const bucket *head = at < old ? &d->table[0][at] : &d->table[1][at - old];
        uint32_t place = (uint32_t)rng_below(rng, 2 * SLOTS);
        uint32_t n = chain_count(head);
        if (place < n) return chain_at(head, n <= 2 * SLOTS ? place : (uint32_t)rng_below(rng, n));
    }
    for (;; at = (at + 1) % buckets) {
        const bucket *head = at < old ? &d->table[0][at] : &d->table[1][at - old];
        uint32_t n = chain_count(head);
        if (n > 0) return chain_at(head, (uint32_t)rng_below(rng, n));
    }
}

/* Buckets below `moved` hold nothing, in a resize or not: so it tells how far this has come. */
bool dict_drain(struct dict *d, uint64_t n, void (*fn)(void *item, void *data), void *data)
{
    while (d->table[0] != NULL) {
        for (; d->moved <= mask_of(d, 0); d->moved++) {
            if (n == 0) return true;
            bucket *head = &d->table[0][d->moved];
            fetch_ahead(d, head);
            uint64_t here = chain_count(head) + 1;
            emit(head, fn, data);
            chain_free(head);
            n -= here < n ? here : n;
        }
        resize_end(d);
    }
    *d = (struct dict){.kind = d->kind};
    return false;
}

void dict_free_item(void *item, void *data)
{
    (void)data;
    mem_free(item);
}

void dict_iter_init(struct dict_iter *i, struct dict *d)
{
    must(d->paused < UINT16_MAX);
    d->paused++;
    *i = (struct dict_iter){.dict = d, .bucket = d->table[0]};
}

void *dict_iter_next(struct dict_iter *i)
{
    const struct dict *d = i->dict;
    while (i->bucket != NULL) {
        while (i->slot < SLOTS) {
            uint8_t at = i->slot++;
            if ((i->bucket->used >> at & 1) != 0) return i->bucket->item[at];
        }
        i->slot = 0;
        i->bucket = child_of(i->bucket);
        if (i->bucket != NULL) continue;
        i->index++;
        if (i->index > mask_of(d, i->table)) {
            i->index = 0;
            i->table++;
            if (i->table > 1 || d->table[1] == NULL) return NULL;
        }
        i->bucket = &d->table[i->table][i->index];
    }
    return NULL;
}

void dict_iter_fini(struct dict_iter *i)
{
    must(i->dict->paused > 0);
    i->dict->paused--;
    i->bucket = NULL;
}

size_t dict_memory(const struct dict *d)
{
    size_t total = 0;
    for (int t = 0; t < 2; t++)
        if (d->table[t] != NULL) total += (mask_of(d, t) + 1) * sizeof(bucket);
    /* Chains hold what does not fit: few, by the fill limit; counted as one in sixteen. */
    return total + total / 16;
}

size_t dict_items_memory(struct dict *d, uint64_t samples)
{
    size_t bytes = 0;
    uint64_t looked = 0;
    struct dict_iter i;
    dict_iter_init(&i, d);
    for (const void *item = dict_iter_next(&i); item != NULL; item = dict_iter_next(&i)) {
        bytes += mem_size(item);
        if (++looked == samples) break;
    }
    dict_iter_fini(&i);
    if (looked == 0) return 0;
    return (size_t)((double)bytes / (double)looked * (double)dict_count(d));
}

static uint64_t check_chain(const struct dict *d, int t, uint64_t index)
{
    uint64_t n = 0;
    for (const bucket *b = &d->table[t][index]; b != NULL; b = child_of(b)) {
        must(!b->chained || b->used == (ALL & ~(1U << LAST)));
        must(b == &d->table[t][index] || b->used != 0);
        for (uint32_t left = b->used; left != 0; left &= left - 1) {
            uint32_t i = (uint32_t)__builtin_ctz(left);
            uint64_t hash = hash_slice(d->kind->key(b->item[i]));
            must(b->tag[i] == tag_of(hash));
            must((hash & mask_of(d, t)) == index);
            must(home(d, hash) == &d->table[t][index]);
            n++;
        }
    }
    return n;
}

void dict_check(const struct dict *d)
{
    uint64_t n = 0;
    for (int t = 0; t < 2; t++) {
        if (d->table[t] == NULL) continue;
        must(((uintptr_t)d->table[t] & (sizeof(bucket) - 1)) == 0);
        for (uint64_t i = 0; i <= mask_of(d, t); i++)
            n += check_chain(d, t, i);
    }
    must(n == d->count);
    must(d->table[1] == NULL || d->moved <= mask_of(d, 0));
}
