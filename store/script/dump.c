/* dump: FUNCTION DUMP and RESTORE, in the bytes that Redis 7 writes and reads.
 *
 * Layout: ( 0xF5 length code )* version:2 crc64:8, numbers little endian. A length is 6, 14,
 *         32 or 64 bits as in an RDB file; a code may be LZF-compressed when read.
 */
#include "host.h"

#include "base/mem.h"

enum { OP_FUNCTION2 = 0xF5, DUMP_VERSION = 10, DUMP_TAIL = 10, CODE_BYTES_MAX = 64 << 20 };

/* CRC-64 as Redis uses it: polynomial 0xad93d23594c935a9, reflected, no inversion. */
static uint64_t crc64(struct slice s)
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
    uint64_t crc = 0;
    for (size_t i = 0; i < s.len; i++)
        crc = table[(uint8_t)crc ^ (uint8_t)s.p[i]] ^ crc >> 8;
    return crc;
}

static void add_length(struct buf *out, uint64_t n)
{
    if (n < 64) {
        buf_add_char(out, (char)n);
    } else if (n < 16384) {
        buf_add_char(out, (char)(0x40 | n >> 8));
        buf_add_char(out, (char)(n & 255));
    } else {
        buf_add_char(out, (char)0x80);
        for (int shift = 24; shift >= 0; shift -= 8)
            buf_add_char(out, (char)(n >> shift & 255));
    }
}

static bool dump_one(struct slice key, void *value, void *data)
{
    (void)key;
    const struct library *l = value;
    struct buf *out = data;
    buf_add_char(out, (char)OP_FUNCTION2);
    add_length(out, l->code.len);
    buf_add_slice(out, l->code);
    return true;
}

/* FUNCTION DUMP */
void dump_functions(struct cmd *c)
{
    struct buf out = {0};
    map_each(&host_of(c)->libraries, dump_one, &out);
    buf_add_char(&out, DUMP_VERSION);
    buf_add_char(&out, 0);
    uint64_t crc = crc64(buf_slice(&out));
    buf_add(&out, &crc, sizeof crc);
    reply_bulk(c->reply, buf_slice(&out));
    buf_fini(&out);
}

/* ---- reading ---- */

static bool read_bytes(struct slice *in, size_t n, const uint8_t **p)
{
    if (in->len < n) return false;
    *p = (const uint8_t *)in->p;
    *in = slice_from(*in, n);
    return true;
}

/* A length; *special is true when it is the code of an encoding instead. */
static bool read_length(struct slice *in, uint64_t *n, bool *special)
{
    const uint8_t *p = NULL;
    *special = false;
    if (!read_bytes(in, 1, &p)) return false;
    uint32_t head = *p;
    *n = head & 63;
    if (head >> 6 == 0) return true;
    if (head >> 6 == 3) {
        *special = true;
        return true;
    }
    size_t more = head >> 6 == 1 ? 1 : head == 0x80 ? 4 : head == 0x81 ? 8 : 0;
    if (more == 0 || !read_bytes(in, more, &p)) return false;
    if (more > 1) *n = 0;
    for (size_t i = 0; i < more; i++)
        *n = *n << 8 | p[i];
    return true;
}

/* LZF: a head below 32 is a run of literals, else a copy from behind. */
static bool lzf_expand(struct slice in, char *out, size_t len)
{
    size_t at = 0;
    const uint8_t *p = NULL;
    while (in.len > 0) {
        (void)read_bytes(&in, 1, &p);
        size_t head = *p;
        if (head < 32) {
            size_t n = head + 1;
            if (!read_bytes(&in, n, &p) || len - at < n) return false;
            memcpy(out + at, p, n);
            at += n;
            continue;
        }
        size_t n = head >> 5;
        size_t back = (head & 31) << 8;
        if (n == 7) {
            if (!read_bytes(&in, 1, &p)) return false;
            n += *p;
        }
        if (!read_bytes(&in, 1, &p)) return false;
        back += (size_t)*p + 1;
        n += 2;
        if (back > at || len - at < n) return false;
        for (; n > 0; n--, at++)
            out[at] = out[at - back];
    }
    return at == len;
}

static bool read_code(struct cmd *c, struct slice *in, struct slice *code)
{
    uint64_t n = 0, len = 0;
    bool special = false;
    const uint8_t *p = NULL;
    if (!read_length(in, &n, &special)) return false;
    if (!special) {
        if (!read_bytes(in, n, &p)) return false;
        *code = slice_make(p, n);
        return true;
    }
    if (n != 3) return false; /* only LZF: a library is no number */
    if (!read_length(in, &n, &special) || special) return false;
    if (!read_length(in, &len, &special) || special || len > CODE_BYTES_MAX) return false;
    if (!read_bytes(in, n, &p)) return false;
    char *out = arena_alloc(c->arena, len + 1);
    *code = slice_make(out, len);
    return lzf_expand(slice_make(p, n), out, len);
}

