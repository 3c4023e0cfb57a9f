/* Feeds mutated packets to what reads headers of VP8, VP9 and AV1.
 *
 *     header_fuzz vp8|vp9|av1 SEED PACKETS FILE...
 *
 * FILEs are IVF, fed from the start, until PACKETS mutated packets have been read. */
#include "mutation.h"

#include "av1.h"
#include "vp8.h"
#include "vp9_records.h"

typedef union {
    vp8_tracker vp8;
    vp9_tracker vp9;
    av1_tracker av1;
} tracker;

static void read_packet(const char *codec, tracker *t, const uint8_t *packet, size_t size,
                        record_list *list)
{
    if (strcmp(codec, "vp8") == 0)
        vp8_packet_records(&t->vp8, packet, size, list);
    else if (strcmp(codec, "vp9") == 0)
        vp9_packet_records(&t->vp9, packet, size, list);
    else
        av1_packet_records(&t->av1, packet, size, list);
}

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

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: %s CODEC SEED PACKETS FILE...\n", argv[0]);
        return 2;
    }
    seed_random(argv[2]);
    unsigned long wanted = strtoul(argv[3], NULL, 10), mutated = 0, damaged = 0, intact = 0;
    while (mutated < wanted) {
        size_t file_size, at = 0, size;
        uint8_t *file = read_file(argv[4 + random_below((uint32_t)(argc - 4))], &file_size);
        const uint8_t *next;
        tracker t;
        memset(&t, 0, sizeof t);
        record_list list = {0};
        uint32_t one_in = 1 + random_below(4);
        for (int32_t number = 0; (next = next_ivf_packet(file, file_size, &at, &size)); number++) {
            bool mutating = random_below(one_in) == 0;
            uint8_t *packet = mutating ? mutate(next, &size) : exact_copy(next, size);
            size_t records = list.num_records, references = list.num_references;
            mutated += mutating;
            read_packet(argv[1], &t, packet, size, &list);
            require(!list.out_of_memory, "memory");
            check(&list, records, references, number, size);
            free(packet);
        }
        for (size_t i = 0; i < list.num_records; i++) {
            bool is_damaged = list.records[i].flags & RECORD_DAMAGED;
            damaged += is_damaged;
            intact += !is_damaged;
        }
        record_list_free(&list);
        free(file);
    }
    printf("%lu mutated packets\n%lu damaged\n%lu intact\n", mutated, damaged, intact);
    return 0;
}
