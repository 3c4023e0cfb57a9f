/* Clauses 6.4.6 to 6.4.15: segments, transform sizes and intra modes of blocks. */
#include <string.h>

#include "vp9_parser.h"

/* ---------------------------------------------------------------- segments */

/* segment_id, by its tree */
static int read_segment_id(vp9_parser *p)
{
    const uint8_t *probs = p->header->segmentation.tree_probs;
    int high = bool_read(&p->bits, probs[0]);
    int middle = bool_read(&p->bits, probs[1 + high]);
    return 4 * high + 2 * middle + bool_read(&p->bits, probs[3 + 2 * high + middle]);
}

/* The part of the frame that a block covers, in 8x8 blocks */
typedef struct {
    size_t start; /* in a map of the frame */
    int rows, columns;
} extent;

static extent extent_of(const vp9_parser *p, const vp9_block *block)
{
    int rows = p->rows - p->row, columns = p->columns - p->column;
    if (rows > vp9_height8[block->size])
        rows = vp9_height8[block->size];
    if (columns > vp9_width8[block->size])
        columns = vp9_width8[block->size];
    return (extent){(size_t)p->row * (size_t)p->columns + (size_t)p->column, rows, columns};
}

static void store_segment(vp9_parser *p, const vp9_block *block)
{
    extent e = extent_of(p, block);
    for (int row = 0; row < e.rows; row++, e.start += (size_t)p->columns)
        memset(p->segment_map[p->current_map] + e.start, block->segment, (size_t)e.columns);
}

/* Without an update of the map it is carried on to the next frame. */
static void copy_segment(vp9_parser *p, const vp9_block *block)
{
    extent e = extent_of(p, block);
    for (int row = 0; row < e.rows; row++, e.start += (size_t)p->columns)
        memcpy(p->segment_map[p->current_map] + e.start,
               p->segment_map[!p->current_map] + e.start, (size_t)e.columns);
}

/* 6.4.14 get_segment_id: the least that the last map has where the block lies */
static int predicted_segment(const vp9_parser *p, const vp9_block *block)
{
    extent e = extent_of(p, block);
    int least = 7;
    for (int row = 0; row < e.rows; row++, e.start += (size_t)p->columns)
        for (int column = 0; column < e.columns; column++) {
            int segment = p->segment_map[!p->current_map][e.start + (size_t)column];
            least = segment < least ? segment : least;
        }
    return least;
}

/* 6.4.7 */
static void intra_segment_id(vp9_parser *p, vp9_block *block)
{
    if (!p->header->segmentation.enabled)
        return;
    if (!p->header->segmentation.update_map) {
        copy_segment(p, block);
        return;
    }
    block->segment = (uint8_t)read_segment_id(p);
    store_segment(p, block);
}

/* 6.4.12 */
static void inter_segment_id(vp9_parser *p, vp9_block *block)
{
    const vp9_segmentation *s = &p->header->segmentation;
    if (!s->enabled)
        return;
    int predicted = predicted_segment(p, block);
    if (!s->update_map) {
        block->segment = (uint8_t)predicted;
        copy_segment(p, block);
        return;
    }
    bool is_predicted = false;
    if (s->temporal_update) {
        uint8_t *above = p->above_segment_predicted + p->column;
        uint8_t *left = p->left_segment_predicted + (p->row & 7);
        is_predicted = bool_read(&p->bits, s->pred_probs[*left + *above]);
        memset(above, is_predicted, vp9_width8[block->size]);
        memset(left, is_predicted, vp9_height8[block->size]);
    }
    block->segment = (uint8_t)(is_predicted ? predicted : read_segment_id(p));
    store_segment(p, block);
}

/* ---------------------------------------------------------------- skip, transform size */

/* 6.4.8 */
static void read_skip(vp9_parser *p, vp9_block *block)
{
    if (segment_has(p, block->segment, VP9_SEG_SKIP)) {
        block->skip = true;
        return;
    }
    int context = (p->above && p->above->skip) + (p->left && p->left->skip);
    block->skip = bool_read(&p->bits, p->probs.skip[context]);
    p->counts.skip[context][block->skip]++;
}

static int tx_size_context(const vp9_parser *p, int largest)
{
    int above = p->above && !p->above->skip ? p->above->tx_size : largest;
    int left = p->left && !p->left->skip ? p->left->tx_size : largest;
    if (!p->left)
        left = above;
    if (!p->above)
        above = left;
    return above + left > largest;
}

