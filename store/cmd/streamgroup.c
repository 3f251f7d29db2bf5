/* streamgroup: XGROUP and XINFO. */
#include "stream.h"

#include "store/engine/trash.h"

/* ---- XGROUP ---- */

struct group_args {
    bool mkstream;
    int64_t entries_read;
};

static bool group_syntax(struct cmd *c)
{
    struct slice word = c->argv[1];
    reply_errorf(c->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try XGROUP HELP.",
                 (int)(word.len > 128 ? 128 : word.len), word.p);
    return false;
}

/* The options behind the id of CREATE and SETID. */
static bool parse_group(struct cmd *c, bool create, struct group_args *a)
{
    a->entries_read = STREAM_READ_UNKNOWN;
    for (uint32_t i = 5; i < c->argc; i++) {
        if (create && slice_word(c->argv[i], "MKSTREAM")) {
            a->mkstream = true;
        } else if (slice_word(c->argv[i], "ENTRIESREAD") && i + 1 < c->argc) {
            if (!stream_number(c, c->argv[++i], NULL, &a->entries_read)) return false;
            if (a->entries_read < -1) {
                reply_error(c->reply, "ERR value for ENTRIESREAD must be positive or -1");
                return false;
            }
        } else {
            return group_syntax(c);
        }
    }
    return true;
}

/* Looks up the stream, which must exist, and the group; need says whether that must, too. */
static bool find_both(struct cmd *c, bool need, struct stream **s, struct group **g)
{
    if (!stream_find(c, 2, true, s)) return false;
    if (*s == NULL) {
        reply_error(c->reply,
                    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you "
                    "may want to use the MKSTREAM option to create an empty stream automatically.");
        return false;
    }
    *g = stream_group_find(*s, c->argv[3]);
    if (*g != NULL || !need) return true;
    struct slice key = c->argv[2], group = c->argv[3];
    reply_errorf(c->reply, "NOGROUP No such consumer group '%.*s' for key name '%.*s'",
                 (int)group.len, group.p, (int)key.len, key.p);
    return false;
}

/* CREATE wants an id that entries can have; SETID also takes - and +. */
static bool group_start(struct cmd *c, const struct stream *s, bool create, struct stream_id *id)
{
    if (slice_is(c->argv[4], "$")) {
        *id = s == NULL ? STREAM_ID_MIN : s->last_id;
        return true;
    }
    if (!create && stream_id_read(c->argv[4], 0, id)) return true;
    return stream_id_strict(c, c->argv[4], 0, id);
}

/* Logs CREATE or SETID with the id that "$" stood for. */
static void group_effect(struct cmd *c, struct stream_id id)
{
    struct slice *argv = arena_alloc(c->arena, c->argc * sizeof *argv);
    memcpy(argv, c->argv, c->argc * sizeof *argv);
    argv[4] = stream_id_text(c, id);
    cmd_effect(c, c->argc, argv);
}

/* XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD n] */
void cmd_xgroup_create(struct cmd *c)
{
    struct group_args a = {0};
    struct stream *s = NULL;
    struct group *g = NULL;
    struct stream_id id;
    if (!parse_group(c, true, &a)) return;
    if (a.mkstream ? !stream_find(c, 2, true, &s) : !find_both(c, false, &s, &g)) return;
    if (!group_start(c, s, true, &id)) return;
    if (s == NULL) {
        s = stream_new();
        (void)db_put(c->db, c->argv[2], &s->head);
    }
    if (stream_group_add(s, c->argv[3], id, a.entries_read) == NULL) {
        reply_error(c->reply, "BUSYGROUP Consumer Group name already exists");
        return;
    }
    reply_ok(c->reply);
    db_changed(c->db, c->argv[2], NOTIFY_STREAM, "xgroup-create");
    group_effect(c, id);
}

/* XGROUP SETID key group id|$ [ENTRIESREAD n] */
void cmd_xgroup_setid(struct cmd *c)
{
    struct group_args a = {0};
    struct stream *s = NULL;
    struct group *g = NULL;
    struct stream_id id;
    if (!parse_group(c, false, &a)) return;
    if (!find_both(c, true, &s, &g)) return;
    if (!group_start(c, s, false, &id)) return;
    g->last_id = id;
    g->entries_read = a.entries_read;
    reply_ok(c->reply);
    db_changed(c->db, c->argv[2], NOTIFY_STREAM, "xgroup-setid");
    group_effect(c, id);
}

/* XGROUP DESTROY key group */
void cmd_xgroup_destroy(struct cmd *c)
{
    struct stream *s = NULL;
    struct group *g = NULL;
    if (!find_both(c, false, &s, &g)) return;
    reply_int(c->reply, g != NULL);
    if (g == NULL) return;
    trash_value(c->engine, stream_group_cut(s, c->argv[3]));
    db_changed(c->db, c->argv[2], NOTIFY_STREAM, "xgroup-destroy");
}

