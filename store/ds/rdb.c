#include "rdb.h"

enum { FORM_INT8, FORM_INT16, FORM_INT32, FORM_LZF };

/* CRC-64 as Redis uses it: polynomial 0xad93d23594c935a9, reflected, no inversion. */
uint64_t rdb_crc64(uint64_t crc, struct slice s)
{
    static uint64_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint64_t n = i;
            for (int k = 0; k < 8; k++)
                n = (n & 1) != 0 ? n >> 1 ^ 0x95ac9329ac4bc9b5ULL : n >> 1;
            table[i] = n;
        }
    }
    for (size_t i = 0; i < s.len; i++)
        crc = table[(uint8_t)crc ^ (uint8_t)s.p[i]] ^ crc >> 8;
    return crc;
}

/* --- writing --- */

void rdb_add_little(struct buf *out, uint64_t n, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        buf_add_char(out, (char)(n >> (8 * i) & 255));
}

void rdb_add_big(struct buf *out, uint64_t n, uint32_t bytes)
{
    for (uint32_t i = bytes; i-- > 0;)
        buf_add_char(out, (char)(n >> (8 * i) & 255));
}

void rdb_add_length(struct buf *out, uint64_t n)
{
    if (n < 64) {
        buf_add_char(out, (char)n);
    } else if (n < 16384) {
        rdb_add_big(out, 0x4000 | n, 2);
    } else if (n <= UINT32_MAX) {
        buf_add_char(out, (char)0x80);
        rdb_add_big(out, n, 4);
    } else {
        buf_add_char(out, (char)0x81);
        rdb_add_big(out, n, 8);
    }
}

void rdb_add_string(struct buf *out, struct slice s)
{
    int64_t n = 0;
    if (s.len > 0 && s.len <= 11 && slice_i64(s, &n) && n >= INT32_MIN && n <= INT32_MAX) {
        int form = n >= INT8_MIN && n <= INT8_MAX     ? FORM_INT8
                   : n >= INT16_MIN && n <= INT16_MAX ? FORM_INT16
                                                      : FORM_INT32;
        buf_add_char(out, (char)(0xC0 | form));
        rdb_add_little(out, (uint64_t)n, 1U << form);
        return;
    }
    rdb_add_length(out, s.len);
    buf_add_slice(out, s);
}

void rdb_add_double(struct buf *out, double d)
{
    uint64_t bits = 0;
    memcpy(&bits, &d, sizeof bits);
    rdb_add_little(out, bits, 8);
}

void rdb_seal(struct buf *out)
{
    rdb_add_little(out, RDB_VERSION, 2);
    rdb_add_little(out, rdb_crc64(0, buf_slice(out)), 8);
}

/* --- writing a listpack --- */

/* The bytes that say an entry's size once more, behind it. */
static uint32_t listpack_back(size_t size)
{
    return size < 128 ? 1 : size < 16384 ? 2 : size < 2097152 ? 3 : size < 268435456 ? 4 : 5;
}

static void add_back(struct buf *out, size_t size)
{
    for (uint32_t i = listpack_back(size); i-- > 0;) {
        bool first = i + 1 == listpack_back(size); /* it is read from behind */
        buf_add_char(out, (char)((size >> (7 * i) & 127) | (first ? 0U : 128U)));
    }
}

size_t rdb_pack_begin(struct buf *out)
{
    size_t head = out->len;
    rdb_add_little(out, 0, 6);
    return head;
}

void rdb_pack_int(struct buf *out, int64_t n)
{
    size_t from = out->len;
    if (n >= 0 && n < 128) {
        buf_add_char(out, (char)n);
    } else if (n >= INT16_MIN && n <= INT16_MAX) {
        buf_add_char(out, (char)0xF1);
        rdb_add_little(out, (uint64_t)n, 2);
    } else if (n >= INT32_MIN && n <= INT32_MAX) {
        buf_add_char(out, (char)0xF3);
        rdb_add_little(out, (uint64_t)n, 4);
    } else {
        buf_add_char(out, (char)0xF4);
        rdb_add_little(out, (uint64_t)n, 8);
    }
    add_back(out, out->len - from);
}

