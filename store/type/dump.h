/* dump: values as the bodies of DUMP payloads, and back (store/ds/rdb.h has the bytes).
 *
 * Values are written in the plainest form that Redis reads: one string, or a count and the
 * elements; streams have a file of their own (dump_stream.h). Every form that Redis 7.0 and older
 * wrote is read, but modules and the zipmaps of Redis 2.4. A geo index comes back as a sorted set,
 * which answers the same. */
#ifndef HANSOM_STORE_TYPE_DUMP_H
#define HANSOM_STORE_TYPE_DUMP_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/engine/value.h"

/* Adds v's type and bytes; false, with nothing added, for a kind that has no form here. */
bool dump_write(const struct value *v, struct buf *out);

/* The value of a body, or NULL when it makes no sense: elements that are cut off or stand
 * twice, a score that is no number, or none at all. Strangers' bytes; the caller owns what
 * comes back. */
struct value *dump_read(struct slice body, struct arena *arena);

#endif
