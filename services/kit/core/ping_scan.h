/* ping_scan: reads the bodies of location posts, strictly and without a tree.
 *
 *     {"points":[{"lat":37.7,"lon":-122.4,"ts_ms":1211180427000,"acc_m":8}]}
 *     {"driver_id":"sf-7","lat":37.7,"lon":-122.4,"ts_ms":1211180427000}
 *
 * Why: at a hundred thousand posts a second a JSON tree is a quarter of the work. This scanner
 * goes over the bytes once and keeps only what it was asked for.
 *
 * What it takes is what a full JSON parser (RFC 8259, UTF-8 checked) takes, with these rules:
 * members come in any order; unknown ones are skipped, at most PING_NESTING deep; of a repeated
 * member the last counts; null is the same as absent; ts_ms must be an integer. A negative speed
 * or bearing means unknown, as iOS reports it. A number that no int64 or double holds, a lone
 * surrogate and \u0000 are malformed.
 *
 * Cost:  one pass, no memory. Nesting and input length bound the work.
 * Pure.  Tested and fuzzed against jansson: both must agree on every input.
 */
#ifndef HANSOM_KIT_CORE_PING_SCAN_H
#define HANSOM_KIT_CORE_PING_SCAN_H

#include "base/slice.h"
#include "services/kit/core/ping_filter.h"

enum { PING_POINTS_MAX = 100, PING_NESTING = 32, PING_ID_MAX = 64, PING_WHERE = 48 };

enum ping_scan {
    PING_SCAN_OK,
    PING_SCAN_MALFORMED, /* no JSON: 400 */
    PING_SCAN_INVALID    /* JSON, but not what was asked for: 422 */
};

struct ping_scan_error {
    char where[PING_WHERE]; /* JSON pointer of the first value that is wrong; "" the whole */
    const char *what;       /* a short sentence */
};

/* Reads {"points":[...]}: 1 to PING_POINTS_MAX points into out, which has room for all of them.
 * *count and the points are meaningful only with PING_SCAN_OK, *error only without. */
enum ping_scan ping_scan_points(struct slice text, struct ping *out, uint32_t *count,
                                struct ping_scan_error *error);

/* Reads one line of a fleet feed: a point with its driver_id, copied to id with a NUL. */
enum ping_scan ping_scan_line(struct slice line, struct ping *out, char id[static PING_ID_MAX + 1],
                              struct ping_scan_error *error);

#endif
