#include "hll.h"

#include "base/must.h"

#include <math.h>

enum {
    INDEX_BITS = 14,
    RUN_BITS = 64 - INDEX_BITS, /* the longest run is RUN_BITS + 1 */
    DENSE = 0,
    SPARSE = 1,
    SPARSE_VALUE_MAX = 32,
    ZERO_MAX = 64, /* registers in one short run of zeros */
    VALUE_RUN_MAX = 4,
    AT_FORM = 4,
    AT_COUNT = 8
};

/* One run of a sparse form. */
struct run {
    uint8_t value; /* 0 for zeros */
    uint32_t n;    /* registers */
    uint32_t size; /* bytes */
};

static uint64_t murmur64(struct slice s, uint64_t seed)
{
    const uint64_t m = 0xc6a4a7935bd1e995ULL;
    uint64_t h = seed ^ (s.len * m);
    size_t at = 0;
    for (; at + 8 <= s.len; at += 8) {
        uint64_t k = 0;
        for (uint32_t i = 0; i < 8; i++)
            k |= (uint64_t)(uint8_t)s.p[at + i] << (8 * i);
        k *= m;
        k ^= k >> 47;
        k *= m;
        h = (h ^ k) * m;
    }
    if (at < s.len) {
        for (uint32_t i = 0; at + i < s.len; i++)
            h ^= (uint64_t)(uint8_t)s.p[at + i] << (8 * i);
        h *= m;
    }
    h ^= h >> 47;
    h *= m;
    return h ^ h >> 47;
}

bool hll_is_valid(struct slice s)
{
    if (s.len < HLL_HEAD || memcmp(s.p, "HYLL", 4) != 0) return false;
    if (s.p[AT_FORM] == SPARSE) return true;
    return s.p[AT_FORM] == DENSE && s.len == HLL_DENSE_SIZE;
}

bool hll_is_dense(struct slice s)
{
    return s.p[AT_FORM] == DENSE;
}

/* --- runs --- */

/* The run at `at`, which is below s.len; false when it is cut off. */
static bool run_read(struct slice s, size_t at, struct run *out)
{
    uint32_t head = (uint8_t)s.p[at];
    if ((head & 0x80) != 0) {
        *out = (struct run){(uint8_t)((head >> 2 & 31) + 1), (head & 3) + 1, 1};
    } else if ((head & 0x40) == 0) {
        *out = (struct run){0, (head & 63) + 1, 1};
    } else {
        if (at + 1 >= s.len) return false;
        *out = (struct run){0, ((head & 63) << 8 | (uint8_t)s.p[at + 1]) + 1, 2};
    }
    return true;
}

/* Writes a run; returns its size. n is above 0, and up to VALUE_RUN_MAX unless value is 0. */
static uint32_t run_write(char *p, uint8_t value, uint32_t n)
{
    n--;
    if (value > 0) {
        p[0] = (char)(0x80 | (value - 1U) << 2 | n);
        return 1;
    }
    if (n < ZERO_MAX) {
        p[0] = (char)n;
        return 1;
    }
    p[0] = (char)(0x40 | n >> 8);
    p[1] = (char)(n & 255);
    return 2;
}

void hll_init(struct buf *b)
{
    must(b->len == 0);
    char *p = buf_reserve(b, HLL_HEAD + 2);
    memset(p, 0, HLL_HEAD);
    memcpy(p, "HYLL", 4);
    p[AT_FORM] = SPARSE;
    b->len = HLL_HEAD + run_write(p + HLL_HEAD, 0, HLL_REGISTERS);
}

/* --- dense registers --- */

/* A register's 6 bits lie in at most two bytes; the last register ends with the last byte. */
static uint8_t dense_get(const char *registers, uint32_t i)
{
    uint32_t bit = i * 6;
    uint32_t two = (uint8_t)registers[bit >> 3];
    if ((bit & 7) > 2) two |= (uint32_t)(uint8_t)registers[(bit >> 3) + 1] << 8;
    return two >> (bit & 7) & 63;
}

