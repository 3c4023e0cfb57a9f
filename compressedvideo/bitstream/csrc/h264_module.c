/* The Python side of h264.c: the type `Parser`.  Only h264.py uses it, and documents it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "h264.h"

typedef struct {
    PyObject_HEAD
    h264_parser *parser;
    int32_t num_packets; /* since the last reset */
    bool busy;           /* some thread is parsing, without the GIL */
} ParserObject;

static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"extradata", NULL};
    Py_buffer extradata;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*:Parser", names, &extradata))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ParserObject *self = (ParserObject *)allocate(type, 0);
    if (self) {
        self->parser = h264_new(extradata.buf, (size_t)extradata.len);
        if (!self->parser) {
            Py_CLEAR(self);
            PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

static void parser_dealloc(ParserObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    h264_free(self->parser);
    release(self);
    Py_DECREF(type);
}

static bool is_free(const ParserObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* ---------------------------------------------------------------- packets */

typedef struct {
    Py_buffer *buffers;
    Py_ssize_t count;
} packet_list;

static void release_packets(packet_list *packets)
{
    while (packets->count > 0)
        PyBuffer_Release(&packets->buffers[--packets->count]);
    PyMem_Free(packets->buffers);
    packets->buffers = NULL;
}

static bool hold_packets(PyObject *list, packet_list *packets)
{
    Py_ssize_t count = PyList_Size(list); /* -1 and an error if it is no list */
    packets->count = 0;
    packets->buffers = count < 0 ? NULL : PyMem_Calloc((size_t)count, sizeof(Py_buffer));
    if (!packets->buffers)
        return count < 0 ? false : PyErr_NoMemory() != NULL;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_buffer *buffer = &packets->buffers[i];
        PyObject *packet = PyList_GetItem(list, i);
        if (!packet || PyObject_GetBuffer(packet, buffer, PyBUF_SIMPLE) < 0) {
            release_packets(packets);
            return false;
        }
        packets->count++;
        if (buffer->len > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "a packet of 2 GiB or more");
            release_packets(packets);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- headers */

/* Bytes that grow. */
typedef struct {
    char *data;
    size_t size, room;
} byte_list;

static bool append(byte_list *list, const void *data, size_t size)
{
    if (list->room - list->size < size) {
        size_t room = 2 * list->room + size + 1024;
        char *grown = realloc(list->data, room);
        if (!grown)
            return false;
        list->data = grown;
        list->room = room;
    }
    if (size > 0)
        memcpy(list->data + list->size, data, size);
    list->size += size;
    return true;
}

typedef struct {
    int32_t packet;
    byte_list records, references;
    bool failed;
} header_list;

static void add_header(void *context, const h264_coded *coded)
{
    header_list *list = context;
    picture_record record = coded->record;
    record.packet = list->packet;
    if (!append(&list->records, &record, sizeof record) ||
        !append(&list->references, coded->references,
                (size_t)record.num_references * sizeof *coded->references))
        list->failed = true;
}

static PyObject *parser_headers(ParserObject *self, PyObject *arg)
{
    packet_list packets;
    header_list list = {0};
    if (!is_free(self) || !hold_packets(arg, &packets))
        return NULL;
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < packets.count; i++) {
        list.packet = self->num_packets++;
        h264_packet(self->parser, packets.buffers[i].buf, (size_t)packets.buffers[i].len,
                    add_header, &list);
    }
    Py_END_ALLOW_THREADS
    self->busy = false;
    release_packets(&packets);
    PyObject *result = NULL;
    if (list.failed)
        PyErr_NoMemory();
    else
        result = Py_BuildValue("y#y#", list.records.data ? list.records.data : "",
                               (Py_ssize_t)list.records.size,
                               list.references.data ? list.references.data : "",
                               (Py_ssize_t)list.references.size);
    free(list.records.data);
    free(list.references.data);
    return result;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    h264_reset(self->parser);
    self->num_packets = 0;
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the module */

static PyMethodDef parser_methods[] = {
    {"headers", (PyCFunction)parser_headers, METH_O, "records and references of packets"},
    {"reset", (PyCFunction)parser_reset, METH_NOARGS, "forget the pictures"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot parser_slots[] = {
    {Py_tp_new, (void *)parser_new},
    {Py_tp_dealloc, (void *)parser_dealloc},
    {Py_tp_methods, parser_methods},
    {0, NULL},
};

static PyType_Spec parser_spec = {
    .name = "compressedvideo.bitstream._parsers.h264.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(h264_message((h264_status)value));
}

static PyMethodDef module_methods[] = {
    {"message", message, METH_O, "one sentence about a status"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    int status = type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    if (status < 0 || PyModule_AddIntConstant(module, "OK", H264_OK) < 0 ||
        PyModule_AddIntConstant(module, "FIRST_UNSUPPORTED", H264_FIRST_UNSUPPORTED) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef h264_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.h264",
    .m_doc = "Headers and motion of H.264 video, without decoding.",
    .m_methods = module_methods,
    .m_slots = module_slots,
};
