/* Video usability information: clauses E.2.1 to E.2.3.  But for field_seq_flag it is skipped. */
#include "hevc_parameters.h"

/* E.2.3 */
static void sub_layer_hrd(rbsp_reader *bits, int num_schedules, bool sub_pic)
{
    for (int i = 0; i < num_schedules; i++) {
        hevc_skip_ue(bits, sub_pic ? 4 : 2); /* bit rates and buffer sizes */
        hevc_skip(bits, 1);                  /* cbr_flag */
    }
}

/* E.2.2, with the information common to all sub-layers */
static void hrd_parameters(rbsp_reader *bits, int max_sub_layers_minus1)
{
    bool nal = rbsp_flag(bits), vcl = rbsp_flag(bits), sub_pic = false;
    if (nal || vcl) {
        sub_pic = rbsp_flag(bits);
        hevc_skip(bits, sub_pic ? 8 + 5 + 1 + 5 : 0);
        hevc_skip(bits, 4 + 4);
        hevc_skip(bits, sub_pic ? 4 : 0);
        hevc_skip(bits, 5 + 5 + 5);
    }
    for (int i = 0; i <= max_sub_layers_minus1; i++) {
        bool fixed_general = rbsp_flag(bits), fixed_within_cvs = fixed_general || rbsp_flag(bits);
        bool low_delay = false;
        int num_schedules = 1;
        if (fixed_within_cvs)
            rbsp_ue(bits); /* elemental_duration_in_tc_minus1 */
        else
            low_delay = rbsp_flag(bits);
        if (!low_delay)
            num_schedules = hevc_read_ue(bits, 31) + 1;
        sub_layer_hrd(bits, (nal + vcl) * num_schedules, sub_pic);
    }
}

bool hevc_read_vui(rbsp_reader *bits, int max_sub_layers_minus1)
{
    if (rbsp_flag(bits) && rbsp_u(bits, 8) == 255) /* aspect_ratio_idc: EXTENDED_SAR */
        hevc_skip(bits, 16 + 16);
    if (rbsp_flag(bits)) /* overscan_info_present_flag */
        hevc_skip(bits, 1);
    if (rbsp_flag(bits)) { /* video_signal_type_present_flag */
        hevc_skip(bits, 3 + 1);
        hevc_skip(bits, rbsp_flag(bits) ? 24 : 0); /* colour_description_present_flag */
    }
    if (rbsp_flag(bits)) /* chroma_loc_info_present_flag */
        hevc_skip_ue(bits, 2);
    hevc_skip(bits, 1); /* neutral_chroma_indication_flag */
    bool field_seq = rbsp_flag(bits);
    hevc_skip(bits, 1);       /* frame_field_info_present_flag */
    if (rbsp_flag(bits)) /* default_display_window_flag */
        hevc_skip_ue(bits, 4);
    if (rbsp_flag(bits)) { /* vui_timing_info_present_flag */
        hevc_skip(bits, 32 + 32);
        if (rbsp_flag(bits)) /* vui_poc_proportional_to_timing_flag */
            rbsp_ue(bits);
        if (rbsp_flag(bits)) /* vui_hrd_parameters_present_flag */
            hrd_parameters(bits, max_sub_layers_minus1);
    }
    if (rbsp_flag(bits)) { /* bitstream_restriction_flag */
        hevc_skip(bits, 3);
        hevc_skip_ue(bits, 5);
    }
    return field_seq;
}
