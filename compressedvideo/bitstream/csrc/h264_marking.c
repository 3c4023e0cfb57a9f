/* Clause 8.2.5: which pictures stay references. */
#include "h264_pictures.h"

h264_picture *h264_unused_picture(h264_buffer *buffer)
{
    h264_picture *picture = buffer->pool;
    while (picture->short_term || picture->long_term || picture == buffer->current)
        picture++; /* ends: there are more pictures than references */
    return picture;
}

static void remove_reference(h264_buffer *buffer, int at)
{
    h264_picture *picture = buffer->references[at];
    picture->short_term = picture->long_term = 0;
    buffer->num_references--;
    for (int i = at; i < buffer->num_references; i++)
        buffer->references[i] = buffer->references[i + 1];
}

/* Takes out the pictures of which no field is marked any more. */
static void remove_unmarked(h264_buffer *buffer)
{
    for (int i = buffer->num_references - 1; i >= 0; i--)
        if (!(buffer->references[i]->short_term | buffer->references[i]->long_term))
            remove_reference(buffer, i);
}

void h264_unmark_all(h264_buffer *buffer)
{
    while (buffer->num_references > 0)
        remove_reference(buffer, buffer->num_references - 1);
}

void h264_wrap_frame_nums(h264_buffer *buffer, const h264_slice *slice)
{
    for (int i = 0; i < buffer->num_references; i++) {
        h264_picture *picture = buffer->references[i];
        picture->frame_num_wrap = picture->frame_num;
        if (picture->frame_num > slice->frame_num)
            picture->frame_num_wrap -= 1 << slice->sps->log2_max_frame_num;
    }
}

/* ---------------------------------------------------------------- 8.2.5.3 sliding window */

static int max_references(const h264_slice *slice)
{
    return slice->sps->num_ref_frames > 1 ? slice->sps->num_ref_frames : 1;
}

/* Removes the oldest short-term picture, or if there is none the first one, until there is room for
 * one more. FrameNumWrap must be known. */
static void make_room(h264_buffer *buffer, int max_count)
{
    while (buffer->num_references >= max_count) {
        int oldest = -1;
        for (int i = 0; i < buffer->num_references; i++) {
            const h264_picture *picture = buffer->references[i];
            if (picture->short_term && picture != buffer->current &&
                (oldest < 0 ||
                 picture->frame_num_wrap < buffer->references[oldest]->frame_num_wrap))
                oldest = i;
        }
        remove_reference(buffer, oldest < 0 ? 0 : oldest);
    }
}

/* ---------------------------------------------------------------- 8.2.5.2 gaps in frame_num */

/* Frames that were left out on purpose, or lost: they take part in the sliding window and the
 * lists, but nothing is known of them.  True if they were lost. */
bool h264_fill_gap(h264_buffer *buffer, const h264_slice *slice)
{
    int max_frame_num = 1 << slice->sps->log2_max_frame_num;
    int last = buffer->last_reference_frame_num;
    if (slice->frame_num == last || slice->frame_num == (last + 1) % max_frame_num ||
        buffer->num_references == 0)
        return false;
    int lost = (slice->frame_num - last - 1 + max_frame_num) % max_frame_num;
    int count = lost < max_references(slice) ? lost : max_references(slice);
    h264_picture *kept = buffer->current;
    buffer->current = NULL;
    for (; count > 0; count--) {
        int frame_num = (slice->frame_num - count + max_frame_num) % max_frame_num;
        h264_slice filler = {.sps = slice->sps, .frame_num = frame_num};
        h264_wrap_frame_nums(buffer, &filler);
        make_room(buffer, max_references(slice));
        h264_picture *picture = h264_unused_picture(buffer);
        picture->number = H264_MISSING;
        picture->fields = picture->short_term = FRAME;
        picture->in_fields = picture->mbaff = picture->idr = false;
        picture->slice_types = 0;
        picture->frame_num = frame_num;
        picture->poc[0] = picture->poc[1] = INT32_MIN / 2; /* displayed long ago */
        picture->motion.parsed = false;
        buffer->references[buffer->num_references++] = picture;
        if (buffer->poc.frame_num > frame_num)
            buffer->poc.frame_num_offset += max_frame_num;
        buffer->poc.frame_num = frame_num;
    }
    buffer->current = kept;
    return !slice->sps->gaps_allowed;
}

/* ---------------------------------------------------------------- 8.2.5.4 adaptive marking */

/* Unmarks the fields of a set in pictures that are short-term references (or long-term ones). */
static void unmark_short_term(h264_picture *picture, uint8_t fields)
{
    picture->short_term &= (uint8_t)~fields;
}

static void free_long_term_index(h264_buffer *buffer, int64_t index, const h264_picture *except)
{
    for (int i = 0; i < buffer->num_references; i++) {
        h264_picture *picture = buffer->references[i];
        if (picture != except && picture->long_term && picture->long_term_frame_idx == index)
            picture->long_term = 0;
    }
}

