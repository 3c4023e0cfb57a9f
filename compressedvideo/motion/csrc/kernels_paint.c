/* Vectors of cells as fields of pixels. See kernels.h. */
#include <float.h>

#include "kernels_rows.h"
#include "kernels_runs.h"

/* -- both predictions as one field ------------------------------------------------------------ */

/* dx and dy of a row of cells by turns, to pixels per frame; never -0. */
ALWAYS_INLINE void divide_vectors(float *to, prediction from, int count, const divisors *by,
                                  bool whole)
{
    float divisor = by->of[from.lowest];
    if (from.lowest == from.highest) { /* where it is not used, too: 0 stays 0 */
        for (int i = 0; i < 2 * count; i++)
            to[i] = (float)(whole ? whole_pixels(from.vectors[i]) : from.vectors[i]) / divisor + 0.0f;
        return;
    }
    for (int i = 0; i < count; i++)
        to[2 * i] = to[2 * i + 1] = by->of[from.slots[i]];
    for (int i = 0; i < 2 * count; i++)
        to[i] = (float)(whole ? whole_pixels(from.vectors[i]) : from.vectors[i]) / to[i] + 0.0f;
}

/* The mean of both predictions where both count, else the one that does. */
ALWAYS_INLINE float mean(float first, float second, bool both)
{
    return (first + second) * (both ? 0.5f : 1.0f);
}

ALWAYS_INLINE bool counts(const divisors *by, uint8_t slot)
{
    return by->of[slot] <= FLT_MAX && by->of[slot] >= -FLT_MAX;
}

/* One row of cells. */
typedef struct {
    prediction first, second; /* vectors NULL: no cell of the picture uses it */
    int count;
    int y; /* of its first row of pixels */
    float *first_motion, *second_motion, *motion; /* [count, 2], pixels per frame */
    uint8_t *both; /* whether both predictions of a cell count */
    uint8_t *is_outside; /* room for a byte per cell */
} motion_row;

ALWAYS_INLINE size_t motion_row_room(int count)
{
    return (size_t)count * (6 * sizeof(float) + 2);
}

ALWAYS_INLINE void set_room(motion_row *row, uint8_t *room)
{
    row->first_motion = (float *)room;
    row->second_motion = row->first_motion + 2 * row->count;
    row->motion = row->second_motion + 2 * row->count;
    row->both = (uint8_t *)(row->motion + 2 * row->count);
    row->is_outside = row->both + row->count;
}

/* Returns what the cells' pixels get, [count, 2]. */
ALWAYS_INLINE const float *combine_vectors(motion_row *row, const divisors *by, bool whole)
{
    if (row->first.vectors)
        divide_vectors(row->first_motion, row->first, row->count, by, whole);
    if (!row->second.vectors)
        return row->first_motion;
    divide_vectors(row->second_motion, row->second, row->count, by, whole);
    for (int i = 0; i < row->count; i++)
        row->both[i] = row->first.vectors && counts(by, row->first.slots[i]) &&
                       counts(by, row->second.slots[i]);
    for (int i = 0; i < 2 * row->count; i++)
        row->motion[i] = mean(row->first_motion[i], row->second_motion[i], row->both[i / 2]);
    return row->motion;
}

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

/* CoViAR's rule in row y of the pixels of a cell: vectors that point outside are void. */
ALWAYS_INLINE void void_single(motion_output out, const int16_t *vector, int begin, int y, int cell,
                               geometry size)
{
    int dx = vector[0] / QUARTERS, end = min_int(begin + cell, size.width);
    int from = clip_int(dx, begin, end), to = clip_int(size.width + dx, from, end);
    if (points_beyond(vector, y, y + 1, size))
        from = to = end;
    fill_motion(out, y, begin, from - begin, 0, 0);
    fill_motion(out, y, to, end - to, 0, 0);
}

