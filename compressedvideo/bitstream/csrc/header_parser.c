#include "header_parser.h"

typedef struct {
    PyObject_HEAD
    const header_codec *codec;
    void *state;
    bool busy; /* some thread is reading, without the GIL */
} HeaderParser;

static PyObject *parser_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"extradata", NULL};
    Py_buffer extradata = {0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|y*:Parser", names, &extradata))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    HeaderParser *self = (HeaderParser *)allocate(type, 0);
    if (self) {
        self->codec = *(const header_codec **)PyType_GetModuleState(type);
        self->state = PyMem_Calloc(1, self->codec->state_size);
        if (!self->state) {
            PyErr_NoMemory();
            Py_CLEAR(self);
        } else if (self->codec->open && extradata.buf) {
            self->codec->open(self->state, extradata.buf, (size_t)extradata.len);
        }
    }
    PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

static void parser_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    PyMem_Free(((HeaderParser *)object)->state);
    release(object);
    Py_DECREF(type);
}

static PyObject *parser_headers(PyObject *object, PyObject *packets)
{
    HeaderParser *self = (HeaderParser *)object;
    return python_headers(packets, self->codec->read, self->state, &self->busy);
}

static PyObject *parser_reset(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    HeaderParser *self = (HeaderParser *)object;
    if (!python_is_free(self->busy))
        return NULL;
    self->codec->reset(self->state);
    Py_RETURN_NONE;
}

static PyMethodDef parser_methods[] = {
    {"headers", parser_headers, METH_O, "records and references of packets, as bytes"},
    {"reset", parser_reset, METH_NOARGS, "forget pictures"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot parser_slots[] = {
    {Py_tp_new, (void *)parser_new},
    {Py_tp_dealloc, (void *)parser_dealloc},
    {Py_tp_methods, parser_methods},
    {0, NULL},
};

int header_parser_add(PyObject *module, const header_codec *codec)
{
    PyType_Spec spec = {
        .name = codec->type_name,
        .basicsize = sizeof(HeaderParser),
        .flags = Py_TPFLAGS_DEFAULT,
        .slots = parser_slots,
    };
    *(const header_codec **)PyModule_GetState(module) = codec;
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    int status = type ? PyModule_AddObjectRef(module, "Parser", type) : -1;
    Py_XDECREF(type);
    return status;
}
