/* Fuzz target of the header parsers; the options of the extradata say which. */
#include "headers.h"
#include "target.h"

/* The last packet but one that was not empty may be where a picture waited. */
typedef struct {
    int32_t packet;
    size_t size;
} extent;

static void check(const headers_parser *p, const record_list *list, extent here, extent before)
{
    size_t num_references = 0;
    require(!list->out_of_memory, "memory");
    for (size_t i = 0; i < list->num_records; i++) {
        const picture_record *r = list->records + i;
        extent its = r->packet == here.packet ? here : before;
        require(r->packet == its.packet, "a packet at hand");
        require(r->start >= 0 && r->start <= r->stop && (size_t)r->stop <= its.size, "its bytes");
        require(r->picture >= 0 && r->picture < p->num_pictures, "a picture");
        require(strchr("IPBS?", r->kind) != NULL, "a known kind");
        require(r->field <= RECORD_BOTTOM_FIELD, "a known field");
        require(r->num_references >= 0 && r->num_references <= 2, "at most two references");
        for (int k = 0; k < r->num_references; k++) {
            int32_t reference = list->references[num_references + (size_t)k];
            require(reference >= -1 && reference < r->picture, "a picture decoded before");
        }
        num_references += (size_t)r->num_references;
    }
    require(num_references == list->num_references, "every reference");
}

static const headers_codec *const codecs[] = {
    &mpeg4_codec,     &mpeg12_codec,  &h263_codec, &h263i_codec, &flv1_codec,
    &msmpeg4v1_codec, &msmpeg4_codec, &wmv2_codec, &ffv1_codec,  &intra_codec,
};
static headers_parser parser;
static extent before;
static unsigned long counts[128];

void begin_stream(const uint8_t *extradata, size_t size, uint8_t options)
{
    headers_init(&parser, codecs[options % (sizeof codecs / sizeof *codecs)]);
    parser.mb_width = 8;
    parser.mb_height = 6;
    headers_read_extradata(&parser, extradata, size);
    before = (extent){0};
}

bool read_packet(const uint8_t *packet, size_t size, uint8_t options)
{
    record_list list = {0};
    headers_read(&parser, packet, size, &list);
    extent here = {parser.packet - 1, size};
    check(&parser, &list, here, before);
    for (size_t i = 0; i < list.num_records; i++)
        counts[(int)list.records[i].kind]++;
    record_list_free(&list);
    if (size > 0)
        before = here;
    if (options & RESET)
        headers_reset(&parser);
    return true;
}

void end_stream(void) {}

void report(void)
{
    for (int kind = 0; kind < 128; kind++)
        if (counts[kind])
            printf("%8lu %c\n", counts[kind], kind);
}
