/* guard: what keeps a user from a command: store/engine/acl's rules, asked about real commands.
 *
 * Why: the rules know names, keys and channels; this knows which command is which, where its
 * keys stand, which words a refusal has, and keeps the log of refusals.
 *
 * Cost: nothing for a user who may do all (guard_is_free); else a search of keys and the rules.
 */
#ifndef HANSOM_STORE_CMD_GUARD_H
#define HANSOM_STORE_CMD_GUARD_H

#include "store/cmd/cmd.h"

/* Where a command was refused, for ACL LOG. */
enum guard_where { GUARD_TOPLEVEL, GUARD_MULTI, GUARD_SCRIPT };

/* All commands by name, for the rules. */
const struct acl_commands *guard_commands(void);

/* Category bits of a command. */
uint32_t guard_categories(const struct cmd_spec *spec);

/* Whether s needs no asking. */
static inline bool guard_is_free(const struct session *s)
{
    return s->user->all;
}

/* Whether u may run it; *at is then the index of the key or channel that is denied. */
enum acl_verdict guard_check(struct engine *e, const struct acl_user *u,
                             const struct cmd_spec *spec, const struct slice *argv, uint32_t argc,
                             uint32_t *at);

/* The same for the user of s; a refusal is logged. */
enum acl_verdict guard_ask(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                           uint32_t argc, enum guard_where where);

/* The same; a refusal is replied. */
bool guard_admits(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                  uint32_t argc, struct reply *r);

/* The same for a script's inner command: its words, as scripts get them. */
bool guard_admits_script(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                         uint32_t argc, struct reply *r);

/* The same at EXEC, for a command that was queued. */
bool guard_admits_queued(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                         uint32_t argc, struct reply *r);

/* Whether the running command may read (write) every key that begins with this, as those of search
 * do, and with "" as BY and GET of SORT. */
bool guard_admits_prefix(const struct cmd *c, struct slice prefix, uint8_t access);

/* Makes s the client of u. */
void guard_become(struct session *s, struct acl_user *u);

/* Ends all clients of u, who is about to go. */
void guard_evict(struct engine *e, const struct acl_user *u);

/* Ends those clients of u whose subscriptions `next` would not allow. */
void guard_evict_subscribers(struct engine *e, const struct acl_user *u,
                             const struct acl_user *next);

/* The i-th argument as MONITOR and SLOWLOG may show it: passwords are "(redacted)". */
struct slice guard_shown(const struct cmd_spec *spec, const struct slice *argv, uint32_t i);

/* --- the log of refusals: engine->acl_log, newest first, acllog-max-len long --- */

struct guard_entry {
    struct list link;
    uint64_t count;
    enum acl_verdict verdict; /* ACL_ALLOWED: a login that failed */
    enum guard_where where;
    struct slice object, user, client; /* owned */
    int64_t at_ms;
};

/* A login that failed. */
void guard_log_login(struct session *s, struct slice user, struct slice command);

void guard_log_reset(struct engine *e);

/* --- acl_file.c --- */

/* Puts the rules of requirepass and aclfile into force, before the first client comes. False,
 * and the reason in why (size bytes). */
bool guard_start(struct engine *e, char *why, size_t size);

/* The default user's password is now what requirepass says. */
void guard_requirepass(struct engine *e);

/* Reads aclfile: all users anew, or none and false with the reasons in *why. */
bool guard_load(struct engine *e, struct buf *why);

/* Writes all users to aclfile, beside it first. */
bool guard_save(const struct engine *e);

#endif
