/* The type `Parser` of the codecs whose headers are read by headers.c, and their modules. */
#include "headers_python.h"
#include "record_python.h"

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
        headers_read_extradata(&self->parser, extradata.buf, (size_t)extradata.len);
    }
    if (extradata.obj)
        PyBuffer_Release(&extradata);
    return (PyObject *)self;
}

void headers_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static void read_packet(void *parser, const uint8_t *packet, size_t size, record_list *list)
{
    headers_read(parser, packet, size, list);
}

static PyObject *parser_headers(PyObject *object, PyObject *packets)
{
    HeadersObject *self = (HeadersObject *)object;
    return python_headers(packets, read_packet, &self->parser, &self->busy);
}

static PyObject *parser_reset(PyObject *object, PyObject *Py_UNUSED(ignored))
{
    HeadersObject *self = (HeadersObject *)object;
    if (!python_is_free(self->busy))
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
