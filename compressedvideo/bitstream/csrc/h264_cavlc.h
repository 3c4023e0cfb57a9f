/* Coefficients of CAVLC (clause 9.2): how many there are and where they end, not what they are. */
#ifndef COMPRESSEDVIDEO_H264_CAVLC_H
#define COMPRESSEDVIDEO_H264_CAVLC_H

#include "rbsp.h"

enum {
    TOKEN_BITS = 10,
    TOKEN_LONG_ZEROS = 7,
    TOKEN_LONG_BITS = 9,
    TOKEN_420_BITS = 8,
    TOKEN_422_BITS = 13,
    TOTAL_ZEROS_BITS = 9,
    TOTAL_ZEROS_420_BITS = 3,
    TOTAL_ZEROS_422_BITS = 5,
    RUN_BEFORE_BITS = 3
};

typedef struct {
    uint8_t length; /* 0: no code starts like this */
    uint8_t value;
} vlc_symbol;

/* Flat tables: the next bits of the stream are the index. coeff_token is TotalCoeff << 2 |
 * TrailingOnes; [3]: by nC. */
typedef struct {
    vlc_symbol token[3][1 << TOKEN_BITS], token_long[3][1 << TOKEN_LONG_BITS];
    vlc_symbol token_420[1 << TOKEN_420_BITS], token_422[1 << TOKEN_422_BITS];
    vlc_symbol total_zeros[15][1 << TOTAL_ZEROS_BITS];
    vlc_symbol total_zeros_420[3][1 << TOTAL_ZEROS_420_BITS];
    vlc_symbol total_zeros_422[7][1 << TOTAL_ZEROS_422_BITS];
    vlc_symbol run_before[7][1 << RUN_BEFORE_BITS];
} h264_cavlc_tables;

void h264_build_cavlc(h264_cavlc_tables *tables);

/* Table 9-4: coded_block_pattern by its code: intra, inter. */
extern const uint8_t H264_PATTERNS_WITH_CHROMA[48][2], H264_PATTERNS_OF_LUMA[16][2];

/* nC of the chroma DC blocks; from 0 on it is the mean of the neighbours' counts. */
enum { CHROMA_DC_420 = -1, CHROMA_DC_422 = -2 };

/* 7.3.5.3.2: reads past a block of up to `max_count` coefficients.  Returns how many are not 0, or
 * -1 if there is no such code. */
int h264_cavlc_block(const h264_cavlc_tables *tables, rbsp_reader *bits, int nc, int max_count);

#endif
