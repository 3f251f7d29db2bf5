#include "keys.h"

#include "base/must.h"

static const struct key_info infos[KEYS_N] = {
#define KEY(name, pattern, kind, life, what) [KEY_##name] = {#name, pattern, kind, life, what},
#include "services/kit/keys.def"
#undef KEY
};

const struct key_info *key_info(enum key k)
{
    must((unsigned)k < KEYS_N);
    return &infos[k];
}

int key_args(enum key k)
{
    int n = 0;
    for (const char *at = key_info(k)->pattern; (at = strstr(at, "%s")) != NULL; at += 2)
        n++;
    return n;
}

void key_format(struct buf *out, enum key k, struct slice region, struct slice a, struct slice b)
{
    struct slice args[2] = {a, b};
    size_t used = 0;

    for (const char *at = key_info(k)->pattern; *at != '\0'; at++) {
        if (*at != '%') {
            buf_add_char(out, *at);
        } else if (*++at == 'r') {
            buf_add_char(out, '{');
            buf_add_slice(out, region);
            buf_add_char(out, '}');
        } else {
            must(*at == 's');
            must(used < 2);
            buf_add_slice(out, args[used++]);
        }
    }
}

/* Appends s to the text; a key that does not fit is a bug of the caller's limits. */
static void text_add(struct key_text *out, struct slice s)
{
    must(s.len < sizeof out->bytes - out->len);
    if (s.len > 0) memcpy(out->bytes + out->len, s.p, s.len);
    out->len += s.len;
}

struct slice key_make(struct key_text *out, enum key k, struct slice region, struct slice a,
                      struct slice b)
{
    struct slice args[2] = {a, b};
    size_t used = 0;
    const char *at = key_info(k)->pattern;

    out->len = 0;
    while (*at != '\0') {
        size_t plain = strcspn(at, "%");
        text_add(out, (struct slice){at, plain});
        at += plain;
        if (*at == '\0') break;
        if (at[1] == 'r') {
            text_add(out, SLICE("{"));
            text_add(out, region);
            text_add(out, SLICE("}"));
        } else {
            must(used < 2);
            text_add(out, args[used++]);
        }
        at += 2;
    }
    out->bytes[out->len] = '\0';
    return (struct slice){out->bytes, out->len};
}
