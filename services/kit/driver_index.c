#include "driver_index.h"

#include "base/must.h"

#include <stdio.h>

/* The fields, as FT.CREATE's SCHEMA takes them. Names of people and cars are not stemmed. */
static const char *const fields[] = {
    "$.name AS name TEXT WEIGHT 2 NOSTEM",
    "$.vehicle.make AS make TEXT NOSTEM",
    "$.vehicle.model AS model TEXT NOSTEM",
    "$.vehicle.plate AS plate TEXT NOSTEM",
    "$.vehicle.color AS color TEXT NOSTEM",
    "$.rating AS rating NUMERIC SORTABLE",
    "$.completed_trips AS trips NUMERIC SORTABLE",
    "$.products[*] AS product TAG",
    "$.languages[*] AS language TAG",
    "$.accessible AS accessible TAG",
};

struct slice driver_index_name(struct key_text *out, struct slice region, int version)
{
    char name[16];
    int n = snprintf(name, sizeof name, "v%d", version);
    must(n > 0 && (size_t)n < sizeof name);
    return key_make1(out, KEY_DRIVERS_INDEX_OF, region, slice_make(name, (size_t)n));
}

static void add(struct driver_index_create *c, struct slice word)
{
    must(c->argc < DRIVER_INDEX_ARGS_MAX);
    c->argv[c->argc++] = word;
}

static void add_words(struct driver_index_create *c, struct slice words)
{
    struct slice word;
    while (slice_cut(&words, ' ', &word))
        add(c, word);
}

void driver_index_create(struct driver_index_create *out, struct slice region)
{
    out->argc = 0;
    add(out, SLICE("FT.CREATE"));
    add(out, driver_index_name(&out->name, region, DRIVER_INDEX_VERSION));
    add(out, SLICE("ON"));
    add(out, SLICE("JSON"));
    add(out, SLICE("PREFIX"));
    add(out, SLICE("1"));
    add(out, key_make1(&out->prefix, KEY_DRIVER, region, SLICE("")));
    add(out, SLICE("STOPWORDS"));
    add(out, SLICE("0"));
    add(out, SLICE("SCHEMA"));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        add_words(out, slice_of(fields[i]));
}

void driver_index_make(struct store *s, struct slice region, int64_t timeout_ms, store_cb cb,
                       void *data)
{
    struct key_text alias;
    struct driver_index_create c;
    driver_index_create(&c, region);
    store_call(s, c.argv, c.argc, timeout_ms, NULL, NULL);
    STORE_CALL(s, timeout_ms, cb, data, SLICE("FT.ALIASADD"),
               key_make0(&alias, KEY_DRIVERS_INDEX, region), c.argv[1]);
}
