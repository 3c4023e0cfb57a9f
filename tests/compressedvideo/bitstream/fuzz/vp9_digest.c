/* One number for all that the parser reads of a VP9 stream, block by block.
 *
 *     vp9_digest FILE...
 *
 * Prints of each IVF file its name, the number (64-bit FNV-1a, in hexadecimal), and "exact", or what
 * was wrong and "damaged".  The order of the values is that of the study's prototype, which was held
 * against libvpx. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vp9_parser.h"

static uint64_t digest;

static void add(int64_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        digest = (digest ^ ((uint64_t)value >> shift & 255)) * 1099511628211u;
}

static void add_block(const vp9_block *block)
{
    add(block->references[0] | block->references[1] << 2 | block->size << 4 |
        block->segment << 8 | block->skip << 12 | block->tx_size << 13 | block->mode << 16);
    add(block->coefficients);
    add(block->bits);
    for (int quarter = 0; quarter < 4; quarter++)
        for (int i = 0; i < (block->references[1] ? 2 : 1); i++) {
            vp9_vector vector = block->vectors[quarter][i];
            add(vector.row * 65536 + vector.column);
        }
}

/* Reads one frame; false if it was not read to its exact end. */
static bool add_frame(vp9_parser *parser, const uint8_t *frame, size_t size, int *num_shown)
{
    vp9_output output = {0};
    int32_t picture = parser->tracker.picture;
    vp9_read_packet(parser, frame, size, VP9_WANTED, &output);
    const vp9_header *header = &parser->tracker.last;
    if (header->show_existing) {
        add(parser->tracker.slots[header->existing_slot].picture);
        add((*num_shown)++);
        return true;
    }
    vp9_status status = output.num_motions == 1 ? output.motions[0].status : VP9_NO_FRAME;
    vp9_output_free(&output);
    add(picture);
    add(header->show ? (*num_shown)++ : -1);
    if (status != VP9_OK && status != VP9_SCALED) {
        printf("picture %d: %s\n", (int)picture, vp9_message(status));
        return false;
    }
    size_t count = (size_t)parser->rows * (size_t)parser->columns;
    for (size_t i = 0; i < count; i++)
        add_block(parser->grid[parser->current][i]);
    return true;
}

static size_t little(const uint8_t *bytes)
{
    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

/* All packets of a file; false after a damaged one. */
static bool add_file(vp9_parser *parser, FILE *file)
{
    uint8_t start[32], before[12];
    int num_shown = 0;
    bool is_exact = fread(start, 1, sizeof start, file) == sizeof start;
    while (is_exact && fread(before, 1, sizeof before, file) == sizeof before) {
        size_t size = little(before);
        uint8_t *packet = malloc(size + 1);
        if (!packet || fread(packet, 1, size, file) != size)
            exit(2);
        vp9_frames frames;
        is_exact = vp9_superframe(packet, size, &frames);
        for (int i = 0; i < frames.count && is_exact; i++)
            is_exact = add_frame(parser, packet + frames.start[i], frames.size[i], &num_shown);
        free(packet);
    }
    return is_exact;
}

int main(int argc, char **argv)
{
    static vp9_tables tables;
    bool all_exact = true;
    vp9_build_tables(&tables);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        vp9_parser *parser = vp9_new(&tables);
        if (!file || !parser) {
            perror(argv[i]);
            return 2;
        }
        digest = 1469598103934665603u;
        bool is_exact = add_file(parser, file);
        printf("%s %016llx %s\n", argv[i], (unsigned long long)digest,
               is_exact ? "exact" : "damaged");
        all_exact &= is_exact;
        vp9_free(parser);
        fclose(file);
    }
    return all_exact ? 0 : 1;
}
