/* Coefficients of a macroblock (clause 7.3.5.3): their number, and where their code ends. */
#ifndef COMPRESSEDVIDEO_H264_RESIDUAL_H
#define COMPRESSEDVIDEO_H264_RESIDUAL_H

#include "h264_elements.h"

/* ---------------------------------------------------------------- one block by CABAC */

/* What is coded together, ctxBlockCat of Table 9-42. Cb and Cr of 4:4:4 have the first and last
 * three of their own. */
enum { DC_16X16, AC_16X16, LUMA_4X4, CHROMA_DC, CHROMA_AC, LUMA_8X8, NUM_OF_LUMA_CB = 6 };

/* First contexts of coded_block_flag, significant_coeff_flag, last_significant_coeff_flag and
 * coeff_abs_level_minus1 by ctxBlockCat (Tables 9-34 and 9-40). */
typedef struct {
    uint16_t coded, significant, last, level;
} block_contexts;

static const block_contexts BLOCK_CONTEXTS[14] = {
    {85, 105, 166, 227},   {89, 120, 181, 237},   {93, 134, 195, 247},  {97, 149, 210, 257},
    {101, 152, 213, 266},  {1012, 402, 417, 426}, {460, 484, 572, 952}, {464, 499, 587, 962},
    {468, 513, 601, 972},  {1016, 660, 690, 708}, {472, 528, 616, 982}, {476, 543, 631, 992},
    {480, 557, 645, 1002}, {1020, 718, 748, 766},
};

/* Table 9-43: contexts of the coefficients of 8x8 blocks of frames. */
static const uint8_t SIGNIFICANT_8X8[63] = {
    0,  1,  2,  3,  4,  5,  5,  4,  4,  3,  3,  4,  4,  4,  5,  5,  4,  4,  4,  4,  3,
    3,  6,  7,  7,  7,  8,  9,  10, 9,  8,  7,  7,  6,  11, 12, 13, 11, 6,  7,  8,  9,
    14, 10, 9,  8,  6,  11, 12, 13, 11, 6,  9,  14, 10, 9,  11, 12, 13, 11, 14, 10, 12,
};
static const uint8_t LAST_8X8[63] = {
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8,
};

/* coeff_abs_level_minus1 and the signs of `count` levels: UEG0 with a prefix of 14, 9.3.3.1.3. */
CABAC_INLINE void cabac_levels(arithmetic_decoder *decoder, cabac_context *contexts, int count,
                                int max_above_1)
{
    enum { PREFIX = 14, LAST_ORDER = 24 };
    int ones = 1, above_1 = 0; /* ones: 1 + how many so far, 0 once there was a larger one */
    for (; count > 0; count--) {
        if (!arithmetic_decision(decoder, contexts + ones)) {
            if (ones > 0 && ones < 4)
                ones++;
        } else {
            cabac_context *context = contexts + 5 + (above_1 < max_above_1 ? above_1 : max_above_1);
            int prefix = 1;
            while (prefix < PREFIX && arithmetic_decision(decoder, context))
                prefix++;
            if (CABAC_UNLIKELY(prefix == PREFIX)) {
                int order = 0;
                while (order < LAST_ORDER && arithmetic_bypass(decoder))
                    order++;
                while (order-- > 0)
                    arithmetic_bypass(decoder);
            }
            above_1++;
            ones = 0;
        }
        arithmetic_bypass(decoder); /* coeff_sign_flag */
    }
}

/* residual_block_cabac() behind coded_block_flag: returns the number of coefficients.
 * A block of `max_count`; dc_shift: of chroma DC, 0 of 4:2:0 and 1 of 4:2:2. */
CABAC_INLINE int cabac_block(h264_reader *r, int category, int max_count, int dc_shift)
{
    arithmetic_decoder decoder = r->cabac; /* in registers */
    block_contexts first = BLOCK_CONTEXTS[category];
    cabac_context *significant = r->contexts + first.significant;
    cabac_context *last = r->contexts + first.last;
    bool is_8x8 = max_count == 64, is_dc = category == CHROMA_DC;
    int count = 0, i = 0;
    for (; i < max_count - 1; i++) {
        int place = is_8x8  ? SIGNIFICANT_8X8[i]
                    : is_dc ? (i >> dc_shift < 2 ? i >> dc_shift : 2)
                            : i;
        if (arithmetic_decision(&decoder, significant + place)) {
            count++;
            if (arithmetic_decision(&decoder, last + (is_8x8 ? LAST_8X8[i] : place)))
                break;
        }
    }
    count += i == max_count - 1; /* the last one goes without saying */
    cabac_levels(&decoder, r->contexts + first.level, count, is_dc ? 3 : 4);
    r->cabac = decoder;
    return count;
}

