/* Slice data and macroblocks: clauses 7.3.4, 7.3.5, 7.3.5.1 and 7.3.5.2. */
#include <stdlib.h>

#include "h264_macroblocks.h"

#include "h264_elements.h"
#include "h264_residual.h"

enum { USES_0 = 1, USES_1 = 2, USES_BOTH = 3 }; /* lists of a partition */

/* The partitions of a macroblock that is predicted from other pictures. */
typedef struct {
    h264_mb_type type;
    uint8_t uses[4]; /* of the macroblock, of its halves, or of its 8x8 blocks; 0: direct */
    uint8_t shapes[4]; /* of 8x8 blocks: 8x8, 8x4, 4x8, 4x4 */
    bool first_only;   /* P_8x8ref0: all indices are 0 */
} partitions;

/* ---------------------------------------------------------------- 7.3.5.1 mb_pred, 7.3.5.2 */

ALWAYS_INLINE void read_vector(h264_reader *r, int list, int x, int y, int width, int height,
                               int partition, const bool cabac)
{
    h264_vector predicted = h264_predict_vector(r, list, x, y, width, partition);
    int difference_x, difference_y;
    if (cabac) {
        static const uint8_t none[2];
        uint8_t(*here)[2] = r->current->differences[list];
        int block = 4 * y + x;
        const uint8_t *left = x > 0         ? here[block - 1]
                              : r->has_left ? r->left->differences[list][block + 3]
                                            : none;
        const uint8_t *above = y > 0          ? here[block - 4]
                               : r->has_above ? r->above->differences[list][block + 12]
                                              : none;
        difference_x = cabac_mvd(r, CONTEXT_MVD_X, left[0] + above[0]);
        difference_y = cabac_mvd(r, CONTEXT_MVD_Y, left[1] + above[1]);
        int size_x = abs(difference_x), size_y = abs(difference_y);
        if (size_x | size_y) {
            uint8_t sizes[2] = {(uint8_t)(size_x < MAX_DIFFERENCE ? size_x : MAX_DIFFERENCE),
                                (uint8_t)(size_y < MAX_DIFFERENCE ? size_y : MAX_DIFFERENCE)};
            for (int row = 0; row < height; row++)
                for (int column = 0; column < width; column++)
                    memcpy(here[block + 4 * row + column], sizes, sizeof sizes);
        }
    } else {
        difference_x = rbsp_se(&r->bits);
        difference_y = rbsp_se(&r->bits);
    }
    h264_vector vector =
        h264_vector_of((int)((unsigned)h264_x(predicted) + (unsigned)difference_x),
                       (int)((unsigned)h264_y(predicted) + (unsigned)difference_y));
    fill_vectors(r, list, x, y, width, height, vector);
}

/* The reference of some 8x8 blocks, a bit each; the first names the neighbours. */
ALWAYS_INLINE void read_reference(h264_reader *r, int list, int first, unsigned blocks,
                                  bool is_0, const bool cabac)
{
    int index = is_0 ? 0 : ref_idx(r, list, first, cabac);
    for (int block = 0; block < 4; block++)
        if (blocks >> block & 1)
            set_reference(r, list, block, index);
    if (index > 0)
        r->current->reference_above_0[list] |= (uint8_t)blocks;
}

enum { LEFT_HALF = 1 | 4, UPPER_HALF = 1 | 2, ALL_BLOCKS = 15 };

ALWAYS_INLINE void read_references(h264_reader *r, const partitions *of, int list,
                                   const bool cabac)
{
    unsigned use = 1u << list;
    if (of->type == H264_INTER_16X16) {
        if (of->uses[0] & use)
            read_reference(r, list, 0, ALL_BLOCKS, false, cabac);
    } else if (of->type == H264_INTER_16X8) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_reference(r, list, 2 * half, UPPER_HALF << 2 * half, false, cabac);
    } else if (of->type == H264_INTER_8X16) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_reference(r, list, half, LEFT_HALF << half, false, cabac);
    } else {
        for (int block = 0; block < 4; block++)
            if (of->uses[block] & use)
                read_reference(r, list, block, 1u << block, of->first_only, cabac);
    }
}

