#include "scan.h"

void scan_args_cursor(struct args *a, struct scan *s)
{
    struct slice text = {0};
    args_slice(a, &text);
    *s = (struct scan){.count = 10};
    if (args_ok(a) && !slice_u64(text, &s->cursor)) args_fail(a, "ERR invalid cursor");
}

void scan_args_options(struct args *a, struct scan *s, bool with_type)
{
    while (args_ok(a) && args_left(a) > 0) {
        if (args_left(a) < 2) {
            args_syntax(a);
        } else if (args_maybe(a, "COUNT")) {
            args_range(a, 1, INT64_MAX, err_text(ERR_SYNTAX), &s->count);
        } else if (args_maybe(a, "MATCH")) {
            args_slice(a, &s->pattern);
            if (slice_is(s->pattern, "*")) s->pattern.p = NULL;
        } else if (with_type && args_maybe(a, "TYPE")) {
            args_slice(a, &s->type);
        } else {
            args_syntax(a);
        }
    }
}

size_t scan_reply_begin(struct reply *r)
{
    reply_array(r, 2);
    return reply_later(r);
}

void scan_reply_end(struct reply *r, size_t place, uint64_t cursor, uint64_t n)
{
    struct buf head = {0};
    struct reply one = {.out = &head, .resp = r->resp};
    char text[24];
    reply_bulk(&one, slice_make(text, fmt_u64(text, cursor)));
    reply_array(&one, n);
    size_t tail = r->out->len - place;
    (void)buf_reserve(r->out, head.len);
    memmove(r->out->p + place + head.len, r->out->p + place, tail);
    memcpy(r->out->p + place, head.p, head.len);
    r->out->len += head.len;
    buf_fini(&head);
}

struct counted {
    void (*visit)(void *item, void *data);
    void *data;
    int64_t seen;
};

static void visit_counted(void *item, void *data)
{
    struct counted *c = data;
    c->seen++;
    c->visit(item, c->data);
}

uint64_t scan_dict(const struct dict *d, const struct scan *s,
                   void (*visit)(void *item, void *data), void *data)
{
    struct counted c = {visit, data, 0};
    uint64_t cursor = s->cursor;
    int64_t rounds = s->count < INT64_MAX / 10 ? s->count * 10 : INT64_MAX;
    do {
        cursor = dict_scan(d, cursor, visit_counted, &c);
    } while (cursor != 0 && c.seen < s->count && --rounds > 0);
    return cursor;
}
