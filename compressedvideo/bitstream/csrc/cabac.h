/* The arithmetic decoder that H.264 and H.265 share: clause 9.3.4.3 of ITU-T H.265, 9.3.3.2 of
 * H.264.
 *
 * The standard compares a 9-bit offset with a 9-bit range.  Here `value` holds that offset with
 * `ahead` further bits of the data behind it, so that data come in 32 bits at a time.
 *
 * CABAC_PADDING zero bytes must follow the data.  Every read is safe: past the data there are only
 * zeros, and cabac_overrun() says that more was read than there is. */
#ifndef COMPRESSEDVIDEO_CABAC_H
#define COMPRESSEDVIDEO_CABAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define CABAC_INLINE static inline __attribute__((always_inline))
#define CABAC_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define CABAC_INLINE static inline
#define CABAC_UNLIKELY(condition) (condition)
#endif

/* States are pStateIdx << 1 | valMps. */
extern const uint8_t CABAC_RANGE_LPS[4 * 128]; /* [range's quarter][state] */
extern const uint8_t CABAC_NEXT[2 * 128];      /* [128 + state], or [127 - state] after an LPS */
extern const uint8_t CABAC_SHIFT[64];          /* [range / 8] */

enum { CABAC_PADDING = 32 };

typedef struct {
    uint64_t value; /* ivlOffset << ahead | bits; always below range << ahead */
    uint32_t range; /* ivlCurrRange */
    int ahead;      /* at least 8 between reads */
    const uint8_t *next, *end;
} cabac_reader;

CABAC_INLINE void cabac_refill(cabac_reader *reader)
{
    enum { READ_PAST_END = 16 }; /* bytes; from there on zeros need no memory */
    uint32_t word = 0;
    if (reader->next < reader->end + READ_PAST_END) {
        const uint8_t *byte = reader->next;
        word = (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
        reader->next += 4;
    }
    reader->value = reader->value << 32 | word;
    reader->ahead += 32;
}

/* 9.3.2.5; false for a value that no encoder starts with.  Then zeros are read. */
CABAC_INLINE bool cabac_start(cabac_reader *reader, const uint8_t *data, const uint8_t *end)
{
    *reader = (cabac_reader){0, 510, -9, data, end};
    cabac_refill(reader);
    if (reader->value >> reader->ahead < 510)
        return true;
    reader->value = 0;
    return false;
}

/* 9.3.4.3.2: a bin of the context whose state this is.  Without branches: which way they went
 * could not be foreseen.  `missed` has all bits set for the least probable symbol. */
CABAC_INLINE int cabac_bin(cabac_reader *reader, uint8_t *context)
{
    int state = *context;
    uint32_t lps = CABAC_RANGE_LPS[((reader->range & 0xc0) << 1) + (uint32_t)state];
    uint32_t range = reader->range - lps;
    uint64_t scaled = (uint64_t)range << reader->ahead;
    int64_t missed = (int64_t)(scaled - 1 - reader->value) >> 63;
    reader->value -= scaled & (uint64_t)missed;
    range += (lps - range) & (uint32_t)missed;
    state ^= (int)missed; /* -1 - state: from 127 down in CABAC_NEXT */
    *context = CABAC_NEXT[128 + state];
    int shift = CABAC_SHIFT[range >> 3];
    reader->range = range << shift;
    reader->ahead -= shift;
    if (CABAC_UNLIKELY(reader->ahead < 8))
        cabac_refill(reader);
    return state & 1;
}

/* 9.3.4.3.4 */
CABAC_INLINE int cabac_bypass(cabac_reader *reader)
{
    reader->ahead--;
    uint64_t scaled = (uint64_t)reader->range << reader->ahead;
    int bin = reader->value >= scaled;
    reader->value -= bin ? scaled : 0;
    if (CABAC_UNLIKELY(reader->ahead < 8))
        cabac_refill(reader);
    return bin;
}

/* Up to 8 bypass bins at once: a division gives what as many comparisons would. */
CABAC_INLINE uint32_t cabac_bypass_some(cabac_reader *reader, int count)
{
    reader->ahead -= count;
    uint32_t bins = (uint32_t)(reader->value >> reader->ahead) / reader->range;
    reader->value -= (uint64_t)(bins * reader->range) << reader->ahead;
    if (CABAC_UNLIKELY(reader->ahead < 8))
        cabac_refill(reader);
    return bins;
}

/* 0 to 32 bypass bins, the first in the highest bit. */
CABAC_INLINE uint32_t cabac_bypass_bins(cabac_reader *reader, int count)
{
    uint32_t bins = 0;
    for (; count > 8; count -= 8)
        bins = bins << 8 | cabac_bypass_some(reader, 8);
    if (count > 3)
        return bins << count | cabac_bypass_some(reader, count);
    while (count-- > 0)
        bins = bins << 1 | (uint32_t)cabac_bypass(reader);
    return bins;
}

/* 9.3.4.3.5; after a 1 only cabac_byte() may be asked. */
CABAC_INLINE int cabac_terminate(cabac_reader *reader)
{
    reader->range -= 2;
    if (reader->value >= (uint64_t)reader->range << reader->ahead)
        return 1;
    if (reader->range < 256) {
        reader->range <<= 1;
        if (--reader->ahead < 8)
            cabac_refill(reader);
    }
    return 0;
}

/* Where the data go on, byte-aligned, after a terminating bin: the 9 bits of the offset hold the
 * last bit read, and the rest of its byte. */
CABAC_INLINE const uint8_t *cabac_byte(const cabac_reader *reader)
{
    return reader->next - (reader->ahead >> 3);
}

CABAC_INLINE bool cabac_overrun(const cabac_reader *reader)
{
    return cabac_byte(reader) > reader->end;
}

/* Bits consumed since `data`: for differences. */
CABAC_INLINE int64_t cabac_position(const cabac_reader *reader, const uint8_t *data)
{
    return 8 * (int64_t)(reader->next - data) - reader->ahead;
}

#endif
