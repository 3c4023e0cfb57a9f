/* What the files of the parser share: its state, and one declaration per syntax element.
 *
 * The files follow the order of ISO/IEC 14496-2.  Clause 6.2 gives the syntax: headers in
 * mpeg4_headers.c, video packets, macroblocks and blocks in mpeg4_macroblocks.c; functions bear its
 * names.  Clause 7.6 makes vectors of the codes: mpeg4_vectors.c.  Annex B: mpeg4_tables.h.
 *
 * A function that returns false has called fail(), which keeps the first status and its position. */
#ifndef MMCONDENSE_MPEG4_PARSER_H
#define MMCONDENSE_MPEG4_PARSER_H

#include "mpeg4.h"
#include "mpeg4_bits.h"

enum { I_VOP, P_VOP, B_VOP, S_VOP };         /* vop_coding_type */
enum { FORWARD, BACKWARD, NUM_DIRECTIONS };  /* of a vector */
enum { QUANTISER_BITS = 5, QUANTISER_MAX = 31 };

struct mpeg4_parser {
    const mpeg4_tables *tables;
    bool skip_i_vops;
    mpeg4_layer layer;
    int visual_object_verid;

    /* Kept from VOP to VOP */
    mpeg4_picture current, anchor;     /* being parsed; the last I- or P-VOP */
    int num_anchors;                   /* parsed since the last reset, at most 2 */
    int64_t time_base, last_time_base; /* seconds: of the last anchor, of the one before */
    int64_t anchor_ticks;              /* display time of the last anchor */
    int64_t anchor_distance;           /* TRD: ticks from the anchor before to the last */

    /* The VOP being parsed */
    bit_reader bits;
    mpeg4_status status;
    uint64_t error_bit;
    int coding_type;
    int64_t ticks;         /* its display time */
    int64_t past_distance; /* TRB of a B-VOP: ticks from its past anchor */
    int intra_dc_limit;    /* quantiser from which an intra DC is coded like an AC coefficient */
    int fcode[NUM_DIRECTIONS];
    int quantiser;
    int packet_start;    /* number of the video packet's first macroblock */
    mpeg4_vector last_vector[NUM_DIRECTIONS]; /* the predictions in a B-VOP */
    int mb, mb_x, mb_y; /* the macroblock being parsed */
};

static inline bool fail(mpeg4_parser *p, mpeg4_status status)
{
    if (p->status == MPEG4_OK) {
        p->status = status;
        p->error_bit = p->bits.position;
    }
    return false;
}

static inline bool marker_bit(mpeg4_parser *p)
{
    return bits_read(&p->bits, 1) || fail(p, MPEG4_BAD_MARKER);
}

/* The value of the next code, or -1 after fail(). */
static inline int next_symbol(mpeg4_parser *p, const symbol *table, int index_bits,
                              mpeg4_status status)
{
    symbol next = table[bits_peek(&p->bits, index_bits)];
    if (next.length == 0) {
        fail(p, status);
        return -1;
    }
    bits_skip(&p->bits, next.length);
    return next.value;
}

/* Bits that hold 0 to count - 1; at least 1. */
static inline int bits_for(int count)
{
    int bits = 1;
    while ((count - 1) >> bits)
        bits++;
    return bits;
}

/* mpeg4.c */
bool allocate_pictures(mpeg4_parser *p, const mpeg4_layer *layer);

/* mpeg4_headers.c */
void visual_object(mpeg4_parser *p);
void video_object_layer(mpeg4_parser *p);
void group_of_vop(mpeg4_parser *p);
bool video_object_plane(mpeg4_parser *p, bool *coded);
bool vop_quant(mpeg4_parser *p);

/* mpeg4_macroblocks.c */
bool motion_shape_texture(mpeg4_parser *p);

/* mpeg4_vectors.c: the vectors of the macroblock, into the current picture */
bool p_vectors(mpeg4_parser *p, int count);
bool b_vectors(mpeg4_parser *p, bool forward, bool backward);
bool direct_vectors(mpeg4_parser *p, bool has_delta);

#endif
