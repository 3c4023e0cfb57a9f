/* The parser from outside: memory, NAL units (clause 7.4.1) and messages. */
#include "h264.h"

#include <stdlib.h>
#include <string.h>

#include "h264_parser.h"
#include "nal.h"

enum { /* nal_unit_type, Table 7-1 */
    NAL_SLICE = 1,
    NAL_PARTITION_A = 2,
    NAL_IDR_SLICE = 5,
    NAL_SEI = 6,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_DELIMITER = 9,
    NAL_PREFIX = 14,
    NAL_LAST_RESERVED = 18
};

enum { LONGEST_HEADER = 1024 }; /* bytes of a slice header that are read */

/* ---------------------------------------------------------------- NAL units */

/* The payload as bits; empty without memory. */
static rbsp_reader open_unit(h264_parser *p, const nal_unit *unit, size_t limit)
{
    static const uint8_t nothing[RBSP_PADDING];
    size_t size = unit->size - 1 < limit ? unit->size - 1 : limit;
    if (p->payload_size < size + RBSP_PADDING) {
        free(p->payload);
        p->payload_size = 2 * size + LONGEST_HEADER + RBSP_PADDING;
        p->payload = malloc(p->payload_size);
        if (!p->payload)
            p->payload_size = 0;
    }
    if (!p->payload)
        return rbsp_open(nothing, 0);
    return rbsp_open(p->payload, nal_unescape(unit->data + 1, unit->size - 1, p->payload, size));
}

/* A parameter set that comes again the same changes nothing. */
static void read_sps(h264_parser *p, const nal_unit *unit)
{
    rbsp_reader bits = open_unit(p, unit, SIZE_MAX);
    h264_sps sps;
    uint32_t id;
    if (!h264_read_sps(&bits, &sps, &id) || memcmp(&sps, &p->sets.sps[id], sizeof sps) == 0)
        return;
    h264_finish_picture(p, unit->start);
    p->sets.sps[id] = sps;
}

static void read_pps(h264_parser *p, const nal_unit *unit)
{
    rbsp_reader bits = open_unit(p, unit, SIZE_MAX);
    h264_pps pps;
    uint32_t id;
    if (!h264_read_pps(&bits, &pps, &id) || memcmp(&pps, &p->sets.pps[id], sizeof pps) == 0)
        return;
    h264_finish_picture(p, unit->start);
    p->sets.pps[id] = pps;
}

static void read_sei(h264_parser *p, const nal_unit *unit)
{
    enum { LONGEST = 4096 }; /* bytes that are looked through */
    rbsp_reader bits = open_unit(p, unit, LONGEST);
    h264_read_sei(bits.data, (size_t)bits.size, &p->messages);
}

static void read_slice(h264_parser *p, const nal_unit *unit, int type)
{
    rbsp_reader bits = open_unit(p, unit, p->depth == H264_HEADERS ? LONGEST_HEADER : SIZE_MAX);
    h264_slice_status status =
        h264_read_slice(&bits, &p->sets, type, unit->data[0] >> 5 & 3, &p->slice);
    if (status == SLICE_READ && p->slice.redundant_pic_cnt > 0)
        return;
    if (status != SLICE_READ || !h264_begin_slice(p)) {
        p->slice_lost = true;
        if (p->is_open)
            h264_damage(p,
                        status == SLICE_WITHOUT_PARAMETERS ? H264_NO_PARAMETERS : H264_BAD_HEADER,
                        bits.position);
        return;
    }
    p->has_boundary = false;
    if (p->depth != H264_HEADERS)
        h264_read_macroblocks(p, &bits);
}

/* Whether a unit comes before the first slice of the next picture: 7.4.1.2.3. */
static bool begins_picture(int type)
{
    return (type >= NAL_SEI && type <= NAL_DELIMITER) ||
           (type >= NAL_PREFIX && type <= NAL_LAST_RESERVED);
}

/* Types that are not named are skipped: partitions B and C, and the layers of SVC and MVC, whose
 * base layer is in units of the types that are. */
static void read_unit(h264_parser *p, const nal_unit *unit)
{
    int type = unit->data[0] & 31;
    bool is_slice = type == NAL_SLICE || type == NAL_PARTITION_A || type == NAL_IDR_SLICE;
    if (!p->has_boundary && (is_slice || begins_picture(type))) {
        p->has_boundary = true;
        p->boundary = unit->start;
    }
    p->unit = unit->data;
    p->unit_size = unit->size;
    p->unit_at = unit->at;
    if (unit->data[0] & 0x80) /* forbidden_zero_bit */
        p->slice_lost |= is_slice;
    else if (is_slice)
        read_slice(p, unit, type);
    else if (type == NAL_SEI)
        read_sei(p, unit);
    else if (type == NAL_SPS)
        read_sps(p, unit);
    else if (type == NAL_PPS)
        read_pps(p, unit);
}

static void read_units(h264_parser *p, const uint8_t *data, size_t size)
{
    nal_reader reader = {.data = data, .size = size, .length_size = p->length_size};
    nal_unit unit;
    while (nal_next(&reader, &unit))
        read_unit(p, &unit);
}