static void dense_set(char *registers, uint32_t i, uint8_t value)
{
    uint32_t bit = i * 6, shift = bit & 7;
    char *p = registers + (bit >> 3);
    p[0] = (char)(((uint8_t)p[0] & ~(63U << shift)) | (uint32_t)value << shift);
    if (shift <= 2) return;
    p[1] = (char)(((uint8_t)p[1] & ~(63U >> (8 - shift))) | (uint32_t)value >> (8 - shift));
}

bool hll_to_dense(struct buf *b)
{
    struct slice s = buf_slice(b);
    if (hll_is_dense(s)) return true;
    uint8_t registers[HLL_REGISTERS] = {0};
    if (!hll_merge(registers, s)) return false;
    if (b->cap < HLL_DENSE_SIZE) (void)buf_reserve(b, HLL_DENSE_SIZE - b->len);
    memset(b->p + HLL_HEAD, 0, HLL_DENSE_SIZE - HLL_HEAD);
    b->len = HLL_DENSE_SIZE;
    b->p[AT_FORM] = DENSE;
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        if (registers[i] > 0) dense_set(b->p + HLL_HEAD, i, registers[i]);
    return true;
}

/* --- raising one register --- */

/* Joins neighbouring runs of one value, from `at` over the next few: where a change was. */
static void sparse_join(struct buf *b, size_t at)
{
    for (int looked = 0; looked < 5 && at < b->len; looked++) {
        struct run a = {0}, next = {0};
        if (!run_read(buf_slice(b), at, &a)) return;
        if (a.value > 0 && at + 1 < b->len && run_read(buf_slice(b), at + 1, &next) &&
            next.value == a.value && a.n + next.n <= VALUE_RUN_MAX) {
            (void)run_write(b->p + at, a.value, a.n + next.n);
            memmove(b->p + at + 1, b->p + at + 2, b->len - at - 2);
            b->len--;
            continue; /* it may join with the next one too */
        }
        at += a.size;
    }
}

/* Splits the run `r` at `at`, which begins with register `first`, so that register i has a run
 * of its own with value `count`; writes the runs to `seq` and returns their size. */
static uint32_t sparse_split(char seq[static 5], struct run r, uint32_t first, uint32_t i,
                             uint8_t count)
{
    uint32_t size = 0, last = first + r.n - 1;
    if (i != first) size += run_write(seq, r.value, i - first);
    size += run_write(seq + size, count, 1);
    if (i != last) size += run_write(seq + size, r.value, last - i);
    return size;
}

static int sparse_raise(struct buf *b, uint32_t i, uint8_t count, int64_t sparse_max)
{
    size_t at = HLL_HEAD, before = HLL_HEAD;
    uint32_t first = 0;
    struct run r = {0};
    for (;;) {
        if (at >= b->len || !run_read(buf_slice(b), at, &r)) return -1;
        if (i < first + r.n) break;
        before = at;
        at += r.size;
        first += r.n;
    }
    if (r.value >= count) return 0;

    char seq[5];
    uint32_t size = sparse_split(seq, r, first, i, count);
    bool longer = size > r.size;
    if (longer && (int64_t)(b->len + size - r.size) > sparse_max) {
        if (!hll_to_dense(b)) return -1;
        dense_set(b->p + HLL_HEAD, i, count);
        return 1;
    }
    if (longer) (void)buf_reserve(b, size - r.size);
    memmove(b->p + at + size, b->p + at + r.size, b->len - at - r.size);
    memcpy(b->p + at, seq, size);
    b->len = b->len + size - r.size;
    sparse_join(b, before);
    return 1;
}

