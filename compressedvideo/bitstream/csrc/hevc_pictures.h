/* The decoded picture buffer without pixels: order counts, reference picture sets and lists.
 * Clauses 8.3.1, 8.3.2 and 8.3.4 of ITU-T H.265. */
#ifndef COMPRESSEDVIDEO_HEVC_PICTURES_H
#define COMPRESSEDVIDEO_HEVC_PICTURES_H

#include "hevc_slice.h"

typedef struct {
    int16_t x, y; /* as coded, quarter pixels: prediction(p) = reference(p + vector / 4) */
} hevc_vector;

/* What remains of the motion of 16x16 pixels for the pictures after: clause 8.5.3.2.8. */
typedef struct {
    hevc_vector vector[2];
    int32_t distance[2]; /* order count of the picture less that of its reference */
    bool used[2];        /* lists */
    bool long_term[2];   /* what the references were when the picture was the current one */
} hevc_colocated;

typedef enum {
    HEVC_MOTION_UNKNOWN, /* not parsed, or damaged */
    HEVC_MOTION_NONE,    /* all intra */
    HEVC_MOTION_KNOWN
} hevc_motion_state;

typedef enum { HEVC_UNUSED, HEVC_SHORT_TERM, HEVC_LONG_TERM } hevc_marking;

typedef struct {
    int32_t poc;         /* PicOrderCntVal */
    int32_t number;      /* in decoding order, -1: never came */
    hevc_marking marking;
    hevc_motion_state motion_state;
    hevc_colocated *motion; /* [rows][columns] of 16x16 */
    int rows, columns;
} hevc_picture;

/* Kept pictures of one picture's sets, the pictures that are missing, and the current one. */
enum { HEVC_MAX_PICTURES = HEVC_MAX_SHORT_TERM + HEVC_MAX_LONG_TERM_ACTIVE + 1 };

/* The reference lists of a slice. */
typedef struct {
    hevc_picture *picture[2][HEVC_MAX_ACTIVE + 1]; /* valid while the picture is the current one */
    int32_t poc[2][HEVC_MAX_ACTIVE + 1];
    bool long_term[2][HEVC_MAX_ACTIVE + 1];
    uint8_t slot[2][HEVC_MAX_ACTIVE + 1]; /* of hevc_motion.pictures */
} hevc_lists;

typedef struct {
    hevc_picture pictures[HEVC_MAX_PICTURES];
    hevc_picture *current;
    int32_t last_poc; /* prevTid0Pic: PicOrderCntVal */
    int32_t next_number;
    int32_t epoch;
    bool has_key;       /* an IRAP picture has come */
    bool at_start;      /* the next picture is the first, or the first after an end of sequence */
    bool skips_leading; /* NoRaslOutputFlag of the last IRAP picture */
} hevc_buffer;

void hevc_buffer_reset(hevc_buffer *buffer);
void hevc_buffer_free(hevc_buffer *buffer);

/* 8.3.1; starts_anew: IRAP with NoRaslOutputFlag. */
int64_t hevc_order_count(const hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                         bool starts_anew);

/* 8.3.1 and 8.3.2: makes the picture whose first slice this is the current one, and those that its
 * sets do not name unused.  Not for skipped leading pictures. */
hevc_status hevc_start_picture(hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                               int nal_type, int temporal_id);

/* 8.3.4; of a P- or B-slice. */
hevc_status hevc_make_lists(hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                            hevc_lists *lists);

#endif
