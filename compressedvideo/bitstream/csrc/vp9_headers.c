/* Clause 6.2: the uncompressed header. */
#include <string.h>

#include "mpeg4_bits.h"
#include "vp9_header.h"

enum { SYNC_CODE = 0x498342, RGB = 7 /* color_space */, MIN_TILE_WIDTH = 4, MAX_TILE_WIDTH = 64 };

static bool flag(bit_reader *bits)
{
    return bits_read(bits, 1) != 0;
}

/* su(n): a magnitude, then the sign */
static int signed_bits(bit_reader *bits, int count)
{
    int value = (int)bits_read(bits, count);
    return flag(bits) ? -value : value;
}

/* 6.2.1 */
static vp9_status frame_sync_code(bit_reader *bits)
{
    return bits_read(bits, 24) == SYNC_CODE ? VP9_OK : VP9_BAD_SYNC_CODE;
}

/* 6.2.2 */
static vp9_status color_config(bit_reader *bits, vp9_header *h)
{
    bool odd = h->profile & 1;
    h->bit_depth = h->profile >= 2 ? (flag(bits) ? 12 : 10) : 8;
    h->subsampling_x = h->subsampling_y = 1;
    if (bits_read(bits, 3) == RGB) {
        if (!odd)
            return VP9_BAD_SUBSAMPLING;
        h->subsampling_x = h->subsampling_y = 0;
        return flag(bits) ? VP9_RESERVED_BIT : VP9_OK;
    }
    flag(bits); /* color_range */
    if (!odd)
        return VP9_OK;
    h->subsampling_x = flag(bits);
    h->subsampling_y = flag(bits);
    if (h->subsampling_x && h->subsampling_y)
        return VP9_BAD_SUBSAMPLING;
    return flag(bits) ? VP9_RESERVED_BIT : VP9_OK;
}

/* 6.2.3 */
static void frame_size(bit_reader *bits, vp9_header *h)
{
    h->width = (int)bits_read(bits, 16) + 1;
    h->height = (int)bits_read(bits, 16) + 1;
}

/* 6.2.4: the size of display, which changes nothing here */
static void render_size(bit_reader *bits)
{
    if (flag(bits))
        bits_read(bits, 32);
}

/* 6.2.5 and the requirements of 7.2.5 */
static vp9_status frame_size_with_refs(bit_reader *bits, const vp9_slot *slots, vp9_header *h)
{
    bool found = false, usable = false;
    for (int i = VP9_LAST; i <= VP9_ALTREF && !found; i++) {
        found = flag(bits);
        h->width = slots[h->slot[i]].width;
        h->height = slots[h->slot[i]].height;
    }
    if (!found)
        frame_size(bits, h);
    render_size(bits);
    for (int i = VP9_LAST; i <= VP9_ALTREF; i++) {
        const vp9_slot *slot = slots + h->slot[i];
        if (slot->bit_depth != h->bit_depth || slot->subsampling_x != h->subsampling_x ||
            slot->subsampling_y != h->subsampling_y)
            return VP9_BAD_REFERENCE_FORMAT;
        usable |= 2 * h->width >= slot->width && 2 * h->height >= slot->height &&
                  h->width <= 16 * slot->width && h->height <= 16 * slot->height;
    }
    return usable ? VP9_OK : VP9_BAD_REFERENCE_SIZE;
}

/* 6.2.7: 0 regular, 1 smooth, 2 sharp, as the symbols of blocks; 3 bilinear */
static void read_interpolation_filter(bit_reader *bits, vp9_header *h)
{
    static const uint8_t literal_to_type[] = {1, 0, 2, 3};
    h->interpolation_filter = flag(bits) ? VP9_SWITCHABLE : literal_to_type[bits_read(bits, 2)];
}

/* 6.2.8: where the deltas end; the filter itself changes no symbol */
static void loop_filter_params(bit_reader *bits)
{
    bits_read(bits, 6 + 3);          /* level, sharpness */
    if (!flag(bits) || !flag(bits)) /* delta enabled, delta update */
        return;
    for (int i = 0; i < 4 + 2; i++) /* of references, of modes */
        if (flag(bits))
            signed_bits(bits, 6);
}

/* 6.2.9 */
static void quantization_params(bit_reader *bits, vp9_header *h)
{
    h->base_q = (int)bits_read(bits, 8);
    h->lossless = h->base_q == 0;
    for (int i = 0; i < 3; i++) /* delta_q_y_dc, delta_q_uv_dc, delta_q_uv_ac */
        if (flag(bits) && signed_bits(bits, 4) != 0)
            h->lossless = false;
}

static uint8_t read_prob(bit_reader *bits)
{
    return flag(bits) ? (uint8_t)bits_read(bits, 8) : 255;
}

/* 6.2.11 */
static void segmentation_params(bit_reader *bits, vp9_segmentation *s)
{
    static const uint8_t feature_bits[] = {8, 6, 2, 0};
    s->update_map = s->temporal_update = false;
    s->enabled = flag(bits);
    if (!s->enabled)
        return;
    if ((s->update_map = flag(bits))) {
        for (int i = 0; i < 7; i++)
            s->tree_probs[i] = read_prob(bits);
        s->temporal_update = flag(bits);
        for (int i = 0; i < 3; i++)
            s->pred_probs[i] = s->temporal_update ? read_prob(bits) : 255;
    }
    if (!flag(bits)) /* update_data */
        return;
    flag(bits); /* abs_delta_update */
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < VP9_NUM_FEATURES; j++) {
            int value = 0;
            s->feature_enabled[i][j] = flag(bits);
            if (s->feature_enabled[i][j] && feature_bits[j])
                value = (int)bits_read(bits, feature_bits[j]);
            if (s->feature_enabled[i][j] && j <= VP9_SEG_ALT_L && flag(bits))
                value = -value;
            s->feature[i][j] = (int16_t)value;
        }
}