void rdb_pack_string(struct buf *out, struct slice s)
{
    size_t from = out->len;
    if (s.len < 64) {
        buf_add_char(out, (char)(0x80U | s.len));
    } else if (s.len < 4096) {
        rdb_add_big(out, 0xE000 | s.len, 2);
    } else {
        buf_add_char(out, (char)0xF0);
        rdb_add_little(out, s.len, 4);
    }
    buf_add_slice(out, s);
    add_back(out, out->len - from);
}

void rdb_pack_end(struct buf *out, size_t head, uint64_t elements)
{
    buf_add_char(out, (char)0xFF);
    size_t bytes = out->len - head;
    uint64_t count = elements < UINT16_MAX ? elements : UINT16_MAX; /* the most: not counted */
    for (uint32_t i = 0; i < 4; i++)
        out->p[head + i] = (char)(bytes >> (8 * i) & 255);
    for (uint32_t i = 0; i < 2; i++)
        out->p[head + 4 + i] = (char)(count >> (8 * i) & 255);
}

/* --- reading --- */

static bool take(struct slice *in, size_t n, struct slice *out)
{
    if (in->len < n) return false;
    *out = slice_make(in->p, n);
    *in = slice_from(*in, n);
    return true;
}

bool rdb_little(struct slice *in, uint32_t bytes, uint64_t *n)
{
    struct slice s = {0};
    if (!take(in, bytes, &s)) return false;
    *n = 0;
    for (uint32_t i = bytes; i-- > 0;)
        *n = *n << 8 | (uint8_t)s.p[i];
    return true;
}

bool rdb_big(struct slice *in, uint32_t bytes, uint64_t *n)
{
    struct slice s = {0};
    if (!take(in, bytes, &s)) return false;
    *n = 0;
    for (uint32_t i = 0; i < bytes; i++)
        *n = *n << 8 | (uint8_t)s.p[i];
    return true;
}

/* A little-endian number with a sign. */
static bool take_int(struct slice *in, uint32_t bytes, int64_t *out)
{
    uint64_t n = 0;
    if (!rdb_little(in, bytes, &n)) return false;
    uint32_t unused = 64 - 8 * bytes;
    *out = (int64_t)(n << unused) >> unused;
    return true;
}

bool rdb_open(struct slice payload, struct slice *body)
{
    if (payload.len < RDB_TAIL) return false;
    uint64_t version = 0, crc = 0;
    struct slice tail = slice_from(payload, payload.len - RDB_TAIL);
    (void)rdb_little(&tail, 2, &version);
    (void)rdb_little(&tail, 8, &crc);
    if (version > RDB_VERSION || crc != rdb_crc64(0, slice_make(payload.p, payload.len - 8)))
        return false;
    *body = slice_make(payload.p, payload.len - RDB_TAIL);
    return true;
}

bool rdb_byte(struct slice *in, uint8_t *out)
{
    struct slice s = {0};
    if (!take(in, 1, &s)) return false;
    *out = (uint8_t)s.p[0];
    return true;
}

/* A length, or the form of a string that is no plain one. */
static bool take_length(struct slice *in, uint64_t *n, bool *is_form)
{
    uint8_t head = 0;
    uint64_t low = 0;
    *is_form = false;
    if (!rdb_byte(in, &head)) return false;
    *n = head & 63;
    switch (head >> 6) {
    case 0:
        return true;
    case 1:
        if (!rdb_big(in, 1, &low)) return false;
        *n = *n << 8 | low;
        return true;
    case 2:
        return (head == 0x80 || head == 0x81) && rdb_big(in, head == 0x80 ? 4 : 8, n);
    default:
        *is_form = true;
        return true;
    }
}

bool rdb_length(struct slice *in, uint64_t *n)
{
    bool is_form = false;
    return take_length(in, n, &is_form) && !is_form;
}

