#include "pack.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/must.h"

#include <stddef.h>

enum { SHORT_MAX = 103, TINY = 104, TINY_MAX = 15, INT = 119 /* + bytes */, LONG = 128 };
enum { BLOCK = offsetof(struct pack_block, bytes) };

/* What stands in front of the bytes of an entry, or instead of them. */
struct head {
    char p[9];
    uint8_t len;        /* bytes of p */
    struct slice bytes; /* that follow it */
};

static uint32_t varint_size(uint32_t n)
{
    uint32_t size = 1;
    while (n >= 128) {
        n >>= 7;
        size++;
    }
    return size;
}

static void head_of_i64(struct head *h, int64_t n)
{
    if (n >= 0 && n <= TINY_MAX) {
        h->p[0] = (char)(TINY + n);
        h->len = 1;
        return;
    }
    uint32_t width = 1;
    while (width < 8 &&
           (n < -((int64_t)1 << (width * 8 - 1)) || n >= (int64_t)1 << (width * 8 - 1)))
        width++;
    h->p[0] = (char)(INT + width);
    memcpy(h->p + 1, &n, width); /* little endian */
    h->len = (uint8_t)(1 + width);
}

static void head_of_len(struct head *h, uint32_t len)
{
    h->len = 0;
    bool more = len > SHORT_MAX;
    for (; len >= 128 || more; len >>= 7, more = false)
        h->p[h->len++] = (char)((len & 127) | LONG);
    h->p[h->len++] = (char)len;
}

static struct head head_of(struct slice s)
{
    struct head h = {.bytes = {s.p, 0}};
    int64_t n = 0;
    must(s.len < UINT32_MAX / 2);
    bool maybe =
        s.len > 0 && s.len <= 20 && s.p[s.len - 1] >= '0' && s.p[s.len - 1] <= '9' && s.p[0] <= '9';
    if (maybe && slice_i64(s, &n)) {
        head_of_i64(&h, n);
        return h;
    }
    head_of_len(&h, (uint32_t)s.len);
    h.bytes = s;
    return h;
}

static uint32_t front_of(const struct head *h)
{
    return h->len + (uint32_t)h->bytes.len;
}

/* Written so that it can be read from its last byte towards the front. */
static uint32_t put_backward(char *p, uint32_t n)
{
    uint32_t size = varint_size(n);
    for (uint32_t i = size; i-- > 0; n >>= 7)
        p[i] = (char)((n & 127) | (i > 0 ? 128U : 0U));
    return size;
}

static uint32_t get_backward(const char *end, uint32_t *size)
{
    uint32_t n = 0, i = 0;
    for (;; i++) {
        uint32_t byte = (unsigned char)end[-1 - (int64_t)i];
        n |= (byte & 127) << (7 * i);
        if (byte < 128) break;
    }
    *size = i + 1;
    return n;
}

/* Bytes of the head at p, and of what follows it. */
static inline uint32_t head_at(const char *p, uint32_t *follow)
{
    uint32_t first = (unsigned char)*p;
    if (first <= SHORT_MAX) {
        *follow = first;
        return 1;
    }
    if (first < LONG) {
        *follow = first > INT ? first - INT : 0;
        return 1;
    }
    uint32_t n = 0, i = 0;
    for (;; i++) {
        uint32_t byte = (unsigned char)p[i];
        n |= (byte & 127) << (7 * i);
        if (byte < 128) break;
    }
    *follow = n;
    return i + 1;
}

static inline bool is_int(const char *p)
{
    uint32_t first = (unsigned char)*p;
    return first > SHORT_MAX && first < LONG;
}

static int64_t int_at(const char *p)
{
    uint32_t first = (unsigned char)*p;
    if (first <= INT) return first - TINY;
    uint32_t width = first - INT;
    int64_t n = (int8_t)p[width] < 0 ? -1 : 0; /* the sign fills the upper bytes */
    memcpy(&n, p + 1, width);
    return n;
}

uint32_t pack_size(struct slice s)
{
    struct head h = head_of(s);
    return front_of(&h) + varint_size(front_of(&h));
}

void pack_fini(struct pack *k)
{
    if (k == NULL) return;
    mem_free(k->block);
    *k = (struct pack){0};
}

struct pack pack_copy(const struct pack *k)
{
    if (k->block == NULL) return (struct pack){0};
    return (struct pack){mem_dup(k->block, BLOCK + k->block->len)};
}

size_t pack_memory(const struct pack *k)
{
    return k->block == NULL ? 0 : mem_size(k->block);
}

uint32_t pack_next(const struct pack *k, uint32_t at)
{
    must(at < pack_len(k));
    uint32_t follow = 0;
    uint32_t front = head_at(k->block->bytes + at, &follow) + follow;
    return at + front + varint_size(front);
}

struct slice pack_get(const struct pack *k, uint32_t at, uint32_t *next,
                      char text[static PACK_TEXT])
{
    must(at < pack_len(k));
    uint32_t follow = 0;
    const char *p = k->block->bytes + at;
    uint32_t head = head_at(p, &follow);
    *next = at + head + follow + varint_size(head + follow);
    if (is_int(p)) return slice_make(text, fmt_i64(text, int_at(p)));
    return slice_make(p + head, follow);
}

bool pack_get_i64(const struct pack *k, uint32_t at, int64_t *out)
{
    must(at < pack_len(k));
    const char *p = k->block->bytes + at;
    if (!is_int(p)) return false;
    *out = int_at(p);
    return true;
}

