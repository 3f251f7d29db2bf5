#include "effects.h"

#include <stdio.h>

enum { KEEP = 64 * 1024 };

void effects_reset(struct effects *e)
{
    if (e->bytes.cap > KEEP) buf_fini(&e->bytes);
    buf_clear(&e->bytes);
    e->count = 0;
    e->db = -1;
}

void effects_fini(struct effects *e)
{
    buf_fini(&e->bytes);
    *e = (struct effects){.db = -1};
}

static void head(struct buf *b, char kind, uint64_t n)
{
    (void)buf_reserve(b, 24);
    char *p = b->p + b->len;
    *p++ = kind;
    p += fmt_u64(p, n);
    *p++ = '\r';
    *p++ = '\n';
    b->len = (size_t)(p - b->p);
}

void effects_begin(struct effects *e, uint32_t argc)
{
    head(&e->bytes, '*', argc);
    e->count++;
}

void effects_arg(struct effects *e, struct slice s)
{
    head(&e->bytes, '$', s.len);
    (void)buf_reserve(&e->bytes, s.len + 2);
    buf_add_slice(&e->bytes, s);
    buf_add(&e->bytes, "\r\n", 2);
}

void effects_arg_cstr(struct effects *e, const char *s)
{
    effects_arg(e, slice_of(s));
}

void effects_arg_i64(struct effects *e, int64_t n)
{
    char text[24];
    effects_arg(e, slice_make(text, fmt_i64(text, n)));
}

void effects_arg_double(struct effects *e, double d)
{
    char text[40];
    effects_arg(e, slice_make(text, (size_t)snprintf(text, sizeof text, "%.17g", d)));
}

void effects_select(struct effects *e, uint32_t db)
{
    if (e->db == (int32_t)db) return;
    e->db = (int32_t)db;
    effects_begin(e, 2);
    e->count--;
    effects_arg_cstr(e, "SELECT");
    effects_arg_i64(e, db);
}

void effects_reserve(struct effects *e, struct slice key, uint64_t n)
{
    effects_begin(e, 3);
    e->count--;
    effects_arg_cstr(e, "RESERVE");
    effects_arg(e, key);
    effects_arg_i64(e, (int64_t)n);
}

void effects_add(struct effects *e, uint32_t db, uint32_t argc, const struct slice *argv)
{
    effects_select(e, db);
    effects_begin(e, argc);
    for (uint32_t i = 0; i < argc; i++)
        effects_arg(e, argv[i]);
}
