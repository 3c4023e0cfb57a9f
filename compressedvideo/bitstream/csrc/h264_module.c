/* The Python side of h264.c: the type `Parser`.  Only h264.py uses it, and documents it. */
#include <stdlib.h>

#include "h264_output.h"
#include "record_python.h"

/* ---------------------------------------------------------------- memory */

typedef struct {
    h264_tables tables;
    PyTypeObject *memory_type;
} module_state;

/* An array that was filled without the GIL, and is now Python's. */
typedef struct {
    PyObject_HEAD
    void *data;
    Py_ssize_t size; /* bytes */
} MemoryObject;

static void memory_dealloc(MemoryObject *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    free(self->data);
    release(self);
    Py_DECREF(type);
}

static int memory_getbuffer(PyObject *self, Py_buffer *view, int flags)
{
    const MemoryObject *memory = (MemoryObject *)self;
    return PyBuffer_FillInfo(view, self, memory->data, memory->size, 0, flags);
}

static PyType_Slot memory_slots[] = {
    {Py_tp_dealloc, (void *)memory_dealloc},
    {Py_bf_getbuffer, (void *)memory_getbuffer},
    {0, NULL},
};

static PyType_Spec memory_spec = {
    .name = "compressedvideo.bitstream._parsers.h264.Memory",
    .basicsize = sizeof(MemoryObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = memory_slots,
};

/* Takes what *data points to; on an error it stays the caller's. */
static PyObject *memory_new(PyTypeObject *type, void **data, size_t size)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    MemoryObject *memory = (MemoryObject *)allocate(type, 0);
    if (memory) {
        memory->data = *data;
        memory->size = (Py_ssize_t)size;
        *data = NULL;
    }
    return (PyObject *)memory;
}

/* ---------------------------------------------------------------- the parser */

typedef struct {
    PyObject_HEAD
    h264_parser *parser;
    bool busy; /* some thread is parsing, without the GIL */
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
        const module_state *state = PyType_GetModuleState(type);
        self->parser = h264_new(&state->tables, extradata.buf, (size_t)extradata.len);
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
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    h264_free(self->parser);
    release(self);
    Py_DECREF(type);
}

static void add_record(void *context, const h264_coded *coded)
{
    record_list *list = context;
    record_list_add(list, &coded->record);
    for (int32_t i = 0; i < coded->record.num_references; i++)
        record_list_refer(list, coded->references[i]);
}

static void read_headers(void *parser, const uint8_t *packet, size_t size, record_list *list)
{
    h264_packet(parser, packet, size, H264_HEADERS, add_record, list);
}

static PyObject *parser_headers(ParserObject *self, PyObject *packets)
{
    return python_headers(packets, read_headers, self->parser, &self->busy);
}

/* ---------------------------------------------------------------- motion */

