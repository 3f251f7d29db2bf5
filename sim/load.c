#include "load.h"

#include <stdio.h>
#include <zlib.h>

enum { STEP = 256 * 1024 };

bool load_file(const char *path, size_t max, struct buf *out)
{
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    int got = 0;
    size_t from = out->len;
    do {
        char *to = buf_reserve(out, STEP);
        got = gzread(file, to, STEP);
        if (got > 0) out->len += (size_t)got;
    } while (got > 0 && out->len - from <= max);
    int error = 0;
    const char *why = gzerror(file, &error);
    bool good = got == 0 && (error == Z_OK || error == Z_STREAM_END);
    if (!good) fprintf(stderr, "%s: %s\n", path, got > 0 ? "too large" : why);
    gzclose(file);
    return good;
}
