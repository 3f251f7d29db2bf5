/* dump_stream: the body of a stream's DUMP payload.
 *
 * Layout:  nodes: n | (first id: string of 16 bytes, big endian | listpack) … | length | last id |
 *          [first id | greatest deleted id | entries added] | groups: n |
 *          (name | last id | [entries read] | pending: n | (id 16 | delivered ms 8 | deliveries) … |
 *           consumers: n | (name | seen ms 8 | pending: n | id 16 …) …) …
 *          What stands in brackets came with Redis 7.0 (type 19, not 15). A node's listpack is
 *          live | deleted | fields | names … | 0 | (flags | ms | seq | [fields names] values |
 *          number of elements) …, where ids are differences to the node's.
 */
#ifndef HANSOM_STORE_TYPE_DUMP_STREAM_H
#define HANSOM_STORE_TYPE_DUMP_STREAM_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/type/stream.h"

enum { RDB_STREAM = 15, RDB_STREAM_2 = 19 };

/* Adds the body, as Redis 7.0 does. */
void dump_stream_write(const struct stream *s, struct buf *out);

/* The stream of a body without its type, or NULL when it makes no sense: ids out of order, a
 * pending entry of no consumer or of two, counts that are wrong. */
struct stream *dump_stream_read(struct slice in, struct arena *arena, bool second);

#endif
