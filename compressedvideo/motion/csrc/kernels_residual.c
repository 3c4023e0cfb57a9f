/* Pictures minus what their vectors predict. See kernels.h. */
#include "kernels_predict.h"
#include "kernels_rows.h"

/* Rows of what is predicted, each prediction_bytes() after the other: the result, and room for the
 * second of two predictions. */
typedef struct {
    uint8_t *rows, *second_rows;
    const plane *references; /* by slot */
    plane fallback;
} predicted;

/* The rounded mean of both, into the first. */
ALWAYS_INLINE void average_rows(uint8_t *first, const uint8_t *second, const run *r, int count,
                                geometry size)
{
    for (int y = 0; y < count; y++) {
        size_t at = (size_t)y * prediction_bytes(size) + CHANNELS * (size_t)r->x;
        uint8_t *restrict to = first + at;
        const uint8_t *restrict other = second + at;
        for (int i = 0; i < CHANNELS * r->n; i++)
            to[i] = (uint8_t)((to[i] + other[i] + 1) >> 1);
    }
}

ALWAYS_INLINE plane reference_of(predicted to, uint8_t slot)
{
    return slot == NO_REFERENCE ? to.fallback : to.references[slot];
}

/* Rows `begin` to `end`, given the runs of the only prediction. What one run writes beyond its end, the
 * next one overwrites. */
ALWAYS_INLINE void predict_single(predicted to, const run *runs, int num_runs, int begin, int end,
                                  geometry size, bool avx2)
{
    for (const run *r = runs; r < runs + num_runs; r++)
        predict_run(to.rows, reference_of(to, r->slot), r, begin, end, size, avx2);
}

/* The same for two. */
ALWAYS_INLINE void predict_both(predicted to, const run *first, const run *second, int begin,
                                int end, geometry size, bool avx2)
{
    for (int x = 0; x < size.width;) {
        int stop = min_int(first->x + first->n, second->x + second->n);
        bool has_first = first->slot != NO_REFERENCE, has_second = second->slot != NO_REFERENCE;
        run one = has_first ? *first : *second, other = *second;
        one.x = other.x = x;
        one.n = other.n = stop - x;
        predict_run(to.rows, reference_of(to, one.slot), &one, begin, end, size, avx2);
        if (has_first && has_second) {
            predict_run(to.second_rows, reference_of(to, other.slot), &other, begin, end, size,
                        avx2);
            average_rows(to.rows, to.second_rows, &other, end - begin, size);
        }
        first += first->x + first->n == stop;
        second += second->x + second->n == stop;
        x = stop;
    }
}

/* Rows `begin` to `end`, given the runs of both predictions. */
ALWAYS_INLINE void predict_rows(predicted to, const run *first, int num_first, const run *second,
                                int num_second, int begin, int end, geometry size, bool avx2)
{
    if (num_second)
        predict_both(to, first, second, begin, end, size, avx2);
    else
        predict_single(to, first, num_first, begin, end, size, avx2);
}

ALWAYS_INLINE bool subtract_prediction(plane out, output_type type, plane frame, cells from,
                                       const plane *references, int num_references, plane fallback,
 geometry size,
                                       bool avx2)
{
    uint8_t slots[SLOTS];
    memset(slots, NO_REFERENCE, sizeof slots);
    for (int slot = 0; slot < num_references; slot++)
        if (references[slot].data)
            slots[slot] = (uint8_t)slot;
    run_buffers runs;
    size_t row_bytes = prediction_bytes(size);
    uint8_t *residual = malloc(residual_row_bytes(type, size) + 2 * GROUP * row_bytes);
    if (!residual || !allocate_runs(&runs, from.cell, size)) {
        free(residual);
        return false;
    }
    uint8_t *rows = residual + residual_row_bytes(type, size);
    predicted to = {rows, rows + GROUP * row_bytes, references, fallback};
    int columns = cells_along(size.width, from.cell);
    for (int begin = 0; begin < size.height; begin += from.cell) {
        int end = min_int(begin + from.cell, size.height), cell_row = begin / from.cell;
        int num_first = cell_runs(runs.first, row_of_cells(from.first, cell_row, columns), slots,
                                  from.cell, size);
        int num_second = 0;
        if (from.second.vectors)
            num_second = cell_runs(runs.second, row_of_cells(from.second, cell_row, columns), slots,
                                   from.cell, size);
        if (!size.whole)
            predict_rows(to, runs.first, num_first, runs.second, num_second, begin, end, size, avx2);
        for (int y = begin; y < end; y++) {
            uint8_t *row = rows + (size_t)(y - begin) * row_bytes;
            if (size.whole) { /* where they point outside differs from row to row */
                int count = void_outside(runs.first_row, runs.first, num_first, y, size);
                void_outside(runs.second_row, runs.second, num_second, y, size);
                to.rows = row;
                predict_rows(to, runs.first_row, count, runs.second_row, num_second, y, y + 1, size,
                             avx2);
            }
            subtract_row(out, type, frame, row, residual, y, size);
        }
    }
    done_putting();
    free(runs.first);
    free(residual);
    return true;
}

AVX2 static bool field_residual_avx2(plane out, output_type type, plane frame, cells from,
                                     const plane *references, int num_references, plane fallback,
 geometry size)
{
    return subtract_prediction(out, type, frame, from, references, num_references, fallback, size, true);
}

bool field_residual(plane out, output_type type, plane frame, cells from, const plane *references,
                    int num_references, plane fallback, geometry size)
{
    if (has_avx2())
        return field_residual_avx2(out, type, frame, from, references, num_references, fallback, size);
    return subtract_prediction(out, type, frame, from, references, num_references, fallback, size, false);
}
