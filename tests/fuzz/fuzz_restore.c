/* fuzz_restore: any bytes as the body of a DUMP payload. What is taken must be dumped, taken
 * again and then be the same. The tail with its checksum is left out, or no input would get
 * past it; the reader of tails gets the same bytes, too. */
#include "base/mem.h"
#include "base/must.h"
#include "store/cmd/host.h"
#include "store/ds/rdb.h"
#include "store/type/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_open(struct slice payload)
{
    struct slice body = {0};
    return rdb_open(payload, &body) && body.len + RDB_TAIL == payload.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    families_register();
    (void)is_open(slice_make(data, size));
    struct value *v = dump_read(slice_make(data, size), &arena);
    if (v != NULL) {
        struct buf out = {0};
        must(v->type->length(v) > 0);
        must(dump_write(v, &out));
        struct value *again = dump_read(buf_slice(&out), &arena);
        must(again != NULL);
        must(again->type == v->type);
        must(again->type->length(again) == v->type->length(v));
        rdb_seal(&out);
        must(is_open(buf_slice(&out)));
        buf_fini(&out);
        value_free(again);
        value_free(v);
    }
    arena_fini(&arena);
    return 0;
}
