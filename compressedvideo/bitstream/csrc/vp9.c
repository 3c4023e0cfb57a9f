/* The parser's memory, and the order of things from packet to packet. */
#include <stdlib.h>
#include <string.h>

#include "vp9_parser.h"
#include "vp9_records.h"

static const int64_t MAX_PIXELS = (int64_t)1 << 26;

/* ---------------------------------------------------------------- memory */

static void free_arrays(vp9_parser *p)
{
    for (int i = 0; i < 2; i++) {
        free(p->blocks[i]);
        free(p->grid[i]);
        free(p->segment_map[i]);
        p->blocks[i] = NULL;
        p->grid[i] = NULL;
        p->segment_map[i] = NULL;
    }
    for (int i = 0; i < 3; i++) {
        free(p->above_nonzero[i]);
        p->above_nonzero[i] = NULL;
    }
    free(p->above_partition);
    free(p->above_segment_predicted);
    p->above_partition = p->above_segment_predicted = NULL;
    p->rows = p->columns = 0;
    p->last.valid = false;
}

/* New arrays of zeros for another number of 8x8 blocks; NULL ones without memory. */
static bool allocate_arrays(vp9_parser *p, int rows, int columns)
{
    size_t count = (size_t)rows * (size_t)columns;
    size_t width = ((size_t)columns + 7) / 8 * 8; /* whole superblocks */
    bool has_all = true;
    free_arrays(p);
    for (int i = 0; i < 2; i++) {
        has_all &= (p->blocks[i] = calloc(count, sizeof *p->blocks[i])) != NULL;
        has_all &= (p->grid[i] = calloc(count, sizeof *p->grid[i])) != NULL;
        has_all &= (p->segment_map[i] = calloc(count, 1)) != NULL;
    }
    for (int i = 0; i < 3; i++)
        has_all &= (p->above_nonzero[i] = calloc(2 * width, 1)) != NULL;
    has_all &= (p->above_partition = calloc(width, 1)) != NULL;
    has_all &= (p->above_segment_predicted = calloc(width, 1)) != NULL;
    if (!has_all) {
        free_arrays(p);
        return false;
    }
    p->rows = rows;
    p->columns = columns;
    return true;
}

vp9_parser *vp9_new(const vp9_tables *tables)
{
    vp9_parser *p = calloc(1, sizeof *p);
    if (p) {
        p->tables = tables;
        vp9_reset(p);
    }
    return p;
}

void vp9_free(vp9_parser *p)
{
    if (p)
        free_arrays(p);
    free(p);
}

void vp9_reset(vp9_parser *p)
{
    p->tracker = (vp9_tracker){0};
    p->last = (vp9_last_frame){0};
    p->lost = false;
    for (int i = 0; i < 4; i++)
        p->saved[i] = vp9_default_probs;
}

void vp9_output_free(vp9_output *output)
{
    for (size_t i = 0; i < output->num_motions; i++)
        free(output->motions[i].memory);
    free(output->motions);
    free(output->stills);
    *output = (vp9_output){0};
}

/* ---------------------------------------------------------------- a frame */

/* Whether nothing that earlier frames left is needed to read this one. */
static bool starts_anew(const vp9_header *h)
{
    return h->key || h->error_resilient || (h->intra_only && h->reset_frame_context == 3);
}

/* Which frame contexts start from the defaults: 7.2, reset_frame_context */
static void reset_contexts(vp9_parser *p)
{
    const vp9_header *h = p->header;
    for (int i = 0; i < 4; i++)
        if (starts_anew(h) || (h->reset_frame_context == 2 && i == h->coded_context))
            p->saved[i] = vp9_default_probs;
}

/* 6.3.18 setup_compound_reference_mode */
static void setup_compound_reference_mode(vp9_parser *p)
{
    const bool *bias = p->header->sign_bias;
    p->compound_allowed = bias[VP9_GOLDEN] != bias[VP9_LAST] || bias[VP9_ALTREF] != bias[VP9_LAST];
    p->fixed_reference = bias[VP9_LAST] == bias[VP9_GOLDEN]   ? VP9_ALTREF
                         : bias[VP9_LAST] == bias[VP9_ALTREF] ? VP9_GOLDEN
                                                              : VP9_LAST;
    p->variable_references[0] = p->fixed_reference == VP9_LAST ? VP9_GOLDEN : VP9_LAST;
    p->variable_references[1] = p->fixed_reference == VP9_ALTREF ? VP9_GOLDEN : VP9_ALTREF;
}

/* What the frame takes from those before: arrays of its size, vectors, segments, probabilities. */
static bool setup_frame(vp9_parser *p)
{
    const vp9_header *h = p->header;
    int rows = (h->height + 7) / 8, columns = (h->width + 7) / 8;
    bool same_size = h->width == p->last.width && h->height == p->last.height;
    if ((rows != p->rows || columns != p->columns) && !allocate_arrays(p, rows, columns))
        return fail(p, VP9_NO_MEMORY);
    p->intra = vp9_is_intra(h);
    p->use_last_vectors = p->last.valid && !h->error_resilient && same_size && p->last.shown &&
                          !p->last.intra_only;
    p->last.valid = false; /* until this frame has been read to its end */
    if (!same_size || p->intra || h->error_resilient)
        memset(p->segment_map[!p->current_map], 0, (size_t)rows * (size_t)columns);
    if (p->intra || h->error_resilient)
        reset_contexts(p);
    setup_compound_reference_mode(p);
    p->probs = p->saved[h->context];
    memset(&p->counts, 0, sizeof p->counts);
    p->counting = !h->error_resilient && !h->parallel;
    p->has_small = p->inexact = false;
    p->current = !p->current;
    memset(p->grid[p->current], 0, (size_t)rows * (size_t)columns * sizeof *p->grid[0]);
    return true;
}

