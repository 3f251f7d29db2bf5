#include "member.h"

#include "base/mem.h"
#include "base/must.h"

struct member *member_new(struct slice name)
{
    must(name.len <= UINT32_MAX - 64);
    size_t front = offsetof(struct member, bytes);
    size_t extra = name.len < MEMBER_LONG ? 0 : sizeof(uint32_t);
    size_t size = front + extra + name.len;
    struct member *m = mem_alloc(size < sizeof *m ? sizeof *m : size);
    m->u.score = 0;
    if (extra == 0) {
        m->len = (uint8_t)name.len;
    } else {
        uint32_t len = (uint32_t)name.len;
        m->len = MEMBER_LONG;
        memcpy(m->bytes, &len, sizeof len);
    }
    if (name.len > 0) memcpy(m->bytes + extra, name.p, name.len);
    return m;
}

void member_free(struct member *m)
{
    mem_free(m);
}
