/* Clauses 6.4.21 to 6.4.25: coefficients, of which only their number is of interest, and the
 * contexts that they leave. */
#include <string.h>

#include "vp9_parser.h"

/* Of one transform block: how its symbols are read and counted */
typedef struct {
    const vp9_scan_step *steps;
    int count; /* coefficients */
    const uint8_t (*probs)[3]; /* by context of all bands */
    uint32_t (*tokens)[4], *more;
} token_source;

/* How large a coefficient above 1 is, as contexts see it: 2 (2), 3 (3, 4), 4 (5 to 10), 5. */
static inline int read_large_token(bool_decoder *bits, const uint8_t *pareto, int bit_depth)
{
    static const uint8_t category3[] = {173, 148, 140}, category4[] = {176, 155, 140, 135};
    static const uint8_t category5[] = {180, 157, 141, 134, 130};
    const uint8_t *probs;
    int count;
    if (!bool_branch(bits, pareto[0])) {
        if (!bool_branch(bits, pareto[1]))
            return 2; /* TWO_TOKEN */
        bool_branch(bits, pareto[2]);
        return 3; /* THREE_TOKEN, FOUR_TOKEN */
    }
    if (!bool_branch(bits, pareto[3])) {
        if (!bool_branch(bits, pareto[4])) { /* DCT_VAL_CAT1 */
            bool_branch(bits, 159);
        } else { /* DCT_VAL_CAT2 */
            bool_branch(bits, 165);
            bool_branch(bits, 145);
        }
        return 4;
    }
    if (!bool_branch(bits, pareto[5])) {
        bool is_category4 = bool_branch(bits, pareto[6]);
        probs = is_category4 ? category4 : category3;
        count = is_category4 ? 4 : 3;
    } else if (!bool_branch(bits, pareto[7])) {
        probs = category5;
        count = 5;
    } else { /* DCT_VAL_CAT6 */
        count = bit_depth + 6;
        probs = vp9_category6_probs + 18 - count;
    }
    for (int i = 0; i < count; i++)
        bool_branch(bits, probs[i]);
    return 5;
}

/* From the sizes of the two coefficients before it */
static inline int context_of(const vp9_scan_step *step, const uint8_t *cache)
{
    return (1 + cache[step->neighbour[0]] + cache[step->neighbour[1]]) >> 1;
}

/* 6.4.24 tokens, up to the last coefficient that is not 0.  Returns how many there are with the
 * zeros between; *nonzero rises by those that are not.
 * The decoder is a copy, which the compiler keeps in registers: most symbols are read here. */
static inline int tokens(vp9_parser *p, const token_source *source, int context,
                         uint32_t *nonzero, const bool counting)
{
    bool_decoder bits = p->bits;
    const vp9_scan_step *steps = source->steps;
    uint8_t *cache = p->token_cache;
    int number = 0, count = source->count;
    uint32_t found = 0;
    while (number < count) {
        context += steps[number].first_context;
        const uint8_t *probs = source->probs[context];
        if (counting)
            source->more[context]++;
        if (!bool_branch(&bits, probs[0])) { /* more_coefs */
            if (counting)
                source->tokens[context][END_TOKEN]++;
            break;
        }
        while (!bool_branch(&bits, probs[1])) { /* after a zero it is not asked if there are more */
            if (counting)
                source->tokens[context][ZERO_TOKEN]++;
            cache[steps[number].position] = 0;
            if (++number == count)
                goto done;
            context = steps[number].first_context + context_of(steps + number, cache);
            probs = source->probs[context];
        }
        int size = 1;
        bool is_large = bool_branch(&bits, probs[2]);
        if (counting)
            source->tokens[context][is_large ? MORE_TOKEN : ONE_TOKEN]++;
        if (is_large)
            size = read_large_token(&bits, p->tables->pareto[probs[2]], p->header->bit_depth);
        bool_read(&bits, 128); /* sign_bit */
        found++;
        cache[steps[number].position] = (uint8_t)size;
        if (++number < count)
            context = context_of(steps + number, cache);
    }
done:
    p->bits = bits;
    *nonzero += found;
    return number;
}

static int tokens_counted(vp9_parser *p, const token_source *source, int context,
                          uint32_t *nonzero)
{
    return tokens(p, source, context, nonzero, true);
}

