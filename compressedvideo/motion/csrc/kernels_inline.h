/* What all kernels are written with. */
#ifndef MMCONDENSE_KERNELS_INLINE_H
#define MMCONDENSE_KERNELS_INLINE_H

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "kernels.h"

#if defined(__GNUC__)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE static inline
#endif

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

#define GROUP 8 /* pixels that are worked on together; no cell is larger */
#define CHANNELS 3
#define CACHE_LINE 64 /* bytes */

ALWAYS_INLINE int min_int(int a, int b) { return a < b ? a : b; }
ALWAYS_INLINE int max_int(int a, int b) { return a > b ? a : b; }
ALWAYS_INLINE int clip_int(int value, int low, int high)
{
    return min_int(max_int(value, low), high);
}

ALWAYS_INLINE uint8_t *row_of(plane pixels, int y) { return pixels.data + y * pixels.stride; }

/* Towards zero. */
ALWAYS_INLINE int whole_pixels(int quarters)
{
    return quarters < 0 ? -(-quarters & ~(QUARTERS - 1)) : quarters & ~(QUARTERS - 1);
}

/* Cells of so many pixels that cover a side. */
ALWAYS_INLINE int cells_along(int pixels, int cell) { return (pixels + cell - 1) / cell; }

/* A row of cells. */
ALWAYS_INLINE prediction row_of_cells(prediction from, int row, int columns)
{
    if (from.vectors) {
        from.vectors += (ptrdiff_t)row * columns * 2;
        from.slots += (ptrdiff_t)row * columns;
    }
    return from;
}

#endif
