/* Motion vectors: the syntax of clause 6.2.6.2 and the decoding of 7.6 of ISO/IEC 14496-2. */
#include "mpeg4_parser.h"

static int blocks_per_row(const mpeg4_parser *p)
{
    return 2 * p->layer.mb_width;
}

/* Where block 0 to 3 of the macroblock lies in the arrays of 8x8 blocks. */
static int block_place(const mpeg4_parser *p, int block)
{
    int x = 2 * p->mb_x + (block & 1), y = 2 * p->mb_y + (block >> 1);
    return y * blocks_per_row(p) + x;
}

/* One vector for all four blocks of the macroblock. */
static void set_vectors(const mpeg4_parser *p, mpeg4_vector *blocks, mpeg4_vector vector)
{
    for (int block = 0; block < 4; block++)
        blocks[block_place(p, block)] = vector;
}

/* ---------------------------------------------------------------- 6.2.6.2 motion vector, 7.6.3 */

/* Adds a coded difference to its prediction, modulo the range that the fcode allows. */
static bool motion_component(mpeg4_parser *p, int fcode, int16_t *component)
{
    uint64_t ahead = bits_ahead(&p->bits);
    symbol code = p->tables->mv_data[ahead >> (64 - MV_DATA_BITS)];
    if (code.length == 0)
        return fail(p, MPEG4_BAD_VECTOR);
    int difference = code.value, residual_bits = fcode - 1, used = code.length;
    int is_coded = difference != 0; /* by arithmetic: a branch on it could not be predicted */
    int negative = (int)(ahead << used >> 63) & is_coded;
    used += is_coded;
    if (residual_bits > 0 && is_coded) {
        int residual = (int)(ahead << used >> (64 - residual_bits));
        difference = ((difference - 1) << residual_bits) + residual + 1;
        used += residual_bits;
    }
    bits_skip(&p->bits, used);
    difference = (difference ^ -negative) + negative;
    int limit = 32 << residual_bits, sum = *component + difference;
    *component = (int16_t)(sum < -limit ? sum + 2 * limit : sum >= limit ? sum - 2 * limit : sum);
    return true;
}

static bool motion_vector(mpeg4_parser *p, int fcode, mpeg4_vector *vector)
{
    return motion_component(p, fcode, &vector->x) && motion_component(p, fcode, &vector->y);
}

/* ---------------------------------------------------------------- 7.6.5 P-VOPs */

static int16_t median(int16_t a, int16_t b, int16_t c)
{
    int16_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* The median of three neighbours.  One outside the VOP or its packet counts as 0; where only one
 * is inside, it is the prediction. */
static mpeg4_vector predict_vector(const mpeg4_parser *p, int block)
{
    static const int neighbours[4][3][2] = {/* x, y in blocks, from blocks 0 to 3 */
                                            {{-1, 0}, {0, -1}, {2, -1}},
                                            {{-1, 0}, {0, -1}, {1, -1}},
                                            {{-1, 0}, {0, -1}, {1, -1}},
                                            {{-1, 0}, {-1, -1}, {0, -1}}};
    mpeg4_vector candidates[3] = {{0, 0}, {0, 0}, {0, 0}};
    int num_valid = 0, valid = 0;
    for (int i = 0; i < 3; i++) {
        int x = 2 * p->mb_x + (block & 1) + neighbours[block][i][0];
        int y = 2 * p->mb_y + (block >> 1) + neighbours[block][i][1];
        if (x < 0 || x >= blocks_per_row(p) || y < 0 ||
            (y >> 1) * p->layer.mb_width + (x >> 1) < p->packet_start)
            continue;
        candidates[i] = p->current.forward[y * blocks_per_row(p) + x];
        num_valid++;
        valid = i;
    }
    if (num_valid == 1)
        return candidates[valid];
    return (mpeg4_vector){median(candidates[0].x, candidates[1].x, candidates[2].x),
                          median(candidates[0].y, candidates[1].y, candidates[2].y)};
}

/* The one or four vectors of a macroblock. */
bool p_vectors(mpeg4_parser *p, int count)
{
    for (int block = 0; block < count; block++) {
        mpeg4_vector vector = predict_vector(p, block);
        if (!motion_vector(p, p->fcode[FORWARD], &vector))
            return false;
        if (count == 1)
            set_vectors(p, p->current.forward, vector);
        else
            p->current.forward[block_place(p, block)] = vector;
    }
    return true;
}

/* ---------------------------------------------------------------- 7.6.8 B-VOPs */

/* Each vector is predicted by the last one of its direction. */
bool b_vectors(mpeg4_parser *p, bool forward, bool backward)
{
    if (forward) {
        if (!motion_vector(p, p->fcode[FORWARD], &p->last_vector[FORWARD]))
            return false;
        set_vectors(p, p->current.forward, p->last_vector[FORWARD]);
    }
    if (backward) {
        if (!motion_vector(p, p->fcode[BACKWARD], &p->last_vector[BACKWARD]))
            return false;
        set_vectors(p, p->current.backward, p->last_vector[BACKWARD]);
    }
    return true;
}

/* 7.6.9.5: one component of the co-located vector, scaled by temporal distance, and a delta. */
static void direct_component(const mpeg4_parser *p, int colocated, int delta, int16_t *forward,
                             int16_t *backward)
{
    int64_t trb = p->past_distance, trd = p->anchor_distance;
    *forward = (int16_t)(colocated * trb / trd + delta);
    *backward = (int16_t)(delta ? *forward - colocated : colocated * (trb - trd) / trd);
}

bool direct_vectors(mpeg4_parser *p, bool has_delta)
{
    mpeg4_vector delta = {0, 0};
    if (has_delta && !motion_vector(p, 1, &delta))
        return false;
    bool four_vectors = p->anchor.mode[p->mb] == MPEG4_FORWARD_4MV;
    for (int block = 0; block < (four_vectors ? 4 : 1); block++) {
        int place = block_place(p, block);
        mpeg4_vector colocated = p->anchor.forward[place];
        mpeg4_vector *forward = &p->current.forward[place], *backward = &p->current.backward[place];
        direct_component(p, colocated.x, delta.x, &forward->x, &backward->x);
        direct_component(p, colocated.y, delta.y, &forward->y, &backward->y);
    }
    if (!four_vectors) {
        int place = block_place(p, 0);
        set_vectors(p, p->current.forward, p->current.forward[place]);
        set_vectors(p, p->current.backward, p->current.backward[place]);
    }
    return true;
}
