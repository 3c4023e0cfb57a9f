/* Accumulated motion: included once per type of its fields, which ACCUMULATED and NAMED() give. */

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
    ACCUMULATED vector[2 * GROUP];
    for (int i = 0; i < 2 * GROUP; i += 2) {
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
        for (; i + 2 * GROUP <= count; i += 2 * GROUP) /* a known length is much faster */
            NAMED(add)((ACCUMULATED *)target + i, (const ACCUMULATED *)source + i, vector,
                       2 * GROUP);
        for (; i < count; i += 2)
            NAMED(add)((ACCUMULATED *)target + i, (const ACCUMULATED *)source + i, vector, 2);
    }
}

/* What a cell may follow. */
typedef struct {
    plane field; /* data NULL: `start` stays */
    int dx, dy;
} NAMED(candidate);

/* One cell that continues only one vector: `cell` rows of so many pixels from `x` and `y` on. */
ALWAYS_INLINE void NAMED(follow_cell)(plane out, plane start, plane reference, int x, int y, int dx,
                                      int dy, int cell, geometry size)
{
    int from_x = x + ((2 - dx) >> 2), from_y = y + ((2 - dy) >> 2); /* the nearest pixel */
    if (x + cell <= size.width && y + cell <= size.height && from_x >= 0 && from_y >= 0 &&
        from_x + cell <= size.width && from_y + cell <= size.height) {
        ACCUMULATED vector[2 * GROUP];
        for (int i = 0; i < 2 * cell; i += 2) {
            vector[i] = (ACCUMULATED)dx;
            vector[i + 1] = (ACCUMULATED)dy;
        }
        uint8_t *target = row_of(out, y) + 2 * x * (ptrdiff_t)sizeof *vector;
        const uint8_t *source = row_of(reference, from_y) + 2 * from_x * (ptrdiff_t)sizeof *vector;
        for (int i = 0; i < cell; i++, target += out.stride, source += reference.stride)
            NAMED(add)((ACCUMULATED *)target, (const ACCUMULATED *)source, vector, 2 * cell);
        return;
    }
    run pixels = {x, min_int(cell, size.width - x), dx, dy, 0};
    int end = min_int(y + cell, size.height);
    size_t offset = 2 * sizeof(ACCUMULATED) * (size_t)x;
    for (int row = y; row < end; row++)
        memcpy(row_of(out, row) + offset, row_of(start, row) + offset,
               2 * sizeof(ACCUMULATED) * (size_t)pixels.n);
    NAMED(follow_run)(out, reference, &pixels, y, end, size);
}

/* A picture with one prediction from one reference. */
ALWAYS_INLINE void NAMED(follow_cells)(plane out, plane start, prediction from, plane reference,
                                       int cell, geometry size)
{
    int columns = cells_along(size.width, cell);
    for (int y = 0; y < size.height; y += cell) {
        prediction row = row_of_cells(from, y / cell, columns);
        for (int column = 0; column < columns; column++) {
            int dx = row.vectors[2 * column], dy = row.vectors[2 * column + 1];
            if (size.whole) {
                dx = whole_pixels(dx);
                dy = whole_pixels(dy);
            }
            if (row.slots[column] != NO_REFERENCE)
                NAMED(follow_cell)(out, start, reference, column * cell, y, dx, dy, cell, size);
            else
                NAMED(follow_cell)(out, start, start, column * cell, y, 0, 0, cell, size);
        }
    }
}

/* Pixel by pixel what follow_cell() does where CoViAR's rule may void the better of two vectors. */
ALWAYS_INLINE void NAMED(follow_either)(plane out, plane start, const NAMED(candidate) *candidates,
                                        int left, int top, int cell, geometry size)
{
    for (int y = top; y < min_int(top + cell, size.height); y++)
        for (int x = left; x < min_int(left + cell, size.width); x++) {
            ACCUMULATED *to = (ACCUMULATED *)row_of(out, y) + 2 * x;
            memcpy(to, (ACCUMULATED *)row_of(start, y) + 2 * x, 2 * sizeof *to);
            for (const NAMED(candidate) *c = candidates; c < candidates + 2; c++) {
                int from_x = x - c->dx / QUARTERS, from_y = y - c->dy / QUARTERS;
                if (from_x < 0 || from_x >= size.width || from_y < 0 || from_y >= size.height)
                    continue;
                if (c->field.data) {
                    const ACCUMULATED vector[2] = {(ACCUMULATED)c->dx, (ACCUMULATED)c->dy};
                    const uint8_t *from = row_of(c->field, from_y);
                    NAMED(add)(to, (const ACCUMULATED *)from + 2 * from_x, vector, 2);
                }
                break;
            }
        }
}

