/* Accumulated motion: included once per type of its fields, which ACCUMULATED and NAMED() give. */

/* Where the pixels of row y come from. */
ALWAYS_INLINE void NAMED(locate)(sources *to, const ACCUMULATED *row, plane reference, int y,
                                 geometry size)
{
    int stride = (int)reference.stride, last_x = size.width - 1, last_y = size.height - 1;
    int farthest = 0;
    for (int x = 0; x < size.width; x++) {
        int from_x = QUARTERS * x - row[2 * x], from_y = QUARTERS * y - row[2 * x + 1];
        int left = from_x >> 2, upper = from_y >> 2, column = clip_int(left, 0, last_x);
        int fx = column == left && left < last_x ? from_x & 3 : 0;
        int above = clip_int(upper, 0, last_y) * stride + CHANNELS * column;
        int below = clip_int(upper + 1, 0, last_y) * stride + CHANNELS * column;
        to->above[x] = (uint32_t)above;
        to->below[x] = (uint32_t)below;
        to->fraction[x] = (uint32_t)((from_y & 3) * QUARTERS + fx);
        farthest = max_int(farthest, below);
    }
    to->farthest = (uint32_t)farthest;
    for (int x = 1; x < size.width; x++)
        to->starts[x] = (row[2 * x] != row[2 * x - 2]) | (row[2 * x + 1] != row[2 * x - 1]);
}

/* Two values per pixel; `vector` holds dx and dy by turns. */
ALWAYS_INLINE void NAMED(add)(ACCUMULATED *restrict to, const ACCUMULATED *restrict from,
                              const ACCUMULATED *restrict vector, int count)
{
    NO_ALIAS
    for (int i = 0; i < count; i++)
        to[i] = (ACCUMULATED)((uint32_t)from[i] + (uint32_t)vector[i]);
}

/* out(p) = vector + reference(source of p) in rows `begin` to `end`, where the source lies inside
 * the frame. */
ALWAYS_INLINE void NAMED(follow_run)(plane out, plane reference, const run *r, int begin, int end,
                                     geometry size)
{
    int down = (2 - r->dy) >> 2, shift = (2 - r->dx) >> 2; /* to the nearest pixel */
    int from = max_int(r->x, -shift), to = min_int(r->x + r->n, size.width - shift);
    begin = max_int(begin, -down);
    end = min_int(end, size.height - down);
    ACCUMULATED vector[2 * CELL];
    for (int i = 0; i < 2 * CELL; i += 2) {
        vector[i] = (ACCUMULATED)r->dx;
        vector[i + 1] = (ACCUMULATED)r->dy;
    }
    if (from >= to || begin >= end)
        return;
    int count = 2 * (to - from);
    uint8_t *target = row_of(out, begin) + 2 * from * (ptrdiff_t)sizeof *vector;
    const uint8_t *source =
        row_of(reference, begin + down) + 2 * (from + shift) * (ptrdiff_t)sizeof *vector;
    for (int y = begin; y < end; y++, target += out.stride, source += reference.stride) {
        int i = 0;
        for (; i + 2 * CELL <= count; i += 2 * CELL) /* a known length is much faster */
            NAMED(add)((ACCUMULATED *)target + i, (const ACCUMULATED *)source + i, vector,
                       2 * CELL);
        for (; i < count; i += 2)
            NAMED(add)((ACCUMULATED *)target + i, (const ACCUMULATED *)source + i, vector, 2);
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
            NAMED(follow_run)(out, reference, &overlap, y, y + 1, size);
        }
        i += f->x + f->n == end;
        j += p->x + p->n == end;
    }
}

/* Follows the past where it holds; `start` is there already. */
ALWAYS_INLINE void NAMED(follow_past)(plane out, plane reference, plane start, const run *past,
                                      int num_past, int begin, int end, geometry size)
{
    for (const run *r = past; reference.data && r < past + num_past; r++)
        if (r->valid && (r->dx || r->dy || reference.data != start.data))
            NAMED(follow_run)(out, reference, r, begin, end, size);
}

