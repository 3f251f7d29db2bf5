#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "cli/place.h"

enum { PIECE = 1 << 16 };

bool copy_fails(const char *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "hansom %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return false;
}

static bool path_of(char path[static PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX;
}

bool copy_make_folder(const char *command, const char *dir)
{
    if (mkdir(dir, 0750) == 0) return true;
    if (errno != EEXIST) return copy_fails(command, "%s: %s", dir, strerror(errno));
    DIR *d = opendir(dir);
    if (d == NULL) return copy_fails(command, "%s: %s", dir, strerror(errno));
    bool empty = true;
    for (const struct dirent *one; (one = readdir(d)) != NULL;)
        if (strcmp(one->d_name, ".") != 0 && strcmp(one->d_name, "..") != 0) empty = false;
    closedir(d);
    return empty || copy_fails(command, "%s is not empty: nothing in it is replaced", dir);
}

static bool sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    bool good = fsync(fd) == 0;
    close(fd);
    return good;
}

static bool put_all(int to, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(to, p, n);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

/* False with errno. */
static bool copy_bytes(int from, int to, struct copy_facts *facts)
{
    static char piece[PIECE];
    facts->bytes = 0;
    facts->crc = 0;
    for (;;) {
        ssize_t got = read(from, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return got == 0 && fsync(to) == 0;
        if (!put_all(to, piece, (size_t)got)) return false;
        facts->crc = crc32c(facts->crc, piece, (size_t)got);
        facts->bytes += (uint64_t)got;
    }
}

bool copy_write(const char *command, int from, const char *dir, const char *name,
                struct copy_facts *facts)
{
    char path[PATH_MAX], fresh[PATH_MAX], beside[NAME_MAX];
    snprintf(beside, sizeof beside, "%s.new", name);
    if (!path_of(path, dir, name) || !path_of(fresh, dir, beside))
        return copy_fails(command, "%s: the path is too long", dir);
    int to = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool good = to >= 0 && copy_bytes(from, to, facts) && rename(fresh, path) == 0;
    int error = errno;
    if (to >= 0) close(to);
    if (!good) {
        if (to >= 0) unlink(fresh);
        return copy_fails(command, "%s: %s", path, strerror(error));
    }
    if (sync_folder(dir)) return true;
    error = errno;
    unlink(path);
    return copy_fails(command, "%s: %s", dir, strerror(error));
}

bool copy_facts_write(const char *command, const char *dir, const struct copy_facts *facts)
{
    char path[PATH_MAX], fresh[PATH_MAX], crc[16];
    if (!path_of(path, dir, "backup.json") || !path_of(fresh, dir, "backup.json.new"))
        return copy_fails(command, "%s: the path is too long", dir);
    snprintf(crc, sizeof crc, "%08x", facts->crc);
    json_t *o = json_pack("{s:i, s:s, s:I, s:s, s:I, s:I, s:s}", "hansom_backup", 1, "snapshot",
                          COPY_SNAPSHOT, "bytes", (json_int_t)facts->bytes, "crc32c", crc, "keys",
                          (json_int_t)facts->keys, "taken", (json_int_t)facts->taken_s,
                          "store_version", facts->store_version);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool good = o != NULL && fd >= 0 && json_dumpfd(o, fd, JSON_INDENT(2)) == 0 &&
                put_all(fd, "\n", 1) && fsync(fd) == 0 && rename(fresh, path) == 0 &&
                sync_folder(dir);
    int error = errno;
    if (fd >= 0) close(fd);
    json_decref(o);
    return good || copy_fails(command, "%s: %s", path, strerror(error));
}

static uint64_t number_of(const json_t *o, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(o, name));
}

static bool facts_of(const json_t *o, struct copy_facts *out)
{
    const char *crc = json_string_value(json_object_get(o, "crc32c"));
    const char *name = json_string_value(json_object_get(o, "snapshot"));
    const char *version = json_string_value(json_object_get(o, "store_version"));
    char *end = NULL;
    if (number_of(o, "hansom_backup") != 1 || name == NULL || strcmp(name, COPY_SNAPSHOT) != 0)
        return false;
    if (crc == NULL || strlen(crc) != 8 || !json_is_integer(json_object_get(o, "bytes")))
        return false;
    *out = (struct copy_facts){.bytes = number_of(o, "bytes"),
                               .crc = (uint32_t)strtoul(crc, &end, 16),
                               .keys = number_of(o, "keys"),
                               .taken_s = (int64_t)number_of(o, "taken")};
    snprintf(out->store_version, sizeof out->store_version, "%s", version == NULL ? "" : version);
    return *end == '\0';
}

bool copy_facts_read(const char *command, const char *dir, struct copy_facts *facts)
{
    char path[PATH_MAX];
    if (!path_of(path, dir, "backup.json"))
        return copy_fails(command, "%s: the path is too long", dir);
    if (access(path, F_OK) != 0)
        return copy_fails(command, "%s is no backup: there is no backup.json in it", dir);
    json_t *o = json_load_file(path, 0, NULL);
    bool good = facts_of(o, facts);
    json_decref(o);
    return good || copy_fails(command, "%s does not say what a backup must", path);
}

/* Its output goes to stderr: where a failure is told. */
static void run_check(const char *program, const char *dir)
{
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execl(program, program, "--check", dir, (char *)NULL);
    fprintf(stderr, "hansom: %s: %s\n", program, strerror(errno));
    _exit(127);
}

bool copy_check(const char *command, const char *dir)
{
    struct buf program = {0};
    if (!place_of_programs(&program)) return copy_fails(command, "cannot find hansom-store");
    buf_add(&program, "/hansom-store", sizeof "/hansom-store");
    pid_t child = fork();
    if (child == 0) run_check(program.p, dir);
    int how = 0;
    pid_t got;
    do
        got = waitpid(child, &how, 0);
    while (got < 0 && errno == EINTR);
    buf_fini(&program);
    if (child > 0 && got == child && WIFEXITED(how) && WEXITSTATUS(how) == 0) return true;
    return copy_fails(command, "%s is not whole (hansom-store --check)", dir);
}
