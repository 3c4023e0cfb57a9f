/* The headers: clauses 6.2.2 to 6.2.5 of ISO/IEC 14496-2. */
#include <string.h>

#include "mpeg4_parser.h"

enum { FINE_GRANULARITY_SCALABLE = 18 };    /* video_object_type_indication */
enum { RECTANGULAR = 0 };                   /* video_object_layer_shape */
enum { STATIC_SPRITE = 1, GMC_SPRITE = 2 }; /* sprite_enable */

/* ---------------------------------------------------------------- 6.2.2 visual object */

void visual_object(mpeg4_parser *p)
{
    p->visual_object_verid = 1;
    if (bits_read(&p->bits, 1)) { /* is_visual_object_identifier */
        p->visual_object_verid = (int)bits_read(&p->bits, 4);
        bits_skip(&p->bits, 3); /* visual_object_priority */
    }
}

/* ---------------------------------------------------------------- 6.2.3 video object layer */

static bool vol_control_parameters(mpeg4_parser *p)
{
    if (bits_read(&p->bits, 2) != 1) /* chroma_format */
        return fail(p, MPEG4_CHROMA_FORMAT);
    bits_skip(&p->bits, 1); /* low_delay */
    if (!bits_read(&p->bits, 1)) /* vbv_parameters */
        return true;
    static const int widths[] = {15, 15, 15, 3 + 11, 15}; /* each followed by a marker */
    for (int i = 0; i < 5; i++) {
        bits_skip(&p->bits, widths[i]);
        if (!marker_bit(p))
            return false;
    }
    return true;
}

/* A matrix of up to 64 bytes, ended early by a byte 0. */
static void quant_mat(mpeg4_parser *p)
{
    for (int i = 0; i < 64; i++)
        if (bits_read(&p->bits, 8) == 0)
            return;
}

static bool read_layer(mpeg4_parser *p, mpeg4_layer *layer)
{
    bit_reader *bits = &p->bits;
    int verid = p->visual_object_verid;
    bits_skip(bits, 1); /* random_accessible_vol */
    if (bits_read(bits, 8) == FINE_GRANULARITY_SCALABLE) /* video_object_type_indication */
        return fail(p, MPEG4_SCALABILITY);
    if (bits_read(bits, 1)) { /* is_object_layer_identifier */
        verid = (int)bits_read(bits, 4);
        bits_skip(bits, 3); /* video_object_layer_priority */
    }
    if (bits_read(bits, 4) == 15) /* aspect_ratio_info: extended_PAR */
        bits_skip(bits, 8 + 8);
    if (bits_read(bits, 1) && !vol_control_parameters(p))
        return false;
    if (bits_read(bits, 2) != RECTANGULAR)
        return fail(p, MPEG4_SHAPE);
    if (!marker_bit(p))
        return false;
    layer->ticks_per_second = (int)bits_read(bits, 16); /* vop_time_increment_resolution */
    if (layer->ticks_per_second == 0)
        return fail(p, MPEG4_BAD_RESOLUTION);
    layer->time_bits = bits_for(layer->ticks_per_second);
    if (!marker_bit(p))
        return false;
    if (bits_read(bits, 1)) /* fixed_vop_rate */
        bits_skip(bits, layer->time_bits);
    if (!marker_bit(p))
        return false;
    layer->width = (int)bits_read(bits, 13);
    if (!marker_bit(p))
        return false;
    layer->height = (int)bits_read(bits, 13);
    if (!marker_bit(p))
        return false;
    if (layer->width == 0 || layer->height == 0)
        return fail(p, MPEG4_BAD_SIZE);
    layer->mb_width = (layer->width + 15) / 16;
    layer->mb_height = (layer->height + 15) / 16;
    if (bits_read(bits, 1))
        return fail(p, MPEG4_INTERLACED);
    bits_skip(bits, 1); /* obmc_disable: smooths the prediction, the vectors stay the same */
    uint32_t sprite_enable = bits_read(bits, verid == 1 ? 1 : 2);
    if (sprite_enable == STATIC_SPRITE)
        return fail(p, MPEG4_STATIC_SPRITE);
    if (sprite_enable == GMC_SPRITE) /* no_of_sprite_warping_points, _accuracy, brightness_change */
        bits_skip(bits, 6 + 2 + 1);
    if (bits_read(bits, 1))
        return fail(p, MPEG4_NOT_8_BIT);
    if (bits_read(bits, 1)) { /* quant_type */
        if (bits_read(bits, 1)) /* load_intra_quant_mat */
            quant_mat(p);
        if (bits_read(bits, 1)) /* load_nonintra_quant_mat */
            quant_mat(p);
    }
    layer->quarter_sample = verid != 1 && bits_read(bits, 1);
    if (!bits_read(bits, 1)) /* complexity_estimation_disable */
        return fail(p, MPEG4_COMPLEXITY_ESTIMATION);
    layer->resync_markers = !bits_read(bits, 1); /* resync_marker_disable */
    if (bits_read(bits, 1))
        return fail(p, MPEG4_DATA_PARTITIONING);
    if (verid != 1) {
        if (bits_read(bits, 1))
            return fail(p, MPEG4_NEWPRED);
        if (bits_read(bits, 1))
            return fail(p, MPEG4_REDUCED_RESOLUTION);
    }
    if (bits_read(bits, 1))
        return fail(p, MPEG4_SCALABILITY);
    return !bits_overrun(bits) || fail(p, MPEG4_TRUNCATED);
}

