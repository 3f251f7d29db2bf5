#include "io.h"

#include "base/must.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int real_open(void *data, const char *path, enum io_open how)
{
    (void)data;
    static const int flags[] = {
        [IO_READ] = O_RDONLY, [IO_WRITE] = O_RDWR, [IO_REPLACE] = O_RDWR | O_CREAT | O_TRUNC};
    int fd = open(path, flags[how] | O_CLOEXEC, 0640);
    return fd < 0 ? -errno : fd;
}

static void real_close(void *data, int file)
{
    (void)data;
    (void)close(file);
}

static int64_t real_size(void *data, int file)
{
    (void)data;
    struct stat st;
    return fstat(file, &st) != 0 ? -errno : (int64_t)st.st_size;
}

static int64_t real_read_at(void *data, int file, uint64_t at, void *to, size_t n)
{
    (void)data;
    ssize_t got;
    do
        got = pread(file, to, n, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int64_t real_write_at(void *data, int file, uint64_t at, const void *from, size_t n)
{
    (void)data;
    ssize_t put;
    do
        put = pwrite(file, from, n, (off_t)at);
    while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

/* Never repeated after EINTR: the kernel may have dropped the dirty pages already. */
static int real_sync(void *data, int file)
{
    (void)data;
    return fdatasync(file) != 0 ? -errno : 0;
}

static int real_cut(void *data, int file, uint64_t size)
{
    (void)data;
    return ftruncate(file, (off_t)size) != 0 ? -errno : 0;
}

static int real_reserve(void *data, int file, uint64_t from, uint64_t to)
{
    (void)data;
    return fallocate(file, 0, (off_t)from, (off_t)(to - from)) != 0 ? -errno : 0;
}

static int real_make_dir(void *data, const char *path)
{
    (void)data;
    return mkdir(path, 0750) != 0 && errno != EEXIST ? -errno : 0;
}

static int real_rename(void *data, const char *from, const char *to)
{
    (void)data;
    return rename(from, to) != 0 ? -errno : 0;
}

static int real_remove(void *data, const char *path)
{
    (void)data;
    return unlink(path) != 0 ? -errno : 0;
}

static int real_sync_dir(void *data, const char *path)
{
    (void)data;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int e = fsync(fd) != 0 ? -errno : 0;
    (void)close(fd);
    return e;
}

static int real_list(void *data, const char *path, void (*fn)(const char *name, void *arg),
                     void *arg)
{
    (void)data;
    DIR *dir = opendir(path);
    if (dir == NULL) return -errno;
    for (const struct dirent *one; (one = readdir(dir)) != NULL;) {
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) fn(one->d_name, arg);
    }
    (void)closedir(dir);
    return 0;
}

static int real_lock(void *data, const char *path, bool shared)
{
    (void)data;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return fd;
    int e = -errno;
    (void)close(fd);
    return e;
}

const struct io io_real = {
    .open = real_open,
    .close = real_close,
    .size = real_size,
    .read_at = real_read_at,
    .write_at = real_write_at,
    .sync = real_sync,
    .cut = real_cut,
    .reserve = real_reserve,
    .make_dir = real_make_dir,
    .rename = real_rename,
    .remove = real_remove,
    .sync_dir = real_sync_dir,
    .list = real_list,
    .lock = real_lock,
};

int io_write_all(const struct io *io, int file, uint64_t at, const void *from, size_t n,
                 size_t *done)
{
    *done = 0;
    while (*done < n) {
        int64_t put =
            io->write_at(io->data, file, at + *done, (const char *)from + *done, n - *done);
        if (put < 0) return (int)put;
        if (put == 0) return -ENOSPC;
        *done += (size_t)put;
    }
    return 0;
}

int io_replace(const struct io *io, const char *dir, const char *path, const void *from, size_t n)
{
    char beside[PATH_MAX];
    int len = snprintf(beside, sizeof beside, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof beside) return -ENAMETOOLONG;

    int file = io->open(io->data, beside, IO_REPLACE);
    if (file < 0) return file;
    size_t done = 0;
    int e = io_write_all(io, file, 0, from, n, &done);
    if (e == 0) e = io->sync(io->data, file);
    io->close(io->data, file);
    if (e == 0) e = io->rename(io->data, beside, path);
    if (e == 0) e = io->sync_dir(io->data, dir);
    if (e != 0) (void)io->remove(io->data, beside);
    return e;
}
