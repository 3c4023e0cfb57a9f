/* Macroblocks that are predicted from other pictures: their partitions, references and vectors
 * (clauses 7.3.5.1 and 7.3.5.2). */
#ifndef COMPRESSEDVIDEO_H264_INTER_H
#define COMPRESSEDVIDEO_H264_INTER_H

#include <stdlib.h>

#include "h264_elements.h"

enum { USES_0 = 1, USES_1 = 2, USES_BOTH = 3 }; /* lists of a partition */

/* The partitions of a macroblock that is predicted from other pictures. */
typedef struct {
    h264_mb_type type;
    uint8_t uses[4]; /* of the macroblock, of its halves, or of its 8x8 blocks; 0: direct */
    uint8_t shapes[4]; /* of 8x8 blocks: 8x8, 8x4, 4x8, 4x4 */
    bool first_only;   /* P_8x8ref0: all indices are 0 */
} partitions;

/* ---------------------------------------------------------------- 7.3.5.1 mb_pred, 7.3.5.2 */

CABAC_INLINE void read_vector(h264_reader *r, int list, int x, int y, int width, int height,
                               int partition, const bool cabac)
{
    h264_vector predicted = h264_predict_vector(r, list, x, y, width, partition);
    int difference_x, difference_y;
    if (cabac) {
        static const uint8_t none[2];
        uint8_t(*here)[2] = r->current->differences[list];
        int block = 4 * y + x;
        const uint8_t *left = x > 0         ? here[block - 1]
                              : r->has_left ? r->left->differences[list][block + 3]
                                            : none;
        const uint8_t *above = y > 0          ? here[block - 4]
                               : r->has_above ? r->above->differences[list][block + 12]
                                              : none;
        difference_x = cabac_mvd(r, CONTEXT_MVD_X, left[0] + above[0]);
        difference_y = cabac_mvd(r, CONTEXT_MVD_Y, left[1] + above[1]);
        int size_x = abs(difference_x), size_y = abs(difference_y);
        if (size_x | size_y) {
            uint8_t sizes[2] = {(uint8_t)(size_x < MAX_DIFFERENCE ? size_x : MAX_DIFFERENCE),
                                (uint8_t)(size_y < MAX_DIFFERENCE ? size_y : MAX_DIFFERENCE)};
            for (int row = 0; row < height; row++)
                for (int column = 0; column < width; column++)
                    memcpy(here[block + 4 * row + column], sizes, sizeof sizes);
        }
    } else {
        difference_x = rbsp_se(&r->bits);
        difference_y = rbsp_se(&r->bits);
    }
    h264_vector vector =
        h264_vector_of((int)((unsigned)h264_x(predicted) + (unsigned)difference_x),
                       (int)((unsigned)h264_y(predicted) + (unsigned)difference_y));
    fill_vectors(r, list, x, y, width, height, vector);
}

/* The reference of some 8x8 blocks, a bit each; the first names the neighbours. */
CABAC_INLINE void read_reference(h264_reader *r, int list, int first, unsigned blocks,
                                  bool is_0, const bool cabac)
{
    int index = is_0 ? 0 : ref_idx(r, list, first, cabac);
    for (int block = 0; block < 4; block++)
        if (blocks >> block & 1)
            set_reference(r, list, block, index);
    if (index > 0)
        r->current->reference_above_0[list] |= (uint8_t)blocks;
}

enum { LEFT_HALF = 1 | 4, UPPER_HALF = 1 | 2, ALL_BLOCKS = 15 };

CABAC_INLINE void read_references(h264_reader *r, const partitions *of, int list,
                                   const bool cabac)
{
    unsigned use = 1u << list;
    if (of->type == H264_INTER_16X16) {
        if (of->uses[0] & use)
            read_reference(r, list, 0, ALL_BLOCKS, false, cabac);
    } else if (of->type == H264_INTER_16X8) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_reference(r, list, 2 * half, UPPER_HALF << 2 * half, false, cabac);
    } else if (of->type == H264_INTER_8X16) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_reference(r, list, half, LEFT_HALF << half, false, cabac);
    } else {
        for (int block = 0; block < 4; block++)
            if (of->uses[block] & use)
                read_reference(r, list, block, 1u << block, of->first_only, cabac);
    }
}

/* An 8x8 block in up to four parts. */
CABAC_INLINE void read_sub_vectors(h264_reader *r, int list, int block, int shape,
                                    const bool cabac)
{
    int left = 2 * (block & 1), top = 2 * (block >> 1);
    int width = shape < 2 ? 2 : 1, height = shape & 1 ? 1 : 2;
    for (int y = top; y < top + 2; y += height)
        for (int x = left; x < left + 2; x += width)
            read_vector(r, list, x, y, width, height, PARTITION_OTHER, cabac);
}

