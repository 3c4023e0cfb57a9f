/* NAL units, and the pictures that they make up: clauses 7.4.2.4.4, 7.3.5 and 8.1.3. */
#include <stdlib.h>
#include <string.h>

#include "hevc_parser.h"
#include "nal.h"

enum { NAL_HEADER = 2 };        /* bytes */
enum { LONGEST_HEADER = 1024 }; /* bytes that hold all of a slice header up to its references */
enum { RECOVERY_POINT = 6 };    /* payloadType of SEI */

static bool ensure_payload(hevc_parser *p, size_t size)
{
    if (size + RBSP_PADDING <= p->payload_capacity)
        return true;
    size_t capacity = 2 * size + RBSP_PADDING;
    uint8_t *payload = realloc(p->payload, capacity);
    if (!payload)
        return false;
    p->payload = payload;
    p->payload_capacity = capacity;
    return true;
}

/* At most `limit` bytes of the unit's payload, ready to be read; nothing without memory. */
static rbsp_reader open_payload(hevc_parser *p, const nal_unit *unit, size_t limit)
{
    size_t size = unit->size - NAL_HEADER;
    limit = size < limit ? size : limit;
    if (!ensure_payload(p, limit))
        return (rbsp_reader){.data = NULL};
    size = nal_unescape(unit->data + NAL_HEADER, size, p->payload, limit);
    return rbsp_open(p->payload, size);
}

/* ---------------------------------------------------------------- NAL units without slices */

static void parameter_set(hevc_parser *p, const nal_unit *unit, int type)
{
    rbsp_reader bits = open_payload(p, unit, SIZE_MAX);
    int id;
    if (!bits.data)
        return;
    if (type == HEVC_SPS) {
        hevc_sps sps;
        hevc_read_sps(&bits, &sps, &id);
        if (id >= 0)
            p->sps_list[id] = sps;
    } else {
        hevc_pps pps;
        hevc_read_pps(&bits, &pps, &id);
        if (id >= 0)
            p->pps_list[id] = pps;
    }
}

/* 7.3.5: looks for a recovery point. */
static void supplemental_information(hevc_parser *p, const nal_unit *unit)
{
    rbsp_reader bits = open_payload(p, unit, LONGEST_HEADER);
    while (bits.data && bits.position + 8 < bits.end) {
        uint32_t value[2] = {0, 0}; /* payloadType, payloadSize */
        for (int i = 0; i < 2; i++) {
            uint32_t byte;
            do {
                byte = rbsp_u(&bits, 8);
                value[i] += byte;
            } while (byte == 255 && !rbsp_overrun(&bits));
        }
        uint64_t end = bits.position + 8 * (uint64_t)value[1];
        if (value[0] == RECOVERY_POINT) {
            int32_t recovery_poc_cnt = rbsp_se(&bits);
            if (!rbsp_overrun(&bits) && recovery_poc_cnt >= 0 && recovery_poc_cnt <= INT16_MAX)
                p->recovery = recovery_poc_cnt;
        }
        bits.position = end;
    }
}

/* Whether a unit of this type begins the next access unit, once a slice has come: 7.4.2.4.4. */
static bool begins_access_unit(int type)
{
    return (type >= HEVC_VPS && type <= HEVC_AUD) || type == HEVC_PREFIX_SEI ||
           (type >= 41 && type <= 44) || (type >= 48 && type <= 55);
}

static void other_unit(hevc_parser *p, const nal_unit *unit, int type)
{
    if (type == HEVC_SPS || type == HEVC_PPS)
        parameter_set(p, unit, type);
    else if (type == HEVC_PREFIX_SEI)
        supplemental_information(p, unit);
    else if (type == HEVC_END_OF_SEQUENCE || type == HEVC_END_OF_BITSTREAM)
        p->buffer.at_start = true;
}

/* ---------------------------------------------------------------- pictures */

static void fail(hevc_picture_info *info, hevc_status status, uint64_t bit)
{
    if (info->status <= HEVC_INEXACT_END) {
        info->status = status;
        info->error_bit = bit;
    }
}

/* What the type of the NAL unit says of the picture. */
static uint16_t flags_of(int type, int temporal_id, const hevc_sps *sps)
{
    bool referenced = !hevc_is_sub_layer_non_reference(type) ||
                      temporal_id + 1 < (sps ? sps->max_sub_layers : 1);
    return (uint16_t)((referenced ? RECORD_REFERENCED : 0) |
                      (hevc_is_irap(type) ? RECORD_KEY : 0) |
                      (type == HEVC_IDR_N_LP || type == HEVC_BLA_N_LP ? RECORD_CLOSED : 0) |
                      (hevc_is_rasl(type) ? RECORD_LEADING : 0) |
                      (sps && sps->field_seq ? RECORD_INTERLACED : 0));
}

/* Each picture of the slice's lists once; the one that the motion is derived from. */
static void note_references(hevc_parser *p, const hevc_lists *lists, hevc_picture_info *info)
{
    picture_record *record = &info->record;
    for (int list = 0; list < 2; list++) {
        for (int i = 0; i < p->slice.num_ref_idx[list]; i++) {
            int32_t number = lists->picture[list][i]->number;
            int at = 0;
            while (at < record->num_references && info->references[at] != number)
                at++;
            if (at == record->num_references && at < HEVC_MAX_REFERENCES)
                info->references[record->num_references++] = number;
        }
    }
    if (p->slice.temporal_mvp) {
        int list = p->slice.collocated_from_l0 ? 0 : 1;
        record->colocated = lists->picture[list][p->slice.collocated_ref_idx]->number;
    }
}

