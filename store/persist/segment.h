/* segment: how records lie in one file of the log.
 *
 * Layout:
 *
 *     | "HANSOMLG" | version u32 | kind u32 | id u64 | zero u32 | crc u32 |   32 bytes
 *     | length u32 | crc u32 | payload |  | length u32 | crc u32 | payload |  ...  0 0 0
 *
 *     Numbers are little-endian. A record's crc covers its length and payload and starts from
 *     the segment's id and the record's place, so bytes that got to another place or file are
 *     no record there. The zeros behind the last record are space set aside.
 *     A length with RECORD_MARK set is a mark: its payload is a u64, the place up to which
 *     this file was known to be on the disk when the mark was written. A base ends with a
 *     mark of its own place, and so does a snapshot.
 *
 * Why marks: after a power loss the unsynced end of the file may be there in part, in any
 *     order. A bad record with a mark behind it that vouches for its place was damaged later;
 *     one without is the torn tail that nobody was promised. Marks tell the two apart.
 *
 * Invariants: every record is whole; nothing is acknowledged before its last byte is synced.
 */
#ifndef HANSOM_STORE_PERSIST_SEGMENT_H
#define HANSOM_STORE_PERSIST_SEGMENT_H

#include "base/buf.h"
#include "store/persist/io.h"

enum { SEGMENT_HEADER = 32, RECORD_HEADER = 8, MARK_BYTES = 16, RECORD_MAX = 1 << 30 };
#define RECORD_MARK 0x80000000U

enum segment_kind { SEGMENT_LOG = 1, SEGMENT_BASE = 2, SEGMENT_SNAPSHOT = 3 };

/* Writes a header. */
void segment_header(char out[static SEGMENT_HEADER], enum segment_kind kind, uint64_t id);

/* Appends a record without its checksum. payload.len is in [1, RECORD_MAX]. */
void record_add(struct buf *b, struct slice payload);

/* Appends a mark without its checksum. */
void record_add_mark(struct buf *b, uint64_t durable);

/* Fills in the checksums of the records in n bytes at p, which will stand at `place` of
 * segment `id`. */
void record_seal(char *p, size_t n, uint64_t id, uint64_t place);

/* The last place <= n at which a record of the sealed or unsealed bytes at p ends. */
size_t record_whole(const char *p, size_t n);

/* Reads a segment from its start. Fill io, file, kind and id (0: whatever the header says),
 * then open. */
struct segment_reader {
    const struct io *io;
    int file;
    enum segment_kind kind;
    uint64_t id;
    uint64_t size;     /* of the file */
    uint64_t place;    /* of the next record */
    uint64_t mark;     /* value of the last mark seen; 0 before */
    struct buf window; /* owned; bytes from window_at on */
    uint64_t window_at;
};

enum segment_step {
    SEGMENT_RECORD, /* a payload was written to *out */
    SEGMENT_END,    /* the file ended at a record's end, or only zeros follow */
    SEGMENT_BAD,    /* what stands at r->place is no record */
    SEGMENT_IO,     /* reading failed; the errno is in *error */
    SEGMENT_OTHER,  /* the file is of another version of this layout, which is in *error */
};

/* SEGMENT_RECORD when the header is right, else SEGMENT_BAD, SEGMENT_IO or SEGMENT_OTHER. */
enum segment_step segment_open(struct segment_reader *r, int *error);

/* The next record. out is borrowed until the next call. */
enum segment_step segment_next(struct segment_reader *r, struct slice *out, int *error);

/* After SEGMENT_BAD: true when a mark behind r->place vouches for it, so that what stands
 * there was on the disk once and was damaged since. */
bool segment_vouched(struct segment_reader *r, int *error);

void segment_fini(struct segment_reader *r);

#endif
