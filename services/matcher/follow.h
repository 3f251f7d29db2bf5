/* follow: keeps a region's board up to date from its outbox.
 *
 * Why by polling: a blocking read would wake for each of a region's events; one read in a quarter
 * of a second takes them by the hundred, and what the board answers may be that old.
 *
 * Owner: follow_new to follow_close. Loop thread only.
 */
#ifndef HANSOM_MATCHER_FOLLOW_H
#define HANSOM_MATCHER_FOLLOW_H

#include "services/matcher/board.h"

struct follow;
struct matcher;

/* Begins with the events of the last half hour. The board is borrowed until the closing is done. */
struct follow *follow_new(struct matcher *m, struct slice region, struct board *board);

/* Whether everything that had happened a moment ago is on the board. */
bool follow_is_current(const struct follow *f);

/* Ends; fn runs when nothing uses the board any more. */
void follow_close(struct follow *f, void (*fn)(void *data), void *data);

#endif