/* The same for the compiler to inline once for each kind. */
static int cabac_block_16(h264_reader *r, int category, int max_count)
{
    return cabac_block(r, category, max_count, 0);
}

static int cabac_block_64(h264_reader *r, int category)
{
    return cabac_block(r, category, 64, 0);
}

static int cabac_block_dc(h264_reader *r, int max_count)
{
    return cabac_block(r, CHROMA_DC, max_count, max_count == 8);
}

/* ---------------------------------------------------------------- neighbouring counts */

/* Coefficients of a component's 4x4 blocks, with those left of and above the macroblock: the
 * block at x, y stands at COUNTS_ORIGIN + y * COUNTS_STRIDE + x. */
enum { COUNTS_STRIDE = 8, COUNTS_ORIGIN = COUNTS_STRIDE + 1, COUNTS_SIZE = 5 * COUNTS_STRIDE };
enum { COUNT_UNAVAILABLE = 64 }; /* CAVLC's; CABAC takes 1 around intra macroblocks, else 0 */

CABAC_INLINE void load_counts(const h264_reader *r, uint8_t counts[COUNTS_SIZE], int component,
                               int columns, int rows, uint8_t unavailable)
{
    memset(counts, 0, COUNTS_SIZE);
    for (int x = 0; x < columns; x++)
        counts[1 + x] = r->has_above
                            ? r->above->counts[component][(rows - 1) * columns + x]
                            : unavailable;
    for (int y = 0; y < rows; y++)
        counts[(y + 1) * COUNTS_STRIDE] =
            r->has_left ? r->left->counts[component][y * columns + columns - 1] : unavailable;
}

/* 9.2.1: nC */
CABAC_INLINE int mean_count(const uint8_t *count)
{
    int left = count[-1], above = count[-COUNTS_STRIDE];
    if (left < COUNT_UNAVAILABLE && above < COUNT_UNAVAILABLE)
        return (left + above + 1) >> 1;
    if (left < COUNT_UNAVAILABLE)
        return left;
    return above < COUNT_UNAVAILABLE ? above : 0;
}

CABAC_INLINE int coded_around(const uint8_t *count)
{
    return (count[-1] != 0) + 2 * (count[-COUNTS_STRIDE] != 0);
}

/* ---------------------------------------------------------------- one block */

CABAC_INLINE int cavlc_block(h264_reader *r, int nc, int max_count)
{
    int count = h264_cavlc_block(&r->tables->cavlc, &r->bits, nc, max_count);
    if (count >= 0)
        return count;
    h264_fail(r, H264_BAD_COEFFICIENT);
    return 0;
}

/* A block of up to 16 coefficients beside others of its kind. */
CABAC_INLINE int block_4x4(h264_reader *r, uint8_t *count, int category, int max_count,
                            const bool cabac)
{
    int found = 0;
    if (!cabac)
        found = cavlc_block(r, mean_count(count), max_count);
    else if (decide(r, BLOCK_CONTEXTS[category].coded + coded_around(count)))
        found = cabac_block_16(r, category, max_count);
    *count = (uint8_t)found;
    return found;
}

/* The DC block of Intra_16x16, or of Cb or Cr; `bit` in coded_dc. */
CABAC_INLINE int dc_context(const h264_reader *r, int bit, bool intra)
{
    int left = r->has_left ? r->left->coded_dc >> bit & 1 : intra;
    int above = r->has_above ? r->above->coded_dc >> bit & 1 : intra;
    return left + 2 * above;
}

/* ---------------------------------------------------------------- components */

