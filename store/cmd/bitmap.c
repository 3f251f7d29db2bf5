/* bitmap: commands on the bits of strings. */
#include "bitmap.h"

#include "store/type/string.h"

void bitmap_args_offset(struct cmd *c, uint32_t field_bits, uint64_t *out)
{
    struct slice s = {0};
    int64_t n = 0;
    args_slice(c->args, &s);
    if (!args_ok(c->args)) return;
    bool counted = field_bits > 0 && s.len > 0 && s.p[0] == '#';
    bool bad = !slice_i64(counted ? slice_from(s, 1) : s, &n);
    if (counted) bad |= __builtin_mul_overflow(n, (int64_t)field_bits, &n);
    int64_t bytes_max = c->engine->loading ? UINT32_MAX : c->engine->config.proto_max_bulk_len;
    if (bytes_max > UINT32_MAX) bytes_max = UINT32_MAX;
    if (bad || n < 0 || n >> 3 >= bytes_max)
        args_fail(c->args, "ERR bit offset is not an integer or out of range");
    else
        *out = (uint64_t)n;
}

uint8_t *bitmap_edit(struct cmd *c, struct slice key, uint64_t bit, bool *grew)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find_write(c->db, key, VALUE_STRING, &v))) return NULL;
    *grew = v == NULL;
    if (v == NULL) {
        v = string_new((struct slice){0});
        (void)db_put(c->db, key, v);
    }
    size_t len = string_len(v);
    size_t need = (size_t)(bit >> 3) + 1;
    *grew |= need > len;
    struct value *moved = v;
    char *p = string_edit(&moved, need > len ? need : len);
    if (moved != v) db_swap(c->db, key, moved);
    return (uint8_t *)p;
}

/* The bytes of a string key, empty when it is missing; *found says which. False after a
 * reply: the key holds another type. */
static bool find_bytes(struct cmd *c, struct slice key, char text[static STRING_TEXT], bool *found,
                       struct slice *out)
{
    struct value *v = NULL;
    if (cmd_failed(c, db_find(c->db, key, VALUE_STRING, &v))) return false;
    *out = v == NULL ? (struct slice){0} : string_get(v, text);
    if (found != NULL) *found = v != NULL;
    return true;
}

static bool bit_at(struct slice s, uint64_t bit)
{
    if (bit >> 3 >= s.len) return false;
    return ((uint8_t)s.p[bit >> 3] >> (7 - (bit & 7)) & 1) != 0;
}

/* SETBIT key offset bit */
void cmd_setbit(struct cmd *c)
{
    struct slice key = {0}, word = {0};
    uint64_t at = 0;
    int64_t on = 0;
    bool grew = false;
    args_key(c->args, &key);
    bitmap_args_offset(c, 0, &at);
    args_slice(c->args, &word);
    if (args_ok(c->args) && (!slice_i64(word, &on) || on < 0 || on > 1))
        args_fail(c->args, "ERR bit is not an integer or out of range");
    if (!args_end(c->args, c->reply)) return;

    uint8_t *p = bitmap_edit(c, key, at, &grew);
    if (p == NULL) return;
    uint8_t mask = (uint8_t)(1U << (7 - (at & 7)));
    bool was = (p[at >> 3] & mask) != 0;
    p[at >> 3] = (uint8_t)(on != 0 ? p[at >> 3] | mask : p[at >> 3] & ~mask);
    if (grew || was != (on != 0)) db_changed(c->db, key, NOTIFY_STRING, "setbit");
    reply_int(c->reply, was);
}

/* GETBIT key offset */
void cmd_getbit(struct cmd *c)
{
    struct slice key = {0}, s = {0};
    char text[STRING_TEXT];
    uint64_t at = 0;
    args_key(c->args, &key);
    bitmap_args_offset(c, 0, &at);
    if (!args_end(c->args, c->reply)) return;
    if (find_bytes(c, key, text, NULL, &s)) reply_int(c->reply, bit_at(s, at));
}

