#include "pubsub.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/db.h"

/* A message is encoded once a protocol, into a block that its subscribers share. Messages that a
 * channel gets within one batch of commands lie behind each other, so that a subscriber's are one
 * piece to send. Only messages of this channel lie there: a slow subscriber keeps no others. */
struct channel {
    struct list subs; /* of struct sub.of_channel, in the order they came */
    uint32_t count;
    struct shared *blocks[2]; /* one reference is ours; the last of this batch in RESP2 and RESP3 */
    struct list open;         /* in engine->open_channels */
};

enum { BLOCK_MAX = 16 * 1024 }; /* longer ones hold a single message */

struct sub {
    struct list of_channel;
    struct channel *channel; /* borrowed: lives while it has subs */
    struct session *session; /* borrowed: owns this through its map */
};

static struct map *table(const struct engine *e, enum pubsub_kind kind)
{
    struct engine *w = (struct engine *)(uintptr_t)e;
    if (kind == PUBSUB_CHANNEL) return &w->channels;
    return kind == PUBSUB_PATTERN ? &w->patterns : &w->shard_channels;
}

static struct map *mine(struct session_subs *subs, enum pubsub_kind kind)
{
    if (kind == PUBSUB_CHANNEL) return &subs->channels;
    return kind == PUBSUB_PATTERN ? &subs->patterns : &subs->shard_channels;
}

/* About what a subscription holds: itself, its name here and at the channel, both tables. */
static size_t sub_bytes(struct slice name)
{
    return sizeof(struct sub) + sizeof(struct channel) +
           2 * (2 * sizeof(struct map_slot) + name.len);
}

bool pubsub_subscribe(struct session *s, enum pubsub_kind kind, struct slice name)
{
    if (s->subs == NULL) s->subs = mem_new(struct session_subs);
    if (map_find(mine(s->subs, kind), name) != NULL) return false;

    struct map *all = table(s->engine, kind);
    struct channel *c = map_find(all, name);
    if (c == NULL) {
        c = mem_new(struct channel);
        list_init(&c->subs);
        list_init(&c->open);
        (void)map_put(all, name, c);
    }
    struct sub *sub = mem_new(struct sub);
    sub->channel = c;
    sub->session = s;
    list_add(&c->subs, &sub->of_channel);
    c->count++;
    (void)map_put(mine(s->subs, kind), name, sub);
    s->interest_bytes += sub_bytes(name);
    return true;
}

static void close_blocks(struct channel *c)
{
    list_del(&c->open);
    for (int i = 0; i < 2; i++) {
        shared_unref(c->blocks[i]);
        c->blocks[i] = NULL;
    }
}

static void leave(struct engine *e, enum pubsub_kind kind, struct slice name, struct sub *sub)
{
    struct channel *c = sub->channel;
    list_del(&sub->of_channel);
    mem_free(sub);
    if (--c->count > 0) return;
    (void)map_take(table(e, kind), name);
    close_blocks(c);
    mem_free(c);
}

bool pubsub_unsubscribe(struct session *s, enum pubsub_kind kind, struct slice name)
{
    if (s->subs == NULL) return false;
    struct sub *sub = map_take(mine(s->subs, kind), name);
    if (sub == NULL) return false;
    s->interest_bytes -= sub_bytes(name);
    leave(s->engine, kind, name, sub);
    if (session_sub_count(s) == 0) pubsub_leave(s);
    return true;
}

struct leaving {
    struct engine *engine;
    enum pubsub_kind kind;
};

static bool leave_one(struct slice name, void *value, void *data)
{
    const struct leaving *l = data;
    leave(l->engine, l->kind, name, value);
    return true;
}

void pubsub_leave(struct session *s)
{
    if (s->subs == NULL) return;
    for (int kind = PUBSUB_CHANNEL; kind <= PUBSUB_SHARD; kind++) {
        struct leaving l = {s->engine, (enum pubsub_kind)kind};
        map_each(mine(s->subs, l.kind), leave_one, &l);
        map_fini(mine(s->subs, l.kind));
    }
    mem_free(s->subs);
    s->subs = NULL;
}

