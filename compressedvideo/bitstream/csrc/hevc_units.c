/* NAL units, and which of them make up a picture: clauses 7.3.5 and 7.4.2.4.4. */
#include <stdlib.h>

#include "hevc_units.h"

enum { RECOVERY_POINT = 6 }; /* payloadType of SEI */

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

rbsp_reader hevc_open_payload(hevc_parser *p, const nal_unit *unit, size_t limit)
{
    size_t size = unit->size - HEVC_NAL_HEADER;
    limit = size < limit ? size : limit;
    if (!ensure_payload(p, limit))
        return (rbsp_reader){.data = NULL};
    size = nal_unescape(unit->data + HEVC_NAL_HEADER, size, p->payload, limit);
    return rbsp_open(p->payload, size);
}

/* ---------------------------------------------------------------- NAL units without slices */

static void parameter_set(hevc_parser *p, const nal_unit *unit, int type)
{
    rbsp_reader bits = hevc_open_payload(p, unit, SIZE_MAX);
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
    rbsp_reader bits = hevc_open_payload(p, unit, HEVC_LONGEST_HEADER);
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

bool hevc_next_picture(hevc_parser *p, const uint8_t *data, size_t size, size_t *offset,
                       hevc_depth depth, hevc_picture_info *info)
{
    size_t joined = *offset > 0 ? p->joined : 0;
    nal_reader reader = {data, size, *offset, p->length_size, joined};
    nal_unit unit;
    bool is_open = false;
    hevc_open_picture(p, info);
    for (;;) {
        nal_reader before = reader;
        if (!nal_next(&reader, &unit))
            break;
        int type = hevc_unit_type(&unit);
        bool is_end = type == HEVC_END_OF_SEQUENCE || type == HEVC_END_OF_BITSTREAM;
        if (unit.size < (is_end ? HEVC_NAL_HEADER : HEVC_NAL_HEADER + 1) || unit.data[0] & 0x80)
            continue;
        int layer = (unit.data[0] & 1) << 5 | unit.data[1] >> 3;
        if (layer > 0)
            continue;
        bool is_slice = hevc_is_slice(type);
        if (is_open && (is_slice ? hevc_is_first_slice(&unit) : begins_access_unit(type))) {
            reader = before;
            break;
        }
        if (is_slice)
            hevc_add_slice(p, &unit, depth, !is_open, info);
        else
            other_unit(p, &unit, type);
        is_open = is_open || is_slice;
    }
    info->record.start = (int32_t)*offset;
    info->record.stop = (int32_t)reader.position;
    *offset = reader.position;
    p->joined = reader.joined;
    if (is_open)
        hevc_close_picture(p, depth, info);
    return is_open;
}
