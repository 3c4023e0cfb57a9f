/* Codecs whose packets hold one picture each, made of nothing but itself, and FFV1, whose pictures
 * may go on with the coder's state of the one before. */
#include "headers.h"

static void put(headers_parser *p, bool is_key, size_t size)
{
    headers_picture picture = {
        .kind = 'I',
        .needs_the_last = !is_key,
        .shown_at_once = true,
        .packet = p->packet,
        .stop = size,
    };
    headers_put(p, &picture);
}

static void read_intra(headers_parser *p, const uint8_t *data, size_t size)
{
    (void)data;
    put(p, true, size);
}

/* RFC 9043 clause 4.4: `keyframe` is the first symbol, a range-coded bit of even odds.  By clause
 * 3.8.1 the range is FF00 at first, and half of it belongs to 1. */
static void read_ffv1(headers_parser *p, const uint8_t *data, size_t size)
{
    enum { FIRST_RANGE = 0xff00, EVEN = 128 };
    int low = data[0] << 8 | (size > 1 ? data[1] : 0);
    put(p, low >= FIRST_RANGE - (FIRST_RANGE * EVEN >> 8), size);
}

const headers_codec intra_codec = {.read_packet = read_intra, .is_intra = true};
const headers_codec ffv1_codec = {.read_packet = read_ffv1};
