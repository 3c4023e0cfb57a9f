#include "bool_decoder.h"

enum { ZEROS = 4096 }; /* as many as any caller reads before it looks at what is left */

bool_decoder bool_filled(bool_decoder decoder)
{
    size_t left = (size_t)(decoder.end - decoder.next);
    if (left >= 8) {
        const uint8_t *byte = decoder.next;
        uint64_t word = (uint64_t)byte[0] << 56 | (uint64_t)byte[1] << 48 |
                        (uint64_t)byte[2] << 40 | (uint64_t)byte[3] << 32 |
                        (uint64_t)byte[4] << 24 | (uint64_t)byte[5] << 16 |
                        (uint64_t)byte[6] << 8 | (uint64_t)byte[7];
        int bytes = (64 - decoder.count) / 8;
        decoder.value |= word >> decoder.count;
        decoder.next += bytes;
        decoder.count += 8 * bytes;
        return decoder;
    }
    while (decoder.next < decoder.end && decoder.count <= 56) {
        decoder.value |= (uint64_t)*decoder.next++ << (56 - decoder.count);
        decoder.count += 8;
    }
    while (decoder.count < 8) {
        decoder.count += ZEROS;
        decoder.zeros += ZEROS;
    }
    return decoder;
}