/* residual_luma(), also of Cb and Cr of 4:4:4. */
CABAC_INLINE void residual_luma(h264_reader *r, int component, bool intra, bool intra_16x16,
                                 const bool cabac)
{
    static const uint8_t first_category[] = {DC_16X16, NUM_OF_LUMA_CB, NUM_OF_LUMA_CB + 4};
    static const uint8_t category_8x8[] = {LUMA_8X8, 9, 13};
    h264_neighbour *current = r->current;
    int category = first_category[component];
    bool transform_8x8 = current->flags & MB_TRANSFORM_8X8;
    uint8_t counts[COUNTS_SIZE];
    uint8_t unavailable = cabac ? intra : COUNT_UNAVAILABLE;
    load_counts(r, counts, component, 4, 4, unavailable);
    if (cabac && r->chroma == 3 && transform_8x8) {
        /* coded_block_flag of an 8x8 block: others than 8x8 count as not coded.  For x264 before
         * core 151 they were not available. */
        int kept = r->x264_contexts ? MB_TRANSFORM_8X8 : MB_TRANSFORM_8X8 | MB_PCM;
        uint8_t other = r->x264_contexts ? unavailable : 0;
        if (r->has_above && !(r->above->flags & kept))
            memset(counts + 1, other, 4);
        if (r->has_left && !(r->left->flags & kept))
            for (int y = 0; y < 4; y++)
                counts[(y + 1) * COUNTS_STRIDE] = other;
    }
    if (intra_16x16) {
        int found = 0;
        if (!cabac)
            found = cavlc_block(r, mean_count(counts + COUNTS_ORIGIN), 16);
        else if (decide(r, BLOCK_CONTEXTS[category].coded + dc_context(r, component, intra)))
            found = cabac_block_16(r, category, 16);
        current->coded_dc |= (uint8_t)((found > 0) << component);
        r->coefficients += found;
    }
    for (int block = 0; block < 4; block++) {
        if (!(current->coded_block_pattern >> block & 1))
            continue;
        uint8_t *corner =
            counts + COUNTS_ORIGIN + (block >> 1) * 2 * COUNTS_STRIDE + (block & 1) * 2;
        if (cabac && transform_8x8) {
            int found = 0, of_8x8 = category_8x8[component];
            if (r->chroma != 3 ||
                decide(r, BLOCK_CONTEXTS[of_8x8].coded + coded_around(corner)))
                found = cabac_block_64(r, of_8x8);
            r->coefficients += found;
            corner[0] = corner[1] = corner[COUNTS_STRIDE] = corner[COUNTS_STRIDE + 1] =
                (uint8_t)found;
            continue;
        }
        for (int part = 0; part < 4; part++)
            r->coefficients += block_4x4(r, corner + (part >> 1) * COUNTS_STRIDE + (part & 1),
                                         category + (intra_16x16 ? AC_16X16 : LUMA_4X4),
                                         intra_16x16 ? 15 : 16, cabac);
    }
    for (int y = 0; y < 4; y++)
        memcpy(current->counts[component] + 4 * y, counts + COUNTS_ORIGIN + y * COUNTS_STRIDE, 4);
}

/* Cb and Cr of 4:2:0 and 4:2:2. */
CABAC_INLINE void residual_chroma(h264_reader *r, bool intra, const bool cabac)
{
    h264_neighbour *current = r->current;
    int rows = 2 * r->chroma, pattern = current->coded_block_pattern >> 4;
    for (int component = 1; component < 3 && pattern; component++) {
        int found = 0;
        if (!cabac)
            found = cavlc_block(r, r->chroma == 1 ? CHROMA_DC_420 : CHROMA_DC_422, 2 * rows);
        else if (decide(r, BLOCK_CONTEXTS[CHROMA_DC].coded + dc_context(r, component, intra)))
            found = cabac_block_dc(r, 2 * rows);
        current->coded_dc |= (uint8_t)((found > 0) << component);
        r->coefficients += found;
    }
    for (int component = 1; component < 3 && pattern & 2; component++) {
        uint8_t counts[COUNTS_SIZE];
        load_counts(r, counts, component, 2, rows, cabac ? intra : COUNT_UNAVAILABLE);
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < 2; x++) {
                uint8_t *count = counts + COUNTS_ORIGIN + y * COUNTS_STRIDE + x;
                r->coefficients += block_4x4(r, count, CHROMA_AC, 15, cabac);
                current->counts[component][2 * y + x] = *count;
            }
    }
}

CABAC_INLINE void residual(h264_reader *r, bool intra, bool intra_16x16, const bool cabac)
{
    residual_luma(r, 0, intra, intra_16x16, cabac);
    if (r->chroma == 3) {
        residual_luma(r, 1, intra, intra_16x16, cabac);
        residual_luma(r, 2, intra, intra_16x16, cabac);
    } else if (has_subsampled_chroma(r)) {
        residual_chroma(r, intra, cabac);
    }
}

#endif