/* An 8x8 block in up to four parts. */
ALWAYS_INLINE void read_sub_vectors(h264_reader *r, int list, int block, int shape,
                                    const bool cabac)
{
    int left = 2 * (block & 1), top = 2 * (block >> 1);
    int width = shape < 2 ? 2 : 1, height = shape & 1 ? 1 : 2;
    for (int y = top; y < top + 2; y += height)
        for (int x = left; x < left + 2; x += width)
            read_vector(r, list, x, y, width, height, PARTITION_OTHER, cabac);
}

ALWAYS_INLINE void read_vectors(h264_reader *r, const partitions *of, int list, const bool cabac)
{
    unsigned use = 1u << list;
    if (of->type == H264_INTER_16X16) {
        if (of->uses[0] & use)
            read_vector(r, list, 0, 0, 4, 4, PARTITION_OTHER, cabac);
    } else if (of->type == H264_INTER_16X8) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_vector(r, list, 0, 2 * half, 4, 2, PARTITION_UPPER + half, cabac);
    } else if (of->type == H264_INTER_8X16) {
        for (int half = 0; half < 2; half++)
            if (of->uses[half] & use)
                read_vector(r, list, 2 * half, 0, 2, 4, PARTITION_LEFT + half, cabac);
    } else {
        for (int block = 0; block < 4; block++)
            if (of->uses[block] & use)
                read_sub_vectors(r, list, block, of->shapes[block], cabac);
    }
}

ALWAYS_INLINE void inter_prediction(h264_reader *r, const partitions *of, const bool cabac)
{
    for (int list = 0; list < 1 + r->is_b; list++)
        read_references(r, of, list, cabac);
    if (r->status != H264_OK)
        return;
    for (int list = 0; list < 1 + r->is_b; list++)
        read_vectors(r, of, list, cabac);
}

/* Tables 7-17 and 7-18.  Returns the direct blocks, a bit each; *small: some are below 8x8. */
ALWAYS_INLINE unsigned sub_mb_types(h264_reader *r, partitions *to, bool *small, const bool cabac)
{
    static const uint8_t shapes[13] = {0, 0, 0, 0, 1, 2, 1, 2, 1, 2, 3, 3, 3};
    static const uint8_t uses[13] = {0, 1, 2, 3, 1, 1, 2, 2, 3, 3, 1, 2, 3};
    unsigned direct = 0;
    *small = false;
    for (int block = 0; block < 4; block++) {
        int type = r->is_b ? sub_mb_type_b(r, cabac) : sub_mb_type_p(r, cabac);
        to->shapes[block] = r->is_b ? shapes[type] : (uint8_t)type;
        to->uses[block] = r->is_b ? uses[type] : USES_0;
        direct |= (unsigned)(to->uses[block] == 0) << block;
        *small |= to->shapes[block] > 0;
    }
    return direct;
}

/* ---------------------------------------------------------------- 7.3.5 macroblock_layer */

/* Nothing of a list is used, until it is said otherwise. */
ALWAYS_INLINE void clear_motion(h264_reader *r, int list)
{
    set_references(r, list, -1);
    fill_vectors(r, list, 0, 0, 4, 4, 0);
}

ALWAYS_INLINE uint64_t position(const h264_reader *r, const bool cabac)
{
    return cabac ? cabac_position(&r->cabac, r->bits.data) : r->bits.position;
}

/* Samples of 8 to 14 bits, from the next whole byte on. */
ALWAYS_INLINE void read_pcm(h264_reader *r, const bool cabac)
{
    static const int chroma_samples[] = {0, 128, 256, 512};
    const h264_sps *sps = r->slice->sps;
    uint64_t at = (position(r, cabac) + 7) & ~UINT64_C(7);
    at += 256 * (uint64_t)sps->bit_depth_luma +
          (uint64_t)chroma_samples[r->chroma] * sps->bit_depth_chroma;
    if (at > r->bits.end) {
        h264_fail(r, H264_TRUNCATED);
        return;
    }
    r->bits.position = at;
    if (cabac)
        cabac_start(&r->cabac, r->bits.data + at / 8, r->cabac.end);
    h264_neighbour *current = r->current;
    current->flags = MB_INTRA | MB_PCM;
    current->coded_block_pattern = 0x2f;
    current->coded_dc = 7;
    memset(current->counts, 16, sizeof current->counts);
    r->coefficients = 384;
}

