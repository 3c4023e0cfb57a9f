/* Slice segment headers: clause 7.3.6. */
#include "hevc_slice.h"

#include <stdlib.h>

int hevc_num_current(const hevc_slice *slice)
{
    int count = 0;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < slice->short_term.count[side]; i++)
            count += slice->short_term.used[side][i];
    for (int i = 0; i < slice->num_long_term; i++)
        count += slice->long_term[i].used;
    return count;
}

static bool read_short_term(rbsp_reader *bits, const hevc_sps *sps, hevc_slice *slice)
{
    if (!rbsp_flag(bits)) /* short_term_ref_pic_set_sps_flag */
        return hevc_read_reference_set(bits, &slice->short_term, sps->num_sets, sps->num_sets,
                                       sps->sets);
    int width = hevc_ceil_log2((uint32_t)sps->num_sets);
    int index = width > 0 ? (int)rbsp_u(bits, width) : 0;
    if (index >= sps->num_sets)
        return false;
    slice->short_term = sps->sets[index];
    return true;
}

static bool read_long_term(rbsp_reader *bits, const hevc_sps *sps, hevc_slice *slice)
{
    int from_sps = sps->num_long_term > 0 ? hevc_read_ue(bits, (uint32_t)sps->num_long_term) : 0;
    int count = from_sps + hevc_read_ue(bits, HEVC_MAX_LONG_TERM_ACTIVE);
    if (count > HEVC_MAX_LONG_TERM_ACTIVE)
        return false;
    int width = hevc_ceil_log2((uint32_t)sps->num_long_term);
    int64_t cycles = 0;
    for (int i = 0; i < count; i++) {
        hevc_long_term *picture = slice->long_term + i;
        if (i < from_sps) {
            int index = sps->num_long_term > 1 ? (int)rbsp_u(bits, width) : 0; /* lt_idx_sps */
            if (index >= sps->num_long_term)
                return false;
            picture->poc_lsb = sps->long_term_poc_lsb[index];
            picture->used = sps->long_term_used[index];
        } else {
            picture->poc_lsb = (int32_t)rbsp_u(bits, sps->log2_max_poc_lsb);
            picture->used = rbsp_flag(bits);
        }
        picture->has_msb = rbsp_flag(bits);
        int64_t delta = picture->has_msb ? (int64_t)rbsp_ue(bits) : 0; /* delta_poc_msb_cycle_lt */
        /* (7-52): the cycles accumulate, from each of the two groups' first on */
        cycles = i == 0 || i == from_sps ? delta : cycles + delta;
        picture->msb_cycles = cycles;
    }
    slice->num_long_term = count;
    return true;
}

/* 7.3.6.2 ref_pic_lists_modification() */
static bool read_list_modification(rbsp_reader *bits, hevc_slice *slice, int num_current)
{
    int width = hevc_ceil_log2((uint32_t)num_current);
    for (int list = 0; list < (slice->type == HEVC_B_SLICE ? 2 : 1); list++) {
        slice->modifies_list[list] = rbsp_flag(bits);
        if (!slice->modifies_list[list])
            continue;
        for (int i = 0; i < slice->num_ref_idx[list]; i++) {
            slice->list_entry[list][i] = (int)rbsp_u(bits, width);
            if (slice->list_entry[list][i] >= num_current)
                return false;
        }
    }
    return true;
}

/* 7.3.6.3, which says nothing of the motion */
static void skip_pred_weight_table(rbsp_reader *bits, const hevc_slice *slice, bool has_chroma)
{
    rbsp_ue(bits); /* luma_log2_weight_denom */
    if (has_chroma)
        rbsp_se(bits); /* delta_chroma_log2_weight_denom */
    for (int list = 0; list < (slice->type == HEVC_B_SLICE ? 2 : 1); list++) {
        bool luma[HEVC_MAX_ACTIVE] = {false}, chroma[HEVC_MAX_ACTIVE] = {false};
        for (int i = 0; i < slice->num_ref_idx[list]; i++)
            luma[i] = rbsp_flag(bits);
        for (int i = 0; has_chroma && i < slice->num_ref_idx[list]; i++)
            chroma[i] = rbsp_flag(bits);
        for (int i = 0; i < slice->num_ref_idx[list]; i++)
            for (int left = 2 * luma[i] + 4 * chroma[i]; left > 0; left--)
                rbsp_se(bits); /* weights and offsets */
    }
}

