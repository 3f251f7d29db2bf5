#include "value.h"

#include <stddef.h>

struct value_limits value_limits = {
    .hash_max_listpack_entries = 512,
    .hash_max_listpack_value = 64,
    .list_max_listpack_size = -2,
    .set_max_intset_entries = 512,
    .zset_max_listpack_entries = 128,
    .zset_max_listpack_value = 64,
    .stream_node_max_bytes = 4096,
    .stream_node_max_entries = 100,
    .hll_sparse_max_bytes = 3000,
};

void value_free(struct value *v)
{
    if (v == NULL) return;
    if (v->type->free != NULL) {
        v->type->free(v);
        return;
    }
    while (v->type->drain(v, UINT64_MAX))
        continue;
}
