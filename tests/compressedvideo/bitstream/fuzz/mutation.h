/* What the fuzz drivers share: random numbers, IVF files, mutated packets. */
#ifndef MUTATION_H
#define MUTATION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * 2685821657736338717u >> 32) % limit);
}

static void seed_random(const char *text)
{
    random_state = 0x9e3779b97f4a7c15u ^ (strtoull(text, NULL, 10) * 2 + 1);
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
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(*size ? *size : 1);
    if (!data || fread(data, 1, *size, file) != *size)
        exit(2);
    fclose(file);
    return data;
}

/* The packet of an IVF file at *at, which moves behind it; NULL at the end.  Start with *at = 0. */
static const uint8_t *next_ivf_packet(const uint8_t *file, size_t file_size, size_t *at,
                                      size_t *size)
{
    if (*at == 0)
        *at = 32;
    if (file_size < 12 || *at > file_size - 12)
        return NULL;
    const uint8_t *packet = file + *at;
    *size = packet[0] | (size_t)packet[1] << 8 | (size_t)packet[2] << 16 | (size_t)packet[3] << 24;
    require(*size <= file_size - *at - 12, "a well-formed file");
    *at += 12 + *size;
    return packet + 12;
}

/* A copy of exactly that size, so that reading past its end is noticed. */
static uint8_t *exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        exit(2);
    memcpy(copy, data, size);
    return copy;
}

/* A mutated copy, to be freed.  Half of the mutations hit the headers at the packet's start. */
static uint8_t *mutate(const uint8_t *packet, size_t *size)
{
    size_t room = *size + 64;
    uint8_t *copy = malloc(room);
    if (!copy)
        exit(2);
    memcpy(copy, packet, *size);
    for (uint32_t left = 1 + random_below(4); left > 0 && *size > 0; left--) {
        size_t reach = random_below(2) && *size > 24 ? 24 : *size;
        size_t at = random_below((uint32_t)reach), length = 1 + random_below(8);
        switch (random_below(7)) {
        case 0: /* flip a bit */
        case 1:
            copy[at] ^= (uint8_t)(1 << random_below(8));
            break;
        case 2: /* overwrite */
            for (size_t i = at; i < *size && i < at + length; i++)
                copy[i] = (uint8_t)random_below(256);
            break;
        case 3: /* overwrite with zeros or ones */
            memset(copy + at, random_below(2) ? 0xff : 0,
                   length < *size - at ? length : *size - at);
            break;
        case 4: /* remove, often all that follows */
            if (random_below(2) || length > *size - at)
                length = *size - at;
            memmove(copy + at, copy + at + length, *size - at - length);
            *size -= length;
            break;
        case 5: /* the last bytes, where an index may be */
            at = *size - 1 - random_below((uint32_t)(*size < 12 ? *size : 12));
            copy[at] ^= (uint8_t)(1 + random_below(255));
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
    uint8_t *exact = exact_copy(copy, *size);
    free(copy);
    return exact;
}

#endif
