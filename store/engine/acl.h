/* acl: users, what they may do, and how they prove who they are.
 *
 * Why: a store is shared by services that must not read or break each other's keys. The rules
 * and their words are Redis 7.0's, so that its users and ACL files can be taken over.
 *
 * Layout:      a user is flags, SHA-256 hashes of passwords and selectors; the first selector is
 *              the user's own, the others come from (…) rules. A selector is a bitmap of
 *              commands, patterns of keys with read and write rights, and patterns of channels.
 *              A command is allowed when one selector allows all of it.
 * Invariants:  there is always a user "default"; names are unique and kept in byte order; no
 *              password is kept, only its hash; `all` is right after each change.
 * Cost:        a user who may do everything is one branch; else a bit for the command and one
 *              glob match a key or channel and pattern.
 * Owner:       the engine owns the table. Pure: no clock, no files; commands are told by a table
 *              of names that store/cmd gives.
 */
#ifndef HANSOM_STORE_ENGINE_ACL_H
#define HANSOM_STORE_ENGINE_ACL_H

#include "base/buf.h"

enum { ACL_COMMANDS_MAX = 1024, ACL_HASH_LEN = 64, ACL_CATEGORIES = 21 };

/* One command as the rules see it. */
struct acl_command {
    const char *name;    /* lower case; "config|get" */
    uint32_t categories; /* bits of acl_category_find */
    int32_t parent;      /* index of the container, or -1 */
    bool has_subs;
};

/* Borrowed from store/cmd, for ever. */
struct acl_commands {
    const struct acl_command *all;
    uint32_t count; /* below ACL_COMMANDS_MAX: the last bit says "future commands too" */
};

/* Rights to a key. A command that only asks whether a key is there needs none of them, and yet
 * a pattern that fits. */
enum acl_access { ACL_ANY = 0, ACL_READ = 1, ACL_WRITE = 2, ACL_BOTH = 3 };

struct acl_pattern {
    struct slice text; /* owned */
    uint8_t access;    /* of keys; 0 for channels */
};

/* "+select|1": the command's bit is off, and this first argument is allowed. */
struct acl_first_arg {
    uint32_t command;
    struct slice text; /* owned */
};

struct acl_patterns {
    struct acl_pattern *all; /* owned */
    uint32_t count;
};

enum acl_selector_flag {
    ACL_ALL_COMMANDS = 1 << 0,
    ACL_ALL_KEYS = 1 << 1,
    ACL_ALL_CHANNELS = 1 << 2,
};

struct acl_selector {
    uint32_t flags; /* enum acl_selector_flag */
    uint64_t allowed[ACL_COMMANDS_MAX / 64];
    struct acl_patterns keys, channels;
    struct acl_first_arg *first_args; /* owned */
    uint32_t first_arg_count;
};

enum acl_user_flag {
    ACL_USER_ON = 1 << 0,
    ACL_USER_NOPASS = 1 << 1,
    ACL_USER_SKIP_SANITIZE = 1 << 2,
    ACL_USER_SANITIZE = 1 << 3,
};

struct acl_user {
    struct slice name;                       /* owned */
    uint32_t flags;                          /* enum acl_user_flag */
    bool all;                                /* one selector allows everything */
    char (*passwords)[ACL_HASH_LEN];         /* owned: lower case hex of SHA-256 */
    uint32_t password_count, selector_count; /* at least one selector */
    struct acl_selector *selectors;          /* owned */
};

struct acl {
    const struct acl_commands *commands; /* borrowed */
    struct acl_user **users;             /* owned, by name */
    uint32_t count;
    struct acl_user *def; /* "default", among them; lives as long as the table */
};

void acl_init(struct acl *a);
void acl_fini(struct acl *a);

/* Tells the table which commands there are; before any rule that names one. */
void acl_set_commands(struct acl *a, const struct acl_commands *commands);

/* The user of this name, or NULL. */
struct acl_user *acl_find(const struct acl *a, struct slice name);

/* A new user who is off and may do nothing; the name must be free. */
struct acl_user *acl_add(struct acl *a, struct slice name);

/* Frees a user who is not the default one. */
void acl_del(struct acl *a, struct acl_user *u);

/* Takes all users of `from`, which is then empty; the default user keeps its address. */
void acl_replace(struct acl *a, struct acl *from);

/* False for names with spaces or NUL. */
bool acl_name_ok(struct slice name);

/* A user outside of any table, to try rules on. */
struct acl_user *acl_user_new(struct slice name);
void acl_user_free(struct acl_user *u);

