/* Goal:   --check says what is wrong with a log and where, and --fix leaves a log that starts,
 *         with everything before the damage and a copy of what was there.
 * Method: logs of numbered records are damaged at chosen and at random places.
 */
#include "store/persist/mend.h"

#include "base/rng.h"
#include "store/engine/effects.h"
#include "store/persist/base.h"
#include "store/persist/journal.h"
#include "tests/lib/disk.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { RECORDS = 30, TURN = 5 };

static bool count_one(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    uint64_t *count = data;
    uint64_t n = 0;
    if (argc != 2 || !slice_u64(argv[1], &n) || n != *count + 1) {
        (void)snprintf(why, JOURNAL_ERROR, "out of order");
        return false;
    }
    *count = n;
    return true;
}

static struct journal *open_log(struct disk *d, uint64_t *count, struct journal_found *found)
{
    struct journal_options o = {.io = disk_io(d), .dir = "log", .sync = JOURNAL_SYNC_ALWAYS};
    *count = 0;
    return journal_open(&o, count_one, count, found);
}

static void add_command(struct buf *out, uint64_t n)
{
    struct effects e = {.bytes = *out};
    effects_begin(&e, 2);
    effects_arg_cstr(&e, "ADD");
    effects_arg_i64(&e, (int64_t)n);
    *out = e.bytes;
}

static void append(struct journal *j, uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n <= to; n++) {
        struct buf b = {0};
        add_command(&b, n);
        (void)journal_append(j, buf_slice(&b));
        buf_fini(&b);
        if (n % TURN == 0) journal_turn(j, true);
    }
    journal_turn(j, true);
}

/* A log of three files with ten records each, well closed. */
static struct disk *three_files(void)
{
    struct disk *d = disk_new(3);
    struct journal_found found;
    uint64_t count = 0;
    struct journal *j = open_log(d, &count, &found);
    ck_assert_ptr_nonnull(j);
    append(j, 1, 10);
    ck_assert_int_gt(journal_rotate(j), 0);
    append(j, 11, 20);
    ck_assert_int_gt(journal_rotate(j), 0);
    append(j, 21, RECORDS);
    ck_assert(journal_close(j));
    return d;
}

static uint64_t records(struct disk *d)
{
    struct journal_found found;
    uint64_t count = 0;
    struct journal *j = open_log(d, &count, &found);
    ck_assert_msg(j != NULL, "%s", found.error);
    ck_assert(journal_close(j));
    return count;
}

static enum mend_verdict say(struct disk *d, bool fix, const char *words)
{
    struct buf out = {0};
    enum mend_verdict v =
        fix ? mend_fix(disk_io(d), "log", &out) : mend_check(disk_io(d), "log", &out);
    buf_add_char(&out, '\0');
    ck_assert_msg(strstr(out.p, words) != NULL, "no \"%s\" in: %s", words, out.p);
    buf_fini(&out);
    return v;
}

START_TEST(whole_log_is_whole_and_fix_changes_nothing)
{
    struct disk *d = three_files();
    ck_assert_int_eq(say(d, false, "log: whole, 30 records"), MEND_WHOLE);
    uint64_t ops = disk_ops(d);
    ck_assert_int_eq(say(d, true, "log: whole, 30 records"), MEND_WHOLE);
    ck_assert_uint_eq(disk_ops(d), ops);
    disk_free(d);
}
END_TEST

START_TEST(nothing_there_is_said)
{
    struct disk *d = disk_new(1);
    (void)disk_io(d)->make_dir(disk_io(d)->data, "log");
    ck_assert_int_eq(say(d, false, "neither a log nor a snapshot"), MEND_UNKNOWN);
    disk_free(d);
}
END_TEST

START_TEST(torn_tail_is_told_and_cut)
{
    struct disk *d = three_files();
    const struct io *io = disk_io(d);
    int64_t size = disk_size(d, "log/log-000003.hlog");
    int file = io->open(io->data, "log/log-000003.hlog", IO_WRITE);
    ck_assert_int_eq(io->write_at(io->data, file, (uint64_t)size, "half a rec", 10), 10);
    io->close(io->data, file);
    char words[128];
    (void)snprintf(words, sizeof words, "log/log-000003.hlog: torn tail at offset %lld, 10 bytes",
                   (long long)size);
    ck_assert_int_eq(say(d, false, words), MEND_TORN);
    ck_assert_int_eq(say(d, true, "cut at offset"), MEND_WHOLE);
    ck_assert_int_eq(disk_size(d, "log/log-000003.hlog"), size);
    ck_assert_int_eq(disk_size(d, "log/log-000003.hlog.bak"), size + 10);
    ck_assert_uint_eq(records(d), RECORDS);
    disk_free(d);
}
END_TEST

