#include "tests/world/primary.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/exec.h"
#include "store/persist/journal.h"
#include "store/persist/recover.h"
#include "store/script/script.h"
#include "tests/lib/disk.h"
#include "tests/world/bugs.h"
#include "tests/world/check.h"

#include <string.h>

struct waiting {
    struct list link;
    struct slice *argv; /* owned, the bytes behind it */
    uint32_t argc;
};

struct link {
    struct list link; /* in primary.links */
    struct session session;
    link_out out;
    void (*gone)(void *data);
    void *data;
    struct list waiting; /* commands behind one that blocks */
};

static struct primary {
    struct engine *engine; /* NULL: down */
    struct journal *journal;
    struct disk *disk;
    struct log_sink sink;
    struct list links;
    struct event sync, tick;
    int64_t skew_us;
    int64_t paused_until_us;
    bool doomed; /* power goes with the next write */
} p;

/* --- its clock --- */

static int64_t wall_us(void *data)
{
    (void)data;
    return WORLD_EPOCH_US + world.now_us + p.skew_us;
}

static int64_t mono_us(void *data)
{
    (void)data;
    return world.now_us;
}

int64_t primary_wall_ms(void)
{
    return wall_us(NULL) / 1000;
}

/* --- its log --- */

static void each_command(struct slice record, void (*fn)(const struct slice *argv, uint32_t argc))
{
    static struct slice *argv;
    static uint32_t cap;
    uint32_t argc = 0;
    while (effects_next(&record, &argv, &cap, &argc))
        fn(argv, argc);
    must(record.len == 0);
    mem_free(argv);
    argv = NULL;
    cap = 0;
}

static uint64_t sink_append(void *data, struct slice record)
{
    (void)data;
    each_command(record, check_effect);
    check_record();
    return journal_append(p.journal, record);
}

static uint64_t sink_end(void *data)
{
    (void)data;
    return journal_end(p.journal);
}

static const char *sink_refuses(void *data)
{
    (void)data;
    return journal_health(p.journal, NULL) == JOURNAL_OK ? NULL : "MISCONF the disk is full";
}

static bool redo(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    (void)data;
    struct slice reason = {0};
    check_effect(argv, argc);
    if (exec_apply(p.engine, argv, argc, &reason)) return true;
    (void)slice_cstr(reason, why, JOURNAL_ERROR);
    return false;
}

static bool may_leave(const struct link *l)
{
    return world_has_bug("reply-before-sync") ||
           journal_released(p.journal) >= l->session.depends_on;
}

static void flush(struct link *l)
{
    if (l->session.out.len == 0 || !may_leave(l)) return;
    struct buf bytes = l->session.out;
    l->session.out = (struct buf){0};
    l->out(l->data, buf_slice(&bytes));
    buf_fini(&bytes);
}

static void run_waiting(struct link *l);

/* Lets go what may go, and runs what waited behind a command that blocked. */
static void flush_all(void)
{
    list_each_safe(at, &p.links)
    {
        struct link *l = list_entry(at, struct link, link);
        run_waiting(l);
        flush(l);
    }
}

/* Posts e again when the process is stopped. */
static bool put_off(struct event *e)
{
    int64_t left_us = primary_busy_us();
    if (left_us > 0) world_post(e, left_us);
    return left_us > 0;
}

static void on_sync(void *data)
{
    (void)data;
    if (p.engine == NULL || put_off(&p.sync)) return;
    journal_turn(p.journal, true);
    if (disk_is_off(p.disk)) {
        primary_crash();
        return;
    }
    flush_all();
    if (journal_released(p.journal) < journal_end(p.journal)) world_post(&p.sync, 100 * MS);
}

static void on_tick(void *data)
{
    (void)data;
    if (p.engine == NULL || put_off(&p.tick)) return;
    exec_tick(p.engine);
    flush_all();
    int64_t next_ms = 1000;
    struct heap_node *n = heap_min(&p.engine->deadlines);
    if (n != NULL && n->key - primary_wall_ms() < next_ms) next_ms = n->key - primary_wall_ms();
    world_post(&p.tick, next_ms > 0 ? next_ms * MS : MS);
}

/* --- its life --- */

static void engine_begin(void)
{
    static const struct slice ephemeral[] = {{"drivers:*", 9}};
    p.engine = engine_new();
    p.engine->clock = (struct engine_clock){wall_us, mono_us, NULL};
    exec_attach(p.engine);
    script_open(p.engine);
    engine_ephemeral_set(p.engine, ephemeral, 1);
    p.engine->loading = true;
    struct journal_found found = {0};
    struct journal_options o = {
        .io = disk_io(p.disk), .dir = "log", .sync = JOURNAL_SYNC_ALWAYS, .reserve = 4096};
    check_recovery_begins();
    p.journal = journal_open(&o, redo, NULL, &found);
    if (p.journal == NULL) world_fail("the log cannot be read back: %s", found.error);
    must(p.journal != NULL);
    exec_apply_end(p.engine);
    check_recovery_ends();
    p.sink = (struct log_sink){.append = sink_append, .end = sink_end, .refuses = sink_refuses};
    p.engine->sink = &p.sink;
    depends_set(&p.engine->depends, true);
    world_tell("store", "up: %llu records read back, %llu bytes cut",
               (unsigned long long)found.records, (unsigned long long)found.cut_bytes);
    world_post(&p.tick, 100 * MS);
}

