/* What runs of pixels, or pixels that each have a vector of their own, are predicted to be. */
#ifndef MMCONDENSE_KERNELS_PREDICT_H
#define MMCONDENSE_KERNELS_PREDICT_H

#include "kernels_blend.h"
#include "kernels_runs.h"

/* Room for a row of pixels. */
ALWAYS_INLINE size_t prediction_bytes(geometry size)
{
    return CHANNELS * (size_t)size.width + CHUNK;
}

/* The pixels of rows `begin` to `end` that a run covers. May write up to a chunk beyond the run's
 * end. */
ALWAYS_INLINE void predict_run(uint8_t *prediction, plane reference, const run *r, int begin,
                               int end, geometry size, bool avx2)
{
    int x = QUARTERS * r->x - r->dx, fx = x & 3, fy = -r->dy & 3, source = x >> 2;
    int left = clip_int(-source, 0, r->n); /* pixels whose source is left of the picture */
    int inside = clip_int(size.width - (source + left) - (fx != 0), 0, r->n - left);
    int bytes = CHANNELS * inside, chunked = (bytes + CHUNK - 1) / CHUNK * CHUNK;
    uint8_t *out = prediction + CHANNELS * r->x;
    for (int y = begin; y < end; y++, out += prediction_bytes(size)) {
        int row = y + (-r->dy >> 2);
        const uint8_t *a = row_of(reference, clip_int(row, 0, size.height - 1));
        const uint8_t *b = row_of(reference, clip_int(row + 1, 0, size.height - 1));
        for (int i = 0; i < left; i++)
            blend_at_border(out + CHANNELS * i, a, b, source + i, fx, fy, size.width);
        uint8_t *to = out + CHANNELS * left;
        const uint8_t *upper = a + CHANNELS * (source + left);
        const uint8_t *lower = b + CHANNELS * (source + left);
        /* In chunks as long as reading beyond the row's end stays inside the picture. */
        if (inside && chunked + CHANNELS > reference.data + reference.size - lower) {
            blend(to, upper, lower, bytes, fx ? CHANNELS : 0, fx, fy);
        } else if (fx || fy) {
            for (int i = 0; i < bytes; i += CHUNK) {
                if (avx2)
                    blend_chunk_avx2(to + i, upper + i, lower + i, weights_of(fx, fy));
                else
                    blend(to + i, upper + i, lower + i, CHUNK, CHANNELS, fx, fy);
            }
        } else {
            for (int i = 0; i < bytes; i += CHUNK)
                memcpy(to + i, upper + i, CHUNK);
        }
        for (int i = left + inside; i < r->n; i++)
            blend_at_border(out + CHANNELS * i, a, b, source + i, fx, fy, size.width);
    }
}

/* Where each pixel of a row comes from. */
typedef struct {
    uint32_t *above, *below; /* its left neighbours in the reference, bytes from its start */
    uint32_t *fraction; /* 4 fy + fx, quarters; fx is 0 where there is no right neighbour */
    uint8_t *starts; /* whether its vector differs from that of the pixel to the left */
    uint32_t farthest; /* of below */
} sources;

ALWAYS_INLINE bool allocate_sources(sources *from, geometry size)
{
    size_t width = (size_t)size.width;
    from->above = malloc(width * (3 * sizeof *from->above + 1) + GROUP);
    if (!from->above)
        return false;
    from->below = from->above + width;
    from->fraction = from->below + width;
    from->starts = (uint8_t *)(from->fraction + width);
    memset(from->starts, 1, width + GROUP);
    return true;
}

/* One pixel. Reads eight bytes of each row, writes four. */
ALWAYS_INLINE void blend_pixel(uint8_t *out, const uint8_t *a, const uint8_t *b, uint32_t fraction)
{
#ifdef __SSE2__
    /* Lanes: red, green and blue of the left pixel, then of the right one. */
    static const uint16_t weights[2][4][4][8] = {
#define LANES(fx, f) {(4 - fx) * f, (4 - fx) * f, (4 - fx) * f, fx * f, fx * f, fx * f}
#define FRACTIONS(f)                                                                               \
    {                                                                                              \
        LANES(0, f), LANES(1, f), LANES(2, f), LANES(3, f)                                         \
    }
        {FRACTIONS(4), FRACTIONS(3), FRACTIONS(2), FRACTIONS(1)},
        {FRACTIONS(0), FRACTIONS(1), FRACTIONS(2), FRACTIONS(3)}};
    const __m128i *weights_above = (const __m128i *)weights[0],
                  *weights_below = (const __m128i *)weights[1];
    __m128i zero = _mm_setzero_si128();
    __m128i above = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)a), zero);
    __m128i below = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)b), zero);
    above = _mm_mullo_epi16(above, _mm_loadu_si128(weights_above + fraction));
    below = _mm_mullo_epi16(below, _mm_loadu_si128(weights_below + fraction));
    __m128i sum = _mm_add_epi16(above, below);
    sum = _mm_add_epi16(_mm_add_epi16(sum, _mm_srli_si128(sum, 6)), _mm_set1_epi16(8));
    int pixel = _mm_cvtsi128_si32(_mm_packus_epi16(_mm_srli_epi16(sum, 4), zero));
    memcpy(out, &pixel, sizeof pixel);
#else
    blend(out, a, b, CHANNELS, CHANNELS, (int)fraction & 3, (int)fraction >> 2);
#endif
}

/* Pixels that each have a vector of their own. */
ALWAYS_INLINE void predict_pixels(uint8_t *prediction, plane reference, const sources *from, int x,
                                  int end, bool near_the_end)
{
    for (uint8_t *out = prediction + CHANNELS * x; x < end; x++, out += CHANNELS) {
        const uint8_t *a = reference.data + from->above[x], *b = reference.data + from->below[x];
        uint32_t fraction = from->fraction[x];
        if (near_the_end && from->below[x] + 8 > reference.size)
            blend(out, a, b, CHANNELS, fraction & 3 ? CHANNELS : 0, fraction & 3,
                  (int)fraction >> 2);
        else
            blend_pixel(out, a, b, fraction);
    }
}

/* A row of a field, eight pixels at a time where those move alike. */
ALWAYS_INLINE void predict_field_row(uint8_t *prediction, plane reference, const sources *from,
                                     geometry size)
{
    bool near_the_end = from->farthest + CHANNELS * (GROUP + 1) > reference.size;
    if (near_the_end) {
        predict_pixels(prediction, reference, from, 0, size.width, true);
        return;
    }
    for (int x = 0; x < size.width; x += GROUP) {
        static const uint8_t none[GROUP - 1];
        int last = x + GROUP - 1, fraction = (int)from->fraction[x];
        if (last < size.width && !memcmp(from->starts + x + 1, none, sizeof none) &&
            from->above[last] - from->above[x] == CHANNELS * (GROUP - 1) &&
            (int)from->fraction[last] == fraction) {
            const uint8_t *a = reference.data + from->above[x],
                          *b = reference.data + from->below[x];
            if (fraction)
                blend(prediction + CHANNELS * x, a, b, CHANNELS * GROUP, CHANNELS, fraction & 3,
                      fraction >> 2);
            else
                memcpy(prediction + CHANNELS * x, a, CHANNELS * GROUP);
        } else {
            predict_pixels(prediction, reference, from, x, min_int(x + GROUP, size.width), false);
        }
    }
}

#endif
