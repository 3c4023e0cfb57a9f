/* Motion fields and residuals of pictures: the compiled twins of motion.py, which documents them.
 *
 * Plain buffers in, plain buffers out: no Python, no FFmpeg, no global state. Vectors are quarter
 * pixels, destination minus source; pictures are RGB, three bytes a pixel. Sizes are the caller's
 * to check. */
#ifndef MMCONDENSE_KERNELS_H
#define MMCONDENSE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELL 8 /* pixels */
#define QUARTERS 4

/* A picture or a field of pixels; rows may be padded. */
typedef struct {
    uint8_t *data; /* NULL: there is none */
    ptrdiff_t stride; /* bytes from one row to the next */
    size_t size; /* bytes from the first to the last */
} plane;

/* The vectors of one direction, one per cell of 8x8 pixels. */
typedef struct {
    const int16_t *vectors; /* [rows, columns, 2]; NULL: the picture has none in this direction */
    const uint8_t *valid; /* [rows, columns] */
} cells;

typedef struct {
    int height, width; /* pixels */
    bool whole; /* CoViAR's whole pixels: truncated, and void where they point outside */
} geometry;

typedef enum { FLOAT32, INT16, UINT8 } output_type;

/* Where motion goes: [height, width, 2]. FLOAT32: pixels. INT16: pixels, truncated. UINT8:
 * clip(trunc(pixels * scale) + 128, 0, 255). */
typedef struct {
    plane pixels;
    output_type type;
    float scale;
} motion_output;

/* FFmpeg's AVMotionVector, as its header declares it. */
typedef struct {
    int32_t source;
    uint8_t w, h;
    int16_t src_x, src_y, dst_x, dst_y;
    uint64_t flags;
    int32_t motion_x, motion_y;
    uint16_t motion_scale;
} motion_vector;

/* What FFmpeg exports of one picture. */
typedef struct {
    const uint8_t *data; /* motion_vectors, perhaps not aligned */
    size_t count;
} picture_blocks;

/* Lays the blocks of one source (-1: past, 1: future) out on the grid of cells. Returns whether
 * any block is of the future. */
bool rasterise(int16_t *vectors, uint8_t *valid, int rows, int columns, picture_blocks blocks,
               int source);

/* All that follow return false if memory runs out, and then leave their output undefined.
 * Fields of accumulated motion are int16_t or int32_t, all of one call alike. */
bool accumulate_int16(plane out, plane start, cells past, plane past_reference, cells future,
                      plane future_reference, geometry size);
bool accumulate_int32(plane out, plane start, cells past, plane past_reference, cells future,
                      plane future_reference, geometry size);

/* Pictures, each of which continues its past vectors only. `out` is the last one's field, `between`
 * is overwritten. */
bool accumulate_run_int16(plane out, plane between, plane start, const picture_blocks *run,
                          int count, geometry size);
bool accumulate_run_int32(plane out, plane between, plane start, const picture_blocks *run,
                          int count, geometry size);

bool accumulated_motion_int16(motion_output out, plane accumulated, int divisor, geometry size);
bool accumulated_motion_int32(motion_output out, plane accumulated, int divisor, geometry size);

bool single_field(motion_output out, cells past, int past_distance, cells future,
                  int future_distance, geometry size);

/* What single_field gives the pixels of each of so many cells: out is [count, 2]. */
void cell_field(float *out, cells past, int past_distance, cells future, int future_distance,
                int count);

/* The vectors of one direction as they are, and where they are valid ([height, width]). */
bool direction(motion_output out, plane valid, cells vectors, geometry size);

/* out: [height, width, 3], INT16, or UINT8 for clip(residual + 128, 0, 255). */
bool accumulated_residual_int16(plane out, output_type type, plane frame, plane reference,
                                plane accumulated, geometry size);
bool accumulated_residual_int32(plane out, output_type type, plane frame, plane reference,
                                plane accumulated, geometry size);
bool field_residual(plane out, output_type type, plane frame, cells past, plane past_reference,
                    cells future, plane future_reference, geometry size);

/* Zeros. `width` is of a row, bytes. */
void clear(plane out, size_t width, int height);

/* Y, U and V of 4:2:0 in BT.601's limited range to rgb, [height, width, 3], as FFmpeg converts them on
 * x86. False if it cannot: odd or very small sizes, other processors. */
bool yuv420_to_rgb(plane rgb, plane y, plane u, plane v, geometry size);

#endif
