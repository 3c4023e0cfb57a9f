/* Slice segment headers: clauses 7.3.6 and 7.4.7. */
#ifndef COMPRESSEDVIDEO_HEVC_SLICE_H
#define COMPRESSEDVIDEO_HEVC_SLICE_H

#include "hevc_parameters.h"

enum { HEVC_B_SLICE, HEVC_P_SLICE, HEVC_I_SLICE };                     /* slice_type */
enum { HEVC_MAX_ACTIVE = 15 };                                         /* num_ref_idx_active */
enum { HEVC_MAX_LONG_TERM_ACTIVE = 16 };

/* NAL unit types, Table 7-1 */
enum {
    HEVC_RADL_N = 6,
    HEVC_RADL_R = 7,
    HEVC_RASL_N = 8,
    HEVC_RASL_R = 9,
    HEVC_RSV_VCL_R15 = 15,
    HEVC_BLA_W_LP = 16,
    HEVC_BLA_N_LP = 18,
    HEVC_IDR_W_RADL = 19,
    HEVC_IDR_N_LP = 20,
    HEVC_CRA = 21,
    HEVC_RSV_IRAP_23 = 23,
    HEVC_VPS = 32,
    HEVC_SPS = 33,
    HEVC_PPS = 34,
    HEVC_AUD = 35,
    HEVC_END_OF_SEQUENCE = 36,
    HEVC_END_OF_BITSTREAM = 37,
    HEVC_FILLER_DATA = 38,
    HEVC_PREFIX_SEI = 39,
    HEVC_SUFFIX_SEI = 40
};

static inline bool hevc_is_slice(int nal_type)
{
    return nal_type <= HEVC_RASL_R || (nal_type >= HEVC_BLA_W_LP && nal_type <= HEVC_CRA);
}

static inline bool hevc_is_irap(int nal_type)
{
    return nal_type >= HEVC_BLA_W_LP && nal_type <= HEVC_RSV_IRAP_23;
}

static inline bool hevc_is_idr(int nal_type)
{
    return nal_type == HEVC_IDR_W_RADL || nal_type == HEVC_IDR_N_LP;
}

static inline bool hevc_is_bla(int nal_type)
{
    return nal_type >= HEVC_BLA_W_LP && nal_type <= HEVC_BLA_N_LP;
}

static inline bool hevc_is_rasl(int nal_type)
{
    return nal_type == HEVC_RASL_N || nal_type == HEVC_RASL_R;
}

/* Not used as a reference by pictures of its own temporal sub-layer. */
static inline bool hevc_is_sub_layer_non_reference(int nal_type)
{
    return nal_type < HEVC_RSV_VCL_R15 && nal_type % 2 == 0;
}

typedef struct {
    int32_t poc_lsb;  /* PocLsbLt */
    bool used;        /* by the current picture */
    bool has_msb;     /* delta_poc_msb_present_flag */
    int64_t msb_cycles; /* DeltaPocMsbCycleLt */
} hevc_long_term;

typedef struct {
    /* Of every segment */
    bool is_first; /* first_slice_segment_in_pic_flag */
    bool is_dependent;
    int pps;
    int segment_address; /* of the segment's first CTB, raster scan */
    size_t data_at;      /* byte of the payload where slice_segment_data() begins */
    /* Of the slice: dependent segments inherit it */
    int slice_address; /* SliceAddrRs */
    int type;
    bool pic_output;
    int32_t poc_lsb;
    hevc_reference_set short_term;
    int num_long_term;
    hevc_long_term long_term[HEVC_MAX_LONG_TERM_ACTIVE];
    bool temporal_mvp, sao_luma, sao_chroma;
    int num_ref_idx[2];
    bool modifies_list[2]; /* ref_pic_list_modification_flag_lX */
    int list_entry[2][HEVC_MAX_ACTIVE];
    bool mvd_l1_zero, cabac_init, collocated_from_l0;
    int collocated_ref_idx;
    int max_merge_candidates; /* MaxNumMergeCand */
    int qp;                   /* SliceQpY */
    bool cu_chroma_qp_offset;
} hevc_slice;

/* entry_point_offset_minus1 + 1 of a segment: bytes of each substream but the last. */
typedef struct {
    uint32_t *bytes;
    size_t count, capacity;
} hevc_entry_points;

/* Reads what lies behind the NAL unit header.  `slice` comes with the segment before, from which a
 * dependent one inherits; on failure it is as it was.  Without `entries`, only as far as the
 * references go. */
hevc_status hevc_read_slice(rbsp_reader *bits, int nal_type, const hevc_sps *sps_list,
                            const hevc_pps *pps_list, hevc_slice *slice,
                            hevc_entry_points *entries);

/* The reference pictures that a slice may use: NumPicTotalCurr. */
int hevc_num_current(const hevc_slice *slice);

#endif
