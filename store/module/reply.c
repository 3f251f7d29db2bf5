#include "base/must.h"
#include "store/module/module.h"

#include <stdlib.h>

/* The bytes are our own (store/cmd/reply.c), so they are whole. */
static struct slice take_line(struct slice *in)
{
    size_t end = slice_find(*in, '\r');
    must(end + 1 < in->len);
    struct slice line = {in->p, end};
    *in = slice_from(*in, end + 2);
    return line;
}

static struct slice take_text(struct slice *in, int64_t len)
{
    must(len >= 0 && in->len >= (size_t)len + 2);
    struct slice text = {in->p, (size_t)len};
    *in = slice_from(*in, (size_t)len + 2);
    return text;
}

static int64_t number(struct slice line)
{
    int64_t n = 0;
    must(slice_i64(line, &n));
    return n;
}

/* A line that ends with a NUL where its line end was. */
static const char *text_of(struct slice line)
{
    ((char *)(uintptr_t)line.p)[line.len] = '\0';
    return line.p;
}

static void give_verbatim(struct rm_ctx *ctx, struct slice text)
{
    char kind[4] = {text.p[0], text.p[1], text.p[2], '\0'};
    struct slice rest = slice_from(text, 4);
    (void)rm_ReplyWithVerbatimStringType(ctx, rest.p, rest.len, kind);
}

/* Gives what begins with `kind`; how many values follow that belong to it. */
static int64_t give_one(struct rm_ctx *ctx, char kind, struct slice line, struct slice *in)
{
    struct slice text = {0};
    switch (kind) {
    case '+':
        (void)rm_ReplyWithSimpleString(ctx, text_of(line));
        return 0;
    case '-':
        (void)rm_ReplyWithError(ctx, text_of(line));
        return 0;
    case ':':
        (void)rm_ReplyWithLongLong(ctx, number(line));
        return 0;
    case ',':
        (void)rm_ReplyWithDouble(ctx, strtod(text_of(line), NULL));
        return 0;
    case '#':
        (void)rm_ReplyWithBool(ctx, line.p[0] == 't');
        return 0;
    case '(':
        (void)rm_ReplyWithBigNumber(ctx, line.p, line.len);
        return 0;
    case '_':
        (void)rm_ReplyWithNull(ctx);
        return 0;
    case '$':
        if (number(line) < 0) {
            (void)rm_ReplyWithNull(ctx);
            return 0;
        }
        text = take_text(in, number(line));
        (void)rm_ReplyWithStringBuffer(ctx, text.p, text.len);
        return 0;
    case '=':
        give_verbatim(ctx, take_text(in, number(line)));
        return 0;
    case '*':
        if (number(line) < 0) {
            (void)rm_ReplyWithNullArray(ctx);
            return 0;
        }
        (void)rm_ReplyWithArray(ctx, (long)number(line));
        return number(line);
    case '%':
        (void)rm_ReplyWithMap(ctx, (long)number(line));
        return 2 * number(line);
    case '~':
        (void)rm_ReplyWithSet(ctx, (long)number(line));
        return number(line);
    default:
        must(false);
        return 0;
    }
}

void reply_give(struct rm_ctx *ctx, struct slice resp)
{
    int64_t left = 1; /* values still to come: the server counts those of each aggregate itself */
    while (left > 0) {
        must(resp.len > 0);
        char kind = resp.p[0];
        resp = slice_from(resp, 1);
        struct slice line = take_line(&resp);
        left += give_one(ctx, kind, line, &resp) - 1;
    }
    must(resp.len == 0);
}
