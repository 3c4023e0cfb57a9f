/* Sequence and picture parameter sets: clauses 7.3.2.2, 7.3.2.3, 7.3.3 and 7.3.4. */
#include "hevc_parameters.h"

enum { CHROMA_420 = 1, CHROMA_422 = 2, CHROMA_444 = 3 };
enum { MAX_LUMA_SAMPLES = 8192 * 4320, MAX_SIDE = 16888 }; /* of level 6.2: clause A.4.1 */
enum { MAIN_STILL_PICTURE = 3 }; /* profiles up to this one have no extension */

/* 7.3.3; returns general_profile_idc. */
static int profile_tier_level(rbsp_reader *bits, int max_sub_layers_minus1)
{
    hevc_skip(bits, 2 + 1); /* general_profile_space, general_tier_flag */
    int profile = (int)rbsp_u(bits, 5);
    hevc_skip(bits, 32 + 48 + 8); /* compatibility flags, constraint flags, general_level_idc */
    bool has_profile[8] = {false}, has_level[8] = {false};
    for (int i = 0; i < max_sub_layers_minus1; i++) {
        has_profile[i] = rbsp_flag(bits);
        has_level[i] = rbsp_flag(bits);
    }
    if (max_sub_layers_minus1 > 0)
        hevc_skip(bits, 2 * (8 - max_sub_layers_minus1)); /* reserved_zero_2bits */
    for (int i = 0; i < max_sub_layers_minus1; i++)
        hevc_skip(bits, 88 * has_profile[i] + 8 * has_level[i]);
    return profile;
}

/* 7.3.4 */
static void scaling_list_data(rbsp_reader *bits)
{
    for (int size = 0; size < 4; size++) {
        int num_coefficients = size == 0 ? 16 : 64;
        for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
            if (!rbsp_flag(bits)) { /* scaling_list_pred_mode_flag */
                rbsp_ue(bits);      /* scaling_list_pred_matrix_id_delta */
                continue;
            }
            hevc_skip_ue(bits, (size > 1) + num_coefficients); /* dc and delta coefficients */
        }
    }
}

/* 7.3.2.2.2 */
static hevc_status sps_range_extension(rbsp_reader *bits, hevc_sps *sps)
{
    hevc_skip(bits, 1); /* transform_skip_rotation_enabled_flag */
    sps->transform_skip_context = rbsp_flag(bits);
    sps->implicit_rdpcm = rbsp_flag(bits);
    sps->explicit_rdpcm = rbsp_flag(bits);
    bool extended_precision = rbsp_flag(bits);
    hevc_skip(bits, 2); /* intra_smoothing_disabled_flag, high_precision_offsets_enabled_flag */
    sps->persistent_rice = rbsp_flag(bits);
    bool bypass_alignment = rbsp_flag(bits);
    return extended_precision ? HEVC_EXTENDED_PRECISION
           : bypass_alignment ? HEVC_BYPASS_ALIGNMENT
                              : HEVC_OK;
}

/* Coding block and transform sizes, 7.4.3.2.1. */
static bool read_block_sizes(rbsp_reader *bits, hevc_sps *sps)
{
    sps->log2_min_cb = 3 + hevc_read_ue(bits, 3);
    sps->log2_ctb = sps->log2_min_cb + hevc_read_ue(bits, 3);
    sps->log2_min_tb = 2 + hevc_read_ue(bits, 3);
    sps->log2_max_tb = sps->log2_min_tb + hevc_read_ue(bits, 3);
    if (sps->log2_ctb < 4 || sps->log2_ctb > 6 || sps->log2_min_tb >= sps->log2_min_cb ||
        sps->log2_max_tb > 5 || sps->log2_max_tb > sps->log2_ctb)
        return false;
    int mask = (1 << sps->log2_min_cb) - 1;
    if ((sps->width | sps->height) & mask)
        return false;
    uint32_t depth = (uint32_t)(sps->log2_ctb - sps->log2_min_tb);
    sps->max_transform_hierarchy_depth_inter = hevc_read_ue(bits, depth);
    sps->max_transform_hierarchy_depth_intra = hevc_read_ue(bits, depth);
    sps->ctb_columns = (sps->width + (1 << sps->log2_ctb) - 1) >> sps->log2_ctb;
    sps->ctb_rows = (sps->height + (1 << sps->log2_ctb) - 1) >> sps->log2_ctb;
    return true;
}

