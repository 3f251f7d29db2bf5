/* hyperloglog: counting different elements; the strings are store/ds/hll.h's. */
#include "store/ds/hll.h"

#include "base/mem.h"
#include "store/cmd/cmd.h"
#include "store/type/string.h"

static const char CORRUPTED[] = "INVALIDOBJ Corrupted HLL object detected";

/* Looks a key up. False after a reply: it holds something else. *v is NULL when missing. */
static bool find_hll(struct cmd *c, struct slice key, bool write, struct value **v,
                     struct slice *out)
{
    char text[STRING_TEXT]; /* a number is never valid, so nobody keeps what is in it */
    enum err e =
        write ? db_find_write(c->db, key, VALUE_STRING, v) : db_find(c->db, key, VALUE_STRING, v);
    if (cmd_failed(c, e)) return false;
    if (*v == NULL) return true;
    struct slice s = string_get(*v, text);
    if (!hll_is_valid(s)) {
        reply_error(c->reply, "WRONGTYPE Key is not a valid HyperLogLog string value.");
        return false;
    }
    *out = s;
    return true;
}

/* One being changed: a dense string in place, a sparse one as a copy that is put back. */
struct edit {
    struct cmd *c;
    struct slice key;
    struct value *v; /* NULL: it is new */
    bool in_place;
    struct buf b;
};

static void edit_begin(struct edit *e, struct slice now)
{
    if (e->v == NULL) {
        hll_init(&e->b);
    } else if (hll_is_dense(now)) {
        struct value *moved = e->v;
        char *p = string_edit(&moved, now.len);
        if (moved != e->v) db_swap(e->c->db, e->key, moved);
        e->b = (struct buf){.p = p, .len = now.len, .cap = now.len};
        e->in_place = true;
    } else {
        buf_add_slice(&e->b, now);
    }
}

/* Puts the bytes under the key, whose expiry stays. */
static void edit_end(struct edit *e)
{
    if (e->in_place) return;
    if (e->v == NULL) {
        (void)db_put(e->c->db, e->key, string_new(buf_slice(&e->b)));
    } else {
        struct entry *entry = db_entry(e->c->db, e->key);
        entry->value = string_set(entry->value, buf_slice(&e->b));
    }
    buf_fini(&e->b);
}

/* How long a sparse one may be. While the log is replayed it decides nothing: the limit may
 * have been another one then, so growing dense is an effect of its own. */
static int64_t sparse_max(const struct cmd *c)
{
    return c->engine->loading ? INT64_MAX : value_limits.hll_sparse_max_bytes;
}

/* Says the whole string to the log if the limit made it dense. Call it before edit_end. */
static void edit_effect(const struct edit *e)
{
    if (e->in_place || !hll_is_dense(buf_slice(&e->b))) return;
    const struct slice set[] = {SLICE("SET"), e->key, buf_slice(&e->b), SLICE("KEEPTTL")};
    cmd_effect(e->c, sizeof set / sizeof set[0], set);
}

/* PFADD key [element …]: all or, when the string is corrupted, none */
void cmd_pfadd(struct cmd *c)
{
    struct edit e = {.c = c, .key = c->argv[1]};
    struct slice now = {0};
    if (!find_hll(c, e.key, true, &e.v, &now)) return;
    bool changed = e.v == NULL, corrupted = false;
    edit_begin(&e, now);
    for (uint32_t i = 2; i < c->argc && !corrupted; i++) {
        int raised = hll_add(&e.b, c->argv[i], sparse_max(c));
        changed |= raised > 0;
        corrupted = raised < 0;
    }
    if (corrupted) { /* a dense one never is, so nothing was changed in place */
        buf_fini(&e.b);
        reply_error(c->reply, CORRUPTED);
        return;
    }
    if (changed) {
        hll_cache_drop(e.b.p);
        edit_effect(&e);
    }
    edit_end(&e);
    if (changed) db_changed(c->db, e.key, NOTIFY_STRING, "pfadd");
    reply_int(c->reply, changed);
}

/* Raises max by every key from argv[1] on that exists; *dense: one of them is. False after a
 * reply. */
static bool merge_keys(struct cmd *c, uint8_t max[static HLL_REGISTERS], bool *dense)
{
    for (uint32_t i = 1; i < c->argc; i++) {
        struct value *v = NULL;
        struct slice s = {0};
        if (!find_hll(c, c->argv[i], false, &v, &s)) return false;
        if (v == NULL) continue;
        if (!hll_merge(max, s)) {
            reply_error(c->reply, CORRUPTED);
            return false;
        }
        *dense |= hll_is_dense(s);
    }
    return true;
}

