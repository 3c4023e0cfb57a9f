/* Open bitstream units (clause 5.3), and the records of what a packet's show. */
#include "av1.h"

enum {
    OBU_SEQUENCE_HEADER = 1,
    OBU_TEMPORAL_DELIMITER = 2,
    OBU_FRAME_HEADER = 3,
    OBU_FRAME = 6,
};
enum { MARKER_AV1C = 0x81, AV1C_SIZE = 4 }; /* marker and version of AV1CodecConfigurationRecord */

typedef struct {
    int type;
    av1_layer layer;
    bool has_layer; /* an extension names it */
    const uint8_t *payload;
    size_t size;
} obu;

/* leb128 of 4.10.5.  False if it does not end within the data. */
static bool read_leb128(const uint8_t *data, size_t size, size_t *at, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < 8 && *at < size; i++) {
        uint8_t byte = data[(*at)++];
        *value |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* The unit at *at, which moves behind it.  False if it is damaged. */
static bool next_obu(const uint8_t *data, size_t size, size_t *at, obu *unit)
{
    uint8_t header = data[(*at)++];
    bool has_size = header >> 1 & 1;
    *unit = (obu){.type = header >> 3 & 15, .has_layer = header >> 2 & 1};
    if (header & 0x80) /* obu_forbidden_bit */
        return false;
    if (unit->has_layer) {
        if (*at == size)
            return false;
        unit->layer = (av1_layer){data[*at] >> 5, data[*at] >> 3 & 3};
        (*at)++;
    }
    uint64_t length = size - *at;
    if (has_size && (!read_leb128(data, size, at, &length) || length > size - *at))
        return false;
    unit->payload = data + *at;
    unit->size = (size_t)length;
    *at += (size_t)length;
    return true;
}

void av1_read_extradata(av1_tracker *tracker, const uint8_t *data, size_t size)
{
    size_t at = size >= AV1C_SIZE && data[0] == MARKER_AV1C ? AV1C_SIZE : 0;
    obu unit;
    while (at < size && next_obu(data, size, &at, &unit)) {
        bit_reader bits = {unit.payload, unit.size, 0};
        if (unit.type == OBU_SEQUENCE_HEADER)
            av1_sequence_header(&bits, &tracker->sequence);
    }
}

/* 5.9.1 and 7.20: which pictures the slots hold after a frame. */
static void refresh(av1_tracker *tracker, const av1_frame *frame)
{
    av1_slot slot = {true, frame->frame_type, tracker->picture};
    if (frame->show_existing)
        slot = tracker->slots[frame->frame_to_show];
    for (int i = 0; i < AV1_NUM_SLOTS; i++)
        if (frame->refresh_flags >> i & 1)
            tracker->slots[i] = slot;
}

/* What the frames of a packet come to, from behind one that is shown to the next that is. */
typedef struct {
    bool has_frame, has_coded, shows, shows_existing, starts, replaces, is_damaged;
    uint8_t kind;         /* of the frame shown, else of the last */
    int32_t existing;     /* the picture shown, if not a new one */
    unsigned num_references;
    int32_t references[64];
    size_t start;
} unit_summary;

static void add_reference(const av1_tracker *tracker, unit_summary *unit, int32_t picture)
{
    if (picture != tracker->picture && unit->num_references < 64)
        unit->references[unit->num_references++] = picture;
}

static void add_frame(av1_tracker *tracker, unit_summary *unit, const av1_frame *frame)
{
    bool is_intra = frame->frame_type == AV1_KEY_FRAME || frame->frame_type == AV1_INTRA_ONLY_FRAME;
    if (frame->show || !unit->has_frame)
        unit->kind = is_intra ? 'I' : 'P';
    unit->has_frame = true;
    unit->shows |= frame->show;
    unit->replaces |= frame->refresh_flags != 0;
    unit->shows_existing = frame->show_existing;
    if (frame->show_existing) {
        unit->existing = tracker->slots[frame->frame_to_show].picture;
        add_reference(tracker, unit, unit->existing);
    } else {
        unit->has_coded = true;
        unit->starts |= frame->frame_type == AV1_KEY_FRAME && frame->show;
    }
    for (int i = 0; i < AV1_NUM_SLOTS; i++)
        if (frame->reference_slots >> i & 1)
            add_reference(tracker, unit, tracker->slots[i].picture);
    refresh(tracker, frame);
}

/* The record of the frames so far, and a fresh summary from byte `stop` on. */
static void finish_record(av1_tracker *tracker, unit_summary *unit, size_t stop,
                          record_list *list)
{
    bool only_shows = unit->shows_existing && !unit->has_coded && !unit->is_damaged;
    unsigned flags = (unit->replaces ? RECORD_REFERENCED : 0) |
                     (unit->starts ? RECORD_KEY | RECORD_CLOSED : 0) |
                     (unit->shows ? 0 : RECORD_HIDDEN) | (only_shows ? RECORD_SHOWS_EXISTING : 0) |
                     (unit->is_damaged ? RECORD_DAMAGED : 0);
    picture_record record = {
        .order = tracker->order++,
        .packet = tracker->packet,
        .start = (int32_t)unit->start,
        .stop = (int32_t)stop,
        .picture = only_shows ? unit->existing : tracker->picture,
        .colocated = -1,
        .flags = (uint16_t)flags,
        .recovery = -1,
        .kind = unit->kind ? unit->kind : '?',
    };
    record_list_add(list, &record);
    for (unsigned i = 0; i < unit->num_references; i++)
        record_list_refer(list, unit->references[i]);
    tracker->picture += !only_shows;
    *unit = (unit_summary){.start = stop};
}

/* 5.3.1: units of other layers than those of operating point 0 are dropped. */
static bool is_dropped(const av1_sequence *sequence, const obu *unit)
{
    int idc = sequence->operating_point_idc[0];
    if (unit->type == OBU_SEQUENCE_HEADER || idc == 0 || !unit->has_layer)
        return false;
    return !(idc >> unit->layer.temporal_id & 1) || !(idc >> (unit->layer.spatial_id + 8) & 1);
}

/* Whether a unit after a shown frame belongs to the next one.  A packet should show one, but FFmpeg
 * gives out all that it shows; only of several spatial layers just the last. */
static bool starts_next(const av1_sequence *sequence, int type)
{
    int layers = sequence->operating_point_idc[0] >> 8;
    if (layers & (layers - 1))
        return false;
    return type == OBU_TEMPORAL_DELIMITER || type == OBU_SEQUENCE_HEADER ||
           type == OBU_FRAME_HEADER || type == OBU_FRAME;
}

void av1_packet_records(av1_tracker *tracker, const uint8_t *packet, size_t size,
                        record_list *list)
{
    unit_summary summary = {0};
    size_t at = 0;
    while (at < size) {
        size_t start = at;
        obu unit;
        if (!next_obu(packet, size, &at, &unit)) {
            summary.has_frame = summary.is_damaged = true;
            break;
        }
        if (is_dropped(&tracker->sequence, &unit))
            continue;
        if (summary.shows && starts_next(&tracker->sequence, unit.type))
            finish_record(tracker, &summary, start, list);
        bit_reader bits = {unit.payload, unit.size, 0};
        if (unit.type == OBU_SEQUENCE_HEADER)
            summary.is_damaged |= !av1_sequence_header(&bits, &tracker->sequence);
        if (unit.type != OBU_FRAME_HEADER && unit.type != OBU_FRAME)
            continue;
        av1_frame frame;
        if (!av1_frame_header(&bits, &tracker->sequence, unit.layer, tracker->slots, &frame)) {
            summary.has_frame = summary.is_damaged = true;
            continue;
        }
        add_frame(tracker, &summary, &frame);
    }
    if (summary.has_frame)
        finish_record(tracker, &summary, size, list);
    tracker->packet++;
}
