/* Writes random VP9 streams that are valid: IVF files with frames of all kinds and sizes.
 *
 *     vp9_generate FRAMES FOLDER SEED...
 *
 * Headers are drawn here.  For the rest the parser itself is run with symbols that are drawn instead
 * of read; they are kept with their probabilities and then coded.  Encoders use few of the paths
 * through the syntax: these streams take them all, and scaled references, intra-only and
 * error-resilient frames, segments and tiles come in every combination. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- symbols that are drawn */

#define COMPRESSEDVIDEO_BOOL_DECODER_H /* in place of the real one */

typedef struct {
    const uint8_t *end;
} bool_decoder;

static int draw(int probability);
static void open_partition(void);

static inline bool_decoder bool_open(const uint8_t *data, size_t size)
{
    if (size > 0)
        open_partition();
    return (bool_decoder){data};
}

static inline int bool_read(bool_decoder *decoder, int probability)
{
    (void)decoder;
    return draw(probability);
}

static inline int bool_branch(bool_decoder *decoder, int probability)
{
    (void)decoder;
    return draw(probability);
}

static inline int bool_literal(bool_decoder *decoder, int count)
{
    int value = 0;
    while (count-- > 0)
        value = 2 * value + bool_read(decoder, 128);
    return value;
}

static inline int64_t bool_bits_left(const bool_decoder *decoder)
{
    (void)decoder;
    return 0;
}

#include "vp9.c"
#include "vp9_adaptation.c"
#include "vp9_cells.c"
#include "vp9_compressed_header.c"
#include "vp9_constants.c"
#include "vp9_contexts.c"
#include "vp9_default_probs.c"
#include "vp9_headers.c"
#include "vp9_inter_modes.c"
#include "vp9_modes.c"
#include "vp9_residual.c"
#include "vp9_scans.c"
#include "vp9_tiles.c"
#include "vp9_tracker.c"
#include "vp9_vectors.c"
#include "record_list.c"

/* ---------------------------------------------------------------- random numbers */

static uint64_t random_state;

/* xorshift64* */
static uint32_t random_bits(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)(random_state * 2685821657736338717u >> 32);
}

static int below(int limit)
{
    return (int)(random_bits() % (uint32_t)limit);
}

static bool chance(int percent)
{
    return below(100) < percent;
}

/* ---------------------------------------------------------------- bytes that grow */

typedef struct {
    uint8_t *data;
    size_t size, room;
} bytes;

static void append(bytes *to, int byte)
{
    if (to->size == to->room) {
        to->room = to->room ? 2 * to->room : 65536;
        to->data = realloc(to->data, to->room);
        if (!to->data)
            exit(2);
    }
    to->data[to->size++] = (uint8_t)byte;
}

static void append_all(bytes *to, const bytes *from)
{
    for (size_t i = 0; i < from->size; i++)
        append(to, from->data[i]);
}

/* ---------------------------------------------------------------- partitions of symbols */

static bytes partitions[1 + 4 * 64]; /* pairs of a symbol and its probability */
static int num_partitions;
static bool is_fresh; /* the marker comes next, a 0 */
static bool is_wild;  /* rare symbols more often than their probability says */

static void open_partition(void)
{
    partitions[num_partitions++].size = 0;
    is_fresh = true;
}

static int draw(int probability)
{
    int symbol = below(256) >= probability;
    if (is_wild && chance(30))
        symbol = below(2);
    if (is_fresh)
        symbol = 0;
    is_fresh = false;
    append(&partitions[num_partitions - 1], symbol);
    append(&partitions[num_partitions - 1], probability);
    return symbol;
}

static void carry(bytes *out)
{
    size_t at = out->size;
    while (at > 0 && out->data[at - 1] == 0xff)
        out->data[--at] = 0;
    if (at > 0)
        out->data[at - 1]++;
}