/* Whether the log takes a change that a reading command makes on the side. */
static bool log_takes(const struct engine *e)
{
    return e->sink == NULL || e->sink->refuses == NULL || e->sink->refuses(e->sink->data) == NULL;
}

/* The count of one key is kept in its string, which is a change that is logged. */
static void count_one(struct cmd *c, struct slice key)
{
    struct value *v = NULL;
    struct slice s = {0};
    uint64_t count = 0;
    if (!find_hll(c, key, false, &v, &s)) return;
    if (v == NULL || hll_cached(s.p, &count)) {
        reply_int(c->reply, (int64_t)count);
        return;
    }
    uint8_t *registers = arena_zero(c->arena, HLL_REGISTERS, 1);
    if (!hll_merge(registers, s)) {
        reply_error(c->reply, CORRUPTED);
        return;
    }
    count = hll_count(registers);
    if (log_takes(c->engine)) {
        struct value *moved = v;
        hll_cache(string_edit(&moved, s.len), count);
        if (moved != v) db_swap(c->db, key, moved);
        db_changed(c->db, key, NOTIFY_STRING, NULL);
    }
    reply_int(c->reply, (int64_t)count);
}

/* PFCOUNT key [key …] */
void cmd_pfcount(struct cmd *c)
{
    if (c->argc == 2) {
        count_one(c, c->argv[1]);
        return;
    }
    uint8_t *max = arena_zero(c->arena, HLL_REGISTERS, 1);
    bool dense = false;
    if (merge_keys(c, max, &dense)) reply_int(c->reply, (int64_t)hll_count(max));
}

/* PFMERGE destination [key …]: the destination counts as one of them */
void cmd_pfmerge(struct cmd *c)
{
    struct edit e = {.c = c, .key = c->argv[1]};
    struct slice now = {0};
    uint8_t *max = arena_zero(c->arena, HLL_REGISTERS, 1);
    bool dense = false;
    if (!merge_keys(c, max, &dense)) return;
    (void)find_hll(c, e.key, true, &e.v, &now); /* it was looked at among the others */
    edit_begin(&e, now);
    bool whole = !dense || hll_to_dense(&e.b);
    for (uint32_t i = 0; whole && i < HLL_REGISTERS; i++)
        if (max[i] > 0) (void)hll_raise(&e.b, i, max[i], sparse_max(c));
    hll_cache_drop(e.b.p);
    edit_effect(&e);
    edit_end(&e);
    db_changed(c->db, e.key, NOTIFY_STRING, "pfadd");
    reply_ok(c->reply);
}

static void debug_registers(struct cmd *c, struct slice s)
{
    uint8_t *registers = arena_zero(c->arena, HLL_REGISTERS, 1);
    (void)hll_merge(registers, s);
    reply_array(c->reply, HLL_REGISTERS);
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        reply_int(c->reply, registers[i]);
}

static void debug_runs(struct cmd *c, struct slice s)
{
    struct buf text = {0};
    hll_print(s, &text);
    reply_bulk(c->reply, buf_slice(&text));
    buf_fini(&text);
}

/* PFDEBUG GETREG|DECODE|ENCODING|TODENSE key */
void cmd_pfdebug(struct cmd *c)
{
    struct edit e = {.c = c, .key = c->argv[2]};
    struct slice what = c->argv[1], now = {0};
    if (!find_hll(c, e.key, true, &e.v, &now)) return;
    if (e.v == NULL) {
        reply_error(c->reply, "ERR The specified key does not exist");
        return;
    }
    bool dense = hll_is_dense(now);
    bool get = slice_word(what, "GETREG"), to_dense = slice_word(what, "TODENSE");
    if (slice_word(what, "DECODE")) {
        if (dense)
            reply_error(c->reply, "ERR HLL encoding is not sparse");
        else
            debug_runs(c, now);
    } else if (slice_word(what, "ENCODING")) {
        reply_status(c->reply, dense ? "dense" : "sparse");
    } else if (!get && !to_dense) {
        reply_errorf(c->reply, "ERR Unknown PFDEBUG subcommand '%.*s'",
                     (int)(what.len < 128 ? what.len : 128), what.p);
    } else {
        edit_begin(&e, now);
        bool whole = hll_to_dense(&e.b);
        if (!whole)
            reply_error(c->reply, CORRUPTED);
        else if (get)
            debug_registers(c, buf_slice(&e.b));
        else
            reply_int(c->reply, !dense);
        edit_end(&e);
        if (whole && !dense) db_changed(c->db, e.key, NOTIFY_STRING, NULL);
    }
}
