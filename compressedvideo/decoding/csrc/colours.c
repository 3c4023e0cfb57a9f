/* Colours of decoded pictures, for x86 processors with AVX2: the arithmetic of FFmpeg's own code for
 * those (libswscale/x86/yuv_2_rgb.asm), written into the caller's memory.
 *
 * With Y, U and V times 8, less their offsets, and (a * b) >> 16 for a product:
 * R = Y cy + V rv, G = Y cy + U gu + V gv, B = Y cy + U bu, saturated to bytes. */
#include "colours.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define STEP 32 /* pixels */

enum { Y_OFFSET = 16 * 8, UV_OFFSET = 128 * 8 };
/* ITU-R BT.601, luma 16 to 235; 1 << 13 is 1. */
enum { CY = 9539, RV = 13075, GU = -3209, GV = -6660, BU = 16525 };

/* What chroma adds to 32 pixels: one value for two of them. */
typedef struct {
    __m256i red, green, blue;
} chroma_part;

/* Where the bytes of three parts of 16 go: from each colour to each third of the result. */
typedef struct {
    __m256i from[3][3]; /* [third][colour] */
} interleaving;

/* 16 pixels of a colour come as 8 even ones, then 8 odd ones. */
AVX2 static interleaving interleave(void)
{
    interleaving order;
    for (int third = 0; third < 3; third++)
        for (int colour = 0; colour < 3; colour++) {
            int8_t places[16];
            for (int i = 0; i < 16; i++) {
                int byte = 16 * third + i, pixel = byte / 3;
                places[i] = (int8_t)(byte % 3 == colour ? pixel % 2 * 8 + pixel / 2 : -1);
            }
            order.from[third][colour] =
                _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)places));
        }
    return order;
}

AVX2 static inline __m256i scaled(__m256i value, int offset, int coefficient)
{
    value = _mm256_sub_epi16(_mm256_slli_epi16(value, 3), _mm256_set1_epi16((short)offset));
    return _mm256_mulhi_epi16(value, _mm256_set1_epi16((short)coefficient));
}

AVX2 static inline chroma_part get_chroma(const uint8_t *u, const uint8_t *v)
{
    __m256i wide_u = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)u));
    __m256i wide_v = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)v));
    return (chroma_part){
        scaled(wide_v, UV_OFFSET, RV),
        _mm256_adds_epi16(scaled(wide_u, UV_OFFSET, GU), scaled(wide_v, UV_OFFSET, GV)),
        scaled(wide_u, UV_OFFSET, BU),
    };
}

AVX2 static inline __m256i colour(__m256i even, __m256i odd, __m256i chroma)
{
    return _mm256_packus_epi16(_mm256_adds_epi16(even, chroma), _mm256_adds_epi16(odd, chroma));
}

/* 32 pixels of a row. */
AVX2 static inline void put_pixels(uint8_t *rgb, const uint8_t *y, chroma_part chroma,
                                   const interleaving *order)
{
    __m256i luma = _mm256_loadu_si256((const __m256i *)y);
    __m256i even = scaled(_mm256_and_si256(luma, _mm256_set1_epi16(0xff)), Y_OFFSET, CY);
    __m256i odd = scaled(_mm256_srli_epi16(luma, 8), Y_OFFSET, CY);
    __m256i colours[3] = {colour(even, odd, chroma.red), colour(even, odd, chroma.green),
                          colour(even, odd, chroma.blue)};
    for (int third = 0; third < 3; third++) {
        const __m256i *from = order->from[third];
        __m256i bytes = _mm256_or_si256(_mm256_or_si256(_mm256_shuffle_epi8(colours[0], from[0]),
                                                        _mm256_shuffle_epi8(colours[1], from[1])),
                                        _mm256_shuffle_epi8(colours[2], from[2]));
        _mm_storeu_si128((__m128i *)(rgb + 16 * third), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128((__m128i *)(rgb + 48 + 16 * third), _mm256_extracti128_si256(bytes, 1));
    }
}

AVX2 static void convert(uint8_t *rgb, ptrdiff_t rgb_stride, colours_plane y, colours_plane u,
                         colours_plane v, int height, int width)
{
    const interleaving order = interleave();
    for (int row = 0; row < height; row += 2)
        for (int step = 0; step < width; step += STEP) {
            /* The last step may overlap the one before. */
            int x = step <= width - STEP ? step : width - STEP;
            chroma_part chroma = get_chroma(u.data + row / 2 * u.stride + x / 2,
                                            v.data + row / 2 * v.stride + x / 2);
            for (int line = row; line < row + 2; line++)
                put_pixels(rgb + line * rgb_stride + 3 * x, y.data + line * y.stride + x, chroma,
                           &order);
        }
}

bool colours_yuv420_to_rgb(uint8_t *rgb, ptrdiff_t rgb_stride, colours_plane y, colours_plane u,
                           colours_plane v, int height, int width)
{
    if (width % 2 || height % 2 || width < STEP || !__builtin_cpu_supports("avx2"))
        return false;
    convert(rgb, rgb_stride, y, u, v, height, width);
    return true;
}

#else
bool colours_yuv420_to_rgb(uint8_t *rgb, ptrdiff_t rgb_stride, colours_plane y, colours_plane u,
                           colours_plane v, int height, int width)
{
    (void)rgb, (void)rgb_stride, (void)y, (void)u, (void)v, (void)height, (void)width;
    return false;
}
#endif
