/* Rows of pixels as runs of equal vectors, and what runs predict. */
#ifndef MMCONDENSE_KERNELS_RUNS_H
#define MMCONDENSE_KERNELS_RUNS_H

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "kernels_blend.h"

/* One copy for AVX2 beside the portable one, chosen at load time, where the tools can do that. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) &&   \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE_SIMD __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_SIMD
#endif
#if defined(__GNUC__) && !defined(__clang__)
#define NO_ALIAS _Pragma("GCC ivdep")
#else
#define NO_ALIAS
#endif

#define CACHE_LINE 64 /* bytes */

typedef struct {
    int x, n; /* first pixel, number of pixels */
    int dx, dy; /* quarter pixels */
    bool valid;
} run;

ALWAYS_INLINE uint8_t *row_of(plane pixels, int y) { return pixels.data + y * pixels.stride; }

/* Towards zero. */
ALWAYS_INLINE int whole_pixels(int quarters)
{
    return quarters < 0 ? -(-quarters & ~(QUARTERS - 1)) : quarters & ~(QUARTERS - 1);
}

/* A row of cells. Returns the number of runs, at most one per cell. */
ALWAYS_INLINE int cell_runs(run *runs, cells from, int cell_row, geometry size)
{
    int columns = (size.width + CELL - 1) / CELL, count = 0;
    const int16_t *vectors = from.vectors + (ptrdiff_t)cell_row * columns * 2;
    const uint8_t *valid = from.valid + (ptrdiff_t)cell_row * columns;
    for (int column = 0; column < columns; column++) {
        int dx = vectors[2 * column], dy = vectors[2 * column + 1];
        int x = column * CELL, n = min_int(CELL, size.width - x);
        if (size.whole) {
            dx = whole_pixels(dx);
            dy = whole_pixels(dy);
        }
        run *last = runs + count - 1;
        if (count && last->dx == dx && last->dy == dy && last->valid == (valid[column] != 0))
            last->n += n;
        else
            runs[count++] = (run){x, n, dx, dy, valid[column] != 0};
    }
    return count;
}

/* CoViAR's rule for whole pixels: vectors whose source lies outside the frame are void.
 * Returns the number of runs, at most three times as many. */
ALWAYS_INLINE int void_outside(run *inside, const run *runs, int num_runs, int y, geometry size)
{
    int count = 0;
    for (const run *r = runs; r < runs + num_runs; r++) {
        int source_y = y - r->dy / QUARTERS, shift = r->dx / QUARTERS;
        int end = r->x + r->n, from = clip_int(shift, r->x, end);
        int to = clip_int(size.width + shift, from, end);
        if (source_y < 0 || source_y >= size.height)
            from = to = end;
        if (from > r->x)
            inside[count++] = (run){r->x, from - r->x, 0, 0, false};
        if (to > from)
            inside[count++] = (run){from, to - from, r->dx, r->dy, r->valid};
        if (end > to)
            inside[count++] = (run){to, end - to, 0, 0, false};
    }
    return count;
}

/* The runs of row y, given those of its row of cells. */
ALWAYS_INLINE const run *row_runs(int *num_runs, run *scratch, const run *runs, int num_cell_runs,
                                  int y, geometry size)
{
    *num_runs = num_cell_runs;
    if (!size.whole)
        return runs;
    *num_runs = void_outside(scratch, runs, num_cell_runs, y, size);
    return scratch;
}

/* Room for the runs of both directions, before and after void_outside. */
typedef struct {
    run *past, *future, *past_row, *future_row;
} run_buffers;

ALWAYS_INLINE bool allocate_runs(run_buffers *runs, geometry size)
{
    size_t columns = ((size_t)size.width + CELL - 1) / CELL;
    runs->past = malloc(8 * columns * sizeof(run));
    if (!runs->past)
        return false;
    runs->future = runs->past + columns;
    runs->past_row = runs->future + columns;
    runs->future_row = runs->past_row + 3 * columns;
    return true;
}

/* -- predicting ------------------------------------------------------------------------------- */

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

/* reference(p - motion(p)) for rows `begin` to `end`, each prediction_bytes() after the other. */
ALWAYS_INLINE void predict_rows(uint8_t *prediction, plane reference, const run *runs, int num_runs,
                                int begin, int end, geometry size, bool avx2)
{
    for (int i = 0; i < num_runs; i++)
        predict_run(prediction, reference, runs + i, begin, end, size, avx2);
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
    from->above = malloc(width * (3 * sizeof *from->above + 1) + CELL);
    if (!from->above)
        return false;
    from->below = from->above + width;
    from->fraction = from->below + width;
    from->starts = (uint8_t *)(from->fraction + width);
    memset(from->starts, 1, width + CELL);
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
    bool near_the_end = from->farthest + CHANNELS * (CELL + 1) > reference.size;
    if (near_the_end) {
        predict_pixels(prediction, reference, from, 0, size.width, true);
        return;
    }
    for (int x = 0; x < size.width; x += CELL) {
        static const uint8_t none[CELL - 1];
        int last = x + CELL - 1, fraction = (int)from->fraction[x];
        if (last < size.width && !memcmp(from->starts + x + 1, none, sizeof none) &&
            from->above[last] - from->above[x] == CHANNELS * (CELL - 1) &&
            (int)from->fraction[last] == fraction) {
            const uint8_t *a = reference.data + from->above[x],
                          *b = reference.data + from->below[x];
            if (fraction)
                blend(prediction + CHANNELS * x, a, b, CHANNELS * CELL, CHANNELS, fraction & 3,
                      fraction >> 2);
            else
                memcpy(prediction + CHANNELS * x, a, CHANNELS * CELL);
        } else {
            predict_pixels(prediction, reference, from, x, min_int(x + CELL, size.width), false);
        }
    }
}

