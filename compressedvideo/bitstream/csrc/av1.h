/* AV1 headers (clause 5 of the AV1 bitstream specification), as far as they say which picture a
 * temporal unit shows, what it may refer to, and whether decoding can start there. */
#ifndef COMPRESSEDVIDEO_AV1_H
#define COMPRESSEDVIDEO_AV1_H

#include "mpeg4_bits.h"
#include "record_list.h"

enum { AV1_NUM_SLOTS = 8, AV1_REFERENCES_PER_FRAME = 7, AV1_MAX_OPERATING_POINTS = 32 };

enum { AV1_KEY_FRAME, AV1_INTER_FRAME, AV1_INTRA_ONLY_FRAME, AV1_SWITCH_FRAME }; /* frame_type */

/* 5.5, what frame headers depend on */
typedef struct {
    bool valid;
    bool reduced_still_picture_header, equal_picture_interval, decoder_model_info_present;
    int buffer_removal_time_bits, frame_presentation_time_bits;
    int num_operating_points;
    int operating_point_idc[AV1_MAX_OPERATING_POINTS];
    bool decoder_model_present[AV1_MAX_OPERATING_POINTS];
    bool frame_id_numbers_present;
    int delta_frame_id_bits, frame_id_bits;
    bool enable_order_hint;
    int order_hint_bits;
    int force_screen_content_tools, force_integer_mv; /* 2: each frame says it */
} av1_sequence;

typedef struct {
    bool valid;
    int frame_type;
    int32_t picture; /* number of the temporal unit that holds it */
} av1_slot;

typedef struct {
    int temporal_id, spatial_id;
} av1_layer;

/* 5.9, up to the references */
typedef struct {
    bool show_existing; /* then only frame_to_show, frame_type and refresh_flags count */
    int frame_to_show;
    int frame_type;
    bool show;
    unsigned refresh_flags; /* slots that this picture replaces */
    unsigned reference_slots; /* that it may be predicted from, as bits */
} av1_frame;

/* False if the data is damaged; the sequence then is not valid. */
bool av1_sequence_header(bit_reader *bits, av1_sequence *sequence);

/* False if the data is damaged or speaks of an empty slot. */
bool av1_frame_header(bit_reader *bits, const av1_sequence *sequence, av1_layer layer,
                      const av1_slot slots[AV1_NUM_SLOTS], av1_frame *frame);

/* Sequence, slots and numbers, from packet to packet. */
typedef struct {
    av1_sequence sequence;
    av1_slot slots[AV1_NUM_SLOTS];
    int32_t packet, picture, order;
} av1_tracker;

/* The container's global headers: av1C or bare OBUs. */
void av1_read_extradata(av1_tracker *tracker, const uint8_t *data, size_t size);

/* Appends a record for each picture that a packet shows, or one if it shows none. */
void av1_packet_records(av1_tracker *tracker, const uint8_t *packet, size_t size,
                        record_list *list);

#endif
