#include "h264_slice.h"

#include <string.h>

enum { SLICE_DATA_PARTITION_A = 2, SLICE_IDR = 5 }; /* nal_unit_type */

/* ---------------------------------------------------------------- 7.3.3.1 list modification */

static bool ref_pic_list_modification(rbsp_reader *bits, h264_slice *slice, int list)
{
    if (!rbsp_flag(bits))
        return true;
    for (;;) {
        uint32_t operation = rbsp_ue(bits);
        if (operation == 3)
            return true;
        if (operation > 2 || slice->num_modifications[list] == H264_MAX_OPERATIONS ||
            rbsp_overrun(bits))
            return false;
        slice->modifications[list][slice->num_modifications[list]++] =
            (h264_operation){(uint8_t)operation, rbsp_ue(bits), 0};
    }
}

/* ---------------------------------------------------------------- 7.3.3.2 prediction weights */

static bool pred_weight_table(rbsp_reader *bits, h264_slice *slice)
{
    bool chroma = slice->sps->chroma_format_idc != 0 && !slice->sps->separate_colour_planes;
    rbsp_ue(bits); /* luma_log2_weight_denom */
    if (chroma)
        rbsp_ue(bits);
    for (int list = 0; list < 2; list++)
        for (int i = 0; i < slice->num_ref_idx[list]; i++) {
            if (rbsp_flag(bits)) {
                rbsp_se(bits); /* weight */
                rbsp_se(bits); /* offset */
            }
            if (chroma && rbsp_flag(bits))
                for (int j = 0; j < 4; j++)
                    rbsp_se(bits);
        }
    return !rbsp_overrun(bits);
}

/* ---------------------------------------------------------------- 7.3.3.3 marking */

static bool dec_ref_pic_marking(rbsp_reader *bits, h264_slice *slice)
{
    if (slice->idr) {
        rbsp_u(bits, 1); /* no_output_of_prior_pics_flag */
        slice->long_term_reference = rbsp_flag(bits);
        return true;
    }
    slice->adaptive_marking = rbsp_flag(bits);
    if (!slice->adaptive_marking)
        return true;
    for (;;) {
        uint32_t operation = rbsp_ue(bits);
        if (operation == 0)
            return true;
        if (operation > 6 || slice->num_markings == H264_MAX_OPERATIONS || rbsp_overrun(bits))
            return false;
        h264_operation *marking = &slice->markings[slice->num_markings++];
        *marking = (h264_operation){(uint8_t)operation, 0, 0};
        if (operation != 5)
            marking->value = rbsp_ue(bits);
        if (operation == 3)
            marking->index = rbsp_ue(bits);
    }
}

/* ---------------------------------------------------------------- 7.3.3 slice header */

static bool num_ref_idx(rbsp_reader *bits, h264_slice *slice)
{
    bool lists[2] = {slice->type == P_SLICE || slice->type == B_SLICE || slice->type == SP_SLICE,
                     slice->type == B_SLICE};
    bool override = lists[0] && rbsp_flag(bits);
    for (int list = 0; list < 2; list++) {
        uint32_t count = !lists[list] ? 0
                         : override   ? rbsp_ue(bits) + 1
                                      : slice->pps->num_ref_idx[list];
        if (count > H264_MAX_LIST || (lists[list] && count == 0))
            return false;
        slice->num_ref_idx[list] = (int)count;
    }
    return true;
}

static void picture_order(rbsp_reader *bits, h264_slice *slice)
{
    bool for_bottom = slice->pps->bottom_field_pic_order && slice->structure == FRAME;
    if (slice->sps->poc_type == 0) {
        slice->poc_lsb = (int)rbsp_u(bits, slice->sps->log2_max_poc_lsb);
        if (for_bottom)
            slice->delta_poc_bottom = rbsp_se(bits);
    } else if (slice->sps->poc_type == 1 && !slice->sps->delta_pic_order_always_zero) {
        slice->delta_poc[0] = rbsp_se(bits);
        if (for_bottom)
            slice->delta_poc[1] = rbsp_se(bits);
    }
}

/* Whether its parameter sets are there. */
static bool find_parameters(const h264_parameter_sets *sets, uint32_t id, h264_slice *slice)
{
    if (id >= H264_MAX_PPS || !sets->pps[id].valid || !sets->sps[sets->pps[id].sps].valid)
        return false;
    slice->pps_id = (int)id;
    slice->pps = &sets->pps[id];
    slice->sps = &sets->sps[slice->pps->sps];
    return true;
}

