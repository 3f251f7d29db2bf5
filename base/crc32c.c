#include "crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static uint32_t table[256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void table_make(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = (c & 1) != 0 ? (c >> 1) ^ 0x82f63b78U : c >> 1;
        table[i] = c;
    }
}

uint32_t crc32c_table(uint32_t crc, const void *p, size_t n)
{
    (void)pthread_once(&table_made, table_make);
    const uint8_t *at = p;
    uint32_t c = ~crc;
    for (size_t i = 0; i < n; i++)
        c = (c >> 8) ^ table[(c ^ at[i]) & 0xff];
    return ~c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse(uint32_t crc, const uint8_t *at,
                                                             size_t n)
{
    uint64_t c = ~crc;
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        c = __builtin_ia32_crc32di(c, word);
        at += 8;
        n -= 8;
    }
    uint32_t c32 = (uint32_t)c;
    for (; n > 0; n--)
        c32 = __builtin_ia32_crc32qi(c32, *at++);
    return ~c32;
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse(crc, p, n);
#endif
    return crc32c_table(crc, p, n);
}
