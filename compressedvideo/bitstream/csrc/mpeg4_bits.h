/* Bits of one buffer, most significant first.
 *
 * Every read is safe whatever the position: past the end there are only zeros.  A caller
 * therefore need not check before it reads, only sometimes look at bits_overrun(). */
#ifndef MMCONDENSE_MPEG4_BITS_H
#define MMCONDENSE_MPEG4_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *data;
    size_t size;       /* bytes */
    uint64_t position; /* bits from the start of data */
} bit_reader;

enum { BITS_AHEAD = 57 };

/* The next bits, left-aligned in 64; at least the first BITS_AHEAD of them are real. */
static inline uint64_t bits_ahead(const bit_reader *reader)
{
    uint64_t first = reader->position >> 3, word = 0;
    if (first < reader->size && reader->size - first >= 8) {
        const uint8_t *byte = reader->data + first;
        word = (uint64_t)byte[0] << 56 | (uint64_t)byte[1] << 48 | (uint64_t)byte[2] << 40 |
               (uint64_t)byte[3] << 32 | (uint64_t)byte[4] << 24 | (uint64_t)byte[5] << 16 |
               (uint64_t)byte[6] << 8 | (uint64_t)byte[7];
    } else {
        for (uint64_t i = 0; i < 8; i++)
            word = word << 8 | (first + i < reader->size ? reader->data[first + i] : 0u);
    }
    return word << (reader->position & 7);
}

/* The next `count` bits, 1 to 32, without consuming them. */
static inline uint32_t bits_peek(const bit_reader *reader, int count)
{
    return (uint32_t)(bits_ahead(reader) >> (64 - count));
}

static inline void bits_skip(bit_reader *reader, int count)
{
    reader->position += (uint64_t)count;
}

/* The next `count` bits, 1 to 32. */
static inline uint32_t bits_read(bit_reader *reader, int count)
{
    uint32_t value = bits_peek(reader, count);
    bits_skip(reader, count);
    return value;
}

/* 1 to 8: a whole byte where the position is already at the start of one. */
static inline int bits_to_next_byte(const bit_reader *reader)
{
    return 8 - (int)(reader->position & 7);
}

static inline bool bits_overrun(const bit_reader *reader)
{
    return reader->position > 8 * (uint64_t)reader->size;
}

#endif
