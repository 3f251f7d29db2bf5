#include "small_store.h"

#include "base/mem.h"
#include "base/must.h"
#include "store/engine/effects.h"
#include "store/persist/snapshot.h"
#include "store/script/script.h"

#include <stdio.h>

enum { WORDS_MAX = 32 };

int64_t small_now_us = 1700000000000000;

static int64_t now_us(void *data)
{
    (void)data;
    return small_now_us;
}

static const struct session_io silent = {0};

void small_new(struct small_store *s)
{
    *s = (struct small_store){.engine = engine_new()};
    s->engine->clock = (struct engine_clock){now_us, now_us, NULL};
    engine_clock_update(s->engine);
    exec_attach(s->engine);
    script_open(s->engine);
    struct slice patterns[] = {SLICE("drivers:*")};
    engine_ephemeral_set(s->engine, patterns, 1);
    session_init(&s->a, s->engine, &silent);
    session_init(&s->b, s->engine, &silent);
}

/* ---- recovery ---- */

static bool redo(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    struct small_store *s = data;
    struct slice reason = {0};
    if (exec_apply(s->engine, argv, argc, &reason)) return true;
    (void)slice_cstr(reason, why, JOURNAL_ERROR);
    return false;
}

static void look_ahead(void *data, const struct slice *const *argv, const uint32_t *argc,
                       uint32_t n)
{
    struct small_store *s = data;
    exec_apply_ahead(s->engine, argv, argc, n);
}

static uint64_t sink_append(void *data, struct slice record)
{
    struct small_store *s = data;
    uint64_t position = journal_append(s->journal, record);
    if (s->on_record != NULL) s->on_record(s->data, position);
    return position;
}

static uint64_t sink_end(void *data)
{
    const struct small_store *s = data;
    return journal_end(s->journal);
}

static const char *sink_refuses(void *data)
{
    const struct small_store *s = data;
    return journal_health(s->journal, NULL) == JOURNAL_OK ? NULL : "MISCONF";
}

bool small_open(struct small_store *s, const struct io *io)
{
    struct journal_options o = {.io = io,
                                .dir = "dir/log",
                                .sync = JOURNAL_SYNC_ALWAYS,
                                .reserve = 3000,
                                .ahead = look_ahead};
    s->journal = journal_open(&o, redo, s, &s->found);
    exec_apply_end(s->engine);
    s->sink = (struct log_sink){
        .append = sink_append, .end = sink_end, .refuses = sink_refuses, .data = s};
    if (s->journal != NULL) s->engine->sink = &s->sink;
    return s->journal != NULL;
}

bool small_load(struct small_store *s, const struct io *io, bool *there)
{
    enum snapshot_load how = snapshot_load(io, "dir", "dump.snapshot", redo, s, &s->found);
    exec_apply_end(s->engine);
    *there = how == SNAPSHOT_LOADED;
    return how != SNAPSHOT_BAD;
}

bool small_free(struct small_store *s)
{
    s->engine->sink = NULL;
    bool ok = journal_close(s->journal);
    session_fini(&s->a);
    session_fini(&s->b);
    script_close(s->engine);
    exec_detach(s->engine);
    engine_free(s->engine);
    return ok;
}

/* ---- commands ---- */

static struct slice take_word(struct slice *rest)
{
    while (rest->len > 0 && rest->p[0] == ' ')
        *rest = slice_from(*rest, 1);
    bool quoted = rest->len > 0 && rest->p[0] == '\'';
    if (quoted) *rest = slice_from(*rest, 1);
    struct slice word = {0};
    must(slice_cut(rest, quoted ? '\'' : ' ', &word));
    return word;
}

void small_say(struct small_store *s, struct session *who, const char *line)
{
    struct slice argv[WORDS_MAX];
    uint32_t argc = 0;
    struct slice rest = slice_of(line);
    while (rest.len > 0) {
        must(argc < WORDS_MAX);
        argv[argc++] = take_word(&rest);
    }
    buf_clear(&who->out);
    exec_command(s->engine, who, argv, argc);
}

/* ---- comparing ---- */

static uint64_t mix(uint64_t sum, struct slice s)
{
    sum = (sum ^ s.len) * 0x9e3779b97f4a7c15U;
    for (size_t i = 0; i < s.len; i++)
        sum = (sum ^ (uint8_t)s.p[i]) * 0x100000001b3U;
    return sum ^ (sum >> 29);
}

/* How many arguments behind the key make up one member, where members have no order. */
static uint32_t unit_of(struct slice name)
{
    if (slice_is(name, "SADD")) return 1;
    if (slice_is(name, "HSET") || slice_is(name, "ZADD")) return 2;
    return 0;
}

struct summing {
    uint64_t sum;
    uint64_t db;
    struct slice *argv; /* owned */
    uint32_t cap;
};

static void sum_command(struct summing *m, uint32_t argc)
{
    const struct slice *argv = m->argv;
    if (slice_is(argv[0], "SELECT")) {
        m->db = mix(0, argv[1]);
        return;
    }
    if (slice_is(argv[0], "RESERVE")) return;
    uint32_t unit = unit_of(argv[0]);
    uint32_t head = unit == 0 ? argc : 2;
    uint64_t of_key = m->db;
    for (uint32_t i = 0; i < head; i++)
        of_key = mix(of_key, argv[i]);
    if (unit == 0) m->sum += of_key;
    for (uint32_t i = head; i < argc; i += unit) {
        uint64_t one = of_key;
        for (uint32_t k = 0; k < unit; k++)
            one = mix(one, argv[i + k]);
        m->sum += one;
    }
}

static void sum_piece(struct slice piece, void *data)
{
    struct summing *m = data;
    uint32_t argc = 0;
    while (piece.len > 0) {
        must(effects_next(&piece, &m->argv, &m->cap, &argc));
        sum_command(m, argc);
    }
}

uint64_t small_sum(const struct small_store *s)
{
    struct summing m = {0};
    exec_rewrite(s->engine, sum_piece, &m);
    mem_free(m.argv);
    return m.sum;
}

static void write_piece(struct slice piece, void *data)
{
    base_add(data, piece);
}

void small_write(const struct small_store *s, struct base *b)
{
    exec_rewrite(s->engine, write_piece, b);
}
