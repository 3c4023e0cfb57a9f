/* Finished rows of residuals and motion, written to where they belong. */
#ifndef MMCONDENSE_KERNELS_ROWS_H
#define MMCONDENSE_KERNELS_ROWS_H

#include "kernels_inline.h"

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
