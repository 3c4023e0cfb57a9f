/* Motion vectors of VP9 video, read without decoding a pixel.
 *
 * In: packets in decoding order, from a key frame on.  Out, picture after picture: the vectors and
 * references of its cells.  Each frame starts from the probabilities that the one before left, so
 * that all since the key frame have to be parsed. */
#ifndef COMPRESSEDVIDEO_VP9_H
#define COMPRESSEDVIDEO_VP9_H

#include "record_list.h"
#include "vp9_header.h"
#include "vp9_tables.h"

enum { VP9_NOT_USED = 255 }; /* in `slots`: there is no such prediction */

/* What a picture's symbols say.  Cells are [rows][columns] of the visible frame. */
typedef struct {
    int32_t picture; /* in decoding order, as in the records */
    vp9_status status;
    uint64_t bit;            /* of the packet, where the status was found */
    int cell, height, width; /* pixels; cell: 8 if no block predicted from others is smaller, or 4 */
    int num_pictures;
    int32_t pictures[3]; /* that `slots` names */
    void *memory;        /* holds what follows; NULL after an error, then they are NULL, too */
    size_t memory_size;
    int16_t *vectors;    /* [2][rows][columns][2], x and y: quarter pixels, target minus source */
    uint8_t *slots;      /* [2][rows][columns]: index into `pictures`, or VP9_NOT_USED */
    uint32_t *bits;      /* [block rows][block columns] of 8x8 pixels; NULL without costs */
    uint16_t *coefficients;
} vp9_motion;

/* How much of a shown picture's area stands still against a hidden one: one prediction, no vector */
typedef struct {
    int32_t picture, hidden;
    double share;
} vp9_still;

/* What came of some packets. */
typedef struct {
    vp9_motion *motions;
    size_t num_motions, motion_room;
    vp9_still *stills;
    size_t num_stills, still_room;
    bool out_of_memory;
} vp9_output;

void vp9_output_free(vp9_output *output);

typedef struct vp9_parser vp9_parser;

/* NULL without memory.  tables: built once for all parsers, and not copied. */
vp9_parser *vp9_new(const vp9_tables *tables);
void vp9_free(vp9_parser *parser);

/* Forget all pictures: numbers start anew, and the next frame has to be a key frame. */
void vp9_reset(vp9_parser *parser);

/* Appends a record for each frame of a packet.  Its blocks are not read: the next frame that is to
 * be parsed has to start anew. */
void vp9_read_headers(vp9_parser *parser, const uint8_t *packet, size_t size, record_list *list);

enum vp9_effort { VP9_HEADERS_ONLY, VP9_PARSE, VP9_WANTED, VP9_WANTED_WITH_COSTS };

/* Parses the frames of a packet; appends the motion of each new picture if it is wanted. */
void vp9_read_packet(vp9_parser *parser, const uint8_t *packet, size_t size,
                     enum vp9_effort effort, vp9_output *output);

#endif
