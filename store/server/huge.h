/* huge: the heap in huge pages, where the kernel gives them to programs that ask.
 *
 * Why: a store touches its memory everywhere at once. With pages of 4 KB, filling it is mostly page
 * faults and a fork is mostly the copying of page tables; with pages of 2 MB both are a few
 * hundredths of that. Debian's allocator (glibc 2.36) asks for them only when GLIBC_TUNABLES says so
 * before main, so the program starts itself once more with that set (docs/decisions/0014).
 *
 * Not under AddressSanitizer or Valgrind, which bring an allocator of their own, not for programs with
 * rights of their file (setuid, capabilities), whose environment the loader cleans, and not when the
 * operator has set glibc.malloc.hugetlb himself.
 */
#ifndef HANSOM_STORE_SERVER_HUGE_H
#define HANSOM_STORE_SERVER_HUGE_H

#include <stdbool.h>
#include <stddef.h>

/* Starts this program anew if that gets it huge pages: the same process id, arguments and open files.
 * Returns when it has them, cannot have them, or needs not ask. Call it first in main. */
void huge_restart(char *const *argv);

/* Gives up huge pages for this process and its children, also where the kernel gives them unasked. */
void huge_refuse(void);

/* Whether what the heap grows by from now on is in huge pages, as far as the kernel has free ones. */
bool huge_on(void);

/* What GLIBC_TUNABLES should say instead of `tunables` (NULL: nothing) so that the allocator asks:
 * false when it says already whether it does. out has `size` bytes, and too small is false too. */
bool huge_tunables(const char *tunables, char *out, size_t size);

#endif
