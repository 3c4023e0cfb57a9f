/* Video packets, macroblocks and blocks: clauses 6.2.5.2 to 6.2.7 of ISO/IEC 14496-2.
 * Of the texture only its length and the number of coefficients are of interest. */
#include <string.h>

#include "mpeg4_parser.h"

/* ---------------------------------------------------------------- 6.2.5.2 video packets */

/* 6.3.5.2: zeros that no macroblock can hold, and a 1. */
static int resync_marker_length(const mpeg4_parser *p)
{
    int forward = p->fcode[FORWARD], backward = p->fcode[BACKWARD], zeros;
    if (p->coding_type == I_VOP)
        return 16 + 1;
    if (p->coding_type == P_VOP)
        return 15 + forward + 1;
    zeros = 15 + (forward > backward ? forward : backward);
    return (zeros > 17 ? zeros : 17) + 1;
}

/* nextbits_bytealigned() == resync_marker: a 0, ones up to the next byte, then the marker. */
static bool at_resync_marker(const mpeg4_parser *p)
{
    if (!p->layer.resync_markers)
        return false;
    int stuffing = bits_to_next_byte(&p->bits);
    uint64_t ahead = bits_ahead(&p->bits);
    if (ahead >> (64 - stuffing) != (1u << (stuffing - 1)) - 1)
        return false;
    return (ahead << stuffing) >> (64 - resync_marker_length(p)) == 1;
}

/* The copy of the VOP's header that a packet may carry.  Its time is not needed again. */
static bool header_extension(mpeg4_parser *p)
{
    while (bits_read(&p->bits, 1)) /* modulo_time_base */
        ;
    if (!marker_bit(p))
        return false;
    bits_skip(&p->bits, p->layer.time_bits); /* vop_time_increment */
    if (!marker_bit(p))
        return false;
    if ((int)bits_read(&p->bits, 2) != p->coding_type)
        return fail(p, MPEG4_BAD_PACKET);
    bits_skip(&p->bits, 3); /* intra_dc_vlc_thr, for the whole VOP the same */
    if (p->coding_type != I_VOP && (int)bits_read(&p->bits, 3) != p->fcode[FORWARD])
        return fail(p, MPEG4_BAD_PACKET);
    if (p->coding_type == B_VOP && (int)bits_read(&p->bits, 3) != p->fcode[BACKWARD])
        return fail(p, MPEG4_BAD_PACKET);
    return true;
}

/* A header before macroblock p->mb.  In a B-VOP its packet may begin with macroblocks that have
 * no bits, so that its number is lower. */
static bool video_packet_header(mpeg4_parser *p)
{
    bits_skip(&p->bits, bits_to_next_byte(&p->bits) + resync_marker_length(p));
    int number = (int)bits_read(&p->bits, bits_for(p->layer.mb_width * p->layer.mb_height));
    if (number > p->mb)
        return fail(p, MPEG4_BAD_PACKET);
    for (int mb = number; mb < p->mb; mb++)
        if (p->coding_type != B_VOP || p->anchor.mode[mb] != MPEG4_SKIPPED)
            return fail(p, MPEG4_BAD_PACKET);
    p->packet_start = number;
    memset(p->last_vector, 0, sizeof p->last_vector);
    if (!vop_quant(p)) /* quant_scale */
        return false;
    return !bits_read(&p->bits, 1) || header_extension(p); /* header_extension_code */
}

static bool video_packet_headers(mpeg4_parser *p)
{
    while (at_resync_marker(p))
        if (!video_packet_header(p))
            return false;
    return true;
}

/* ---------------------------------------------------------------- 6.2.5.3 motion shape texture */

static bool macroblock(mpeg4_parser *p);

/* All macroblocks of a VOP, with the headers of its packets. */
bool motion_shape_texture(mpeg4_parser *p)
{
    memset(p->current.memory, 0, p->current.size); /* all skipped, no vectors */
    p->packet_start = p->mb = 0;
    for (p->mb_y = 0; p->mb_y < p->layer.mb_height; p->mb_y++) {
        memset(p->last_vector, 0, sizeof p->last_vector);
        for (p->mb_x = 0; p->mb_x < p->layer.mb_width; p->mb_x++, p->mb++)
            if (!macroblock(p))
                return false;
    }
    return p->coding_type != B_VOP || video_packet_headers(p);
}

/* ---------------------------------------------------------------- 6.2.6 macroblock */

