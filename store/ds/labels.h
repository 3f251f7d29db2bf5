/* labels: finds the time series of a database by what they are labelled with.
 *
 * Why: a query names no keys but labels (area=north, kind!=test), and must not look at series that
 * have none of them. The index must follow each way in which a key comes, goes or changes its
 * name, and a whole database may go or change places with another at once.
 *
 * Layout:      pair "area=north" -> members with it, in no order; name of a key -> member
 *
 *     A member lies in its series and knows its places. The index is shared: its database holds
 *     one reference and each member another, so that a database which is emptied lets go of it
 *     in O(1), and series that are freed later still find the index they leave.
 * Invariants:  a member is in the lists of all its pairs, at the places it knows; no list is empty.
 * Cost:        joining and leaving are O(labels). A query takes the shortest list that must
 *              contain the answer and looks at each member of it.
 * Owner:       counted references. Loop thread only.
 */
#ifndef HANSOM_STORE_DS_LABELS_H
#define HANSOM_STORE_DS_LABELS_H

#include "base/arena.h"
#include "base/buf.h"

struct labels;
struct posting;

struct label {
    struct slice name, value; /* borrowed from the member's text */
    struct posting *list;     /* while in an index: where it is listed, and its place there */
    uint32_t at;
};

struct labelled {
    struct labels *in;    /* the index, or NULL */
    char *text;           /* owned; of all labels */
    struct label *labels; /* owned */
    uint32_t count;
    struct slice key; /* owned; where it lies or lay last; p is NULL when it never lay anywhere */
};

/* Frees what l holds; it leaves its index first. */
void labelled_fini(struct labelled *l);

/* Gives l other labels, in the index too: copies of n pairs, name and value alternating. */
void labelled_set(struct labelled *l, const struct slice *pairs, uint32_t n);

/* Puts l into *home under a key, making the index when *home is NULL. It leaves where it was. */
void labelled_join(struct labelled *l, struct labels **home, struct slice key);
void labelled_leave(struct labelled *l);

/* Only remembers the key. */
void labelled_name(struct labelled *l, struct slice key);

size_t labelled_memory(const struct labelled *l);

/* The value of a label, or NULL. */
const struct slice *labelled_get(const struct labelled *l, struct slice name);

/* Lets go of a database's reference; NULL is fine. */
void labels_unref(struct labels *x);

/* The member that lies under a key, or NULL; x may be NULL. */
struct labelled *labels_key(const struct labels *x, struct slice key);

/* One condition: the label is (or is not) one of the values; without values: it is not there
 * (or, with `differs`, it is). */
struct label_filter {
    struct slice name;
    const struct slice *values;
    uint32_t count;
    bool differs;
};

/* Reads "l=v", "l!=v", "l=", "l!=", "l=(a,b)" or "l!=(a,b)"; false when it is none of them. */
bool label_filter_parse(struct slice text, struct arena *arena, struct label_filter *out);

/* Whether the answer to a query can be found by lists: a filter wants a value. */
bool label_filter_seeks(const struct label_filter *f);

/* The members that all filters hold for, by order of their keys; in the arena. At least one filter
 * must seek. x may be NULL. */
const struct labelled **labels_find(const struct labels *x, const struct label_filter *filters,
                                    uint32_t n, struct arena *arena, uint32_t *count);

/* Aborts unless the invariants hold. For tests. */
void labels_check(const struct labels *x);

#endif
