#include "segment.h"

#include "base/crc32c.h"
#include "base/must.h"

#include <endian.h>
#include <errno.h>

enum { VERSION = 2, WINDOW = 1 << 20 };
static const char magic[8] = "HANSOMLG";

static void put32(char *p, uint32_t n)
{
    n = htole32(n);
    memcpy(p, &n, 4);
}

static void put64(char *p, uint64_t n)
{
    n = htole64(n);
    memcpy(p, &n, 8);
}

static uint32_t get32(const char *p)
{
    uint32_t n;
    memcpy(&n, p, 4);
    return le32toh(n);
}

static uint64_t get64(const char *p)
{
    uint64_t n;
    memcpy(&n, p, 8);
    return le64toh(n);
}

void segment_header(char out[static SEGMENT_HEADER], enum segment_kind kind, uint64_t id)
{
    memcpy(out, magic, 8);
    put32(out + 8, VERSION);
    put32(out + 12, kind);
    put64(out + 16, id);
    put32(out + 24, 0);
    put32(out + 28, crc32c(0, out, 28));
}

static size_t body_bytes(uint32_t length)
{
    return length & ~RECORD_MARK;
}

static uint32_t record_crc(const char *p, uint64_t id, uint64_t place)
{
    char seed[20];
    put64(seed, id);
    put64(seed + 8, place);
    memcpy(seed + 16, p, 4); /* the length */
    uint32_t c = crc32c(0, seed, sizeof seed);
    return crc32c(c, p + RECORD_HEADER, body_bytes(get32(p)));
}

void record_add(struct buf *b, struct slice payload)
{
    must(payload.len > 0);
    must(payload.len <= RECORD_MAX);
    char *p = buf_reserve(b, RECORD_HEADER + payload.len);
    put32(p, (uint32_t)payload.len);
    put32(p + 4, 0);
    memcpy(p + RECORD_HEADER, payload.p, payload.len);
    b->len += RECORD_HEADER + payload.len;
}

void record_add_mark(struct buf *b, uint64_t durable)
{
    char *p = buf_reserve(b, MARK_BYTES);
    put32(p, RECORD_MARK | 8);
    put32(p + 4, 0);
    put64(p + RECORD_HEADER, durable);
    b->len += MARK_BYTES;
}

void record_seal(char *p, size_t n, uint64_t id, uint64_t place)
{
    size_t at = 0;
    while (at < n) {
        must(n - at >= RECORD_HEADER);
        size_t whole = RECORD_HEADER + body_bytes(get32(p + at));
        must(whole <= n - at);
        put32(p + at + 4, record_crc(p + at, id, place + at));
        at += whole;
    }
}

size_t record_whole(const char *p, size_t n)
{
    size_t at = 0;
    while (n - at >= RECORD_HEADER) {
        size_t whole = RECORD_HEADER + body_bytes(get32(p + at));
        if (whole > n - at) break;
        at += whole;
    }
    return at;
}

/* Makes `need` bytes from `at` on stand in the window, fewer at the end of the file. Returns
 * how many stand there, or -errno. */
static int64_t window_get(struct segment_reader *r, uint64_t at, size_t need, const char **p)
{
    uint64_t have_to = r->window_at + r->window.len;
    if (at < r->window_at || at > have_to) {
        r->window_at = at;
        buf_clear(&r->window);
    } else if (at + need > have_to && at > r->window_at) {
        buf_drop(&r->window, (size_t)(at - r->window_at));
        r->window_at = at;
    }
    while (r->window_at + r->window.len < at + need && r->window_at + r->window.len < r->size) {
        uint64_t left = r->size - (r->window_at + r->window.len);
        size_t want = need > WINDOW ? need : WINDOW;
        if (want > left) want = (size_t)left;
        char *to = buf_reserve(&r->window, want);
        int64_t got = r->io->read_at(r->io->data, r->file, r->window_at + r->window.len, to, want);
        if (got < 0) return got;
        if (got == 0) break;
        r->window.len += (size_t)got;
    }
    uint64_t end = r->window_at + r->window.len;
    *p = r->window.p == NULL ? "" : r->window.p + (at - r->window_at);
    return at >= end ? 0 : (int64_t)(end - at);
}

