/* See kernels.h. A row of cells is the same for eight rows of pixels: it becomes a list of runs of
 * equal vectors, and every kernel walks over runs. */
#include "kernels_avx2.h"
#include "kernels_runs.h"

#define ACCUMULATED int16_t
#define NAMED(name) name##_int16
#include "kernels_accumulated.h"
#undef ACCUMULATED
#undef NAMED

#define ACCUMULATED int32_t
#define NAMED(name) name##_int32
#include "kernels_accumulated.h"

/* Writes one block's vector into its cells. While blocks are laid out, `valid` says which quarter of
 * its block gave a cell its vector, counted from 1. */
static void rasterise_block(int16_t *vectors, uint8_t *valid, int rows, int columns,
                            const motion_vector *block)
{
    uint32_t scale = block->motion_scale ? QUARTERS / block->motion_scale : 0;
    int16_t dx = (int16_t)(0 - (uint32_t)block->motion_x * scale);
    int16_t dy = (int16_t)(0 - (uint32_t)block->motion_y * scale);
    int top = (block->dst_y - (block->h >> 1)) >> 3, left = (block->dst_x - (block->w >> 1)) >> 3;
    for (int down = 0; down < 1 + (block->h > CELL); down++)
        for (int right = 0; right < 1 + (block->w > CELL); right++) {
            int row = top + down, column = left + right, quarter = 1 + 2 * down + right;
            if (block->h == 0 || block->w == 0 || row < 0 || row >= rows || column < 0 ||
                column >= columns)
                continue;
            ptrdiff_t cell = (ptrdiff_t)row * columns + column;
            if (valid[cell] > quarter)
                continue;
            vectors[2 * cell] = dx;
            vectors[2 * cell + 1] = dy;
            valid[cell] = (uint8_t)quarter;
        }
}

/* Blocks are up to 16x16 pixels. As in motion.py, where two of them overlap the one wins whose
 * lower right cells these are, then the later one. */
bool rasterise(int16_t *vectors, uint8_t *valid, int rows, int columns, const uint8_t *blocks,
               size_t num_blocks, int source)
{
    bool any_future = false;
    size_t num_cells = (size_t)rows * (size_t)columns;
    memset(vectors, 0, sizeof *vectors * 2 * num_cells);
    memset(valid, 0, num_cells);
    for (size_t i = 0; i < num_blocks; i++) {
        motion_vector block; /* the buffer may be unaligned */
        memcpy(&block, blocks + i * sizeof block, sizeof block);
        any_future |= block.source == 1;
        if (block.source == source)
            rasterise_block(vectors, valid, rows, columns, &block);
    }
    for (size_t i = 0; i < num_cells; i++)
        valid[i] = valid[i] != 0;
    return any_future;
}

/* One row of both directions' mean. */
ALWAYS_INLINE void fill_single_row(motion_output out, int y, const run *p, float past_divisor,
                                   const run *f, float future_divisor, geometry size)
{
    for (int x = 0; x < size.width;) {
        int stop = min_int(p->x + p->n, f ? f->x + f->n : size.width);
        float dx = (float)p->dx / past_divisor, dy = (float)p->dy / past_divisor;
        if (f) {
            float share = p->valid && f->valid ? 0.5f : 1.0f;
            dx = (dx + (float)f->dx / future_divisor) * share;
            dy = (dy + (float)f->dy / future_divisor) * share;
            f += f->x + f->n == stop;
        }
        fill_motion(out, y, x, stop - x, dx, dy);
        p += p->x + p->n == stop;
        x = stop;
    }
}

