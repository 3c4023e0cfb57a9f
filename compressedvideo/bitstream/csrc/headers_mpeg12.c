/* Which pictures a packet of MPEG-1 or MPEG-2 video holds: ISO/IEC 11172-2 clause 2.4.2 and
 * ISO/IEC 13818-2 clause 6.2. */
#include "headers.h"
#include "mpeg4_bits.h"
#include "start_codes.h"

/* Start codes, Table 6-1 */
enum {
    PICTURE = 0x00,
    FIRST_SLICE = 0x01,
    LAST_SLICE = 0xaf,
    SEQUENCE_HEADER = 0xb3,
    EXTENSION = 0xb5,
    GROUP = 0xb8
};

enum { /* extension_start_code_identifier, Table 6-2 */
    SEQUENCE_EXTENSION = 1,
    QUANT_MATRIX_EXTENSION = 3,
    PICTURE_CODING_EXTENSION = 8
};
enum { TOP_FIELD = 1, BOTTOM_FIELD = 2, FRAME = 3 };           /* picture_structure */

/* A picture on its way: from its first header to the next one's. */
typedef struct {
    headers_picture picture;
    bool has_header, has_slices;
} candidate;

/* 6.2.2.3: only low_delay is of interest. */
static void sequence_extension(mpeg12_pictures *state, bit_reader *bits)
{
    bits_skip(bits, 8 + 1 + 2 + 2 + 2 + 12 + 1 + 8); /* profile to vbv_buffer_size_extension */
    state->low_delay = bits_read(bits, 1);
}

/* 6.2.2.6 */
static void group_of_pictures_header(mpeg12_pictures *state, bit_reader *bits)
{
    bits_skip(bits, 25); /* time_code */
    state->is_closed = bits_read(bits, 1); /* closed_gop */
}

/* 6.2.3: D-pictures, of type 4, are not decoded by FFmpeg either. */
static void picture_header(candidate *next, bit_reader *bits)
{
    bits_skip(bits, 10); /* temporal_reference: anchors give the order */
    next->picture.kind = "?IPB????"[bits_read(bits, 3)]; /* picture_coding_type */
    next->picture.field = RECORD_FRAME;
    next->has_header = true;
    if (next->picture.kind == '?')
        next->picture.flags = RECORD_DAMAGED;
}

/* 6.2.3.1 */
static void picture_coding_extension(candidate *next, bit_reader *bits)
{
    bits_skip(bits, 4 * 4 + 2); /* f_code, intra_dc_precision */
    uint32_t picture_structure = bits_read(bits, 2);
    bits_skip(bits, 1); /* top_field_first */
    bool frame_pred_frame_dct = bits_read(bits, 1);
    if (picture_structure == TOP_FIELD)
        next->picture.field = RECORD_TOP_FIELD;
    if (picture_structure == BOTTOM_FIELD)
        next->picture.field = RECORD_BOTTOM_FIELD;
    if (picture_structure != FRAME || !frame_pred_frame_dct)
        next->picture.flags |= RECORD_INTERLACED;
}

/* Two fields of opposite parity in a row are a frame. */
static bool is_second_field(mpeg12_pictures *state, uint8_t field)
{
    bool is_second = state->first_field && field && state->first_field != field;
    state->first_field = is_second ? RECORD_FRAME : field;
    return is_second;
}

/* The picture ends where the headers of the next begin. */
static void put(headers_parser *p, candidate *next, size_t stop)
{
    mpeg12_pictures *state = &p->state.mpeg12;
    headers_picture *picture = &next->picture;
    if (!next->has_header || !next->has_slices)
        return; /* without slices FFmpeg shows nothing */
    picture->stop = stop;
    picture->shown_at_once = state->low_delay;
    picture->is_second_field = is_second_field(state, picture->field);
    if (picture->kind == 'B') {
        picture->needs_no_past = state->from_closed;
    } else {
        picture->flags &= (uint16_t)~RECORD_NO_SKIP;
        if (!picture->is_second_field) {
            state->from_closed = state->is_closed;
            state->is_closed = false;
        }
    }
    headers_put(p, picture);
    *next = (candidate){.picture = {.packet = p->packet, .start = stop}};
}

static void read_packet(headers_parser *p, const uint8_t *data, size_t size)
{
    mpeg12_pictures *state = &p->state.mpeg12;
    candidate next = {.picture = {.packet = p->packet}};
    for (size_t at = find_start_code(data, size, 0); size - at >= 4;
         at = find_start_code(data, size, at + 3)) {
        uint8_t code = data[at + 3];
        bit_reader bits = {data, size, 8 * ((uint64_t)at + 4)};
        if (code >= FIRST_SLICE && code <= LAST_SLICE) {
            next.has_slices = true;
            continue;
        }
        if (code == PICTURE || code == SEQUENCE_HEADER || code == GROUP)
            put(p, &next, at);
        if (code == PICTURE) {
            picture_header(&next, &bits);
        } else if (code == SEQUENCE_HEADER) {
            state->low_delay = false; /* MPEG-2's extension may say otherwise */
        } else if (code == GROUP) {
            group_of_pictures_header(state, &bits);
        } else if (code == EXTENSION) {
            uint32_t identifier = bits_read(&bits, 4);
            if (identifier == SEQUENCE_EXTENSION)
                sequence_extension(state, &bits);
            else if (identifier == PICTURE_CODING_EXTENSION)
                picture_coding_extension(&next, &bits);
            else if (identifier == QUANT_MATRIX_EXTENSION)
                next.picture.flags |= RECORD_NO_SKIP; /* later pictures use it, too */
        }
    }
    put(p, &next, size);
}

/* Global headers hold no picture. */
static void read_extradata(headers_parser *p, const uint8_t *data, size_t size)
{
    read_packet(p, data, size);
    headers_reset(p);
}

static void reset(headers_parser *p)
{
    p->state.mpeg12.is_closed = p->state.mpeg12.from_closed = false;
    p->state.mpeg12.first_field = RECORD_FRAME;
}

const headers_codec mpeg12_codec = {read_packet, read_extradata, reset, .has_b = true};
