/* The coding tree units of a slice segment: clause 7.3.8.1, with the contexts' storage of 9.3.1 and
 * 9.3.2.
 *
 * A segment must end where its data end, and each row (wavefront) or tile where the slice header's
 * entry points say: a parser that has misread anything does not. */
#include "hevc_parser.h"
#include "nal.h"

/* Entry points count the NAL unit's bytes, with those that prevent emulation; the parser is in the
 * payload, without.  This walks along with both. */
typedef struct {
    const uint8_t *unit; /* from its payload on */
    size_t size;
    size_t next;         /* entry */
    size_t byte;         /* of the unit, where the last known substream begins */
    size_t escape;       /* place of the next emulation prevention byte */
    size_t num_escapes;  /* before `byte` */
} substreams;

static void skip_escapes(substreams *s)
{
    while (s->escape < s->byte) {
        s->num_escapes++;
        s->escape = nal_next_escape(s->unit, s->size, s->escape + 1);
    }
}

static substreams open_substreams(const uint8_t *unit, size_t size, size_t data_at)
{
    substreams s = {unit, size, 0, nal_escaped_offset(unit, size, data_at), 0, 0};
    s.escape = nal_next_escape(unit, size, 0);
    skip_escapes(&s);
    return s;
}

static bool is_at_entry(substreams *s, const hevc_entry_points *entries, size_t payload_byte)
{
    if (s->next >= entries->count)
        return false;
    uint32_t bytes = entries->bytes[s->next++];
    s->byte = bytes < s->size - s->byte ? s->byte + bytes : s->size;
    skip_escapes(s);
    return s->byte - s->num_escapes == payload_byte;
}

/* 9.3.1: the contexts that the first coding tree unit of a segment, row or tile starts with. */
static void start_contexts(hevc_parser *p, bool is_segment_start)
{
    const hevc_frame *frame = &p->frame;
    int ts = frame->address_ts[p->ctb];
    bool starts_tile = ts == 0 || frame->tile[p->ctb] != frame->tile[frame->address_rs[ts - 1]];
    if (!starts_tile && frame->pps->entropy_coding_sync &&
        p->ctb_x == frame->tile_column_start[p->ctb_x]) {
        /* as the row above had them behind its second unit, if that one is available */
        int above_right = p->ctb - frame->ctb_columns + 1;
        if (p->ctb_y > 0 && p->ctb_x + 1 < frame->ctb_columns &&
            frame->slice_address[above_right] == p->slice.slice_address &&
            frame->tile[above_right] == frame->tile[p->ctb])
            p->contexts = p->row_contexts;
        else
            hevc_init_contexts(&p->contexts, &p->slice);
    } else if (!starts_tile && is_segment_start && p->slice.is_dependent) {
        p->contexts = p->segment_contexts;
    } else {
        hevc_init_contexts(&p->contexts, &p->slice);
    }
}

static void enter_unit(hevc_parser *p, int ctb)
{
    hevc_frame *frame = &p->frame;
    p->ctb = ctb;
    p->ctb_x = ctb % frame->ctb_columns;
    p->ctb_y = ctb / frame->ctb_columns;
    frame->num_parsed += frame->slice_address[ctb] < 0;
    frame->slice_address[ctb] = p->slice.slice_address;
    frame->lists_of_ctb[ctb] = (uint32_t)(p->lists - frame->lists);
    int left = ctb - 1, above = ctb - frame->ctb_columns;
    p->has_left = p->ctb_x > 0 && frame->slice_address[left] == p->slice.slice_address &&
                  frame->tile[left] == frame->tile[ctb];
    p->has_above = p->ctb_y > 0 && frame->slice_address[above] == p->slice.slice_address &&
                   frame->tile[above] == frame->tile[ctb];
}

static void parse_unit(hevc_parser *p)
{
    int64_t start = cabac_position(&p->cabac, p->payload);
    p->costs = (hevc_costs){0, 0, 0};
    hevc_coding_tree_unit(p);
    p->costs.bits = (uint32_t)(cabac_position(&p->cabac, p->payload) - start);
    p->frame.costs[p->ctb] = p->costs;
    if (cabac_overrun(&p->cabac))
        hevc_fail(p, HEVC_OVERRUN);
}

/* Begins at a byte of the payload; false if that cannot be. */
static bool start_substream(hevc_parser *p, const uint8_t *data, const uint8_t *end)
{
    if (data >= end)
        hevc_fail(p, HEVC_OVERRUN);
    else if (!cabac_start(&p->cabac, data, end))
        hevc_fail(p, HEVC_BAD_ARITHMETIC_CODE);
    else
        return true;
    return false;
}

/* A row or tile ends, and another one begins. */
static bool next_substream(hevc_parser *p, substreams *entries, const uint8_t *end)
{
    if (!cabac_terminate(&p->cabac)) { /* end_of_subset_one_bit */
        hevc_fail(p, HEVC_BAD_SUBSTREAM);
        return false;
    }
    const uint8_t *data = cabac_byte(&p->cabac);
    if (!is_at_entry(entries, &p->entries, (size_t)(data - p->payload)))
        hevc_fail(p, HEVC_INEXACT_END);
    return start_substream(p, data, end);
}

void hevc_slice_segment_data(hevc_parser *p, size_t size, const uint8_t *unit, size_t unit_size)
{
    hevc_frame *frame = &p->frame;
    const uint8_t *end = p->payload + size;
    int num_ctbs = frame->ctb_columns * frame->ctb_rows;
    int ts = frame->address_ts[p->slice.segment_address];
    substreams entries = {.next = 0};
    if (p->entries.count > 0)
        entries = open_substreams(unit, unit_size, p->slice.data_at);
    if (!start_substream(p, p->payload + p->slice.data_at, end))
        return;
    bool is_segment_start = true, starts_anew = true; /* the contexts */
    for (;;) {
        enter_unit(p, frame->address_rs[ts]);
        if (starts_anew)
            start_contexts(p, is_segment_start);
        is_segment_start = false;
        parse_unit(p);
        if (p->status > HEVC_INEXACT_END)
            return;
        if (frame->pps->entropy_coding_sync && p->ctb_x == frame->tile_column_start[p->ctb_x] + 1)
            p->row_contexts = p->contexts;
        if (cabac_terminate(&p->cabac)) /* end_of_slice_segment_flag */
            break;
        if (++ts >= num_ctbs) {
            hevc_fail(p, HEVC_BAD_SUBSTREAM);
            return;
        }
        int next = frame->address_rs[ts], next_x = next % frame->ctb_columns;
        starts_anew = (frame->pps->tiles && frame->tile[next] != frame->tile[p->ctb]) ||
                      (frame->pps->entropy_coding_sync &&
                       next_x == frame->tile_column_start[next_x]);
        if (starts_anew && !next_substream(p, &entries, end))
            return;
    }
    if (frame->pps->dependent_slice_segments)
        p->segment_contexts = p->contexts;
    if (cabac_byte(&p->cabac) != end)
        hevc_fail(p, HEVC_INEXACT_END);
}
