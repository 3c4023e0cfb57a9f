/* Syntax elements of macroblocks: clause 7.3.5, by CABAC (9.3.2 and 9.3.3.1) or CAVLC (9.1).
 *
 * Everything is inlined into two readers, one for each: `cabac` is a constant there. */
#ifndef COMPRESSEDVIDEO_H264_ELEMENTS_H
#define COMPRESSEDVIDEO_H264_ELEMENTS_H

#include "h264_macroblocks.h"

/* First context of each element (Table 9-34). */
enum {
    CONTEXT_MB_TYPE_I = 3,
    CONTEXT_MB_SKIP_P = 11,
    CONTEXT_MB_TYPE_P = 14,
    CONTEXT_MB_TYPE_I_IN_P = 17,
    CONTEXT_SUB_MB_TYPE_P = 21,
    CONTEXT_MB_SKIP_B = 24,
    CONTEXT_MB_TYPE_B = 27,
    CONTEXT_MB_TYPE_I_IN_B = 32,
    CONTEXT_SUB_MB_TYPE_B = 36,
    CONTEXT_MVD_X = 40,
    CONTEXT_MVD_Y = 47,
    CONTEXT_REF_IDX = 54,
    CONTEXT_MB_QP_DELTA = 60,
    CONTEXT_CHROMA_MODE = 64,
    CONTEXT_PREV_INTRA_MODE = 68,
    CONTEXT_REM_INTRA_MODE = 69,
    CONTEXT_CBP_LUMA = 73,
    CONTEXT_CBP_CHROMA = 77,
    CONTEXT_TRANSFORM_8X8 = 399
};

CABAC_INLINE int decide(h264_reader *r, int context)
{
    return arithmetic_decision(&r->cabac, &r->contexts[context]);
}

/* How many of the neighbours to the left (1) and above (2) have a flag. */
CABAC_INLINE int left_has(const h264_reader *r, int flag)
{
    return r->has_left && (r->left->flags & flag);
}

CABAC_INLINE int above_has(const h264_reader *r, int flag)
{
    return r->has_above && (r->above->flags & flag);
}

CABAC_INLINE int neighbours_without(const h264_reader *r, int flag)
{
    return (r->has_left && !(r->left->flags & flag)) + (r->has_above && !(r->above->flags & flag));
}

/* A ue(v) that is at most `max`. */
CABAC_INLINE int limited_ue(h264_reader *r, uint32_t max, h264_status status)
{
    uint32_t value = rbsp_ue(&r->bits);
    if (value <= max)
        return (int)value;
    h264_fail(r, status);
    return 0;
}

/* ---------------------------------------------------------------- types */

CABAC_INLINE bool mb_skip_flag(h264_reader *r)
{
    return decide(r, (r->is_b ? CONTEXT_MB_SKIP_B : CONTEXT_MB_SKIP_P) +
                         neighbours_without(r, MB_SKIPPED));
}

enum { MB_TYPE_I_PCM = 25 }; /* Table 7-11: 0 I_NxN, then Intra_16x16 by its coefficients */

/* mb_type of an intra macroblock, Table 9-36; in P and B behind a prefix, without neighbours. */
static int cabac_intra_type(h264_reader *r, int context, bool in_i_slice)
{
    int step = in_i_slice;
    if (!decide(r, context + (in_i_slice ? neighbours_without(r, MB_I_NXN) : 0)))
        return 0;
    if (in_i_slice)
        context += 2;
    if (arithmetic_terminate(&r->cabac))
        return MB_TYPE_I_PCM;
    int type = 1 + 12 * decide(r, context + 1); /* luminance coefficients */
    if (decide(r, context + 2))                 /* chroma coefficients */
        type += 4 + 4 * decide(r, context + 2 + step);
    type += 2 * decide(r, context + 3 + step);
    return type + decide(r, context + 3 + 2 * step);
}

/* mb_type, an intra one behind `*intra`: -1 if it is not intra. */
CABAC_INLINE int mb_type_i(h264_reader *r, const bool cabac)
{
    return cabac ? cabac_intra_type(r, CONTEXT_MB_TYPE_I, true)
                 : limited_ue(r, MB_TYPE_I_PCM, H264_BAD_MB_TYPE);
}

enum { NUM_P_TYPES = 5, NUM_B_TYPES = 23 }; /* Tables 7-13 and 7-14; intra types follow */

/* Table 7-13: 0 16x16, 1 16x8, 2 8x16, 3 8x8, 4 8x8 without references; then intra. */
CABAC_INLINE int mb_type_p(h264_reader *r, const bool cabac)
{
    if (!cabac)
        return limited_ue(r, NUM_P_TYPES + MB_TYPE_I_PCM, H264_BAD_MB_TYPE);
    if (decide(r, CONTEXT_MB_TYPE_P))
        return NUM_P_TYPES + cabac_intra_type(r, CONTEXT_MB_TYPE_I_IN_P, false);
    if (!decide(r, CONTEXT_MB_TYPE_P + 1))
        return 3 * decide(r, CONTEXT_MB_TYPE_P + 2);
    return 2 - decide(r, CONTEXT_MB_TYPE_P + 3);
}

