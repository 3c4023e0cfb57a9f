/* Feeds mutated packets to the H.264 parser; test_h264_fuzz.py builds it with the sanitizers.
 *
 *     h264_fuzz SEED PACKETS FILE...
 *
 * A FILE is a stream: of each packet the size (4 bytes, little-endian) and the bytes; the first has
 * the headers only.  Streams are fed from the start, packet after packet, most of them mutated, in
 * a buffer of exactly their size, until PACKETS mutated packets have been read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "h264.h"

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 2685821657736338717u >> 32) % limit);
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size);
    if (!data || fread(data, 1, *size, file) != *size)
        exit(2);
    fclose(file);
    return data;
}

/* A copy in a buffer of exactly its size, so that reading past the end is noticed. */
static uint8_t *exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    return copy;
}

/* A mutated copy, to be freed.  Half of the mutations hit the headers at the packet's start. */
static uint8_t *mutate(const uint8_t *packet, size_t *size)
{
    size_t room = *size + 64;
    uint8_t *copy = malloc(room);
    memcpy(copy, packet, *size);
    for (uint32_t left = 1 + random_below(4); left > 0 && *size > 0; left--) {
        size_t reach = random_below(2) && *size > 48 ? 48 : *size;
        size_t at = random_below((uint32_t)reach), length = 1 + random_below(8);
        switch (random_below(6)) {
        case 0: /* flip a bit */
        case 1:
            copy[at] ^= (uint8_t)(1 << random_below(8));
            break;
        case 2: /* overwrite */
            for (size_t i = at; i < *size && i < at + length; i++)
                copy[i] = (uint8_t)random_below(256);
            break;
        case 3: /* overwrite with zeros or ones */
            memset(copy + at, random_below(2) ? 0xff : 0, length < *size - at ? length : *size - at);
            break;
        case 4: /* remove, often all that follows */
            if (random_below(2) || length > *size - at)
                length = *size - at;
            memmove(copy + at, copy + at + length, *size - at - length);
            *size -= length;
            break;
        default: /* insert */
            if (*size + length > room)
                break;
            memmove(copy + at + length, copy + at, *size - at);
            for (size_t i = at; i < at + length; i++)
                copy[i] = (uint8_t)random_below(256);
            *size += length;
        }
    }
    uint8_t *exact = exact_copy(copy, *size);
    free(copy);
    return exact;
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

/* ---------------------------------------------------------------- what the parser promises */

typedef struct {
    size_t packet_size, last_stop;
    int32_t last_number;
    h264_depth depth;
    unsigned long counts[H264_STATUS_COUNT];
} expectations;

static void check_record(const h264_coded *coded, expectations *expected)
{
    const picture_record *record = &coded->record;
    require(record->start >= 0 && (size_t)record->start == expected->last_stop, "bytes in a row");
    require(record->stop >= record->start && (size_t)record->stop <= expected->packet_size,
            "bytes of the packet");
    expected->last_stop = (size_t)record->stop;
    bool second = record->flags & RECORD_SECOND_FIELD;
    require(record->picture == expected->last_number + !second, "numbers in a row");
    expected->last_number = record->picture;
    require(strchr("IPB?", record->kind) != NULL, "a kind");
    require(record->num_references >= 0 && record->num_references <= 18, "references of a buffer");
    for (int i = 0; i < record->num_references; i++)
        require(coded->references[i] >= -1 && coded->references[i] < record->picture,
                "references to earlier pictures");
    require(record->colocated < record->picture && record->colocated >= -1, "co-located before");
}

static void check_cells(const h264_coded *coded)
{
    h264_grid grid = h264_grid_of(coded);
    require(grid.size == 4 || grid.size == 8, "a grid");
    size_t cells = (size_t)grid.rows * (size_t)grid.columns;
    int16_t *vectors = malloc(2 * cells * sizeof *vectors);
    uint8_t *slots = malloc(cells);
    for (int list = 0; list < 2; list++) {
        h264_cells(coded, &grid, list, vectors, slots);
        for (size_t i = 0; i < cells; i++) {
            require(slots[i] == H264_NO_SLOT || slots[i] < coded->motion->num_pictures, "a slot");
            require(slots[i] != H264_NO_SLOT || (!vectors[2 * i] && !vectors[2 * i + 1]),
                    "no vector without a reference");
        }
    }
    free(vectors);
    free(slots);
}

static void check(void *context, const h264_coded *coded)
{
    expectations *expected = context;
    check_record(coded, expected);
    require(coded->status >= 0 && coded->status < H264_STATUS_COUNT, "a known status");
    require(h264_message(coded->status) != NULL, "a message");
    require(coded->error_bit <= 8 * (uint64_t)expected->packet_size + 8, "the error is in the data");
    if (expected->depth == H264_HEADERS) {
        require(!coded->motion, "no motion of headers");
        return;
    }
    expected->counts[coded->status]++;
    require((coded->motion != NULL) == (coded->status == H264_OK), "motion unless damaged");
    if (coded->motion) {
        require(coded->height > 0 && coded->width > 0, "a size");
        check_cells(coded);
    }
}

/* ---------------------------------------------------------------- feeding */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED PACKETS FILE...\n", argv[0]);
        return 2;
    }
    static h264_tables tables;
    h264_build_tables(&tables);
    random_state = 0x9e3779b97f4a7c15u ^ strtoull(argv[1], NULL, 10);
    unsigned long wanted = strtoul(argv[2], NULL, 10), mutated = 0;
    expectations expected = {0};
    double slowest = 0;
    while (mutated < wanted) {
        size_t file_size;
        uint8_t *file = read_file(argv[3 + random_below((uint32_t)(argc - 3))], &file_size);
        h264_parser *parser = NULL;
        uint32_t one_in = 1 + random_below(6);
        for (size_t at = 0; at + 4 <= file_size && mutated < wanted;) {
            size_t size = file[at] | (size_t)file[at + 1] << 8 | (size_t)file[at + 2] << 16 |
                          (size_t)file[at + 3] << 24;
            at += 4;
            require(size <= file_size - at, "a well-formed file");
            bool mutating = random_below(parser ? one_in : 16) == 0;
            expected.packet_size = size;
            uint8_t *packet = mutating ? mutate(file + at, &expected.packet_size)
                                       : exact_copy(file + at, size);
            at += size;
            double start = seconds();
            if (!parser) {
                parser = h264_new(&tables, packet, expected.packet_size);
                expected.last_number = -1;
            } else {
                expected.last_stop = 0;
                expected.depth = (h264_depth)(random_below(8) == 0 ? 0 : 1 + random_below(2));
                h264_packet(parser, packet, expected.packet_size, expected.depth, check, &expected);
                mutated += mutating;
            }
            double taken = seconds() - start;
            slowest = taken > slowest ? taken : slowest;
            if (random_below(64) == 0) {
                h264_reset(parser);
                expected.last_number = -1;
            }
            free(packet);
        }
        h264_free(parser);
        free(file);
    }
    for (int status = 0; status < H264_STATUS_COUNT; status++)
        if (expected.counts[status])
            printf("%8lu %s\n", expected.counts[status], h264_message((h264_status)status));
    printf("%8lu mutated packets\n%8.0f us for the slowest\n", mutated, 1e6 * slowest);
    return 0;
}
