/* Clause 9.3 of the VP9 specification: contexts of the symbols that choose references, from the
 * references of the blocks above and to the left. */
#include "vp9_parser.h"

static bool has_two(const vp9_block *block)
{
    return block->references[1] != VP9_INTRA_FRAME;
}

static bool uses(const vp9_block *block, int reference)
{
    return block->references[0] == reference || block->references[1] == reference;
}

static bool is_single(const vp9_block *block, int reference)
{
    return block->references[0] == reference && !has_two(block);
}

/* Of two neighbours the one that is inter, when one is; of one, that one. */
static const vp9_block *inter_one(const vp9_block *above, const vp9_block *left)
{
    return above && above->is_inter ? above : left;
}

int vp9_comp_mode_context(const vp9_parser *p)
{
    const vp9_block *above = p->above, *left = p->left;
    int fixed = p->fixed_reference;
    if (above && left) {
        bool above_fixed = above->references[0] == fixed, left_fixed = left->references[0] == fixed;
        if (has_two(above) && has_two(left))
            return 4;
        if (has_two(left))
            return 2 + (above_fixed || !above->is_inter);
        if (has_two(above))
            return 2 + (left_fixed || !left->is_inter);
        return above_fixed ^ left_fixed;
    }
    const vp9_block *edge = above ? above : left;
    if (!edge)
        return 1;
    return has_two(edge) ? 3 : edge->references[0] == fixed;
}

/* The reference of a block that compound prediction can choose */
static int variable_of(const vp9_parser *p, const vp9_block *block)
{
    return block->references[has_two(block) && !p->header->sign_bias[p->fixed_reference]];
}

/* Two inter neighbours */
static int comp_ref_of_two(const vp9_parser *p, const vp9_block *above, const vp9_block *left)
{
    int fixed = p->fixed_reference, first = p->variable_references[0];
    int second = p->variable_references[1];
    int a = variable_of(p, above), l = variable_of(p, left);
    if (a == l && a == second)
        return 0;
    if (!has_two(above) && !has_two(left)) {
        if ((a == fixed && l == first) || (l == fixed && a == first))
            return 4;
        return a == l ? 3 : 1;
    }
    if (has_two(above) && has_two(left))
        return a == l ? 4 : 2;
    int compound = has_two(above) ? a : l, single = has_two(above) ? l : a;
    if (compound == second && single != second)
        return 1;
    if (single == second && compound != second)
        return 2;
    return 4;
}

int vp9_comp_ref_context(const vp9_parser *p)
{
    const vp9_block *above = p->above, *left = p->left;
    int second = p->variable_references[1];
    if (above && left && above->is_inter && left->is_inter)
        return comp_ref_of_two(p, above, left);
    const vp9_block *one = inter_one(above, left);
    if (!one || !one->is_inter)
        return 2;
    bool differs = variable_of(p, one) != second;
    if (above && left)
        return 1 + 2 * differs;
    return has_two(one) ? 4 * differs : 3 * differs;
}

/* Whether the single reference is LAST */
int vp9_single_ref_p1_context(const vp9_parser *p)
{
    const vp9_block *above = p->above, *left = p->left;
    if (!above || !left || !above->is_inter || !left->is_inter) {
        const vp9_block *one = inter_one(above, left);
        if (!one || !one->is_inter)
            return 2;
        return has_two(one) ? 1 + uses(one, VP9_LAST) : 4 * (one->references[0] == VP9_LAST);
    }
    if (!has_two(above) && !has_two(left))
        return 2 * (above->references[0] == VP9_LAST) + 2 * (left->references[0] == VP9_LAST);
    if (has_two(above) && has_two(left))
        return 1 + (uses(above, VP9_LAST) || uses(left, VP9_LAST));
    const vp9_block *single = has_two(above) ? left : above;
    const vp9_block *compound = has_two(above) ? above : left;
    return 3 * (single->references[0] == VP9_LAST) + uses(compound, VP9_LAST);
}

/* Two inter neighbours */
static int single_ref_p2_of_two(const vp9_block *above, const vp9_block *left)
{
    int a = above->references[0], l = left->references[0];
    if (has_two(above) && has_two(left)) {
        if (a == l && above->references[1] == left->references[1])
            return 3 * (uses(above, VP9_GOLDEN) || uses(left, VP9_GOLDEN));
        return 2;
    }
    if (!has_two(above) && !has_two(left)) {
        if (a == VP9_LAST && l == VP9_LAST)
            return 3;
        if (a == VP9_LAST || l == VP9_LAST)
            return 4 * ((a == VP9_LAST ? l : a) == VP9_GOLDEN);
        return 2 * (a == VP9_GOLDEN) + 2 * (l == VP9_GOLDEN);
    }
    int single = has_two(above) ? l : a;
    bool golden = uses(has_two(above) ? above : left, VP9_GOLDEN);
    if (single == VP9_GOLDEN)
        return 3 + golden;
    return single == VP9_ALTREF ? golden : 1 + 2 * golden;
}

/* Whether it is GOLDEN, not ALTREF */
int vp9_single_ref_p2_context(const vp9_parser *p)
{
    const vp9_block *above = p->above, *left = p->left;
    if (above && left && above->is_inter && left->is_inter)
        return single_ref_p2_of_two(above, left);
    const vp9_block *one = inter_one(above, left);
    if (!one || !one->is_inter)
        return 2;
    if (above && left) {
        if (has_two(one))
            return 1 + 2 * uses(one, VP9_GOLDEN);
        return one->references[0] == VP9_LAST ? 3 : 4 * (one->references[0] == VP9_GOLDEN);
    }
    if (is_single(one, VP9_LAST))
        return 2;
    return has_two(one) ? 3 * uses(one, VP9_GOLDEN) : 4 * (one->references[0] == VP9_GOLDEN);
}
