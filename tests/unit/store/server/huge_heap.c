/* Whether a heap that grows does so in huge pages; with the word "no", that it does not.
 *
 * A program of its own, without sanitizers: they bring an allocator that does not ask. It is run with
 * a tunable set, which must still be there after it has started itself anew. */
#include "store/server/huge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SKIPPED = 77, BLOCKS = 1 << 19, BLOCK_BYTES = 100 };

static long huge_kb(void)
{
    char line[128];
    long kb = -1;
    FILE *f = fopen("/proc/self/smaps_rollup", "re");
    while (f != NULL && kb < 0 && fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "AnonHugePages: %ld kB", &kb) != 1) kb = -1;
    if (f != NULL) (void)fclose(f);
    return kb;
}

static void grow_heap(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        char *block = malloc(BLOCK_BYTES); /* kept until the end, as data is */
        if (block != NULL) memset(block, 1, BLOCK_BYTES);
        __asm__ volatile("" : : "r"(block) : "memory");
    }
}

static int fail(const char *why, long kb)
{
    (void)fprintf(stderr, "%s (%ld kB in huge pages)\n", why, kb);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    bool refuse = argc > 1 && strcmp(argv[1], "no") == 0;
    huge_restart(argv);
    if (!huge_on()) {
        (void)fputs("SKIPPED: this kernel gives no huge pages to programs that ask\n", stderr);
        return SKIPPED;
    }
    const char *tunables = getenv("GLIBC_TUNABLES");
    if (tunables == NULL || strstr(tunables, "glibc.malloc.tcache_count=5") == NULL)
        return fail("the tunable that was set is gone", 0);
    if (refuse) huge_refuse();
    if (huge_on() == refuse) return fail("huge_on does not say what is so", 0);
    long before_kb = huge_kb();
    grow_heap();
    long kb = huge_kb() - before_kb;
    if (!refuse && kb <= 0) return fail("the heap grew in small pages", kb);
    if (refuse && kb > 0) return fail("the heap grew in huge pages, though refused", kb);
    return EXIT_SUCCESS;
}
