/* The parser from outside: memory, start codes (clause 6.2.1) and messages. */
#include <stdlib.h>
#include <string.h>

#include "mpeg4_parser.h"
#include "start_codes.h"

enum { VOP_START_CODE = 0xb6 }; /* Table 6-3 */

mpeg4_parser *mpeg4_new(const mpeg4_tables *tables, bool skip_i_vops)
{
    mpeg4_parser *p = calloc(1, sizeof *p);
    if (p) {
        p->tables = tables;
        p->skip_i_vops = skip_i_vops;
        p->layer.status = MPEG4_NO_HEADER;
        p->visual_object_verid = 1;
    }
    return p;
}

void mpeg4_free(mpeg4_parser *p)
{
    if (p) {
        free(p->current.memory);
        free(p->anchor.memory);
        free(p);
    }
}

void mpeg4_reset(mpeg4_parser *p)
{
    p->num_anchors = 0;
}

const mpeg4_layer *mpeg4_get_layer(const mpeg4_parser *p)
{
    return &p->layer;
}

/* The parts of a picture's memory, the largest units first. */
static void lay_out(mpeg4_picture *picture, size_t macroblocks)
{
    size_t blocks = 4 * macroblocks;
    picture->forward = picture->memory;
    picture->backward = picture->forward + blocks;
    picture->bits = (uint32_t *)(picture->backward + blocks);
    picture->coefficients = (uint16_t *)(picture->bits + macroblocks);
    picture->mode = (uint8_t *)(picture->coefficients + macroblocks);
    picture->quantiser = picture->mode + macroblocks;
}

static bool allocate_picture(mpeg4_picture *picture, size_t macroblocks)
{
    free(picture->memory);
    picture->size = 4 * macroblocks * 2 * sizeof(mpeg4_vector) +
                    macroblocks * (sizeof(uint32_t) + sizeof(uint16_t) + 2 * sizeof(uint8_t));
    picture->memory = calloc(1, picture->size);
    if (!picture->memory)
        return false;
    lay_out(picture, macroblocks);
    return true;
}

void mpeg4_cells(const mpeg4_picture *picture, bool backward, int height, int width, int scale,
                 int16_t *vectors, uint8_t *slots)
{
    static const uint8_t uses_forward[] = {1, 0, 1, 1, 0, 1, 1}; /* by mode */
    static const uint8_t uses_backward[] = {0, 0, 0, 0, 1, 1, 1};
    const uint8_t *uses = backward ? uses_backward : uses_forward;
    int mb_width = (width + 15) / 16, columns = (width + 7) / 8;
    for (int y = 0; y < (height + 7) / 8; y++) {
        const mpeg4_vector *from = (backward ? picture->backward : picture->forward) +
                                   (ptrdiff_t)y * 2 * mb_width;
        const uint8_t *modes = picture->mode + (ptrdiff_t)(y / 2) * mb_width;
        for (int x = 0; x < columns; x++) {
            *vectors++ = (int16_t)(from[x].x * scale);
            *vectors++ = (int16_t)(from[x].y * scale);
            bool used = modes[x / 2] < sizeof uses_forward && uses[modes[x / 2]];
            *slots++ = used ? backward : MPEG4_UNUSED;
        }
    }
}

bool allocate_pictures(mpeg4_parser *p, const mpeg4_layer *layer)
{
    size_t macroblocks = (size_t)layer->mb_width * (size_t)layer->mb_height;
    return (allocate_picture(&p->current, macroblocks) &&
            allocate_picture(&p->anchor, macroblocks)) ||
           fail(p, MPEG4_NO_MEMORY);
}

/* A VOP from behind its start code; one that is an anchor becomes the last anchor. */
static void parse_vop(mpeg4_parser *p, mpeg4_vop *vop)
{
    bool has_type = p->bits.position < 8 * (uint64_t)p->bits.size;
    bool parsed = video_object_plane(p, &vop->coded) || p->status == MPEG4_INEXACT_END;
    vop->status = p->status;
    vop->error_bit = p->error_bit;
    vop->type = has_type ? "IPBS"[p->coding_type] : '?';
    vop->ticks = p->ticks;
    vop->picture = parsed && vop->coded ? &p->current : NULL;
    if (p->coding_type == B_VOP)
        return;
    if (!parsed) {
        p->num_anchors = 0;
    } else if (vop->coded) {
        mpeg4_picture before = p->anchor;
        p->anchor = p->current;
        p->current = before;
        vop->picture = &p->anchor;
        p->num_anchors += p->num_anchors < 2;
    }
}

