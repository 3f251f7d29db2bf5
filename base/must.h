/* must: the assertion that stays on in production.
 *
 * Why: a broken invariant means that memory no longer says what we think it
 * says; going on would write that error to disk or to a phone. Only bugs are
 * asserted. Whatever a stranger can cause is an error value instead.
 */
#ifndef HANSOM_BASE_MUST_H
#define HANSOM_BASE_MUST_H

/* Prints where and what failed to stderr, then aborts. */
_Noreturn void must_fail(const char *cond, const char *file, int line);

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))

#endif