static bool read_pcm(rbsp_reader *bits, hevc_sps *sps)
{
    sps->pcm_bit_depth_luma = (int)rbsp_u(bits, 4) + 1;
    sps->pcm_bit_depth_chroma = (int)rbsp_u(bits, 4) + 1;
    sps->log2_min_pcm = 3 + hevc_read_ue(bits, 2);
    sps->log2_max_pcm = sps->log2_min_pcm + hevc_read_ue(bits, 2);
    hevc_skip(bits, 1); /* pcm_loop_filter_disabled_flag */
    return sps->log2_max_pcm <= 5;
}

static bool read_reference_sets(rbsp_reader *bits, hevc_sps *sps)
{
    sps->num_sets = hevc_read_ue(bits, HEVC_MAX_SETS);
    for (int i = 0; i < sps->num_sets; i++)
        if (rbsp_overrun(bits) ||
            !hevc_read_reference_set(bits, sps->sets + i, i, sps->num_sets, sps->sets))
            return false;
    sps->long_term_ref_pics = rbsp_flag(bits);
    sps->num_long_term = sps->long_term_ref_pics ? hevc_read_ue(bits, HEVC_MAX_LONG_TERM) : 0;
    for (int i = 0; i < sps->num_long_term; i++) {
        sps->long_term_poc_lsb[i] = (int32_t)rbsp_u(bits, sps->log2_max_poc_lsb);
        sps->long_term_used[i] = rbsp_flag(bits);
    }
    return true;
}

/* The conformance window, in pixels. */
static bool read_window(rbsp_reader *bits, hevc_sps *sps)
{
    int format = sps->chroma_format_idc;
    int unit_x = format == CHROMA_420 || format == CHROMA_422 ? 2 : 1;
    int unit_y = format == CHROMA_420 ? 2 : 1;
    sps->crop_left = unit_x * hevc_read_ue(bits, MAX_SIDE);
    sps->crop_right = unit_x * hevc_read_ue(bits, MAX_SIDE);
    sps->crop_top = unit_y * hevc_read_ue(bits, MAX_SIDE);
    sps->crop_bottom = unit_y * hevc_read_ue(bits, MAX_SIDE);
    return sps->crop_left + sps->crop_right < sps->width &&
           sps->crop_top + sps->crop_bottom < sps->height;
}

/* VUI and extensions.  Of the profiles up to Main Still Picture no extension may change how slices
 * are read; encoders write broken VUIs, which must not hurt there. */
static hevc_status read_sps_end(rbsp_reader *bits, hevc_sps *sps, int profile,
                                int max_sub_layers_minus1)
{
    sps->field_seq = rbsp_flag(bits) && hevc_read_vui(bits, max_sub_layers_minus1);
    if (profile >= 1 && profile <= MAIN_STILL_PICTURE) {
        sps->field_seq = sps->field_seq && !rbsp_overrun(bits);
        return HEVC_OK;
    }
    hevc_status status = HEVC_OK;
    if (rbsp_flag(bits)) { /* sps_extension_present_flag */
        bool range = rbsp_flag(bits);
        hevc_skip(bits, 2); /* sps_multilayer_extension_flag, sps_3d_extension_flag: of other layers */
        bool screen_content = rbsp_flag(bits);
        hevc_skip(bits, 4);
        status = range ? sps_range_extension(bits, sps) : HEVC_OK;
        if (screen_content)
            status = HEVC_SCREEN_CONTENT;
    }
    return rbsp_overrun(bits) ? HEVC_BAD_SPS : status;
}

