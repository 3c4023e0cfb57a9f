/* Motion fields and residuals of pictures: the compiled twins of fields.py, which documents them.
 *
 * Plain buffers in, plain buffers out: no Python, no FFmpeg, no global state. Vectors are quarter
 * pixels, destination minus source; pictures are RGB, three bytes a pixel. Sizes are the caller's
 * to check, and that slots name references. */
#ifndef MMCONDENSE_KERNELS_H
#define MMCONDENSE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_CELL 8 /* pixels: the cells of FFmpeg's blocks */
#define QUARTERS 4
#define NO_REFERENCE 255 /* the slot of a prediction that a cell does not use */
#define SLOTS 256

/* A picture or a field of pixels; rows may be padded. */
typedef struct {
    uint8_t *data; /* NULL: there is none */
    ptrdiff_t stride; /* bytes from one row to the next */
    size_t size; /* bytes from the first to the last */
} plane;

/* One of a picture's two predictions, by cell. */
typedef struct {
    const int16_t *vectors; /* [rows, columns, 2], 0 where not used; NULL: no cell uses it */
    const uint8_t *slots; /* [rows, columns] */
    uint8_t lowest, highest; /* slots that are used; lowest is NO_REFERENCE if none is */
} prediction;

typedef struct {
    prediction first, second;
    int cell; /* 4 or 8 pixels */
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

/* -- kernels_cells.c -- */

/* Lays the blocks of a list, 0 or 1, out on the grid of cells of eight pixels: [rows, columns, 2] and,
 * slots of the list's number, [rows, columns]. Returns whether there are any of list 1. */
bool rasterise(int16_t *vectors, uint8_t *slots, int rows, int columns, picture_blocks blocks,
               int list);

/* The same for both: [2, rows, columns, 2] and [2, rows, columns]. */
bool rasterise_both(int16_t *vectors, uint8_t *slots, int rows, int columns, picture_blocks blocks);

/* Looks at the slots of `count` cells. */
prediction survey(const int16_t *vectors, const uint8_t *slots, size_t count);

/* -- kernels_accumulate.c -- */

/* All that follow return false if memory runs out, and then leave their output undefined.
 * Fields of accumulated motion are int16_t or int32_t, all of one call alike. */

/* What the slots of a picture mean to its accumulated motion. Of a cell's predictions that of the
 * higher rank is followed, the first one if both are alike. */
typedef struct {
    const plane *fields; /* by slot; data NULL: nothing to follow, `start` stays */
    uint8_t ranks[SLOTS]; /* 0: never followed, as is NO_REFERENCE's */
} followed;

void accumulate_int16(plane out, plane start, cells from, const followed *references, geometry size);
void accumulate_int32(plane out, plane start, cells from, const followed *references, geometry size);

/* A picture's vectors, as cells or as FFmpeg's blocks. */
typedef struct {
    cells cells; /* cell is 0: blocks */
    picture_blocks blocks;
} picture_vectors;

/* Pictures, each of which continues only slot 0, the one before, or list 0 of blocks. `out` is the
 * last one's field, `between` is overwritten. */
bool accumulate_run_int16(plane out, plane between, plane start, const picture_vectors *run,
                          int count, geometry size);
bool accumulate_run_int32(plane out, plane between, plane start, const picture_vectors *run,
                          int count, geometry size);

bool accumulated_motion_int16(motion_output out, plane accumulated, int divisor, geometry size);
bool accumulated_motion_int32(motion_output out, plane accumulated, int divisor, geometry size);

/* -- kernels_paint.c -- */

/* By slot, whether its predictions count, as NO_REFERENCE's do not, and quarter pixels times frames;
 * INFINITY where not. */
typedef struct {
    float of[SLOTS];
    bool counts[SLOTS];
} divisors;

bool single_field(motion_output out, cells from, const divisors *by, geometry size);

/* What single_field gives the pixels of each cell: [rows, columns, 2], of which each cell covers
 * `repeats` x `repeats` as far as they go. */
bool cell_field(float *out, int rows, int columns, int repeats, cells from, const divisors *by);

/* The vectors into chosen references as they are, the first ones where there are two, and where
 * there are any: `valid` is [height, width]. */
bool direction(motion_output out, plane valid, cells from, const bool *chosen, geometry size);

/* Zeros. `width` is of a row, bytes. */
void clear(plane out, size_t width, int height);

/* -- kernels_along.c -- */

/* out: [height, width, 3], INT16, or UINT8 for clip(residual + 128, 0, 255). */
bool accumulated_residual_int16(plane out, output_type type, plane frame, plane reference,
                                plane accumulated, geometry size);
bool accumulated_residual_int32(plane out, output_type type, plane frame, plane reference,
                                plane accumulated, geometry size);

/* -- kernels_residual.c -- */

/* Minus what is predicted from the references in the slots, rounded mean where both predictions
 * count; from `fallback` unmoved where none does. `references` by slot; data NULL: does not count. */
bool field_residual(plane out, output_type type, plane frame, cells from, const plane *references,
                    int num_references, plane fallback, geometry size);

#endif