/* A range of bits [from, to), which may be empty. */
struct bits {
    uint64_t from, to;
};

/* Cuts a range of numbers that may count from the end to what a string of `total` units has;
 * true unless it is empty. */
static bool cut(int64_t *start, int64_t *end, int64_t total)
{
    if (*start < 0) *start += total;
    if (*end < 0) *end += total;
    if (*start < 0) *start = 0;
    if (*end < 0) *end = 0;
    if (*end >= total) *end = total - 1;
    return *start <= *end;
}

/* The word that says what a range counts. */
static void args_unit(struct args *a, bool *in_bits)
{
    *in_bits = args_maybe(a, "BIT");
    if (!*in_bits) args_word(a, "BYTE");
}

static struct bits bits_of(int64_t start, int64_t end, bool in_bits)
{
    int shift = in_bits ? 0 : 3;
    return (struct bits){(uint64_t)start << shift, (uint64_t)(end + 1) << shift};
}

static uint64_t count_bits(struct slice s, struct bits r)
{
    uint64_t n = 0;
    for (; r.from < r.to && (r.from & 7) != 0; r.from++)
        n += bit_at(s, r.from);
    for (; r.from < r.to && (r.to & 7) != 0; r.to--)
        n += bit_at(s, r.to - 1);
    size_t at = (size_t)(r.from >> 3), end = (size_t)(r.to >> 3);
    for (; at + 8 <= end; at += 8) {
        uint64_t word = 0;
        memcpy(&word, s.p + at, sizeof word);
        n += (uint64_t)__builtin_popcountll(word);
    }
    for (; at < end; at++)
        n += (uint64_t)__builtin_popcount((uint8_t)s.p[at]);
    return n;
}

/* BITCOUNT key [start end [BYTE|BIT]] */
void cmd_bitcount(struct cmd *c)
{
    struct args *a = c->args;
    struct slice key = {0}, s = {0};
    char text[STRING_TEXT];
    bool found = false, in_bits = false;
    int64_t start = 0, end = -1;
    args_key(a, &key);
    if (!find_bytes(c, key, text, &found, &s)) return;
    if (!found) { /* Redis looks no further either */
        reply_int(c->reply, 0);
        return;
    }
    bool crossed = false;
    if (c->argc == 4 || c->argc == 5) {
        args_i64(a, &start);
        args_i64(a, &end);
        crossed = start < 0 && end < 0 && start > end;
        if (args_ok(a) && crossed) a->at = c->argc;
        if (!crossed && c->argc == 5) args_unit(a, &in_bits);
    }
    if (!args_end(a, c->reply)) return;
    if (crossed || !cut(&start, &end, (int64_t)s.len << (in_bits ? 3 : 0)))
        reply_int(c->reply, 0);
    else
        reply_int(c->reply, (int64_t)count_bits(s, bits_of(start, end, in_bits)));
}

/* The first bit of the range that is `bit`, or r.to. Bytes that hold none are skipped. */
static uint64_t find_bit(struct slice s, struct bits r, bool bit)
{
    uint8_t none = bit ? 0 : 255;
    uint64_t at = r.from;
    while (at < r.to) {
        if ((at & 7) == 0 && (uint8_t)s.p[at >> 3] == none) {
            at += 8;
            continue;
        }
        if (bit_at(s, at) == bit) return at;
        at++;
    }
    return r.to;
}

/* BITPOS key bit [start [end [BYTE|BIT]]]
 *
 * A string goes on with zeros behind its end, so a clear bit is always found unless an end
 * was given. */