/* XGROUP CREATECONSUMER key group consumer */
void cmd_xgroup_createconsumer(struct cmd *c)
{
    struct stream *s = NULL;
    struct group *g = NULL;
    if (!find_both(c, true, &s, &g)) return;
    const struct consumer *fresh = group_consumer_add(g, c->argv[4], c->engine->now_ms);
    reply_int(c->reply, fresh != NULL);
    if (fresh == NULL) return;
    stream_log_seen(c, c->argv[2], c->argv[3], fresh);
    db_notify(c->db, c->argv[2], NOTIFY_STREAM, "xgroup-createconsumer");
}

/* XGROUP DELCONSUMER key group consumer */
void cmd_xgroup_delconsumer(struct cmd *c)
{
    struct stream *s = NULL;
    struct group *g = NULL;
    if (!find_both(c, true, &s, &g)) return;
    struct consumer *consumer = group_consumer_find(g, c->argv[4]);
    reply_int(c->reply, consumer == NULL ? 0 : (int64_t)consumer->pending.count);
    if (consumer == NULL) return;
    trash_value(c->engine, group_consumer_cut(g, consumer));
    db_log(c->db, c->argv[2]);
    db_notify(c->db, c->argv[2], NOTIFY_STREAM, "xgroup-delconsumer");
}

/* XGROUP HELP */
void cmd_xgroup_help(struct cmd *c)
{
    static const char *const lines[] = {
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
        NULL};
    cmd_help(c, lines);
}

/* ---- XINFO ---- */

/* Looks up the stream of argv[2], which must exist. */
static struct stream *info_stream(struct cmd *c)
{
    struct stream *s = NULL;
    if (!stream_find(c, 2, false, &s)) return NULL;
    if (s == NULL) reply_err(c->reply, ERR_NOKEY);
    return s;
}

static void reply_read(struct reply *r, const struct group *g)
{
    if (g->entries_read == STREAM_READ_UNKNOWN)
        reply_null(r);
    else
        reply_int(r, g->entries_read);
}

/* XINFO CONSUMERS key group */
void cmd_xinfo_consumers(struct cmd *c)
{
    struct reply *r = c->reply;
    struct stream *s = info_stream(c);
    if (s == NULL) return;
    const struct group *g = stream_group_find(s, c->argv[3]);
    if (g == NULL) {
        struct slice key = c->argv[2], group = c->argv[3];
        reply_errorf(r, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", (int)group.len,
                     group.p, (int)key.len, key.p);
        return;
    }
    reply_array(r, g->consumer_count);
    for (uint32_t i = 0; i < g->consumer_count; i++) {
        const struct consumer *one = g->consumers[i];
        int64_t idle = c->engine->now_ms - one->seen_ms;
        reply_map(r, 3);
        reply_cstr(r, "name");
        reply_bulk(r, one->name);
        reply_cstr(r, "pending");
        reply_int(r, (int64_t)one->pending.count);
        reply_cstr(r, "idle");
        reply_int(r, idle < 0 ? 0 : idle);
    }
}

/* XINFO GROUPS key */
void cmd_xinfo_groups(struct cmd *c)
{
    struct reply *r = c->reply;
    const struct stream *s = info_stream(c);
    if (s == NULL) return;
    reply_array(r, s->group_count);
    for (uint32_t i = 0; i < s->group_count; i++) {
        const struct group *g = s->groups[i];
        reply_map(r, 6);
        reply_cstr(r, "name");
        reply_bulk(r, g->name);
        reply_cstr(r, "consumers");
        reply_int(r, g->consumer_count);
        reply_cstr(r, "pending");
        reply_int(r, (int64_t)g->pending.count);
        reply_cstr(r, "last-delivered-id");
        stream_reply_id(r, g->last_id);
        reply_cstr(r, "entries-read");
        reply_read(r, g);
        reply_cstr(r, "lag");
        reply_int(r, (int64_t)stream_lag(s, g));
    }
}

static void info_consumer(struct cmd *c, const struct group *g, const struct consumer *one,
                          uint64_t max)
{
    struct reply *r = c->reply;
    uint64_t n = max == 0 || one->pending.count < max ? one->pending.count : max;
    reply_map(r, 4);
    reply_cstr(r, "name");
    reply_bulk(r, one->name);
    reply_cstr(r, "seen-time");
    reply_int(r, one->seen_ms);
    reply_cstr(r, "pel-count");
    reply_int(r, (int64_t)one->pending.count);
    reply_cstr(r, "pending");
    reply_array(r, n);
    struct idtable_at at = idtable_seek(&one->pending, STREAM_ID_MIN);
    for (; n > 0; n--, idtable_step(&one->pending, &at)) {
        const struct stream_id *id = idtable_get(&one->pending, at);
        const struct pending *p = group_pending_find(g, *id);
        reply_array(r, 3);
        stream_reply_id(r, p->id);
        reply_int(r, p->delivered_ms);
        reply_int(r, (int64_t)p->deliveries);
    }
}

