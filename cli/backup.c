/* backup: a copy of a running store as it is at one moment.
 *
 *     BGSAVE --rdb_saves grows--> copy the file --hansom-store --check--> backup.json
 *
 * The file is opened once: a snapshot that the store makes meanwhile gets the name, and this one
 * stays whole until it is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/copy.h"
#include "cli/reach.h"

struct backup_options {
#define OPT OPTION_FIELD
#include "cli/backup.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct backup_options, field, __VA_ARGS__)
#include "cli/backup.def"
#undef OPT
};

enum { POLL_MS = 20 };

static const char me[] = "backup";

/* ---- the store ---- */

/* Asks; NULL after it has said what the store answered instead. */
static redisReply *ask(redisContext *c, const char *command, int type)
{
    redisReply *r = redisCommand(c, command);
    if (r != NULL && r->type == type) return r;
    copy_fails(me, "%s: %s", command,
               r == NULL                      ? c->errstr
               : r->type == REDIS_REPLY_ERROR ? r->str
                                              : "?");
    freeReplyObject(r);
    return NULL;
}

struct progress {
    uint64_t saves;
    bool saving, failed;
};

static uint64_t field_of(const char *info, const char *name)
{
    const char *at = strstr(info, name);
    return at == NULL ? 0 : strtoull(at + strlen(name), NULL, 10);
}

static bool look(redisContext *c, struct progress *out)
{
    redisReply *r = ask(c, "INFO persistence", REDIS_REPLY_STRING);
    if (r == NULL) return false;
    out->saves = field_of(r->str, "rdb_saves:");
    out->saving = field_of(r->str, "rdb_bgsave_in_progress:") != 0;
    out->failed = strstr(r->str, "rdb_last_bgsave_status:err") != NULL;
    freeReplyObject(r);
    return true;
}

/* Waits until `saves` snapshots are done or, when there is one under way, it has ended. */
static bool wait_saved(redisContext *c, uint64_t saves, bool any_end, int64_t until_ms)
{
    for (bool seen = false;;) {
        struct progress p;
        if (!look(c, &p)) return false;
        if (p.saves >= saves || (any_end && !p.saving)) return true;
        if (seen && !p.saving && p.failed)
            return copy_fails(me, "the store could not write its snapshot; its log says why");
        seen = seen || p.saving;
        if (clock_mono_ms() > until_ms)
            return copy_fails(me, "the store wrote no snapshot within --timeout");
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    }
}

/* Has the store write a snapshot that was begun after this call. */
static bool save(redisContext *c, int64_t timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    struct progress p;
    if (!look(c, &p)) return false;
    if (p.saving && !wait_saved(c, p.saves + 1, true, until_ms)) return false;
    if (!look(c, &p)) return false;
    redisReply *r = ask(c, "BGSAVE SCHEDULE", REDIS_REPLY_STATUS);
    if (r == NULL) return false;
    freeReplyObject(r);
    return wait_saved(c, p.saves + 1, false, until_ms);
}

/* One value of CONFIG GET. */
static bool setting(redisContext *c, const char *command, char *out, size_t size)
{
    redisReply *r = ask(c, command, REDIS_REPLY_ARRAY);
    if (r == NULL) return false;
    bool good = r->elements == 2 && r->element[1]->len < size;
    if (good) snprintf(out, size, "%s", r->element[1]->str);
    freeReplyObject(r);
    return good || copy_fails(me, "%s: no answer", command);
}

static bool ask_facts(redisContext *c, struct copy_facts *facts)
{
    redisReply *r = ask(c, "INFO", REDIS_REPLY_STRING);
    if (r == NULL) return false;
    static const char name[] = "hansom_store_version:";
    const char *at = strstr(r->str, name);
    if (at != NULL) {
        at += sizeof name - 1;
        slice_cstr(slice_make(at, strcspn(at, "\r\n")), facts->store_version,
                   sizeof facts->store_version);
    }
    for (const char *p = r->str; (p = strstr(p, ":keys=")) != NULL; p++)
        facts->keys += field_of(p, ":keys=");
    freeReplyObject(r);
    facts->taken_s = clock_wall_us() / 1000000;
    return at != NULL || copy_fails(me, "this is no hansom-store");
}

/* ---- the copy ---- */

/* Opens the snapshot that the store has just written. */
static int open_snapshot(redisContext *c, const struct backup_options *o)
{
    char dir[PATH_MAX], name[NAME_MAX], path[PATH_MAX + NAME_MAX + 2];
    if (!setting(c, "CONFIG GET dir", dir, sizeof dir)) return -1;
    if (!setting(c, "CONFIG GET dbfilename", name, sizeof name)) return -1;
    snprintf(path, sizeof path, "%s/%s", o->files[0] != '\0' ? o->files : dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        copy_fails(me, "%s: %s (--files says where the store's folder is on this machine)", path,
                   strerror(errno));
    return fd;
}

static bool backup_from(redisContext *c, const struct backup_options *o, const char *to)
{
    struct copy_facts facts = {0};
    if (!ask_facts(c, &facts) || !copy_make_folder(me, to) || !save(c, o->timeout_ms)) return false;
    int from = open_snapshot(c, o);
    if (from < 0) return false;
    bool good = copy_write(me, from, to, COPY_SNAPSHOT, &facts) && copy_check(me, to) &&
                copy_facts_write(me, to, &facts);
    close(from);
    if (good)
        printf("%s: %" PRIu64 " bytes, about %" PRIu64 " keys\n", to, facts.bytes, facts.keys);
    return good;
}

static bool backup(const struct backup_options *o, const char *to)
{
    redisContext *c = reach_store(me, o->dir, o->store, o->store_password);
    if (c == NULL) return false;
    bool good = backup_from(c, o, to);
    redisFree(c);
    return good;
}

int command_backup(int argc, char **argv)
{
    struct backup_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom backup DIR",
                             .summary = "Copies a running store, as it is at one moment, into a "
                                        "new folder.",
                             .groups = &group,
                             .groups_count = 1};
    const char *to = command_take_word(&argc, &argv);
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON && to == NULL) {
        fputs("usage: hansom backup DIR [--dir RUN | --store URL]\n", stderr);
        status = EXIT_USAGE_BAD;
    }
    if (status == COMMAND_GOES_ON) status = backup(&o, to) ? 0 : 1;
    option_fini(&set);
    return status;
}