static hevc_status read_sps(rbsp_reader *bits, hevc_sps *sps, int *id)
{
    hevc_skip(bits, 4); /* sps_video_parameter_set_id */
    int max_sub_layers_minus1 = (int)rbsp_u(bits, 3);
    hevc_skip(bits, 1); /* sps_temporal_id_nesting_flag */
    if (max_sub_layers_minus1 > 6)
        return HEVC_BAD_SPS;
    sps->max_sub_layers = max_sub_layers_minus1 + 1;
    int profile = profile_tier_level(bits, max_sub_layers_minus1);
    *id = hevc_read_ue(bits, HEVC_MAX_SPS - 1);
    sps->chroma_format_idc = hevc_read_ue(bits, 3);
    bool separate_planes = sps->chroma_format_idc == CHROMA_444 && rbsp_flag(bits);
    uint32_t width = rbsp_ue(bits), height = rbsp_ue(bits);
    if (rbsp_overrun(bits) || width == 0 || height == 0)
        return HEVC_BAD_SPS;
    if (separate_planes)
        return HEVC_SEPARATE_PLANES;
    if (width > MAX_SIDE || height > MAX_SIDE || (uint64_t)width * height > MAX_LUMA_SAMPLES)
        return HEVC_TOO_LARGE;
    sps->width = (int)width;
    sps->height = (int)height;
    if (rbsp_flag(bits) && !read_window(bits, sps)) /* conformance_window_flag */
        return HEVC_BAD_SPS;
    sps->bit_depth_luma = 8 + hevc_read_ue(bits, 8);
    sps->bit_depth_chroma = 8 + hevc_read_ue(bits, 8);
    sps->log2_max_poc_lsb = 4 + hevc_read_ue(bits, 12);
    bool all_sub_layers = rbsp_flag(bits); /* sps_sub_layer_ordering_info_present_flag */
    hevc_skip_ue(bits, all_sub_layers ? 3 * sps->max_sub_layers : 3);
    if (rbsp_overrun(bits) || !read_block_sizes(bits, sps))
        return HEVC_BAD_SPS;
    if (rbsp_flag(bits) && rbsp_flag(bits)) /* scaling_list_enabled_flag, ..._data_present_flag */
        scaling_list_data(bits);
    sps->amp = rbsp_flag(bits);
    sps->sao = rbsp_flag(bits);
    sps->pcm = rbsp_flag(bits);
    if ((sps->pcm && !read_pcm(bits, sps)) || !read_reference_sets(bits, sps))
        return HEVC_BAD_SPS;
    sps->temporal_mvp = rbsp_flag(bits);
    hevc_skip(bits, 1); /* strong_intra_smoothing_enabled_flag */
    if (rbsp_overrun(bits))
        return HEVC_BAD_SPS;
    return read_sps_end(bits, sps, profile, max_sub_layers_minus1);
}

void hevc_read_sps(rbsp_reader *bits, hevc_sps *sps, int *id)
{
    *sps = (hevc_sps){.status = HEVC_OK};
    *id = -1;
    sps->status = read_sps(bits, sps, id);
}

/* ---------------------------------------------------------------- picture parameter set */

static bool read_tiles(rbsp_reader *bits, hevc_pps *pps)
{
    pps->num_tile_columns = hevc_read_ue(bits, HEVC_MAX_TILE_COLUMNS - 1) + 1;
    pps->num_tile_rows = hevc_read_ue(bits, HEVC_MAX_TILE_ROWS - 1) + 1;
    pps->uniform_spacing = rbsp_flag(bits);
    if (!pps->uniform_spacing) {
        for (int i = 0; i < pps->num_tile_columns - 1; i++)
            pps->tile_column_widths[i] = hevc_read_ue(bits, MAX_SIDE) + 1;
        for (int i = 0; i < pps->num_tile_rows - 1; i++)
            pps->tile_row_heights[i] = hevc_read_ue(bits, MAX_SIDE) + 1;
    }
    hevc_skip(bits, 1); /* loop_filter_across_tiles_enabled_flag */
    return !rbsp_overrun(bits);
}

/* 7.3.2.3.2 */
static void pps_range_extension(rbsp_reader *bits, hevc_pps *pps)
{
    if (pps->transform_skip)
        pps->log2_max_transform_skip = 2 + hevc_read_ue(bits, 3);
    pps->cross_component_prediction = rbsp_flag(bits);
    pps->chroma_qp_offset_list = rbsp_flag(bits);
    if (pps->chroma_qp_offset_list) {
        pps->diff_cu_chroma_qp_offset_depth = hevc_read_ue(bits, 3);
        pps->chroma_qp_offset_list_len = hevc_read_ue(bits, 5) + 1;
        hevc_skip_ue(bits, 2 * pps->chroma_qp_offset_list_len);
    }
    hevc_skip_ue(bits, 2); /* log2_sao_offset_scale_luma, _chroma */
}

