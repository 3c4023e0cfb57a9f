/* The Python side of the VP9 parser: the type `Parser`.  Only vp9.py uses it, and documents it. */
#include "header_parser.h"
#include "vp9_records.h"

static void reset(void *state)
{
    *(vp9_tracker *)state = (vp9_tracker){0};
}

static void read_packet(void *state, const uint8_t *packet, size_t size, record_list *list)
{
    vp9_packet_records(state, packet, size, list);
}

static const header_codec codec = {
    .type_name = "compressedvideo.bitstream._parsers.vp9.Parser",
    .state_size = sizeof(vp9_tracker),
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

struct PyModuleDef vp9_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.vp9",
    .m_doc = "What VP9 bitstreams say, without decoding.",
    .m_size = HEADER_PARSER_STATE,
    .m_slots = module_slots,
};
