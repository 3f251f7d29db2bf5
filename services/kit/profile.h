/* profile: what is known of a driver beside his state: name, rating, vehicle, languages.
 *
 * Why one place: which fields a profile has is this file's business. Services read it with profile_get
 * and never name one.
 *
 * Layout in the store: JSON at driver:{region}:<id>, or a hash where the store has none; that is the
 * business of lifecycle/profile.lua, which gives and takes flat fields named as the members here.
 */
#ifndef HANSOM_KIT_PROFILE_H
#define HANSOM_KIT_PROFILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "services/kit/lifecycle.h"

struct profile {
    struct slice driver_id;
    struct slice name;
    double rating; /* 1 to 5 */
    struct slice make, model, plate, color;
    struct slice products;  /* comma separated, as "economy,xl" */
    struct slice languages; /* comma separated, as "en,es" */
    bool accessible;        /* takes a wheelchair */
    int64_t completed_trips;
};

/* What a rider asks of the driver. Empty slices and 0 ask nothing. */
struct constraints {
    double min_rating;
    struct slice vehicle;  /* make or model, case ignored */
    struct slice language; /* one language the driver must speak */
    bool accessible;
};

/* Reads such fields and values; text points into the arena. False when there are none. */
bool profile_parse(const struct redisReply *reply, struct slice driver_id, struct arena *arena,
                   struct profile *out);

/* Whether word is one of the comma separated words of list; case is ignored. */
bool profile_lists(struct slice list, struct slice word);

/* Exact check of a rider's constraints. NULL when all are met, else the name of the first that
 * is not ("rating", "vehicle", "language", "accessible"). */
const char *profile_unmet(const struct profile *p, const struct constraints *c);

/* Reads constraints from the JSON text kept in a ride ("" asks nothing); text points into the
 * arena. False when it is no such object. */
bool constraints_parse(struct slice json, struct arena *arena, struct constraints *out);

/* Reads the profile of a driver. cb gets it, or NULL when there is none or r->code is not LIFE_OK;
 * borrowed until cb returns. */
typedef void (*profile_cb)(void *data, const struct life_result *r, const struct profile *p);
void profile_get(struct lifecycle *l, struct slice driver_id, profile_cb cb, void *data);

/* Writes all of p but completed_trips, and the rating only when it is not 0: ratings after rides move
 * what is stored. cb is that of a lifecycle call. */
void profile_put(struct lifecycle *l, const struct profile *p, life_cb cb, void *data);

/* Appends {"name":…,"rating":…,"vehicle":{…}}: what a rider sees of his driver. */
void profile_card_json(struct buf *out, const struct profile *p);

/* Puts all of it into the object that j is in, as the API shows it; and the same as an object. */
struct json;
void profile_members_json(struct json *j, const struct profile *p);
void profile_json(struct buf *out, const struct profile *p);

#endif