/* What follows the type of an intra macroblock but the residual. */
ALWAYS_INLINE h264_mb_type intra_prediction(h264_reader *r, int type, const bool cabac)
{
    h264_mb_type kind = H264_I_16X16;
    r->current->flags = MB_INTRA;
    if (type == 0) {
        bool is_8x8 = r->slice->pps->transform_8x8 && transform_size_8x8_flag(r, cabac);
        for (int i = 0; i < (is_8x8 ? 4 : 16); i++)
            intra_mode(r, cabac);
        r->current->flags |= MB_I_NXN | (is_8x8 ? MB_TRANSFORM_8X8 : 0);
        kind = is_8x8 ? H264_I_8X8 : H264_I_4X4;
    } else {
        int code = type - 1; /* Table 7-11 */
        r->current->coded_block_pattern =
            (uint8_t)((code >= 12 ? 15 : 0) | code / 4 % 3 << 4);
    }
    if (has_subsampled_chroma(r))
        r->current->chroma_mode = (uint8_t)intra_chroma_pred_mode(r, cabac);
    return kind;
}

/* Tables 7-13 and 7-14: what an inter type says. */
ALWAYS_INLINE partitions partitions_of(const h264_reader *r, int type)
{
    static const uint8_t halves[9][2] = {
        {USES_0, USES_0},    {USES_1, USES_1},    {USES_0, USES_1},
        {USES_1, USES_0},    {USES_0, USES_BOTH}, {USES_1, USES_BOTH},
        {USES_BOTH, USES_0}, {USES_BOTH, USES_1}, {USES_BOTH, USES_BOTH},
    };
    static const h264_mb_type p_types[NUM_P_TYPES] = {
        H264_INTER_16X16, H264_INTER_16X8, H264_INTER_8X16, H264_INTER_8X8, H264_INTER_8X8,
    };
    if (!r->is_b)
        return (partitions){.type = p_types[type], .uses = {USES_0, USES_0, USES_0, USES_0},
                            .first_only = type == 4};
    if (type == 0)
        return (partitions){.type = H264_B_DIRECT};
    if (type < 4)
        return (partitions){.type = H264_INTER_16X16, .uses = {(uint8_t)type}};
    if (type == 22)
        return (partitions){.type = H264_INTER_8X8};
    const uint8_t *uses = halves[(type - 4) / 2];
    return (partitions){.type = type & 1 ? H264_INTER_8X16 : H264_INTER_16X8,
                        .uses = {uses[0], uses[1]}};
}

/* Vectors of an inter macroblock; *no_small: its transform may be 8x8. */
ALWAYS_INLINE h264_mb_type inter_macroblock(h264_reader *r, int type, bool *may_be_8x8,
                                            const bool cabac)
{
    partitions of = partitions_of(r, type);
    *may_be_8x8 = true;
    if (of.type == H264_B_DIRECT) {
        r->current->flags = MB_DIRECT;
        *may_be_8x8 = r->slice->sps->direct_8x8_inference;
        h264_direct_motion(r, ALL_BLOCKS);
        return of.type;
    }
    if (r->is_b) {
        clear_motion(r, 0);
        clear_motion(r, 1);
    } else {
        set_references(r, 1, -1);
    }
    if (of.type == H264_INTER_8X8) {
        bool small;
        unsigned direct = sub_mb_types(r, &of, &small, cabac);
        *may_be_8x8 = !small && (!direct || r->slice->sps->direct_8x8_inference);
        r->motion->small_blocks |= small;
        if (direct && r->status == H264_OK)
            h264_direct_motion(r, (int)direct);
    }
    if (r->status == H264_OK)
        inter_prediction(r, &of, cabac);
    return of.type;
}

