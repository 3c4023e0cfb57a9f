/* What the files of the parser share: its state, and one declaration per syntax element.
 *
 * The files follow the VP9 bitstream specification, version 0.7.  Clause 6 gives the syntax: the
 * uncompressed header in vp9_headers.c, the compressed one in vp9_compressed_header.c, tiles,
 * partitions and blocks in vp9_tiles.c, modes in vp9_modes.c and vp9_inter_modes.c, coefficients in
 * vp9_residual.c, vectors in vp9_vectors.c; functions bear its names.  Clause 8.4 adapts
 * probabilities: vp9_adaptation.c.
 *
 * A function that returns false has called fail(), which keeps the first status. */
#ifndef COMPRESSEDVIDEO_VP9_PARSER_H
#define COMPRESSEDVIDEO_VP9_PARSER_H

#include "bool_decoder.h"
#include "vp9.h"

enum {
    BLOCK_4X4, BLOCK_4X8, BLOCK_8X4, BLOCK_8X8, BLOCK_8X16, BLOCK_16X8, BLOCK_16X16, BLOCK_16X32,
    BLOCK_32X16, BLOCK_32X32, BLOCK_32X64, BLOCK_64X32, BLOCK_64X64
};
enum { PARTITION_NONE, PARTITION_HORIZONTAL, PARTITION_VERTICAL, PARTITION_SPLIT };
enum { DC_PRED, TM_PRED = 9, NEARESTMV, NEARMV, ZEROMV, NEWMV, NUM_MODES }; /* intra, then inter */
enum { TX_MODE_SELECT = 4 };
enum { SINGLE_REFERENCE, COMPOUND_REFERENCE, REFERENCE_MODE_SELECT };
enum { ANY_REFERENCE_FILTER = 3 }; /* as a context: no filter to go by */

/* Width and height by block size: the logarithm in 4 pixels; in 8 pixels, at least 1. */
extern const uint8_t vp9_width4_log2[VP9_NUM_BLOCK_SIZES], vp9_height4_log2[VP9_NUM_BLOCK_SIZES];
extern const uint8_t vp9_width8[VP9_NUM_BLOCK_SIZES], vp9_height8[VP9_NUM_BLOCK_SIZES];
extern const uint8_t vp9_largest_tx[VP9_NUM_BLOCK_SIZES];

typedef struct {
    int16_t row, column; /* eighths of a pixel; prediction(p) = reference(p + vector) */
} vp9_vector;

static inline bool same_vector(vp9_vector a, vp9_vector b)
{
    return a.row == b.row && a.column == b.column;
}

typedef struct {
    vp9_vector vectors[4][2]; /* [quarter][prediction]; above 4x4 quarters are alike */
    uint8_t references[2];    /* VP9_INTRA_FRAME to VP9_ALTREF; [1] is 0 without a second */
    uint8_t size, mode;       /* mode: of the last quarter */
    uint8_t sub_modes[4];     /* intra modes of the quarters */
    uint8_t tx_size, segment, filter;
    bool is_inter;
    bool skip; /* no coefficients: for the contexts of those to come */
    uint32_t bits, coefficients;
} vp9_block;

/* How often each symbol was read in a frame */
typedef struct {
    uint32_t sign[2], classes[11], class0[2], bits[10][2], class0_fraction[2][4], fraction[4];
    uint32_t class0_hp[2], hp[2];
} vp9_component_counts;

enum { ZERO_TOKEN, ONE_TOKEN, MORE_TOKEN, END_TOKEN };

typedef struct {
    uint32_t tx_8x8[2][2], tx_16x16[2][3], tx_32x32[2][4];
    uint32_t tokens[VP9_NUM_TX_SIZES][2][2][6][6][4]; /* ZERO_TOKEN to END_TOKEN */
    uint32_t more[VP9_NUM_TX_SIZES][2][2][6][6];      /* how often more_coefs was read */
    uint32_t skip[3][2];
    uint32_t inter_mode[7][4], interpolation[4][3];
    uint32_t is_inter[4][2], comp_mode[5][2], single_ref[5][2][2], comp_ref[5][2];
    uint32_t y_mode[4][10], uv_mode[VP9_NUM_INTRA_MODES][10], partition[16][4];
    uint32_t joint[4];
    vp9_component_counts component[2];
} vp9_counts;

/* The last parsed frame, for what the next one takes from it */
typedef struct {
    bool valid, shown, intra_only, key;
    int width, height;
} vp9_last_frame;