static bool macroblock_ip(mpeg4_parser *p);
static bool macroblock_b(mpeg4_parser *p);

static bool macroblock(mpeg4_parser *p)
{
    p->current.quantiser[p->mb] = (uint8_t)p->quantiser;
    if (p->coding_type == B_VOP && p->anchor.mode[p->mb] == MPEG4_SKIPPED)
        return true; /* co-located with a macroblock that is not coded: no bits */
    if (!video_packet_headers(p))
        return false;
    uint64_t start = p->bits.position;
    if (!(p->coding_type == B_VOP ? macroblock_b(p) : macroblock_ip(p)))
        return false;
    if (bits_overrun(&p->bits))
        return fail(p, MPEG4_TRUNCATED);
    p->current.bits[p->mb] = (uint32_t)(p->bits.position - start);
    p->current.quantiser[p->mb] = (uint8_t)p->quantiser;
    return true;
}

static void change_quantiser(mpeg4_parser *p, int change)
{
    int quantiser = p->quantiser + change;
    p->quantiser = quantiser < 1 ? 1 : quantiser > QUANTISER_MAX ? QUANTISER_MAX : quantiser;
}

static void dquant(mpeg4_parser *p)
{
    static const int changes[] = {-1, -2, 1, 2};
    change_quantiser(p, changes[bits_read(&p->bits, 2)]);
}

static void dbquant(mpeg4_parser *p)
{
    if (bits_read(&p->bits, 1))
        change_quantiser(p, bits_read(&p->bits, 1) ? 2 : -2);
}

static bool intra_blocks(mpeg4_parser *p, int cbp, bool dc_has_own_code);
static bool inter_blocks(mpeg4_parser *p, int cbp);

/* A macroblock of an I- or P-VOP. */
static bool macroblock_ip(mpeg4_parser *p)
{
    const symbol *mcbpc_table = p->coding_type == I_VOP ? p->tables->mcbpc_i : p->tables->mcbpc_p;
    int mcbpc;
    do {
        if (p->coding_type == P_VOP && bits_read(&p->bits, 1)) /* not_coded */
            return true; /* stays MPEG4_SKIPPED */
        mcbpc = next_symbol(p, mcbpc_table, MCBPC_BITS, MPEG4_BAD_MCBPC);
        if (mcbpc < 0)
            return false;
    } while (mcbpc == STUFFING);
    int type = mcbpc & ~3, cbpc = mcbpc & 3;
    bool intra = type == INTRA || type == INTRA_Q;
    if (intra)
        bits_skip(&p->bits, 1); /* ac_pred_flag */
    int cbpy = next_symbol(p, p->tables->cbpy, CBPY_BITS, MPEG4_BAD_CBPY);
    if (cbpy < 0)
        return false;
    int cbp = (intra ? cbpy : 15 - cbpy) << 2 | cbpc;
    bool dc_has_own_code = p->quantiser < p->intra_dc_limit; /* the running Qp: before dquant */
    if (type == INTER_Q || type == INTRA_Q)
        dquant(p);
    if (intra) {
        p->current.mode[p->mb] = MPEG4_INTRA;
        return intra_blocks(p, cbp, dc_has_own_code);
    }
    bool four_vectors = type == INTER4V;
    p->current.mode[p->mb] = four_vectors ? MPEG4_FORWARD_4MV : MPEG4_FORWARD;
    return p_vectors(p, four_vectors ? 4 : 1) && inter_blocks(p, cbp);
}

/* Table B-4: 1, 01, 001 or 0001. */
static bool mb_type_b(mpeg4_parser *p, mpeg4_mode *mode)
{
    static const mpeg4_mode modes[] = {MPEG4_DIRECT, MPEG4_BIDIRECTIONAL, MPEG4_BACKWARD,
                                       MPEG4_FORWARD};
    for (int zeros = 0; zeros < 4; zeros++)
        if (bits_read(&p->bits, 1)) {
            *mode = modes[zeros];
            return true;
        }
    return fail(p, MPEG4_BAD_MB_TYPE);
}

