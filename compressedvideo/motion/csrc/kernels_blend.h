/* Interpolation between pixels: for one, for many, and for 32 bytes at once by AVX2. */
#ifndef MMCONDENSE_KERNELS_BLEND_H
#define MMCONDENSE_KERNELS_BLEND_H

#include "kernels_inline.h"

#define CHUNK 32 /* bytes that are predicted at a time */

/* Between four pixels: in the upper row a, in the lower one b, right neighbours `right` bytes on. */
ALWAYS_INLINE void blend(uint8_t *out, const uint8_t *a, const uint8_t *b, int bytes, int right,
                         int fx, int fy)
{
    uint16_t upper_left = (uint16_t)((4 - fx) * (4 - fy)), upper_right = (uint16_t)(fx * (4 - fy));
    uint16_t lower_left = (uint16_t)((4 - fx) * fy), lower_right = (uint16_t)(fx * fy);
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)((uint16_t)(upper_left * a[i] + upper_right * a[i + right] +
                                      lower_left * b[i] + lower_right * b[i + right] + 8) >>
                           4);
}

/* One pixel, beyond the border the nearest border pixel. */
ALWAYS_INLINE void blend_at_border(uint8_t *out, const uint8_t *a, const uint8_t *b, int x, int fx,
                                   int fy, int width)
{
    int left = CHANNELS * clip_int(x, 0, width - 1),
        right = CHANNELS * clip_int(x + 1, 0, width - 1);
    for (int c = 0; c < CHANNELS; c++)
        out[c] = (uint8_t)(((4 - fx) * (4 - fy) * a[left + c] + fx * (4 - fy) * a[right + c] +
                            (4 - fx) * fy * b[left + c] + fx * fy * b[right + c] + 8) >>
                           4);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(PORTABLE_ONLY)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

static inline bool has_avx2(void) { return __builtin_cpu_supports("avx2"); }

/* Weights of a pixel's four neighbours by its fraction, 4 fy + fx: those of the left and the right
 * one by turns, for three colours and a gap, in the upper and then in the lower row. */
typedef struct {
    int8_t upper[8], lower[8];
} blend_weights;

#define PAIRS(left, right) {left, right, left, right, left, right, 0, 0}
#define WEIGHTS(fx, fy) {PAIRS((4 - fx) * (4 - fy), fx * (4 - fy)), PAIRS((4 - fx) * fy, fx * fy)}
#define ROW_OF_WEIGHTS(fy) WEIGHTS(0, fy), WEIGHTS(1, fy), WEIGHTS(2, fy), WEIGHTS(3, fy)
static const blend_weights all_weights[16] = {ROW_OF_WEIGHTS(0), ROW_OF_WEIGHTS(1),
                                              ROW_OF_WEIGHTS(2), ROW_OF_WEIGHTS(3)};

static inline int fraction_of(uint32_t weights) { return (int)(weights / sizeof(blend_weights)); }
static inline const blend_weights *weights_at(uint32_t weights)
{
    return (const blend_weights *)((const char *)all_weights + weights);
}

static inline uint32_t weights_of(int fx, int fy)
{
    return (uint32_t)(QUARTERS * fy + fx) * (uint32_t)sizeof(blend_weights);
}

/* 32 bytes of pixels that move alike; reads 35 of each row. */
AVX2 static inline void blend_chunk_avx2(uint8_t *out, const uint8_t *a, const uint8_t *b,
                                         uint32_t weights)
{
    __m256i upper = _mm256_loadu_si256((const __m256i *)a), pixels = upper;
    if (weights) {
        const blend_weights *w = weights_at(weights);
        int16_t pair_above, pair_below;
        memcpy(&pair_above, w->upper, sizeof pair_above);
        memcpy(&pair_below, w->lower, sizeof pair_below);
        const __m256i above = _mm256_set1_epi16(pair_above), below = _mm256_set1_epi16(pair_below);
        const __m256i rounded = _mm256_set1_epi16(1 << 11);
        __m256i upper_right = _mm256_loadu_si256((const __m256i *)(a + CHANNELS));
        __m256i lower = _mm256_loadu_si256((const __m256i *)b);
        __m256i lower_right = _mm256_loadu_si256((const __m256i *)(b + CHANNELS));
        __m256i low = _mm256_add_epi16(
            _mm256_maddubs_epi16(_mm256_unpacklo_epi8(upper, upper_right), above),
            _mm256_maddubs_epi16(_mm256_unpacklo_epi8(lower, lower_right), below));
        __m256i high = _mm256_add_epi16(
            _mm256_maddubs_epi16(_mm256_unpackhi_epi8(upper, upper_right), above),
            _mm256_maddubs_epi16(_mm256_unpackhi_epi8(lower, lower_right), below));
        pixels = _mm256_packus_epi16(_mm256_mulhrs_epi16(low, rounded),
                                     _mm256_mulhrs_epi16(high, rounded));
    }
    _mm256_storeu_si256((__m256i *)out, pixels);
}

#else
#define AVX2
static inline bool has_avx2(void) { return false; }
#define blend_chunk_avx2(...) ((void)0)
#endif

#endif
