/* Picture headers of H.263 (ITU-T H.263 clause 5.1, with and without PLUSPTYPE), Intel's H.263 and
 * Sorenson's, which FLV calls FLV1.  A packet holds one picture.  FFmpeg shows all in decoding
 * order. */
#include "headers.h"
#include "mpeg4_bits.h"

/* 5.1.1 PSC, 22 bits, byte-aligned: its place, or `size`. */
static size_t find_picture_start_code(const uint8_t *data, size_t size)
{
    for (size_t at = 0; size - at >= 4; at++)
        if (data[at] == 0 && data[at + 1] == 0 && data[at + 2] >> 2 == 0x80 >> 2)
            return at;
    return size;
}

/* 5.1.4 PLUSPTYPE up to the picture type code of MPPTYPE.  Improved PB-pictures (2) show as P;
 * 7 is an I-picture of one encoder (ZYGO). */
static char plus_type(bit_reader *bits)
{
    uint32_t ufep = bits_read(bits, 3);
    if (ufep > 1)
        return '?';
    if (ufep == 1) /* OPPTYPE */
        bits_skip(bits, 18);
    return "IPPB???I"[bits_read(bits, 3)];
}

/* 5.1.3 PTYPE; Intel's source format 7 is not followed by PLUSPTYPE. */
static char picture_type(const uint8_t *data, size_t size, size_t start, bool has_plus)
{
    if (start == size)
        return '?';
    bit_reader bits = {data, size, 8 * (uint64_t)start + 22};
    bits_skip(&bits, 8); /* 5.1.2 TR */
    if (bits_read(&bits, 2) != 2) /* a marker, and what tells H.263 from H.261 */
        return '?';
    bits_skip(&bits, 3); /* split screen, document camera, freeze picture release */
    uint32_t source_format = bits_read(&bits, 3);
    if (has_plus && source_format >= 6)
        return plus_type(&bits);
    return "IP"[bits_read(&bits, 1)];
}

static void put(headers_parser *p, char kind, bool is_disposable, size_t size)
{
    headers_picture picture = {
        .kind = kind,
        .is_disposable = is_disposable,
        .shown_at_once = true,
        .flags = kind == '?' ? RECORD_DAMAGED : 0,
        .packet = p->packet,
        .stop = size,
    };
    headers_put(p, &picture);
}

static void read_h263(headers_parser *p, const uint8_t *data, size_t size)
{
    put(p, picture_type(data, size, find_picture_start_code(data, size), true), false, size);
}

static void read_h263i(headers_parser *p, const uint8_t *data, size_t size)
{
    size_t start = find_picture_start_code(data, size);
    put(p, picture_type(data, size, start == 0 ? 0 : size, false), false, size);
}

static void read_flv1(headers_parser *p, const uint8_t *data, size_t size)
{
    bit_reader bits = {data, size, 0};
    uint32_t start_code = bits_read(&bits, 17), version = bits_read(&bits, 5);
    bits_skip(&bits, 8); /* temporal reference */
    uint32_t size_code = bits_read(&bits, 3);
    if (size_code <= 1) /* width and height of 8 or 16 bits each */
        bits_skip(&bits, size_code == 0 ? 16 : 32);
    uint32_t type = bits_read(&bits, 2); /* I, P, disposable P */
    bool is_readable = start_code == 1 && version <= 1 && !bits_overrun(&bits);
    put(p, is_readable ? "IPPP"[type] : '?', is_readable && type >= 2, size);
}

const headers_codec h263_codec = {.read_packet = read_h263};
const headers_codec h263i_codec = {.read_packet = read_h263i};
const headers_codec flv1_codec = {.read_packet = read_flv1};
