/* Goal:   a real file system without room costs nobody a write that was acknowledged: the log is
 *         cut back to its last whole record, writes are refused and reads go on, and all is well
 *         again as soon as there is room, or after a start on the disk that is still full. A rewrite
 *         or a snapshot that finds no room leaves the files that were there and nothing else.
 * Method: a real store in a tmpfs of some megabytes, mounted in a mount namespace of this process
 *         (as root, or as root of a user namespace), beside a file that takes and gives back room.
 *         Where neither is permitted the tests say so and ctest counts them as skipped.
 */
#include "base/hash.h"
#include "tests/crash/peer.h"
#include "tests/lib/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DISK_BYTES = 4 << 20, BALLAST_BYTES = 1 << 20, PAGE = 4096, VALUE = 1024 };

static const char *const always[] = {"--appendonly",
                                     "yes",
                                     "--appendfsync",
                                     "always",
                                     "--save",
                                     "",
                                     "--auto-aof-rewrite-percentage",
                                     "0",
                                     NULL};

/* ---- the disk ---- */

static bool put_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(fd);
    return ok;
}

static bool become_root(void)
{
    char uids[64], gids[64];
    (void)snprintf(uids, sizeof uids, "0 %d 1", (int)getuid());
    (void)snprintf(gids, sizeof gids, "0 %d 1", (int)getgid());
    return unshare(CLONE_NEWUSER) == 0 && put_file("/proc/self/setgroups", "deny") &&
           put_file("/proc/self/uid_map", uids) && put_file("/proc/self/gid_map", gids);
}

/* A folder for a store, on a disk of its own that only this process and its children see. False where
 * that is not permitted; ctest looks for the line that says so. */
static bool disk_mount(struct peer *p)
{
    char size[32];
    peer_init(p);
    (void)snprintf(p->log, sizeof p->log, "%s.log", p->dir);
    (void)snprintf(size, sizeof size, "size=%d", DISK_BYTES);
    if ((geteuid() == 0 || become_root()) && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("tmpfs", p->dir, "tmpfs", 0, size) == 0)
        return true;
    printf("skipped: no disk can be mounted here: %s\n", strerror(errno));
    peer_fini(p);
    return false;
}

static void disk_end(struct peer *p)
{
    ck_assert_int_eq(umount2(p->dir, MNT_DETACH), 0);
    ck_assert_int_eq(unlink(p->log), 0);
    peer_fini(p);
}

/* Makes the ballast so large, or so large that nothing is left but `spare` bytes. */
static void ballast_take(const struct peer *p, size_t bytes)
{
    static const char page[PAGE];
    char path[128];
    (void)snprintf(path, sizeof path, "%s/ballast", p->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    for (size_t done = 0; done < bytes; done += PAGE)
        if (write(fd, page, PAGE) != PAGE) break;
    (void)close(fd);
}

static void ballast_fill(const struct peer *p, off_t spare)
{
    char path[128];
    ballast_take(p, SIZE_MAX);
    (void)snprintf(path, sizeof path, "%s/ballast", p->dir);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    off_t size = lseek(fd, 0, SEEK_END);
    ck_assert_int_ge(size, spare);
    ck_assert_int_eq(ftruncate(fd, size - spare), 0);
    (void)close(fd);
}

static void ballast_drop(const struct peer *p)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/ballast", p->dir);
    ck_assert_int_eq(unlink(path), 0);
}

/* ---- the store ---- */

struct writer {
    redisContext *c;
    long long sent, acked; /* transactions */
};

/* One transaction that leaves its number in three places. */
static void send_one(struct writer *w)
{
    char value[VALUE];
    w->sent++;
    memset(value, 'v', sizeof value);
    (void)redisAppendCommand(w->c, "MULTI");
    (void)redisAppendCommand(w->c, "SET key:%lld %b", w->sent, value, sizeof value);
    (void)redisAppendCommand(w->c, "INCR counter");
    (void)redisAppendCommand(w->c, "RPUSH list %lld", w->sent);
    (void)redisAppendCommand(w->c, "EXEC");
    for (int done = 0; done == 0;)
        ck_assert_int_eq(redisBufferWrite(w->c, &done), REDIS_OK);
}

static void hear_one(struct writer *w)
{
    for (int i = 0; i < 5; i++) {
        redisReply *r = NULL;
        ck_assert_int_eq(redisGetReply(w->c, (void **)&r), REDIS_OK);
        ck_assert_msg(r->type != REDIS_REPLY_ERROR, "%s", r->str);
        freeReplyObject(r);
    }
    w->acked++;
}