/* The arithmetic coder: clause 9.2 the other way round */
static void code(const bytes *symbols, bytes *out)
{
    uint64_t low = 0;
    uint32_t range = 255;
    int shifted = 0;
    out->size = 0;
    for (size_t i = 0; i < symbols->size + 64; i += 2) {
        bool is_flush = i >= symbols->size;
        int symbol = is_flush ? 0 : symbols->data[i];
        uint32_t probability = is_flush ? 128 : symbols->data[i + 1];
        uint32_t split = 1 + ((range - 1) * probability >> 8);
        low += symbol ? split : 0;
        range = symbol ? range - split : split;
        for (; range < 128; range <<= 1, low <<= 1)
            shifted++;
        for (; shifted >= 8; shifted -= 8) {
            uint64_t byte = low >> shifted;
            if (byte >> 8)
                carry(out);
            append(out, (int)(byte & 255));
            low &= ((uint64_t)1 << shifted) - 1;
        }
    }
    if ((out->data[out->size - 1] & 0xe0) == 0xc0)
        append(out, 0); /* no superframe index */
}

/* ---------------------------------------------------------------- headers */

static uint8_t header[512];
static size_t header_bits;

static void put(int value, int count)
{
    for (int place = count - 1; place >= 0; place--, header_bits++)
        if (value >> place & 1)
            header[header_bits / 8] |= (uint8_t)(0x80 >> header_bits % 8);
}

static void put_signed(int value, int count)
{
    put(abs(value), count);
    put(value < 0, 1);
}

/* A flag, and whether it was set */
static bool put_flag(bool value)
{
    put(value, 1);
    return value;
}

/* What is the same for a whole stream */
typedef struct {
    int profile;
    int width, height;        /* at first, and about which others are drawn */
    int segments, resilience, biases;
    bool lossless;
} stream;

typedef struct {
    bool key, intra_only, resilient;
    int width, height;
} frame_kind;

static int near(int length, int least, int range)
{
    int drawn = length * (least + below(range)) / 100;
    return drawn < 8 ? 8 : drawn;
}

static void draw_size(const stream *s, frame_kind *f)
{
    f->width = near(s->width, 70, 40);
    f->height = near(s->height, 70, 40);
}

static void put_size(const frame_kind *f)
{
    put(f->width - 1, 16);
    put(f->height - 1, 16);
}

static void put_color(const stream *s)
{
    if (s->profile >= 2)
        put(0, 1); /* 10 bits */
    put(2, 3);
    put(0, 1);
    if (s->profile & 1) {
        put(0, 2 + 1); /* 4:4:4: with less, half of the partitions would be invalid */
    }
}

static void put_intra_only(const stream *s, frame_kind *f)
{
    put(0x498342, 24);
    if (s->profile > 0)
        put_color(s);
    put(1 + below(255), 8);
    if (chance(20))
        draw_size(s, f);
    put_size(f);
    put(0, 1);
}

static void put_inter(const stream *s, frame_kind *f, const vp9_slot *slots)
{
    int drawn[3], same = -1;
    put(below(256), 8);
    for (int i = 0; i < 3; i++) {
        drawn[i] = below(VP9_NUM_SLOTS);
        put(drawn[i], 3);
        put(s->biases ? below(2) : 0, 1);
    }
    for (int i = 0; i < 3 && same < 0; i++)
        if (put_flag(chance(70)))
            same = drawn[i];
    if (same >= 0) {
        f->width = slots[same].width;
        f->height = slots[same].height;
    } else {
        draw_size(s, f);
        put_size(f);
    }
    put(0, 1);
    put(below(2), 1); /* high precision */
    if (!put_flag(chance(60)))
        put(below(4), 2); /* interpolation filter */
}

static void put_loop_filter(void)
{
    put(below(64), 6);
    put(below(8), 3);
    if (!put_flag(chance(50)) || !put_flag(chance(50)))
        return;
    for (int i = 0; i < 6; i++)
        if (put_flag(chance(50)))
            put_signed(below(127) - 63, 6);
}