/* 6.4.10 */
static void read_tx_size(vp9_parser *p, vp9_block *block, bool allow_select)
{
    int largest = vp9_largest_tx[block->size], size = 0;
    if (!allow_select || p->tx_mode != TX_MODE_SELECT || block->size < BLOCK_8X8) {
        int limit = p->tx_mode < VP9_TX_32X32 ? p->tx_mode : VP9_TX_32X32;
        block->tx_size = (uint8_t)(largest < limit ? largest : limit);
        return;
    }
    int context = tx_size_context(p, largest);
    const uint8_t *probs = largest == VP9_TX_8X8     ? p->probs.tx_8x8[context]
                           : largest == VP9_TX_16X16 ? p->probs.tx_16x16[context]
                                                     : p->probs.tx_32x32[context];
    uint32_t *counts = largest == VP9_TX_8X8     ? p->counts.tx_8x8[context]
                       : largest == VP9_TX_16X16 ? p->counts.tx_16x16[context]
                                                 : p->counts.tx_32x32[context];
    while (size < largest && bool_read(&p->bits, probs[size]))
        size++;
    counts[size]++;
    block->tx_size = (uint8_t)size;
}

/* ---------------------------------------------------------------- intra modes */

/* Of a block below 8x8 a mode of its own for each part; otherwise one for all quarters. */
typedef int read_intra_mode(vp9_parser *p, const vp9_block *block, int quarter);

static void read_intra_modes(vp9_parser *p, vp9_block *block, read_intra_mode *read)
{
    int width = block->size < BLOCK_8X8 ? 1 << vp9_width4_log2[block->size] : 2;
    int height = block->size < BLOCK_8X8 ? 1 << vp9_height4_log2[block->size] : 2;
    for (int y = 0; y < 2; y += height)
        for (int x = 0; x < 2; x += width) {
            uint8_t *part = block->sub_modes + 2 * y + x;
            part[0] = (uint8_t)read(p, block, 2 * y + x);
            if (width == 2)
                part[1] = part[0];
            if (height == 2)
                part[2] = part[width == 2 ? 1 : 0];
            if (width == 2 && height == 2)
                part[3] = part[0];
        }
    block->mode = block->sub_modes[3];
}

/* default_intra_mode: from the modes of the quarters above and to the left */
static int default_intra_mode(vp9_parser *p, const vp9_block *block, int quarter)
{
    int above = DC_PRED, left = DC_PRED;
    if (quarter >= 2)
        above = block->sub_modes[quarter - 2];
    else if (p->above && !p->above->is_inter)
        above = p->above->sub_modes[quarter + 2];
    if (quarter & 1)
        left = block->sub_modes[quarter - 1];
    else if (p->left && !p->left->is_inter)
        left = p->left->sub_modes[quarter + 1];
    return read_tree(&p->bits, vp9_intra_mode_tree, vp9_kf_y_mode_probs[above][left]);
}

/* 6.4.6 */
void vp9_intra_frame_mode_info(vp9_parser *p, vp9_block *block)
{
    intra_segment_id(p, block);
    read_skip(p, block);
    read_tx_size(p, block, true);
    read_intra_modes(p, block, default_intra_mode);
    read_tree(&p->bits, vp9_intra_mode_tree, vp9_kf_uv_mode_probs[block->mode]);
}

/* 6.4.15 intra_block_mode_info */
static int inter_frame_intra_mode(vp9_parser *p, const vp9_block *block, int quarter)
{
    (void)quarter;
    int context = block->size < BLOCK_8X8 ? 0 : vp9_largest_tx[block->size];
    int mode = read_tree(&p->bits, vp9_intra_mode_tree, p->probs.y_mode[context]);
    p->counts.y_mode[context][mode]++;
    return mode;
}

static void intra_block_mode_info(vp9_parser *p, vp9_block *block)
{
    read_intra_modes(p, block, inter_frame_intra_mode);
    int uv_mode = read_tree(&p->bits, vp9_intra_mode_tree, p->probs.uv_mode[block->mode]);
    p->counts.uv_mode[block->mode][uv_mode]++;
}

/* ---------------------------------------------------------------- 6.4.11 inter_frame_mode_info */

static int is_inter_context(const vp9_parser *p)
{
    if (p->above && p->left)
        return !p->above->is_inter && !p->left->is_inter
                   ? 3
                   : !p->above->is_inter || !p->left->is_inter;
    if (p->above || p->left)
        return 2 * !(p->above ? p->above : p->left)->is_inter;
    return 0;
}

/* 6.4.13 */
static void read_is_inter(vp9_parser *p, vp9_block *block)
{
    if (segment_has(p, block->segment, VP9_SEG_REFERENCE)) {
        int reference = p->header->segmentation.feature[block->segment][VP9_SEG_REFERENCE];
        block->is_inter = reference != VP9_INTRA_FRAME;
        return;
    }
    int context = is_inter_context(p);
    block->is_inter = bool_read(&p->bits, p->probs.is_inter[context]);
    p->counts.is_inter[context][block->is_inter]++;
}

bool vp9_inter_frame_mode_info(vp9_parser *p, vp9_block *block)
{
    inter_segment_id(p, block);
    read_skip(p, block);
    read_is_inter(p, block);
    read_tx_size(p, block, !block->skip || !block->is_inter);
    if (block->is_inter)
        return vp9_inter_block_mode_info(p, block);
    intra_block_mode_info(p, block);
    return true;
}
