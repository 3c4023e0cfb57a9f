/* Fuzz target of the MPEG-4 part 2 parser, see target.h. */
#include "mpeg4.h"
#include "target.h"

static void check(const mpeg4_vop *vop, const mpeg4_layer *layer, size_t size)
{
    require(vop->status >= 0 && vop->status < MPEG4_STATUS_COUNT, "a known status");
    require(mpeg4_message(vop->status) != NULL, "a message");
    require(vop->error_bit <= 8 * (uint64_t)size + 64, "the error is near the data");
    bool readable = vop->status == MPEG4_OK || vop->status == MPEG4_INEXACT_END;
    require((vop->picture != NULL) == (readable && vop->coded), "vectors unless there is an error");
    if (!vop->picture)
        return;
    require(layer->status == MPEG4_OK, "a layer");
    size_t macroblocks = (size_t)layer->mb_width * (size_t)layer->mb_height;
    require(vop->picture->size == 40 * macroblocks, "a picture of the layer's size");
    for (size_t mb = 0; mb < macroblocks; mb++) {
        require(vop->picture->mode[mb] <= MPEG4_DIRECT, "a known mode");
        require(vop->picture->quantiser[mb] <= 31, "a quantiser");
        require(vop->picture->coefficients[mb] <= 384, "coefficients of six blocks");
    }
}

static mpeg4_tables tables;
static bool has_tables;
static mpeg4_parser *parser;
static unsigned long counts[MPEG4_STATUS_COUNT];

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options)
{
    if (!has_tables)
        build_tables(&tables);
    has_tables = true;
    parser = mpeg4_new(&tables, options & 1);
    require(parser != NULL, "memory");
    (void)read_packet(extradata, size, 0);
}

bool read_packet(const uint8_t *packet, size_t size, uint8_t options)
{
    size_t offset = 0, last_offset = 0;
    mpeg4_vop vop;
    while (mpeg4_next_vop(parser, packet, size, &offset, &vop)) {
        require(offset > last_offset && offset <= size, "progress");
        last_offset = offset;
        check(&vop, mpeg4_get_layer(parser), size);
        counts[vop.status]++;
    }
    if (options & RESET)
        mpeg4_reset(parser);
    return true;
}

void end_stream(void)
{
    mpeg4_free(parser);
}

void report(void)
{
    for (int status = 0; status < MPEG4_STATUS_COUNT; status++)
        if (counts[status])
            printf("%8lu %s\n", counts[status], mpeg4_message((mpeg4_status)status));
}
