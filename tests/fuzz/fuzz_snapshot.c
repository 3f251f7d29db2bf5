/* fuzz_snapshot: a snapshot whose records are sealed pieces of the input, so that its commands
 * come through to an engine, or whose file is the input. What is loaded must be written and
 * loaded again as the same store. */
#include "base/must.h"
#include "store/persist/snapshot.h"
#include "tests/crash/small_store.h"
#include "tests/lib/disk.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 7, RECORD_BYTES_MAX = 4096 };

static void put_raw(const struct io *io, struct slice bytes)
{
    size_t done = 0;
    int file = io->open(io->data, "dir/dump.snapshot", IO_REPLACE);
    must(file >= 0);
    must(io_write_all(io, file, 0, bytes.p, bytes.len, &done) == 0);
    io->close(io->data, file);
}

/* Two bytes say how long each record is. */
static void put_records(const struct io *io, struct slice in)
{
    struct base b;
    snapshot_begin(&b, io, "dir", "temp-1.snapshot", ID);
    while (in.len > 2) {
        size_t n = ((uint8_t)in.p[0] + 256U * (uint8_t)in.p[1]) % RECORD_BYTES_MAX + 1;
        in = slice_from(in, 2);
        if (n > in.len) n = in.len;
        base_add(&b, slice_make(in.p, n));
        in = slice_from(in, n);
    }
    must(base_end(&b) == 0);
    must(snapshot_commit(io, "dir", "temp-1.snapshot", "dump.snapshot") == 0);
}

static void load_again(const struct small_store *s, const struct io *io)
{
    struct small_store again;
    struct base b;
    bool there = false;
    snapshot_begin(&b, io, "dir", "temp-1.snapshot", ID + 1);
    small_write(s, &b);
    must(base_end(&b) == 0);
    must(snapshot_commit(io, "dir", "temp-1.snapshot", "dump.snapshot") == 0);
    small_new(&again);
    must(small_load(&again, io, &there));
    must(there);
    must(small_sum(&again) == small_sum(s));
    must(small_free(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk *d = disk_new(1);
    const struct io *io = disk_io(d);
    struct small_store s;
    bool there = false;
    struct slice in = slice_make((const char *)data, size);
    if (size > 0 && data[0] % 8 == 0)
        put_raw(io, slice_from(in, 1));
    else
        put_records(io, in);
    small_new(&s);
    if (small_load(&s, io, &there) && there) load_again(&s, io);
    (void)small_free(&s);
    disk_free(d);
    return 0;
}
