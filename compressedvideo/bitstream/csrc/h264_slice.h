/* The slice header (clause 7.3.3) and the recovery point message (clause D.1.8). */
#ifndef COMPRESSEDVIDEO_H264_SLICE_H
#define COMPRESSEDVIDEO_H264_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "h264_parameters.h"

enum { P_SLICE, B_SLICE, I_SLICE, SP_SLICE, SI_SLICE }; /* slice_type modulo 5, Table 7-6 */
enum { TOP_FIELD = 1, BOTTOM_FIELD = 2, FRAME = 3 };    /* structure: the fields of a picture */
enum { H264_MAX_OPERATIONS = 66 };                      /* of a list, or of the marking */

typedef struct {
    uint8_t operation; /* modification_of_pic_nums_idc, memory_management_control_operation */
    uint32_t value;    /* difference of picture numbers, long-term number or index */
    uint32_t index;    /* long_term_frame_idx of operation 3 */
} h264_operation;

typedef struct {
    /* NAL unit */
    bool idr, partitioned; /* nal_unit_type 5; 2, a data partition */
    uint8_t nal_ref_idc;

    const h264_pps *pps;
    const h264_sps *sps;
    int pps_id;
    uint32_t first_mb;
    uint8_t type;
    int frame_num;
    uint8_t structure;
    bool mbaff; /* frame macroblock pairs may be fields */
    uint32_t idr_pic_id;
    int poc_lsb;
    int32_t delta_poc_bottom, delta_poc[2];
    uint32_t redundant_pic_cnt;
    bool direct_spatial;
    int num_ref_idx[2]; /* 0 where the type has no such list */
    int num_modifications[2];
    h264_operation modifications[2][H264_MAX_OPERATIONS];
    bool long_term_reference, adaptive_marking;
    int num_markings;
    h264_operation markings[H264_MAX_OPERATIONS];
    int cabac_init_idc; /* 0 to 2 */
    int qp;
    uint8_t weighting; /* 0 default, 1 explicit, 2 implicit */
    bool deblocked;
} h264_slice;

typedef struct {
    h264_sps sps[H264_MAX_SPS];
    h264_pps pps[H264_MAX_PPS];
} h264_parameter_sets;

/* Why a header is not read. */
typedef enum { SLICE_READ, SLICE_WITHOUT_PARAMETERS, SLICE_DAMAGED } h264_slice_status;

/* From behind the NAL unit header to the first macroblock. */
h264_slice_status h264_read_slice(rbsp_reader *bits, const h264_parameter_sets *sets,
                                  int nal_unit_type, int nal_ref_idc, h264_slice *slice);

/* What an SEI NAL unit may say that matters here; members it does not mention stay as they are. */
typedef struct {
    int recovery_frame_cnt; /* of a recovery point */
    int x264_core;          /* the encoder's build */
} h264_messages;

void h264_read_sei(const uint8_t *payload, size_t size, h264_messages *messages);

#endif
