#include "tests/world/model.h"

#include "base/mem.h"
#include "base/must.h"

#include <stdio.h>
#include <string.h>

/* An entry of rides:incoming. */
struct work {
    char ride_id[64];
    int64_t attempt;
};

static const char *const field_names[MODEL_FIELDS_N] = {
#define FIELD(name) [F_##name] = #name,
#include "tests/world/fields.def"
#undef FIELD
};

void model_begin(struct model *m)
{
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < MODEL_FIELDS_N; i++)
        (void)map_put(&m->names, slice_of(field_names[i]), (void *)(uintptr_t)(i + 1));
}

static bool free_value(struct slice key, void *value, void *data)
{
    (void)key;
    (void)data;
    mem_free(value);
    return true;
}

static void values_free(struct map *m)
{
    map_each(m, free_value, NULL);
    map_fini(m);
}

static void table_free(struct table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        mem_free(t->all[i]);
    map_fini(&t->by_id);
}

void model_end(struct model *m)
{
    table_free(&m->rides);
    table_free(&m->drivers);
    table_free(&m->riders);
    values_free(&m->timers);
    values_free(&m->work);
    values_free(&m->idem);
    map_fini(&m->names);
}

struct record *model_find(const struct table *t, const char *id)
{
    return id[0] == '\0' ? NULL : map_find(&t->by_id, slice_of(id));
}

static struct record *record_of(struct table *t, struct slice id)
{
    struct record *r = map_find(&t->by_id, id);
    if (r != NULL) return r;
    must(t->count < RECORDS_MAX);
    must(id.len < sizeof r->id);
    r = mem_new(struct record);
    (void)slice_cstr(id, r->id, sizeof r->id);
    t->all[t->count++] = r;
    (void)map_put(&t->by_id, id, r);
    return r;
}

int64_t number(const struct record *r, enum model_field f)
{
    int64_t n = 0;
    (void)slice_i64(slice_of(r->value[f]), &n);
    return n;
}

bool is(const struct record *r, enum model_field f, const char *text)
{
    return strcmp(r->value[f], text) == 0;
}

int64_t model_timer(const struct model *m, const char *kind, const char *id)
{
    char name[96];
    int n = snprintf(name, sizeof name, "%s:%s", kind, id);
    const int64_t *due = map_find(&m->timers, slice_make(name, (size_t)n));
    return due == NULL ? -1 : *due;
}

struct wanted {
    const char *ride_id;
    int64_t attempt;
    bool found;
};

static bool is_wanted(struct slice key, void *value, void *data)
{
    (void)key;
    const struct work *w = value;
    struct wanted *x = data;
    x->found |= w->attempt == x->attempt && strcmp(w->ride_id, x->ride_id) == 0;
    return !x->found;
}

bool model_has_work(const struct model *m, const char *ride_id, int64_t attempt)
{
    struct wanted x = {ride_id, attempt, false};
    map_each(&m->work, is_wanted, &x);
    return x.found;
}

/* --- effects --- */

static void put(struct model *m, struct record *r, struct slice name, struct slice value)
{
    uintptr_t at = (uintptr_t)map_find(&m->names, name);
    r->dirty = true;
    m->touched = true;
    if (at == 0) return;
    must(value.len < VALUE_MAX);
    (void)slice_cstr(value, r->value[at - 1], VALUE_MAX);
}

static void map_forget(struct map *m, struct slice key)
{
    mem_free(map_take(m, key));
}

static bool hash_effect(struct model *m, struct table *t, struct slice id, const struct slice *argv,
                        uint32_t argc)
{
    if (slice_word(argv[0], "HSET")) {
        struct record *r = record_of(t, id);
        for (uint32_t i = 2; i + 1 < argc; i += 2)
            put(m, r, argv[i], argv[i + 1]);
        return true;
    }
    if (slice_word(argv[0], "HDEL")) {
        struct record *r = record_of(t, id);
        for (uint32_t i = 2; i < argc; i++)
            put(m, r, argv[i], SLICE(""));
        return true;
    }
    if (slice_word(argv[0], "DEL") || slice_word(argv[0], "UNLINK")) {
        struct record *r = record_of(t, id); /* an empty hash is deleted */
        for (size_t i = 0; i < MODEL_FIELDS_N; i++)
            r->value[i][0] = '\0';
        r->dirty = true;
        m->touched = true;
        return true;
    }
    return slice_word(argv[0], "PEXPIREAT") || slice_word(argv[0], "PERSIST");
}

