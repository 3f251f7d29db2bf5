/* Goal:   what journal.h promises, on a disk that fails at every possible place.
 * Method: a scenario appends numbered records, turns, rewrites, and notes what was released.
 *         It is run once to count the disk's operations, and then again for each of them, with
 *         the power going, the disk full, or a sync failing right there. Afterwards the journal
 *         is opened again: it must hold 1..n without a gap, and nothing released may be missing.
 */
#include "store/engine/effects.h"
#include "store/persist/base.h"
#include "store/persist/journal.h"

#include "base/mem.h"
#include "tests/lib/disk.h"
#include "tests/lib/unit.h"

#include <stdio.h>

enum { RECORDS_MAX = 200, SCENARIO = 60 };

/* ---- the model: numbers in order ---- */

struct model {
    uint64_t count; /* 1..count were redone */
    bool wrong;
};

static bool redo(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    struct model *m = data;
    uint64_t n = 0;
    if (argc != 3 || !slice_is(argv[0], "ADD") || !slice_u64(argv[1], &n) || n != m->count + 1) {
        m->wrong = true;
        (void)snprintf(why, JOURNAL_ERROR, "out of order");
        return false;
    }
    m->count = n;
    return true;
}

static void add_command(struct buf *out, uint64_t n)
{
    char pad[700];
    struct effects e = {.bytes = *out};
    memset(pad, 'x', sizeof pad);
    effects_begin(&e, 3);
    effects_arg_cstr(&e, "ADD");
    effects_arg_i64(&e, (int64_t)n);
    effects_arg(&e, slice_make(pad, (size_t)(n * 97 % sizeof pad)));
    *out = e.bytes;
}

struct run {
    struct disk *disk;
    struct journal *journal;
    struct journal_found found;
    enum journal_sync sync;
    uint64_t appended;
    uint64_t position[RECORDS_MAX + 1]; /* of record i */
    uint64_t released;                  /* records known to be released */
};

static bool run_open(struct run *r, struct model *m)
{
    struct journal_options o = {
        .io = disk_io(r->disk), .dir = "log", .sync = r->sync, .reserve = 2000};
    *m = (struct model){0};
    r->journal = journal_open(&o, redo, m, &r->found);
    return r->journal != NULL;
}

static void note_released(struct run *r)
{
    uint64_t up_to = journal_released(r->journal);
    while (r->released < r->appended && r->position[r->released + 1] <= up_to)
        r->released++;
}

static void append_one(struct run *r)
{
    struct buf b = {0};
    add_command(&b, ++r->appended);
    r->position[r->appended] = journal_append(r->journal, buf_slice(&b));
    buf_fini(&b);
}

/* A rewrite as the server does it, without the fork. */
static bool rewrite(struct run *r)
{
    int64_t id = journal_rotate(r->journal);
    note_released(r);
    if (id < 0) return false;
    struct base b;
    base_begin(&b, disk_io(r->disk), "log", (uint64_t)id);
    uint64_t covered = r->appended;
    struct buf piece = {0};
    for (uint64_t n = 1; n <= covered; n++) {
        buf_clear(&piece);
        add_command(&piece, n);
        base_add(&b, buf_slice(&piece));
    }
    buf_fini(&piece);
    if (journal_health(r->journal, NULL) == JOURNAL_OK) append_one(r); /* while the child writes */
    journal_turn(r->journal, false);
    note_released(r);
    if (base_end(&b) != 0) return false;
    bool ok = journal_rebase(r->journal, (uint64_t)id) == 0;
    note_released(r);
    return ok;
}

/* Appends and turns; while the journal refuses, only turns. */
static void scenario(struct run *r)
{
    for (int i = 0; i < SCENARIO && !disk_is_off(r->disk); i++) {
        enum journal_health health = journal_health(r->journal, NULL);
        if (health == JOURNAL_OK) append_one(r);
        if (i % 3 == 2) journal_turn(r->journal, i % 2 == 0);
        note_released(r);
        if (i % 20 == 19 || health == JOURNAL_BROKEN) (void)rewrite(r);
        if (health == JOURNAL_FULL && i % 7 == 6) disk_mend(r->disk);
    }
    journal_turn(r->journal, false);
    note_released(r);
}

