/* Feeds mutated packets to the HEVC parser; test_hevc_fuzz.py builds it with the sanitizers.
 *
 *     hevc_fuzz SEED PACKETS FILE...
 *
 * A FILE is a stream: of each packet the size (4 bytes, little-endian) and the bytes; the first is
 * the container's extradata.  Streams are fed from the start, packet after packet, most of them
 * mutated, in a buffer of exactly their size, until PACKETS mutated packets have been parsed. */
#include <time.h>

#include "hevc.h"
#include "mutation.h"

static void check_motion(const hevc_parser *parser)
{
    hevc_motion motion;
    hevc_get_motion(parser, &motion);
    require(motion.cell == 4 || motion.cell == 8, "a size of cells");
    require(motion.height > 0 && motion.width > 0, "a frame");
    size_t rows = (size_t)((motion.height + motion.cell - 1) / motion.cell);
    size_t columns = (size_t)((motion.width + motion.cell - 1) / motion.cell);
    size_t ctbs = (size_t)motion.ctb_rows * (size_t)motion.ctb_columns;
    int16_t *vectors = malloc(rows * columns * 4 * sizeof *vectors);
    uint8_t *slots = malloc(rows * columns * 2);
    uint32_t *bits = malloc(ctbs * sizeof *bits), *levels = malloc(ctbs * sizeof *levels);
    uint16_t *coefficients = malloc(ctbs * sizeof *coefficients);
    hevc_put_motion(parser, &motion, vectors, slots);
    hevc_put_costs(parser, &motion, bits, coefficients, levels);
    for (size_t i = 0; i < 2 * rows * columns; i++)
        require(slots[i] == HEVC_NO_SLOT ? vectors[2 * i] == 0 && vectors[2 * i + 1] == 0
                                         : slots[i] < motion.num_pictures,
                "vectors point to pictures");
    free(vectors);
    free(slots);
    free(bits);
    free(levels);
    free(coefficients);
}

static void check(const hevc_parser *parser, const hevc_picture_info *picture, hevc_depth depth,
                  size_t size)
{
    const picture_record *record = &picture->record;
    require(picture->status >= 0 && picture->status < HEVC_STATUS_COUNT, "a known status");
    require(hevc_message(picture->status) != NULL, "a message");
    require(picture->error_bit <= 8 * (uint64_t)size + 64, "the error is near the data");
    require(record->start < record->stop && (size_t)record->stop <= size, "some bytes");
    require(record->num_references >= 0 && record->num_references <= HEVC_MAX_REFERENCES,
            "a number of references");
    for (int i = 0; i < record->num_references; i++)
        require(picture->references[i] >= -1 && picture->references[i] < record->picture,
                "earlier references");
    bool readable = picture->status == HEVC_OK || picture->status == HEVC_INEXACT_END;
    require(picture->has_motion == (readable && depth != HEVC_HEADERS), "motion or an error");
    if (picture->has_motion)
        check_motion(parser);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED PACKETS FILE...\n", argv[0]);
        return 2;
    }
    static hevc_tables tables;
    hevc_build_tables(&tables);
    seed_random(argv[1]);
    (void)next_ivf_packet; /* mutation.h has it for other drivers */
    unsigned long wanted = strtoul(argv[2], NULL, 10), mutated = 0;
    unsigned long counts[HEVC_STATUS_COUNT] = {0};
    double slowest = 0;
    while (mutated < wanted) {
        size_t file_size;
        uint8_t *file = read_file(argv[3 + random_below((uint32_t)(argc - 3))], &file_size);
        hevc_parser *parser = NULL;
        uint32_t one_in = 1 + random_below(6);
        for (size_t at = 0; at + 4 <= file_size && mutated < wanted;) {
            size_t size = file[at] | file[at + 1] << 8 | file[at + 2] << 16 |
                          (size_t)file[at + 3] << 24;
            at += 4;
            require(size <= file_size - at, "a well-formed file");
            bool mutating = random_below(parser ? one_in : 16) == 0;
            size_t packet_size = size;
            uint8_t *packet =
                mutating ? mutate(file + at, &packet_size) : exact_copy(file + at, size);
            at += size;
            clock_t start = clock();
            if (!parser) {
                parser = hevc_new(&tables, packet, packet_size);
                require(parser != NULL, "memory");
            } else {
                hevc_depth depth = random_below(24) == 0  ? HEVC_HEADERS
                                   : random_below(2) == 0 ? HEVC_MOTION
                                                          : HEVC_COSTS;
                size_t offset = 0, last_offset = 0;
                hevc_picture_info picture;
                while (hevc_next_picture(parser, packet, packet_size, &offset, depth, &picture)) {
                    require(offset > last_offset && offset <= packet_size, "progress");
                    last_offset = offset;
                    check(parser, &picture, depth, packet_size);
                    counts[picture.status]++;
                }
                if (random_below(64) == 0)
                    hevc_reset(parser);
            }
            double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
            slowest = seconds > slowest ? seconds : slowest;
            mutated += mutating;
            free(packet);
        }
        hevc_free(parser);
        free(file);
    }
    for (int status = 0; status < HEVC_STATUS_COUNT; status++)
        if (counts[status])
            printf("%8lu %s\n", counts[status], hevc_message((hevc_status)status));
    printf("%8lu mutated packets\n", mutated);
    printf("%8.0f ms for the slowest packet\n", 1000 * slowest);
    return 0;
}
