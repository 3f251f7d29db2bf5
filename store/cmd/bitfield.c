/* bitfield: whole numbers of any width up to 64 bits, at any bit of a string. */
#include "bitmap.h"

#include "store/type/string.h"

enum field_op { FIELD_GET, FIELD_SET, FIELD_INCRBY };
enum field_overflow { FIELD_WRAP, FIELD_SAT, FIELD_FAIL };

struct field {
    enum field_op op;
    enum field_overflow overflow;
    bool is_signed;
    uint32_t bits; /* 1 to 64, unsigned 63 */
    uint64_t at;   /* its highest bit */
    int64_t by;    /* of SET and INCRBY */
};

/* i1 to i64, u1 to u63 */
static void args_type(struct args *a, struct field *f)
{
    struct slice s = {0};
    int64_t bits = 0;
    args_slice(a, &s);
    if (!args_ok(a)) return;
    bool known = s.len > 1 && (s.p[0] == 'i' || s.p[0] == 'u');
    f->is_signed = known && s.p[0] == 'i';
    if (!known || !slice_i64(slice_from(s, 1), &bits) || bits < 1 ||
        bits > (f->is_signed ? 64 : 63)) {
        args_fail(a, "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not "
                     "supported but i64 is.");
        return;
    }
    f->bits = (uint32_t)bits;
}

static void args_overflow(struct args *a, enum field_overflow *overflow)
{
    if (args_maybe(a, "WRAP"))
        *overflow = FIELD_WRAP;
    else if (args_maybe(a, "SAT"))
        *overflow = FIELD_SAT;
    else if (args_maybe(a, "FAIL"))
        *overflow = FIELD_FAIL;
    else
        args_fail(a, "ERR Invalid OVERFLOW type specified");
}

/* All operations of the command, in an arena array; returns their number. */
static uint32_t args_fields(struct cmd *c, struct field **out)
{
    struct args *a = c->args;
    struct field *fields = arena_array(c->arena, c->argc, struct field);
    enum field_overflow overflow = FIELD_WRAP;
    uint32_t n = 0;
    while (args_ok(a) && args_left(a) > 0) {
        struct field *f = &fields[n];
        if (args_left(a) >= 2 && args_maybe(a, "OVERFLOW")) {
            args_overflow(a, &overflow);
            continue;
        }
        if (args_left(a) >= 3 && args_maybe(a, "GET"))
            f->op = FIELD_GET;
        else if (args_left(a) >= 4 && args_maybe(a, "SET"))
            f->op = FIELD_SET;
        else if (args_left(a) >= 4 && args_maybe(a, "INCRBY"))
            f->op = FIELD_INCRBY;
        else
            args_syntax(a);
        args_type(a, f);
        bitmap_args_offset(c, f->bits, &f->at);
        if (f->op != FIELD_GET) args_i64(a, &f->by);
        f->overflow = overflow;
        n++;
    }
    *out = fields;
    return n;
}

static int64_t field_read(struct slice s, const struct field *f)
{
    uint64_t v = 0;
    for (uint64_t at = f->at; at < f->at + f->bits; at++) {
        uint32_t byte = at >> 3 < s.len ? (uint8_t)s.p[at >> 3] : 0;
        v = v << 1 | (byte >> (7 - (at & 7)) & 1U);
    }
    if (f->is_signed && f->bits < 64 && (v >> (f->bits - 1) & 1) != 0) v |= UINT64_MAX << f->bits;
    return (int64_t)v;
}

static void field_write(uint8_t *p, const struct field *f, int64_t value)
{
    for (uint32_t i = 0; i < f->bits; i++) {
        uint64_t at = f->at + i;
        uint8_t mask = (uint8_t)(1U << (7 - (at & 7)));
        bool on = ((uint64_t)value >> (f->bits - 1 - i) & 1) != 0;
        p[at >> 3] = (uint8_t)(on ? p[at >> 3] | mask : p[at >> 3] & ~mask);
    }
}

/* value + by as the field can hold it; true when it could not be held as it is. SET adds 0,
 * and reads its value as without a sign when the field has none. */
