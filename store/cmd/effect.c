#include "store/cmd/exec_inside.h"

enum { KEYS_LOOKED_AT = 256 };

const struct cmd_spec *effect_resolve(const struct slice *argv, uint32_t argc)
{
    const struct cmd_spec *spec = cmd_find(argv[0]);
    if (spec == NULL || argc < 2 || !cmd_is_container(spec)) return spec;
    const struct cmd_spec *sub = cmd_find_sub(spec, argv[1]);
    return sub != NULL || spec->run == NULL ? sub : spec;
}

/* How many of a command's keys are ephemeral, and how many there are. */
static uint32_t count_ephemeral(const struct engine *e, const struct cmd_spec *spec,
                                const struct slice *argv, uint32_t argc, uint32_t *keys)
{
    uint32_t at[KEYS_LOOKED_AT];
    int32_t n = spec == NULL ? 0 : cmd_find_keys(spec, argv, argc, at, KEYS_LOOKED_AT);
    uint32_t ephemeral = 0;
    for (int32_t i = 0; i < n; i++)
        ephemeral += db_is_ephemeral(e, argv[at[i]]);
    *keys = n > 0 ? (uint32_t)n : 0;
    return ephemeral;
}

void cmd_effect(struct cmd *c, uint32_t argc, const struct slice *argv)
{
    c->explicit_effects = true;
    if (c->engine->sink == NULL) return;
    if (c->engine->ephemeral_count > 0) {
        uint32_t keys = 0;
        uint32_t ephemeral =
            count_ephemeral(c->engine, effect_resolve(argv, argc), argv, argc, &keys);
        if (keys > 0 && ephemeral == keys) return;
    }
    depends_see_all(&c->engine->depends);
    effects_add(&c->engine->effects, c->db->id, argc, argv);
}

struct effects *cmd_effect_begin(struct cmd *c, struct slice key, uint32_t argc)
{
    struct engine *e = c->engine;
    c->explicit_effects = true;
    if (e->sink == NULL || db_is_ephemeral(e, key)) return NULL;
    depends_see_all(&e->depends);
    effects_select(&e->effects, c->db->id);
    effects_begin(&e->effects, argc);
    return &e->effects;
}

void cmd_no_effect(struct cmd *c)
{
    c->explicit_effects = true;
}

/* Logs the present state of the keys changed since `from` in e->touched. */
static void log_rebuilds(struct engine *e, size_t from)
{
    while (from < e->touched.len) {
        uint32_t head[2];
        memcpy(head, e->touched.p + from, sizeof head);
        struct slice key = slice_make(e->touched.p + from + sizeof head, head[1]);
        from += sizeof head + key.len;
        struct slice del[] = {SLICE("DEL"), key};
        effects_add(&e->effects, head[0], 2, del);
        const struct entry *entry = dict_find(&e->db[head[0]].keys, key);
        if (entry != NULL) db_rewrite_entry(entry, &e->effects);
    }
}

void effect_verbatim(struct cmd *c, size_t from)
{
    struct engine *e = c->engine;
    if (e->ephemeral_count > 0) {
        uint32_t keys = 0;
        if (count_ephemeral(e, c->spec, c->argv, c->argc, &keys) > 0) {
            log_rebuilds(e, from);
            return;
        }
    }
    effects_add(&e->effects, c->db->id, c->argc, c->argv);
}