/* What I-slices do not have, as far as the references go. */
static bool read_lists(rbsp_reader *bits, const hevc_pps *pps, hevc_slice *slice)
{
    bool is_b = slice->type == HEVC_B_SLICE;
    slice->num_ref_idx[0] = pps->num_ref_idx_default[0];
    slice->num_ref_idx[1] = is_b ? pps->num_ref_idx_default[1] : 0;
    if (rbsp_flag(bits)) { /* num_ref_idx_active_override_flag */
        slice->num_ref_idx[0] = hevc_read_ue(bits, HEVC_MAX_ACTIVE - 1) + 1;
        if (is_b)
            slice->num_ref_idx[1] = hevc_read_ue(bits, HEVC_MAX_ACTIVE - 1) + 1;
    }
    int num_current = hevc_num_current(slice);
    if (pps->lists_modification && num_current > 1 &&
        !read_list_modification(bits, slice, num_current))
        return false;
    slice->mvd_l1_zero = is_b && rbsp_flag(bits);
    slice->cabac_init = pps->cabac_init_present && rbsp_flag(bits);
    if (slice->temporal_mvp) {
        slice->collocated_from_l0 = !is_b || rbsp_flag(bits);
        int entries = slice->num_ref_idx[slice->collocated_from_l0 ? 0 : 1];
        slice->collocated_ref_idx = entries > 1 ? hevc_read_ue(bits, (uint32_t)entries - 1) : 0;
    }
    return true;
}

/* Quantisers and filters, of which the first alone matters here; it starts the contexts. */
static void read_filters(rbsp_reader *bits, const hevc_pps *pps, hevc_slice *slice)
{
    int32_t slice_qp_delta = rbsp_se(bits);
    if (slice_qp_delta < -128 || slice_qp_delta > 127)
        bits->damaged = true;
    else
        slice->qp = pps->init_qp + slice_qp_delta;
    if (pps->slice_chroma_qp_offsets) {
        rbsp_se(bits);
        rbsp_se(bits);
    }
    slice->cu_chroma_qp_offset = pps->chroma_qp_offset_list && rbsp_flag(bits);
    bool deblocking_disabled = pps->deblocking_disabled;
    if (pps->deblocking_override && rbsp_flag(bits)) { /* deblocking_filter_override_flag */
        deblocking_disabled = rbsp_flag(bits);
        if (!deblocking_disabled) {
            rbsp_se(bits);
            rbsp_se(bits);
        }
    }
    if (pps->loop_filter_across_slices &&
        (slice->sao_luma || slice->sao_chroma || !deblocking_disabled))
        hevc_skip(bits, 1); /* slice_loop_filter_across_slices_enabled_flag */
}

static hevc_status read_entry_points(rbsp_reader *bits, const hevc_sps *sps, const hevc_pps *pps,
                                     hevc_entry_points *entries)
{
    entries->count = 0;
    if (!pps->tiles && !pps->entropy_coding_sync)
        return HEVC_OK;
    int rows = pps->entropy_coding_sync ? sps->ctb_rows : pps->num_tile_rows;
    uint32_t most = (uint32_t)(pps->num_tile_columns * rows - 1); /* 7.4.7.1 */
    size_t count = (size_t)hevc_read_ue(bits, most);
    int width = count > 0 ? hevc_read_ue(bits, 31) + 1 : 0; /* offset_len_minus1 */
    if (bits->damaged || count * (size_t)width > bits->end)
        return HEVC_BAD_SLICE;
    if (count > entries->capacity) {
        uint32_t *bytes = realloc(entries->bytes, count * sizeof *bytes);
        if (!bytes)
            return HEVC_NO_MEMORY;
        entries->bytes = bytes;
        entries->capacity = count;
    }
    for (size_t i = 0; i < count; i++)
        entries->bytes[i] = rbsp_u(bits, width) + 1;
    entries->count = count;
    return HEVC_OK;
}

