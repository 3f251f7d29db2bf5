#include "synonyms.h"

#include "base/mem.h"
#include "base/must.h"

static bool free_groups(struct slice word, void *value, void *data)
{
    (void)word;
    (void)data;
    struct synonym_groups *g = value;
    for (uint32_t i = 0; i < g->n; i++)
        mem_free((void *)(uintptr_t)g->name[i].p);
    mem_free(g);
    return true;
}

void synonyms_fini(struct synonyms *s)
{
    map_each(&s->words, free_groups, NULL);
    map_fini(&s->words);
    *s = (struct synonyms){0};
}

const struct synonym_groups *synonyms_find(const struct synonyms *s, struct slice word)
{
    return s->count == 0 ? NULL : map_find(&s->words, word);
}

static bool is_in(const struct synonym_groups *g, struct slice group)
{
    for (uint32_t i = 0; g != NULL && i < g->n; i++)
        if (slice_eq(g->name[i], group)) return true;
    return false;
}

const char *synonyms_refuse(const struct synonyms *s, const struct slice *words, uint32_t n,
                            struct slice group)
{
    if (group.len == 0 || group.len > SYNONYM_NAME_MAX) return "Invalid synonym group";
    if (n > SYNONYMS_MAX - s->count) return "Too many synonyms";
    for (uint32_t i = 0; i < n; i++) {
        const struct synonym_groups *g = synonyms_find(s, words[i]);
        if (g != NULL && g->n == SYNONYM_GROUPS_MAX && !is_in(g, group))
            return "A word is in too many synonym groups";
    }
    return NULL;
}

bool synonyms_add(struct synonyms *s, struct slice word, struct slice group)
{
    struct synonym_groups *g = map_find(&s->words, word);
    if (is_in(g, group)) return false;
    if (g == NULL) {
        g = mem_new(struct synonym_groups);
        (void)map_put(&s->words, word, g);
    }
    must(g->n < SYNONYM_GROUPS_MAX);
    g->name[g->n++] = (struct slice){mem_dup(group.p, group.len), group.len};
    s->count++;
    s->version++;
    return true;
}

struct slice synonyms_term(struct slice group, struct arena *arena)
{
    return arena_printf(arena, "~%.*s", (int)group.len, group.p);
}
