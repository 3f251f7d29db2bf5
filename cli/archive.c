/* archive: finished rides that are old, out of the store and into files.
 *
 *     oldest rides --FOLDER/REGION-ENDED-RIDE-SUM.ndjson.gz.part, synced, renamed--> dropped from the store
 *
 * A file is named by its first ride and by a sum of all that it holds: so what was killed in the middle
 * and is begun again with the same rides replaces what it wrote, and nothing else ever replaces a
 * file. Nothing is dropped that is not in a whole file on the disk, and nothing that has changed
 * since it was read; a ride that changes after it was archived comes again, in another file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/copy.h"
#include "cli/place.h"
#include "cli/reach.h"
#include "services/kit/reply.h"

struct archive_options {
#define OPT OPTION_FIELD
#include "cli/archive.def"
#undef OPT
};

static const struct option_spec specs[] = {
#define OPT(field, ...) OPTION_SPEC(struct archive_options, field, __VA_ARGS__)
#include "cli/archive.def"
#undef OPT
};

static const char me[] = "archive";

struct archive {
    const struct archive_options *options;
    const char *to;
    redisContext *store; /* owned by archive_all */
    int64_t before_ms;
};

/* The digits behind a member's name in a document of ours; empty when it has none. */
static struct slice number_in(struct slice words, const char *name)
{
    const char *at = memmem(words.p, words.len, name, strlen(name));
    if (at == NULL) return SLICE("");
    at += strlen(name);
    size_t left = words.len - (size_t)(at - (const char *)words.p);
    size_t len = 0;
    while (len < left && at[len] >= '0' && at[len] <= '9')
        len++;
    return slice_make(at, len);
}

static bool write_lines(int fd, const redisReply *documents)
{
    gzFile out = gzdopen(fd, "wb");
    if (out == NULL) return false;
    bool good = true;
    for (size_t i = 0; good && i < reply_count(documents); i++) {
        struct slice words = reply_slice(reply_at(documents, i));
        if (words.len == 0) continue;
        good = gzwrite(out, words.p, (unsigned)words.len) == (int)words.len &&
               gzwrite(out, "\n", 1) == 1;
    }
    return gzclose(out) == Z_OK && good;
}

static unsigned long sum_of(const redisReply *documents)
{
    unsigned long sum = crc32(0, NULL, 0);
    for (size_t i = 0; i < reply_count(documents); i++) {
        struct slice words = reply_slice(reply_at(documents, i));
        if (words.len > 0) sum = crc32(sum, (const Bytef *)words.p, (uInt)words.len);
    }
    return sum;
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) close(fd);
    return good;
}

/* Has the documents on the disk, whole, under their name. */
static bool write_file(const struct archive *a, const char *region, struct slice first,
                       const redisReply *documents)
{
    char path[PATH_MAX], part[PATH_MAX + 8];
    struct slice ended = number_in(reply_slice(reply_at(documents, 0)), "\"ended_ms\":");
    snprintf(path, sizeof path, "%s/%s-%.*s-%.*s-%08lx.ndjson.gz", a->to, region, (int)ended.len,
             ended.len > 0 ? (const char *)ended.p : "", (int)first.len, (const char *)first.p,
             sum_of(documents));
    snprintf(part, sizeof part, "%s.part", path);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_lines(fd, documents) && sync_path(part, O_RDONLY) &&
                rename(part, path) == 0 && sync_path(a->to, O_RDONLY | O_DIRECTORY);
    return good || copy_fails(me, "%s: %s", path, strerror(errno));
}

/* Drops what the file holds; how many are gone, or -1. */
static int64_t drop(const struct archive *a, const char *region, const redisReply *rides,
                    const redisReply *documents)
{
    size_t n = reply_count(rides);
    struct slice *args = mem_alloc(2 * n * sizeof *args);
    for (size_t i = 0; i < n; i++) {
        args[2 * i] = reply_slice(reply_at(rides, i));
        args[2 * i + 1] = number_in(reply_slice(reply_at(documents, i)), "\"version\":");
    }
    redisReply *r = reach_call(me, a->store, "archive_drop", region, args, 2 * n);
    int64_t dropped = r == NULL ? -1 : reply_i64(reach_extra(r, "dropped"), -1);
    freeReplyObject(r);
    mem_free(args);
    return dropped;
}

/* The oldest rides of a region. How many were archived; 0 when none is old enough, -1 on an error. */
static int64_t batch(const struct archive *a, const char *region)
{
    char before[24], limit[24];
    const struct slice args[] = {slice_make(before, fmt_i64(before, a->before_ms)),
                                 slice_make(limit, fmt_i64(limit, a->options->batch))};
    redisReply *r = reach_call(me, a->store, "archive_due", region, args, 2);
    if (r == NULL) return -1;
    const redisReply *rides = reach_extra(r, "rides");
    const redisReply *documents = reach_extra(r, "documents");
    int64_t done = 0;
    if (reply_count(rides) > 0) {
        bool good = write_file(a, region, reply_slice(reply_at(rides, 0)), documents);
        done = good ? drop(a, region, rides, documents) : -1;
        if (done == 0)
            done = copy_fails(me, "%s: the rides change while they are read", region) - 1;
    }
    freeReplyObject(r);
    return done;
}

static bool archive_region(void *data, const char *region)
{
    const struct archive *a = data;
    int64_t total = 0;
    for (;;) {
        int64_t done = batch(a, region);
        if (done < 0) return false;
        if (done == 0) break;
        total += done;
    }
    printf("%s: %" PRId64 " rides archived\n", region, total);
    return true;
}

static bool archive_all(const struct archive_options *o, const char *to)
{
    struct archive a = {.options = o, .to = to, .before_ms = clock_wall_ms() - o->older_ms};
    if (mkdir(to, 0700) != 0 && errno != EEXIST)
        return copy_fails(me, "%s: %s", to, strerror(errno));
    a.store = reach_store(me, o->dir, o->store, o->store_password);
    if (a.store == NULL) return false;
    bool good = place_each_region("hansom archive", o->region, o->regions_file, archive_region, &a);
    redisFree(a.store);
    return good;
}

int command_archive(int argc, char **argv)
{
    struct archive_options o;
    const struct option_group group = {"options", specs, sizeof specs / sizeof specs[0], &o};
    struct option_set set = {.program = "hansom archive FOLDER",
                             .summary = "Moves finished rides that are old out of the store, into "
                                        "files of one JSON document a line, gzipped.",
                             .groups = &group,
                             .groups_count = 1};
    const char *to = command_take_word(&argc, &argv);
    int status = command_options(&set, argc, argv);
    if (status == COMMAND_GOES_ON && to == NULL) {
        fputs("usage: hansom archive FOLDER [--dir RUN | --store URL] [--older-than 2160h]\n",
              stderr);
        status = EXIT_USAGE_BAD;
    }
    if (status == COMMAND_GOES_ON) status = archive_all(&o, to) ? 0 : 1;
    option_fini(&set);
    return status;
}
