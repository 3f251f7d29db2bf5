#include "disk.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/must.h"

#include <errno.h>
#include <stdio.h>

enum { SECTOR = 512, NAMES_MAX = 32, HANDLES_MAX = 64, CHANGES_MAX = 64 };

struct inode {
    struct list all;
    struct inode *copy; /* while the disk is copied */
    struct buf now;
    struct buf durable;
    size_t clean; /* so many bytes at the front are the same in both, at least */
    bool lost;    /* a sync failed: what was written before it never gets to the disk */
};

struct name {
    char path[64];
    struct inode *inode;
};

/* The folder as a list of names: as it is, and as it was after each change since sync_dir. */
struct folder {
    struct name names[NAMES_MAX];
    uint32_t count;
};

/* A write that begins. */
struct pending {
    struct inode *inode; /* borrowed; NULL: it is another operation */
    uint64_t at;
    const void *from;
};

struct disk {
    struct io io;
    struct rng rng;
    struct list inodes;
    struct folder now;
    struct folder *past; /* owned; [0] is durable, then one for each change */
    uint32_t past_count;
    struct inode *handles[HANDLES_MAX];
    uint64_t ops;
    bool planned, off, full;
    enum disk_fault fault;
    uint64_t fault_at;
    disk_watch_fn watch;
    void *watch_data;
    struct pending pending;
};

/* ---- faults ---- */

/* Counts an operation; 0 or what it fails with. *last: it is the one that happens in part. */
static int step_write(struct disk *d, bool *last, size_t bytes)
{
    *last = false;
    if (d->off) return -EIO;
    if (d->watch != NULL) d->watch(d->watch_data, bytes);
    uint64_t at = d->ops++;
    if (!d->planned || at < d->fault_at) return 0;
    if (d->fault == DISK_POWER_OFF) {
        d->off = true;
        *last = true;
    }
    if (d->fault == DISK_FULL) {
        d->full = true;
        d->planned = false;
    }
    return 0;
}

static int step(struct disk *d, bool *last)
{
    d->pending = (struct pending){0};
    return step_write(d, last, 0);
}

/* ---- names ---- */

static struct name *name_find(struct folder *f, const char *path)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (strcmp(f->names[i].path, path) == 0) return &f->names[i];
    return NULL;
}

static void name_put(struct folder *f, const char *path, struct inode *inode)
{
    struct name *n = name_find(f, path);
    if (n == NULL) {
        must(f->count < NAMES_MAX);
        must(strlen(path) < sizeof n->path);
        n = &f->names[f->count++];
        (void)snprintf(n->path, sizeof n->path, "%s", path);
    }
    n->inode = inode;
}

static void name_del(struct folder *f, const char *path)
{
    struct name *n = name_find(f, path);
    must(n != NULL);
    *n = f->names[--f->count];
}

/* Remembers the folder as it is now, behind a change. */
static void folder_note(struct disk *d)
{
    must(d->past_count < CHANGES_MAX);
    d->past[d->past_count++] = d->now;
}

static struct inode *inode_new(struct disk *d)
{
    struct inode *n = mem_new(struct inode);
    list_add(&d->inodes, &n->all);
    return n;
}

/* ---- the table ---- */

static int disk_open(void *data, const char *path, enum io_open how)
{
    struct disk *d = data;
    bool last = false;
    if (d->off) return -EIO;
    struct name *n = name_find(&d->now, path);
    if (n == NULL && how != IO_REPLACE) return -ENOENT;
    if (how == IO_REPLACE) {
        int e = step(d, &last);
        if (e != 0) return e;
        if (d->full && n == NULL) return -ENOSPC;
        if (n == NULL) {
            name_put(&d->now, path, inode_new(d));
            folder_note(d);
        } else {
            buf_clear(&n->inode->now);
            n->inode->clean = 0;
        }
        if (last) return -EIO;
        n = name_find(&d->now, path);
    }
    for (int i = 0; i < HANDLES_MAX; i++) {
        if (d->handles[i] != NULL) continue;
        d->handles[i] = n->inode;
        return i;
    }
    return -EMFILE;
}

static void disk_close(void *data, int file)
{
    struct disk *d = data;
    d->handles[file] = NULL;
}

static int64_t disk_file_size(void *data, int file)
{
    struct disk *d = data;
    return (int64_t)d->handles[file]->now.len;
}

static int64_t disk_read_at(void *data, int file, uint64_t at, void *to, size_t n)
{
    struct disk *d = data;
    const struct buf *b = &d->handles[file]->now;
    if (d->off) return -EIO;
    if (at >= b->len) return 0;
    if (n > b->len - at) n = b->len - at;
    if (n > 0) memcpy(to, b->p + at, n);
    return (int64_t)n;
}

static void grow(struct buf *b, size_t len)
{
    if (len <= b->len) return;
    memset(buf_reserve(b, len - b->len), 0, len - b->len);
    b->len = len;
}