ALWAYS_INLINE NAMED(candidate) NAMED(candidate_of)(prediction row, int column,
                                                   const followed *references, bool whole)
{
    int dx = row.vectors[2 * column], dy = row.vectors[2 * column + 1];
    if (whole) {
        dx = whole_pixels(dx);
        dy = whole_pixels(dy);
    }
    return (NAMED(candidate)){references->fields[row.slots[column]], dx, dy};
}

/* A picture with several references. */
ALWAYS_INLINE void NAMED(follow_best)(plane out, plane start, cells from,
                                      const followed *references, int cell, geometry size)
{
    int columns = cells_along(size.width, cell);
    for (int y = 0; y < size.height; y += cell) {
        prediction first = row_of_cells(from.first, y / cell, columns);
        prediction second = row_of_cells(from.second, y / cell, columns);
        for (int column = 0; column < columns; column++) {
            int ranks[2] = {first.vectors ? references->ranks[first.slots[column]] : 0,
                            second.vectors ? references->ranks[second.slots[column]] : 0};
            bool takes_first = ranks[0] >= ranks[1];
            NAMED(candidate) best = {start, 0, 0};
            if (ranks[0] || ranks[1])
                best = NAMED(candidate_of)(takes_first ? first : second, column, references,
                                           size.whole);
            if (size.whole && ranks[0] && ranks[1] &&
                !is_inside(column * cell, y, best.dx, best.dy, cell, size)) {
                const NAMED(candidate) candidates[2] = {
                    best, NAMED(candidate_of)(takes_first ? second : first, column, references,
                                              true)};
                NAMED(follow_either)(out, start, candidates, column * cell, y, cell, size);
                continue;
            }
            if (!best.field.data)
                best = (NAMED(candidate)){start, 0, 0};
            NAMED(follow_cell)(out, start, best.field, column * cell, y, best.dx, best.dy, cell,
                               size);
        }
    }
}

/* `cell` is a constant here: of what compilers know to be four or eight pixels they make few
 * instructions. */
ALWAYS_INLINE void NAMED(follow_picture)(plane out, plane start, cells from,
                                         const followed *references, int cell, geometry size)
{
    prediction first = from.first;
    if (first.vectors && !from.second.vectors && first.lowest == first.highest &&
        references->ranks[first.lowest] && references->fields[first.lowest].data)
        NAMED(follow_cells)(out, start, first, references->fields[first.lowest], cell, size);
    else
        NAMED(follow_best)(out, start, from, references, cell, size);
}

WIDE_SIMD void NAMED(accumulate)(plane out, plane start, cells from, const followed *references,
                                 geometry size)
{
    if (from.cell == 4)
        NAMED(follow_picture)(out, start, from, references, 4, size);
    else
        NAMED(follow_picture)(out, start, from, references, 8, size);
}

bool NAMED(accumulate_run)(plane out, plane between, plane start, const picture_vectors *run,
                           int count, geometry size)
{
    int rows = cells_along(size.height, BLOCK_CELL), columns = cells_along(size.width, BLOCK_CELL);
    size_t num_cells = (size_t)rows * (size_t)columns;
    int16_t *vectors = malloc(num_cells * (2 * sizeof *vectors + 1));
    if (!vectors)
        return false;
    uint8_t *slots = (uint8_t *)(vectors + 2 * num_cells);
    followed before = {.fields = &start, .ranks = {1}};
    for (int i = 0; i < count; i++) {
        plane target = (count - i) % 2 ? out : between;
        cells from = run[i].cells;
        if (!from.cell) {
            rasterise(vectors, slots, rows, columns, run[i].blocks, 0);
            from = (cells){.first = {vectors, slots, 0, 0}, .cell = BLOCK_CELL};
        }
        NAMED(accumulate)(target, start, from, &before, size);
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
