/* Accumulated motion: included once per type of its fields, which ACCUMULATED and NAMED() give. */

/* Where the pixels of row y come from. */
ALWAYS_INLINE void NAMED(locate)(sources *to, const ACCUMULATED *row, plane reference, int y,
                                 geometry size)
{
    int stride = (int)reference.stride, last = size.width - 1, farthest = 0;
    for (int x = 0; x < size.width; x++) {
        int quarters_x = QUARTERS * x - row[2 * x], quarters_y = QUARTERS * y - row[2 * x + 1];
        int left = quarters_x >> 2, above = quarters_y >> 2;
        int column = clip_int(left, 0, last), fx = column == left && left < last ? quarters_x & 3 : 0;
        int below = clip_int(above + 1, 0, size.height - 1) * stride + CHANNELS * column;
        to->above[x] =
            (uint32_t)(clip_int(above, 0, size.height - 1) * stride + CHANNELS * column);
        to->below[x] = (uint32_t)below;
        to->fraction[x] = (uint8_t)((quarters_y & 3) * QUARTERS + fx);
        farthest = max_int(farthest, below);
    }
    to->farthest = (uint32_t)farthest;
    for (int x = 1; x < size.width; x++)
        to->starts[x] = (row[2 * x] != row[2 * x - 2]) | (row[2 * x + 1] != row[2 * x - 1]);
}

/* out(p) = vector + reference(source of p) where the source lies inside the frame. */
ALWAYS_INLINE void NAMED(follow_run)(plane out, plane reference, const run *r, int y, geometry size)
{
    int source_y = y + ((2 - r->dy) >> 2), shift = (2 - r->dx) >> 2; /* to the nearest pixel */
    if (source_y < 0 || source_y >= size.height)
        return;
    int from = max_int(r->x, -shift), to = min_int(r->x + r->n, size.width - shift);
    ACCUMULATED *target = (ACCUMULATED *)row_of(out, y);
    const ACCUMULATED *source = (const ACCUMULATED *)row_of(reference, source_y) + 2 * shift;
    for (int x = from; x < to; x++) {
        target[2 * x] = (ACCUMULATED)((uint32_t)source[2 * x] + (uint32_t)r->dx);
        target[2 * x + 1] = (ACCUMULATED)((uint32_t)source[2 * x + 1] + (uint32_t)r->dy);
    }
}

/* Follows the future where the past does not hold. */
ALWAYS_INLINE void NAMED(follow_future)(plane out, plane reference, const run *future,
                                        int num_future, const run *past, int num_past, int y,
                                        geometry size)
{
    for (int i = 0, j = 0; i < num_future && j < num_past;) {
        const run *f = future + i, *p = past + j;
        int from = max_int(f->x, p->x), end = min_int(f->x + f->n, p->x + p->n);
        if (f->valid && !p->valid) {
            run overlap = {from, end - from, f->dx, f->dy, true};
            NAMED(follow_run)(out, reference, &overlap, y, size);
        }
        i += f->x + f->n == end;
        j += p->x + p->n == end;
    }
}

WIDE_SIMD bool NAMED(accumulate)(plane out, plane start, cells past, plane past_reference,
                                 cells future, plane future_reference, geometry size)
{
    run_buffers runs;
    if (!allocate_runs(&runs, size))
        return false;
    size_t row_bytes = 2 * sizeof(ACCUMULATED) * (size_t)size.width;
    for (int cell_row = 0; cell_row * CELL < size.height; cell_row++) {
        int num_past = cell_runs(runs.past, past, cell_row, size), num_future = 0;
        if (future.vectors && future_reference.data)
            num_future = cell_runs(runs.future, future, cell_row, size);
        int end = min_int((cell_row + 1) * CELL, size.height);
        for (int y = cell_row * CELL; y < end; y++) {
            memcpy(row_of(out, y), row_of(start, y), row_bytes);
            int num_past_row, num_future_row;
            const run *past_row =
                runs_of_row(&num_past_row, runs.past_row, runs.past, num_past, y, size);
            if (num_future) {
                const run *future_row =
                    runs_of_row(&num_future_row, runs.future_row, runs.future, num_future, y, size);
                NAMED(follow_future)(out, future_reference, future_row, num_future_row, past_row,
                                     num_past_row, y, size);
            }
            for (const run *r = past_row; past_reference.data && r < past_row + num_past_row; r++)
                if (r->valid && (r->dx || r->dy || past_reference.data != start.data))
                    NAMED(follow_run)(out, past_reference, r, y, size);
        }
    }
    free(runs.past);
    return true;
}

WIDE_SIMD void NAMED(accumulated_motion)(motion_output out, plane accumulated, int divisor,
                                         geometry size)
{
    for (int y = 0; y < size.height; y++) {
        const ACCUMULATED *row = (const ACCUMULATED *)row_of(accumulated, y);
        int count = 2 * size.width;
        if (out.type == FLOAT32) {
            float *to = (float *)row_of(out.pixels, y);
            for (int i = 0; i < count; i++)
                to[i] = (float)row[i] / QUARTERS / (float)divisor;
        } else if (out.type == INT16) {
            int16_t *to = (int16_t *)row_of(out.pixels, y);
            for (int i = 0; i < count; i++)
                to[i] = (int16_t)(int)((float)row[i] / QUARTERS / (float)divisor);
        } else {
            uint8_t *to = row_of(out.pixels, y);
            for (int i = 0; i < count; i++)
                to[i] = scaled_byte((float)row[i] / QUARTERS / (float)divisor, out.scale);
        }
    }
}

WIDE_SIMD bool NAMED(accumulated_residual)(plane out, output_type type, plane frame,
                                           plane reference, plane accumulated, geometry size)
{
    sources from;
    uint8_t *prediction = malloc(prediction_bytes(size));
    if (!prediction || !allocate_sources(&from, size)) {
        free(prediction);
        return false;
    }
    for (int y = 0; y < size.height; y++) {
        NAMED(locate)(&from, (const ACCUMULATED *)row_of(accumulated, y), reference, y, size);
        predict_pixels(prediction, reference, &from, size);
        subtract_row(out, type, frame, prediction, y, size);
    }
    free(from.above);
    free(prediction);
    return true;
}