void cmd_bitpos(struct cmd *c)
{
    struct args *a = c->args;
    struct slice key = {0}, s = {0};
    char text[STRING_TEXT];
    bool found = false, in_bits = false;
    int64_t bit = 0, start = 0, end = -1;
    args_key(a, &key);
    args_i64(a, &bit);
    if (args_ok(a) && bit != 0 && bit != 1) args_fail(a, "ERR The bit argument must be 1 or 0.");
    if (!args_check(a, c->reply) || !find_bytes(c, key, text, &found, &s)) return;
    if (!found) {
        reply_int(c->reply, bit != 0 ? -1 : 0);
        return;
    }
    if (c->argc > 6) args_syntax(a);
    if (c->argc > 3) args_i64(a, &start);
    if (c->argc == 6) { /* the word is looked at before the end is, as Redis does */
        uint32_t end_at = a->at++;
        args_unit(a, &in_bits);
        if (args_ok(a)) a->at = end_at;
    }
    if (c->argc > 4) args_i64(a, &end);
    if (c->argc == 6 && args_ok(a)) a->at = c->argc;
    if (!args_end(a, c->reply)) return;

    if (!cut(&start, &end, (int64_t)s.len << (in_bits ? 3 : 0))) {
        reply_int(c->reply, -1);
        return;
    }
    struct bits r = bits_of(start, end, in_bits);
    uint64_t at = find_bit(s, r, bit != 0);
    bool none = at >= r.to && (bit != 0 || c->argc > 4);
    reply_int(c->reply, none ? -1 : (int64_t)(at >= r.to ? r.to : at));
}

enum bitop { BITOP_AND, BITOP_OR, BITOP_XOR, BITOP_NOT, BITOPS };

static bool bitop_of(struct slice word, enum bitop *op)
{
    static const char *const names[BITOPS] = {"AND", "OR", "XOR", "NOT"};
    for (uint32_t i = 0; i < BITOPS; i++) {
        if (!slice_word(word, names[i])) continue;
        *op = (enum bitop)i;
        return true;
    }
    return false;
}

/* Combines s into out, which is len >= s.len bytes; s counts as zeros behind its end. */
static void combine(enum bitop op, uint8_t *out, size_t len, struct slice s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    switch (op) {
    case BITOP_AND:
        for (size_t i = 0; i < s.len; i++)
            out[i] &= p[i];
        memset(out + s.len, 0, len - s.len);
        break;
    case BITOP_OR:
        for (size_t i = 0; i < s.len; i++)
            out[i] |= p[i];
        break;
    case BITOP_XOR:
        for (size_t i = 0; i < s.len; i++)
            out[i] ^= p[i];
        break;
    case BITOP_NOT:
    case BITOPS:
        for (size_t i = 0; i < s.len; i++)
            out[i] = (uint8_t)~p[i];
        break;
    }
}

/* BITOP AND|OR|XOR|NOT destination key [key …] */
void cmd_bitop(struct cmd *c)
{
    enum bitop op = BITOP_AND;
    struct slice target = c->argv[2];
    if (!bitop_of(c->argv[1], &op)) {
        reply_err(c->reply, ERR_SYNTAX);
        return;
    }
    if (op == BITOP_NOT && c->argc != 4) {
        reply_error(c->reply, "ERR BITOP NOT must be called with a single source key.");
        return;
    }
    uint32_t n = c->argc - 3;
    struct slice *from = arena_array(c->arena, n, struct slice);
    char(*texts)[STRING_TEXT] = arena_alloc(c->arena, (size_t)n * sizeof *texts);
    uint32_t longest = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!find_bytes(c, c->argv[3 + i], texts[i], NULL, &from[i])) return;
        if (from[i].len > from[longest].len) longest = i;
    }
    size_t len = from[longest].len;
    if (len == 0) {
        if (db_del(c->db, target)) db_changed(c->db, target, NOTIFY_GENERIC, "del");
        reply_int(c->reply, 0);
        return;
    }
    /* In the place where it stays: of what a huge one takes, most is getting the memory. */
    struct value *v = string_new(from[longest]);
    uint8_t *out = (uint8_t *)string_edit(&v, len);
    for (uint32_t i = 0; i < n; i++)
        if (op == BITOP_NOT || i != longest) combine(op, out, len, from[i]);
    (void)db_put(c->db, target, v);
    db_changed(c->db, target, NOTIFY_STRING, "set");
    reply_int(c->reply, (int64_t)len);
}
