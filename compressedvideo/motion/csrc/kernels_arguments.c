#include "kernels_arguments.h"

#include <string.h>

void release(arrays *all)
{
    while (all->count)
        PyBuffer_Release(&all->views[--all->count]);
}

static char type_code(const Py_buffer *view)
{
    char code = view->format ? view->format[view->format[0] == '@' || view->format[0] == '='] : 'B';
    return code == 'l' && view->itemsize == 4 ? 'i' : code; /* int32 is long on Windows */
}

const Py_buffer *get_array(arrays *all, PyObject *object, const char *name, const char *types,
                           int ndim, const Py_ssize_t *shape, bool writable)
{
    Py_buffer *view = &all->views[all->count];
    if (PyObject_GetBuffer(object, view,
                           PyBUF_FORMAT | PyBUF_STRIDES | (writable ? PyBUF_WRITABLE : 0)))
        return NULL;
    all->count++;
    bool fits = view->ndim == ndim && strchr(types, type_code(view)) &&
                (uintptr_t)view->buf % (size_t)view->itemsize == 0;
    Py_ssize_t inner = fits ? view->itemsize : 0;
    for (int axis = ndim - 1; fits && axis >= 0; axis--) {
        fits = shape[axis] < 0 || view->shape[axis] == shape[axis];
        if (axis > 0) {
            fits = fits && (view->strides[axis] == inner || view->shape[axis] == 1);
            inner *= view->shape[axis];
        } else {
            fits = fits && (view->strides[0] >= inner || view->shape[0] <= 1);
            fits = fits && view->strides[0] % view->itemsize == 0;
        }
    }
    if (!fits) {
        PyErr_Format(PyExc_ValueError, "%s: wrong type, shape or layout", name);
        return NULL;
    }
    return view;
}

plane as_plane(const Py_buffer *view)
{
    Py_ssize_t row = view->itemsize;
    for (int axis = 1; axis < view->ndim; axis++)
        row *= view->shape[axis];
    Py_ssize_t before = view->shape[0] > 1 ? (view->shape[0] - 1) * view->strides[0] : 0;
    return (plane){view->buf, view->strides[0], (size_t)(before + row)};
}

bool get_plane(plane *to, char *type, arrays *all, PyObject *object, const char *name,
               const char *types, int channels, geometry size, bool writable)
{
    Py_ssize_t shape[] = {size.height, size.width, channels};
    const Py_buffer *view = get_array(all, object, name, types, 3, shape, writable);
    if (!view)
        return false;
    *to = as_plane(view);
    if (type)
        *type = type_code(view);
    return true;
}

bool get_optional_plane(plane *to, arrays *all, PyObject *object, const char *name,
                        const char *types, int channels, geometry size)
{
    *to = (plane){NULL, 0, 0};
    return object == Py_None ||
           get_plane(to, NULL, all, object, name, types, channels, size, false);
}

bool get_cells(cells *to, arrays *all, PyObject *vectors, PyObject *valid, const char *name,
               geometry size)
{
    *to = (cells){NULL, NULL};
    if (vectors == Py_None)
        return true;
    Py_ssize_t shape[] = {(size.height + CELL - 1) / CELL, (size.width + CELL - 1) / CELL, 2};
    const Py_buffer *values = get_array(all, vectors, name, "h", 3, shape, false);
    const Py_buffer *flags = values ? get_array(all, valid, name, "?", 2, shape, false) : NULL;
    if (!flags)
        return false;
    if (!PyBuffer_IsContiguous(values, 'C') || !PyBuffer_IsContiguous(flags, 'C')) {
        PyErr_Format(PyExc_ValueError, "%s: cells must be contiguous", name);
        return false;
    }
    *to = (cells){values->buf, flags->buf};
    return true;
}

bool get_target(plane *to, char *type, geometry *size, arrays *all, PyObject *object,
                const char *types, int channels)
{
    Py_ssize_t shape[] = {-1, -1, channels};
    const Py_buffer *view = get_array(all, object, "out", types, 3, shape, true);
    if (!view)
        return false;
    if (view->shape[0] < 1 || view->shape[1] < 1 || view->shape[0] > MAX_SIDE ||
        view->shape[1] > MAX_SIDE) {
        PyErr_Format(PyExc_ValueError, "out: pictures are 1 to %d pixels wide and high", MAX_SIDE);
        return false;
    }
    size->height = (int)view->shape[0];
    size->width = (int)view->shape[1];
    *to = as_plane(view);
    *type = type_code(view);
    return true;
}

output_type as_output_type(char type)
{
    return type == 'f' ? FLOAT32 : type == 'h' ? INT16 : UINT8;
}

bool get_motion_target(motion_output *out, geometry *size, arrays *all, PyObject *object,
                       double scale)
{
    char type;
    if (!get_target(&out->pixels, &type, size, all, object, "fhB", 2))
        return false;
    out->type = as_output_type(type);
    out->scale = (float)scale;
    return true;
}

PyObject *result(arrays *all, bool done)
{
    release(all);
    if (PyErr_Occurred())
        return NULL;
    if (!done)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

const Py_buffer *get_blocks(arrays *all, PyObject *object)
{
    Py_ssize_t any[] = {-1};
    const Py_buffer *blocks = get_array(all, object, "blocks", "B", 1, any, false);
    if (blocks && (blocks->len % (Py_ssize_t)sizeof(motion_vector) ||
                   !PyBuffer_IsContiguous(blocks, 'C'))) {
        PyErr_SetString(PyExc_ValueError, "blocks: no whole number of them, or gaps between them");
        return NULL;
    }
    return blocks;
}

picture_blocks as_blocks(const Py_buffer *view)
{
    return (picture_blocks){view->buf, (size_t)view->len / sizeof(motion_vector)};
}
