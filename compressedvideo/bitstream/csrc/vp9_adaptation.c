/* Clause 8.4: after a frame, probabilities move from what the frame context had towards what the
 * frame's symbols were.  What the compressed header changed is forgotten. */
#include "vp9_parser.h"

enum { COUNT_SATURATION = 20, MAX_UPDATE_FACTOR = 128 };
enum { COEFFICIENT_SATURATION = 24, COEFFICIENT_FACTOR = 112, COEFFICIENT_FACTOR_AFTER_KEY = 128 };

/* 8.4.2 merge_prob */
static uint8_t merge(uint8_t before, uint32_t zeros, uint32_t ones, uint32_t saturation,
                     uint32_t max_factor)
{
    uint64_t total = (uint64_t)zeros + ones;
    if (total == 0)
        return before;
    uint32_t prob = (uint32_t)((256 * (uint64_t)zeros + total / 2) / total);
    prob = prob < 1 ? 1 : prob > 255 ? 255 : prob;
    uint32_t factor = max_factor * (total < saturation ? (uint32_t)total : saturation) / saturation;
    return (uint8_t)((before * (256 - factor) + prob * factor + 128) / 256);
}

static uint8_t merge_mode(uint8_t before, uint32_t zeros, uint32_t ones)
{
    return merge(before, zeros, ones, COUNT_SATURATION, MAX_UPDATE_FACTOR);
}

/* `count` probabilities of symbols that are 0 or 1 */
static void adapt_flags(uint8_t *probs, const uint8_t *before, const uint32_t (*counts)[2],
                        int count)
{
    for (int i = 0; i < count; i++)
        probs[i] = merge_mode(before[i], counts[i][0], counts[i][1]);
}

/* The probabilities of a tree from `node` on; returns how often it was reached. */
static uint32_t adapt_tree(uint8_t *probs, const uint8_t *before, const int8_t *tree, int node,
                           const uint32_t *counts)
{
    uint32_t branch[2];
    for (int i = 0; i < 2; i++) {
        int next = tree[node + i];
        branch[i] = next <= 0 ? counts[-next] : adapt_tree(probs, before, tree, next, counts);
    }
    probs[node >> 1] = merge_mode(before[node >> 1], branch[0], branch[1]);
    return branch[0] + branch[1];
}

/* 8.4.3 */
static void adapt_coefficients(vp9_parser *p, const vp9_probs *before)
{
    uint32_t factor = !p->intra && p->last.key ? COEFFICIENT_FACTOR_AFTER_KEY : COEFFICIENT_FACTOR;
    for (int i = 0; i < VP9_NUM_TX_SIZES * 2 * 2 * 6 * 6; i++) {
        int tx = i / 144, plane = i / 72 % 2, inter = i / 36 % 2, band = i / 6 % 6, context = i % 6;
        if (band == 0 && context > 2)
            continue;
        const uint32_t *tokens = p->counts.tokens[tx][plane][inter][band][context];
        uint32_t asked = p->counts.more[tx][plane][inter][band][context];
        const uint8_t *from = before->coefficients[tx][plane][inter][band][context];
        uint8_t *to = p->probs.coefficients[tx][plane][inter][band][context];
        to[0] = merge(from[0], tokens[END_TOKEN], asked - tokens[END_TOKEN],
                      COEFFICIENT_SATURATION, factor);
        to[1] = merge(from[1], tokens[ZERO_TOKEN], tokens[ONE_TOKEN] + tokens[MORE_TOKEN],
                      COEFFICIENT_SATURATION, factor);
        to[2] = merge(from[2], tokens[ONE_TOKEN], tokens[MORE_TOKEN], COEFFICIENT_SATURATION,
                      factor);
    }
}