static bool parse_frame(vp9_parser *p, const uint8_t *frame, size_t size)
{
    const vp9_header *h = p->header;
    p->bits = bool_open(frame, 0);
    if (p->lost && !starts_anew(h))
        return fail(p, VP9_NO_KEY_FRAME);
    if ((int64_t)h->width * h->height > MAX_PIXELS)
        return fail(p, VP9_TOO_LARGE);
    if (!setup_frame(p) ||
        !vp9_compressed_header(p, frame + h->compressed_start,
                               h->tiles_start - h->compressed_start) ||
        !vp9_decode_tiles(p, frame + h->tiles_start, size - h->tiles_start))
        return false;
    if (p->counting)
        vp9_adapt(p);
    if (h->refresh_context)
        p->saved[h->context] = p->probs;
    if (h->segmentation.enabled)
        p->current_map = !p->current_map;
    p->last = (vp9_last_frame){true, h->show, h->intra_only, h->key, h->width, h->height};
    return true;
}

/* ---------------------------------------------------------------- a packet */

static vp9_motion *new_motion(vp9_output *output)
{
    if (output->num_motions == output->motion_room) {
        size_t room = output->motion_room ? 2 * output->motion_room : 16;
        vp9_motion *motions = realloc(output->motions, room * sizeof *motions);
        if (!motions) {
            output->out_of_memory = true;
            return NULL;
        }
        output->motions = motions;
        output->motion_room = room;
    }
    vp9_motion *motion = output->motions + output->num_motions++;
    *motion = (vp9_motion){0};
    return motion;
}

static bool has_scaled_reference(const vp9_parser *p)
{
    bool is_scaled = false;
    for (int i = VP9_LAST; i <= VP9_ALTREF && !p->intra; i++) {
        const vp9_slot *slot = p->tracker.slots + p->header->slot[i];
        is_scaled |= slot->width != p->header->width || slot->height != p->header->height;
    }
    return is_scaled;
}

/* The status of a frame that has been parsed, to the end or not */
static vp9_status outcome(const vp9_parser *p)
{
    if (p->status != VP9_OK)
        return p->status;
    if (p->inexact)
        return VP9_INEXACT_END;
    return has_scaled_reference(p) ? VP9_SCALED : VP9_OK;
}

static void export_frame(const vp9_parser *p, enum vp9_effort effort, vp9_output *output)
{
    bool is_parsed = p->status == VP9_OK && effort != VP9_HEADERS_ONLY;
    if (is_parsed && !vp9_export_stills(p, output))
        output->out_of_memory = true;
    vp9_motion *motion = effort >= VP9_WANTED ? new_motion(output) : NULL;
    if (!motion)
        return;
    motion->picture = p->tracker.picture;
    motion->height = p->header->height;
    motion->width = p->header->width;
    motion->status = is_parsed ? outcome(p) : p->status;
    motion->bit = motion->status == VP9_OK || motion->status == VP9_SCALED ? 0 : p->error_bit;
    if (is_parsed && !vp9_export_motion(p, effort == VP9_WANTED_WITH_COSTS, motion))
        output->out_of_memory = true;
}

/* One frame of a packet */
static void read_frame(vp9_parser *p, const uint8_t *frame, size_t size, bool intact,
                       enum vp9_effort effort, vp9_output *output)
{
    vp9_tracker *tracker = &p->tracker;
    uint64_t bit = 0;
    p->status = intact ? vp9_next_header(tracker, frame, size, &bit) : VP9_BAD_SUPERFRAME;
    p->error_bit = 8 * (uint64_t)(frame - p->packet) + bit;
    p->header = &tracker->last;
    tracker->order++;
    if (p->status == VP9_OK && p->header->show_existing)
        return;
    bool is_readable = p->status == VP9_OK;
    if (effort == VP9_HEADERS_ONLY)
        p->lost = true;
    else if (is_readable)
        p->lost = !parse_frame(p, frame, size);
    else
        p->lost = true;
    export_frame(p, effort, output);
    if (is_readable)
        vp9_refresh(tracker);
    tracker->picture++;
}

void vp9_read_packet(vp9_parser *p, const uint8_t *packet, size_t size, enum vp9_effort effort,
                     vp9_output *output)
{
    vp9_frames frames;
    bool intact = vp9_superframe(packet, size, &frames);
    p->packet = packet;
    for (int i = 0; i < frames.count; i++)
        read_frame(p, packet + frames.start[i], frames.size[i], intact, effort, output);
    p->tracker.packet++;
}

void vp9_read_headers(vp9_parser *p, const uint8_t *packet, size_t size, record_list *list)
{
    p->lost = true;
    vp9_packet_records(&p->tracker, packet, size, list);
}
