#include "h264_cavlc.h"

/* ---------------------------------------------------------------- 9.2.1 how many */

static vlc_symbol coeff_token(const h264_cavlc_tables *tables, uint32_t next_16, int nc)
{
    if (nc == CHROMA_DC_420)
        return tables->token_420[next_16 >> (16 - TOKEN_420_BITS)];
    if (nc == CHROMA_DC_422)
        return tables->token_422[next_16 >> (16 - TOKEN_422_BITS)];
    if (nc >= 8) { /* 6 bits: TotalCoeff - 1 and TrailingOnes, or 000011 for none */
        uint32_t code = next_16 >> 10;
        return (vlc_symbol){6, (uint8_t)(code == 3 ? 0 : ((code >> 2) + 1) << 2 | (code & 3))};
    }
    int table = nc < 2 ? 0 : nc < 4 ? 1 : 2;
    if (next_16 >> TOKEN_LONG_BITS)
        return tables->token[table][next_16 >> (16 - TOKEN_BITS)];
    vlc_symbol symbol = tables->token_long[table][next_16];
    if (symbol.length > 0)
        symbol.length += TOKEN_LONG_ZEROS;
    return symbol;
}

/* ---------------------------------------------------------------- 9.2.2 levels */

/* 9.2.2.1, all levels but the trailing ones; false if a prefix is too long. Only their magnitudes
 * matter, since they say how many bits the next suffix has. */
static bool levels(rbsp_reader *bits, int total, int trailing_ones)
{
    enum { LONGEST_PREFIX = 25 };
    int suffix_length = total > 10 && trailing_ones < 3;
    for (int i = trailing_ones; i < total; i++) {
        uint64_t ahead = rbsp_ahead(bits);
        int prefix = leading_zeros_64(ahead);
        if (prefix > LONGEST_PREFIX)
            return false;
        bits->position += (uint64_t)prefix + 1;
        int size = prefix == 14 && suffix_length == 0 ? 4
                   : prefix >= 15                     ? prefix - 3
                                                      : suffix_length;
        int code = (prefix < 15 ? prefix : 15) << suffix_length;
        if (size > 0) {
            code += (int)(ahead << (prefix + 1) >> (64 - size)); /* at most 26 and 22 bits */
            bits->position += (uint64_t)size;
        }
        if (prefix >= 15 && suffix_length == 0)
            code += 15;
        if (prefix >= 16)
            code += (1 << (prefix - 3)) - 4096;
        if (i == trailing_ones && trailing_ones < 3)
            code += 2;
        int magnitude = (code + 2) >> 1;
        if (suffix_length == 0)
            suffix_length = 1;
        if (magnitude > 3 << (suffix_length - 1) && suffix_length < 6)
            suffix_length++;
    }
    return true;
}

/* ---------------------------------------------------------------- 9.2.3 zeros between */

static vlc_symbol total_zeros(const h264_cavlc_tables *tables, uint32_t next_16, int nc, int total)
{
    if (nc == CHROMA_DC_420)
        return tables->total_zeros_420[total - 1][next_16 >> (16 - TOTAL_ZEROS_420_BITS)];
    if (nc == CHROMA_DC_422)
        return tables->total_zeros_422[total - 1][next_16 >> (16 - TOTAL_ZEROS_422_BITS)];
    return tables->total_zeros[total - 1][next_16 >> (16 - TOTAL_ZEROS_BITS)];
}

static bool runs(const h264_cavlc_tables *tables, rbsp_reader *bits, int total, int zeros)
{
    for (int i = 1; i < total && zeros > 0; i++) {
        uint64_t ahead = rbsp_ahead(bits);
        vlc_symbol run =
            tables->run_before[(zeros < 7 ? zeros : 7) - 1][ahead >> (64 - RUN_BEFORE_BITS)];
        if (run.length == 0) { /* three zeros: 7 to 14 by the place of the 1 */
            int leading = leading_zeros_64(ahead);
            run = (vlc_symbol){(uint8_t)(leading + 1), (uint8_t)(leading + 4)};
        }
        if (run.value > zeros)
            return false;
        bits->position += run.length;
        zeros -= run.value;
    }
    return true;
}

int h264_cavlc_block(const h264_cavlc_tables *tables, rbsp_reader *bits, int nc, int max_count)
{
    vlc_symbol token = coeff_token(tables, (uint32_t)(rbsp_ahead(bits) >> 48), nc);
    int total = token.value >> 2, trailing_ones = token.value & 3;
    if (token.length == 0 || total > max_count)
        return -1;
    bits->position += token.length;
    if (total == 0)
        return 0;
    bits->position += (uint64_t)trailing_ones; /* their signs */
    if (!levels(bits, total, trailing_ones))
        return -1;
    if (total < max_count) {
        vlc_symbol zeros = total_zeros(tables, (uint32_t)(rbsp_ahead(bits) >> 48), nc, total);
        if (zeros.length == 0 || zeros.value + total > max_count)
            return -1;
        bits->position += zeros.length;
        if (!runs(tables, bits, total, zeros.value))
            return -1;
    }
    return total;
}
