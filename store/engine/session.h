/* session: what the engine knows of one client.
 *
 * Why: commands need the client's database, protocol, transaction and subscriptions, but not
 * its socket. The server's connection embeds a session; tests use one with a fake io.
 *
 * Replies: a command appends to `out`. The server takes bytes from out when it wants (between
 * commands); all of them may leave once the log is durable up to depends_on.
 */
#ifndef HANSOM_STORE_ENGINE_SESSION_H
#define HANSOM_STORE_ENGINE_SESSION_H

#include "store/engine/engine.h"

struct cmd_spec;
struct block;
struct session;

/* Encoded messages that many clients get; freed with its last reference. What lies below len never
 * changes; more is added behind it while there is room. */
struct shared {
    uint32_t refs;
    size_t len, cap;
    char bytes[];
};
struct shared *shared_new(size_t cap); /* empty; refs is 1 */
void shared_ref(struct shared *s);
void shared_unref(struct shared *s);

static inline void shared_add(struct shared *s, const void *p, size_t n)
{
    must(n <= s->cap - s->len);
    if (n > 0) memcpy(s->bytes + s->len, p, n);
    s->len += n;
}

/* What the server does for a session. Slots may be NULL in tests (share: bytes are copied to
 * out then). */
struct session_io {
    /* Bytes were appended to s->out outside of s's own command: a push, or a woken command. */
    void (*produced)(struct session *s);
    /* Queue n bytes of m behind what is in s->out now; take a reference. Never called for the
     * session whose command runs (its bytes are copied into out). */
    void (*share)(struct session *s, struct shared *m, size_t from, size_t n);
    /* Close after what is in out has left (why: for the log), or at once. Not called for the
     * running session: close_soon is set instead. */
    void (*close)(struct session *s, const char *why, bool at_once);
    /* Text "ip:port" of the peer and of our end, or a path; into buf. */
    struct slice (*addr)(struct session *s, char buf[static 128], bool local);
    /* Bytes of out, and shared ones, that have not left yet. */
    size_t (*queued)(struct session *s);
    /* Close at once and forget what it would get: it is more than the client may leave unread. */
    void (*overflow)(struct session *s);
    /* Of queued, those that are shared; with what it takes to know their places. */
    size_t (*lent)(struct session *s);
    /* Bytes set aside for commands of s that were not executed yet. */
    size_t (*held)(struct session *s);
    /* Stop (true) or go on reading commands: CLIENT PAUSE, blocked clients. */
    void (*hold)(struct session *s, bool stop);
};

/* One command kept for EXEC. */
struct queued {
    const struct cmd_spec *spec;
    struct slice *argv; /* owned, with the bytes behind the slices: one block */
    uint32_t argc;
};

enum session_flag {
    SESSION_MULTI = 1 << 0,
    SESSION_MULTI_DIRTY = 1 << 1, /* a queued command was wrong: EXEC gives EXECABORT */
    SESSION_CAS_DIRTY = 1 << 2,   /* a watched key changed: EXEC gives null */
    SESSION_REPLY_OFF = 1 << 3,
    SESSION_REPLY_SKIP = 1 << 4,      /* this command's reply */
    SESSION_REPLY_SKIP_NEXT = 1 << 5, /* the next one's */
    SESSION_NO_EVICT = 1 << 6,
    SESSION_MONITOR = 1 << 7,
    SESSION_CLOSE_SOON = 1 << 8,  /* close when out has left: QUIT, CLIENT KILL of itself */
    SESSION_REPLAY = 1 << 9,      /* the log's own session at recovery */
    SESSION_SCRIPT = 1 << 10,     /* inside a script */
    SESSION_UNIX = 1 << 11,       /* came over the Unix socket */
    SESSION_DENY_BLOCK = 1 << 12, /* inside EXEC or a script: blocking commands do not block */
    SESSION_READONLY = 1 << 13,
    SESSION_OVERFLOW = 1 << 14, /* left too much unread: gets nothing more and is closed */
};

/* What a client that has not said its password may leave unread. */
enum { SESSION_OUT_NOAUTH = 64 * 1024 };

/* A client's subscriptions; there while it has any. */
struct session_subs {
    struct map channels, patterns, shard_channels; /* name -> struct channel, borrowed */
};

struct session {
    struct engine *engine;       /* borrowed */
    const struct session_io *io; /* borrowed; never NULL */
    uint64_t id;
    struct list all;     /* in engine->sessions */
    struct list touched; /* in engine->touched_sessions */
    struct list monitor; /* in engine->monitors */
    struct buf out;      /* replies the server has not taken yet */
    uint64_t depends_on; /* log position that must be durable before out may leave */
    uint32_t flags;      /* enum session_flag */
    uint8_t resp;        /* 2 or 3 */
    uint8_t db;          /* number of its database */
    bool authenticated;
    struct slice name;     /* owned; CLIENT SETNAME */
    struct acl_user *user; /* borrowed from engine->acl; never NULL */

    struct queued *queue; /* owned; of MULTI */
    uint32_t queue_count, queue_cap;
    size_t queue_bytes;
    struct list watches;   /* of struct watch.of_session */
    size_t interest_bytes; /* what its watches and subscriptions hold, about */

    struct session_subs *subs; /* owned; NULL without subscriptions */
    struct block *block;       /* owned; not NULL while blocked */

    const struct cmd_spec *last_cmd;
    int64_t created_ms, active_ms;
    uint64_t commands, net_in, net_out;
    uint32_t argv_bytes;
    int fd; /* of its socket, for CLIENT LIST; -1 when the io has none */
};

/* Gives s its id and joins it to e. io is borrowed. */
void session_init(struct session *s, struct engine *e, const struct session_io *io);

/* Leaves transactions, watches, subscriptions and blocks, and frees what s owns. */
void session_fini(struct session *s);

static inline struct db *session_db(const struct session *s)
{
    return &s->engine->db[s->db];
}

static inline bool session_blocked(const struct session *s)
{
    return s->block != NULL;
}

/* Number of subscriptions of all three sorts. */
uint32_t session_sub_count(const struct session *s);

/* Gives s bytes that are no reply to its own command, in the order of out. The session joins
 * touched_sessions, so that its depends_on follows. */
void session_push(struct session *s, struct slice bytes);

/* The same for n bytes that the caller writes to what comes back at once; NULL: s gets none. */
char *session_push_room(struct session *s, size_t n);

/* The same with n bytes of m, which are not copied when s's io can share. */
void session_push_shared(struct session *s, struct shared *m, size_t from, size_t n);

/* How many bytes s may leave unread: the hard limit of its class. Never 0. */
size_t session_out_max(const struct session *s);

/* Bytes for s that have not left yet. */
size_t session_unread(struct session *s);

/* All that the store holds for this client, in bytes: O(1). */
size_t session_memory(struct session *s);

/* Says that s left too much unread: it is closed, and gets nothing more. */
void session_overflow(struct session *s);

/* Says that s got bytes in this command (session_push does it). */
void session_touch(struct session *s);

/* Forgets the commands queued since MULTI, and MULTI itself. */
void session_queue_clear(struct session *s);

/* Closes s: the running session after its reply, another one through io. */
void session_close(struct session *s, const char *why);

#endif
