/* Motion since the I-frame. See kernels.h. */
#include "kernels_rows.h"
#include "kernels_runs.h"

/* Whether all sources of a cell, whole pixels away, lie inside the frame. */
ALWAYS_INLINE bool is_inside(int x, int y, int dx, int dy, int cell, geometry size)
{
    x -= dx / QUARTERS;
    y -= dy / QUARTERS;
    return x >= 0 && y >= 0 && x + cell <= size.width && y + cell <= size.height;
}

#define ACCUMULATED int16_t
#define NAMED(name) name##_int16
#include "kernels_accumulated.h"
#undef ACCUMULATED
#undef NAMED

#define ACCUMULATED int32_t
#define NAMED(name) name##_int32
#include "kernels_accumulated.h"
