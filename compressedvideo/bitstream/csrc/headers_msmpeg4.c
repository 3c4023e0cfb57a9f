/* Picture headers of Microsoft's MPEG-4 variants: MS-MPEG4 v1, v2, v3, WMV1 and WMV2.  There is no
 * public standard of them.  A packet holds one picture, I or P; all are shown in decoding order. */
#include "headers.h"
#include "mpeg4_bits.h"

static void put(headers_parser *p, char kind, size_t size)
{
    headers_picture picture = {
        .kind = kind,
        .shown_at_once = true,
        .flags = kind == '?' ? RECORD_DAMAGED : 0,
        .packet = p->packet,
        .stop = size,
    };
    headers_put(p, &picture);
}

/* The type in 2 bits, and a quantiser that is not 0. */
static char type_of_two_bits(bit_reader *bits)
{
    char kind = "IP??"[bits_read(bits, 2)];
    return bits_read(bits, 5) == 0 ? '?' : kind;
}

static void read_v1(headers_parser *p, const uint8_t *data, size_t size)
{
    bit_reader bits = {data, size, 0};
    bool has_start_code = bits_read(&bits, 32) == 0x100;
    bits_skip(&bits, 5); /* number of the picture */
    put(p, has_start_code ? type_of_two_bits(&bits) : '?', size);
}

static void read_v2_v3_wmv1(headers_parser *p, const uint8_t *data, size_t size)
{
    bit_reader bits = {data, size, 0};
    put(p, type_of_two_bits(&bits), size);
}

/* A P-picture whose map of skipped rows or columns has them all: FFmpeg shows nothing. */
static bool is_all_skipped(const headers_parser *p, bit_reader bits)
{
    enum { NO_MAP, MACROBLOCKS, ROWS, COLUMNS };
    uint32_t skip_type = bits_read(&bits, 2);
    int count = skip_type == ROWS ? p->mb_height : skip_type == COLUMNS ? p->mb_width : 0;
    for (int i = 0; i < count; i++)
        if (!bits_read(&bits, 1))
            return false;
    return count > 0;
}

static void read_wmv2(headers_parser *p, const uint8_t *data, size_t size)
{
    bit_reader bits = {data, size, 0};
    char kind = "IP"[bits_read(&bits, 1)];
    if (kind == 'I')
        bits_skip(&bits, 7); /* buffer fullness */
    if (bits_read(&bits, 5) == 0) /* quantiser */
        kind = '?';
    if (kind != 'P' || !is_all_skipped(p, bits))
        put(p, kind, size);
}

const headers_codec msmpeg4v1_codec = {.read_packet = read_v1};
const headers_codec msmpeg4_codec = {.read_packet = read_v2_v3_wmv1};
const headers_codec wmv2_codec = {.read_packet = read_wmv2};
