/* Clause 8.4.1.2: vectors of B-blocks derived from blocks around or from another picture.
 * Only for frames: neither the slice nor the picture it looks into has fields. */
#include <stdlib.h>

#include "h264_macroblocks.h"

static int clip(int64_t value, int low, int high)
{
    return value < low ? low : value > high ? high : (int)value;
}

/* 8.4.1.2.3: how far the vector of a reference of list 0 goes of the way between the pictures. */
static int scale_factor(const h264_picture *current, const h264_reference *past,
                        const h264_reference *future)
{
    if (!past->picture || !future->picture || past->picture->long_term)
        return NO_SCALE;
    int64_t order = h264_order(past->picture, FRAME);
    int td = clip(h264_order(future->picture, FRAME) - order, -128, 127);
    int tb = clip(h264_order(current, FRAME) - order, -128, 127);
    if (td == 0)
        return NO_SCALE;
    int tx = (16384 + abs(td / 2)) / td;
    return clip((tb * tx + 32) >> 6, -1024, 1023);
}

void h264_prepare_direct(h264_reader *r, const h264_picture *current,
                         h264_reference lists[2][H264_MAX_LIST + 1])
{
    const h264_picture *picture = lists[1][0].picture;
    r->colocated = NULL;
    r->without_colocated = H264_NO_COLOCATED;
    r->colocated_is_intra = r->colocated_is_long_term = false;
    if (picture) {
        r->colocated_is_long_term = picture->long_term != 0;
        r->colocated_is_intra = h264_is_intra(picture);
        if (picture->in_fields || picture->mbaff)
            r->without_colocated = H264_FIELD_COLOCATED;
        if (picture->motion.parsed && picture->motion.mb_width == r->mb_width &&
            picture->motion.mb_height == r->mb_height)
            r->colocated = &picture->motion;
    }
    for (int i = 0; i < r->num_ref_idx[0]; i++)
        r->temporal_scale[i] = scale_factor(current, &lists[0][i], &lists[1][0]);
}

/* ---------------------------------------------------------------- 8.4.1.2.1 co-located blocks */

/* The co-located picture's prediction of an 8x8 block, of list 0 if there is one. */
typedef struct {
    h264_block_reference reference; /* index -1: intra */
    const h264_vector *vectors;     /* of its 4x4 blocks, from the macroblock's corner on */
} colocated_block;

static colocated_block find_colocated(const h264_reader *r, int block)
{
    colocated_block found = {{-1, H264_NO_SLOT}, NULL};
    if (!r->colocated)
        return found;
    ptrdiff_t corner = r->vectors[0] - r->motion->vectors[0];
    ptrdiff_t at = r->references[0] - r->motion->references[0] +
                   (block >> 1) * reference_stride(r) + (block & 1);
    int list = r->colocated->references[0][at].index < 0;
    found.reference = r->colocated->references[list][at];
    found.vectors = r->colocated->vectors[list] + corner;
    return found;
}

/* The 4x4 block whose vector counts: with direct_8x8_inference_flag the macroblock's corner. */
static int corner_of(int block)
{
    return 3 * (block & 1);
}

static int corner_row_of(int block)
{
    return 3 * (block >> 1);
}

/* ---------------------------------------------------------------- 8.4.1.2.2 spatial */

static bool nearly_rests(h264_vector vector)
{
    return (unsigned)(h264_x(vector) + 1) <= 2 && (unsigned)(h264_y(vector) + 1) <= 2;
}

/* Where the co-located block of a short-term picture rests, blocks that refer to index 0 do. */
static void rest_with_colocated(h264_reader *r, int block, const int index[2])
{
    colocated_block colocated = find_colocated(r, block);
    if (colocated.reference.index != 0)
        return;
    int left = 2 * (block & 1), top = 2 * (block >> 1);
    if (r->slice->sps->direct_8x8_inference) {
        ptrdiff_t at = corner_row_of(block) * vector_stride(r) + corner_of(block);
        if (nearly_rests(colocated.vectors[at]))
            for (int list = 0; list < 2; list++)
                if (index[list] == 0)
                    fill_vectors(r, list, left, top, 2, 2, 0);
        return;
    }
    for (int y = top; y < top + 2; y++)
        for (int x = left; x < left + 2; x++)
            if (nearly_rests(colocated.vectors[y * vector_stride(r) + x]))
                for (int list = 0; list < 2; list++)
                    if (index[list] == 0)
                        fill_vectors(r, list, x, y, 1, 1, 0);
}

