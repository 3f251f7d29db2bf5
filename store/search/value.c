#include "value.h"

bool search_value_number(const struct search_value *v, double *out)
{
    if (v->kind == SEARCH_TEXT) return slice_double(v->text, out);
    *out = v->number;
    return v->kind == SEARCH_NUMBER;
}

int search_value_cmp(const struct search_value *a, const struct search_value *b)
{
    if (a->kind != b->kind) {
        if (a->kind == SEARCH_NULL || b->kind == SEARCH_NULL)
            return a->kind == SEARCH_NULL ? 1 : -1;
        return a->kind == SEARCH_NUMBER ? -1 : 1;
    }
    if (a->kind == SEARCH_NUMBER) return (a->number > b->number) - (a->number < b->number);
    return a->kind == SEARCH_TEXT ? slice_cmp(a->text, b->text) : 0;
}