/* The picture and its fields of which a picture number speaks: 8.2.4.1.  Of field pictures the
 * numbers are doubled, those of the same parity odd. */
static h264_picture *find_by_number(h264_buffer *buffer, const h264_slice *slice, int64_t number,
                                    bool long_term, uint8_t *fields)
{
    *fields = FRAME;
    if (slice->structure != FRAME) {
        *fields = number & 1 ? slice->structure : FRAME ^ slice->structure;
        number = (number - (number & 1)) / 2;
    }
    for (int i = 0; i < buffer->num_references; i++) {
        h264_picture *picture = buffer->references[i];
        uint8_t marked = long_term ? picture->long_term : picture->short_term;
        int of_picture = long_term ? picture->long_term_frame_idx : picture->frame_num_wrap;
        if ((marked & *fields) == *fields && of_picture == number)
            return picture;
    }
    return NULL;
}

static int64_t short_term_number(const h264_slice *slice, uint32_t difference)
{
    int64_t current = slice->structure == FRAME ? slice->frame_num : 2 * slice->frame_num + 1;
    return current - ((int64_t)difference + 1);
}

/* Operations 1 to 4; returns true for 5, 6 is left to mark_current(). */
static bool adaptive_marking(h264_buffer *buffer, const h264_slice *slice)
{
    bool resets = false;
    for (const h264_operation *op = slice->markings; op < slice->markings + slice->num_markings;
         op++) {
        uint8_t fields;
        h264_picture *picture = NULL;
        switch (op->operation) {
        case 1: /* a short-term picture is no reference any more */
        case 3: /* it becomes a long-term one */
            picture = find_by_number(buffer, slice, short_term_number(slice, op->value), false,
                                     &fields);
            if (!picture)
                break;
            unmark_short_term(picture, fields);
            if (op->operation == 3) {
                free_long_term_index(buffer, op->index, picture);
                if (picture->long_term && picture->long_term_frame_idx != (int64_t)op->index)
                    picture->long_term = 0;
                picture->long_term |= fields;
                picture->long_term_frame_idx = (int)op->index;
            }
            break;
        case 2: /* a long-term picture is no reference any more */
            picture = find_by_number(buffer, slice, op->value, true, &fields);
            if (picture)
                picture->long_term &= (uint8_t)~fields;
            break;
        case 4: /* long-term indices from `value` on are no more */
            for (int i = 0; i < buffer->num_references; i++)
                if (buffer->references[i]->long_term_frame_idx >= (int64_t)op->value)
                    buffer->references[i]->long_term = 0;
            break;
        case 5:
            h264_unmark_all(buffer);
            resets = true;
            break;
        default:
            break;
        }
        remove_unmarked(buffer);
    }
    return resets;
}

/* The last operation 6 of a slice, or NULL. */
static const h264_operation *makes_long_term(const h264_slice *slice)
{
    for (int i = slice->num_markings - 1; i >= 0; i--)
        if (slice->markings[i].operation == 6)
            return &slice->markings[i];
    return NULL;
}

/* 8.2.1: after operation 5 the picture counts as if it were an IDR picture. */
static void restart_order(h264_buffer *buffer, const h264_slice *slice)
{
    h264_picture *picture = buffer->current;
    int32_t first = h264_order(picture, slice->structure);
    for (int field = 0; field < 2; field++)
        picture->poc[field] = (int32_t)((uint32_t)picture->poc[field] - (uint32_t)first);
    picture->frame_num = 0;
    buffer->poc.msb = 0;
    buffer->poc.lsb = slice->structure == BOTTOM_FIELD ? 0 : picture->poc[0];
    buffer->poc.frame_num = 0;
    buffer->poc.frame_num_offset = 0;
    buffer->last_reference_frame_num = 0;
}

bool h264_mark_references(h264_buffer *buffer, const h264_slice *slice)
{
    h264_picture *current = buffer->current;
    bool resets = false, long_term = false;
    if (slice->nal_ref_idc == 0)
        return false;
    h264_wrap_frame_nums(buffer, slice);
    bool is_held = current->short_term || current->long_term; /* by its first field */
    buffer->last_reference_frame_num = slice->frame_num;
    if (slice->idr && !is_held) {
        long_term = slice->long_term_reference;
        current->long_term_frame_idx = 0;
    } else if (slice->adaptive_marking) {
        resets = adaptive_marking(buffer, slice);
        const h264_operation *operation = makes_long_term(slice);
        if (operation) {
            free_long_term_index(buffer, operation->value, current);
            remove_unmarked(buffer);
            long_term = true;
            current->long_term_frame_idx = (int)operation->value;
        }
    }
    is_held = current->short_term || current->long_term;
    if (!is_held)
        make_room(buffer, max_references(slice));
    if (long_term)
        current->long_term |= slice->structure;
    else
        current->short_term |= slice->structure;
    if (!is_held)
        buffer->references[buffer->num_references++] = current;
    if (resets)
        restart_order(buffer, slice);
    return resets;
}