static PyObject *numbers_tuple(const int32_t *numbers, int count)
{
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple && i < count; i++) {
        PyObject *number = PyLong_FromLong(numbers[i]);
        if (!number || PyTuple_SetItem(tuple, i, number) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

/* (H264_BLOCK, bits, coefficients, qp, types), or None */
static PyObject *costs_tuple(PyTypeObject *type, h264_wanted *of)
{
    if (!of->bits)
        return Py_NewRef(Py_None);
    PyObject *bits = memory_new(type, &of->bits, of->blocks * sizeof(uint32_t));
    PyObject *coefficients = memory_new(type, &of->coefficients, of->blocks * sizeof(uint16_t));
    PyObject *qp = memory_new(type, &of->qp, of->blocks);
    PyObject *types = memory_new(type, &of->types, of->blocks);
    PyObject *tuple = NULL;
    if (bits && coefficients && qp && types)
        tuple = Py_BuildValue("iOOOO", H264_BLOCK, bits, coefficients, qp, types);
    Py_XDECREF(bits);
    Py_XDECREF(coefficients);
    Py_XDECREF(qp);
    Py_XDECREF(types);
    return tuple;
}

/* (picture, status, bit, cell, height, width, pictures, vectors, slots, costs); the last four are
 * None without motion. */
static PyObject *picture_tuple(PyTypeObject *type, h264_wanted *of)
{
    if (!of->vectors)
        return Py_BuildValue("iiKiiiOOOO", of->picture, (int)of->status,
                             (unsigned long long)of->bit, 0, of->height, of->width, Py_None,
                             Py_None, Py_None, Py_None);
    PyObject *pictures = numbers_tuple(of->pictures, of->num_pictures);
    PyObject *vectors = memory_new(type, &of->vectors, 4 * of->cells * sizeof(int16_t));
    PyObject *slots = memory_new(type, &of->slots, 2 * of->cells);
    PyObject *costs = costs_tuple(type, of), *tuple = NULL;
    if (pictures && vectors && slots && costs)
        tuple = Py_BuildValue("iiKiiiOOOO", of->picture, (int)of->status,
                              (unsigned long long)of->bit, of->grid.size, of->height, of->width,
                              pictures, vectors, slots, costs);
    Py_XDECREF(pictures);
    Py_XDECREF(vectors);
    Py_XDECREF(slots);
    Py_XDECREF(costs);
    return tuple;
}

static PyObject *pictures_list(PyTypeObject *type, h264_output *from)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < from->count; i++) {
        PyObject *tuple = picture_tuple(type, &from->pictures[i]);
        if (!tuple || PyList_Append(list, tuple) < 0)
            Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    return list;
}

static void parse_packets(h264_parser *parser, const Py_buffer *packets, Py_ssize_t count,
                          const char *needed, const char *wanted, h264_output *to)
{
    for (Py_ssize_t i = 0; i < count && !to->failed; i++) {
        h264_depth depth = to->with_costs ? H264_VECTORS_AND_COSTS : H264_VECTORS;
        to->wanted = wanted[i] != 0;
        if (!needed[i] && !wanted[i])
            depth = H264_HEADERS;
        h264_packet(parser, packets[i].buf, (size_t)packets[i].len, depth, h264_keep_picture, to);
    }
}

static PyObject *parse(ParserObject *self, PyObject *packets, const Py_buffer *needed,
                       const Py_buffer *wanted, bool with_costs)
{
    Py_ssize_t count;
    Py_buffer *buffers = python_hold(packets, &count);
    if (!buffers)
        return NULL;
    if (needed->len != count || wanted->len != count) {
        python_release(buffers, count);
        return PyErr_Format(PyExc_ValueError, "%zd packets, but %zd and %zd flags", count,
                            needed->len, wanted->len);
    }
    h264_output output = {.with_costs = with_costs};
    Py_BEGIN_ALLOW_THREADS
    parse_packets(self->parser, buffers, count, needed->buf, wanted->buf, &output);
    Py_END_ALLOW_THREADS
    python_release(buffers, count);
    const module_state *state = PyType_GetModuleState(Py_TYPE((PyObject *)self));
    PyObject *list = output.failed ? PyErr_NoMemory() : pictures_list(state->memory_type, &output);
    h264_free_output(&output);
    return list;
}

static PyObject *parser_parse(ParserObject *self, PyObject *args)
{
    PyObject *packets, *result = NULL;
    Py_buffer needed, wanted;
    int with_costs;
    if (!PyArg_ParseTuple(args, "Oy*y*p:parse", &packets, &needed, &wanted, &with_costs))
        return NULL;
    if (python_is_free(self->busy)) {
        self->busy = true;
        result = parse(self, packets, &needed, &wanted, with_costs != 0);
        self->busy = false;
    }
    PyBuffer_Release(&needed);
    PyBuffer_Release(&wanted);
    return result;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!python_is_free(self->busy))
        return NULL;
    h264_reset(self->parser);
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------- the module */

static PyMethodDef parser_methods[] = {
    {"headers", (PyCFunction)parser_headers, METH_O, "records and references of packets"},
    {"parse", (PyCFunction)parser_parse, METH_VARARGS, "motion of the wanted packets' pictures"},
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
    module_state *state = PyModule_GetState(module);
    h264_build_tables(&state->tables);
    state->memory_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &memory_spec, NULL);
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    int status = type && state->memory_type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    if (status < 0 || PyModule_AddIntConstant(module, "OK", H264_OK) < 0 ||
        PyModule_AddIntConstant(module, "NO_COLOCATED", H264_NO_COLOCATED) < 0 ||
        PyModule_AddIntConstant(module, "FIRST_UNSUPPORTED", H264_FIRST_UNSUPPORTED) < 0)
        return -1;
    return 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    const module_state *state = PyModule_GetState(module);
    Py_VISIT(state->memory_type);
    return 0;
}

static int module_clear(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->memory_type);
    return 0;
}

static void module_free(void *module)
{
    module_clear(module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

struct PyModuleDef h264_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "compressedvideo.bitstream._parsers.h264",
    .m_doc = "Headers and motion of H.264 video, without decoding.",
    .m_size = sizeof(module_state),
    .m_methods = module_methods,
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};
