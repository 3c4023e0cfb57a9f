/* RFC 6386 clause 9.1 to 9.7, as far as the last flag that says which pictures are replaced. */
#include <string.h>

#include "bool_decoder.h"
#include "vp8.h"

enum { TAG_SIZE = 3, KEY_FRAME_HEADER_SIZE = 7 };

typedef struct {
    bool key, show;
    int copy_to[VP8_NUM_REFERENCES];  /* where GOLDEN and ALTREF take a picture from, -1: nowhere */
    bool refresh[VP8_NUM_REFERENCES]; /* by the new picture */
    bool keeps_state; /* what later frames are read with changes: probabilities, segments, filter */
} vp8_header;

static bool flag(bool_decoder *bits)
{
    return bool_read(bits, 128);
}

/* A value that is there if a flag says so, with its sign. */
static void optional_signed(bool_decoder *bits, int count)
{
    if (flag(bits))
        bool_literal(bits, count + 1);
}

/* 9.3.  True if something was updated, for later frames too. */
static bool update_segmentation(bool_decoder *bits)
{
    bool update_map = flag(bits), update_data = flag(bits);
    if (update_data) {
        flag(bits); /* segment_feature_mode */
        for (int i = 0; i < 4; i++)
            optional_signed(bits, 7); /* quantizer */
        for (int i = 0; i < 4; i++)
            optional_signed(bits, 6); /* loop filter */
    }
    for (int i = 0; update_map && i < 3; i++)
        if (flag(bits))
            bool_literal(bits, 8);
    return update_map || update_data;
}

/* 9.6, likewise */
static bool mb_lf_adjustments(bool_decoder *bits)
{
    if (!flag(bits) || !flag(bits)) /* enabled, update */
        return false;
    for (int i = 0; i < 4 + 4; i++) /* of references, of modes */
        optional_signed(bits, 6);
    return true;
}

/* 9.7 */
static void reference_updates(bool_decoder *bits, vp8_header *h)
{
    static const int golden_from[] = {-1, VP8_LAST, VP8_ALTREF, -1};
    static const int altref_from[] = {-1, VP8_LAST, VP8_GOLDEN, -1};
    h->refresh[VP8_GOLDEN] = flag(bits);
    h->refresh[VP8_ALTREF] = flag(bits);
    if (!h->refresh[VP8_GOLDEN])
        h->copy_to[VP8_GOLDEN] = golden_from[bool_literal(bits, 2)];
    if (!h->refresh[VP8_ALTREF])
        h->copy_to[VP8_ALTREF] = altref_from[bool_literal(bits, 2)];
    bool_literal(bits, 2); /* sign biases: how vectors are read, not what they refer to */
    h->keeps_state |= flag(bits); /* refresh_entropy_probs */
    h->refresh[VP8_LAST] = flag(bits);
}

/* Clause 9.1, and 19.2 for the order.  False if the header is damaged. */
static bool read_header(const uint8_t *data, size_t size, vp8_header *h)
{
    *h = (vp8_header){.copy_to = {-1, -1, -1}};
    if (size < TAG_SIZE)
        return false;
    uint32_t tag = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16;
    size_t first_partition = tag >> 5, start = TAG_SIZE;
    h->key = !(tag & 1);
    h->show = tag >> 4 & 1;
    if (h->key) {
        if (size < TAG_SIZE + KEY_FRAME_HEADER_SIZE || memcmp(data + TAG_SIZE, "\x9d\x01\x2a", 3))
            return false;
        start += KEY_FRAME_HEADER_SIZE;
        for (int i = 0; i < VP8_NUM_REFERENCES; i++)
            h->refresh[i] = true;
        return first_partition <= size - start;
    }
    if (first_partition > size - start)
        return false;
    bool_decoder bits = bool_open(data + start, first_partition);
    if (flag(&bits)) /* segmentation_enabled */
        h->keeps_state = update_segmentation(&bits);
    bool_literal(&bits, 1 + 6 + 3); /* filter_type, loop_filter_level, sharpness_level */
    h->keeps_state |= mb_lf_adjustments(&bits);
    bool_literal(&bits, 2 + 7); /* log2_nbr_of_dct_partitions, y_ac_qi */
    for (int i = 0; i < 5; i++)
        optional_signed(&bits, 4); /* the other quantizers */
    reference_updates(&bits, h);
    return bool_bits_left(&bits) >= 0;
}

static void replace(vp8_tracker *tracker, const vp8_header *h)
{
    int32_t before[VP8_NUM_REFERENCES]; /* both copies are of what was there before the frame */
    memcpy(before, tracker->references, sizeof before);
    for (int i = 0; i < VP8_NUM_REFERENCES; i++) {
        if (h->copy_to[i] >= 0)
            tracker->references[i] = before[h->copy_to[i]];
        if (h->refresh[i])
            tracker->references[i] = tracker->picture;
    }
}

void vp8_packet_records(vp8_tracker *tracker, const uint8_t *packet, size_t size,
                        record_list *list)
{
    vp8_header h;
    int32_t number = tracker->packet++;
    if (size == 0) /* a frame that the encoder dropped */
        return;
    bool readable = read_header(packet, size, &h) && (h.key || tracker->has_pictures);
    picture_record record = {
        .order = tracker->picture,
        .packet = number,
        .stop = (int32_t)size,
        .picture = tracker->picture,
        .colocated = -1,
        .flags = RECORD_DAMAGED,
        .recovery = -1,
        .kind = '?',
    };
    if (readable) {
        bool kept = h.refresh[VP8_LAST] || h.refresh[VP8_GOLDEN] || h.refresh[VP8_ALTREF] ||
                    h.keeps_state;
        record.kind = h.key ? 'I' : 'P';
        record.flags = (uint16_t)((kept ? RECORD_REFERENCED : 0) |
                                  (h.key ? RECORD_KEY | RECORD_CLOSED : 0) |
                                  (h.show ? 0 : RECORD_HIDDEN));
    }
    record_list_add(list, &record);
    if (readable) {
        for (int i = 0; i < VP8_NUM_REFERENCES && !h.key; i++)
            record_list_refer(list, tracker->references[i]);
        replace(tracker, &h);
        tracker->has_pictures = true;
    }
    tracker->picture++;
}
