/* index: brings the search indexes to this version's fields. The new index is made beside the old one and fills in
 * the background; only once it is complete does the alias that searches name point at it, and only then
 * does the old one go. Stopped anywhere, the same command goes on from there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/copy.h"
#include "cli/place.h"
#include "cli/reach.h"
#include "services/kit/driver_index.h"
#include "services/kit/reply.h"

struct index_options {
#define OPT OPTION_FIELD
#include "cli/index.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct index_options, field, __VA_ARGS__)
#include "cli/index.def"
#undef OPT
};

enum { POLL_MS = 50, NO_VERSION = -1 };

static const char me[] = "index upgrade";

struct upgrade {
    redisContext *store;
    int64_t timeout_ms;
};

/* What FT.INFO says of an index or alias. */
struct facts {
    bool there, filling;
    int version; /* NO_VERSION: not one of ours */
    int64_t documents;
};

/* Asks; NULL after it has said that the store is gone. An error is a reply, too. */
static redisReply *ask(const struct upgrade *u, const struct slice *argv, size_t argc)
{
    const char *words[DRIVER_INDEX_ARGS_MAX];
    size_t lens[DRIVER_INDEX_ARGS_MAX];
    for (size_t i = 0; i < argc; i++) {
        words[i] = argv[i].p;
        lens[i] = argv[i].len;
    }
    redisReply *r = redisCommandArgv(u->store, (int)argc, words, lens);
    if (r == NULL) (void)copy_fails(me, "%s", u->store->errstr);
    return r;
}

/* Commands that must be answered well, or with an error that holds `fine`. */
static bool tell(const struct upgrade *u, const struct slice *argv, size_t argc, const char *fine)
{
    redisReply *r = ask(u, argv, argc);
    if (r == NULL) return false;
    bool good = !reply_is_error(r) || (fine != NULL && strstr(r->str, fine) != NULL);
    if (!good) (void)copy_fails(me, "%.*s: %s", (int)argv[0].len, argv[0].p, r->str);
    freeReplyObject(r);
    return good;
}

/* The version in a name that driver_index_name made. */
static int version_of(const char *region, struct slice name)
{
    struct key_text key;
    struct slice first = driver_index_name(&key, slice_of(region), 0);
    first.len--; /* without the 0 */
    int64_t n = 0;
    bool ours = slice_starts(name, first) && slice_i64(slice_from(name, first.len), &n);
    return ours && n >= 0 && n < INT32_MAX ? (int)n : NO_VERSION;
}

static bool look(const struct upgrade *u, const char *region, struct slice name, struct facts *out)
{
    const struct slice argv[] = {SLICE("FT.INFO"), name};
    redisReply *r = ask(u, argv, 2);
    *out = (struct facts){.version = NO_VERSION};
    if (r == NULL) return false;
    bool missing = reply_is_error(r) && strcasestr(r->str, "unknown index name") != NULL;
    bool good = missing || r->type == REDIS_REPLY_ARRAY;
    if (!good) (void)copy_fails(me, "FT.INFO: %s", reply_is_error(r) ? r->str : "an unknown reply");
    if (good && !missing) {
        out->there = true;
        out->filling = reply_i64(reply_field(r, "indexing"), 0) != 0;
        out->version = version_of(region, reply_slice(reply_field(r, "index_name")));
        out->documents = reply_i64(reply_field(r, "num_docs"), 0);
    }
    freeReplyObject(r);
    return good;
}

static bool wait_filled(const struct upgrade *u, const char *region, struct slice name,
                        struct facts *out)
{
    int64_t until_ms = clock_mono_ms() + u->timeout_ms;
    for (;;) {
        if (!look(u, region, name, out)) return false;
        if (!out->there) return copy_fails(me, "%s: the new index was dropped meanwhile", region);
        if (!out->filling) return true;
        if (clock_mono_ms() > until_ms)
            return copy_fails(me,
                              "%s: the new index is not complete within --timeout; it goes on "
                              "filling, and searches use the old one: run this again",
                              region);
        (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    }
}

/* Points the alias at the complete index `name`, and drops the one it pointed at. */
static bool switch_to(const struct upgrade *u, const char *region, struct slice alias,
                      struct slice name, const struct facts *before)
{
    const struct slice point[] = {SLICE("FT.ALIASUPDATE"), alias, name};
    if (!tell(u, point, 3, NULL)) return false;
    if (before->version == NO_VERSION) return true;
    struct key_text key;
    const struct slice drop[] = {SLICE("FT.DROPINDEX"),
                                 driver_index_name(&key, slice_of(region), before->version)};
    return tell(u, drop, 2, "nknown"); /* somebody else may have been quicker */
}

static bool upgrade_region(void *data, const char *region)
{
    const struct upgrade *u = data;
    struct key_text alias_text;
    struct driver_index_create create;
    struct facts before, after;
    struct slice alias = key_make0(&alias_text, KEY_DRIVERS_INDEX, slice_of(region));
    if (!look(u, region, alias, &before)) return false;
    if (before.version == DRIVER_INDEX_VERSION) {
        printf("%s: version %d is in use already\n", region, before.version);
        return true;
    }
    if (before.version > DRIVER_INDEX_VERSION)
        return copy_fails(me, "%s: version %d is in use, newer than this program's %d", region,
                          before.version, (int)DRIVER_INDEX_VERSION);

    driver_index_create(&create, slice_of(region));
    struct slice name = create.argv[1];
    if (!tell(u, create.argv, create.argc, "already exists")) return false;
    if (!wait_filled(u, region, name, &after)) return false;
    if (!switch_to(u, region, alias, name, &before)) return false;
    printf("%s: version %d is in use, %" PRId64 " profiles\n", region, (int)DRIVER_INDEX_VERSION,
           after.documents);
    return true;
}

static bool upgrade(const struct index_options *o)
{
    struct upgrade u = {.timeout_ms = o->timeout_ms};
    u.store = reach_store(me, o->dir, o->store, o->store_password);
    if (u.store == NULL) return false;
    bool good =
        place_each_region("hansom index upgrade", o->region, o->regions_file, upgrade_region, &u);
    redisFree(u.store);
    return good;
}

int command_index(int argc, char **argv)
{
    struct index_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom index upgrade",
                             .summary = "Brings the search indexes to this version's fields, while "
                                        "searches go on. Again is harmless.",
                             .groups = &group,
                             .groups_count = 1};
    const char *word = command_take_word(&argc, &argv);
    if (word != NULL && strcmp(word, "upgrade") != 0) {
        fprintf(stderr, "hansom index: no such word: %s; there is: upgrade\n", word);
        return EXIT_USAGE_BAD;
    }
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON && word == NULL) {
        fputs("usage: hansom index upgrade [--option value...]\n", stderr);
        status = EXIT_USAGE_BAD;
    }
    if (status == COMMAND_GOES_ON) status = upgrade(&o) ? 0 : 1;
    option_fini(&set);
    return status;
}
