/* stream: XADD, XLEN, XRANGE, XREVRANGE, XDEL, XTRIM, XSETID. */
#include "stream.h"

/* ---- what the family shares ---- */

bool stream_id_read(struct slice text, uint64_t seq_default, struct stream_id *id)
{
    if (slice_is(text, "-")) {
        *id = STREAM_ID_MIN;
        return true;
    }
    if (slice_is(text, "+")) {
        *id = STREAM_ID_MAX;
        return true;
    }
    return stream_id_parse(text, seq_default, id, NULL);
}

bool stream_id_strict(struct cmd *c, struct slice text, uint64_t seq_default, struct stream_id *id)
{
    if (stream_id_parse(text, seq_default, id, NULL)) return true;
    reply_err(c->reply, ERR_STREAM_ID);
    return false;
}

static bool read_end(struct cmd *c, struct slice text, uint64_t seq_default, bool *open,
                     struct stream_id *id)
{
    *open = text.len > 1 && text.p[0] == '(';
    if (*open) return stream_id_strict(c, slice_from(text, 1), seq_default, id);
    if (stream_id_read(text, seq_default, id)) return true;
    reply_err(c->reply, ERR_STREAM_ID);
    return false;
}

bool stream_id_from(struct cmd *c, struct slice text, struct stream_id *id)
{
    bool open = false;
    if (!read_end(c, text, 0, &open, id)) return false;
    if (!open || stream_id_next(id)) return true;
    reply_error(c->reply, "ERR invalid start ID for the interval");
    return false;
}

bool stream_id_to(struct cmd *c, struct slice text, struct stream_id *id)
{
    bool open = false;
    if (!read_end(c, text, UINT64_MAX, &open, id)) return false;
    if (!open || stream_id_prev(id)) return true;
    reply_error(c->reply, "ERR invalid end ID for the interval");
    return false;
}

bool stream_number(struct cmd *c, struct slice text, const char *line, int64_t *n)
{
    if (slice_i64(text, n)) return true;
    if (line != NULL)
        reply_error(c->reply, line);
    else
        reply_err(c->reply, ERR_NOT_INT);
    return false;
}

bool stream_find(struct cmd *c, uint32_t at, bool write, struct stream **s)
{
    struct value *v = NULL;
    enum err e = write ? db_find_write(c->db, c->argv[at], VALUE_STREAM, &v)
                       : db_find(c->db, c->argv[at], VALUE_STREAM, &v);
    if (cmd_failed(c, e)) return false;
    *s = stream_of(v);
    return true;
}

bool stream_find_group(struct cmd *c, uint32_t key_at, uint32_t group_at, struct stream **s,
                       struct group **g)
{
    if (!stream_find(c, key_at, true, s)) return false;
    *g = *s == NULL ? NULL : stream_group_find(*s, c->argv[group_at]);
    if (*g != NULL) return true;
    struct slice key = c->argv[key_at], group = c->argv[group_at];
    reply_errorf(c->reply, "NOGROUP No such key '%.*s' or consumer group '%.*s'", (int)key.len,
                 key.p, (int)group.len, group.p);
    return false;
}

bool stream_log_only(struct cmd *c)
{
    if ((c->session->flags & SESSION_REPLAY) != 0) return true;
    reply_error(c->reply, "ERR this command is for the store's own log only");
    return false;
}

void stream_log_seen(struct cmd *c, struct slice key, struct slice group,
                     const struct consumer *consumer)
{
    const struct slice effect[] = {SLICE("XPENDINGSET"), key, group, consumer->name,
                                   stream_number_text(c, consumer->seen_ms)};
    db_log(c->db, key);
    cmd_effect(c, 5, effect);
}

void stream_reply_id(struct reply *r, struct stream_id id)
{
    char text[STREAM_ID_TEXT];
    size_t n = stream_id_format(id, text);
    reply_bulk(r, slice_make(text, n));
}

void stream_reply_entry(struct reply *r, struct stream_entry *e)
{
    reply_array(r, 2);
    stream_reply_id(r, e->id);
    reply_array(r, 2 * (uint64_t)e->fields);
    while (e->fields > 0) {
        struct slice name, value;
        stream_entry_pair(e, &name, &value);
        reply_bulk(r, name);
        reply_bulk(r, value);
    }
}

struct slice stream_id_text(struct cmd *c, struct stream_id id)
{
    char *text = arena_alloc(c->arena, STREAM_ID_TEXT);
    return slice_make(text, stream_id_format(id, text));
}

