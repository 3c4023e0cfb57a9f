#include "h264_motion.h"

#include <stdlib.h>
#include <string.h>

/* The parts of a picture's memory, the largest units first. */
static void lay_out(h264_motion *motion, size_t macroblocks)
{
    motion->vectors[0] = motion->memory;
    motion->vectors[1] = motion->vectors[0] + 16 * macroblocks;
    motion->bits = motion->vectors[1] + 16 * macroblocks;
    motion->references[0] = (h264_block_reference *)(motion->bits + macroblocks);
    motion->references[1] = motion->references[0] + 4 * macroblocks;
    motion->coefficients = (uint16_t *)(motion->references[1] + 4 * macroblocks);
    motion->types = (uint8_t *)(motion->coefficients + macroblocks);
    motion->qp = (int8_t *)(motion->types + macroblocks);
}

bool h264_begin_motion(h264_motion *motion, int mb_width, int mb_height)
{
    enum { BYTES = 32 * sizeof(h264_vector) + 8 * sizeof(h264_block_reference) + 4 + 2 + 1 + 1 };
    size_t macroblocks = (size_t)mb_width * (size_t)mb_height;
    if (!motion->memory || motion->mb_width != mb_width || motion->mb_height != mb_height) {
        h264_free_motion(motion);
        motion->memory = calloc(macroblocks, BYTES);
        if (!motion->memory)
            return false;
        motion->mb_width = mb_width;
        motion->mb_height = mb_height;
        lay_out(motion, macroblocks);
    }
    motion->parsed = motion->small_blocks = motion->bipredictive = false;
    motion->num_pictures = 0;
    memset(motion->types, H264_NOT_READ, macroblocks);
    return true;
}

void h264_free_motion(h264_motion *motion)
{
    free(motion->memory);
    *motion = (h264_motion){0};
}

uint8_t h264_slot_of(h264_motion *motion, int32_t picture)
{
    for (int i = 0; i < motion->num_pictures; i++)
        if (motion->pictures[i] == picture)
            return (uint8_t)i;
    if (motion->num_pictures == H264_MAX_SLOTS) /* never: there are fewer references */
        return H264_NO_SLOT;
    motion->pictures[motion->num_pictures] = picture;
    return (uint8_t)motion->num_pictures++;
}

void h264_set_intra(h264_motion *motion, int first)
{
    int width = motion->mb_width, count = width * motion->mb_height - first;
    memset(motion->types + first, H264_I_4X4, (size_t)count);
    memset(motion->qp + first, 0, (size_t)count);
    memset(motion->bits + first, 0, (size_t)count * sizeof *motion->bits);
    memset(motion->coefficients + first, 0, (size_t)count * sizeof *motion->coefficients);
    for (int mb = first; mb < first + count; mb++)
        for (int list = 0; list < 2; list++)
            for (int block = 0; block < 4; block++) {
                int row = 2 * (mb / width) + block / 2, column = 2 * (mb % width) + block % 2;
                motion->references[list][row * 2 * width + column] =
                    (h264_block_reference){-1, H264_NO_SLOT};
            }
}
