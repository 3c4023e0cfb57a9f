/* Which pictures a packet of MPEG-4 part 2 holds: clauses 6.2.2 to 6.2.5 of ISO/IEC 14496-2.
 *
 * DivX packs a B-VOP behind the anchor that it precedes in display order, and puts a placeholder (a
 * VOP that is not coded) where it was.  FFmpeg decodes one VOP a packet: the second one waits for
 * the next packet, whose own VOP is lost if it is no placeholder.  What waits when the file ends is
 * never shown.  Pictures are announced here when FFmpeg decodes them. */
#include <stdio.h>
#include <string.h>

#include "headers.h"
#include "mpeg4_bits.h"
#include "start_codes.h"

/* Start codes, Table 6-3 */
enum {
    FIRST_LAYER = 0x20,
    LAST_LAYER = 0x2f,
    VISUAL_OBJECT_SEQUENCE = 0xb0,
    USER_DATA = 0xb2,
    GROUP_OF_VOP = 0xb3,
    VOP = 0xb6
};

/* ---------------------------------------------------------------- 6.2.3 video object layer */

static bool vol_control_parameters(bit_reader *bits)
{
    bits_skip(bits, 2); /* chroma_format */
    bool low_delay = bits_read(bits, 1);
    if (bits_read(bits, 1)) /* vbv_parameters */
        bits_skip(bits, 79);
    return low_delay;
}

static void video_object_layer(mpeg4_pictures *layer, bit_reader *bits)
{
    layer->frame_ticks = 0; /* FFmpeg's way */
    enum { BINARY_ONLY = 2, GRAYSCALE = 3 }; /* video_object_layer_shape */
    int verid = 1;
    bits_skip(bits, 1 + 8); /* random_accessible_vol, video_object_type_indication */
    if (bits_read(bits, 1)) { /* is_object_layer_identifier */
        verid = (int)bits_read(bits, 4);
        bits_skip(bits, 3); /* video_object_layer_priority */
    }
    if (bits_read(bits, 4) == 15) /* aspect_ratio_info: extended_PAR */
        bits_skip(bits, 8 + 8);
    layer->low_delay = bits_read(bits, 1) && vol_control_parameters(bits);
    uint32_t shape = bits_read(bits, 2);
    if (shape == GRAYSCALE && verid != 1)
        bits_skip(bits, 4); /* video_object_layer_shape_extension */
    bits_skip(bits, 1); /* marker */
    layer->ticks_per_second = bits_read(bits, 16); /* vop_time_increment_resolution */
    layer->time_bits = 1;
    while (layer->time_bits < 16 && (layer->ticks_per_second - 1) >> layer->time_bits > 0)
        layer->time_bits++;
    bits_skip(bits, 1); /* marker */
    if (bits_read(bits, 1)) /* fixed_vop_rate */
        bits_skip(bits, layer->time_bits);
    if (shape == 0) /* rectangular */
        bits_skip(bits, 1 + 13 + 1 + 13 + 1); /* width and height, between markers */
    layer->interlaced = shape != BINARY_ONLY && bits_read(bits, 1);
}

/* ---------------------------------------------------------------- 6.2.2.1 user data */

/* "DivX503b1393p" and "DivX503Build1393p" end in a p if B-VOPs are packed. */
static void user_data(mpeg4_pictures *layer, const uint8_t *data, size_t size)
{
    char text[64];
    int version, build;
    char last = 0;
    size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, length);
    text[length] = 0;
    int found = sscanf(text, "DivX%9dBuild%9d%c", &version, &build, &last);
    if (found < 2)
        found = sscanf(text, "DivX%9db%9d%c", &version, &build, &last);
    if (found >= 2)
        layer->is_packed = found == 3 && last == 'p';
}

/* ---------------------------------------------------------------- 6.2.4 group of VOPs */

static void group_of_vop(mpeg4_pictures *state, bit_reader *bits)
{
    int64_t hours = bits_read(bits, 5), minutes = bits_read(bits, 6);
    bits_skip(bits, 1); /* marker */
    state->time_base = 3600 * hours + 60 * minutes + bits_read(bits, 6);
}

/* ---------------------------------------------------------------- 6.2.5 video object plane */

static size_t find_vop(const uint8_t *data, size_t size, size_t from)
{
    size_t at = find_start_code(data, size, from);
    while (size - at >= 4 && data[at + 3] != VOP)
        at = find_start_code(data, size, at + 3);
    return size - at >= 4 ? at : size;
}

/* The VOP whose start code is at `start` and whose headers begin at `begin`.  Where its markers say
 * that the layer is wrong about the time's length, it has no time and counts as coded. */
static mpeg4_plane video_object_plane(const headers_parser *p, const uint8_t *data, size_t size,
                                      size_t begin, size_t start)
{
    const mpeg4_pictures *state = &p->state.mpeg4;
    bit_reader bits = {data, size, 8 * ((uint64_t)start + 4)};
    mpeg4_plane vop = {
        .picture = {
            .kind = "IPBS"[bits_read(&bits, 2)], /* vop_coding_type */
            .shown_at_once = state->low_delay,
            .flags = state->interlaced ? RECORD_INTERLACED : 0,
            .packet = p->packet,
            .start = begin,
            .stop = size,
        },
        .is_coded = size - start > 4,
    };
    if (!vop.is_coded || state->time_bits == 0)
        return vop;
    while (bits_read(&bits, 1)) /* past the data there are zeros */
        vop.modulo_time_base++;
    vop.has_time = bits_read(&bits, 1); /* marker */
    vop.time_increment = bits_read(&bits, state->time_bits);
    vop.has_time &= bits_read(&bits, 1); /* marker */
    vop.is_coded = bits_read(&bits, 1) || (!vop.has_time && !bits_overrun(&bits));
    return vop;
}