h264_slice_status h264_read_slice(rbsp_reader *bits, const h264_parameter_sets *sets,
                                  int nal_unit_type, int nal_ref_idc, h264_slice *slice)
{
    slice->idr = nal_unit_type == SLICE_IDR;
    slice->partitioned = nal_unit_type == SLICE_DATA_PARTITION_A;
    slice->nal_ref_idc = (uint8_t)nal_ref_idc;
    slice->first_mb = rbsp_ue(bits);
    uint32_t type = rbsp_ue(bits);
    uint32_t pps = rbsp_ue(bits);
    if (type > 9 || rbsp_overrun(bits))
        return SLICE_DAMAGED;
    slice->type = (uint8_t)(type % 5);
    if (!find_parameters(sets, pps, slice))
        return SLICE_WITHOUT_PARAMETERS;
    const h264_sps *sps = slice->sps;
    if (sps->separate_colour_planes)
        rbsp_u(bits, 2); /* colour_plane_id */
    slice->frame_num = (int)rbsp_u(bits, sps->log2_max_frame_num);
    slice->structure = FRAME;
    if (!sps->frame_mbs_only && rbsp_flag(bits)) /* field_pic_flag */
        slice->structure = rbsp_flag(bits) ? BOTTOM_FIELD : TOP_FIELD;
    slice->mbaff = sps->mb_adaptive_frame_field && slice->structure == FRAME;
    slice->idr_pic_id = slice->idr ? rbsp_ue(bits) : 0;
    slice->poc_lsb = slice->delta_poc_bottom = slice->delta_poc[0] = slice->delta_poc[1] = 0;
    picture_order(bits, slice);
    slice->redundant_pic_cnt = slice->pps->redundant_pic_cnt ? rbsp_ue(bits) : 0;
    slice->direct_spatial = slice->type == B_SLICE && rbsp_flag(bits);
    if (!num_ref_idx(bits, slice))
        return SLICE_DAMAGED;
    for (int list = 0; list < 2; list++) {
        slice->num_modifications[list] = 0;
        if (slice->num_ref_idx[list] && !ref_pic_list_modification(bits, slice, list))
            return SLICE_DAMAGED;
    }
    bool is_p = slice->type == P_SLICE || slice->type == SP_SLICE, is_b = slice->type == B_SLICE;
    slice->weighting = is_b ? slice->pps->weighted_bipred : is_p && slice->pps->weighted_pred;
    if (slice->weighting == 1 && !pred_weight_table(bits, slice))
        return SLICE_DAMAGED;
    slice->long_term_reference = slice->adaptive_marking = false;
    slice->num_markings = 0;
    if (nal_ref_idc != 0 && !dec_ref_pic_marking(bits, slice))
        return SLICE_DAMAGED;
    slice->cabac_init_idc = 0;
    if (slice->pps->cabac && (is_p || is_b)) {
        uint32_t idc = rbsp_ue(bits);
        if (idc > 2)
            return SLICE_DAMAGED;
        slice->cabac_init_idc = (int)idc;
    }
    int64_t qp = (int64_t)slice->pps->qp + rbsp_se(bits); /* slice_qp_delta */
    if (qp > 51 || qp < -6 * (sps->bit_depth_luma - 8))
        return SLICE_DAMAGED;
    slice->qp = (int)qp;
    if (slice->type == SP_SLICE)
        rbsp_u(bits, 1); /* sp_for_switch_flag */
    if (slice->type == SP_SLICE || slice->type == SI_SLICE)
        rbsp_se(bits); /* slice_qs_delta */
    slice->deblocked = true;
    if (slice->pps->deblocking_control) {
        uint32_t idc = rbsp_ue(bits); /* disable_deblocking_filter_idc */
        slice->deblocked = idc != 1;
        if (idc != 1) {
            rbsp_se(bits); /* slice_alpha_c0_offset_div2 */
            rbsp_se(bits); /* slice_beta_offset_div2 */
        }
    }
    return rbsp_overrun(bits) ? SLICE_DAMAGED : SLICE_READ;
}

/* ---------------------------------------------------------------- 7.3.2.3 SEI messages */

enum { USER_DATA_UNREGISTERED = 5, RECOVERY_POINT = 6 }; /* payloadType */

/* "x264 - core 164": clause D.1.6 leaves the text to the encoder. */
static void read_user_data(const uint8_t *data, size_t size, h264_messages *messages)
{
    static const char text[] = "x264 - core ";
    enum { UUID = 16, LENGTH = sizeof text - 1 };
    if (size < UUID + LENGTH + 3 || memcmp(data + UUID, text, LENGTH) != 0)
        return;
    int core = 0;
    for (size_t i = UUID + LENGTH;
         i < size && data[i] >= '0' && data[i] <= '9' && core < 10000; i++)
        core = 10 * core + (data[i] - '0');
    messages->x264_core = core;
}

static void read_recovery_point(const uint8_t *data, size_t size, h264_messages *messages)
{
    uint8_t padded[8 + RBSP_PADDING] = {0};
    memcpy(padded, data, size < 8 ? size : 8);
    rbsp_reader bits = {padded, 8, 0, 64, false};
    uint32_t count = rbsp_ue(&bits);
    if (count <= 0xffff)
        messages->recovery_frame_cnt = count < INT16_MAX ? (int)count : INT16_MAX;
}

void h264_read_sei(const uint8_t *payload, size_t size, h264_messages *messages)
{
    size_t at = 0;
    while (size - at >= 2 && payload[at] != 0x80) {
        size_t header[2] = {0, 0}; /* payloadType, payloadSize */
        for (int i = 0; i < 2; i++) {
            while (at < size && payload[at] == 0xff) {
                header[i] += 255;
                at++;
            }
            if (at == size)
                return;
            header[i] += payload[at++];
        }
        size_t length = header[1] < size - at ? header[1] : size - at;
        if (header[0] == USER_DATA_UNREGISTERED)
            read_user_data(payload + at, length, messages);
        else if (header[0] == RECOVERY_POINT)
            read_recovery_point(payload + at, length, messages);
        at += length;
    }
}
