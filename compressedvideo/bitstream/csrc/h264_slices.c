/* The macroblocks of a picture, slice after slice: what may be read, and with what. */
#include <stdlib.h>

#include "h264_parser.h"
#include "nal.h"

void h264_damage(h264_parser *p, h264_status status, uint64_t bit)
{
    h264_coded *coded = &p->coded;
    if (status == H264_BAD_HEADER || status == H264_NO_PARAMETERS)
        coded->record.flags |= RECORD_DAMAGED;
    if (coded->status != H264_OK)
        return;
    size_t byte = nal_escaped_offset(p->unit + 1, p->unit_size - 1, (size_t)(bit / 8));
    coded->status = status;
    coded->error_bit = 8 * ((uint64_t)p->unit_at + 1 + byte) + bit % 8;
}

/* Tools that are refused. */
static h264_status refusal(const h264_slice *slice)
{
    if (slice->structure != FRAME)
        return H264_FIELD_PICTURE;
    if (slice->mbaff)
        return H264_MBAFF;
    if (slice->pps->slice_groups)
        return H264_SLICE_GROUPS;
    if (slice->partitioned)
        return H264_DATA_PARTITIONING;
    if (slice->type == SP_SLICE || slice->type == SI_SLICE)
        return H264_SWITCHING_SLICE;
    if (slice->sps->separate_colour_planes)
        return H264_SEPARATE_PLANES;
    if ((slice->sps->crop_left | slice->sps->crop_top) % 4 != 0)
        return H264_CROPPING;
    return H264_OK;
}

/* Two rows of neighbours, of no slice. */
static bool allocate_neighbours(h264_parser *p)
{
    size_t width = (size_t)p->sps.mb_width + 2;
    if (p->neighbours_width != p->sps.mb_width) {
        free(p->neighbours);
        p->neighbours = calloc(2 * width, sizeof *p->neighbours);
        p->neighbours_width = p->neighbours ? p->sps.mb_width : 0;
    }
    p->reader.rows[0] = p->neighbours;
    p->reader.rows[1] = p->neighbours + width;
    return p->neighbours != NULL;
}

void h264_begin_macroblocks(h264_parser *p)
{
    h264_motion *motion = &p->buffer.current->motion;
    h264_status status = refusal(&p->slice);
    p->next_mb = 0;
    p->last_first_mb = -1;
    if (status == H264_OK && ++p->num_parsed > MAX_PICTURES)
        status = H264_TOO_MANY_PICTURES;
    if (status == H264_OK && !(allocate_neighbours(p) &&
                               h264_begin_motion(motion, p->sps.mb_width, p->sps.mb_height)))
        status = H264_NO_MEMORY;
    if (status != H264_OK)
        h264_damage(p, status, 0);
}

static void prepare_reader(h264_parser *p, const rbsp_reader *bits)
{
    h264_reader *r = &p->reader;
    const h264_slice *slice = &p->slice;
    r->slice = slice;
    r->number = r->number == INT32_MAX ? 1 : r->number + 1;
    r->bits = *bits;
    r->motion = &p->buffer.current->motion;
    r->mb_width = p->sps.mb_width;
    r->mb_height = p->sps.mb_height;
    r->is_b = slice->type == B_SLICE;
    r->is_i = slice->type == I_SLICE;
    r->chroma = slice->sps->chroma_format_idc;
    r->x264_contexts = p->messages.x264_core > 0 && p->messages.x264_core < 151;
    for (int list = 0; list < 2; list++) {
        r->num_ref_idx[list] = slice->num_ref_idx[list];
        for (int i = 0; i < slice->num_ref_idx[list]; i++) {
            const h264_picture *picture = p->lists[list][i].picture;
            r->slots[list][i] = h264_slot_of(r->motion, picture ? picture->number : H264_MISSING);
        }
    }
    if (r->is_b) {
        r->motion->bipredictive = true;
        h264_prepare_direct(r, p->buffer.current, p->lists);
    }
}

void h264_read_macroblocks(h264_parser *p, const rbsp_reader *bits)
{
    const h264_slice *slice = &p->slice;
    h264_status status = refusal(slice);
    if (p->coded.status != H264_OK)
        return;
    int count = p->sps.mb_width * p->sps.mb_height;
    if (status == H264_OK && slice->first_mb >= (uint32_t)count)
        status = H264_TOO_MANY_MACROBLOCKS;
    if (status == H264_OK && (int)slice->first_mb < p->next_mb)
        status = (int)slice->first_mb < p->last_first_mb ? H264_SLICE_ORDER
                                                         : H264_OVERLAPPING_SLICES;
    if (status != H264_OK) {
        h264_damage(p, status, bits->position);
        return;
    }
    p->last_first_mb = (int)slice->first_mb;
    if (slice->type == I_SLICE && p->depth != H264_VECTORS_AND_COSTS) {
        h264_set_intra(&p->buffer.current->motion, p->last_first_mb);
        p->next_mb = p->last_first_mb + 1;
        return;
    }
    h264_reader *r = &p->reader;
    prepare_reader(p, bits);
    h264_read_slice_data(r);
    p->next_mb = r->mb;
    if (r->status != H264_OK)
        h264_damage(p, r->status,
                    slice->pps->cabac ? (uint64_t)arithmetic_position(&r->cabac, bits->data)
                                      : r->bits.position);
}

void h264_end_macroblocks(h264_parser *p)
{
    h264_motion *motion = &p->buffer.current->motion;
    size_t count = (size_t)p->sps.mb_width * (size_t)p->sps.mb_height;
    if (p->coded.status == H264_OK && memchr(motion->types, H264_NOT_READ, count))
        h264_damage(p, H264_MISSING_MACROBLOCKS, 0);
    motion->parsed = p->coded.status == H264_OK;
    p->coded.motion = motion->parsed ? motion : NULL;
}
