/* Goal:   the name of a snapshot always means a whole one, the old or the new, never a mixture.
 * Method: numbered versions of a snapshot are written, on a disk that fails at every possible
 *         operation; then the snapshot is loaded again. Each byte of one is damaged in turn.
 */
#include "store/persist/snapshot.h"

#include "base/mem.h"
#include "store/engine/effects.h"
#include "tests/lib/disk.h"
#include "tests/lib/unit.h"

#include <errno.h>
#include <stdio.h>

enum { PIECES = 22, PAD = 50000, SMALL_PAD = 10 };

static void add_command(struct buf *out, uint64_t version, uint64_t n, size_t pad)
{
    char *letters = mem_alloc(pad);
    struct effects e = {.bytes = *out};
    memset(letters, (int)('a' + version), pad);
    effects_begin(&e, 4);
    effects_arg_cstr(&e, "ADD");
    effects_arg_i64(&e, (int64_t)version);
    effects_arg_i64(&e, (int64_t)n);
    effects_arg(&e, slice_make(letters, pad));
    mem_free(letters);
    *out = e.bytes;
}

/* Writes this version; true when it was said to be there. */
static bool write_version(const struct io *io, uint64_t version, size_t pad)
{
    struct base b;
    char temp[SNAPSHOT_TEMP];
    snapshot_temp(temp);
    snapshot_begin(&b, io, "dir", temp, 1000 + version);
    struct buf piece = {0};
    for (uint64_t n = 0; n < PIECES; n++) {
        buf_clear(&piece);
        add_command(&piece, version, n, pad);
        base_add(&b, buf_slice(&piece));
    }
    buf_fini(&piece);
    return base_end(&b) == 0 && snapshot_commit(io, "dir", temp, "snap") == 0;
}

struct model {
    uint64_t version, count;
};

static bool redo(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    struct model *m = data;
    uint64_t version = 0, n = 0;
    bool ok = argc == 4 && slice_is(argv[0], "ADD") && slice_u64(argv[1], &version) &&
              slice_u64(argv[2], &n);
    ok = ok && n == m->count && (m->count == 0 || version == m->version);
    m->version = version;
    m->count++;
    if (!ok) (void)snprintf(why, JOURNAL_ERROR, "a mixture");
    return ok;
}

/* The version that is there; 0: none. */
static uint64_t load(struct disk *d, const char *where, uint64_t at)
{
    struct model m = {0};
    struct journal_found found;
    enum snapshot_load how = snapshot_load(disk_io(d), "dir", "snap", redo, &m, &found);
    ck_assert_msg(how != SNAPSHOT_BAD, "%s, operation %d: %s", where, (int)at, found.error);
    if (how == SNAPSHOT_NONE) return 0;
    ck_assert_msg(m.count == PIECES, "%s, operation %d: %d pieces", where, (int)at, (int)m.count);
    return m.version;
}

/* Two versions one after the other; *acked is the last that was said to be there. */
static void scenario(const struct io *io, uint64_t *acked)
{
    (void)io->make_dir(io->data, "dir");
    *acked = 0;
    for (uint64_t v = 1; v <= 2; v++)
        if (write_version(io, v, PAD)) *acked = v;
}

static uint64_t count_ops(void)
{
    struct disk *d = disk_new(1);
    uint64_t acked = 0;
    scenario(disk_io(d), &acked);
    ck_assert_uint_eq(acked, 2);
    ck_assert_uint_eq(load(d, "no fault", 0), 2);
    uint64_t ops = disk_ops(d);
    disk_free(d);
    return ops;
}

