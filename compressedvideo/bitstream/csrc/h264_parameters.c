#include "h264_parameters.h"

#include <string.h>

/* ---------------------------------------------------------------- 7.3.2.1 sequence */

static bool has_chroma_format(int profile_idc)
{
    static const uint8_t profiles[] = {100, 110, 122, 244, 44,  83, 86,
                                       118, 128, 138, 139, 134, 135};
    return memchr(profiles, profile_idc, sizeof profiles) != NULL;
}

static void scaling_list(rbsp_reader *bits, int size)
{
    uint8_t last = 8, next = 8;
    for (int i = 0; i < size; i++) {
        if (next != 0)
            next = (uint8_t)(last + (uint32_t)rbsp_se(bits));
        if (next != 0)
            last = next;
    }
}

static bool chroma_and_depth(rbsp_reader *bits, h264_sps *sps)
{
    uint32_t format = rbsp_ue(bits);
    if (format > 3)
        return false;
    sps->chroma_format_idc = (uint8_t)format;
    if (format == 3)
        sps->separate_colour_planes = rbsp_flag(bits);
    uint32_t luma = rbsp_ue(bits), chroma = rbsp_ue(bits);
    if (luma > 6 || chroma > 6)
        return false;
    sps->bit_depth_luma = (uint8_t)(8 + luma);
    sps->bit_depth_chroma = (uint8_t)(8 + chroma);
    rbsp_u(bits, 1);       /* qpprime_y_zero_transform_bypass_flag */
    if (rbsp_flag(bits)) { /* seq_scaling_matrix_present_flag */
        for (int i = 0; i < (format == 3 ? 12 : 8); i++)
            if (rbsp_flag(bits))
                scaling_list(bits, i < 6 ? 16 : 64);
    }
    return true;
}

static bool picture_order(rbsp_reader *bits, h264_sps *sps)
{
    uint32_t type = rbsp_ue(bits);
    if (type > 2)
        return false;
    sps->poc_type = (uint8_t)type;
    if (type == 0) {
        uint32_t log2 = rbsp_ue(bits);
        if (log2 > 12)
            return false;
        sps->log2_max_poc_lsb = (uint8_t)(4 + log2);
    } else if (type == 1) {
        sps->delta_pic_order_always_zero = rbsp_flag(bits);
        sps->offset_for_non_ref_pic = rbsp_se(bits);
        sps->offset_for_top_to_bottom_field = rbsp_se(bits);
        uint32_t count = rbsp_ue(bits);
        if (count > 255)
            return false;
        sps->num_ref_frames_in_poc_cycle = (int)count;
        for (uint32_t i = 0; i < count; i++)
            sps->offset_for_ref_frame[i] = rbsp_se(bits);
    }
    return true;
}

static bool frame_size(rbsp_reader *bits, h264_sps *sps)
{
    uint32_t width = rbsp_ue(bits), height = rbsp_ue(bits); /* in macroblocks, minus 1 */
    sps->frame_mbs_only = rbsp_flag(bits);
    if (!sps->frame_mbs_only)
        sps->mb_adaptive_frame_field = rbsp_flag(bits);
    int fields = sps->frame_mbs_only ? 1 : 2;
    if (width >= 1024 || height >= 1024 ||
        (width + 1) * (height + 1) * (uint32_t)fields > H264_MAX_MACROBLOCKS)
        return false;
    sps->mb_width = (int)width + 1;
    sps->mb_height = ((int)height + 1) * fields;
    return true;
}

/* Cropping that leaves nothing is ignored, as FFmpeg does. */
static void frame_cropping(rbsp_reader *bits, h264_sps *sps)
{
    bool halved = sps->chroma_format_idc == 1 || sps->chroma_format_idc == 2;
    uint32_t unit_x = halved && !sps->separate_colour_planes ? 2 : 1;
    uint32_t unit_y = (sps->chroma_format_idc == 1 ? 2u : 1u) * (sps->frame_mbs_only ? 1u : 2u);
    uint32_t width = 16 * (uint32_t)sps->mb_width, height = 16 * (uint32_t)sps->mb_height;
    uint32_t left = rbsp_ue(bits), right = rbsp_ue(bits);
    uint32_t top = rbsp_ue(bits), bottom = rbsp_ue(bits);
    if (left >= width || right >= width || top >= height || bottom >= height ||
        (left + right) * unit_x >= width || (top + bottom) * unit_y >= height)
        return;
    sps->crop_left = (int)(left * unit_x);
    sps->crop_right = (int)(right * unit_x);
    sps->crop_top = (int)(top * unit_y);
    sps->crop_bottom = (int)(bottom * unit_y);
}

