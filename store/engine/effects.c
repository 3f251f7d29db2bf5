#include "effects.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/engine.h"

#include <math.h>
#include <stdio.h>

#define WHOLE_MAX 9007199254740992.0 /* 2^53 */
enum { KEEP = 64 * 1024, NUMBER_MAX = 10 };

void effects_reset(struct effects *e)
{
    if (e->bytes.cap > KEEP) buf_fini(&e->bytes);
    buf_clear(&e->bytes);
    e->count = 0;
    e->db = -1;
}

void effects_fini(struct effects *e)
{
    buf_fini(&e->bytes);
    *e = (struct effects){.db = -1};
}

/* Writes n at p and returns the place behind it. */
static char *put_number(char *p, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        *p++ = (char)(n | 0x80);
    *p++ = (char)n;
    return p;
}

static void add_number(struct buf *b, uint64_t n)
{
    char *p = buf_reserve(b, NUMBER_MAX);
    b->len += (size_t)(put_number(p, n) - p);
}

/* Writes an argument at p and returns the place behind it. */
static inline char *put_arg(char *p, struct slice s)
{
    p = put_number(p, s.len);
    if (s.len > 0) memcpy(p, s.p, s.len);
    return p + s.len;
}

void effects_begin(struct effects *e, uint32_t argc)
{
    must(argc > 0);
    add_number(&e->bytes, argc);
    e->count++;
}

void effects_arg(struct effects *e, struct slice s)
{
    char *p = buf_reserve(&e->bytes, NUMBER_MAX + s.len);
    e->bytes.len += (size_t)(put_arg(p, s) - p);
}

void effects_arg_cstr(struct effects *e, const char *s)
{
    effects_arg(e, slice_of(s));
}

void effects_arg_i64(struct effects *e, int64_t n)
{
    char text[24];
    effects_arg(e, slice_make(text, fmt_i64(text, n)));
}

/* Whole numbers, as geohashes are, cost a tenth in digits alone. */
void effects_arg_double(struct effects *e, double d)
{
    if (d > -WHOLE_MAX && d < WHOLE_MAX && d == (double)(int64_t)d && !(d == 0 && signbit(d))) {
        effects_arg_i64(e, (int64_t)d);
        return;
    }
    char text[40];
    effects_arg(e, slice_make(text, (size_t)snprintf(text, sizeof text, "%.17g", d)));
}

void effects_select(struct effects *e, uint32_t db)
{
    if (e->db == (int32_t)db) return;
    e->db = (int32_t)db;
    add_number(&e->bytes, 0);
    add_number(&e->bytes, db);
}

void effects_reserve(struct effects *e, struct slice key, uint64_t n)
{
    effects_begin(e, 3);
    e->count--;
    effects_arg_cstr(e, "RESERVE");
    effects_arg(e, key);
    effects_arg_i64(e, (int64_t)n);
}

void effects_add(struct effects *e, uint32_t db, uint32_t argc, const struct slice *argv)
{
    must(argc > 0);
    effects_select(e, db);
    size_t room = NUMBER_MAX;
    for (uint32_t i = 0; i < argc; i++)
        room += NUMBER_MAX + argv[i].len;
    char *p = buf_reserve(&e->bytes, room);
    char *to = put_number(p, argc);
    for (uint32_t i = 0; i < argc; i++)
        to = put_arg(to, argv[i]);
    e->bytes.len += (size_t)(to - p);
    e->count++;
}

static bool take_number(struct slice *rest, uint64_t *n)
{
    *n = 0;
    for (uint32_t i = 0; i < rest->len && i < NUMBER_MAX - 1; i++) {
        uint8_t byte = (uint8_t)rest->p[i];
        *n |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte >= 0x80) continue;
        *rest = slice_from(*rest, i + 1);
        return true;
    }
    return false;
}

static void argv_room(struct slice **argv, uint32_t *cap, uint64_t n)
{
    if (n <= *cap) return;
    *cap = n < 16 ? 16 : (uint32_t)n;
    *argv = mem_realloc(*argv, *cap * sizeof **argv);
}

static bool take_select(struct slice *rest, struct slice *argv)
{
    static const char *const numbers[] = {"0", "1", "2",  "3",  "4",  "5",  "6",  "7",
                                          "8", "9", "10", "11", "12", "13", "14", "15"};
    _Static_assert(sizeof numbers / sizeof numbers[0] == ENGINE_DBS, "a number each");
    uint64_t db = 0;
    if (!take_number(rest, &db) || db >= ENGINE_DBS) return false;
    argv[0] = SLICE("SELECT");
    argv[1] = slice_of(numbers[db]);
    return true;
}

bool effects_next(struct slice *rest, struct slice **argv, uint32_t *cap, uint32_t *argc)
{
    uint64_t count = 0;
    if (!take_number(rest, &count) || count > rest->len) return false;
    argv_room(argv, cap, count < 2 ? 2 : count);
    *argc = count == 0 ? 2 : (uint32_t)count;
    if (count == 0) return take_select(rest, *argv);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t len = 0;
        if (!take_number(rest, &len) || len > rest->len) return false;
        (*argv)[i] = slice_make(rest->p, len);
        *rest = slice_from(*rest, len);
    }
    return true;
}
