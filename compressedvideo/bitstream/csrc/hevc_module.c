/* The Python side of hevc.c: the type `Parser`.  bitstream/_parsers/hevc.pyi documents it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "hevc.h"

typedef struct {
    PyObject_HEAD
    hevc_parser *parser;
    int32_t next_packet; /* its number, from the last reset on */
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
        self->parser = hevc_new(PyType_GetModuleState(type), extradata.buf, (size_t)extradata.len);
        if (!self->parser) {
            Py_DECREF(self);
            self = (ParserObject *)PyErr_NoMemory();
        }
    }
    PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

static void parser_dealloc(ParserObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    hevc_free(self->parser);
    release(self);
    Py_DECREF(type);
}

static bool is_free(ParserObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* ---------------------------------------------------------------- packets held by their buffers */

typedef struct {
    Py_buffer *buffers;
    Py_ssize_t count; /* held */
} packet_list;

static void release_packets(packet_list *packets)
{
    while (packets->count > 0)
        PyBuffer_Release(&packets->buffers[--packets->count]);
    PyMem_Free(packets->buffers);
}

static bool hold_packets(PyObject *list, packet_list *packets)
{
    Py_ssize_t size = PyList_Size(list);
    *packets = (packet_list){size < 0 ? NULL : PyMem_Calloc((size_t)size + 1, sizeof(Py_buffer)), 0};
    if (!packets->buffers) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        return false;
    }
    for (; packets->count < size; packets->count++) {
        PyObject *packet = PyList_GetItem(list, packets->count);
        Py_buffer *buffer = packets->buffers + packets->count;
        if (!packet || PyObject_GetBuffer(packet, buffer, PyBUF_SIMPLE) < 0) {
            release_packets(packets);
            return false;
        }
        if (buffer->len > INT32_MAX) {
            PyErr_SetString(PyExc_ValueError, "a packet of 2 GB or more");
            packets->count++;
            release_packets(packets);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- headers */

typedef struct {
    char *bytes;
    size_t size, capacity;
} growing;

static bool append(growing *to, const void *bytes, size_t size)
{
    if (size > to->capacity - to->size) {
        size_t capacity = 2 * (to->size + size) + 1024;
        char *grown = realloc(to->bytes, capacity);
        if (!grown)
            return false;
        to->bytes = grown;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
    return true;
}

static bool read_headers(ParserObject *self, const packet_list *packets, growing *records,
                         growing *references)
{
    hevc_picture_info picture;
    bool fits = true;
    for (Py_ssize_t i = 0; fits && i < packets->count; i++) {
        const Py_buffer *packet = packets->buffers + i;
        size_t offset = 0;
        while (fits && hevc_next_picture(self->parser, packet->buf, (size_t)packet->len, &offset,
                                         HEVC_HEADERS, &picture)) {
            picture.record.packet = self->next_packet;
            size_t size = (size_t)picture.record.num_references * sizeof *picture.references;
            fits = append(records, &picture.record, sizeof picture.record) &&
                   append(references, picture.references, size);
        }
        self->next_packet++;
    }
    return fits;
}

static PyObject *parser_headers(ParserObject *self, PyObject *list)
{
    packet_list packets;
    growing records = {NULL, 0, 0}, references = {NULL, 0, 0};
    bool fits;
    if (!is_free(self) || !hold_packets(list, &packets))
        return NULL;
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    fits = read_headers(self, &packets, &records, &references);
    Py_END_ALLOW_THREADS
    self->busy = false;
    release_packets(&packets);
    PyObject *result = fits ? Py_BuildValue("y#y#", records.bytes ? records.bytes : "",
                                            (Py_ssize_t)records.size,
                                            references.bytes ? references.bytes : "",
                                            (Py_ssize_t)references.size)
                            : PyErr_NoMemory();
    free(records.bytes);
    free(references.bytes);
    return result;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    hevc_reset(self->parser);
    self->next_packet = 0;
    Py_RETURN_NONE;
}

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
    .name = "compressedvideo.bitstream._parsers.hevc.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(hevc_message((hevc_status)value));
}

static PyMethodDef module_methods[] = {
    {"message", message, METH_O, "one sentence about a status"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {
        {"OK", HEVC_OK},
        {"INEXACT_END", HEVC_INEXACT_END},
        {"NO_KEY", HEVC_NO_KEY},
        {"SKIPPED_LEADING", HEVC_SKIPPED_LEADING},
        {"NO_COLOCATED", HEVC_NO_COLOCATED},
        {"FIRST_UNSUPPORTED", HEVC_FIRST_UNSUPPORTED},
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    int status = type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    for (size_t i = 0; status == 0 && i < sizeof constants / sizeof *constants; i++)
        status = PyModule_AddIntConstant(module, constants[i].name, constants[i].value);
    return status;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef hevc_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.hevc",
    .m_doc = "Headers and motion vectors of HEVC video, without decoding.",
    .m_size = sizeof(hevc_tables),
    .m_methods = module_methods,
    .m_slots = module_slots,
};
