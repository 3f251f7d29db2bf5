#include "vecs_dist.h"

#include <stdbool.h>
#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define VECS_X86 1
#else
#define VECS_X86 0
#endif

#define DOT(p, q) ((p) * (q))
#define GAP(p, q) (((p) - (q)) * ((p) - (q)))

/* Four sums side by side: an addition takes several cycles, and each waits only for its own.
 * The frames that AddressSanitizer makes are not aligned for the widest registers. */
#define SUM(name, attribute, bytes, TERM)                                                          \
    attribute __attribute__((no_sanitize_address)) static float name(                              \
        const float *a, const float *b, uint32_t width)                                            \
    {                                                                                              \
        typedef float wide __attribute__((vector_size(bytes)));                                    \
        typedef float unaligned __attribute__((vector_size(bytes), aligned(sizeof(float))));       \
        enum { LANES = (bytes) / sizeof(float) };                                                  \
        const unaligned *x = (const void *)a, *y = (const void *)b;                                \
        wide s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};                                               \
        for (uint32_t i = 0; i < width / LANES; i += 4) {                                          \
            s0 += TERM(x[i], y[i]);                                                                \
            s1 += TERM(x[i + 1], y[i + 1]);                                                        \
            s2 += TERM(x[i + 2], y[i + 2]);                                                        \
            s3 += TERM(x[i + 3], y[i + 3]);                                                        \
        }                                                                                          \
        wide all = (s0 + s1) + (s2 + s3);                                                          \
        float total = 0;                                                                           \
        for (uint32_t j = 0; j < LANES; j++)                                                       \
            total += all[j];                                                                       \
        return total;                                                                              \
    }

SUM(plain_dot, , 16, DOT)
SUM(plain_gap, , 16, GAP)

static int32_t plain_code_dot(const int8_t *a, int32_t sum_a, const int8_t *b, uint32_t width)
{
    (void)sum_a;
    int32_t sum = 0;
    for (uint32_t i = 0; i < width; i++)
        sum += a[i] * b[i];
    return sum;
}

static const struct vecs_dist plain = {"plain", plain_dot, plain_gap, plain_code_dot};

#if VECS_X86

#define AVX2 __attribute__((target("avx2,fma")))
SUM(avx2_dot, AVX2, 32, DOT)
SUM(avx2_gap, AVX2, 32, GAP)

AVX2 static __m256i widened(const int8_t *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const void *)p));
}

AVX2 __attribute__((no_sanitize_address)) static int32_t
avx2_code_dot(const int8_t *a, int32_t sum_a, const int8_t *b, uint32_t width)
{
    (void)sum_a;
    __m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    for (uint32_t i = 0; i < width; i += 32) {
        for (uint32_t j = 0; j < 2; j++) {
            __m256i products = _mm256_madd_epi16(widened(a + i + 16 * j), widened(b + i + 16 * j));
            sum[j] = _mm256_add_epi32(sum[j], products);
        }
    }
    __m256i both = _mm256_add_epi32(sum[0], sum[1]);
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
    __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xB1)));
}

static const struct vecs_dist avx2 = {"avx2", avx2_dot, avx2_gap, avx2_code_dot};

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni")))
SUM(avx512_dot, AVX512, 64, DOT)
SUM(avx512_gap, AVX512, 64, GAP)

/* The instruction multiplies unsigned bytes by signed ones, so b goes in 128 too high, and 128
 * times the sum of a comes off at the end. */
AVX512 __attribute__((no_sanitize_address)) static int32_t
avx512_code_dot(const int8_t *a, int32_t sum_a, const int8_t *b, uint32_t width)
{
    const __m512i high = _mm512_set1_epi8((char)0x80);
    __m512i sum = _mm512_setzero_si512();
    for (uint32_t i = 0; i < width; i += 64) {
        __m512i raised = _mm512_xor_si512(_mm512_loadu_si512((const void *)(b + i)), high);
        sum = _mm512_dpbusd_epi32(sum, raised, _mm512_loadu_si512((const void *)(a + i)));
    }
    return _mm512_reduce_add_epi32(sum) - 128 * sum_a;
}

static const struct vecs_dist avx512 = {"avx512", avx512_dot, avx512_gap, avx512_code_dot};

static uint32_t forms_known(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vnni");
    return wide ? 3 : 2;
}

const struct vecs_dist *vecs_dist_form(uint32_t i)
{
    static const struct vecs_dist *const forms[VECS_DIST_FORMS_MAX] = {&plain, &avx2, &avx512};
    return i < forms_known() ? forms[i] : NULL;
}

#else

const struct vecs_dist *vecs_dist_form(uint32_t i)
{
    return i == 0 ? &plain : NULL;
}

#endif

const struct vecs_dist *vecs_dist_best(void)
{
    const struct vecs_dist *best = &plain;
    for (uint32_t i = 1; i < VECS_DIST_FORMS_MAX && vecs_dist_form(i) != NULL; i++)
        best = vecs_dist_form(i);
    return best;
}
