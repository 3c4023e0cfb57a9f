/* Clause 6.3: the compressed header, which changes probabilities for one frame or for good; and
 * where partitions of boolean symbols begin and end (9.2). */
#include "vp9_parser.h"

enum { LONGEST_PADDING = 32 }; /* bits; libvpx leaves up to 14 */

/* ---------------------------------------------------------------- 9.2 partitions */

bool vp9_open_partition(vp9_parser *p, const uint8_t *data, size_t size)
{
    p->bits = bool_open(data, size);
    if (size == 0)
        return fail(p, VP9_OVERRUN);
    return bool_read(&p->bits, 128) == 0 || fail(p, VP9_BAD_BOOL_MARKER);
}

/* All that follows the symbols has to be zeros, and few. */
bool vp9_close_partition(vp9_parser *p)
{
    int64_t left = bool_bits_left(&p->bits);
    if (left < 0)
        return fail(p, VP9_OVERRUN);
    const uint8_t *byte = p->bits.end - (left + 7) / 8;
    unsigned rest = left % 8 ? *byte++ & ((1u << left % 8) - 1) : 0;
    while (byte < p->bits.end)
        rest |= *byte++;
    if ((rest != 0 || left > LONGEST_PADDING) && !p->inexact) {
        p->inexact = true;
        p->error_bit = 8 * (uint64_t)(p->bits.end - p->packet) - (uint64_t)left;
    }
    return true;
}

/* ---------------------------------------------------------------- 6.3.3 diff_update_prob */

/* inv_map_table of 6.3.5: first the coarse differences 7, 20, 33, ...; then the rest in order. */
static int inv_map(int delta)
{
    if (delta < 20)
        return 7 + 13 * delta;
    int fine = delta - 20, value = 1 + fine + (fine + 6) / 12;
    return value < 253 ? value : 253;
}

/* 6.3.6 */
static int inv_recenter_nonneg(int value, int middle)
{
    if (value > 2 * middle)
        return value;
    return value & 1 ? middle - (value + 1) / 2 : middle + value / 2;
}

/* 6.3.5 */
static int inv_remap_prob(int delta, int prob)
{
    int value = inv_map(delta), middle = prob - 1;
    if (2 * middle <= 254)
        return 1 + inv_recenter_nonneg(value, middle);
    return 255 - inv_recenter_nonneg(value, 254 - middle);
}

/* 6.3.4 */
static int decode_term_subexp(bool_decoder *bits)
{
    if (!bool_literal(bits, 1))
        return bool_literal(bits, 4);
    if (!bool_literal(bits, 1))
        return bool_literal(bits, 4) + 16;
    if (!bool_literal(bits, 1))
        return bool_literal(bits, 5) + 32;
    int value = bool_literal(bits, 7);
    return value < 65 ? value + 64 : 2 * value - 1 + bool_literal(bits, 1);
}

/* Of `count` probabilities that lie one behind the other */
static void diff_update(bool_decoder *bits, void *probs, size_t count)
{
    for (uint8_t *prob = probs; prob < (uint8_t *)probs + count; prob++)
        if (bool_read(bits, 252)) {
            int updated = inv_remap_prob(decode_term_subexp(bits), *prob);
            *prob = (uint8_t)(updated > 0 ? updated : 1); /* 0 only in damaged data */
        }
}

/* 6.3.17 update_mv_prob, likewise */
static void update_vector_probs(bool_decoder *bits, void *probs, size_t count)
{
    for (uint8_t *prob = probs; prob < (uint8_t *)probs + count; prob++)
        if (bool_read(bits, 252))
            *prob = (uint8_t)(bool_literal(bits, 7) << 1 | 1);
}

/* ---------------------------------------------------------------- 6.3 compressed_header */

/* 6.3.1 */
static void read_tx_mode(vp9_parser *p)
{
    p->tx_mode = p->header->lossless ? 0 : bool_literal(&p->bits, 2);
    if (p->tx_mode == VP9_TX_32X32)
        p->tx_mode += bool_literal(&p->bits, 1);
}

