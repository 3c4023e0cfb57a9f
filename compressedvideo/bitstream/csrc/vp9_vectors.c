/* Clause 6.5: vectors predicted from blocks around and from the last frame; clauses 6.4.19 and
 * 6.4.20: the differences that are read. */
#include <stdlib.h>

#include "vp9_parser.h"

enum { BORDER = 128 };      /* eighths that a candidate may reach beyond the frame and the block */
enum { LARGE_VECTOR = 64 }; /* eighths: from there on a vector has none of them (6.5.13) */
enum { WHOLE_BLOCK = 3 };   /* the quarter whose vector stands for all */

/* ---------------------------------------------------------------- candidates */

/* The block at one of the places of vp9_candidates; NULL outside the tile's columns or the frame
 * (6.5.2 is_inside). */
static const vp9_block *candidate(const vp9_parser *p, const vp9_block *block, int i)
{
    int column = p->column + vp9_candidates[block->size][i][0];
    int row = p->row + vp9_candidates[block->size][i][1];
    if (column < p->tile_start || column >= p->tile_stop || row < 0 || row >= p->rows)
        return NULL;
    return p->grid[p->current][(size_t)row * (size_t)p->columns + (size_t)column];
}

/* From the modes of the first two candidates */
int vp9_inter_mode_context(const vp9_parser *p, const vp9_block *block)
{
    static const uint8_t weight[NUM_MODES] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 3, 1};
    static const uint8_t context[19] = {2, 3, 4, 1, 3, 0, 0, 0, 0, 5, 5, 0, 5, 0, 0, 0, 0, 0, 6};
    const vp9_block *first = candidate(p, block, 0), *second = candidate(p, block, 1);
    return context[(first ? weight[first->mode] : 0) + (second ? weight[second->mode] : 0)];
}

/* Different vectors, in the order they were found */
typedef struct {
    vp9_vector vectors[2];
    int count;
} vector_list;

/* 6.5.6 add_mv_ref_list */
static void add(vector_list *list, vp9_vector vector)
{
    if (list->count == 2 || (list->count == 1 && same_vector(list->vectors[0], vector)))
        return;
    list->vectors[list->count++] = vector;
}

/* 6.5.7 if_same_ref_frame_add_mv */
static void add_same(vector_list *list, const vp9_block *block, int quarter, int reference)
{
    if (block->references[0] == reference)
        add(list, block->vectors[quarter][0]);
    else if (block->references[1] == reference)
        add(list, block->vectors[quarter][1]);
}

/* 6.5.9 scale_mv: to the other side of the frame if the references lie on different sides */
static vp9_vector towards(const vp9_parser *p, vp9_vector vector, int from, int reference)
{
    if (p->header->sign_bias[from] != p->header->sign_bias[reference]) {
        vector.row = (int16_t)-vector.row;
        vector.column = (int16_t)-vector.column;
    }
    return vector;
}

/* 6.5.8 if_diff_ref_frame_add_mv.  The block's two vectors are compared as they are. */
static void add_different(const vp9_parser *p, vector_list *list, const vp9_block *block,
                          int reference)
{
    const vp9_vector *vectors = block->vectors[WHOLE_BLOCK];
    int first = block->references[0], second = block->references[1];
    if (first == VP9_INTRA_FRAME)
        return;
    if (first != reference)
        add(list, towards(p, vectors[0], first, reference));
    if (second != VP9_INTRA_FRAME && second != reference && !same_vector(vectors[0], vectors[1]))
        add(list, towards(p, vectors[1], second, reference));
}

static int16_t limit(int value, int low, int high)
{
    return (int16_t)(value < low ? low : value > high ? high : value);
}

/* 6.5.3 clamp_mv_ref */
static vp9_vector clamp_to_frame(const vp9_parser *p, const vp9_block *block, vp9_vector vector)
{
    int right = (p->columns - vp9_width8[block->size] - p->column) * 64 + BORDER;
    int bottom = (p->rows - vp9_height8[block->size] - p->row) * 64 + BORDER;
    return (vp9_vector){limit(vector.row, -p->row * 64 - BORDER, bottom),
                        limit(vector.column, -p->column * 64 - BORDER, right)};
}

/* Of the neighbour above or to the left of a quarter, the quarter that touches it */
static int touching_quarter(int quarter, bool is_above)
{
    static const uint8_t left_of[4] = {1, 1, 3, 3}, above_of[4] = {2, 3, 2, 3};
    return is_above ? above_of[quarter] : left_of[quarter];
}

