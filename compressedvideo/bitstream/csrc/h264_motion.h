/* What is known of a picture's blocks after its macroblocks have been read. */
#ifndef COMPRESSEDVIDEO_H264_MOTION_H
#define COMPRESSEDVIDEO_H264_MOTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a macroblock is coded. From H264_P_SKIP on it is predicted from other pictures. */
typedef enum {
    H264_I_4X4,
    H264_I_8X8,
    H264_I_16X16,
    H264_I_PCM,
    H264_P_SKIP,
    H264_INTER_16X16,
    H264_INTER_16X8,
    H264_INTER_8X16,
    H264_INTER_8X8,
    H264_B_SKIP,
    H264_B_DIRECT,
    H264_NOT_READ = 255
} h264_mb_type;

/* A motion vector in quarter pixels as it is coded, prediction(p) = reference(p + vector): x in the
 * low half, y in the high one. */
typedef uint32_t h264_vector;

static inline h264_vector h264_vector_of(int x, int y)
{
    return (uint32_t)(uint16_t)x | (uint32_t)(uint16_t)y << 16;
}

static inline int h264_x(h264_vector vector)
{
    return (int16_t)(uint16_t)vector;
}

static inline int h264_y(h264_vector vector)
{
    return (int16_t)(uint16_t)(vector >> 16);
}

/* What an 8x8 block is predicted from. */
typedef struct {
    int8_t index; /* in its slice's list; -1: this list is not used */
    uint8_t slot; /* in the picture's table `pictures`; H264_NO_SLOT */
} h264_block_reference;

enum { H264_NO_SLOT = 255, H264_MAX_SLOTS = 32 };

typedef struct {
    bool parsed;           /* every macroblock, without damage: what follows can be relied on */
    bool small_blocks;     /* an 8x8 block may hold several vectors */
    bool bipredictive;     /* list 1 may be used */
    int mb_width, mb_height; /* that there is memory for */
    void *memory;
    h264_vector *vectors[2];             /* [list][4 mb_height][4 mb_width]; unset where not used */
    h264_block_reference *references[2]; /* [list][2 mb_height][2 mb_width] */
    uint32_t *bits;                      /* [mb_height][mb_width], as the next ones */
    uint16_t *coefficients;
    uint8_t *types;
    int8_t *qp;
    int num_pictures;
    int32_t pictures[H264_MAX_SLOTS]; /* numbers; H264_MISSING */
} h264_motion;

/* Makes room for a picture of which nothing has been read; false without memory. */
bool h264_begin_motion(h264_motion *motion, int mb_width, int mb_height);
void h264_free_motion(h264_motion *motion);

/* The slot of a picture, a new one if need be. */
uint8_t h264_slot_of(h264_motion *motion, int32_t picture);

/* Macroblocks from number `first` on are intra, and nothing else is known of them. */
void h264_set_intra(h264_motion *motion, int first);

#endif
