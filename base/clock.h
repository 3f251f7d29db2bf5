/* clock: time as a value that a test can own.
 *
 * Pure code takes now_ms as an argument. The shells read one of these.
 */
#ifndef HANSOM_BASE_CLOCK_H
#define HANSOM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct slice;

/* Unix time in milliseconds; may step when an operator sets the clock. */
int64_t clock_wall_ms(void);
int64_t clock_wall_us(void);

/* Microseconds since some fixed point; never steps. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

enum { CLOCK_TEXT = 25 }; /* "2026-11-23T12:00:00.000Z" and a NUL */

/* RFC 3339 in UTC with milliseconds. Returns out. Years 1970 to 9999. */
char *clock_format(int64_t unix_ms, char out[static CLOCK_TEXT]);

/* Reads RFC 3339 with an optional fraction and Z or an offset; also the form with a
 * space in place of T. Returns 0 and writes *unix_ms, or -1 and writes nothing. */
int clock_parse(struct slice text, int64_t *unix_ms);

#endif
