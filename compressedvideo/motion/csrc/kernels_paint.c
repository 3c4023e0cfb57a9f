/* Vectors of cells as fields of pixels. See kernels.h. */
#include "kernels_combine.h"
#include "kernels_rows.h"

/* Each of `count` cells' vectors to a row of its pixels. A pixel is one number here, which compilers
 * store eight times at once. */
ALWAYS_INLINE void spread_cells(uint8_t *row, const float *vectors, int count, motion_output out,
                                int cell)
{
    if (out.type == FLOAT32) {
        uint64_t pixel, *to = (uint64_t *)row;
        for (int i = 0; i < count; i++, to += cell) {
            memcpy(&pixel, vectors + 2 * i, sizeof pixel);
            for (int x = 0; x < cell; x++)
                to[x] = pixel;
        }
    } else if (out.type == INT16) {
        uint32_t pixel, *to = (uint32_t *)row;
        for (int i = 0; i < count; i++, to += cell) {
            int16_t vector[2] = {(int16_t)(int)vectors[2 * i], (int16_t)(int)vectors[2 * i + 1]};
            memcpy(&pixel, vector, sizeof pixel);
            for (int x = 0; x < cell; x++)
                to[x] = pixel;
        }
    } else {
        uint16_t pixel, *to = (uint16_t *)row;
        for (int i = 0; i < count; i++, to += cell) {
            uint8_t vector[2] = {scaled_byte(vectors[2 * i], out.scale),
                                 scaled_byte(vectors[2 * i + 1], out.scale)};
            memcpy(&pixel, vector, sizeof pixel);
            for (int x = 0; x < cell; x++)
                to[x] = pixel;
        }
    }
}

/* Whether a whole vector points above or below the frame in any of these rows. */
ALWAYS_INLINE bool points_beyond(const int16_t *vector, int y, int end_y, geometry size)
{
    int dy = vector[1] / QUARTERS;
    return (y < dy) | (end_y - dy > size.height); /* no ||: compilers test many at once then */
}

/* Whether a pixel's or a cell's whole vector points outside the frame. */
ALWAYS_INLINE bool points_outside(const int16_t *vector, int x, int end_x, int y, int end_y,
                                  geometry size)
{
    int dx = vector[0] / QUARTERS;
    return (x < dx) | (end_x - dx > size.width) | points_beyond(vector, y, end_y, size);
}

/* Rows of pixels that are being painted, and whether a vector is there, or NULL. */
typedef struct {
    motion_output motion;
    uint8_t *valid;
} painted;

/* CoViAR's rule in row y of the pixels of a cell: vectors that point outside are void. */
ALWAYS_INLINE void void_single(painted out, const int16_t *vector, int begin, int y, int cell,
                               geometry size)
{
    int dx = vector[0] / QUARTERS, end = min_int(begin + cell, size.width);
    int from = clip_int(dx, begin, end), to = clip_int(size.width + dx, from, end);
    if (points_beyond(vector, y, y + 1, size))
        from = to = end;
    fill_motion(out.motion, 0, begin, from - begin, 0, 0);
    fill_motion(out.motion, 0, to, end - to, 0, 0);
    if (out.valid) {
        memset(out.valid + begin, false, (size_t)(from - begin));
        memset(out.valid + to, false, (size_t)(end - to));
    }
}

/* The same where there are two. */
ALWAYS_INLINE void void_both(painted out, const cell_row *row, int column, int y, int cell,
                             geometry size)
{
    static const int16_t still[2];
    const int16_t *first = row->first.vectors ? row->first.vectors + 2 * column : still;
    const int16_t *second = row->second.vectors + 2 * column;
    int begin = column * cell;
    for (int x = begin; x < min_int(begin + cell, size.width); x++) {
        bool has_first = !points_outside(first, x, x + 1, y, y + 1, size);
        bool has_second = !points_outside(second, x, x + 1, y, y + 1, size);
        float factor = has_first && has_second ? row->factors[2 * column] : 1, mean[2];
        for (int i = 0; i < 2; i++)
            mean[i] = factor * ((has_first ? row->first_motion[2 * column + i] : 0) +
                                (has_second ? row->second_motion[2 * column + i] : 0));
        fill_motion(out.motion, 0, x, 1, mean[0], mean[1]);
    }
}

