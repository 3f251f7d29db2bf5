#include "place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "base/rng.h"
#include "services/kit/region.h"

enum { SECRET_BYTES = 32, PORTS_TRIED = 1000 };

static bool make_dir(const char *path)
{
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return true;
    fprintf(stderr, "hansom: %s: %s\n", path, strerror(errno));
    return false;
}

/* Made whole before it has its name, so that two starts at once agree on one. */
static bool make_secret(const char *path)
{
    must(strlen(path) < PATH_MAX + 16);
    unsigned char bytes[SECRET_BYTES];
    char text[SECRET_BYTES * 2 + 2];
    char fresh[PATH_MAX + 48];
    if (access(path, R_OK) == 0) return true;
    rng_secret(bytes, sizeof bytes);
    for (size_t i = 0; i < SECRET_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    text[SECRET_BYTES * 2] = '\n';
    snprintf(fresh, sizeof fresh, "%s.%ld", path, (long)getpid());
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, SECRET_BYTES * 2 + 1) == SECRET_BYTES * 2 + 1;
    if (fd >= 0) close(fd);
    if (good && link(fresh, path) != 0 && errno != EEXIST) good = false;
    if (!good) fprintf(stderr, "hansom: %s: %s\n", path, strerror(errno));
    unlink(fresh);
    return good;
}

static bool make_parents(const char *dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", dir);
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (!make_dir(path)) return false;
        *p = '/';
    }
    return make_dir(path);
}

bool place_make(const char *dir, struct buf *out)
{
    char real[PATH_MAX];
    char path[PATH_MAX + 16];
    if (!make_parents(dir)) return false;
    if (realpath(dir, real) == NULL) {
        fprintf(stderr, "hansom: %s: %s\n", dir, strerror(errno));
        return false;
    }
    snprintf(path, sizeof path, "%s/log", real);
    if (!make_dir(path)) return false;
    snprintf(path, sizeof path, "%s/store", real);
    if (!make_dir(path)) return false;
    snprintf(path, sizeof path, "%s/jwt-secret", real);
    if (!make_secret(path)) return false;
    buf_add_cstr(out, real);
    return true;
}

bool place_read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) return false;
    size_t got = 0;
    do {
        char *to = buf_reserve(out, 4096);
        got = fread(to, 1, 4096, file);
        out->len += got;
    } while (got > 0);
    bool good = ferror(file) == 0;
    fclose(file);
    return good;
}

bool place_read_secret(const char *dir, struct buf *out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/jwt-secret", dir);
    if (!place_read_file(path, out)) return false;
    while (out->len > 0 && strchr("\r\n", out->p[out->len - 1]) != NULL) {
        out->len--;
    }
    return out->len > 0;
}

bool place_of_programs(struct buf *out)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n <= 0 || n >= (ssize_t)sizeof path) return false;
    while (n > 0 && path[n - 1] != '/')
        n--;
    buf_add(out, path, n > 1 ? (size_t)n - 1 : 1);
    return true;
}

bool place_find_regions(const char *given, const char *programs, struct buf *out)
{
    char path[PATH_MAX];
    char real[PATH_MAX];
    static const char *const places[] = {"/../../../config/regions.json", /* build/<preset>/bin */
                                         "/../share/hansom/regions.json"};
    if (given[0] != '\0') {
        snprintf(path, sizeof path, "%s", given);
    } else if (access("config/regions.json", R_OK) == 0) {
        snprintf(path, sizeof path, "config/regions.json");
    } else {
        snprintf(path, sizeof path, "%s%s", programs, places[0]);
        if (access(path, R_OK) != 0) snprintf(path, sizeof path, "%s%s", programs, places[1]);
    }
    if (realpath(path, real) == NULL) {
        fprintf(stderr, "hansom: %s: %s (give --regions-file)\n", path, strerror(errno));
        return false;
    }
    buf_add_cstr(out, real);
    return true;
}

static bool port_free(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool free_now =
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
    close(fd);
    return free_now;
}

uint16_t place_free_port(uint16_t wanted, const uint16_t *taken, size_t n)
{
    for (uint32_t port = wanted; port < wanted + (uint32_t)PORTS_TRIED && port < 65536; port++) {
        bool ours = false;
        for (size_t i = 0; i < n; i++) {
            if (taken[i] == port) ours = true;
        }
        if (!ours && port_free((uint16_t)port)) return (uint16_t)port;
    }
    return 0;
}

bool place_each_region(const char *program, const char *region, const char *regions_file,
                       bool (*fn)(void *data, const char *region), void *data)
{
    if (region[0] != '\0') return fn(data, region);
    struct buf programs = {0};
    struct buf path = {0};
    struct buf why = {0};
    bool fine = place_of_programs(&programs);
    buf_add_char(&programs, '\0');
    fine = fine && place_find_regions(regions_file, programs.p, &path);
    buf_add_char(&path, '\0');
    struct regions *regions = fine ? regions_load(path.p, &why) : NULL;
    if (regions == NULL)
        fprintf(stderr, "%s: --region is needed: no regions file was found %.*s\n", program,
                (int)why.len, why.len > 0 ? why.p : "");
    for (uint32_t i = 0; regions != NULL && i < regions->count; i++) {
        char id[33];
        if (!fn(data, slice_cstr(regions->all[i].id, id, sizeof id))) fine = false;
    }
    fine = fine && regions != NULL;
    regions_free(regions);
    buf_fini(&programs);
    buf_fini(&path);
    buf_fini(&why);
    return fine;
}
