/* Fuzz target of the HEVC parser, see target.h. */
#include "hevc.h"
#include "target.h"

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

static hevc_tables tables;
static bool has_tables;
static hevc_parser *parser;
static unsigned long counts[HEVC_STATUS_COUNT];

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options)
{
    (void)options;
    if (!has_tables)
        hevc_build_tables(&tables);
    has_tables = true;
    parser = hevc_new(&tables, extradata, size);
    require(parser != NULL, "memory");
}

bool read_packet(const uint8_t *packet, size_t size, uint8_t options)
{
    hevc_depth depth = options & ONLY_HEADERS   ? HEVC_HEADERS
                       : options & ONLY_VECTORS ? HEVC_MOTION
                                                : HEVC_COSTS;
    size_t offset = 0, last_offset = 0;
    hevc_picture_info picture;
    while (hevc_next_picture(parser, packet, size, &offset, depth, &picture)) {
        require(offset > last_offset && offset <= size, "progress");
        last_offset = offset;
        check(parser, &picture, depth, size);
        counts[picture.status]++;
    }
    if (options & RESET)
        hevc_reset(parser);
    return true;
}

void end_stream(void)
{
    hevc_free(parser);
}

void report(void)
{
    for (int status = 0; status < HEVC_STATUS_COUNT; status++)
        if (counts[status])
            printf("%8lu %s\n", counts[status], hevc_message((hevc_status)status));
}
