/* The contexts of CABAC (clause 9.3.1.1): what is likely, as a slice starts with it. */
#ifndef COMPRESSEDVIDEO_H264_CABAC_H
#define COMPRESSEDVIDEO_H264_CABAC_H

#include "cabac.h"

enum {
    CABAC_TABLES = 4, /* I slices, then cabac_init_idc 0 to 2 */
    CABAC_QPS = 52,
    CABAC_CONTEXTS = 1024
};

/* States as cabac.h has them. */
typedef struct {
    uint8_t contexts[CABAC_TABLES][CABAC_QPS][CABAC_CONTEXTS];
} h264_cabac_tables;

void h264_build_contexts(h264_cabac_tables *tables);

#endif
