/* Clauses 6.4.16 to 6.4.18: references, modes and vectors of inter blocks. */
#include <string.h>

#include "vp9_parser.h"

/* ---------------------------------------------------------------- 6.4.17 read_ref_frames */

static bool read_is_compound(vp9_parser *p)
{
    if (p->reference_mode != REFERENCE_MODE_SELECT)
        return p->reference_mode == COMPOUND_REFERENCE;
    int context = vp9_comp_mode_context(p);
    bool is_compound = bool_read(&p->bits, p->probs.comp_mode[context]);
    p->counts.comp_mode[context][is_compound]++;
    return is_compound;
}

static void read_compound_references(vp9_parser *p, vp9_block *block)
{
    int fixed = p->header->sign_bias[p->fixed_reference], context = vp9_comp_ref_context(p);
    int which = bool_read(&p->bits, p->probs.comp_ref[context]);
    p->counts.comp_ref[context][which]++;
    block->references[fixed] = (uint8_t)p->fixed_reference;
    block->references[!fixed] = (uint8_t)p->variable_references[which];
}

static void read_single_reference(vp9_parser *p, vp9_block *block)
{
    int context = vp9_single_ref_p1_context(p);
    int is_other = bool_read(&p->bits, p->probs.single_ref[context][0]);
    p->counts.single_ref[context][0][is_other]++;
    block->references[0] = VP9_LAST;
    if (!is_other)
        return;
    context = vp9_single_ref_p2_context(p);
    int is_altref = bool_read(&p->bits, p->probs.single_ref[context][1]);
    p->counts.single_ref[context][1][is_altref]++;
    block->references[0] = (uint8_t)(VP9_GOLDEN + is_altref);
}

static void read_ref_frames(vp9_parser *p, vp9_block *block)
{
    if (segment_has(p, block->segment, VP9_SEG_REFERENCE))
        block->references[0] =
            (uint8_t)p->header->segmentation.feature[block->segment][VP9_SEG_REFERENCE];
    else if (read_is_compound(p))
        read_compound_references(p, block);
    else
        read_single_reference(p, block);
}

/* ---------------------------------------------------------------- modes and filter */

static int read_inter_mode(vp9_parser *p, int context)
{
    int mode = read_tree(&p->bits, vp9_inter_mode_tree, p->probs.inter_mode[context]);
    p->counts.inter_mode[context][mode]++;
    return NEARESTMV + mode;
}

static int interpolation_context(const vp9_parser *p)
{
    int above = p->above && p->above->is_inter ? p->above->filter : ANY_REFERENCE_FILTER;
    int left = p->left && p->left->is_inter ? p->left->filter : ANY_REFERENCE_FILTER;
    if (above == left || left == ANY_REFERENCE_FILTER)
        return above;
    return above == ANY_REFERENCE_FILTER ? left : ANY_REFERENCE_FILTER;
}

static void read_interpolation(vp9_parser *p, vp9_block *block)
{
    block->filter = (uint8_t)p->header->interpolation_filter;
    if (block->filter != VP9_SWITCHABLE)
        return;
    int context = interpolation_context(p);
    int filter = read_tree(&p->bits, vp9_interpolation_tree, p->probs.interpolation[context]);
    p->counts.interpolation[context][filter]++;
    block->filter = (uint8_t)filter;
}

/* ---------------------------------------------------------------- 6.4.18 assign_mv */

static int num_predictions(const vp9_block *block)
{
    return block->references[1] != VP9_INTRA_FRAME ? 2 : 1;
}

/* Vectors of a block of at least 8x8 */
static void assign_vectors(vp9_parser *p, vp9_block *block)
{
    if (block->mode == ZEROMV)
        return;
    bool is_near = block->mode == NEARMV;
    for (int i = 0; i < num_predictions(block); i++) {
        vp9_vector found[2];
        vp9_find_vectors(p, block, block->references[i], -1, is_near ? 2 : 1, found);
        vp9_vector vector = vp9_lower_precision(p, found[is_near]);
        if (block->mode == NEWMV)
            vector = vp9_read_vector(p, vector);
        for (int quarter = 0; quarter < 4; quarter++)
            block->vectors[quarter][i] = vector;
    }
}

/* 6.5.14 append_sub8x8_mvs: of one quarter the vector that NEAREST or NEAR stands for.  Candidates
 * are compared as they are, with all their precision. */
static vp9_vector quarter_vector(const vp9_parser *p, const vp9_block *block, int quarter,
                                 int prediction, int mode)
{
    vp9_vector found[2], first = block->vectors[0][prediction];
    vp9_vector nearest = block->vectors[quarter == 3 ? 2 : 0][prediction];
    if (mode == NEARESTMV && quarter > 0)
        return nearest;
    vp9_find_vectors(p, block, block->references[prediction], quarter, 2, found);
    if (quarter == 0)
        return found[mode == NEARMV];
    vp9_vector candidates[4] = {block->vectors[1][prediction], first, found[0], found[1]};
    for (int i = quarter == 3 ? 0 : 2; i < 4; i++)
        if (!same_vector(nearest, candidates[i]))
            return candidates[i];
    return (vp9_vector){0, 0};
}

/* Vectors of a block below 8x8: a mode for each part */
static void assign_sub8x8_vectors(vp9_parser *p, vp9_block *block, int context)
{
    int width = 1 << vp9_width4_log2[block->size], height = 1 << vp9_height4_log2[block->size];
    int count = num_predictions(block);
    vp9_vector best[2];
    bool has_best = false;
    for (int part = 0; part < 4; part++) {
        if ((part & 1 && width == 2) || (part >= 2 && height == 2))
            continue;
        vp9_vector vectors[2] = {{0, 0}, {0, 0}};
        int mode = read_inter_mode(p, context);
        for (int i = 0; i < count && mode == NEWMV && !has_best; i++) {
            vp9_vector found[2]; /* the whole block's nearest, not the quarter's */
            vp9_find_vectors(p, block, block->references[i], -1, 1, found);
            best[i] = vp9_lower_precision(p, found[0]);
        }
        has_best |= mode == NEWMV;
        for (int i = 0; i < count && mode != ZEROMV; i++)
            vectors[i] = mode == NEWMV ? vp9_read_vector(p, best[i])
                                       : quarter_vector(p, block, part, i, mode);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                memcpy(block->vectors[part + 2 * y + x], vectors, sizeof vectors);
        block->mode = (uint8_t)mode;
    }
}

/* ---------------------------------------------------------------- 6.4.16 inter_block_mode_info */

bool vp9_inter_block_mode_info(vp9_parser *p, vp9_block *block)
{
    read_ref_frames(p, block);
    int context = vp9_inter_mode_context(p, block);
    if (segment_has(p, block->segment, VP9_SEG_SKIP)) {
        block->mode = ZEROMV;
        if (block->size < BLOCK_8X8)
            return fail(p, VP9_SKIPPED_SUB8X8);
    } else if (block->size >= BLOCK_8X8) {
        block->mode = (uint8_t)read_inter_mode(p, context);
    }
    read_interpolation(p, block);
    if (block->size >= BLOCK_8X8) {
        assign_vectors(p, block);
    } else {
        p->has_small = true;
        assign_sub8x8_vectors(p, block, context);
    }
    return true;
}
