/* Prediction units: clauses 7.3.8.6 and 7.3.8.9, with what 8.5.3.2.1 makes of them. */
#include "hevc_parser.h"

enum { LONGEST_EG1 = 17 }; /* prefix bits of a vector difference of 16 bits */

static int merge_idx(hevc_parser *p)
{
    int index = 0, last = p->slice.max_merge_candidates - 1;
    if (last > 0 && hevc_bin(p, CTX_MERGE_IDX))
        for (index = 1; index < last && cabac_bypass(&p->cabac); index++)
            ;
    return index;
}

/* inter_pred_idc: bit 0 for list 0, bit 1 for list 1 */
static int used_lists(hevc_parser *p, const hevc_block *block)
{
    if (p->slice.type != HEVC_B_SLICE)
        return 1;
    int depth = p->frame.log2_ctb - p->unit.log2_size; /* CtDepth */
    if (block->width + block->height != 12 && hevc_bin(p, CTX_INTER_PRED + depth))
        return 3;
    return hevc_bin(p, CTX_INTER_PRED + 4) ? 2 : 1;
}

static int ref_idx(hevc_parser *p, int list)
{
    int last = p->slice.num_ref_idx[list] - 1, index = 0;
    while (index < last && index < 2 && hevc_bin(p, CTX_REF_IDX + index))
        index++;
    if (index == 2)
        while (index < last && cabac_bypass(&p->cabac))
            index++;
    return index;
}

/* abs_mvd_minus2 (of greater1) and mvd_sign_flag of a component that is not 0 */
static int mvd_component(hevc_parser *p, bool greater1)
{
    int value = 1;
    if (greater1) {
        int order = 1;
        for (value = 2; order < LONGEST_EG1 && cabac_bypass(&p->cabac); order++)
            value += 1 << order;
        if (order == LONGEST_EG1) {
            hevc_fail(p, HEVC_BAD_VECTOR);
            return 0;
        }
        value += (int)cabac_bypass_bins(&p->cabac, order);
    }
    return cabac_bypass(&p->cabac) ? -value : value;
}

/* 7.3.8.9 */
static void mvd_coding(hevc_parser *p, int difference[2])
{
    bool greater0[2], greater1[2] = {false, false};
    for (int i = 0; i < 2; i++)
        greater0[i] = hevc_bin(p, CTX_MVD_GREATER0);
    for (int i = 0; i < 2; i++)
        greater1[i] = greater0[i] && hevc_bin(p, CTX_MVD_GREATER1);
    for (int i = 0; i < 2; i++)
        difference[i] = greater0[i] ? mvd_component(p, greater1[i]) : 0;
}

static hevc_cell coded_vectors(hevc_parser *p, const hevc_block *block)
{
    hevc_cell cell = {.reference = {HEVC_NO_REFERENCE, HEVC_NO_REFERENCE}};
    int lists = used_lists(p, block), difference[2][2] = {{0, 0}, {0, 0}}, mvp_flag[2] = {0, 0};
    for (int list = 0; list < 2; list++) {
        if (!(lists >> list & 1))
            continue;
        cell.reference[list] = (int8_t)ref_idx(p, list);
        if (!(list == 1 && p->slice.mvd_l1_zero && lists == 3))
            mvd_coding(p, difference[list]);
        mvp_flag[list] = hevc_bin(p, CTX_MVP);
    }
    for (int list = 0; list < 2; list++) {
        if (!(lists >> list & 1))
            continue;
        hevc_vector vector =
            hevc_predict_vector(p, block, list, cell.reference[list], mvp_flag[list]);
        /* (8-94) to (8-97): modulo 2^16 */
        cell.vector[list].x = (int16_t)(uint16_t)(vector.x + difference[list][0]);
        cell.vector[list].y = (int16_t)(uint16_t)(vector.y + difference[list][1]);
    }
    return cell;
}

/* Rows of a width that the compiler knows. */
CABAC_INLINE void fill_rows(hevc_cell *row, int stride, int rows, int columns, hevc_cell cell)
{
    for (const hevc_cell *end = row + rows * stride; row < end; row += stride)
        for (int x = 0; x < columns; x++)
            row[x] = cell;
}

void hevc_fill_cells(hevc_parser *p, const hevc_block *block, const hevc_cell *cell)
{
    int rows = block->height >> 2, columns = block->width >> 2, stride = p->frame.cells_per_row;
    hevc_cell *row = p->frame.cells + (block->y >> 2) * stride + (block->x >> 2);
    switch (columns) {
    case 2:
        fill_rows(row, stride, rows, 2, *cell);
        break;
    case 4:
        fill_rows(row, stride, rows, 4, *cell);
        break;
    case 8:
        fill_rows(row, stride, rows, 8, *cell);
        break;
    case 16:
        fill_rows(row, stride, rows, 16, *cell);
        break;
    default:
        fill_rows(row, stride, rows, columns, *cell);
    }
}

bool hevc_prediction_unit(hevc_parser *p, const hevc_block *block, bool is_skipped)
{
    bool merge = is_skipped || hevc_bin(p, CTX_MERGE_FLAG);
    hevc_cell cell;
    if (merge) {
        cell = hevc_merge(p, block, merge_idx(p));
        /* 8x4 and 4x8 blocks are not predicted twice */
        if (cell.reference[0] >= 0 && cell.reference[1] >= 0 &&
            block->width + block->height == 12) {
            cell.reference[1] = HEVC_NO_REFERENCE;
            cell.vector[1] = (hevc_vector){0, 0};
        }
    } else {
        cell = coded_vectors(p, block);
    }
    hevc_fill_cells(p, block, &cell);
    if ((block->width | block->height) & 7)
        p->frame.has_small_blocks = true;
    return merge;
}
