/* The parser from outside: memory, the container's headers, and messages. */
#include "hevc.h"

#include <stdlib.h>

#include "hevc_parser.h"

void hevc_reset(hevc_parser *p)
{
    hevc_buffer_reset(&p->buffer);
    p->recovery = -1;
}

void hevc_free(hevc_parser *p)
{
    if (p) {
        hevc_buffer_free(&p->buffer);
        hevc_free_frame(&p->frame);
        free(p->entries.bytes);
        free(p->payload);
        free(p);
    }
}

/* Units that stand one behind the other, without pictures. */
static void read_headers(hevc_parser *p, const uint8_t *data, size_t size)
{
    hevc_picture_info info;
    size_t offset = 0;
    while (hevc_next_picture(p, data, size, &offset, HEVC_HEADERS, &info))
        ;
}

/* HEVCDecoderConfigurationRecord, clause 8.3.3.1 of ISO/IEC 14496-15: arrays of NAL units. */
static void decoder_configuration(hevc_parser *p, const uint8_t *data, size_t size)
{
    enum { FIXED_PART = 23 };
    if (size < FIXED_PART)
        return;
    size_t at = FIXED_PART;
    p->length_size = 2; /* the units' here */
    for (int arrays = data[22]; arrays > 0 && size - at >= 3; arrays--) {
        size_t units = (size_t)data[at + 1] << 8 | data[at + 2], start = at + 3;
        for (at = start; units > 0 && size - at >= 2; units--) {
            size_t length = (size_t)data[at] << 8 | data[at + 1];
            at = length <= size - at - 2 ? at + 2 + length : size;
        }
        read_headers(p, data + start, at - start);
    }
    p->length_size = (data[21] & 3) + 1;
}

hevc_parser *hevc_new(const hevc_tables *tables, const uint8_t *extradata, size_t size)
{
    hevc_parser *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->tables = tables;
    for (int i = 0; i < HEVC_MAX_SPS; i++)
        p->sps_list[i].status = HEVC_NO_PARAMETERS;
    for (int i = 0; i < HEVC_MAX_PPS; i++)
        p->pps_list[i].status = HEVC_NO_PARAMETERS;
    /* a start code has two zeros; no version of the configuration record begins so */
    bool is_record = size > 3 && (extradata[0] || extradata[1] || extradata[2] > 1);
    if (is_record)
        decoder_configuration(p, extradata, size);
    else if (size > 0)
        read_headers(p, extradata, size);
    hevc_reset(p);
    return p;
}

const char *hevc_message(hevc_status status)
{
    static const char *const messages[HEVC_STATUS_COUNT] = {
        [HEVC_OK] = "parsed",
        [HEVC_INEXACT_END] = "a slice does not end where its data does",
        [HEVC_NO_KEY] = "no key picture (IDR, CRA or BLA) comes before the picture",
        [HEVC_SKIPPED_LEADING] = "a leading picture whose references come before the first key",
        [HEVC_NO_COLOCATED] = "the motion of its collocated picture was not parsed",
        [HEVC_NO_PARAMETERS] = "a parameter set is missing",
        [HEVC_TRUNCATED] = "the data ends too early",
        [HEVC_BAD_SPS] = "the sequence parameter set is damaged",
        [HEVC_BAD_PPS] = "the picture parameter set is damaged",
        [HEVC_BAD_TILES] = "the parameter sets contradict each other",
        [HEVC_BAD_SLICE] = "a slice header is damaged",
        [HEVC_LOST_SLICE] = "a picture's first slice is missing",
        [HEVC_BAD_REFERENCE_SET] = "a reference picture set is damaged",
        [HEVC_NO_REFERENCES] = "a P- or B-slice without reference pictures",
        [HEVC_TOO_MANY_PICTURES] = "more pictures are kept than the standard allows",
        [HEVC_BAD_ARITHMETIC_CODE] = "arithmetic coding starts with a forbidden value",
        [HEVC_BAD_COEFFICIENT] = "no such coefficient code",
        [HEVC_BAD_VECTOR] = "no such motion vector code",
        [HEVC_BAD_SUBSTREAM] = "a row or tile does not end where it should",
        [HEVC_OVERRUN] = "the coding tree units reach beyond their slice's data",
        [HEVC_MISSING_UNITS] = "the slices do not cover the picture",
        [HEVC_NO_MEMORY] = "out of memory",
        [HEVC_EXTENDED_PRECISION] = "extended precision processing is not supported",
        [HEVC_BYPASS_ALIGNMENT] = "aligned bypass decoding is not supported",
        [HEVC_SCREEN_CONTENT] = "screen content coding is not supported",
        [HEVC_SEPARATE_PLANES] = "separate colour planes are not supported",
        [HEVC_TOO_LARGE] = "pictures larger than 8192x4320 are not supported",
    };
    return status >= 0 && status < HEVC_STATUS_COUNT ? messages[status] : "unknown status";
}
