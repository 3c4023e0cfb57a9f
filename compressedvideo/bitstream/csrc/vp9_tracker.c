/* Which frames a packet holds, which pictures the reference slots hold, and the records of both. */
#include "vp9_header.h"
#include "vp9_records.h"

const char *vp9_message(vp9_status status)
{
    switch (status) {
    case VP9_OK: return "no error";
    case VP9_INEXACT_END: return "a partition does not end where its symbols do";
    case VP9_SCALED: return "a reference of another size; its vectors are as coded";
    case VP9_TRUNCATED: return "the data ends too early";
    case VP9_BAD_MARKER: return "no frame marker";
    case VP9_BAD_SYNC_CODE: return "no sync code";
    case VP9_RESERVED_BIT: return "a reserved bit is set";
    case VP9_BAD_SUBSAMPLING: return "a chroma format that the profile forbids";
    case VP9_EMPTY_SLOT: return "a reference slot that holds no picture";
    case VP9_BAD_REFERENCE_FORMAT: return "a reference of another chroma format or bit depth";
    case VP9_BAD_REFERENCE_SIZE: return "no reference has a size that may be scaled";
    case VP9_NO_COMPRESSED_HEADER: return "an empty compressed header";
    case VP9_BAD_TILE_SIZE: return "a tile is larger than what is left";
    case VP9_BAD_BOOL_MARKER: return "a partition does not begin with its marker bit";
    case VP9_OVERRUN: return "a partition ends before its symbols do";
    case VP9_BAD_BLOCK_SIZE: return "a block size that the chroma format forbids";
    case VP9_SKIPPED_SUB8X8: return "a block below 8x8 in a segment that is skipped";
    case VP9_BAD_SUPERFRAME: return "a superframe index larger than its packet";
    case VP9_NO_KEY_FRAME: return "nothing to predict from since the start or an error";
    case VP9_NO_FRAME: return "the packet holds no frame";
    case VP9_NO_MEMORY: return "out of memory";
    case VP9_BAD_PROFILE: return "a profile beyond 3";
    case VP9_TOO_LARGE: return "a frame of more than 67 million pixels";
    case VP9_STATUS_COUNT: break;
    }
    return "unknown status";
}

/* ---------------------------------------------------------------- Annex B: superframes */

bool vp9_superframe(const uint8_t *packet, size_t size, vp9_frames *frames)
{
    *frames = (vp9_frames){.count = size > 0, .start = {0}, .size = {(uint32_t)size}};
    unsigned marker = size > 0 ? packet[size - 1] : 0;
    if ((marker & 0xe0) != 0xc0)
        return true;
    size_t count = (marker & 7) + 1, length = (marker >> 3 & 3) + 1, index = 2 + count * length;
    if (size < index || packet[size - index] != marker)
        return true;
    vp9_frames found = {0};
    const uint8_t *byte = packet + size - index + 1;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t frame_size = 0;
        for (size_t j = 0; j < length; j++)
            frame_size |= (size_t)*byte++ << 8 * j;
        if (frame_size > size - index - at)
            return false;
        if (frame_size == 0) /* a layer that the encoder left out */
            continue;
        found.start[found.count] = (uint32_t)at;
        found.size[found.count++] = (uint32_t)frame_size;
        at += frame_size;
    }
    *frames = found;
    return true;
}

/* ---------------------------------------------------------------- slots */

vp9_status vp9_next_header(vp9_tracker *tracker, const uint8_t *frame, size_t size, uint64_t *bit)
{
    vp9_header header = tracker->last;
    vp9_status status = vp9_uncompressed_header(frame, size, tracker->slots, &header, bit);
    if (status == VP9_OK)
        tracker->last = header;
    return status;
}

void vp9_refresh(vp9_tracker *tracker)
{
    const vp9_header *h = &tracker->last;
    vp9_slot slot = {true, !h->show, vp9_is_intra(h) ? 'I' : 'P', (uint8_t)h->bit_depth,
                     (uint8_t)h->subsampling_x, (uint8_t)h->subsampling_y, h->width, h->height,
                     tracker->picture};
    for (int i = 0; i < VP9_NUM_SLOTS; i++)
        if (h->refresh_flags >> i & 1)
            tracker->slots[i] = slot;
}

/* ---------------------------------------------------------------- records */

static void add_existing(const vp9_tracker *tracker, picture_record *record, record_list *list)
{
    const vp9_slot *slot = tracker->slots + tracker->last.existing_slot;
    record->flags = RECORD_SHOWS_EXISTING;
    record->kind = (uint8_t)slot->kind;
    record->picture = slot->picture;
    record_list_add(list, record);
    record_list_refer(list, slot->picture);
}

static void add_picture(vp9_tracker *tracker, picture_record *record, record_list *list)
{
    const vp9_header *h = &tracker->last;
    record->kind = vp9_is_intra(h) ? 'I' : 'P';
    record->width = h->width <= UINT16_MAX ? (uint16_t)h->width : 0;
    record->height = h->height <= UINT16_MAX ? (uint16_t)h->height : 0;
    /* Even one that no slot keeps: the next frame builds on its probabilities and vectors. */
    record->flags = (uint16_t)(RECORD_REFERENCED | (h->key ? RECORD_KEY | RECORD_CLOSED : 0) |
                               (h->show ? 0 : RECORD_HIDDEN));
    if (!h->key)
        record->colocated = tracker->picture - 1; /* its statistics, if not its vectors */
    record_list_add(list, record);
    for (int i = VP9_LAST; i <= VP9_ALTREF && !vp9_is_intra(h); i++)
        record_list_refer(list, tracker->slots[h->slot[i]].picture);
    vp9_refresh(tracker);
    tracker->picture++;
}

void vp9_packet_records(vp9_tracker *tracker, const uint8_t *packet, size_t size,
                        record_list *list)
{
    vp9_frames frames;
    bool intact = vp9_superframe(packet, size, &frames);
    for (int i = 0; i < frames.count; i++) {
        uint64_t bit;
        const uint8_t *frame = packet + frames.start[i];
        vp9_status status = vp9_next_header(tracker, frame, frames.size[i], &bit);
        picture_record record = {
            .order = tracker->order++,
            .packet = tracker->packet,
            .start = (int32_t)frames.start[i],
            .stop = (int32_t)(frames.start[i] + frames.size[i]),
            .picture = tracker->picture,
            .colocated = -1,
            .flags = RECORD_DAMAGED,
            .recovery = -1,
            .kind = '?',
        };
        if (!intact || status != VP9_OK) {
            record_list_add(list, &record);
            tracker->picture++;
        } else if (tracker->last.show_existing) {
            add_existing(tracker, &record, list);
        } else {
            add_picture(tracker, &record, list);
        }
    }
    tracker->packet++;
}
