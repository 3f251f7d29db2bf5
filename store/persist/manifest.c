#include "manifest.h"

#include "base/buf.h"
#include "base/crc32c.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void manifest_name(char out[static MANIFEST_NAME], enum segment_kind kind, uint64_t id)
{
    (void)snprintf(out, MANIFEST_NAME, "%s-%06" PRIu64 ".hlog",
                   kind == SEGMENT_BASE ? "base" : "log", id);
}

/* The id in a name of this kind, or 0. */
static uint64_t name_id(const char *name, enum segment_kind kind)
{
    const char *dash = strchr(name, '-');
    if (dash == NULL) return 0;
    uint64_t id = strtoull(dash + 1, NULL, 10);
    char want[MANIFEST_NAME];
    manifest_name(want, kind, id);
    return strcmp(want, name) == 0 ? id : 0;
}

static void manifest_text(const struct manifest *m, struct buf *out)
{
    char name[MANIFEST_NAME];
    buf_add_cstr(out, "hansom-log 1\n");
    if (m->base != 0) {
        manifest_name(name, SEGMENT_BASE, m->base);
        buf_addf(out, "base %s\n", name);
    }
    for (uint64_t id = m->first; id <= m->last; id++) {
        manifest_name(name, SEGMENT_LOG, id);
        buf_addf(out, "log %s\n", name);
    }
    buf_addf(out, "crc %08" PRIx32 "\n", crc32c(0, out->p, out->len));
}

static bool parse(struct slice text, struct manifest *out)
{
    struct manifest m = {0};
    struct slice line = {0};
    struct slice rest = text;
    if (!slice_cut(&rest, '\n', &line) || !slice_is(line, "hansom-log 1")) return false;
    while (slice_cut(&rest, '\n', &line)) {
        char name[MANIFEST_NAME];
        if (slice_starts(line, SLICE("base "))) {
            m.base = name_id(slice_cstr(slice_from(line, 5), name, sizeof name), SEGMENT_BASE);
        } else if (slice_starts(line, SLICE("log "))) {
            uint64_t id = name_id(slice_cstr(slice_from(line, 4), name, sizeof name), SEGMENT_LOG);
            if (m.first == 0) m.first = id;
            m.last = id;
        }
    }
    if (m.first == 0 || m.last < m.first || m.last - m.first > 100000) return false;

    /* The writer is the grammar: what it would write must be what was read. */
    struct buf again = {0};
    manifest_text(&m, &again);
    bool same = slice_eq(buf_slice(&again), text);
    buf_fini(&again);
    if (same) *out = m;
    return same;
}

static bool path_of(char path[static PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX;
}

int manifest_read(const struct io *io, const char *dir, struct manifest *out)
{
    char path[PATH_MAX];
    if (!path_of(path, dir, "manifest")) return -ENAMETOOLONG;
    int file = io->open(io->data, path, IO_READ);
    if (file < 0) return file;
    struct buf text = {0};
    int64_t got;
    do {
        got = io->read_at(io->data, file, text.len, buf_reserve(&text, 4096), 4096);
        if (got > 0) text.len += (size_t)got;
    } while (got > 0 && text.len < (1U << 20));
    io->close(io->data, file);
    int e = got < 0 ? (int)got : parse(buf_slice(&text), out) ? 0 : -EBADMSG;
    buf_fini(&text);
    return e;
}

int manifest_write(const struct io *io, const char *dir, const struct manifest *m)
{
    char path[PATH_MAX];
    if (!path_of(path, dir, "manifest")) return -ENAMETOOLONG;
    struct buf text = {0};
    manifest_text(m, &text);
    int e = io_replace(io, dir, path, text.p, text.len);
    buf_fini(&text);
    return e;
}

bool manifest_leftover(const struct manifest *m, const char *name)
{
    uint64_t base = name_id(name, SEGMENT_BASE);
    if (base != 0) return base != m->base;
    uint64_t log = name_id(name, SEGMENT_LOG);
    return log != 0 && (log < m->first || log > m->last);
}
