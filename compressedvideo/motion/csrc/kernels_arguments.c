#include "kernels_arguments.h"

#include <math.h>
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

bool get_references(plane *references, int *count, arrays *all, PyObject *tuple, const char *types,
                    int channels, geometry size)
{
    Py_ssize_t length = PyTuple_Size(tuple);
    *count = (int)length;
    if (length > MAX_REFERENCES) {
        PyErr_Format(PyExc_ValueError, "references: at most %d", MAX_REFERENCES);
        return false;
    }
    for (int slot = 0; slot < length; slot++) {
        PyObject *object = PyTuple_GetItem(tuple, slot);
        references[slot] = (plane){NULL, 0, 0};
        if (object != Py_None && !get_plane(references + slot, NULL, all, object, "references",
                                            types, channels, size, false))
            return false;
    }
    return true;
}

bool get_flags(bool *flags, PyObject *tuple, int count)
{
    if (PyTuple_Size(tuple) != count || count >= NO_REFERENCE) {
        PyErr_SetString(PyExc_ValueError, "not as many flags as references, or too many");
        return false;
    }
    memset(flags, 0, SLOTS * sizeof *flags);
    for (int slot = 0; slot < count; slot++) {
        int flag = PyObject_IsTrue(PyTuple_GetItem(tuple, slot));
        if (flag < 0)
            return false;
        flags[slot] = flag;
    }
    return true;
}

bool get_divisors(divisors *by, int *count, PyObject *tuple)
{
    Py_ssize_t length = PyTuple_Size(tuple);
    if (length >= NO_REFERENCE) {
        PyErr_SetString(PyExc_ValueError, "distances: too many");
        return false;
    }
    *count = (int)length;
    memset(by->counts, 0, sizeof by->counts);
    for (int slot = 0; slot < SLOTS; slot++)
        by->of[slot] = INFINITY;
    for (int slot = 0; slot < length; slot++) {
        PyObject *object = PyTuple_GetItem(tuple, slot);
        if (object == Py_None)
            continue;
        double distance = PyFloat_AsDouble(object);
        if (PyErr_Occurred())
            return false;
        if (distance == 0) {
            PyErr_SetString(PyExc_ValueError, "a distance of 0");
            return false;
        }
        by->of[slot] = (float)(QUARTERS * distance);
        by->counts[slot] = true;
    }
    return true;
}

bool get_grid(cells *to, arrays *all, PyObject *picture, int count, int rows, int columns)
{
    PyObject *vectors, *slots;
    if (!PyArg_ParseTuple(picture, "OOi", &vectors, &slots, &to->cell))
        return false;
    Py_ssize_t shape[] = {2, rows, columns, 2};
    const Py_buffer *values = get_array(all, vectors, "vectors", "h", 4, shape, false);
    const Py_buffer *named = values ? get_array(all, slots, "slots", "B", 3, shape, false) : NULL;
    if (!named)
        return false;
    if (!PyBuffer_IsContiguous(values, 'C') || !PyBuffer_IsContiguous(named, 'C')) {
        PyErr_SetString(PyExc_ValueError, "cells must be contiguous");
        return false;
    }
    size_t num_cells = (size_t)rows * (size_t)columns;
    const int16_t *first = values->buf;
    const uint8_t *first_slots = named->buf;
    to->first = survey(first, first_slots, num_cells);
    to->second = survey(first + 2 * num_cells, first_slots + num_cells, num_cells);
    int highest = to->first.highest > to->second.highest ? to->first.highest : to->second.highest;
    if ((to->first.vectors || to->second.vectors) && highest >= count) {
        PyErr_Format(PyExc_ValueError, "slot %d names none of %d references", highest, count);
        return false;
    }
    return true;
}

bool get_cells(cells *to, arrays *all, PyObject *picture, int count, geometry size)
{
    int cell;
    PyObject *vectors, *slots;
    if (!PyArg_ParseTuple(picture, "OOi", &vectors, &slots, &cell))
        return false;
    if (cell != 4 && cell != 8) {
        PyErr_Format(PyExc_ValueError, "cells are 4 or 8 pixels, not %d", cell);
        return false;
    }
    return get_grid(to, all, picture, count, (size.height + cell - 1) / cell,
                    (size.width + cell - 1) / cell);
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