static int tokens_uncounted(vp9_parser *p, const token_source *source, int context,
                            uint32_t *nonzero)
{
    return tokens(p, source, context, nonzero, false);
}

/* The scan follows the type of transform, which follows the intra mode: 6.4.25 */
static int scan_of(const vp9_parser *p, const vp9_block *block, int plane, int tx_size, int quarter)
{
    static const uint8_t by_mode[VP9_NUM_INTRA_MODES] = {
        VP9_DEFAULT_SCAN, VP9_ROW_SCAN, VP9_COLUMN_SCAN, VP9_DEFAULT_SCAN, VP9_DEFAULT_SCAN,
        VP9_ROW_SCAN, VP9_COLUMN_SCAN, VP9_COLUMN_SCAN, VP9_ROW_SCAN, VP9_DEFAULT_SCAN};
    if (plane > 0 || tx_size == VP9_TX_32X32 || p->header->lossless || block->is_inter)
        return VP9_DEFAULT_SCAN;
    return by_mode[block->size < BLOCK_8X8 ? block->sub_modes[quarter] : block->mode];
}

/* Whether any 4x4 block along an edge of a transform block has a coefficient */
static inline int any_nonzero(const uint8_t *nonzero, int tx_size)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (tx_size) {
    case VP9_TX_4X4:
        return nonzero[0];
    case VP9_TX_8X8:
        memcpy(&two, nonzero, sizeof two);
        return two != 0;
    case VP9_TX_16X16:
        memcpy(&four, nonzero, sizeof four);
        return four != 0;
    default:
        memcpy(&eight, nonzero, sizeof eight);
        return eight != 0;
    }
}

/* 6.4.22 get_uv_tx_size */
static int plane_tx_size(const vp9_block *block, int plane, int width4, int height4)
{
    if (plane == 0)
        return block->tx_size;
    if (block->size < BLOCK_8X8)
        return VP9_TX_4X4;
    int size = block->tx_size;
    while (size > VP9_TX_4X4 && (1 << size > width4 || 1 << size > height4))
        size--;
    return size;
}

static bool plane_residual(vp9_parser *p, vp9_block *block, int plane)
{
    int sub_x = plane ? p->header->subsampling_x : 0, sub_y = plane ? p->header->subsampling_y : 0;
    int width4 = 2 * vp9_width8[block->size] >> sub_x;
    int height4 = 2 * vp9_height8[block->size] >> sub_y;
    int tx_size = plane_tx_size(block, plane, width4, height4), step = 1 << tx_size;
    int visible_x = (p->columns - p->column) * 2 >> sub_x; /* in 4x4 blocks */
    int visible_y = (p->rows - p->row) * 2 >> sub_y;
    uint8_t *above = p->above_nonzero[plane] + (p->column * 2 >> sub_x);
    uint8_t *left = p->left_nonzero[plane] + ((p->row & 7) * 2 >> sub_y);
    token_source source = {
        .count = 16 << 2 * tx_size,
        .probs = (const uint8_t (*)[3])
            p->probs.coefficients[tx_size][plane > 0][block->is_inter][0],
        .tokens = p->counts.tokens[tx_size][plane > 0][block->is_inter][0],
        .more = p->counts.more[tx_size][plane > 0][block->is_inter][0],
    };
    bool any = false;
    for (int y = 0; y < height4 && y < visible_y; y += step)
        for (int x = 0; x < width4 && x < visible_x; x += step) {
            int context = any_nonzero(above + x, tx_size) + any_nonzero(left + y, tx_size);
            int scan = scan_of(p, block, plane, tx_size, 2 * (y & 1) + (x & 1));
            source.steps = p->tables->steps[tx_size][scan];
            int count = p->counting
                            ? tokens_counted(p, &source, context, &block->coefficients)
                            : tokens_uncounted(p, &source, context, &block->coefficients);
            any |= count > 0;
            for (int i = 0; i < step; i++) { /* beyond the frame they count as 0 */
                above[x + i] = count > 0 && x + i < visible_x;
                left[y + i] = count > 0 && y + i < visible_y;
            }
        }
    return any;
}

bool vp9_residual(vp9_parser *p, vp9_block *block)
{
    bool any = false;
    for (int plane = 0; plane < 3; plane++)
        any |= plane_residual(p, block, plane);
    return any;
}
