/* globs: what Redis's globs (slice_glob) say of more than one string. */
#ifndef HANSOM_STORE_DS_GLOBS_H
#define HANSOM_STORE_DS_GLOBS_H

#include "base/slice.h"

/* Whether the pattern fits every string that begins with prefix. A pattern that ends with a star
 * does when it fits prefix itself: the star takes the rest. False for a few patterns of backslashes
 * and brackets at once that do: who asks for rights is refused rather than let in. */
bool glob_covers(struct slice pattern, struct slice prefix);

#endif
