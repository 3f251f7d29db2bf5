#include "pack.h"

#include "base/mem.h"
#include "base/must.h"

static uint32_t varint_size(uint32_t n)
{
    uint32_t size = 1;
    while (n >= 128) {
        n >>= 7;
        size++;
    }
    return size;
}

static uint32_t put_forward(char *p, uint32_t n)
{
    uint32_t i = 0;
    for (; n >= 128; n >>= 7)
        p[i++] = (char)((n & 127) | 128);
    p[i++] = (char)n;
    return i;
}

static uint32_t get_forward(const char *p, uint32_t *size)
{
    uint32_t n = 0, i = 0;
    for (;; i++) {
        uint32_t byte = (unsigned char)p[i];
        n |= (byte & 127) << (7 * i);
        if (byte < 128) break;
    }
    *size = i + 1;
    return n;
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

uint32_t pack_size(size_t len)
{
    must(len < UINT32_MAX / 2);
    uint32_t front = varint_size((uint32_t)len) + (uint32_t)len;
    return front + varint_size(front);
}

void pack_fini(struct pack *k)
{
    if (k == NULL) return;
    mem_free(k->p);
    *k = (struct pack){0};
}

struct slice pack_get(const struct pack *k, uint32_t at, uint32_t *next)
{
    must(at < k->len);
    uint32_t head = 0;
    uint32_t len = get_forward(k->p + at, &head);
    *next = at + head + len + varint_size(head + len);
    return slice_make(k->p + at + head, len);
}

uint32_t pack_before(const struct pack *k, uint32_t at)
{
    must(at > 0);
    must(at <= k->len);
    uint32_t tail = 0;
    uint32_t front = get_backward(k->p + at, &tail);
    return at - tail - front;
}

uint32_t pack_seek(const struct pack *k, uint32_t i)
{
    must(i <= k->count);
    uint32_t at = 0;
    if (i <= k->count / 2) {
        while (i-- > 0)
            (void)pack_get(k, at, &at);
        return at;
    }
    at = k->len;
    for (uint32_t left = k->count - i; left > 0; left--)
        at = pack_before(k, at);
    return at;
}

static void make_room(struct pack *k, uint32_t more)
{
    must(more <= UINT32_MAX / 2 - k->len);
    if (k->cap - k->len >= more) return;
    uint32_t need = k->len + more;
    /* Half as much again while small; a pack near its owner's limit grows in even steps. */
    uint32_t cap = need < 4096 ? need + need / 2 : need + 1024;
    k->p = mem_realloc(k->p, cap);
    k->cap = cap;
}

static uint32_t write_entry(char *p, struct slice s)
{
    uint32_t front = put_forward(p, (uint32_t)s.len);
    if (s.len > 0) memcpy(p + front, s.p, s.len);
    front += (uint32_t)s.len;
    return front + put_backward(p + front, front);
}

uint32_t pack_insert(struct pack *k, uint32_t at, struct slice s)
{
    must(at <= k->len);
    uint32_t size = pack_size(s.len);
    make_room(k, size);
    if (at < k->len) memmove(k->p + at + size, k->p + at, k->len - at);
    (void)write_entry(k->p + at, s);
    k->len += size;
    k->count++;
    return at + size;
}

void pack_erase(struct pack *k, uint32_t at, uint32_t end, uint32_t n)
{
    must(at <= end);
    must(end <= k->len);
    must(n <= k->count);
    memmove(k->p + at, k->p + end, k->len - end);
    k->len -= end - at;
    k->count -= n;
    if (k->cap > 256 && k->len < k->cap / 4) {
        k->cap = k->len + k->len / 2;
        k->p = mem_realloc(k->p, k->cap);
    }
}

uint32_t pack_replace(struct pack *k, uint32_t at, struct slice s)
{
    uint32_t end = 0;
    (void)pack_get(k, at, &end);
    uint32_t size = pack_size(s.len);
    if (size > end - at) make_room(k, size - (end - at));
    memmove(k->p + at + size, k->p + end, k->len - end);
    k->len = k->len - (end - at) + size;
    (void)write_entry(k->p + at, s);
    return at + size;
}

void pack_split(struct pack *k, uint32_t at, uint32_t n, struct pack *to)
{
    uint32_t bytes = k->len - at;
    make_room(to, bytes);
    memcpy(to->p + to->len, k->p + at, bytes);
    to->len += bytes;
    to->count += n;
    pack_erase(k, at, k->len, n);
}

void pack_check(const struct pack *k)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < k->len; n++) {
        uint32_t next = 0;
        (void)pack_get(k, at, &next);
        must(pack_before(k, next) == at);
        at = next;
        must(at <= k->len);
    }
    must(n == k->count);
    must(k->len <= k->cap);
}
