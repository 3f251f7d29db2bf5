#include "member.h"

#include "base/mem.h"
#include "base/must.h"

size_t member_bytes(size_t len)
{
    size_t extra = len < MEMBER_LONG ? 0 : sizeof(uint32_t);
    size_t size = offsetof(struct member, bytes) + extra + len;
    return size < sizeof(struct member) ? sizeof(struct member) : size;
}

void member_init(struct member *m, struct slice name)
{
    must(name.len <= UINT32_MAX - 64);
    m->u.score = 0;
    char *to = m->bytes;
    if (name.len < MEMBER_LONG) {
        m->len = (uint8_t)name.len;
    } else {
        uint32_t len = (uint32_t)name.len;
        m->len = MEMBER_LONG;
        memcpy(to, &len, sizeof len);
        to += sizeof len;
    }
    if (name.len > 0) memcpy(to, name.p, name.len);
}

struct member *member_new(struct slice name)
{
    struct member *m = mem_alloc(member_bytes(name.len));
    member_init(m, name);
    return m;
}

void member_free(struct member *m)
{
    mem_free(m);
}
