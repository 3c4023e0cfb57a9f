/* Context variables: clauses 9.3.1, 9.3.2.2 and 9.3.4.2. */
#ifndef COMPRESSEDVIDEO_HEVC_CONTEXTS_H
#define COMPRESSEDVIDEO_HEVC_CONTEXTS_H

#include "cabac.h"
#include "hevc_slice.h"

/* Where the contexts of each syntax element begin. */
enum {
    CTX_SAO_MERGE = 0, /* sao_merge_left_flag, sao_merge_up_flag */
    CTX_SAO_TYPE = CTX_SAO_MERGE + 1, /* sao_type_idx_luma, _chroma */
    CTX_SPLIT_CU = CTX_SAO_TYPE + 1, /* split_cu_flag */
    CTX_TRANSQUANT_BYPASS = CTX_SPLIT_CU + 3, /* cu_transquant_bypass_flag */
    CTX_SKIP = CTX_TRANSQUANT_BYPASS + 1, /* cu_skip_flag */
    CTX_PRED_MODE = CTX_SKIP + 3, /* pred_mode_flag */
    CTX_PART_MODE = CTX_PRED_MODE + 1, /* part_mode */
    CTX_PREV_INTRA = CTX_PART_MODE + 4, /* prev_intra_luma_pred_flag */
    CTX_CHROMA_MODE = CTX_PREV_INTRA + 1, /* intra_chroma_pred_mode */
    CTX_MERGE_FLAG = CTX_CHROMA_MODE + 1, /* merge_flag */
    CTX_MERGE_IDX = CTX_MERGE_FLAG + 1, /* merge_idx */
    CTX_INTER_PRED = CTX_MERGE_IDX + 1, /* inter_pred_idc */
    CTX_REF_IDX = CTX_INTER_PRED + 5, /* ref_idx_l0, ref_idx_l1 */
    CTX_MVP = CTX_REF_IDX + 2, /* mvp_l0_flag, mvp_l1_flag */
    CTX_ROOT_CBF = CTX_MVP + 1, /* rqt_root_cbf */
    CTX_SPLIT_TRANSFORM = CTX_ROOT_CBF + 1, /* split_transform_flag */
    CTX_CBF_LUMA = CTX_SPLIT_TRANSFORM + 3, /* cbf_luma */
    CTX_CBF_CHROMA = CTX_CBF_LUMA + 2, /* cbf_cb, cbf_cr */
    CTX_MVD_GREATER0 = CTX_CBF_CHROMA + 5, /* abs_mvd_greater0_flag */
    CTX_MVD_GREATER1 = CTX_MVD_GREATER0 + 1, /* abs_mvd_greater1_flag */
    CTX_QP_DELTA = CTX_MVD_GREATER1 + 1, /* cu_qp_delta_abs */
    CTX_TRANSFORM_SKIP = CTX_QP_DELTA + 2, /* transform_skip_flag */
    CTX_LAST_X = CTX_TRANSFORM_SKIP + 2, /* last_sig_coeff_x_prefix */
    CTX_LAST_Y = CTX_LAST_X + 18, /* last_sig_coeff_y_prefix */
    CTX_CODED_SUB_BLOCK = CTX_LAST_Y + 18, /* coded_sub_block_flag */
    CTX_SIGNIFICANT = CTX_CODED_SUB_BLOCK + 4, /* sig_coeff_flag */
    CTX_GREATER1 = CTX_SIGNIFICANT + 42, /* coeff_abs_level_greater1_flag */
    CTX_GREATER2 = CTX_GREATER1 + 24, /* coeff_abs_level_greater2_flag */
    CTX_SIGNIFICANT_SKIP = CTX_GREATER2 + 6, /* sig_coeff_flag without transform */
    CTX_RDPCM = CTX_SIGNIFICANT_SKIP + 2, /* explicit_rdpcm_flag */
    CTX_RDPCM_DIRECTION = CTX_RDPCM + 2, /* explicit_rdpcm_dir_flag */
    CTX_RES_SCALE = CTX_RDPCM_DIRECTION + 2, /* log2_res_scale_abs_plus1 */
    CTX_RES_SCALE_SIGN = CTX_RES_SCALE + 8, /* res_scale_sign_flag */
    CTX_CHROMA_QP_OFFSET = CTX_RES_SCALE_SIGN + 2, /* cu_chroma_qp_offset_flag */
    CTX_CHROMA_QP_OFFSET_IDX = CTX_CHROMA_QP_OFFSET + 1, /* cu_chroma_qp_offset_idx */
    NUM_CONTEXTS = CTX_CHROMA_QP_OFFSET_IDX + 1
};

typedef struct {
    uint8_t state[NUM_CONTEXTS]; /* pStateIdx << 1 | valMps */
    uint8_t rice[4];             /* StatCoeff of persistent_rice_adaptation */
} hevc_contexts;

/* 9.3.2.2: what a slice starts with. */
void hevc_init_contexts(hevc_contexts *contexts, const hevc_slice *slice);

#endif
