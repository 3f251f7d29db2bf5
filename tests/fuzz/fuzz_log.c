/* fuzz_log: a log file made of the input: sealed records and marks, raw bytes between them, zeros,
 * and bytes turned over, in any order. A start must refuse it without a change, or take it,
 * go on behind it, and find the same records and one more at the next start. What --check says
 * must be what a start does, and what --fix leaves must start. */
#include "base/must.h"
#include "store/persist/journal.h"
#include "store/persist/mend.h"
#include "store/persist/segment.h"
#include "tests/lib/disk.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char path[] = "dir/log-000001.hlog";
enum { PIECE_RECORD, PIECE_MARK, PIECE_RAW, PIECE_ZEROS, PIECE_TURNED, PIECES };

static bool take(void *data, const struct slice *argv, uint32_t argc, char *why)
{
    uint64_t *sum = data;
    (void)why;
    for (uint32_t i = 0; i < argc; i++)
        *sum = *sum * 31 + argv[i].len + 1;
    return true;
}

/* Each piece is a byte of kind and two of size or place, and for some the bytes behind. */
static void build(struct buf *file, struct slice in)
{
    char header[SEGMENT_HEADER];
    segment_header(header, SEGMENT_LOG, 1);
    buf_add(file, header, sizeof header);
    while (in.len >= 3 && file->len < (1U << 20)) {
        uint32_t kind = (uint8_t)in.p[0] % PIECES;
        size_t n = (uint8_t)in.p[1] + 256U * ((uint8_t)in.p[2] % 8);
        in = slice_from(in, 3);
        struct slice body = slice_make(in.p, n < in.len ? n : in.len);
        size_t from = file->len;
        if (kind == PIECE_RECORD && body.len > 0) record_add(file, body);
        if (kind == PIECE_MARK) record_add_mark(file, n % 2 == 0 ? from : n);
        if (kind == PIECE_RECORD || kind == PIECE_MARK)
            record_seal(file->p + from, file->len - from, 1, from);
        if (kind == PIECE_RAW) buf_add_slice(file, body);
        for (size_t i = 0; kind == PIECE_ZEROS && i < n; i++)
            buf_add_char(file, '\0');
        if (kind == PIECE_TURNED) file->p[n % file->len] ^= 0x40;
        if (kind == PIECE_RECORD || kind == PIECE_RAW) in = slice_from(in, body.len);
    }
}

static void put_file(const struct io *io, struct slice bytes)
{
    size_t done = 0;
    struct journal_options o = {.io = io, .dir = "dir"};
    struct journal_found found;
    must(journal_close(journal_open(&o, take, &(uint64_t){0}, &found))); /* makes the manifest */
    int file = io->open(io->data, path, IO_REPLACE);
    must(file >= 0);
    must(io_write_all(io, file, 0, bytes.p, bytes.len, &done) == 0);
    io->close(io->data, file);
}

static bool start(const struct io *io, uint64_t *sum, struct journal_found *found, bool add)
{
    struct journal_options o = {.io = io, .dir = "dir", .sync = JOURNAL_SYNC_ALWAYS};
    *sum = 0;
    struct journal *j = journal_open(&o, take, sum, found);
    if (j == NULL) return false;
    if (add) (void)journal_append(j, SLICE("\001\004more"));
    must(journal_close(j));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk *d = disk_new(1);
    const struct io *io = disk_io(d);
    struct buf file = {0}, said = {0};
    struct journal_found found, again;
    uint64_t sum = 0, sum_again = 0;
    build(&file, slice_make((const char *)data, size));
    put_file(io, buf_slice(&file));
    enum mend_verdict v = mend_check(io, "dir", &said);
    uint64_t ops = disk_ops(d);
    bool started = start(io, &sum, &found, true);
    must(started || disk_ops(d) == ops);
    must(started || found.error[0] != '\0');
    must(!started || v <= MEND_TORN);
    if (started) {
        must(start(io, &sum_again, &again, false));
        must(again.records == found.records + 1);
        must(again.cut_bytes == 0);
    } else if (mend_fix(io, "dir", &said) <= MEND_TORN) {
        (void)start(io, &sum, &found, false);
        must(found.bad_file[0] == '\0');
    }
    buf_fini(&file);
    buf_fini(&said);
    disk_free(d);
    return 0;
}
