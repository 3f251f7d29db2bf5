/* lcs: the longest common subsequence of two strings. */
#include "store/cmd/cmd.h"
#include "store/type/string.h"

#include "base/mem.h"

struct lcs {
    struct slice a, b;
    uint32_t *len; /* (a.len + 1) x (b.len + 1): of the common subsequence of two prefixes */
    bool want_idx, want_len, with_match_len;
    int64_t min_match;
};

static uint32_t *cell(const struct lcs *l, size_t i, size_t j)
{
    return &l->len[i * (l->b.len + 1) + j];
}

static void fill(struct lcs *l)
{
    for (size_t i = 1; i <= l->a.len; i++) {
        for (size_t j = 1; j <= l->b.len; j++) {
            uint32_t up = *cell(l, i - 1, j), left = *cell(l, i, j - 1);
            *cell(l, i, j) = l->a.p[i - 1] == l->b.p[j - 1] ? *cell(l, i - 1, j - 1) + 1
                             : up > left                    ? up
                                                            : left;
        }
    }
}

/* Walks back from the end: writes the subsequence to out (NULL: not wanted), and the runs that
 * lie together in both strings to the reply. Returns the number of runs. */
static uint64_t walk(struct cmd *c, const struct lcs *l, char *out)
{
    uint64_t runs = 0;
    size_t i = l->a.len, j = l->b.len, at = *cell(l, i, j);
    size_t run = 0;
    while (true) {
        bool same = i > 0 && j > 0 && l->a.p[i - 1] == l->b.p[j - 1];
        if (same) {
            at--;
            if (out != NULL) out[at] = l->a.p[i - 1];
            run++;
            i--;
            j--;
            continue;
        }
        if (run > 0 && l->want_idx && (int64_t)run >= l->min_match) {
            reply_array(c->reply, l->with_match_len ? 3 : 2);
            reply_array(c->reply, 2);
            reply_int(c->reply, (int64_t)i);
            reply_int(c->reply, (int64_t)(i + run - 1));
            reply_array(c->reply, 2);
            reply_int(c->reply, (int64_t)j);
            reply_int(c->reply, (int64_t)(j + run - 1));
            if (l->with_match_len) reply_int(c->reply, (int64_t)run);
            runs++;
        }
        run = 0;
        if (i == 0 || j == 0) break;
        if (*cell(l, i - 1, j) > *cell(l, i, j - 1))
            i--;
        else
            j--;
    }
    return runs;
}

static void lcs_args(struct cmd *c, struct lcs *l)
{
    struct args *a = c->args;
    a->at = 3;
    while (args_ok(a) && args_left(a) > 0) {
        if (args_maybe(a, "IDX"))
            l->want_idx = true;
        else if (args_maybe(a, "LEN"))
            l->want_len = true;
        else if (args_maybe(a, "WITHMATCHLEN"))
            l->with_match_len = true;
        else if (args_left(a) > 1 && args_maybe(a, "MINMATCHLEN"))
            args_i64(a, &l->min_match);
        else
            args_syntax(a);
    }
    if (l->want_idx && l->want_len)
        args_fail(a, "ERR If you want both the length and indexes, please just use IDX.");
}

/* LCS key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN] */
void cmd_lcs(struct cmd *c)
{
    struct lcs l = {0};
    struct value *a = NULL, *b = NULL;
    char text_a[STRING_TEXT], text_b[STRING_TEXT];
    if (db_find(c->db, c->argv[1], VALUE_STRING, &a) != ERR_OK ||
        db_find(c->db, c->argv[2], VALUE_STRING, &b) != ERR_OK) {
        reply_error(c->reply, "ERR The specified keys must contain string values");
        return;
    }
    lcs_args(c, &l);
    if (!args_check(c->args, c->reply)) return;
    if (a != NULL) l.a = string_get(a, text_a);
    if (b != NULL) l.b = string_get(b, text_b);
    uint64_t bytes = (l.a.len + 1) * (l.b.len + 1) * sizeof *l.len;
    if (bytes > (uint64_t)c->engine->config.proto_max_bulk_len) {
        reply_error(c->reply, "ERR Insufficient memory, transient memory for LCS exceeds "
                              "proto-max-bulk-len");
        return;
    }
    l.len = mem_calloc((l.a.len + 1) * (l.b.len + 1), sizeof *l.len);
    fill(&l);
    uint32_t total = *cell(&l, l.a.len, l.b.len);
    if (l.want_idx) {
        reply_map(c->reply, 2);
        reply_cstr(c->reply, "matches");
        size_t head = reply_later(c->reply);
        reply_later_end(c->reply, head, '*', walk(c, &l, NULL));
        reply_cstr(c->reply, "len");
        reply_int(c->reply, total);
    } else if (l.want_len) {
        reply_int(c->reply, total);
    } else {
        char *out = mem_alloc(total);
        (void)walk(c, &l, out);
        reply_bulk(c->reply, slice_make(out, total));
        mem_free(out);
    }
    mem_free(l.len);
}
