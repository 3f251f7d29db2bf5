/* dump: FUNCTION DUMP and RESTORE, in the bytes that Redis 7 writes and reads.
 *
 * Layout: ( 0xF5 code )* and the tail of any DUMP payload; a code is a string of an RDB file
 *         (store/ds/rdb.h).
 */
#include "host.h"

#include "store/ds/rdb.h"

enum { OP_FUNCTION2 = 0xF5 };

static bool dump_one(struct slice key, void *value, void *data)
{
    (void)key;
    const struct library *l = value;
    struct buf *out = data;
    buf_add_char(out, (char)OP_FUNCTION2);
    rdb_add_string(out, l->code);
    return true;
}

/* FUNCTION DUMP */
void dump_functions(struct cmd *c)
{
    struct buf out = {0};
    map_each(&host_of(c)->libraries, dump_one, &out);
    rdb_seal(&out);
    reply_bulk(c->reply, buf_slice(&out));
    buf_fini(&out);
}

/* ---- reading ---- */

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

/* The codes in the payload, one arena array; -1 when it makes no sense. */
static int64_t read_codes(struct cmd *c, struct slice in, struct slice **codes)
{
    int64_t n = 0, cap = 8;
    *codes = arena_alloc(c->arena, (size_t)cap * sizeof **codes);
    while (in.len > 0) {
        uint8_t op = 0;
        if (!rdb_byte(&in, &op) || op != OP_FUNCTION2) return -1;
        if (n == cap) {
            struct slice *more = arena_alloc(c->arena, (size_t)cap * 2 * sizeof *more);
            memcpy(more, *codes, (size_t)n * sizeof *more);
            *codes = more;
            cap *= 2;
        }
        if (!rdb_string(&in, c->arena, &(*codes)[n])) return -1;
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
    struct slice body = {0};
    if (!rdb_open(c->argv[2], &body)) {
        reply_error(c->reply, "ERR DUMP payload version or checksum are wrong");
        return;
    }
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