/* 6.5.1 find_mv_refs, until `needed` vectors (1 or 2) are found.
 * quarter: of a block below 8x8; -1 for the whole block. */
static void find_candidates(const vp9_parser *p, const vp9_block *block, int reference,
                            int quarter, int needed, vector_list *list)
{
    const vp9_block *around[VP9_NUM_CANDIDATES], *last = NULL;
    for (int i = 0; i < VP9_NUM_CANDIDATES; i++) {
        around[i] = candidate(p, block, i);
        if (!around[i])
            continue;
        bool is_above = vp9_candidates[block->size][i][0] == 0;
        bool touches = i < 2 && quarter >= 0;
        add_same(list, around[i], touches ? touching_quarter(quarter, is_above) : WHOLE_BLOCK,
                 reference);
        if (list->count >= needed)
            return;
    }
    if (p->use_last_vectors) {
        last = p->grid[!p->current][(size_t)p->row * (size_t)p->columns + (size_t)p->column];
        add_same(list, last, WHOLE_BLOCK, reference);
    }
    for (int i = 0; i < VP9_NUM_CANDIDATES && list->count < needed; i++)
        if (around[i])
            add_different(p, list, around[i], reference);
    if (last && list->count < needed)
        add_different(p, list, last, reference);
}

void vp9_find_vectors(const vp9_parser *p, const vp9_block *block, int reference, int quarter,
                      int needed, vp9_vector found[2])
{
    vector_list list = {0};
    find_candidates(p, block, reference, quarter, needed, &list);
    for (int i = 0; i < 2; i++)
        found[i] = clamp_to_frame(p, block, list.vectors[i]);
}

/* ---------------------------------------------------------------- 6.4.19 read_mv */

static bool has_eighths(const vp9_parser *p, vp9_vector vector)
{
    return p->header->high_precision && abs(vector.row) < LARGE_VECTOR &&
           abs(vector.column) < LARGE_VECTOR;
}

static int16_t without_eighth(int16_t component)
{
    return (int16_t)(component / 2 * 2);
}

vp9_vector vp9_lower_precision(const vp9_parser *p, vp9_vector vector)
{
    if (has_eighths(p, vector))
        return vector;
    return (vp9_vector){without_eighth(vector.row), without_eighth(vector.column)};
}

/* 6.4.20 read_mv_component.  Where the eighth is not coded it is 1, in the statistics too. */
static int read_component(vp9_parser *p, int i, bool eighths)
{
    const vp9_component_probs *probs = p->probs.component + i;
    vp9_component_counts *counts = p->counts.component + i;
    bool_decoder *bits = &p->bits;
    int sign = bool_read(bits, probs->sign);
    int class = read_tree(bits, vp9_class_tree, probs->classes), whole = 0, fraction, eighth = 1;
    counts->sign[sign]++;
    counts->classes[class]++;
    if (class == 0) {
        whole = bool_read(bits, probs->class0[0]);
        fraction = read_tree(bits, vp9_fraction_tree, probs->class0_fraction[whole]);
        if (eighths)
            eighth = bool_read(bits, probs->class0_hp);
        counts->class0[whole]++;
        counts->class0_fraction[whole][fraction]++;
        counts->class0_hp[eighth]++;
    } else {
        for (int place = 0; place < class; place++) {
            int bit = bool_read(bits, probs->bits[place]);
            counts->bits[place][bit]++;
            whole |= bit << place;
        }
        fraction = read_tree(bits, vp9_fraction_tree, probs->fraction);
        if (eighths)
            eighth = bool_read(bits, probs->hp);
        counts->fraction[fraction]++;
        counts->hp[eighth]++;
    }
    int base = class == 0 ? 0 : 8 << class; /* CLASS0_SIZE << (class + 2) */
    int magnitude = base + (whole << 3 | fraction << 1 | eighth) + 1;
    return sign ? -magnitude : magnitude;
}

vp9_vector vp9_read_vector(vp9_parser *p, vp9_vector best)
{
    bool eighths = has_eighths(p, best);
    int joint = read_tree(&p->bits, vp9_joint_tree, p->probs.joint), row = 0, column = 0;
    p->counts.joint[joint]++;
    if (joint & 2)
        row = read_component(p, 0, eighths);
    if (joint & 1)
        column = read_component(p, 1, eighths);
    return (vp9_vector){(int16_t)(best.row + row), (int16_t)(best.column + column)};
}
