/* jdoc: a JSON document as one block of bytes, read and changed in place.
 *
 * Why: a tree of nodes costs several times its text. Here a document is about as long as its
 * text without spaces, a path is found by skipping over what it does not name, and a change
 * moves only the bytes behind it.
 *
 * Layout:  a value is a tag and what follows from it; numbers are little endian.
 *            NULL FALSE TRUE       nothing
 *            INT8 INT16 INT32 INT64  the number
 *            NUMBER                length: 1, its text as it was written: all other numbers
 *            STRING8 STRING32      length: 1 or 4, UTF-8
 *            ARRAY                 bytes: 4, count: 4, the values
 *            OBJECT                bytes: 4, count: 4, then name and value in turn; a name is
 *                                  length: 1 (or 255 and length: 4), UTF-8
 *          `bytes` counts what lies behind the count. The document is the value at offset 0.
 * Invariants:  names of one object differ; text is valid UTF-8; at most JDOC_DEPTH_MAX values lie
 *              inside each other; at most JDOC_BYTES_MAX bytes.
 * Cost:    a step of a path skips its siblings, O(1) each; a change is O(bytes behind it), and
 *          adjusts the containers around it.
 * Owner:   the document is a struct buf of the caller's. Values are borrowed pointers into it,
 *          until its next change.
 */
#ifndef HANSOM_STORE_DS_JDOC_H
#define HANSOM_STORE_DS_JDOC_H

#include "base/arena.h"
#include "base/buf.h"

enum { JDOC_DEPTH_MAX = 128, JDOC_BYTES_MAX = 256 << 20, JDOC_NUMBER_MAX = 255 };

enum jdoc_kind {
    JDOC_NULL,
    JDOC_BOOL,
    JDOC_INTEGER, /* fits 64 bits and was written without point and exponent */
    JDOC_NUMBER,
    JDOC_STRING,
    JDOC_ARRAY,
    JDOC_OBJECT
};

/* A value within a document. */
typedef const char *jval;

/* --- reading --- */

enum jdoc_kind jval_kind(jval v);
size_t jval_size(jval v); /* bytes, tag included */

bool jval_is_true(jval v);        /* of a bool */
int64_t jval_i64(jval v);         /* of an integer */
double jval_double(jval v);       /* of an integer or number; infinite when too large */
struct slice jval_number(jval v); /* of a number: its text */
struct slice jval_string(jval v); /* of a string */
uint32_t jval_count(jval v);      /* of an array or object */

/* Walks an array or object. */
struct jval_iter {
    const char *at;
    uint32_t left;
    bool object;
};
struct jval_iter jval_each(jval container);
/* The next value, and its name in an object (else empty); NULL behind the last. */
jval jval_next(struct jval_iter *it, struct slice *name);

/* A member by name or an element by index; NULL when there is none or v is another kind. */
jval jval_member(jval v, struct slice name);
jval jval_element(jval v, uint32_t i);

/* Equal as JSON: members in any order, numbers by what they are worth. */
bool jval_equal(jval a, jval b);

/* How many values lie inside each other: 1 for a scalar. */
uint32_t jval_depth(jval v);

/* --- text --- */

struct jdoc_error {
    const char *what; /* static */
    size_t at;        /* byte of the text */
};

/* Adds the value that the whole text is to out. False with *error, and out as it was, when it is
 * no JSON, goes deeper than depth_max, or becomes too large. Of members that stand twice the
 * last counts. Scratch memory is the arena's. */
bool jdoc_parse(struct slice text, uint32_t depth_max, struct arena *arena, struct buf *out,
                struct jdoc_error *error);

/* What is written between the parts; all empty: nothing. */
struct jdoc_format {
    struct slice indent, newline, space;
    uint32_t level; /* containers that are printed around the value already */
};

/* Adds v as text. */
void jdoc_print(jval v, const struct jdoc_format *format, struct buf *out);

/* Adds as an array the values that stand at these n bytes of a document. */
void jdoc_print_all(const char *doc, const uint32_t *at, uint32_t n,
                    const struct jdoc_format *format, struct buf *out);

/* Whether s is valid UTF-8 (no surrogates, nothing above U+10FFFF, no long forms). */
bool jdoc_is_utf8(struct slice s);

/* Adds s as a JSON string. */
void jdoc_print_string(struct slice s, struct buf *out);

/* --- making values --- */

void jdoc_add_i64(struct buf *out, int64_t n);
/* d in the fewest digits that read back as d, always with a point or an exponent; finite. */
void jdoc_add_double(struct buf *out, double d);
void jdoc_add_string(struct buf *out, struct slice s); /* s must be UTF-8 */
void jdoc_add_empty(struct buf *out, bool object);

/* --- changing --- */

/* Puts `value` in the place of the one at offset `at`. */
void jdoc_replace(struct buf *doc, uint32_t at, struct slice value);

/* Adds a member to the object at `object`, which must not have it. */
void jdoc_add_member(struct buf *doc, uint32_t object, struct slice name, struct slice value);

/* Puts `n` values, one behind the other in `values`, before element i of the array at `array`;
 * i is at most its count. */
void jdoc_insert(struct buf *doc, uint32_t array, uint32_t i, struct slice values, uint32_t n);

/* Removes elements [first, first + n) of an array, or such members of an object. */
void jdoc_remove(struct buf *doc, uint32_t container, uint32_t first, uint32_t n);

/* Changes values in one pass, those inside first: calls fn for each of n offsets, which ascend, with
 * a document that is this value alone. Left empty, it goes from its container (the whole document
 * may not). O(bytes of the document), however many there are. */
void jdoc_change_all(struct buf *doc, const uint32_t *at, uint32_t n,
                     void (*fn)(void *data, uint32_t i, struct buf *value), void *data);

/* The container around the value at `at` and its place in it; false for the document itself. */
bool jdoc_parent(const struct buf *doc, uint32_t at, uint32_t *container, uint32_t *place);

/* How many containers lie around the value at `at`. */
uint32_t jdoc_level(const struct buf *doc, uint32_t at);

/* Whether these bytes are one whole document. Strangers' bytes. */
bool jdoc_valid(struct slice bytes, struct arena *arena);

#endif