/* Writes until one does not fit, which then waits. */
static void write_until_full(struct writer *w, redisContext *watcher)
{
    for (;;) {
        send_one(w);
        while (!peer_readable(w->c) && !peer_info_has(watcher, "aof_last_write_status:err"))
            continue;
        if (!peer_readable(w->c)) return;
        hear_one(w);
        ck_assert_int_lt(w->acked, DISK_BYTES / VALUE);
    }
}

static void check_refused(redisContext *watcher, const struct writer *w)
{
    char text[256];
    ck_assert_str_eq(
        peer_text(watcher, text, sizeof text, "SET probe 1"),
        "MISCONF Errors writing to the AOF file: write failed: No space left on device");
    ck_assert_int_eq(peer_ask(watcher, "GET probe"), -1);
    ck_assert_int_eq(peer_ask(watcher, "STRLEN key:1"), VALUE);
    ck_assert(!peer_readable(w->c));
}

/* All that was acknowledged is there, and of what was sent after it, nothing or all. */
static void check_kept(struct peer *p, struct writer *w)
{
    char text[64];
    redisContext *c = peer_connect(p);
    long long held = atoll(peer_text(c, text, sizeof text, "GET counter"));
    ck_assert_int_ge(held, w->acked);
    ck_assert_int_le(held, w->sent);
    ck_assert_int_eq(peer_ask(c, "LLEN list"), held);
    for (long long n = 1; n <= held; n++)
        ck_assert_int_eq(peer_ask(c, "STRLEN key:%lld", n), VALUE);
    ck_assert_int_eq(peer_ask(c, "EXISTS key:%lld", held + 1), 0);
    redisFree(c);
    w->sent = w->acked = held;
}

/* `hansom-store --check`: 0 when every file ends at a whole record. */
static int check_files(const struct peer *p)
{
    char command[256];
    (void)snprintf(command, sizeof command, "'%s' --check '%s' >>'%s'", getenv("HANSOM_STORE_BIN"),
                   p->dir, p->log);
    int status = system(command);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void wait_writable(redisContext *c)
{
    while (peer_info_has(c, "aof_last_write_status:err"))
        continue;
}

START_TEST(full_file_system_refuses_writes_and_loses_none_that_were_acknowledged)
{
    struct peer p;
    if (!disk_mount(&p)) return;
    ballast_take(&p, BALLAST_BYTES);
    ck_assert(peer_start(&p, always, 0));
    redisContext *watcher = peer_connect(&p);
    struct writer w = {.c = peer_connect(&p)};
    write_until_full(&w, watcher);
    ck_assert_int_gt(w.acked, 1000);
    check_refused(watcher, &w);

    ballast_drop(&p); /* room again: it is noticed, and the one that waited is kept */
    hear_one(&w);
    wait_writable(watcher);
    long long before = w.acked;
    write_until_full(&w, watcher);
    ck_assert_int_gt(w.acked, before + 500);
    check_refused(watcher, &w);
    redisFree(watcher);
    redisFree(w.c);

    (void)peer_end(&p, SIGKILL);
    ck_assert_int_eq(check_files(&p), 0);
    ck_assert(peer_start(&p, always, 0)); /* on the disk that is still full */
    check_kept(&p, &w);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    ck_assert(peer_start(&p, always, 0));
    check_kept(&p, &w);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    disk_end(&p);
}
END_TEST

/* ---- rewrites and snapshots ---- */

static uint64_t sum_file(const char *path)
{
    static char bytes[DISK_BYTES];
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    return hash_slice(slice_make(bytes, n));
}

/* A sum over the names and bytes of the files of the store but for the logs, which grow. */
static uint64_t sum_files(const char *dir)
{
    uint64_t sum = 0;
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *one; (one = readdir(d)) != NULL;) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", dir, one->d_name);
        if (one->d_name[0] == '.' || strcmp(one->d_name, "ballast") == 0) continue;
        if (strncmp(one->d_name, "log-", 4) == 0 || strcmp(one->d_name, "manifest") == 0) continue;
        if (strcmp(one->d_name, "appendonlydir") == 0) {
            sum += sum_files(path);
            continue;
        }
        sum += hash_slice(slice_of(one->d_name)) ^ sum_file(path);
    }
    (void)closedir(d);
    return sum;
}

