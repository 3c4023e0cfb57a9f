/* The pictures that are wanted of a run of packets, copied as long as the parser has them. */
#ifndef COMPRESSEDVIDEO_H264_OUTPUT_H
#define COMPRESSEDVIDEO_H264_OUTPUT_H

#include "h264.h"

enum { H264_BLOCK = 16 }; /* of the costs, pixels */

/* A wanted picture.  The arrays are NULL without motion, or without costs. */
typedef struct {
    int32_t picture;
    h264_status status;
    uint64_t bit;
    h264_grid grid;
    int height, width;
    int num_pictures;
    int32_t pictures[H264_MAX_SLOTS];
    size_t cells, blocks;
    void *vectors, *slots;                 /* [2][rows][columns] */
    void *bits, *coefficients, *qp, *types; /* [brows][bcolumns] */
} h264_wanted;

typedef struct {
    bool wanted; /* the packet being read */
    bool with_costs;
    h264_wanted *pictures;
    size_t count, room;
    bool failed; /* no memory */
} h264_output;

void h264_free_output(h264_output *output);

/* The h264_sink whose context is an h264_output. */
void h264_keep_picture(void *context, const h264_coded *coded);

#endif
