/* model: rides, drivers, riders, timers and work as the log's effects leave them. */
#ifndef HANSOM_TESTS_WORLD_MODEL_H
#define HANSOM_TESTS_WORLD_MODEL_H

#include "base/map.h"
#include "services/kit/core/ride_state.h"

#include <stdint.h>

enum { VALUE_MAX = 96 };

enum model_field {
#define FIELD(name) F_##name,
#include "tests/world/fields.def"
#undef FIELD
    MODEL_FIELDS_N
};

/* One hash. */
struct record {
    char id[64];
    char value[MODEL_FIELDS_N][VALUE_MAX];
    bool dirty; /* changed by the record that is being read */

    /* As of the last record, for what changed since. */
    enum ride_status was_status;
    int64_t was_version;
    char was_lease[VALUE_MAX];
    enum driver_status was_state;
    int64_t settlements;
    int64_t gave_up_ms; /* the deadline after which nobody looked for a driver any more */
};

/* An event of the outbox, of the record that is being read. */
struct model_event {
    char ride_id[64];
    char driver_id[64], lease[64];
    char type[32], from[16], to[16];
    int64_t version;
};

enum { RECORDS_MAX = 256, MODEL_EVENTS_MAX = 32 };

struct table {
    struct record *all[RECORDS_MAX]; /* owned */
    uint32_t count;
    struct map by_id;
};

struct model {
    struct table rides, drivers, riders;
    struct map timers; /* "kind:id" -> int64_t, owned */
    struct map work;   /* entry id -> "ride attempt", owned: added and not acknowledged */
    struct map idem;   /* key -> "hash ride", owned */
    struct map names;  /* field name -> 1 + enum model_field */
    struct model_event events[MODEL_EVENTS_MAX];
    uint32_t events_count;
    bool touched; /* rides, drivers, riders, timers or work changed */
};

void model_begin(struct model *m);
void model_end(struct model *m);

/* Redoes one effect. False with *why when the model does not know it. */
bool model_effect(struct model *m, const struct slice *argv, uint32_t argc, const char **why);

struct record *model_find(const struct table *t, const char *id);

/* A field's text, "" when unset; and as a number, 0 when unset. */
static inline const char *field(const struct record *r, enum model_field f)
{
    return r->value[f];
}
int64_t number(const struct record *r, enum model_field f);
bool is(const struct record *r, enum model_field f, const char *text);

/* When the timer is due, or -1 when there is none. */
int64_t model_timer(const struct model *m, const char *kind, const char *id);

/* Whether an entry asks for the ride at this attempt. */
bool model_has_work(const struct model *m, const char *ride_id, int64_t attempt);

#endif
