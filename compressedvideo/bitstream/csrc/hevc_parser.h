/* What the files of the parser share: its state.
 *
 * Parameter sets: hevc_parameters.c, hevc_vui.c, hevc_reference_set.c.  Slice headers:
 * hevc_slice.c.  Order counts and lists: hevc_pictures.c.  Pictures out of NAL units: hevc_units.c,
 * hevc_picture.c.  Slice data in the order of clause 7.3.8: hevc_slice_data.c, hevc_quadtree.c,
 * hevc_prediction.c, hevc_transform.c, hevc_residual.c.  Vectors, clause 8.5.3: hevc_merge.c,
 * hevc_amvp.c, hevc_temporal.c.  What becomes of them: hevc_motion.c.
 *
 * Coding tree units are parsed without looking whether the data make sense, as long as nothing
 * breaks: past the data there are zeros.  After each, hevc_slice_data.c looks at `status`. */
#ifndef COMPRESSEDVIDEO_HEVC_PARSER_H
#define COMPRESSEDVIDEO_HEVC_PARSER_H

#include "cabac.h"
#include "hevc.h"
#include "hevc_contexts.h"
#include "hevc_pictures.h"

enum { HEVC_NO_REFERENCE = -1 };

/* The motion of 4x4 pixels.  What is not used is 0, so that equal motion has equal bytes. */
typedef struct {
    hevc_vector vector[2];
    int8_t reference[2]; /* refIdx, or HEVC_NO_REFERENCE; both: intra */
    uint8_t unused[6];   /* 16 bytes are copied at once */
} hevc_cell;

/* What the coding tree unit cost. */
typedef struct {
    uint32_t bits;
    uint32_t levels;       /* sum of absolute values */
    uint32_t coefficients; /* that are not 0 */
} hevc_costs;

/* The picture that is parsed, by coding tree block in raster scan and by 4x4 or 8x8 pixels.  Blocks
 * at the right and lower border reach beyond the picture. */
typedef struct {
    const hevc_sps *sps; /* of the picture */
    const hevc_pps *pps;
    int ctb_rows, ctb_columns, log2_ctb; /* that the memory is for */
    int cells_per_row;
    hevc_cell *cells;       /* of CTBs that are not parsed yet, those of some picture before */
    int32_t *slice_address; /* SliceAddrRs of the slice that holds the CTB, -1: none yet */
    uint32_t *lists_of_ctb; /* index into `lists` */
    hevc_costs *costs;
    int32_t *address_ts, *address_rs; /* CtbAddrRsToTs, CtbAddrTsToRs: clause 6.5.1 */
    int32_t *tile;                    /* TileId, but by raster scan address */
    int32_t *tile_column_start;       /* of each column: the first CTB column of its tile */
    /* What neighbours above are asked for: ct_depth and cu_skip_flag by 8, IntraPredModeY by 4
     * pixels.  Only legal values, whatever the slices' order. */
    uint8_t *above_depth, *above_skip, *above_mode;
    hevc_lists *lists; /* of each slice */
    size_t num_lists, lists_capacity;
    int num_parsed;   /* CTBs */
    bool skips_slices; /* some have no motion, and were left out */
    bool has_small_blocks;
    bool is_intra; /* so far no slice but I-slices */
} hevc_frame;

/* PartMode, Table 7-10 */
enum {
    PART_2Nx2N,
    PART_2NxN,
    PART_Nx2N,
    PART_NxN,
    PART_2NxnU,
    PART_2NxnD,
    PART_nLx2N,
    PART_nRx2N
};

/* ChromaArrayType: chroma_format_idc, as separate planes are refused */
enum { CHROMA_NONE = 0, CHROMA_422 = 2, CHROMA_444 = 3 };

/* The coding unit that is parsed. */
typedef struct {
    int x, y, log2_size, part_mode;
    bool is_intra, transquant_bypass;
    int max_transform_depth;
    bool intra_split;    /* IntraSplitFlag */
    bool inter_split;    /* interSplitFlag, at depth 0 */
    int luma_mode[4];    /* IntraPredModeY of each quarter; all the same without a split */
    int chroma_mode[4];  /* IntraPredModeC */
    bool chroma_is_luma[4]; /* intra_chroma_pred_mode is 4 */
} hevc_coding_unit;

