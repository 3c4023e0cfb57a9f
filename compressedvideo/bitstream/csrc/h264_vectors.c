/* Clauses 8.4.1.1 and 8.4.1.3: vectors predicted from those of the blocks around. */
#include "h264_macroblocks.h"

enum { LEFT, ABOVE, CORNER }; /* A, B and C of the standard; D stands in for C */

static void take(const h264_reader *r, int list, int x, int y, int at, h264_candidates *to)
{
    /* y >> 1 of -1 is -1: the row of blocks above the macroblock */
    to->index[at] = r->references[list][(y >> 1) * reference_stride(r) + (x >> 1)].index;
    to->vector[at] = r->vectors[list][y * vector_stride(r) + x];
}

/* Blocks of the macroblock itself that come later in decoding order are not available. */
static bool has_above_right(const h264_reader *r, int x, int y, int width)
{
    int right = x + width;
    if (y == 0)
        return right < 4 ? r->has_above : r->has_above_right;
    return right < 4 && !(right == 2 && y % 2 == 1);
}

static bool has_above_left(const h264_reader *r, int x, int y)
{
    if (x > 0)
        return y > 0 || r->has_above;
    return y > 0 ? r->has_left : r->has_above_left;
}

h264_candidates h264_vector_candidates(const h264_reader *r, int list, int x, int y, int width)
{
    h264_candidates found = {{UNAVAILABLE, UNAVAILABLE, UNAVAILABLE}, {0, 0, 0}};
    if (x > 0 || r->has_left)
        take(r, list, x - 1, y, LEFT, &found);
    if (y > 0 || r->has_above)
        take(r, list, x, y - 1, ABOVE, &found);
    if (has_above_right(r, x, y, width))
        take(r, list, x + width, y - 1, CORNER, &found);
    else if (has_above_left(r, x, y))
        take(r, list, x - 1, y - 1, CORNER, &found);
    return found;
}

static int median(int a, int b, int c)
{
    int low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* 8.4.1.3.1 */
h264_vector h264_median_vector(const h264_candidates *of, int index)
{
    const h264_vector *v = of->vector;
    int same = 0, which = 0;
    for (int i = 0; i < 3; i++)
        if (of->index[i] == index) {
            same++;
            which = i;
        }
    if (same == 1)
        return v[which];
    if (of->index[ABOVE] == UNAVAILABLE && of->index[CORNER] == UNAVAILABLE &&
        of->index[LEFT] != UNAVAILABLE)
        return v[LEFT];
    return h264_vector_of(median(h264_x(v[0]), h264_x(v[1]), h264_x(v[2])),
                          median(h264_y(v[0]), h264_y(v[1]), h264_y(v[2])));
}

/* Halves of a macroblock take the vector of one neighbour, if it has the same reference. */
h264_vector h264_predict_vector(const h264_reader *r, int list, int x, int y, int width,
                                int partition)
{
    static const int8_t preferred[] = {
        [PARTITION_UPPER] = ABOVE,  [PARTITION_LOWER] = LEFT,  [PARTITION_LEFT] = LEFT,
        [PARTITION_RIGHT] = CORNER, [PARTITION_OTHER] = -1,
    };
    int index = r->references[list][(y >> 1) * reference_stride(r) + (x >> 1)].index;
    h264_candidates candidates = h264_vector_candidates(r, list, x, y, width);
    int first = preferred[partition];
    if (first >= 0 && candidates.index[first] == index)
        return candidates.vector[first];
    return h264_median_vector(&candidates, index);
}

/* Without motion at the picture's border, or where a neighbour rests. */
void h264_p_skip_motion(h264_reader *r)
{
    h264_candidates candidates = h264_vector_candidates(r, 0, 0, 0, 4);
    h264_vector vector = 0;
    bool rests = !r->has_left || !r->has_above ||
                 (candidates.index[LEFT] == 0 && candidates.vector[LEFT] == 0) ||
                 (candidates.index[ABOVE] == 0 && candidates.vector[ABOVE] == 0);
    if (!rests)
        vector = h264_median_vector(&candidates, 0);
    set_references(r, 0, 0);
    set_references(r, 1, -1);
    fill_vectors(r, 0, 0, 0, 4, 4, vector);
}