/* The same where there are two. */
ALWAYS_INLINE void void_both(motion_output out, const motion_row *row, int column, int y, int cell,
                             geometry size)
{
    static const int16_t still[2];
    const int16_t *first = row->first.vectors ? row->first.vectors + 2 * column : still;
    const int16_t *second = row->second.vectors + 2 * column;
    const float *first_motion = row->first_motion + 2 * column;
    const float *second_motion = row->second_motion + 2 * column;
    int begin = column * cell;
    for (int x = begin; x < min_int(begin + cell, size.width); x++) {
        bool has_first = !points_outside(first, x, x + 1, y, y + 1, size);
        bool has_second = !points_outside(second, x, x + 1, y, y + 1, size);
        bool both = has_first && has_second && row->both[column];
        fill_motion(out, y, x, 1,
                    mean(has_first ? first_motion[0] : 0, has_second ? second_motion[0] : 0, both),
                    mean(has_first ? first_motion[1] : 0, has_second ? second_motion[1] : 0, both));
    }
}

ALWAYS_INLINE void void_cell(motion_output out, const motion_row *row, int column, int y, int cell,
                             geometry size)
{
    if (row->second.vectors)
        void_both(out, row, column, y, cell, size);
    else
        void_single(out, row->first.vectors + 2 * column, cell * column, y, cell, size);
}

ALWAYS_INLINE void find_outside(const motion_row *row, prediction from, int cell, geometry size)
{
    int end_y = min_int(row->y + cell, size.height);
    for (int i = 0; from.vectors && i < row->count; i++) {
        int x = cell * i, end_x = min_int(x + cell, size.width);
        row->is_outside[i] |= points_outside(from.vectors + 2 * i, x, end_x, row->y, end_y, size);
    }
}

/* Voids in `out`, which stands for all rows of pixels, what points outside in all of them alike.
 * Cells that differ from row to row are left. Returns how many. */
ALWAYS_INLINE int void_alike(motion_output out, int *columns, const motion_row *row, int cell,
                             geometry size)
{
    int end_y = min_int(row->y + cell, size.height), count = 0;
    const int16_t *first = row->first.vectors, *second = row->second.vectors;
    memset(row->is_outside, 0, (size_t)row->count);
    find_outside(row, row->first, cell, size);
    find_outside(row, row->second, cell, size);
    for (int i = 0; i < row->count; i++) {
        if (!row->is_outside[i])
            continue;
        if ((first && points_beyond(first + 2 * i, row->y, end_y, size)) ||
            (second && points_beyond(second + 2 * i, row->y, end_y, size)))
            columns[count++] = i;
        else
            void_cell(out, row, i, row->y, cell, size);
    }
    return count;
}

/* `cell` is a constant here: what compilers know to be four or eight pixels they store at once. */
ALWAYS_INLINE bool paint_field(motion_output out, cells from, const divisors *by, int cell,
                               geometry size)
{
    int columns = cells_along(size.width, cell), num_left = 0;
    size_t row_bytes = motion_row_bytes(out, size);
    size_t room = 2 * sizeof(float) * (size_t)cell * (size_t)columns;
    uint8_t *pixels =
        malloc(2 * room + sizeof(int) * (size_t)columns + motion_row_room(columns));
    if (!pixels)
        return false;
    /* One row for all of a row of cells, and one for where they differ. */
    motion_output alike = {{pixels, 0, room}, out.type, out.scale}, changed = alike;
    changed.pixels.data += room;
    int *left = (int *)(pixels + 2 * room);
    motion_row row = {.count = columns};
    set_room(&row, (uint8_t *)(left + columns));
    memset(row.first_motion, 0, 2 * sizeof(float) * (size_t)columns); /* stays if there is no first */
    for (int y = 0; y < size.height; y += cell) {
        row.y = y;
        row.first = row_of_cells(from.first, y / cell, columns);
        row.second = row_of_cells(from.second, y / cell, columns);
        spread_cells(pixels, combine_vectors(&row, by, size.whole), columns, out, cell);
        if (size.whole)
            num_left = void_alike(alike, left, &row, cell, size);
        for (int to = y; to < min_int(y + cell, size.height); to++) {
            if (num_left)
                memcpy(changed.pixels.data, pixels, row_bytes);
            for (const int *i = left; i < left + num_left; i++)
                void_cell(changed, &row, *i, to, cell, size);
            put_row(row_of(out.pixels, to), num_left ? changed.pixels.data : pixels, row_bytes);
        }
    }
    done_putting();
    free(pixels);
    return true;
}

