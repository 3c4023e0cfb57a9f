/* What the files of the parser share: its state. */
#ifndef COMPRESSEDVIDEO_H264_PARSER_H
#define COMPRESSEDVIDEO_H264_PARSER_H

#include "h264.h"
#include "h264_macroblocks.h"

enum { MAX_RECORD_REFERENCES = H264_MAX_REFERENCE_FRAMES + 2 }; /* the current, missing ones */
enum { MAX_PICTURES = 4 }; /* of a packet whose macroblocks are read */

struct h264_parser {
    int length_size; /* of NAL units within packets; 0: Annex B */
    h264_parameter_sets sets;
    h264_buffer buffer;
    h264_messages messages; /* recovery_frame_cnt waits here for its picture */
    int32_t next_number, epoch, next_packet;
    int32_t last_order;
    bool expects_second_field; /* buffer.current is the first of two */
    int32_t key_number, key_epoch, key_order; /* the last KEY that is not CLOSED; -1: none */

    /* The coded picture being read */
    bool is_open;
    h264_slice first_slice; /* its parameter sets may have been replaced since: a copy is kept */
    h264_sps sps;
    h264_pps pps;
    h264_coded coded;
    int32_t references[MAX_RECORD_REFERENCES];

    int next_mb;        /* slices come in order, and do not overlap */
    int last_first_mb;

    /* The slice being read */
    h264_slice slice;
    h264_reference lists[2][H264_MAX_LIST + 1];
    h264_reader reader;
    h264_neighbour *neighbours; /* two rows of macroblocks */
    int neighbours_width;       /* macroblocks of a row that there is memory for */

    /* The packet being read */
    int32_t packet; /* its number */
    h264_depth depth;
    const uint8_t *unit; /* the NAL unit being read, its size, and where in the packet it stands */
    size_t unit_size, unit_at;
    int num_parsed; /* pictures */
    size_t end_of_picture;     /* bytes of the packet that belong to pictures already read */
    bool has_boundary;         /* where another picture would begin, if the next slice begins one */
    size_t boundary;
    bool slice_lost, has_picture; /* an unreadable slice header; a picture */
    uint8_t *payload;      /* an unescaped NAL unit */
    size_t payload_size;   /* allocated */
    h264_sink *sink;
    void *context;
};

/* h264_pictures.c: a slice whose header has been read joins the picture, or begins the next one */
bool h264_begin_slice(h264_parser *p);
/* The first thing that is wrong with the picture's macroblocks, at a bit of the unit's payload. */
void h264_damage(h264_parser *p, h264_status status, uint64_t bit);
void h264_finish_picture(h264_parser *p, size_t end);
void h264_lose_picture(h264_parser *p, size_t end);

/* h264_slices.c: macroblocks */
void h264_begin_macroblocks(h264_parser *p);
void h264_read_macroblocks(h264_parser *p, const rbsp_reader *bits);
void h264_end_macroblocks(h264_parser *p);

#endif