bool mpeg4_next_vop(mpeg4_parser *p, const uint8_t *data, size_t size, size_t *offset,
                    mpeg4_vop *vop)
{
    *vop = (mpeg4_vop){.type = '?', .coded = true};
    if (*offset == 0 && size >= 3 && data[0] == 0 && data[1] == 0 && data[2] >> 2 == 0x80 >> 2) {
        *offset = size; /* short_video_start_marker: 0000 0000 0000 0000 1000 00 */
        vop->status = MPEG4_SHORT_HEADER;
        return true;
    }
    for (;;) {
        size_t start = find_start_code(data, size, *offset);
        if (size - start < 4) {
            *offset = size;
            return false;
        }
        size_t end = find_start_code(data, size, start + 4);
        uint8_t code = data[start + 3];
        *offset = end;
        p->bits = (bit_reader){data, end, 8 * ((uint64_t)start + 4)};
        p->status = MPEG4_OK;
        p->error_bit = 0;
        if (code >= 0x20 && code <= 0x2f) {
            video_object_layer(p);
        } else if (code == 0xb3) {
            group_of_vop(p);
        } else if (code == 0xb5) {
            visual_object(p);
        } else if (code == VOP_START_CODE) {
            parse_vop(p, vop);
            return true;
        }
    }
}

const char *mpeg4_message(mpeg4_status status)
{
    static const char *const messages[MPEG4_STATUS_COUNT] = {
        [MPEG4_OK] = "parsed",
        [MPEG4_INEXACT_END] = "the macroblocks do not end at the VOP's stuffing",
        [MPEG4_NO_ANCHORS] = "a B-VOP without both its anchors",
        [MPEG4_NO_HEADER] = "no video object layer before the first VOP",
        [MPEG4_TRUNCATED] = "the data ends too early",
        [MPEG4_BAD_MARKER] = "a marker bit is 0",
        [MPEG4_BAD_SIZE] = "width or height is 0",
        [MPEG4_BAD_RESOLUTION] = "vop_time_increment_resolution is 0",
        [MPEG4_BAD_TIME] = "a B-VOP's time is not between its anchors' times",
        [MPEG4_BAD_QUANTISER] = "a quantiser is 0",
        [MPEG4_BAD_FCODE] = "a vop_fcode is 0",
        [MPEG4_BAD_PACKET] = "a video packet header contradicts its VOP",
        [MPEG4_BAD_MCBPC] = "no such mcbpc code",
        [MPEG4_BAD_CBPY] = "no such cbpy code",
        [MPEG4_BAD_MB_TYPE] = "no such mb_type code",
        [MPEG4_BAD_VECTOR] = "no such motion vector code",
        [MPEG4_BAD_DC] = "no such dct_dc_size code",
        [MPEG4_BAD_COEFFICIENT] = "no such coefficient code",
        [MPEG4_TOO_MANY_COEFFICIENTS] = "more than 64 coefficients in a block",
        [MPEG4_NO_MEMORY] = "out of memory",
        [MPEG4_SHAPE] = "arbitrary shapes are not supported",
        [MPEG4_CHROMA_FORMAT] = "chroma formats other than 4:2:0 are not supported",
        [MPEG4_INTERLACED] = "interlaced video is not supported",
        [MPEG4_STATIC_SPRITE] = "static sprites are not supported",
        [MPEG4_GMC] = "S-VOPs (global motion compensation) are not supported",
        [MPEG4_NOT_8_BIT] = "pixels of more or fewer than 8 bits are not supported",
        [MPEG4_COMPLEXITY_ESTIMATION] = "complexity estimation headers are not supported",
        [MPEG4_DATA_PARTITIONING] = "data partitioning is not supported",
        [MPEG4_NEWPRED] = "NEWPRED is not supported",
        [MPEG4_REDUCED_RESOLUTION] = "reduced resolution VOPs are not supported",
        [MPEG4_SCALABILITY] = "scalability is not supported",
        [MPEG4_SHORT_HEADER] = "short headers (H.263) are not supported",
    };
    return status >= 0 && status < MPEG4_STATUS_COUNT ? messages[status] : "unknown status";
}