/* mb_qp_delta and the residual, for those that have any. */
ALWAYS_INLINE void coefficients(h264_reader *r, bool intra_16x16, const bool cabac)
{
    bool changed = false;
    if (r->current->coded_block_pattern || intra_16x16) {
        int delta = mb_qp_delta(r, cabac), offset = 6 * (r->slice->sps->bit_depth_luma - 8);
        changed = delta != 0;
        r->qp = (r->qp + delta + 52 + 2 * offset) % (52 + offset) - offset;
        r->last_qp_changed = changed;
        residual(r, r->current->flags & MB_INTRA, intra_16x16, cabac);
    }
    r->last_qp_changed = changed;
}

ALWAYS_INLINE void macroblock_layer(h264_reader *r, const bool cabac)
{
    int type = r->is_i ? mb_type_i(r, cabac) : r->is_b ? mb_type_b(r, cabac) : mb_type_p(r, cabac);
    int first_intra = r->is_i ? 0 : r->is_b ? NUM_B_TYPES : NUM_P_TYPES;
    bool intra = type >= first_intra, intra_16x16 = false, may_be_8x8 = false;
    h264_mb_type kind;
    r->coefficients = 0;
    if (intra) {
        set_references(r, 1, -1);
        clear_motion(r, 0);
        if (r->is_b)
            clear_motion(r, 1);
        if (type - first_intra == MB_TYPE_I_PCM) {
            read_pcm(r, cabac);
            r->last_qp_changed = false;
            r->motion->types[r->mb] = H264_I_PCM;
            r->motion->qp[r->mb] = 0;
            return;
        }
        kind = intra_prediction(r, type - first_intra, cabac);
        intra_16x16 = kind == H264_I_16X16;
    } else {
        kind = inter_macroblock(r, type, &may_be_8x8, cabac);
    }
    if (r->status != H264_OK)
        return;
    if (!intra_16x16) {
        r->current->coded_block_pattern = (uint8_t)coded_block_pattern(r, intra, cabac);
        if (r->current->coded_block_pattern & 15 && may_be_8x8 && r->slice->pps->transform_8x8 &&
            transform_size_8x8_flag(r, cabac))
            r->current->flags |= MB_TRANSFORM_8X8;
    }
    coefficients(r, intra_16x16, cabac);
    r->motion->types[r->mb] = (uint8_t)kind;
    r->motion->qp[r->mb] = (int8_t)r->qp;
}

/* P_Skip and B_Skip */
static void skip_macroblock(h264_reader *r)
{
    r->current->flags = r->is_b ? MB_SKIPPED | MB_DIRECT : MB_SKIPPED;
    r->coefficients = 0;
    r->last_qp_changed = false;
    if (r->is_b)
        h264_direct_motion(r, ALL_BLOCKS);
    else
        h264_p_skip_motion(r);
    r->motion->types[r->mb] = r->is_b ? H264_B_SKIP : H264_P_SKIP;
    r->motion->qp[r->mb] = (int8_t)r->qp;
}

/* ---------------------------------------------------------------- 7.3.4 slice_data */

/* Neighbours and places of macroblock r->mb.  Two rows of them are kept, with one to spare on either
 * side. */
static void begin_macroblock(h264_reader *r)
{
    int32_t slice = r->number;
    h264_neighbour *row = r->rows[r->mb_y & 1], *row_above = r->rows[~r->mb_y & 1];
    r->current = row + r->mb_x + 1;
    r->left = r->current - 1;
    r->above = row_above + r->mb_x + 1;
    r->has_left = r->mb_x > 0 && r->left->slice == slice;
    r->has_above = r->mb_y > 0 && r->above->slice == slice;
    r->has_above_left = r->mb_y > 0 && r->mb_x > 0 && r->above[-1].slice == slice;
    r->has_above_right =
        r->mb_y > 0 && r->mb_x < r->mb_width - 1 && r->above[1].slice == slice;
    ptrdiff_t blocks = (ptrdiff_t)r->mb_y * 4 * vector_stride(r) + 4 * r->mb_x;
    ptrdiff_t blocks_8x8 = (ptrdiff_t)r->mb_y * 2 * reference_stride(r) + 2 * r->mb_x;
    for (int list = 0; list < 2; list++) {
        r->vectors[list] = r->motion->vectors[list] + blocks;
        r->references[list] = r->motion->references[list] + blocks_8x8;
    }
    memset(r->current, 0, sizeof *r->current);
    r->current->slice = slice;
}

