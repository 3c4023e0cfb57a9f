/* Fuzz target of the H.264 parser, see target.h. */
#include "h264.h"
#include "target.h"

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

static h264_tables tables;
static bool has_tables;
static h264_parser *parser;
static expectations expected;

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options)
{
    (void)options;
    if (!has_tables)
        h264_build_tables(&tables);
    has_tables = true;
    parser = h264_new(&tables, extradata, size);
    require(parser != NULL, "memory");
    expected.last_number = -1;
}

bool read_packet(const uint8_t *packet, size_t size, uint8_t options)
{
    expected.packet_size = size;
    expected.last_stop = 0;
    expected.depth = options & ONLY_HEADERS   ? H264_HEADERS
                     : options & ONLY_VECTORS ? H264_VECTORS
                                              : H264_VECTORS_AND_COSTS;
    h264_packet(parser, packet, size, expected.depth, check, &expected);
    if (options & RESET) {
        h264_reset(parser);
        expected.last_number = -1;
    }
    return true;
}

void end_stream(void)
{
    h264_free(parser);
}

void report(void)
{
    for (int status = 0; status < H264_STATUS_COUNT; status++)
        if (expected.counts[status])
            printf("%8lu %s\n", expected.counts[status], h264_message((h264_status)status));
}
