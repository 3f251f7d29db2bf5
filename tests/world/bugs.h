/* bugs: mistakes made on purpose, so that the checker shows that it would see them.
 *
 * Each is one a tired engineer could make: a line of the lifecycle library is changed as the store
 * loads it, one call is carried out as a careless service would have written it, or one function of
 * a service gives another answer. Nothing of it exists outside of this program.
 */
#ifndef HANSOM_TESTS_WORLD_BUGS_H
#define HANSOM_TESTS_WORLD_BUGS_H

#include "tests/world/primary.h"

/* The name of the i-th; NULL behind the last. */
const char *bugs_name(size_t i);

/* What a bug is, in words; NULL when there is none of that name. */
const char *bugs_about(const char *name);

/* What a seed dwells on when this bug is to be found. */
enum stress bugs_stress(const char *name);

/* A command reaches the store. */
void bugs_command(struct link *l, const struct slice *argv, uint32_t argc);

void bugs_begin(void);
void bugs_end(void);

/* No bug of ours but of a stranger: who has decided about this ride dies before the store hears of it. */
void bugs_poison(struct slice ride_id);

/* Whether the command decides about such a ride. */
bool bugs_is_poison(const struct slice *argv, uint32_t argc);

#endif