/* A finished row to where it belongs, past the caches: a clip does not fit them, and to fetch what is
 * overwritten as a whole takes longer than all else. done_putting() follows the last row. */
ALWAYS_INLINE void put_row(uint8_t *to, const uint8_t *from, size_t bytes)
{
#ifdef __SSE2__
    for (; (uintptr_t)to % 16 && (uintptr_t)to % 4 == 0 && bytes >= 4;
         to += 4, from += 4, bytes -= 4) {
        int32_t four;
        memcpy(&four, from, sizeof four);
        _mm_stream_si32((int *)to, four);
    }
    if ((uintptr_t)to % 16 == 0) {
        for (; bytes >= CACHE_LINE; to += CACHE_LINE, from += CACHE_LINE, bytes -= CACHE_LINE)
            for (int i = 0; i < CACHE_LINE; i += 16) /* at once: a sixth faster than one by one */
                _mm_stream_si128((__m128i *)(to + i), _mm_loadu_si128((const __m128i *)(from + i)));
        for (; bytes >= 16; to += 16, from += 16, bytes -= 16)
            _mm_stream_si128((__m128i *)to, _mm_loadu_si128((const __m128i *)from));
    }
    for (; (uintptr_t)to % 4 == 0 && bytes >= 4; to += 4, from += 4, bytes -= 4) {
        int32_t four;
        memcpy(&four, from, sizeof four);
        _mm_stream_si32((int *)to, four);
    }
#endif
    memcpy(to, from, bytes);
}

ALWAYS_INLINE void done_putting(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

ALWAYS_INLINE size_t residual_row_bytes(output_type type, geometry size)
{
    return CHANNELS * (size_t)size.width * (type == INT16 ? 2 : 1);
}

/* `scratch`: a row of residuals. */
ALWAYS_INLINE void subtract_row(plane out, output_type type, plane frame, const uint8_t *prediction,
                                void *scratch, int y, geometry size)
{
    const uint8_t *pixels = row_of(frame, y);
    int bytes = CHANNELS * size.width;
    if (type == INT16) {
        int16_t *residual = scratch;
        for (int i = 0; i < bytes; i++)
            residual[i] = (int16_t)(pixels[i] - prediction[i]);
    } else {
        uint8_t *residual = scratch;
        for (int i = 0; i < bytes; i++)
            residual[i] = (uint8_t)clip_int(pixels[i] - prediction[i] + 128, 0, 255);
    }
    put_row(row_of(out, y), scratch, residual_row_bytes(type, size));
}

/* -- writing motion --------------------------------------------------------------------------- */

ALWAYS_INLINE uint8_t scaled_byte(float pixels, float scale)
{
    float scaled = pixels * scale; /* clipped first: a float may not fit an int */
    return (uint8_t)((int)(scaled < -128 ? -128 : scaled > 127 ? 127 : scaled) + 128);
}

/* The same vector for n pixels, from pixel x of row y on. */
ALWAYS_INLINE void fill_motion(motion_output out, int y, int x, int n, float dx, float dy)
{
    uint8_t *row = row_of(out.pixels, y);
    if (out.type == FLOAT32) {
        float *to = (float *)row + 2 * x;
        for (int i = 0; i < n; i++) {
            to[2 * i] = dx;
            to[2 * i + 1] = dy;
        }
    } else if (out.type == INT16) {
        int16_t *to = (int16_t *)row + 2 * x, ix = (int16_t)(int)dx, iy = (int16_t)(int)dy;
        for (int i = 0; i < n; i++) {
            to[2 * i] = ix;
            to[2 * i + 1] = iy;
        }
    } else {
        uint8_t *to = row + 2 * x, bx = scaled_byte(dx, out.scale), by = scaled_byte(dy, out.scale);
        for (int i = 0; i < n; i++) {
            to[2 * i] = bx;
            to[2 * i + 1] = by;
        }
    }
}

ALWAYS_INLINE size_t motion_row_bytes(motion_output out, geometry size)
{
    return 2 * (size_t)size.width * (out.type == FLOAT32 ? 4 : out.type == INT16 ? 2 : 1);
}

#endif
