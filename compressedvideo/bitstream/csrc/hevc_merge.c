/* Merge mode: clauses 8.5.3.2.2 to 8.5.3.2.5. */
#include <string.h>

#include "hevc_neighbours.h"

enum { MAX_CANDIDATES = 5 };

typedef struct {
    hevc_cell cell[MAX_CANDIDATES + 1];
    int count, wanted; /* wanted: merge_idx; once it is there, the list needs no more */
} candidates;

/* True if the list is long enough. */
static bool add(candidates *list, const hevc_cell *cell)
{
    list->cell[list->count++] = *cell;
    return list->count > list->wanted;
}

static bool is_same(const hevc_cell *a, const hevc_cell *b)
{
    return a && memcmp(a, b, sizeof a->vector + sizeof a->reference) == 0;
}

/* A neighbour outside the block's own merge estimation region, within which all blocks are merged
 * at the same time. */
static const hevc_cell *neighbour(const hevc_parser *p, const hevc_block *block, int x, int y)
{
    int level = p->frame.pps->log2_parallel_merge_level;
    if (block->x >> level == x >> level && block->y >> level == y >> level)
        return NULL;
    return hevc_neighbour(p, block, x, y);
}

/* 8.5.3.2.3; true if the list is long enough. */
static bool spatial_candidates(const hevc_parser *p, const hevc_block *block, int part_mode,
                               candidates *list)
{
    int x = block->x, y = block->y, width = block->width, height = block->height;
    bool second = block->index == 1; /* it must not become one block with the first */
    bool beside = second && (part_mode == PART_Nx2N || part_mode == PART_nLx2N ||
                             part_mode == PART_nRx2N);
    bool below = second && (part_mode == PART_2NxN || part_mode == PART_2NxnU ||
                            part_mode == PART_2NxnD);
    const hevc_cell *a1 = beside ? NULL : neighbour(p, block, x - 1, y + height - 1);
    if (a1 && add(list, a1))
        return true;
    const hevc_cell *b1 = below ? NULL : neighbour(p, block, x + width - 1, y - 1);
    if (b1 && !is_same(a1, b1) && add(list, b1))
        return true;
    const hevc_cell *b0 = neighbour(p, block, x + width, y - 1);
    if (b0 && !is_same(b1, b0) && add(list, b0))
        return true;
    const hevc_cell *a0 = neighbour(p, block, x - 1, y + height);
    if (a0 && !is_same(a1, a0) && add(list, a0))
        return true;
    if (list->count == 4)
        return false;
    const hevc_cell *b2 = neighbour(p, block, x - 1, y - 1);
    return b2 && !is_same(a1, b2) && !is_same(b1, b2) && add(list, b2);
}

/* The temporal candidate, of reference index 0. */
static bool temporal_candidate(const hevc_parser *p, const hevc_block *block, candidates *list)
{
    hevc_cell cell = {.reference = {HEVC_NO_REFERENCE, HEVC_NO_REFERENCE}};
    for (int i = 0; i < (p->slice.type == HEVC_B_SLICE ? 2 : 1); i++)
        if (hevc_temporal_vector(p, block, i, 0, &cell.vector[i]))
            cell.reference[i] = 0;
    return hevc_is_inter(&cell) && add(list, &cell);
}

/* 8.5.3.2.4: list 0 of one candidate with list 1 of another. */
static bool combined_candidates(const hevc_parser *p, candidates *list)
{
    static const uint8_t first[12] = {0, 1, 0, 2, 1, 2, 0, 3, 1, 3, 2, 3}; /* Table 8-7 */
    static const uint8_t second[12] = {1, 0, 2, 0, 2, 1, 3, 0, 3, 1, 3, 2};
    int pairs = list->count * (list->count - 1);
    for (int i = 0; i < pairs && list->count < p->slice.max_merge_candidates; i++) {
        const hevc_cell *a = list->cell + first[i], *b = list->cell + second[i];
        if (a->reference[0] < 0 || b->reference[1] < 0)
            continue;
        if (p->lists->poc[0][a->reference[0]] == p->lists->poc[1][b->reference[1]] &&
            memcmp(&a->vector[0], &b->vector[1], sizeof a->vector[0]) == 0)
            continue;
        hevc_cell cell = {{a->vector[0], b->vector[1]}, {a->reference[0], b->reference[1]}, {0}};
        if (add(list, &cell))
            return true;
    }
    return false;
}

/* 8.5.3.2.5 */
static hevc_cell zero_candidate(const hevc_parser *p, int number)
{
    bool is_b = p->slice.type == HEVC_B_SLICE;
    int references = p->slice.num_ref_idx[0];
    if (is_b && p->slice.num_ref_idx[1] < references)
        references = p->slice.num_ref_idx[1];
    int8_t reference = (int8_t)(number < references ? number : 0);
    return (hevc_cell){.reference = {reference, is_b ? reference : HEVC_NO_REFERENCE}};
}

hevc_cell hevc_merge(hevc_parser *p, const hevc_block *own, int merge_idx)
{
    hevc_block block = *own;
    int part_mode = p->unit.part_mode;
    if (p->frame.pps->log2_parallel_merge_level > 2 && p->unit.log2_size == 3) {
        /* all blocks of the coding unit share its list */
        block = (hevc_block){p->unit.x, p->unit.y, 8, 8, 0};
        part_mode = 0;
    }
    candidates list = {.count = 0, .wanted = merge_idx};
    if (spatial_candidates(p, &block, part_mode, &list) ||
        (list.count < p->slice.max_merge_candidates && temporal_candidate(p, &block, &list)) ||
        (p->slice.type == HEVC_B_SLICE && list.count > 1 && combined_candidates(p, &list)))
        return list.cell[merge_idx];
    return zero_candidate(p, merge_idx - list.count);
}