static void engine_end(void)
{
    world_cancel(&p.sync);
    world_cancel(&p.tick);
    p.engine->sink = NULL;
    struct list all;
    list_init(&all);
    struct list *at = NULL;
    while ((at = list_take(&p.links)) != NULL)
        list_add(&all, at);
    while ((at = list_take(&all)) != NULL) {
        struct link *l = list_entry(at, struct link, link);
        void (*gone)(void *data) = l->gone;
        void *data = l->data;
        link_close(l);
        if (gone != NULL) gone(data);
    }
    script_close(p.engine);
    exec_detach(p.engine);
    engine_free(p.engine);
    p.engine = NULL;
}

void primary_begin(void)
{
    p = (struct primary){0};
    list_init(&p.links);
    p.sync = (struct event){.fn = on_sync};
    p.tick = (struct event){.fn = on_tick};
    p.disk = disk_new(world.seed);
    engine_begin();
}

void primary_end(void)
{
    if (p.engine != NULL) {
        engine_end();
        (void)journal_close(p.journal);
    }
    disk_free(p.disk);
}

bool primary_is_up(void)
{
    return p.engine != NULL;
}

void primary_crash(void)
{
    must(p.engine != NULL);
    world_tell("store", "loses power");
    if (!disk_is_off(p.disk)) disk_plan(p.disk, DISK_POWER_OFF, disk_ops(p.disk));
    (void)journal_close(p.journal); /* whatever it still writes does not arrive */
    p.journal = NULL;
    p.doomed = false;
    engine_end();
    disk_restart(p.disk);
}

void primary_doom(void)
{
    p.doomed = true;
}

void primary_start(void)
{
    if (p.engine == NULL) engine_begin();
}

int64_t primary_busy_us(void)
{
    return p.paused_until_us > world.now_us ? p.paused_until_us - world.now_us : 0;
}

void primary_pause(int64_t us)
{
    if (primary_busy_us() > 0) return; /* a longer pause would let the later overtake the earlier */
    world_tell("store", "stops for %.1f s", (double)us / SECOND);
    p.paused_until_us = world.now_us + us;
}

void primary_step_clock(int64_t us)
{
    world_tell("store", "its clock steps by %.1f s", (double)us / SECOND);
    p.skew_us += us;
}

/* --- links --- */

static void produced(struct session *s)
{
    (void)s; /* flush_all follows each command */
}

static const struct session_io session_io = {.produced = produced};

struct link *link_open(link_out out, void *data)
{
    if (p.engine == NULL) return NULL;
    struct link *l = mem_new(struct link);
    l->out = out;
    l->data = data;
    list_init(&l->waiting);
    list_init(&l->link);
    list_add(&p.links, &l->link);
    session_init(&l->session, p.engine, &session_io);
    l->session.authenticated = true;
    return l;
}

void link_on_gone(struct link *l, void (*gone)(void *data))
{
    l->gone = gone;
}

static void waiting_free(struct waiting *w)
{
    mem_free(w->argv);
    mem_free(w);
}

void link_close(struct link *l)
{
    if (l == NULL) return;
    struct list *at = NULL;
    while ((at = list_take(&l->waiting)) != NULL)
        waiting_free(list_entry(at, struct waiting, link));
    session_fini(&l->session);
    list_del(&l->link);
    mem_free(l);
}

static void run(struct link *l, const struct slice *argv, uint32_t argc)
{
    uint64_t before = journal_end(p.journal);
    exec_command(p.engine, &l->session, argv, argc);
    if (journal_end(p.journal) == before || p.sync.at.at != 0) return;
    world_post(&p.sync, p.doomed       ? between(5 * MS, 20 * MS)
                        : chance(0.05) ? between(MS, 200 * MS)
                                       : between(20, 2 * MS));
    if (p.doomed) disk_plan(p.disk, DISK_POWER_OFF, disk_ops(p.disk) + (uint64_t)between(0, 2));
}

static void run_waiting(struct link *l)
{
    while (!list_empty(&l->waiting) && !session_blocked(&l->session)) {
        struct waiting *w = list_entry(list_take(&l->waiting), struct waiting, link);
        run(l, w->argv, w->argc);
        waiting_free(w);
    }
}

static void keep(struct link *l, const struct slice *argv, uint32_t argc)
{
    struct waiting *w = mem_new(struct waiting);
    size_t bytes = 0;
    for (uint32_t i = 0; i < argc; i++)
        bytes += argv[i].len;
    w->argv = mem_alloc(argc * sizeof *argv + bytes);
    w->argc = argc;
    char *to = (char *)(w->argv + argc);
    for (uint32_t i = 0; i < argc; i++) {
        if (argv[i].len > 0) memcpy(to, argv[i].p, argv[i].len);
        w->argv[i] = (struct slice){to, argv[i].len};
        to += argv[i].len;
    }
    list_init(&w->link);
    list_add(&l->waiting, &w->link);
}

void link_command(struct link *l, const struct slice *argv, uint32_t argc)
{
    if (session_blocked(&l->session) || !list_empty(&l->waiting)) {
        keep(l, argv, argc);
        return;
    }
    run(l, argv, argc);
    flush_all();
    if (session_blocked(&l->session)) { /* its time-out may be the next thing to come */
        world_cancel(&p.tick);
        on_tick(NULL);
    }
}