struct vp9_parser {
    const vp9_tables *tables;
    vp9_tracker tracker;
    bool lost;                /* probabilities are unknown: after an error or a frame left out */
    vp9_probs saved[4];       /* frame contexts */
    vp9_last_frame last;

    /* Arrays of [rows][columns] 8x8 blocks */
    int rows, columns;
    vp9_block *blocks[2];     /* of this frame and of the last, in order of parsing */
    vp9_block **grid[2];      /* the block that covers an 8x8 block */
    int current;              /* which of the two is this frame's */
    int num_blocks;
    uint8_t *segment_map[2];
    int current_map;          /* which is written; the other is predicted from */

    /* The frame being parsed */
    vp9_status status;
    uint64_t error_bit;       /* of the packet */
    const uint8_t *packet;
    const vp9_header *header;
    bool intra;               /* all blocks are: key and intra-only frames */
    bool use_last_vectors;
    bool has_small;           /* an inter block below 8x8 */
    bool counting;            /* symbols, because the probabilities adapt */
    bool inexact;             /* a partition has not ended where its symbols did */
    vp9_probs probs;
    vp9_counts counts;
    int tx_mode, reference_mode;
    bool compound_allowed;
    int fixed_reference, variable_references[2]; /* of compound prediction */

    /* The tile, and what its blocks leave to those below and to the right */
    bool_decoder bits;
    int tile_start, tile_stop;             /* columns */
    uint8_t *above_nonzero[3];             /* [plane][4x4 column] */
    uint8_t *above_partition, *above_segment_predicted;
    uint8_t left_nonzero[3][16 + 16], left_partition[8], left_segment_predicted[8];

    /* The block */
    int row, column;                       /* in 8x8 blocks */
    const vp9_block *above, *left;         /* NULL outside the tile */
    uint8_t token_cache[1024];             /* sizes of coefficients, for contexts */
};

static inline bool fail(vp9_parser *p, vp9_status status)
{
    if (p->status == VP9_OK) {
        p->status = status;
        int64_t left = bool_bits_left(&p->bits);
        p->error_bit = 8 * (uint64_t)(p->bits.end - p->packet) - (uint64_t)(left > 0 ? left : 0);
    }
    return false;
}

/* A symbol of one of the trees (9.3). */
static inline int read_tree(bool_decoder *bits, const int8_t *tree, const uint8_t *probs)
{
    int node = 0;
    do
        node = tree[node + bool_read(bits, probs[node >> 1])];
    while (node > 0);
    return -node;
}

/* 6.4.9 seg_feature_active */
static inline bool segment_has(const vp9_parser *p, int segment, int feature)
{
    const vp9_segmentation *s = &p->header->segmentation;
    return s->enabled && s->feature_enabled[segment][feature];
}

/* vp9_compressed_header.c */
bool vp9_open_partition(vp9_parser *p, const uint8_t *data, size_t size);
bool vp9_close_partition(vp9_parser *p);
bool vp9_compressed_header(vp9_parser *p, const uint8_t *data, size_t size);

/* vp9_adaptation.c */
void vp9_adapt(vp9_parser *p);

/* vp9_tiles.c */
bool vp9_decode_tiles(vp9_parser *p, const uint8_t *data, size_t size);

/* vp9_modes.c */
void vp9_intra_frame_mode_info(vp9_parser *p, vp9_block *block);
bool vp9_inter_frame_mode_info(vp9_parser *p, vp9_block *block);

/* vp9_inter_modes.c */
bool vp9_inter_block_mode_info(vp9_parser *p, vp9_block *block);

/* vp9_contexts.c: contexts of the symbols that choose references */
int vp9_comp_mode_context(const vp9_parser *p);
int vp9_comp_ref_context(const vp9_parser *p);
int vp9_single_ref_p1_context(const vp9_parser *p);
int vp9_single_ref_p2_context(const vp9_parser *p);

/* vp9_vectors.c */
int vp9_inter_mode_context(const vp9_parser *p, const vp9_block *block);
void vp9_find_vectors(const vp9_parser *p, const vp9_block *block, int reference, int quarter,
                      int needed, vp9_vector found[2]);
vp9_vector vp9_lower_precision(const vp9_parser *p, vp9_vector vector);
vp9_vector vp9_read_vector(vp9_parser *p, vp9_vector best);

/* vp9_residual.c: true if there is any coefficient */
bool vp9_residual(vp9_parser *p, vp9_block *block);

/* vp9_cells.c: false without memory */
bool vp9_export_motion(const vp9_parser *p, bool with_costs, vp9_motion *motion);
bool vp9_export_stills(const vp9_parser *p, vp9_output *output);

#endif
