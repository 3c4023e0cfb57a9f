/* A fuzz target reads one stream, packet after packet, each in a buffer of exactly its size.
 *
 * An input has of each packet the size (3 bytes, little-endian; all that is left if that is less),
 * a byte of options, and the bytes.  The first is the container's extradata; where a target reads
 * several codecs, its options say which.  Each target defines the four functions below; target.c
 * calls them, for libFuzzer (tools/benchmarks/fuzz_parsers.sh) or for drive.c (the tests). */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options of a packet. */
enum {
    ONLY_HEADERS = 1,
    ONLY_VECTORS = 2, /* no bits and coefficients */
    RESET = 4,        /* behind the packet */
    GO_ON = 8         /* as if there had been no error, where a parser would wait for a key frame */
};

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options);

/* False: enough of this stream. */
bool read_packet(const uint8_t *packet, size_t size, uint8_t options);

void end_stream(void);

/* Prints what came of all packets so far: a number and what it counts on each line. */
void report(void);

extern double slowest_seconds; /* of all packets so far, CPU time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

#endif
