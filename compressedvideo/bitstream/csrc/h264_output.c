#include "h264_output.h"

#include <stdlib.h>
#include <string.h>

void h264_free_output(h264_output *list)
{
    for (size_t i = 0; i < list->count; i++) {
        h264_wanted *picture = &list->pictures[i];
        free(picture->vectors);
        free(picture->slots);
        free(picture->bits);
        free(picture->coefficients);
        free(picture->qp);
        free(picture->types);
    }
    free(list->pictures);
}

static h264_wanted *add_picture(h264_output *list)
{
    if (list->count == list->room) {
        size_t room = 2 * list->room + 16;
        h264_wanted *grown = realloc(list->pictures, room * sizeof *grown);
        if (!grown)
            return NULL;
        list->pictures = grown;
        list->room = room;
    }
    h264_wanted *picture = &list->pictures[list->count++];
    memset(picture, 0, sizeof *picture);
    return picture;
}

/* The part of a [mb_height][mb_width] array that the frame covers; cropped corners round down. */
static void *copy_blocks(const h264_coded *coded, const void *from, size_t item)
{
    size_t rows = (size_t)(coded->height + H264_BLOCK - 1) / H264_BLOCK;
    size_t columns = (size_t)(coded->width + H264_BLOCK - 1) / H264_BLOCK;
    char *copy = malloc(rows * columns * item);
    const char *corner = (const char *)from + item * ((size_t)coded->crop_top / H264_BLOCK *
                                                          (size_t)coded->motion->mb_width +
                                                      (size_t)coded->crop_left / H264_BLOCK);
    for (size_t row = 0; copy && row < rows; row++)
        memcpy(copy + row * columns * item,
               corner + row * (size_t)coded->motion->mb_width * item, columns * item);
    return copy;
}

static bool copy_costs(h264_wanted *to, const h264_coded *coded)
{
    const h264_motion *motion = coded->motion;
    to->blocks = (size_t)((coded->height + H264_BLOCK - 1) / H264_BLOCK) *
                 (size_t)((coded->width + H264_BLOCK - 1) / H264_BLOCK);
    to->bits = copy_blocks(coded, motion->bits, sizeof *motion->bits);
    to->coefficients = copy_blocks(coded, motion->coefficients, sizeof *motion->coefficients);
    to->qp = copy_blocks(coded, motion->qp, sizeof *motion->qp);
    to->types = copy_blocks(coded, motion->types, sizeof *motion->types);
    return to->bits && to->coefficients && to->qp && to->types;
}

static bool copy_cells(h264_wanted *to, const h264_coded *coded)
{
    to->grid = h264_grid_of(coded);
    to->cells = (size_t)to->grid.rows * (size_t)to->grid.columns;
    int16_t *vectors = to->vectors = malloc(4 * to->cells * sizeof *vectors);
    uint8_t *slots = to->slots = malloc(2 * to->cells);
    if (!vectors || !slots)
        return false;
    for (int list = 0; list < 2; list++)
        h264_cells(coded, &to->grid, list, vectors + (size_t)list * 2 * to->cells,
                   slots + (size_t)list * to->cells);
    to->num_pictures = coded->motion->num_pictures;
    memcpy(to->pictures, coded->motion->pictures, sizeof to->pictures);
    return true;
}

void h264_keep_picture(void *context, const h264_coded *coded)
{
    h264_output *list = context;
    if (!list->wanted || list->failed)
        return;
    h264_wanted *to = add_picture(list);
    if (!to) {
        list->failed = true;
        return;
    }
    to->picture = coded->record.picture;
    to->status = coded->status;
    to->bit = coded->error_bit;
    to->height = coded->height;
    to->width = coded->width;
    if (coded->motion)
        list->failed = !copy_cells(to, coded) || (list->with_costs && !copy_costs(to, coded));
}
