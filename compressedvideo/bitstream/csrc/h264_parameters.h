/* Parameter sets of H.264 (clauses 7.3.2.1 and 7.3.2.2): what the parser needs of them. */
#ifndef COMPRESSEDVIDEO_H264_PARAMETERS_H
#define COMPRESSEDVIDEO_H264_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "rbsp.h"

enum {
    H264_MAX_SPS = 32,
    H264_MAX_PPS = 256,
    H264_MAX_REFERENCE_FRAMES = 16,
    H264_MAX_LIST = 32,           /* entries of a reference list */
    H264_MAX_MACROBLOCKS = 139264 /* of a frame: level 6.2, Table A-1 */
};

typedef struct {
    bool valid;
    uint8_t profile_idc;
    uint8_t chroma_format_idc; /* 0 to 3: none, 4:2:0, 4:2:2, 4:4:4 */
    bool separate_colour_planes;
    uint8_t bit_depth_luma, bit_depth_chroma;
    uint8_t log2_max_frame_num;
    bool gaps_allowed; /* in frame_num: frames are left out on purpose */
    uint8_t poc_type;
    uint8_t log2_max_poc_lsb;
    bool delta_pic_order_always_zero;
    int32_t offset_for_non_ref_pic, offset_for_top_to_bottom_field;
    int num_ref_frames_in_poc_cycle;
    int32_t offset_for_ref_frame[256];
    uint8_t num_ref_frames;
    bool frame_mbs_only, mb_adaptive_frame_field, direct_8x8_inference;
    int mb_width, mb_height;                             /* of a frame */
    int crop_left, crop_right, crop_top, crop_bottom;    /* luma pixels */
} h264_sps;

typedef struct {
    bool valid;
    uint8_t sps;
    bool cabac;
    bool bottom_field_pic_order; /* delta_pic_order_cnt_bottom and [1] are coded */
    bool slice_groups;           /* flexible macroblock ordering */
    uint8_t num_ref_idx[2];
    bool weighted_pred;
    uint8_t weighted_bipred;
    int8_t qp; /* pic_init_qp, from -36 on: high bit depths go below 0 */
    bool deblocking_control, redundant_pic_cnt, transform_8x8;
} h264_pps;

/* False if the payload is no valid parameter set; `id` is its number. */
bool h264_read_sps(rbsp_reader *bits, h264_sps *sps, uint32_t *id);
bool h264_read_pps(rbsp_reader *bits, h264_pps *pps, uint32_t *id);

#endif