/* One cell that continues only its past vector: eight rows of eight pixels from `x` and `y` on. */
ALWAYS_INLINE void NAMED(follow_cell)(plane out, plane start, plane reference, int x, int y, int dx,
                                      int dy, geometry size)
{
    int from_x = x + ((2 - dx) >> 2), from_y = y + ((2 - dy) >> 2); /* the nearest pixel */
    if (x + CELL <= size.width && y + CELL <= size.height && from_x >= 0 && from_y >= 0 &&
        from_x + CELL <= size.width && from_y + CELL <= size.height) {
        ACCUMULATED vector[2 * CELL];
        for (int i = 0; i < 2 * CELL; i += 2) {
            vector[i] = (ACCUMULATED)dx;
            vector[i + 1] = (ACCUMULATED)dy;
        }
        uint8_t *target = row_of(out, y) + 2 * x * (ptrdiff_t)sizeof *vector;
        const uint8_t *source = row_of(reference, from_y) + 2 * from_x * (ptrdiff_t)sizeof *vector;
        for (int i = 0; i < CELL; i++, target += out.stride, source += reference.stride)
            NAMED(add)((ACCUMULATED *)target, (const ACCUMULATED *)source, vector, 2 * CELL);
        return;
    }
    run cell = {x, min_int(CELL, size.width - x), dx, dy, true};
    int end = min_int(y + CELL, size.height);
    size_t offset = 2 * sizeof(ACCUMULATED) * (size_t)x;
    for (int row = y; row < end; row++)
        memcpy(row_of(out, row) + offset, row_of(start, row) + offset,
               2 * sizeof(ACCUMULATED) * (size_t)cell.n);
    NAMED(follow_run)(out, reference, &cell, y, end, size);
}

/* A picture that is predicted from past ones only. */
WIDE_SIMD void NAMED(follow_cells)(plane out, plane start, cells past, plane reference,
                                   geometry size)
{
    int columns = (size.width + CELL - 1) / CELL;
    for (int y = 0; y < size.height; y += CELL) {
        const int16_t *vector = past.vectors + (ptrdiff_t)(y / CELL) * columns * 2;
        const uint8_t *valid = past.valid + (ptrdiff_t)(y / CELL) * columns;
        for (int column = 0; column < columns; column++, vector += 2) {
            int dx = vector[0], dy = vector[1];
            if (size.whole) {
                dx = whole_pixels(dx);
                dy = whole_pixels(dy);
            }
            if (valid[column])
                NAMED(follow_cell)(out, start, reference, column * CELL, y, dx, dy, size);
            else
                NAMED(follow_cell)(out, start, start, column * CELL, y, 0, 0, size);
        }
    }
}

WIDE_SIMD bool NAMED(accumulate)(plane out, plane start, cells past, plane past_reference,
                                 cells future, plane future_reference, geometry size)
{
    if ((!future.vectors || !future_reference.data) && past_reference.data) {
        NAMED(follow_cells)(out, start, past, past_reference, size);
        return true;
    }
    run_buffers runs;
    if (!allocate_runs(&runs, size))
        return false;
    size_t row_bytes = 2 * sizeof(ACCUMULATED) * (size_t)size.width;
    for (int y = 0; y < size.height; y++)
        memcpy(row_of(out, y), row_of(start, y), row_bytes);
    for (int cell_row = 0; cell_row * CELL < size.height; cell_row++) {
        int begin = cell_row * CELL, end = min_int(begin + CELL, size.height);
        int num_past = cell_runs(runs.past, past, cell_row, size);
        if (!future.vectors || !future_reference.data) {
            NAMED(follow_past)(out, past_reference, start, runs.past, num_past, begin, end, size);
            continue;
        }
        int num_future = cell_runs(runs.future, future, cell_row, size);
        for (int y = begin; y < end; y++) {
            int num_past_row, num_future_row;
            const run *past_row =
                row_runs(&num_past_row, runs.past_row, runs.past, num_past, y, size);
            const run *future_row =
                row_runs(&num_future_row, runs.future_row, runs.future, num_future, y, size);
            NAMED(follow_future)(out, future_reference, future_row, num_future_row, past_row,
                                 num_past_row, y, size);
            NAMED(follow_past)(out, past_reference, start, past_row, num_past_row, y, y + 1, size);
        }
    }
    free(runs.past);
    return true;
}