/* Table 7-14: 0 direct, 1 to 3 16x16, to 21 halves, 22 8x8; then intra. */
CABAC_INLINE int mb_type_b(h264_reader *r, const bool cabac)
{
    if (!cabac)
        return limited_ue(r, NUM_B_TYPES + MB_TYPE_I_PCM, H264_BAD_MB_TYPE);
    const int context = CONTEXT_MB_TYPE_B;
    if (!decide(r, context + neighbours_without(r, MB_DIRECT)))
        return 0;
    if (!decide(r, context + 3))
        return 1 + decide(r, context + 5);
    int code = decide(r, context + 4) << 3;
    code |= decide(r, context + 5) << 2;
    code |= decide(r, context + 5) << 1;
    code |= decide(r, context + 5);
    if (code < 8)
        return code + 3;
    if (code == 13)
        return NUM_B_TYPES + cabac_intra_type(r, CONTEXT_MB_TYPE_I_IN_B, false);
    if (code == 14)
        return 11;
    if (code == 15)
        return 22;
    return (code << 1 | decide(r, context + 5)) - 4;
}

/* Table 7-17: 0 8x8, 1 8x4, 2 4x8, 3 4x4. */
CABAC_INLINE int sub_mb_type_p(h264_reader *r, const bool cabac)
{
    if (!cabac)
        return limited_ue(r, 3, H264_BAD_SUB_MB_TYPE);
    if (decide(r, CONTEXT_SUB_MB_TYPE_P))
        return 0;
    if (!decide(r, CONTEXT_SUB_MB_TYPE_P + 1))
        return 1;
    return decide(r, CONTEXT_SUB_MB_TYPE_P + 2) ? 2 : 3;
}

/* Table 7-18: 0 direct, 1 to 3 8x8, to 9 halves, to 12 4x4. */
CABAC_INLINE int sub_mb_type_b(h264_reader *r, const bool cabac)
{
    if (!cabac)
        return limited_ue(r, 12, H264_BAD_SUB_MB_TYPE);
    const int context = CONTEXT_SUB_MB_TYPE_B;
    if (!decide(r, context))
        return 0;
    if (!decide(r, context + 1))
        return 1 + decide(r, context + 3);
    int type = 3;
    if (decide(r, context + 2)) {
        if (decide(r, context + 3))
            return 11 + decide(r, context + 3);
        type += 4;
    }
    type += 2 * decide(r, context + 3);
    return type + decide(r, context + 3);
}

CABAC_INLINE bool transform_size_8x8_flag(h264_reader *r, const bool cabac)
{
    if (!cabac)
        return rbsp_flag(&r->bits);
    return decide(r, CONTEXT_TRANSFORM_8X8 + !!left_has(r, MB_TRANSFORM_8X8) +
                         !!above_has(r, MB_TRANSFORM_8X8));
}

/* ---------------------------------------------------------------- intra prediction */

/* prev_intra4x4_pred_mode_flag and rem_intra4x4_pred_mode, or those of 8x8. */
CABAC_INLINE void intra_mode(h264_reader *r, const bool cabac)
{
    if (!cabac) {
        if (!rbsp_flag(&r->bits))
            rbsp_u(&r->bits, 3);
    } else if (!decide(r, CONTEXT_PREV_INTRA_MODE)) {
        for (int i = 0; i < 3; i++)
            decide(r, CONTEXT_REM_INTRA_MODE);
    }
}

CABAC_INLINE int intra_chroma_pred_mode(h264_reader *r, const bool cabac)
{
    if (!cabac)
        return limited_ue(r, 3, H264_BAD_CHROMA_MODE);
    if (!decide(r, CONTEXT_CHROMA_MODE + (r->has_left && r->left->chroma_mode) +
                       (r->has_above && r->above->chroma_mode)))
        return 0;
    if (!decide(r, CONTEXT_CHROMA_MODE + 3))
        return 1;
    return 2 + decide(r, CONTEXT_CHROMA_MODE + 3);
}

/* ---------------------------------------------------------------- inter prediction */