static uint64_t count_ops(enum journal_sync sync)
{
    struct run r = {.disk = disk_new(1), .sync = sync};
    struct model m;
    ck_assert(run_open(&r, &m));
    scenario(&r);
    ck_assert(journal_close(r.journal));
    uint64_t ops = disk_ops(r.disk);
    disk_free(r.disk);
    return ops;
}

START_TEST(power_loss_at_any_operation_loses_nothing_released)
{
    uint64_t ops = count_ops(JOURNAL_SYNC_ALWAYS);
    ck_assert_uint_gt(ops, 60);
    for (uint64_t at = 0; at < ops; at++) {
        for (uint64_t seed = 1; seed <= 6; seed++) {
            struct run r = {.disk = disk_new(seed * 1000 + at), .sync = JOURNAL_SYNC_ALWAYS};
            struct model m;
            disk_plan(r.disk, DISK_POWER_OFF, at);
            if (run_open(&r, &m)) {
                scenario(&r);
                (void)journal_close(r.journal);
            }
            disk_restart(r.disk);
            ck_assert_msg(run_open(&r, &m), "op %d seed %d: %s", (int)at, (int)seed, r.found.error);
            ck_assert_msg(m.count >= r.released && m.count <= r.appended,
                          "op %d seed %d: %d found, %d released, %d appended", (int)at, (int)seed,
                          (int)m.count, (int)r.released, (int)r.appended);
            /* It goes on from there, and a clean end and start keep everything. */
            r.appended = m.count;
            append_one(&r);
            ck_assert(journal_close(r.journal));
            ck_assert(run_open(&r, &m));
            ck_assert_uint_eq(m.count, r.appended);
            ck_assert_uint_eq(r.found.cut_bytes, 0);
            ck_assert(journal_close(r.journal));
            disk_free(r.disk);
        }
    }
}
END_TEST

START_TEST(full_disk_at_any_operation_delays_but_loses_nothing)
{
    uint64_t ops = count_ops(JOURNAL_SYNC_ALWAYS);
    for (uint64_t at = 3; at < ops; at++) {
        struct run r = {.disk = disk_new(at), .sync = JOURNAL_SYNC_ALWAYS};
        struct model m;
        disk_plan(r.disk, DISK_FULL, at);
        if (!run_open(&r, &m)) {
            disk_free(r.disk);
            continue;
        }
        scenario(&r);
        for (int i = 0; i < 3; i++) { /* the fault may come with the first of these */
            disk_mend(r.disk);
            journal_turn(r.journal, false);
        }
        note_released(&r);
        ck_assert_int_eq(journal_health(r.journal, NULL), JOURNAL_OK);
        ck_assert_msg(r.released == r.appended, "op %d: %d of %d", (int)at, (int)r.released,
                      (int)r.appended);
        ck_assert(journal_close(r.journal));
        ck_assert_msg(run_open(&r, &m), "op %d: %s", (int)at, r.found.error);
        ck_assert_uint_eq(m.count, r.appended);
        ck_assert(journal_close(r.journal));
        disk_free(r.disk);
    }
}
END_TEST

START_TEST(failed_sync_at_any_operation_is_mended_by_a_rewrite_and_then_by_power_loss)
{
    uint64_t ops = count_ops(JOURNAL_SYNC_ALWAYS);
    for (uint64_t at = 0; at < ops; at++) {
        struct run r = {.disk = disk_new(at), .sync = JOURNAL_SYNC_ALWAYS};
        struct model m;
        disk_plan(r.disk, DISK_SYNC_FAILS, at);
        if (!run_open(&r, &m)) {
            disk_free(r.disk);
            continue;
        }
        scenario(&r);
        append_one(&r);
        journal_turn(r.journal, false);
        for (int i = 0; i < 3 && journal_health(r.journal, NULL) != JOURNAL_OK; i++)
            (void)rewrite(&r);
        ck_assert_int_eq(journal_health(r.journal, NULL), JOURNAL_OK);
        note_released(&r);
        ck_assert_msg(r.released == r.appended, "op %d: %d of %d", (int)at, (int)r.released,
                      (int)r.appended);
        disk_plan(r.disk, DISK_POWER_OFF, 0);
        (void)journal_close(r.journal);
        disk_restart(r.disk);
        ck_assert_msg(run_open(&r, &m), "op %d: %s", (int)at, r.found.error);
        ck_assert_msg(m.count == r.appended, "op %d: %d of %d", (int)at, (int)m.count,
                      (int)r.appended);
        ck_assert(journal_close(r.journal));
        disk_free(r.disk);
    }
}
END_TEST

