/* What the headers of one coded picture say, the same for all codecs.  The parsers fill it in, and
 * record.py reads it: its dtype repeats this layout. */
#ifndef COMPRESSEDVIDEO_RECORD_H
#define COMPRESSEDVIDEO_RECORD_H

#include <stdint.h>

enum {
    RECORD_REFERENCED = 1,      /* other pictures may be predicted from it */
    RECORD_KEY = 2,             /* decoding can start here: what is displayed from it on comes out right */
    RECORD_CLOSED = 4,          /* no later picture is displayed before it */
    RECORD_LEADING = 8,         /* cannot be decoded if decoding starts at the KEY picture before it */
    RECORD_HIDDEN = 16,         /* never displayed */
    RECORD_SHOWS_EXISTING = 32, /* no new picture: displays an earlier one, its only reference */
    RECORD_SECOND_FIELD = 64,   /* the second field of the picture of the record before */
    RECORD_INTERLACED = 128,    /* a field, or a frame whose macroblocks may be fields */
    RECORD_DAMAGED = 256,       /* unreadable header: the other members are best guesses */
    RECORD_NO_SKIP = 1024,      /* B-pictures after it come out wrong if it is not decoded */
    RECORD_LOST_BEFORE = 2048   /* references between the picture before and this one were lost */
};

enum { RECORD_FRAME, RECORD_TOP_FIELD, RECORD_BOTTOM_FIELD };

typedef struct {
    int64_t order;          /* display key within the epoch */
    int32_t epoch;          /* rises where `order` starts anew; from 0 */
    int32_t packet;         /* number of the packet, from the last reset on */
    int32_t start, stop;    /* the picture's bytes within the packet, headers before it included */
    int32_t picture;        /* number in decoding order from the last reset; both fields share it */
    int32_t colocated;      /* the picture whose motion this one's derivation needs, -1: none */
    int32_t num_references; /* its entries in the array of references, which follow one another */
    uint16_t flags;         /* RECORD_REFERENCED to RECORD_DAMAGED */
    int16_t recovery;       /* recovery_frame_cnt of a recovery point message, -1: none */
    uint8_t kind;           /* 'I', 'P', 'B', 'S' or '?' */
    uint8_t field;          /* RECORD_FRAME to RECORD_BOTTOM_FIELD */
    uint16_t width, height; /* as displayed, 0: not said */
    uint8_t chroma;         /* 1 + chroma_format_idc, 0: not said */
    uint8_t reserved;
} picture_record;

_Static_assert(sizeof(picture_record) == 48, "record.py knows this layout");

#endif