/* LZF: a head below 32 is a run of literals, else a copy from behind. */
static bool lzf_expand(struct slice in, char *out, size_t len)
{
    size_t at = 0;
    while (in.len > 0) {
        uint8_t head = 0, byte = 0;
        (void)rdb_byte(&in, &head);
        if (head < 32) {
            struct slice s = {0};
            size_t n = (size_t)head + 1;
            if (len - at < n || !take(&in, n, &s)) return false;
            memcpy(out + at, s.p, n);
            at += n;
            continue;
        }
        size_t n = head >> 5, back = (size_t)(head & 31) << 8;
        if (n == 7) {
            if (!rdb_byte(&in, &byte)) return false;
            n += byte;
        }
        if (!rdb_byte(&in, &byte)) return false;
        back += (size_t)byte + 1;
        n += 2;
        if (back > at || len - at < n) return false;
        for (; n > 0; n--, at++)
            out[at] = out[at - back];
    }
    return at == len;
}

/* Three bytes of LZF give at most 264, so a length beyond that is a lie and gets no memory. */
static bool take_lzf(struct slice *in, struct arena *arena, struct slice *out)
{
    uint64_t packed = 0, len = 0;
    struct slice s = {0};
    if (!rdb_length(in, &packed) || !rdb_length(in, &len)) return false;
    if (len > RDB_STRING_MAX || !take(in, packed, &s) || len / 264 > s.len) return false;
    char *p = arena_alloc(arena, len + 1);
    *out = slice_make(p, len);
    return lzf_expand(s, p, len);
}

static struct slice print(char *text, int64_t n)
{
    return slice_make(text, fmt_i64(text, n));
}

bool rdb_string(struct slice *in, struct arena *arena, struct slice *out)
{
    uint64_t n = 0;
    bool is_form = false;
    if (!take_length(in, &n, &is_form)) return false;
    if (!is_form) return take(in, n, out);
    if (n == FORM_LZF) return take_lzf(in, arena, out);
    int64_t number = 0;
    if (n > FORM_INT32 || !take_int(in, 1U << n, &number)) return false;
    *out = print(arena_alloc(arena, RDB_TEXT), number);
    return true;
}

bool rdb_double(struct slice *in, double *out)
{
    uint64_t bits = 0;
    if (!rdb_little(in, 8, &bits)) return false;
    memcpy(out, &bits, sizeof bits);
    return true;
}

bool rdb_double_text(struct slice *in, double *out)
{
    uint8_t len = 0;
    struct slice s = {0};
    if (!rdb_byte(in, &len) || len == 253) return false; /* 253 is NaN */
    if (len >= 254) {
        *out = len == 254 ? __builtin_inf() : -__builtin_inf();
        return true;
    }
    return take(in, len, &s) && slice_double(s, out);
}

/* --- feeds --- */

/* Cuts the head off what a total length in front and a 0xFF at the end frame. */
static bool feed_framed(struct rdb_feed *f, struct slice bytes, uint32_t head)
{
    uint64_t total = 0;
    f->in = bytes;
    if (!rdb_little(&f->in, 4, &total) || total != bytes.len || bytes.len < head + 1) return false;
    f->in = slice_make(bytes.p + head, bytes.len - head - 1);
    return (uint8_t)bytes.p[bytes.len - 1] == 0xFF;
}

bool rdb_feed_listpack(struct rdb_feed *f, struct slice bytes)
{
    f->kind = RDB_LISTPACK;
    return feed_framed(f, bytes, 6);
}

bool rdb_feed_ziplist(struct rdb_feed *f, struct slice bytes)
{
    f->kind = RDB_ZIPLIST;
    return feed_framed(f, bytes, 10);
}

bool rdb_feed_intset(struct rdb_feed *f, struct slice bytes)
{
    uint64_t width = 0;
    f->kind = RDB_INTSET;
    f->in = bytes;
    if (!rdb_little(&f->in, 4, &width) || !rdb_little(&f->in, 4, &f->left)) return false;
    f->width = (uint32_t)width;
    return (width == 2 || width == 4 || width == 8) && f->in.len == f->left * width;
}

