/* FFmpeg's blocks on a grid of cells, and what cells have in common. See kernels.h. */
#include "kernels_inline.h"

/* Writes one block's vector into its cells. While blocks are laid out, `quarters` says which quarter of
 * its block gave a cell its vector, counted from 1. */
static void rasterise_block(int16_t *vectors, uint8_t *quarters, int rows, int columns,
                            const motion_vector *block)
{
    uint32_t scale = block->motion_scale ? QUARTERS / block->motion_scale : 0;
    int16_t dx = (int16_t)(0 - (uint32_t)block->motion_x * scale);
    int16_t dy = (int16_t)(0 - (uint32_t)block->motion_y * scale);
    int top = (block->dst_y - (block->h >> 1)) >> 3, left = (block->dst_x - (block->w >> 1)) >> 3;
    for (int down = 0; down < 1 + (block->h > BLOCK_CELL); down++)
        for (int right = 0; right < 1 + (block->w > BLOCK_CELL); right++) {
            int row = top + down, column = left + right, quarter = 1 + 2 * down + right;
            if (block->h == 0 || block->w == 0 || row < 0 || row >= rows || column < 0 ||
                column >= columns)
                continue;
            ptrdiff_t cell = (ptrdiff_t)row * columns + column;
            if (quarters[cell] > quarter)
                continue;
            vectors[2 * cell] = dx;
            vectors[2 * cell + 1] = dy;
            quarters[cell] = (uint8_t)quarter;
        }
}

/* Blocks are up to 16x16 pixels. As in fields.py, where two of them overlap the one wins whose
 * lower right cells these are, then the later one. */
bool rasterise(int16_t *vectors, uint8_t *slots, int rows, int columns, picture_blocks blocks,
               int list)
{
    bool any_second = false;
    int source = list ? 1 : -1;
    size_t num_cells = (size_t)rows * (size_t)columns;
    memset(vectors, 0, sizeof *vectors * 2 * num_cells);
    memset(slots, 0, num_cells);
    for (size_t i = 0; i < blocks.count; i++) {
        motion_vector block; /* the buffer may be unaligned */
        memcpy(&block, blocks.data + i * sizeof block, sizeof block);
        any_second |= block.source == 1;
        if (block.source == source)
            rasterise_block(vectors, slots, rows, columns, &block);
    }
    for (size_t i = 0; i < num_cells; i++)
        slots[i] = slots[i] ? (uint8_t)list : NO_REFERENCE;
    return any_second;
}

bool rasterise_both(int16_t *vectors, uint8_t *slots, int rows, int columns, picture_blocks blocks)
{
    size_t num_cells = (size_t)rows * (size_t)columns;
    bool any_second = rasterise(vectors, slots, rows, columns, blocks, 0);
    vectors += 2 * num_cells;
    slots += num_cells;
    if (any_second)
        return rasterise(vectors, slots, rows, columns, blocks, 1);
    memset(vectors, 0, sizeof *vectors * 2 * num_cells);
    memset(slots, NO_REFERENCE, num_cells);
    return false;
}

WIDE_SIMD prediction survey(const int16_t *vectors, const uint8_t *slots, size_t count)
{
    uint8_t lowest = NO_REFERENCE, above_highest = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t above = (uint8_t)(slots[i] + 1); /* NO_REFERENCE becomes 0 */
        lowest = slots[i] < lowest ? slots[i] : lowest;
        above_highest = above > above_highest ? above : above_highest;
    }
    if (!above_highest)
        return (prediction){NULL, NULL, NO_REFERENCE, 0};
    return (prediction){vectors, slots, lowest, (uint8_t)(above_highest - 1)};
}