void h264_packet(h264_parser *p, const uint8_t *data, size_t size, h264_depth depth,
                 h264_sink *sink, void *context)
{
    p->packet = p->next_packet++;
    p->depth = depth;
    p->num_parsed = 0;
    p->sink = sink;
    p->context = context;
    p->end_of_picture = 0;
    p->has_boundary = p->slice_lost = p->has_picture = false;
    read_units(p, data, size);
    if (p->is_open)
        h264_finish_picture(p, size);
    else if (p->slice_lost && !p->has_picture)
        h264_lose_picture(p, size);
}

/* ---------------------------------------------------------------- memory */

/* ISO/IEC 14496-15 clause 5.2.4.1: parameter sets, each behind its length of two bytes. */
static void read_avcc(h264_parser *p, const uint8_t *data, size_t size)
{
    size_t at = 5;
    p->length_size = (data[4] & 3) + 1;
    for (int kind = 0; kind < 2 && at < size; kind++) {
        int count = kind == 0 ? data[at] & 31 : data[at];
        for (at++; count > 0 && size - at >= 2; count--) {
            size_t length = (size_t)data[at] << 8 | data[at + 1];
            at += 2;
            if (length > size - at)
                return;
            nal_unit unit = {data + at, length, at, at, false};
            if (length > 0)
                read_unit(p, &unit);
            at += length;
        }
    }
}

static void ignore(void *context, const h264_coded *coded)
{
    (void)context;
    (void)coded;
}

h264_parser *h264_new(const h264_tables *tables, const uint8_t *extradata, size_t size)
{
    h264_parser *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->reader.tables = tables;
    p->sink = ignore;
    h264_reset(p);
    if (size >= 7 && extradata[0] == 1)
        read_avcc(p, extradata, size);
    else
        h264_packet(p, extradata, size, H264_HEADERS, ignore, NULL);
    h264_reset(p);
    return p;
}

void h264_free(h264_parser *p)
{
    if (p) {
        for (size_t i = 0; i < sizeof p->buffer.pool / sizeof *p->buffer.pool; i++)
            h264_free_motion(&p->buffer.pool[i].motion);
        free(p->neighbours);
        free(p->payload);
        free(p);
    }
}

void h264_reset(h264_parser *p)
{
    h264_unmark_all(&p->buffer);
    p->buffer.current = NULL;
    p->buffer.last_reference_frame_num = 0;
    p->buffer.poc = (h264_poc_state){0};
    p->messages.recovery_frame_cnt = -1;
    p->next_number = p->next_packet = p->epoch = p->last_order = 0;
    p->key_number = -1;
    p->expects_second_field = p->is_open = false;
}

const char *h264_message(h264_status status)
{
    static const char *const messages[H264_STATUS_COUNT] = {
        [H264_OK] = "parsed",
        [H264_NO_COLOCATED] = "direct prediction from a picture whose motion is not known",
        [H264_BAD_HEADER] = "a slice header makes no sense",
        [H264_NO_PARAMETERS] = "a slice refers to parameter sets that are not there",
        [H264_OVERLAPPING_SLICES] = "a slice begins before the end of the one before",
        [H264_MISSING_MACROBLOCKS] = "some macroblocks are in no slice",
        [H264_TOO_MANY_MACROBLOCKS] = "a slice goes on beyond the picture",
        [H264_TOO_MANY_PICTURES] = "more than four pictures in a packet",
        [H264_TRUNCATED] = "the data ends too early",
        [H264_INEXACT_END] = "the macroblocks do not end where their slice does",
        [H264_BAD_CABAC_START] = "arithmetic decoding cannot start with this value",
        [H264_BAD_MB_TYPE] = "no such mb_type",
        [H264_BAD_SUB_MB_TYPE] = "no such sub_mb_type",
        [H264_BAD_CHROMA_MODE] = "no such intra_chroma_pred_mode",
        [H264_BAD_REFERENCE] = "a reference index beyond the list",
        [H264_BAD_VECTOR] = "no such motion vector code",
        [H264_BAD_PATTERN] = "no such coded_block_pattern",
        [H264_BAD_QP] = "mb_qp_delta is too large",
        [H264_BAD_COEFFICIENT] = "no such coefficient code",
        [H264_NO_MEMORY] = "out of memory",
        [H264_FIELD_PICTURE] = "field pictures (PAFF) are not supported",
        [H264_MBAFF] = "macroblock-adaptive field coding (MBAFF) is not supported",
        [H264_FIELD_COLOCATED] = "direct prediction from field pictures is not supported",
        [H264_SLICE_GROUPS] = "flexible macroblock ordering (FMO) is not supported",
        [H264_SLICE_ORDER] = "arbitrary slice order (ASO) is not supported",
        [H264_DATA_PARTITIONING] = "data partitioning is not supported",
        [H264_SWITCHING_SLICE] = "SP and SI slices are not supported",
        [H264_SEPARATE_PLANES] = "separate colour planes are not supported",
        [H264_CROPPING] = "frames cropped between blocks at the left or top are not supported",
    };
    return status >= 0 && status < H264_STATUS_COUNT ? messages[status] : "unknown status";
}
