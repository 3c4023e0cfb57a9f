/* Pictures minus their I-frame, moved along an accumulated field. See kernels.h. */
#include "kernels_avx2.h"

#define ACCUMULATED int16_t
#define NAMED(name) name##_int16
#include "kernels_along.h"
#undef ACCUMULATED
#undef NAMED

#define ACCUMULATED int32_t
#define NAMED(name) name##_int32
#include "kernels_along.h"
