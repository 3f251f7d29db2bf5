/* Why a match has its score: the parts of a query that count, and what each is worth. */
#include "filter_inside.h"

static struct score_reason *reason_new(struct arena *arena, struct slice text, uint32_t room)
{
    struct score_reason *r = arena_new(arena, struct score_reason);
    r->text = text;
    r->child = arena_alloc(arena, (room + 1) * sizeof(struct score_reason *));
    return r;
}

/* The children of an AND or OR, or none. */
static const struct iter_list *children(const struct doc_iter *it, uint32_t *n)
{
    const struct iter_list *l = filter_or_children(it);
    *n = l == NULL ? 0 : l->cap; /* those at their end stand behind the others */
    if (l != NULL) return l;
    l = filter_and_children(it);
    *n = l == NULL ? 0 : l->n;
    return l;
}

static struct score_reason *explain(struct doc_iter *it, uint32_t doc, struct arena *arena)
{
    if (filter_word_postings(it) != NULL)
        return reason_new(arena, filter_word_explain(it, doc, arena), 0);
    double score = it->kind->score == NULL ? 0 : it->kind->score(it, doc);
    struct slice text = arena_printf(arena, "(Weight %.2f * total children score %.2f)", it->weight,
                                     it->weight == 0 ? 0 : score / it->weight);
    uint32_t n = 0;
    const struct iter_list *l = children(it, &n);
    struct score_reason *r = reason_new(arena, text, n);
    for (uint32_t i = 0; i < n; i++)
        if (l->v[i]->scores && doc_iter_test(l->v[i], doc))
            r->child[r->count++] = explain(l->v[i], doc, arena);
    return r;
}

struct score_reason *filter_explain(const struct search_index *x, struct doc_iter *it, uint32_t doc,
                                    struct arena *arena)
{
    double own = index_score(x, doc);
    if (!it->scores) return reason_new(arena, arena_printf(arena, "Document score %.2f", own), 0);
    double words = it->kind->score(it, doc);
    struct slice text = arena_printf(arena, "Final score %.2f : words %.2f * document score %.2f",
                                     own * words, words, own);
    struct score_reason *r = reason_new(arena, text, 1);
    r->child[r->count++] = explain(filter_sparse(it), doc, arena);
    return r;
}
