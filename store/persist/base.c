#include "base.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"
#include "store/persist/manifest.h"

#include <errno.h>
#include <limits.h>

enum { BATCH_BYTES = 1 << 20, PIECE_MAX = 64 << 20 };

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

void base_begin_as(struct base *b, const struct io *io, const char *dir, const char *name,
                   enum segment_kind kind, uint64_t id)
{
    *b = (struct base){.io = io, .dir = dir, .id = id, .file = -ENAMETOOLONG};
    buf_addf(&b->path, "%s/%s", dir, name);
    buf_add_char(&b->path, '\0');
    if (b->path.len <= PATH_MAX) b->file = io->open(io->data, b->path.p, IO_REPLACE);
    if (b->file < 0) {
        b->error = b->file;
        return;
    }
    char header[SEGMENT_HEADER];
    size_t done = 0;
    segment_header(header, kind, id);
    b->error = io_write_all(io, b->file, 0, header, sizeof header, &done);
    b->place = done;
}

void base_begin(struct base *b, const struct io *io, const char *dir, uint64_t id)
{
    char name[MANIFEST_NAME];
    manifest_name(name, SEGMENT_BASE, id);
    base_begin_as(b, io, dir, name, SEGMENT_BASE, id);
}

static void add_record(struct base *b, struct slice record)
{
    record_add(&b->batch, record);
    if (b->batch.len >= BATCH_BYTES) base_flush(b);
}

/* Cuts what is too long for one record (a huge key) between its commands. */
static void add_split(struct base *b, struct slice commands)
{
    struct slice *argv = NULL;
    uint32_t cap = 0;
    while (commands.len > 0) {
        struct slice rest = commands;
        uint32_t argc = 0;
        do
            must(effects_next(&rest, &argv, &cap, &argc));
        while (rest.len > 0 && commands.len - rest.len < PIECE_MAX);
        add_record(b, slice_make(commands.p, commands.len - rest.len));
        commands = rest;
    }
    mem_free(argv);
}

void base_add(struct base *b, struct slice commands)
{
    if (b->error != 0) return;
    if (commands.len <= PIECE_MAX)
        add_record(b, commands);
    else
        add_split(b, commands);
}

int base_end(struct base *b)
{
    base_flush(b);
    record_add_mark(&b->batch, b->place);
    base_flush(b);
    if (b->error == 0) b->error = b->io->sync(b->io->data, b->file);
    if (b->file >= 0) b->io->close(b->io->data, b->file);
    if (b->error == 0) b->error = b->io->sync_dir(b->io->data, b->dir);
    if (b->error != 0) (void)b->io->remove(b->io->data, b->path.p);
    buf_fini(&b->batch);
    buf_fini(&b->path);
    return b->error;
}
