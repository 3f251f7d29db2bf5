#include "watch.h"

#include "base/mem.h"

struct watched_key {
    struct db *db;
    struct list watches; /* of struct watch.of_key */
    size_t len;
    char key[];
};

struct watch {
    struct list of_key;
    struct list of_session;
    struct watched_key *key; /* borrowed: lives while it has watches */
    struct session *session; /* borrowed: owns this */
    bool was_expired;        /* already when the watch began */
};

static struct slice watched_name(const void *item)
{
    const struct watched_key *k = item;
    return (struct slice){k->key, k->len};
}

const struct dict_kind watch_kind = {watched_name, mem_free};

static bool is_expired(const struct db *db, struct slice key)
{
    const struct entry *e = dict_find(&db->keys, key);
    return e != NULL && e->expire_ms < db->engine->now_ms;
}

/* Whether s watches k. Its watches and those of the key are walked side by side, so that neither
 * a client with a million keys nor a key with ten thousand clients makes it long. */
static bool is_watching(const struct session *s, const struct watched_key *k)
{
    const struct list *mine = s->watches.next, *its = k->watches.next;
    for (; mine != &s->watches && its != &k->watches; mine = mine->next, its = its->next) {
        if (list_entry((struct list *)(uintptr_t)mine, struct watch, of_session)->key == k)
            return true;
        if (list_entry((struct list *)(uintptr_t)its, struct watch, of_key)->session == s)
            return true;
    }
    return false;
}

void watch_add(struct session *s, struct db *db, struct slice key)
{
    struct watched_key *k = dict_find(&db->watched, key);
    if (k != NULL && is_watching(s, k)) return;
    if (k == NULL) {
        k = mem_alloc(sizeof *k + key.len);
        k->db = db;
        list_init(&k->watches);
        k->len = key.len;
        if (key.len > 0) memcpy(k->key, key.p, key.len);
        (void)dict_put(&db->watched, k);
    }
    struct watch *w = mem_new(struct watch);
    w->key = k;
    w->session = s;
    w->was_expired = is_expired(db, key);
    list_add(&k->watches, &w->of_key);
    list_add(&s->watches, &w->of_session);
    s->engine->watch_count++;
    s->interest_bytes += sizeof *w + sizeof *k + key.len;
}

void watch_clear(struct session *s)
{
    list_each_safe(at, &s->watches)
    {
        struct watch *w = list_entry(at, struct watch, of_session);
        struct watched_key *k = w->key;
        list_del(&w->of_key);
        list_del(&w->of_session);
        mem_free(w);
        s->engine->watch_count--;
        s->interest_bytes -= sizeof *w + sizeof *k + k->len;
        if (list_empty(&k->watches)) (void)dict_del(&k->db->watched, watched_name(k));
    }
    s->flags &= ~(uint32_t)SESSION_CAS_DIRTY;
}

static void touch(const struct watched_key *k)
{
    list_each(at, &k->watches) list_entry(at, struct watch, of_key)->session->flags |=
        SESSION_CAS_DIRTY;
}

void watch_signal(struct db *db, struct slice key)
{
    const struct watched_key *k = dict_find(&db->watched, key);
    if (k != NULL) touch(k);
}

void watch_signal_all(struct db *db)
{
    struct dict_iter i;
    dict_iter_init(&i, &db->watched);
    for (struct watched_key *k = dict_iter_next(&i); k != NULL; k = dict_iter_next(&i))
        if (dict_find(&db->keys, watched_name(k)) != NULL) touch(k);
    dict_iter_fini(&i);
}

bool watch_expired(const struct session *s)
{
    list_each(at, &s->watches)
    {
        const struct watch *w = list_entry(at, struct watch, of_session);
        if (!w->was_expired && is_expired(w->key->db, watched_name(w->key))) return true;
    }
    return false;
}
