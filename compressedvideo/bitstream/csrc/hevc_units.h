/* NAL units and pictures: hevc_units.c finds a picture's units, hevc_picture.c adds them up. */
#ifndef COMPRESSEDVIDEO_HEVC_UNITS_H
#define COMPRESSEDVIDEO_HEVC_UNITS_H

#include "hevc_parser.h"
#include "nal.h"

enum { HEVC_NAL_HEADER = 2 };        /* bytes */
enum { HEVC_LONGEST_HEADER = 1024 }; /* bytes that hold a slice header up to its references */

static inline int hevc_unit_type(const nal_unit *unit)
{
    return unit->data[0] >> 1 & 63;
}

static inline bool hevc_is_first_slice(const nal_unit *unit)
{
    return unit->data[HEVC_NAL_HEADER] & 0x80; /* first_slice_segment_in_pic_flag */
}

/* At most `limit` bytes of the unit's payload, ready to be read; without memory no data. */
rbsp_reader hevc_open_payload(hevc_parser *p, const nal_unit *unit, size_t limit);

/* What holds until the picture's first slice. */
void hevc_open_picture(hevc_parser *p, hevc_picture_info *info);

/* A slice segment; `opens`: it is the first unit of the picture. */
void hevc_add_slice(hevc_parser *p, const nal_unit *unit, hevc_depth depth, bool opens,
                    hevc_picture_info *info);

void hevc_close_picture(hevc_parser *p, hevc_depth depth, hevc_picture_info *info);

#endif