static bool take_first(struct slice name, void *value, void *data)
{
    (void)value;
    *(struct slice *)data = name;
    return false;
}

struct slice pubsub_any(const struct session *s, enum pubsub_kind kind)
{
    struct slice name = {0};
    if (s->subs != NULL) map_each(mine(s->subs, kind), take_first, &name);
    return name;
}

uint32_t pubsub_session_count(const struct session *s, enum pubsub_kind kind)
{
    return s->subs == NULL ? 0 : (uint32_t)mine(s->subs, kind)->count;
}

uint32_t session_sub_count(const struct session *s)
{
    return pubsub_session_count(s, PUBSUB_CHANNEL) + pubsub_session_count(s, PUBSUB_PATTERN) +
           pubsub_session_count(s, PUBSUB_SHARD);
}

/* --- publishing --- */

static size_t encoded_len(const struct slice *words, uint32_t n)
{
    char digits[24];
    size_t len = strlen("*0\r\n");
    must(n < 10);
    for (uint32_t i = 0; i < n; i++)
        len += strlen("$\r\n\r\n") + fmt_u64(digits, words[i].len) + words[i].len;
    return len;
}

static void encode(char *to, bool resp3, const struct slice *words, uint32_t n)
{
    const char head[] = {resp3 ? '>' : '*', (char)('0' + n), '\r', '\n'};
    memcpy(to, head, sizeof head);
    to += sizeof head;
    for (uint32_t i = 0; i < n; i++) {
        *to++ = '$';
        to += fmt_u64(to, words[i].len);
        memcpy(to, "\r\n", 2);
        to += 2;
        if (words[i].len > 0) memcpy(to, words[i].p, words[i].len);
        to += words[i].len;
        memcpy(to, "\r\n", 2);
        to += 2;
    }
}

/* Room for len bytes in one of c's blocks. A new block is twice as long as the one before, so no
 * more than half of what a batch takes stays empty, and a lone message takes what it needs. */
static char *block_room(struct channel *c, bool resp3, size_t len)
{
    struct shared *m = c->blocks[resp3];
    if (m == NULL || m->cap - m->len < len) {
        size_t cap = m == NULL ? len : 2 * m->cap;
        if (cap > BLOCK_MAX) cap = BLOCK_MAX;
        shared_unref(m);
        m = c->blocks[resp3] = shared_new(cap < len ? len : cap);
    }
    m->len += len;
    return m->bytes + m->len - len;
}

static void deliver_shared(struct engine *e, struct channel *c, const struct slice *words,
                           uint32_t n, size_t len)
{
    bool encoded[2] = {false, false};
    list_each(at, &c->subs)
    {
        struct session *s = list_entry(at, struct sub, of_channel)->session;
        bool resp3 = s->resp >= 3;
        if (!encoded[resp3]) encode(block_room(c, resp3, len), resp3, words, n);
        encoded[resp3] = true;
        session_push_shared(s, c->blocks[resp3], c->blocks[resp3]->len - len, len);
    }
    if (!e->batch)
        close_blocks(c);
    else if (list_empty(&c->open))
        list_add(&e->open_channels, &c->open);
}

/* Sends one message to all of c; a single subscriber gets it straight into his own output. */
static uint32_t deliver(struct engine *e, struct channel *c, const struct slice *words, uint32_t n)
{
    size_t len = encoded_len(words, n);
    if (c->count > 1) {
        deliver_shared(e, c, words, n, len);
        return c->count;
    }
    struct session *s = list_entry(c->subs.next, struct sub, of_channel)->session;
    char *to = session_push_room(s, len);
    if (to != NULL) encode(to, s->resp >= 3, words, n);
    return 1;
}

void pubsub_batch_end(struct engine *e)
{
    while (!list_empty(&e->open_channels))
        close_blocks(list_entry(e->open_channels.next, struct channel, open));
}

struct publishing {
    struct engine *engine;
    struct slice channel, message;
    uint32_t got;
};

bool pubsub_fits(struct slice pattern, struct slice channel)
{
    if (channel.len == 0) return pattern.len == 0;
    return slice_glob(pattern, channel, false);
}

