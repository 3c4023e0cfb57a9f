/* NAL units within a packet, as H.264 and H.265 share them: Annex B (start codes) and the MP4 kind
 * (each behind its length), and payloads without emulation prevention bytes (clause 7.3.1). */
#ifndef COMPRESSEDVIDEO_NAL_H
#define COMPRESSEDVIDEO_NAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *data; /* the NAL unit header first; trailing zeros of Annex B are cut off */
    size_t size;         /* bytes, at least 1 */
    size_t start;        /* where in the packet its start code or length begins */
    size_t at;           /* where in the packet `data` begins */
    bool truncated;      /* the length before it reaches beyond the packet: these are its bytes */
} nal_unit;

typedef struct {
    const uint8_t *data;
    size_t size, position;
    int length_size; /* bytes of each length, 1 to 4; 0: Annex B */
    size_t joined;   /* nal_next()'s own: where the units behind one length end */
} nal_reader;

/* The next unit that is not empty; false if there is no more. */
bool nal_next(nal_reader *reader, nal_unit *unit);

/* Copies at most `limit` bytes of the payload (`data` from behind the NAL unit header on), each
 * 00 00 03 as 00 00, and RBSP_PADDING zeros behind them, so that `to` holds limit + RBSP_PADDING.
 * Returns the bytes without the padding. */
size_t nal_unescape(const uint8_t *data, size_t size, uint8_t *to, size_t limit);

/* Place of the next emulation prevention byte that follows two zeros from `from` on, or `size`. */
size_t nal_next_escape(const uint8_t *data, size_t size, size_t from);

/* Where byte number `byte` of the unescaped payload stands in `data`; `size` at most. */
size_t nal_escaped_offset(const uint8_t *data, size_t size, size_t byte);

#endif
