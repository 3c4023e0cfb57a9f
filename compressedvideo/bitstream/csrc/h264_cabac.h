/* The arithmetic decoder of CABAC (clause 9.3). */
#ifndef COMPRESSEDVIDEO_H264_CABAC_H
#define COMPRESSEDVIDEO_H264_CABAC_H

#include "rbsp.h"

#define CABAC_RANGE_LPS H264_RANGE_LPS

#if defined(__GNUC__)
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define LIKELY(condition) (condition)
#define UNLIKELY(condition) (condition)
#define ALWAYS_INLINE static inline
#endif

enum {
    CABAC_TABLES = 4, /* I slices, then cabac_init_idc 0 to 2 */
    CABAC_QPS = 52,
    CABAC_CONTEXTS = 1024
};

/* The state of each context at the start of a slice: pStateIdx << 1 | valMPS. */
typedef struct {
    uint8_t contexts[CABAC_TABLES][CABAC_QPS][CABAC_CONTEXTS];
} h264_cabac_tables;

void h264_build_contexts(h264_cabac_tables *tables);

/* Tables 9-44 and 9-45, by state. */
extern const uint8_t CABAC_RANGE_LPS[64][4];
extern const uint8_t CABAC_NEXT_LPS[64];

/* codIOffset stands in 9 bits below the window's top one, the bits that follow below it.  The spare
 * bit on top lets the window move before it is filled again. */
typedef struct {
    uint64_t window;
    uint32_t range; /* codIRange */
    int ahead;      /* bits in the window behind the 9; below 0 it must be filled */
    const uint8_t *next, *end;
} cabac_decoder;

enum { CABAC_OFFSET_AT = 54 };

/* 9.3.1.2, at a whole byte.  Past `end` zeros are read. */
ALWAYS_INLINE void cabac_start(cabac_decoder *decoder, const uint8_t *from, const uint8_t *end)
{
    decoder->window = rbsp_bytes(from) >> 8 << 7;
    decoder->range = 510;
    decoder->ahead = 56 - 9;
    decoder->next = from + 7;
    decoder->end = end;
}

ALWAYS_INLINE void cabac_fill(cabac_decoder *decoder)
{
    const uint8_t *byte = decoder->next;
    if (LIKELY(byte < decoder->end)) {
        uint32_t word = (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 |
                        (uint32_t)byte[2] << 8 | (uint32_t)byte[3];
        decoder->window |= (uint64_t)word << (CABAC_OFFSET_AT - 32 - decoder->ahead);
    }
    decoder->next += 4;
    decoder->ahead += 32;
}

/* Moves the window by `count` bits, at most 8. */
ALWAYS_INLINE void cabac_shift(cabac_decoder *decoder, int count)
{
    decoder->window <<= count;
    decoder->ahead -= count;
    if (UNLIKELY(decoder->ahead < 0))
        cabac_fill(decoder);
}

/* 9.3.3.2.1 DecodeDecision, with its renormalisation. */
ALWAYS_INLINE int cabac_decision(cabac_decoder *decoder, uint8_t *context)
{
    uint32_t state = *context, mps = state & 1;
    uint32_t range_lps = CABAC_RANGE_LPS[state >> 1][decoder->range >> 6 & 3];
    uint32_t range_mps = decoder->range - range_lps;
    uint64_t limit = (uint64_t)range_mps << CABAC_OFFSET_AT;
    if (LIKELY(decoder->window < limit)) {
        *context = (uint8_t)(state < 124 ? state + 2 : state);
        int count = (int)(range_mps >> 8 ^ 1);
        decoder->range = range_mps << count;
        cabac_shift(decoder, count);
        return (int)mps;
    }
    decoder->window -= limit;
    *context = (uint8_t)(CABAC_NEXT_LPS[state >> 1] << 1 | (state < 2 ? mps ^ 1 : mps));
    int count = leading_zeros_64(range_lps) - (64 - 9);
    decoder->range = range_lps << count;
    cabac_shift(decoder, count);
    return (int)(mps ^ 1);
}

/* 9.3.3.2.3 DecodeBypass */
ALWAYS_INLINE int cabac_bypass(cabac_decoder *decoder)
{
    cabac_shift(decoder, 1);
    uint64_t limit = (uint64_t)decoder->range << CABAC_OFFSET_AT;
    bool one = decoder->window >= limit;
    decoder->window -= limit & -(uint64_t)one;
    return one;
}

/* 9.3.3.2.2.3 DecodeTerminate.  After a 1 the last bit read is the stop bit, or the one before PCM
 * samples: nothing is renormalised. */
ALWAYS_INLINE int cabac_terminate(cabac_decoder *decoder)
{
    decoder->range -= 2;
    if (decoder->window >= (uint64_t)decoder->range << CABAC_OFFSET_AT)
        return 1;
    if (decoder->range < 256) {
        decoder->range <<= 1;
        cabac_shift(decoder, 1);
    }
    return 0;
}

/* Bits read so far, from `start` on. */
ALWAYS_INLINE uint64_t cabac_position(const cabac_decoder *decoder, const uint8_t *start)
{
    return (uint64_t)(8 * (decoder->next - start) - decoder->ahead);
}

#endif