START_TEST(power_loss_at_any_operation_leaves_the_old_or_the_new_one)
{
    uint64_t ops = count_ops();
    ck_assert_uint_gt(ops, 14);
    for (uint64_t at = 0; at < ops; at++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            struct disk *d = disk_new(seed * 1000 + at);
            uint64_t acked = 0;
            disk_plan(d, DISK_POWER_OFF, at);
            scenario(disk_io(d), &acked);
            disk_restart(d);
            uint64_t there = load(d, "power off", at);
            ck_assert_msg(there == acked || there == acked + 1, "operation %d: %d there, %d said",
                          (int)at, (int)there, (int)acked);
            snapshot_sweep(disk_io(d), "dir");
            char temp[SNAPSHOT_TEMP];
            char path[SNAPSHOT_TEMP + 4];
            snapshot_temp(temp);
            (void)snprintf(path, sizeof path, "dir/%s", temp);
            ck_assert_int_eq(disk_size(d, path), -1);
            /* It goes on from there. */
            (void)disk_io(d)->make_dir(disk_io(d)->data, "dir");
            ck_assert(write_version(disk_io(d), 3, PAD));
            ck_assert_uint_eq(load(d, "after power off", at), 3);
            disk_free(d);
        }
    }
}
END_TEST

static void fault_at_any_operation(enum disk_fault fault, const char *name)
{
    uint64_t ops = count_ops();
    for (uint64_t at = 0; at < ops; at++) {
        struct disk *d = disk_new(at);
        uint64_t acked = 0;
        disk_plan(d, fault, at);
        scenario(disk_io(d), &acked);
        uint64_t there = load(d, name, at);
        ck_assert_msg(there >= acked, "%s, operation %d: %d there, %d said", name, (int)at,
                      (int)there, (int)acked);
        disk_mend(d);
        ck_assert(write_version(disk_io(d), 3, PAD) || write_version(disk_io(d), 3, PAD));
        /* What was said to be there survives a power loss. */
        disk_plan(d, DISK_POWER_OFF, 0);
        (void)write_version(disk_io(d), 4, PAD);
        disk_restart(d);
        ck_assert_uint_eq(load(d, name, at), 3);
        disk_free(d);
    }
}

START_TEST(full_disk_leaves_the_old_one)
{
    fault_at_any_operation(DISK_FULL, "full");
}
END_TEST

START_TEST(failed_sync_leaves_the_old_one)
{
    fault_at_any_operation(DISK_SYNC_FAILS, "failed sync");
}
END_TEST

START_TEST(any_damaged_byte_is_refused_with_file_and_offset)
{
    struct disk *d = disk_new(9);
    const struct io *io = disk_io(d);
    (void)io->make_dir(io->data, "dir");
    ck_assert(write_version(io, 1, SMALL_PAD));
    uint64_t size = (uint64_t)disk_size(d, "dir/snap");
    for (uint64_t at = 0; at < size; at++) {
        struct model m = {0};
        struct journal_found found;
        ck_assert(disk_damage(d, "dir/snap", at));
        ck_assert_msg(snapshot_load(io, "dir", "snap", redo, &m, &found) == SNAPSHOT_BAD, "byte %d",
                      (int)at);
        ck_assert_ptr_nonnull(strstr(found.error, "snap: "));
        ck_assert_ptr_nonnull(strstr(found.error, "offset"));
        ck_assert(write_version(io, 1, SMALL_PAD));
    }
    disk_free(d);
}
END_TEST

START_TEST(other_processes_files_are_not_swept)
{
    struct disk *d = disk_new(9);
    const struct io *io = disk_io(d);
    (void)io->make_dir(io->data, "dir");
    int file = io->open(io->data, "dir/temp-1.snapshot", IO_REPLACE); /* the first process lives */
    ck_assert_int_ge(file, 0);
    io->close(io->data, file);
    snapshot_sweep(io, "dir");
    ck_assert_int_ge(disk_size(d, "dir/temp-1.snapshot"), 0);
    disk_free(d);
}
END_TEST

UNIT_SUITE("snapshot", power_loss_at_any_operation_leaves_the_old_or_the_new_one,
           full_disk_leaves_the_old_one, failed_sync_leaves_the_old_one,
           any_damaged_byte_is_refused_with_file_and_offset, other_processes_files_are_not_swept)
