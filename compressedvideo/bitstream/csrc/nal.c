#include "nal.h"

#include <string.h>

#include "rbsp.h"
#include "start_codes.h"

/* The unit from a start code at `start` on, up to the next or to `end`; false if it is empty. */
static bool cut_unit(nal_reader *reader, size_t start, size_t end, nal_unit *unit)
{
    size_t begin = start + 3, stop = find_start_code(reader->data, end, begin);
    reader->position = stop;
    while (stop > begin && reader->data[stop - 1] == 0)
        stop--;
    if (stop > begin)
        *unit = (nal_unit){reader->data + begin, stop - begin, start, begin, false};
    return stop > begin;
}

/* Annex B.  What stands before the first start code is no unit. */
static bool next_behind_start_code(nal_reader *reader, nal_unit *unit)
{
    for (;;) {
        size_t start = find_start_code(reader->data, reader->size, reader->position);
        if (reader->size - start < 4) {
            reader->position = reader->size;
            return false;
        }
        if (cut_unit(reader, start, reader->size, unit))
            return true;
    }
}

/* A unit cannot hold a start code: some muxers put several behind one length, with start codes in
 * between (Samsung's slow motion), and FFmpeg reads them so. */
static bool next_behind_length(nal_reader *reader, nal_unit *unit)
{
    size_t prefix = (size_t)reader->length_size;
    while (reader->position < reader->joined)
        if (cut_unit(reader, reader->position, reader->joined, unit))
            return true;
    while (reader->size - reader->position > prefix) {
        size_t start = reader->position, begin = start + prefix, length = 0;
        for (size_t i = start; i < begin; i++)
            length = length << 8 | reader->data[i];
        bool truncated = length > reader->size - begin;
        if (truncated)
            length = reader->size - begin;
        reader->joined = begin + length;
        reader->position = find_start_code(reader->data, reader->joined, begin);
        if (reader->position > begin) {
            *unit = (nal_unit){reader->data + begin, reader->position - begin, start, begin,
                               truncated};
            return true;
        }
        while (reader->position < reader->joined)
            if (cut_unit(reader, reader->position, reader->joined, unit))
                return true;
    }
    return false;
}

bool nal_next(nal_reader *reader, nal_unit *unit)
{
    return reader->length_size ? next_behind_length(reader, unit)
                               : next_behind_start_code(reader, unit);
}

/* Place of the 03 of the next 00 00 03 from `from` on, or `size`. */
static size_t find_escape(const uint8_t *data, size_t size, size_t from)
{
    for (size_t i = from; i + 2 < size; i++) {
        const uint8_t *zero = memchr(data + i, 0, size - 2 - i);
        if (!zero)
            break;
        i = (size_t)(zero - data);
        if (data[i + 1] == 0 && data[i + 2] == 3)
            return i + 2;
    }
    return size;
}

size_t nal_unescape(const uint8_t *data, size_t size, uint8_t *to, size_t limit)
{
    size_t from = 0, written = 0;
    while (from < size && written < limit) {
        /* no farther than needed: one may want the header alone */
        size_t reach = limit - written < size - from ? from + (limit - written) : size;
        size_t stop = find_escape(data, reach + 3 < size ? reach + 3 : size, from);
        size_t count = (stop < reach ? stop : reach) - from;
        memcpy(to + written, data + from, count);
        written += count;
        if (stop > reach)
            break;
        from = stop + 1;
    }
    memset(to + written, 0, RBSP_PADDING);
    return written;
}

size_t nal_escaped_offset(const uint8_t *data, size_t size, size_t byte)
{
    size_t from = 0, stop;
    while ((stop = find_escape(data, size, from)) < size && stop - from <= byte) {
        byte -= stop - from;
        from = stop + 1;
    }
    return byte < size - from ? from + byte : size;
}

size_t nal_next_escape(const uint8_t *data, size_t size, size_t from)
{
    return find_escape(data, size, from);
}
