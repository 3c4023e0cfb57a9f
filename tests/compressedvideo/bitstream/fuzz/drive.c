/* Drives a fuzz target without libFuzzer: streams with some packets mutated, from a seed.
 *
 *     TARGET SEED PACKETS FILE...
 *
 * FILEs are inputs as target.h has them.  Any of them is taken, some of its packets are changed, and
 * the target is called, until it was given PACKETS mutated packets. */
#include "target.h"

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
    uint8_t *data = malloc(*size ? *size : 1);
    if (!data || fread(data, 1, *size, file) != *size)
        exit(2);
    fclose(file);
    return data;
}

enum { MOST_GROWTH = 32 };

/* Changes a packet in place, which may grow by MOST_GROWTH; returns its size.  Half of the changes
 * hit the headers at its start. */
static size_t mutate(uint8_t *packet, size_t size)
{
    for (uint32_t left = 1 + random_below(4); left > 0 && size > 0; left--) {
        size_t reach = random_below(2) && size > 32 ? 32 : size;
        size_t at = random_below((uint32_t)reach), length = 1 + random_below(MOST_GROWTH / 4);
        size_t rest = length < size - at ? length : size - at;
        switch (random_below(8)) {
        case 0: /* flip a bit */
        case 1:
            packet[at] ^= (uint8_t)(1 << random_below(8));
            break;
        case 2: /* overwrite */
            for (size_t i = at; i < at + rest; i++)
                packet[i] = (uint8_t)random_below(256);
            break;
        case 3: /* overwrite with zeros or ones */
            memset(packet + at, random_below(2) ? 0xff : 0, rest);
            break;
        case 4: /* a start code */
            memcpy(packet + at, "\0\0\1", rest < 3 ? rest : 3);
            break;
        case 5: /* the last bytes, where an index may be */
            at = size - 1 - random_below((uint32_t)(size < 12 ? size : 12));
            packet[at] ^= (uint8_t)(1 + random_below(255));
            break;
        case 6: /* remove, often all that follows */
            rest = random_below(2) ? size - at : rest;
            memmove(packet + at, packet + at + rest, size - at - rest);
            size -= rest;
            break;
        default: /* insert */
            memmove(packet + at + length, packet + at, size - at);
            for (size_t i = at; i < at + length; i++)
                packet[i] = (uint8_t)random_below(256);
            size += length;
        }
    }
    return size;
}

static uint8_t random_options(void)
{
    unsigned options = random_below(2) ? ONLY_VECTORS : 0;
    options |= random_below(12) == 0 ? ONLY_HEADERS : 0;
    options |= random_below(64) == 0 ? RESET : 0;
    return (uint8_t)(options | (random_below(4) ? GO_ON : 0));
}

/* Runs the target over a changed copy; returns how many of its packets are mutated. */
static unsigned long run(const uint8_t *file, size_t file_size)
{
    uint8_t *input = NULL;
    size_t used = 0, at = 0;
    unsigned long mutated = 0;
    for (uint32_t one_in = 1 + random_below(6); at + 4 <= file_size;) {
        const uint8_t *head = file + at;
        size_t size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
        require(size <= file_size - at - 4, "a well-formed file");
        input = realloc(input, used + 4 + 2 * size + MOST_GROWTH);
        require(input != NULL, "memory");
        uint8_t *packet = input + used + 4;
        memcpy(packet, head + 4, size);
        bool is_mutated = random_below(at ? one_in : 16) == 0;
        at += 4 + size;
        if (is_mutated && random_below(8) == 0) { /* twice in one */
            memcpy(packet + size, packet, size);
            size *= 2;
        }
        size = is_mutated ? mutate(packet, size) : size;
        for (int i = 0; i < 3; i++)
            packet[i - 4] = (uint8_t)(size >> 8 * i);
        packet[-1] = used ? random_options() : head[3];
        used += 4 + size;
        mutated += is_mutated;
    }
    LLVMFuzzerTestOneInput(input, used);
    free(input);
    return mutated;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: %s SEED PACKETS FILE...\n", argv[0]);
        return 2;
    }
    random_state = 0x9e3779b97f4a7c15u ^ (strtoull(argv[1], NULL, 10) * 2 + 1);
    unsigned long wanted = strtoul(argv[2], NULL, 10), mutated = 0;
    while (mutated < wanted) {
        size_t size;
        uint8_t *file = read_file(argv[3 + random_below((uint32_t)(argc - 3))], &size);
        mutated += run(file, size);
        free(file);
    }
    report();
    printf("%8lu mutated packets\n%8.0f us for the slowest\n", mutated, 1e6 * slowest_seconds);
    return 0;
}
