/* A picture's vectors on the grid that the rest of the package reads: shown frame, one cell size. */
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

static inline void put(h264_block_reference reference, h264_vector vector, int16_t *to,
                       uint8_t *slot)
{
    bool used = reference.slot != H264_NO_SLOT;
    to[0] = (int16_t)(used ? -h264_x(vector) : 0);
    to[1] = (int16_t)(used ? -h264_y(vector) : 0);
    *slot = reference.slot;
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
        const h264_vector *from = motion->vectors[list] + (ptrdiff_t)y * 4 * motion->mb_width;
        const h264_block_reference *references =
            motion->references[list] + (ptrdiff_t)(y >> 1) * 2 * motion->mb_width;
        for (int column = 0; column < grid->columns; column++, x += step)
            put(references[x >> 1], from[x], vectors + 2 * column, slots + column);
        vectors += 2 * grid->columns;
        slots += grid->columns;
    }
}