enum segment_step segment_open(struct segment_reader *r, int *error)
{
    int64_t size = r->io->size(r->io->data, r->file);
    if (size < 0) {
        *error = (int)-size;
        return SEGMENT_IO;
    }
    r->size = (uint64_t)size;
    r->place = 0;
    const char *p = NULL;
    int64_t got = window_get(r, 0, SEGMENT_HEADER, &p);
    if (got < 0) {
        *error = (int)-got;
        return SEGMENT_IO;
    }
    if (got < SEGMENT_HEADER) return SEGMENT_BAD;
    char want[SEGMENT_HEADER];
    if (memcmp(p, magic, sizeof magic) == 0 && get32(p + 28) == crc32c(0, p, 28) &&
        get32(p + 8) != VERSION) {
        *error = (int)get32(p + 8);
        return SEGMENT_OTHER;
    }
    if (r->id == 0) r->id = get64(p + 16);
    segment_header(want, r->kind, r->id);
    if (memcmp(p, want, SEGMENT_HEADER) != 0) return SEGMENT_BAD;
    r->place = SEGMENT_HEADER;
    return SEGMENT_RECORD;
}

/* True when nothing but zeros stands from r->place to the end of the file. */
static enum segment_step only_zeros(struct segment_reader *r, int *error)
{
    uint64_t at = r->place;
    while (at < r->size) {
        const char *p = NULL;
        int64_t got = window_get(r, at, 1, &p);
        if (got < 0) {
            *error = (int)-got;
            return SEGMENT_IO;
        }
        if (got == 0) break;
        for (int64_t i = 0; i < got; i++)
            if (p[i] != 0) return SEGMENT_BAD;
        at += (uint64_t)got;
    }
    return SEGMENT_END;
}

/* Looks at what stands at `place`: how long a valid record there is, 0 when there is none,
 * or -errno. */
static int64_t record_at(struct segment_reader *r, uint64_t place, const char **p)
{
    int64_t got = window_get(r, place, RECORD_HEADER, p);
    if (got < 0) return got;
    if (got < RECORD_HEADER) return 0;
    size_t body = body_bytes(get32(*p));
    if (body == 0 || body > RECORD_MAX || place + RECORD_HEADER + body > r->size) return 0;
    got = window_get(r, place, RECORD_HEADER + body, p);
    if (got < 0) return got;
    if ((size_t)got < RECORD_HEADER + body) return 0;
    if (get32(*p + 4) != record_crc(*p, r->id, place)) return 0;
    return (int64_t)(RECORD_HEADER + body);
}

enum segment_step segment_next(struct segment_reader *r, struct slice *out, int *error)
{
    for (;;) {
        if (r->place >= r->size) return SEGMENT_END;
        const char *p = NULL;
        int64_t whole = record_at(r, r->place, &p);
        if (whole < 0) {
            *error = (int)-whole;
            return SEGMENT_IO;
        }
        if (whole == 0) return only_zeros(r, error);
        r->place += (uint64_t)whole;
        if ((get32(p) & RECORD_MARK) == 0) {
            *out = slice_make(p + RECORD_HEADER, (size_t)whole - RECORD_HEADER);
            return SEGMENT_RECORD;
        }
        if (whole == MARK_BYTES) r->mark = get64(p + RECORD_HEADER);
    }
}

bool segment_vouched(struct segment_reader *r, int *error)
{
    char want[4];
    put32(want, RECORD_MARK | 8);
    for (uint64_t at = r->place + 1; at + MARK_BYTES <= r->size; at++) {
        const char *p = NULL;
        int64_t got = window_get(r, at, MARK_BYTES, &p);
        if (got < 0) {
            *error = (int)-got;
            return false;
        }
        /* Most bytes are no mark: leap to the next byte a mark could begin with. */
        const char *next = memchr(p, want[0], (size_t)got);
        if (next == NULL) {
            at += (uint64_t)got - 1;
            continue;
        }
        if (next != p) {
            at += (uint64_t)(next - p) - 1;
            continue;
        }
        if (got < MARK_BYTES || memcmp(p, want, 4) != 0) continue;
        if (record_at(r, at, &p) == MARK_BYTES && get64(p + RECORD_HEADER) > r->place) return true;
    }
    return false;
}

void segment_fini(struct segment_reader *r)
{
    buf_fini(&r->window);
}
