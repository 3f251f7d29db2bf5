#include "huge.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { TUNABLES_MAX = 4096 };

static const char variable[] = "GLIBC_TUNABLES";
static const char tunable[] = "glibc.malloc.hugetlb=";

enum kernel { KERNEL_NEVER, KERNEL_ASKED, KERNEL_ALWAYS };

/* What the kernel gives huge pages to: the word in brackets of "always [madvise] never". */
static enum kernel kernel_mode(void)
{
    char text[64] = "";
    FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
    if (f == NULL) return KERNEL_NEVER;
    if (fgets(text, sizeof text, f) == NULL) text[0] = '\0';
    (void)fclose(f);
    if (strstr(text, "[always]") != NULL) return KERNEL_ALWAYS;
    return strstr(text, "[madvise]") != NULL ? KERNEL_ASKED : KERNEL_NEVER;
}

/* Whether malloc is glibc's. Valgrind loads itself before the program, and would lose sight of one
 * that starts anew. */
static bool own_allocator(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    const char *preload = getenv("LD_PRELOAD");
    return preload == NULL || strstr(preload, "vgpreload") == NULL;
#endif
}

bool huge_tunables(const char *tunables, char *out, size_t size)
{
    bool empty = tunables == NULL || tunables[0] == '\0';
    if (!empty && strstr(tunables, tunable) != NULL) return false;
    int n = snprintf(out, size, "%s%s%s1", empty ? "" : tunables, empty ? "" : ":", tunable);
    return n > 0 && (size_t)n < size;
}

/* With AT_BASE 0 the loader was run by name, and /proc/self/exe is the loader. */
static bool may_restart(void)
{
    return own_allocator() && getauxval(AT_SECURE) == 0 && getauxval(AT_BASE) != 0;
}

void huge_restart(char *const *argv)
{
    char wanted[TUNABLES_MAX];
    char path[PATH_MAX]; /* run by its name, so that the kernel shows it and not "exe" */
    if (!may_restart() || kernel_mode() != KERNEL_ASKED) return;
    const char *before = getenv(variable);
    if (!huge_tunables(before, wanted, sizeof wanted)) return;
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0) return;
    path[n] = '\0';
    if (setenv(variable, wanted, 1) != 0) return;
    (void)execv(path, argv);
    /* Not allowed to: then without. */
    if (before == NULL)
        (void)unsetenv(variable);
    else
        (void)setenv(variable, before, 1);
}

void huge_refuse(void)
{
    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

bool huge_on(void)
{
    enum kernel mode = kernel_mode();
    if (!own_allocator() || prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) != 0) return false;
    if (mode != KERNEL_ASKED) return mode == KERNEL_ALWAYS;
    const char *tunables = getenv(variable);
    const char *at = tunables == NULL ? NULL : strstr(tunables, tunable);
    return at != NULL && strtol(at + sizeof tunable - 1, NULL, 0) > 0;
}
