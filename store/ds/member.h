/* member: one name of a sorted set or geo index, and where it stands.
 *
 * Why: the hash table and the ordered structure share one allocation, so a name is stored
 * once and finding it leads straight to its place. With the 9 bytes in front a name of 15
 * bytes is 24 bytes, which is exactly what the smallest block of malloc (32 with its header)
 * holds.
 *
 * Layout:  | 8: score, or cell and slot | 1: length | name ... |
 *          a name of 255 bytes or more has length 255 and 4 bytes of length before the name.
 * Owner:   whoever made it; ds/ranktree and ds/geocells only borrow members.
 */
#ifndef HANSOM_STORE_DS_MEMBER_H
#define HANSOM_STORE_DS_MEMBER_H

#include "base/slice.h"

struct member {
    union {
        double score; /* in a ranktree: never NaN */
        struct {
            uint32_t cell; /* in a geocells: index of its cell */
            uint16_t slot; /* and its slot there */
        } at;
    } u;
    uint8_t len; /* MEMBER_LONG: the length is the next 4 bytes */
    char bytes[];
};

enum { MEMBER_LONG = 255 };

/* A copy of name; its place is zero. */
struct member *member_new(struct slice name);

/* The same at the end of a larger allocation, which leaves member_bytes(len) for it. */
size_t member_bytes(size_t len);
void member_init(struct member *m, struct slice name);

void member_free(struct member *m);

/* Borrowed from m. */
static inline struct slice member_name(const struct member *m)
{
    if (m->len != MEMBER_LONG) return (struct slice){m->bytes, m->len};
    uint32_t len = 0;
    memcpy(&len, m->bytes, sizeof len);
    return (struct slice){m->bytes + sizeof len, len};
}

/* Byte order of the names. */
static inline int member_cmp(const struct member *a, const struct member *b)
{
    return slice_cmp(member_name(a), member_name(b));
}

#endif
