/* What is known of a picture's blocks after its macroblocks have been read. */
#ifndef COMPRESSEDVIDEO_H264_MOTION_H
#define COMPRESSEDVIDEO_H264_MOTION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool parsed;
} h264_motion;

#endif