static bool field_sum(const struct field *f, int64_t value, int64_t by, int64_t *out)
{
    bool huge = !f->is_signed && value < 0; /* beyond any unsigned field */
    uint32_t digits = f->bits - (f->is_signed ? 1 : 0);
    int64_t max = (int64_t)((1ULL << digits) - 1); /* digits is at most 63 */
    int64_t min = f->is_signed ? -max - 1 : 0;
    int64_t sum = 0;
    bool up = false, down = false;
    if (__builtin_add_overflow(value, by, &sum)) {
        up = by > 0;
        down = !up;
    } else {
        /* The room from value up to max overflows in Redis for the least numbers, so it takes
         * SET of them as too high: the same here. */
        bool no_room = f->is_signed && f->bits < 64 && value < max - INT64_MAX;
        up = huge || no_room || sum > max;
        down = !up && sum < min;
    }
    *out = sum;
    if (!up && !down) return false;
    if (f->overflow == FIELD_SAT) {
        *out = up ? max : min;
        return true;
    }
    uint64_t low = (uint64_t)value + (uint64_t)by;
    if (f->bits < 64) {
        low &= ~(UINT64_MAX << f->bits);
        if (f->is_signed && (low >> (f->bits - 1)) != 0) low |= UINT64_MAX << f->bits;
    }
    *out = (int64_t)low;
    return true;
}

/* Runs one SET or INCRBY. False when it failed or wrote what was there already. */
static bool field_change(struct cmd *c, uint8_t *p, struct slice s, const struct field *f,
                         bool grew)
{
    int64_t old = field_read(s, f), next = 0;
    bool set = f->op == FIELD_SET;
    bool over = field_sum(f, set ? f->by : old, set ? 0 : f->by, &next);
    if (over && f->overflow == FIELD_FAIL) {
        reply_null(c->reply);
        return false;
    }
    field_write(p, f, next);
    reply_int(c->reply, set ? old : next);
    return grew || old != next;
}

static void run_reads(struct cmd *c, struct slice key, const struct field *fields, uint32_t n)
{
    struct value *v = NULL;
    char text[STRING_TEXT];
    if (cmd_failed(c, db_find(c->db, key, VALUE_STRING, &v))) return;
    struct slice s = v == NULL ? (struct slice){0} : string_get(v, text);
    reply_array(c->reply, n);
    for (uint32_t i = 0; i < n; i++)
        reply_int(c->reply, field_read(s, &fields[i]));
}

static void bitfield(struct cmd *c, bool only_reads)
{
    struct slice key = {0};
    struct field *fields = NULL;
    args_key(c->args, &key);
    uint32_t n = args_fields(c, &fields);
    if (!args_end(c->args, c->reply)) return;
    bool writes = false;
    uint64_t last = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (fields[i].op == FIELD_GET) continue;
        writes = true;
        uint64_t end = fields[i].at + fields[i].bits - 1;
        if (end > last) last = end;
    }
    if (!writes) {
        run_reads(c, key, fields, n);
        return;
    }
    if (only_reads) {
        reply_error(c->reply, "ERR BITFIELD_RO only supports the GET subcommand");
        return;
    }
    bool grew = false, wrote = false;
    uint8_t *p = bitmap_edit(c, key, last, &grew);
    if (p == NULL) return;
    struct value *v = NULL;
    (void)db_find_write(c->db, key, VALUE_STRING, &v);
    struct slice s = slice_make(p, string_len(v));
    reply_array(c->reply, n);
    for (uint32_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];
        if (f->op == FIELD_GET) {
            reply_int(c->reply, field_read(s, f));
            continue;
        }
        wrote |= field_change(c, p, s, f, grew);
    }
    /* Grown without a write, because all failed: the log wants to know, nobody else does. */
    if (wrote)
        db_changed(c->db, key, NOTIFY_STRING, "setbit");
    else if (grew)
        db_log(c->db, key);
}

/* BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET|INCRBY type offset value …] */
void cmd_bitfield(struct cmd *c)
{
    bitfield(c, false);
}

/* BITFIELD_RO key [GET type offset …] */
void cmd_bitfield_ro(struct cmd *c)
{
    bitfield(c, true);
}