/* The layer may come again, in-band, and change. */
void video_object_layer(mpeg4_parser *p)
{
    mpeg4_layer layer = {0};
    bool parsed = read_layer(p, &layer);
    bool same_size = layer.mb_width == p->layer.mb_width && layer.mb_height == p->layer.mb_height;
    if (!parsed || !same_size)
        p->num_anchors = 0;
    if (parsed && !same_size)
        parsed = allocate_pictures(p, &layer);
    if (!parsed)
        memset(&layer, 0, sizeof layer); /* so that the next good one allocates again */
    layer.status = p->status;
    p->layer = layer;
}

/* ---------------------------------------------------------------- 6.2.4 group of VOPs */

void group_of_vop(mpeg4_parser *p)
{
    int64_t hours = bits_read(&p->bits, 5), minutes = bits_read(&p->bits, 6);
    bits_skip(&p->bits, 1); /* marker */
    p->time_base = 3600 * hours + 60 * minutes + bits_read(&p->bits, 6);
}

/* ---------------------------------------------------------------- 6.2.5 video object plane */

/* modulo_time_base and vop_time_increment; 6.3.5 says to which second they count. */
static bool vop_time(mpeg4_parser *p)
{
    int64_t modulo_time_base = 0;
    while (bits_read(&p->bits, 1)) /* ends: past the data there are zeros */
        modulo_time_base++;
    if (!marker_bit(p))
        return false;
    int64_t increment = bits_read(&p->bits, p->layer.time_bits);
    if (!marker_bit(p))
        return false;
    int64_t ticks_per_second = p->layer.ticks_per_second;
    if (p->coding_type == B_VOP) {
        p->ticks = (p->last_time_base + modulo_time_base) * ticks_per_second + increment;
        p->past_distance = p->ticks - (p->anchor_ticks - p->anchor_distance);
    } else {
        p->last_time_base = p->time_base;
        p->time_base += modulo_time_base;
        p->ticks = p->time_base * ticks_per_second + increment;
        p->anchor_distance = p->ticks - p->anchor_ticks;
        p->anchor_ticks = p->ticks;
    }
    return true;
}

bool vop_quant(mpeg4_parser *p)
{
    p->quantiser = (int)bits_read(&p->bits, QUANTISER_BITS);
    return p->quantiser != 0 || fail(p, MPEG4_BAD_QUANTISER);
}

static bool vop_fcode(mpeg4_parser *p, int direction)
{
    p->fcode[direction] = (int)bits_read(&p->bits, 3);
    return p->fcode[direction] != 0 || fail(p, MPEG4_BAD_FCODE);
}

static bool next_start_code(mpeg4_parser *p);

bool video_object_plane(mpeg4_parser *p, bool *coded)
{
    *coded = true;
    p->coding_type = (int)bits_read(&p->bits, 2);
    if (p->layer.status != MPEG4_OK)
        return fail(p, p->layer.status);
    if (!vop_time(p))
        return false;
    *coded = bits_read(&p->bits, 1); /* vop_coded */
    if (!*coded)
        return true;
    if (p->coding_type == S_VOP)
        return fail(p, MPEG4_GMC);
    if (p->coding_type == B_VOP) {
        if (p->num_anchors < 2)
            return fail(p, MPEG4_NO_ANCHORS);
        if (p->past_distance <= 0 || p->past_distance >= p->anchor_distance)
            return fail(p, MPEG4_BAD_TIME);
    }
    if (p->coding_type == P_VOP)
        bits_skip(&p->bits, 1); /* vop_rounding_type */
    p->intra_dc_limit = INTRA_DC_LIMIT[bits_read(&p->bits, 3)]; /* intra_dc_vlc_thr */
    if (!vop_quant(p))
        return false;
    if (p->coding_type != I_VOP && !vop_fcode(p, FORWARD))
        return false;
    if (p->coding_type == B_VOP && !vop_fcode(p, BACKWARD))
        return false;
    if (p->coding_type == I_VOP && p->skip_i_vops) {
        memset(p->current.memory, 0, p->current.size);
        memset(p->current.mode, MPEG4_INTRA, (size_t)(p->layer.mb_width * p->layer.mb_height));
        return true;
    }
    return motion_shape_texture(p) && next_start_code(p);
}

/* 5.2.4 next_start_code(): a 0 and then ones up to the next byte, which is the VOP's last. */
static bool next_start_code(mpeg4_parser *p)
{
    if (bits_overrun(&p->bits))
        return fail(p, MPEG4_TRUNCATED);
    int stuffing = bits_to_next_byte(&p->bits);
    if (bits_peek(&p->bits, stuffing) != (1u << (stuffing - 1)) - 1)
        return fail(p, MPEG4_INEXACT_END);
    bits_skip(&p->bits, stuffing);
    return p->bits.position == 8 * (uint64_t)p->bits.size || fail(p, MPEG4_INEXACT_END);
}
