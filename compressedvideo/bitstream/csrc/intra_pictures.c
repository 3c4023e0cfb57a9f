/* Codecs whose packets hold one picture each that is predicted from no other. */
#include "headers.h"

static void read_packet(headers_parser *p, const uint8_t *data, size_t size)
{
    (void)data;
    headers_picture picture = {
        .kind = 'I', .shown_at_once = true, .packet = p->packet, .stop = size};
    headers_put(p, &picture);
}

const headers_codec intra_codec = {read_packet, .is_intra = true};