int hll_raise(struct buf *b, uint32_t i, uint8_t count, int64_t sparse_max)
{
    must(i < HLL_REGISTERS);
    must(count > 0 && count < 64);
    if (!hll_is_dense(buf_slice(b))) {
        if (count <= SPARSE_VALUE_MAX) return sparse_raise(b, i, count, sparse_max);
        if (!hll_to_dense(b)) return -1;
    }
    if (dense_get(b->p + HLL_HEAD, i) >= count) return 0;
    dense_set(b->p + HLL_HEAD, i, count);
    return 1;
}

int hll_add(struct buf *b, struct slice element, int64_t sparse_max)
{
    uint64_t hash = murmur64(element, 0xadc83b19ULL);
    uint32_t i = (uint32_t)(hash & (HLL_REGISTERS - 1));
    uint64_t rest = hash >> INDEX_BITS | 1ULL << RUN_BITS;
    return hll_raise(b, i, (uint8_t)(__builtin_ctzll(rest) + 1), sparse_max);
}

/* --- all registers --- */

bool hll_merge(uint8_t max[static HLL_REGISTERS], struct slice s)
{
    if (hll_is_dense(s)) {
        for (uint32_t i = 0; i < HLL_REGISTERS; i++) {
            uint8_t value = dense_get(s.p + HLL_HEAD, i);
            if (value > max[i]) max[i] = value;
        }
        return true;
    }
    uint32_t i = 0;
    for (size_t at = HLL_HEAD; at < s.len;) {
        struct run r = {0};
        if (!run_read(s, at, &r) || r.n > HLL_REGISTERS - i) return false;
        for (uint32_t end = i + r.n; r.value > 0 && i < end; i++, r.n--)
            if (r.value > max[i]) max[i] = r.value;
        i += r.n;
        at += r.size;
    }
    return i == HLL_REGISTERS;
}

static double sigma(double x)
{
    if (x == 1.0) return HUGE_VAL;
    double y = 1, z = x, before = 0;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (before != z);
    return z;
}

static double tau(double x)
{
    if (x == 0.0 || x == 1.0) return 0;
    double y = 1, z = 1 - x, before = 0;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (before != z);
    return z / 3;
}

uint64_t hll_count(const uint8_t registers[static HLL_REGISTERS])
{
    const double m = HLL_REGISTERS;
    uint32_t of[64] = {0};
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        of[registers[i] & 63]++;
    double z = m * tau((m - of[RUN_BITS + 1]) / m);
    for (uint32_t j = RUN_BITS; j >= 1; j--)
        z = (z + of[j]) * 0.5;
    z += m * sigma(of[0] / m);
    return (uint64_t)llround(0.721347520444481703680 * m * m / z);
}

/* --- the cached count --- */

bool hll_cached(const char *head, uint64_t *count)
{
    if (((uint8_t)head[AT_COUNT + 7] & 0x80) != 0) return false;
    uint64_t n = 0;
    for (uint32_t i = 0; i < 8; i++)
        n |= (uint64_t)(uint8_t)head[AT_COUNT + i] << (8 * i);
    *count = n;
    return true;
}

void hll_cache(char *head, uint64_t count)
{
    for (uint32_t i = 0; i < 8; i++)
        head[AT_COUNT + i] = (char)(count >> (8 * i) & 255);
}

void hll_cache_drop(char *head)
{
    head[AT_COUNT + 7] = (char)((uint8_t)head[AT_COUNT + 7] | 0x80);
}

void hll_print(struct slice s, struct buf *out)
{
    for (size_t at = HLL_HEAD; at < s.len;) {
        struct run r = {0};
        if (!run_read(s, at, &r)) return;
        if (at > HLL_HEAD) buf_add_char(out, ' ');
        if (r.value > 0)
            buf_addf(out, "v:%u,%u", r.value, r.n);
        else
            buf_addf(out, "%c:%u", r.size == 1 ? 'z' : 'Z', r.n);
        at += r.size;
    }
}

void hll_check(struct slice s)
{
    must(hll_is_valid(s));
    uint8_t registers[HLL_REGISTERS] = {0};
    must(hll_merge(registers, s));
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        must(registers[i] <= RUN_BITS + 1);
}