static hevc_status read_pps(rbsp_reader *bits, hevc_pps *pps, int *id)
{
    *id = hevc_read_ue(bits, HEVC_MAX_PPS - 1);
    pps->sps = hevc_read_ue(bits, HEVC_MAX_SPS - 1);
    pps->dependent_slice_segments = rbsp_flag(bits);
    pps->output_flag_present = rbsp_flag(bits);
    pps->num_extra_slice_header_bits = (int)rbsp_u(bits, 3);
    pps->sign_data_hiding = rbsp_flag(bits);
    pps->cabac_init_present = rbsp_flag(bits);
    pps->num_ref_idx_default[0] = hevc_read_ue(bits, 14) + 1;
    pps->num_ref_idx_default[1] = hevc_read_ue(bits, 14) + 1;
    pps->init_qp = 26 + rbsp_se(bits);
    if (pps->init_qp < -48 || pps->init_qp > 51) /* -(26 + QpBdOffset) to 25: at most 16 bits */
        return HEVC_BAD_PPS;
    hevc_skip(bits, 1); /* constrained_intra_pred_flag */
    pps->transform_skip = rbsp_flag(bits);
    pps->cu_qp_delta = rbsp_flag(bits);
    pps->diff_cu_qp_delta_depth = pps->cu_qp_delta ? hevc_read_ue(bits, 3) : 0;
    hevc_skip_ue(bits, 2); /* pps_cb_qp_offset, pps_cr_qp_offset */
    pps->slice_chroma_qp_offsets = rbsp_flag(bits);
    pps->weighted_pred = rbsp_flag(bits);
    pps->weighted_bipred = rbsp_flag(bits);
    pps->transquant_bypass = rbsp_flag(bits);
    pps->tiles = rbsp_flag(bits);
    pps->entropy_coding_sync = rbsp_flag(bits);
    pps->num_tile_columns = pps->num_tile_rows = 1;
    pps->uniform_spacing = true;
    if (pps->tiles && !read_tiles(bits, pps))
        return HEVC_BAD_PPS;
    pps->loop_filter_across_slices = rbsp_flag(bits);
    if (rbsp_flag(bits)) { /* deblocking_filter_control_present_flag */
        pps->deblocking_override = rbsp_flag(bits);
        pps->deblocking_disabled = rbsp_flag(bits);
        if (!pps->deblocking_disabled)
            hevc_skip_ue(bits, 2); /* pps_beta_offset_div2, pps_tc_offset_div2 */
    }
    if (rbsp_flag(bits)) /* pps_scaling_list_data_present_flag */
        scaling_list_data(bits);
    pps->lists_modification = rbsp_flag(bits);
    pps->log2_parallel_merge_level = 2 + hevc_read_ue(bits, 4);
    pps->slice_header_extension = rbsp_flag(bits);
    pps->log2_max_transform_skip = 2;
    if (rbsp_overrun(bits))
        return HEVC_BAD_PPS;
    if (!rbsp_flag(bits)) /* pps_extension_present_flag */
        return HEVC_OK;
    bool range = rbsp_flag(bits);
    hevc_skip(bits, 2); /* pps_multilayer_extension_flag, pps_3d_extension_flag: other layers' */
    bool screen_content = rbsp_flag(bits);
    hevc_skip(bits, 4);
    if (range)
        pps_range_extension(bits, pps);
    if (rbsp_overrun(bits))
        return HEVC_BAD_PPS;
    return screen_content ? HEVC_SCREEN_CONTENT : HEVC_OK;
}

void hevc_read_pps(rbsp_reader *bits, hevc_pps *pps, int *id)
{
    *pps = (hevc_pps){.status = HEVC_OK};
    *id = -1;
    pps->status = read_pps(bits, pps, id);
}