/* Starts one and waits until it has ended. */
static void save(redisContext *c, const char *command, const char *started)
{
    char text[128];
    ck_assert_str_eq(peer_text(c, text, sizeof text, command), started);
    while (peer_info_has(c, "rdb_bgsave_in_progress:1") ||
           peer_info_has(c, "aof_rewrite_in_progress:1"))
        continue;
}

static void bgsave(redisContext *c, bool fails)
{
    save(c, "BGSAVE", "Background saving started");
    ck_assert(peer_info_has(c, fails ? "rdb_last_bgsave_status:err" : "rdb_last_bgsave_status:ok"));
}

static void rewrite(redisContext *c, bool fails)
{
    save(c, "BGREWRITEAOF", "Background append only file rewriting started");
    ck_assert(
        peer_info_has(c, fails ? "aof_last_bgrewrite_status:err" : "aof_last_bgrewrite_status:ok"));
}

static void write_some(struct writer *w, int n)
{
    for (int i = 0; i < n; i++) {
        send_one(w);
        hear_one(w);
    }
}

START_TEST(rewrite_and_snapshot_without_room_leave_the_old_files)
{
    struct peer p;
    if (!disk_mount(&p)) return;
    ck_assert(peer_start(&p, always, 0));
    redisContext *c = peer_connect(&p);
    struct writer w = {.c = peer_connect(&p)};
    write_some(&w, 500); /* half a megabyte and more, thrice: log, base, snapshot */
    rewrite(c, false);
    bgsave(c, false);
    write_some(&w, 10);

    ballast_fill(&p, 25 * PAGE); /* room for some records, and for no second base or snapshot */
    uint64_t sum = sum_files(p.dir);
    rewrite(c, true);
    bgsave(c, true);
    ck_assert_uint_eq(sum_files(p.dir), sum);
    write_some(&w, 10); /* there are no save rules, and the log has room */

    write_until_full(&w, c); /* now not even a record finds room */
    char text[128];
    ck_assert_str_eq(peer_text(c, text, sizeof text, "BGREWRITEAOF"),
                     "ERR the log cannot turn to a new file now");
    bgsave(c, true);
    check_refused(c, &w);
    ck_assert_uint_eq(sum_files(p.dir), sum);
    redisFree(c);
    redisFree(w.c);
    (void)peer_end(&p, SIGKILL);
    ck_assert_int_eq(check_files(&p), 0);
    ck_assert(peer_start(&p, always, 0));
    check_kept(&p, &w);
    ck_assert_uint_eq(sum_files(p.dir), sum);

    ballast_drop(&p);
    c = peer_connect(&p);
    wait_writable(c);
    rewrite(c, false);
    bgsave(c, false);
    redisFree(c);
    (void)peer_end(&p, SIGKILL);
    ck_assert(peer_start(&p, always, 0));
    check_kept(&p, &w);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    disk_end(&p);
}
END_TEST

/* The disk fills up by the writes of a client while a rewrite is being written. */
START_TEST(disk_that_fills_up_during_a_rewrite_costs_neither)
{
    struct peer p;
    if (!disk_mount(&p)) return;
    ck_assert(peer_start(&p, always, 0));
    redisContext *c = peer_connect(&p);
    struct writer w = {.c = peer_connect(&p)};
    write_some(&w, 500);
    ballast_fill(&p, 550 * 2 * 512); /* the base just fits; the base and some writes do not */
    char text[128];
    ck_assert_str_eq(peer_text(c, text, sizeof text, "BGREWRITEAOF"),
                     "Background append only file rewriting started");
    write_until_full(&w, c);
    while (peer_info_has(c, "aof_rewrite_in_progress:1"))
        continue;
    ballast_drop(&p);
    hear_one(&w);
    wait_writable(c);
    write_some(&w, 10);
    rewrite(c, false);
    write_some(&w, 10);
    redisFree(c);
    redisFree(w.c);
    (void)peer_end(&p, SIGKILL);
    ck_assert_int_eq(check_files(&p), 0);
    ck_assert(peer_start(&p, always, 0));
    check_kept(&p, &w);
    ck_assert_int_eq(peer_end(&p, SIGTERM), 0);
    disk_end(&p);
}
END_TEST

UNIT_SUITE("small_disk", full_file_system_refuses_writes_and_loses_none_that_were_acknowledged,
           rewrite_and_snapshot_without_room_leave_the_old_files,
           disk_that_fills_up_during_a_rewrite_costs_neither)
