/* ids: names of things, and the secrets given out with them.
 *
 * A name that belongs to a region begins with it: what stands before the first '-'. Ride
 * "la-01J9ZK3M…" (a ULID, so rides sort by age), offer "<ride>.<n>", driver "la-839".
 *
 * All randomness here is the kernel's. Cost: about 0.3 µs a name (drawn in blocks).
 */
#ifndef HANSOM_KIT_IDS_H
#define HANSOM_KIT_IDS_H

#include "base/slice.h"

enum { ULID_LEN = 26, ID_MAX = 64, START_CODE_LEN = 4 };

/* 26 characters of Crockford's base 32, and a NUL: 48 bits of time, 80 random bits. Within one
 * millisecond of one process each is greater than the one before. Returns out. */
char *id_ulid(int64_t now_ms, char out[static ULID_LEN + 1]);

/* "<region>-<ULID>" and a NUL. Returns its length, or 0 if it does not fit ID_MAX. */
size_t id_ride(struct slice region, int64_t now_ms, char out[static ID_MAX + 1]);

/* "<ride>.<n>" and a NUL. Returns its length, or 0 if it does not fit ID_MAX. */
size_t id_offer(struct slice ride, uint32_t n, char out[static ID_MAX + 1]);

/* Four decimal digits, uniform, and a NUL. Returns out. */
char *id_start_code(char out[static START_CODE_LEN + 1]);

/* `bytes` random bytes in lower-case hex, and a NUL: 2 * bytes + 1. Returns out. */
char *id_hex(size_t bytes, char *out);

/* 1 to ID_MAX bytes of A-Z a-z 0-9 _ . - and not "." or "..": what may stand in a key. */
bool id_valid(struct slice id);

/* 1 to 32 bytes of a-z 0-9 _: what may stand in a hash tag. */
bool region_id_valid(struct slice region);

/* The region in front of the first '-'; empty if there is none or it is not valid. */
struct slice id_region(struct slice id);

/* The time in the id of a stream's entry, "<ms>-<n>"; -1 if it is no such id. */
int64_t id_entry_ms(struct slice id);

/* The ride of an offer id: what stands before the last '.'; empty if there is none. */
struct slice id_offer_ride(struct slice offer);

#endif
