/* Pictures in decoding order in, records out: display order, references, and where to start. */
#include <string.h>

#include "headers.h"

void headers_init(headers_parser *p, const headers_codec *codec)
{
    memset(p, 0, sizeof *p);
    p->codec = codec;
    headers_reset(p);
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

void headers_read_extradata(headers_parser *p, const uint8_t *data, size_t size)
{
    record_list nothing = {0};
    p->list = &nothing;
    if (p->codec->read_extradata && size > 0)
        p->codec->read_extradata(p, data, size);
    record_list_free(&nothing);
}

void headers_read(headers_parser *p, const uint8_t *data, size_t size, record_list *list)
{
    p->list = list;
    if (size > 0)
        p->codec->read_packet(p, data, size);
    p->packet++;
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

/* The anchors that the picture may be predicted from, -1: missing; how many are returned. */
static int find_references(const headers_parser *p, const headers_picture *picture,
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

static void put_record(headers_parser *p, const picture_record *record)
{
    record_list_add(p->list, record);
    for (int i = 0; i < p->num_frame_references; i++)
        record_list_refer(p->list, p->frame_references[i]);
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
    put_record(p, &record);
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
        .flags = (uint16_t)flags,
        .recovery = -1,
        .kind = (uint8_t)picture->kind,
        .field = picture->field,
    };
    p->num_frame_references = find_references(p, picture, p->frame_references);
    put_record(p, &p->frame);
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
