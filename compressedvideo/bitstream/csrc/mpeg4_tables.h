/* Flat lookup tables of the codes of ISO/IEC 14496-2, Annex B: the next bits of the stream are the
 * index, so that one look gives a symbol and its length. */
#ifndef MMCONDENSE_MPEG4_TABLES_H
#define MMCONDENSE_MPEG4_TABLES_H

#include <stdint.h>

/* Macroblock types of I- and P-VOPs (Tables B-6 and B-7), times 4: mcbpc adds cbpc. */
enum { INTER = 0, INTER_Q = 4, INTER4V = 8, INTRA = 12, INTRA_Q = 16, STUFFING = 20 };

/* Table 6-21: quantisers from which intra_dc_vlc_thr has the DC coded like an AC coefficient. */
extern const uint8_t INTRA_DC_LIMIT[8];

/* Width of each flat table's index: the longest code of its tables, without a sign bit. */
enum { MCBPC_BITS = 9, CBPY_BITS = 6, MV_DATA_BITS = 12, DC_SIZE_BITS = 12, TCOEF_BITS = 12 };

enum { TCOEF_MAX_LENGTH = TCOEF_BITS + 1, TCOEF_MAX_LEVEL = 27 };

typedef struct {
    uint8_t length; /* 0: no code starts like this */
    uint8_t value;
} symbol;

typedef struct {
    uint8_t length; /* with the sign bit; 0: no code starts like this */
    uint8_t last, run;
    uint8_t level; /* 0: the escape code */
} coefficient_symbol;

/* The events that the next bits hold whole, up to one with `last`. */
typedef struct {
    uint8_t length; /* of all, with their sign bits */
    uint8_t count;  /* 0: the escape code, or no code, of this length */
    uint8_t places; /* that they fill in the block: 1 and the run of each */
    uint8_t last;
} coefficient_events;

typedef struct {
    coefficient_symbol symbols[1 << TCOEF_BITS];
    coefficient_events events[1 << TCOEF_BITS];
    uint8_t max_run[2][TCOEF_MAX_LEVEL + 1]; /* [last][level]; Tables B-21 and B-22 say the same */
} coefficient_table;

typedef struct {
    symbol mcbpc_i[1 << MCBPC_BITS], mcbpc_p[1 << MCBPC_BITS], cbpy[1 << CBPY_BITS];
    symbol mv_data[1 << MV_DATA_BITS];
    symbol dc_size[2][1 << DC_SIZE_BITS]; /* luminance, chrominance */
    coefficient_table intra, inter;
} mpeg4_tables;

void build_tables(mpeg4_tables *tables);

#endif
