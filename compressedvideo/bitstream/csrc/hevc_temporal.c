/* Temporal vector prediction: clauses 8.5.3.2.8 and 8.5.3.2.9. */
#include "hevc_parser.h"

static int clip(int low, int high, int64_t value)
{
    return value < low ? low : value > high ? high : (int)value;
}

static int16_t scale_component(int factor, int component)
{
    int product = factor * component, magnitude = product < 0 ? -product : product;
    magnitude = (magnitude + 127) >> 8;
    return (int16_t)clip(INT16_MIN, INT16_MAX, product < 0 ? -magnitude : magnitude);
}

/* (8-177) to (8-182): a vector over a distance of `from` pictures, as one over `to`. */
hevc_vector hevc_scale_vector(hevc_vector vector, int64_t from, int64_t to)
{
    int td = clip(-128, 127, from), tb = clip(-128, 127, to);
    if (td == 0)
        return vector;
    int tx = (16384 + (td < 0 ? -td : td) / 2) / td;
    int factor = clip(-4096, 4095, (tb * tx + 32) >> 6);
    return (hevc_vector){scale_component(factor, vector.x), scale_component(factor, vector.y)};
}

static bool collocated_vector(const hevc_parser *p, int x, int y, int list, int reference,
                              hevc_vector *vector)
{
    const hevc_picture *picture = p->collocated;
    if (picture->motion_state != HEVC_MOTION_KNOWN)
        return false; /* all intra */
    const hevc_colocated *motion = picture->motion + (y >> 4) * picture->columns + (x >> 4);
    int from;
    if (!motion->used[0]) {
        if (!motion->used[1])
            return false;
        from = 1;
    } else if (!motion->used[1]) {
        from = 0;
    } else {
        from = p->no_backward ? list : p->slice.collocated_from_l0; /* listN: N is the flag */
    }
    bool long_term = p->lists->long_term[list][reference];
    if (long_term != motion->long_term[from])
        return false;
    int64_t distance = (int64_t)p->buffer.current->poc - p->lists->poc[list][reference];
    if (long_term || distance == motion->distance[from])
        *vector = motion->vector[from];
    else
        *vector = hevc_scale_vector(motion->vector[from], motion->distance[from], distance);
    return true;
}

bool hevc_temporal_vector(const hevc_parser *p, const hevc_block *block, int list, int reference,
                          hevc_vector *vector)
{
    const hevc_sps *sps = p->frame.sps;
    if (!p->slice.temporal_mvp)
        return false;
    /* bottom right, unless it lies in the next row of CTBs, whose motion decoders need not keep */
    int right = block->x + block->width, below = block->y + block->height;
    if (block->y >> sps->log2_ctb == below >> sps->log2_ctb && below < sps->height &&
        right < sps->width && collocated_vector(p, right, below, list, reference, vector))
        return true;
    return collocated_vector(p, block->x + block->width / 2, block->y + block->height / 2, list,
                             reference, vector);
}
