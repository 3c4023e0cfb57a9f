/* The arithmetic decoder of CABAC (clause 9.3) as H.264's macroblocks use it.
 *
 * It does what cabac.h does, with its tables, but branches where a symbol is the less probable one,
 * and its contexts are no characters: with cabac.h the whole parser takes 5 % longer. */
#ifndef COMPRESSEDVIDEO_H264_CABAC_H
#define COMPRESSEDVIDEO_H264_CABAC_H

#include "cabac.h"
#include "rbsp.h"

enum {
    CABAC_TABLES = 4, /* I slices, then cabac_init_idc 0 to 2 */
    CABAC_QPS = 52,
    CABAC_CONTEXTS = 1024
};

/* The state of a context: pStateIdx << 1 | valMPS.  Not of a character type, which might be any
 * object: compilers would load the decoder anew after each change of a context. */
typedef uint16_t cabac_context;

/* The contexts at the start of a slice. */
typedef struct {
    cabac_context contexts[CABAC_TABLES][CABAC_QPS][CABAC_CONTEXTS];
} h264_cabac_tables;

void h264_build_contexts(h264_cabac_tables *tables);

/* codIOffset stands in 9 bits below the window's top one, the bits that follow below it.  The spare
 * bit on top lets the window move before it is filled again. */
typedef struct {
    uint64_t window;
    uint32_t range; /* codIRange */
    int ahead;      /* bits in the window behind the 9; below 0 it must be filled */
    const uint8_t *next, *end;
} arithmetic_decoder;

enum { CABAC_OFFSET_AT = 54 };

/* 9.3.1.2, at a whole byte; false for a value that no encoder starts with.  Past `end`, which
 * RBSP_PADDING zeros follow, zeros are read. */
CABAC_INLINE bool arithmetic_start(arithmetic_decoder *decoder, const uint8_t *from,
                                   const uint8_t *end)
{
    decoder->window = rbsp_bytes(from) >> 8 << 7;
    decoder->range = 510;
    decoder->ahead = 56 - 9;
    decoder->next = from + 7;
    decoder->end = end;
    return decoder->window < (uint64_t)decoder->range << CABAC_OFFSET_AT;
}

CABAC_INLINE void arithmetic_fill(arithmetic_decoder *decoder)
{
    const uint8_t *byte = decoder->next;
    if (byte < decoder->end) {
        uint32_t word = (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 |
                        (uint32_t)byte[2] << 8 | (uint32_t)byte[3];
        decoder->window |= (uint64_t)word << (CABAC_OFFSET_AT - 32 - decoder->ahead);
    }
    decoder->next += 4;
    decoder->ahead += 32;
}

/* Moves the window by `count` bits, at most 8. */
CABAC_INLINE void arithmetic_shift(arithmetic_decoder *decoder, int count)
{
    decoder->window <<= count;
    decoder->ahead -= count;
    if (CABAC_UNLIKELY(decoder->ahead < 0))
        arithmetic_fill(decoder);
}

/* How far a range, never 0, is below 256: 0 to 8 bits. */
CABAC_INLINE int missing_bits(uint32_t range)
{
#if defined(__GNUC__)
    return __builtin_clz(range) - (32 - 9);
#else
    return leading_zeros_64(range) - (64 - 9);
#endif
}

/* 9.3.3.2.1 DecodeDecision, with its renormalisation. */
CABAC_INLINE int arithmetic_decision(arithmetic_decoder *decoder, cabac_context *context)
{
    uint32_t state = *context;
    uint32_t range_lps = CABAC_RANGE_LPS[((decoder->range & 0xc0) << 1) + state];
    uint32_t range_mps = decoder->range - range_lps;
    uint64_t limit = (uint64_t)range_mps << CABAC_OFFSET_AT;
    if (!CABAC_UNLIKELY(decoder->window >= limit)) {
        *context = CABAC_NEXT[128 + state];
        int count = (int)(range_mps >> 8 ^ 1);
        decoder->range = range_mps << count;
        arithmetic_shift(decoder, count);
        return (int)(state & 1);
    }
    decoder->window -= limit;
    *context = CABAC_NEXT[127 - state];
    int count = missing_bits(range_lps);
    decoder->range = range_lps << count;
    arithmetic_shift(decoder, count);
    return (int)(~state & 1);
}

/* 9.3.3.2.3 DecodeBypass */
CABAC_INLINE int arithmetic_bypass(arithmetic_decoder *decoder)
{
    arithmetic_shift(decoder, 1);
    uint64_t limit = (uint64_t)decoder->range << CABAC_OFFSET_AT;
    bool one = decoder->window >= limit;
    decoder->window -= limit & -(uint64_t)one;
    return one;
}

/* 9.3.3.2.2.3 DecodeTerminate.  After a 1 the last bit read is the stop bit, or the one before PCM
 * samples: nothing is renormalised. */
CABAC_INLINE int arithmetic_terminate(arithmetic_decoder *decoder)
{
    decoder->range -= 2;
    if (decoder->window >= (uint64_t)decoder->range << CABAC_OFFSET_AT)
        return 1;
    if (decoder->range < 256) {
        decoder->range <<= 1;
        arithmetic_shift(decoder, 1);
    }
    return 0;
}

/* More was read than there is. */
CABAC_INLINE bool arithmetic_overrun(const arithmetic_decoder *decoder)
{
    return decoder->next - (decoder->ahead >> 3) > decoder->end;
}

/* Bits read so far, from `start` on. */
CABAC_INLINE uint64_t arithmetic_position(const arithmetic_decoder *decoder, const uint8_t *start)
{
    return (uint64_t)(8 * (decoder->next - start) - decoder->ahead);
}

#endif
