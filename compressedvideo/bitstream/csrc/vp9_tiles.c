/* Clause 6.4: tiles, partitions and blocks. */
#include <string.h>

#include "vp9_parser.h"

const uint8_t vp9_width4_log2[VP9_NUM_BLOCK_SIZES] = {0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4};
const uint8_t vp9_height4_log2[VP9_NUM_BLOCK_SIZES] = {0, 1, 0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4};
const uint8_t vp9_width8[VP9_NUM_BLOCK_SIZES] = {1, 1, 1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8};
const uint8_t vp9_height8[VP9_NUM_BLOCK_SIZES] = {1, 1, 1, 1, 2, 1, 2, 4, 2, 4, 8, 4, 8};
const uint8_t vp9_largest_tx[VP9_NUM_BLOCK_SIZES] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- 6.4.4 decode_block */

/* What 6.4.21 leaves of a block without coefficients */
static void clear_nonzero(vp9_parser *p, const vp9_block *block)
{
    for (int plane = 0; plane < 3; plane++) {
        int x = plane ? p->header->subsampling_x : 0, y = plane ? p->header->subsampling_y : 0;
        memset(p->above_nonzero[plane] + (p->column * 2 >> x), 0,
               (size_t)(2 * vp9_width8[block->size] >> x));
        memset(p->left_nonzero[plane] + ((p->row & 7) * 2 >> y), 0,
               (size_t)(2 * vp9_height8[block->size] >> y));
    }
}

/* Chroma of 4:2:2 and 4:4:0 has no blocks four times as long as wide. */
static bool has_chroma_size(const vp9_header *h, int size)
{
    int width = vp9_width8[size] << h->subsampling_y;
    int height = vp9_height8[size] << h->subsampling_x;
    return size < BLOCK_8X8 || h->subsampling_x == h->subsampling_y ||
           (height < 4 * width && width < 4 * height);
}

static bool decode_block(vp9_parser *p, int row, int column, int size)
{
    vp9_block **grid = p->grid[p->current] + (size_t)row * (size_t)p->columns + column;
    vp9_block *block = p->blocks[p->current] + p->num_blocks++;
    p->row = row;
    p->column = column;
    p->above = row > 0 ? grid[-p->columns] : NULL;
    p->left = column > p->tile_start ? grid[-1] : NULL;
    *block = (vp9_block){.size = (uint8_t)size};
    int64_t left = bool_bits_left(&p->bits);
    if (!has_chroma_size(p->header, size))
        return fail(p, VP9_BAD_BLOCK_SIZE);
    if (p->intra)
        vp9_intra_frame_mode_info(p, block);
    else if (!vp9_inter_frame_mode_info(p, block))
        return false;
    if (block->skip)
        clear_nonzero(p, block);
    else if (!vp9_residual(p, block) && block->is_inter && size >= BLOCK_8X8)
        block->skip = true;
    block->bits = (uint32_t)(left - bool_bits_left(&p->bits));
    int width = smaller(vp9_width8[size], p->columns - column);
    int height = smaller(vp9_height8[size], p->rows - row);
    for (int y = 0; y < height; y++, grid += p->columns)
        for (int x = 0; x < width; x++)
            grid[x] = block;
    return true;
}

/* ---------------------------------------------------------------- 6.4.3 decode_partition */

/* The size of the parts: 13 sizes in fours, none, horizontal and vertical of each square. */
static int subsize(int size, int partition)
{
    return size - partition;
}

static int read_partition(vp9_parser *p, int row, int column, int size)
{
    int level = size / 3 - 1, half = vp9_width8[size] / 2; /* level: 0 of 8x8 to 3 of 64x64 */
    bool has_rows = row + half < p->rows, has_columns = column + half < p->columns;
    int above = p->above_partition[column] >> (3 - level) & 1;
    int left = p->left_partition[row & 7] >> (3 - level) & 1;
    int context = 4 * level + 2 * left + above, partition;
    const uint8_t *probs = p->intra ? vp9_kf_partition_probs[context] : p->probs.partition[context];
    if (has_rows && has_columns)
        partition = read_tree(&p->bits, vp9_partition_tree, probs);
    else if (has_columns)
        partition = bool_read(&p->bits, probs[1]) ? PARTITION_SPLIT : PARTITION_HORIZONTAL;
    else if (has_rows)
        partition = bool_read(&p->bits, probs[2]) ? PARTITION_SPLIT : PARTITION_VERTICAL;
    else
        partition = PARTITION_SPLIT;
    p->counts.partition[context][partition]++; /* the forced ones, too */
    return partition;
}

