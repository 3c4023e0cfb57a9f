/* Start codes: 00 00 01 and a byte that says what follows. */
#ifndef COMPRESSEDVIDEO_START_CODES_H
#define COMPRESSEDVIDEO_START_CODES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Place of the next 00 00 01 from `from` on, or `size`. */
static inline size_t find_start_code(const uint8_t *data, size_t size, size_t from)
{
    for (size_t i = from + 2; i < size; i++) {
        const uint8_t *one = memchr(data + i, 1, size - i);
        if (!one)
            break;
        i = (size_t)(one - data);
        if (data[i - 2] == 0 && data[i - 1] == 0)
            return i - 2;
    }
    return size;
}

#endif
