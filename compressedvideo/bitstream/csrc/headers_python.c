/* The type `Parser` of the codecs whose headers are read by headers.c, and their modules. */
#include <limits.h>
#include <string.h>

#include "headers_python.h"

PyObject *headers_new(PyTypeObject *type, PyObject *args, PyObject *kwargs,
                      const headers_codec *codec)
{
    static char *names[] = {"extradata", "width", "height", NULL};
    Py_buffer extradata = {0};
    int width = 0, height = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|y*ii:Parser", names, &extradata, &width,
                                     &height))
        return NULL;
    HeadersObject *self = PyObject_New(HeadersObject, type);
    if (self) {
        self->busy = false;
        headers_init(&self->parser, codec);
        self->parser.mb_width = width > 0 ? width / 16 + (width % 16 > 0) : 0;
        self->parser.mb_height = height > 0 ? height / 16 + (height % 16 > 0) : 0;
        if (codec->read_extradata && extradata.len > 0)
            codec->read_extradata(&self->parser, extradata.buf, (size_t)extradata.len);
    }
    if (extradata.obj)
        PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

void headers_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    headers_free(&((HeadersObject *)self)->parser);
    PyObject_Free(self);
    Py_DECREF(type);
}

static bool is_free(HeadersObject *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !self->busy;
}

/* (records, references), which the parser holds no longer; NULL after an error. */
static PyObject *take(headers_parser *parser)
{
    PyObject *records = NULL, *references = NULL, *result = NULL;
    if (parser->is_out_of_memory)
        return PyErr_NoMemory();
    records = PyBytes_FromStringAndSize(
        (const char *)parser->records, (Py_ssize_t)(parser->num_records * sizeof *parser->records));
    references = PyBytes_FromStringAndSize(
        (const char *)parser->references,
        (Py_ssize_t)(parser->num_references * sizeof *parser->references));
    if (records && references)
        result = PyTuple_Pack(2, records, references);
    Py_XDECREF(records);
    Py_XDECREF(references);
    return result;
}

/* The buffer of packets[i]; false after an error. */
static bool get_packet(PyObject *packets, Py_ssize_t i, Py_buffer *buffer)
{
    PyObject *packet = PySequence_GetItem(packets, i);
    bool got = packet && PyObject_GetBuffer(packet, buffer, PyBUF_SIMPLE) == 0;
    Py_XDECREF(packet);
    if (got && buffer->len > INT_MAX) {
        PyBuffer_Release(buffer);
        PyErr_SetString(PyExc_ValueError, "a packet of more than 2 GiB");
        return false;
    }
    return got;
}

static PyObject *parser_headers(PyObject *object, PyObject *packets)
{
    HeadersObject *self = (HeadersObject *)object;
    Py_ssize_t count = PySequence_Size(packets), num_held = 0;
    if (count < 0 || !is_free(self))
        return NULL;
    Py_buffer *buffers = PyMem_Calloc((size_t)count, sizeof *buffers);
    if (!buffers)
        return PyErr_NoMemory();
    self->busy = true; /* from here on: a packet's buffer may run Python */
    while (num_held < count && get_packet(packets, num_held, buffers + num_held))
        num_held++;
    PyObject *result = NULL;
    if (num_held == count) {
        self->parser.num_records = self->parser.num_references = 0;
        self->parser.is_out_of_memory = false;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < count; i++)
            headers_read(&self->parser, buffers[i].buf, (size_t)buffers[i].len);
        Py_END_ALLOW_THREADS
        result = take(&self->parser);
    }
    self->busy = false;
    while (num_held > 0)
        PyBuffer_Release(&buffers[--num_held]);
    PyMem_Free(buffers);
    return result;
}

static PyObject *parser_reset(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    HeadersObject *self = (HeadersObject *)object;
    if (!is_free(self))
        return NULL;
    headers_reset(&self->parser);
    Py_RETURN_NONE;
}

PyMethodDef headers_methods[] = {
    {"headers", parser_headers, METH_O, "records and references of the packets' pictures"},
    {"reset", parser_reset, METH_NOARGS, "forget the pictures"},
    {NULL, NULL, 0, NULL},
};

int headers_add_type(PyObject *module, const char *name, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    int status = type ? PyModule_AddObjectRef(module, name, type) : -1;
    Py_XDECREF(type);
    return status;
}

/* ---------------------------------------------------------------- a module for each codec */

#define HEADERS_MODULE(codec)                                                        \
    HEADERS_TYPE_SPEC(codec##_spec, codec##_codec,                                   \
                      "compressedvideo.bitstream._parsers." #codec ".Parser");       \
    static int codec##_exec(PyObject *module)                                        \
    {                                                                                \
        return headers_add_type(module, "Parser", &codec##_spec);                    \
    }                                                                                \
    static PyModuleDef_Slot codec##_slots[] = {                                      \
        {Py_mod_exec, (void *)codec##_exec},                                         \
        {0, NULL},                                                                   \
    };                                                                               \
    struct PyModuleDef codec##_module = {                                            \
        PyModuleDef_HEAD_INIT,                                                       \
        .m_name = "compressedvideo.bitstream._parsers." #codec,                      \
        .m_doc = "Picture headers.",                                                 \
        .m_slots = codec##_slots,                                                    \
    }

HEADERS_MODULE(mpeg12);
HEADERS_MODULE(h263);
HEADERS_MODULE(h263i);
HEADERS_MODULE(flv1);
HEADERS_MODULE(msmpeg4v1);
HEADERS_MODULE(msmpeg4);
HEADERS_MODULE(wmv2);
HEADERS_MODULE(intra);
HEADERS_MODULE(ffv1);
