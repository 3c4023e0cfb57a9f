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
bool rasterise(int16_t *vectors, uint8_t *valid, int rows, int columns, picture_blocks blocks,
               int source)
{
    bool any_future = false;
    size_t num_cells = (size_t)rows * (size_t)columns;
    memset(vectors, 0, sizeof *vectors * 2 * num_cells);
    memset(valid, 0, num_cells);
    for (size_t i = 0; i < blocks.count; i++) {
        motion_vector block; /* the buffer may be unaligned */
        memcpy(&block, blocks.data + i * sizeof block, sizeof block);
        any_future |= block.source == 1;
        if (block.source == source)
            rasterise_block(vectors, valid, rows, columns, &block);
    }
    for (size_t i = 0; i < num_cells; i++)
        valid[i] = valid[i] != 0;
    return any_future;
}

/* -- both directions as one field ------------------------------------------------------------- */

/* dx and dy of a row of cells by turns, to pixels per frame. */
ALWAYS_INLINE void divide_vectors(float *to, const int16_t *vectors, int count, float divisor,
                                  bool whole)
{
    for (int i = 0; i < count; i++)
        to[i] = (float)(whole ? whole_pixels(vectors[i]) : vectors[i]) / divisor;
}

/* The mean of both directions where both are valid, else the one that is. */
ALWAYS_INLINE float mean(float past, float future, bool both)
{
    return (past + future) * (both ? 0.5f : 1.0f);
}

/* Each of `count` cells' vectors to a row of eight pixels. A pixel is one number here, which compilers
 * store eight times at once. */
ALWAYS_INLINE void spread_cells(uint8_t *row, const float *vectors, int count, motion_output out)
{
    if (out.type == FLOAT32) {
        uint64_t pixel, *to = (uint64_t *)row;
        for (int i = 0; i < count; i++, to += CELL) {
            memcpy(&pixel, vectors + 2 * i, sizeof pixel);
            for (int x = 0; x < CELL; x++)
                to[x] = pixel;
        }
    } else if (out.type == INT16) {
        uint32_t pixel, *to = (uint32_t *)row;
        for (int i = 0; i < count; i++, to += CELL) {
            int16_t vector[2] = {(int16_t)(int)vectors[2 * i], (int16_t)(int)vectors[2 * i + 1]};
            memcpy(&pixel, vector, sizeof pixel);
            for (int x = 0; x < CELL; x++)
                to[x] = pixel;
        }
    } else {
        uint16_t pixel, *to = (uint16_t *)row;
        for (int i = 0; i < count; i++, to += CELL) {
            uint8_t vector[2] = {scaled_byte(vectors[2 * i], out.scale),
                                 scaled_byte(vectors[2 * i + 1], out.scale)};
            memcpy(&pixel, vector, sizeof pixel);
            for (int x = 0; x < CELL; x++)
                to[x] = pixel;
        }
    }
}

/* Whether a whole vector points above or below the frame in any of these rows. */
ALWAYS_INLINE bool points_beyond(const int16_t *vector, int y, int end_y, geometry size)
{
    int dy = vector[1] / QUARTERS;
    return (y < dy) | (end_y - dy > size.height); /* no ||: compilers test many at once then */
}

/* Whether a pixel's or a cell's whole vector points outside the frame. */
ALWAYS_INLINE bool points_outside(const int16_t *vector, int x, int end_x, int y, int end_y,
                                  geometry size)
{
    int dx = vector[0] / QUARTERS;
    return (x < dx) | (end_x - dx > size.width) | points_beyond(vector, y, end_y, size);
}

/* CoViAR's rule in row y of the pixels of a cell: vectors that point outside are void. */
ALWAYS_INLINE void void_past(motion_output out, const int16_t *vector, int begin, int y,
                             geometry size)
{
    int dx = vector[0] / QUARTERS, end = min_int(begin + CELL, size.width);
    int from = clip_int(dx, begin, end), to = clip_int(size.width + dx, from, end);
    if (points_beyond(vector, y, y + 1, size))
        from = to = end;
    fill_motion(out, y, begin, from - begin, 0, 0);
    fill_motion(out, y, to, end - to, 0, 0);
}

