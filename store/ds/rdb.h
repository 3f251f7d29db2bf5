/* rdb: the bytes of Redis's RDB format, version 10, as far as DUMP payloads use them.
 *
 * Why: what DUMP gives here can be RESTOREd there, and the other way round.
 *
 * Layout:  a payload is | body | version: 2 | CRC-64 of all in front: 8 |, little endian.
 *          A length is 00nnnnnn, 01nnnnnn nnnnnnnn, 0x80 + 4 bytes or 0x81 + 8 bytes, big
 *          endian. A string is a length and its bytes, or 11 and a form: a number of 8, 16 or
 *          32 bits, or LZF. Small collections are one string that holds a listpack, or the
 *          ziplist or intset of older versions; struct rdb_feed reads them all alike.
 * Cost:    reading is linear; only LZF and numbers need memory, which is the arena's.
 * From:    the descriptions in Redis's rdb.h, listpack.md and ziplist.c; M. Lehmann, LibLZF.
 */
#ifndef HANSOM_STORE_DS_RDB_H
#define HANSOM_STORE_DS_RDB_H

#include "base/arena.h"
#include "base/buf.h"

enum { RDB_VERSION = 10, RDB_TAIL = 10, RDB_STRING_MAX = 512 << 20 };

/* Continues from crc; 0 begins one. */
uint64_t rdb_crc64(uint64_t crc, struct slice s);

/* --- writing --- */

void rdb_add_length(struct buf *out, uint64_t n);
void rdb_add_string(struct buf *out, struct slice s); /* short numbers as such, never LZF */
void rdb_add_double(struct buf *out, double d);
void rdb_add_little(struct buf *out, uint64_t n, uint32_t bytes); /* plain bytes, least first */
void rdb_add_big(struct buf *out, uint64_t n, uint32_t bytes);

/* A listpack at the end of out: begin gives its place for end, which is told how many elements
 * were added. Its bytes are not framed as a string. */
size_t rdb_pack_begin(struct buf *out);
void rdb_pack_int(struct buf *out, int64_t n);
void rdb_pack_string(struct buf *out, struct slice s);
void rdb_pack_end(struct buf *out, size_t head, uint64_t elements);

/* Adds the version and the checksum of all that is in out. */
void rdb_seal(struct buf *out);

/* --- reading --- */

/* What lies in front of the tail; false when the version is newer than ours or the checksum
 * is wrong. */
bool rdb_open(struct slice payload, struct slice *body);

/* Each takes its bytes from the front of *in; false when they are not there or make no sense.
 * A string is borrowed from in, or the arena's. */
bool rdb_byte(struct slice *in, uint8_t *out);
bool rdb_length(struct slice *in, uint64_t *n);
bool rdb_string(struct slice *in, struct arena *arena, struct slice *out);
bool rdb_little(struct slice *in, uint32_t bytes, uint64_t *n); /* plain bytes, least first */
bool rdb_big(struct slice *in, uint32_t bytes, uint64_t *n);
bool rdb_double(struct slice *in, double *out);      /* 8 bytes */
bool rdb_double_text(struct slice *in, double *out); /* a byte of length and digits */

/* Strings one after the other, however they are kept. */
struct rdb_feed {
    enum { RDB_STRINGS, RDB_LISTPACK, RDB_ZIPLIST, RDB_INTSET } kind;
    struct slice in;     /* what is left; of RDB_STRINGS, what follows them too */
    uint64_t left;       /* of RDB_STRINGS and RDB_INTSET */
    uint32_t width;      /* of RDB_INTSET */
    struct arena *arena; /* borrowed */
};

/* Begins a feed over the bytes of a listpack, ziplist or intset; false when its head is wrong. */
bool rdb_feed_listpack(struct rdb_feed *f, struct slice bytes);
bool rdb_feed_ziplist(struct rdb_feed *f, struct slice bytes);
bool rdb_feed_intset(struct rdb_feed *f, struct slice bytes);

enum rdb_step { RDB_BAD, RDB_END, RDB_ITEM };
enum { RDB_TEXT = 24 };

/* The next one; numbers are printed into text. */
enum rdb_step rdb_next(struct rdb_feed *f, char text[static RDB_TEXT], struct slice *out);

#endif
