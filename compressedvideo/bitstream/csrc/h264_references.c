/* Clause 8.2.4: the lists of pictures that reference indices count in. */
#include <stdlib.h>
#include <string.h>

#include "h264_pictures.h"

/* Pictures in some order; never more than there are references, one of which may be the current
 * picture's first field. */
typedef struct {
    h264_picture *pictures[H264_MAX_REFERENCE_FRAMES + 1];
    int count;
} sequence;

/* Inserts before the first that comes later by `key`; descending order if `down`. */
static void insert(sequence *to, h264_picture *picture, int64_t (*key)(const h264_picture *),
                   bool down)
{
    int at = to->count++;
    int64_t of_picture = key(picture);
    for (; at > 0; at--) {
        int64_t before = key(to->pictures[at - 1]);
        if (down ? before >= of_picture : before <= of_picture)
            break;
        to->pictures[at] = to->pictures[at - 1];
    }
    to->pictures[at] = picture;
}

static int64_t by_frame_num(const h264_picture *picture)
{
    return picture->frame_num_wrap;
}

static int64_t by_order(const h264_picture *picture)
{
    return h264_order(picture, FRAME);
}

static int64_t by_long_term_index(const h264_picture *picture)
{
    return picture->long_term_frame_idx;
}

/* Frames refer to frames of which both fields are marked, fields to any that are marked. */
static bool is_usable(uint8_t marked, const h264_slice *slice)
{
    return slice->structure == FRAME ? marked == FRAME : marked != 0;
}

/* The initial order of a list, before fields are taken out of the frames. */
typedef struct {
    sequence short_term, long_term;
} candidates;

/* 8.2.4.2.1 and 8.2.4.2.2: P slices, the picture decoded last first. */
static void short_term_of_p(const h264_buffer *buffer, const h264_slice *slice, sequence *to)
{
    for (int i = 0; i < buffer->num_references; i++)
        if (is_usable(buffer->references[i]->short_term, slice))
            insert(to, buffer->references[i], by_frame_num, true);
}

/* 8.2.4.2.3 and 8.2.4.2.4: B slices.  List 0: the past, the nearest first, then the future; list 1
 * the other way round.  A field's own frame counts with its first field as past. */
static void short_term_of_b(const h264_buffer *buffer, const h264_slice *slice, int list,
                            sequence *to)
{
    int32_t now = h264_order(buffer->current, slice->structure);
    for (int past = list == 0, turn = 0; turn < 2; past = !past, turn++) {
        sequence part = {.count = 0};
        for (int i = 0; i < buffer->num_references; i++) {
            h264_picture *picture = buffer->references[i];
            if (!is_usable(picture->short_term, slice))
                continue;
            if (picture->number == H264_MISSING && slice->sps->poc_type == 0)
                continue; /* it has no order count */
            int64_t order = h264_order(picture, FRAME);
            if (picture == buffer->current)
                order = h264_order(picture, FRAME ^ slice->structure);
            bool is_past = slice->structure == FRAME ? order < now : order <= now;
            if (is_past == past)
                insert(&part, picture, by_order, past);
        }
        memcpy(to->pictures + to->count, part.pictures,
               (size_t)part.count * sizeof *part.pictures);
        to->count += part.count;
    }
}

static void long_terms(const h264_buffer *buffer, const h264_slice *slice, sequence *to)
{
    for (int i = 0; i < buffer->num_references; i++)
        if (is_usable(buffer->references[i]->long_term, slice))
            insert(to, buffer->references[i], by_long_term_index, false);
}

/* 8.2.4.2.5: fields of the frames in turn, of the slice's own parity first; a missing one's turn is
 * taken by the next of its parity. */
static int alternate_fields(const sequence *frames, bool long_term, uint8_t structure,
                            h264_reference *to)
{
    int at[2] = {0, 0}, count = 0; /* in the frames, of the same and the other parity */
    uint8_t parity[2] = {structure, FRAME ^ structure};
    for (int turn = 0; at[0] < frames->count || at[1] < frames->count; turn ^= 1) {
        for (; at[turn] < frames->count; at[turn]++) {
            h264_picture *picture = frames->pictures[at[turn]];
            uint8_t marked = long_term ? picture->long_term : picture->short_term;
            if (marked & parity[turn]) {
                to[count++] = (h264_reference){picture, parity[turn]};
                at[turn]++;
                break;
            }
        }
    }
    return count;
}

static int take(const sequence *frames, bool long_term, uint8_t structure, h264_reference *to)
{
    if (structure != FRAME)
        return alternate_fields(frames, long_term, structure, to);
    for (int i = 0; i < frames->count; i++)
        to[i] = (h264_reference){frames->pictures[i], FRAME};
    return frames->count;
}

