#include "ahead.h"

#include "store/engine/db.h"
#include "store/type/zset.h"

/* GEOADD key lon lat member, ZADD key score member, ZSCORE key member, with few options. */
static bool names_member(const struct slice *argv, uint32_t argc)
{
    enum { ARGS_MAX = 7 };
    if (argv[0].len == 0) return false;
    char c = argv[0].p[0];
    return argc >= 3 && argc <= ARGS_MAX && (c == 'G' || c == 'g' || c == 'Z' || c == 'z');
}

void ahead_start(struct ahead *a, const struct ahead *before, struct session *s,
                 const struct slice *argv, uint32_t argc)
{
    a->value = NULL;
    a->keys = NULL;
    if (argc < 2) return;
    const struct dict *keys = &session_db(s)->keys;
    if (!names_member(argv, argc)) {
        a->keys = keys;
        a->hash = hash_slice(argv[1]);
        dict_prefetch(keys, a->hash);
        return;
    }
    a->key = argv[1];
    if (before != NULL && before->value != NULL && slice_eq(before->key, a->key)) {
        a->value = before->value;
    } else {
        const struct entry *e = dict_find(keys, a->key);
        if (e == NULL || value_kind_of(e->value) != VALUE_ZSET) return;
        a->value = e->value;
    }
    a->hash = hash_slice(argv[argc - 1]);
    zset_ahead(a->value, a->hash, 0);
}

void ahead_next(const struct ahead *a, uint32_t step)
{
    if (a->value != NULL) zset_ahead(a->value, a->hash, step);
    if (a->keys == NULL) return;
    const struct entry *e = dict_guess(a->keys, a->hash);
    if (e == NULL) return;
    __builtin_prefetch(step == 1 ? (const void *)e : (const void *)e->value);
}
