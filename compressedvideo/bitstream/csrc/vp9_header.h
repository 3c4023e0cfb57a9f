/* The uncompressed header of a VP9 frame, and which pictures the reference slots hold: clause 6.2
 * of the VP9 bitstream specification (version 0.7); functions bear its names. */
#ifndef COMPRESSEDVIDEO_VP9_HEADER_H
#define COMPRESSEDVIDEO_VP9_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VP9_NUM_SLOTS = 8 };

/* How reading went. */
typedef enum {
    VP9_OK,
    VP9_INEXACT_END, /* a warning: a partition does not end where its symbols do */
    VP9_SCALED,      /* a note: a reference of another size; its vectors are as coded */
    /* Damaged data */
    VP9_TRUNCATED,
    VP9_BAD_MARKER,
    VP9_BAD_SYNC_CODE,
    VP9_RESERVED_BIT,
    VP9_BAD_SUBSAMPLING,
    VP9_EMPTY_SLOT,
    VP9_BAD_REFERENCE_FORMAT,
    VP9_BAD_REFERENCE_SIZE,
    VP9_NO_COMPRESSED_HEADER,
    VP9_BAD_TILE_SIZE,
    VP9_BAD_BOOL_MARKER,
    VP9_OVERRUN,
    VP9_BAD_BLOCK_SIZE,
    VP9_SKIPPED_SUB8X8,
    VP9_BAD_SUPERFRAME,
    VP9_NO_KEY_FRAME,
    VP9_NO_FRAME,
    VP9_NO_MEMORY,
    /* What is not read */
    VP9_BAD_PROFILE,
    VP9_TOO_LARGE,
    VP9_STATUS_COUNT
} vp9_status;

enum { VP9_FIRST_UNSUPPORTED = VP9_BAD_PROFILE };

/* One sentence about a status. */
const char *vp9_message(vp9_status status);

enum { VP9_INTRA_FRAME, VP9_LAST, VP9_GOLDEN, VP9_ALTREF, VP9_NUM_REFERENCES }; /* ref_frame */
enum { VP9_SWITCHABLE = 4 };                       /* interpolation_filter */
enum { VP9_SEG_ALT_Q, VP9_SEG_ALT_L, VP9_SEG_REFERENCE, VP9_SEG_SKIP, VP9_NUM_FEATURES };

/* A picture that later ones may refer to. */
typedef struct {
    bool valid;
    bool hidden;
    char kind; /* 'I' or 'P' */
    uint8_t bit_depth, subsampling_x, subsampling_y;
    int width, height;
    int32_t picture;
} vp9_slot;

/* 6.2.11; the features hold until they are changed */
typedef struct {
    bool enabled, update_map, temporal_update;
    uint8_t tree_probs[7], pred_probs[3];
    bool feature_enabled[8][VP9_NUM_FEATURES];
    int16_t feature[8][VP9_NUM_FEATURES];
} vp9_segmentation;

typedef struct {
    int profile;
    bool show_existing; /* then only existing_slot counts */
    int existing_slot;
    bool key, show, error_resilient, intra_only;
    int reset_frame_context;
    int bit_depth, subsampling_x, subsampling_y; /* hold until they are changed */
    int width, height;
    unsigned refresh_flags;                /* slots that this picture replaces */
    int slot[VP9_NUM_REFERENCES];          /* of LAST, GOLDEN and ALTREF */
    bool sign_bias[VP9_NUM_REFERENCES];
    bool high_precision;
    int interpolation_filter;
    bool refresh_context, parallel;
    int coded_context; /* frame_context_idx as it was read */
    int context;       /* and what it counts as: 0 of intra and error-resilient frames */
    int base_q;
    bool lossless;
    vp9_segmentation segmentation;
    int tile_columns_log2, tile_rows_log2;
    size_t compressed_start, tiles_start; /* bytes of the frame: compressed header, then tiles */
} vp9_header;

static inline bool vp9_is_intra(const vp9_header *header)
{
    return header->key || header->intra_only;
}

/* In: the header of the frame before, or zeros.  Out: this frame's.  After anything but VP9_OK it
 * is partly written, and *bit says where reading stopped. */
vp9_status vp9_uncompressed_header(const uint8_t *data, size_t size,
                                   const vp9_slot slots[VP9_NUM_SLOTS], vp9_header *header,
                                   uint64_t *bit);

/* Annex B: the frames of a packet; without an index it is one frame.  FFmpeg reads it so, too. */
typedef struct {
    int count;
    uint32_t start[8], size[8];
} vp9_frames;

/* False: the index speaks of more than there is; the packet counts as one frame. */
bool vp9_superframe(const uint8_t *packet, size_t size, vp9_frames *frames);

/* Reference slots and numbers, from packet to packet. */
typedef struct {
    vp9_slot slots[VP9_NUM_SLOTS];
    vp9_header last; /* the header read last */
    int32_t packet, picture, order;
} vp9_tracker;

/* Reads the header of the frame that is next.  Only if it is readable is the tracker's `last` this
 * frame's header. */
vp9_status vp9_next_header(vp9_tracker *tracker, const uint8_t *frame, size_t size, uint64_t *bit);

/* The frame of `last` has been read: its picture, number tracker->picture, goes into the slots. */
void vp9_refresh(vp9_tracker *tracker);

#endif