/* ref_idx_l0 or _l1 of an 8x8 block; 9.3.3.1.1.6: blocks around count whose index is above 0. */
CABAC_INLINE int ref_idx(h264_reader *r, int list, int block, const bool cabac)
{
    int count = r->num_ref_idx[list], index;
    if (count < 2)
        return 0;
    if (!cabac)
        return count == 2 ? !rbsp_flag(&r->bits)
                          : limited_ue(r, (uint32_t)count - 1, H264_BAD_REFERENCE);
    int here = r->current->reference_above_0[list];
    int left = block & 1       ? here >> (block - 1) & 1
               : !r->has_left  ? 0
                               : r->left->reference_above_0[list] >> (block + 1) & 1;
    int above = block & 2       ? here >> (block - 2) & 1
                : !r->has_above ? 0
                                : r->above->reference_above_0[list] >> (block + 2) & 1;
    int context = CONTEXT_REF_IDX + left + 2 * above;
    for (index = 0; decide(r, context); index++) {
        if (index + 1 >= count) {
            h264_fail(r, H264_BAD_REFERENCE);
            return 0;
        }
        context = CONTEXT_REF_IDX + (index == 0 ? 4 : 5);
    }
    return index;
}

/* One component of mvd_l0 or mvd_l1; `around`: the sum of its magnitudes to the left and above. */
static int cabac_mvd(h264_reader *r, int context, int around)
{
    enum { PREFIX = 9, FIRST_ORDER = 3, LAST_ORDER = 20 }; /* UEG3, 9.3.2.3 */
    arithmetic_decoder decoder = r->cabac; /* in registers */
    cabac_context *contexts = r->contexts + context;
    int magnitude = 0;
    if (arithmetic_decision(&decoder, contexts + (around > 2) + (around > 32))) {
        int step = 3;
        magnitude = 1;
        while (magnitude < PREFIX && arithmetic_decision(&decoder, contexts + step)) {
            magnitude++;
            if (step < 6)
                step++;
        }
        if (magnitude == PREFIX) {
            int order = FIRST_ORDER;
            for (; order < LAST_ORDER && arithmetic_bypass(&decoder); order++)
                magnitude += 1 << order;
            if (order == LAST_ORDER)
                h264_fail(r, H264_BAD_VECTOR);
            while (order-- > 0)
                magnitude += arithmetic_bypass(&decoder) << order;
        }
        if (arithmetic_bypass(&decoder))
            magnitude = -magnitude;
    }
    r->cabac = decoder;
    return magnitude;
}

/* ---------------------------------------------------------------- residual */

CABAC_INLINE bool has_subsampled_chroma(const h264_reader *r)
{
    return r->chroma == 1 || r->chroma == 2;
}

/* Luminance by 8x8 block in the low four bits, chroma above: 1 DC, 2 AC too. */
CABAC_INLINE int coded_block_pattern(h264_reader *r, bool intra, const bool cabac)
{
    if (!cabac)
        return has_subsampled_chroma(r)
                   ? H264_PATTERNS_WITH_CHROMA[limited_ue(r, 47, H264_BAD_PATTERN)][!intra]
                   : H264_PATTERNS_OF_LUMA[limited_ue(r, 15, H264_BAD_PATTERN)][!intra];
    /* contexts count the blocks without coefficients */
    int left = r->has_left ? r->left->coded_block_pattern : 0x0f;
    int above = r->has_above ? r->above->coded_block_pattern : 0x0f;
    const int luma = CONTEXT_CBP_LUMA;
    int pattern = decide(r, luma + !(left >> 1 & 1) + 2 * !(above >> 2 & 1));
    pattern |= decide(r, luma + !(pattern & 1) + 2 * !(above >> 3 & 1)) << 1;
    pattern |= decide(r, luma + !(left >> 3 & 1) + 2 * !(pattern & 1)) << 2;
    pattern |= decide(r, luma + !(pattern >> 2 & 1) + 2 * !(pattern >> 1 & 1)) << 3;
    if (!has_subsampled_chroma(r))
        return pattern;
    left = r->has_left ? left >> 4 : 0;
    above = r->has_above ? above >> 4 : 0;
    if (decide(r, CONTEXT_CBP_CHROMA + (left != 0) + 2 * (above != 0)))
        pattern |= 16 << decide(r, CONTEXT_CBP_CHROMA + 4 + (left == 2) + 2 * (above == 2));
    return pattern;
}

/* mb_qp_delta, within 7.4.5's limits. */
CABAC_INLINE int mb_qp_delta(h264_reader *r, const bool cabac)
{
    int limit = 26 + 3 * (r->slice->sps->bit_depth_luma - 8), delta;
    if (!cabac) {
        delta = rbsp_se(&r->bits);
    } else {
        int code = 0, context = CONTEXT_MB_QP_DELTA + r->last_qp_changed;
        for (; code <= 2 * limit && decide(r, context); code++)
            context = CONTEXT_MB_QP_DELTA + (code == 0 ? 2 : 3);
        delta = code & 1 ? (code + 1) / 2 : -(code / 2);
    }
    if (delta >= -limit && delta < limit)
        return delta;
    h264_fail(r, H264_BAD_QP);
    return 0;
}

#endif
