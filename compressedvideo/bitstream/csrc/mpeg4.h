/* Motion vectors of MPEG-4 part 2 video (ISO/IEC 14496-2), read without decoding a pixel.
 *
 * In: the bytes of packets in decode order.  Out, VOP after VOP: its type and time, and of every
 * macroblock the mode, quantiser, bits, coefficients and, per 8x8 block, the vectors. */
#ifndef MMCONDENSE_MPEG4_H
#define MMCONDENSE_MPEG4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mpeg4_tables.h"

/* How the parse of a VOP went.  After anything but the first two there are no vectors. */
typedef enum {
    MPEG4_OK,
    MPEG4_INEXACT_END, /* a warning: the macroblocks do not end at the VOP's stuffing */
    MPEG4_NO_ANCHORS,  /* a B-VOP after a seek or a damaged anchor */
    /* Damaged data */
    MPEG4_NO_HEADER,
    MPEG4_TRUNCATED,
    MPEG4_BAD_MARKER,
    MPEG4_BAD_SIZE,
    MPEG4_BAD_RESOLUTION,
    MPEG4_BAD_TIME,
    MPEG4_BAD_QUANTISER,
    MPEG4_BAD_FCODE,
    MPEG4_BAD_PACKET,
    MPEG4_BAD_MCBPC,
    MPEG4_BAD_CBPY,
    MPEG4_BAD_MB_TYPE,
    MPEG4_BAD_VECTOR,
    MPEG4_BAD_DC,
    MPEG4_BAD_COEFFICIENT,
    MPEG4_TOO_MANY_COEFFICIENTS,
    MPEG4_NO_MEMORY,
    /* Tools of the standard that are not read */
    MPEG4_SHAPE,
    MPEG4_CHROMA_FORMAT,
    MPEG4_INTERLACED,
    MPEG4_STATIC_SPRITE,
    MPEG4_GMC,
    MPEG4_NOT_8_BIT,
    MPEG4_COMPLEXITY_ESTIMATION,
    MPEG4_DATA_PARTITIONING,
    MPEG4_NEWPRED,
    MPEG4_REDUCED_RESOLUTION,
    MPEG4_SCALABILITY,
    MPEG4_SHORT_HEADER,
    MPEG4_STATUS_COUNT
} mpeg4_status;

enum { MPEG4_FIRST_UNSUPPORTED = MPEG4_SHAPE };

/* One sentence about a status. */
const char *mpeg4_message(mpeg4_status status);

/* The mode says which vectors count: forward for SKIPPED, FORWARD, FORWARD_4MV, BIDIRECTIONAL and
 * DIRECT; backward for BACKWARD, BIDIRECTIONAL and DIRECT.  All others are 0. */
typedef enum {
    MPEG4_SKIPPED, /* no bits: a copy of the past anchor */
    MPEG4_INTRA,
    MPEG4_FORWARD,
    MPEG4_FORWARD_4MV,
    MPEG4_BACKWARD,
    MPEG4_BIDIRECTIONAL,
    MPEG4_DIRECT
} mpeg4_mode;

typedef struct {
    int16_t x, y; /* as coded: prediction(p) = reference(p + vector) */
} mpeg4_vector;

/* What one VOP says, in one piece of memory and in this order.
 * Blocks are 8x8: [2 * mb_height][2 * mb_width]; macroblocks [mb_height][mb_width]. */
typedef struct {
    void *memory;
    size_t size; /* bytes */
    mpeg4_vector *forward, *backward;
    uint32_t *bits;         /* of the macroblock, packet headers not counted */
    uint16_t *coefficients; /* coded ones; an intra DC of its own code does not count */
    uint8_t *mode, *quantiser;
} mpeg4_picture;

typedef struct {
    mpeg4_status status;
    uint64_t error_bit; /* from the packet's first bit; only if the status is not MPEG4_OK */
    char type;          /* 'I', 'P', 'B', 'S', or '?' if the VOP ends before its type */
    bool coded;         /* false: a placeholder that shows no picture of its own */
    int64_t ticks;      /* display time; only differences mean anything after a seek */
    const mpeg4_picture *picture; /* until the next call; NULL without vectors */
} mpeg4_vop;

/* Video object layer: what holds for all VOPs until the next one. */
typedef struct {
    mpeg4_status status; /* MPEG4_NO_HEADER before the first */
    int width, height;   /* pixels */
    int mb_width, mb_height;
    int ticks_per_second;
    int time_bits; /* of vop_time_increment */
    bool quarter_sample; /* vectors in quarter instead of half pixels */
    bool resync_markers;
} mpeg4_layer;

typedef struct mpeg4_parser mpeg4_parser;

/* NULL without memory.  tables: built once for all parsers, and not copied.  skip_i_vops: of I-VOPs,
 * which have no vectors, only headers are read; their macroblocks are intra, of quantiser, bits and
 * coefficients 0. */
mpeg4_parser *mpeg4_new(const mpeg4_tables *tables, bool skip_i_vops);
void mpeg4_free(mpeg4_parser *parser);

/* Forget the anchors: call it after a seek. */
void mpeg4_reset(mpeg4_parser *parser);

const mpeg4_layer *mpeg4_get_layer(const mpeg4_parser *parser);

/* Reads on from *offset, through headers, to the end of the next VOP.  False if there is no more.
 * For a container's extradata too, which has headers only. */
bool mpeg4_next_vop(mpeg4_parser *parser, const uint8_t *data, size_t size, size_t *offset,
                    mpeg4_vop *vop);

enum { MPEG4_UNUSED = 255 };

/* One direction's vectors times `scale`, and the anchor that they point into (0 past, 1 future,
 * MPEG4_UNUSED), per 8x8 block that the frame covers: [ceil(height / 8)][ceil(width / 8)], two
 * vector components each. */
void mpeg4_cells(const mpeg4_picture *picture, bool backward, int height, int width, int scale,
                 int16_t *vectors, uint8_t *slots);

#endif
