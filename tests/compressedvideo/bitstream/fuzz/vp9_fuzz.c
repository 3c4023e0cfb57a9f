/* Feeds mutated packets to the VP9 parser; test_vp9_fuzz.py builds it with the sanitizers.
 *
 *     vp9_fuzz SEED FRAMES FILE...
 *
 * FILEs are IVF.  They are fed from the start, packet after packet, many of them mutated, in buffers
 * of exactly their size, until FRAMES mutated frames have been read.  Often the parser is told to go
 * on after an error as if there had been none. */
#include "mutation.h"
#include "vp9_parser.h"

static unsigned long counts[VP9_STATUS_COUNT];

static void check_arrays(const vp9_motion *motion, int32_t next_picture)
{
    size_t rows = (size_t)(motion->height + motion->cell - 1) / (size_t)motion->cell;
    size_t cells = rows * ((size_t)(motion->width + motion->cell - 1) / (size_t)motion->cell);
    require(motion->cell == 4 || motion->cell == 8, "cells of 4 or 8 pixels");
    require(motion->num_pictures >= 0 && motion->num_pictures <= 3, "at most three references");
    for (int i = 0; i < motion->num_pictures; i++)
        require(motion->pictures[i] >= 0 && motion->pictures[i] < motion->picture &&
                    motion->picture < next_picture,
                "references are earlier pictures");
    for (size_t i = 0; i < 2 * cells; i++) {
        bool is_used = motion->slots[i] != VP9_NOT_USED;
        require(!is_used || motion->slots[i] < motion->num_pictures, "a slot that is named");
        require(is_used || (motion->vectors[2 * i] == 0 && motion->vectors[2 * i + 1] == 0),
                "no vector without a reference");
        require(i < cells || !is_used || motion->slots[i - cells] != VP9_NOT_USED,
                "no second prediction without a first");
    }
    size_t blocks = (size_t)((motion->height + 7) / 8) * (size_t)((motion->width + 7) / 8);
    for (size_t i = 0; motion->bits && i < blocks; i++)
        require(motion->coefficients[i] <= 192, "coefficients of three planes of 8x8");
}

static void check(const vp9_motion *motion, size_t size, int32_t next_picture)
{
    require((unsigned)motion->status < VP9_STATUS_COUNT, "a known status");
    require(strlen(vp9_message(motion->status)) > 5, "a message");
    require(motion->bit <= 8 * (uint64_t)size + 32, "the error is near the data");
    bool is_usable = motion->status <= VP9_SCALED;
    require((motion->memory != NULL) == is_usable, "vectors unless there is an error");
    if (is_usable)
        check_arrays(motion, next_picture);
    counts[motion->status]++;
}

/* Returns how many frames were read. */
static unsigned long feed(vp9_parser *parser, const uint8_t *packet, size_t size,
                          vp9_output *output)
{
    int32_t before = parser->tracker.picture;
    size_t motions = output->num_motions;
    enum vp9_effort effort = VP9_WANTED + random_below(2);
    if (random_below(16) == 0)
        effort = VP9_HEADERS_ONLY;
    if (random_below(4))
        parser->lost = false;
    vp9_read_packet(parser, packet, size, effort, output);
    require(!output->out_of_memory, "memory");
    require(effort == VP9_HEADERS_ONLY || output->num_motions - motions ==
                                              (size_t)(parser->tracker.picture - before),
            "motion of each new picture");
    for (; motions < output->num_motions; motions++)
        check(output->motions + motions, size, parser->tracker.picture);
    return (unsigned long)(parser->tracker.picture - before);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED FRAMES FILE...\n", argv[0]);
        return 2;
    }
    static vp9_tables tables;
    vp9_build_tables(&tables);
    seed_random(argv[1]);
    unsigned long wanted = strtoul(argv[2], NULL, 10), mutated = 0;
    while (mutated < wanted) {
        size_t file_size, at = 0, size;
        uint8_t *file = read_file(argv[3 + random_below((uint32_t)(argc - 3))], &file_size);
        const uint8_t *next;
        vp9_parser *parser = vp9_new(&tables);
        vp9_output output = {0};
        uint32_t one_in = 1 + random_below(6);
        while ((next = next_ivf_packet(file, file_size, &at, &size)) && mutated < wanted) {
            bool mutating = random_below(one_in) == 0;
            uint8_t *packet = mutating ? mutate(next, &size) : exact_copy(next, size);
            unsigned long frames = feed(parser, packet, size, &output);
            mutated += mutating ? frames : 0;
            free(packet);
            /* A size of a few hundred megapixels is allowed, and slow to check: start anew. */
            if ((int64_t)parser->rows * parser->columns > 1 << 16)
                break;
        }
        vp9_output_free(&output);
        vp9_free(parser);
        free(file);
    }
    printf("%lu mutated frames\n", mutated);
    for (int i = 0; i < VP9_STATUS_COUNT; i++)
        if (counts[i])
            printf("%lu %s\n", counts[i], vp9_message((vp9_status)i));
    return 0;
}