WIDE_SIMD bool single_field(motion_output out, cells from, const divisors *by, geometry size)
{
    return from.cell == 4 ? paint_field(out, from, by, 4, size)
                          : paint_field(out, from, by, 8, size);
}

WIDE_SIMD bool cell_field(float *out, int rows, int columns, int repeats, cells from,
                          const divisors *by)
{
    motion_row row = {.count = cells_along(columns, repeats)};
    uint8_t *room = malloc(motion_row_room(row.count));
    if (!room)
        return false;
    set_room(&row, room);
    memset(row.first_motion, 0, 2 * sizeof(float) * (size_t)row.count);
    for (int i = 0; i < rows; i++, out += 2 * columns) {
        row.first = row_of_cells(from.first, i / repeats, row.count);
        row.second = row_of_cells(from.second, i / repeats, row.count);
        const float *motion = combine_vectors(&row, by, false);
        for (int j = 0; j < columns; j++)
            memcpy(out + 2 * j, motion + 2 * (j / repeats), 2 * sizeof *out);
    }
    free(room);
    return true;
}

/* -- directions ------------------------------------------------------------------------------- */

/* The first chosen prediction of each cell, as the only one. `vectors` and `slots` are room for a row
 * of them. */
ALWAYS_INLINE prediction choose(int16_t *vectors, uint8_t *slots, prediction first,
                                prediction second, const bool *chosen, int count)
{
    for (int i = 0; i < count; i++) {
        bool takes_first = first.vectors && chosen[first.slots[i]];
        bool takes_second = !takes_first && second.vectors && chosen[second.slots[i]];
        slots[i] = takes_first || takes_second ? 0 : NO_REFERENCE;
        const int16_t *from = takes_second ? second.vectors : first.vectors;
        vectors[2 * i] = slots[i] ? 0 : from[2 * i];
        vectors[2 * i + 1] = slots[i] ? 0 : from[2 * i + 1];
    }
    return (prediction){vectors, slots, 0, 0};
}

WIDE_SIMD bool direction(motion_output out, plane valid, cells from, const bool *chosen,
                         geometry size)
{
    uint8_t alike[SLOTS] = {0};
    alike[NO_REFERENCE] = NO_REFERENCE;
    int columns = cells_along(size.width, from.cell);
    int16_t *vectors = malloc((size_t)columns * (2 * sizeof *vectors + 1));
    run_buffers runs;
    if (!vectors || !allocate_runs(&runs, from.cell, size)) {
        free(vectors);
        return false;
    }
    uint8_t *slots = (uint8_t *)(vectors + 2 * columns);
    for (int begin = 0; begin < size.height; begin += from.cell) {
        int end = min_int(begin + from.cell, size.height), cell_row = begin / from.cell;
        prediction one = choose(vectors, slots, row_of_cells(from.first, cell_row, columns),
                                row_of_cells(from.second, cell_row, columns), chosen, columns);
        int num_runs = cell_runs(runs.first, one, alike, from.cell, size);
        for (int y = begin; y < end; y++) {
            const run *row = runs.first, *stop = row + num_runs;
            if (size.whole) {
                row = runs.first_row;
                stop = row + void_outside(runs.first_row, runs.first, num_runs, y, size);
            }
            for (const run *r = row; r < stop; r++) {
                fill_motion(out, y, r->x, r->n, (float)r->dx / QUARTERS, (float)r->dy / QUARTERS);
                memset(row_of(valid, y) + r->x, r->slot != NO_REFERENCE, (size_t)r->n);
            }
        }
    }
    free(runs.first);
    free(vectors);
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
