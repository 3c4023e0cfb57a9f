/* Rows of pixels as runs of equal vectors into equal references. */
#ifndef MMCONDENSE_KERNELS_RUNS_H
#define MMCONDENSE_KERNELS_RUNS_H

#include "kernels_inline.h"

typedef struct {
    int x, n; /* first pixel, number of pixels */
    int dx, dy; /* quarter pixels */
    uint8_t slot; /* NO_REFERENCE: nothing is predicted */
} run;

/* A row of cells. `slots` says what each slot counts as; where nothing counts, nothing moves. Returns
 * the number of runs, at most one per cell. */
ALWAYS_INLINE int cell_runs(run *runs, prediction from, const uint8_t *slots, int cell,
                            geometry size)
{
    int columns = cells_along(size.width, cell), count = 0;
    if (!from.vectors) {
        runs[0] = (run){0, size.width, 0, 0, NO_REFERENCE};
        return 1;
    }
    for (int column = 0; column < columns; column++) {
        int dx = from.vectors[2 * column], dy = from.vectors[2 * column + 1];
        int x = column * cell, n = min_int(cell, size.width - x);
        uint8_t slot = slots[from.slots[column]];
        if (slot == NO_REFERENCE)
            dx = dy = 0;
        if (size.whole) {
            dx = whole_pixels(dx);
            dy = whole_pixels(dy);
        }
        run *last = runs + count - 1;
        if (count && last->dx == dx && last->dy == dy && last->slot == slot)
            last->n += n;
        else
            runs[count++] = (run){x, n, dx, dy, slot};
    }
    return count;
}

/* CoViAR's rule for whole pixels: vectors whose source lies outside the frame are void.
 * Returns the number of runs, at most three times as many. */
ALWAYS_INLINE int void_outside(run *inside, const run *runs, int num_runs, int y, geometry size)
{
    int count = 0;
    for (const run *r = runs; r < runs + num_runs; r++) {
        int source_y = y - r->dy / QUARTERS, shift = r->dx / QUARTERS;
        int end = r->x + r->n, from = clip_int(shift, r->x, end);
        int to = clip_int(size.width + shift, from, end);
        if (source_y < 0 || source_y >= size.height)
            from = to = end;
        if (from > r->x)
            inside[count++] = (run){r->x, from - r->x, 0, 0, NO_REFERENCE};
        if (to > from)
            inside[count++] = (run){from, to - from, r->dx, r->dy, r->slot};
        if (end > to)
            inside[count++] = (run){to, end - to, 0, 0, NO_REFERENCE};
    }
    return count;
}

/* Room for the runs of both predictions, before and after void_outside. */
typedef struct {
    run *first, *second, *first_row, *second_row;
} run_buffers;

ALWAYS_INLINE bool allocate_runs(run_buffers *runs, int cell, geometry size)
{
    size_t columns = (size_t)cells_along(size.width, cell);
    runs->first = malloc(8 * columns * sizeof(run));
    if (!runs->first)
        return false;
    runs->second = runs->first + columns;
    runs->first_row = runs->second + columns;
    runs->second_row = runs->first_row + 3 * columns;
    return true;
}

#endif
