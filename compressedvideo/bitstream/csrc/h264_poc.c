/* Clause 8.2.1: the order in which pictures are displayed. */
#include "h264_pictures.h"

int32_t h264_order(const h264_picture *picture, uint8_t structure)
{
    uint8_t fields = picture->fields & structure;
    if (fields == FRAME)
        return picture->poc[0] < picture->poc[1] ? picture->poc[0] : picture->poc[1];
    return picture->poc[fields == BOTTOM_FIELD];
}

/* Order counts of damaged streams may overflow: they wrap around. */
static int32_t wrap(int64_t value)
{
    return (int32_t)(uint32_t)value;
}

/* 8.2.1.1: a coded low part, the high part from the reference picture before. */
static void type_0(h264_poc_state *state, const h264_slice *slice, int32_t poc[2])
{
    int32_t max_lsb = 1 << slice->sps->log2_max_poc_lsb, lsb = slice->poc_lsb;
    int64_t msb = state->msb;
    if (slice->idr)
        msb = state->msb = state->lsb = 0;
    if (lsb < state->lsb && state->lsb - lsb >= max_lsb / 2)
        msb += max_lsb;
    else if (lsb > state->lsb && lsb - state->lsb > max_lsb / 2)
        msb -= max_lsb;
    poc[0] = poc[1] = wrap(msb + lsb);
    if (slice->structure == FRAME)
        poc[1] = wrap(msb + lsb + slice->delta_poc_bottom);
    if (slice->nal_ref_idc != 0) {
        state->msb = wrap(msb);
        state->lsb = lsb;
    }
}

/* 8.2.1.2 */
static void type_1(const h264_poc_state *state, const h264_slice *slice, int32_t poc[2])
{
    const h264_sps *sps = slice->sps;
    int count = sps->num_ref_frames_in_poc_cycle;
    int64_t expected = 0;
    int64_t number = count ? state->frame_num_offset + slice->frame_num : 0; /* absFrameNum */
    if (slice->nal_ref_idc == 0 && number > 0)
        number--;
    if (number > 0) {
        int64_t cycle = 0;
        for (int i = 0; i < count; i++)
            cycle += sps->offset_for_ref_frame[i];
        expected = (int64_t)((uint64_t)((number - 1) / count) * (uint64_t)cycle);
        for (int i = 0; i <= (number - 1) % count; i++)
            expected += sps->offset_for_ref_frame[i];
    }
    if (slice->nal_ref_idc == 0)
        expected += sps->offset_for_non_ref_pic;
    expected = wrap(expected);
    int64_t to_bottom = sps->offset_for_top_to_bottom_field;
    poc[0] = wrap(expected + slice->delta_poc[0]);
    poc[1] = wrap(expected + slice->delta_poc[0] + to_bottom + slice->delta_poc[1]);
}

/* 8.2.1.3: decoding order. */
static void type_2(const h264_poc_state *state, const h264_slice *slice, int32_t poc[2])
{
    int64_t twice = 2 * (state->frame_num_offset + slice->frame_num);
    poc[0] = poc[1] = slice->idr ? 0 : wrap(twice - (slice->nal_ref_idc == 0));
}

void h264_count_order(h264_buffer *buffer, const h264_slice *slice)
{
    h264_poc_state *state = &buffer->poc;
    h264_picture *picture = buffer->current;
    int32_t poc[2];
    if (slice->idr)
        state->frame_num_offset = 0;
    else if (state->frame_num > slice->frame_num)
        state->frame_num_offset += INT64_C(1) << slice->sps->log2_max_frame_num;
    state->frame_num = slice->frame_num;
    if (slice->sps->poc_type == 0)
        type_0(state, slice, poc);
    else if (slice->sps->poc_type == 1)
        type_1(state, slice, poc);
    else
        type_2(state, slice, poc);
    for (int field = 0; field < 2; field++)
        if (slice->structure >> field & 1)
            picture->poc[field] = poc[field];
}
