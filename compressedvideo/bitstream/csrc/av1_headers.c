/* Clauses 5.5 and 5.9: sequence header and frame header. */
#include "av1.h"

enum { SELECT = 2 }; /* SELECT_SCREEN_CONTENT_TOOLS, SELECT_INTEGER_MV */
enum { ALL_FRAMES = 0xff };

static bool flag(bit_reader *bits)
{
    return bits_read(bits, 1) != 0;
}

/* f(n) of a length that may be 0 or above 32 */
static uint32_t bits_n(bit_reader *bits, int count)
{
    return count > 0 ? bits_read(bits, count) : 0;
}

/* 4.10.3 */
static void skip_uvlc(bit_reader *bits)
{
    int zeros = 0;
    while (zeros < 32 && !flag(bits))
        zeros++;
    if (zeros < 32)
        bits_n(bits, zeros);
}

/* ---------------------------------------------------------------- 5.5 sequence header */

/* 5.5.3, 5.5.4 */
static void timing_and_model(bit_reader *bits, av1_sequence *s, int *delay_bits)
{
    if (!flag(bits)) /* timing_info_present_flag */
        return;
    bits_read(bits, 32); /* num_units_in_display_tick */
    bits_read(bits, 32); /* time_scale */
    s->equal_picture_interval = flag(bits);
    if (s->equal_picture_interval)
        skip_uvlc(bits); /* num_ticks_per_picture_minus_1 */
    s->decoder_model_info_present = flag(bits);
    if (!s->decoder_model_info_present)
        return;
    *delay_bits = (int)bits_read(bits, 5) + 1;
    bits_read(bits, 32); /* num_units_in_decoding_tick */
    s->buffer_removal_time_bits = (int)bits_read(bits, 5) + 1;
    s->frame_presentation_time_bits = (int)bits_read(bits, 5) + 1;
}

static void operating_points(bit_reader *bits, av1_sequence *s, int delay_bits)
{
    bool initial_display_delay_present = flag(bits);
    s->num_operating_points = (int)bits_read(bits, 5) + 1;
    for (int i = 0; i < s->num_operating_points; i++) {
        s->operating_point_idc[i] = (int)bits_read(bits, 12);
        if (bits_read(bits, 5) > 7) /* seq_level_idx */
            flag(bits);             /* seq_tier */
        s->decoder_model_present[i] = s->decoder_model_info_present && flag(bits);
        if (s->decoder_model_present[i]) { /* 5.5.5 operating_parameters_info */
            bits_read(bits, delay_bits);   /* decoder_buffer_delay */
            bits_read(bits, delay_bits);   /* encoder_buffer_delay */
            flag(bits);                    /* low_delay_mode_flag */
        }
        if (initial_display_delay_present && flag(bits))
            bits_read(bits, 4);
    }
}

/* The tools, from enable_interintra_compound on. */
static void tools(bit_reader *bits, av1_sequence *s)
{
    bits_read(bits, 4); /* interintra, masked compound, warped motion, dual filter */
    s->enable_order_hint = flag(bits);
    if (s->enable_order_hint)
        bits_read(bits, 2); /* jnt_comp, ref_frame_mvs */
    s->force_screen_content_tools = flag(bits) ? SELECT : flag(bits);
    s->force_integer_mv = SELECT;
    if (s->force_screen_content_tools > 0 && !flag(bits)) /* seq_choose_integer_mv */
        s->force_integer_mv = flag(bits);
    if (s->enable_order_hint)
        s->order_hint_bits = (int)bits_read(bits, 3) + 1;
}

bool av1_sequence_header(bit_reader *bits, av1_sequence *s)
{
    int delay_bits = 0;
    *s = (av1_sequence){.num_operating_points = 1,
                        .force_screen_content_tools = SELECT,
                        .force_integer_mv = SELECT};
    bits_read(bits, 3 + 1); /* seq_profile, still_picture */
    s->reduced_still_picture_header = flag(bits);
    if (s->reduced_still_picture_header) {
        bits_read(bits, 5); /* seq_level_idx */
    } else {
        timing_and_model(bits, s, &delay_bits);
        operating_points(bits, s, delay_bits);
    }
    int width_bits = (int)bits_read(bits, 4) + 1, height_bits = (int)bits_read(bits, 4) + 1;
    bits_read(bits, width_bits);  /* max_frame_width_minus_1 */
    bits_read(bits, height_bits); /* max_frame_height_minus_1 */
    if (!s->reduced_still_picture_header && flag(bits)) {
        s->frame_id_numbers_present = true;
        s->delta_frame_id_bits = (int)bits_read(bits, 4) + 2;
        s->frame_id_bits = (int)bits_read(bits, 3) + s->delta_frame_id_bits + 1;
    }
    bits_read(bits, 3); /* 128x128 superblocks, filter_intra, intra_edge_filter */
    if (!s->reduced_still_picture_header)
        tools(bits, s);
    s->valid = !bits_overrun(bits);
    return s->valid;
}

