/* Which pictures a packet of MPEG-4 part 2 holds: clauses 6.2.2 to 6.2.5 of ISO/IEC 14496-2.
 *
 * DivX packs a B-VOP behind the anchor that it precedes in display order, and puts a placeholder (a
 * VOP that is not coded) where it was.  FFmpeg decodes one VOP a packet: the second one waits for
 * the next packet, whose own VOP is lost if it is no placeholder.  What waits at the end of the file
 * is never shown.  Pictures are announced here when FFmpeg decodes them. */
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
    uint32_t ticks_per_second = bits_read(bits, 16); /* vop_time_increment_resolution */
    layer->time_bits = 1;
    while ((ticks_per_second - 1) >> layer->time_bits && layer->time_bits < 16)
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

/* ---------------------------------------------------------------- 6.2.5 video object plane */

static size_t find_vop(const uint8_t *data, size_t size, size_t from)
{
    size_t at = find_start_code(data, size, from);
    while (size - at >= 4 && data[at + 3] != VOP)
        at = find_start_code(data, size, at + 3);
    return size - at >= 4 ? at : size;
}

/* vop_coded, behind the type.  Where the markers say that the time is longer or shorter than the
 * layer says, FFmpeg finds a length that fits; then the VOP counts as coded. */
static bool vop_coded(const mpeg4_pictures *layer, bit_reader *bits)
{
    if (layer->time_bits == 0)
        return true;
    while (bits_read(bits, 1)) /* modulo_time_base; past the data there are zeros */
        ;
    bool has_markers = bits_read(bits, 1);
    bits_skip(bits, layer->time_bits); /* vop_time_increment */
    has_markers &= bits_read(bits, 1);
    return bits_read(bits, 1) || !has_markers;
}

/* The VOP whose start code is at `start`; its headers begin at `begin`. */
static headers_picture video_object_plane(const headers_parser *p, const uint8_t *data, size_t size,
                                          size_t begin, size_t start, bool *is_coded)
{
    const mpeg4_pictures *layer = &p->state.mpeg4;
    bit_reader bits = {data, size, 8 * ((uint64_t)start + 4)};
    headers_picture vop = {
        .kind = "IPBS"[bits_read(&bits, 2)], /* vop_coding_type */
        .shown_at_once = layer->low_delay,
        .flags = layer->interlaced ? RECORD_INTERLACED : 0,
        .packet = p->packet,
        .start = begin,
        .stop = size,
    };
    *is_coded = size - start > 4 && vop_coded(layer, &bits);
    return vop;
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
        at = next;
    }
    return size - at >= 4 ? at : size;
}

/* The VOP at `start` waits if it is an I- or B-VOP: FFmpeg takes no other for a packed one. */
static void let_wait(headers_parser *p, const uint8_t *data, size_t size, size_t begin, size_t start)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    if (size - start <= 4 || data[start + 4] & 0x40)
        return;
    state->is_waiting = true;
    state->waiting = video_object_plane(p, data, size, begin, start, &state->waiting_is_coded);
}

static void read_packet(headers_parser *p, const uint8_t *data, size_t size)
{
    mpeg4_pictures *state = &p->state.mpeg4;
    size_t first = find_start_code(data, size, 0);
    bool is_sequence = size - first >= 4 && data[first + 3] == VISUAL_OBJECT_SEQUENCE;
    size_t start = read_headers(state, data, size);
    bool was_waiting = state->is_waiting && !is_sequence;
    state->is_waiting = false;
    if (was_waiting) { /* takes the place of this packet's VOP */
        if (state->waiting_is_coded)
            headers_put(p, &state->waiting);
        let_wait(p, data, size, 0, start);
        return;
    }
    if (start == size)
        return;
    bool is_coded;
    headers_picture vop = video_object_plane(p, data, size, 0, start, &is_coded);
    size_t next = state->is_packed && is_coded ? find_vop(data, size, start + 4) : size;
    vop.stop = next;
    if (is_coded)
        headers_put(p, &vop);
    if (next < size)
        let_wait(p, data, size, next, next);
}

static void read_extradata(headers_parser *p, const uint8_t *data, size_t size)
{
    read_headers(&p->state.mpeg4, data, size);
}

static void reset(headers_parser *p)
{
    p->state.mpeg4.is_waiting = false;
}

const headers_codec mpeg4_codec = {read_packet, read_extradata, reset, .has_b = true};
