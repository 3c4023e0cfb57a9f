/* The residual along an accumulated field: included once per type of its fields, which ACCUMULATED and
 * NAMED() give. */

/* Where the pixels of row y come from. */
ALWAYS_INLINE void NAMED(locate)(sources *to, const ACCUMULATED *row, plane reference, int y,
                                 geometry size)
{
    int stride = (int)reference.stride, last_x = size.width - 1, last_y = size.height - 1;
    int farthest = 0;
    for (int x = 0; x < size.width; x++) {
        int from_x = QUARTERS * x - row[2 * x], from_y = QUARTERS * y - row[2 * x + 1];
        int left = from_x >> 2, upper = from_y >> 2, column = clip_int(left, 0, last_x);
        int fx = column == left && left < last_x ? from_x & 3 : 0;
        int above = clip_int(upper, 0, last_y) * stride + CHANNELS * column;
        int below = clip_int(upper + 1, 0, last_y) * stride + CHANNELS * column;
        to->above[x] = (uint32_t)above;
        to->below[x] = (uint32_t)below;
        to->fraction[x] = (uint32_t)((from_y & 3) * QUARTERS + fx);
        farthest = max_int(farthest, below);
    }
    to->farthest = (uint32_t)farthest;
    for (int x = 1; x < size.width; x++)
        to->starts[x] = (row[2 * x] != row[2 * x - 2]) | (row[2 * x + 1] != row[2 * x - 1]);
}

bool NAMED(accumulated_residual)(plane out, output_type type, plane frame,
                                           plane reference, plane accumulated, geometry size)
{
    if (sizeof(ACCUMULATED) == sizeof(int16_t) && suits_avx2(reference, size))
        return accumulated_residual_avx2(out, type, frame, reference, accumulated, size);
    sources from;
    uint8_t *residual = malloc(residual_row_bytes(type, size) + prediction_bytes(size));
    if (!residual || !allocate_sources(&from, size)) {
        free(residual);
        return false;
    }
    uint8_t *prediction = residual + residual_row_bytes(type, size);
    for (int y = 0; y < size.height; y++) {
        NAMED(locate)(&from, (const ACCUMULATED *)row_of(accumulated, y), reference, y, size);
        predict_field_row(prediction, reference, &from, size);
        subtract_row(out, type, frame, prediction, residual, y, size);
    }
    done_putting();
    free(from.above);
    free(residual);
    return true;
}
