#include "hevc_tables.h"

/* 6.5.3 up-right diagonal, 6.5.4 horizontal, 6.5.5 vertical */
static void build_scans(hevc_tables *tables, int log2)
{
    int size = 1 << log2, at = 0;
    for (int diagonal = 0; diagonal < 2 * size - 1; diagonal++)
        for (int y = diagonal; y >= 0; y--)
            if (y < size && diagonal - y < size)
                tables->scan[log2][HEVC_DIAGONAL][at++] = (uint8_t)((diagonal - y) | y << 3);
    for (int i = 0; i < size * size; i++) {
        int quick = i % size, slow = i / size;
        tables->scan[log2][HEVC_HORIZONTAL][i] = (uint8_t)(quick | slow << 3);
        tables->scan[log2][HEVC_VERTICAL][i] = (uint8_t)(slow | quick << 3);
    }
    for (int scan = 0; scan < HEVC_NUM_SCANS; scan++)
        for (int i = 0; i < size * size; i++)
            tables->position[log2][scan][tables->scan[log2][scan][i]] = (uint8_t)i;
}

/* (9-41) to (9-45): nearer to the origin or to coded neighbours is likelier. */
static int significance(int x, int y, int coded_neighbours)
{
    switch (coded_neighbours) {
    case 0:
        return x + y == 0 ? 2 : x + y < 3;
    case 1:
        return y == 0 ? 2 : y == 1;
    case 2:
        return x == 0 ? 2 : x == 1;
    default:
        return 2;
    }
}

void hevc_build_tables(hevc_tables *tables)
{
    static const uint8_t context_of_place[16] = /* ctxIdxMap, Table 9-50 */
        {0, 1, 4, 5, 2, 3, 4, 5, 6, 6, 8, 8, 7, 7, 8, 8};
    for (int log2 = 0; log2 < 4; log2++)
        build_scans(tables, log2);
    for (int scan = 0; scan < HEVC_NUM_SCANS; scan++) {
        for (int i = 0; i < 16; i++) {
            int x = tables->scan[2][scan][i] & 7, y = tables->scan[2][scan][i] >> 3;
            tables->significance_4x4[scan][i] = context_of_place[y << 2 | x];
            for (int neighbours = 0; neighbours < 4; neighbours++)
                tables->significance[neighbours][scan][i] =
                    (uint8_t)significance(x, y, neighbours);
        }
    }
    for (int i = 0; i < 256; i++) {
        int order = 0;
        for (int bit = 0; bit < 4; bit++)
            order |= (i >> bit & 1) << 2 * bit | (i >> (4 + bit) & 1) << (2 * bit + 1);
        tables->z_order[i] = (uint8_t)order;
    }
}