WIDE_SIMD bool single_field(motion_output out, cells past, int past_distance, cells future,
                            int future_distance, geometry size)
{
    run_buffers runs;
    if (!allocate_runs(&runs, size))
        return false;
    float past_divisor = (float)(QUARTERS * past_distance);
    float future_divisor = (float)(QUARTERS * future_distance);
    for (int cell_row = 0; cell_row * CELL < size.height; cell_row++) {
        int begin = cell_row * CELL, end = min_int(begin + CELL, size.height);
        int num_past = cell_runs(runs.past, past, cell_row, size), num_future = 0;
        if (future.vectors)
            num_future = cell_runs(runs.future, future, cell_row, size);
        bool alike = !size.whole || (all_inside(runs.past, num_past, begin, end, size) &&
                                     all_inside(runs.future, num_future, begin, end, size));
        geometry rows = size;
        rows.whole = !alike;
        for (int y = begin; y < end; y++) {
            if (alike && y > begin) {
                memcpy(row_of(out.pixels, y), row_of(out.pixels, begin),
                       motion_row_bytes(out, size));
                continue;
            }
            int num_row;
            const run *p = row_runs(&num_row, runs.past_row, runs.past, num_past, y, rows),
                      *f = NULL;
            if (num_future)
                f = row_runs(&num_row, runs.future_row, runs.future, num_future, y, rows);
            fill_single_row(out, y, p, past_divisor, f, future_divisor, size);
        }
    }
    free(runs.past);
    return true;
}

WIDE_SIMD bool direction(motion_output out, plane valid, cells vectors, geometry size)
{
    run_buffers runs;
    if (!allocate_runs(&runs, size))
        return false;
    for (int cell_row = 0; cell_row * CELL < size.height; cell_row++) {
        int num_runs = cell_runs(runs.past, vectors, cell_row, size), num_row;
        int end = min_int((cell_row + 1) * CELL, size.height);
        for (int y = cell_row * CELL; y < end; y++) {
            const run *row = row_runs(&num_row, runs.past_row, runs.past, num_runs, y, size);
            for (const run *r = row; r < row + num_row; r++) {
                fill_motion(out, y, r->x, r->n, (float)r->dx / QUARTERS, (float)r->dy / QUARTERS);
                memset(row_of(valid, y) + r->x, r->valid, (size_t)r->n);
            }
        }
    }
    free(runs.past);
    return true;
}

/* Both predictions into the past one: rounded mean where both vectors hold, else the one that does,
 * and the past where none does. */
ALWAYS_INLINE void average_row(uint8_t *past_row, const uint8_t *future_row, const run *p,
                               const run *f, geometry size)
{
    for (int x = 0; x < size.width;) {
        int stop = min_int(p->x + p->n, f->x + f->n);
        if (f->valid && !p->valid)
            memcpy(past_row + CHANNELS * x, future_row + CHANNELS * x,
                   (size_t)(CHANNELS * (stop - x)));
        else if (f->valid)
            for (int i = CHANNELS * x; i < CHANNELS * stop; i++)
                past_row[i] = (uint8_t)((past_row[i] + future_row[i] + 1) >> 1);
        p += p->x + p->n == stop;
        f += f->x + f->n == stop;
        x = stop;
    }
}

WIDE_SIMD bool field_residual(plane out, output_type type, plane frame, cells past,
                              plane past_reference, cells future, plane future_reference,
                              geometry size)
{
    run_buffers runs;
    uint8_t *past_row = malloc(2 * prediction_bytes(size));
    if (!past_row || !allocate_runs(&runs, size)) {
        free(past_row);
        return false;
    }
    uint8_t *future_row = past_row + prediction_bytes(size);
    for (int cell_row = 0; cell_row * CELL < size.height; cell_row++) {
        int num_past = cell_runs(runs.past, past, cell_row, size), num_future = 0;
        if (future.vectors)
            num_future = cell_runs(runs.future, future, cell_row, size);
        int end = min_int((cell_row + 1) * CELL, size.height);
        for (int y = cell_row * CELL; y < end; y++) {
            int num_row;
            const run *p = row_runs(&num_row, runs.past_row, runs.past, num_past, y, size);
            predict_row(past_row, past_reference, p, num_row, y, size);
            if (num_future) {
                const run *f =
                    row_runs(&num_row, runs.future_row, runs.future, num_future, y, size);
                predict_row(future_row, future_reference, f, num_row, y, size);
                average_row(past_row, future_row, p, f, size);
            }
            subtract_row(out, type, frame, past_row, y, size);
        }
    }
    free(runs.past);
    free(past_row);
    return true;
}