struct slice stream_number_text(struct cmd *c, int64_t n)
{
    char *text = arena_alloc(c->arena, 24);
    return slice_make(text, fmt_i64(text, n));
}

/* ---- XADD and XTRIM ---- */

/* The options that both commands read. */
struct add_args {
    bool trim, trim_at_all;
    struct streamlog_trim how;
    bool no_mkstream;
    bool auto_id, auto_seq;
    struct stream_id id;
    uint32_t id_at; /* of XADD's id in argv */
};

static bool parse_trim(struct cmd *c, bool by_id, uint32_t *at, struct add_args *a)
{
    uint32_t i = *at;
    if (a->trim) {
        reply_error(c->reply, "ERR syntax error, MAXLEN and MINID options at the same time are "
                              "not compatible");
        return false;
    }
    bool two_more = c->argc - 1 - i >= 2;
    a->how.approx = two_more && slice_is(c->argv[i + 1], "~");
    if (a->how.approx || (two_more && slice_is(c->argv[i + 1], "="))) i++;
    a->trim = true;
    a->how.by_id = by_id;
    *at = i + 1;
    if (by_id) return stream_id_strict(c, c->argv[i + 1], 0, &a->how.id_min);
    int64_t n = 0;
    if (!stream_number(c, c->argv[i + 1], NULL, &n)) return false;
    if (n < 0) {
        reply_error(c->reply, "ERR The MAXLEN argument must be >= 0.");
        return false;
    }
    a->how.length_max = (uint64_t)n;
    return true;
}

static bool parse_id(struct cmd *c, struct slice text, struct add_args *a)
{
    size_t dash = slice_find(text, '-');
    a->auto_seq = dash + 2 == text.len && text.p[dash + 1] == '*';
    if (a->auto_seq) text.len = dash;
    return stream_id_strict(c, text, 0, &a->id);
}

static uint64_t default_limit(void)
{
    int64_t n = value_limits.stream_node_max_entries;
    if (n <= 0) return 10000;
    return n > 10000 ? 1000000 : (uint64_t)n * 100;
}

/* Reads options, and for XADD the id behind them. */
static bool parse_add(struct cmd *c, bool xadd, struct add_args *a)
{
    int64_t limit = 0;
    bool limit_given = false;
    uint32_t i = 2;
    for (; i < c->argc; i++) {
        struct slice word = c->argv[i];
        bool more = i + 1 < c->argc;
        if (xadd && slice_is(word, "*")) {
            a->auto_id = true;
            break;
        }
        if (more && slice_word(word, "MAXLEN")) {
            if (!parse_trim(c, false, &i, a)) return false;
        } else if (more && slice_word(word, "MINID")) {
            if (!parse_trim(c, true, &i, a)) return false;
        } else if (more && slice_word(word, "LIMIT")) {
            if (!stream_number(c, c->argv[++i], NULL, &limit)) return false;
            if (limit < 0) {
                reply_error(c->reply, "ERR The LIMIT argument must be >= 0.");
                return false;
            }
            limit_given = true;
        } else if (xadd && slice_word(word, "NOMKSTREAM")) {
            a->no_mkstream = true;
        } else if (xadd) {
            if (!parse_id(c, word, a)) return false;
            break;
        } else {
            reply_err(c->reply, ERR_SYNTAX);
            return false;
        }
    }
    a->id_at = i;
    const char *wrong = NULL;
    if (limit != 0 && !a->trim)
        wrong = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
    else if (!xadd && !a->trim)
        wrong = "ERR syntax error, XTRIM must be called with a trimming strategy";
    else if (limit_given && !a->how.approx)
        wrong = "ERR syntax error, LIMIT cannot be used without the special ~ option";
    if (wrong != NULL) {
        reply_error(c->reply, wrong);
        return false;
    }
    a->how.limit = limit_given ? (uint64_t)limit : a->how.approx ? default_limit() : 0;
    return true;
}

/* Gives a->id the value the entry will have; false when it would not be above the last. */
static bool next_id(const struct cmd *c, const struct stream *s, struct add_args *a)
{
    struct stream_id last = s == NULL ? STREAM_ID_MIN : s->last_id;
    if (a->auto_id) {
        a->id = (struct stream_id){(uint64_t)c->engine->now_ms, 0};
        if (a->id.ms > last.ms) return true;
        a->id = last;
        return stream_id_next(&a->id);
    }
    if (a->auto_seq) {
        a->id.seq = 0;
        if (a->id.ms == last.ms) {
            if (last.seq == UINT64_MAX) return false;
            a->id.seq = last.seq + 1;
        }
    }
    return stream_id_cmp(a->id, last) > 0;
}

