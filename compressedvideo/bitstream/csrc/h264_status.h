/* How the parse of a picture's macroblocks went. */
#ifndef COMPRESSEDVIDEO_H264_STATUS_H
#define COMPRESSEDVIDEO_H264_STATUS_H

/* After anything but H264_OK there is no motion. */
typedef enum {
    H264_OK,
    H264_NO_COLOCATED, /* direct prediction from a picture that was not parsed, or is damaged */
    /* Damaged data */
    H264_BAD_HEADER,
    H264_NO_PARAMETERS,
    H264_OVERLAPPING_SLICES,
    H264_MISSING_MACROBLOCKS,
    H264_TOO_MANY_MACROBLOCKS,
    H264_TOO_MANY_PICTURES,
    H264_TRUNCATED,
    H264_INEXACT_END,
    H264_BAD_CABAC_START,
    H264_BAD_MB_TYPE,
    H264_BAD_SUB_MB_TYPE,
    H264_BAD_CHROMA_MODE,
    H264_BAD_REFERENCE,
    H264_BAD_VECTOR,
    H264_BAD_PATTERN,
    H264_BAD_QP,
    H264_BAD_COEFFICIENT,
    H264_NO_MEMORY,
    /* Tools of the standard that are not read */
    H264_FIELD_PICTURE,
    H264_MBAFF,
    H264_FIELD_COLOCATED,
    H264_SLICE_GROUPS,
    H264_SLICE_ORDER,
    H264_DATA_PARTITIONING,
    H264_SWITCHING_SLICE,
    H264_SEPARATE_PLANES,
    H264_CROPPING,
    H264_STATUS_COUNT
} h264_status;

enum { H264_FIRST_UNSUPPORTED = H264_FIELD_PICTURE };

/* One sentence about a status. */
const char *h264_message(h264_status status);

#endif