/* A macroblock of a B-VOP.  modb (Table B-3): 1 nothing follows, 01 mb_type, 00 and cbpb. */
static bool macroblock_b(mpeg4_parser *p)
{
    mpeg4_mode mode = MPEG4_DIRECT;
    int cbpb = 0;
    bool has_type = !bits_read(&p->bits, 1);
    if (has_type) {
        bool has_cbpb = !bits_read(&p->bits, 1);
        if (!mb_type_b(p, &mode))
            return false;
        if (has_cbpb)
            cbpb = (int)bits_read(&p->bits, 6);
    }
    if (mode != MPEG4_DIRECT && cbpb != 0)
        dbquant(p);
    p->current.mode[p->mb] = (uint8_t)mode;
    bool vectors = mode == MPEG4_DIRECT
                       ? direct_vectors(p, has_type)
                       : b_vectors(p, mode != MPEG4_BACKWARD, mode != MPEG4_FORWARD);
    return vectors && inter_blocks(p, cbpb);
}

/* ---------------------------------------------------------------- 6.2.7 block */

/* 7.4.1.1: the DC of an intra block, a size and so many bits. */
static bool intra_dc(mpeg4_parser *p, bool chrominance)
{
    int size = next_symbol(p, p->tables->dc_size[chrominance], DC_SIZE_BITS, MPEG4_BAD_DC);
    if (size < 0)
        return false;
    bits_skip(&p->bits, size);
    return size <= 8 || marker_bit(p);
}

/* 7.4.1.3, behind the escape code.  Type 1 (0): a code, its level enlarged.  Type 2 (10): a code,
 * its run enlarged.  Type 3 (11): last, run, marker, level, marker as they are. */
static bool escaped_coefficient(mpeg4_parser *p, const coefficient_table *table, int *last, int *run)
{
    bool type_2_or_3 = bits_read(&p->bits, 1);
    if (type_2_or_3 && bits_read(&p->bits, 1)) {
        *last = (int)bits_read(&p->bits, 1);
        *run = (int)bits_read(&p->bits, 6);
        if (!marker_bit(p))
            return false;
        uint32_t level = bits_read(&p->bits, 12);
        if (level == 0 || level == 0x800) /* forbidden by Table B-18 */
            return fail(p, MPEG4_BAD_COEFFICIENT);
        return marker_bit(p);
    }
    coefficient_symbol event = table->symbols[bits_peek(&p->bits, TCOEF_BITS)];
    if (event.level == 0)
        return fail(p, MPEG4_BAD_COEFFICIENT);
    bits_skip(&p->bits, event.length);
    *last = event.last;
    *run = event.run + (type_2_or_3 ? table->max_run[event.last][event.level] + 1 : 0);
    return true;
}

/* 7.4.1.2: the coefficients of some blocks as (last, run, level) events, the first from `index` on.
 * One loop for all blocks and no branch at the end of each, which no processor could predict. */
static bool coefficients(mpeg4_parser *p, const coefficient_table *table, int blocks, int index)
{
    int count = 0, last, run;
    bool too_many = false;
    while (blocks > 0) {
        uint64_t ahead = bits_ahead(&p->bits); /* holds many events */
        int used = 0;
        coefficient_events next;
        do {
            next = table->events[ahead << used >> (64 - TCOEF_BITS)];
            used += next.length;
            count += next.count;
            index += next.places;
            too_many |= index > 64;
            index &= next.last - 1; /* 0 if it is the last of its block */
            blocks -= next.last;
        } while (next.count > 0 && blocks > 0 && used <= BITS_AHEAD - TCOEF_MAX_LENGTH);
        bits_skip(&p->bits, used);
        if (next.count == 0) {
            if (next.length == 0)
                return fail(p, MPEG4_BAD_COEFFICIENT);
            if (!escaped_coefficient(p, table, &last, &run))
                return false;
            count++;
            index += run + 1;
            too_many |= index > 64;
            index &= last - 1;
            blocks -= last;
        }
        if (too_many)
            return fail(p, MPEG4_TOO_MANY_COEFFICIENTS);
    }
    p->current.coefficients[p->mb] = (uint16_t)(p->current.coefficients[p->mb] + count);
    return true;
}

/* Six blocks, four of luminance; block 0 has the highest bit of cbp. */
static bool intra_blocks(mpeg4_parser *p, int cbp, bool dc_has_own_code)
{
    for (int block = 0; block < 6; block++) {
        if (dc_has_own_code && !intra_dc(p, block >= 4))
            return false;
        if (cbp >> (5 - block) & 1 && !coefficients(p, &p->tables->intra, 1, dc_has_own_code))
            return false;
    }
    return true;
}

static bool inter_blocks(mpeg4_parser *p, int cbp)
{
    int blocks = 0;
    for (; cbp; cbp &= cbp - 1)
        blocks++;
    return coefficients(p, &p->tables->inter, blocks, 0);
}
