/* Scan orders and what follows from them: clauses 6.4.1, 6.5.3 to 6.5.5 and 9.3.4.2.5. */
#ifndef COMPRESSEDVIDEO_HEVC_TABLES_H
#define COMPRESSEDVIDEO_HEVC_TABLES_H

#include <stdint.h>

enum { HEVC_DIAGONAL, HEVC_HORIZONTAL, HEVC_VERTICAL, HEVC_NUM_SCANS }; /* scanIdx */

typedef struct {
    /* Squares of 1 << log2: the place x | y << 3 of each scan position, and the other way round */
    uint8_t scan[4][HEVC_NUM_SCANS][64], position[4][HEVC_NUM_SCANS][64];
    /* sigCtx by scan position within a sub-block: of 4x4 transform blocks, and of larger ones by
     * whether the sub-blocks to the right (1) and below (2) are coded */
    uint8_t significance_4x4[HEVC_NUM_SCANS][16];
    uint8_t significance[4][HEVC_NUM_SCANS][16];
    uint8_t z_order[256]; /* of 4x4 blocks in a coding tree block: [y << 4 | x] */
} hevc_tables;

void hevc_build_tables(hevc_tables *tables);

#endif
