/* Order counts, reference picture sets and lists: clauses 8.3.1, 8.3.2 and 8.3.4. */
#include "hevc_pictures.h"

#include <stdlib.h>

void hevc_buffer_reset(hevc_buffer *buffer)
{
    for (int i = 0; i < HEVC_MAX_PICTURES; i++)
        buffer->pictures[i].marking = HEVC_UNUSED;
    buffer->current = NULL;
    buffer->last_poc = 0;
    buffer->next_number = 0;
    buffer->epoch = 0;
    buffer->has_key = false;
    buffer->at_start = true;
    buffer->skips_leading = false;
}

void hevc_buffer_free(hevc_buffer *buffer)
{
    for (int i = 0; i < HEVC_MAX_PICTURES; i++)
        free(buffer->pictures[i].motion);
}

/* A picture that nobody needs any more; its memory is reused. */
static hevc_picture *new_picture(hevc_buffer *buffer, int64_t poc, int32_t number,
                                 hevc_marking marking)
{
    for (int i = 0; i < HEVC_MAX_PICTURES; i++) {
        hevc_picture *picture = buffer->pictures + i;
        if (picture->marking != HEVC_UNUSED)
            continue;
        picture->poc = (int32_t)poc;
        picture->number = number;
        picture->marking = marking;
        picture->motion_state = HEVC_MOTION_UNKNOWN;
        return picture;
    }
    return NULL;
}

int64_t hevc_order_count(const hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                         bool starts_anew)
{
    if (starts_anew)
        return slice->poc_lsb;
    int64_t max_lsb = (int64_t)1 << sps->log2_max_poc_lsb, last = buffer->last_poc;
    int64_t last_lsb = last & (max_lsb - 1), msb = last - last_lsb;
    if (slice->poc_lsb < last_lsb && last_lsb - slice->poc_lsb >= max_lsb / 2)
        msb += max_lsb;
    else if (slice->poc_lsb > last_lsb && slice->poc_lsb - last_lsb > max_lsb / 2)
        msb -= max_lsb;
    return msb + slice->poc_lsb;
}

/* pocLt of (8-5): with its most significant bits, or without. */
static int64_t long_term_poc(const hevc_long_term *picture, int64_t poc, const hevc_sps *sps)
{
    int64_t max_lsb = (int64_t)1 << sps->log2_max_poc_lsb;
    if (!picture->has_msb)
        return picture->poc_lsb;
    return poc - (poc & (max_lsb - 1)) - picture->msb_cycles * max_lsb + picture->poc_lsb;
}

static hevc_picture *find_short_term(hevc_buffer *buffer, int64_t poc)
{
    for (int i = 0; i < HEVC_MAX_PICTURES; i++) {
        hevc_picture *picture = buffer->pictures + i;
        if (picture->marking == HEVC_SHORT_TERM && picture != buffer->current &&
            picture->poc == poc)
            return picture;
    }
    return NULL;
}

/* `poc` as long_term_poc() gives it; `is_marked`: only pictures that are long-term already. */
static hevc_picture *find_long_term(hevc_buffer *buffer, const hevc_long_term *which, int64_t poc,
                                    const hevc_sps *sps, bool is_marked)
{
    int64_t mask = which->has_msb ? -1 : ((int64_t)1 << sps->log2_max_poc_lsb) - 1;
    for (int i = 0; i < HEVC_MAX_PICTURES; i++) {
        hevc_picture *picture = buffer->pictures + i;
        if (picture->marking != HEVC_UNUSED && picture != buffer->current &&
            (!is_marked || picture->marking == HEVC_LONG_TERM) &&
            ((picture->poc ^ poc) & mask) == 0)
            return picture;
    }
    return NULL;
}

/* 8.3.2 and 8.3.3: marks what the sets name, drops the rest, and puts empty pictures in the place
 * of missing ones, so that the entries of the lists keep their places. */