static bool deliver_pattern(struct slice pattern, void *value, void *data)
{
    struct publishing *p = data;
    if (!pubsub_fits(pattern, p->channel)) return true;
    const struct slice words[] = {SLICE("pmessage"), pattern, p->channel, p->message};
    p->got += deliver(p->engine, value, words, 4);
    return true;
}

uint32_t pubsub_publish(struct engine *e, enum pubsub_kind kind, struct slice channel,
                        struct slice message)
{
    struct publishing p = {e, channel, message, 0};
    struct slice word = kind == PUBSUB_SHARD ? SLICE("smessage") : SLICE("message");
    const struct slice words[] = {word, channel, message};
    e->stats.pubsub_messages++;
    struct channel *c = map_find(table(e, kind), channel);
    if (c != NULL) p.got += deliver(e, c, words, 3);
    if (kind == PUBSUB_CHANNEL && e->patterns.count > 0)
        map_each(&e->patterns, deliver_pattern, &p);
    return p.got;
}

uint32_t pubsub_subscribers(const struct engine *e, enum pubsub_kind kind, struct slice name)
{
    const struct channel *c = map_find(table(e, kind), name);
    return c == NULL ? 0 : c->count;
}

void pubsub_each(const struct engine *e, enum pubsub_kind kind,
                 bool (*fn)(struct slice name, void *channel, void *data), void *data)
{
    map_each(table(e, kind), fn, data);
}

/* --- keyspace notifications --- */

static const struct {
    char letter;
    int bit;
} letters[] = {{'g', NOTIFY_GENERIC},  {'$', NOTIFY_STRING},  {'l', NOTIFY_LIST},
               {'s', NOTIFY_SET},      {'h', NOTIFY_HASH},    {'z', NOTIFY_ZSET},
               {'x', NOTIFY_EXPIRED},  {'e', NOTIFY_EVICTED}, {'t', NOTIFY_STREAM},
               {'d', NOTIFY_MODULE},   {'n', NOTIFY_NEW},     {'K', NOTIFY_KEYSPACE},
               {'E', NOTIFY_KEYEVENT}, {'m', NOTIFY_KEYMISS}};

int notify_parse(struct slice text)
{
    int flags = 0;
    for (size_t i = 0; i < text.len; i++) {
        int bit = text.p[i] == 'A' ? NOTIFY_ALL : 0;
        for (size_t j = 0; bit == 0 && j < sizeof letters / sizeof letters[0]; j++)
            if (letters[j].letter == text.p[i]) bit = letters[j].bit;
        if (bit == 0) return -1;
        flags |= bit;
    }
    return flags;
}

void notify_format(int flags, struct buf *out)
{
    bool all = (flags & NOTIFY_ALL) == NOTIFY_ALL;
    if (all) buf_add_char(out, 'A');
    for (size_t j = 0; j < sizeof letters / sizeof letters[0]; j++) {
        bool in_all = (letters[j].bit & NOTIFY_ALL) != 0;
        if ((flags & letters[j].bit) != 0 && !(all && in_all)) buf_add_char(out, letters[j].letter);
    }
}

void db_notify(struct db *db, struct slice key, enum notify_class class, const char *event)
{
    struct engine *e = db->engine;
    if ((e->notify_flags & (uint32_t) class) == 0 || e->loading) return;
    struct buf name = {0};
    struct slice word = slice_of(event);
    if ((e->notify_flags & NOTIFY_KEYSPACE) != 0) {
        buf_addf(&name, "__keyspace@%u__:", db->id);
        buf_add_slice(&name, key);
        (void)pubsub_publish(e, PUBSUB_CHANNEL, buf_slice(&name), word);
        buf_clear(&name);
    }
    if ((e->notify_flags & NOTIFY_KEYEVENT) != 0) {
        buf_addf(&name, "__keyevent@%u__:%s", db->id, event);
        (void)pubsub_publish(e, PUBSUB_CHANNEL, buf_slice(&name), key);
    }
    buf_fini(&name);
}