static void adapt_tx_sizes(vp9_probs *to, const vp9_probs *from, const vp9_counts *c)
{
    for (int i = 0; i < 2; i++) {
        const uint32_t *n8 = c->tx_8x8[i], *n16 = c->tx_16x16[i], *n32 = c->tx_32x32[i];
        to->tx_8x8[i][0] = merge_mode(from->tx_8x8[i][0], n8[0], n8[1]);
        to->tx_16x16[i][0] = merge_mode(from->tx_16x16[i][0], n16[0], n16[1] + n16[2]);
        to->tx_16x16[i][1] = merge_mode(from->tx_16x16[i][1], n16[1], n16[2]);
        to->tx_32x32[i][0] = merge_mode(from->tx_32x32[i][0], n32[0], n32[1] + n32[2] + n32[3]);
        to->tx_32x32[i][1] = merge_mode(from->tx_32x32[i][1], n32[1], n32[2] + n32[3]);
        to->tx_32x32[i][2] = merge_mode(from->tx_32x32[i][2], n32[2], n32[3]);
    }
}

static void adapt_component(vp9_component_probs *to, const vp9_component_probs *from,
                            const vp9_component_counts *c, bool high_precision)
{
    adapt_flags(&to->sign, &from->sign, &c->sign, 1);
    adapt_tree(to->classes, from->classes, vp9_class_tree, 0, c->classes);
    adapt_flags(to->class0, from->class0, &c->class0, 1);
    adapt_flags(to->bits, from->bits, c->bits, 10);
    for (int i = 0; i < 2; i++)
        adapt_tree(to->class0_fraction[i], from->class0_fraction[i], vp9_fraction_tree, 0,
                   c->class0_fraction[i]);
    adapt_tree(to->fraction, from->fraction, vp9_fraction_tree, 0, c->fraction);
    if (high_precision) {
        adapt_flags(&to->class0_hp, &from->class0_hp, &c->class0_hp, 1);
        adapt_flags(&to->hp, &from->hp, &c->hp, 1);
    }
}

/* 8.4.4 */
static void adapt_modes(vp9_parser *p, const vp9_probs *from)
{
    vp9_probs *to = &p->probs;
    const vp9_counts *c = &p->counts;
    adapt_flags(to->is_inter, from->is_inter, c->is_inter, 4);
    adapt_flags(to->comp_mode, from->comp_mode, c->comp_mode, 5);
    adapt_flags(to->comp_ref, from->comp_ref, c->comp_ref, 5);
    for (int i = 0; i < 5; i++)
        adapt_flags(to->single_ref[i], from->single_ref[i], c->single_ref[i], 2);
    for (int i = 0; i < 7; i++)
        adapt_tree(to->inter_mode[i], from->inter_mode[i], vp9_inter_mode_tree, 0,
                   c->inter_mode[i]);
    for (int i = 0; i < 4; i++)
        adapt_tree(to->y_mode[i], from->y_mode[i], vp9_intra_mode_tree, 0, c->y_mode[i]);
    for (int i = 0; i < VP9_NUM_INTRA_MODES; i++)
        adapt_tree(to->uv_mode[i], from->uv_mode[i], vp9_intra_mode_tree, 0, c->uv_mode[i]);
    for (int i = 0; i < 16; i++)
        adapt_tree(to->partition[i], from->partition[i], vp9_partition_tree, 0, c->partition[i]);
    if (p->header->interpolation_filter == VP9_SWITCHABLE)
        for (int i = 0; i < 4; i++)
            adapt_tree(to->interpolation[i], from->interpolation[i], vp9_interpolation_tree, 0,
                       c->interpolation[i]);
    if (p->tx_mode == TX_MODE_SELECT)
        adapt_tx_sizes(to, from, c);
    adapt_flags(to->skip, from->skip, c->skip, 3);
    adapt_tree(to->joint, from->joint, vp9_joint_tree, 0, c->joint);
    for (int i = 0; i < 2; i++)
        adapt_component(to->component + i, from->component + i, c->component + i,
                        p->header->high_precision);
}

void vp9_adapt(vp9_parser *p)
{
    const vp9_probs *before = p->saved + p->header->context;
    adapt_coefficients(p, before);
    if (!p->intra)
        adapt_modes(p, before);
}
