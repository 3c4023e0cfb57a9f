/* What H.264 video (ITU-T H.264, ISO/IEC 14496-10) says of its pictures, read without decoding a pixel.
 *
 * In: the bytes of packets in decoding order.  Out, coded picture (frame or field) after coded
 * picture: a record of its headers, and if asked for the motion and the costs of its macroblocks. */
#ifndef COMPRESSEDVIDEO_H264_H
#define COMPRESSEDVIDEO_H264_H

#include <stddef.h>

#include "h264_motion.h"
#include "record.h"

/* How the parse of a picture's macroblocks went.  After anything but H264_OK there is no motion. */
typedef enum {
    H264_OK,
    /* Damaged data */
    H264_BAD_HEADER,
    H264_NO_PARAMETERS,
    H264_TRUNCATED,
    H264_NO_MEMORY,
    /* Tools of the standard that are not read */
    H264_FIELD_PICTURE,
    H264_STATUS_COUNT
} h264_status;

enum { H264_FIRST_UNSUPPORTED = H264_FIELD_PICTURE };

/* One sentence about a status. */
const char *h264_message(h264_status status);

typedef struct {
    picture_record record;     /* .packet is left to the caller */
    const int32_t *references; /* record.num_references picture numbers; until the next call */
} h264_coded;

/* Called for each coded picture in turn. */
typedef void h264_sink(void *context, const h264_coded *coded);

typedef struct h264_parser h264_parser;

/* NULL without memory.  `extradata`: an avcC box, or NAL units behind start codes; it says how the
 * packets are made up. */
h264_parser *h264_new(const uint8_t *extradata, size_t size);
void h264_free(h264_parser *parser);

/* Forget pictures: call it after a seek.  Parameter sets stay. */
void h264_reset(h264_parser *parser);

/* Reads a packet. A field waits in the next packets for the other field of its frame. */
void h264_packet(h264_parser *parser, const uint8_t *data, size_t size, h264_sink *sink,
                 void *context);

#endif