/* What follows, the VUI, says nothing that is needed here. */
bool h264_read_sps(rbsp_reader *bits, h264_sps *sps, uint32_t *id)
{
    memset(sps, 0, sizeof *sps);
    sps->profile_idc = (uint8_t)rbsp_u(bits, 8);
    rbsp_u(bits, 16); /* constraint flags, level_idc */
    *id = rbsp_ue(bits);
    sps->chroma_format_idc = 1;
    sps->bit_depth_luma = sps->bit_depth_chroma = 8;
    if (*id >= H264_MAX_SPS)
        return false;
    if (has_chroma_format(sps->profile_idc) && !chroma_and_depth(bits, sps))
        return false;
    uint32_t log2_max_frame_num = rbsp_ue(bits);
    if (log2_max_frame_num > 12)
        return false;
    sps->log2_max_frame_num = (uint8_t)(4 + log2_max_frame_num);
    if (!picture_order(bits, sps))
        return false;
    uint32_t num_ref_frames = rbsp_ue(bits);
    sps->gaps_allowed = rbsp_flag(bits);
    if (num_ref_frames > H264_MAX_REFERENCE_FRAMES || !frame_size(bits, sps))
        return false;
    sps->num_ref_frames = (uint8_t)num_ref_frames;
    sps->direct_8x8_inference = rbsp_flag(bits);
    if (rbsp_flag(bits))
        frame_cropping(bits, sps);
    sps->valid = !rbsp_overrun(bits);
    return sps->valid;
}

/* ---------------------------------------------------------------- 7.3.2.2 picture */

/* Which macroblock belongs to which group: read past, for only headers are read of such streams. */
static bool slice_groups(rbsp_reader *bits, uint32_t groups)
{
    if (groups > 8)
        return false;
    uint32_t type = rbsp_ue(bits); /* slice_group_map_type */
    if (type == 0) {
        for (uint32_t i = 0; i < groups; i++)
            rbsp_ue(bits); /* run_length_minus1 */
    } else if (type == 2) {
        for (uint32_t i = 0; i < 2 * (groups - 1); i++)
            rbsp_ue(bits); /* top_left, bottom_right */
    } else if (type >= 3 && type <= 5) {
        rbsp_u(bits, 1); /* slice_group_change_direction_flag */
        rbsp_ue(bits);   /* slice_group_change_rate_minus1 */
    } else if (type == 6) {
        uint32_t size = rbsp_ue(bits) + 1; /* pic_size_in_map_units */
        bits->position += (uint64_t)size * (groups > 4 ? 3 : groups > 2 ? 2 : 1);
    }
    return type <= 6 && !rbsp_overrun(bits);
}

bool h264_read_pps(rbsp_reader *bits, h264_pps *pps, uint32_t *id)
{
    memset(pps, 0, sizeof *pps);
    *id = rbsp_ue(bits);
    uint32_t sps = rbsp_ue(bits);
    if (*id >= H264_MAX_PPS || sps >= H264_MAX_SPS)
        return false;
    pps->sps = (uint8_t)sps;
    pps->cabac = rbsp_flag(bits);
    pps->bottom_field_pic_order = rbsp_flag(bits);
    uint32_t groups = rbsp_ue(bits);
    pps->slice_groups = groups > 0;
    if (pps->slice_groups && !slice_groups(bits, groups + 1))
        return false;
    for (int list = 0; list < 2; list++) {
        uint32_t count = rbsp_ue(bits);
        if (count >= H264_MAX_LIST)
            return false;
        pps->num_ref_idx[list] = (uint8_t)(count + 1);
    }
    pps->weighted_pred = rbsp_flag(bits);
    pps->weighted_bipred = (uint8_t)rbsp_u(bits, 2);
    int32_t qp = rbsp_se(bits);
    if (qp < -62 || qp > 25)
        return false;
    pps->qp = (int8_t)(26 + qp);
    rbsp_se(bits); /* pic_init_qs_minus26 */
    rbsp_se(bits); /* chroma_qp_index_offset */
    pps->deblocking_control = rbsp_flag(bits);
    rbsp_u(bits, 1); /* constrained_intra_pred_flag */
    pps->redundant_pic_cnt = rbsp_flag(bits);
    if (rbsp_more_data(bits)) /* then scaling lists and a chroma offset */
        pps->transform_8x8 = rbsp_flag(bits);
    pps->valid = !rbsp_overrun(bits);
    return pps->valid;
}