/* Logs XADD with the id that was given and the trimming that was done. */
static void add_effect(struct cmd *c, const struct add_args *a, const struct stream *s)
{
    if (!cmd_logs(c)) return;
    uint32_t pairs = c->argc - a->id_at - 1;
    struct slice *argv = arena_alloc(c->arena, (c->argc + 2) * sizeof *argv);
    uint32_t n = 0;
    argv[n++] = c->argv[0];
    argv[n++] = c->argv[1];
    if (a->trim) { /* what is left says exactly what went, whatever the blocks will be then */
        argv[n++] = SLICE("MAXLEN");
        argv[n++] = SLICE("=");
        argv[n++] = stream_number_text(c, (int64_t)s->log.length);
    }
    argv[n++] = stream_id_text(c, a->id);
    memcpy(argv + n, c->argv + a->id_at + 1, pairs * sizeof *argv);
    cmd_effect(c, n + pairs, argv);
}

/* XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT n]] <*|id> name value ... */
void cmd_xadd(struct cmd *c)
{
    struct add_args a = {0};
    struct stream *s = NULL;
    if (!parse_add(c, true, &a)) return;
    if (a.id_at >= c->argc || c->argc - a.id_at < 3 || (c->argc - a.id_at) % 2 == 0) {
        cmd_wrong_arity(c);
        return;
    }
    if (!a.auto_id && !a.auto_seq && stream_id_zero(a.id)) {
        reply_error(c->reply, "ERR The ID specified in XADD must be greater than 0-0");
        return;
    }
    if (!stream_find(c, 1, true, &s)) return;
    if (s == NULL && a.no_mkstream) {
        reply_null(c->reply);
        return;
    }
    if (s != NULL && stream_id_cmp(s->last_id, STREAM_ID_MAX) == 0) {
        reply_error(c->reply, "ERR The stream has exhausted the last possible ID, unable to add "
                              "more items");
        return;
    }
    if (!next_id(c, s, &a)) {
        reply_error(c->reply, "ERR The ID specified in XADD is equal or smaller than the target "
                              "stream top item");
        return;
    }
    if (s == NULL) {
        s = stream_new();
        (void)db_put(c->db, c->argv[1], &s->head);
    }
    stream_add(s, a.id, c->argv + a.id_at + 1, (c->argc - a.id_at - 1) / 2);
    stream_reply_id(c->reply, a.id);
    db_changed(c->db, c->argv[1], NOTIFY_STREAM, "xadd");
    if (a.trim && streamlog_trim(&s->log, &a.how) > 0)
        db_notify(c->db, c->argv[1], NOTIFY_STREAM, "xtrim");
    add_effect(c, &a, s);
}

/* XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT n] */
void cmd_xtrim(struct cmd *c)
{
    struct add_args a = {0};
    struct stream *s = NULL;
    if (!parse_add(c, false, &a)) return;
    if (!stream_find(c, 1, true, &s)) return;
    uint64_t deleted = s == NULL ? 0 : streamlog_trim(&s->log, &a.how);
    reply_int(c->reply, (int64_t)deleted);
    if (deleted == 0) return;
    const struct slice effect[] = {SLICE("XTRIM"), c->argv[1], SLICE("MAXLEN"), SLICE("="),
                                   stream_number_text(c, (int64_t)s->log.length)};
    db_changed(c->db, c->argv[1], NOTIFY_STREAM, "xtrim");
    cmd_effect(c, 5, effect);
}

/* ---- the rest ---- */

/* XLEN key */
void cmd_xlen(struct cmd *c)
{
    struct stream *s = NULL;
    if (!stream_find(c, 1, false, &s)) return;
    reply_int(c->reply, s == NULL ? 0 : (int64_t)s->log.length);
}