CABAC_INLINE void read_vectors(h264_reader *r, const partitions *of, int list, const bool cabac)
{
    unsigned use = 1u << list;
    if (of->type == H264_INTER_16X16) {
        if (of->uses[0] & use)
            read_vector(r, list, 0, 0, 4, 4, PARTITION_OTHER, cabac);
    } else if (of->type == H264_INTER_16X8) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_vector(r, list, 0, 2 * half, 4, 2, PARTITION_UPPER + half, cabac);
    } else if (of->type == H264_INTER_8X16) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_vector(r, list, 2 * half, 0, 2, 4, PARTITION_LEFT + half, cabac);
    } else {
        for (int block = 0; block < 4; block++)
            if (of->uses[block] & use)
                read_sub_vectors(r, list, block, of->shapes[block], cabac);
    }
}

CABAC_INLINE void inter_prediction(h264_reader *r, const partitions *of, const bool cabac)
{
    for (int list = 0; list < 1 + r->is_b; list++)
        read_references(r, of, list, cabac);
    if (r->status != H264_OK)
        return;
    for (int list = 0; list < 1 + r->is_b; list++)
        read_vectors(r, of, list, cabac);
}

/* Tables 7-17 and 7-18.  Returns the direct blocks, a bit each; *small: some are below 8x8. */
CABAC_INLINE unsigned sub_mb_types(h264_reader *r, partitions *to, bool *small, const bool cabac)
{
    static const uint8_t shapes[13] = {0, 0, 0, 0, 1, 2, 1, 2, 1, 2, 3, 3, 3};
    static const uint8_t uses[13] = {0, 1, 2, 3, 1, 1, 2, 2, 3, 3, 1, 2, 3};
    unsigned direct = 0;
    *small = false;
    for (int block = 0; block < 4; block++) {
        int type = r->is_b ? sub_mb_type_b(r, cabac) : sub_mb_type_p(r, cabac);
        to->shapes[block] = r->is_b ? shapes[type] : (uint8_t)type;
        to->uses[block] = r->is_b ? uses[type] : USES_0;
        direct |= (unsigned)(to->uses[block] == 0) << block;
        *small |= to->shapes[block] > 0;
    }
    return direct;
}

/* ---------------------------------------------------------------- the macroblock */

/* Nothing of a list is used, until it is said otherwise. */
CABAC_INLINE void clear_motion(h264_reader *r, int list)
{
    set_references(r, list, -1);
    fill_vectors(r, list, 0, 0, 4, 4, 0);
}

/* Tables 7-13 and 7-14: what an inter type says. */
CABAC_INLINE partitions partitions_of(const h264_reader *r, int type)
{
    static const uint8_t halves[9][2] = {
        {USES_0, USES_0},    {USES_1, USES_1},    {USES_0, USES_1},
        {USES_1, USES_0},    {USES_0, USES_BOTH}, {USES_1, USES_BOTH},
        {USES_BOTH, USES_0}, {USES_BOTH, USES_1}, {USES_BOTH, USES_BOTH},
    };
    static const h264_mb_type p_types[NUM_P_TYPES] = {
        H264_INTER_16X16, H264_INTER_16X8, H264_INTER_8X16, H264_INTER_8X8, H264_INTER_8X8,
    };
    if (!r->is_b)
        return (partitions){.type = p_types[type], .uses = {USES_0, USES_0, USES_0, USES_0},
                            .first_only = type == 4};
    if (type == 0)
        return (partitions){.type = H264_B_DIRECT};
    if (type < 4)
        return (partitions){.type = H264_INTER_16X16, .uses = {(uint8_t)type}};
    if (type == 22)
        return (partitions){.type = H264_INTER_8X8};
    const uint8_t *uses = halves[(type - 4) / 2];
    return (partitions){.type = type & 1 ? H264_INTER_8X16 : H264_INTER_16X8,
                        .uses = {uses[0], uses[1]}};
}

/* Vectors of an inter macroblock; *no_small: its transform may be 8x8. */
CABAC_INLINE h264_mb_type inter_macroblock(h264_reader *r, int type, bool *may_be_8x8,
                                            const bool cabac)
{
    partitions of = partitions_of(r, type);
    *may_be_8x8 = true;
    if (of.type == H264_B_DIRECT) {
        r->current->flags = MB_DIRECT;
        *may_be_8x8 = r->slice->sps->direct_8x8_inference;
        h264_direct_motion(r, ALL_BLOCKS);
        return of.type;
    }
    if (r->is_b) {
        clear_motion(r, 0);
        clear_motion(r, 1);
    } else {
        set_references(r, 1, -1);
    }
    if (of.type == H264_INTER_8X8) {
        bool small;
        unsigned direct = sub_mb_types(r, &of, &small, cabac);
        *may_be_8x8 = !small && (!direct || r->slice->sps->direct_8x8_inference);
        r->motion->small_blocks |= small;
        if (direct && r->status == H264_OK)
            h264_direct_motion(r, (int)direct);
    }
    if (r->status == H264_OK)
        inter_prediction(r, &of, cabac);
    return of.type;
}

#endif
