/* past: every version of every ride, as the log told it. A crash does not take it back: what was on the
 * disk too late is overwritten by what happens instead, and nobody can have been told of it.
 */
#ifndef HANSOM_TESTS_WORLD_PAST_H
#define HANSOM_TESTS_WORLD_PAST_H

#include "tests/world/model.h"

struct past {
    enum ride_status status;
    char holder[VALUE_MAX]; /* the driver whose ride it is; "": nobody's */
    char asked[VALUE_MAX];  /* to whom it is offered, between spaces */
};

void past_begin(void);
void past_end(void);

/* The ride came to be this version. */
void past_note(const char *ride_id, int64_t version, const struct past *p);

/* That version, or NULL when there was none. */
const struct past *past_find(const char *ride_id, int64_t version);

/* Whether the driver ever held the ride or was offered it. */
bool past_knew(const char *ride_id, const char *driver_id);

/* Whether the id stands in a list between spaces. */
bool among(const char *list, const char *id);

#endif
