/* A picture's vectors on the grid that the package reads: of the shown frame, of one cell size. */
#include "h264.h"

#include <string.h>

h264_grid h264_grid_of(const h264_coded *coded)
{
    int corner = coded->crop_left | coded->crop_top;
    h264_grid grid = {coded->motion->small_blocks || corner % 8 ? 4 : 8, 0, 0};
    if (corner % 4)
        grid.size = 0;
    if (grid.size) {
        grid.rows = (coded->height + grid.size - 1) / grid.size;
        grid.columns = (coded->width + grid.size - 1) / grid.size;
    }
    return grid;
}

/* Without branches, for there is no telling which blocks use a list. */
static inline void put(h264_block_reference reference, h264_vector vector, int16_t *to,
                       uint8_t *slot)
{
    vector &= -(h264_vector)(reference.slot != H264_NO_SLOT);
    to[0] = (int16_t)-h264_x(vector);
    to[1] = (int16_t)-h264_y(vector);
    *slot = reference.slot;
}

/* A row of blocks of 8x8: the usual case, with distances that the compiler knows. */
static void put_row_of_8(const h264_vector *from, const h264_block_reference *references,
                         int columns, int16_t *restrict vectors, uint8_t *restrict slots)
{
    for (int column = 0; column < columns; column++)
        put(references[column], from[2 * column], vectors + 2 * column, slots + column);
}

static void put_row_of_4(const h264_vector *from, const h264_block_reference *references, int first,
                         int columns, int16_t *restrict vectors, uint8_t *restrict slots)
{
    for (int column = 0; column < columns; column++)
        put(references[(first + column) >> 1], from[column], vectors + 2 * column,
            slots + column);
}

void h264_cells(const h264_coded *coded, const h264_grid *grid, int list, int16_t *vectors,
                uint8_t *slots)
{
    const h264_motion *motion = coded->motion;
    size_t cells = (size_t)grid->rows * (size_t)grid->columns;
    if (list == 1 && !motion->bipredictive) {
        memset(vectors, 0, 2 * cells * sizeof *vectors);
        memset(slots, H264_NO_SLOT, cells);
        return;
    }
    int step = grid->size / 4;
    for (int row = 0; row < grid->rows; row++) {
        int y = coded->crop_top / 4 + row * step, x = coded->crop_left / 4;
        const h264_vector *from = motion->vectors[list] + (ptrdiff_t)y * 4 * motion->mb_width + x;
        const h264_block_reference *references =
            motion->references[list] + (ptrdiff_t)(y >> 1) * 2 * motion->mb_width + (x >> 1);
        if (grid->size == 8)
            put_row_of_8(from, references, grid->columns, vectors, slots);
        else
            put_row_of_4(from, references, x & 1, grid->columns, vectors, slots);
        vectors += 2 * grid->columns;
        slots += grid->columns;
    }
}