enum { MAX_INITIAL = 4 * (H264_MAX_REFERENCE_FRAMES + 1) }; /* both fields, short and long term */

/* 8.2.4.2: returns the number of entries. */
static int initial_list(const h264_buffer *buffer, const h264_slice *slice, int list,
                        h264_reference to[MAX_INITIAL])
{
    candidates from = {.short_term.count = 0, .long_term.count = 0};
    if (slice->type == B_SLICE)
        short_term_of_b(buffer, slice, list, &from.short_term);
    else
        short_term_of_p(buffer, slice, &from.short_term);
    long_terms(buffer, slice, &from.long_term);
    int count = take(&from.short_term, false, slice->structure, to);
    return count + take(&from.long_term, true, slice->structure, to + count);
}

static bool is_same(h264_reference a, h264_reference b)
{
    return a.picture == b.picture && a.structure == b.structure;
}

/* ---------------------------------------------------------------- 8.2.4.3 modification */

/* The reference with a picture number, of 8.2.4.1. */
static h264_reference find_reference(const h264_buffer *buffer, const h264_slice *slice,
                                     int64_t number, bool long_term)
{
    uint8_t structure = FRAME;
    if (slice->structure != FRAME) {
        structure = number & 1 ? slice->structure : FRAME ^ slice->structure;
        number = (number - (number & 1)) / 2;
    }
    for (int i = buffer->num_references - 1; i >= 0; i--) {
        h264_picture *picture = buffer->references[i];
        uint8_t marked = long_term ? picture->long_term : picture->short_term;
        int of_picture = long_term ? picture->long_term_frame_idx : picture->frame_num_wrap;
        if ((marked & structure) == structure && of_picture == number)
            return (h264_reference){picture, structure};
    }
    return (h264_reference){NULL, structure};
}

/* Moves entries one by one to the front, on a list that is one longer than coded. */
static bool modify_list(const h264_buffer *buffer, const h264_slice *slice, int list,
                        h264_reference entries[H264_MAX_LIST + 1])
{
    bool is_field = slice->structure != FRAME;
    int64_t max_number = (int64_t)(1 + is_field) << slice->sps->log2_max_frame_num;
    int64_t current = is_field ? 2 * slice->frame_num + 1 : slice->frame_num;
    int64_t predicted = current;
    int count = slice->num_ref_idx[list], at = 0;
    for (int i = 0; i < slice->num_modifications[list]; i++) {
        const h264_operation *operation = &slice->modifications[list][i];
        h264_reference moved;
        if (at == count)
            return false;
        if (operation->operation == 2) {
            moved = find_reference(buffer, slice, operation->value, true);
        } else {
            int64_t difference = (int64_t)operation->value + 1;
            if (difference > max_number)
                return false;
            predicted += operation->operation == 0 ? -difference : difference;
            if (predicted < 0)
                predicted += max_number;
            else if (predicted >= max_number)
                predicted -= max_number;
            int64_t number = predicted > current ? predicted - max_number : predicted;
            moved = find_reference(buffer, slice, number, false);
        }
        memmove(entries + at + 1, entries + at, (size_t)(count - at) * sizeof *entries);
        entries[at++] = moved;
        int next = at;
        for (int j = at; j <= count; j++)
            if (!moved.picture || !is_same(entries[j], moved))
                entries[next++] = entries[j];
    }
    return true;
}

bool h264_reference_lists(h264_buffer *buffer, const h264_slice *slice,
                          h264_reference lists[2][H264_MAX_LIST + 1])
{
    h264_reference initial[2][MAX_INITIAL];
    int counts[2] = {0, 0};
    h264_wrap_frame_nums(buffer, slice);
    for (int list = 0; list < 2 && slice->num_ref_idx[list] > 0; list++)
        counts[list] = initial_list(buffer, slice, list, initial[list]);
    if (counts[1] > 1 && counts[0] == counts[1]) {
        int same = 0;
        while (same < counts[1] && is_same(initial[0][same], initial[1][same]))
            same++;
        if (same == counts[1]) {
            h264_reference first = initial[1][0];
            initial[1][0] = initial[1][1];
            initial[1][1] = first;
        }
    }
    for (int list = 0; list < 2; list++) {
        for (int i = 0; i <= H264_MAX_LIST; i++)
            lists[list][i] = i < counts[list] && i < slice->num_ref_idx[list]
                                 ? initial[list][i]
                                 : (h264_reference){NULL, slice->structure};
        if (slice->num_ref_idx[list] && !modify_list(buffer, slice, list, lists[list]))
            return false;
    }
    return true;
}