static void put_bytes(struct buf *b, uint64_t at, const void *from, size_t n)
{
    grow(b, at + n);
    if (n > 0) memcpy(b->p + at, from, n);
}

/* A file may differ from what is durable of it from here on. */
static void changed_from(struct inode *n, uint64_t at)
{
    if (at < n->clean) n->clean = (size_t)at;
}

static int64_t disk_write_at(void *data, int file, uint64_t at, const void *from, size_t n)
{
    struct disk *d = data;
    bool last = false;
    d->pending = (struct pending){d->handles[file], at, from};
    int e = step_write(d, &last, n);
    if (e != 0) return e;
    if (d->full && n < 2) return -ENOSPC;
    if (last || d->full) n = rng_below(&d->rng, n);
    put_bytes(&d->handles[file]->now, at, from, n);
    changed_from(d->handles[file], at);
    if (last) return -EIO;
    return n == 0 ? -ENOSPC : (int64_t)n;
}

static int disk_sync(void *data, int file)
{
    struct disk *d = data;
    struct inode *n = d->handles[file];
    bool last = false;
    int e = step(d, &last);
    if (e != 0) return e;
    if (last) return -EIO;
    if (d->planned && d->fault == DISK_SYNC_FAILS && d->ops > d->fault_at) {
        d->planned = false;
        n->lost = true;
        return -EIO;
    }
    if (n->lost) return 0;
    n->durable.len = n->clean; /* only what follows is copied: a log grows at its end */
    if (n->now.len > n->clean) buf_add(&n->durable, n->now.p + n->clean, n->now.len - n->clean);
    n->clean = n->now.len;
    return 0;
}

static int disk_cut(void *data, int file, uint64_t size)
{
    struct disk *d = data;
    bool last = false;
    int e = step(d, &last);
    if (e != 0) return e;
    struct buf *b = &d->handles[file]->now;
    grow(b, size);
    b->len = size;
    changed_from(d->handles[file], size);
    return last ? -EIO : 0;
}

static int disk_reserve(void *data, int file, uint64_t from, uint64_t to)
{
    struct disk *d = data;
    bool last = false;
    int e = step(d, &last);
    if (e != 0) return e;
    if (d->full) return -ENOSPC;
    (void)from;
    grow(&d->handles[file]->now, to);
    return last ? -EIO : 0;
}

static int disk_make_dir(void *data, const char *path)
{
    const struct disk *d = data;
    (void)path;
    return d->off ? -EIO : 0;
}

static int disk_rename(void *data, const char *from, const char *to)
{
    struct disk *d = data;
    bool last = false;
    int e = step(d, &last);
    if (e != 0) return e;
    struct name *n = name_find(&d->now, from);
    if (n == NULL) return -ENOENT;
    struct inode *inode = n->inode;
    name_del(&d->now, from);
    name_put(&d->now, to, inode);
    folder_note(d);
    return last ? -EIO : 0;
}

static int disk_remove(void *data, const char *path)
{
    struct disk *d = data;
    bool last = false;
    int e = step(d, &last);
    if (e != 0) return e;
    if (name_find(&d->now, path) == NULL) return -ENOENT;
    name_del(&d->now, path);
    folder_note(d);
    return last ? -EIO : 0;
}

static int disk_sync_dir(void *data, const char *path)
{
    struct disk *d = data;
    bool last = false;
    (void)path;
    int e = step(d, &last);
    if (e != 0) return e;
    if (last) return -EIO;
    d->past[0] = d->now;
    d->past_count = 1;
    return 0;
}

static int disk_list(void *data, const char *path, void (*fn)(const char *name, void *arg),
                     void *arg)
{
    struct disk *d = data;
    size_t len = strlen(path);
    if (d->off) return -EIO;
    struct folder now = d->now;
    for (uint32_t i = 0; i < now.count; i++)
        if (strncmp(now.names[i].path, path, len) == 0) fn(now.names[i].path + len + 1, arg);
    return 0;
}

static int disk_lock(void *data, const char *path, bool shared)
{
    struct disk *d = data;
    (void)path;
    (void)shared;
    if (d->off) return -EIO;
    for (int i = 0; i < HANDLES_MAX; i++) {
        if (d->handles[i] != NULL) continue;
        d->handles[i] = inode_new(d);
        return i;
    }
    return -EMFILE;
}

/* ---- power ---- */

/* What a file holds after the power went: of each sector what was synced or what was written
 * since, of either length. */
