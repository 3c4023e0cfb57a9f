/* What slices say of their picture, and what becomes of it: its record, its place among the kept
 * pictures, its motion. */
#include <string.h>

#include "hevc_units.h"

/* Of the slice that was read last. */
static const hevc_sps *active_sps(const hevc_parser *p)
{
    return p->sps_list + p->pps_list[p->slice.pps].sps;
}

/* What the type of the NAL unit says of the picture. */
static uint16_t flags_of(int type, int temporal_id, const hevc_sps *sps)
{
    bool referenced = !hevc_is_sub_layer_non_reference(type) ||
                      temporal_id + 1 < (sps ? sps->max_sub_layers : 1);
    return (uint16_t)((referenced ? RECORD_REFERENCED : 0) |
                      (hevc_is_irap(type) ? RECORD_KEY : 0) |
                      (type == HEVC_IDR_N_LP || type == HEVC_BLA_N_LP ? RECORD_CLOSED : 0) |
                      (hevc_is_rasl(type) ? RECORD_LEADING : 0) |
                      (sps && sps->field_seq ? RECORD_INTERLACED : 0));
}

/* The first slice of a picture: its record, and its place in the buffer. */
static void first_slice(hevc_parser *p, const hevc_sps *sps, int type, int temporal_id,
                        picture_record *record)
{
    hevc_buffer *buffer = &p->buffer;
    record->kind = (uint8_t)"BPI"[p->slice.type];
    record->flags = flags_of(type, temporal_id, sps);
    record->recovery = (int16_t)p->recovery;
    if (hevc_is_irap(type)) {
        buffer->skips_leading = hevc_is_idr(type) || hevc_is_bla(type) || buffer->at_start;
        buffer->epoch += buffer->skips_leading && buffer->next_number > 0;
        buffer->has_key = true;
        buffer->at_start = false;
    }
    record->epoch = buffer->epoch;
    bool is_skipped = hevc_is_rasl(type) && buffer->skips_leading;
    if (!p->slice.pic_output || is_skipped)
        record->flags |= RECORD_HIDDEN;
    if (is_skipped) {
        record->order = hevc_order_count(buffer, &p->slice, sps, false);
        hevc_fail(p, HEVC_SKIPPED_LEADING);
        return;
    }
    hevc_status status = hevc_start_picture(buffer, &p->slice, sps, type, temporal_id);
    if (!buffer->has_key)
        hevc_fail(p, HEVC_NO_KEY);
    if (status != HEVC_OK) {
        record->flags |= RECORD_DAMAGED;
        hevc_fail(p, status);
    } else {
        record->order = buffer->current->poc;
    }
}

/* Each picture of the slice's lists once. */
static bool note_references(const hevc_slice *slice, hevc_lists *lists, hevc_picture_info *info)
{
    int32_t *count = &info->record.num_references;
    for (int list = 0; list < 2; list++) {
        for (int i = 0; i < slice->num_ref_idx[list]; i++) {
            int32_t number = lists->picture[list][i]->number;
            int slot = 0;
            while (slot < *count && info->references[slot] != number)
                slot++;
            if (slot == HEVC_MAX_REFERENCES)
                return false;
            if (slot == *count)
                info->references[(*count)++] = number;
            lists->slot[list][i] = (uint8_t)slot;
        }
    }
    return true;
}

/* Lists of a slice, and the picture that its temporal vectors come from. */
static void start_slice(hevc_parser *p, hevc_depth depth, hevc_picture_info *info)
{
    const hevc_slice *slice = &p->slice;
    hevc_lists *lists = hevc_add_lists(&p->frame);
    if (!lists) {
        hevc_fail(p, HEVC_NO_MEMORY);
        return;
    }
    p->lists = lists;
    p->collocated = NULL;
    if (slice->type == HEVC_I_SLICE)
        return;
    p->frame.is_intra = false;
    hevc_status status = hevc_make_lists(&p->buffer, slice, active_sps(p), lists);
    if (status == HEVC_OK && !note_references(slice, lists, info))
        status = HEVC_BAD_REFERENCE_SET;
    if (status != HEVC_OK) {
        hevc_fail(p, status);
        return;
    }
    p->no_backward = true;
    for (int list = 0; list < 2; list++)
        for (int i = 0; i < slice->num_ref_idx[list]; i++)
            p->no_backward = p->no_backward && lists->poc[list][i] <= p->buffer.current->poc;
    if (!slice->temporal_mvp)
        return;
    const hevc_picture *collocated =
        lists->picture[slice->collocated_from_l0 ? 0 : 1][slice->collocated_ref_idx];
    info->record.colocated = collocated->number;
    p->collocated = collocated;
    if (depth != HEVC_HEADERS && p->status <= HEVC_INEXACT_END &&
        !hevc_has_motion(p, collocated))
        hevc_fail(p, HEVC_NO_COLOCATED);
}