/* ---------------------------------------------------------------- 5.9 frame header */

/* 5.9.31 */
static void temporal_point_info(bit_reader *bits, const av1_sequence *s)
{
    if (s->decoder_model_info_present && !s->equal_picture_interval)
        bits_read(bits, s->frame_presentation_time_bits);
}

static void buffer_removal_times(bit_reader *bits, const av1_sequence *s, av1_layer layer)
{
    if (!s->decoder_model_info_present || !flag(bits))
        return;
    for (int i = 0; i < s->num_operating_points; i++) {
        int idc = s->operating_point_idc[i];
        bool covers = idc == 0 || ((idc >> layer.temporal_id & 1) &&
                                   (idc >> (layer.spatial_id + 8) & 1));
        if (s->decoder_model_present[i] && covers)
            bits_read(bits, s->buffer_removal_time_bits);
    }
}

/* From frame_refs_short_signaling on.  With it the slots follow from order hints (7.8), which is
 * not traced: then all that are filled count. */
static bool references(bit_reader *bits, const av1_sequence *s, const av1_slot *slots,
                       av1_frame *frame)
{
    bool short_signaling = s->enable_order_hint && flag(bits);
    if (short_signaling) {
        bits_read(bits, 3 + 3); /* last_frame_idx, gold_frame_idx */
        for (int i = 0; i < AV1_NUM_SLOTS; i++)
            frame->reference_slots |= slots[i].valid ? 1u << i : 0;
    }
    for (int i = 0; i < AV1_REFERENCES_PER_FRAME; i++) {
        if (!short_signaling) {
            uint32_t slot = bits_read(bits, 3);
            frame->reference_slots |= 1u << slot;
            if (!slots[slot].valid)
                return false;
        }
        bits_n(bits, s->frame_id_numbers_present ? s->delta_frame_id_bits : 0);
    }
    return true;
}

/* The start of 5.9.2: what is shown, and the type. */
static bool show_and_type(bit_reader *bits, const av1_sequence *s, const av1_slot *slots,
                          av1_frame *frame)
{
    frame->show_existing = flag(bits);
    if (!frame->show_existing) {
        frame->frame_type = (int)bits_read(bits, 2);
        frame->show = flag(bits);
        return true;
    }
    frame->show = true;
    frame->frame_to_show = (int)bits_read(bits, 3);
    temporal_point_info(bits, s);
    bits_n(bits, s->frame_id_bits); /* display_frame_id */
    frame->frame_type = slots[frame->frame_to_show].frame_type;
    if (frame->frame_type == AV1_KEY_FRAME)
        frame->refresh_flags = ALL_FRAMES; /* 7.21: as if it was coded here */
    return slots[frame->frame_to_show].valid;
}

/* 5.9.2 */
bool av1_frame_header(bit_reader *bits, const av1_sequence *s, av1_layer layer,
                      const av1_slot slots[AV1_NUM_SLOTS], av1_frame *frame)
{
    *frame = (av1_frame){.frame_type = AV1_KEY_FRAME, .show = true};
    bool error_resilient = true;
    if (!s->valid)
        return false;
    if (!s->reduced_still_picture_header) {
        if (!show_and_type(bits, s, slots, frame))
            return false;
        if (frame->show_existing)
            return !bits_overrun(bits);
        if (frame->show)
            temporal_point_info(bits, s);
        else
            flag(bits); /* showable_frame */
    }
    bool is_intra = frame->frame_type == AV1_KEY_FRAME || frame->frame_type == AV1_INTRA_ONLY_FRAME;
    bool replaces_all = frame->frame_type == AV1_SWITCH_FRAME ||
                        (frame->frame_type == AV1_KEY_FRAME && frame->show);
    if (!replaces_all)
        error_resilient = flag(bits);
    flag(bits); /* disable_cdf_update */
    bool screen_content = s->force_screen_content_tools == SELECT ? flag(bits)
                                                                  : s->force_screen_content_tools;
    if (screen_content && s->force_integer_mv == SELECT)
        flag(bits);                 /* force_integer_mv */
    bits_n(bits, s->frame_id_bits); /* current_frame_id */
    if (frame->frame_type != AV1_SWITCH_FRAME && !s->reduced_still_picture_header)
        flag(bits);                   /* frame_size_override_flag */
    bits_n(bits, s->order_hint_bits); /* order_hint */
    if (!is_intra && !error_resilient)
        bits_read(bits, 3); /* primary_ref_frame */
    buffer_removal_times(bits, s, layer);
    frame->refresh_flags = replaces_all ? ALL_FRAMES : bits_read(bits, 8);
    if ((!is_intra || frame->refresh_flags != ALL_FRAMES) && error_resilient)
        for (int i = 0; i < AV1_NUM_SLOTS; i++)
            bits_n(bits, s->order_hint_bits); /* ref_order_hint */
    if (!is_intra && !references(bits, s, slots, frame))
        return false;
    return !bits_overrun(bits);
}
