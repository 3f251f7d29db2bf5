#include "ahead.h"

#include "base/geohash.h"
#include "store/cmd/cmd.h"

#include <math.h>

/* GEOADD key lon lat member, ZADD key score member, ZSCORE key member, with few options. */
static bool names_member(const struct cmd_spec *spec, uint32_t argc)
{
    enum { ARGS_MAX = 7 };
    if (spec == NULL || argc < 3 || argc > ARGS_MAX) return false;
    return spec->name[0] == 'g' || spec->name[0] == 'z';
}

/* Reads the place of a GEOADD without options. */
static void read_place(struct known *known, const struct slice *argv, uint32_t argc)
{
    struct geo_point p = {0, 0};
    if (argc != 5 || known->spec->run != cmd_geoadd) return;
    if (!slice_double(argv[2], &p.lon) || !slice_double(argv[3], &p.lat)) return;
    if (!geohash_valid(p)) return;
    known->place = &argv[2];
    known->score = geohash_encode(p);
}

/* What a ZINCRBY adds; NaN of other commands. */
static double read_increment(const struct known *known, const struct slice *argv, uint32_t argc)
{
    double by = 0;
    bool adds = argc == 4 && known->spec->run == cmd_zincrby && slice_double(argv[2], &by);
    return adds ? by : (double)NAN;
}

/* Looks for the sorted set at the key; NULL when there is none. */
static const struct zset *find_zset(const struct ahead *before, struct slice key,
                                    const struct dict *keys, struct known *known)
{
    if (before != NULL && before->member.z != NULL && before->keys == keys &&
        slice_eq(before->known.key, key)) {
        known->key_hash = before->known.key_hash;
        return before->member.z;
    }
    known->key_hash = hash_slice(key);
    const struct entry *e = dict_find_hash(keys, key, known->key_hash);
    if (e == NULL || value_kind_of(e->value) != VALUE_ZSET) return NULL;
    return zset_of(e->value);
}

void ahead_start(struct ahead *a, const struct ahead *before, struct session *s,
                 const struct slice *argv, uint32_t argc)
{
    *a = (struct ahead){.known = {.argv = argv, .spec = cmd_find(argv[0])}};
    if (argc < 2) return;
    a->keys = &session_db(s)->keys;
    a->known.key = argv[1];
    if (!names_member(a->known.spec, argc)) {
        if (before != NULL && before->keys == a->keys && slice_eq(before->known.key, argv[1])) {
            a->known.key_hash = before->known.key_hash; /* it is fetched already */
            return;
        }
        a->by_key = true;
        a->known.key_hash = hash_slice(argv[1]);
        dict_prefetch(a->keys, a->known.key_hash);
        return;
    }
    a->member.z = find_zset(before, argv[1], a->keys, &a->known);
    if (a->member.z == NULL) return;
    a->known.name = argv[argc - 1];
    a->known.name_hash = hash_slice(a->known.name);
    read_place(&a->known, argv, argc);
    a->member.hash = a->known.name_hash;
    a->member.by = read_increment(&a->known, argv, argc);
    a->member.score = a->known.place != NULL ? a->known.score : UINT64_MAX;
    zset_ahead(&a->member, 0);
}

/* One of the steps 1 to AHEAD_STEPS - 1. */
static void ahead_next(struct ahead *a, uint32_t step)
{
    if (a->member.z != NULL) {
        zset_ahead(&a->member, step);
        return;
    }
    const struct entry *e = a->by_key ? dict_guess(a->keys, a->known.key_hash) : NULL;
    if (e == NULL) return;
    __builtin_prefetch(step == 1   ? e
                       : step == 2 ? (const void *)e->value
                                   : value_inside(e->value, step - 3));
}

void ahead_finish(struct ahead *all, uint32_t n)
{
    for (uint32_t step = 1; step < AHEAD_STEPS; step++)
        for (uint32_t i = 0; i < n; i++)
            ahead_next(&all[i], step);
}
