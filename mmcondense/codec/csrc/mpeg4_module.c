/* The Python side of mpeg4.c: the type `Parser`.  Only mpeg4.py uses it, and documents it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "mpeg4.h"

typedef struct {
    PyObject_HEAD
    mpeg4_parser *parser;
    bool busy; /* some thread is parsing, without the GIL */
} ParserObject;

static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"skip_i_vops", NULL};
    int skip_i_vops = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:Parser", names, &skip_i_vops))
        return NULL;
    ParserObject *self = (ParserObject *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->parser = mpeg4_new(PyType_GetModuleState(type), skip_i_vops != 0);
    if (!self->parser) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static void parser_dealloc(ParserObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    mpeg4_free(self->parser);
    type->tp_free(self);
    Py_DECREF(type);
}

static bool is_free(ParserObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* (type, coded, ticks, status, error_bit, height, width, quarter_sample, memory or None) */
static PyObject *vop_tuple(const mpeg4_vop *vop, const mpeg4_layer *layer)
{
    PyObject *memory;
    if (vop->picture) {
        memory = PyBytes_FromStringAndSize(vop->picture->memory, (Py_ssize_t)vop->picture->size);
        if (!memory)
            return NULL;
    } else {
        memory = Py_NewRef(Py_None);
    }
    return Py_BuildValue("COLiKiiON", vop->type, vop->coded ? Py_True : Py_False,
                         (long long)vop->ticks, (int)vop->status,
                         (unsigned long long)vop->error_bit, layer->height, layer->width,
                         layer->quarter_sample ? Py_True : Py_False, memory);
}

static PyObject *parser_parse(ParserObject *self, PyObject *data)
{
    Py_buffer buffer;
    if (!is_free(self) || PyObject_GetBuffer(data, &buffer, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *vops = PyList_New(0);
    size_t offset = 0;
    self->busy = true;
    while (vops) {
        mpeg4_vop vop;
        bool found;
        Py_BEGIN_ALLOW_THREADS
        found = mpeg4_next_vop(self->parser, buffer.buf, (size_t)buffer.len, &offset, &vop);
        Py_END_ALLOW_THREADS
        if (!found)
            break;
        PyObject *tuple = vop_tuple(&vop, mpeg4_get_layer(self->parser));
        if (!tuple || PyList_Append(vops, tuple) < 0)
            Py_CLEAR(vops);
        Py_XDECREF(tuple);
    }
    self->busy = false;
    PyBuffer_Release(&buffer);
    return vops;
}

static PyObject *parser_reset(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    mpeg4_reset(self->parser);
    Py_RETURN_NONE;
}

/* (status, height, width, ticks_per_second) */
static PyObject *parser_layer(ParserObject *self, PyObject *Py_UNUSED(ignored))
{
    if (!is_free(self))
        return NULL;
    const mpeg4_layer *layer = mpeg4_get_layer(self->parser);
    return Py_BuildValue("iiii", (int)layer->status, layer->height, layer->width,
                         layer->ticks_per_second);
}

static PyMethodDef parser_methods[] = {
    {"parse", (PyCFunction)parser_parse, METH_O, "VOPs of a packet, as tuples"},
    {"reset", (PyCFunction)parser_reset, METH_NOARGS, "forget the anchors"},
    {"layer", (PyCFunction)parser_layer, METH_NOARGS, "the video object layer, as a tuple"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot parser_slots[] = {
    {Py_tp_new, (void *)parser_new},
    {Py_tp_dealloc, (void *)parser_dealloc},
    {Py_tp_methods, parser_methods},
    {0, NULL},
};

static PyType_Spec parser_spec = {
    .name = "mmcondense.codec._mpeg4.Parser",
    .basicsize = sizeof(ParserObject),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = parser_slots,
};

static PyObject *message(PyObject *Py_UNUSED(module), PyObject *status)
{
    long value = PyLong_AsLong(status);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyUnicode_FromString(mpeg4_message((mpeg4_status)value));
}

/* A contiguous, writable array of so many bytes; false after an error. */
static bool get_bytes(Py_buffer *view, PyObject *object, const char *name, size_t bytes)
{
    if (PyObject_GetBuffer(object, view, PyBUF_WRITABLE) < 0)
        return false;
    if ((size_t)view->len == bytes)
        return true;
    PyErr_Format(PyExc_ValueError, "%s: %zd bytes, not %zu", name, view->len, bytes);
    PyBuffer_Release(view);
    return false;
}

/* (vectors, valid) of one direction from a VOP's memory. */
static bool write_cells(const mpeg4_picture *picture, bool backward, int height, int width,
                        int scale, PyObject *vectors, PyObject *valid)
{
    Py_buffer to_vectors, to_valid;
    size_t count = ((size_t)height + 7) / 8 * (((size_t)width + 7) / 8);
    if (!get_bytes(&to_vectors, vectors, "vectors", count * sizeof(mpeg4_vector)))
        return false;
    bool fits = get_bytes(&to_valid, valid, "valid", count);
    if (fits) {
        mpeg4_cells(picture, backward, height, width, scale, to_vectors.buf, to_valid.buf);
        PyBuffer_Release(&to_valid);
    }
    PyBuffer_Release(&to_vectors);
    return fits;
}

static PyObject *cells(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *memory, *past, *valid_past, *future, *valid_future;
    int height, width, scale;
    if (!PyArg_ParseTuple(args, "SiiiOOOO", &memory, &height, &width, &scale, &past, &valid_past,
                          &future, &valid_future))
        return NULL;
    mpeg4_picture picture;
    bool done = false;
    if (height < 1 || width < 1 || height > 1 << 13 || width > 1 << 13 ||
        mpeg4_map_picture(&picture, PyBytes_AS_STRING(memory), height, width) !=
            (size_t)PyBytes_GET_SIZE(memory))
        PyErr_SetString(PyExc_ValueError, "memory: not that of a VOP of this size");
    else
        done = write_cells(&picture, false, height, width, scale, past, valid_past) &&
               (future == Py_None ||
                write_cells(&picture, true, height, width, scale, future, valid_future));
    if (!done)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *coded_vops(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *packet;
    Py_buffer buffer;
    int time_bits, is_last;
    if (!PyArg_ParseTuple(args, "Oip", &packet, &time_bits, &is_last) ||
        PyObject_GetBuffer(packet, &buffer, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *vops = PyList_New(0);
    size_t offset = 0;
    mpeg4_extent vop;
    if (time_bits < 0 || time_bits > 16) {
        PyErr_Format(PyExc_ValueError, "time_bits: %d, not 0 to 16", time_bits);
        Py_CLEAR(vops);
    }
    while (vops && mpeg4_next_coded(buffer.buf, (size_t)buffer.len, time_bits, is_last != 0,
                                    &offset, &vop)) {
        PyObject *tuple = Py_BuildValue("Cnn", vop.type, (Py_ssize_t)vop.begin,
                                        (Py_ssize_t)vop.end);
        if (!tuple || PyList_Append(vops, tuple) < 0)
            Py_CLEAR(vops);
        Py_XDECREF(tuple);
    }
    PyBuffer_Release(&buffer);
    return vops;
}

static PyMethodDef module_methods[] = {
    {"coded_vops", coded_vops, METH_VARARGS, "(type, start, stop) of each coded VOP of a packet"},
    {"cells", cells, METH_VARARGS, "vectors of a VOP's memory, cell by cell"},
    {"message", message, METH_O, "one sentence about a status"},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    build_tables(PyModule_GetState(module));
    PyObject *type = PyType_FromModuleAndSpec(module, &parser_spec, NULL);
    if (!type || PyModule_AddObjectRef(module, "Parser", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    if (PyModule_AddIntConstant(module, "OK", MPEG4_OK) < 0 ||
        PyModule_AddIntConstant(module, "NO_ANCHORS", MPEG4_NO_ANCHORS) < 0 ||
        PyModule_AddIntConstant(module, "FIRST_UNSUPPORTED", MPEG4_FIRST_UNSUPPORTED) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, (void *)module_exec},
    {0, NULL},
};

static struct PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "mmcondense.codec._mpeg4",
    .m_doc = "Motion vectors of MPEG-4 part 2 video, without decoding.",
    .m_size = sizeof(mpeg4_tables),
    .m_methods = module_methods,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__mpeg4(void)
{
    return PyModuleDef_Init(&module_definition);
}
