/* Prediction of vectors that are coded: clauses 8.5.3.2.6 and 8.5.3.2.7. */
#include "hevc_neighbours.h"

/* What is predicted: list X, and the picture that it is to point to. */
typedef struct {
    const hevc_parser *p;
    int list;
    int32_t poc;
    bool long_term;
} target;

/* The neighbour's vector that points to the same picture. */
static bool take_exact(const target *to, const hevc_cell *cell, hevc_vector *vector)
{
    for (int i = 0; cell && i < 2; i++) {
        int list = i == 0 ? to->list : 1 - to->list, reference = cell->reference[list];
        if (reference >= 0 && to->p->lists->poc[list][reference] == to->poc) {
            *vector = cell->vector[list];
            return true;
        }
    }
    return false;
}

/* The neighbour's vector to another picture, scaled; long-term ones are taken as they are. */
static bool take_scaled(const target *to, const hevc_cell *cell, hevc_vector *vector)
{
    const hevc_lists *lists = to->p->lists;
    for (int i = 0; cell && i < 2; i++) {
        int list = i == 0 ? to->list : 1 - to->list, reference = cell->reference[list];
        if (reference < 0 || lists->long_term[list][reference] != to->long_term)
            continue;
        int64_t current = to->p->buffer.current->poc;
        int64_t from = current - lists->poc[list][reference], distance = current - to->poc;
        *vector = cell->vector[list];
        if (!to->long_term && from != distance)
            *vector = hevc_scale_vector(*vector, from, distance);
        return true;
    }
    return false;
}

static bool take_from_any(const target *to, const hevc_cell *const cells[], int count,
                          bool (*take)(const target *, const hevc_cell *, hevc_vector *),
                          hevc_vector *vector)
{
    for (int i = 0; i < count; i++)
        if (take(to, cells[i], vector))
            return true;
    return false;
}

hevc_vector hevc_predict_vector(hevc_parser *p, const hevc_block *block, int list, int reference,
                                int mvp_flag)
{
    int x = block->x, y = block->y, width = block->width, height = block->height;
    target to = {p, list, p->lists->poc[list][reference], p->lists->long_term[list][reference]};
    hevc_vector a = {0, 0}, b = {0, 0};
    const hevc_cell *left[2] = {hevc_neighbour(p, block, x - 1, y + height),
                                hevc_neighbour(p, block, x - 1, y + height - 1)};
    bool is_scaled = left[0] || left[1]; /* isScaledFlagLX: some neighbour is there, taken or not */
    bool has_a = take_from_any(&to, left, 2, take_exact, &a) ||
                 take_from_any(&to, left, 2, take_scaled, &a);
    if (has_a && mvp_flag == 0)
        return a;
    const hevc_cell *above[3] = {hevc_neighbour(p, block, x + width, y - 1),
                                 hevc_neighbour(p, block, x + width - 1, y - 1),
                                 hevc_neighbour(p, block, x - 1, y - 1)};
    bool has_b = take_from_any(&to, above, 3, take_exact, &b);
    if (!is_scaled) {
        if (has_b) {
            a = b;
            has_a = true;
        }
        has_b = take_from_any(&to, above, 3, take_scaled, &b);
    }
    hevc_vector candidate[3];
    int count = 0;
    if (has_a)
        candidate[count++] = a;
    if (has_b && !(has_a && a.x == b.x && a.y == b.y))
        candidate[count++] = b;
    if (count < 2 && count <= mvp_flag &&
        hevc_temporal_vector(p, block, list, reference, candidate + count))
        count++;
    return mvp_flag < count ? candidate[mvp_flag] : (hevc_vector){0, 0};
}
