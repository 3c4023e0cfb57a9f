/* Motion of HEVC video (ITU-T H.265, ISO/IEC 23008-2), read without decoding a pixel.
 *
 * In: the bytes of packets in decoding order.  Out, picture after picture: what its headers say,
 * and, where asked for, the vectors of both lists on a grid of 4x4 cells with the pictures that
 * they point to, and what each coding tree unit cost. */
#ifndef COMPRESSEDVIDEO_HEVC_H
#define COMPRESSEDVIDEO_HEVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hevc_tables.h"
#include "record.h"

/* How the parse of a picture went.  After anything but the first two there are no vectors. */
typedef enum {
    HEVC_OK,
    HEVC_INEXACT_END, /* a warning: a slice or substream does not end where its data does */
    /* Not this picture's fault */
    HEVC_NO_KEY,
    HEVC_SKIPPED_LEADING,
    HEVC_NO_COLOCATED,
    /* Damaged data */
    HEVC_NO_PARAMETERS,
    HEVC_TRUNCATED,
    HEVC_BAD_SPS,
    HEVC_BAD_PPS,
    HEVC_BAD_TILES,
    HEVC_BAD_SLICE,
    HEVC_LOST_SLICE,
    HEVC_BAD_REFERENCE_SET,
    HEVC_NO_REFERENCES,
    HEVC_TOO_MANY_PICTURES,
    HEVC_BAD_ARITHMETIC_CODE,
    HEVC_BAD_COEFFICIENT,
    HEVC_BAD_VECTOR,
    HEVC_BAD_SUBSTREAM,
    HEVC_OVERRUN,
    HEVC_MISSING_UNITS,
    HEVC_NO_MEMORY,
    /* Tools of the standard that are not read */
    HEVC_EXTENDED_PRECISION,
    HEVC_BYPASS_ALIGNMENT,
    HEVC_SCREEN_CONTENT,
    HEVC_SEPARATE_PLANES,
    HEVC_TOO_LARGE,
    HEVC_STATUS_COUNT
} hevc_status;

enum { HEVC_FIRST_UNSUPPORTED = HEVC_EXTENDED_PRECISION };

/* One sentence about a status. */
const char *hevc_message(hevc_status status);

enum { HEVC_MAX_REFERENCES = 32 }; /* pictures that one picture may name */
enum { HEVC_NO_SLOT = 255 };

/* The motion of a parsed picture; see hevc_motion.c. */
typedef struct {
    int height, width; /* pixels, of the visible frame */
    int cell;          /* 8 if no prediction block of this picture is smaller, else 4 */
    int ctb_size, ctb_rows, ctb_columns; /* that cover it, from the one of its first pixel on */
    int num_pictures;
    int32_t pictures[HEVC_MAX_REFERENCES]; /* picture numbers that slots name, -1: missing */
} hevc_motion;

typedef struct {
    picture_record record; /* but for `packet`, which the caller counts */
    int32_t references[HEVC_MAX_REFERENCES]; /* record.num_references of them */
    hevc_status status;
    uint64_t error_bit; /* from the packet's first bit; only if the status is not HEVC_OK */
    bool has_motion;    /* until the next call hevc_get_motion() and hevc_put_motion() work */
} hevc_picture_info;

typedef struct hevc_parser hevc_parser;

typedef enum {
    HEVC_HEADERS, /* what the slice headers say */
    HEVC_MOTION,  /* vectors; of slices without any, headers only */
    HEVC_COSTS    /* vectors and costs */
} hevc_depth;

/* NULL without memory.  tables: built once for all parsers, and not copied.  extradata: hvcC, or
 * parameter sets behind start codes, or nothing. */
hevc_parser *hevc_new(const hevc_tables *tables, const uint8_t *extradata, size_t size);
void hevc_free(hevc_parser *parser);

/* Forget the pictures, and count them from 0 again: call it at a seek. */
void hevc_reset(hevc_parser *parser);

/* Reads on from *offset to the end of the next picture of a packet.  False if there is no more. */
bool hevc_next_picture(hevc_parser *parser, const uint8_t *data, size_t size, size_t *offset,
                       hevc_depth depth, hevc_picture_info *picture);

void hevc_get_motion(const hevc_parser *parser, hevc_motion *motion);

/* Quarter pixels, destination minus source: vectors [2][rows][columns][2], 0 where none; slots
 * [2][rows][columns] index motion->pictures, or HEVC_NO_SLOT. */
void hevc_put_motion(const hevc_parser *parser, const hevc_motion *motion, int16_t *vectors,
                     uint8_t *slots);

/* [ctb_rows][ctb_columns] each: bits of the coding tree unit, coefficients that are not 0, and the
 * sum of their absolute levels. */
void hevc_put_costs(const hevc_parser *parser, const hevc_motion *motion, uint32_t *bits,
                    uint16_t *coefficients, uint32_t *levels);

#endif
