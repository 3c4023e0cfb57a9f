/* What is looked up while macroblocks are read: built once, and shared by all parsers. */
#ifndef COMPRESSEDVIDEO_H264_TABLES_H
#define COMPRESSEDVIDEO_H264_TABLES_H

#include "h264_cabac.h"
#include "h264_cavlc.h"

typedef struct {
    h264_cabac_tables cabac;
    h264_cavlc_tables cavlc;
} h264_tables;

static inline void h264_build_tables(h264_tables *tables)
{
    h264_build_contexts(&tables->cabac);
    h264_build_cavlc(&tables->cavlc);
}

#endif
