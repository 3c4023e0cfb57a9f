/* Coding tree units down to coding units: clauses 7.3.8.2 to 7.3.8.5 and 7.3.8.7. */
#include <string.h>

#include "hevc_parser.h"

enum { INTRA_PLANAR = 0, INTRA_DC = 1, INTRA_ANGULAR_26 = 26 };

/* 7.3.8.3 */
static void sample_adaptive_offset(hevc_parser *p)
{
    const hevc_sps *sps = p->frame.sps;
    if (!p->slice.sao_luma && !p->slice.sao_chroma)
        return;
    if ((p->has_left && hevc_bin(p, CTX_SAO_MERGE)) || (p->has_above && hevc_bin(p, CTX_SAO_MERGE)))
        return;
    enum { NOT_APPLIED, BAND };
    int type = NOT_APPLIED;
    int num_components = sps->chroma_format_idc == CHROMA_NONE ? 1 : 3;
    for (int component = 0; component < num_components; component++) {
        if (component == 0 ? !p->slice.sao_luma : !p->slice.sao_chroma)
            continue;
        if (component < 2) { /* Cr has the type of Cb */
            type = hevc_bin(p, CTX_SAO_TYPE);
            if (type)
                type = BAND + cabac_bypass(&p->cabac);
        }
        if (type == NOT_APPLIED)
            continue;
        int bit_depth = component == 0 ? sps->bit_depth_luma : sps->bit_depth_chroma;
        int most = (1 << ((bit_depth < 10 ? bit_depth : 10) - 5)) - 1, num_nonzero = 0;
        for (int i = 0; i < 4; i++) {
            int offset = 0;
            while (offset < most && cabac_bypass(&p->cabac))
                offset++;
            num_nonzero += offset > 0;
        }
        if (type == BAND)
            cabac_bypass_bins(&p->cabac, num_nonzero + 5); /* signs, sao_band_position */
        else if (component < 2)
            cabac_bypass_bins(&p->cabac, 2); /* sao_eo_class */
    }
}

/* 7.3.8.7 */
static void pcm_sample(hevc_parser *p, int log2_size)
{
    const hevc_sps *sps = p->frame.sps;
    size_t bits = (size_t)sps->pcm_bit_depth_luma << 2 * log2_size;
    if (sps->chroma_format_idc != CHROMA_NONE) /* both planes: 1/2, 1 or 2 times as many samples */
        bits += (size_t)sps->pcm_bit_depth_chroma << (2 * log2_size + sps->chroma_format_idc - 2);
    size_t size = (bits + 7) / 8;
    const uint8_t *data = cabac_byte(&p->cabac), *end = p->cabac.end;
    bool fits = data <= end && size <= (size_t)(end - data);
    if (!fits)
        hevc_fail(p, HEVC_OVERRUN);
    if (!cabac_start(&p->cabac, fits ? data + size : end, end))
        hevc_fail(p, HEVC_BAD_ARITHMETIC_CODE);
}

/* 8.4.2: the three likeliest modes, from those to the left and above. */
static void likely_modes(int left, int above, int modes[3])
{
    if (left != above) {
        modes[0] = left;
        modes[1] = above;
        modes[2] = left != INTRA_PLANAR && above != INTRA_PLANAR ? INTRA_PLANAR
                   : left != INTRA_DC && above != INTRA_DC       ? INTRA_DC
                                                                 : INTRA_ANGULAR_26;
    } else if (left <= INTRA_DC) {
        modes[0] = INTRA_PLANAR;
        modes[1] = INTRA_DC;
        modes[2] = INTRA_ANGULAR_26;
    } else {
        modes[0] = left;
        modes[1] = 2 + ((left + 29) & 31);
        modes[2] = 2 + ((left - 2 + 1) & 31);
    }
}

static void swap_if_greater(int *a, int *b)
{
    if (*a > *b) {
        int greater = *a;
        *a = *b;
        *b = greater;
    }
}

/* IntraPredModeY */
static int luma_mode(hevc_parser *p, bool is_likely, int x, int y)
{
    int mask = (1 << p->frame.log2_ctb) - 1, modes[3];
    int left = (x & mask) || p->has_left ? p->left_mode[(y & mask) >> 2] : INTRA_DC;
    int above = y & mask ? p->frame.above_mode[x >> 2] : INTRA_DC; /* of other CTBs: not kept */
    likely_modes(left, above, modes);
    if (is_likely) { /* mpm_idx */
        int index = 0;
        if (cabac_bypass(&p->cabac))
            index = 1 + cabac_bypass(&p->cabac);
        return modes[index];
    }
    int mode = (int)cabac_bypass_bins(&p->cabac, 5); /* rem_intra_luma_pred_mode */
    swap_if_greater(modes, modes + 1);
    swap_if_greater(modes, modes + 2);
    swap_if_greater(modes + 1, modes + 2);
    for (int i = 0; i < 3; i++)
        mode += mode >= modes[i];
    return mode;
}

