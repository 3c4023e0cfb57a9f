#ifndef COMPRESSEDVIDEO_VP9_RECORDS_H
#define COMPRESSEDVIDEO_VP9_RECORDS_H

#include "record_list.h"
#include "vp9_header.h"

/* Appends a record for each frame of a packet. */
void vp9_packet_records(vp9_tracker *tracker, const uint8_t *packet, size_t size,
                        record_list *list);

#endif
