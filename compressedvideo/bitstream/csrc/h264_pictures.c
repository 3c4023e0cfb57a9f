/* Slices make up coded pictures, and fields frames: clauses 7.4.1.2.4 and 8.2.1.  What the headers
 * say of a picture becomes its record. */
#include <string.h>

#include "h264_parser.h"

/* ---------------------------------------------------------------- beginning */

/* 7.4.1.2.4.  Slices of one picture may use several picture parameter sets. */
static bool is_first_of_picture(const h264_slice *before, const h264_slice *slice)
{
    return before->frame_num != slice->frame_num || before->pps->sps != slice->pps->sps ||
           before->structure != slice->structure || before->idr != slice->idr ||
           before->idr_pic_id != slice->idr_pic_id || before->poc_lsb != slice->poc_lsb ||
           (before->nal_ref_idc == 0) != (slice->nal_ref_idc == 0) ||
           before->delta_poc_bottom != slice->delta_poc_bottom ||
           before->delta_poc[0] != slice->delta_poc[0] ||
           before->delta_poc[1] != slice->delta_poc[1];
}

/* The other field of the frame whose first field was the picture before. */
static bool is_second_field(const h264_parser *p)
{
    const h264_picture *frame = p->buffer.current;
    return p->expects_second_field && frame->fields == (FRAME ^ p->slice.structure) &&
           frame->frame_num == p->slice.frame_num && (frame->idr || !p->slice.idr);
}

/* References of another size are of no use. */
static void check_size(h264_parser *p)
{
    const h264_sps *sps = p->slice.sps;
    if (sps->mb_width != p->sps.mb_width || sps->mb_height != p->sps.mb_height)
        h264_unmark_all(&p->buffer);
}

static void begin_frame(h264_parser *p)
{
    h264_buffer *buffer = &p->buffer;
    const h264_slice *slice = &p->slice;
    bool lost = false;
    check_size(p);
    buffer->current = NULL;
    if (slice->idr) {
        h264_unmark_all(buffer);
        buffer->last_reference_frame_num = 0;
        p->epoch += p->next_number > 0;
    } else {
        lost = h264_fill_gap(buffer, slice);
    }
    buffer->current = h264_unused_picture(buffer);
    h264_motion motion = buffer->current->motion;
    motion.parsed = false;
    *buffer->current = (h264_picture){
        .number = p->next_number++,
        .kind = (uint8_t)"PBIPI"[slice->type], /* FFmpeg's choice */
        .idr = slice->idr,
        .frame_num = slice->frame_num,
        .mbaff = slice->mbaff,
        .in_fields = slice->structure != FRAME,
        .motion = motion,
        .lost_before = lost,
    };
}

static void begin_picture(h264_parser *p)
{
    bool second = is_second_field(p);
    if (!second)
        begin_frame(p);
    p->expects_second_field = !second && p->slice.structure != FRAME;
    h264_picture *picture = p->buffer.current;
    h264_count_order(&p->buffer, &p->slice);
    picture->fields |= p->slice.structure;
    p->is_open = true;
    p->sps = *p->slice.sps;
    p->pps = *p->slice.pps;
    p->first_slice = p->slice;
    p->first_slice.sps = &p->sps;
    p->first_slice.pps = &p->pps;
    p->coded = (h264_coded){
        .record =
            {
                .packet = p->packet,
                .start = (int32_t)p->end_of_picture,
                .picture = picture->number,
                .colocated = -1,
                .recovery = (int16_t)p->messages.recovery_frame_cnt,
                .kind = picture->kind,
                .field = picture->in_fields ? p->slice.structure : RECORD_FRAME,
                .flags = second                 ? RECORD_SECOND_FIELD
                         : picture->lost_before ? RECORD_LOST_BEFORE
                                                : 0,
            },
        .references = p->references,
        .height = 16 * p->sps.mb_height - p->sps.crop_top - p->sps.crop_bottom,
        .width = 16 * p->sps.mb_width - p->sps.crop_left - p->sps.crop_right,
        .crop_top = p->sps.crop_top,
        .crop_left = p->sps.crop_left,
    };
    p->coded.record.width = (uint16_t)p->coded.width;
    p->coded.record.height = (uint16_t)p->coded.height;
    p->coded.record.chroma = (uint8_t)(1 + p->sps.chroma_format_idc);
    p->messages.recovery_frame_cnt = -1;
    if (p->depth != H264_HEADERS)
        h264_begin_macroblocks(p);
}

/* ---------------------------------------------------------------- slices */

static void add_reference(h264_parser *p, int32_t number)
{
    picture_record *record = &p->coded.record;
    for (int i = 0; i < record->num_references; i++)
        if (p->references[i] == number)
            return;
    if (record->num_references < MAX_RECORD_REFERENCES)
        p->references[record->num_references++] = number;
}