static void put_quantizer(const stream *s)
{
    put(s->lossless ? 0 : 1 + below(255), 8);
    for (int i = 0; i < 3; i++)
        if (put_flag(!s->lossless && chance(20)))
            put_signed(below(31) - 15, 4);
}

static void put_segmentation(const stream *s, const frame_kind *f)
{
    if (!put_flag(s->segments && chance(60)))
        return;
    if (put_flag(chance(60))) {
        for (int i = 0; i < 7; i++)
            if (put_flag(chance(70)))
                put(1 + below(255), 8);
        bool may_predict = !f->key && !f->intra_only && !f->resilient;
        if (put_flag(may_predict && chance(60)))
            for (int i = 0; i < 3; i++)
                if (put_flag(chance(70)))
                    put(1 + below(255), 8);
    }
    if (!put_flag(chance(50)))
        return;
    put(below(2), 1);
    for (int i = 0; i < 8; i++) {
        if (put_flag(chance(40)))
            put_signed(s->lossless ? 0 : below(100), 8);
        if (put_flag(chance(30)))
            put_signed(below(60) - 30, 6);
        if (put_flag(s->segments == 2 && chance(25)))
            put(below(4), 2);
        put(s->segments == 3 && chance(3), 1); /* skip: not many streams stay valid with it */
    }
}

static void put_tiles(const frame_kind *f)
{
    int superblocks = (f->width + 63) / 64, most = 0;
    while (superblocks >> (most + 1) >= 4)
        most++;
    for (int columns = 0; columns < most && put_flag(chance(60)); columns++)
        ;
    if (put_flag(chance(25)))
        put(below(2), 1);
}

/* All but the size of the compressed header, which comes last */
static void put_header(const stream *s, frame_kind *f, const vp9_slot *slots, bool is_first)
{
    bool show = is_first || chance(75);
    f->key = is_first || chance(6);
    f->resilient = s->resilience == 0 ? chance(30) : s->resilience == 1;
    f->intra_only = false;
    put(0, 1);
    put(!f->key, 1);
    put(show, 1);
    put(f->resilient, 1);
    if (f->key) {
        put(0x498342, 24);
        put_color(s);
        if (!is_first && chance(40)) {
            f->width = near(s->width, 60, 60);
            f->height = near(s->height, 60, 60);
        }
        put_size(f);
        if (put_flag(chance(10)))
            put(below(1 << 30), 32);
    } else {
        if (!show)
            f->intra_only = put_flag(chance(40));
        if (!f->resilient)
            put(below(4), 2);
        if (f->intra_only)
            put_intra_only(s, f);
        else
            put_inter(s, f, slots);
    }
    if (!f->resilient)
        put(below(4), 2); /* refresh_frame_context, frame_parallel_decoding_mode */
    put(below(4), 2);
    put_loop_filter();
    put_quantizer(s);
    put_segmentation(s, f);
    put_tiles(f);
}

/* ---------------------------------------------------------------- frames */

static void start_header(const stream *s)
{
    memset(header, 0, sizeof header);
    header_bits = 0;
    num_partitions = 0;
    is_wild = chance(50);
    put(2, 2);
    put(s->profile & 1, 1);
    put(s->profile >> 1, 1);
    if (s->profile == 3)
        put(0, 1);
}

static void append_header(bytes *out)
{
    for (size_t i = 0; i < (header_bits + 7) / 8; i++)
        append(out, header[i]);
}

/* The frame as the parser takes it while symbols are drawn: the header, a compressed header of one
 * byte, tiles of one byte. */
static bool parse_drawn(vp9_parser *parser, bool has_tiles)
{
    static uint8_t frame[sizeof header + 1 + 5 * 4 * 64];
    size_t size = (header_bits + 7) / 8;
    memset(frame, 0, sizeof frame);
    memcpy(frame, header, size);
    for (size_t i = size + 1; i + 4 < sizeof frame && has_tiles; i += 5)
        frame[i + 3] = 1;
    vp9_output output = {0};
    parser->lost = false;
    vp9_read_packet(parser, frame, has_tiles ? sizeof frame : size, VP9_PARSE, &output);
    vp9_output_free(&output);
    return parser->status == VP9_OK;
}