static void range(struct cmd *c, bool reverse)
{
    struct stream_id from, to;
    struct stream *s = NULL;
    int64_t count = -1;
    if (!stream_id_from(c, c->argv[reverse ? 3 : 2], &from)) return;
    if (!stream_id_to(c, c->argv[reverse ? 2 : 3], &to)) return;
    for (uint32_t i = 4; i < c->argc; i += 2) {
        if (!slice_word(c->argv[i], "COUNT") || i + 1 >= c->argc) {
            reply_err(c->reply, ERR_SYNTAX);
            return;
        }
        if (!stream_number(c, c->argv[i + 1], NULL, &count)) return;
        if (count < 0) count = 0;
    }
    if (!stream_find(c, 1, false, &s)) return;
    if (s == NULL) {
        reply_array(c->reply, 0);
        return;
    }
    if (count == 0) {
        reply_null_array(c->reply);
        return;
    }
    struct streamlog_iter it;
    struct stream_entry e;
    uint64_t n = 0;
    size_t place = reply_later(c->reply);
    streamlog_walk(&it, &s->log, from, to, reverse);
    while ((count < 0 || n < (uint64_t)count) && streamlog_next(&it, &e)) {
        stream_reply_entry(c->reply, &e);
        n++;
    }
    reply_later_end(c->reply, place, '*', n);
}

/* XRANGE key start end [COUNT n] */
void cmd_xrange(struct cmd *c)
{
    range(c, false);
}

/* XREVRANGE key end start [COUNT n] */
void cmd_xrevrange(struct cmd *c)
{
    range(c, true);
}

/* XDEL key id ... */
void cmd_xdel(struct cmd *c)
{
    struct stream *s = NULL;
    if (!stream_find(c, 1, true, &s)) return;
    if (s == NULL) {
        reply_int(c->reply, 0);
        return;
    }
    struct stream_id *ids = arena_alloc(c->arena, c->argc * sizeof *ids);
    for (uint32_t i = 2; i < c->argc; i++) {
        if (!stream_id_strict(c, c->argv[i], 0, &ids[i])) return;
    }
    int64_t deleted = 0;
    for (uint32_t i = 2; i < c->argc; i++)
        deleted += stream_del(s, ids[i]) ? 1 : 0;
    if (deleted > 0) db_changed(c->db, c->argv[1], NOTIFY_STREAM, "xdel");
    reply_int(c->reply, deleted);
}

struct setid_args {
    struct stream_id id;
    struct stream_id deleted_max;
    int64_t added; /* -1: not given */
};

static bool parse_setid(struct cmd *c, struct setid_args *a)
{
    a->added = -1;
    a->deleted_max = STREAM_ID_MIN;
    if (!stream_id_strict(c, c->argv[2], 0, &a->id)) return false;
    for (uint32_t i = 3; i < c->argc; i += 2) {
        bool more = i + 1 < c->argc;
        if (more && slice_word(c->argv[i], "ENTRIESADDED")) {
            if (!stream_number(c, c->argv[i + 1], NULL, &a->added)) return false;
            if (a->added < 0) {
                reply_error(c->reply, "ERR entries_added must be positive");
                return false;
            }
        } else if (more && slice_word(c->argv[i], "MAXDELETEDID")) {
            if (!stream_id_strict(c, c->argv[i + 1], 0, &a->deleted_max)) return false;
            if (stream_id_cmp(a->id, a->deleted_max) < 0) {
                reply_error(c->reply, "ERR The ID specified in XSETID is smaller than the "
                                      "provided max_deleted_entry_id");
                return false;
            }
        } else {
            reply_err(c->reply, ERR_SYNTAX);
            return false;
        }
    }
    return true;
}

/* XSETID key last-id [ENTRIESADDED n] [MAXDELETEDID id] */
void cmd_xsetid(struct cmd *c)
{
    struct setid_args a;
    struct stream *s = NULL;
    struct stream_id top;
    if (!parse_setid(c, &a)) return;
    if (!stream_find(c, 1, true, &s)) return;
    if (s == NULL) {
        reply_err(c->reply, ERR_NOKEY);
        return;
    }
    if (streamlog_last(&s->log, &top)) {
        if (stream_id_cmp(a.id, top) < 0) {
            reply_error(c->reply, "ERR The ID specified in XSETID is smaller than the target "
                                  "stream top item");
            return;
        }
        if (a.added >= 0 && s->log.length > (uint64_t)a.added) {
            reply_error(c->reply, "ERR The entries_added specified in XSETID is smaller than the "
                                  "target stream length");
            return;
        }
    }
    s->last_id = a.id;
    if (a.added >= 0) s->entries_added = (uint64_t)a.added;
    if (!stream_id_zero(a.deleted_max)) s->deleted_max = a.deleted_max;
    reply_ok(c->reply);
    db_changed(c->db, c->argv[1], NOTIFY_STREAM, "xsetid");
}
