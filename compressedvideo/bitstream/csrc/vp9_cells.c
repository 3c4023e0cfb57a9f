/* What leaves the parser: vectors and references by cell, costs by 8x8 block, still areas. */
#include <stdlib.h>
#include <string.h>

#include "vp9_parser.h"

/* ---------------------------------------------------------------- motion */

static size_t round_up(size_t size)
{
    return (size + 7) / 8 * 8;
}

/* All arrays in one piece of memory, of zeros.  Vectors come last: of many pictures those of the
 * second prediction are never touched. */
static bool allocate(vp9_motion *motion, size_t cells, size_t blocks)
{
    size_t bits = round_up(blocks * sizeof *motion->bits);
    size_t coefficients = round_up(blocks * sizeof *motion->coefficients);
    size_t slots = round_up(2 * cells), vectors = 2 * cells * 2 * sizeof *motion->vectors;
    motion->memory_size = bits + coefficients + slots + vectors;
    uint8_t *memory = calloc(motion->memory_size, 1);
    if (!memory)
        return false;
    motion->memory = memory;
    if (blocks) {
        motion->bits = (uint32_t *)memory;
        motion->coefficients = (uint16_t *)(memory + bits);
    }
    motion->slots = memory + bits + coefficients;
    motion->vectors = (int16_t *)(motion->slots + slots);
    return true;
}

/* Distinct pictures; slot_of: by LAST to ALTREF the place in `pictures` */
static void name_pictures(const vp9_parser *p, vp9_motion *motion, uint8_t slot_of[4])
{
    motion->num_pictures = 0;
    for (int i = VP9_LAST; i <= VP9_ALTREF && !p->intra; i++) {
        int32_t picture = p->tracker.slots[p->header->slot[i]].picture;
        int at = 0;
        while (at < motion->num_pictures && motion->pictures[at] != picture)
            at++;
        if (at == motion->num_pictures)
            motion->pictures[motion->num_pictures++] = picture;
        slot_of[i] = (uint8_t)at;
    }
}

/* Eighths become quarters toward zero, as VP9 itself drops eighths; destination minus source. */
static void put_vector(int16_t *vector, vp9_vector coded)
{
    vector[0] = (int16_t)-(coded.column / 2);
    vector[1] = (int16_t)-(coded.row / 2);
}

static void put_cells(const vp9_parser *p, vp9_motion *motion, const uint8_t slot_of[4])
{
    size_t rows = ((size_t)motion->height + (size_t)motion->cell - 1) / (size_t)motion->cell;
    size_t columns = ((size_t)motion->width + (size_t)motion->cell - 1) / (size_t)motion->cell;
    size_t cells = rows * columns, at = 0;
    int halved = motion->cell == 4; /* two cells across a block of 8 pixels */
    memset(motion->slots, VP9_NOT_USED, 2 * cells);
    for (size_t row = 0; row < rows; row++) {
        vp9_block *const *blocks = p->grid[p->current] + (row >> halved) * (size_t)p->columns;
        for (size_t column = 0; column < columns; column++, at++) {
            const vp9_block *block = blocks[column >> halved];
            const vp9_vector *vectors = block->vectors[halved ? 2 * (row & 1) + (column & 1) : 0];
            if (!block->is_inter)
                continue;
            put_vector(motion->vectors + 2 * at, vectors[0]);
            motion->slots[at] = slot_of[block->references[0]];
            if (block->references[1] == VP9_INTRA_FRAME)
                continue;
            put_vector(motion->vectors + 2 * (cells + at), vectors[1]);
            motion->slots[cells + at] = slot_of[block->references[1]];
        }
    }
}

/* Of `total` the share of one of `count` parts; the shares of all add up to it. */
static uint32_t share_of(uint32_t total, int part, int count)
{
    uint64_t sum = total;
    return (uint32_t)(sum * (uint64_t)(part + 1) / (uint64_t)count -
                      sum * (uint64_t)part / (uint64_t)count);
}

