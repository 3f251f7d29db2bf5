#include "base/list.h"
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/ahead.h"
#include "store/cmd/exec_inside.h"

static const struct session_io silent = {0};

struct replay {
    struct session session; /* e->replay */
    struct ahead ahead[EXEC_AHEAD_MAX];
    uint32_t at, count; /* of ahead: the next command's, and how many there are */
};

static struct replay *replay_of(struct engine *e)
{
    if (e->replay == NULL) {
        struct replay *r = mem_new(struct replay);
        e->replay = &r->session;
        session_init(e->replay, e, &silent);
        list_del(&e->replay->all);
        e->session_count--;
        e->replay->authenticated = true;
        e->replay->flags |= SESSION_REPLAY | SESSION_DENY_BLOCK;
        e->loading = true;
    }
    return (struct replay *)e->replay;
}

void exec_apply_ahead(struct engine *e, const struct slice *const *argv, const uint32_t *argc,
                      uint32_t n)
{
    must(n <= EXEC_AHEAD_MAX);
    struct replay *r = replay_of(e);
    must(r->at == r->count);
    struct ahead *all = r->ahead;
    for (uint32_t i = 0; i < n; i++)
        ahead_start(&all[i], i == 0 ? NULL : &all[i - 1], e->replay, argv[i], argc[i]);
    ahead_finish(all, n);
    r->at = 0;
    r->count = n;
}

/* What was computed of the next command ahead. */
static const struct known *take_known(struct replay *r, const struct slice *argv)
{
    if (r->at == r->count) return &known_nothing;
    const struct known *known = &r->ahead[r->at++].known;
    must(known->argv == argv);
    return known;
}

/* RESERVE key n: room for what comes (effects_reserve). It may always be left out. */
static bool reserve(struct session *s, struct slice key, struct slice count)
{
    enum { MOST = 1 << 30 };
    uint64_t n = 0;
    if (!slice_u64(count, &n) || n > MOST) return true;
    struct db *db = session_db(s);
    if (key.len == 0) {
        dict_reserve(&db->keys, n);
        return true;
    }
    const struct entry *e = dict_find(&db->keys, key);
    if (e != NULL && e->value->type->reserve != NULL) e->value->type->reserve(e->value, n);
    return true;
}

bool exec_apply(struct engine *e, const struct slice *argv, uint32_t argc, struct slice *why)
{
    struct replay *r = replay_of(e);
    struct session *s = &r->session;
    const struct known *known = take_known(r, argv);
    if (argc == 3 && slice_is(argv[0], "RESERVE")) return reserve(s, argv[1], argv[2]);
    const struct log_sink *sink = e->sink;
    e->sink = NULL;
    buf_clear(&s->out);
    struct reply reply = {.out = &s->out, .resp = 2};
    const struct cmd_spec *spec = known->spec;
    if (spec == NULL || cmd_is_container(spec))
        spec = argc == 0 ? NULL : effect_resolve(argv, argc);
    e->current = s;
    e->known = known;
    exec_begin(e);
    if (spec == NULL || spec->run == NULL || !admit_arity(spec, argc))
        reply_error(&reply, "ERR the log holds a command this store does not know");
    else
        exec_run(e, s, spec, argv, argc, &reply, false);
    exec_finish(e, s);
    e->known = &known_nothing;
    e->current = NULL;
    e->sink = sink;
    if (!reply.failed) return true;
    *why = s->out.len > 0 ? slice_from(slice_trim(buf_slice(&s->out)), 1) : SLICE("no reply");
    return false;
}

void exec_apply_end(struct engine *e)
{
    bool replayed = e->replay != NULL;
    if (e->replay != NULL) {
        list_add(&e->sessions, &e->replay->all);
        e->session_count++;
        session_fini(e->replay);
        mem_free(e->replay);
        e->replay = NULL;
    }
    e->loading = false;
    engine_ephemeral_drop(e);
    if (replayed && e->observer != NULL) e->observer->loaded(e->observer_data);
}

uint64_t exec_log(struct engine *e, uint32_t db, const struct slice *argv, uint32_t argc)
{
    if (e->sink == NULL) return 0;
    struct effects one = {.db = -1};
    effects_add(&one, db, argc, argv);
    e->depends.end = e->sink->append(e->sink->data, buf_slice(&one.bytes));
    effects_fini(&one);
    return e->depends.end;
}

void exec_rewrite(struct engine *e, void (*fn)(struct slice piece, void *data), void *data)
{
    struct effects out = {.db = -1};
    if (e->script_rewrite != NULL) e->script_rewrite(e, &out);
    if (e->observer != NULL) e->observer->rewrite(e->observer_data, &out);
    for (uint32_t i = 0; i < ENGINE_DBS; i++) {
        struct dict_iter at;
        dict_iter_init(&at, &e->db[i].keys);
        if (dict_count(&e->db[i].keys) > EFFECTS_RESERVE_FROM) {
            effects_select(&out, i);
            effects_reserve(&out, (struct slice){0}, dict_count(&e->db[i].keys));
        }
        for (const struct entry *entry = dict_iter_next(&at); entry != NULL;
             entry = dict_iter_next(&at)) {
            if (e->ephemeral_count > 0 && db_is_ephemeral(e, entry_key(entry))) continue;
            effects_select(&out, i);
            db_rewrite_entry(entry, &out);
            if (out.bytes.len < 65536) continue;
            fn(buf_slice(&out.bytes), data);
            buf_clear(&out.bytes);
            out.count = 0;
        }
        dict_iter_fini(&at);
    }
    if (out.bytes.len > 0) fn(buf_slice(&out.bytes), data);
    effects_fini(&out);
}
