/* The Python side of vp8_headers.c: the type `Parser`.  Only vp8.py uses it, and documents it. */
#include "header_parser.h"
#include "vp8.h"

static void reset(void *state)
{
    *(vp8_tracker *)state = (vp8_tracker){0};
}

static void read_packet(void *state, const uint8_t *packet, size_t size, record_list *list)
{
    vp8_packet_records(state, packet, size, list);
}

static const header_codec codec = {
    .type_name = "compressedvideo.bitstream._parsers.vp8.Parser",
    .state_size = sizeof(vp8_tracker),
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

struct PyModuleDef vp8_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.vp8",
    .m_doc = "What VP8 frame headers say.",
    .m_size = HEADER_PARSER_STATE,
    .m_slots = module_slots,
};