struct hevc_parser {
    const hevc_tables *tables;
    int length_size; /* of hvcC; 0: start codes */
    hevc_sps sps_list[HEVC_MAX_SPS];
    hevc_pps pps_list[HEVC_MAX_PPS];
    hevc_buffer buffer;
    int32_t recovery; /* of the last recovery point message, -1: none */
    uint8_t *payload; /* of the NAL unit, without emulation prevention */
    size_t payload_capacity;
    size_t joined; /* nal_reader's, between the pictures of a packet */
    hevc_entry_points entries;
    int32_t references[HEVC_MAX_REFERENCES]; /* of the last picture */
    int num_references;

    /* The slice that is parsed */
    hevc_slice slice; /* the last segment's header */
    hevc_status status; /* of the picture */
    hevc_frame frame;
    const hevc_lists *lists;
    bool no_backward; /* no reference is displayed after the picture: NoBackwardPredFlag */
    const hevc_picture *collocated;
    cabac_reader cabac;
    hevc_contexts contexts, row_contexts, segment_contexts; /* the last two: 9.3.2.4 */

    /* The coding tree unit */
    int ctb, ctb_x, ctb_y; /* address in raster scan; place in CTBs */
    bool has_left, has_above; /* the CTB there is available */
    uint8_t left_depth[8], left_skip[8], left_mode[16];
    hevc_costs costs;
    bool is_qp_delta_coded, is_chroma_qp_offset_coded;
    hevc_coding_unit unit;
};

/* Keeps the first error; HEVC_OK is none. */
static inline void hevc_fail(hevc_parser *p, hevc_status status)
{
    if (status != HEVC_OK && p->status <= HEVC_INEXACT_END)
        p->status = status;
}

/* A bin of a context. */
CABAC_INLINE int hevc_bin(hevc_parser *p, int context)
{
    return cabac_bin(&p->cabac, p->contexts.state + context);
}

/* A prediction block of the coding unit. */
typedef struct {
    int x, y, width, height;
    int index; /* partIdx */
} hevc_block;

/* hevc_frame.c: memory of the picture, 6.5.1; false without memory or tiles that fit. */
hevc_status hevc_open_frame(hevc_parser *p, const hevc_sps *sps, const hevc_pps *pps);
void hevc_clear_cells(hevc_frame *frame); /* to intra */
void hevc_free_frame(hevc_frame *frame);
/* Memory for another slice's lists; NULL without. */
hevc_lists *hevc_add_lists(hevc_frame *frame);

/* hevc_slice_data.c: 7.3.8.1; the payload's size.  `unit` is the NAL unit from its payload on. */
void hevc_slice_segment_data(hevc_parser *p, size_t size, const uint8_t *unit, size_t unit_size);

/* hevc_quadtree.c: 7.3.8.2 */
void hevc_coding_tree_unit(hevc_parser *p);

/* hevc_prediction.c: 7.3.8.6; returns merge_flag. */
bool hevc_prediction_unit(hevc_parser *p, const hevc_block *block, bool is_skipped);
void hevc_fill_cells(hevc_parser *p, const hevc_block *block, const hevc_cell *cell);

/* hevc_transform.c: 7.3.8.8 */
void hevc_transform_tree(hevc_parser *p); /* of the coding unit */

/* hevc_residual.c: 7.3.8.11; mode is the intra prediction mode, or -1. */
void hevc_residual_coding(hevc_parser *p, int log2_size, bool is_chroma, int scan, int mode);

/* hevc_merge.c: 8.5.3.2.2 */
hevc_cell hevc_merge(hevc_parser *p, const hevc_block *block, int merge_idx);
/* hevc_amvp.c: 8.5.3.2.6 */
hevc_vector hevc_predict_vector(hevc_parser *p, const hevc_block *block, int list, int reference,
                                int mvp_flag);
/* hevc_temporal.c: 8.5.3.2.8; false if there is none. */
bool hevc_temporal_vector(const hevc_parser *p, const hevc_block *block, int list, int reference,
                          hevc_vector *vector);
hevc_vector hevc_scale_vector(hevc_vector vector, int64_t from, int64_t to);

/* hevc_motion.c: keeps what later pictures need; whether it is there. */
hevc_status hevc_close_frame(hevc_parser *p);
bool hevc_has_motion(const hevc_parser *p, const hevc_picture *picture);

#endif
