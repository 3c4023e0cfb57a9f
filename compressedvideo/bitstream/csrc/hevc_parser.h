/* What the files of the parser share: its state.
 *
 * Parameter sets: hevc_parameters.c, hevc_reference_set.c.  Slice headers: hevc_slice.c.  Order
 * counts and lists: hevc_pictures.c.  Slice data in the order of clause 7.3.8: hevc_slice_data.c,
 * hevc_quadtree.c, hevc_prediction.c, hevc_transform.c, hevc_residual.c, with the contexts of 9.3 in
 * hevc_contexts.c.  Vectors, clause 8.5.3: hevc_merge.c, hevc_amvp.c, hevc_temporal.c. */
#ifndef COMPRESSEDVIDEO_HEVC_PARSER_H
#define COMPRESSEDVIDEO_HEVC_PARSER_H

#include "hevc.h"
#include "hevc_pictures.h"

struct hevc_parser {
    const hevc_tables *tables;
    int length_size; /* of hvcC; 0: start codes */
    hevc_sps sps_list[HEVC_MAX_SPS];
    hevc_pps pps_list[HEVC_MAX_PPS];
    hevc_buffer buffer;
    hevc_slice slice;   /* the last segment's header */
    int32_t recovery;   /* of the last recovery point message, -1: none */
    uint8_t *payload;   /* of the NAL unit, without emulation prevention */
    size_t payload_capacity;
};

#endif
