/* Fuzz target of what reads headers of VP8, VP9 and AV1 (options of the extradata: 0, 1, 2). */
#include "av1.h"
#include "target.h"
#include "vp8.h"
#include "vp9_records.h"

static void check(const record_list *list, size_t first, size_t first_reference, int32_t packet,
                  size_t size)
{
    for (size_t i = first; i < list->num_records; i++) {
        const picture_record *record = list->records + i;
        require(record->packet == packet, "the packet's number");
        require(0 <= record->start && record->start <= record->stop &&
                    (size_t)record->stop <= size,
                "bytes of the packet");
        require(i == first || record->start >= list->records[i - 1].stop, "bytes in order");
        require(record->kind == 'I' || record->kind == 'P' || record->kind == '?', "a type");
        for (int j = 0; j < record->num_references; j++) {
            int32_t picture = list->references[first_reference++];
            require(0 <= picture && picture <= record->picture, "references are earlier pictures");
        }
    }
    require(first_reference == list->num_references, "all references belong to records");
}

static union {
    vp8_tracker vp8;
    vp9_tracker vp9;
    av1_tracker av1;
} tracker;
static int codec;
static record_list list;
static int32_t number;
static unsigned long damaged, intact;

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options)
{
    (void)extradata, (void)size;
    codec = options % 3;
    memset(&tracker, 0, sizeof tracker);
    number = 0;
}

bool read_packet(const uint8_t *packet, size_t size, uint8_t options)
{
    (void)options;
    size_t records = list.num_records, references = list.num_references;
    if (codec == 0)
        vp8_packet_records(&tracker.vp8, packet, size, &list);
    else if (codec == 1)
        vp9_packet_records(&tracker.vp9, packet, size, &list);
    else
        av1_packet_records(&tracker.av1, packet, size, &list);
    require(!list.out_of_memory, "memory");
    check(&list, records, references, number++, size);
    return true;
}

void end_stream(void)
{
    for (size_t i = 0; i < list.num_records; i++) {
        bool is_damaged = list.records[i].flags & RECORD_DAMAGED;
        damaged += is_damaged;
        intact += !is_damaged;
    }
    record_list_free(&list);
    memset(&list, 0, sizeof list);
}

void report(void)
{
    printf("%8lu damaged\n%8lu intact\n", damaged, intact);
}
