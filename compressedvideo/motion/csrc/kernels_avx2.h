/* The residual along an accumulated field, for x86 processors with AVX2. Eight neighbours that move
 * alike are fetched together; after some pictures few do, and each pixel is fetched by itself. */
#ifndef MMCONDENSE_KERNELS_AVX2_H
#define MMCONDENSE_KERNELS_AVX2_H

#include "kernels_predict.h"
#include "kernels_rows.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(PORTABLE_ONLY)
#define EIGHT 8 /* pixels at a time */
#define FETCHED_AHEAD 32 /* rows */

/* Where eight pixels come from: bytes from the reference's start, and the place of their weights. */
typedef struct {
    uint32_t above[EIGHT], below[EIGHT], weights[EIGHT];
    bool alike; /* they share a vector, and lie side by side there, too */
} eight_sources;

/* Positions fit 16 bits, in quarter pixels as well as in bytes from one row to the next. */
static inline bool suits_avx2(plane reference, geometry size)
{
    return has_avx2() && max_int(size.height, size.width) < (1 << 13) - 1 &&
           reference.stride > 0 && reference.stride < 1 << 15;
}

/* `vectors`: dx and dy by turns. `at`: x and y of the pixels, quarters. Returns `below`. */
AVX2 static inline __m256i locate_eight(eight_sources *to, const int16_t *vectors, __m256i at,
                                        plane reference, geometry size)
{
    /* In all of these x is the lower and y the upper half of 32 bits. */
    const __m256i last = _mm256_set1_epi32((size.height - 1) << 16 | (size.width - 1));
    const __m256i to_bytes = _mm256_set1_epi32((int)reference.stride << 16 | CHANNELS);
    const __m256i only_y = _mm256_set1_epi32((int)0xffff0000), zero = _mm256_setzero_si256();
    __m256i moved = _mm256_loadu_si256((const __m256i *)vectors);
    __m256i first = _mm256_broadcastd_epi32(_mm256_castsi256_si128(moved));
    /* Saturated where it would overflow: that is outside in any case. */
    __m256i from = _mm256_subs_epi16(at, moved);
    __m256i whole = _mm256_srai_epi16(from, 2);
    __m256i above = _mm256_max_epi16(_mm256_min_epi16(whole, last), zero);
    __m256i next_row = _mm256_sub_epi16(whole, only_y); /* y + 1 */
    __m256i below = _mm256_max_epi16(_mm256_min_epi16(next_row, last), zero);
    /* Without a right neighbour fx is 0. */
    __m256i has_right = _mm256_and_si256(_mm256_cmpeq_epi16(whole, above),
                                         _mm256_cmpgt_epi16(last, whole));
    __m256i fraction = _mm256_and_si256(from, _mm256_set1_epi16(QUARTERS - 1));
    has_right = _mm256_or_si256(has_right, only_y);
    fraction = _mm256_and_si256(fraction, has_right);
    __m256i alike = _mm256_and_si256(_mm256_cmpeq_epi32(moved, first), has_right);
    to->alike = _mm256_movemask_epi8(alike) == -1;
    fraction = _mm256_madd_epi16(fraction, _mm256_set1_epi32((QUARTERS << 16 | 1) * (int)sizeof(blend_weights)));
    above = _mm256_madd_epi16(above, to_bytes);
    below = _mm256_madd_epi16(below, to_bytes);
    _mm256_storeu_si256((__m256i *)to->above, above);
    _mm256_storeu_si256((__m256i *)to->below, below);
    _mm256_storeu_si256((__m256i *)to->weights, fraction);
    return below;
}

/* A pixel's share of the upper row, then of the lower one: three colours and a gap, 16 bits. */
AVX2 static inline __m128i weighted_rows(const uint8_t *a, const uint8_t *b, uint32_t weights)
{
    const __m128i by_colour = _mm_setr_epi8(0, 3, 1, 4, 2, 5, -1, -1, 8, 11, 9, 12, 10, 13, -1, -1);
    __m128i rows = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)a),
                                      _mm_loadl_epi64((const __m128i *)b));
    return _mm_maddubs_epi16(_mm_shuffle_epi8(rows, by_colour),
                             _mm_loadu_si128((const __m128i *)weights_at(weights)));
}

AVX2 static inline __m128i add_rows(__m128i pixel, __m128i next_pixel)
{
    __m128i sum = _mm_add_epi16(_mm_unpacklo_epi64(pixel, next_pixel),
                                _mm_unpackhi_epi64(pixel, next_pixel));
    return _mm_mulhrs_epi16(sum, _mm_set1_epi16(1 << 11)); /* (sum + 8) >> 4 */
}