/* `count` bytes, a power of 2 up to 16: a block's side in units of 4 or 8 pixels. */
static void fill(uint8_t *to, int value, int count)
{
    uint64_t eight = 0x0101010101010101u * (uint64_t)value;
    switch (count) {
    case 1:
        *to = (uint8_t)value;
        break;
    case 2:
        memcpy(to, &eight, 2);
        break;
    case 4:
        memcpy(to, &eight, 4);
        break;
    case 16:
        memcpy(to + 8, &eight, 8);
        /* fall through */
    default:
        memcpy(to, &eight, 8);
    }
}

static void keep_luma_mode(hevc_parser *p, int x, int y, int size, int mode)
{
    int mask = (1 << p->frame.log2_ctb) - 1;
    fill(p->left_mode + ((y & mask) >> 2), mode, size >> 2);
    fill(p->frame.above_mode + (x >> 2), mode, size >> 2);
}

/* 8.4.3: IntraPredModeC; *is_luma: intra_chroma_pred_mode is 4 */
static int chroma_mode(hevc_parser *p, int luma, bool *is_luma)
{
    static const uint8_t explicit_modes[4] = {INTRA_PLANAR, INTRA_ANGULAR_26, 10, INTRA_DC};
    static const uint8_t modes_422[35] = /* Table 8-3 */
        {0,  1,  2,  2,  2,  2,  3,  5,  7,  8,  10, 11, 13, 15, 16, 18, 19, 20,
         21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28, 29, 29, 30, 31};
    int mode = luma;
    *is_luma = !hevc_bin(p, CTX_CHROMA_MODE);
    if (!*is_luma) {
        mode = explicit_modes[cabac_bypass_bins(&p->cabac, 2)];
        mode = mode == luma ? 34 : mode;
    }
    return p->frame.sps->chroma_format_idc == CHROMA_422 ? modes_422[mode] : mode;
}

static void intra_modes(hevc_parser *p)
{
    hevc_coding_unit *unit = &p->unit;
    int format = p->frame.sps->chroma_format_idc;
    int count = unit->intra_split ? 4 : 1;
    int size = (1 << unit->log2_size) >> unit->intra_split;
    bool is_likely[4]; /* prev_intra_luma_pred_flag */
    for (int i = 0; i < count; i++)
        is_likely[i] = hevc_bin(p, CTX_PREV_INTRA);
    for (int i = 0; i < count; i++) {
        int x = unit->x + (i & 1) * size, y = unit->y + (i >> 1) * size;
        unit->luma_mode[i] = luma_mode(p, is_likely[i], x, y);
        keep_luma_mode(p, x, y, size, unit->luma_mode[i]);
    }
    if (format == CHROMA_NONE)
        return;
    for (int i = 0; i < (format == CHROMA_444 ? count : 1); i++)
        unit->chroma_mode[i] = chroma_mode(p, unit->luma_mode[i], &unit->chroma_is_luma[i]);
}

/* part_mode of an inter coding unit, Table 9-43 */
static int inter_part_mode(hevc_parser *p)
{
    const hevc_sps *sps = p->frame.sps;
    int log2_size = p->unit.log2_size;
    if (hevc_bin(p, CTX_PART_MODE))
        return PART_2Nx2N;
    bool is_horizontal = hevc_bin(p, CTX_PART_MODE + 1);
    if (log2_size == sps->log2_min_cb) {
        if (is_horizontal)
            return PART_2NxN;
        return log2_size == 3 || hevc_bin(p, CTX_PART_MODE + 2) ? PART_Nx2N : PART_NxN;
    }
    if (!sps->amp || hevc_bin(p, CTX_PART_MODE + 3))
        return is_horizontal ? PART_2NxN : PART_Nx2N;
    return (is_horizontal ? PART_2NxnU : PART_nLx2N) + cabac_bypass(&p->cabac);
}

/* The prediction units of an inter coding unit; returns merge_flag of the last. */
static bool prediction_units(hevc_parser *p)
{
    /* Where the second block begins, in quarters of the coding unit; 0: nowhere */
    static const uint8_t split_x[8] = {0, 0, 2, 2, 0, 0, 1, 3};
    static const uint8_t split_y[8] = {0, 2, 0, 2, 1, 3, 0, 0};
    const hevc_coding_unit *unit = &p->unit;
    int size = 1 << unit->log2_size, index = 0;
    int at_x = split_x[unit->part_mode] * size / 4, at_y = split_y[unit->part_mode] * size / 4;
    bool merge = false;
    for (int below = 0; below <= (at_y > 0); below++) {
        for (int right = 0; right <= (at_x > 0); right++, index++) {
            hevc_block block = {
                .x = unit->x + (right ? at_x : 0),
                .y = unit->y + (below ? at_y : 0),
                .width = right ? size - at_x : at_x > 0 ? at_x : size,
                .height = below ? size - at_y : at_y > 0 ? at_y : size,
                .index = index,
            };
            merge = hevc_prediction_unit(p, &block, false);
        }
    }
    return merge;
}

static void keep_skip_and_depth(hevc_parser *p, bool is_skipped, int depth)
{
    int mask = (1 << p->frame.log2_ctb) - 1, y = (p->unit.y & mask) >> 3, x = p->unit.x >> 3;
    int size = (1 << p->unit.log2_size) >> 3;
    fill(p->left_depth + y, depth, size);
    fill(p->frame.above_depth + x, depth, size);
    fill(p->left_skip + y, is_skipped, size);
    fill(p->frame.above_skip + x, is_skipped, size);
}

