/* What the files that read macroblocks share: the state of a slice while its data is read.
 *
 * Clause 7.3.4 and 7.3.5 of ITU-T H.264 give the syntax: h264_macroblocks.c; its elements are in
 * h264_elements.h, coefficients in h264_residual.h.  Clause 8.4.1 makes vectors: h264_vectors.c and
 * h264_direct.c. */
#ifndef COMPRESSEDVIDEO_H264_MACROBLOCKS_H
#define COMPRESSEDVIDEO_H264_MACROBLOCKS_H

#include <string.h>

#include "h264_pictures.h"
#include "h264_status.h"
#include "h264_tables.h"

enum { /* flags of a macroblock */
    MB_INTRA = 1,
    MB_SKIPPED = 2,
    MB_DIRECT = 4, /* B_Skip or B_Direct_16x16 */
    MB_PCM = 8,
    MB_TRANSFORM_8X8 = 16,
    MB_I_NXN = 32 /* I_4x4 or I_8x8 */
};

/* What the macroblocks to the right and below need of one. */
typedef struct h264_neighbour {
    int32_t slice; /* counts all slices: only macroblocks of the same one are available */
    uint8_t flags;
    uint8_t coded_block_pattern; /* luminance in the low 4 bits, chroma above */
    uint8_t coded_dc;            /* bit 0: the DC of Intra_16x16; 1, 2: of Cb and Cr */
    uint8_t chroma_mode;         /* intra_chroma_pred_mode */
    uint8_t reference_above_0[2];  /* [list], a bit for each 8x8 block; none where direct */
    uint8_t counts[3][16];         /* coefficients of each 4x4 block that are not 0 */
    uint8_t differences[2][16][2]; /* [list][4x4 block]: |mvd_l0| and |mvd_l1|, x and y */
    uint8_t unused[6]; /* up to two cache lines */
} h264_neighbour;

enum { MAX_DIFFERENCE = 99 }; /* larger ones are stored as this: the sum of two decides */

typedef struct h264_reader {
    /* The slice */
    const h264_tables *tables;
    const h264_slice *slice;
    int32_t number; /* of the slice, from 1 */
    bool is_b, is_i;
    int chroma; /* ChromaArrayType */
    bool x264_contexts; /* 4:4:4 of x264 before core 151 */
    int num_ref_idx[2];
    uint8_t slots[2][H264_MAX_LIST]; /* of the lists' entries */
    const h264_motion *colocated;    /* of the first picture of list 1; NULL: unknown */
    bool colocated_is_intra, colocated_is_long_term;
    h264_status without_colocated; /* if it is needed and unknown */
    int temporal_scale[H264_MAX_LIST]; /* DistScaleFactor, or NO_SCALE */

    /* The picture */
    h264_motion *motion;
    int mb_width, mb_height;

    /* Where in its data */
    h264_status status;
    rbsp_reader bits;      /* CAVLC */
    arithmetic_decoder cabac;
    cabac_context contexts[CABAC_CONTEXTS];

    /* The macroblock */
    int mb, mb_x, mb_y;
    h264_neighbour *rows[2]; /* of macroblocks, this one and the one above; [1 + mb_width + 1] */
    h264_neighbour *current, *left, *above;
    bool has_left, has_above, has_above_left, has_above_right;
    int qp;
    bool last_qp_changed; /* mb_qp_delta of the macroblock before was not 0 */
    int coefficients;
    h264_vector *vectors[2];             /* the picture's, from the macroblock's corner on */
    h264_block_reference *references[2];
} h264_reader;

enum { NO_SCALE = 0x7fff };

/* 7.3.4: from the slice's first macroblock on; r->status says how it went. */
void h264_read_slice_data(h264_reader *r);

static inline bool h264_fail(h264_reader *r, h264_status status)
{
    if (r->status == H264_OK)
        r->status = status;
    return false;
}

/* ---------------------------------------------------------------- blocks of the macroblock */

static inline int vector_stride(const h264_reader *r)
{
    return 4 * r->mb_width;
}

static inline int reference_stride(const h264_reader *r)
{
    return 2 * r->mb_width;
}

/* x, y, width and height in 4x4 blocks, from the macroblock's corner on. */
static inline void fill_vectors(h264_reader *r, int list, int x, int y, int width, int height,
                                h264_vector vector)
{
    h264_vector *row = r->vectors[list] + y * vector_stride(r) + x;
    for (; height > 0; height--, row += vector_stride(r))
        for (int i = 0; i < width; i++)
            row[i] = vector;
}

/* Block: of 8x8 pixels, 0 to 3; index -1: none. */
static inline void set_reference(h264_reader *r, int list, int block, int index)
{
    h264_block_reference reference = {(int8_t)index, H264_NO_SLOT};
    if (index >= 0)
        reference.slot = r->slots[list][index];
    r->references[list][(block >> 1) * reference_stride(r) + (block & 1)] = reference;
}

static inline void set_references(h264_reader *r, int list, int index)
{
    for (int block = 0; block < 4; block++)
        set_reference(r, list, block, index);
}

/* ---------------------------------------------------------------- 8.4.1, vectors */

enum { PARTITION_UPPER, PARTITION_LOWER, PARTITION_LEFT, PARTITION_RIGHT, PARTITION_OTHER };

/* 8.4.1.3: of a partition at x, y (4x4 blocks) whose reference has been set. */
h264_vector h264_predict_vector(const h264_reader *r, int list, int x, int y, int width,
                                int partition);
/* 8.4.1.1 */
void h264_p_skip_motion(h264_reader *r);
/* 8.4.1.2, of the 8x8 blocks in a set of bits. */
void h264_direct_motion(h264_reader *r, int blocks);
/* Before the slice: where its direct blocks take vectors from, and how they are scaled. */
void h264_prepare_direct(h264_reader *r, const h264_picture *current,
                         h264_reference lists[2][H264_MAX_LIST + 1]);

/* 8.4.1.3.2: what stands left of, above and above right of a partition. */
enum { UNAVAILABLE = -2 };
typedef struct {
    int index[3]; /* reference indices; -1: not of this list, UNAVAILABLE */
    h264_vector vector[3];
} h264_candidates;

h264_candidates h264_vector_candidates(const h264_reader *r, int list, int x, int y, int width);
h264_vector h264_median_vector(const h264_candidates *candidates, int index);

#endif