bool NAMED(accumulate_run)(plane out, plane between, plane start, const picture_blocks *run,
                           int count, geometry size)
{
    int rows = (size.height + CELL - 1) / CELL, columns = (size.width + CELL - 1) / CELL;
    size_t num_cells = (size_t)rows * (size_t)columns;
    int16_t *vectors = malloc(num_cells * (2 * sizeof *vectors + 1));
    if (!vectors)
        return false;
    uint8_t *valid = (uint8_t *)(vectors + 2 * num_cells);
    for (int i = 0; i < count; i++) {
        plane target = (count - i) % 2 ? out : between;
        rasterise(vectors, valid, rows, columns, run[i], -1);
        NAMED(follow_cells)(target, start, (cells){vectors, valid}, start, size);
        start = target;
    }
    free(vectors);
    return true;
}

ALWAYS_INLINE void NAMED(divide_row)(void *to, motion_output out, const ACCUMULATED *row,
                                     float divisor, int count)
{
    if (out.type == FLOAT32) {
        for (int i = 0; i < count; i++)
            ((float *)to)[i] = (float)row[i] / QUARTERS / divisor;
    } else if (out.type == INT16) {
        for (int i = 0; i < count; i++)
            ((int16_t *)to)[i] = (int16_t)(int)((float)row[i] / QUARTERS / divisor);
    } else {
        for (int i = 0; i < count; i++)
            ((uint8_t *)to)[i] = scaled_byte((float)row[i] / QUARTERS / divisor, out.scale);
    }
}

WIDE_SIMD bool NAMED(accumulated_motion)(motion_output out, plane accumulated, int divisor,
                                         geometry size)
{
    uint8_t *motion = malloc(motion_row_bytes(out, size));
    if (!motion)
        return false;
    for (int y = 0; y < size.height; y++) {
        const ACCUMULATED *row = (const ACCUMULATED *)row_of(accumulated, y);
        if (divisor == 1)
            NAMED(divide_row)(motion, out, row, 1, 2 * size.width); /* no division is left of it */
        else
            NAMED(divide_row)(motion, out, row, (float)divisor, 2 * size.width);
        put_row(row_of(out.pixels, y), motion, motion_row_bytes(out, size));
    }
    done_putting();
    free(motion);
    return true;
}

bool NAMED(accumulated_residual)(plane out, output_type type, plane frame,
                                           plane reference, plane accumulated, geometry size)
{
    if (sizeof(ACCUMULATED) == sizeof(int16_t) && suits_avx2(reference, size))
        return accumulated_residual_avx2(out, type, frame, reference, accumulated, size);
    sources from;
    uint8_t *residual = malloc(residual_row_bytes(type, size) + prediction_bytes(size));
    if (!residual || !allocate_sources(&from, size)) {
        free(residual);
        return false;
    }
    uint8_t *prediction = residual + residual_row_bytes(type, size);
    for (int y = 0; y < size.height; y++) {
        NAMED(locate)(&from, (const ACCUMULATED *)row_of(accumulated, y), reference, y, size);
        predict_field_row(prediction, reference, &from, size);
        subtract_row(out, type, frame, prediction, residual, y, size);
    }
    done_putting();
    free(from.above);
    free(residual);
    return true;
}
