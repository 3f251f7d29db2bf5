#include "base.h"

#include "store/persist/manifest.h"
#include "store/persist/segment.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

enum { BATCH_BYTES = 1 << 20 };

static void base_path(const struct base *b, char path[static PATH_MAX])
{
    char name[MANIFEST_NAME];
    manifest_name(name, SEGMENT_BASE, b->id);
    (void)snprintf(path, PATH_MAX, "%s/%s", b->dir, name);
}

static void base_flush(struct base *b)
{
    if (b->error == 0 && b->batch.len > 0) {
        size_t done = 0;
        record_seal(b->batch.p, b->batch.len, b->id, b->place);
        b->error = io_write_all(b->io, b->file, b->place, b->batch.p, b->batch.len, &done);
        b->place += done;
    }
    buf_clear(&b->batch);
}

void base_begin(struct base *b, const struct io *io, const char *dir, uint64_t id)
{
    *b = (struct base){.io = io, .dir = dir, .id = id};
    char path[PATH_MAX];
    base_path(b, path);
    b->file = io->open(io->data, path, IO_REPLACE);
    if (b->file < 0) {
        b->error = b->file;
        return;
    }
    char header[SEGMENT_HEADER];
    size_t done = 0;
    segment_header(header, SEGMENT_BASE, id);
    b->error = io_write_all(io, b->file, 0, header, sizeof header, &done);
    b->place = done;
}

void base_add(struct base *b, struct slice record)
{
    if (b->error != 0) return;
    record_add(&b->batch, record);
    if (b->batch.len >= BATCH_BYTES) base_flush(b);
}

int base_end(struct base *b)
{
    base_flush(b);
    record_add_mark(&b->batch, b->place);
    base_flush(b);
    if (b->error == 0) b->error = b->io->sync(b->io->data, b->file);
    if (b->file >= 0) b->io->close(b->io->data, b->file);
    if (b->error == 0) b->error = b->io->sync_dir(b->io->data, b->dir);
    if (b->error != 0) {
        char path[PATH_MAX];
        base_path(b, path);
        (void)b->io->remove(b->io->data, path);
    }
    buf_fini(&b->batch);
    return b->error;
}
