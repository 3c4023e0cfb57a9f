/* Slice data and macroblocks: clauses 7.3.4 and 7.3.5. */
#include "h264_macroblocks.h"

#include "h264_inter.h"
#include "h264_residual.h"

/* ---------------------------------------------------------------- 7.3.5 macroblock_layer */

CABAC_INLINE uint64_t position(const h264_reader *r, const bool cabac)
{
    return cabac ? (uint64_t)arithmetic_position(&r->cabac, r->bits.data) : r->bits.position;
}

/* Samples of 8 to 14 bits, from the next whole byte on. */
CABAC_INLINE void read_pcm(h264_reader *r, const bool cabac)
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
    if (cabac && !arithmetic_start(&r->cabac, r->bits.data + at / 8, r->cabac.end))
        h264_fail(r, H264_BAD_CABAC_START);
    h264_neighbour *current = r->current;
    current->flags = MB_INTRA | MB_PCM;
    current->coded_block_pattern = 0x2f;
    current->coded_dc = 7;
    memset(current->counts, 16, sizeof current->counts);
    r->coefficients = 384;
}

/* What follows the type of an intra macroblock but the residual. */
CABAC_INLINE h264_mb_type intra_prediction(h264_reader *r, int type, const bool cabac)
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

/* mb_qp_delta and the residual, for those that have any. */
CABAC_INLINE void coefficients(h264_reader *r, bool intra_16x16, const bool cabac)
{
    bool changed = false;
    if (r->current->coded_block_pattern || intra_16x16) {
        int delta = mb_qp_delta(r, cabac), offset = 6 * (r->slice->sps->bit_depth_luma - 8);
        changed = delta != 0;
        if (changed)
            r->qp = (r->qp + delta + 52 + 2 * offset) % (52 + offset) - offset;
        residual(r, r->current->flags & MB_INTRA, intra_16x16, cabac);
    }
    r->last_qp_changed = changed;
}

CABAC_INLINE void macroblock_layer(h264_reader *r, const bool cabac)
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

/* Neighbours and places of macroblock r->mb.  Two rows of them are kept, with one to spare on
 * either side. */
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
    if (!arithmetic_start(&r->cabac, data + first, data + r->bits.size)) {
        h264_fail(r, H264_BAD_CABAC_START);
        return;
    }
    int table = r->is_i ? 0 : 1 + slice->cabac_init_idc;
    memcpy(r->contexts, r->tables->cabac.contexts[table][clip_qp(slice->qp)], sizeof r->contexts);
    for (bool last = false; !last;) {
        if (r->mb >= count || arithmetic_overrun(&r->cabac)) {
            h264_fail(r, r->mb >= count ? H264_TOO_MANY_MACROBLOCKS : H264_TRUNCATED);
            return;
        }
        begin_macroblock(r);
        uint64_t before = position(r, true);
        if (!r->is_i && mb_skip_flag(r))
            skip_macroblock(r);
        else
            macroblock_layer(r, true);
        if (r->status != H264_OK)
            return;
        last = arithmetic_terminate(&r->cabac);
        end_macroblock(r, position(r, true) - before);
    }
    /* The last bit read is the stop bit; x264 sets another 1 later in its byte. */
    uint64_t stop = position(r, true);
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
