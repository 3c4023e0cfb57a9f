/* Memory of the picture that is parsed, and its coding tree blocks in the order of tiles: clause
 * 6.5.1. */
#include <stdlib.h>
#include <string.h>

#include "hevc_parser.h"

void hevc_free_frame(hevc_frame *frame)
{
    free(frame->cells);
    free(frame->slice_address);
    free(frame->lists_of_ctb);
    free(frame->costs);
    free(frame->address_ts);
    free(frame->address_rs);
    free(frame->tile);
    free(frame->tile_column_start);
    free(frame->above_depth);
    free(frame->above_skip);
    free(frame->above_mode);
    free(frame->lists);
    *frame = (hevc_frame){.cells = NULL};
}

void hevc_clear_cells(hevc_frame *frame)
{
    size_t ctbs = (size_t)frame->ctb_columns * (size_t)frame->ctb_rows;
    memset(frame->cells, 0xff, (ctbs << (2 * (frame->log2_ctb - 2))) * sizeof *frame->cells);
}

static bool allocate(hevc_frame *frame, const hevc_sps *sps)
{
    if (frame->cells && frame->ctb_rows == sps->ctb_rows &&
        frame->ctb_columns == sps->ctb_columns && frame->log2_ctb == sps->log2_ctb)
        return true;
    hevc_free_frame(frame);
    size_t columns = (size_t)sps->ctb_columns, ctbs = columns * (size_t)sps->ctb_rows;
    size_t row = columns << sps->log2_ctb; /* pixels */
    frame->cells = malloc((ctbs << (2 * (sps->log2_ctb - 2))) * sizeof *frame->cells);
    frame->slice_address = malloc(ctbs * sizeof *frame->slice_address);
    frame->lists_of_ctb = malloc(ctbs * sizeof *frame->lists_of_ctb);
    frame->costs = malloc(ctbs * sizeof *frame->costs);
    frame->address_ts = malloc(ctbs * sizeof *frame->address_ts);
    frame->address_rs = malloc(ctbs * sizeof *frame->address_rs);
    frame->tile = malloc(ctbs * sizeof *frame->tile);
    frame->tile_column_start = malloc(columns * sizeof *frame->tile_column_start);
    frame->above_depth = malloc(row / 8);
    frame->above_skip = malloc(row / 8);
    frame->above_mode = malloc(row / 4);
    if (!frame->cells || !frame->slice_address || !frame->lists_of_ctb || !frame->costs ||
        !frame->address_ts || !frame->address_rs || !frame->tile || !frame->tile_column_start ||
        !frame->above_depth || !frame->above_skip || !frame->above_mode) {
        hevc_free_frame(frame);
        return false;
    }
    frame->ctb_rows = sps->ctb_rows;
    frame->ctb_columns = sps->ctb_columns;
    frame->log2_ctb = sps->log2_ctb;
    frame->cells_per_row = sps->ctb_columns << (sps->log2_ctb - 2);
    hevc_clear_cells(frame);
    return true;
}

/* (6-3), (6-4): where each of `count` tile columns (or rows) begins, and where the last ends. */
static bool tile_bounds(int *bounds, int count, int size, bool is_uniform, const int *sizes)
{
    bounds[0] = 0;
    for (int i = 0; i < count; i++) {
        if (is_uniform)
            bounds[i + 1] = (i + 1) * size / count;
        else
            bounds[i + 1] = i < count - 1 ? bounds[i] + sizes[i] : size;
        if (bounds[i + 1] <= bounds[i])
            return false;
    }
    return bounds[count] == size;
}

/* (6-5) to (6-9) */
static bool lay_out_tiles(hevc_frame *frame, const hevc_pps *pps)
{
    int column_bounds[HEVC_MAX_TILE_COLUMNS + 1], row_bounds[HEVC_MAX_TILE_ROWS + 1];
    if (!tile_bounds(column_bounds, pps->num_tile_columns, frame->ctb_columns,
                     pps->uniform_spacing, pps->tile_column_widths) ||
        !tile_bounds(row_bounds, pps->num_tile_rows, frame->ctb_rows, pps->uniform_spacing,
                     pps->tile_row_heights))
        return false;
    int32_t ts = 0, tile = 0;
    for (int row = 0; row < pps->num_tile_rows; row++) {
        for (int column = 0; column < pps->num_tile_columns; column++, tile++) {
            for (int y = row_bounds[row]; y < row_bounds[row + 1]; y++) {
                for (int x = column_bounds[column]; x < column_bounds[column + 1]; x++, ts++) {
                    int32_t rs = y * frame->ctb_columns + x;
                    frame->address_ts[rs] = ts;
                    frame->address_rs[ts] = rs;
                    frame->tile[rs] = tile;
                    frame->tile_column_start[x] = column_bounds[column];
                }
            }
        }
    }
    return true;
}

hevc_status hevc_open_frame(hevc_parser *p, const hevc_sps *sps, const hevc_pps *pps)
{
    hevc_frame *frame = &p->frame;
    if (!allocate(frame, sps))
        return HEVC_NO_MEMORY;
    frame->sps = sps;
    frame->pps = pps;
    frame->num_lists = 0;
    frame->num_parsed = 0;
    frame->skips_slices = frame->has_small_blocks = false;
    frame->is_intra = true;
    int depth = sps->log2_ctb - sps->log2_min_cb;
    if (!lay_out_tiles(frame, pps) || pps->diff_cu_qp_delta_depth > depth ||
        pps->diff_cu_chroma_qp_offset_depth > depth ||
        pps->log2_parallel_merge_level > sps->log2_ctb)
        return HEVC_BAD_TILES;
    size_t columns = (size_t)frame->ctb_columns, ctbs = columns * (size_t)frame->ctb_rows;
    size_t row = columns << frame->log2_ctb;
    memset(frame->slice_address, 0xff, ctbs * sizeof *frame->slice_address);
    memset(frame->lists_of_ctb, 0, ctbs * sizeof *frame->lists_of_ctb);
    memset(frame->costs, 0, ctbs * sizeof *frame->costs);
    memset(frame->above_depth, 0, row / 8);
    memset(frame->above_skip, 0, row / 8);
    memset(frame->above_mode, 1, row / 4); /* INTRA_DC */
    return HEVC_OK;
}

hevc_lists *hevc_add_lists(hevc_frame *frame)
{
    if (frame->num_lists == frame->lists_capacity) {
        size_t capacity = 2 * frame->lists_capacity + 4;
        hevc_lists *lists = realloc(frame->lists, capacity * sizeof *lists);
        if (!lists)
            return NULL;
        frame->lists = lists;
        frame->lists_capacity = capacity;
    }
    hevc_lists *added = frame->lists + frame->num_lists++;
    memset(added, 0, sizeof *added);
    return added;
}
