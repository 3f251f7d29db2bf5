/* fuzz_resp: the RESP parser on any bytes: cut whole and cut in pieces must agree. */
#include "base/mem.h"
#include "base/must.h"
#include "store/server/resp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct resp_limits limits = {.args_max = 64, .bulk_max = 4096, .authenticated = true};

struct result {
    uint32_t commands;
    uint64_t sum; /* of all arguments */
    enum resp_step last;
};

/* Feeds the bytes in steps of `piece`; each step in a new block, so that any read beyond it
 * is seen. */
static struct result feed(const uint8_t *data, size_t size, size_t piece)
{
    struct result out = {0};
    struct resp r = {0};
    char *have = mem_alloc(0);
    size_t len = 0;
    for (size_t sent = 0; sent < size && out.last != RESP_ERROR;) {
        size_t n = size - sent < piece ? size - sent : piece;
        char *grown = mem_alloc(len + n);
        if (len > 0) memcpy(grown, have, len);
        memcpy(grown + len, data + sent, n);
        mem_free(have);
        have = grown;
        len += n;
        sent += n;
        size_t at = 0;
        for (;;) {
            size_t used = 0;
            char why[64];
            out.last = resp_next(&r, &limits, have + at, len - at, &used, why);
            if (out.last == RESP_MORE || out.last == RESP_ERROR) break;
            must(used > 0);
            must(used <= len - at);
            struct slice argv[64 + RESP_LINE_MAX / 2];
            if (out.last == RESP_COMMAND) {
                resp_args(&r, have + at, argv);
                out.commands++;
                for (uint32_t i = 0; i < r.argc; i++)
                    for (size_t b = 0; b < argv[i].len; b++)
                        out.sum = out.sum * 31 + (uint8_t)argv[i].p[b] + i;
            }
            at += used;
            resp_reset(&r);
        }
        memmove(have, have + at, len - at);
        len -= at;
    }
    mem_free(have);
    resp_fini(&r);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > RESP_LINE_MAX / 2) return 0;
    struct result whole = feed(data, size, size == 0 ? 1 : size);
    struct result pieces = feed(data, size, 1 + size % 7);
    must(whole.commands == pieces.commands);
    must(whole.sum == pieces.sum);
    must(whole.last == pieces.last);
    return 0;
}
