/* The Python side of colours.c. Only colours.py uses it.
 *
 * Sizes are checked here, so that no mistake of a caller reaches memory that is not its own. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "colours.h"

#define MAX_SIDE 65536 /* pixels; keeps all products of sizes far from overflow */

/* [height, width, 3] bytes, pixels side by side. */
static bool get_picture(Py_buffer *to, PyObject *object)
{
    if (PyObject_GetBuffer(object, to, PyBUF_STRIDES | PyBUF_FORMAT | PyBUF_WRITABLE))
        return false;
    if (to->ndim == 3 && to->itemsize == 1 && to->shape[0] >= 1 && to->shape[1] >= 1 &&
        to->shape[0] <= MAX_SIDE && to->shape[1] <= MAX_SIDE && to->shape[2] == 3 &&
        to->strides[2] == 1 && (to->strides[1] == 3 || to->shape[1] == 1) &&
        (to->strides[0] >= 3 * to->shape[1] || to->shape[0] == 1))
        return true;
    PyErr_SetString(PyExc_ValueError, "out: wrong type, shape or layout");
    PyBuffer_Release(to);
    return false;
}

/* Rows of so many bytes, of which the buffer need not say more than that they fit. */
static bool get_rows(Py_buffer *to, PyObject *object, Py_ssize_t stride, Py_ssize_t rows,
                     Py_ssize_t bytes)
{
    if (PyObject_GetBuffer(object, to, PyBUF_SIMPLE))
        return false;
    if (stride >= bytes && stride <= PY_SSIZE_T_MAX / MAX_SIDE &&
        to->len >= stride * (rows - 1) + bytes)
        return true;
    PyErr_SetString(PyExc_ValueError, "a plane is smaller than the picture");
    PyBuffer_Release(to);
    return false;
}

static PyObject *yuv420_to_rgb(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *out, *planes[3];
    Py_ssize_t strides[3];
    if (!PyArg_ParseTuple(args, "OOnOnOn:yuv420_to_rgb", &out, &planes[0], &strides[0], &planes[1],
                          &strides[1], &planes[2], &strides[2]))
        return NULL;
    Py_buffer rgb, views[3];
    if (!get_picture(&rgb, out))
        return NULL;
    int count = 0;
    for (; count < 3; count++) {
        Py_ssize_t rows = count ? (rgb.shape[0] + 1) / 2 : rgb.shape[0];
        Py_ssize_t bytes = count ? (rgb.shape[1] + 1) / 2 : rgb.shape[1];
        if (!get_rows(&views[count], planes[count], strides[count], rows, bytes))
            break;
    }
    bool fits = count == 3, done = false;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        done = colours_yuv420_to_rgb(rgb.buf, rgb.strides[0],
                                     (colours_plane){views[0].buf, strides[0]},
                                     (colours_plane){views[1].buf, strides[1]},
                                     (colours_plane){views[2].buf, strides[2]}, (int)rgb.shape[0],
                                     (int)rgb.shape[1]);
        Py_END_ALLOW_THREADS
    }
    while (count)
        PyBuffer_Release(&views[--count]);
    PyBuffer_Release(&rgb);
    return fits ? PyBool_FromLong(done) : NULL;
}

static PyMethodDef methods[] = {
    {"yuv420_to_rgb", yuv420_to_rgb, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, .m_name = "_colours", .m_size = 0,
    .m_methods = methods,  .m_slots = slots,
};

PyMODINIT_FUNC PyInit__colours(void) { return PyModuleDef_Init(&module); }