/* Gives to what from is, but not its name. */
void acl_user_copy(struct acl_user *to, const struct acl_user *from);

enum acl_error {
    ACL_OK,
    ACL_SYNTAX,
    ACL_UNKNOWN,        /* a command or category */
    ACL_AFTER_ALL_KEYS, /* a pattern that changes nothing */
    ACL_AFTER_ALL_CHANNELS,
    ACL_NO_PASSWORD, /* to be removed */
    ACL_BAD_HASH,
    ACL_SUB_FIRST_ARG,
};

/* Applies one rule; an error changes nothing. A selector is one rule: "(+get ~a*)". */
enum acl_error acl_user_set(const struct acl *a, struct acl_user *u, struct slice rule);

/* Redis's words for it. */
const char *acl_error_text(enum acl_error e);

/* Joins rules of a selector that was split at its spaces: "(+get", "~a*)". The result is
 * appended to out (owned slices, free with acl_rules_free) and *n is their number; false, and
 * *bad the index of the open one, when it does not end. */
bool acl_rules_merge(const struct slice *rules, uint32_t count, struct slice **out, uint32_t *n,
                     uint32_t *bad);
void acl_rules_free(struct slice *rules, uint32_t n);

/* Whether u may log in with this password. Costs the same time for every wrong one. */
bool acl_password_ok(const struct acl_user *u, struct slice password);

/* Whether new clients are the default user without saying anything. */
static inline bool acl_is_open(const struct acl *a)
{
    return (a->def->flags & (ACL_USER_ON | ACL_USER_NOPASS)) == (ACL_USER_ON | ACL_USER_NOPASS);
}

/* --- asking --- */

struct acl_key {
    struct slice key;
    uint32_t at; /* its index among the arguments */
    uint8_t access;
};

/* One command with what the rules need of its arguments. */
struct acl_request {
    uint32_t command;
    bool free;                  /* allowed to everybody: AUTH, HELLO, QUIT, RESET */
    const struct slice *argv;   /* the whole command */
    uint32_t argc, first_arg;   /* index of the first argument behind the name(s) */
    const struct acl_key *keys; /* sorted by argument or not */
    uint32_t key_count;
    uint32_t channels_at, channel_count; /* among argv */
    bool channel_patterns;               /* they are patterns: PSUBSCRIBE */
};

enum acl_verdict { ACL_ALLOWED, ACL_DENIED_COMMAND, ACL_DENIED_KEY, ACL_DENIED_CHANNEL };

/* Whether u may run it. When a key or channel is denied *at is its index in argv: the one that
 * got furthest, of all selectors. */
enum acl_verdict acl_check(const struct acl_user *u, const struct acl_request *q, uint32_t *at);

/* Whether the selector that allows the command also reads (writes) every key that begins with this. */
bool acl_check_prefix(const struct acl_user *u, const struct acl_request *q, struct slice prefix,
                      uint8_t access);

/* Whether u, once these are its rules, may stay subscribed to this channel or pattern. */
bool acl_channel_ok(const struct acl_user *u, struct slice name, bool is_pattern);

/* --- telling --- */

/* Category bits by name, 0 when there is none of it; and names by their number. */
uint32_t acl_category_find(struct slice name);
const char *acl_category_name(uint32_t i);

/* The rules that make u what it is, as one line: "on #hash ~* resetchannels -@all +get". */
void acl_user_describe(const struct acl *a, const struct acl_user *u, struct buf *out);

/* The parts of it: "+@all -debug", "~a %R~b", "&news.*". */
void acl_describe_commands(const struct acl *a, const struct acl_selector *s, struct buf *out);
void acl_describe_keys(const struct acl_selector *s, struct buf *out);
void acl_describe_channels(const struct acl_selector *s, struct buf *out);

/* --- selectors: acl_selector.c's own; the calls above use them --- */

void acl_selector_fini(struct acl_selector *s);
void acl_selector_copy(struct acl_selector *to, const struct acl_selector *from);
enum acl_error acl_selector_set(const struct acl_commands *c, struct acl_selector *s,
                                struct slice rule);
void acl_selector_describe(const struct acl *a, const struct acl_selector *s, struct buf *out);

static inline bool acl_selector_is_all(const struct acl_selector *s)
{
    uint32_t all = ACL_ALL_COMMANDS | ACL_ALL_KEYS | ACL_ALL_CHANNELS;
    return (s->flags & all) == all;
}

/* All invariants; for tests. */
void acl_verify(const struct acl *a);

#endif