/* A slice segment up to its data; `opens`: it is the first unit of a picture. */
static hevc_status slice_header(hevc_parser *p, const nal_unit *unit, rbsp_reader *bits,
                                bool needs_data, bool opens)
{
    if (!bits->data)
        return HEVC_NO_MEMORY;
    if (unit->truncated)
        return HEVC_TRUNCATED;
    if (opens && !hevc_is_first_slice(unit))
        return HEVC_LOST_SLICE;
    return hevc_read_slice(bits, hevc_unit_type(unit), p->sps_list, p->pps_list, &p->slice,
                           needs_data ? &p->entries : NULL);
}

void hevc_add_slice(hevc_parser *p, const nal_unit *unit, hevc_depth depth, bool opens,
                    hevc_picture_info *info)
{
    int temporal_id = (unit->data[1] & 7) - 1;
    bool needs_data = depth != HEVC_HEADERS;
    rbsp_reader bits = hevc_open_payload(p, unit, needs_data ? SIZE_MAX : HEVC_LONGEST_HEADER);
    hevc_status before = p->status, status = slice_header(p, unit, &bits, needs_data, opens);
    size_t at = (size_t)(bits.position / 8); /* byte of the payload, if there is an error */
    if (status != HEVC_OK) {
        hevc_fail(p, status);
        if (opens)
            info->record.flags = flags_of(hevc_unit_type(unit), temporal_id, NULL) | RECORD_DAMAGED;
    } else {
        if (opens)
            first_slice(p, active_sps(p), hevc_unit_type(unit), temporal_id, &info->record);
        if (opens && needs_data && p->status <= HEVC_INEXACT_END)
            hevc_fail(p, hevc_open_frame(p, active_sps(p), p->pps_list + p->slice.pps));
        if (p->buffer.current && !p->slice.is_dependent)
            start_slice(p, depth, info);
        if (needs_data && p->status <= HEVC_INEXACT_END) {
            if (depth == HEVC_MOTION && p->frame.is_intra) {
                /* only I-slices so far: no other slice depends on their data */
                if (!p->frame.skips_slices)
                    hevc_clear_cells(&p->frame);
                p->frame.skips_slices = true;
            } else {
                hevc_slice_segment_data(p, bits.size, unit->data + HEVC_NAL_HEADER,
                                        unit->size - HEVC_NAL_HEADER);
                at = (size_t)(cabac_byte(&p->cabac) - p->payload);
            }
        }
    }
    if (p->status != before)
        info->error_bit = 8 * (uint64_t)(unit->at + HEVC_NAL_HEADER +
                                         nal_escaped_offset(unit->data + HEVC_NAL_HEADER,
                                                            unit->size - HEVC_NAL_HEADER, at));
}

void hevc_open_picture(hevc_parser *p, hevc_picture_info *info)
{
    *info = (hevc_picture_info){
        .record = {.colocated = -1, .recovery = -1, .kind = '?', .field = RECORD_FRAME}};
    p->status = HEVC_OK;
    p->buffer.current = NULL;
    p->frame.num_lists = 0;
    p->frame.is_intra = true;
}

void hevc_close_picture(hevc_parser *p, hevc_depth depth, hevc_picture_info *info)
{
    const hevc_frame *frame = &p->frame;
    info->record.picture = p->buffer.next_number++;
    p->recovery = -1;
    if (depth != HEVC_HEADERS && !frame->skips_slices && p->status <= HEVC_INEXACT_END &&
        frame->num_parsed < frame->ctb_rows * frame->ctb_columns)
        hevc_fail(p, HEVC_MISSING_UNITS);
    if (p->status <= HEVC_INEXACT_END) {
        if (frame->is_intra)
            p->buffer.current->motion_state = HEVC_MOTION_NONE;
        else if (depth != HEVC_HEADERS)
            hevc_fail(p, hevc_close_frame(p));
    }
    info->status = p->status;
    info->has_motion = depth != HEVC_HEADERS && p->status <= HEVC_INEXACT_END;
    p->num_references = info->record.num_references;
    memcpy(p->references, info->references, sizeof p->references);
}