/* Reads eight bytes of each row per pixel, writes four bytes beyond the last. */
AVX2 static inline void predict_eight(uint8_t *out, plane reference, const eight_sources *from)
{
    const __m128i without_gaps = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1,
                                               -1);
    for (int i = 0; i < EIGHT; i += 4) {
        __m128i pixels[4];
        for (int j = 0; j < 4; j++)
            pixels[j] = weighted_rows(reference.data + from->above[i + j],
                                      reference.data + from->below[i + j], from->weights[i + j]);
        __m128i four = _mm_packus_epi16(add_rows(pixels[0], pixels[1]),
                                        add_rows(pixels[2], pixels[3]));
        _mm_storeu_si128((__m128i *)(out + CHANNELS * i), _mm_shuffle_epi8(four, without_gaps));
    }
}

/* The same where those bytes might reach beyond the reference. */
AVX2 static inline void predict_at_end(uint8_t *out, plane reference, const eight_sources *from)
{
    for (int i = 0; i < EIGHT; i++) {
        int fraction = fraction_of(from->weights[i]), fx = fraction & 3, fy = fraction >> 2;
        blend(out + CHANNELS * i, reference.data + from->above[i], reference.data + from->below[i],
              CHANNELS, fx ? CHANNELS : 0, fx, fy);
    }
}

/* Sources of row y, a multiple of eight pixels. Returns whether one is close to the reference's end. */
AVX2 static inline bool locate_row(eight_sources *to, const int16_t *vectors, plane reference, int y,
                                   geometry size)
{
    __m256i at = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                    _mm256_set1_epi32(QUARTERS));
    at = _mm256_or_si256(at, _mm256_set1_epi32(QUARTERS * y << 16));
    const __m256i last = _mm256_set1_epi32((int)((ptrdiff_t)reference.size - 16));
    __m256i beyond = _mm256_setzero_si256();
    for (int x = 0; x < size.width; x += EIGHT, vectors += 2 * EIGHT) {
        int16_t padded[2 * EIGHT] = {0};
        const int16_t *eight = vectors;
        if (x + EIGHT > size.width)
            eight = memcpy(padded, eight, 2 * sizeof *eight * (size_t)(size.width - x));
        __m256i below = locate_eight(to++, eight, at, reference, size);
        beyond = _mm256_or_si256(beyond, _mm256_cmpgt_epi32(below, last));
        at = _mm256_add_epi32(at, _mm256_set1_epi32(QUARTERS * EIGHT));
    }
    return !_mm256_testz_si256(beyond, beyond);
}

/* The reference was decoded some pictures ago and has left the nearer caches. Its pixels are used in
 * too small pieces and too irregular an order for the processor to fetch them in time by itself. */
static inline void fetch_row(plane reference, int y, geometry size)
{
    for (int i = 0; y < size.height && i < CHANNELS * size.width; i += CACHE_LINE)
        __builtin_prefetch(row_of(reference, y) + i);
}

/* See accumulated_residual_int16(). */
AVX2 static bool accumulated_residual_avx2(plane out, output_type type, plane frame,
                                           plane reference, plane accumulated, geometry size)
{
    size_t groups = ((size_t)size.width + EIGHT - 1) / EIGHT;
    size_t row_bytes = prediction_bytes(size);
    eight_sources *sources = malloc(groups * sizeof *sources + residual_row_bytes(type, size) +
                                    2 * row_bytes);
    if (!sources)
        return false;
    uint8_t *residual = (uint8_t *)(sources + groups);
    uint8_t *prediction = residual + residual_row_bytes(type, size); /* two rows */
    for (int y = 0; y < size.height; y++) {
        const int16_t *vectors = (const int16_t *)row_of(accumulated, y);
        fetch_row(reference, y + FETCHED_AHEAD, size);
        bool at_end = locate_row(sources, vectors, reference, y, size);
        uint8_t *to = prediction + y % 2 * row_bytes;
        for (size_t i = 0; i < groups; i++, to += CHANNELS * EIGHT) {
            const eight_sources *from = sources + i;
            if (at_end)
                predict_at_end(to, reference, from);
            else if (from->alike)
                blend_chunk_avx2(to, reference.data + from->above[0],
                                 reference.data + from->below[0], from->weights[0]);
            else
                predict_eight(to, reference, from);
        }
        /* A row late: what was just written in small pieces cannot be read in large ones yet. */
        if (y)
            subtract_row(out, type, frame, prediction + (y - 1) % 2 * row_bytes, residual, y - 1,
                         size);
    }
    int last = size.height - 1;
    subtract_row(out, type, frame, prediction + last % 2 * row_bytes, residual, last, size);
    done_putting();
    free(sources);
    return true;
}

#else
static inline bool suits_avx2(plane reference, geometry size)
{
    (void)reference, (void)size;
    return false;
}
#define accumulated_residual_avx2(...) false
#endif

#endif