enum restore { RESTORE_APPEND, RESTORE_REPLACE, RESTORE_FLUSH };

static bool read_policy(struct cmd *c, enum restore *policy)
{
    static const char *const names[] = {"APPEND", "REPLACE", "FLUSH"};
    *policy = RESTORE_APPEND;
    if (c->argc == 3) return true;
    for (uint32_t i = 0; i < 3 && c->argc == 4; i++) {
        if (!slice_word(c->argv[3], names[i])) continue;
        *policy = (enum restore)i;
        return true;
    }
    reply_error(c->reply, "ERR Wrong restore policy given, value should be either FLUSH, APPEND or "
                          "REPLACE.");
    return false;
}

static bool checked(struct slice payload)
{
    if (payload.len < DUMP_TAIL) return false;
    uint64_t crc = 0;
    const char *tail = payload.p + payload.len - DUMP_TAIL;
    uint32_t version = (uint8_t)tail[0] | (uint32_t)(uint8_t)tail[1] << 8;
    memcpy(&crc, tail + 2, sizeof crc);
    return version <= DUMP_VERSION && crc == crc64((struct slice){payload.p, payload.len - 8});
}

/* The codes in the payload, one arena array; -1 when it makes no sense. */
static int64_t read_codes(struct cmd *c, struct slice in, struct slice **codes)
{
    int64_t n = 0, cap = 8;
    *codes = arena_alloc(c->arena, (size_t)cap * sizeof **codes);
    while (in.len > 0) {
        const uint8_t *p = NULL;
        if (!read_bytes(&in, 1, &p) || *p != OP_FUNCTION2) return -1;
        if (n == cap) {
            struct slice *more = arena_alloc(c->arena, (size_t)cap * 2 * sizeof *more);
            memcpy(more, *codes, (size_t)n * sizeof *more);
            *codes = more;
            cap *= 2;
        }
        if (!read_code(c, &in, &(*codes)[n])) return -1;
        n++;
    }
    return n;
}

static bool keep(struct slice key, void *value, void *data)
{
    (void)key;
    const struct library *l = value;
    struct buf *out = data;
    buf_add(out, &l->code, sizeof l->code);
    return true;
}

/* Puts everything back as it was when a restore fails half-way. */
static void roll_back(struct cmd *c, const struct buf *before)
{
    struct host *h = host_of(c);
    function_drop_all(h);
    for (size_t at = 0; at < before->len; at += sizeof(struct slice)) {
        struct slice code, ignored;
        memcpy(&code, before->p + at, sizeof code);
        (void)function_library_load(c, code, true, &ignored);
    }
}

/* FUNCTION RESTORE payload [FLUSH|APPEND|REPLACE] */
void restore_functions(struct cmd *c)
{
    struct host *h = host_of(c);
    enum restore policy = RESTORE_APPEND;
    struct slice *codes = NULL;
    if (!read_policy(c, &policy)) return;
    if (!checked(c->argv[2])) {
        reply_error(c->reply, "ERR DUMP payload version or checksum are wrong");
        return;
    }
    struct slice body = {c->argv[2].p, c->argv[2].len - DUMP_TAIL};
    int64_t n = read_codes(c, body, &codes);
    if (n < 0) {
        reply_error(c->reply, "ERR failed loading functions payload");
        return;
    }
    struct buf before = {0}; /* the codes, copied: libraries may go meanwhile */
    map_each(&h->libraries, keep, &before);
    for (size_t at = 0; at < before.len; at += sizeof(struct slice)) {
        struct slice code;
        memcpy(&code, before.p + at, sizeof code);
        code = arena_copy(c->arena, code);
        memcpy(before.p + at, &code, sizeof code);
    }
    if (policy == RESTORE_FLUSH) function_drop_all(h);
    for (int64_t i = 0; i < n; i++) {
        struct slice error = {0};
        if (function_library_load(c, codes[i], policy == RESTORE_REPLACE, &error) != NULL) continue;
        roll_back(c, &before);
        buf_fini(&before);
        reply_error_slice(c->reply, error);
        return;
    }
    buf_fini(&before);
    reply_ok(c->reply);
    c->engine->dirty++;
    const struct slice flush[] = {SLICE("FUNCTION"), SLICE("FLUSH")};
    if (policy == RESTORE_FLUSH) cmd_effect(c, 2, flush);
    for (int64_t i = 0; i < n; i++) {
        const struct slice load[] = {SLICE("FUNCTION"), SLICE("LOAD"), SLICE("REPLACE"), codes[i]};
        cmd_effect(c, 4, load);
    }
    cmd_no_effect(c);
}