/* ---------------------------------------------------------------- 6.3.5 time */

static void anchor_time(mpeg4_pictures *state, const mpeg4_plane *vop)
{
    state->last_time_base = state->time_base;
    state->time_base += vop->modulo_time_base;
    int64_t ticks = state->time_base * state->ticks_per_second + vop->time_increment;
    state->anchor_distance = (uint16_t)(ticks - state->anchor_ticks);
    state->anchor_ticks = ticks;
}

static int64_t rounded_quotient(int64_t a, int64_t b)
{
    return (a >= 0 ? a + (b >> 1) : a - (b >> 1)) / b;
}

/* False if FFmpeg skips a B-VOP for its time, which must lie between its anchors', in fields too.
 * FFmpeg keeps distances in 16 bits, and takes the first B-VOP's for the duration of a frame. */
static bool b_time(mpeg4_pictures *state, const mpeg4_plane *vop)
{
    int64_t ticks = (state->last_time_base + vop->modulo_time_base) * state->ticks_per_second +
                    vop->time_increment;
    int64_t past_ticks = state->anchor_ticks - state->anchor_distance;
    uint16_t distance = (uint16_t)(ticks - past_ticks); /* TRB */
    if (distance == 0 || distance >= state->anchor_distance)
        return false;
    if (!state->interlaced)
        return true;
    if (state->frame_ticks == 0)
        state->frame_ticks = distance;
    int64_t past = rounded_quotient(past_ticks, state->frame_ticks);
    int64_t frames = rounded_quotient(ticks, state->frame_ticks) - past;
    int64_t anchor_frames = rounded_quotient(state->anchor_ticks, state->frame_ticks) - past;
    uint16_t fields = (uint16_t)(2 * frames), anchor_fields = (uint16_t)(2 * anchor_frames);
    return fields > 0 && fields < anchor_fields;
}

/* ---------------------------------------------------------------- packets */

/* Headers in front of the packet's first VOP, whose place is returned; `size` if there is none. */
static size_t read_headers(mpeg4_pictures *layer, const uint8_t *data, size_t size)
{
    size_t at = find_start_code(data, size, 0);
    while (size - at >= 4 && data[at + 3] != VOP) {
        size_t next = find_start_code(data, size, at + 3);
        bit_reader bits = {data, next, 8 * ((uint64_t)at + 4)};
        if (data[at + 3] >= FIRST_LAYER && data[at + 3] <= LAST_LAYER)
            video_object_layer(layer, &bits);
        else if (data[at + 3] == USER_DATA)
            user_data(layer, data + at + 4, next - at - 4);
        else if (data[at + 3] == GROUP_OF_VOP)
            group_of_vop(layer, &bits);
        at = next;
    }
    return size - at >= 4 ? at : size;
}

/* FFmpeg takes the duration of a frame, which interlaced B-VOPs need, from the first B-VOP behind a
 * layer or, after a seek, behind the KEY picture: these must not be left out. */
static bool sets_duration(headers_parser *p, bool is_first)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    bool is_first_of_key = p->num_anchors_of_key > 1 && !state->has_set_duration;
    state->has_set_duration |= is_first_of_key;
    return state->interlaced && (is_first || is_first_of_key);
}

/* What FFmpeg makes of a VOP when its turn comes: a picture, or nothing.  Says whether it looks at
 * what follows in the packet. */
static bool decode(headers_parser *p, mpeg4_plane *vop)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    bool is_b = vop->picture.kind == 'B', is_first = state->frame_ticks == 0;
    if (!is_b)
        anchor_time(state, vop);
    else if (vop->has_time && !b_time(state, vop) && p->num_anchors > 1)
        return false;
    if (!vop->is_coded)
        return false;
    if (vop->picture.kind == 'I')
        state->has_set_duration = false;
    if (is_b && sets_duration(p, is_first))
        vop->picture.flags |= RECORD_NO_SKIP;
    headers_put(p, &vop->picture);
    return !is_b || p->num_anchors > 1;
}

/* The VOP at `start` waits if it is an I- or B-VOP: FFmpeg takes no other for a packed one. */
static void let_wait(headers_parser *p, const uint8_t *data, size_t size, size_t begin,
                     size_t start)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    state->is_waiting = size - start > 4 && !(data[start + 4] & 0x40);
    if (state->is_waiting)
        state->waiting = video_object_plane(p, data, size, begin, start);
}

static void read_packet(headers_parser *p, const uint8_t *data, size_t size)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    size_t first = find_start_code(data, size, 0);
    if (size - first >= 4 && data[first + 3] == VISUAL_OBJECT_SEQUENCE)
        state->is_waiting = false;
    if (state->is_waiting) { /* takes the place of this packet's first VOP */
        state->is_waiting = false;
        if (decode(p, &state->waiting))
            let_wait(p, data, size, 0, find_vop(data, size, 0));
        return;
    }
    size_t start = read_headers(state, data, size);
    if (start == size)
        return;
    mpeg4_plane vop = video_object_plane(p, data, size, 0, start);
    size_t next = state->is_packed ? find_vop(data, size, start + 4) : size;
    vop.picture.stop = next;
    if (decode(p, &vop))
        let_wait(p, data, size, next, next);
}

static void read_extradata(headers_parser *p, const uint8_t *data, size_t size)
{
    read_headers(&p->state.mpeg4, data, size);
}

static void reset(headers_parser *p)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    state->is_waiting = state->has_set_duration = false;
    state->time_base = state->last_time_base = 0;
    state->anchor_ticks = state->anchor_distance = state->frame_ticks = 0;
}

const headers_codec mpeg4_codec = {read_packet, read_extradata, reset, .has_b = true};
