/* Transform trees and units: clauses 7.3.8.8, 7.3.8.10, 7.3.8.12 and 7.3.8.14. */
#include "hevc_parser.h"

/* cbf_cb and cbf_cr: bit 0 for the block, in 4:2:2 bit 1 for the lower of two. */
typedef struct {
    int cb, cr;
} chroma_flags;

/* 9.3.3.10 and 7.3.8.14 */
static void cu_qp_delta(hevc_parser *p)
{
    enum { PREFIX = 5, LONGEST_EG0 = 16 };
    int value = 0;
    if (hevc_bin(p, CTX_QP_DELTA))
        for (value = 1; value < PREFIX && hevc_bin(p, CTX_QP_DELTA + 1); value++)
            ;
    if (value == PREFIX) {
        int order = 0;
        while (order < LONGEST_EG0 && cabac_bypass(&p->cabac))
            order++;
        cabac_bypass_bins(&p->cabac, order);
    }
    if (value > 0)
        cabac_bypass(&p->cabac); /* cu_qp_delta_sign_flag */
    p->is_qp_delta_coded = true;
}

static void cu_chroma_qp_offset(hevc_parser *p)
{
    int last = p->frame.pps->chroma_qp_offset_list_len - 1;
    if (hevc_bin(p, CTX_CHROMA_QP_OFFSET) && last > 0)
        for (int i = 0; i < last && hevc_bin(p, CTX_CHROMA_QP_OFFSET_IDX); i++)
            ;
    p->is_chroma_qp_offset_coded = true;
}

/* 7.3.8.12 */
static void cross_comp_pred(hevc_parser *p, int component)
{
    int scale = 0;
    while (scale < 4 && hevc_bin(p, CTX_RES_SCALE + 4 * component + scale))
        scale++;
    if (scale > 0)
        hevc_bin(p, CTX_RES_SCALE_SIGN + component);
}

/* scanIdx of an intra block: across the direction of prediction; 7.4.9.11 */
static int scan_of_mode(int mode)
{
    return mode >= 6 && mode <= 14    ? HEVC_VERTICAL
           : mode >= 22 && mode <= 30 ? HEVC_HORIZONTAL
                                      : HEVC_DIAGONAL;
}

static void chroma_blocks(hevc_parser *p, int flags, int log2_size, int scan, int mode)
{
    for (; flags; flags >>= 1)
        if (flags & 1)
            hevc_residual_coding(p, log2_size, true, scan, mode);
}

/* 7.3.8.10; index: of the block among its parent's four; quarter: of the coding unit's four. */
static void transform_unit(hevc_parser *p, int log2_size, int index, int quarter, bool luma,
                           chroma_flags chroma)
{
    const hevc_coding_unit *unit = &p->unit;
    const int format = p->frame.sps->chroma_format_idc;
    if (p->frame.pps->cu_qp_delta && !p->is_qp_delta_coded)
        cu_qp_delta(p);
    if (p->slice.cu_chroma_qp_offset && (chroma.cb || chroma.cr) && !unit->transquant_bypass &&
        !p->is_chroma_qp_offset_coded)
        cu_chroma_qp_offset(p);
    const int part = unit->intra_split ? quarter : 0;
    if (luma) {
        int mode = unit->is_intra ? unit->luma_mode[part] : -1;
        bool by_mode = unit->is_intra && log2_size <= 3;
        int scan = by_mode ? scan_of_mode(mode) : HEVC_DIAGONAL;
        hevc_residual_coding(p, log2_size, false, scan, mode);
    }
    if (format == CHROMA_NONE)
        return;
    const int chroma_part = format == CHROMA_444 ? part : 0;
    const int mode = unit->is_intra ? unit->chroma_mode[chroma_part] : -1;
    if (log2_size > 2 || format == CHROMA_444) {
        int log2_chroma = format == CHROMA_444 ? log2_size : log2_size - 1;
        bool by_mode = unit->is_intra && log2_chroma <= (format == CHROMA_444 ? 3 : 2);
        int scan = by_mode ? scan_of_mode(mode) : HEVC_DIAGONAL;
        bool cross = p->frame.pps->cross_component_prediction && luma && format == CHROMA_444 &&
                     (!unit->is_intra || unit->chroma_is_luma[chroma_part]);
        if (cross)
            cross_comp_pred(p, 0);
        chroma_blocks(p, chroma.cb, log2_chroma, scan, mode);
        if (cross)
            cross_comp_pred(p, 1);
        chroma_blocks(p, chroma.cr, log2_chroma, scan, mode);
    } else if (index == 3) { /* the chroma of four 4x4 blocks together */
        int scan = unit->is_intra ? scan_of_mode(mode) : HEVC_DIAGONAL;
        chroma_blocks(p, chroma.cb, 2, scan, mode);
        chroma_blocks(p, chroma.cr, 2, scan, mode);
    }
}

static int cbf_chroma(hevc_parser *p, int depth, bool has_two)
{
    int flags = hevc_bin(p, CTX_CBF_CHROMA + depth);
    if (has_two)
        flags |= hevc_bin(p, CTX_CBF_CHROMA + depth) << 1;
    return flags;
}

static void transform_tree(hevc_parser *p, int log2_size, int depth, int index, int quarter,
                           chroma_flags parent)
{
    const hevc_coding_unit *unit = &p->unit;
    const hevc_sps *sps = p->frame.sps;
    const int format = sps->chroma_format_idc;
    bool intra_split = unit->intra_split && depth == 0, split;
    if (log2_size <= sps->log2_max_tb && log2_size > sps->log2_min_tb &&
        depth < unit->max_transform_depth && !intra_split)
        split = hevc_bin(p, CTX_SPLIT_TRANSFORM + 5 - log2_size);
    else
        split = log2_size > sps->log2_max_tb || intra_split || (unit->inter_split && depth == 0);
    chroma_flags chroma = {0, 0};
    if (format != CHROMA_NONE && (log2_size > 2 || format == CHROMA_444)) {
        bool has_two = format == CHROMA_422 && (!split || log2_size == 3);
        if (parent.cb)
            chroma.cb = cbf_chroma(p, depth, has_two);
        if (parent.cr)
            chroma.cr = cbf_chroma(p, depth, has_two);
    } else if (format != CHROMA_NONE && depth > 0) {
        chroma = parent; /* 4x4 luma blocks: the flags are their parent's */
    }
    if (split) {
        for (int i = 0; i < 4; i++)
            transform_tree(p, log2_size - 1, depth + 1, i, depth == 0 ? i : quarter, chroma);
        return;
    }
    bool luma = true;
    if (unit->is_intra || depth > 0 || chroma.cb || chroma.cr)
        luma = hevc_bin(p, CTX_CBF_LUMA + (depth == 0));
    if (luma || chroma.cb || chroma.cr)
        transform_unit(p, log2_size, index, quarter, luma, chroma);
}

void hevc_transform_tree(hevc_parser *p)
{
    transform_tree(p, p->unit.log2_size, 0, 0, 0, (chroma_flags){1, 1});
}
