/* Residual coding: clause 7.3.8.11.  The levels are counted, not kept. */
#include "hevc_parser.h"

enum { LONGEST_PREFIX = 20 }; /* of coeff_abs_level_remaining: more than 16-bit levels need */
enum { MOST_BITS = 24 };      /* of its suffix */
enum { DC_SIGNIFICANT = 0, CHROMA_SIGNIFICANT = 27 }; /* contexts of sig_coeff_flag */

/* The block that is parsed. */
typedef struct {
    bool is_chroma;
    bool hides_signs;  /* sign data hiding may apply */
    bool had_greater1; /* in the sub-block before, some level was greater than 1 */
    uint8_t *rice;     /* StatCoeff of persistent rice adaptation, or NULL */
    uint32_t levels, coefficients;
} residual;

/* last_sig_coeff_x_prefix or _y_prefix */
CABAC_INLINE int last_prefix(cabac_reader *cabac, uint8_t *contexts, int log2_size, bool is_chroma)
{
    int offset = is_chroma ? 15 : 3 * (log2_size - 2) + ((log2_size - 1) >> 2);
    int shift = is_chroma ? log2_size - 2 : (log2_size + 1) >> 2;
    int most = 2 * log2_size - 1, prefix = 0;
    while (prefix < most && cabac_bin(cabac, contexts + offset + (prefix >> shift)))
        prefix++;
    return prefix;
}

/* (7-75) to (7-78) */
CABAC_INLINE int last_position(cabac_reader *cabac, int prefix)
{
    if (prefix <= 3)
        return prefix;
    int bits = (prefix >> 1) - 1;
    return ((2 + (prefix & 1)) << bits) + (int)cabac_bypass_bins(cabac, bits);
}

/* 9.3.3.11; -1 if there is no such code. */
CABAC_INLINE int level_remaining(cabac_reader *cabac, int rice)
{
    int prefix = 0;
    if (rice > MOST_BITS)
        return -1;
    while (prefix < LONGEST_PREFIX && cabac_bypass(cabac))
        prefix++;
    if (prefix <= 3)
        return (prefix << rice) + (int)cabac_bypass_bins(cabac, rice);
    int bits = prefix - 3 + rice;
    if (prefix == LONGEST_PREFIX || bits > MOST_BITS)
        return -1;
    return (int)((((1u << (prefix - 3)) + 2) << rice) + cabac_bypass_bins(cabac, bits));
}

/* The levels of a sub-block's coefficients, which stand at the scan positions `places`, the last
 * one first.  Returns false after a code that does not exist. */
CABAC_INLINE bool sub_block_levels(cabac_reader *cabac, hevc_contexts *contexts, residual *block,
                                   const uint8_t *places, int count, int set)
{
    uint8_t *greater1 = contexts->state + CTX_GREATER1 + (block->is_chroma ? 16 : 0) + 4 * set;
    uint8_t *greater2 = contexts->state + CTX_GREATER2 + (block->is_chroma ? 4 : 0) + set;
    int context = 1, first_greater1 = -1;
    uint32_t remaining = count > 8 ? ((1u << count) - 1) & ~0xffu : 0; /* one bit a coefficient */
    for (int i = 0; i < (count < 8 ? count : 8); i++) {
        if (cabac_bin(cabac, greater1 + context)) {
            context = 0;
            remaining |= 1u << i;
            block->levels++;
            if (first_greater1 < 0)
                first_greater1 = i;
        } else if (context > 0 && context < 3) {
            context++;
        }
    }
    if (first_greater1 >= 0) {
        if (cabac_bin(cabac, greater2))
            block->levels++;
        else
            remaining &= ~(1u << first_greater1);
    }
    block->had_greater1 = context == 0;
    bool is_sign_hidden = block->hides_signs && places[0] - places[count - 1] > 3;
    cabac_bypass_bins(cabac, count - is_sign_hidden); /* coeff_sign_flag */
    block->levels += (uint32_t)count;
    block->coefficients += (uint32_t)count;
    int rice = block->rice ? *block->rice >> 2 : 0;
    bool is_first = true;
    for (int i = 0; remaining; i++, remaining >>= 1) {
        if (!(remaining & 1))
            continue;
        int base = i >= 8 ? 1 : i == first_greater1 ? 3 : 2;
        int value = level_remaining(cabac, rice);
        if (value < 0)
            return false;
        if (block->rice && is_first) { /* (9-20) */
            if (value >= 3 << (*block->rice >> 2))
                *block->rice += *block->rice < 80;
            else if (2 * value < 1 << (*block->rice >> 2) && *block->rice > 0)
                --*block->rice;
        }
        is_first = false;
        block->levels += (uint32_t)value;
        if (base + value > 3 * (1 << rice) && (rice < 4 || block->rice))
            rice++;
    }
    return true;
}

/* The contexts of a sub-block's sig_coeff_flag, by scan position; 9.3.4.2.5. */
typedef struct {
    const uint8_t *map;
    uint8_t *contexts, *dc;
} significance;

