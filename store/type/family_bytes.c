/* family_bytes: a family's value as an RDB file and DUMP hold it; alike for both hosts. */
#include "base/must.h"
#include "store/ds/rdb.h"
#include "store/type/family.h"

/* A module's number: its name in six bits a letter, above the version of its bytes. */
uint64_t family_number(const struct family_type *t)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t n = 0;
    for (uint32_t i = 0; i < FAMILY_NAME_LEN; i++) {
        const char *at = strchr(letters, t->name[i]);
        must(at != NULL);
        n = n << 6 | (uint64_t)(at - letters);
    }
    return n << FAMILY_VERSION_BITS | t->version;
}

void family_add(const struct family_type *t, const void *contents, struct buf *out)
{
    struct buf bytes = {0};
    t->save(contents, &bytes);
    rdb_add_length(out, family_number(t));
    rdb_add_length(out, FAMILY_PART_STRING);
    rdb_add_string(out, buf_slice(&bytes));
    rdb_add_length(out, FAMILY_PART_END);
    buf_fini(&bytes);
}

void family_payload(const struct family_type *t, const void *contents, struct buf *out)
{
    enum { TYPE_MODULE = 7 };
    buf_add_char(out, TYPE_MODULE);
    family_add(t, contents, out);
    rdb_seal(out);
}