ALWAYS_INLINE void void_cell(painted out, const cell_row *row, int column, int y, int cell,
                             geometry size)
{
    if (row->second.vectors)
        void_both(out, row, column, y, cell, size);
    else
        void_single(out, row->first.vectors + 2 * column, cell * column, y, cell, size);
}

ALWAYS_INLINE void find_outside(uint8_t *is_outside, prediction from, int count, int y, int cell,
                                geometry size)
{
    int end_y = min_int(y + cell, size.height);
    for (int i = 0; from.vectors && i < count; i++) {
        int x = cell * i, end_x = min_int(x + cell, size.width);
        is_outside[i] |= points_outside(from.vectors + 2 * i, x, end_x, y, end_y, size);
    }
}

/* Voids in `out`, which stands for all rows of pixels from y on, what points outside in all of them
 * alike. Cells that differ from row to row are left. Returns how many. */
ALWAYS_INLINE int void_alike(painted out, int *columns, uint8_t *is_outside, const cell_row *row,
                             int y, int cell, geometry size)
{
    int end_y = min_int(y + cell, size.height), num_left = 0;
    const int16_t *first = row->first.vectors, *second = row->second.vectors;
    memset(is_outside, 0, (size_t)row->count);
    find_outside(is_outside, row->first, row->count, y, cell, size);
    find_outside(is_outside, row->second, row->count, y, cell, size);
    for (int i = 0; i < row->count; i++) {
        if (!is_outside[i])
            continue;
        if ((first && points_beyond(first + 2 * i, y, end_y, size)) ||
            (second && points_beyond(second + 2 * i, y, end_y, size)))
            columns[num_left++] = i;
        else
            void_cell(out, row, i, y, cell, size);
    }
    return num_left;
}

/* The first chosen prediction of each cell, as the only one. `vectors` and `slots` are room for a row
 * of them. */
ALWAYS_INLINE prediction choose(int16_t *vectors, uint8_t *slots, prediction first,
                                prediction second, const bool *chosen, int count)
{
    for (int i = 0; i < count; i++) {
        bool takes_first = first.vectors && chosen[first.slots[i]];
        bool takes_second = !takes_first && second.vectors && chosen[second.slots[i]];
        const int16_t *from = takes_second ? second.vectors : first.vectors;
        bool takes_any = takes_first || takes_second;
        slots[i] = takes_any ? 0 : NO_REFERENCE;
        vectors[2 * i] = takes_any ? from[2 * i] : 0;
        vectors[2 * i + 1] = takes_any ? from[2 * i + 1] : 0;
    }
    return (prediction){vectors, slots, 0, 0};
}

/* Single fields, or directions if `chosen` is given. `cell` is a constant here: what compilers know to be
 * four or eight pixels they store at once. */
