/* The Python side of av1_units.c: the type `Parser`.  Only av1.py uses it, and documents it. */
#include "av1.h"
#include "header_parser.h"

static void open_tracker(void *state, const uint8_t *extradata, size_t size)
{
    av1_read_extradata(state, extradata, size);
}

static void reset(void *state)
{
    av1_tracker *tracker = state;
    *tracker = (av1_tracker){.sequence = tracker->sequence};
}

static void read_packet(void *state, const uint8_t *packet, size_t size, record_list *list)
{
    av1_packet_records(state, packet, size, list);
}

static const header_codec codec = {
    .type_name = "compressedvideo.bitstream._parsers.av1.Parser",
    .state_size = sizeof(av1_tracker),
    .open = open_tracker,
    .reset = reset,
    .read = read_packet,
};

static int module_exec(PyObject *module)
{
    return header_parser_add(module, &codec);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef av1_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.av1",
    .m_doc = "What AV1 headers say.",
    .m_size = HEADER_PARSER_STATE,
    .m_slots = module_slots,
};