/* The part that dependent segments inherit. */
static hevc_status read_slice_part(rbsp_reader *bits, int nal_type, const hevc_sps *sps,
                                   const hevc_pps *pps, hevc_slice *slice, bool to_the_end)
{
    hevc_skip(bits, pps->num_extra_slice_header_bits);
    slice->slice_address = slice->segment_address;
    slice->type = hevc_read_ue(bits, HEVC_I_SLICE);
    slice->pic_output = !pps->output_flag_present || rbsp_flag(bits);
    if (!hevc_is_idr(nal_type)) {
        slice->poc_lsb = (int32_t)rbsp_u(bits, sps->log2_max_poc_lsb);
        if (!read_short_term(bits, sps, slice) ||
            (sps->long_term_ref_pics && !read_long_term(bits, sps, slice)))
            return HEVC_BAD_REFERENCE_SET;
        slice->temporal_mvp = sps->temporal_mvp && rbsp_flag(bits);
    }
    slice->sao_luma = sps->sao && rbsp_flag(bits);
    slice->sao_chroma = sps->sao && sps->chroma_format_idc != 0 && rbsp_flag(bits);
    if (slice->type != HEVC_I_SLICE && !read_lists(bits, pps, slice))
        return HEVC_BAD_SLICE;
    if (rbsp_overrun(bits))
        return HEVC_BAD_SLICE;
    if (!to_the_end)
        return HEVC_OK;
    if (slice->type != HEVC_I_SLICE) {
        if (slice->type == HEVC_P_SLICE ? pps->weighted_pred : pps->weighted_bipred)
            skip_pred_weight_table(bits, slice, sps->chroma_format_idc != 0);
        slice->max_merge_candidates = 5 - hevc_read_ue(bits, 4); /* five_minus_max_num_merge_cand */
    }
    read_filters(bits, pps, slice);
    return HEVC_OK;
}

static hevc_status read_segment(rbsp_reader *bits, int nal_type, const hevc_sps *sps_list,
                                const hevc_pps *pps_list, hevc_slice *slice,
                                hevc_entry_points *entries)
{
    bool is_first = rbsp_flag(bits);
    if (hevc_is_irap(nal_type))
        hevc_skip(bits, 1); /* no_output_of_prior_pics_flag */
    int pps_id = hevc_read_ue(bits, HEVC_MAX_PPS - 1);
    if (rbsp_overrun(bits))
        return HEVC_BAD_SLICE;
    const hevc_pps *pps = pps_list + pps_id;
    if (pps->status != HEVC_OK)
        return pps->status;
    const hevc_sps *sps = sps_list + pps->sps;
    if (sps->status != HEVC_OK)
        return sps->status;
    bool is_dependent = false;
    int address = 0;
    if (!is_first) {
        is_dependent = pps->dependent_slice_segments && rbsp_flag(bits);
        int num_ctbs = sps->ctb_columns * sps->ctb_rows;
        int width = hevc_ceil_log2((uint32_t)num_ctbs);
        address = width > 0 ? (int)rbsp_u(bits, width) : 0;
        if (address >= num_ctbs || pps_id != slice->pps)
            return HEVC_BAD_SLICE;
    }
    if (!is_dependent)
        *slice = (hevc_slice){.collocated_from_l0 = true, .max_merge_candidates = 5};
    slice->is_first = is_first;
    slice->is_dependent = is_dependent;
    slice->pps = pps_id;
    slice->segment_address = address;
    if (!is_dependent) {
        hevc_status status = read_slice_part(bits, nal_type, sps, pps, slice, entries != NULL);
        if (status != HEVC_OK)
            return status;
    }
    if (!entries)
        return rbsp_overrun(bits) ? HEVC_BAD_SLICE : HEVC_OK;
    hevc_status status = read_entry_points(bits, sps, pps, entries);
    if (status != HEVC_OK)
        return status;
    if (pps->slice_header_extension)
        hevc_skip(bits, 8 * hevc_read_ue(bits, 256));
    if (rbsp_overrun(bits) || !rbsp_flag(bits)) /* byte_alignment() */
        return HEVC_BAD_SLICE;
    slice->data_at = (size_t)((bits->position + 7) / 8);
    return slice->data_at < bits->size ? HEVC_OK : HEVC_TRUNCATED;
}

hevc_status hevc_read_slice(rbsp_reader *bits, int nal_type, const hevc_sps *sps_list,
                            const hevc_pps *pps_list, hevc_slice *slice,
                            hevc_entry_points *entries)
{
    hevc_slice read = *slice;
    hevc_status status = read_segment(bits, nal_type, sps_list, pps_list, &read, entries);
    if (status == HEVC_OK)
        *slice = read;
    return status;
}
