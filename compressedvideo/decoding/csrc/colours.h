/* Colours of decoded pictures. Plain buffers in, plain buffers out; sizes are the caller's to check. */
#ifndef COLOURS_H
#define COLOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Rows may be padded: `stride` is bytes from one row to the next. */
typedef struct {
    const uint8_t *data;
    ptrdiff_t stride;
} colours_plane;

/* Y, U and V of 4:2:0 in BT.601's limited range to rgb, [height, width, 3], as FFmpeg converts them on
 * x86. False if it cannot: odd or very small sizes, other processors. */
bool colours_yuv420_to_rgb(uint8_t *rgb, ptrdiff_t rgb_stride, colours_plane y, colours_plane u,
                           colours_plane v, int height, int width);

#endif
