/* What all fuzz targets share, see target.h. */
#include "target.h"

#include <time.h>

double slowest_seconds;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool more = true;
    for (size_t at = 0, number = 0; more && at + 4 <= size; number++) {
        size_t length = data[at] | (size_t)data[at + 1] << 8 | (size_t)data[at + 2] << 16;
        uint8_t options = data[at + 3];
        at += 4;
        length = length < size - at ? length : size - at;
        uint8_t *exact = malloc(length ? length : 1); /* so that reading past its end is noticed */
        require(exact != NULL, "memory");
        memcpy(exact, data + at, length);
        at += length;
        clock_t start = clock();
        if (number)
            more = read_packet(exact, length, options);
        else
            begin_stream(exact, length, options);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        slowest_seconds = seconds > slowest_seconds ? seconds : slowest_seconds;
        free(exact);
    }
    if (size >= 4)
        end_stream();
    return 0;
}
