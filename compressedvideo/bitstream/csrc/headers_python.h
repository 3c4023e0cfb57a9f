/* The Python side of headers.c: a type `Parser` for each codec. */
#ifndef COMPRESSEDVIDEO_HEADERS_PYTHON_H
#define COMPRESSEDVIDEO_HEADERS_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "headers.h"

typedef struct {
    PyObject_HEAD
    headers_parser parser;
    bool busy; /* some thread is reading, without the GIL */
} HeadersObject;

PyObject *headers_new(PyTypeObject *type, PyObject *args, PyObject *kwargs,
                      const headers_codec *codec);
void headers_dealloc(PyObject *self);
extern PyMethodDef headers_methods[];

/* Defines `spec`, the PyType_Spec of the codec's parser. */
#define HEADERS_TYPE_SPEC(spec, codec, full_name)                                     \
    static PyObject *spec##_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) \
    {                                                                                 \
        return headers_new(type, args, kwargs, &codec);                               \
    }                                                                                 \
    static PyType_Slot spec##_slots[] = {                                             \
        {Py_tp_new, (void *)spec##_new},                                              \
        {Py_tp_dealloc, (void *)headers_dealloc},                                     \
        {Py_tp_methods, headers_methods},                                             \
        {0, NULL},                                                                    \
    };                                                                                \
    static PyType_Spec spec = {                                                       \
        .name = full_name,                                                            \
        .basicsize = sizeof(HeadersObject),                                           \
        .flags = Py_TPFLAGS_DEFAULT,                                                  \
        .slots = spec##_slots,                                                        \
    }

/* Adds the type to its module; -1 after an error. */
int headers_add_type(PyObject *module, const char *name, PyType_Spec *spec);

#endif