/* The same where there are two. */
ALWAYS_INLINE void void_both(motion_output out, cells past, cells future, ptrdiff_t cell,
                             const float *past_motion, const float *future_motion, int begin, int y,
                             geometry size)
{
    for (int x = begin; x < min_int(begin + CELL, size.width); x++) {
        bool has_past = !points_outside(past.vectors + 2 * cell, x, x + 1, y, y + 1, size);
        bool has_future = !points_outside(future.vectors + 2 * cell, x, x + 1, y, y + 1, size);
        bool both = has_past && past.valid[cell] && has_future && future.valid[cell];
        fill_motion(out, y, x, 1,
                    mean(has_past ? past_motion[0] : 0, has_future ? future_motion[0] : 0, both),
                    mean(has_past ? past_motion[1] : 0, has_future ? future_motion[1] : 0, both));
    }
}

/* One row of cells. */
typedef struct {
    cells past, future; /* future.vectors NULL: there is none */
    int y; /* of its first row of pixels */
    int count;
    const float *past_motion, *future_motion;
    uint8_t *is_outside; /* room for a byte per cell */
} motion_row;

ALWAYS_INLINE void void_cell(motion_output out, const motion_row *row, int column, int y,
                             geometry size)
{
    if (row->future.vectors)
        void_both(out, row->past, row->future, column, row->past_motion + 2 * column,
                  row->future_motion + 2 * column, CELL * column, y, size);
    else
        void_past(out, row->past.vectors + 2 * column, CELL * column, y, size);
}

/* Voids in `out`, which stands for all rows of pixels, what points outside in all of them alike.
 * Cells that differ from row to row are left. Returns how many. */
ALWAYS_INLINE int void_alike(motion_output out, int *columns, const motion_row *row, geometry size)
{
    int end_y = min_int(row->y + CELL, size.height), count = 0;
    const int16_t *past = row->past.vectors, *future = row->future.vectors;
    for (int i = 0; i < row->count; i++) {
        int x = CELL * i, end_x = min_int(x + CELL, size.width);
        row->is_outside[i] = points_outside(past + 2 * i, x, end_x, row->y, end_y, size);
    }
    for (int i = 0; future && i < row->count; i++) {
        int x = CELL * i, end_x = min_int(x + CELL, size.width);
        row->is_outside[i] |= points_outside(future + 2 * i, x, end_x, row->y, end_y, size);
    }
    for (int i = 0; i < row->count; i++) {
        if (!row->is_outside[i])
            continue;
        if (points_beyond(past + 2 * i, row->y, end_y, size) ||
            (future && points_beyond(future + 2 * i, row->y, end_y, size)))
            columns[count++] = i;
        else
            void_cell(out, row, i, row->y, size);
    }
    return count;
}

WIDE_SIMD bool single_field(motion_output out, cells past, int past_distance, cells future,
                            int future_distance, geometry size)
{
    int columns = (size.width + CELL - 1) / CELL, count = 2 * columns, num_left = 0;
    float past_divisor = (float)(QUARTERS * past_distance);
    float future_divisor = (float)(QUARTERS * future_distance);
    size_t row_bytes = motion_row_bytes(out, size), room = 2 * sizeof(float) * CELL * (size_t)columns;
    uint8_t *pixels = malloc(2 * room + (size_t)count * 3 * sizeof(float) +
                             (size_t)columns * (sizeof(int) + 1));
    if (!pixels)
        return false;
    /* One row for all of a row of cells, and one for where they differ. */
    motion_output alike = {{pixels, 0, room}, out.type, out.scale}, changed = alike;
    changed.pixels.data += room;
    float *past_motion = (float *)(pixels + 2 * room), *future_motion = past_motion + count;
    float *motion = future_motion + count;
    int *left = (int *)(motion + count);
    uint8_t *is_outside = (uint8_t *)(left + columns);
    for (int y = 0; y < size.height; y += CELL) {
        motion_row row = {past, future, y, columns, past_motion, future_motion, is_outside};
        const float *values = past_motion;
        divide_vectors(past_motion, past.vectors, count, past_divisor, size.whole);
        if (future.vectors) {
            divide_vectors(future_motion, future.vectors, count, future_divisor, size.whole);
            for (int i = 0; i < count; i++)
                motion[i] = mean(past_motion[i], future_motion[i],
                                 past.valid[i / 2] && future.valid[i / 2]);
            values = motion;
            future.vectors += count;
            future.valid += columns;
        }
        past.vectors += count;
        past.valid += columns;
        spread_cells(pixels, values, columns, out);
        if (size.whole)
            num_left = void_alike(alike, left, &row, size);
        for (int to = y; to < min_int(y + CELL, size.height); to++) {
            if (num_left)
                memcpy(changed.pixels.data, pixels, row_bytes);
            for (const int *i = left; i < left + num_left; i++)
                void_cell(changed, &row, *i, to, size);
            put_row(row_of(out.pixels, to), num_left ? changed.pixels.data : pixels, row_bytes);
        }
    }
    done_putting();
    free(pixels);
    return true;
}