/* What a block cost is spread evenly over the 8x8 blocks of it that lie in the frame. */
static void put_costs(const vp9_parser *p, vp9_motion *motion)
{
    vp9_block *const *grid = p->grid[p->current];
    for (int row = 0; row < p->rows; row++)
        for (int column = 0; column < p->columns; column++) {
            size_t at = (size_t)row * (size_t)p->columns + (size_t)column;
            const vp9_block *block = grid[at];
            bool is_first = (row == 0 || grid[at - (size_t)p->columns] != block) &&
                            (column == 0 || grid[at - 1] != block);
            if (!is_first)
                continue;
            int height = vp9_height8[block->size], width = vp9_width8[block->size], part = 0;
            height = height < p->rows - row ? height : p->rows - row;
            width = width < p->columns - column ? width : p->columns - column;
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++, part++) {
                    size_t to = at + (size_t)y * (size_t)p->columns + (size_t)x;
                    motion->bits[to] = share_of(block->bits, part, width * height);
                    motion->coefficients[to] =
                        (uint16_t)share_of(block->coefficients, part, width * height);
                }
        }
}

bool vp9_export_motion(const vp9_parser *p, bool with_costs, vp9_motion *motion)
{
    uint8_t slot_of[4] = {0};
    motion->cell = p->has_small ? 4 : 8;
    size_t rows = ((size_t)motion->height + (size_t)motion->cell - 1) / (size_t)motion->cell;
    size_t columns = ((size_t)motion->width + (size_t)motion->cell - 1) / (size_t)motion->cell;
    size_t blocks = with_costs ? (size_t)p->rows * (size_t)p->columns : 0;
    if (!allocate(motion, rows * columns, blocks))
        return false;
    name_pictures(p, motion, slot_of);
    put_cells(p, motion, slot_of);
    if (with_costs)
        put_costs(p, motion);
    return true;
}

/* ---------------------------------------------------------------- stills */

static bool add_still(vp9_output *output, vp9_still still)
{
    if (output->num_stills == output->still_room) {
        size_t room = output->still_room ? 2 * output->still_room : 64;
        vp9_still *stills = realloc(output->stills, room * sizeof *stills);
        if (!stills)
            return false;
        output->stills = stills;
        output->still_room = room;
    }
    output->stills[output->num_stills++] = still;
    return true;
}

/* 8x8 blocks that are a copy of one place in a reference */
static size_t count_still(const vp9_parser *p, bool is_reference[4])
{
    size_t blocks = (size_t)p->rows * (size_t)p->columns, still = 0;
    for (size_t i = 0; i < blocks; i++) {
        const vp9_block *block = p->grid[p->current][i];
        vp9_vector vector = block->vectors[0][0];
        still += is_reference[block->references[0]] && block->references[1] == VP9_INTRA_FRAME &&
                 block->size >= BLOCK_8X8 && vector.row == 0 && vector.column == 0;
    }
    return still;
}

bool vp9_export_stills(const vp9_parser *p, vp9_output *output)
{
    if (p->intra || !p->header->show)
        return true;
    for (int i = VP9_LAST; i <= VP9_ALTREF; i++) {
        const vp9_slot *slot = p->tracker.slots + p->header->slot[i];
        bool is_reference[4] = {false}, is_repeated = false;
        for (int j = VP9_LAST; j <= VP9_ALTREF; j++) {
            is_reference[j] = p->tracker.slots[p->header->slot[j]].picture == slot->picture;
            is_repeated |= is_reference[j] && j < i;
        }
        if (!slot->hidden || is_repeated)
            continue;
        double blocks = (double)p->rows * p->columns;
        vp9_still still = {p->tracker.picture, slot->picture,
                           (double)count_still(p, is_reference) / blocks};
        if (!add_still(output, still))
            return false;
    }
    return true;
}