START_TEST(failed_sync_releases_nothing_and_is_not_tried_again)
{
    struct run r = {.disk = disk_new(5), .sync = JOURNAL_SYNC_ALWAYS};
    struct model m;
    ck_assert(run_open(&r, &m));
    append_one(&r);
    journal_turn(r.journal, true);
    note_released(&r);
    ck_assert_uint_eq(r.released, 1);

    disk_plan(r.disk, DISK_SYNC_FAILS, 0);
    append_one(&r);
    for (int i = 0; i < 5; i++)
        journal_turn(r.journal, true);
    note_released(&r);
    char why[JOURNAL_ERROR];
    ck_assert_int_eq(journal_health(r.journal, why), JOURNAL_BROKEN);
    ck_assert_str_eq(why, "fdatasync failed: Input/output error");
    ck_assert_uint_eq(r.released, 1);

    ck_assert(rewrite(&r));
    ck_assert_int_eq(journal_health(r.journal, NULL), JOURNAL_OK);
    ck_assert_uint_eq(r.released, 2);
    ck_assert(journal_close(r.journal));
    disk_free(r.disk);
}
END_TEST

START_TEST(damage_of_synced_records_is_refused_with_file_and_offset)
{
    struct run r = {.disk = disk_new(2), .sync = JOURNAL_SYNC_ALWAYS};
    struct model m;
    ck_assert(run_open(&r, &m));
    for (int i = 0; i < 20; i++) {
        append_one(&r);
        journal_turn(r.journal, true);
    }
    ck_assert(journal_close(r.journal));
    int64_t size = disk_size(r.disk, "log/log-000001.hlog");
    for (int64_t at = 0; at < size; at += 13) {
        ck_assert(disk_damage(r.disk, "log/log-000001.hlog", (uint64_t)at));
        bool opened = run_open(&r, &m);
        /* Only the very last mark, which vouches for the others, has none behind it. */
        ck_assert_msg(!opened || at >= size - 16, "damage at %d", (int)at);
        if (opened) {
            ck_assert_uint_eq(m.count, 20);
            ck_assert(journal_close(r.journal));
            disk_free(r.disk);
            return;
        }
        ck_assert_ptr_nonnull(strstr(r.found.error, "log-000001.hlog: the record at offset "));
        ck_assert_int_eq(disk_size(r.disk, "log/log-000001.hlog"), size);
        ck_assert(disk_damage(r.disk, "log/log-000001.hlog", (uint64_t)at)); /* back */
    }
    disk_free(r.disk);
}
END_TEST

START_TEST(damaged_manifest_or_base_is_refused)
{
    struct run r = {.disk = disk_new(3), .sync = JOURNAL_SYNC_ALWAYS};
    struct model m;
    ck_assert(run_open(&r, &m));
    append_one(&r);
    ck_assert(rewrite(&r));
    ck_assert(journal_close(r.journal));
    ck_assert(disk_damage(r.disk, "log/manifest", 15));
    ck_assert(!run_open(&r, &m));
    ck_assert_ptr_nonnull(strstr(r.found.error, "manifest"));
    ck_assert(disk_damage(r.disk, "log/manifest", 15));
    ck_assert(disk_damage(r.disk, "log/base-000002.hlog", 40));
    ck_assert(!run_open(&r, &m));
    ck_assert_ptr_nonnull(strstr(r.found.error, "base-000002.hlog: the record at offset 32"));
    ck_assert(disk_damage(r.disk, "log/base-000002.hlog", 40));
    ck_assert(run_open(&r, &m));
    ck_assert_uint_eq(m.count, r.appended);
    ck_assert(journal_close(r.journal));
    disk_free(r.disk);
}
END_TEST

START_TEST(without_always_everything_is_released_at_once)
{
    struct run r = {.disk = disk_new(4), .sync = JOURNAL_SYNC_NO};
    struct model m;
    ck_assert(run_open(&r, &m));
    append_one(&r);
    note_released(&r);
    ck_assert_uint_eq(r.released, 1);
    ck_assert(journal_close(r.journal));
    ck_assert(run_open(&r, &m));
    ck_assert_uint_eq(m.count, 1);
    ck_assert(journal_close(r.journal));
    disk_free(r.disk);
}
END_TEST

