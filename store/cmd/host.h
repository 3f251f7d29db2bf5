/* host: all that a module family (JSON, series, sketches, search) may know of its store.
 *
 * Why: the families are written once and live in two places: in this store, and as a module
 * that Redis 7 and Valkey load. Both fill in this header (store/cmd/host.c, store/module/), so
 * a family's file includes it, store/ds and nothing else of the store.
 *
 * A handler reads h->args, finds or puts values, writes exactly one reply and says what it
 * changed. A change is logged (and sent to replicas) as the command that was sent, unless the
 * handler says something else.
 *
 * Owner: a host lives for one command. Loop thread only.
 */
#ifndef HANSOM_STORE_CMD_HOST_H
#define HANSOM_STORE_CMD_HOST_H

#include "base/arena.h"
#include "store/cmd/args.h"
#include "store/cmd/reply.h"
#include "store/engine/observer.h"
#include "store/type/family.h"

struct host {
    const struct slice *argv; /* borrowed for the command */
    uint32_t argc;
    struct args *args; /* starts behind the command's name */
    struct reply *reply;
    struct arena *arena; /* of this command */
    int64_t now_ms;      /* unix time of the command; at recovery that of the replay */
    void *self;          /* the host's own */
};

/* Looks a key up for reading. True with *out, NULL when it is missing; false after the reply
 * that it holds another type. *out is the family's value, borrowed for the command. */
bool host_find(struct host *h, struct slice key, const struct family_type *t, void **out);

/* The same for a command that may change the value. */
bool host_find_write(struct host *h, struct slice key, const struct family_type *t, void **out);

/* The value under key, or NULL when it is missing or of another type; replies nothing. */
void *host_peek(struct host *h, struct slice key, const struct family_type *t);

/* Puts v under key, which the host owns then. The old value, if any, is freed and its expiry
 * cleared. */
void host_put(struct host *h, struct slice key, const struct family_type *t, void *v);

/* Deletes a key; false when it is missing. Say host_changed afterwards. */
bool host_del(struct host *h, struct slice key);

/* Says that the key was changed, added or deleted: WATCHes fail, the event (of keyspace notifications)
 * goes out, the log takes the command. Once a key and command, after the last change. */
void host_changed(struct host *h, struct slice key, const char *event);

/* Logs this command instead of the one that was sent; may be called several times. */
void host_effect(struct host *h, uint32_t argc, const struct slice *argv);

/* Logs this command as it was sent, though it changed no key. */
void host_logged(struct host *h);

/* --- beside the keyspace: indexes of keys, which outlive a command --- */

/* The keyspace, for as long as there is one. */
struct host_keys;
struct host_keys *host_keys(struct host *h);

/* The number of the database that the command is in. */
uint32_t host_db(const struct host *h);

/* Whether the log is being replayed: keys are not looked at before its end. */
bool host_is_loading(const struct host *h);

/* What was put beside the keyspace, or NULL; and puts it there, once. */
void *host_beside(struct host *h);
void host_put_beside(struct host *h, const struct observer *o, void *data);

/* What stands under a key; good until the next change. */
enum host_kind { HOST_NOTHING, HOST_HASH, HOST_MODULE, HOST_OTHER };
#define HOST_NEVER INT64_MAX
struct host_view {
    enum host_kind kind;
    struct slice key;  /* borrowed: as it was looked up */
    void *value;       /* the host's own */
    int64_t expire_ms; /* unix time, or HOST_NEVER */
};
struct host_view host_look(struct host_keys *k, struct slice key);

/* A field of a hash; false when it has none of that name. A number may be printed into the arena. */
bool host_view_field(const struct host_view *v, struct slice field, struct arena *arena,
                     struct slice *out);
uint64_t host_view_count(const struct host_view *v);
void host_view_each(const struct host_view *v,
                    bool (*fn)(struct slice field, struct slice value, void *data), void *data);

/* A family's value, or NULL when it is of another type. */
void *host_view_value(const struct host_view *v, const struct family_type *t);

/* Calls fn for some keys of the keyspace and gives the next cursor, 0 at the end; as SCAN. */
uint64_t host_scan(struct host_keys *k, uint64_t cursor, void (*fn)(struct slice key, void *data),
                   void *data);

/* Gives a cursor back that is not read to its end; 0 is none. */
void host_scan_end(struct host_keys *k, uint64_t cursor);
uint64_t host_key_count(const struct host_keys *k);

/* Unix time, as this command sees it; a key with an earlier expiry is there no more. */
int64_t host_now_ms(const struct host_keys *k);

/* A clock that only grows. */
int64_t host_clock_us(const struct host_keys *k);
/* The index of the labelled values of the command's database; NULL when there are none. */
struct labels *host_labels(struct host *h);

/* Whether the user may read a key that the command found rather than named. */
bool host_may_read(struct host *h, struct slice key);

/* Whether the user may read, and with `writes` change, every key that begins with a prefix. True
 * while a log is replayed, or a primary's commands are. */
bool host_may_prefix(struct host *h, struct slice prefix, bool writes);

/* "wrong number of arguments for '<name>' command". */
void host_wrong_arity(struct host *h);

/* Makes the value types of all families known (family.h); once a process, before values. */
void families_register(void);

/* Every handler of the families. */
#define FAMILY(name, handler, arity, flags, keys, group, complexity, since, summary)               \
    void handler(struct host *h);
#include "store/cmd/families.def"
#undef FAMILY

#endif
