/* Pictures in decoding order in, records out: display order, references, and where to start. */
#include <stdlib.h>
#include <string.h>

#include "headers.h"

void headers_init(headers_parser *p, const headers_codec *codec)
{
    memset(p, 0, sizeof *p);
    p->codec = codec;
    headers_reset(p);
}

void headers_free(headers_parser *p)
{
    free(p->records);
    free(p->references);
}

void headers_reset(headers_parser *p)
{
    p->packet = p->num_pictures = 0;
    p->anchors[0] = p->anchors[1] = -1;
    p->num_anchors = 0;
    p->num_after_anchor = p->num_anchors_of_key = 0;
    if (p->codec->reset)
        p->codec->reset(p);
}

void headers_read(headers_parser *p, const uint8_t *data, size_t size)
{
    if (size > 0)
        p->codec->read_packet(p, data, size);
    p->packet++;
}

/* ---------------------------------------------------------------- what was read */

/* `memory` with room for `count` units more than the `used` ones; NULL if there is none. */
static void *with_room(void *memory, size_t used, size_t count, size_t unit, size_t *size)
{
    if (used + count <= *size)
        return memory;
    size_t new_size = 2 * (used + count) + 32;
    void *moved = new_size <= SIZE_MAX / unit ? realloc(memory, new_size * unit) : NULL;
    if (moved)
        *size = new_size;
    return moved;
}

static void append(headers_parser *p, const picture_record *record, const int32_t *references)
{
    size_t count = (size_t)record->num_references;
    void *records = with_room(p->records, p->num_records, 1, sizeof *p->records, &p->records_size);
    if (records)
        p->records = records;
    void *ids = with_room(p->references, p->num_references, count, sizeof *p->references,
                          &p->references_size);
    if (ids)
        p->references = ids;
    if (!records || (count > 0 && !ids)) {
        p->is_out_of_memory = true;
        return;
    }
    p->records[p->num_records++] = *record;
    for (size_t i = 0; i < count; i++)
        p->references[p->num_references++] = references[i];
}

/* ---------------------------------------------------------------- the order of anchors */

/* An anchor is displayed behind all B-pictures that are decoded after it and before the next. */
static int64_t display_key(headers_parser *p, const headers_picture *picture, bool is_anchor)
{
    enum { LAST = 0xffff };
    if (is_anchor)
        return p->num_anchors << 16 | LAST;
    int64_t behind = picture->kind == 'B' && !picture->shown_at_once ? p->num_anchors - 1
                                                                      : p->num_anchors;
    int number = p->num_after_anchor < LAST ? p->num_after_anchor : LAST - 1;
    return (behind < 0 ? 0 : behind) * (LAST + 1) + number;
}

static int32_t find_references(const headers_parser *p, const headers_picture *picture,
                               int32_t references[2])
{
    if (picture->kind == 'I' && !picture->needs_the_last)
        return 0;
    if (picture->kind != 'B' || picture->needs_no_past) {
        references[0] = p->anchors[1];
        return 1;
    }
    references[0] = p->anchors[0];
    references[1] = p->anchors[1];
    return 2;
}

/* A picture between a KEY picture and the next anchor lacks the anchor before, if it needs it.
 * FFmpeg leaves out a disposable P-picture there, too. */
static bool is_leading(const headers_parser *p, const headers_picture *picture, bool is_anchor)
{
    return !is_anchor && picture->kind != 'I' && !picture->needs_no_past &&
           p->num_anchors_of_key == 1;
}

static void put_second_field(headers_parser *p, const headers_picture *picture)
{
    picture_record record = p->frame;
    record.packet = picture->packet;
    record.start = (int32_t)picture->start;
    record.stop = (int32_t)picture->stop;
    record.field = picture->field;
    record.flags &= (uint16_t)~(RECORD_KEY | RECORD_CLOSED);
    record.flags |= RECORD_SECOND_FIELD | picture->flags;
    append(p, &record, p->frame_references);
}

void headers_put(headers_parser *p, const headers_picture *picture)
{
    if (picture->is_second_field) {
        put_second_field(p, picture);
        return;
    }
    bool is_anchor = picture->kind != 'B' && !picture->is_disposable;
    int flags = picture->flags;
    if (is_anchor && !p->codec->is_intra)
        flags |= RECORD_REFERENCED;
    if (picture->kind == 'I' && is_anchor && !picture->needs_the_last)
        flags |= RECORD_KEY;
    if (flags & RECORD_KEY && (!p->codec->has_b || picture->shown_at_once))
        flags |= RECORD_CLOSED;
    if (is_leading(p, picture, is_anchor))
        flags |= RECORD_LEADING;
    p->frame = (picture_record){
        .order = display_key(p, picture, is_anchor),
        .packet = picture->packet,
        .start = (int32_t)picture->start,
        .stop = (int32_t)picture->stop,
        .picture = p->num_pictures,
        .colocated = -1,
        .num_references = find_references(p, picture, p->frame_references),
        .flags = (uint16_t)flags,
        .recovery = -1,
        .kind = (uint8_t)picture->kind,
        .field = picture->field,
    };
    append(p, &p->frame, p->frame_references);
    if (is_anchor) {
        p->anchors[0] = p->anchors[1];
        p->anchors[1] = p->num_pictures;
        p->num_anchors++;
        p->num_after_anchor = 0;
        if (flags & RECORD_KEY)
            p->num_anchors_of_key = 1;
        else if (p->num_anchors_of_key == 1)
            p->num_anchors_of_key = 2;
    } else {
        p->num_after_anchor++;
    }
    p->num_pictures++;
}
