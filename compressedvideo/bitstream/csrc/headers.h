/* Picture headers of the codecs that predict from anchors: MPEG-1, -2 and -4, H.263 and its kin.
 *
 * A file headers_<codec>.c reads a packet's headers and says which pictures they announce, by
 * headers_put().  What these codecs share is here, in headers.c: a P-picture is predicted from the
 * anchor (I or P) decoded last, a B-picture from the last two, between which it is displayed, and
 * nothing else is reordered.  headers_python.c is the Python side of all. */
#ifndef COMPRESSEDVIDEO_HEADERS_H
#define COMPRESSEDVIDEO_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record_list.h"

/* One coded picture, as its headers say. */
typedef struct {
    char kind;            /* 'I', 'P', 'B', 'S'; '?' where unreadable */
    bool is_disposable;   /* no picture is predicted from it */
    bool shown_at_once;   /* displayed in decoding order, though it may be a B-picture */
    bool needs_no_past;   /* a B-picture that is predicted from its future anchor only */
    bool needs_the_last;  /* an I-picture that cannot be decoded without the anchor before */
    bool is_second_field; /* of the picture before */
    uint8_t field;        /* RECORD_FRAME to RECORD_BOTTOM_FIELD */
    uint16_t flags;       /* of RECORD_*, what only the codec can know */
    int32_t packet;
    size_t start, stop; /* bytes of the packet */
} headers_picture;

/* MPEG-4 part 2: the header of a VOP. */
typedef struct {
    headers_picture picture;
    bool is_coded;
    bool has_time;
    int64_t modulo_time_base, time_increment;
} mpeg4_plane;

/* MPEG-4 part 2: the layer, the time, and the second picture of a packet. */
typedef struct {
    int time_bits; /* of vop_time_increment, 0: unknown */
    int64_t ticks_per_second;
    bool low_delay, interlaced;
    bool is_packed; /* DivX's way: packets may hold a second picture */

    int64_t time_base, last_time_base; /* seconds: of the last anchor, of the one before */
    int64_t anchor_ticks;              /* display time of the last anchor */
    int64_t anchor_distance;           /* TRD: ticks from the anchor before to the last */
    int64_t frame_ticks;   /* the first B-VOP's distance from its past anchor; 0: none yet */
    bool has_set_duration; /* a B-VOP behind the last KEY picture and an anchor */

    bool is_waiting; /* `waiting` is decoded in place of the next packet's picture */
    mpeg4_plane waiting;
} mpeg4_pictures;

/* MPEG-1 and MPEG-2: the sequence, and the group of pictures up to its first anchor. */
typedef struct {
    bool low_delay;
    bool is_closed;      /* the header of a closed group came since the last anchor */
    bool from_closed;    /* the last anchor was the first of a closed group */
    uint8_t first_field; /* RECORD_TOP_FIELD or RECORD_BOTTOM_FIELD: awaits the second one */
} mpeg12_pictures;

typedef struct headers_parser headers_parser;

/* What a codec brings. */
typedef struct {
    /* Calls headers_put() for each picture of a packet. */
    void (*read_packet)(headers_parser *parser, const uint8_t *data, size_t size);
    /* The container's global headers; NULL: they say nothing of interest. */
    void (*read_extradata)(headers_parser *parser, const uint8_t *data, size_t size);
    void (*reset)(headers_parser *parser); /* forget pictures; NULL: there is nothing to forget */
    bool has_b;    /* an I-picture may be followed by pictures displayed before it */
    bool is_intra; /* no picture is predicted from another */
} headers_codec;

struct headers_parser {
    const headers_codec *codec;
    int mb_width, mb_height; /* 0: unknown */
    union {
        mpeg4_pictures mpeg4;
        mpeg12_pictures mpeg12;
    } state;

    /* Since the last reset */
    int32_t packet; /* number of the packet at hand */
    int32_t num_pictures;
    int32_t anchors[2]; /* pictures: the last anchor but one, the last; -1: none */
    int64_t num_anchors;
    int num_after_anchor;   /* pictures that are none, since the last one */
    int num_anchors_of_key; /* from the last KEY picture on, itself included; at most 2 */
    picture_record frame;   /* the last one, whose second field may come */
    int32_t frame_references[2];
    int num_frame_references;

    record_list *list; /* of the call at hand */
};

void headers_init(headers_parser *parser, const headers_codec *codec);

/* Forget the pictures, as after a seek; what parameter sets said stays. */
void headers_reset(headers_parser *parser);

/* The container's global headers, before the first packet. */
void headers_read_extradata(headers_parser *parser, const uint8_t *data, size_t size);

/* Reads the next packet, which may be empty, and appends its pictures' records. */
void headers_read(headers_parser *parser, const uint8_t *data, size_t size, record_list *list);

/* The next picture in decoding order; for codecs. */
void headers_put(headers_parser *parser, const headers_picture *picture);

extern const headers_codec mpeg4_codec, mpeg12_codec, h263_codec, h263i_codec, flv1_codec,
    msmpeg4v1_codec, msmpeg4_codec, wmv2_codec, intra_codec, ffv1_codec;

#endif
