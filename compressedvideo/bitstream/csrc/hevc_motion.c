/* What becomes of a parsed picture's motion: for the pictures after, and for the caller. */
#include <stdlib.h>
#include <string.h>

#include "hevc_neighbours.h"

/* Memory of the size of the frame that was parsed. */
static bool allocate_motion(hevc_picture *picture, const hevc_sps *sps)
{
    int rows = (sps->height + 15) / 16, columns = (sps->width + 15) / 16;
    if (picture->motion && picture->rows == rows && picture->columns == columns)
        return true;
    free(picture->motion);
    picture->motion = malloc((size_t)rows * (size_t)columns * sizeof *picture->motion);
    picture->rows = rows;
    picture->columns = columns;
    return picture->motion != NULL;
}

bool hevc_has_motion(const hevc_parser *p, const hevc_picture *picture)
{
    if (picture->motion_state != HEVC_MOTION_KNOWN)
        return picture->motion_state == HEVC_MOTION_NONE;
    const hevc_sps *sps = p->frame.sps;
    return picture->rows == (sps->height + 15) / 16 && picture->columns == (sps->width + 15) / 16;
}

static const hevc_lists *lists_of_cell(const hevc_frame *frame, int x, int y)
{
    int shift = frame->log2_ctb - 2; /* cells to CTBs */
    return frame->lists + frame->lists_of_ctb[(y >> shift) * frame->ctb_columns + (x >> shift)];
}

static hevc_colocated colocated(const hevc_parser *p, int x, int y)
{
    const hevc_cell *cell = p->frame.cells + y * p->frame.cells_per_row + x;
    hevc_colocated kept;
    memset(&kept, 0, sizeof kept);
    if (!hevc_is_inter(cell))
        return kept;
    const hevc_lists *lists = lists_of_cell(&p->frame, x, y);
    for (int list = 0; list < 2; list++) {
        int reference = cell->reference[list];
        if (reference < 0)
            continue;
        int64_t distance = (int64_t)p->buffer.current->poc - lists->poc[list][reference];
        kept.used[list] = true;
        kept.vector[list] = cell->vector[list];
        kept.long_term[list] = lists->long_term[list][reference];
        kept.distance[list] = (int32_t)(distance < INT32_MIN   ? INT32_MIN
                                        : distance > INT32_MAX ? INT32_MAX
                                                               : distance);
    }
    return kept;
}

/* Keeps the motion of every 16x16 pixels' first block. */
hevc_status hevc_close_frame(hevc_parser *p)
{
    hevc_picture *picture = p->buffer.current;
    if (!allocate_motion(picture, p->frame.sps))
        return HEVC_NO_MEMORY;
    hevc_colocated *to = picture->motion;
    for (int row = 0; row < picture->rows; row++)
        for (int column = 0; column < picture->columns; column++)
            *to++ = colocated(p, 4 * column, 4 * row);
    picture->motion_state = HEVC_MOTION_KNOWN;
    return HEVC_OK;
}

/* ---------------------------------------------------------------- for the caller */

void hevc_get_motion(const hevc_parser *p, hevc_motion *motion)
{
    const hevc_frame *frame = &p->frame;
    const hevc_sps *sps = frame->sps;
    bool is_aligned = (sps->crop_left | sps->crop_top) % 8 == 0;
    motion->height = sps->height - sps->crop_top - sps->crop_bottom;
    motion->width = sps->width - sps->crop_left - sps->crop_right;
    motion->cell = frame->has_small_blocks || !is_aligned ? 4 : 8;
    motion->ctb_size = 1 << frame->log2_ctb;
    motion->ctb_rows = (motion->height + motion->ctb_size - 1) >> frame->log2_ctb;
    motion->ctb_columns = (motion->width + motion->ctb_size - 1) >> frame->log2_ctb;
    motion->num_pictures = p->num_references;
    memcpy(motion->pictures, p->references, sizeof p->references);
}

/* Destination minus source: -32768 has no counterpart. */
static int16_t opposite(int16_t component)
{
    return (int16_t)(component == INT16_MIN ? INT16_MAX : -component);
}

static void put_prediction(const hevc_cell *cell, const hevc_lists *lists, int list,
                           int16_t *vector, uint8_t *slot)
{
    int reference = cell->reference[list];
    if (reference < 0) {
        *slot = HEVC_NO_SLOT;
        vector[0] = vector[1] = 0;
        return;
    }
    *slot = lists->slot[list][reference];
    vector[0] = opposite(cell->vector[list].x);
    vector[1] = opposite(cell->vector[list].y);
}

/* The cell of 4 pixels from `pixel` on; of two that share them equally, the latter. */
static int cell_at(int pixel, int size)
{
    int cell = (pixel + 2) >> 2, last = (size >> 2) - 1;
    return cell < last ? cell : last;
}

void hevc_put_motion(const hevc_parser *p, const hevc_motion *motion, int16_t *vectors,
                     uint8_t *slots)
{
    const hevc_frame *frame = &p->frame;
    int rows = (motion->height + motion->cell - 1) / motion->cell;
    int columns = (motion->width + motion->cell - 1) / motion->cell;
    size_t num_cells = (size_t)rows * (size_t)columns;
    for (int row = 0; row < rows; row++) {
        int y = cell_at(row * motion->cell + frame->sps->crop_top, frame->sps->height);
        const hevc_cell *line = frame->cells + y * frame->cells_per_row;
        const hevc_lists *lists = NULL;
        for (int column = 0, next = 0; column < columns; column++, vectors += 2, slots++) {
            int x = cell_at(column * motion->cell + frame->sps->crop_left, frame->sps->width);
            if (x >= next) { /* another CTB */
                lists = lists_of_cell(frame, x, y);
                next = ((x >> (frame->log2_ctb - 2)) + 1) << (frame->log2_ctb - 2);
            }
            for (int list = 0; list < 2; list++)
                put_prediction(line + x, lists, list, vectors + 2 * num_cells * (size_t)list,
                               slots + num_cells * (size_t)list);
        }
    }
}

void hevc_put_costs(const hevc_parser *p, const hevc_motion *motion, uint32_t *bits,
                    uint16_t *coefficients, uint32_t *levels)
{
    const hevc_frame *frame = &p->frame;
    int top = frame->sps->crop_top >> frame->log2_ctb;
    int left = frame->sps->crop_left >> frame->log2_ctb;
    for (int row = 0; row < motion->ctb_rows; row++) {
        const hevc_costs *costs = frame->costs + (top + row) * frame->ctb_columns + left;
        for (int column = 0; column < motion->ctb_columns; column++, costs++) {
            *bits++ = costs->bits;
            *coefficients++ = (uint16_t)costs->coefficients;
            *levels++ = costs->levels;
        }
    }
}