static bool decode_partition(vp9_parser *p, int row, int column, int size)
{
    if (row >= p->rows || column >= p->columns)
        return true;
    int width = vp9_width8[size], half = width / 2;
    int partition = read_partition(p, row, column, size), part = subsize(size, partition);
    bool intact = true;
    if (part < BLOCK_8X8 || partition == PARTITION_NONE) {
        intact = decode_block(p, row, column, part);
    } else if (partition == PARTITION_HORIZONTAL) {
        intact = decode_block(p, row, column, part) &&
                 (row + half >= p->rows || decode_block(p, row + half, column, part));
    } else if (partition == PARTITION_VERTICAL) {
        intact = decode_block(p, row, column, part) &&
                 (column + half >= p->columns || decode_block(p, row, column + half, part));
    } else {
        for (int i = 0; i < 4 && intact; i++)
            intact = decode_partition(p, row + i / 2 * half, column + i % 2 * half, part);
    }
    if (size == BLOCK_8X8 || partition != PARTITION_SPLIT) {
        memset(p->above_partition + column, 15 >> vp9_width4_log2[part], (size_t)width);
        memset(p->left_partition + (row & 7), 15 >> vp9_height4_log2[part], (size_t)width);
    }
    return intact;
}

/* ---------------------------------------------------------------- 6.4 decode_tiles */

/* 6.4.1 get_tile_offset: where tile `number` starts, in 8x8 blocks */
static int tile_offset(int number, int blocks, int tiles_log2)
{
    int superblocks = (blocks + 7) / 8;
    return smaller((number * superblocks >> tiles_log2) * 8, blocks);
}

/* 6.4.2 */
static bool decode_tile(vp9_parser *p, int first_row, int end_row)
{
    for (int row = first_row; row < end_row; row += 8) {
        memset(p->left_nonzero, 0, sizeof p->left_nonzero);
        memset(p->left_partition, 0, sizeof p->left_partition);
        memset(p->left_segment_predicted, 0, sizeof p->left_segment_predicted);
        for (int column = p->tile_start; column < p->tile_stop; column += 8) {
            if (!decode_partition(p, row, column, BLOCK_64X64))
                return false;
            if (bool_bits_left(&p->bits) < 0)
                return fail(p, VP9_OVERRUN);
        }
    }
    return true;
}

/* Once a frame: the decoders keep these from one row of tiles to the next. */
static void clear_above_context(vp9_parser *p)
{
    size_t columns = ((size_t)p->columns + 7) / 8 * 8;
    for (int plane = 0; plane < 3; plane++)
        memset(p->above_nonzero[plane], 0, 2 * columns);
    memset(p->above_partition, 0, columns);
    memset(p->above_segment_predicted, 0, columns);
}

bool vp9_decode_tiles(vp9_parser *p, const uint8_t *data, size_t size)
{
    int tile_rows = 1 << p->header->tile_rows_log2;
    int tile_columns = 1 << p->header->tile_columns_log2;
    p->num_blocks = 0;
    clear_above_context(p);
    for (int i = 0; i < tile_rows * tile_columns; i++) {
        int tile_row = i / tile_columns, tile_column = i % tile_columns;
        size_t tile_size = size;
        if (i < tile_rows * tile_columns - 1) {
            p->bits = bool_open(data, 0);
            if (size < 4)
                return fail(p, VP9_BAD_TILE_SIZE);
            tile_size = (size_t)data[0] << 24 | (size_t)data[1] << 16 |
                        (size_t)data[2] << 8 | data[3];
            data += 4;
            size -= 4;
            if (tile_size > size)
                return fail(p, VP9_BAD_TILE_SIZE);
        }
        p->tile_start = tile_offset(tile_column, p->columns, p->header->tile_columns_log2);
        p->tile_stop = tile_offset(tile_column + 1, p->columns, p->header->tile_columns_log2);
        if (!vp9_open_partition(p, data, tile_size) ||
            !decode_tile(p, tile_offset(tile_row, p->rows, p->header->tile_rows_log2),
                         tile_offset(tile_row + 1, p->rows, p->header->tile_rows_log2)) ||
            !vp9_close_partition(p))
            return false;
        data += tile_size;
        size -= tile_size;
    }
    return true;
}