static bool timers_effect(struct model *m, const struct slice *argv, uint32_t argc)
{
    m->touched = true;
    if (slice_word(argv[0], "ZADD")) {
        for (uint32_t i = 2; i + 1 < argc; i += 2) {
            double due = 0;
            must(slice_double(argv[i], &due));
            int64_t *kept = map_find(&m->timers, argv[i + 1]);
            if (kept == NULL) {
                kept = mem_new(int64_t);
                (void)map_put(&m->timers, argv[i + 1], kept);
            }
            *kept = (int64_t)due;
        }
        return true;
    }
    if (slice_word(argv[0], "ZREM")) {
        for (uint32_t i = 2; i < argc; i++)
            map_forget(&m->timers, argv[i]);
        return true;
    }
    return slice_word(argv[0], "DEL");
}

static struct slice pair_value(const struct slice *argv, uint32_t argc, uint32_t from,
                               const char *name)
{
    for (uint32_t i = from; i + 1 < argc; i += 2)
        if (slice_is(argv[i], name)) return argv[i + 1];
    return SLICE("");
}

static bool incoming_effect(struct model *m, const struct slice *argv, uint32_t argc)
{
    if (slice_word(argv[0], "XADD")) {
        struct work *w = mem_new(struct work);
        (void)slice_cstr(pair_value(argv, argc, 3, "ride_id"), w->ride_id, sizeof w->ride_id);
        (void)slice_i64(pair_value(argv, argc, 3, "attempt"), &w->attempt);
        mem_free(map_put(&m->work, argv[2], w));
        m->touched = true;
        return true;
    }
    if (slice_word(argv[0], "XACK") || slice_word(argv[0], "XDEL")) {
        for (uint32_t i = slice_word(argv[0], "XACK") ? 3 : 2; i < argc; i++)
            map_forget(&m->work, argv[i]);
        m->touched = true;
        return true;
    }
    return argv[0].len > 0 &&
           argv[0].p[0] == 'X'; /* deliveries, groups, trimming of what is done */
}

static bool events_effect(struct model *m, const struct slice *argv, uint32_t argc)
{
    if (!slice_word(argv[0], "XADD")) return argv[0].len > 0 && argv[0].p[0] == 'X';
    must(m->events_count < MODEL_EVENTS_MAX);
    struct model_event *e = &m->events[m->events_count++];
    (void)slice_cstr(pair_value(argv, argc, 3, "ride_id"), e->ride_id, sizeof e->ride_id);
    (void)slice_cstr(pair_value(argv, argc, 3, "driver_id"), e->driver_id, sizeof e->driver_id);
    (void)slice_cstr(pair_value(argv, argc, 3, "lease"), e->lease, sizeof e->lease);
    (void)slice_cstr(pair_value(argv, argc, 3, "type"), e->type, sizeof e->type);
    (void)slice_cstr(pair_value(argv, argc, 3, "from"), e->from, sizeof e->from);
    (void)slice_cstr(pair_value(argv, argc, 3, "to"), e->to, sizeof e->to);
    e->version = -1;
    (void)slice_i64(pair_value(argv, argc, 3, "version"), &e->version);
    m->touched = true;
    return true;
}

static bool idem_effect(struct model *m, struct slice key, const struct slice *argv, uint32_t argc,
                        const char **why)
{
    if (!slice_word(argv[0], "SET") || argc < 3) return slice_word(argv[0], "DEL");
    char *old = map_find(&m->idem, key);
    if (old != NULL && !slice_is(argv[2], old)) {
        *why = "an idempotency key changed what it names";
        return false;
    }
    char *value = mem_alloc(argv[2].len + 1);
    (void)slice_cstr(argv[2], value, argv[2].len + 1);
    mem_free(map_put(&m->idem, key, value));
    return true;
}

/* The rest of key behind the prefix, or an empty slice. */
static struct slice behind(struct slice key, const char *prefix)
{
    return slice_starts(key, slice_of(prefix)) ? slice_from(key, strlen(prefix)) : SLICE("");
}

bool model_effect(struct model *m, const struct slice *argv, uint32_t argc, const char **why)
{
    *why = "the model does not know this effect";
    if (argc < 2 || slice_word(argv[0], "SELECT") || slice_word(argv[0], "FUNCTION")) return true;
    struct slice key = argv[1];
    struct slice id = SLICE("");
    if ((id = behind(key, "ride:{la}:")).len > 0) return hash_effect(m, &m->rides, id, argv, argc);
    if ((id = behind(key, "driver-state:{la}:")).len > 0)
        return hash_effect(m, &m->drivers, id, argv, argc);
    if ((id = behind(key, "rider-state:{la}:")).len > 0)
        return hash_effect(m, &m->riders, id, argv, argc);
    if (slice_is(key, "timers:{la}")) return timers_effect(m, argv, argc);
    if (slice_is(key, "rides:incoming:{la}")) return incoming_effect(m, argv, argc);
    if (slice_is(key, "rides:events:{la}")) return events_effect(m, argv, argc);
    if ((id = behind(key, "idem:{la}:")).len > 0) return idem_effect(m, id, argv, argc, why);
    return true;
}
