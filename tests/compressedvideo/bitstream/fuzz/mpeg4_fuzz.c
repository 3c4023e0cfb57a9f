/* Feeds mutated packets to the MPEG-4 parser; test_mpeg4_fuzz.py builds it with the sanitizers.
 *
 *     mpeg4_fuzz SEED VOPS FILE...
 *
 * A FILE is a stream: of each packet the size (4 bytes, little-endian) and the bytes; the first has
 * the headers only.  Streams are fed from the start, packet after packet, most of them mutated, in
 * a buffer of exactly their size, until VOPS mutated VOPs have been parsed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpeg4.h"

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 2685821657736338717u >> 32) % limit);
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size);
    if (!data || fread(data, 1, *size, file) != *size)
        exit(2);
    fclose(file);
    return data;
}

/* A mutated copy, to be freed.  Half of the mutations hit the headers at the packet's start. */
static uint8_t *mutate(const uint8_t *packet, size_t *size)
{
    size_t room = *size + 64;
    uint8_t *copy = malloc(room);
    memcpy(copy, packet, *size);
    for (uint32_t left = 1 + random_below(4); left > 0 && *size > 0; left--) {
        size_t reach = random_below(2) && *size > 24 ? 24 : *size;
        size_t at = random_below((uint32_t)reach), length = 1 + random_below(8);
        switch (random_below(6)) {
        case 0: /* flip a bit */
        case 1:
            copy[at] ^= (uint8_t)(1 << random_below(8));
            break;
        case 2: /* overwrite */
            for (size_t i = at; i < *size && i < at + length; i++)
                copy[i] = (uint8_t)random_below(256);
            break;
        case 3: /* overwrite with zeros or ones */
            memset(copy + at, random_below(2) ? 0xff : 0, length < *size - at ? length : *size - at);
            break;
        case 4: /* remove, often all that follows */
            if (random_below(2) || length > *size - at)
                length = *size - at;
            memmove(copy + at, copy + at + length, *size - at - length);
            *size -= length;
            break;
        default: /* insert */
            if (*size + length > room)
                break;
            memmove(copy + at + length, copy + at, *size - at);
            for (size_t i = at; i < at + length; i++)
                copy[i] = (uint8_t)random_below(256);
            *size += length;
        }
    }
    uint8_t *exact = malloc(*size ? *size : 1); /* so that reading past the end is noticed */
    memcpy(exact, copy, *size);
    free(copy);
    return exact;
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

static void check(const mpeg4_vop *vop, const mpeg4_layer *layer, size_t size)
{
    require(vop->status >= 0 && vop->status < MPEG4_STATUS_COUNT, "a known status");
    require(mpeg4_message(vop->status) != NULL, "a message");
    require(vop->error_bit <= 8 * (uint64_t)size + 64, "the error is near the data");
    bool readable = vop->status == MPEG4_OK || vop->status == MPEG4_INEXACT_END;
    require((vop->picture != NULL) == (readable && vop->coded), "vectors unless there is an error");
    if (!vop->picture)
        return;
    require(layer->status == MPEG4_OK, "a layer");
    size_t macroblocks = (size_t)layer->mb_width * (size_t)layer->mb_height;
    require(vop->picture->size == 40 * macroblocks, "a picture of the layer's size");
    for (size_t mb = 0; mb < macroblocks; mb++) {
        require(vop->picture->mode[mb] <= MPEG4_DIRECT, "a known mode");
        require(vop->picture->quantiser[mb] <= 31, "a quantiser");
        require(vop->picture->coefficients[mb] <= 384, "coefficients of six blocks");
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED VOPS FILE...\n", argv[0]);
        return 2;
    }
    static mpeg4_tables tables;
    build_tables(&tables);
    random_state = 0x9e3779b97f4a7c15u ^ strtoull(argv[1], NULL, 10);
    unsigned long wanted = strtoul(argv[2], NULL, 10), mutated = 0, round = 0;
    unsigned long counts[MPEG4_STATUS_COUNT] = {0};
    while (mutated < wanted) {
        size_t file_size;
        uint8_t *file = read_file(argv[3 + random_below((uint32_t)(argc - 3))], &file_size);
        mpeg4_parser *parser = mpeg4_new(&tables, random_below(8) == 0);
        uint32_t one_in = 1 + random_below(6);
        unsigned long before = mutated;
        for (size_t at = 0; at + 4 <= file_size && mutated < wanted;) {
            size_t size = file[at] | file[at + 1] << 8 | file[at + 2] << 16 |
                          (size_t)file[at + 3] << 24;
            at += 4;
            require(size <= file_size - at, "a well-formed file");
            bool is_header = at == 4;
            bool mutating = random_below(is_header ? 16 : one_in) == 0;
            size_t packet_size = size;
            uint8_t *packet;
            if (mutating) {
                packet = mutate(file + at, &packet_size);
            } else {
                packet = malloc(size ? size : 1);
                memcpy(packet, file + at, size);
            }
            at += size;
            size_t offset = 0, last_offset = 0;
            mpeg4_vop vop;
            while (mpeg4_next_vop(parser, packet, packet_size, &offset, &vop)) {
                require(offset > last_offset && offset <= packet_size, "progress");
                last_offset = offset;
                check(&vop, mpeg4_get_layer(parser), packet_size);
                counts[vop.status]++;
                mutated += mutating;
            }
            if (random_below(32) == 0)
                mpeg4_reset(parser);
            free(packet);
        }
        mpeg4_free(parser);
        free(file);
        require(mutated > before || ++round < 1000, "VOPs in the files");
    }
    for (int status = 0; status < MPEG4_STATUS_COUNT; status++)
        if (counts[status])
            printf("%8lu %s\n", counts[status], mpeg4_message((mpeg4_status)status));
    printf("%8lu mutated VOPs\n", mutated);
    return 0;
}