/* 6.2.13 */
static void tile_info(bit_reader *bits, vp9_header *h)
{
    int superblocks = (h->width + 63) / 64, least = 0, most = 1;
    while (MAX_TILE_WIDTH << least < superblocks)
        least++;
    while (superblocks >> most >= MIN_TILE_WIDTH)
        most++;
    most--;
    h->tile_columns_log2 = least;
    while (h->tile_columns_log2 < most && flag(bits))
        h->tile_columns_log2++;
    h->tile_rows_log2 = flag(bits);
    if (h->tile_rows_log2)
        h->tile_rows_log2 += flag(bits);
}

/* The part of 6.2 that only intra-only and inter frames have. */
static vp9_status non_key_frame(bit_reader *bits, const vp9_slot *slots, vp9_header *h)
{
    vp9_status status;
    h->intra_only = !h->show && flag(bits);
    h->reset_frame_context = h->error_resilient ? 0 : (int)bits_read(bits, 2);
    if (h->intra_only) {
        if ((status = frame_sync_code(bits)))
            return status;
        h->bit_depth = 8; /* of profile 0, whatever the key frame had */
        h->subsampling_x = h->subsampling_y = 1;
        if (h->profile > 0 && (status = color_config(bits, h)))
            return status;
        h->refresh_flags = bits_read(bits, 8);
        frame_size(bits, h);
        render_size(bits);
        return VP9_OK;
    }
    h->refresh_flags = bits_read(bits, 8);
    for (int i = VP9_LAST; i <= VP9_ALTREF; i++) {
        h->slot[i] = (int)bits_read(bits, 3);
        h->sign_bias[i] = flag(bits);
        if (!slots[h->slot[i]].valid)
            return VP9_EMPTY_SLOT;
    }
    if ((status = frame_size_with_refs(bits, slots, h)))
        return status;
    h->high_precision = flag(bits);
    read_interpolation_filter(bits, h);
    return VP9_OK;
}

/* 7.2: what is forgotten at an intra or error-resilient frame.  Sign biases are among it, so that
 * an error-resilient frame has no compound prediction whatever its header said: the decoders agree
 * on that, the specification does not say it. */
static void setup_past_independence(vp9_header *h)
{
    memset(h->segmentation.feature, 0, sizeof h->segmentation.feature);
    memset(h->segmentation.feature_enabled, 0, sizeof h->segmentation.feature_enabled);
    memset(h->sign_bias, 0, sizeof h->sign_bias);
    h->context = 0;
}

static vp9_status uncompressed_header(bit_reader *bits, const vp9_slot *slots, vp9_header *h)
{
    vp9_status status;
    if (bits_read(bits, 2) != 2) /* frame_marker */
        return VP9_BAD_MARKER;
    h->profile = flag(bits);
    h->profile |= flag(bits) << 1;
    if (h->profile == 3 && flag(bits))
        return VP9_BAD_PROFILE;
    h->show_existing = flag(bits);
    if (h->show_existing) {
        h->existing_slot = (int)bits_read(bits, 3);
        return slots[h->existing_slot].valid ? VP9_OK : VP9_EMPTY_SLOT;
    }
    h->key = !flag(bits);
    h->show = flag(bits);
    h->error_resilient = flag(bits);
    h->intra_only = h->high_precision = false;
    h->reset_frame_context = h->interpolation_filter = 0;
    memset(h->sign_bias, 0, sizeof h->sign_bias);
    if (h->key) {
        if ((status = frame_sync_code(bits)) || (status = color_config(bits, h)))
            return status;
        h->refresh_flags = 0xff;
        frame_size(bits, h);
        render_size(bits);
    } else if ((status = non_key_frame(bits, slots, h))) {
        return status;
    }
    h->refresh_context = !h->error_resilient && flag(bits);
    h->parallel = h->error_resilient || flag(bits);
    h->coded_context = h->context = (int)bits_read(bits, 2);
    if (vp9_is_intra(h) || h->error_resilient)
        setup_past_independence(h);
    loop_filter_params(bits);
    quantization_params(bits, h);
    segmentation_params(bits, &h->segmentation);
    tile_info(bits, h);
    size_t compressed_size = bits_read(bits, 16); /* header_size_in_bytes */
    if (compressed_size == 0)
        return VP9_NO_COMPRESSED_HEADER;
    h->compressed_start = (size_t)((bits->position + 7) / 8); /* trailing_bits */
    h->tiles_start = h->compressed_start + compressed_size;
    return h->tiles_start <= bits->size ? VP9_OK : VP9_TRUNCATED;
}

vp9_status vp9_uncompressed_header(const uint8_t *data, size_t size,
                                   const vp9_slot slots[VP9_NUM_SLOTS], vp9_header *header,
                                   uint64_t *bit)
{
    bit_reader bits = {data, size, 0};
    vp9_status status = uncompressed_header(&bits, slots, header);
    *bit = bits_overrun(&bits) ? 8 * (uint64_t)size : bits.position;
    return bits_overrun(&bits) ? VP9_TRUNCATED : status;
}
