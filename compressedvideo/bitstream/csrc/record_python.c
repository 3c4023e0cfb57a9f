#include "record_python.h"

void python_release(Py_buffer *buffers, Py_ssize_t count)
{
    while (count > 0)
        PyBuffer_Release(&buffers[--count]);
    PyMem_Free(buffers);
}

Py_buffer *python_hold(PyObject *packets, Py_ssize_t *count)
{
    *count = PySequence_Size(packets);
    if (*count < 0)
        return NULL;
    Py_buffer *buffers = PyMem_Calloc((size_t)*count + 1, sizeof *buffers);
    if (!buffers) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t held = 0; held < *count; held++) {
        PyObject *packet = PySequence_GetItem(packets, held);
        int failed = packet ? PyObject_GetBuffer(packet, &buffers[held], PyBUF_SIMPLE) : -1;
        Py_XDECREF(packet); /* the buffer keeps it */
        if (failed) {
            python_release(buffers, held);
            return NULL;
        }
    }
    return buffers;
}

bool python_is_free(bool busy)
{
    if (busy)
        PyErr_SetString(PyExc_RuntimeError, "this parser is at work in another thread");
    return !busy;
}

static PyObject *bytes_of(const void *memory, size_t size)
{
    return PyBytes_FromStringAndSize(size ? memory : "", (Py_ssize_t)size);
}

PyObject *python_headers(PyObject *packets, read_packet_headers *read, void *parser, bool *busy)
{
    Py_ssize_t count;
    if (!python_is_free(*busy))
        return NULL;
    *busy = true;
    Py_buffer *buffers = python_hold(packets, &count);
    if (!buffers) {
        *busy = false;
        return NULL;
    }
    record_list list = {0};
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < count; i++)
        read(parser, buffers[i].buf, (size_t)buffers[i].len, &list);
    Py_END_ALLOW_THREADS
    python_release(buffers, count);
    *busy = false;
    PyObject *result = NULL;
    if (list.out_of_memory) {
        PyErr_NoMemory();
    } else {
        PyObject *records = bytes_of(list.records, list.num_records * sizeof *list.records);
        PyObject *references = bytes_of(list.references,
                                        list.num_references * sizeof *list.references);
        result = records && references ? PyTuple_Pack(2, records, references) : NULL;
        Py_XDECREF(records);
        Py_XDECREF(references);
    }
    record_list_free(&list);
    return result;
}