/* The first slice of a picture: its record, and its place in the buffer. */
static void first_slice(hevc_parser *p, const hevc_sps *sps, int type, int temporal_id,
                        uint64_t bit, hevc_picture_info *info)
{
    hevc_buffer *buffer = &p->buffer;
    picture_record *record = &info->record;
    record->kind = (uint8_t)"BPI"[p->slice.type];
    record->flags = flags_of(type, temporal_id, sps);
    record->recovery = (int16_t)p->recovery;
    if (hevc_is_irap(type)) {
        buffer->skips_leading = hevc_is_idr(type) || hevc_is_bla(type) || buffer->at_start;
        buffer->epoch += buffer->skips_leading && buffer->next_number > 0;
        buffer->has_key = true;
        buffer->at_start = false;
    }
    bool is_skipped = hevc_is_rasl(type) && buffer->skips_leading;
    if (!p->slice.pic_output || is_skipped)
        record->flags |= RECORD_HIDDEN;
    hevc_status status = HEVC_OK;
    if (is_skipped) {
        record->order = hevc_order_count(buffer, &p->slice, sps, false);
        buffer->current = NULL;
        fail(info, HEVC_SKIPPED_LEADING, bit);
    } else {
        status = hevc_start_picture(buffer, &p->slice, sps, type, temporal_id);
        if (buffer->current)
            record->order = buffer->current->poc;
    }
    if (!buffer->has_key)
        fail(info, HEVC_NO_KEY, bit);
    if (status != HEVC_OK) {
        record->flags |= RECORD_DAMAGED;
        fail(info, status, bit);
    }
    record->epoch = buffer->epoch;
}

static const hevc_sps *active_sps(const hevc_parser *p)
{
    return p->sps_list + p->pps_list[p->slice.pps].sps;
}

static bool is_first_slice(const nal_unit *unit)
{
    return unit->data[NAL_HEADER] & 0x80; /* first_slice_segment_in_pic_flag */
}

static void slice_segment(hevc_parser *p, const nal_unit *unit, int type, hevc_depth depth,
                          bool opens, hevc_picture_info *info)
{
    uint64_t bit = 8 * (uint64_t)unit->at;
    int temporal_id = (unit->data[1] & 7) - 1;
    rbsp_reader bits = open_payload(p, unit, depth == HEVC_HEADERS ? LONGEST_HEADER : SIZE_MAX);
    hevc_status status = bits.data ? HEVC_OK : HEVC_NO_MEMORY;
    if (unit->truncated)
        status = HEVC_TRUNCATED;
    if (opens && !is_first_slice(unit))
        status = HEVC_LOST_SLICE;
    if (status == HEVC_OK)
        status = hevc_read_slice(&bits, type, p->sps_list, p->pps_list, &p->slice, NULL);
    if (status != HEVC_OK) {
        if (opens) {
            p->buffer.current = NULL;
            info->record.flags = flags_of(type, temporal_id, NULL) | RECORD_DAMAGED;
        }
        fail(info, status, bit + bits.position);
        return;
    }
    const hevc_sps *sps = active_sps(p);
    if (opens)
        first_slice(p, sps, type, temporal_id, bit, info);
    if (!p->buffer.current || p->slice.is_dependent || p->slice.type == HEVC_I_SLICE)
        return;
    hevc_lists lists;
    status = hevc_make_lists(&p->buffer, &p->slice, sps, &lists);
    if (status == HEVC_OK)
        note_references(p, &lists, info);
    else
        fail(info, status, bit);
}

bool hevc_next_picture(hevc_parser *p, const uint8_t *data, size_t size, size_t *offset,
                       hevc_depth depth, hevc_picture_info *info)
{
    nal_reader reader = {data, size, *offset, p->length_size};
    nal_unit unit;
    bool is_open = false;
    *info = (hevc_picture_info){
        .record = {.colocated = -1, .recovery = -1, .kind = '?', .field = RECORD_FRAME}};
    for (;;) {
        nal_reader before = reader;
        if (!nal_next(&reader, &unit))
            break;
        int type = unit.data[0] >> 1 & 63;
        int layer = unit.size > 1 ? (unit.data[0] & 1) << 5 | unit.data[1] >> 3 : 0;
        bool is_end = type == HEVC_END_OF_SEQUENCE || type == HEVC_END_OF_BITSTREAM;
        if (unit.size < (is_end ? NAL_HEADER : NAL_HEADER + 1) || unit.data[0] & 0x80 || layer > 0)
            continue;
        bool is_slice = hevc_is_slice(type);
        if (is_open && (is_slice ? is_first_slice(&unit) : begins_access_unit(type))) {
            reader = before;
            break;
        }
        if (is_slice)
            slice_segment(p, &unit, type, depth, !is_open, info);
        else
            other_unit(p, &unit, type);
        is_open = is_open || is_slice;
    }
    info->record.start = (int32_t)*offset;
    info->record.stop = (int32_t)reader.position;
    *offset = reader.position;
    if (is_open) {
        info->record.picture = p->buffer.next_number++;
        p->recovery = -1;
    }
    return is_open;
}
