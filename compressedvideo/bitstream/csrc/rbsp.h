/* Bits of a raw byte sequence payload, most significant first: clause 7.2 and 9.1 of ITU-T H.264,
 * and the same clauses of H.265.
 *
 * The payload is followed by RBSP_PADDING zero bytes (nal_unescape() writes them).  Every read is
 * safe whatever the position: past the end there are only zeros.  A caller therefore need not check
 * before it reads, only look at rbsp_overrun() before it trusts what it has read. */
#ifndef COMPRESSEDVIDEO_RBSP_H
#define COMPRESSEDVIDEO_RBSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RBSP_PADDING = 64 };

typedef struct {
    const uint8_t *data;
    uint64_t size;     /* bytes, without the padding */
    uint64_t position; /* bits from the start of data */
    uint64_t end;      /* bit of the rbsp_stop_one_bit: nothing from here on is syntax */
    bool damaged;      /* a code longer than any that the standard allows */
} rbsp_reader;

/* The payload's end is its last 1; a payload of zeros alone has nothing in it. */
static inline rbsp_reader rbsp_open(const uint8_t *data, size_t size)
{
    while (size > 0 && data[size - 1] == 0)
        size--;
    uint64_t end = 8 * (uint64_t)size;
    if (size > 0) {
        end--;
        for (unsigned last = data[size - 1]; !(last & 1); last >>= 1)
            end--;
    }
    return (rbsp_reader){data, size, 0, end, false};
}

static inline uint64_t rbsp_bytes(const uint8_t *byte)
{
    return (uint64_t)byte[0] << 56 | (uint64_t)byte[1] << 48 | (uint64_t)byte[2] << 40 |
           (uint64_t)byte[3] << 32 | (uint64_t)byte[4] << 24 | (uint64_t)byte[5] << 16 |
           (uint64_t)byte[6] << 8 | (uint64_t)byte[7];
}

/* The next bits, left-aligned in 64; at least the first 57 of them are real. */
static inline uint64_t rbsp_ahead(const rbsp_reader *reader)
{
    uint64_t first = reader->position >> 3;
    first = first < reader->size ? first : reader->size;
    return rbsp_bytes(reader->data + first) << (reader->position & 7);
}

/* u(n), 1 to 32 bits. */
static inline uint32_t rbsp_u(rbsp_reader *reader, int count)
{
    uint32_t value = (uint32_t)(rbsp_ahead(reader) >> (64 - count));
    reader->position += (uint64_t)count;
    return value;
}

static inline bool rbsp_flag(rbsp_reader *reader)
{
    return rbsp_u(reader, 1) != 0;
}

static inline int leading_zeros_64(uint64_t word)
{
#if defined(__GNUC__)
    return word ? __builtin_clzll(word) : 64;
#else
    int zeros = 0;
    for (; zeros < 64 && !(word >> (63 - zeros) & 1); zeros++)
        ;
    return zeros;
#endif
}

/* ue(v): n zeros, a 1, n bits. 0 after a code that is too long. */
static inline uint32_t rbsp_ue(rbsp_reader *reader)
{
    uint64_t ahead = rbsp_ahead(reader);
    int zeros = leading_zeros_64(ahead);
    if (zeros <= 28) {
        reader->position += 2 * (uint64_t)zeros + 1;
        return (uint32_t)(ahead >> (63 - 2 * zeros)) - 1;
    }
    if (zeros > 31) {
        reader->damaged = true;
        return 0;
    }
    reader->position += (uint64_t)zeros;
    return (uint32_t)rbsp_u(reader, zeros + 1) - 1;
}

/* se(v): 0, 1, -1, 2, -2, ... */
static inline int32_t rbsp_se(rbsp_reader *reader)
{
    uint32_t code = rbsp_ue(reader);
    return code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

static inline bool rbsp_more_data(const rbsp_reader *reader)
{
    return reader->position < reader->end;
}

/* Whether what was read so far was not all there, or not what the standard allows. */
static inline bool rbsp_overrun(const rbsp_reader *reader)
{
    return reader->damaged || reader->position > reader->end;
}

#endif