/* 0: a string of *n bytes follows; else it was a number, or (bytes above 0) one follows. */
static bool listpack_head(struct slice *in, bool *is_int, int64_t *n)
{
    uint8_t head = 0, low = 0;
    uint64_t len = 0;
    if (!rdb_byte(in, &head)) return false;
    *is_int = true;
    if (head < 0x80) {
        *n = head;
        return true;
    }
    if (head >> 5 == 6) { /* 13 bits with a sign */
        if (!rdb_byte(in, &low)) return false;
        *n = (head & 31) << 8 | low;
        if (*n >= 4096) *n -= 8192;
        return true;
    }
    if (head >= 0xF1 && head <= 0xF4) return take_int(in, head == 0xF4 ? 8 : head - 0xEFU, n);
    *is_int = false;
    if (head >> 6 == 2) {
        *n = head & 63;
    } else if (head >> 4 == 14) {
        if (!rdb_byte(in, &low)) return false;
        *n = (head & 15) << 8 | low;
    } else {
        if (head != 0xF0 || !rdb_little(in, 4, &len)) return false;
        *n = (int64_t)len;
    }
    return true;
}

static bool ziplist_head(struct slice *in, bool *is_int, int64_t *n)
{
    uint8_t head = 0;
    uint64_t len = 0;
    if (!rdb_byte(in, &head) || head == 255) return false; /* the size of the one before */
    if (head == 254 && !rdb_little(in, 4, &len)) return false;
    if (!rdb_byte(in, &head)) return false;
    *is_int = head >> 6 == 3;
    if (!*is_int) {
        len = head & 63;
        uint64_t low = 0;
        if (head >> 6 == 1) {
            if (!rdb_big(in, 1, &low)) return false;
            len = len << 8 | low;
        }
        if (head >> 6 == 2 && !rdb_big(in, 4, &len)) return false;
        *n = (int64_t)len;
        return true;
    }
    switch (head) {
    case 0xC0:
        return take_int(in, 2, n);
    case 0xD0:
        return take_int(in, 4, n);
    case 0xE0:
        return take_int(in, 8, n);
    case 0xF0:
        return take_int(in, 3, n);
    case 0xFE:
        return take_int(in, 1, n);
    default:
        *n = (head & 15) - 1;
        return head >= 0xF1 && head <= 0xFD;
    }
}

static enum rdb_step next_packed(struct rdb_feed *f, char *text, struct slice *out)
{
    if (f->in.len == 0) return RDB_END;
    size_t before = f->in.len;
    bool is_int = false;
    int64_t n = 0;
    bool ok = f->kind == RDB_LISTPACK ? listpack_head(&f->in, &is_int, &n)
                                      : ziplist_head(&f->in, &is_int, &n);
    if (!ok) return RDB_BAD;
    if (is_int)
        *out = print(text, n);
    else if (!take(&f->in, (size_t)n, out))
        return RDB_BAD;
    struct slice back = {0};
    if (f->kind == RDB_LISTPACK && !take(&f->in, listpack_back(before - f->in.len), &back))
        return RDB_BAD;
    return RDB_ITEM;
}

enum rdb_step rdb_next(struct rdb_feed *f, char text[static RDB_TEXT], struct slice *out)
{
    int64_t n = 0;
    switch (f->kind) {
    case RDB_LISTPACK:
    case RDB_ZIPLIST:
        return next_packed(f, text, out);
    case RDB_INTSET:
        if (f->left == 0) return RDB_END;
        if (!take_int(&f->in, f->width, &n)) return RDB_BAD;
        *out = print(text, n);
        break;
    case RDB_STRINGS:
        if (f->left == 0) return RDB_END;
        if (!rdb_string(&f->in, f->arena, out)) return RDB_BAD;
        break;
    }
    f->left--;
    return RDB_ITEM;
}
