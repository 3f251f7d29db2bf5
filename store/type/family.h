/* family: values of the module families (JSON, series, sketches), as the keyspace sees them.
 *
 * Why: a family is written once and hosted twice, by this store and by a module for Redis. What
 * it says of its values is one struct family_type; this file makes a keyspace value of it.
 *
 * Layout:      struct value, then a pointer to what the family calls its value.
 * Cost:        one allocation of 24 bytes a value besides the family's own.
 * Owner:       the keyspace frees a value, and with it the family's.
 */
#ifndef HANSOM_STORE_TYPE_FAMILY_H
#define HANSOM_STORE_TYPE_FAMILY_H

#include "base/arena.h"
#include "base/buf.h"
#include "store/ds/labels.h"
#include "store/engine/value.h"

/* What a family says of one kind of value. All but `type` is filled in by the family. */
struct family_type {
    /* What TYPE says: exactly 9 letters, digits, '-' or '_', as modules of Redis name types. */
    const char *name;
    uint32_t version; /* of what save writes: 0 to 1023 */

    void (*free)(void *v);
    void *(*copy)(const void *v);
    size_t (*memory)(const void *v);   /* bytes held */
    uint64_t (*effort)(const void *v); /* about how many allocations free gives back */

    /* Adds the whole value as bytes that do not depend on the machine. */
    void (*save)(const void *v, struct buf *out);
    /* The value of such bytes of this or an older version, or NULL when they make no sense.
     * Strangers' bytes; the caller owns what comes back. */
    void *(*load)(struct slice bytes, uint32_t version);

    /* v now lies under this key of a database, whose index of labelled values is *labels (NULL:
     * there is none yet). NULL when the family does not care. */
    void (*placed)(void *v, struct labels **labels, struct slice key);

    /* What v points at and its commands read (struct value_type, inside). NULL: nothing. */
    const void *(*inside)(const void *v);

    struct value_type type; /* filled in by family_register */
};

/* Makes the type known to RESTORE and to the log. Once a process for each type. */
void family_register(struct family_type *t);

/* A keyspace value that owns v. */
struct value *family_value(const struct family_type *t, void *v);

/* What v holds, or NULL when v is no value of this type. */
void *family_of(struct value *v, const struct family_type *t);

/* Gives v other contents; the old ones are the caller's. */
void family_set(struct value *v, void *contents);

/* How an RDB file marks the parts of a module's value, and numbers its type. */
enum { FAMILY_PART_END = 0, FAMILY_PART_STRING = 5 };
enum { FAMILY_NAME_LEN = 9, FAMILY_VERSION_BITS = 10 };
uint64_t family_number(const struct family_type *t);

/* Adds a value as it stands behind the type byte of a DUMP payload; and as a whole payload. */
void family_add(const struct family_type *t, const void *contents, struct buf *out);
void family_payload(const struct family_type *t, const void *contents, struct buf *out);

/* Adds what follows the type byte of a DUMP payload: a module's value that is one string. */
void family_dump(const struct value *v, struct buf *out);

/* The value of such bytes, or NULL when they make no sense or are of a type that nobody
 * registered. */
struct value *family_restore(struct slice bytes, struct arena *arena);

#endif