ALWAYS_INLINE bool paint_field(motion_output out, plane valid, cells from, const divisors *by,
                               const bool *chosen, int cell, geometry size)
{
    int columns = cells_along(size.width, cell), num_left = 0;
    size_t row_bytes = motion_row_bytes(out, size), padded = (size_t)columns * (size_t)cell;
    size_t room = 2 * sizeof(float) * padded;
    uint8_t *pixels = malloc(2 * room + cell_row_bytes(columns) + 2 * padded +
                             (size_t)columns * (sizeof(int) + 2 * sizeof(int16_t) + 2));
    if (!pixels)
        return false;
    cell_row row = {.count = columns};
    set_room(&row, (float *)(pixels + 2 * room));
    int *left = (int *)(row.motion + 8 * columns);
    int16_t *vectors = (int16_t *)(left + columns);
    uint8_t *slots = (uint8_t *)(vectors + 2 * columns), *is_outside = slots + columns;
    uint8_t *flags = is_outside + columns;
    /* One row for all of a row of cells, and one for where they differ. */
    painted alike = {{{pixels, 0, room}, out.type, out.scale}, chosen ? flags : NULL};
    painted changed = {{{pixels + room, 0, room}, out.type, out.scale},
                       chosen ? flags + padded : NULL};
    for (int y = 0; y < size.height; y += cell) {
        row.first = row_of_cells(from.first, y / cell, columns);
        row.second = row_of_cells(from.second, y / cell, columns);
        if (chosen) {
            row.first = choose(vectors, slots, row.first, row.second, chosen, columns);
            row.second.vectors = NULL;
            for (int i = 0; i < columns; i++)
                memset(flags + i * cell, slots[i] != NO_REFERENCE, (size_t)cell);
        }
        combine_vectors(&row, by, size.whole);
        spread_cells(pixels, row.motion, columns, out, cell);
        if (size.whole)
            num_left = void_alike(alike, left, is_outside, &row, y, cell, size);
        for (int to = y; to < min_int(y + cell, size.height); to++) {
            painted *now = num_left ? &changed : &alike;
            if (num_left) {
                memcpy(now->motion.pixels.data, pixels, row_bytes);
                if (chosen)
                    memcpy(now->valid, flags, (size_t)size.width);
            }
            for (const int *i = left; i < left + num_left; i++)
                void_cell(*now, &row, *i, to, cell, size);
            put_row(row_of(out.pixels, to), now->motion.pixels.data, row_bytes);
            if (chosen)
                memcpy(row_of(valid, to), now->valid, (size_t)size.width);
        }
    }
    done_putting();
    free(pixels);
    return true;
}

WIDE_SIMD bool single_field(motion_output out, cells from, const divisors *by, geometry size)
{
    const plane none = {NULL, 0, 0};
    return from.cell == 4 ? paint_field(out, none, from, by, NULL, 4, size)
                          : paint_field(out, none, from, by, NULL, 8, size);
}

WIDE_SIMD bool direction(motion_output out, plane valid, cells from, const bool *chosen,
                         geometry size)
{
    const divisors pixels = {.of = {QUARTERS}};
    return from.cell == 4 ? paint_field(out, valid, from, &pixels, chosen, 4, size)
                          : paint_field(out, valid, from, &pixels, chosen, 8, size);
}

/* repeats: 1, or 2: each cell is 2x2 of the finer grid. */
WIDE_SIMD bool cell_field(float *out, int rows, int columns, int repeats, cells from,
                          const divisors *by)
{
    int grid_columns = cells_along(columns, repeats);
    cell_row row = {.first = from.first,
                    .second = from.second,
                    .count = cells_along(rows, repeats) * grid_columns};
    float *room = malloc(cell_row_bytes(row.count));
    if (!room)
        return false;
    set_room(&row, room);
    if (repeats == 1)
        row.motion = out;
    combine_vectors(&row, by, false);
    size_t row_length = 2 * (size_t)columns;
    for (int y = 0; repeats > 1 && y < rows; y++) {
        float *to = out + (size_t)y * row_length;
        const float *coarse = row.motion + 2 * (ptrdiff_t)(y / repeats) * grid_columns;
        if (y % repeats) { /* as the row above */
            memcpy(to, to - row_length, row_length * sizeof *to);
            continue;
        }
        for (int x = 0; x < columns; x++)
            memcpy(to + 2 * x, coarse + 2 * (x >> 1), 2 * sizeof *to);
    }
    free(room);
    return true;
}

void clear(plane out, size_t width, int height)
{
    static const uint8_t zeros[1024];
    for (int y = 0; y < height; y++)
        for (size_t at = 0; at < width; at += sizeof zeros)
            put_row(row_of(out, y) + at, zeros,
                    width - at < sizeof zeros ? width - at : sizeof zeros);
    done_putting();
}