/* 7.3.8.5 */
static void coding_unit(hevc_parser *p, int x, int y, int log2_size, int depth)
{
    const hevc_sps *sps = p->frame.sps;
    hevc_coding_unit *unit = &p->unit;
    int size = 1 << log2_size, mask = (1 << p->frame.log2_ctb) - 1;
    unit->x = x;
    unit->y = y;
    unit->log2_size = log2_size;
    unit->part_mode = PART_2Nx2N;
    unit->intra_split = unit->inter_split = false;
    unit->is_intra = p->slice.type == HEVC_I_SLICE;
    unit->transquant_bypass = p->frame.pps->transquant_bypass && hevc_bin(p, CTX_TRANSQUANT_BYPASS);
    bool is_skipped = false;
    if (!unit->is_intra) {
        int left = (x & mask) || p->has_left ? p->left_skip[(y & mask) >> 3] : 0;
        int above = (y & mask) || p->has_above ? p->frame.above_skip[x >> 3] : 0;
        is_skipped = hevc_bin(p, CTX_SKIP + left + above);
    }
    keep_skip_and_depth(p, is_skipped, depth);
    if (is_skipped) {
        keep_luma_mode(p, x, y, size, INTRA_DC);
        hevc_prediction_unit(p, &(hevc_block){x, y, size, size, 0}, true);
        return;
    }
    if (!unit->is_intra)
        unit->is_intra = hevc_bin(p, CTX_PRED_MODE);
    bool merge = false;
    if (unit->is_intra) {
        static const hevc_cell none = {.reference = {HEVC_NO_REFERENCE, HEVC_NO_REFERENCE}};
        hevc_fill_cells(p, &(hevc_block){x, y, size, size, 0}, &none);
        if (log2_size == sps->log2_min_cb)
            unit->intra_split = !hevc_bin(p, CTX_PART_MODE);
        if (!unit->intra_split && sps->pcm && log2_size >= sps->log2_min_pcm &&
            log2_size <= sps->log2_max_pcm && cabac_terminate(&p->cabac)) { /* pcm_flag */
            pcm_sample(p, log2_size);
            keep_luma_mode(p, x, y, size, INTRA_DC);
            return;
        }
        intra_modes(p);
        unit->max_transform_depth = sps->max_transform_hierarchy_depth_intra + unit->intra_split;
    } else {
        keep_luma_mode(p, x, y, size, INTRA_DC);
        unit->part_mode = inter_part_mode(p);
        merge = prediction_units(p);
        unit->max_transform_depth = sps->max_transform_hierarchy_depth_inter;
        unit->inter_split = sps->max_transform_hierarchy_depth_inter == 0 &&
                            unit->part_mode != PART_2Nx2N;
    }
    bool is_merged_whole = !unit->is_intra && unit->part_mode == PART_2Nx2N && merge;
    if (unit->is_intra || is_merged_whole || hevc_bin(p, CTX_ROOT_CBF)) /* rqt_root_cbf */
        hevc_transform_tree(p);
}

/* 7.3.8.4 */
static void coding_quadtree(hevc_parser *p, int x, int y, int log2_size, int depth)
{
    const hevc_sps *sps = p->frame.sps;
    int size = 1 << log2_size, mask = (1 << p->frame.log2_ctb) - 1;
    bool split = log2_size > sps->log2_min_cb;
    if (split && x + size <= sps->width && y + size <= sps->height) {
        int deeper = 0; /* neighbours that are split more */
        if ((x & mask) || p->has_left)
            deeper += p->left_depth[(y & mask) >> 3] > depth;
        if ((y & mask) || p->has_above)
            deeper += p->frame.above_depth[x >> 3] > depth;
        split = hevc_bin(p, CTX_SPLIT_CU + deeper);
    }
    if (p->frame.pps->cu_qp_delta &&
        log2_size >= sps->log2_ctb - p->frame.pps->diff_cu_qp_delta_depth)
        p->is_qp_delta_coded = false;
    if (p->slice.cu_chroma_qp_offset &&
        log2_size >= sps->log2_ctb - p->frame.pps->diff_cu_chroma_qp_offset_depth)
        p->is_chroma_qp_offset_coded = false;
    if (!split) {
        coding_unit(p, x, y, log2_size, depth);
        return;
    }
    for (int i = 0; i < 4; i++) {
        int at_x = x + (i & 1) * size / 2, at_y = y + (i >> 1) * size / 2;
        if (at_x < sps->width && at_y < sps->height)
            coding_quadtree(p, at_x, at_y, log2_size - 1, depth + 1);
    }
}

void hevc_coding_tree_unit(hevc_parser *p)
{
    sample_adaptive_offset(p);
    p->is_qp_delta_coded = false;
    coding_quadtree(p, p->ctb_x << p->frame.log2_ctb, p->ctb_y << p->frame.log2_ctb,
                    p->frame.log2_ctb, 0);
}