static hevc_status apply_sets(hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                              int64_t poc)
{
    hevc_picture *long_term[HEVC_MAX_LONG_TERM_ACTIVE];
    int64_t missing[HEVC_MAX_PICTURES];
    bool is_named[HEVC_MAX_PICTURES] = {false};
    int num_missing = 0, num_missing_long_term;
    for (int i = 0; i < slice->num_long_term; i++) {
        const hevc_long_term *which = slice->long_term + i;
        int64_t wanted = long_term_poc(which, poc, sps);
        long_term[i] = find_long_term(buffer, which, wanted, sps, false);
        if (long_term[i])
            is_named[long_term[i] - buffer->pictures] = true;
        else
            missing[num_missing++] = wanted;
    }
    num_missing_long_term = num_missing;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < slice->short_term.count[side]; i++) {
            int64_t wanted = poc + slice->short_term.delta[side][i];
            hevc_picture *found = find_short_term(buffer, wanted);
            if (found)
                is_named[found - buffer->pictures] = true;
            else if (slice->short_term.used[side][i])
                missing[num_missing++] = wanted;
        }
    }
    for (int i = 0; i < HEVC_MAX_PICTURES; i++)
        if (!is_named[i])
            buffer->pictures[i].marking = HEVC_UNUSED;
    for (int i = 0; i < slice->num_long_term; i++)
        if (long_term[i])
            long_term[i]->marking = HEVC_LONG_TERM;
    for (int i = 0; i < num_missing; i++) {
        bool fits = missing[i] >= INT32_MIN && missing[i] <= INT32_MAX;
        hevc_marking marking = i < num_missing_long_term ? HEVC_LONG_TERM : HEVC_SHORT_TERM;
        if (!fits || !new_picture(buffer, missing[i], -1, marking))
            return HEVC_BAD_REFERENCE_SET;
    }
    return HEVC_OK;
}

hevc_status hevc_start_picture(hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                               int nal_type, int temporal_id)
{
    buffer->current = NULL;
    bool starts_anew = hevc_is_irap(nal_type) && buffer->skips_leading;
    int64_t poc = hevc_order_count(buffer, slice, sps, starts_anew);
    if (poc < INT32_MIN || poc > INT32_MAX)
        return HEVC_BAD_SLICE;
    if (temporal_id == 0 && !(nal_type >= HEVC_RADL_N && nal_type <= HEVC_RASL_R) &&
        !hevc_is_sub_layer_non_reference(nal_type))
        buffer->last_poc = (int32_t)poc;
    if (starts_anew)
        for (int i = 0; i < HEVC_MAX_PICTURES; i++)
            buffer->pictures[i].marking = HEVC_UNUSED;
    hevc_status status = apply_sets(buffer, slice, sps, poc);
    if (status != HEVC_OK)
        return status;
    buffer->current = new_picture(buffer, poc, buffer->next_number, HEVC_SHORT_TERM);
    return buffer->current ? HEVC_OK : HEVC_TOO_MANY_PICTURES;
}

/* RefPicSetStCurrBefore, ...StCurrAfter and ...LtCurr. */
typedef struct {
    hevc_picture *picture[HEVC_MAX_PICTURES];
    int count;
} candidates;

static void add_candidate(candidates *set, hevc_picture *picture)
{
    set->picture[set->count++] = picture;
}

static void add_short_term(hevc_buffer *buffer, const hevc_slice *slice, int side, candidates *set)
{
    for (int i = 0; i < slice->short_term.count[side]; i++)
        if (slice->short_term.used[side][i])
            add_candidate(set, find_short_term(buffer, (int64_t)buffer->current->poc +
                                                           slice->short_term.delta[side][i]));
}

hevc_status hevc_make_lists(hevc_buffer *buffer, const hevc_slice *slice, const hevc_sps *sps,
                            hevc_lists *lists)
{
    candidates short_term[2] = {{.count = 0}, {.count = 0}}, long_term = {.count = 0};
    for (int side = 0; side < 2; side++)
        add_short_term(buffer, slice, side, short_term + side);
    for (int i = 0; i < slice->num_long_term; i++) {
        const hevc_long_term *which = slice->long_term + i;
        int64_t poc = long_term_poc(which, buffer->current->poc, sps);
        if (which->used)
            add_candidate(&long_term, find_long_term(buffer, which, poc, sps, true));
    }
    if (short_term[0].count + short_term[1].count + long_term.count == 0)
        return HEVC_NO_REFERENCES;
    for (int list = 0; list < (slice->type == HEVC_B_SLICE ? 2 : 1); list++) {
        /* (8-8), (8-10): the initial list, again and again until it is long enough */
        const candidates *order[3] = {short_term + list, short_term + 1 - list, &long_term};
        hevc_picture *initial[HEVC_MAX_PICTURES];
        bool is_long_term[HEVC_MAX_PICTURES];
        int count = 0;
        for (int set = 0; set < 3; set++) {
            for (int i = 0; i < order[set]->count; i++) {
                is_long_term[count] = set == 2;
                initial[count++] = order[set]->picture[i];
            }
        }
        for (int i = 0; i < slice->num_ref_idx[list]; i++) {
            int from = slice->modifies_list[list] ? slice->list_entry[list][i] : i % count;
            hevc_picture *picture = initial[from];
            if (!picture)
                return HEVC_BAD_REFERENCE_SET;
            lists->picture[list][i] = picture;
            lists->poc[list][i] = picture->poc;
            lists->long_term[list][i] = is_long_term[from];
        }
    }
    return HEVC_OK;
}
