/* The boolean decoder that VP8 and VP9 share: RFC 6386 clause 7, and clause 9.2 of the VP9
 * specification, which asks for a marker bit first.
 *
 * Every read is safe: past the end there are only zeros.  bool_bits_left() says how many bits of
 * the data the symbols so far have left over. */
#ifndef COMPRESSEDVIDEO_BOOL_DECODER_H
#define COMPRESSEDVIDEO_BOOL_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t value;       /* BoolValue, left-aligned, and the bits that follow it */
    uint32_t range;       /* BoolRange, 128 to 255 between two reads */
    int count;            /* real bits in `value`; past the end of the data, zeros count as real */
    const uint8_t *next;  /* first byte that is not yet in `value` */
    const uint8_t *end;
    int64_t zeros;        /* bits from beyond the end that are counted in `count` or were used */
} bool_decoder;

static inline bool_decoder bool_open(const uint8_t *data, size_t size)
{
    return (bool_decoder){0, 255, 0, data, data + size, 0};
}

/* With at least 8 bits in `value`; called once every seven bytes.  By value, so that a copy of the
 * decoder can stay in registers. */
bool_decoder bool_filled(bool_decoder decoder);

/* How far to shift so that a range of 1 to 255 is at least 128 again */
static inline int bool_shift(uint32_t range)
{
#if defined(__GNUC__)
    return __builtin_clz(range) - 24;
#else
    int shift = 0;
    while (!((range << shift) & 0x80))
        shift++;
    return shift;
#endif
}

/* One symbol that is 0 with probability `probability` / 256. */
static inline int bool_read(bool_decoder *decoder, int probability)
{
    if (decoder->count < 8)
        *decoder = bool_filled(*decoder);
    uint32_t split = 1 + (((decoder->range - 1) * (uint32_t)probability) >> 8);
    uint64_t limit = (uint64_t)split << 56;
    int bit = decoder->value >= limit;
    uint32_t range = bit ? decoder->range - split : split;
    uint64_t value = bit ? decoder->value - limit : decoder->value;
    int shift = bool_shift(range);
    decoder->range = range << shift;
    decoder->value = value << shift;
    decoder->count -= shift;
    return bit;
}

/* The same for a symbol that decides what comes next: with a branch the processor can go on before
 * it knows the symbol. */
static inline int bool_branch(bool_decoder *decoder, int probability)
{
    if (decoder->count < 8)
        *decoder = bool_filled(*decoder);
    uint32_t split = 1 + (((decoder->range - 1) * (uint32_t)probability) >> 8);
    uint64_t limit = (uint64_t)split << 56;
    int bit;
    if (decoder->value >= limit) {
        decoder->range -= split;
        decoder->value -= limit;
        bit = 1;
    } else {
        decoder->range = split;
        bit = 0;
    }
    int shift = bool_shift(decoder->range);
    decoder->range <<= shift;
    decoder->value <<= shift;
    decoder->count -= shift;
    return bit;
}

/* `count` symbols of even odds, most significant first. */
static inline int bool_literal(bool_decoder *decoder, int count)
{
    int value = 0;
    while (count-- > 0)
        value = 2 * value + bool_read(decoder, 128);
    return value;
}

/* Bits of the data that no symbol has needed; negative where some lay past the end.  Eight bits
 * ahead of the symbols are always needed. */
static inline int64_t bool_bits_left(const bool_decoder *decoder)
{
    return 8 * (int64_t)(decoder->end - decoder->next) - decoder->zeros + decoder->count - 8;
}

#endif
