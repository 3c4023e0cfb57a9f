/* Parameter sets: what holds for a sequence (SPS) and for the pictures that name it (PPS).
 * Clauses 7.3.2 and 7.4.3 of ITU-T H.265; names are the standard's, without the prefixes. */
#ifndef COMPRESSEDVIDEO_HEVC_PARAMETERS_H
#define COMPRESSEDVIDEO_HEVC_PARAMETERS_H

#include "hevc.h"
#include "rbsp.h"

enum {
    HEVC_MAX_SPS = 16,
    HEVC_MAX_PPS = 64,
    HEVC_MAX_SHORT_TERM = 16,  /* pictures in a short-term reference picture set */
    HEVC_MAX_SETS = 64,        /* num_short_term_ref_pic_sets */
    HEVC_MAX_LONG_TERM = 32,   /* num_long_term_ref_pics_sps */
    HEVC_MAX_TILE_COLUMNS = 20,
    HEVC_MAX_TILE_ROWS = 22
};

/* Short-term reference picture set: pictures before (0, S0) and after (1, S1) the current one in
 * display order, the nearest first. */
typedef struct {
    int count[2];                            /* NumNegativePics, NumPositivePics */
    int32_t delta[2][HEVC_MAX_SHORT_TERM];   /* DeltaPocS0, DeltaPocS1 */
    bool used[2][HEVC_MAX_SHORT_TERM];       /* by the current picture */
} hevc_reference_set;

typedef struct {
    hevc_status status; /* HEVC_NO_PARAMETERS before it has come */
    int chroma_format_idc, width, height;
    int crop_left, crop_right, crop_top, crop_bottom; /* pixels */
    int bit_depth_luma, bit_depth_chroma;
    int max_sub_layers;
    int log2_max_poc_lsb;
    int log2_min_cb, log2_ctb, log2_min_tb, log2_max_tb;
    int max_transform_hierarchy_depth_inter, max_transform_hierarchy_depth_intra;
    int ctb_columns, ctb_rows;
    bool amp, sao, pcm, long_term_ref_pics, temporal_mvp, field_seq;
    int pcm_bit_depth_luma, pcm_bit_depth_chroma, log2_min_pcm, log2_max_pcm;
    int num_sets;
    hevc_reference_set sets[HEVC_MAX_SETS];
    int num_long_term;
    int32_t long_term_poc_lsb[HEVC_MAX_LONG_TERM];
    bool long_term_used[HEVC_MAX_LONG_TERM];
    /* sps_range_extension */
    bool transform_skip_context, implicit_rdpcm, explicit_rdpcm, persistent_rice;
} hevc_sps;

typedef struct {
    hevc_status status;
    int sps;
    bool dependent_slice_segments, output_flag_present, sign_data_hiding, cabac_init_present;
    int num_extra_slice_header_bits;
    int num_ref_idx_default[2];
    int init_qp;
    bool transform_skip, cu_qp_delta, slice_chroma_qp_offsets, weighted_pred, weighted_bipred;
    bool transquant_bypass, tiles, entropy_coding_sync;
    int diff_cu_qp_delta_depth;
    int num_tile_columns, num_tile_rows;
    bool uniform_spacing;
    int tile_column_widths[HEVC_MAX_TILE_COLUMNS], tile_row_heights[HEVC_MAX_TILE_ROWS]; /* CTBs */
    bool loop_filter_across_slices, deblocking_override, deblocking_disabled;
    bool lists_modification, slice_header_extension;
    int log2_parallel_merge_level;
    /* pps_range_extension */
    int log2_max_transform_skip;
    bool cross_component_prediction, chroma_qp_offset_list;
    int diff_cu_chroma_qp_offset_depth, chroma_qp_offset_list_len;
} hevc_pps;

/* 7.3.2.2: reads what lies behind the NAL unit header; *id is its number.  The status says whether
 * the set can be used. */
void hevc_read_sps(rbsp_reader *bits, hevc_sps *sps, int *id);

/* 7.3.2.3; *id as above. */
void hevc_read_pps(rbsp_reader *bits, hevc_pps *pps, int *id);

/* 7.3.7 st_ref_pic_set(index), of `count` sets in the SPS; false if it is not allowed. */
bool hevc_read_reference_set(rbsp_reader *bits, hevc_reference_set *set, int index, int count,
                             const hevc_reference_set *sets);

/* E.2.1 vui_parameters(); returns field_seq_flag. */
bool hevc_read_vui(rbsp_reader *bits, int max_sub_layers_minus1);

static inline void hevc_skip(rbsp_reader *bits, int count)
{
    bits->position += (uint64_t)count;
}

/* ue(v) of at most `limit`; else the reader is marked as damaged. */
static inline int hevc_read_ue(rbsp_reader *bits, uint32_t limit)
{
    uint32_t value = rbsp_ue(bits);
    if (value > limit) {
        bits->damaged = true;
        return 0;
    }
    return (int)value;
}

static inline void hevc_skip_ue(rbsp_reader *bits, int count)
{
    for (int i = 0; i < count; i++)
        rbsp_ue(bits);
}

/* Ceil(Log2(value)) of a positive value. */
static inline int hevc_ceil_log2(uint32_t value)
{
    int bits = 0;
    while (bits < 32 && (uint64_t)1 << bits < value)
        bits++;
    return bits;
}

#endif
