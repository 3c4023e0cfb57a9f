/* VP8 frame headers (RFC 6386, clause 9): which pictures each frame may refer to and replaces. */
#ifndef COMPRESSEDVIDEO_VP8_H
#define COMPRESSEDVIDEO_VP8_H

#include "record_list.h"

enum { VP8_LAST, VP8_GOLDEN, VP8_ALTREF, VP8_NUM_REFERENCES };

typedef struct {
    bool has_pictures; /* there was a key frame: all of these are known */
    int32_t references[VP8_NUM_REFERENCES];
    int32_t packet, picture;
} vp8_tracker;

/* Appends the record of a packet's frame. */
void vp8_packet_records(vp8_tracker *tracker, const uint8_t *packet, size_t size,
                        record_list *list);

#endif
