/* Both predictions of cells as one vector. */
#ifndef MMCONDENSE_KERNELS_COMBINE_H
#define MMCONDENSE_KERNELS_COMBINE_H

#include "kernels_inline.h"

/* Some cells and what becomes of them. */
typedef struct {
    prediction first, second; /* vectors NULL: no cell of the picture uses it */
    int count;
    float *motion; /* [count, 2], pixels per frame: what their pixels get */
    float *first_motion, *second_motion; /* the same of either alone, if there are two */
    float *factors; /* [count, 2]: a half where both count, else one */
} cell_row;

ALWAYS_INLINE size_t cell_row_bytes(int count) { return 8 * sizeof(float) * (size_t)count; }

/* Gives the row its room, cell_row_bytes(). */
ALWAYS_INLINE void set_room(cell_row *row, float *room)
{
    row->motion = room;
    row->first_motion = row->motion + 2 * row->count;
    row->second_motion = row->first_motion + 2 * row->count;
    row->factors = row->second_motion + 2 * row->count;
}

/* dx and dy by turns, to pixels per frame; never -0. */
ALWAYS_INLINE void divide_vectors(float *to, prediction from, int count, const divisors *by,
                                  bool whole)
{
    float divisor = by->of[from.lowest];
    if (!from.vectors) {
        memset(to, 0, 2 * sizeof *to * (size_t)count);
    } else if (from.lowest == from.highest) { /* where it is not used, too: 0 stays 0 */
        for (int i = 0; i < 2 * count; i++)
            to[i] = (float)(whole ? whole_pixels(from.vectors[i]) : from.vectors[i]) / divisor + 0.0f;
    } else {
        for (int i = 0; i < count; i++)
            to[2 * i] = to[2 * i + 1] = by->of[from.slots[i]];
        for (int i = 0; i < 2 * count; i++)
            to[i] = (float)(whole ? whole_pixels(from.vectors[i]) : from.vectors[i]) / to[i] + 0.0f;
    }
}

/* The mean of both predictions where both count, else the one that does. */
ALWAYS_INLINE void combine_vectors(cell_row *row, const divisors *by, bool whole)
{
    static const float factors[2] = {1, 0.5f};
    if (!row->second.vectors) {
        divide_vectors(row->motion, row->first, row->count, by, whole);
        return;
    }
    divide_vectors(row->first_motion, row->first, row->count, by, whole);
    divide_vectors(row->second_motion, row->second, row->count, by, whole);
    for (int i = 0; i < row->count; i++) {
        bool both = row->first.vectors && by->counts[row->first.slots[i]] &
                                              by->counts[row->second.slots[i]];
        row->factors[2 * i] = row->factors[2 * i + 1] = factors[both];
    }
    for (int i = 0; i < 2 * row->count; i++)
        row->motion[i] = (row->first_motion[i] + row->second_motion[i]) * row->factors[i];
}

#endif