static void end_macroblock(h264_reader *r, uint64_t bits)
{
    r->motion->bits[r->mb] = (uint32_t)bits;
    r->motion->coefficients[r->mb] = (uint16_t)r->coefficients;
    r->mb++;
    if (++r->mb_x == r->mb_width) {
        r->mb_x = 0;
        r->mb_y++;
    }
}

static int clip_qp(int qp)
{
    return qp < 0 ? 0 : qp > 51 ? 51 : qp;
}

static void slice_data_cabac(h264_reader *r)
{
    const h264_slice *slice = r->slice;
    int count = r->mb_width * r->mb_height;
    const uint8_t *data = r->bits.data;
    size_t first = (size_t)((r->bits.position + 7) / 8); /* cabac_alignment_one_bit */
    if (first > r->bits.size) {
        h264_fail(r, H264_TRUNCATED);
        return;
    }
    cabac_start(&r->cabac, data + first, data + r->bits.size + 4);
    int table = r->is_i ? 0 : 1 + slice->cabac_init_idc;
    memcpy(r->contexts, r->tables->cabac.contexts[table][clip_qp(slice->qp)], CABAC_CONTEXTS);
    for (bool last = false; !last;) {
        if (r->mb >= count || r->cabac.next > r->cabac.end + 32) {
            h264_fail(r, r->mb >= count ? H264_TOO_MANY_MACROBLOCKS : H264_TRUNCATED);
            return;
        }
        begin_macroblock(r);
        uint64_t before = cabac_position(&r->cabac, data);
        if (!r->is_i && mb_skip_flag(r))
            skip_macroblock(r);
        else
            macroblock_layer(r, true);
        if (r->status != H264_OK)
            return;
        last = cabac_terminate(&r->cabac);
        end_macroblock(r, cabac_position(&r->cabac, data) - before);
    }
    /* The last bit read is the stop bit; x264 sets another 1 later in its byte. */
    uint64_t stop = cabac_position(&r->cabac, data);
    if (stop - 1 > r->bits.end || r->bits.end >= ((stop + 7) & ~UINT64_C(7)))
        h264_fail(r, H264_INEXACT_END);
}

/* mb_skip_run, and the macroblocks it skips. */
static void skip_run(h264_reader *r, int count)
{
    uint32_t run = rbsp_ue(&r->bits);
    if (run > (uint32_t)(count - r->mb)) {
        h264_fail(r, H264_TOO_MANY_MACROBLOCKS);
        return;
    }
    for (; run > 0 && r->status == H264_OK; run--) {
        begin_macroblock(r);
        skip_macroblock(r);
        end_macroblock(r, 0);
    }
}

static void slice_data_cavlc(h264_reader *r)
{
    int count = r->mb_width * r->mb_height;
    do {
        if (!r->is_i) {
            skip_run(r, count);
            if (r->status != H264_OK || !rbsp_more_data(&r->bits))
                break;
        }
        if (r->mb >= count) {
            h264_fail(r, H264_TOO_MANY_MACROBLOCKS);
            return;
        }
        begin_macroblock(r);
        uint64_t before = r->bits.position;
        macroblock_layer(r, false);
        if (rbsp_overrun(&r->bits))
            h264_fail(r, H264_TRUNCATED);
        if (r->status != H264_OK)
            return;
        end_macroblock(r, r->bits.position - before);
    } while (rbsp_more_data(&r->bits));
    if (r->bits.position != r->bits.end || r->bits.damaged)
        h264_fail(r, H264_INEXACT_END);
}

void h264_read_slice_data(h264_reader *r)
{
    r->status = H264_OK;
    r->qp = r->slice->qp;
    r->last_qp_changed = false;
    r->mb = (int)r->slice->first_mb;
    r->mb_x = r->mb % r->mb_width;
    r->mb_y = r->mb / r->mb_width;
    if (r->slice->pps->cabac)
        slice_data_cabac(r);
    else
        slice_data_cavlc(r);
}
