/* jdoc_bytes: the bytes of a document, for the files that make and read them (jdoc.h). */
#ifndef HANSOM_STORE_DS_JDOC_BYTES_H
#define HANSOM_STORE_DS_JDOC_BYTES_H

#include "store/ds/jdoc.h"

enum tag {
    TAG_NULL,
    TAG_FALSE,
    TAG_TRUE,
    TAG_INT8,
    TAG_INT16,
    TAG_INT32,
    TAG_INT64,
    TAG_NUMBER,
    TAG_STRING8,
    TAG_STRING32,
    TAG_ARRAY,
    TAG_OBJECT,
    TAGS
};

enum { CONTAINER_HEAD = 9, NAME_LONG = 255 };

static inline uint32_t get_u32(const char *p)
{
    uint32_t n = 0;
    memcpy(&n, p, sizeof n);
    return n;
}

static inline void put_u32(char *p, uint32_t n)
{
    memcpy(p, &n, sizeof n);
}

static inline struct slice get_name(const char *p)
{
    uint8_t len = (uint8_t)*p;
    return len < NAME_LONG ? slice_make(p + 1, len) : slice_make(p + 5, get_u32(p + 1));
}

static inline void put_name(struct buf *out, struct slice name)
{
    if (name.len < NAME_LONG) {
        buf_add_char(out, (char)name.len);
    } else {
        uint32_t len = (uint32_t)name.len;
        buf_add_char(out, (char)NAME_LONG);
        buf_add(out, &len, sizeof len);
    }
    buf_add_slice(out, name);
}

/* Whether s is a number as JSON writes it, and whether it is without point and exponent. */
bool jdoc_is_number(struct slice s, bool *whole);

#endif