/* The lowest index around, as unsigned numbers: any is lower than none. */
static int lowest_index(const h264_candidates *candidates)
{
    unsigned lowest = (unsigned)candidates->index[0];
    for (int i = 1; i < 3; i++)
        if ((unsigned)candidates->index[i] < lowest)
            lowest = (unsigned)candidates->index[i];
    return lowest < H264_MAX_LIST ? (int)lowest : -1;
}

static void spatial(h264_reader *r, int blocks)
{
    int index[2];
    h264_vector vector[2] = {0, 0};
    for (int list = 0; list < 2; list++) {
        h264_candidates candidates = h264_vector_candidates(r, list, 0, 0, 4);
        index[list] = lowest_index(&candidates);
        if (index[list] >= 0)
            vector[list] = h264_median_vector(&candidates, index[list]);
    }
    if (index[0] < 0 && index[1] < 0)
        index[0] = index[1] = 0;
    bool may_rest = !r->colocated_is_long_term &&
                    ((index[0] == 0 && vector[0]) || (index[1] == 0 && vector[1]));
    if (may_rest && !r->colocated && !r->colocated_is_intra) {
        h264_fail(r, r->without_colocated);
        return;
    }
    for (int block = 0; block < 4; block++)
        if (blocks >> block & 1) {
            for (int list = 0; list < 2; list++) {
                set_reference(r, list, block, index[list]);
                fill_vectors(r, list, 2 * (block & 1), 2 * (block >> 1), 2, 2, vector[list]);
            }
            if (may_rest)
                rest_with_colocated(r, block, index);
        }
}

/* ---------------------------------------------------------------- 8.4.1.2.3 temporal */

/* The index in list 0 of the picture that the co-located block refers to; 0 if it is not there. */
static int map_to_list_0(const h264_reader *r, h264_block_reference reference)
{
    if (reference.index < 0 || reference.slot == H264_NO_SLOT)
        return 0;
    int32_t picture = r->colocated->pictures[reference.slot];
    for (int i = 0; i < r->num_ref_idx[0]; i++)
        if (r->motion->pictures[r->slots[0][i]] == picture)
            return i;
    return 0;
}

static void scale_vector(h264_reader *r, int index, h264_vector from, int x, int y, int size)
{
    int scale = r->temporal_scale[index];
    h264_vector vector[2] = {from, 0};
    if (scale != NO_SCALE) {
        int to_x = (scale * h264_x(from) + 128) >> 8, to_y = (scale * h264_y(from) + 128) >> 8;
        vector[0] = h264_vector_of(to_x, to_y);
        vector[1] = h264_vector_of(to_x - h264_x(from), to_y - h264_y(from));
    }
    for (int list = 0; list < 2; list++)
        fill_vectors(r, list, x, y, size, size, vector[list]);
}

static void temporal(h264_reader *r, int blocks)
{
    if (!r->colocated && !r->colocated_is_intra) {
        h264_fail(r, r->without_colocated);
        return;
    }
    for (int block = 0; block < 4; block++) {
        if (!(blocks >> block & 1))
            continue;
        int left = 2 * (block & 1), top = 2 * (block >> 1);
        colocated_block colocated = find_colocated(r, block);
        int index = map_to_list_0(r, colocated.reference);
        set_reference(r, 0, block, index);
        set_reference(r, 1, block, 0);
        if (colocated.reference.index < 0) {
            for (int list = 0; list < 2; list++)
                fill_vectors(r, list, left, top, 2, 2, 0);
        } else if (r->slice->sps->direct_8x8_inference) {
            ptrdiff_t at = corner_row_of(block) * vector_stride(r) + corner_of(block);
            scale_vector(r, index, colocated.vectors[at], left, top, 2);
        } else {
            for (int y = top; y < top + 2; y++)
                for (int x = left; x < left + 2; x++)
                    scale_vector(r, index, colocated.vectors[y * vector_stride(r) + x], x, y, 1);
        }
    }
}

void h264_direct_motion(h264_reader *r, int blocks)
{
    if (r->slice->direct_spatial)
        spatial(r, blocks);
    else
        temporal(r, blocks);
    if (!r->slice->sps->direct_8x8_inference)
        r->motion->small_blocks = true;
}