static void info_group(struct cmd *c, const struct stream *s, const struct group *g, uint64_t max)
{
    struct reply *r = c->reply;
    uint64_t n = max == 0 || g->pending.count < max ? g->pending.count : max;
    reply_map(r, 7);
    reply_cstr(r, "name");
    reply_bulk(r, g->name);
    reply_cstr(r, "last-delivered-id");
    stream_reply_id(r, g->last_id);
    reply_cstr(r, "entries-read");
    reply_read(r, g);
    reply_cstr(r, "lag");
    reply_int(r, (int64_t)stream_lag(s, g));
    reply_cstr(r, "pel-count");
    reply_int(r, (int64_t)g->pending.count);
    reply_cstr(r, "pending");
    reply_array(r, n);
    struct idtable_at at = idtable_seek(&g->pending, STREAM_ID_MIN);
    for (; n > 0; n--, idtable_step(&g->pending, &at)) {
        const struct pending *p = idtable_get(&g->pending, at);
        reply_array(r, 4);
        stream_reply_id(r, p->id);
        reply_bulk(r, p->consumer->name);
        reply_int(r, p->delivered_ms);
        reply_int(r, (int64_t)p->deliveries);
    }
    reply_cstr(r, "consumers");
    reply_array(r, g->consumer_count);
    for (uint32_t i = 0; i < g->consumer_count; i++)
        info_consumer(c, g, g->consumers[i], max);
}

/* Up to max (0: all) entries, upwards or downwards. */
static void info_entries(struct cmd *c, const struct stream *s, uint64_t max, bool reverse)
{
    struct streamlog_iter it;
    struct stream_entry e;
    uint64_t n = max == 0 || s->log.length < max ? s->log.length : max;
    streamlog_walk(&it, &s->log, STREAM_ID_MIN, STREAM_ID_MAX, reverse);
    reply_array(c->reply, n);
    for (; n > 0 && streamlog_next(&it, &e); n--)
        stream_reply_entry(c->reply, &e);
}

static void info_edge(struct cmd *c, const struct stream *s, bool reverse)
{
    struct streamlog_iter it;
    struct stream_entry e;
    streamlog_walk(&it, &s->log, STREAM_ID_MIN, STREAM_ID_MAX, reverse);
    if (streamlog_next(&it, &e))
        stream_reply_entry(c->reply, &e);
    else
        reply_null(c->reply);
}

static bool parse_info(struct cmd *c, bool *full, int64_t *count)
{
    *full = false;
    *count = 10;
    if (c->argc == 3) return true;
    if (slice_word(c->argv[3], "FULL") && (c->argc == 4 || c->argc == 6)) {
        *full = true;
        if (c->argc == 4) return true;
        if (slice_word(c->argv[4], "COUNT")) {
            if (!stream_number(c, c->argv[5], NULL, count)) return false;
            if (*count < 0) *count = 10;
            return true;
        }
    }
    struct slice word = c->argv[1];
    reply_errorf(c->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try XINFO HELP.",
                 (int)(word.len > 128 ? 128 : word.len), word.p);
    return false;
}

/* XINFO STREAM key [FULL [COUNT n]] */
void cmd_xinfo_stream(struct cmd *c)
{
    struct reply *r = c->reply;
    bool full = false;
    int64_t count = 0;
    const struct stream *s = info_stream(c);
    if (s == NULL || !parse_info(c, &full, &count)) return;
    struct stream_id first = STREAM_ID_MIN;
    (void)streamlog_first(&s->log, &first);
    size_t blocks = streamlog_blocks(&s->log);
    reply_map(r, full ? 9 : 10);
    reply_cstr(r, "length");
    reply_int(r, (int64_t)s->log.length);
    reply_cstr(r, "radix-tree-keys");
    reply_int(r, (int64_t)blocks);
    reply_cstr(r, "radix-tree-nodes");
    reply_int(r, (int64_t)blocks + 1);
    reply_cstr(r, "last-generated-id");
    stream_reply_id(r, s->last_id);
    reply_cstr(r, "max-deleted-entry-id");
    stream_reply_id(r, s->deleted_max);
    reply_cstr(r, "entries-added");
    reply_int(r, (int64_t)s->entries_added);
    reply_cstr(r, "recorded-first-entry-id");
    stream_reply_id(r, first);
    if (!full) {
        reply_cstr(r, "groups");
        reply_int(r, s->group_count);
        reply_cstr(r, "first-entry");
        info_edge(c, s, false);
        reply_cstr(r, "last-entry");
        info_edge(c, s, true);
        return;
    }
    reply_cstr(r, "entries");
    info_entries(c, s, (uint64_t)count, false);
    reply_cstr(r, "groups");
    reply_array(r, s->group_count);
    for (uint32_t i = 0; i < s->group_count; i++)
        info_group(c, s, s->groups[i], (uint64_t)count);
}

/* XINFO HELP */
void cmd_xinfo_help(struct cmd *c)
{
    static const char *const lines[] = {"CONSUMERS <key> <groupname>",
                                        "    Show consumers of <groupname>.",
                                        "GROUPS <key>",
                                        "    Show the stream consumer groups.",
                                        "STREAM <key> [FULL [COUNT <count>]",
                                        "    Show information about the stream.",
                                        NULL};
    cmd_help(c, lines);
}