static void inode_settle(struct disk *d, struct inode *n)
{
    struct buf out = {0};
    const struct buf *was = &n->durable;
    const struct buf *now = n->lost ? &n->durable : &n->now;
    size_t len = rng_below(&d->rng, 2) == 0 ? was->len : now->len;
    for (size_t at = 0; at < len; at += SECTOR) {
        const struct buf *from = rng_below(&d->rng, 2) == 0 ? was : now;
        size_t want = len - at < SECTOR ? len - at : SECTOR;
        size_t have = from->len <= at ? 0 : from->len - at < want ? from->len - at : want;
        if (have > 0) put_bytes(&out, at, from->p + at, have);
        grow(&out, at + want);
    }
    buf_fini(&n->now);
    n->now = out;
    n->lost = false;
    buf_clear(&n->durable);
    buf_add(&n->durable, out.p, out.len);
    n->clean = out.len;
}

void disk_restart(struct disk *d)
{
    memset(d->handles, 0, sizeof d->handles);
    d->off = d->full = d->planned = false;
    d->now = d->past[rng_below(&d->rng, d->past_count)];
    d->past[0] = d->now;
    d->past_count = 1;
    list_each(at, &d->inodes)
    {
        inode_settle(d, list_entry(at, struct inode, all));
    }
}

/* ---- a disk as it would be found ---- */

void disk_watch(struct disk *d, disk_watch_fn fn, void *data)
{
    d->watch = fn;
    d->watch_data = data;
}

static void inode_copy(struct disk *to, struct inode *from)
{
    struct inode *n = inode_new(to);
    buf_add(&n->now, from->now.p, from->now.len);
    buf_add(&n->durable, from->durable.p, from->durable.len);
    n->lost = from->lost;
    from->copy = n;
}

static void folder_copy(struct folder *to, const struct folder *from)
{
    *to = *from;
    for (uint32_t i = 0; i < to->count; i++)
        to->names[i].inode = from->names[i].inode->copy;
}

static void settle_to(struct inode *n, bool all)
{
    struct buf *from = all && !n->lost ? &n->now : &n->durable;
    struct buf *to = all && !n->lost ? &n->durable : &n->now;
    buf_clear(to);
    buf_add(to, from->p, from->len);
}

struct disk *disk_found(const struct disk *d, enum disk_left left, size_t done, uint64_t seed)
{
    struct disk *to = disk_new(seed);
    list_each(at, &d->inodes)
    {
        inode_copy(to, list_entry(at, struct inode, all));
    }
    for (uint32_t i = 0; i < d->past_count; i++)
        folder_copy(&to->past[i], &d->past[i]);
    to->past_count = d->past_count;
    if (done > 0) put_bytes(&d->pending.inode->copy->now, d->pending.at, d->pending.from, done);
    if (left == DISK_LEFT_SOME) {
        disk_restart(to);
        return to;
    }
    bool all = left == DISK_LEFT_ALL;
    list_each(at, &to->inodes)
    {
        settle_to(list_entry(at, struct inode, all), all);
    }
    to->now = to->past[all ? to->past_count - 1 : 0];
    to->past[0] = to->now;
    to->past_count = 1;
    return to;
}

/* ---- the test's side ---- */

struct disk *disk_new(uint64_t seed)
{
    struct disk *d = mem_new(struct disk);
    rng_init(&d->rng, seed);
    list_init(&d->inodes);
    d->past = mem_array(CHANGES_MAX, struct folder);
    d->past_count = 1;
    d->io = (struct io){.data = d,
                        .open = disk_open,
                        .close = disk_close,
                        .size = disk_file_size,
                        .read_at = disk_read_at,
                        .write_at = disk_write_at,
                        .sync = disk_sync,
                        .cut = disk_cut,
                        .reserve = disk_reserve,
                        .make_dir = disk_make_dir,
                        .rename = disk_rename,
                        .remove = disk_remove,
                        .sync_dir = disk_sync_dir,
                        .list = disk_list,
                        .lock = disk_lock};
    return d;
}

void disk_free(struct disk *d)
{
    list_each_safe(at, &d->inodes)
    {
        struct inode *n = list_entry(at, struct inode, all);
        buf_fini(&n->now);
        buf_fini(&n->durable);
        mem_free(n);
    }
    mem_free(d->past);
    mem_free(d);
}

const struct io *disk_io(struct disk *d)
{
    return &d->io;
}

void disk_plan(struct disk *d, enum disk_fault fault, uint64_t at)
{
    d->planned = true;
    d->fault = fault;
    d->fault_at = at;
}

void disk_mend(struct disk *d)
{
    d->full = false;
}

uint64_t disk_ops(const struct disk *d)
{
    return d->ops;
}

bool disk_is_off(const struct disk *d)
{
    return d->off;
}

bool disk_damage(struct disk *d, const char *path, uint64_t at)
{
    const struct name *n = name_find(&d->now, path);
    if (n == NULL || at >= n->inode->now.len) return false;
    n->inode->now.p[at] ^= 0x20;
    changed_from(n->inode, at);
    return true;
}

int64_t disk_size(const struct disk *d, const char *path)
{
    for (uint32_t i = 0; i < d->now.count; i++)
        if (strcmp(d->now.names[i].path, path) == 0) return (int64_t)d->now.names[i].inode->now.len;
    return -1;
}