/* ---- commands told ahead ---- */

struct told {
    struct model model;
    const struct slice *argv[RECORDS_MAX]; /* of the last batch */
    uint32_t count, at, most, selects;
    bool wrong;
};

static void note_ahead(void *data, const struct slice *const *argv, const uint32_t *argc,
                       uint32_t n)
{
    struct told *t = data;
    if (t->at != t->count || n < 2 || n > RECORDS_MAX || argc[0] < 2) t->wrong = true;
    memcpy(t->argv, argv, n * sizeof *argv);
    t->count = n;
    t->at = 0;
    if (n > t->most) t->most = n;
}

static bool redo_told(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    struct told *t = data;
    if (t->at < t->count && t->argv[t->at++] != argv) t->wrong = true;
    if (argc == 2 && slice_is(argv[0], "SELECT")) {
        t->selects++;
        return true;
    }
    return redo(&t->model, argv, argc, why);
}

static struct journal *open_told(struct disk *d, struct told *t, struct journal_found *found)
{
    struct journal_options o = {
        .io = disk_io(d), .dir = "log", .sync = JOURNAL_SYNC_ALWAYS, .ahead = note_ahead};
    *t = (struct told){0};
    return journal_open(&o, redo_told, t, found);
}

/* A record of `commands` commands from number n on, about this database. */
static uint64_t append_commands(struct journal *j, uint32_t db, uint64_t n, uint32_t commands)
{
    struct effects e = {.db = -1};
    effects_select(&e, db);
    for (uint32_t i = 0; i < commands; i++)
        add_command(&e.bytes, n + i);
    uint64_t position = journal_append(j, buf_slice(&e.bytes));
    effects_fini(&e);
    return position;
}

/* Goal: recovery tells of commands in the order and at the place where they are redone, whatever the
 * size of their records, and leaves repeated SELECTs out. */
START_TEST(commands_are_told_ahead_as_they_are_redone)
{
    struct disk *d = disk_new(5);
    struct told t;
    struct journal_found found = {0};
    struct journal *j = open_told(d, &t, &found);
    ck_assert_ptr_nonnull(j);
    uint64_t n = 1;
    for (uint32_t i = 0; i < 300; i++, n++)
        append_commands(j, i / 100, n, 1);
    append_commands(j, 2, n, 150); /* some 50 KB */
    n += 150;
    append_commands(j, 2, n++, 1);
    ck_assert(journal_close(j));

    j = open_told(d, &t, &found);
    ck_assert_msg(j != NULL, "%s", found.error);
    ck_assert(!t.wrong);
    ck_assert_uint_eq(t.model.count, n - 1);
    ck_assert_uint_eq(t.selects, 3);
    ck_assert_uint_eq(t.most, 64);
    ck_assert_uint_eq(found.records, 302);
    ck_assert_uint_eq(found.commands, n - 1 + 3);

    uint64_t bad = (uint64_t)disk_size(d, "log/log-000001.hlog") + 16; /* behind the batch's mark */
    append_commands(j, 2, n + 7, 1);
    append_commands(j, 2, n, 1);
    ck_assert(journal_close(j));
    char place[64];
    (void)snprintf(place, sizeof place, "offset %d cannot be redone: out of order", (int)bad);
    ck_assert_ptr_null(open_told(d, &t, &found));
    ck_assert_uint_eq(t.model.count, n - 1);
    ck_assert_msg(strstr(found.error, place) != NULL, "%s, not %s", found.error, place);
    disk_free(d);
}
END_TEST

UNIT_SUITE("journal", power_loss_at_any_operation_loses_nothing_released,
           full_disk_at_any_operation_delays_but_loses_nothing,
           failed_sync_at_any_operation_is_mended_by_a_rewrite_and_then_by_power_loss,
           failed_sync_releases_nothing_and_is_not_tried_again,
           damage_of_synced_records_is_refused_with_file_and_offset,
           damaged_manifest_or_base_is_refused, without_always_everything_is_released_at_once,
           commands_are_told_ahead_as_they_are_redone)
