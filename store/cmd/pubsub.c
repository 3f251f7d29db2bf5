/* pubsub: subscribing and publishing; the work is store/engine/pubsub.c's. */
#include "store/engine/pubsub.h"

#include "store/cmd/cmd.h"

/* In RESP3 a confirmation is a push, so it may stand between replies. */
static void confirm(struct cmd *c, const char *word, struct slice name, int64_t count)
{
    reply_push(c->reply, 3);
    reply_cstr(c->reply, word);
    if (name.p == NULL)
        reply_null(c->reply);
    else
        reply_bulk(c->reply, name);
    reply_int(c->reply, count);
}

/* Channels and patterns are counted together, sharded channels alone. */
static int64_t count_for(const struct session *s, enum pubsub_kind kind)
{
    if (kind == PUBSUB_SHARD) return pubsub_session_count(s, PUBSUB_SHARD);
    return (int64_t)pubsub_session_count(s, PUBSUB_CHANNEL) +
           pubsub_session_count(s, PUBSUB_PATTERN);
}

static void subscribe(struct cmd *c, enum pubsub_kind kind, const char *word)
{
    bool in_multi = c->engine->depth > 1;
    if ((c->session->flags & SESSION_DENY_BLOCK) != 0 && !in_multi) {
        reply_errorf(c->reply, "ERR %s isn't allowed for a DENY BLOCKING client", c->spec->name);
        return;
    }
    for (uint32_t i = 1; i < c->argc; i++) {
        (void)pubsub_subscribe(c->session, kind, c->argv[i]);
        confirm(c, word, c->argv[i].p == NULL ? SLICE("") : c->argv[i],
                count_for(c->session, kind));
    }
}

static void unsubscribe(struct cmd *c, enum pubsub_kind kind, const char *word)
{
    struct session *s = c->session;
    for (uint32_t i = 1; i < c->argc; i++) {
        (void)pubsub_unsubscribe(s, kind, c->argv[i]);
        confirm(c, word, c->argv[i], count_for(s, kind));
    }
    if (c->argc > 1) return;
    if (pubsub_session_count(s, kind) == 0) {
        confirm(c, word, (struct slice){0}, count_for(s, kind));
        return;
    }
    while (pubsub_session_count(s, kind) > 0) {
        struct slice name = arena_copy(c->arena, pubsub_any(s, kind));
        (void)pubsub_unsubscribe(s, kind, name);
        confirm(c, word, name, count_for(s, kind));
    }
}

/* SUBSCRIBE channel [channel …] */
void cmd_subscribe(struct cmd *c)
{
    subscribe(c, PUBSUB_CHANNEL, "subscribe");
}

/* PSUBSCRIBE pattern [pattern …] */
void cmd_psubscribe(struct cmd *c)
{
    subscribe(c, PUBSUB_PATTERN, "psubscribe");
}

/* SSUBSCRIBE shardchannel [shardchannel …] */
void cmd_ssubscribe(struct cmd *c)
{
    subscribe(c, PUBSUB_SHARD, "ssubscribe");
}

/* UNSUBSCRIBE [channel …] */
void cmd_unsubscribe(struct cmd *c)
{
    unsubscribe(c, PUBSUB_CHANNEL, "unsubscribe");
}

/* PUNSUBSCRIBE [pattern …] */
void cmd_punsubscribe(struct cmd *c)
{
    unsubscribe(c, PUBSUB_PATTERN, "punsubscribe");
}

/* SUNSUBSCRIBE [shardchannel …] */
void cmd_sunsubscribe(struct cmd *c)
{
    unsubscribe(c, PUBSUB_SHARD, "sunsubscribe");
}

/* PUBLISH channel message */
void cmd_publish(struct cmd *c)
{
    reply_int(c->reply, pubsub_publish(c->engine, PUBSUB_CHANNEL, c->argv[1], c->argv[2]));
}

/* SPUBLISH shardchannel message */
void cmd_spublish(struct cmd *c)
{
    reply_int(c->reply, pubsub_publish(c->engine, PUBSUB_SHARD, c->argv[1], c->argv[2]));
}

struct channels {
    struct cmd *c;
    struct slice pattern; /* p is NULL: all */
    uint64_t n;
};

static bool list_channel(struct slice name, void *channel, void *data)
{
    (void)channel;
    struct channels *l = data;
    if (l->pattern.p != NULL && !pubsub_fits(l->pattern, name)) return true;
    reply_bulk(l->c->reply, name);
    l->n++;
    return true;
}

static void list_channels(struct cmd *c, enum pubsub_kind kind)
{
    if (c->argc > 3) {
        reply_errorf(c->reply,
                     "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try PUBSUB "
                     "HELP.",
                     (int)c->argv[1].len, c->argv[1].p);
        return;
    }
    struct channels l = {.c = c, .pattern = c->argc == 3 ? c->argv[2] : (struct slice){0}};
    size_t head = reply_later(c->reply);
    pubsub_each(c->engine, kind, list_channel, &l);
    reply_later_end(c->reply, head, '*', l.n);
}

/* Pairs in a flat array: Redis has no map here, not even in RESP3. */
static void list_counts(struct cmd *c, enum pubsub_kind kind)
{
    reply_array(c->reply, 2 * (c->argc - 2));
    for (uint32_t i = 2; i < c->argc; i++) {
        reply_bulk(c->reply, c->argv[i]);
        reply_int(c->reply, pubsub_subscribers(c->engine, kind, c->argv[i]));
    }
}

/* PUBSUB CHANNELS [pattern] */
void cmd_pubsub_channels(struct cmd *c)
{
    list_channels(c, PUBSUB_CHANNEL);
}

/* PUBSUB SHARDCHANNELS [pattern] */
void cmd_pubsub_shardchannels(struct cmd *c)
{
    list_channels(c, PUBSUB_SHARD);
}

/* PUBSUB NUMSUB [channel …] */
void cmd_pubsub_numsub(struct cmd *c)
{
    list_counts(c, PUBSUB_CHANNEL);
}

/* PUBSUB SHARDNUMSUB [channel …] */
void cmd_pubsub_shardnumsub(struct cmd *c)
{
    list_counts(c, PUBSUB_SHARD);
}

/* PUBSUB NUMPAT */
void cmd_pubsub_numpat(struct cmd *c)
{
    reply_int(c->reply, (int64_t)c->engine->patterns.count);
}

/* PUBSUB HELP */
void cmd_pubsub_help(struct cmd *c)
{
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    Return the currently active channels matching a <pattern> (default: '*').",
        "NUMPAT",
        "    Return number of subscriptions to patterns.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers for the specified channels, excluding",
        "    pattern subscriptions(default: no channels).",
        "SHARDCHANNELS [<pattern>]",
        "    Return the currently active shard level channels matching a <pattern> (default: "
        "'*').",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers for the specified shard level channel(s)",
        NULL};
    cmd_help(c, lines);
}