WIDE_SIMD void cell_field(float *out, cells past, int past_distance, cells future,
                          int future_distance, int count)
{
    float future_divisor = (float)(QUARTERS * future_distance);
    divide_vectors(out, past.vectors, 2 * count, (float)(QUARTERS * past_distance), false);
    for (int i = 0; future.vectors && i < 2 * count; i++)
        out[i] = mean(out[i], (float)future.vectors[i] / future_divisor,
                      past.valid[i / 2] && future.valid[i / 2]);
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

void clear(plane out, size_t width, int height)
{
    static const uint8_t zeros[1024];
    for (int y = 0; y < height; y++)
        for (size_t at = 0; at < width; at += sizeof zeros)
            put_row(row_of(out, y) + at, zeros,
                    width - at < sizeof zeros ? width - at : sizeof zeros);
    done_putting();
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

ALWAYS_INLINE bool subtract_prediction(plane out, output_type type, plane frame, cells past,
                                       plane past_reference, cells future, plane future_reference,
                                       geometry size, bool avx2)
{
    run_buffers runs;
    size_t row_bytes = prediction_bytes(size);
    uint8_t *residual = malloc(residual_row_bytes(type, size) + 2 * CELL * row_bytes);
    if (!residual || !allocate_runs(&runs, size)) {
        free(residual);
        return false;
    }
    uint8_t *past_rows = residual + residual_row_bytes(type, size);
    uint8_t *future_rows = past_rows + CELL * row_bytes;
    for (int cell_row = 0; cell_row * CELL < size.height; cell_row++) {
        int num_past = cell_runs(runs.past, past, cell_row, size), num_future = 0;
        if (future.vectors)
            num_future = cell_runs(runs.future, future, cell_row, size);
        int begin = cell_row * CELL, end = min_int(begin + CELL, size.height);
        const run *p = runs.past, *f = runs.future;
        if (!size.whole) {
            predict_rows(past_rows, past_reference, p, num_past, begin, end, size, avx2);
            predict_rows(future_rows, future_reference, f, num_future, begin, end, size, avx2);
        }
        for (int y = begin; y < end; y++) {
            uint8_t *past_row = past_rows + (size_t)(y - begin) * row_bytes;
            uint8_t *future_row = future_rows + (size_t)(y - begin) * row_bytes;
            if (size.whole) { /* where they point outside differs from row to row */
                int count = void_outside(runs.past_row, runs.past, num_past, y, size);
                predict_rows(past_row, past_reference, runs.past_row, count, y, y + 1, size, avx2);
                count = void_outside(runs.future_row, runs.future, num_future, y, size);
                predict_rows(future_row, future_reference, runs.future_row, count, y, y + 1, size,
                             avx2);
                p = runs.past_row;
                f = runs.future_row;
            }
            if (num_future)
                average_row(past_row, future_row, p, f, size);
            subtract_row(out, type, frame, past_row, residual, y, size);
        }
    }
    done_putting();
    free(runs.past);
    free(residual);
    return true;
}

AVX2 static bool field_residual_avx2(plane out, output_type type, plane frame, cells past,
                                     plane past_reference, cells future, plane future_reference,
                                     geometry size)
{
    return subtract_prediction(out, type, frame, past, past_reference, future, future_reference,
                               size, true);
}

bool field_residual(plane out, output_type type, plane frame, cells past, plane past_reference,
                    cells future, plane future_reference, geometry size)
{
    if (has_avx2())
        return field_residual_avx2(out, type, frame, past, past_reference, future,
                                   future_reference, size);
    return subtract_prediction(out, type, frame, past, past_reference, future, future_reference,
                               size, false);
}
