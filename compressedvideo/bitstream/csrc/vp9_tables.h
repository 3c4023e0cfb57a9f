/* The numbers of the VP9 specification: clause 10, and what follows from them. */
#ifndef COMPRESSEDVIDEO_VP9_TABLES_H
#define COMPRESSEDVIDEO_VP9_TABLES_H

#include <stdint.h>

enum { VP9_TX_4X4, VP9_TX_8X8, VP9_TX_16X16, VP9_TX_32X32, VP9_NUM_TX_SIZES };
enum { VP9_NUM_INTRA_MODES = 10, VP9_NUM_BLOCK_SIZES = 13, VP9_NUM_CANDIDATES = 8 };

/* Of one component of a vector */
typedef struct {
    uint8_t sign, classes[10], class0[1], bits[10], class0_fraction[2][3], fraction[3];
    uint8_t class0_hp, hp;
} vp9_component_probs;

/* Probabilities that frames change: 10.5 */
typedef struct {
    uint8_t tx_8x8[2][1], tx_16x16[2][2], tx_32x32[2][3];
    uint8_t coefficients[VP9_NUM_TX_SIZES][2][2][6][6][3]; /* [luma, chroma][intra, inter][band] */
    uint8_t skip[3];
    uint8_t inter_mode[7][3], interpolation[4][2];
    uint8_t is_inter[4], comp_mode[5], single_ref[5][2], comp_ref[5];
    uint8_t y_mode[4][9], uv_mode[VP9_NUM_INTRA_MODES][9], partition[16][3];
    uint8_t joint[3];
    vp9_component_probs component[2]; /* row, column */
} vp9_probs;

extern const vp9_probs vp9_default_probs;

/* Probabilities of intra frames, which do not change */
extern const uint8_t vp9_kf_y_mode_probs[VP9_NUM_INTRA_MODES][VP9_NUM_INTRA_MODES][9];
extern const uint8_t vp9_kf_uv_mode_probs[VP9_NUM_INTRA_MODES][9];
extern const uint8_t vp9_kf_partition_probs[16][3];

extern const uint8_t vp9_pareto[128][8];       /* of every second probability */
extern const uint8_t vp9_category6_probs[18];  /* the last 14, 16 or 18 by bit depth */

/* Where candidates of vector prediction lie, in 8x8 blocks: mv_ref_blocks of 6.5.1 */
extern const int8_t vp9_candidates[VP9_NUM_BLOCK_SIZES][VP9_NUM_CANDIDATES][2]; /* column, row */

/* Trees of clause 9.3: positive is the next pair, else minus the symbol */
extern const int8_t vp9_intra_mode_tree[18], vp9_partition_tree[6], vp9_inter_mode_tree[6];
extern const int8_t vp9_interpolation_tree[4], vp9_joint_tree[6], vp9_class_tree[20];
extern const int8_t vp9_fraction_tree[6];

enum { VP9_DEFAULT_SCAN, VP9_ROW_SCAN, VP9_COLUMN_SCAN, VP9_NUM_SCANS };

extern const uint16_t vp9_scans_4x4[VP9_NUM_SCANS][16], vp9_scans_8x8[VP9_NUM_SCANS][64];
extern const uint16_t vp9_scans_16x16[VP9_NUM_SCANS][256], vp9_scan_32x32[1024];

/* A coefficient in scan order, and the two before it that give its context. */
typedef struct {
    uint16_t position, neighbour[2];
    uint8_t first_context; /* of its band: six times the band's number */
} vp9_scan_step;

/* Built once for all parsers. */
typedef struct {
    vp9_scan_step steps_4x4[VP9_NUM_SCANS][16], steps_8x8[VP9_NUM_SCANS][64];
    vp9_scan_step steps_16x16[VP9_NUM_SCANS][256], steps_32x32[1024];
    const vp9_scan_step *steps[VP9_NUM_TX_SIZES][VP9_NUM_SCANS];
    uint8_t pareto[256][8]; /* by probability; 0 is not used */
} vp9_tables;

void vp9_build_tables(vp9_tables *tables);

#endif
