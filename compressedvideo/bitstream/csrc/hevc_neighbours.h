/* The motion of neighbouring prediction blocks: clauses 6.4.1 and 6.4.2. */
#ifndef COMPRESSEDVIDEO_HEVC_NEIGHBOURS_H
#define COMPRESSEDVIDEO_HEVC_NEIGHBOURS_H

#include "hevc_parser.h"

static inline int hevc_z_order(const hevc_parser *p, int x, int y)
{
    int mask = (1 << p->frame.log2_ctb) - 1;
    return p->tables->z_order[(y & mask) >> 2 << 4 | (x & mask) >> 2];
}

/* 6.4.1: whether (x, y) was coded before (from_x, from_y), in its slice and tile. */
static inline bool hevc_is_available(const hevc_parser *p, int from_x, int from_y, int x, int y)
{
    const hevc_frame *frame = &p->frame;
    if (x < 0 || y < 0 || x >= frame->sps->width || y >= frame->sps->height)
        return false;
    int ctb_x = x >> frame->log2_ctb, ctb_y = y >> frame->log2_ctb;
    if (ctb_x == p->ctb_x && ctb_y == p->ctb_y)
        return hevc_z_order(p, x, y) <= hevc_z_order(p, from_x, from_y);
    int ctb = ctb_y * frame->ctb_columns + ctb_x;
    return frame->slice_address[ctb] == p->slice.slice_address &&
           frame->tile[ctb] == frame->tile[p->ctb] &&
           frame->address_ts[ctb] < frame->address_ts[p->ctb];
}

static inline bool hevc_is_inter(const hevc_cell *cell)
{
    return cell->reference[0] >= 0 || cell->reference[1] >= 0;
}

/* 6.4.2; NULL if it is not available or not inter predicted. */
static inline const hevc_cell *hevc_neighbour(const hevc_parser *p, const hevc_block *block, int x,
                                              int y)
{
    const hevc_coding_unit *unit = &p->unit;
    int size = 1 << unit->log2_size;
    if (x >= unit->x && y >= unit->y && x < unit->x + size && y < unit->y + size) {
        /* of NxN partitions, the second may not look at the third */
        if (block->width << 1 == size && block->height << 1 == size && block->index == 1 &&
            unit->y + block->height <= y && unit->x + block->width > x)
            return NULL;
    } else if (!hevc_is_available(p, block->x, block->y, x, y)) {
        return NULL;
    }
    const hevc_cell *cell = p->frame.cells + (y >> 2) * p->frame.cells_per_row + (x >> 2);
    return hevc_is_inter(cell) ? cell : NULL;
}

#endif