/* 6.3.2 */
static void tx_mode_probs(vp9_parser *p)
{
    diff_update(&p->bits, p->probs.tx_8x8, sizeof p->probs.tx_8x8);
    diff_update(&p->bits, p->probs.tx_16x16, sizeof p->probs.tx_16x16);
    diff_update(&p->bits, p->probs.tx_32x32, sizeof p->probs.tx_32x32);
}

/* 6.3.7 */
static void read_coef_probs(vp9_parser *p)
{
    for (int tx = VP9_TX_4X4; tx <= VP9_TX_32X32 && tx <= p->tx_mode; tx++) {
        if (!bool_literal(&p->bits, 1)) /* update_probs */
            continue;
        for (int i = 0; i < 2 * 2 * 6; i++) { /* plane type, reference type, band */
            uint8_t (*band)[3] = p->probs.coefficients[tx][i / 12][i / 6 % 2][i % 6];
            diff_update(&p->bits, band, i % 6 == 0 ? 3 * 3 : 6 * 3);
        }
    }
}

/* 6.3.12 */
static void frame_reference_mode(vp9_parser *p)
{
    p->reference_mode = SINGLE_REFERENCE;
    if (p->compound_allowed && bool_literal(&p->bits, 1))
        p->reference_mode = COMPOUND_REFERENCE + bool_literal(&p->bits, 1);
}

/* 6.3.13 */
static void frame_reference_mode_probs(vp9_parser *p)
{
    if (p->reference_mode == REFERENCE_MODE_SELECT)
        diff_update(&p->bits, p->probs.comp_mode, sizeof p->probs.comp_mode);
    if (p->reference_mode != COMPOUND_REFERENCE)
        diff_update(&p->bits, p->probs.single_ref, sizeof p->probs.single_ref);
    if (p->reference_mode != SINGLE_REFERENCE)
        diff_update(&p->bits, p->probs.comp_ref, sizeof p->probs.comp_ref);
}

/* 6.3.16 */
static void mv_probs(vp9_parser *p)
{
    bool_decoder *bits = &p->bits;
    update_vector_probs(bits, p->probs.joint, sizeof p->probs.joint);
    for (int i = 0; i < 2; i++) {
        vp9_component_probs *c = p->probs.component + i;
        update_vector_probs(bits, &c->sign, sizeof c->sign);
        update_vector_probs(bits, c->classes, sizeof c->classes);
        update_vector_probs(bits, c->class0, sizeof c->class0);
        update_vector_probs(bits, c->bits, sizeof c->bits);
    }
    for (int i = 0; i < 2; i++) {
        vp9_component_probs *c = p->probs.component + i;
        update_vector_probs(bits, c->class0_fraction, sizeof c->class0_fraction);
        update_vector_probs(bits, c->fraction, sizeof c->fraction);
    }
    for (int i = 0; i < 2 && p->header->high_precision; i++) {
        vp9_component_probs *c = p->probs.component + i;
        update_vector_probs(bits, &c->class0_hp, sizeof c->class0_hp);
        update_vector_probs(bits, &c->hp, sizeof c->hp);
    }
}

bool vp9_compressed_header(vp9_parser *p, const uint8_t *data, size_t size)
{
    vp9_probs *probs = &p->probs;
    if (!vp9_open_partition(p, data, size))
        return false;
    read_tx_mode(p);
    if (p->tx_mode == TX_MODE_SELECT)
        tx_mode_probs(p);
    read_coef_probs(p);
    diff_update(&p->bits, probs->skip, sizeof probs->skip);
    p->reference_mode = SINGLE_REFERENCE;
    if (!p->intra) {
        diff_update(&p->bits, probs->inter_mode, sizeof probs->inter_mode);
        if (p->header->interpolation_filter == VP9_SWITCHABLE)
            diff_update(&p->bits, probs->interpolation, sizeof probs->interpolation);
        diff_update(&p->bits, probs->is_inter, sizeof probs->is_inter);
        frame_reference_mode(p);
        frame_reference_mode_probs(p);
        diff_update(&p->bits, probs->y_mode, sizeof probs->y_mode);
        diff_update(&p->bits, probs->partition, sizeof probs->partition);
        mv_probs(p);
    }
    return vp9_close_partition(p);
}
