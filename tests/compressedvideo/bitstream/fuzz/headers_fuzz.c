/* Feeds mutated packets to the header parsers; test_headers_fuzz.py builds it with the sanitizers.
 *
 *     headers_fuzz SEED PACKETS CODEC FILE
 *
 * A FILE is a stream: of each packet the size (4 bytes, little-endian) and the bytes; the first has
 * the headers only.  Packets come in buffers of exactly their size.  Prints how many records there
 * were of each kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headers.h"

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 2685821657736338717u >> 32) % limit);
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    require(file && fseek(file, 0, SEEK_END) == 0, "a file");
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size);
    require(data && fread(data, 1, *size, file) == *size, "a readable file");
    fclose(file);
    return data;
}

/* A copy of one packet, or of two, mutated and cut, to be freed.  Most mutations hit the start. */
static uint8_t *mutate(const uint8_t *packet, size_t *size, const uint8_t *other, size_t other_size)
{
    size_t all = *size + (random_below(4) == 0 ? other_size : 0);
    uint8_t *copy = malloc(all ? all : 1);
    memcpy(copy, packet, *size);
    memcpy(copy + *size, other, all - *size);
    for (uint32_t left = random_below(5); left > 0 && all > 0; left--) {
        size_t reach = random_below(4) && all > 48 ? 48 : all;
        size_t at = random_below((uint32_t)reach);
        switch (random_below(4)) {
        case 0:
            copy[at] ^= (uint8_t)(1 << random_below(8));
            break;
        case 1:
            copy[at] = (uint8_t)random_below(256);
            break;
        case 2: /* a start code */
            memcpy(copy + at, "\0\0\1", all - at < 3 ? all - at : 3);
            break;
        default:
            memset(copy + at, random_below(2) ? 0xff : 0, all - at < 9 ? all - at : 9);
        }
    }
    if (random_below(4) == 0)
        all = random_below((uint32_t)all + 1);
    uint8_t *exact = malloc(all ? all : 1); /* so that reading past the end is noticed */
    memcpy(exact, copy, all);
    free(copy);
    *size = all;
    return exact;
}

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

static size_t next_packet(const uint8_t *file, size_t file_size, size_t *at)
{
    if (*at + 4 > file_size)
        *at = 4 + (size_t)(file[0] | file[1] << 8); /* from the first packet again */
    const uint8_t *head = file + *at;
    size_t size = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
    *at += 4 + size;
    require(*at <= file_size, "a well-formed file");
    return size;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const headers_codec *codec;
    } codecs[] = {
        {"mpeg4", &mpeg4_codec},     {"mpeg12", &mpeg12_codec},       {"h263", &h263_codec},
        {"h263i", &h263i_codec},     {"flv1", &flv1_codec},           {"msmpeg4", &msmpeg4_codec},
        {"intra", &intra_codec},     {"msmpeg4v1", &msmpeg4v1_codec}, {"wmv2", &wmv2_codec},
        {"ffv1", &ffv1_codec},
    };
    require(argc == 5, "usage: headers_fuzz SEED PACKETS CODEC FILE");
    random_state = 0x9e3779b97f4a7c15u ^ strtoull(argv[1], NULL, 10);
    const headers_codec *codec = NULL;
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++)
        if (strcmp(codecs[i].name, argv[3]) == 0)
            codec = codecs[i].codec;
    require(codec != NULL, "a known codec");
    size_t file_size, at = 0;
    extent before = {0};
    uint8_t *file = read_file(argv[4], &file_size);
    unsigned long counts[256] = {0};
    headers_parser parser;
    headers_init(&parser, codec);
    parser.mb_width = 8;
    parser.mb_height = 6;
    size_t extradata_size = next_packet(file, file_size, &at);
    for (unsigned long left = strtoul(argv[2], NULL, 10); left > 0; left--) {
        if (random_below(64) == 0) {
            size_t size = extradata_size;
            uint8_t *extradata = mutate(file + 4, &size, file, 0);
            headers_read_extradata(&parser, extradata, size);
            free(extradata);
        }
        if (random_below(32) == 0)
            headers_reset(&parser);
        size_t size = next_packet(file, file_size, &at);
        uint8_t *packet = mutate(file + at - size, &size, file + at - size, size);
        record_list list = {0};
        headers_read(&parser, packet, size, &list);
        free(packet);
        extent here = {parser.packet - 1, size};
        check(&parser, &list, here, before);
        for (size_t i = 0; i < list.num_records; i++)
            counts[list.records[i].kind]++;
        record_list_free(&list);
        if (size > 0)
            before = here;
    }
    free(file);
    for (int kind = 0; kind < 256; kind++)
        if (counts[kind])
            printf("%c %lu\n", kind, counts[kind]);
    return 0;
}
