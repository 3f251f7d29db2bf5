#include "block.h"

#include "base/mem.h"
#include "base/must.h"

static struct slice blocked_name(const void *item)
{
    const struct blocked_key *k = item;
    return (struct slice){k->key, k->len};
}

const struct dict_kind block_kind_of_keys = {blocked_name, mem_free};

struct slice *argv_copy(const struct slice *argv, uint32_t argc)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < argc; i++)
        bytes += argv[i].len;
    struct slice *copy = mem_alloc(argc * sizeof *copy + bytes);
    char *p = (char *)(copy + argc);
    for (uint32_t i = 0; i < argc; i++) {
        copy[i] = slice_make(p, argv[i].len);
        if (argv[i].len > 0) memcpy(p, argv[i].p, argv[i].len);
        p += argv[i].len;
    }
    return copy;
}

static struct blocked_key *key_get(struct db *db, struct slice name)
{
    struct blocked_key *k = dict_find(&db->blocked, name);
    if (k != NULL) return k;
    k = mem_alloc(sizeof *k + name.len);
    k->db = db;
    list_init(&k->waiters);
    list_init(&k->ready);
    k->readers = 0;
    k->len = name.len;
    if (name.len > 0) memcpy(k->key, name.p, name.len);
    (void)dict_put(&db->blocked, k);
    return k;
}

void block_start(struct session *s, const struct cmd_spec *spec, const struct slice *argv,
                 uint32_t argc, const struct slice *keys, uint32_t n, int64_t deadline_ms,
                 uint32_t kind)
{
    must(s->block == NULL);
    struct engine *e = s->engine;
    struct block *b = mem_calloc(1, sizeof *b + n * sizeof b->waits[0]);
    b->session = s;
    b->spec = spec;
    b->argv = argv_copy(argv, argc);
    b->argc = argc;
    b->kind = kind;
    for (uint32_t i = 0; i < n; i++) {
        bool twice = false; /* BLPOP a a: one place in the queue is enough */
        for (uint32_t j = 0; j < i && !twice; j++)
            twice = slice_eq(keys[i], keys[j]);
        if (twice) continue;
        struct block_wait *w = &b->waits[b->count++];
        w->block = b;
        w->key = key_get(session_db(s), keys[i]);
        list_add(&w->key->waiters, &w->of_key);
        w->key->readers += kind == BLOCK_STREAM;
    }
    if (deadline_ms > 0) heap_put(&e->deadlines, &b->deadline, deadline_ms);
    s->block = b;
    e->blocked_count++;
}

void block_forget(struct blocked_key *k)
{
    list_del(&k->ready);
    (void)dict_del(&k->db->blocked, blocked_name(k));
}

void block_end(struct session *s)
{
    struct block *b = s->block;
    if (b == NULL) return;
    s->block = NULL;
    s->engine->blocked_count--;
    heap_del(&s->engine->deadlines, &b->deadline);
    for (uint32_t i = 0; i < b->count; i++) {
        struct blocked_key *k = b->waits[i].key;
        list_del(&b->waits[i].of_key);
        k->readers -= b->kind == BLOCK_STREAM;
        if (list_empty(&k->waiters)) block_forget(k);
    }
    mem_free(b->argv);
    mem_free(b);
}

/* Whether what the key holds now may serve someone. Who reads a stream must hear that it is gone;
 * the others wait on, and others' keys may come first then. */
static bool may_wake(const struct blocked_key *k)
{
    if (k->readers > 0) return true;
    const struct entry *entry = dict_find(&k->db->keys, slice_make(k->key, k->len));
    if (entry == NULL) return false;
    enum value_kind kind = value_kind_of(entry->value);
    return kind == VALUE_LIST || kind == VALUE_ZSET;
}

static void signal_key(struct blocked_key *k)
{
    if (list_empty(&k->ready) && may_wake(k)) list_add(&k->db->engine->ready, &k->ready);
}

void block_signal(struct db *db, struct slice key)
{
    struct blocked_key *k = dict_find(&db->blocked, key);
    if (k != NULL) signal_key(k);
}

static void signal_each(struct db *db, bool missing_too)
{
    struct dict_iter i;
    dict_iter_init(&i, &db->blocked);
    for (struct blocked_key *k = dict_iter_next(&i); k != NULL; k = dict_iter_next(&i))
        if (missing_too || dict_find(&db->keys, slice_make(k->key, k->len)) != NULL) signal_key(k);
    dict_iter_fini(&i);
}

void block_signal_all(struct db *db)
{
    signal_each(db, true);
}

void block_signal_present(struct db *db)
{
    signal_each(db, false);
}
