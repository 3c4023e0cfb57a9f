/* What H.264 video (ITU-T H.264, ISO/IEC 14496-10) says of its pictures, without decoding a pixel.
 *
 * In: the bytes of packets in decoding order.  Out, coded picture (frame or field) after coded
 * picture: a record of its headers, and if asked for motion and costs of its macroblocks. */
#ifndef COMPRESSEDVIDEO_H264_H
#define COMPRESSEDVIDEO_H264_H

#include <stddef.h>

#include "h264_motion.h"
#include "h264_status.h"
#include "h264_tables.h"
#include "record.h"

typedef struct {
    picture_record record;
    const int32_t *references; /* record.num_references picture numbers */
    h264_status status;        /* of the macroblocks, where they were asked for */
    uint64_t error_bit;        /* from the packet's first bit; only if the status is not H264_OK */
    const h264_motion *motion; /* NULL without; until the sink returns, as `references` */
    int height, width;         /* of the frame that is shown, pixels */
    int crop_top, crop_left;   /* pixels of the coded frame above and left of it */
} h264_coded;

/* What to read of a packet. Without costs, slices that are all intra are not read: they have no
 * vectors. */
typedef enum { H264_HEADERS, H264_VECTORS, H264_VECTORS_AND_COSTS } h264_depth;

/* Called for each coded picture in turn. */
typedef void h264_sink(void *context, const h264_coded *coded);

typedef struct h264_parser h264_parser;

/* NULL without memory.  tables: built once for all parsers, and not copied.  `extradata`: an avcC
 * box, or NAL units behind start codes; it says how the packets are made up. */
h264_parser *h264_new(const h264_tables *tables, const uint8_t *extradata, size_t size);
void h264_free(h264_parser *parser);

/* Forget pictures: call it after a seek.  Parameter sets stay. */
void h264_reset(h264_parser *parser);

/* Reads a packet. A field waits in the next packets for the other field of its frame. */
void h264_packet(h264_parser *parser, const uint8_t *data, size_t size, h264_depth depth,
                 h264_sink *sink, void *context);

/* Motion as the package counts it: per cell of 4x4 or 8x8 pixels that the frame covers. */
typedef struct {
    int size, rows, columns;
} h264_grid;

/* The coarsest grid that holds all of a picture's vectors. size 0: it is cropped between cells. */
h264_grid h264_grid_of(const h264_coded *coded);

/* One list: vectors [rows][columns][2] in quarter pixels, destination minus source, x then y, 0
 * where there are none; slots [rows][columns], H264_NO_SLOT where the list is not used. */
void h264_cells(const h264_coded *coded, const h264_grid *grid, int list, int16_t *vectors,
                uint8_t *slots);

#endif
