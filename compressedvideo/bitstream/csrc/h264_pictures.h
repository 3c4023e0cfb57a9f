/* The decoded picture buffer without pixels: which pictures there are, and what refers to what.
 *
 * The clauses of ITU-T H.264 and their files: 8.2.1 picture order count (h264_poc.c), 8.2.4
 * reference lists (h264_references.c), 8.2.5 marking (h264_marking.c). */
#ifndef COMPRESSEDVIDEO_H264_PICTURES_H
#define COMPRESSEDVIDEO_H264_PICTURES_H

#include "h264_motion.h"
#include "h264_slice.h"

enum { H264_MISSING = -1 }; /* the number of a frame that only fills a gap of frame_num */

/* A frame, or one or both fields of one. Fields are sets of TOP_FIELD and BOTTOM_FIELD. */
typedef struct {
    int32_t number; /* in decoding order from the last reset, or H264_MISSING */
    int32_t poc[2]; /* of the top and the bottom field, if it is in `fields` */
    uint8_t fields; /* that have been read */
    uint8_t short_term, long_term; /* fields that are marked as references */
    bool in_fields;                /* coded as field pictures */
    bool mbaff;
    bool idr;
    bool lost_before; /* references between the picture before and this one were lost */
    uint8_t kind;        /* 'I', 'P' or 'B': its first slice */
    uint8_t slice_types; /* bit 1 << type of each slice */
    int frame_num, frame_num_wrap, long_term_frame_idx;
    h264_motion motion;
} h264_picture;

/* All its slices are intra. */
static inline bool h264_is_intra(const h264_picture *picture)
{
    return picture->slice_types && !(picture->slice_types & ~(1u << I_SLICE | 1u << SI_SLICE));
}

typedef struct {
    h264_picture *picture; /* NULL: there is none */
    uint8_t structure;     /* FRAME, or which field */
} h264_reference;

/* 8.2.1: kept from picture to picture. */
typedef struct {
    int32_t msb, lsb;          /* of the last reference picture, type 0 */
    int frame_num;             /* of the last picture, types 1 and 2 */
    int64_t frame_num_offset;
} h264_poc_state;

typedef struct {
    h264_picture pool[H264_MAX_REFERENCE_FRAMES + 2]; /* references, the current one, a spare one */
    h264_picture *references[H264_MAX_REFERENCE_FRAMES + 1]; /* in decoding order */
    int num_references;
    h264_picture *current;
    int last_reference_frame_num; /* PrevRefFrameNum */
    h264_poc_state poc;
} h264_buffer;

/* A picture of the pool that is no reference and not the current one. */
h264_picture *h264_unused_picture(h264_buffer *buffer);

/* 8.2.1: order counts of the fields that the slice's picture codes. */
void h264_count_order(h264_buffer *buffer, const h264_slice *slice);
/* PicOrderCnt of what was read of a picture, or of one field. */
int32_t h264_order(const h264_picture *picture, uint8_t structure);

/* 8.2.5.2 */
bool h264_fill_gap(h264_buffer *buffer, const h264_slice *slice);
/* 8.2.5.1, when the current picture (or field) has been read. True after operation 5, which makes
 * it the first of a new count of order. */
bool h264_mark_references(h264_buffer *buffer, const h264_slice *slice);
void h264_unmark_all(h264_buffer *buffer);

/* FrameNumWrap of all short-term references (8.2.4.1), as the slice's picture sees them. */
void h264_wrap_frame_nums(h264_buffer *buffer, const h264_slice *slice);

/* 8.2.4: lists[i] of slice->num_ref_idx[i] entries. False if the modification makes no sense. */
bool h264_reference_lists(h264_buffer *buffer, const h264_slice *slice,
                          h264_reference lists[2][H264_MAX_LIST + 1]);

#endif