/* `is_extended`: of the range extensions, some tool that changes the syntax is on. */
CABAC_INLINE void residual_coding(hevc_parser *p, int log2_size, int scan, int mode,
                                  bool is_chroma, bool is_extended)
{
    const hevc_sps *sps = p->frame.sps;
    const hevc_pps *pps = p->frame.pps;
    const hevc_tables *tables = p->tables;
    const bool bypass = p->unit.transquant_bypass;
    hevc_contexts *contexts = &p->contexts;
    uint8_t *state = contexts->state;
    cabac_reader cabac = p->cabac; /* a copy, which the compiler keeps in registers */
    residual block = {.is_chroma = is_chroma, .hides_signs = pps->sign_data_hiding && !bypass};

    bool skip = false; /* transform_skip_flag */
    const int log2_max_skip = is_extended ? pps->log2_max_transform_skip : 2;
    if (pps->transform_skip && !bypass && log2_size <= log2_max_skip)
        skip = cabac_bin(&cabac, state + CTX_TRANSFORM_SKIP + is_chroma);
    if (is_extended) {
        if (!p->unit.is_intra && sps->explicit_rdpcm && (skip || bypass)) {
            if (cabac_bin(&cabac, state + CTX_RDPCM + is_chroma)) {
                cabac_bin(&cabac, state + CTX_RDPCM_DIRECTION + is_chroma);
                block.hides_signs = false;
            }
        } else if (p->unit.is_intra && sps->implicit_rdpcm && skip && (mode == 10 || mode == 26)) {
            block.hides_signs = false; /* along the direction of prediction */
        }
        if (sps->persistent_rice) /* (9-19) */
            block.rice = contexts->rice + (is_chroma ? 0 : 2) + (skip || bypass);
    }
    const bool single_context = is_extended && sps->transform_skip_context && (skip || bypass);

    int last_x = last_prefix(&cabac, state + CTX_LAST_X, log2_size, is_chroma);
    int last_y = last_prefix(&cabac, state + CTX_LAST_Y, log2_size, is_chroma);
    last_x = last_position(&cabac, last_x);
    last_y = last_position(&cabac, last_y);
    if (scan == HEVC_VERTICAL) {
        int swapped = last_x;
        last_x = last_y;
        last_y = swapped;
    }
    const int log2_sub_blocks = log2_size - 2;
    const uint8_t *sub_blocks = tables->scan[log2_sub_blocks][scan];
    const int last_sub_block =
        tables->position[log2_sub_blocks][scan][(last_y >> 2) << 3 | last_x >> 2];
    const int last_place = tables->position[2][scan][(last_y & 3) << 3 | (last_x & 3)];

    uint64_t coded = 0; /* coded_sub_block_flag, a bit for each place y << 3 | x */
    for (int i = last_sub_block; i >= 0; i--) {
        int x = sub_blocks[i] & 7, y = sub_blocks[i] >> 3, place = y << 3 | x;
        int neighbours = (x < 7 ? coded >> (place + 1) & 1 : 0) |
                         (y < 7 ? coded >> (place + 8) & 1 : 0) << 1;
        bool is_inferred = i < last_sub_block && i > 0; /* the last flag, if all others are 0 */
        if (is_inferred && !cabac_bin(&cabac, state + CTX_CODED_SUB_BLOCK + (neighbours != 0) +
                                                  2 * is_chroma))
            continue;
        coded |= (uint64_t)1 << place;

        significance flags = {.contexts = state + CTX_SIGNIFICANT,
                              .dc = state + CTX_SIGNIFICANT + DC_SIGNIFICANT};
        if (is_chroma) {
            flags.contexts += CHROMA_SIGNIFICANT;
            flags.dc += CHROMA_SIGNIFICANT;
        }
        if (log2_size == 2) {
            flags.map = tables->significance_4x4[scan];
        } else {
            flags.map = tables->significance[neighbours][scan];
            if (is_chroma)
                flags.contexts += log2_size == 3 ? 9 : 12;
            else
                flags.contexts += (i > 0 ? 3 : 0) +
                                  (log2_size == 3 ? (scan == HEVC_DIAGONAL ? 9 : 15) : 21);
        }
        uint8_t places[16];
        int count = 0, at = 15;
        if (i == last_sub_block) {
            places[count++] = (uint8_t)last_place;
            at = last_place - 1;
        }
        if (single_context) {
            uint8_t *context = state + CTX_SIGNIFICANT_SKIP + is_chroma;
            for (; at > 0; at--) {
                places[count] = (uint8_t)at;
                count += cabac_bin(&cabac, context);
            }
            flags.dc = flags.contexts = context;
        }
        for (; at > 0; at--) {
            places[count] = (uint8_t)at;
            count += cabac_bin(&cabac, flags.contexts + flags.map[at]);
        }
        if (at == 0) {
            places[count] = 0;
            if (is_inferred && count == 0)
                count = 1;
            else if (single_context || i == 0)
                count += cabac_bin(&cabac, flags.dc);
            else
                count += cabac_bin(&cabac, flags.contexts + flags.map[0]);
        }
        if (count == 0)
            continue;
        int set = (i == 0 || is_chroma ? 0 : 2) + block.had_greater1; /* ctxSet */
        if (!sub_block_levels(&cabac, contexts, &block, places, count, set)) {
            hevc_fail(p, HEVC_BAD_COEFFICIENT);
            break;
        }
    }
    p->cabac = cabac;
    p->costs.levels += block.levels;
    p->costs.coefficients += block.coefficients;
}

void hevc_residual_coding(hevc_parser *p, int log2_size, bool is_chroma, int scan, int mode)
{
    const hevc_sps *sps = p->frame.sps;
    bool is_extended = sps->transform_skip_context || sps->implicit_rdpcm || sps->explicit_rdpcm ||
                       sps->persistent_rice || p->frame.pps->log2_max_transform_skip > 2;
    if (is_extended && is_chroma)
        residual_coding(p, log2_size, scan, mode, true, true);
    else if (is_extended)
        residual_coding(p, log2_size, scan, mode, false, true);
    else if (is_chroma)
        residual_coding(p, log2_size, scan, mode, true, false);
    else
        residual_coding(p, log2_size, scan, mode, false, false);
}