START_TEST(damage_in_the_middle_is_told_and_all_before_it_kept)
{
    struct disk *d = three_files();
    int64_t size = disk_size(d, "log/log-000002.hlog");
    ck_assert(disk_damage(d, "log/log-000002.hlog", (uint64_t)size / 2));
    struct journal_found found;
    uint64_t count = 0;
    ck_assert_ptr_null(open_log(d, &count, &found));
    ck_assert_int_eq(say(d, false, "log/log-000002.hlog: damaged at offset"), MEND_DAMAGED);
    ck_assert_int_eq(say(d, true, "log-000003.hlog: put aside as log-000003.hlog.bak"), MEND_WHOLE);
    ck_assert_int_eq(disk_size(d, "log/log-000002.hlog.bak"), size);
    uint64_t left = records(d);
    ck_assert_uint_ge(left, 10);
    ck_assert_uint_lt(left, 20);
    ck_assert_int_gt(disk_size(d, "log/log-000003.hlog.bak"), 0);
    ck_assert_int_gt(disk_size(d, "log/manifest.bak"), 0);

    /* It goes on from there. */
    struct journal *j = open_log(d, &count, &found);
    append(j, left + 1, left + 3);
    ck_assert(journal_close(j));
    ck_assert_uint_eq(records(d), left + 3);
    disk_free(d);
}
END_TEST

START_TEST(any_damaged_byte_is_told_and_mended)
{
    static const char *const files[] = {"log/log-000001.hlog", "log/log-000002.hlog",
                                        "log/log-000003.hlog"};
    for (int f = 0; f < 3; f++) {
        for (uint64_t at = 0;; at++) {
            struct disk *d = three_files();
            if (!disk_damage(d, files[f], at)) {
                disk_free(d);
                break;
            }
            struct buf out = {0};
            enum mend_verdict v = mend_check(disk_io(d), "log", &out);
            ck_assert_msg(v == MEND_DAMAGED || (f == 2 && v == MEND_TORN), "%s byte %d: %d",
                          files[f], (int)at, (int)v);
            ck_assert_msg(mend_fix(disk_io(d), "log", &out) <= MEND_TORN, "%s byte %d", files[f],
                          (int)at);
            buf_fini(&out);
            uint64_t left = records(d);
            ck_assert_msg(left >= (uint64_t)f * 10 && left <= (uint64_t)f * 10 + 10,
                          "%s byte %d: %d", files[f], (int)at, (int)left);
            disk_free(d);
        }
    }
}
END_TEST

START_TEST(power_loss_while_mending_loses_nothing_more)
{
    for (uint64_t at = 0; at < 40; at++) {
        struct disk *d = three_files();
        ck_assert(disk_damage(d, "log/log-000002.hlog", 150));
        int file = disk_io(d)->open(disk_io(d)->data, "log/log-000002.hlog", IO_WRITE);
        ck_assert_int_eq(disk_io(d)->sync(disk_io(d)->data, file), 0); /* a restart keeps it */
        disk_io(d)->close(disk_io(d)->data, file);
        struct buf out = {0};
        disk_plan(d, DISK_POWER_OFF, disk_ops(d) + at);
        (void)mend_fix(disk_io(d), "log", &out);
        disk_restart(d);
        ck_assert_int_le(mend_fix(disk_io(d), "log", &out), MEND_TORN);
        uint64_t left = records(d);
        ck_assert_msg(left >= 10 && left < 20, "operation %d: %d", (int)at, (int)left);
        buf_fini(&out);
        disk_free(d);
    }
}
END_TEST

START_TEST(damaged_base_cannot_be_mended)
{
    struct disk *d = disk_new(4);
    struct journal_found found;
    uint64_t count = 0;
    struct journal *j = open_log(d, &count, &found);
    append(j, 1, 10);
    int64_t id = journal_rotate(j);
    ck_assert_int_gt(id, 0);
    struct base b;
    base_begin(&b, disk_io(d), "log", (uint64_t)id);
    for (uint64_t n = 1; n <= 10; n++) {
        struct buf one = {0};
        add_command(&one, n);
        base_add(&b, buf_slice(&one));
        buf_fini(&one);
    }
    ck_assert_int_eq(base_end(&b), 0);
    ck_assert_int_eq(journal_rebase(j, (uint64_t)id), 0);
    ck_assert(journal_close(j));
    ck_assert_uint_eq(records(d), 10);
    char path[48];
    (void)snprintf(path, sizeof path, "log/base-%06d.hlog", (int)id);
    ck_assert(disk_damage(d, path, 60));
    ck_assert_int_eq(say(d, false, "damaged at offset"), MEND_DAMAGED);
    ck_assert_int_eq(say(d, true, "a base cannot be cut"), MEND_DAMAGED);
    disk_free(d);
}
END_TEST

UNIT_SUITE("mend", whole_log_is_whole_and_fix_changes_nothing, nothing_there_is_said,
           torn_tail_is_told_and_cut, damage_in_the_middle_is_told_and_all_before_it_kept,
           any_damaged_byte_is_told_and_mended, power_loss_while_mending_loses_nothing_more,
           damaged_base_cannot_be_mended)