uint32_t pack_before(const struct pack *k, uint32_t at)
{
    must(at > 0);
    must(at <= pack_len(k));
    uint32_t tail = 0;
    uint32_t front = get_backward(k->block->bytes + at, &tail);
    return at - tail - front;
}

uint32_t pack_seek(const struct pack *k, uint32_t i)
{
    uint32_t count = pack_count(k);
    must(i <= count);
    uint32_t at = 0;
    if (i <= count / 2) {
        while (i-- > 0)
            at = pack_next(k, at);
        return at;
    }
    at = pack_len(k);
    for (uint32_t left = count - i; left > 0; left--)
        at = pack_before(k, at);
    return at;
}

/* Whether the front at p, which has `size` bytes, is the one that h begins. */
static inline bool same_front(const char *p, uint32_t size, const struct head *h)
{
    return size == front_of(h) && memcmp(p, h->p, h->len) == 0 &&
           (h->bytes.len == 0 || memcmp(p + h->len, h->bytes.p, h->bytes.len) == 0);
}

bool pack_is(const struct pack *k, uint32_t at, struct slice s)
{
    must(at < pack_len(k));
    struct head h = head_of(s);
    uint32_t follow = 0;
    const char *p = k->block->bytes + at;
    uint32_t head = head_at(p, &follow);
    return same_front(p, head + follow, &h);
}

uint32_t pack_find(const struct pack *k, uint32_t step, struct slice s)
{
    struct head h = head_of(s);
    uint32_t len = pack_len(k);
    for (uint32_t at = 0; at < len;) {
        uint32_t follow = 0;
        const char *p = k->block->bytes + at;
        uint32_t size = head_at(p, &follow) + follow;
        if (same_front(p, size, &h)) return at;
        at += size + varint_size(size);
        for (uint32_t skip = 1; skip < step && at < len; skip++)
            at = pack_next(k, at);
    }
    return len;
}

static void make_room(struct pack *k, uint32_t more)
{
    must(more <= UINT32_MAX / 2 - pack_len(k));
    size_t need = BLOCK + (size_t)pack_len(k) + more;
    if (k->block != NULL && need <= mem_size(k->block)) return;
    /* An eighth more; a pack near its owner's limit grows in even steps. */
    size_t size = need < 256 ? need : need < 4096 ? need + need / 8 : need + 512;
    bool fresh = k->block == NULL;
    k->block = mem_realloc(k->block, size);
    if (fresh) k->block->len = k->block->count = 0;
}

void pack_fit(struct pack *k)
{
    if (k->block == NULL) return;
    if (k->block->count == 0)
        pack_fini(k);
    else
        k->block = mem_realloc(k->block, BLOCK + (size_t)k->block->len);
}

static void write_entry(char *p, const struct head *h)
{
    memcpy(p, h->p, h->len);
    if (h->bytes.len > 0) memcpy(p + h->len, h->bytes.p, h->bytes.len);
    (void)put_backward(p + front_of(h), front_of(h));
}

uint32_t pack_insert(struct pack *k, uint32_t at, struct slice s)
{
    must(at <= pack_len(k));
    struct head h = head_of(s);
    uint32_t size = front_of(&h) + varint_size(front_of(&h));
    make_room(k, size);
    struct pack_block *b = k->block;
    if (at < b->len) memmove(b->bytes + at + size, b->bytes + at, b->len - at);
    write_entry(b->bytes + at, &h);
    b->len += size;
    b->count++;
    return at + size;
}

void pack_erase(struct pack *k, uint32_t at, uint32_t end, uint32_t n)
{
    must(at <= end);
    must(end <= pack_len(k));
    must(n <= pack_count(k));
    struct pack_block *b = k->block;
    if (b == NULL) return;
    memmove(b->bytes + at, b->bytes + end, b->len - end);
    b->len -= end - at;
    b->count -= n;
    if (BLOCK + b->len < mem_size(b) / 2) pack_fit(k);
}

uint32_t pack_replace(struct pack *k, uint32_t at, struct slice s)
{
    struct head h = head_of(s);
    uint32_t end = pack_next(k, at);
    uint32_t size = front_of(&h) + varint_size(front_of(&h));
    if (size > end - at) make_room(k, size - (end - at));
    struct pack_block *b = k->block;
    memmove(b->bytes + at + size, b->bytes + end, b->len - end);
    b->len = b->len - (end - at) + size;
    write_entry(b->bytes + at, &h);
    return at + size;
}

void pack_split(struct pack *k, uint32_t at, uint32_t n, struct pack *to)
{
    uint32_t bytes = pack_len(k) - at;
    if (bytes == 0) return;
    make_room(to, bytes);
    memcpy(to->block->bytes + to->block->len, k->block->bytes + at, bytes);
    to->block->len += bytes;
    to->block->count += n;
    pack_erase(k, at, k->block->len, n);
}

void pack_check(const struct pack *k)
{
    uint32_t n = 0;
    if (k->block == NULL) return;
    for (uint32_t at = 0; at < k->block->len; n++) {
        char text[PACK_TEXT];
        uint32_t next = 0;
        struct slice s = pack_get(k, at, &next, text);
        must(next == pack_next(k, at));
        must(pack_before(k, next) == at);
        must(pack_size(s) == next - at);
        at = next;
        must(at <= k->block->len);
    }
    must(n == k->block->count);
    must(BLOCK + k->block->len <= mem_size(k->block));
}