static bool append_shown(const stream *s, vp9_parser *parser, bytes *out)
{
    int slot;
    do
        slot = below(VP9_NUM_SLOTS);
    while (!parser->tracker.slots[slot].valid);
    start_header(s);
    put(1, 1);
    put(slot, 3);
    append_header(out);
    return parse_drawn(parser, false);
}

static bool append_frame(const stream *s, frame_kind *f, vp9_parser *parser, bool is_first,
                         bytes *out)
{
    static bytes coded;
    start_header(s);
    put_header(s, f, parser->tracker.slots, is_first);
    size_t size_at = header_bits;
    put(1, 16);
    if (!parse_drawn(parser, true))
        return false;
    code(&partitions[0], &coded);
    if (coded.size > 0xffff)
        return false;
    header[size_at / 8] &= (uint8_t)(0xff << (8 - size_at % 8));
    memset(header + size_at / 8 + 1, 0, 3);
    header_bits = size_at;
    put((int)coded.size, 16);
    append_header(out);
    append_all(out, &coded);
    for (int i = 1; i < num_partitions; i++) {
        code(&partitions[i], &coded);
        for (int shift = 24; shift >= 0 && i < num_partitions - 1; shift -= 8)
            append(out, (int)(coded.size >> shift & 255));
        append_all(out, &coded);
    }
    return true;
}

/* ---------------------------------------------------------------- files */

static void put_little(uint8_t *to, uint64_t value, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

/* A stream that gets invalid, by a block that its segment forbids, ends with the frame before. */
static void write_stream(vp9_parser *parser, int seed, int num_frames, FILE *file)
{
    static bytes frame;
    random_state = 0x9e3779b97f4a7c15u * ((uint64_t)seed + 1);
    stream s = {.profile = chance(60) ? 0 : below(4)};
    s.width = 8 + below(chance(15) ? 700 : 200);
    s.height = 8 + below(200);
    s.segments = below(4);
    s.resilience = below(4);
    s.biases = below(3);
    s.lossless = chance(10);
    frame_kind kind = {.width = s.width, .height = s.height};
    uint8_t start[32] = "DKIF\0\0 \0VP90";
    put_little(start + 12, (uint64_t)s.width, 2);
    put_little(start + 14, (uint64_t)s.height, 2);
    put_little(start + 16, 25, 4);
    put_little(start + 20, 1, 4);
    fwrite(start, 1, sizeof start, file);
    vp9_reset(parser);
    for (int i = 0; i < num_frames; i++) {
        frame.size = 0;
        bool is_valid = i > 0 && chance(8) ? append_shown(&s, parser, &frame)
                                           : append_frame(&s, &kind, parser, i == 0, &frame);
        if (!is_valid) {
            fprintf(stderr, "seed %d, frame %d: %s\n", seed, i, vp9_message(parser->status));
            break;
        }
        uint8_t before[12] = {0};
        put_little(before, frame.size, 4);
        put_little(before + 4, (uint64_t)i, 8);
        fwrite(before, 1, sizeof before, file);
        fwrite(frame.data, 1, frame.size, file);
    }
}

int main(int argc, char **argv)
{
    static vp9_tables tables;
    if (argc < 4) {
        fprintf(stderr, "usage: %s FRAMES FOLDER SEED...\n", argv[0]);
        return 2;
    }
    vp9_build_tables(&tables);
    for (int i = 3; i < argc; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d.ivf", argv[2], atoi(argv[i]));
        FILE *file = fopen(path, "wb");
        vp9_parser *parser = vp9_new(&tables);
        if (!file || !parser) {
            perror(path);
            return 2;
        }
        write_stream(parser, atoi(argv[i]), atoi(argv[1]), file);
        vp9_free(parser);
        if (fclose(file) != 0) {
            perror(path);
            return 2;
        }
    }
    return 0;
}