/* Entries behind the last picture are no loss: encoders may announce more than there are. */
static void add_references(h264_parser *p)
{
    for (int list = 0; list < 2; list++) {
        int count = p->slice.num_ref_idx[list];
        while (count > 1 && !p->lists[list][count - 1].picture)
            count--;
        for (int i = 0; i < count; i++) {
            const h264_picture *picture = p->lists[list][i].picture;
            if (!picture)
                add_reference(p, H264_MISSING);
            else if (picture != p->buffer.current) /* a second field may refer to the first */
                add_reference(p, picture->number);
        }
    }
}

/* B-pictures derive vectors from the first picture of list 1, unless it has none. */
static void add_colocated(h264_parser *p)
{
    const h264_picture *colocated = p->lists[1][0].picture;
    if (p->coded.record.colocated < 0 && colocated && !h264_is_intra(colocated) &&
        colocated != p->buffer.current)
        p->coded.record.colocated = colocated->number;
}

bool h264_begin_slice(h264_parser *p)
{
    if (p->is_open && is_first_of_picture(&p->first_slice, &p->slice))
        h264_finish_picture(p, p->boundary);
    if (!p->is_open)
        begin_picture(p);
    p->buffer.current->slice_types |= (uint8_t)(1 << p->slice.type);
    if (!h264_reference_lists(&p->buffer, &p->slice, p->lists))
        return false;
    add_references(p);
    if (p->slice.type == B_SLICE)
        add_colocated(p);
    return true;
}

/* ---------------------------------------------------------------- ending */

/* Decoding can start at an IDR picture, and at an I-picture that says so.  What is displayed before
 * the latter but comes after it, and refers to what comes before it, cannot be decoded then. */
static uint16_t random_access(h264_parser *p, bool resets)
{
    const picture_record *record = &p->coded.record;
    const h264_picture *picture = p->buffer.current;
    bool is_second = record->flags & RECORD_SECOND_FIELD;
    if (p->first_slice.idr && !is_second) {
        p->key_number = -1;
        return RECORD_KEY | RECORD_CLOSED;
    }
    if (record->recovery == 0 && !is_second && h264_is_intra(picture)) {
        p->key_number = picture->number;
        p->key_epoch = record->epoch;
        p->key_order = (int32_t)record->order;
        return resets ? RECORD_KEY | RECORD_CLOSED : RECORD_KEY;
    }
    if (p->key_number < 0 || picture->number == p->key_number || record->epoch != p->key_epoch ||
        record->order > p->key_order)
        return 0;
    bool is_leading = p->key_number == 0;
    for (int i = 0; i < record->num_references; i++)
        is_leading |= p->references[i] < p->key_number;
    return is_leading ? RECORD_LEADING : 0;
}

void h264_finish_picture(h264_parser *p, size_t end)
{
    if (!p->is_open)
        return;
    picture_record *record = &p->coded.record;
    h264_picture *picture = p->buffer.current;
    if (p->depth != H264_HEADERS)
        h264_end_macroblocks(p);
    bool resets = h264_mark_references(&p->buffer, &p->first_slice);
    p->epoch += resets;
    record->epoch = p->epoch;
    record->order = h264_order(picture, p->first_slice.structure);
    record->stop = (int32_t)end;
    if (p->first_slice.nal_ref_idc != 0)
        record->flags |= RECORD_REFERENCED;
    if (p->first_slice.structure != FRAME || p->first_slice.mbaff)
        record->flags |= RECORD_INTERLACED;
    record->flags |= random_access(p, resets);
    p->last_order = (int32_t)record->order;
    p->end_of_picture = end;
    p->is_open = false;
    p->has_picture = true;
    p->sink(p->context, &p->coded);
}

/* A packet of which nothing can be read but that there is a picture, or the field that is due. */
void h264_lose_picture(h264_parser *p, size_t end)
{
    bool second = p->expects_second_field;
    const h264_picture *frame = p->buffer.current;
    p->expects_second_field = false;
    p->coded = (h264_coded){
        .record =
            {
                .order = p->last_order,
                .epoch = p->epoch,
                .packet = p->packet,
                .start = (int32_t)p->end_of_picture,
                .stop = (int32_t)end,
                .picture = second ? frame->number : p->next_number++,
                .colocated = -1,
                .recovery = -1,
                .kind = second ? frame->kind : '?',
                .field = second ? FRAME ^ frame->fields : RECORD_FRAME,
                .flags = second ? RECORD_DAMAGED | RECORD_SECOND_FIELD | RECORD_INTERLACED
                                : RECORD_DAMAGED,
            },
        .references = p->references,
        .status = H264_BAD_HEADER,
    };
    p->end_of_picture = end;
    p->sink(p->context, &p->coded);
}
