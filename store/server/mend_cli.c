/* mend_cli: `hansom-store --check DIR` and `hansom-store --fix DIR [--yes]`. */
#include "store/persist/mend.h"
#include "store/server/options.h"

#include <stdio.h>
#include <sysexits.h>

static int print(enum mend_verdict v, struct buf *out)
{
    (void)fwrite(out->p, 1, out->len, stdout);
    buf_fini(out);
    return (int)v;
}

int options_mend(int argc, char *const *argv, const struct io *io)
{
    if (argc < 2) return -1;
    bool check = strcmp(argv[1], "--check") == 0;
    bool fix = strcmp(argv[1], "--fix") == 0;
    if (!check && !fix) return -1;
    bool yes = fix && argc == 4 && strcmp(argv[3], "--yes") == 0;
    if (argc != 3 && !yes) {
        (void)fputs("usage: hansom-store --check DIR\n       hansom-store --fix DIR [--yes]\n",
                    stderr);
        return EX_USAGE;
    }
    struct buf out = {0};
    if (yes) return print(mend_fix(io, argv[2], &out), &out);
    enum mend_verdict v = mend_check(io, argv[2], &out);
    if (fix && (v == MEND_TORN || v == MEND_DAMAGED))
        buf_add_cstr(&out, "with --yes a log is cut there; copies are kept as <name>.bak\n");
    return print(v, &out);
}
