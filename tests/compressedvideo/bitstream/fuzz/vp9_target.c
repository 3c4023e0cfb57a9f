/* Fuzz target of the VP9 parser, see target.h. */
#include "target.h"
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

static vp9_tables tables;
static bool has_tables;
static vp9_parser *parser;
static vp9_output output;

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options)
{
    (void)extradata, (void)size, (void)options;
    if (!has_tables)
        vp9_build_tables(&tables);
    has_tables = true;
    parser = vp9_new(&tables);
    require(parser != NULL, "memory");
}

bool read_packet(const uint8_t *packet, size_t size, uint8_t options)
{
    int32_t before = parser->tracker.picture;
    size_t motions = output.num_motions;
    if (options & GO_ON)
        parser->lost = false;
    enum vp9_effort effort = options & ONLY_HEADERS   ? VP9_HEADERS_ONLY
                             : options & ONLY_VECTORS ? VP9_WANTED
                                                      : VP9_WANTED + 1;
    vp9_read_packet(parser, packet, size, effort, &output);
    require(!output.out_of_memory, "memory");
    require(effort == VP9_HEADERS_ONLY || output.num_motions - motions ==
                                              (size_t)(parser->tracker.picture - before),
            "motion of each new picture");
    for (; motions < output.num_motions; motions++)
        check(output.motions + motions, size, parser->tracker.picture);
    /* A size of a few hundred megapixels is allowed, and slow to check. */
    return (int64_t)parser->rows * parser->columns <= 1 << 16;
}

void end_stream(void)
{
    vp9_output_free(&output);
    memset(&output, 0, sizeof output);
    vp9_free(parser);
}

void report(void)
{
    for (int i = 0; i < VP9_STATUS_COUNT; i++)
        if (counts[i])
            printf("%8lu %s\n", counts[i], vp9_message((vp9_status)i));
}
