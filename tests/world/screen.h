/* screen: what the app of one rider or driver shows, from the frames of a gateway alone.
 *
 * The app connects, loses its connection, stands in tunnels, lets its token run out and connects again.
 * Whatever it is shown must be true: the ride as it was at that version, never an older one than the
 * person has seen, none left out in silence, of nobody else's ride, and of a start code only to the
 * rider. At the end every screen shows what is.
 */
#ifndef HANSOM_TESTS_WORLD_SCREEN_H
#define HANSOM_TESTS_WORLD_SCREEN_H

#include "services/kit/auth.h"
#include "tests/world/world.h"

struct ping;

void screens_begin(void);
void screens_end(void);

/* The person opens the app. The id is borrowed for the life of the world. */
void screen_add(enum auth_role role, const char *id);

/* The driver answers an offer on the screen. False when the app is not connected. */
bool screen_answer(const char *driver_id, const char *offer_id, bool accepts);

/* A fix, by the app's connection. False when there is none. */
bool screen_ping(const char *driver_id, const struct ping *p);

/* Whether every screen shows what is; and says which one does not. */
bool screens_are_right(void);
void screens_check(void);

#endif
